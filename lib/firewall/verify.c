/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What differs between a plan and the kernel, in words. */
#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "firewall/internal.h"
#include "firewall/rules.h"

struct lines {
    struct aaj_arena *arena;
    struct aaj_str *line;
    size_t n, cap;
};

static int add(struct lines *l, const char *family, const char *what, struct aaj_str more)
{
    struct aaj_str text = aaj_arena_printf(l->arena, "%s: %s%.*s", family, what, AAJ_STR_ARG(more));

    if (!text.p || AAJ_GROW(l->line, l->n, l->cap) < 0)
        return -ENOMEM;
    l->line[l->n++] = text;
    return 0;
}

/* Both sorted: what only one of them has. A foreign rule is in no plan. */
static int diff_sorted(struct lines *l, const char *family, const struct aaj_firewall_rule *want,
                       size_t n_want, const struct aaj_firewall_rule *have, size_t n_have)
{
    size_t i = 0, k = 0;
    int r = 0;

    while ((i < n_want || k < n_have) && r == 0) {
        int cmp = i == n_want ? 1 : k == n_have ? -1 : aaj_firewall_rule_cmp(&want[i], &have[k]);

        if (cmp < 0)
            r = add(l, family, "missing: ", aaj_firewall_rule_text(l->arena, &want[i]));
        else if (cmp > 0)
            r = add(l, family, "not in the plan: ", aaj_firewall_rule_text(l->arena, &have[k]));
        i += cmp <= 0;
        k += cmp >= 0;
    }
    return r;
}

static int diff_rules(struct lines *l, const char *family, const struct aaj_firewall_plan *plan,
                      const struct aaj_firewall_chain *live, unsigned families)
{
    struct aaj_firewall_rule *want = calloc(plan->n_rules + 1, sizeof(*want)),
                             *have = calloc(live->n_rules + 1, sizeof(*have));
    size_t before = l->n, n;
    int r = want && have ? 0 : -ENOMEM;

    if (r == 0) {
        n = aaj_firewall_rules_of(plan, families, want);
        aaj_firewall_rules_sort(want, n);
        if (live->n_rules)
            memcpy(have, live->rule, live->n_rules * sizeof(*have));
        aaj_firewall_rules_sort(have, live->n_rules);
        r = diff_sorted(l, family, want, n, have, live->n_rules);
    }
    free(want);
    free(have);
    if (r < 0 || l->n > before)
        return r;
    if (!aaj_str_eq(live->jail, plan->jail))
        return add(l, family, "the chain belongs to another jail: ", live->jail);
    return aaj_firewall_chain_is(live, plan, families)
               ? 0
               : add(l, family, "the rules are not in the plan's order", AAJ_STR(""));
}

static int verify_side(struct lines *l, const struct aaj_firewall_plan *plan,
                       const struct aaj_firewall_live *live, unsigned families)
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

/* A chain of the same uid in a backend that is not asked: it refuses too, unseen. */
static int stale_elsewhere(struct lines *l, const struct aaj_firewall *fw,
                           const struct aaj_firewall_plan *plan)
{
    const struct aaj_firewall_backend *b = aaj_firewall_holder(fw, fw->backend, &plan->uid, 1, NULL);
    struct aaj_str text = b ? aaj_arena_printf(l->arena,
                                               "chain aajail-%u; 'aajail firewall remove --backend %s' takes "
                                               "it away",
                                               plan->uid, b->name)
                            : AAJ_STR("");

    if (!text.p)
        return -ENOMEM;
    return b ? add(l, b->name, "a stale ", text) : 0;
}

int aaj_firewall_verify(struct aaj_firewall *fw, const struct aaj_firewall_plan *plan,
                        struct aaj_arena *arena, struct aaj_diags *diags, struct aaj_str **ret_lines,
                        size_t *ret_n)
{
    struct lines l = { .arena = arena };
    struct aaj_str *line = NULL;
    int r = 0;

    for (unsigned side = 0; side < fw->backend->n_sides && r == 0; side++) {
        struct aaj_firewall_live live = { 0 };
        unsigned families = 0;

        r = aaj_firewall_read(fw, side, diags, &live, &families);
        if (r == 0)
            r = verify_side(&l, plan, &live, families);
        aaj_firewall_live_clear(&live);
    }
    if (r == 0)
        r = stale_elsewhere(&l, fw, plan);
    if (r == 0 && l.n) {
        line = aaj_arena_new_array(arena, l.n, struct aaj_str);
        if (line)
            memcpy(line, l.line, l.n * sizeof(*line));
        else
            r = -ENOMEM;
    }
    free(l.line);
    if (r == 0) {
        *ret_lines = line;
        *ret_n = l.n;
    }
    return r;
}
