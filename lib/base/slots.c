/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/large.h"

enum { SLOTS_MIN = 256 };

int aaj_slots_init(struct aaj_slots *s)
{
    *s = (struct aaj_slots){ .slot = aaj_large_grow(NULL, 0, SLOTS_MIN * sizeof(*s->slot)), .mask = SLOTS_MIN - 1 };
    return s->slot ? 0 : -ENOMEM;
}

void aaj_slots_clear(struct aaj_slots *s)
{
    if (s->slot)
        AAJ_LARGE_FREE(s->slot, (size_t)s->mask + 1);
    *s = (struct aaj_slots){ 0 };
}

static void put(struct aaj_slot *slot, uint32_t mask, struct aaj_slot new)
{
    uint32_t i = new.hash & mask;

    while (slot[i].row1)
        i = (i + 1) & mask;
    slot[i] = new;
}

/* As many slots at the start as hold a row: some of them may have come round from the end. */
static uint32_t run_at_start(const struct aaj_slots *s)
{
    uint32_t n = 0;

    while (s->slot[n].row1)
        n++;
    return n;
}

/*
 * Twice as many slots, in place: fresh pages cost more than all else here, and a second table would need as many
 * again. A row stays in the lower half or goes to the same place of the upper one. Read from start to end, each finds
 * its place at or before where it was, among rows that are in their places already. Only those that came round from the
 * end wait until all others are.
 */
static int grow(struct aaj_slots *s)
{
    uint32_t mask = s->mask * 2 + 1, start = run_at_start(s);
    size_t n = (size_t)s->mask + 1;
    struct aaj_slot *aside = malloc((start + 1) * sizeof(*aside)), *slot;

    slot = aside && mask > s->mask ? aaj_large_grow(s->slot, n * sizeof(*slot), 2 * n * sizeof(*slot)) : NULL;
    if (!slot) {
        free(aside);
        return -ENOMEM;
    }
    memcpy(aside, slot, start * sizeof(*slot));
    memset(slot, 0, start * sizeof(*slot));
    for (uint32_t i = start; i < n; i++) {
        struct aaj_slot row = slot[i];

        slot[i].row1 = 0;
        if (row.row1)
            put(slot, mask, row);
    }
    for (uint32_t i = 0; i < start; i++)
        put(slot, mask, aside[i]);
    free(aside);
    s->slot = slot;
    s->mask = mask;
    return 0;
}

int aaj_slots_add(struct aaj_slots *s, uint32_t hash, uint32_t row)
{
    if (row == UINT32_MAX || (s->used >= s->mask / 4 * 3 && grow(s) < 0))
        return -ENOMEM;
    put(s->slot, s->mask, (struct aaj_slot){ hash, row + 1 });
    s->used++;
    return 0;
}
