/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of numbers, each distinct one kept once and known by a dense number. */
#pragma once

#include <stddef.h>

#include "base/slots.h"

struct tuples {
    uint32_t *word; /* .width of each row */
    uint32_t width, n, cap;
    uint64_t seed;
    struct aaj_slots slots;
};

int tuples_init(struct tuples *t, uint32_t width, uint64_t seed);
void tuples_clear(struct tuples *t);

/* 0 and *ret_row, or -ENOMEM. */
int tuples_add(struct tuples *t, const uint32_t *word, uint32_t *ret_row);

static inline const uint32_t *tuples_at(const struct tuples *t, uint32_t row)
{
    return t->word + (size_t)row * t->width;
}
