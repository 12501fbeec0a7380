/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The index of a table whose rows are known by dense numbers: open addressing, each slot a row and the hash
 * of what it holds. Rows that are not meant are told apart by their hash without being touched, and growing
 * reads the slots alone, from start to end, in place. Hashes have to be keyed where others choose what is hashed.
 *
 *     for (i = aaj_slots_first(s, hash); s->slot[i].row1; i = aaj_slots_next(s, i))
 *         if (s->slot[i].hash == hash && … row s->slot[i].row1 - 1 is it …)
 *             return it;
 *     if (aaj_slots_add(s, hash, n_rows) < 0) …
 *
 * Where many are looked for, the first of these steps is done ahead (aaj_slots_prefetch(), then aaj_slots_probe()), so that
 * the row can be fetched before it is needed.
 */
#pragma once

#include <stdint.h>

#include "base/fetch.h"

struct aaj_slot {
    uint32_t hash, row1; /* row + 1; 0: free */
};

struct aaj_slots {
    struct aaj_slot *slot;
    uint32_t mask, used;
};

/* 0 or -ENOMEM. */
int aaj_slots_init(struct aaj_slots *slots);
void aaj_slots_clear(struct aaj_slots *slots);

/* Enters @row, which is not there yet: 0, or -ENOMEM with nothing changed. */
int aaj_slots_add(struct aaj_slots *slots, uint32_t hash, uint32_t row);

static inline uint32_t aaj_slots_first(const struct aaj_slots *slots, uint32_t hash)
{
    return hash & slots->mask;
}

static inline uint32_t aaj_slots_next(const struct aaj_slots *slots, uint32_t at)
{
    return (at + 1) & slots->mask;
}

/* The row, + 1, of the first slot with this hash, which nearly always is the one that is meant; 0: there is none. */
static inline uint32_t aaj_slots_probe(const struct aaj_slots *slots, uint32_t hash)
{
    uint32_t at = aaj_slots_first(slots, hash);

    while (slots->slot[at].row1 && slots->slot[at].hash != hash)
        at = aaj_slots_next(slots, at);
    return slots->slot[at].row1;
}

static inline void aaj_slots_prefetch(const struct aaj_slots *slots, uint32_t hash)
{
    aaj_fetch(&slots->slot[hash & slots->mask]);
}
