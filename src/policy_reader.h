/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy and what it includes, read by a child without power (sandbox.h). The parent reads the file's bytes and opens
 * includes when the child asks, beneath the policy folders only (aaj_policy_open()); it parses none of them.
 */
#pragma once

#include "check/rules.h"
#include "policy/parse.h"
#include "sandbox.h"

struct policy_job {
    struct aaj_str text, name;
    struct aaj_policy_options options; /* whose includes the parent opens */
    void *data;
};

/* The child's work; as sandbox_fn. */
typedef int (*policy_fn)(const struct policy_job *job, FILE *out, struct aaj_diags *diags);

/* Runs @fn on the file ("-": standard input). As sandbox_run(); -errno with a finding when it cannot be read. */
int policy_run(const char *path, const struct aaj_policy_options *options, policy_fn fn, void *data,
               struct aaj_arena *arena, struct aaj_str *ret_text, struct aaj_diags *diags);

/* The rules of a profile text with what it includes. @diags NULL: as far as it can be read, without a word. */
int policy_read_rules(const char *path, const struct aaj_policy_options *options, struct aaj_rules *ret_rules,
                      struct aaj_diags *diags);
