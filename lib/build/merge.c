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
