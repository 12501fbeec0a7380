/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a packet finds its uid's chain in the legacy tables:
 *
 *     OUTPUT ─► aajail ─┬─ uid 1000-1499 ═► aajail:1000-1499 ─┬─ uid 1000 ═► aajail-1000
 *                       └─ uid 1500-2999 ═► …                 └─ …
 *
 * ─► is a jump, ═► a goto, so that what a jail allows returns to OUTPUT's next rule at once. A binary tree
 * keeps the price for everybody else at a few owner matches; up to LEAF uids stand side by side.
 */
#pragma once

#include <stddef.h>

#include "firewall/module/entry.h"

enum { DISPATCH_LEAF = 6 };
#define DISPATCH_ROOT "aajail"

struct dispatch_chain {
    char name[AAJ_FIREWALL_NAME_MAX + 1];
    struct {
        uint32_t uid_lo, uid_hi;
        char chain[AAJ_FIREWALL_NAME_MAX + 1];
    } jump[DISPATCH_LEAF];
    unsigned n_jumps;
};

struct dispatch {
    struct dispatch_chain *chain; /* the root first */
    size_t n;
};

/* @uid sorted, distinct, n > 0. -ENOMEM. */
int dispatch_make(const uint32_t *uid, size_t n, struct dispatch *ret);
void dispatch_clear(struct dispatch *d);

static inline struct entry_jump dispatch_jump(const struct dispatch_chain *c, unsigned i)
{
    return (struct entry_jump){ true, c->jump[i].uid_lo, c->jump[i].uid_hi, true, c->jump[i].chain };
}
