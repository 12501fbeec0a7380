/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the phases of a merge share: what the profile says already (merge_index.c), what that means for one
 * new rule (merge_rule.c), whole profiles (merge.c). */
#pragma once

#include "glob/glob.h"
#include "policy/merge.h"
#include "policy/place.h"
#include "policy/vars.h"

/* A rule of the profile or of what it includes. */
struct aaj_known {
    struct aaj_item *item;
    struct aaj_str value; /* FILE: the path, its variables put in */
    enum aaj_rule_owner owner;
    bool deny, wild;
    bool unsure; /* in a branch of an `if` that cannot be decided here: it may not be in force */
};

/* A rule that is no file rule; in @rule the variables of its conditions are put in. */
struct aaj_other {
    struct aaj_item *item;
    struct aaj_rule rule;
};

/* What one profile says already. */
struct aaj_merge_index {
    struct aaj_merge *merge;
    struct aaj_item *profile;
    struct aaj_vars vars;
    struct aaj_glob *glob; /* of all file rules; tags are indices of file[] */
    struct aaj_known *file;
    size_t n_files, cap_files;
    struct aaj_other *other; /* all other rules that are in force */
    size_t n_other, cap_other;
    uint32_t *tags;
    size_t cap_tags;
    struct aaj_rule_order order;
};

int aaj_merge_index_make(struct aaj_merge_index *ix);
void aaj_merge_index_clear(struct aaj_merge_index *ix);
/* @text with its variables put in; as it is where they are not known. */
int aaj_merge_expand(struct aaj_merge_index *ix, struct aaj_str text, struct aaj_str *ret_value);
/* An exact rule's exec wins over that of one with wildcards. */
bool aaj_merge_is_wild(struct aaj_str value);

/* merge_rule.c: adds the rule, lets one of the file grow, or counts why neither. */
int aaj_merge_rule(struct aaj_merge_index *ix, const struct aaj_item *mine);

/* merge.c: an unlinked copy, new in @into. NULL when memory is exhausted. */
struct aaj_item *aaj_merge_copy(struct aaj_policy *into, const struct aaj_item *from);
