/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From names to patterns, directory by directory from the top, so that what is below names of one pattern
 * is looked at together: the evidence of cache/ed/… and of cache/0a/… adds up.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/sort.h"
#include "learn/private.h"
#include "policy/quote.h"

enum { DEPTH_MAX = 200 };

int aaj_kids_add(struct aaj_kids *kids, uint32_t node)
{
    if (AAJ_GROW(kids->id, kids->n, kids->cap) < 0)
        return -ENOMEM;
    kids->id[kids->n++] = node;
    return 0;
}

/* By name; a pattern comes behind the name that is spelled like it. */
static int sort_kids(const struct aaj_learner *l, struct aaj_kids *kids)
{
    struct aaj_sortable few[16], *sorted = few;
    int r;

    if (kids->n > AAJ_ARRAY_SIZE(few))
        sorted = reallocarray(NULL, kids->n, sizeof(*sorted));
    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < kids->n; i++) {
        const struct aaj_node *n = &l->node[kids->id[i]];

        sorted[i] = (struct aaj_sortable){ .str = n->name, .tie = (uint32_t)i, .id = kids->id[i] };
        if (n->flags & AAJ_NODE_GLOB)
            sorted[i].tie |= 1u << 31;
    }
    r = aaj_sort_strings(sorted, kids->n);
    for (size_t i = 0; r == 0 && i < kids->n; i++)
        kids->id[i] = sorted[i].id;
    if (sorted != few)
        free(sorted);
    return r;
}

static bool same_name(const struct aaj_node *a, const struct aaj_node *b)
{
    return (a->flags & AAJ_NODE_GLOB) == (b->flags & AAJ_NODE_GLOB) && aaj_str_eq(a->name, b->name);
}

/* The children in the order of their names, each once. */
static int take_kids(struct aaj_learner *l, uint32_t node, struct aaj_kids *kids)
{
    size_t kept = 0;

    for (uint32_t c = l->node[node].child; c; c = l->node[c].next)
        if (aaj_kids_add(kids, c) < 0)
            return -ENOMEM;
    l->node[node].child = 0;
    if (sort_kids(l, kids) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < kids->n; i++) {
        if (kept && same_name(&l->node[kids->id[kept - 1]], &l->node[kids->id[i]]))
            aaj_node_merge(l, kids->id[kept - 1], kids->id[i]);
        else
            kids->id[kept++] = kids->id[i];
    }
    kids->n = kept;
    return 0;
}

static void put_kids(struct aaj_learner *l, uint32_t node, const struct aaj_kids *kids)
{
    for (size_t i = kids->n; i-- > 0;) {
        l->node[kids->id[i]].parent = node;
        l->node[kids->id[i]].next = l->node[node].child;
        l->node[node].child = kids->id[i];
    }
}

static void add_inference(struct aaj_learner *l, uint32_t node, uint32_t inferences)
{
    l->node[node].inferences |= inferences;
    for (uint32_t g = l->node[node].grant; g; g = l->grant[g].next)
        l->grant[g].inferences |= inferences;
    for (uint32_t c = l->node[node].child; c; c = l->node[c].next)
        for (uint32_t g = l->node[c].grant; g; g = l->grant[g].next)
            l->grant[g].inferences |= inferences;
}

int aaj_kids_replace(struct aaj_learner *l, struct aaj_dir *dir, const bool *take, struct aaj_str pattern,
                     uint32_t flags, uint32_t inferences)
{
    struct aaj_kids *kids = &dir->kids;
    uint32_t node = aaj_node_new(l, dir->node, pattern, AAJ_NODE_GLOB | flags);
    size_t kept = 0;

    if (node == AAJ_NO)
        return -ENOMEM;
    l->node[dir->node].child = 0; /* it stands among the kids instead */
    for (size_t i = 0; i < kids->n; i++) {
        if (take[i])
            aaj_node_merge(l, node, kids->id[i]);
        else
            kids->id[kept++] = kids->id[i];
    }
    kids->n = kept;
    add_inference(l, node, inferences);
    return aaj_kids_add(kids, node);
}

/* Does one of the users that the jail acts as own the directory? That root does says nothing. */
static bool user_owns(struct aaj_learner *l, struct aaj_str path)
{
    struct aaj_fact fact;
    bool owns = false;

    if (!l->n_uids || path.n == 0)
        return false;
    if (aaj_fsview_get(aaj_recording_files(l->in->recording), path, &fact) > 0 ||
        (l->in->files && aaj_fsview_get(l->in->files, path, &fact) > 0))
        for (size_t i = 0; fact.type == 'd' && i < l->n_uids; i++)
            owns |= fact.uid == l->uids[i].uid;
    return owns;
}

static bool was_made(const struct aaj_learner *l, uint32_t node)
{
    for (uint32_t c = l->node[node].child; c; c = l->node[c].next)
        if (l->node[c].name.n == 0)
            return l->node[c].flags & AAJ_NODE_MADE;
    return false;
}

static int visit(struct aaj_learner *l, uint32_t node, struct aaj_str pattern, bool made, unsigned depth);

static int descend(struct aaj_learner *l, struct aaj_dir *dir, bool made, unsigned depth)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < dir->kids.n; i++) {
        uint32_t kid = dir->kids.id[i];
        const struct aaj_node *n = &l->node[kid];
        struct aaj_arena arena = AAJ_ARENA_INIT;
        struct aaj_str name = n->name, below;

        if (!n->child || (n->flags & AAJ_NODE_DEEP))
            continue;
        if (!(n->flags & AAJ_NODE_GLOB))
            name = aaj_glob_escape(&arena, n->name);
        below = aaj_arena_printf(&arena, "%.*s/%.*s", AAJ_STR_ARG(dir->pattern), AAJ_STR_ARG(name));
        r = name.p && below.p ? visit(l, kid, below, made, depth + 1) : -ENOMEM;
        aaj_arena_clear(&arena);
    }
    return r;
}

/* /etc/NAME and below */
static bool is_configuration(const struct aaj_dir *dir)
{
    return dir->area == AAJ_AREA_NONE && aaj_str_starts(dir->pattern, AAJ_STR("/etc/"));
}

static int group(struct aaj_learner *l, struct aaj_dir *dir)
{
    int r = aaj_infers(l, AAJ_INFER_HOME) ? aaj_group_homes(l, dir) : 0;

    if (r < 0)
        return r;
    if (dir->area == AAJ_AREA_PROC)
        return aaj_infers(l, AAJ_INFER_PID) ? aaj_group_proc(l, dir) : 0;
    if (dir->area == AAJ_AREA_SYSTEM && aaj_infers(l, AAJ_INFER_LIBRARIES))
        r = aaj_group_package(l, dir);
    else if (dir->area == AAJ_AREA_OWN && aaj_infers(l, AAJ_INFER_SERVED))
        r = aaj_group_served(l, dir);
    if (r == 0 && (dir->area == AAJ_AREA_OWN || dir->area == AAJ_AREA_SYSTEM) && aaj_infers(l, AAJ_INFER_LOCALE))
        r = aaj_group_locale(l, dir);
    if (r == 0)
        r = aaj_group_names(l, dir);
    if (r == 0 && dir->area == AAJ_AREA_SHARED && aaj_infers(l, AAJ_INFER_ASSORTED))
        r = aaj_group_assorted(l, dir);
    if (r == 0 && dir->area == AAJ_AREA_OWN && aaj_infers(l, AAJ_INFER_CREATED))
        r = aaj_group_created(l, dir);
    if (r == 0 && (((dir->area == AAJ_AREA_OWN || is_configuration(dir)) && aaj_infers(l, AAJ_INFER_SIBLINGS)) ||
                   (dir->area == AAJ_AREA_SYSTEM && aaj_infers(l, AAJ_INFER_LIBRARIES))))
        r = aaj_group_siblings(l, dir);
    if (r == 0 && dir->area == AAJ_AREA_OWN && aaj_infers(l, AAJ_INFER_TWINS))
        r = aaj_group_twins(l, dir);
    if (r == 0 && dir->area == AAJ_AREA_SYSTEM && aaj_infers(l, AAJ_INFER_VERSION))
        r = aaj_group_versions(l, dir);
    return r;
}

static int visit(struct aaj_learner *l, uint32_t node, struct aaj_str pattern, bool made, unsigned depth)
{
    struct aaj_dir dir = { .node = node, .pattern = pattern };
    int r;

    if (depth > DEPTH_MAX)
        return 0; /* deeper names stay literal */
    made |= was_made(l, node);
    dir.area = aaj_area_of(l->in, pattern);
    if (dir.area == AAJ_AREA_SHARED && made)
        dir.area = AAJ_AREA_OWN;
    dir.owned = made || aaj_is_in_homes(pattern) || user_owns(l, pattern);
    if (dir.area == AAJ_AREA_NONE && dir.owned && aaj_may_be_given(pattern))
        dir.area = AAJ_AREA_OWN;
    r = take_kids(l, node, &dir.kids);
    if (r == 0)
        r = group(l, &dir);
    if (r == 0)
        r = descend(l, &dir, made, depth);
    put_kids(l, node, &dir.kids);
    free(dir.kids.id);
    return r;
}

int aaj_generalise(struct aaj_learner *l)
{
    int r = l->n_nodes && aaj_infers(l, AAJ_INFER_SERVED) ? aaj_served_prepare(l) : 0;

    if (r == 0 && l->n_nodes && aaj_infers(l, AAJ_INFER_SUBJECT))
        r = aaj_subjects_prepare(l);
    if (r < 0 || l->n_nodes == 0)
        return r;
    return visit(l, 0, AAJ_STR(""), false, 0);
}
