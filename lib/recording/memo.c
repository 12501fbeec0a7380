/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recording/memo.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

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

/* Behind the pid: comm= and then, of a connection, addresses and ports. */
static bool has_ports(const char *p, const char *end)
{
    if (end - p > 7 && memcmp(p, " comm=\"", 7) == 0) {
        p = aaj_scan_byte(p + 7, end, '"');
        p += p < end;
    } else if (end - p > 6 && memcmp(p, " comm=", 6) == 0) {
        p = aaj_scan_blank(p + 6, end);
    }
    return end - p > 7 && (memcmp(p, " laddr=", 7) == 0 || memcmp(p, " lport=", 7) == 0 || memcmp(p, " faddr=", 7) == 0 ||
                           memcmp(p, " saddr=", 7) == 0 || memcmp(p, " daddr=", 7) == 0);
}

bool memo_digest(const struct memo *memo, struct aaj_str payload, uint32_t source, struct memo_digest *ret)
{
    const char *end = payload.p + payload.n, *pid, *rest;
    char buf[MEMO_PAYLOAD_MAX + sizeof(source)];
    size_t head, n;
    XXH128_hash_t h;

    if (payload.n > MEMO_PAYLOAD_MAX)
        return false;
    pid = find_pid(payload.p, end);
    if (!pid)
        return false;
    for (rest = pid + 5; rest < end && *rest >= '0' && *rest <= '9'; rest++)
        ;
    if (has_ports(rest, end))
        return false;
    head = (size_t)(pid + 5 - payload.p);
    n = head + (size_t)(end - rest);
    memcpy(buf, payload.p, head);
    memcpy(buf + head, rest, (size_t)(end - rest));
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
