/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "learn/private.h"

int aaj_draft_add(struct aaj_learner *l, const struct aaj_draft *draft);
uint32_t aaj_rule_perms(uint32_t mask);

/* price.c: which patterns open existing files of others, or reach above the ceiling. */
struct aaj_priced {
    uint32_t node, grant;
    struct aaj_str pattern;
    bool owner, dear;
};
int aaj_price(struct aaj_learner *l, struct aaj_priced *item, size_t n);

/* redundant.c: drafts of file rules that a wider one of the same profile holds lose their item. */
int aaj_drop_redundant(struct aaj_learner *l);

/* assemble.c: drafts into the template's tree. */
int aaj_assemble(struct aaj_learner *l);
