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
    bool split;           /* others of the list took its place */
    struct aaj_str whole; /* narrow.c: what it is all folders' part of */
};

struct aaj_price_list {
    struct aaj_priced *item;
    size_t n, cap;
};
int aaj_price_list_add(struct aaj_price_list *list, const struct aaj_priced *item);
int aaj_price(struct aaj_learner *l, struct aaj_priced *item, size_t n);

/* narrow.c: what is too dear is split by folder, and priced again. */
int aaj_narrow(struct aaj_learner *l, struct aaj_price_list *list);

/* emit.c */
bool aaj_is_owners(const struct aaj_learner *l, const struct aaj_grant *g);

/* variables.c: what the target's tunables have a name for is called by it. */
int aaj_name_places(struct aaj_learner *l);

/* redundant.c: drafts of file rules that a wider one of the same profile holds lose their item. */
int aaj_drop_redundant(struct aaj_learner *l);

/* declared.c: drafts of the manifest's rules, and of the sockets that its destinations need. */
int aaj_draft_manifest(struct aaj_learner *l);

/* present.c: is it in the template, or in an include of it? What is, is taken away from it. Not asked for files. */
bool aaj_is_present(struct aaj_learner *l, const struct aaj_draft *draft);
/* Takes away from @rule what @have grants; true when nothing is left. Of permissions only where the kind has any. */
bool aaj_rule_subtract(struct aaj_rule *rule, const struct aaj_rule *have);
bool aaj_rule_is_of_perms(enum aaj_rule_kind kind);

/* A draft in its place: by profile, kind of rule, name. */
struct aaj_sorted {
    struct aaj_draft draft;
    int rank;
    struct aaj_str text;
};

/* join.c */
/* What @from knows goes to @to, which says it, too. */
void aaj_draft_join(struct aaj_learner *l, struct aaj_draft *to, const struct aaj_draft *from);
int aaj_join_signals(struct aaj_learner *l);
/* The same said twice becomes one rule; permissions on one name are put together. Returns how many are left. */
size_t aaj_join_equal(struct aaj_learner *l, struct aaj_sorted *sorted, size_t n);

/* frame.c */
int aaj_frame_head(struct aaj_learner *l);
int aaj_frame_name(struct aaj_learner *l);
/* Opened behind all that is there. NULL: out of memory. */
struct aaj_item *aaj_frame_child(struct aaj_learner *l, uint32_t dom);

/* assemble.c: drafts into the template's tree. */
int aaj_assemble(struct aaj_learner *l);
