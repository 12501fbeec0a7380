/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What would this policy have done to what was observed? Label chains of the log ("P//null-/usr/bin/dash") are
 * followed through the transitions that the policy would really take, so that a child is judged by the profile
 * it would run under, and what hangs below a refused exec is told apart.
 */
#pragma once

#include "check/decide.h"

/* A label of the log, with all below it, and what it is in the policy. */
struct aaj_replay_root {
    struct aaj_str label;
    const struct aaj_match_profile *profile;
};

struct aaj_replay_input {
    const struct aaj_match *match;
    struct aaj_recording *recording;
    const struct aaj_replay_root *root;
    size_t n_roots;
    struct aaj_str only; /* this label and what is below it; empty: all */
    /* May be NULL: told of each access, and under which profile (NULL: none) it was judged. */
    void (*decided)(void *ctx, size_t access, const struct aaj_match_profile *profile,
                    const struct aaj_replay_decision *decision);
    void *ctx;
};

enum aaj_replay_kind {
    AAJ_REPLAY_GROUP_DENIED,
    AAJ_REPLAY_GROUP_UNREACHED, /* below an exec that is refused: the whole label */
    AAJ_REPLAY_GROUP_UNDECIDED,
    AAJ_REPLAY_GROUP_UNCONFINED, /* runs outside of all confinement */
};

/* Accesses that one rule would allow, or that one reason covers. */
struct aaj_replay_group {
    enum aaj_replay_kind kind;
    struct aaj_str profile; /* of the policy; UNREACHED: the log's label */
    enum aaj_class class;
    struct aaj_str rule; /* what would allow it, with its comma; empty where no rule can */
    struct aaj_str why;
    size_t accesses;
    uint64_t events;
    bool only_denied; /* was already denied when it was observed */
    size_t access;    /* the first, an index into aaj_recording_accesses() */
};

struct aaj_replay_result {
    struct aaj_arena arena;
    struct aaj_replay_group *group; /* by kind, profile, class, rule */
    size_t n_groups, cap_groups;
    size_t accesses[AAJ_REPLAY_UNDECIDED + 1]; /* by enum aaj_replay_verdict */
    uint64_t events[AAJ_REPLAY_UNDECIDED + 1];
    size_t unreached, unconfined; /* accesses: not in the counts above */
    size_t others;                /* accesses below none of the roots: not judged */
};

/* Is anything denied, unreached or undecided? */
bool aaj_replay_clean(const struct aaj_replay_result *result);

int aaj_replay_run(const struct aaj_replay_input *input, struct aaj_replay_result *ret_result);
void aaj_replay_clear(struct aaj_replay_result *result);

struct aaj_replay_roots {
    struct aaj_replay_root *root;
    size_t n;
    struct aaj_str only;           /* what was wanted */
    struct aaj_label_count *other; /* labels of the log that are none of the policy's profiles */
    size_t n_others;
};

/*
 * Which labels of the log are which profiles of the policy. A label is the profile of its name, else the one that
 * attaches to it. With @wanted that label alone, with what is below it (a part of a chain, too, "P//hat"); where no
 * profile is called so it is the policy's first. Without: all that can be told, else the log's only one for the policy's only one. -ENOENT with
 * a finding that lists the labels; -ENOMEM.
 */
int aaj_replay_roots(struct aaj_recording *rec, const struct aaj_match *match, struct aaj_str wanted,
                     struct aaj_diags *diags, struct aaj_replay_roots *ret_roots);
void aaj_replay_roots_clear(struct aaj_replay_roots *roots);

/* The rule that would allow @access in a profile, as policy text; .p is NULL when memory is exhausted, empty when no
 * rule can. @owner: only for the file's owner. */
struct aaj_str aaj_replay_rule(struct aaj_recording *rec, const struct aaj_access *access, uint32_t mask, bool owner,
                               struct aaj_arena *arena);
