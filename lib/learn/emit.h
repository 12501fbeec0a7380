/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "learn/private.h"

int aaj_draft_add(struct aaj_learner *l, const struct aaj_draft *draft);
uint32_t aaj_rule_perms(uint32_t mask);

/* price.c: 1 when the pattern opens existing files of others, 0 when not, -errno. */
int aaj_price_is_dear(struct aaj_learner *l, uint32_t node, const struct aaj_grant *g, struct aaj_str pattern,
                      bool owner);

/* assemble.c: drafts into the template's tree. */
int aaj_assemble(struct aaj_learner *l);
