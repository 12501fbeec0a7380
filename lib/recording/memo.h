/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Most records of a log are ones that were read before, but for time, serial and pid. A digest of the rest finds what
 * was counted for it then, and nothing needs to be taken apart.
 *
 * The digest has 128 bits and a secret of this process, because names are chosen by whoever may want two records
 * taken for one. The table is a cache of bounded size: what it forgets is merely read again. Where records do not
 * repeat it costs more than it gives; it watches its hits and switches itself off.
 */
#pragma once

#include "recording/impl.h"

enum {
    MEMO_SECRET = 192,
    MEMO_BITS_MIN = 10,
    MEMO_BITS_MAX = 18,     /* 2^18 slots of 32 bytes: 8 MiB */
    MEMO_PAYLOAD_MAX = 2048, /* longer records are rare and not worth it */
};

struct memo_digest {
    uint64_t lo, hi;
};

struct memo_slot {
    struct memo_digest digest; /* 0, 0: free */
    uint32_t entry, evidence;  /* NO_EVIDENCE: used, but no access (status, or filtered) */
    uint32_t kind;             /* enum evidence_kind */
    uint32_t filtered;
};

struct memo {
    struct memo_slot *slot;
    uint32_t mask, used, bits;
    uint32_t looked, found; /* in this window */
    uint32_t off;           /* records to let pass before trying again */
    unsigned char secret[MEMO_SECRET];
};

int memo_init(struct memo *memo);
void memo_clear(struct memo *memo);

/* The digest of a payload without its pid; false for what should be taken apart: too long, or with ports that change
 * from record to record. @source goes into it: evidence is kept per source. */
bool memo_digest(const struct memo *memo, struct aaj_str payload, uint32_t source, struct memo_digest *ret);

static inline struct memo_slot *memo_bucket(const struct memo *memo, const struct memo_digest *digest)
{
    return &memo->slot[digest->lo & memo->mask & ~1u]; /* two slots in one cache line */
}

struct memo_slot *memo_find(struct memo *memo, const struct memo_digest *digest);
void memo_put(struct memo *memo, const struct memo_slot *slot);

/* Whether to use it for the next record. */
static inline bool memo_is_on(struct memo *memo)
{
    if (memo->off == 0)
        return true;
    memo->off--;
    return false;
}
