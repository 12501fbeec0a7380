/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the profiles of a policy open of one file after the other. Names are to come in byte order: each is walked only from
 * where it differs from the one before, which for a tree is the last part of it.
 */
#pragma once

#include "match/match.h"

struct aaj_opens;

int aaj_opens_new(const struct aaj_match *match, struct aaj_opens **ret_opens);
struct aaj_opens *aaj_opens_free(struct aaj_opens *opens);

/* AAJ_PERM_* that any of the profiles grants on @path, to the file's owner and to others. */
void aaj_opens_ask(struct aaj_opens *opens, struct aaj_str path, uint32_t *ret_owner, uint32_t *ret_other);

/* Could any of them grant anything below the folder @dir? */
bool aaj_opens_below(struct aaj_opens *opens, struct aaj_str dir);
