/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where in a profile that somebody keeps a new rule belongs. */
#pragma once

#include "policy/merge.h"

/* cover.c: false when the plain folders at the beginning of two globs of paths tell them apart. */
bool aaj_globs_begin_alike(struct aaj_str a, struct aaj_str b);

/* The rules of one profile, ordered by kind and by what rules of a kind are ordered by: a neighbour is found without
 * looking at all of them. { 0 } is empty; the first rule that is placed fills it. */
struct aaj_rule_order {
    struct aaj_item **rule;
    size_t n, cap;
    bool filled;
    struct aaj_item *stray; /* the last rule that belonged to no group of the file's; NULL: none yet */
};
void aaj_rule_order_clear(struct aaj_rule_order *order);

/* Beside the rule of its kind that is most like it; else where its kind usually stands. Before local
 * includes and child profiles. 0 or -ENOMEM. */
int aaj_place_rule(struct aaj_rule_order *order, struct aaj_policy *policy, struct aaj_item *profile,
                   struct aaj_item *rule);
/* Behind the last child, else at the end. */
void aaj_place_profile(struct aaj_policy *policy, struct aaj_item *parent, struct aaj_item *profile);
/* Behind the other includes, unless the profile has it. */
int aaj_place_include(struct aaj_merge *merge, struct aaj_item *profile, const struct aaj_item *include);
/* A new include is spelled as those of the file are: `include` or `#include`. */
void aaj_place_spell(struct aaj_policy *policy, const struct aaj_item *profile, struct aaj_item *include);
