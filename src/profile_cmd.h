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
    bool force;   /* remove: though tasks bear it */
    bool runtime; /* enforce, complain: the kernel alone */
    struct aaj_loaded *loaded; /* what the kernel held at the start */
    size_t n_loaded;
    json_object *out_profiles, *out_tasks, *out_files, *out_jails; /* with json */
};

/* One argument: the profiles it stands for. */
struct profile_input {
    const char *arg;
    struct aaj_piece *piece;
    size_t n;
    struct aaj_str blob;
    bool is_file, is_text; /* not a loaded profile's name; and profile text, not compiled policy */
};

/* A verb that changes profiles: what its operands may be, and what is done with each. */
struct profile_verb {
    bool names;          /* a loaded profile's name, which goes before a file of that name */
    const char *missing; /* usage error without operands */
    int (*each)(struct profile_cmd *cmd, struct profile_input *in); /* an exit status */
};

/* The verb from its options to its exit status: all operands are read before anything is changed; after a
 * status above EXIT_FINDING the rest is left alone. */
int profile_cmd_run(const struct verb *verb, int argc, char **argv, const struct profile_verb *how);

/* Checks the kernel, and that it may be changed or looked at, and lists what it holds. An exit status. */
int profile_cmd_open(struct profile_cmd *cmd);
int profile_cmd_look(struct profile_cmd *cmd);
/* Prints the JSON and the findings and frees; returns @status. */
int profile_cmd_end(struct profile_cmd *cmd, int status);

/* A line of the result: what happened to a profile. */
void profile_cmd_tell(struct profile_cmd *cmd, const char *what, struct aaj_str name, struct aaj_str mode);

/* Names every task that should be in one of the profiles and is not, or is in a learning "null-" profile of
 * one: EXIT_FINDING when there is one. */
int profile_cmd_outside(struct profile_cmd *cmd, const struct profile_input *in, enum aaj_severity severity);

/* Names the tasks that bear one of the profiles; how many. */
size_t profile_cmd_bearers(struct profile_cmd *cmd, const struct profile_input *in);

/* Warns of profiles that attach to the same programs, so that neither confines them; @in: only where one of
 * its profiles is concerned, which need not be loaded yet; NULL: all. EXIT_FINDING when there are any. */
int profile_cmd_clashes(struct profile_cmd *cmd, const struct profile_input *in);

/* As one finding and, in JSON, as an object of "tasks". */
void profile_cmd_task(struct profile_cmd *cmd, enum aaj_severity severity, const struct aaj_task *task,
                      const char *why);

bool piece_is_top(const struct aaj_piece *piece);
struct aaj_str mode_name(enum aaj_profile_mode mode);
