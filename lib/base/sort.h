/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sorting many things by numbers or by strings: a few passes over a million of them instead of twenty rounds of comparing.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct aaj_keyed {
    uint64_t key;
    uint64_t value;
};

/* By key; equal ones keep their order. 0, or -ENOMEM with the elements as they were. */
int aaj_sort_keyed(struct aaj_keyed *item, size_t n);

struct aaj_sortable {
    uint64_t word; /* the sorting's own */
    struct aaj_str str;
    uint32_t tie; /* decides between equal strings; the smaller comes first */
    uint32_t id;  /* the caller's */
};

/* By the strings' bytes, then by .tie; equal ones keep no order. 0, or -ENOMEM with the elements in any order. */
int aaj_sort_strings(struct aaj_sortable *item, size_t n);
