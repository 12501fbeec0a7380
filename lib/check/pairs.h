/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every pair of states that two automata of compiled policy reach by the same bytes, NULs included. */
#pragma once

#include "match/dfa.h"

/* @name: the shortest bytes that lead there. Non-zero ends the walk and is returned. */
typedef int (*aaj_pair_visit)(void *ctx, struct aaj_str name, uint32_t a, uint32_t b);

/* What names are like, and so which of equally short ones are preferred as examples. */
enum aaj_pair_names {
    AAJ_PAIRS_WORDS,
    AAJ_PAIRS_PATHS,   /* only what the kernel can say: no "//" */
    AAJ_PAIRS_NUMBERS, /* small ones */
};

/* @a or @b NULL: an automaton that is always in the trap. -E2BIG after 16 million pairs. */
int aaj_pairs_walk(const struct aaj_dfa *a, uint32_t start_a, const struct aaj_dfa *b, uint32_t start_b, enum aaj_pair_names names,
                   aaj_pair_visit visit, void *ctx);
