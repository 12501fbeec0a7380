/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * New rules into a profile that somebody else keeps: beside their kind, none twice, everything else left
 * alone. aaj_policy_print_minimal() then writes a file in which only the needed lines differ.
 */
#pragma once

#include "base/diag.h"
#include "policy/ast.h"

struct aaj_merge {
    struct aaj_policy *into; /* read with AAJ_POLICY_INCLUDES, so that what its abstractions grant is known */
    struct aaj_diags *diags; /* conflicts, as warnings with both rules; may be NULL */
    bool drop_redundant;     /* take out rules of the file that a new one covers */

    /* Counted over all calls. */
    size_t added;     /* rules and profiles */
    size_t changed;   /* rules of the file that got more permissions */
    size_t present;   /* nothing to do: granted already */
    size_t dropped;   /* with drop_redundant */
    size_t conflicts; /* not added: another rule decides the exec, or a deny rule stands against it */
};

/* By name, "parent//child" included, or by what it attaches to. NULL: none. */
struct aaj_item *aaj_policy_find_profile(struct aaj_policy *policy, struct aaj_str name);

/*
 * Puts the rules of profile @from into profile @to of merge->into, and those of its children and hats into
 * the children of the same name; a child that is not there is added whole. Comments and provenance of new
 * rules are kept. Strings are shared: @from's policy must live as long as merge->into. 0, -ENOMEM, -E2BIG
 * (globs too complicated to compare).
 */
int aaj_policy_merge_profile(struct aaj_merge *merge, struct aaj_item *to, const struct aaj_item *from);

/* What a profile does when a name is executed: @glob has its variables put in. */
struct aaj_exec_decision {
    struct aaj_str glob;
    const struct aaj_item *rule;
};

/*
 * The exec rules of @profile and of what it includes, deny rules left out: those for one name before those with
 * wildcards, over which they win. In @policy's arena. 0 or -ENOMEM, -E2BIG.
 */
int aaj_policy_exec_decisions(struct aaj_policy *policy, struct aaj_item *profile,
                              struct aaj_exec_decision **ret_decision, size_t *ret_n);

/*
 * Does @a grant everything that @b does? By glob, permissions, owner and conditions. Variables of both are
 * taken as text. Deny rules cover nothing. 1, 0, -errno.
 */
int aaj_rule_covers(const struct aaj_rule *a, const struct aaj_rule *b);
