/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel did not tell. For a program that runs in a profile it made up (null-) it logs files and capabilities, but
 * no sockets and no signals (seen with Linux 6.1 and 6.12): these show only when the program has a profile of its own.
 */
#include <errno.h>

#include "learn/private.h"
#include "log/label.h"

/* What the kernel made the label's profile for last; empty: it made none. */
static struct aaj_str executed_into(const struct aaj_learner *l, struct aaj_str label)
{
    struct aaj_str exe = AAJ_STR("");
    struct aaj_step s;
    size_t end;

    if (!aaj_pool_is_ours(l, label, &end))
        return exe;
    for (s.end = end; aaj_label_step(label, s.end, &s);)
        if (s.kind == AAJ_STEP_EXEC)
            exe = s.name;
    return exe;
}

static bool is_of_sockets_or_signals(uint32_t class)
{
    return class == AAJ_CLASS_NET || class == AAJ_CLASS_UNIX || class == AAJ_CLASS_SIGNAL || class == AAJ_CLASS_PTRACE;
}

enum { MADE_UP = 1, ITS_OWN = 2, HEARD = 4, INHERITING = 64 };

/* Programs that stay in the profile which executed them: a second round logs their sockets as this profile's, and so nothing
 * ever shows that there was one. */
struct inheriting {
    struct aaj_str exe[INHERITING];
    size_t n;
};

static void take_inheriting(struct aaj_str exe, struct inheriting *all)
{
    size_t i;

    for (i = 0; i < all->n && !aaj_str_eq(all->exe[i], exe); i++)
        ;
    if (i == all->n && all->n < INHERITING)
        all->exe[all->n++] = exe;
}

/* 1: this kernel does tell. */
static int look(struct aaj_learner *l, uint8_t *seen, struct inheriting *all)
{
    struct aaj_str exe = AAJ_STR("");
    uint32_t last = AAJ_NO;

    for (size_t i = 0; i < l->n_access; i++) {
        const struct aaj_access *a = &l->access[i];
        struct aaj_str label = aaj_recording_str(l->in->recording, a->label);
        bool heard = is_of_sockets_or_signals(a->class);
        uint32_t dom;

        if (!aaj_str_starts(label, l->log_top))
            continue;
        dom = aaj_tree_place(l, a->label).dom;
        if (a->label != last)
            exe = executed_into(l, label);
        last = a->label;
        if (exe.n && heard)
            return 1;
        if (dom == AAJ_NO)
            continue;
        if (exe.n && !aaj_str_eq(exe, l->dom[dom].exe))
            take_inheriting(exe, all);
        else
            seen[l->dom[dom].same] |= exe.n ? MADE_UP : heard ? ITS_OWN | HEARD : ITS_OWN;
    }
    return 0;
}

int aaj_find_unheard(struct aaj_learner *l)
{
    uint8_t *seen = aaj_arena_new_array(&l->scratch, l->n_doms + 1, uint8_t);
    struct inheriting all = { .n = 0 };
    struct aaj_learned *out = l->out;

    out->unheard = aaj_arena_new_array(l->arena, l->n_doms + INHERITING, struct aaj_str);
    if (!seen || !out->unheard)
        return -ENOMEM;
    if (!(l->in->target->mediates & AAJ_MEDIATES_NETWORK) || look(l, seen, &all) > 0)
        return 0;
    if (seen[0] == (MADE_UP | ITS_OWN))
        seen[0] = MADE_UP; /* the slave started itself anew before it opened a socket */
    for (uint32_t d = 0; d < l->n_doms; d++)
        if (seen[d] == MADE_UP && l->dom[d].exe.n)
            out->unheard[out->n_unheard++] = aaj_arena_dup(l->arena, l->dom[d].exe);
    for (size_t i = 0; i < all.n; i++)
        out->unheard[out->n_unheard++] = aaj_arena_dup(l->arena, all.exe[i]);
    out->n_unheard_inherit = all.n;
    return 0;
}
