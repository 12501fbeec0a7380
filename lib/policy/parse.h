/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading policy: the whole language of AppArmor 2.x to 5.x, whatever parser is installed. After an error
 * the reader goes on at the next rule, so that all of them are reported.
 */
#pragma once

#include "policy/ast.h"
#include "target/target.h"

enum aaj_policy_flags {
    /* Follow includes, evaluate variables and conditions, and check what rules mean, not only their form. */
    AAJ_POLICY_CHECK = 1u << 0,
    /* Follow includes, and evaluate the conditions whose variables are known: for what wants to see the
     * rules in force. Nothing is said about an include or a variable that is not there. */
    AAJ_POLICY_INCLUDES = 1u << 1,
    /* What stands inside a profile, such as an abstraction; not a file of profiles. */
    AAJ_POLICY_FRAGMENT = 1u << 2,
};

struct aaj_policy_options {
    unsigned flags;
    /* Where <…> is searched for, in this order; and no include may lead outside of all of them. */
    const char *const *base;
    size_t n_bases;
    /* Who opens includes: aaj_policy_open() when NULL. A reader that may open nothing asks somebody else. */
    int (*open)(void *ctx, const struct aaj_policy_options *options, size_t base, const char *path);
    void *open_ctx;
    /* NULL: none. With AAJ_POLICY_CHECK, warns of what its parser cannot read. */
    const struct aaj_target *target;
};

enum {
    AAJ_POLICY_MAX_TEXT = 16 * 1024 * 1024,  /* one file */
    AAJ_POLICY_MAX_TOTAL = 64 * 1024 * 1024, /* with everything it includes */
    AAJ_POLICY_MAX_FILES = 4096,
    AAJ_POLICY_MAX_NESTING = 256, /* of includes, and of blocks */
};

/*
 * Opens an include for reading: @path beneath base[@base]; with @base == n_bases a path like any other, which has
 * to lie beneath one of them. Never follows a link outside, and opens regular files and folders only. A descriptor;
 * -ENOENT, -EXDEV when it leads outside, -EINVAL when it is neither file nor folder, -errno.
 */
int aaj_policy_open(const struct aaj_policy_options *options, size_t base, const char *path);

/*
 * Reads @text, which @name stands for in findings. Whatever could be read is in *ret_policy, errors or
 * not; 0 when there were none, -EINVAL with located findings, -E2BIG, -ENOMEM (then there is no policy).
 * @text is copied. @options may be NULL: the form only.
 */
int aaj_policy_parse(struct aaj_str text, struct aaj_str name, const struct aaj_policy_options *options,
                     struct aaj_diags *diags, struct aaj_policy **ret_policy);

/* The same of a file; "-" is standard input. -errno with a finding when it cannot be read. */
int aaj_policy_read(const char *path, const struct aaj_policy_options *options, struct aaj_diags *diags,
                    struct aaj_policy **ret_policy);

/* One rule, "…," with or without the comma, or an include, which is not read: an unlinked item in @arena. */
int aaj_policy_parse_rule(struct aaj_arena *arena, struct aaj_str text, struct aaj_loc loc,
                          struct aaj_diags *diags, struct aaj_item **ret_item);
