/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where in a profile that somebody keeps a new rule belongs. */
#pragma once

#include "policy/merge.h"

/* cover.c: false when the plain folders at the beginning of two globs of paths tell them apart. */
bool aaj_globs_begin_alike(struct aaj_str a, struct aaj_str b);

/* Beside the rule of its kind that is most like it; else where its kind usually stands. Before local
 * includes and child profiles. */
void aaj_place_rule(struct aaj_policy *policy, struct aaj_item *profile, struct aaj_item *rule);
/* Behind the last child, else at the end. */
void aaj_place_profile(struct aaj_policy *policy, struct aaj_item *parent, struct aaj_item *profile);
/* Behind the other includes, unless the profile has it. */
int aaj_place_include(struct aaj_merge *merge, struct aaj_item *profile, const struct aaj_item *include);
