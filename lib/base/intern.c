/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/intern.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/large.h"
#define XXH_INLINE_ALL
#include <xxhash.h>

uint32_t aaj_intern_hash(const struct aaj_intern *in, struct aaj_str s)
{
    return (uint32_t)XXH3_64bits_withSeed(s.p, s.n, in->seed);
}

int aaj_intern_init(struct aaj_intern *in)
{
    uint32_t id;

    *in = (struct aaj_intern){ 0 };
    if (getrandom(&in->seed, sizeof(in->seed), 0) != sizeof(in->seed))
        return -errno;
    if (aaj_slots_init(&in->slots) < 0 || aaj_intern_add(in, AAJ_STR(""), &id) < 0) {
        aaj_intern_clear(in);
        return -ENOMEM;
    }
    return 0;
}

void aaj_intern_clear(struct aaj_intern *in)
{
    aaj_arena_clear(&in->arena);
    aaj_slots_clear(&in->slots);
    AAJ_LARGE_FREE(in->str, in->cap);
    *in = (struct aaj_intern){ 0 };
}

static int look_up(const struct aaj_intern *in, struct aaj_str s, uint32_t hash, uint32_t *ret_id)
{
    const struct aaj_slot *slot = in->slots.slot;

    for (uint32_t i = aaj_slots_first(&in->slots, hash); slot[i].row1; i = aaj_slots_next(&in->slots, i))
        if (slot[i].hash == hash && aaj_str_eq(aaj_intern_str(in, slot[i].row1 - 1), s)) {
            *ret_id = slot[i].row1 - 1;
            return 0;
        }
    return -ENOENT;
}

int aaj_intern_add(struct aaj_intern *in, struct aaj_str s, uint32_t *ret_id)
{
    return aaj_intern_add_hashed(in, s, aaj_intern_hash(in, s), ret_id);
}

/* A copy as .str points to. */
static const char *store(struct aaj_intern *in, struct aaj_str s)
{
    uint32_t n = (uint32_t)s.n;
    char *p = s.n < UINT32_MAX ? aaj_arena_pack(&in->arena, sizeof(n) + s.n + 1) : NULL;

    if (!p)
        return NULL;
    memcpy(p, &n, sizeof(n));
    p += sizeof(n);
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return p;
}

int aaj_intern_add_hashed(struct aaj_intern *in, struct aaj_str s, uint32_t hash, uint32_t *ret_id)
{
    const char *copy;

    if (look_up(in, s, hash, ret_id) == 0)
        return 0;
    if (in->n >= AAJ_INTERN_MAX || AAJ_LARGE_GROW(in->str, in->n, in->cap) < 0)
        return -ENOMEM;
    copy = store(in, s);
    if (!copy || aaj_slots_add(&in->slots, hash, in->n) < 0)
        return -ENOMEM;
    in->str[in->n] = copy;
    *ret_id = in->n++;
    return 0;
}

int aaj_intern_find(const struct aaj_intern *in, struct aaj_str s, uint32_t *ret_id)
{
    return look_up(in, s, aaj_intern_hash(in, s), ret_id);
}
