/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Findings into a profile that somebody else keeps. What was learned is proved alone first, as for a new profile; the
 * whole file then has to compile and to allow what was learned, too. What it granted before is its keeper's affair: the
 * ceiling was applied to what is new.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "build/internal.h"
#include "policy/merge.h"
#include "policy/parse.h"
#include "policy/print.h"

static int print_minimal(FILE *out, const void *policy)
{
    return aaj_policy_print_minimal(out, policy);
}

int aaj_build_open_merge(const struct aaj_build_input *in, struct aaj_built *b, struct aaj_diags *diags)
{
    const char *base[] = { in->target->base };
    const struct aaj_policy_options options = { .flags = AAJ_POLICY_INCLUDES, .base = base, .n_bases = 1 };
    const struct aaj_str candidates[] = { in->label, in->manifest->jail.text, in->manifest->slave.text };
    int r = aaj_policy_parse(in->merge, in->merge_name, &options, diags, &b->merged);

    for (size_t i = 0; r == 0 && i < AAJ_ARRAY_SIZE(candidates) && !b->merge_into; i++)
        if (candidates[i].n)
            b->merge_into = aaj_policy_find_profile(b->merged, candidates[i]);
    if (r == 0 && !b->merge_into)
        r = aaj_error(diags, (struct aaj_loc){ .file = in->merge_name },
                      "it has no profile named '%.*s' and none that attaches to '%.*s'",
                      AAJ_STR_ARG(in->manifest->jail.text), AAJ_STR_ARG(in->manifest->slave.text));
    return r;
}

/* Where the learner would lead elsewhere than the rule does, nothing is learned: the rule stays as it is. */
static enum aaj_exec_action action_of(const struct aaj_file_rule *rule)
{
    if (rule->exec == AAJ_EXEC_IX)
        return AAJ_EXEC_INHERIT;
    if (rule->exec == AAJ_EXEC_CX && rule->scrub && !aaj_text_set(rule->target))
        return AAJ_EXEC_CHILD;
    if (rule->exec == AAJ_EXEC_PX && rule->scrub && !aaj_text_set(rule->target))
        return AAJ_EXEC_PROFILE;
    return AAJ_EXEC_DENY;
}

int aaj_build_merge_manifest(const struct aaj_build_input *in, struct aaj_built *b,
                             const struct aaj_manifest **ret_manifest)
{
    struct aaj_manifest *m = aaj_arena_new(&b->arena, struct aaj_manifest);
    struct aaj_exec_decision *decision;
    size_t n;
    int r = m ? aaj_policy_exec_decisions(b->merged, b->merge_into, &decision, &n) : -ENOMEM;

    if (r < 0)
        return r;
    *m = *in->manifest;
    m->exec = aaj_arena_new_array(&b->arena, m->n_exec + n + 1, struct aaj_exec_rule);
    if (!m->exec)
        return -ENOMEM;
    for (size_t i = 0; i < m->n_exec; i++)
        m->exec[i] = in->manifest->exec[i];
    for (size_t i = 0; i < n; i++)
        m->exec[m->n_exec++] = (struct aaj_exec_rule){
            .pattern = { decision[i].glob, aaj_item_loc(decision[i].rule) },
            .action = action_of(&decision[i].rule->rule.file),
        };
    *ret_manifest = m;
    return 0;
}

/* The learned profile of a policy: its first, which the template made. */
static const struct aaj_item *learned_profile(const struct aaj_policy *policy)
{
    const struct aaj_item *item = policy->top.first;

    while (item && item->kind != AAJ_ITEM_PROFILE)
        item = item->next;
    return item;
}

int aaj_build_merge(const struct aaj_build_input *in, struct aaj_built *b, struct aaj_diags *diags)
{
    struct aaj_merge merge = { .into = b->merged, .diags = diags };
    int r = aaj_policy_merge_profile(&merge, b->merge_into, learned_profile(b->learned->policy));

    if (r == 0)
        r = aaj_build_print(&b->arena, print_minimal, b->merged, &b->profile);
    b->merge_added = merge.added;
    b->merge_changed = merge.changed;
    b->merge_present = merge.present;
    b->merge_conflicts = merge.conflicts;
    return r == 0 ? aaj_build_prove_whole(in, b, diags) : r;
}
