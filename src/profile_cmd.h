/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What load, enforce, complain, remove and status share. */
#pragma once

#include <json-c/json.h>

#include "kernel/blob.h"
#include "kernel/kernel.h"
#include "verb.h"

struct profile_cmd {
    const struct verb *verb;
    struct aaj_kernel kernel;
    struct aaj_arena arena;
    struct aaj_diags diags;
    const char *target; /* what profile text is compiled for; NULL = the default */
    bool json, dry_run;
    struct aaj_loaded *loaded; /* what the kernel held at the start */
    size_t n_loaded;
    json_object *out_profiles, *out_tasks; /* with json */
};

/* One argument: the profiles it stands for. */
struct profile_input {
    const char *arg;
    struct aaj_piece *piece;
    size_t n;
    struct aaj_str blob;
};

/* Checks the kernel and lists what it holds. An exit status. */
int profile_cmd_open(struct profile_cmd *cmd);
/* Prints the JSON and the findings and frees; returns @status. */
int profile_cmd_end(struct profile_cmd *cmd, int status);

/* @arg: a file of profile text or of compiled policy; with @names also a loaded profile's name, which goes
 * first. An exit status. */
int profile_input_open(struct profile_cmd *cmd, const char *arg, bool names, struct profile_input *ret_in);

/* A line of the result: what happened to a profile. */
void profile_cmd_tell(struct profile_cmd *cmd, const char *what, struct aaj_str name, struct aaj_str mode);

/* Names every task that should be in one of the profiles and is not, or is in a learning "null-" profile of
 * one: EXIT_FINDING when there is one. */
int profile_cmd_outside(struct profile_cmd *cmd, const struct profile_input *in, enum aaj_severity severity);

/* Names the tasks that bear one of the profiles; how many. */
size_t profile_cmd_bearers(struct profile_cmd *cmd, const struct profile_input *in);

/* As one finding and, in JSON, as an object of "tasks". */
void profile_cmd_task(struct profile_cmd *cmd, enum aaj_severity severity, const struct aaj_task *task,
                      const char *why);

bool piece_is_top(const struct aaj_piece *piece);
struct aaj_str mode_name(enum aaj_profile_mode mode);
