/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whom no firewall chain is for. A pool that the master's profile was entered for, without a manifest of its own, becomes a
 * child profile like an executed program's; but it is a service with a user of its own, and no chain is that user's.
 */
#include <errno.h>
#include <stdlib.h>

#include "learn/private.h"

/* What a domain known by name only does, and as whom. */
struct pool {
    struct aaj_str comm;
    uint32_t uid;
    uint64_t events; /* of this uid */
    bool many;       /* uids */
};

static void take(const struct aaj_learner *l, const struct aaj_access *a, struct aaj_arena *arena, struct pool *p)
{
    if (p->comm.n == 0)
        p->comm = aaj_recording_comm(l->in->recording, a, arena);
    if (a->fsuid_max == AAJ_UID_NONE || a->fsuid_max == 0 || a->fsuid_min != a->fsuid_max)
        return;
    p->many |= p->events && p->uid != a->fsuid_max;
    p->uid = a->fsuid_max;
    p->events += a->allowed + a->denied + a->audited;
}

/* The slave's own program, which went in there by itself and stays: no program that it executed, and no hat, which is left
 * again. */
static bool is_pool(const struct aaj_learner *l, uint32_t dom, const struct pool *p, const struct pool *slave)
{
    const struct aaj_dom *d = &l->dom[dom];

    return d->kind == AAJ_DOM_CHILD && d->exe.n == 0 && p->events && !p->many &&
           (d->entered || (p->comm.n && aaj_str_eq(p->comm, slave->comm)));
}

/* With a user in the manifest there is a chain, and the slave itself shows whose. */
static bool is_fenced(const struct aaj_learner *l, const struct pool *p, const struct pool *slave)
{
    return l->in->manifest->user.text.n && slave->events && !slave->many && p->uid == slave->uid;
}

int aaj_find_unfenced(struct aaj_learner *l)
{
    struct pool *pool = aaj_arena_new_array(&l->scratch, l->n_doms + 1, struct pool);

    l->out->unfenced = aaj_arena_new_array(l->arena, l->n_doms + 1, struct aaj_unfenced);
    if (!pool || !l->out->unfenced)
        return -ENOMEM;
    for (size_t i = 0; i < l->n_access && !l->hat; i++) {
        const struct aaj_access *a = &l->access[i];
        uint32_t dom;

        if (!aaj_str_starts(aaj_recording_str(l->in->recording, a->label), l->log_top))
            continue;
        dom = aaj_tree_place(l, a->label).dom;
        if (dom != AAJ_NO && (dom == 0 || l->dom[dom].exe.n == 0))
            take(l, a, &l->scratch, &pool[dom]);
    }
    for (uint32_t d = 1; d < l->n_doms; d++)
        if (is_pool(l, d, &pool[d], &pool[0]) && !is_fenced(l, &pool[d], &pool[0]))
            l->out->unfenced[l->out->n_unfenced++] =
                (struct aaj_unfenced){ l->dom[d].name, l->dom[d].full, pool[d].uid, pool[d].events };
    return 0;
}
