/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Most records of a log are ones that were read before, but for time, serial, pid and name:
 *
 *     apparmor="ALLOWED" operation="open" profile="P" name="……" pid=…… comm="sh" requested_mask="r" … ouid=0
 *
 * What is left when these gaps are left out is a shape. A log of millions of lines has some hundreds of
 * shapes, so a record whose shape is known need not be taken apart: what the shape means was found out the
 * first time, and only the name is looked at. Of connections the port that a kernel picked is a gap, too.
 *
 * Shapes are told apart by a digest of 64 bits of each half, with secrets of this recording, because names and lines are
 * chosen by whoever may want two records taken for one: nothing that he sees depends on the secrets. The table is a
 * cache of fixed size: what it forgets is read again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/fetch.h"
#include "base/str.h"
#include "log/event.h"

enum {
    SHAPE_SECRET = 192, /* bytes, of each of two */
    SHAPE_WAYS = 4, /* digests to a bucket: a cache line */
    SHAPE_BUCKETS = 2048,
    SHAPE_PAYLOAD_MAX = 2048, /* longer records are rare and not worth it */
};

/* From and to a byte of the payload; empty: there is none. */
struct gap {
    uint16_t from, to;
};

/* In this order they stand. The name is what is between the quotes; pid and port are plain decimal numbers.
 */
struct gaps {
    struct gap name, pid, port;
    uint32_t pid_is, port_is;
};

/* Of what is before the name (or pid) and of what is behind the pid. */
struct digest {
    uint64_t head, tail; /* tail: never 0 */
};

static inline bool digest_eq(const struct digest *a, const struct digest *b)
{
    return a->head == b->head && a->tail == b->tail;
}

struct shape {
    uint32_t pattern, kind, fsuid;
    uint32_t arg[AAJ_ARGS]; /* interned; of the name's none */
    uint32_t template1;     /* of samples (sample.h), + 1; 0: none */
    uint8_t named;          /* which argument the name is, + 1; 0: none */
    bool one;               /* arg[0] is the only argument */
    bool filtered;          /* of a label that is not wanted */
    bool ignored;           /* no access */
};

struct shapes {
    struct digest (*digest)[SHAPE_WAYS]; /* SHAPE_BUCKETS; all 0: free */
    struct shape (*shape)[SHAPE_WAYS];
};

int shapes_init(struct shapes *s);
void shapes_clear(struct shapes *s);

/* Finds the gaps; false for what is not plain and has to be taken apart. */
bool shape_gaps(struct aaj_str payload, struct gaps *ret);
/* @secret: 2 * SHAPE_SECRET random bytes. */
struct digest shape_digest(const unsigned char *secret, struct aaj_str payload, const struct gaps *gaps);

static inline struct aaj_str shape_name(struct aaj_str payload, const struct gaps *gaps)
{
    return (struct aaj_str){ payload.p + gaps->name.from, gaps->name.to - gaps->name.from };
}

static inline size_t shapes_bucket(const struct digest *digest)
{
    return (digest->head ^ digest->tail >> 1) % SHAPE_BUCKETS;
}

static inline void shapes_prefetch(const struct shapes *s, const struct digest *digest)
{
    aaj_fetch(s->digest[shapes_bucket(digest)]);
}

/* NULL: it is not there. */
const struct shape *shapes_find(const struct shapes *s, const struct digest *digest);
void shapes_put(struct shapes *s, const struct digest *digest, const struct shape *shape);
