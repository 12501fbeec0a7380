/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stepping through the policy automaton by hand, class by class: for who compares automata or looks for what they could
 * ever grant. A question about one thing is match/match.h's.
 */
#pragma once

#include "match/match.h"

/* Classes of mediation: the first byte walked in the policy automaton (apparmor's parser/policydb.h). */
enum aaj_match_class {
    AAJ_MATCH_FILE = 2,
    AAJ_MATCH_CAP = 3,
    AAJ_MATCH_NET = 4, /* also what says that unix sockets are mediated in detail */
    AAJ_MATCH_MOUNT = 7,
    AAJ_MATCH_PTRACE = 9,
    AAJ_MATCH_SIGNAL = 10,
    AAJ_MATCH_NETV8 = 14,
    AAJ_MATCH_NETV9 = 15,
    AAJ_MATCH_LABEL = 16,
    AAJ_MATCH_POSIX_MQUEUE = 17,
    AAJ_MATCH_SYSV_MQUEUE = 18,
    AAJ_MATCH_NS = 21,
    AAJ_MATCH_IO_URING = 22,
    AAJ_MATCH_DBUS = 32,
};

/* The policy automaton; NULL: the profile has none, and no class is mediated. */
const struct aaj_dfa *aaj_match_policy_dfa(const struct aaj_match_profile *p);

/* Where the class starts in it; AAJ_DFA_TRAP: not mediated. */
uint32_t aaj_match_class_start(const struct aaj_match_profile *p, unsigned class);
/* The same for network rules, of whichever version the policy has them. */
uint32_t aaj_match_net_start(const struct aaj_match_profile *p);
uint32_t aaj_match_walk(const struct aaj_match_profile *p, uint32_t state, struct aaj_str bytes);
uint32_t aaj_match_step(const struct aaj_match_profile *p, uint32_t state, uint8_t byte);
/* Two bytes, as numbers are kept. */
uint32_t aaj_match_step16(const struct aaj_match_profile *p, uint32_t state, unsigned number);
struct aaj_perms aaj_match_state_perms(const struct aaj_match_profile *p, uint32_t state);
