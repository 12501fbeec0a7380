/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that are mapped as code. Whether the slave writes them, too, is known when all else has been added:
 * what it can write and then map is a way in that stays, so the mapping is refused where the ceiling says so.
 * A service that makes code of its own (varnish, compiled templates) has to lift that item.
 */
#include <errno.h>
#include <stdlib.h>

#include "learn/emit.h"

enum { WRITES = AAJ_MAY_WRITE | AAJ_MAY_APPEND };

int aaj_mapped_defer(struct aaj_learner *l, uint32_t access, uint32_t dom)
{
    if (AAJ_GROW(l->mapped, l->n_mapped, l->cap_mapped) < 0)
        return -ENOMEM;
    l->mapped[l->n_mapped++] = (struct aaj_mapped){ access, dom };
    return 0;
}

/* What @dom does at @node so far. */
static uint32_t perms_at(const struct aaj_learner *l, uint32_t node, uint32_t dom)
{
    for (uint32_t g = l->node[node].grant; g; g = l->grant[g].next)
        if (l->grant[g].dom == dom)
            return l->grant[g].perms;
    return 0;
}

static int settle_one(struct aaj_learner *l, const struct aaj_mapped *m)
{
    const struct aaj_access *a = &l->access[m->access];
    struct aaj_str path = aaj_arg(l, a, AAJ_FILE_NAME);
    uint32_t perms = aaj_rule_perms(a->denied_mask ? a->denied_mask : a->requested), both = perms, node;
    struct aaj_crossing crossing;
    int r;

    if (aaj_path_find(l, path, &node))
        both |= perms_at(l, node, m->dom);
    if (both & WRITES) {
        r = aaj_ceiling_crosses_file(l->in->ceiling, path, true, both, l->in->files, &l->scratch, &crossing);
        if (r)
            return r < 0 ? r : aaj_refuse(l, m->access, AAJ_REFUSED_CEILING, crossing.item->id);
    }
    r = aaj_paths_add(l, m->access, m->dom, perms);
    return r < 0 ? r : aaj_grant_access(l, m->access, m->dom, AAJ_NO);
}

static int by_access(const void *a, const void *b)
{
    const struct aaj_learned_access *x = a, *y = b;

    return x->access < y->access ? -1 : x->access > y->access;
}

int aaj_mapped_settle(struct aaj_learner *l)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < l->n_mapped; i++)
        r = settle_one(l, &l->mapped[i]);
    if (l->n_mapped && l->out->n_granted)
        qsort(l->out->granted, l->out->n_granted, sizeof(*l->out->granted), by_access);
    return r;
}
