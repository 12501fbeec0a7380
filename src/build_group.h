/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the phases of 'aajail build' share: reading what was asked (cmd_build.c), building (build_group.c), and handing
 * over what was built (build_deliver.c). */
#pragma once

#include "build/build.h"
#include "manifests.h"
#include "reader.h"
#include "verb.h"

struct build_group;
struct build_shared;

/* What was asked. */
struct build_args {
    const struct verb *verb;
    struct paths logs, recordings;
    const char *executable, *user, *label, *root, *list, *target, *output, *merge, *profiles;
    uint32_t infer_off;
    bool grant_denied, grant_dests, comments, no_surface, dry_run, json;
    /* What is done with what was built: build_deliver(), or another verb's. */
    int (*deliver)(const struct build_args *args, struct build_group *group, struct build_shared *shared);
};

/* What all jails of one call share. */
struct build_shared {
    struct aaj_target *target;
    struct aaj_fsview *files;
    struct aaj_arena arena;
    struct manifests jails;
    struct aaj_diags diags;
};

/* One jail of a group: what it is built from, what was built, and what its report says. */
struct build_part {
    struct aaj_str manifest, report, page;
    const struct aaj_manifest **other;
};

struct build_group {
    const size_t *member; /* into jails; the first gives the artefacts their name */
    size_t n;
    struct aaj_build_input *in;
    struct aaj_built **built;
    struct build_part *part;
};

/* Builds a jail, or a master with its pools: those of @shared that @member names. An exit status. */
int build_group_run(const struct build_args *args, struct build_shared *shared, const size_t *member, size_t n);

/* The whole of a verb: opens the manifests and what they are built with, and runs each group. An exit status. */
int build_jails(const struct build_args *args, char **operand, int n);

/* @text in place of the manifest of the group's member @k. 0 or -errno with findings. */
int build_group_set_manifest(struct build_shared *shared, const struct build_group *group, size_t k, struct aaj_str text);

/* Builds what @group's inputs say, where .built is empty. As aaj_build_run(). */
int build_group_again(struct build_shared *shared, const struct build_group *group);

/* Shows the reports, prints or writes the artefacts. An exit status. */
int build_deliver(const struct build_args *args, struct build_group *group, struct build_shared *shared);
