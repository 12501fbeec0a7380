/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "match/automaton.h"

static int step(void *ctx, uint32_t state, uint8_t byte, uint32_t *ret_state)
{
    const struct aaj_match_automaton *m = ctx;
    uint32_t start;
    const struct aaj_dfa *dfa = aaj_match_file_dfa(m->p, &start);

    *ret_state = dfa ? aaj_dfa_step(dfa, state, byte) : AAJ_DFA_TRAP;
    return 0;
}

static bool accept(void *ctx, uint32_t state)
{
    const struct aaj_match_automaton *m = ctx;

    for (unsigned own = 0; own < 2; own++)
        if (m->who & (own ? AAJ_WHO_OWNER : AAJ_WHO_OTHER)) {
            struct aaj_perms perms = aaj_match_file_state(m->p, state, own);

            if (perms.allow & ~perms.deny & m->perms)
                return true;
        }
    return false;
}

void aaj_match_file_automaton(struct aaj_match_automaton *m, struct aaj_automaton *ret_automaton)
{
    struct aaj_automaton a = { .ctx = m, .dead = AAJ_DFA_TRAP, .step = step, .accept = accept };
    const struct aaj_dfa *dfa = aaj_match_file_dfa(m->p, &a.start);
    unsigned n;

    if (dfa)
        a.classes = aaj_dfa_classes(dfa, &n);
    *ret_automaton = a;
}
