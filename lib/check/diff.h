/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What two compiled policies say differently: by meaning, not by text. Automata are compared over all names, each
 * difference with an example.
 */
#pragma once

#include "match/match.h"

enum aaj_diff_direction {
    AAJ_DIFF_WIDER,    /* newly allowed */
    AAJ_DIFF_CHANGED,  /* allowed before and after, but leads elsewhere: counts as wider */
    AAJ_DIFF_NARROWER, /* no longer allowed */
};

enum { AAJ_DIFF_EXAMPLES = 3 };

struct aaj_diff_entry {
    enum aaj_diff_direction direction;
    struct aaj_str profile;
    const char *class;   /* "file", "exec", "capability", "network", "signal", …, "mode", "profile", "attachment" */
    struct aaj_str what; /* "rw", "owner w", "inet stream", "cx → ux" */
    struct aaj_str example[AAJ_DIFF_EXAMPLES]; /* shortest first; none where `what` says it all */
    size_t n_examples;
    size_t places; /* how many places of the automata differ so: all examples there could be */
};

struct aaj_diff {
    struct aaj_arena arena;
    struct aaj_diff_entry *entry; /* by direction, profile, class, what */
    size_t n, cap;
    bool wider;
};

/* -E2BIG when the automata are too large to be compared. */
int aaj_diff_run(const struct aaj_match *before, const struct aaj_match *after, struct aaj_diff *ret_diff);
void aaj_diff_clear(struct aaj_diff *diff);
