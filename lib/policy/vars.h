/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Variables of policy: @{NAME} = values, $NAME = truth; and what a text comes to with them. */
#pragma once

#include "base/intern.h"
#include "policy/ast.h"

struct aaj_var;

struct aaj_vars {
    struct aaj_intern names; /* id of a name -> var[id] */
    struct aaj_var *var;
    size_t cap;
    struct aaj_arena arena;
};

int aaj_vars_init(struct aaj_vars *vars);
void aaj_vars_clear(struct aaj_vars *vars);

/* Follows an assignment. -EINVAL with a sentence in *ret_why (static): set twice, or added to before it is
 * set. @truth: of a BOOLEAN. */
int aaj_vars_assign(struct aaj_vars *vars, const struct aaj_item *item, bool truth, const char **ret_why);
/* A value of the moment, such as @{profile_name}: stands before the file's own until it is unset. */
int aaj_vars_set(struct aaj_vars *vars, struct aaj_str name, struct aaj_str value);
void aaj_vars_unset(struct aaj_vars *vars, struct aaj_str name);

/* 1 or 0; of a boolean its value in *ret_truth. -EINVAL when it is a variable of the other kind. */
int aaj_vars_boolean(const struct aaj_vars *vars, struct aaj_str name, bool *ret_truth);
/* By the policy itself, and not only for the moment. */
bool aaj_vars_assigned(const struct aaj_vars *vars, struct aaj_str name);
bool aaj_vars_defined(const struct aaj_vars *vars, struct aaj_str name);

/* The values of a variable, those of variables in them put in; sorted, each once. */
int aaj_vars_values(struct aaj_vars *vars, struct aaj_str name, struct aaj_arena *arena,
                    const struct aaj_str **ret_value, size_t *ret_n, struct aaj_str *ret_missing);

/*
 * @text with its variables replaced by their values, several as an alternation `{a,b}`; the result lives
 * in @arena. -ENOENT: *ret_missing is a variable that was never set; -EINVAL: *ret_missing is no name of a
 * variable; -ELOOP: variables that use each other; -E2BIG.
 */
int aaj_vars_expand(struct aaj_vars *vars, struct aaj_arena *arena, struct aaj_str text, struct aaj_str *ret_text,
                    struct aaj_str *ret_missing);
