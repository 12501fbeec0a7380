/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mode in the heads of profiles, changed in the text itself: flags=(complain). */
#pragma once

#include "base/arena.h"
#include "base/diag.h"

/*
 * @text with profile @name ("parent", "parent//child") and the profiles inside it set to complain mode, or to
 * enforce mode; an empty @name: all profiles. Only words of flags are put in or taken out, lines stay where
 * they are. A profile in kill mode enforces already. What an include brings in is not looked at.
 *
 * *ret_found: how many profiles that are; 0 is no error. -EINVAL with findings (@file stands for the text
 * in them) where the text cannot be read. *ret_text is @text itself where nothing is to be changed.
 */
int aaj_policy_set_mode(struct aaj_str text, struct aaj_str file, struct aaj_str name, bool complain,
                        struct aaj_arena *arena, struct aaj_diags *diags, struct aaj_str *ret_text,
                        size_t *ret_found);
