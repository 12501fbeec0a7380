/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the comparison of two profiles. */
#pragma once

#include "base/intern.h"
#include "check/diff.h"
#include "match/names.h"

struct differ {
    struct aaj_diff *out;
    struct aaj_intern keys;                /* id - 1 = entry, until they are sorted */
    const struct aaj_match_profile *a, *b; /* NULL: only the other has it */
    struct aaj_str profile;
    /* while a class of the policy automaton is walked */
    const char *class;
    struct aaj_str prefix;   /* of what is told: "inet stream" */
    enum aaj_perm_words words;
    uint32_t marks;          /* bits that are no rights */
    uint32_t had_a, had_b;   /* rights that are there without looking further */
    size_t shortest;         /* names below this length are no questions */
    struct aaj_str (*show)(struct differ *d, struct aaj_str name);
};

/* @example: kept; .p NULL: none. */
int aaj_diff_tell(struct differ *d, enum aaj_diff_direction direction, const char *class, struct aaj_str what,
                  struct aaj_str example);
/* What differs in all states that @start_a and @start_b (TRAP: none) lead to: class, prefix, words, marks and show are
 * set. */
int aaj_diff_walk(struct differ *d, uint32_t start_a, uint32_t start_b);
int aaj_diff_networks(struct differ *d);
int aaj_diff_classes(struct differ *d);
