/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What includes and templates grant already: file rules of a block as one automaton. Internal to lib/learn. */
#pragma once

#include "glob/glob.h"
#include "policy/ast.h"
#include "policy/vars.h"
#include "target/target.h"

struct aaj_cover_rule {
    uint32_t perms;
    bool owner;
    const struct aaj_item *item; /* in the policy it was made from */
};

struct aaj_cover {
    struct aaj_glob *glob;
    struct aaj_cover_rule *rule; /* tag = index */
    size_t n, cap;
};

/* The rules of @profile in @policy, includes followed (the policy was read with AAJ_POLICY_INCLUDES). What
 * cannot be understood grants nothing. */
int aaj_cover_make(struct aaj_policy *policy, struct aaj_item *profile, struct aaj_cover **ret_cover);
struct aaj_cover *aaj_cover_free(struct aaj_cover *cover);

/* The variables that @policy and its includes set. -ENOMEM. */
int aaj_cover_variables(struct aaj_policy *policy, struct aaj_vars *vars);

/* The permissions that a name has; rules for owners only where @owner. */
int aaj_cover_perms(struct aaj_cover *cover, struct aaj_str name, bool owner, uint32_t *ret_perms);

/* The same where the name led the automaton. */
uint32_t aaj_cover_perms_at(const struct aaj_cover *cover, uint32_t state, bool owner);

/* "profile x { include <abstractions/NAME> }", read for the target. */
int aaj_cover_read(const struct aaj_target *target, struct aaj_str text, struct aaj_str name, struct aaj_diags *diags,
                   struct aaj_policy **ret_policy);
/* The first profile at top level; NULL when there is none. */
struct aaj_item *aaj_first_profile(struct aaj_policy *policy);
