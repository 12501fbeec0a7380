/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files beside those that it reads in its own directories and in those of configuration that it lists, /etc/app/conf.d,
 * and beside several below /usr: of one extension each.
 */
#include <errno.h>
#include <stdlib.h>

#include "learn/kinds.h"

enum {
    READ_OWN = 2,    /* files of a kind read beside each other */
    READ_SYSTEM = 3,
    READ_DIRS = 3,   /* directories in which a kind is read */
};

static bool counts_as_read(const struct aaj_learner *l, uint32_t node, enum aaj_area area)
{
    const struct aaj_node *n = &l->node[node];
    uint32_t not = AAJ_NODE_MADE | AAJ_NODE_GONE | AAJ_NODE_WROTE | AAJ_NODE_GLOB;

    if (area != AAJ_AREA_SYSTEM)
        not |= AAJ_NODE_EXEC;
    return n->name.n && !n->child && n->grant && (n->flags & (AAJ_NODE_READ | AAJ_NODE_EXEC)) && !(n->flags & not) &&
           !aaj_is_secret_name(n->name) && aaj_name_last_extension(n->name).n;
}

static int collect_read_below(struct aaj_learner *l, struct aaj_kinds *k, uint32_t node, size_t kid, enum aaj_area area,
                              unsigned depth)
{
    for (uint32_t c = l->node[node].child; c && depth < AAJ_KINDS_DEPTH; c = l->node[c].next) {
        const struct aaj_node *n = &l->node[c];
        struct aaj_kind *kind;
        bool listed = n->name.n == 0 && (n->flags & AAJ_NODE_READ) && !(n->flags & (AAJ_NODE_MADE | AAJ_NODE_GLOB));

        if (n->child && !aaj_is_secret_name(n->name)) {
            int r = collect_read_below(l, k, c, kid, area, depth + 1);

            if (r < 0)
                return r;
        }
        if (!listed && !counts_as_read(l, c, area))
            continue;
        kind = aaj_kind_of(k, listed ? AAJ_STR("") : aaj_name_last_extension(n->name), listed);
        if (!kind)
            continue;
        kind->below += kind->last_kid != kid;
        kind->last_kid = kid;
        if (aaj_kids_add(&kind->deep, c) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* Takes @gone out of their parents' lists: they are merged elsewhere. */
static void forget(struct aaj_learner *l, uint32_t node, unsigned depth)
{
    uint32_t *at = &l->node[node].child;

    while (*at) {
        uint32_t c = *at;

        if (l->node[c].into != c) {
            *at = l->node[c].next;
            continue;
        }
        if (l->node[c].child && depth < AAJ_KINDS_DEPTH)
            forget(l, c, depth + 1);
        at = &l->node[c].next;
    }
}

int aaj_kids_swallow(struct aaj_learner *l, struct aaj_dir *dir, const bool *take, const struct aaj_kids *deep,
                     struct aaj_str pattern, uint32_t by)
{
    uint32_t flags = aaj_str_search(pattern, AAJ_STR("**")) < pattern.n ? AAJ_NODE_DEEP : 0, node;
    int r = aaj_kids_replace(l, dir, take, pattern, flags, by);

    if (r < 0 || deep->n == 0)
        return r;
    node = dir->kids.id[dir->kids.n - 1];
    for (size_t i = 0; i < deep->n; i++)
        aaj_node_merge(l, node, deep->id[i]);
    for (uint32_t g = l->node[node].grant; g; g = l->grant[g].next)
        l->grant[g].inferences |= by;
    for (size_t i = 0; i < dir->kids.n; i++)
        forget(l, dir->kids.id[i], 0);
    return 0;
}

static int replace_read(struct aaj_learner *l, struct aaj_dir *dir, struct aaj_kind *k, bool deep)
{
    bool *take = aaj_arena_new_array(&l->scratch, dir->kids.n + 1, bool);
    uint32_t by = 1u << (dir->area == AAJ_AREA_SYSTEM ? AAJ_INFER_LIBRARIES : AAJ_INFER_SIBLINGS);
    struct aaj_str pattern;
    int r;

    if (!take)
        return -ENOMEM;
    pattern = aaj_star(l, dir, k->dirs ? AAJ_STR("/") : k->ext, deep || k->dirs);
    for (size_t i = 0; i < dir->kids.n; i++)
        take[i] = !k->dirs && counts_as_read(l, dir->kids.id[i], dir->area) &&
                  aaj_is_starred(dir, l->node[dir->kids.id[i]].name) &&
                  aaj_str_eq(aaj_name_last_extension(l->node[dir->kids.id[i]].name), k->ext);
    if (!pattern.p)
        return -ENOMEM;
    r = aaj_kids_swallow(l, dir, take, deep ? &k->deep : &(struct aaj_kids){ 0 }, pattern, by);
    if (r == 0 && !deep && k->direct == 1)
        l->node[dir->kids.id[dir->kids.n - 1]].flags |= AAJ_NODE_LONE;
    return r;
}

/* Who looks what is there, and takes one, will take another: plug-ins, migrations, pages. */
static bool is_listed(const struct aaj_learner *l, const struct aaj_dir *dir)
{
    for (size_t i = 0; i < dir->kids.n; i++) {
        const struct aaj_node *n = &l->node[dir->kids.id[i]];

        if (n->name.n == 0)
            return (n->flags & AAJ_NODE_READ) && !(n->flags & AAJ_NODE_MADE);
    }
    return false;
}

/* How many files of a kind show that there may be more; SIZE_MAX: none do. */
static size_t least_of(const struct aaj_learner *l, const struct aaj_dir *dir)
{
    if (dir->area == AAJ_AREA_SYSTEM)
        return READ_SYSTEM;
    if (is_listed(l, dir) || (dir->area == AAJ_AREA_OWN && dir->owned))
        return 1;
    return dir->area == AAJ_AREA_OWN ? READ_OWN : SIZE_MAX;
}

int aaj_group_siblings(struct aaj_learner *l, struct aaj_dir *dir)
{
    struct aaj_kinds *k = calloc(1, sizeof(*k));
    size_t least = least_of(l, dir);
    int r = 0;

    if (!k)
        return -ENOMEM;
    for (size_t i = 0; r == 0 && i < dir->kids.n; i++) {
        uint32_t kid = dir->kids.id[i];
        struct aaj_kind *kind;

        if (!aaj_is_starred(dir, l->node[kid].name))
            continue;
        if (l->node[kid].child && !aaj_is_glob(l, kid) && !aaj_is_secret_name(l->node[kid].name))
            r = collect_read_below(l, k, kid, i, dir->area, 0);
        else if (counts_as_read(l, kid, dir->area) &&
                 (kind = aaj_kind_of(k, aaj_name_last_extension(l->node[kid].name), false)))
            kind->direct++;
    }
    for (size_t i = 0; r == 0 && i < k->n; i++) {
        bool deep = k->kind[i].below >= READ_DIRS && dir->area != AAJ_AREA_NONE;
        /* a program's modules lie in many places, and which of them it needs depends on what it is asked */
        bool code = dir->area == AAJ_AREA_OWN && k->kind[i].direct && aaj_guard_code_files(l, k->kind[i].ext) > 1;

        bool lone = k->kind[i].direct < READ_OWN && aaj_is_fixed_kind(k->kind[i].ext);

        if (deep || code || (k->kind[i].direct >= least && !lone))
            r = replace_read(l, dir, &k->kind[i], deep);
    }
    aaj_kinds_free(k);
    return r;
}
