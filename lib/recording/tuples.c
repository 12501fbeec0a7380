/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recording/tuples.h"

#include <errno.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/large.h"

enum { ROWS_MIN = 64, ROWS_MAX = INT32_MAX };

static size_t row_bytes(const struct tuples *t)
{
    return t->width * sizeof(*t->word);
}

int tuples_init(struct tuples *t, uint32_t width, uint64_t seed)
{
    *t = (struct tuples){ .width = width, .seed = seed };
    return aaj_slots_init(&t->slots);
}

void tuples_clear(struct tuples *t)
{
    aaj_slots_clear(&t->slots);
    aaj_large_free(t->word, t->cap * row_bytes(t));
    *t = (struct tuples){ 0 };
}

static int grow(struct tuples *t)
{
    uint32_t cap = t->cap ? t->cap * 2 : ROWS_MIN;
    void *p = t->n < ROWS_MAX ? aaj_large_grow(t->word, t->cap * row_bytes(t), cap * row_bytes(t)) : NULL;

    if (!p)
        return -ENOMEM;
    t->word = p;
    t->cap = cap;
    return 0;
}

int tuples_add(struct tuples *t, const uint32_t *word, uint32_t *ret_row)
{
    size_t bytes = row_bytes(t);
    uint32_t hash = (uint32_t)XXH3_64bits_withSeed(word, bytes, t->seed);
    const struct aaj_slot *slot = t->slots.slot;

    for (uint32_t i = aaj_slots_first(&t->slots, hash); slot[i].row1; i = aaj_slots_next(&t->slots, i))
        if (slot[i].hash == hash && memcmp(tuples_at(t, slot[i].row1 - 1), word, bytes) == 0) {
            *ret_row = slot[i].row1 - 1;
            return 0;
        }
    if ((t->n == t->cap && grow(t) < 0) || aaj_slots_add(&t->slots, hash, t->n) < 0)
        return -ENOMEM;
    memcpy(t->word + (size_t)t->n * t->width, word, bytes);
    *ret_row = t->n++;
    return 0;
}
