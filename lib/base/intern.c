/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/intern.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/grow.h"
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { SLOTS_MIN = 256 };

static uint32_t hash_of(const struct aaj_intern *in, struct aaj_str s)
{
    return (uint32_t)XXH3_64bits_withSeed(s.p, s.n, in->seed);
}

int aaj_intern_init(struct aaj_intern *in)
{
    uint32_t id;

    *in = (struct aaj_intern){ 0 };
    if (getrandom(&in->seed, sizeof(in->seed), 0) != sizeof(in->seed))
        return -errno;
    in->slot = calloc(SLOTS_MIN, sizeof(*in->slot));
    if (!in->slot)
        return -ENOMEM;
    in->mask = SLOTS_MIN - 1;
    if (aaj_intern_add(in, AAJ_STR(""), &id) < 0) {
        aaj_intern_clear(in);
        return -ENOMEM;
    }
    return 0;
}

void aaj_intern_clear(struct aaj_intern *in)
{
    aaj_arena_clear(&in->arena);
    free(in->str);
    free(in->hash);
    free(in->slot);
    *in = (struct aaj_intern){ 0 };
}

/* The slot that holds @s, or the free one where it belongs. */
static uint32_t slot_of(const struct aaj_intern *in, struct aaj_str s, uint32_t hash)
{
    uint32_t i = hash & in->mask;

    while (in->slot[i]) {
        uint32_t id = in->slot[i] - 1;

        if (in->hash[id] == hash && aaj_str_eq(in->str[id], s))
            break;
        i = (i + 1) & in->mask;
    }
    return i;
}

static int grow_ids(struct aaj_intern *in)
{
    uint32_t cap = in->cap ? in->cap * 2 : SLOTS_MIN / 2;
    void *p;

    if (cap < in->cap)
        return -ENOMEM;
    p = reallocarray(in->str, cap, sizeof(*in->str));
    if (!p)
        return -ENOMEM;
    in->str = p;
    aaj_advise_huge(p, cap * sizeof(*in->str));
    p = reallocarray(in->hash, cap, sizeof(*in->hash));
    if (!p)
        return -ENOMEM;
    in->hash = p;
    in->cap = cap;
    return 0;
}

static int grow_slots(struct aaj_intern *in)
{
    uint32_t mask = in->mask * 2 + 1;
    uint32_t *slot = mask > in->mask ? calloc((size_t)mask + 1, sizeof(*slot)) : NULL;

    if (!slot)
        return -ENOMEM;
    aaj_advise_huge(slot, ((size_t)mask + 1) * sizeof(*slot));
    for (uint32_t id = 0; id < in->n; id++) {
        uint32_t i = in->hash[id] & mask;

        while (slot[i])
            i = (i + 1) & mask;
        slot[i] = id + 1;
    }
    free(in->slot);
    in->slot = slot;
    in->mask = mask;
    return 0;
}

uint32_t aaj_intern_prefetch(const struct aaj_intern *in, struct aaj_str s)
{
    uint32_t hash = hash_of(in, s);

    __builtin_prefetch(&in->slot[hash & in->mask]);
    return hash;
}

int aaj_intern_add(struct aaj_intern *in, struct aaj_str s, uint32_t *ret_id)
{
    return aaj_intern_add_hashed(in, s, hash_of(in, s), ret_id);
}

int aaj_intern_add_hashed(struct aaj_intern *in, struct aaj_str s, uint32_t hash, uint32_t *ret_id)
{
    uint32_t i = slot_of(in, s, hash);
    struct aaj_str copy;
    int r;

    if (in->slot[i]) {
        *ret_id = in->slot[i] - 1;
        return 0;
    }
    if (in->n > in->mask / 2) {
        r = grow_slots(in);
        if (r < 0)
            return r;
        i = slot_of(in, s, hash);
    }
    if (in->n >= in->cap) {
        r = grow_ids(in);
        if (r < 0)
            return r;
    }
    copy = aaj_arena_dup(&in->arena, s);
    if (!copy.p)
        return -ENOMEM;
    in->str[in->n] = copy;
    in->hash[in->n] = hash;
    in->slot[i] = in->n + 1;
    *ret_id = in->n++;
    return 0;
}

int aaj_intern_find(const struct aaj_intern *in, struct aaj_str s, uint32_t *ret_id)
{
    uint32_t i = slot_of(in, s, hash_of(in, s));

    if (!in->slot[i])
        return -ENOENT;
    *ret_id = in->slot[i] - 1;
    return 0;
}
