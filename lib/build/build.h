/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One jail, from manifest and recording to everything that is put in force: learn, print, compile, prove, plan
 * the chain. Nothing is written and nothing on the system changes; root is not needed.
 */
#pragma once

#include "ceiling/ceiling.h"
#include "check/proof.h"
#include "check/surface.h"
#include "firewall/plan.h"
#include "learn/learn.h"
#include "manifest/manifest.h"
#include "recording/recording.h"
#include "target/target.h"

struct aaj_build_input {
    const struct aaj_manifest *manifest;
    struct aaj_recording *recording;
    struct aaj_fsview *files; /* what exists; NULL: only what the recording knows */
    bool surface;             /* count which of them the profile opens */
    bool files_named;         /* they are an input like others: what is counted may stand in the report */
    const struct aaj_target *target;
    const char *datadir;      /* of the ceiling */
    struct aaj_str label;     /* in the recording; empty: aaj_learn_label() finds it */
    uint32_t infer_off;       /* 1u << enum aaj_infer */
    bool grant_denied;        /* denied events become rules too */
    bool comments;            /* each rule says where it comes from */
    const char *profiles;     /* the folder of the machine's other profiles: none may attach to the slave; NULL: unknown */
    struct aaj_str merge, merge_name; /* a profile's text to put the findings into, and its path; empty: a new one */
    const struct aaj_manifest *const *other; /* the other jails of this machine: their roots are out of reach */
    size_t n_others;
    const struct aaj_str *pool; /* aaj_build_family()'s: the names of a master's pools */
    size_t n_pools;
};

struct aaj_built {
    struct aaj_arena arena;
    struct aaj_learned *learned;
    struct aaj_ceiling *ceiling;
    struct aaj_firewall_plan *plan;
    struct aaj_str profile; /* AppArmor text; with a merge the whole file, unchanged but for what was needed */
    struct aaj_str own_file; /* its plain name in a folder of profiles */
    struct aaj_policy *merged; /* NULL without a merge */
    struct aaj_item *merge_into;
    size_t merge_added, merge_changed, merge_present, merge_conflicts;
    struct aaj_str policy;  /* compiled for the target: what was proved */
    struct aaj_proof_result proof;
    bool surfaced;           /* files were counted: */
    struct aaj_surface surface;
    struct aaj_rules surface_rules; /* what surface.source speaks of */
    struct aaj_policy *surface_policy;
    struct aaj_str firewall_v4, firewall_v6, firewall_nft;
    struct aaj_str *name; /* of every profile, in the text's order */
    size_t n_names;
    unsigned unmediated; /* enum aaj_mediation: what the target's kernel does not look at */
};

/* -EINVAL: manifest, template or recording cannot be used; -ENOENT: the slave does not occur in the recording;
 * -EPERM: something could not be proved; each with findings. Otherwise -errno of a part that could not be run. */
int aaj_build_run(const struct aaj_build_input *input, struct aaj_diags *diags, struct aaj_built **ret_built);
/*
 * A master and its pools, which are profiles inside the master's: @input[0] is the master's, the others are its pools',
 * each with its own manifest, ceiling and recording. Fills @ret_built with as many: the profile and the policy of
 * each are the whole's, everything else its own.
 */
int aaj_build_family(struct aaj_build_input *input, size_t n, struct aaj_diags *diags, struct aaj_built **ret_built);
struct aaj_built *aaj_built_free(struct aaj_built *built);
