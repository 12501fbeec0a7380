/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A capability that is asked for and not needed. Where the mode of a file or folder forbids to read or search it, Linux asks for
 * dac_read_search first and, when that is refused, for dac_override (fs/namei.c, generic_permission(), since 4.12; the other way
 * round before). So a profile that has dac_override, since the slave also writes such files, does without the other: seen with
 * Linux 6.1. Only open_by_handle_at(2) and linkat(2) with AT_EMPTY_PATH ask for dac_read_search alone, and these are ways out of a
 * chroot or a mount namespace: nothing to be learned.
 */
#include <errno.h>

#include "learn/emit.h"

static bool is_named(const struct aaj_rule *rule, struct aaj_str capability)
{
    for (uint32_t i = 0; rule->kind == AAJ_RULE_CAPABILITY && i < rule->capability.n; i++)
        if (aaj_str_eq(rule->capability.item[i].value, capability))
            return true;
    return false;
}

/* By a rule that was learned, or by the manifest's, the template's, an include's. */
static bool has_override(struct aaj_learner *l, uint32_t dom)
{
    struct aaj_draft draft = { .dom = dom, .item = aaj_rule_capability(l->arena, "dac_override") };

    for (size_t i = 0; i < l->n_drafts; i++) {
        const struct aaj_item *item = l->draft[i].item;

        if (l->draft[i].dom == dom && item && item->kind == AAJ_ITEM_RULE && item->rule.prefix.mode != AAJ_MODE_DENY &&
            is_named(&item->rule, AAJ_STR("dac_override")))
            return true;
    }
    return draft.item && aaj_is_present(l, &draft);
}

void aaj_find_needless(struct aaj_learner *l)
{
    for (size_t i = 0; i < l->out->n_refused; i++) {
        struct aaj_refused *r = &l->out->refused[i];
        const struct aaj_access *a = &l->access[r->access];
        uint32_t dom;

        if (r->why != AAJ_REFUSED_CEILING || a->class != AAJ_CLASS_CAPABILITY ||
            !aaj_str_eq(aaj_arg(l, a, AAJ_CAP_NAME), AAJ_STR("dac_read_search")))
            continue;
        dom = aaj_tree_place(l, a->label).dom;
        if (dom != AAJ_NO && has_override(l, l->dom[dom].same))
            *r = (struct aaj_refused){ r->access, AAJ_REFUSED_NEEDLESS, AAJ_STR("capability dac_read_search") };
    }
}
