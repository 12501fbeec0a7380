/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/sort.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* ---- by numbers: byte by byte, the lowest first ---- */

enum { DIGITS = 8, VALUES = 256, INSERTED = 32 };

/* Elements begin with their key. @size is known where this is called, so that copying one is a move or two. */
#define INLINE static inline __attribute__((always_inline))

INLINE uint64_t key_of(const void *element)
{
    uint64_t key;

    memcpy(&key, element, sizeof(key));
    return key;
}

INLINE void insert(char *p, size_t n, size_t size)
{
    char moved[sizeof(struct aaj_sortable)];

    for (size_t i = 1; i < n; i++) {
        uint64_t key = key_of(p + i * size);
        size_t to = i;

        while (to > 0 && key_of(p + (to - 1) * size) > key)
            to--;
        if (to == i)
            continue;
        memcpy(moved, p + i * size, size);
        memmove(p + (to + 1) * size, p + to * size, (i - to) * size);
        memcpy(p + to * size, moved, size);
    }
}

/* How often each value of each byte occurs. True: they are sorted already. */
INLINE bool count(const char *p, size_t n, size_t size, size_t counts[DIGITS][VALUES])
{
    uint64_t last = 0;
    bool sorted = true;

    for (size_t i = 0; i < n; i++) {
        uint64_t key = key_of(p + i * size);

        sorted &= key >= last;
        last = key;
        for (unsigned d = 0; d < DIGITS; d++)
            counts[d][(uint8_t)(key >> d * 8)]++;
    }
    return sorted;
}

/* @from in the order of byte @digit */
INLINE void distribute(const char *from, char *to, size_t n, size_t size, unsigned digit, const size_t *counts)
{
    size_t at[VALUES], sum = 0;

    for (unsigned v = 0; v < VALUES; v++) {
        at[v] = sum;
        sum += counts[v];
    }
    for (size_t i = 0; i < n; i++)
        memcpy(to + at[(uint8_t)(key_of(from + i * size) >> digit * 8)]++ * size, from + i * size, size);
}

INLINE int sort_by_key(void *items, size_t n, size_t size)
{
    size_t counts[DIGITS][VALUES] = { 0 };
    char *from = items, *to, *spare;

    if (n <= INSERTED) {
        insert(items, n, size);
        return 0;
    }
    if (count(items, n, size, counts))
        return 0;
    to = spare = reallocarray(NULL, n, size);
    if (!spare)
        return -ENOMEM;
    for (unsigned d = 0; d < DIGITS; d++) {
        if (counts[d][(uint8_t)(key_of(from) >> d * 8)] == n)
            continue; /* they have this byte in common */
        distribute(from, to, n, size, d, counts[d]);
        to = from;
        from = to == spare ? items : spare;
    }
    if (from != items)
        memcpy(items, from, n * size);
    free(spare);
    return 0;
}

int aaj_sort_keyed(struct aaj_keyed *item, size_t n)
{
    return sort_by_key(item, n, sizeof(*item));
}

/* ---- by strings ---- */

enum { WORD = sizeof(uint64_t), DEPTH_MAX = 256, FEW = 8 };

static int by_bytes(const void *a, const void *b)
{
    const struct aaj_sortable *x = a, *y = b;
    int r = aaj_str_cmp(x->str, y->str);

    return r ? r : (x->tie > y->tie) - (x->tie < y->tie);
}

static int by_tie(const void *a, const void *b)
{
    const struct aaj_sortable *x = a, *y = b;

    return (x->tie > y->tie) - (x->tie < y->tie);
}

/* Eight bytes from @depth on, the first one highest; NULs behind the end. */
static uint64_t word_at(struct aaj_str s, size_t depth)
{
    uint64_t word = 0;

    memcpy(&word, s.p + depth, s.n - depth < WORD ? s.n - depth : WORD);
    return be64toh(word);
}

/* How many bytes all of them begin with, @depth at least. *ret_same: they have no others. */
static size_t common_bytes(const struct aaj_sortable *item, size_t n, size_t depth, bool *ret_same)
{
    struct aaj_str first = item[0].str;
    size_t end = first.n;

    *ret_same = true;
    for (size_t i = 1; i < n; i++) {
        size_t at = depth, max = item[i].str.n < end ? item[i].str.n : end;

        while (at < max && item[i].str.p[at] == first.p[at])
            at++;
        *ret_same &= at == first.n && item[i].str.n == first.n;
        end = at;
    }
    return end;
}

/* Whether one ends in the word that they have in common, so that others may end in NULs of their own. */
static bool ends_in_word(const struct aaj_sortable *item, size_t n, size_t depth)
{
    for (size_t i = 0; i < n; i++)
        if (item[i].str.n < depth + WORD)
            return true;
    return false;
}

/* All begin with the same @depth bytes. @words: words of them can be told apart from what ends before. */
static int sort_from(struct aaj_sortable *item, size_t n, size_t depth, bool words)
{
    size_t start = 0;
    bool same;
    int r;

    depth = common_bytes(item, n, depth, &same);
    if (same || n <= FEW || depth >= DEPTH_MAX || !words) {
        qsort(item, n, sizeof(*item), same ? by_tie : by_bytes);
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        item[i].word = word_at(item[i].str, depth);
    r = sort_by_key(item, n, sizeof(*item));
    for (size_t i = 1; r == 0 && i <= n; i++) {
        if (i < n && item[i].word == item[start].word)
            continue;
        words = !ends_in_word(item + start, i - start, depth);
        if (i - start > 1)
            r = sort_from(item + start, i - start, words ? depth + WORD : depth, words);
        start = i;
    }
    return r;
}

/*
 * Paths share long beginnings, which a comparison of whole strings reads again and again. So they are sorted by the
 * eight bytes behind what they share, and those that have these in common too by what is behind them. Few, and those
 * that share very much, are compared as they are.
 */
int aaj_sort_strings(struct aaj_sortable *item, size_t n)
{
    return n > 1 ? sort_from(item, n, 0, true) : 0;
}
