/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of this folder. */
#pragma once

#include "base/intern.h"
#include "match/classes.h"
#include "match/stream.h"

struct aaj_match_db {
    struct aaj_dfa *dfa;
    const struct aaj_perms *perm; /* NULL: permissions are in the accept tables */
    uint32_t n_perm;
    uint32_t perms_version; /* 3: the owner's entry comes in a pair only where accept2 bit 0 says so */
    uint32_t start, file_start;
    bool has_start;
    const struct aaj_str *xtable;
    size_t n_xtable;
    bool owned; /* dfa is freed with this one */
};

struct aaj_match {
    struct aaj_arena arena;
    const struct aaj_match_profile **profile;
    size_t n, cap;
    struct aaj_intern names;                  /* "ns\0name" */
    const struct aaj_match_profile **by_name; /* by id of names */
};

/* Reading one stream (not compressed) into @m; @bytes live in m->arena. 0, -EINVAL, -ENOTSUP or -ENOMEM with
 * *ret_why. */
int aaj_match_read_stream(struct aaj_match *m, struct aaj_str bytes, const char **ret_why);

struct aaj_perms aaj_match_db_perms(const struct aaj_match_db *db, uint32_t state, unsigned abi);
struct aaj_perms aaj_match_db_file_perms(const struct aaj_match_db *db, uint32_t state, bool owner);
/* Does every state's permission refer to what is there? 1, 0 or -ENOMEM. */
int aaj_match_db_sound(const struct aaj_match_db *db, bool file);

struct aaj_decision aaj_match_decide(const struct aaj_match_profile *p, const struct aaj_perms *perms,
                                     uint32_t request);
/* Allowed without being asked about. */
struct aaj_decision aaj_match_decide_not_mediated(enum aaj_why why, uint32_t request);
struct aaj_decision aaj_match_decide_deny(enum aaj_why why, uint32_t request);
/* A name with its namespace as the policy automaton spells it; @peer may be ":ns:name". */
uint32_t aaj_match_label_walk(const struct aaj_match_profile *p, const struct aaj_dfa *dfa, uint32_t state,
                              struct aaj_str label);
