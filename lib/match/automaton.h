/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* File rules as an automaton for products (glob/glob.h): names of which any bit of a mask is granted. */
#pragma once

#include "glob/glob.h"
#include "match/match.h"

enum aaj_match_who {
    AAJ_WHO_OWNER = 1,
    AAJ_WHO_OTHER = 2,
    AAJ_WHO_ANY = 3, /* either of the two */
};

struct aaj_match_automaton {
    const struct aaj_match_profile *p;
    uint32_t perms; /* accepted where one of these is granted */
    unsigned who;
};

/* *@m is referred to by *ret_automaton and must live as long. A profile without file rules gives an automaton
 * that accepts nothing. */
void aaj_match_file_automaton(struct aaj_match_automaton *m, struct aaj_automaton *ret_automaton);
