/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/slots.h"

#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"

enum { SLOTS_MIN = 256 };

int aaj_slots_init(struct aaj_slots *s)
{
    *s = (struct aaj_slots){ .slot = calloc(SLOTS_MIN, sizeof(*s->slot)), .mask = SLOTS_MIN - 1 };
    return s->slot ? 0 : -ENOMEM;
}

void aaj_slots_clear(struct aaj_slots *s)
{
    free(s->slot);
    *s = (struct aaj_slots){ 0 };
}

static void put(struct aaj_slot *slot, uint32_t mask, struct aaj_slot new)
{
    uint32_t i = new.hash &mask;

    while (slot[i].row1)
        i = (i + 1) & mask;
    slot[i] = new;
}

/* The slots of the old table go, in order, to two places each of the new: both tables are walked from start
 * to end. */
static int grow(struct aaj_slots *s)
{
    uint32_t mask = s->mask * 2 + 1;
    struct aaj_slot *slot = mask > s->mask ? calloc((size_t)mask + 1, sizeof(*slot)) : NULL;

    if (!slot)
        return -ENOMEM;
    aaj_advise_huge(slot, ((size_t)mask + 1) * sizeof(*slot));
    for (size_t i = 0; i <= s->mask; i++)
        if (s->slot[i].row1)
            put(slot, mask, s->slot[i]);
    free(s->slot);
    s->slot = slot;
    s->mask = mask;
    return 0;
}

int aaj_slots_add(struct aaj_slots *s, uint32_t hash, uint32_t row)
{
    if (row == UINT32_MAX || (s->used >= s->mask / 8 * 5 && grow(s) < 0))
        return -ENOMEM;
    put(s->slot, s->mask, (struct aaj_slot){ hash, row + 1 });
    s->used++;
    return 0;
}
