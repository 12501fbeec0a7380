/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "floor.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/fetch.h"
#include "base/large.h"
#include "recording/shape.h"

enum { BLOCK = 256 * 1024, ROWS = 1 << 18, ROW_WORDS = 8, AT_ONCE = 16 };

struct floor {
    uint64_t *row; /* ROW_WORDS each */
    size_t n, cap;
    uint32_t *slot;
    size_t n_slots;
    uint64_t hash[AT_ONCE];
    unsigned waiting;
    bool grow;
};

/* Looks for those that wait: their cache misses overlap. */
static bool look(struct floor *f)
{
    for (unsigned i = 0; i < f->waiting; i++)
        aaj_fetch(&f->slot[f->hash[i] & (f->n_slots - 1)]);
    for (unsigned i = 0; i < f->waiting; i++) {
        uint32_t *slot = &f->slot[f->hash[i] & (f->n_slots - 1)];

        if (f->grow || !*slot) {
            if (f->n * ROW_WORDS >= f->cap && AAJ_LARGE_GROW(f->row, f->n * ROW_WORDS, f->cap) < 0)
                return false;
            f->row[f->n * ROW_WORDS] = f->hash[i];
            *slot = (uint32_t)++f->n;
        }
        f->row[(*slot - 1) * (size_t)ROW_WORDS]++;
    }
    f->waiting = 0;
    return true;
}

static bool line(struct floor *f, const char *p, size_t n)
{
    static const char mark[] = "apparmor=\"";
    const char *start = n > 160 ? memmem(p, 160, mark, sizeof(mark) - 1) : NULL;
    struct aaj_str payload, name;
    struct gaps gaps;

    if (!start)
        return true;
    payload = (struct aaj_str){ start, n - (size_t)(start - p) };
    if (!shape_gaps(payload, &gaps))
        return true;
    name = shape_name(payload, &gaps);
    f->hash[f->waiting++] = XXH3_64bits(name.p, name.n);
    return f->waiting < AT_ONCE || look(f);
}

/* All whole lines of a block; the bytes that are left, or -1. */
static ssize_t lines(struct floor *f, const char *p, size_t n)
{
    const char *end = p + n, *nl;

    for (; p < end && (nl = memchr(p, '\n', (size_t)(end - p))); p = nl + 1)
        if (!line(f, p, (size_t)(nl - p)))
            return -1;
    return end - p;
}

int bench_floor(const char *file, bool grow)
{
    size_t left = 0, records = grow ? ROWS * 8 : ROWS;
    struct floor f = { .grow = grow, .n_slots = records, .slot = aaj_large_grow(NULL, 0, records * sizeof(uint32_t)) };
    char *buf = malloc(BLOCK);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0 || !buf || !f.slot)
        return 1;
    while ((n = read(fd, buf + left, BLOCK - left)) > 0) {
        ssize_t rest = lines(&f, buf, left + (size_t)n);

        if (rest < 0 || rest == BLOCK || !look(&f))
            return 1;
        memmove(buf, buf + left + (size_t)n - (size_t)rest, (size_t)rest);
        left = (size_t)rest;
    }
    close(fd);
    free(buf);
    AAJ_LARGE_FREE(f.row, f.cap);
    aaj_large_free(f.slot, records * sizeof(uint32_t));
    return n < 0 || f.n == 0;
}
