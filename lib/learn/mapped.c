/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is code and written, too.
 *
 * Programs: one that the jail itself writes, in whichever of its profiles, is not executed unless the manifest names it; and then
 * the profile that executes it does not write it.
 *
 * Files that are mapped as code. Whether the slave writes them, too, is known when all else has been added:
 * what it can write and then map is a way in that stays, so the mapping is refused where the ceiling says so.
 * A service that makes code of its own (varnish, compiled templates) has to lift that item.
 */
#include <errno.h>
#include <stdlib.h>

#include "learn/emit.h"

enum { WRITES = AAJ_MAY_WRITE | AAJ_MAY_APPEND };

/* ---- before the tree ---- */

static bool is_ours(const struct aaj_learner *l, const struct aaj_access *a)
{
    return aaj_str_starts(aaj_recording_str(l->in->recording, a->label), l->log_top) && (a->allowed || a->audited);
}

static int by_bytes(const void *a, const void *b)
{
    return aaj_str_cmp(*(const struct aaj_str *)a, *(const struct aaj_str *)b);
}

/* A name is one number in a recording, so that a table by number finds those which are both. */
int aaj_mapped_find_written(struct aaj_learner *l)
{
    uint32_t most = 0;
    uint8_t *executed;

    for (size_t i = 0; i < l->n_access; i++)
        if (l->access[i].class == AAJ_CLASS_EXEC && l->access[i].arg[AAJ_FILE_NAME] > most)
            most = l->access[i].arg[AAJ_FILE_NAME];
    executed = aaj_arena_new_array(&l->scratch, most + 1, uint8_t);
    if (!executed)
        return -ENOMEM;
    for (size_t i = 0; i < l->n_access; i++)
        if (l->access[i].class == AAJ_CLASS_EXEC && is_ours(l, &l->access[i]))
            executed[l->access[i].arg[AAJ_FILE_NAME]] = 1;
    for (size_t i = 0; i < l->n_access; i++) {
        const struct aaj_access *a = &l->access[i];
        uint32_t name = a->arg[AAJ_FILE_NAME];

        if (a->class != AAJ_CLASS_FILE || name > most || executed[name] != 1 ||
            !(aaj_rule_perms(a->denied_mask ? a->denied_mask : a->requested) & WRITES) || !is_ours(l, a))
            continue;
        if (AAJ_GROW(l->wrote, l->n_wrote, l->cap_wrote) < 0)
            return -ENOMEM;
        l->wrote[l->n_wrote++] = aaj_recording_str(l->in->recording, name);
        executed[name] = 2;
    }
    if (l->n_wrote)
        qsort(l->wrote, l->n_wrote, sizeof(*l->wrote), by_bytes);
    return 0;
}

bool aaj_mapped_is_written(const struct aaj_learner *l, struct aaj_str exe)
{
    return l->n_wrote && bsearch(&exe, l->wrote, l->n_wrote, sizeof(*l->wrote), by_bytes);
}

/* ---- after the tree ---- */

static int by_exe(const void *a, const void *b)
{
    const struct aaj_edge *const *x = a, *const *y = b;

    return aaj_str_cmp((*x)->exe, (*y)->exe);
}

int aaj_mapped_prepare(struct aaj_learner *l)
{
    l->ran = aaj_arena_new_array(&l->scratch, l->n_edges + 1, const struct aaj_edge *);
    for (size_t i = 0; l->ran && i < l->n_edges; i++)
        l->ran[i] = &l->edge[i];
    if (l->ran && l->n_edges)
        qsort(l->ran, l->n_edges, sizeof(*l->ran), by_exe);
    return l->ran ? 0 : -ENOMEM;
}

bool aaj_mapped_runs(const struct aaj_learner *l, uint32_t dom, struct aaj_str exe)
{
    size_t low = 0, high = l->n_edges;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (aaj_str_cmp(l->ran[mid]->exe, exe) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < l->n_edges && aaj_str_eq(l->ran[low]->exe, exe); low++)
        if (l->dom[l->ran[low]->from].same == dom)
            return true;
    return false;
}

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
