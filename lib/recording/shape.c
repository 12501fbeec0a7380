/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recording/shape.h"

#include <errno.h>
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "log/record.h"
#include "log/scan.h"

enum { NUMBER_DIGITS = 9 }; /* fit into 32 bits */

int shapes_init(struct shapes *s)
{
    const size_t line = sizeof(*s->digest);

    _Static_assert(sizeof(*s->digest) == 64, "a bucket's digests are a cache line");
    s->digest = aligned_alloc(line, SHAPE_BUCKETS * line);
    s->shape = calloc(SHAPE_BUCKETS, sizeof(*s->shape));
    if (!s->digest || !s->shape)
        return -ENOMEM;
    memset(s->digest, 0, SHAPE_BUCKETS * line);
    return 0;
}

void shapes_clear(struct shapes *s)
{
    free(s->digest);
    free(s->shape);
    *s = (struct shapes){ 0 };
}

/* ---- gaps ---- */

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

/* A number as the kernel writes it, which is the only way that it can be written again; NULL otherwise. */
static const char *number(const char *p, const char *end, uint32_t *ret)
{
    uint64_t v;
    const char *behind = aaj_scan_number(p, end, NUMBER_DIGITS + 1, &v);

    *ret = (uint32_t)v;
    return behind == p || behind - p > NUMBER_DIGITS || (*p == '0' && behind - p > 1) ? NULL : behind;
}

/* Always inline, so that a comparison with a literal is one or two of words. */
static inline __attribute__((always_inline)) bool at(const char *p, const char *end, const char *word, size_t n)
{
    return (size_t)(end - p) > n && memcmp(p, word, n) == 0;
}

struct port {
    const char *from, *to;
    uint32_t is;
};

static uint64_t is_port(const struct port *port)
{
    return port->from ? port->is : UINT64_MAX;
}

/* " laddr=… lport=… faddr=… fport=…" of a connection, in any order; behind them. NULL where a port is no
 * number. */
static const char *ports(const char *p, const char *end, struct port *local, struct port *foreign)
{
    for (;;) {
        bool is_local = at(p, end, " lport=", 7);

        if (is_local || at(p, end, " fport=", 7)) {
            struct port *port = is_local ? local : foreign;

            port->from = p + 7;
            p = port->to = number(p + 7, end, &port->is);
            if (!p)
                return NULL;
        } else if (at(p, end, " laddr=", 7) || at(p, end, " faddr=", 7)) {
            p = aaj_scan_blank(p + 7, end);
        } else {
            return p;
        }
    }
}

static const char *skip_comm(const char *p, const char *end)
{
    if (at(p, end, " comm=\"", 7)) {
        p = aaj_scan_byte(p + 7, end, '"');
        return p + (p < end);
    }
    return at(p, end, " comm=", 6) ? aaj_scan_blank(p + 6, end) : p;
}

/* Behind the pid: comm=, and then, of a connection, addresses and ports, of which one may change from record
 * to record. False where that is not plain: saddr=, src=, daddr=, dest= of later kernels would say them
 * again. */
static bool port_gap(struct aaj_str payload, const char *p, struct gaps *gaps)
{
    const char *end = payload.p + payload.n, *behind, *op;
    struct port local = { 0 }, foreign = { 0 };
    const struct port *port;
    unsigned picked;

    p = skip_comm(p, end);
    if (p + 2 > end || (p[1] != 'l' && p[1] != 'f' && p[1] != 's' && p[1] != 'd'))
        return true;
    behind = ports(p, end, &local, &foreign);
    if (!behind || at(behind, end, " saddr=", 7) || at(behind, end, " src=", 5) ||
        at(behind, end, " daddr=", 7) || at(behind, end, " dest=", 6))
        return false;
    if (behind == p)
        return true;
    op = aaj_log_operation(payload);
    if (!op)
        return false;
    picked = aaj_log_picked_port((struct aaj_str){ op, (size_t)(aaj_scan_byte(op, end, '"') - op) }, is_port(&local), is_port(&foreign));
    if (!picked)
        return true;
    port = picked == AAJ_PICKED_LOCAL ? &local : &foreign;
    gaps->port = (struct gap){ (uint16_t)(port->from - payload.p), (uint16_t)(port->to - payload.p) };
    gaps->port_is = port->is;
    return true;
}

bool shape_gaps(struct aaj_str payload, struct gaps *ret)
{
    const char *p = payload.p, *end = p + payload.n, *pid, *quote, *behind;

    if (payload.n > SHAPE_PAYLOAD_MAX)
        return false;
    pid = find_pid(p, end);
    behind = pid ? number(pid + 5, end, &ret->pid_is) : NULL;
    if (!behind)
        return false;
    ret->pid = (struct gap){ (uint16_t)(pid + 5 - p), (uint16_t)(behind - p) };
    ret->name = (struct gap){ 0, 0 };
    ret->port = (struct gap){ (uint16_t)payload.n, (uint16_t)payload.n };
    if (pid > p && pid[-1] == '"') {
        quote = memrchr(p, '"', (size_t)(pid - 1 - p));
        if (quote && quote - p >= 6 && memcmp(quote - 6, " name=", 6) == 0)
            ret->name = (struct gap){ (uint16_t)(quote + 1 - p), (uint16_t)(pid - 1 - p) };
    }
    return port_gap(payload, behind, ret);
}

/* ---- digests ---- */

/* Behind the pid; a port's digits in between are left out. */
static uint64_t hash_tail(const unsigned char *secret, struct aaj_str payload, const struct gaps *gaps)
{
    const char *p = payload.p + gaps->pid.to;
    size_t before = gaps->port.from - gaps->pid.to, behind = payload.n - gaps->port.to;
    char buf[SHAPE_PAYLOAD_MAX];

    if (!behind)
        return XXH3_64bits_withSecret(p, before, secret, SHAPE_SECRET);
    memcpy(buf, p, before);
    memcpy(buf + before, payload.p + gaps->port.to, behind);
    return XXH3_64bits_withSecret(buf, before + behind, secret, SHAPE_SECRET);
}

/* A hash of each half, under secrets of their own; most halves are short enough for the fast case (128 bytes). Between a
 * name and a pid always stands the same, and the first half's end tells whether there is a name. */
struct digest shape_digest(const unsigned char *secret, struct aaj_str payload, const struct gaps *gaps)
{
    bool has_name = gaps->name.from < gaps->name.to;
    size_t head = has_name ? gaps->name.from : gaps->pid.from;

    return (struct digest){ XXH3_64bits_withSecret(payload.p, head, secret, SHAPE_SECRET),
                            hash_tail(secret + SHAPE_SECRET, payload, gaps) | 1 }; /* never the mark of a free slot */
}

const struct shape *shapes_find(const struct shapes *s, const struct digest *digest)
{
    size_t bucket = shapes_bucket(digest);

    for (unsigned way = 0; way < SHAPE_WAYS; way++)
        if (digest_eq(&s->digest[bucket][way], digest))
            return &s->shape[bucket][way];
    return NULL;
}

void shapes_put(struct shapes *s, const struct digest *digest, const struct shape *shape)
{
    size_t bucket = shapes_bucket(digest), way = 0;

    while (way < SHAPE_WAYS && s->digest[bucket][way].tail && !digest_eq(&s->digest[bucket][way], digest))
        way++;
    if (way == SHAPE_WAYS) /* all taken: any goes */
        way = digest->tail / 2 % SHAPE_WAYS;
    s->digest[bucket][way] = *digest;
    s->shape[bucket][way] = *shape;
}
