/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strings as small numbers: each distinct byte string is stored once and known by a dense id, 0 being
 * the empty string. The bytes chosen by an attacker decide nothing but their own slot: the hash is
 * keyed per process and every hit is verified byte for byte.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/fetch.h"
#include "base/slots.h"
#include "base/str.h"

enum { AAJ_INTERN_MAX = INT32_MAX }; /* ids have their highest bit free */

struct aaj_intern {
    struct aaj_arena arena;
    const char **str; /* by id: the bytes, with a NUL behind them and their number in the four before */
    struct aaj_slots slots;
    uint32_t n, cap;
    uint64_t seed;
};

int aaj_intern_init(struct aaj_intern *in);
void aaj_intern_clear(struct aaj_intern *in);

/* 0 and *ret_id, or -ENOMEM. */
int aaj_intern_add(struct aaj_intern *in, struct aaj_str s, uint32_t *ret_id);

uint32_t aaj_intern_hash(const struct aaj_intern *in, struct aaj_str s); /* reads nothing that changes */
int aaj_intern_add_hashed(struct aaj_intern *in, struct aaj_str s, uint32_t hash, uint32_t *ret_id);

/* -ENOENT when the string was never added. */
int aaj_intern_find(const struct aaj_intern *in, struct aaj_str s, uint32_t *ret_id);

static inline struct aaj_str aaj_intern_str(const struct aaj_intern *in, uint32_t id)
{
    const char *p = in->str[id];
    uint32_t n;

    memcpy(&n, p - sizeof(n), sizeof(n));
    return (struct aaj_str){ p, n };
}

/* Ahead of aaj_intern_str(), in two steps: ids that come in another order than their strings were added lie anywhere in
 * memory. */
static inline void aaj_intern_fetch_id(const struct aaj_intern *in, uint32_t id)
{
    aaj_fetch(&in->str[id]);
}

static inline void aaj_intern_fetch_str(const struct aaj_intern *in, uint32_t id)
{
    aaj_fetch(in->str[id] - sizeof(uint32_t));
}

/*
 * aaj_intern_add() in steps, each of which fetches what the next one touches, to be done with some strings at a time:
 * the hash and aaj_slots_prefetch(); the id that it probably is, + 1; the bytes of this; and if it is not that, the search.
 */
static inline uint32_t aaj_intern_probe(const struct aaj_intern *in, uint32_t hash)
{
    uint32_t probably1 = aaj_slots_probe(&in->slots, hash);

    if (probably1)
        aaj_intern_fetch_id(in, probably1 - 1);
    return probably1;
}

static inline void aaj_intern_fetch(const struct aaj_intern *in, uint32_t probably1)
{
    if (!probably1)
        return;
    aaj_intern_fetch_str(in, probably1 - 1);
    aaj_fetch(in->str[probably1 - 1] + 60); /* most names lie in two cache lines */
}

static inline int aaj_intern_add_probed(struct aaj_intern *in, struct aaj_str s, uint32_t hash, uint32_t probably1,
                                        uint32_t *ret_id)
{
    if (!probably1 || !aaj_str_eq(aaj_intern_str(in, probably1 - 1), s))
        return aaj_intern_add_hashed(in, s, hash, ret_id);
    *ret_id = probably1 - 1;
    return 0;
}
