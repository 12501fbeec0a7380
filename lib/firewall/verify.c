/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What differs between a plan and the kernel, in words. */
#include <errno.h>

#include "firewall/internal.h"

struct lines {
    struct aaj_arena *arena;
    struct aaj_str *line;
    size_t n, cap;
};

static int add(struct lines *l, const char *family, const char *what, struct aaj_str more)
{
    struct aaj_str text = aaj_arena_printf(l->arena, "%s: %s%.*s", family, what, AAJ_STR_ARG(more));

    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 16;
        struct aaj_str *line = aaj_arena_new_array(l->arena, cap, struct aaj_str);

        if (!line)
            return -ENOMEM;
        if (l->n)
            memcpy(line, l->line, l->n * sizeof(*line));
        l->line = line;
        l->cap = cap;
    }
    if (!text.p)
        return -ENOMEM;
    l->line[l->n++] = text;
    return 0;
}

static bool holds(const struct aaj_firewall_rule *rule, size_t n, const struct aaj_firewall_rule *want)
{
    for (size_t i = 0; i < n; i++)
        if (aaj_firewall_rule_eq(&rule[i], want))
            return true;
    return false;
}

static int diff_rules(struct lines *l, const char *family, const struct aaj_firewall_plan *plan,
                      const struct aaj_firewall_chain *live, unsigned families)
{
    size_t before = l->n;
    int r = 0;

    for (size_t i = 0; i < plan->n_rules && r == 0; i++) {
        struct aaj_firewall_rule want = plan->rule[i];

        want.families &= (uint8_t)families;
        if (want.families && !holds(live->rule, live->n_rules, &want))
            r = add(l, family, "missing: ", aaj_firewall_rule_text(l->arena, &want));
    }
    for (size_t k = 0; k < live->n_rules && r == 0; k++) {
        bool known = false;

        for (size_t i = 0; i < plan->n_rules && !known; i++) {
            struct aaj_firewall_rule want = plan->rule[i];

            want.families &= (uint8_t)families;
            known = want.families && aaj_firewall_rule_eq(&want, &live->rule[k]);
        }
        if (!known)
            r = add(l, family, "not in the plan: ", aaj_firewall_rule_text(l->arena, &live->rule[k]));
    }
    if (r == 0 && l->n == before && !aaj_str_eq(live->jail, plan->jail))
        r = add(l, family, "the chain belongs to another jail: ", live->jail);
    else if (r == 0 && l->n == before && !aaj_firewall_chain_is(live, plan, families))
        r = add(l, family, "the rules are not in the plan's order", AAJ_STR(""));
    return r;
}

static int verify_side(struct lines *l, const struct aaj_firewall_plan *plan, const struct aaj_firewall_live *live,
                       unsigned families)
{
    static const char *const names[] = { "none", "IPv4", "IPv6", "both families" };
    const struct aaj_firewall_chain *c = aaj_firewall_live_find(live, plan->uid);
    int r = 0;

    if (!families)
        return 0;
    if (!c)
        return add(l, names[families], "there is no chain for ", plan->user);
    r = diff_rules(l, names[families], plan, c, families);
    for (size_t i = 0; i < live->n_chains && r == 0; i++)
        if (live->chain[i].old && live->chain[i].uid == plan->uid)
            r = add(l, names[families], "a replacement was interrupted", AAJ_STR(""));
    for (size_t i = 0; i < live->n_problems && r == 0; i++)
        r = add(l, names[families], "", live->problem[i]);
    return r;
}

int aaj_firewall_verify(struct aaj_firewall *fw, const struct aaj_firewall_plan *plan, struct aaj_arena *arena,
                        struct aaj_diags *diags, struct aaj_str **ret_lines, size_t *ret_n)
{
    struct lines l = { .arena = arena };
    int r = 0;

    for (unsigned side = 0; side < fw->backend->n_sides && r == 0; side++) {
        struct aaj_firewall_live live = { 0 };
        unsigned families = 0;

        r = aaj_firewall_read(fw, side, diags, &live, &families);
        if (r == 0)
            r = verify_side(&l, plan, &live, families);
        aaj_firewall_live_clear(&live);
    }
    if (r == 0) {
        *ret_lines = l.line;
        *ret_n = l.n;
    }
    return r;
}
