/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The compressed automata inside compiled policy (libapparmor's "chfa"; Linux security/apparmor/match.c),
 * and stepping through them. State 0 is the trap: nothing leads out of it and nothing is allowed in it.
 */
#pragma once

#include <stdint.h>

#include "base/str.h"

struct aaj_dfa;

enum { AAJ_DFA_TRAP = 0, AAJ_DFA_START = 1 };

/* @blob: from the header on (the padding before it skipped). Everything is verified here, as the kernel
 * does, so that stepping needs no checks. -EINVAL and *ret_why for what is not a sound automaton. */
int aaj_dfa_open(struct aaj_str blob, const char **ret_why, struct aaj_dfa **ret_dfa);
struct aaj_dfa *aaj_dfa_free(struct aaj_dfa *dfa);

/* @state < aaj_dfa_states(). */
uint32_t aaj_dfa_step(const struct aaj_dfa *dfa, uint32_t state, uint8_t byte);
uint32_t aaj_dfa_walk(const struct aaj_dfa *dfa, uint32_t state, struct aaj_str bytes);
/* The transition that stands for no byte at all (extended attributes in attachments). */
uint32_t aaj_dfa_out_of_band(const struct aaj_dfa *dfa, uint32_t state);

uint32_t aaj_dfa_states(const struct aaj_dfa *dfa);

/* Bytes of one class lead to the same state from every state: 256 class numbers, and how many classes
 * there are. Taking one byte a class is enough to see every successor. */
const uint8_t *aaj_dfa_classes(const struct aaj_dfa *dfa, unsigned *ret_n);

/* What is stored with a state; its meaning depends on the policy's format (match/perms.h). */
uint32_t aaj_dfa_accept(const struct aaj_dfa *dfa, uint32_t state);
uint32_t aaj_dfa_accept2(const struct aaj_dfa *dfa, uint32_t state);
