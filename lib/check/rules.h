/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of a policy text with everything it includes, each under the profile that it speaks for, variables
 * filled in: to say which rule it was.
 */
#pragma once

#include <stdio.h>

#include "glob/glob.h"
#include "policy/ast.h"
#include "recording/recording.h"

struct aaj_listed_rule {
    const struct aaj_item *item;
    struct aaj_str profile; /* "parent//child" */
    struct aaj_str include; /* "abstractions/base": what the profile itself includes; empty: its own rule */
    struct aaj_str pattern; /* FILE, LINK: the glob, variables filled in; empty else */
    struct aaj_prefix prefix; /* with that of the blocks around it */
    struct aaj_loc loc;
    struct aaj_str text;
};

struct aaj_listed_profile {
    struct aaj_str name, attachment; /* attachment: variables filled in; its own name where that is a path */
    const struct aaj_item *item;
    struct aaj_loc loc;     /* of its header */
    struct aaj_glob *files; /* file rules; a tag is an index into rule[] */
    bool has_abi;
    bool has_additions; /* a place for the administrator's: `include … <local/…>`, or, where rules were learned, the manifest */
};

struct aaj_rules {
    struct aaj_arena arena;
    struct aaj_listed_rule *rule;
    size_t n_rules, cap_rules;
    struct aaj_listed_profile *profile;
    size_t n_profiles, cap_profiles;
    bool has_abi;
};

/* @policy read with AAJ_POLICY_CHECK, so that includes are there; it has to outlive *ret_rules. Rules whose
 * variables cannot be filled in have no pattern. */
int aaj_rules_list(struct aaj_policy *policy, struct aaj_rules *ret_rules);
void aaj_rules_clear(struct aaj_rules *rules);

/* As text, and back: from the process that read the policy to the one that works with it. What is read is hostile. A
 * profile that was read has no item; a rule's item is the rule alone, linked nowhere. -EPROTO: not what was written. */
int aaj_rules_write(const struct aaj_rules *rules, FILE *out);
int aaj_rules_read(struct aaj_str text, struct aaj_rules *ret_rules);

const struct aaj_listed_profile *aaj_rules_profile(const struct aaj_rules *rules, struct aaj_str name);

/* The rules (indices, at most @cap of them) of @profile that grant any of @mask on @name; how many. */
size_t aaj_rules_grant(const struct aaj_listed_profile *profile, const struct aaj_rules *rules, struct aaj_str name,
                       uint32_t mask, uint32_t *ret_rule, size_t cap);

/* Does the rule speak of what @access did, as far as its text tells (class and first arguments)? Not for files. */
bool aaj_rules_speaks_of(const struct aaj_listed_rule *rule, struct aaj_recording *rec, const struct aaj_access *access);
