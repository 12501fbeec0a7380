/* SPDX-License-Identifier: GPL-2.0-only */
#include "firewall/module/dispatch.h"

#include <errno.h>
#include <stdlib.h>

struct range {
    size_t lo, hi; /* of the uids, hi excluded */
};

static void leaf_jumps(struct dispatch_chain *c, const uint32_t *uid, struct range r)
{
    for (size_t i = r.lo; i < r.hi; i++) {
        c->jump[c->n_jumps].uid_lo = c->jump[c->n_jumps].uid_hi = uid[i];
        snprintf(c->jump[c->n_jumps].chain, sizeof(c->jump[0].chain), "aajail-%u", uid[i]);
        c->n_jumps++;
    }
}

static void branch_jump(struct dispatch_chain *c, const uint32_t *uid, struct range r)
{
    c->jump[c->n_jumps].uid_lo = uid[r.lo];
    c->jump[c->n_jumps].uid_hi = uid[r.hi - 1];
    snprintf(c->jump[c->n_jumps].chain, sizeof(c->jump[0].chain), "aajail:%u-%u", uid[r.lo], uid[r.hi - 1]);
    c->n_jumps++;
}

/* Chains are made breadth first: d->chain[i] serves range[i]. */
int dispatch_make(const uint32_t *uid, size_t n, struct dispatch *ret)
{
    struct dispatch d = { 0 };
    struct range *range = calloc(n * 2, sizeof(*range));

    d.chain = calloc(n * 2, sizeof(*d.chain));
    if (!range || !d.chain) {
        free(range);
        free(d.chain);
        return -ENOMEM;
    }
    range[0] = (struct range){ 0, n };
    strcpy(d.chain[0].name, DISPATCH_ROOT);
    d.n = 1;
    for (size_t i = 0; i < d.n; i++) {
        struct range r = range[i];
        size_t mid = r.lo + (r.hi - r.lo) / 2;

        if (r.hi - r.lo <= DISPATCH_LEAF) {
            leaf_jumps(&d.chain[i], uid, r);
            continue;
        }
        for (unsigned half = 0; half < 2; half++) {
            range[d.n] = half ? (struct range){ mid, r.hi } : (struct range){ r.lo, mid };
            branch_jump(&d.chain[i], uid, range[d.n]);
            strcpy(d.chain[d.n].name, d.chain[i].jump[half].chain);
            d.n++;
        }
    }
    free(range);
    *ret = d;
    return 0;
}

void dispatch_clear(struct dispatch *d)
{
    free(d->chain);
    *d = (struct dispatch){ 0 };
}
