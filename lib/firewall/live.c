/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a kernel holds: the structure backends fill. */
#include <stdlib.h>

#include "firewall/backend.h"

void aaj_firewall_live_clear(struct aaj_firewall_live *live)
{
    for (size_t i = 0; i < live->n_chains; i++)
        free(live->chain[i].rule);
    free(live->chain);
    free(live->problem);
    aaj_arena_clear(&live->arena);
    *live = (struct aaj_firewall_live){ 0 };
}

const struct aaj_firewall_chain *aaj_firewall_live_find(const struct aaj_firewall_live *live, uint32_t uid)
{
    size_t lo = 0, hi = live->n_chains;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (live->chain[mid].uid < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    /* Old ones sort behind. */
    return lo < live->n_chains && live->chain[lo].uid == uid && !live->chain[lo].old ? &live->chain[lo] : NULL;
}

bool aaj_firewall_chain_is(const struct aaj_firewall_chain *live, const struct aaj_firewall_plan *plan,
                           unsigned families)
{
    size_t k = 0;

    if (!live || !aaj_str_eq(live->jail, plan->jail))
        return false;
    for (size_t i = 0; i < plan->n_rules; i++) {
        struct aaj_firewall_rule want = plan->rule[i];

        want.families &= (uint8_t)families;
        if (want.families && (k == live->n_rules || !aaj_firewall_rule_eq(&want, &live->rule[k++])))
            return false;
    }
    return k == live->n_rules;
}
