/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel did not tell. For a program that runs in a profile it made up (null-) it logs files and capabilities, but
 * no sockets and no signals (seen with Linux 6.1 and 6.12): these show only when the program has a profile of its own.
 */
#include <errno.h>

#include "learn/private.h"
#include "log/label.h"

static bool was_executed_into(const struct aaj_learner *l, struct aaj_str label)
{
    struct aaj_step s;
    size_t end;

    if (!aaj_pool_is_ours(l, label, &end))
        return false;
    for (s.end = end; aaj_label_step(label, s.end, &s);)
        if (s.kind == AAJ_STEP_EXEC)
            return true;
    return false;
}

static bool is_of_sockets_or_signals(uint32_t class)
{
    return class == AAJ_CLASS_NET || class == AAJ_CLASS_UNIX || class == AAJ_CLASS_SIGNAL || class == AAJ_CLASS_PTRACE;
}

int aaj_find_unheard(struct aaj_learner *l)
{
    enum { MADE_UP = 1, ITS_OWN = 2, HEARD = 4 };
    uint8_t *seen = aaj_arena_new_array(&l->scratch, l->n_doms + 1, uint8_t);
    uint32_t last = AAJ_NO;
    bool made_up = false;

    l->out->unheard = aaj_arena_new_array(l->arena, l->n_doms + 1, struct aaj_str);
    if (!seen || !l->out->unheard)
        return -ENOMEM;
    for (size_t i = 0; i < l->n_access; i++) {
        const struct aaj_access *a = &l->access[i];
        uint32_t dom;

        if (!aaj_str_starts(aaj_recording_str(l->in->recording, a->label), l->log_top))
            continue;
        dom = aaj_tree_place(l, a->label).dom;
        if (a->label != last)
            made_up = was_executed_into(l, aaj_recording_str(l->in->recording, a->label));
        last = a->label;
        if (made_up && is_of_sockets_or_signals(a->class))
            return 0; /* this kernel does tell */
        if (dom != AAJ_NO)
            seen[l->dom[dom].same] |= made_up ? MADE_UP : is_of_sockets_or_signals(a->class) ? ITS_OWN | HEARD : ITS_OWN;
    }
    if (seen[0] == (MADE_UP | ITS_OWN))
        seen[0] = MADE_UP; /* the slave started itself anew before it opened a socket */
    for (uint32_t d = 0; d < l->n_doms; d++)
        if (seen[d] == MADE_UP && l->dom[d].exe.n && (l->in->target->mediates & AAJ_MEDIATES_NETWORK))
            l->out->unheard[l->out->n_unheard++] = aaj_arena_dup(l->arena, l->dom[d].exe);
    return 0;
}
