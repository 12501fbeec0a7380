/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the phases of 'aajail build' share: reading what was asked (cmd_build.c), building (build_group.c), and handing
 * over what was built (build_deliver.c). */
#pragma once

#include "build/build.h"
#include "manifests.h"
#include "reader.h"
#include "verb.h"

/* What was asked. */
struct build_args {
    const struct verb *verb;
    struct paths logs, recordings;
    const char *executable, *user, *label, *root, *list, *target, *output, *merge, *profiles;
    uint32_t infer_off;
    bool grant_denied, grant_dests, comments, no_surface, dry_run, json;
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

/* Shows the reports, prints or writes the artefacts. An exit status. */
int build_deliver(const struct build_args *args, const struct build_group *group, struct aaj_diags *diags);
