/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "build/build.h"

/* What a printer writes, as a slice in @arena. */
int aaj_build_print(struct aaj_arena *arena, int (*print)(FILE *out, const void *what), const void *what,
                    struct aaj_str *ret_text);

/* prove.c: compiles built->profile for the target and proves it; the bytes that were proved become built->policy.
 * -EPERM with findings when something does not hold. */
int aaj_build_prove(const struct aaj_build_input *in, struct aaj_built *b, struct aaj_diags *diags);

/* The same of a whole file after a merge: it compiles, allows what was learned, and passes the manifest's tests. */
int aaj_build_prove_whole(const struct aaj_build_input *in, struct aaj_built *b, struct aaj_diags *diags);

/* A master with its pools. */
struct aaj_build_whole {
    struct aaj_str text, file; /* the profile, and its plain name */
    struct aaj_str policy;     /* compiled; empty before the first part is proved */
    struct aaj_str *name;      /* of all profiles in it */
    size_t n_names;
};

/* Of one part of it, whose profiles b->name holds: that the whole allows what the part learned, and that these
 * profiles keep below the part's own ceiling. */
int aaj_build_prove_part(const struct aaj_build_input *in, struct aaj_built *b, const struct aaj_build_whole *whole,
                         struct aaj_diags *diags);

/* b->name: the names that the parser will give the profiles in @policy. */
int aaj_build_find_names(struct aaj_built *b, struct aaj_policy *policy);

/* build.c: a jail's beginning, what is learned, and its chain. */
int aaj_build_start(const struct aaj_build_input *in, struct aaj_diags *diags, struct aaj_built **ret_built);
int aaj_build_learn(const struct aaj_build_input *in, struct aaj_built *b, struct aaj_diags *diags);
int aaj_build_plan(const struct aaj_build_input *in, struct aaj_built *b, struct aaj_diags *diags);

/* merge.c: reads in->merge and finds the profile in it, whose name the learned one then takes. */
int aaj_build_open_merge(const struct aaj_build_input *in, struct aaj_built *b, struct aaj_diags *diags);

/* The manifest with what the profile decides about exec behind what it says itself: a program that the profile runs
 * in its own way is learned that way. Lives in built->arena. */
int aaj_build_merge_manifest(const struct aaj_build_input *in, struct aaj_built *b,
                             const struct aaj_manifest **ret_manifest);

/* Puts the learned rules into it; built->profile becomes the whole file, and is proved. */
int aaj_build_merge(const struct aaj_build_input *in, struct aaj_built *b, struct aaj_diags *diags);

/* size.c: after a failure. A profile of thousands of rules is its cause, and what can be done about it is said. */
void aaj_build_explain_size(const struct aaj_build_input *in, const struct aaj_built *b, struct aaj_diags *diags);

/* surface.c: built->surface, over all files that are known. */
int aaj_build_surface(const struct aaj_build_input *in, struct aaj_built *b);
