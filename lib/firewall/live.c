/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a kernel holds: the structure backends fill. */
#include <stdlib.h>

#include "firewall/backend.h"
#include "firewall/rules.h"

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
    return lo < live->n_chains && live->chain[lo].uid == uid && !live->chain[lo].old ? &live->chain[lo]
                                                                                     : NULL;
}

static const struct aaj_firewall_chain *find(const struct aaj_firewall_live *live, uint32_t uid, bool old)
{
    for (size_t i = 0; i < live->n_chains; i++)
        if (live->chain[i].uid == uid && live->chain[i].old == old)
            return &live->chain[i];
    return NULL;
}

static bool same_rule(const struct aaj_firewall_rule *a, const struct aaj_firewall_rule *b)
{
    return aaj_firewall_rule_eq(a, b) || (a->verdict == AAJ_FIREWALL_FOREIGN &&
                                          b->verdict == AAJ_FIREWALL_FOREIGN && aaj_str_eq(a->text, b->text));
}

bool aaj_firewall_live_same(const struct aaj_firewall_live *a, const struct aaj_firewall_live *b, uint32_t uid)
{
    bool same = true;

    for (unsigned old = 0; old < 2 && same; old++) {
        const struct aaj_firewall_chain *x = find(a, uid, old), *y = find(b, uid, old);

        same = !x == !y && (!x || x->n_rules == y->n_rules);
        for (size_t i = 0; x && same && i < x->n_rules; i++)
            same = same_rule(&x->rule[i], &y->rule[i]);
    }
    return same;
}

/* The first rules up to one that does not allow: among themselves they may stand in any order. */
static size_t allow_run(struct aaj_firewall_rule *rule, size_t n)
{
    size_t run = 0;

    while (run < n && rule[run].verdict == AAJ_FIREWALL_ALLOW)
        run++;
    aaj_firewall_rules_sort(rule, run);
    return run;
}

bool aaj_firewall_chain_is(const struct aaj_firewall_chain *live, const struct aaj_firewall_plan *plan,
                           unsigned families)
{
    struct aaj_firewall_rule *want, *have;
    bool same = false;
    size_t n;

    if (!live || !aaj_str_eq(live->jail, plan->jail) || live->n_rules > plan->n_rules)
        return false;
    want = calloc(plan->n_rules + 1, sizeof(*want));
    have = calloc(live->n_rules + 1, sizeof(*have));
    n = want && have ? aaj_firewall_rules_of(plan, families, want) : 0;
    if (n == live->n_rules && n > 0) {
        memcpy(have, live->rule, n * sizeof(*have));
        same = allow_run(want, n) == allow_run(have, n);
        for (size_t i = 0; i < n && same; i++)
            same = aaj_firewall_rule_eq(&want[i], &have[i]);
    }
    free(want);
    free(have);
    return same;
}
