/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What two plans both allow: the chain under which either may be on its way to the other. */
#include <errno.h>
#include <stdlib.h>

#include "firewall/rules.h"

/* Pairs that are looked at; beyond, only rules that both have stay, which is less than both allow. */
enum { PAIRS_MAX = 250000 };

/* Allowing rules come first. */
static size_t count_allowing(const struct aaj_firewall_plan *plan)
{
    size_t n = 0;

    while (n < plan->n_rules && plan->rule[n].verdict == AAJ_FIREWALL_ALLOW)
        n++;
    return n;
}

/* False when no packet matches both. */
static bool meet_rules(const struct aaj_firewall_rule *a, const struct aaj_firewall_rule *b,
                       struct aaj_firewall_rule *ret)
{
    const struct aaj_firewall_rule *wide = a->prefix <= b->prefix ? a : b, *narrow = wide == a ? b : a;
    struct aaj_firewall_rule r = *narrow;

    r.families = a->families & b->families;
    r.proto = a->proto ? a->proto : b->proto;
    r.reply = a->reply || b->reply;
    r.port_lo = a->port_lo > b->port_lo ? a->port_lo : b->port_lo;
    r.port_hi = a->port_hi < b->port_hi ? a->port_hi : b->port_hi;
    if (!r.families || (a->proto && b->proto && a->proto != b->proto) || r.port_lo > r.port_hi ||
        !aaj_firewall_prefix_covers(&wide->addr, wide->prefix, &narrow->addr))
        return false;
    *ret = r;
    return true;
}

int aaj_firewall_plan_meet(const struct aaj_firewall_plan *a, const struct aaj_firewall_plan *b,
                           struct aaj_firewall_plan **ret_plan)
{
    size_t n_a = count_allowing(a), n_b = count_allowing(b);
    bool equal_only = n_b && n_a > PAIRS_MAX / n_b;
    struct aaj_firewall_plan *plan = NULL;
    struct aaj_firewall_rule rule;
    int r = aaj_firewall_plan_closed(b->jail, b->uid, &plan);

    /* Both lists have one order: rules that both have are found in one walk. */
    for (size_t i = 0, k = 0; i < n_a && equal_only && r == 0; i++) {
        while (k < n_b && aaj_firewall_rule_cmp(&b->rule[k], &a->rule[i]) < 0)
            k++;
        if (k < n_b && aaj_firewall_rule_eq(&a->rule[i], &b->rule[k]))
            r = aaj_firewall_rules_add(plan, &a->rule[i]);
    }
    for (size_t i = 0; i < n_a && !equal_only && r == 0; i++)
        for (size_t k = 0; k < n_b && r == 0; k++)
            if (meet_rules(&a->rule[i], &b->rule[k], &rule))
                r = aaj_firewall_rules_add(plan, &rule);
    if (r < 0) {
        aaj_firewall_plan_free(plan);
        return r;
    }
    aaj_firewall_rules_canonical(plan);
    *ret_plan = plan;
    return 0;
}
