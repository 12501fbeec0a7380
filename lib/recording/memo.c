/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recording/memo.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/grow.h"
#include "log/scan.h"

enum { WINDOW = 4096, PAUSE = 65536 };

int memo_init(struct memo *memo)
{
    *memo = (struct memo){ .bits = MEMO_BITS_MIN, .mask = (1u << MEMO_BITS_MIN) - 1 };
    if (getrandom(memo->secret, sizeof(memo->secret), 0) != sizeof(memo->secret))
        return -EIO;
    memo->slot = aligned_alloc(64, sizeof(*memo->slot) << MEMO_BITS_MIN);
    if (!memo->slot)
        return -ENOMEM;
    memset(memo->slot, 0, sizeof(*memo->slot) << MEMO_BITS_MIN);
    return 0;
}

void memo_clear(struct memo *memo)
{
    free(memo->slot);
    *memo = (struct memo){ 0 };
}

/* The first " pid=" in [p, end), or NULL. */
static const char *find_pid(const char *p, const char *end)
{
#ifdef __SSE2__
    const __m128i space = _mm_set1_epi8(' '), letter = _mm_set1_epi8('p');

    for (; end - p >= 17; p += 16) {
        __m128i a = _mm_loadu_si128((const __m128i_u *)p), b = _mm_loadu_si128((const __m128i_u *)(p + 1));
        int hit = _mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(a, space), _mm_cmpeq_epi8(b, letter)));

        for (; hit; hit &= hit - 1) {
            const char *at = p + __builtin_ctz((unsigned)hit);

            if (end - at >= 5 && memcmp(at, " pid=", 5) == 0)
                return at;
        }
    }
#endif
    return end > p ? memmem(p, (size_t)(end - p), " pid=", 5) : NULL;
}

/* A part of the payload that the digest leaves out. */
struct gap {
    const char *from, *to;
};

static const char *skip_digits(const char *p, const char *end, uint64_t *ret_value)
{
    uint64_t v = 0;

    for (; p < end && *p >= '0' && *p <= '9'; p++)
        v = v * 10 + (uint64_t)(*p - '0');
    *ret_value = v;
    return p;
}

static bool at(const char *p, const char *end, const char *word, size_t n)
{
    return (size_t)(end - p) > n && memcmp(p, word, n) == 0;
}

/* Behind the pid: comm=, and then, of a connection, addresses and ports, of which one may change from record to record.
 * False where that is not plain. */
static bool find_port_gap(struct aaj_str payload, const char *p, const char *end, struct gap *ret)
{
    static const struct aaj_str op_mark = AAJ_STR_INIT(" operation=\"");
    struct aaj_str op;
    struct gap lport = { end, end }, fport = { end, end };
    uint64_t local, foreign;
    unsigned picked;

    *ret = (struct gap){ end, end };
    if (at(p, end, " comm=\"", 7)) {
        p = aaj_scan_byte(p + 7, end, '"');
        p += p < end;
    } else if (at(p, end, " comm=", 6)) {
        p = aaj_scan_blank(p + 6, end);
    }
    if (at(p, end, " saddr=", 7) || at(p, end, " daddr=", 7))
        return false;
    if (!at(p, end, " laddr=", 7) && !at(p, end, " lport=", 7) && !at(p, end, " faddr=", 7))
        return true;
    /* The four follow one another; saddr=, src=, daddr=, dest= of later kernels would say them again. */
    local = foreign = UINT64_MAX;
    for (;;) {
        if (at(p, end, " lport=", 7)) {
            lport = (struct gap){ p + 7, skip_digits(p + 7, end, &local) };
            p = lport.to;
        } else if (at(p, end, " fport=", 7)) {
            fport = (struct gap){ p + 7, skip_digits(p + 7, end, &foreign) };
            p = fport.to;
        } else if (at(p, end, " laddr=", 7) || at(p, end, " faddr=", 7)) {
            p = aaj_scan_blank(p + 7, end);
        } else {
            break;
        }
    }
    if (at(p, end, " saddr=", 7) || at(p, end, " src=", 5) || at(p, end, " daddr=", 7) || at(p, end, " dest=", 6))
        return false;
    op = aaj_str_skip(payload, aaj_str_search(aaj_str_head(payload, 48), op_mark) + op_mark.n);
    op = aaj_str_head(op, aaj_str_find(op, '"'));
    picked = aaj_log_picked_port(op, local, foreign);
    if (picked)
        *ret = picked == AAJ_PICKED_LOCAL ? lport : fport;
    return ret->from <= ret->to;
}

bool memo_digest(const struct memo *memo, struct aaj_str payload, uint32_t source, struct memo_digest *ret)
{
    const char *end = payload.p + payload.n, *pid, *rest;
    char buf[MEMO_PAYLOAD_MAX + sizeof(source)];
    struct gap port;
    uint64_t number;
    size_t n, m;
    XXH128_hash_t h;

    if (payload.n > MEMO_PAYLOAD_MAX)
        return false;
    pid = find_pid(payload.p, end);
    if (!pid)
        return false;
    rest = skip_digits(pid + 5, end, &number);
    if (!find_port_gap(payload, rest, end, &port))
        return false;
    n = (size_t)(pid + 5 - payload.p);
    memcpy(buf, payload.p, n);
    m = (size_t)(port.from - rest);
    memcpy(buf + n, rest, m);
    n += m;
    m = (size_t)(end - port.to);
    memcpy(buf + n, port.to, m);
    n += m;
    memcpy(buf + n, &source, sizeof(source));
    h = XXH3_128bits_withSecret(buf, n + sizeof(source), memo->secret, MEMO_SECRET);
    ret->lo = h.low64;
    ret->hi = h.high64 | 1; /* never the mark of a free slot */
    return true;
}

static bool is(const struct memo_slot *slot, const struct memo_digest *digest)
{
    return slot->digest.lo == digest->lo && slot->digest.hi == digest->hi;
}

struct memo_slot *memo_find(struct memo *memo, const struct memo_digest *digest)
{
    struct memo_slot *slot = memo_bucket(memo, digest), *found = NULL;

    if (is(slot, digest))
        found = slot;
    else if (is(slot + 1, digest))
        found = slot + 1;
    memo->found += found != NULL;
    if (++memo->looked == WINDOW) {
        /* Less than one in six found: reading everything is cheaper. A table that still grows may try on. */
        if (memo->found < WINDOW / 6 && memo->bits == MEMO_BITS_MAX)
            memo->off = PAUSE;
        memo->looked = memo->found = 0;
    }
    return found;
}

static void place(struct memo *memo, const struct memo_slot *slot)
{
    struct memo_slot *to = memo_bucket(memo, &slot->digest);

    if (to->digest.hi && !is(to, &slot->digest)) {
        to++;
        if (to->digest.hi && (slot->digest.hi & 2)) /* both taken: either goes */
            to--;
    }
    memo->used += to->digest.hi == 0;
    *to = *slot;
}

static void grow(struct memo *memo)
{
    size_t old_n = (size_t)memo->mask + 1;
    struct memo_slot *old = memo->slot, *new = aligned_alloc(64, sizeof(*new) * old_n * 4);

    if (!new)
        return; /* it only forgets sooner */
    aaj_advise_huge(new, sizeof(*new) * old_n * 4);
    memset(new, 0, sizeof(*new) * old_n * 4);
    memo->slot = new;
    memo->bits += 2;
    memo->mask = (1u << memo->bits) - 1;
    memo->used = 0;
    for (size_t i = 0; i < old_n; i++)
        if (old[i].digest.hi)
            place(memo, &old[i]);
    free(old);
}

void memo_put(struct memo *memo, const struct memo_slot *slot)
{
    if (memo->used > memo->mask / 2 && memo->bits < MEMO_BITS_MAX)
        grow(memo);
    place(memo, slot);
}
