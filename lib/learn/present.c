/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the template or an include says already needs no rule of its own. */
#include <errno.h>

#include "learn/emit.h"
#include "policy/merge.h"

bool aaj_rule_is_of_perms(enum aaj_rule_kind kind)
{
    return kind >= AAJ_RULE_NETWORK && kind <= AAJ_RULE_IO_URING && kind != AAJ_RULE_CHANGE_PROFILE && kind != AAJ_RULE_RLIMIT;
}

bool aaj_rule_subtract(struct aaj_rule *rule, const struct aaj_rule *have)
{
    struct aaj_rule part = *rule;

    if (rule->kind != have->kind)
        return false;
    if (aaj_rule_is_of_perms(rule->kind) && rule->access.perms && have->access.perms)
        part.access.perms &= have->access.perms;
    else if (!aaj_rule_is_of_perms(rule->kind) || !rule->access.perms)
        return aaj_rule_covers(have, rule) > 0;
    if (!part.access.perms || aaj_rule_covers(have, &part) <= 0)
        return false;
    rule->access.perms &= ~part.access.perms;
    return rule->access.perms == 0;
}

struct search {
    struct aaj_rule *rule;
    bool found;
};

static int look(void *ctx, struct aaj_item *item)
{
    struct search *s = ctx;

    if (item->kind == AAJ_ITEM_RULE && aaj_rule_subtract(s->rule, &item->rule))
        s->found = true;
    return s->found;
}

bool aaj_is_present(struct aaj_learner *l, const struct aaj_draft *d)
{
    struct aaj_item *profile = d->dom == 0 ? l->main : aaj_first_profile(l->child);
    struct search s = { .rule = &d->item->rule };

    if (d->item->kind != AAJ_ITEM_RULE || d->item->rule.kind == AAJ_RULE_FILE || d->item->rule.kind == AAJ_RULE_LINK)
        return false;
    aaj_block_walk(&profile->profile.body, true, look, &s);
    return s.found;
}
