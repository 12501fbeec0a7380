/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names as a tree of components, and what each profile does at each node. "/srv/a/" is the component
 * "" below "a": AppArmor's names of directories end in a slash.
 */
#include <errno.h>
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "learn/private.h"
#include "policy/quote.h"

enum { STEPS = 32 };

/* Open addressing over (parent, name): slot is node, 0 free (the root is nobody's child). */
struct children {
    uint32_t *slot;
    size_t mask, n;
    /* Accesses come in the order of their names, and most begin like the one before: */
    struct aaj_str last;
    struct {
        uint32_t node, end; /* of the component in last */
    } step[STEPS];
    unsigned steps;
};

static uint64_t hash_of(uint32_t parent, struct aaj_str name)
{
    return XXH3_64bits_withSeed(name.p, name.n, 0x9e3779b97f4a7c15u * (parent + 1));
}

static void put(struct aaj_learner *l, struct children *c, uint32_t node)
{
    size_t i = hash_of(l->node[node].hashed_under, l->node[node].name) & c->mask;

    while (c->slot[i])
        i = (i + 1) & c->mask;
    c->slot[i] = node;
}

static int reserve(struct aaj_learner *l, struct children *c)
{
    struct children bigger;

    if (c->slot && c->n * 2 < c->mask)
        return 0;
    bigger = *c;
    bigger.mask = c->slot ? c->mask * 2 + 1 : 1023;
    while (!c->slot && bigger.mask / 2 < l->n_access)
        bigger.mask = bigger.mask * 2 + 1; /* there are about as many names, so that hardly any is placed twice */
    bigger.slot = calloc(bigger.mask + 1, sizeof(*bigger.slot));
    if (!bigger.slot)
        return -ENOMEM;
    for (size_t i = 0; c->slot && i <= c->mask; i++)
        if (c->slot[i])
            put(l, &bigger, c->slot[i]);
    free(c->slot);
    *c = bigger;
    return 0;
}

uint32_t aaj_node_new(struct aaj_learner *l, uint32_t parent, struct aaj_str name, uint32_t flags)
{
    uint32_t id = (uint32_t)l->n_nodes;

    if (AAJ_GROW(l->node, l->n_nodes, l->cap_nodes) < 0)
        return AAJ_NO;
    l->node[l->n_nodes++] = (struct aaj_node){ .name = name, .parent = parent, .hashed_under = parent, .into = id, .flags = flags };
    if (id) {
        l->node[id].next = l->node[parent].child;
        l->node[parent].child = id;
    }
    return id;
}

static uint32_t child_of(struct aaj_learner *l, struct children *c, uint32_t parent, struct aaj_str name)
{
    size_t i;
    uint32_t id;

    if (reserve(l, c) < 0)
        return AAJ_NO;
    for (i = hash_of(parent, name) & c->mask; c->slot[i]; i = (i + 1) & c->mask) {
        const struct aaj_node *n = &l->node[c->slot[i]];

        if (n->hashed_under == parent && aaj_str_eq(n->name, name))
            return c->slot[i];
    }
    id = aaj_node_new(l, parent, name, 0);
    if (id == AAJ_NO)
        return AAJ_NO;
    c->slot[i] = id;
    c->n++;
    return id;
}

void aaj_paths_free(struct aaj_learner *l)
{
    struct children *c = l->children;

    if (c)
        free(c->slot);
    free(l->node);
    free(l->grant);
    free(l->ev);
}

/* Folders that @path shares with the name before: their last one, and where its name ends in @path. */
static uint32_t shared_folder(struct children *c, struct aaj_str path, size_t *ret_end)
{
    size_t max = path.n < c->last.n ? path.n : c->last.n, same = 0;
    uint32_t node = 0;

    while (same < max && path.p[same] == c->last.p[same])
        same++;
    while (c->steps && c->step[c->steps - 1].end >= same)
        c->steps--;
    *ret_end = 0;
    if (c->steps) {
        node = c->step[c->steps - 1].node;
        *ret_end = c->step[c->steps - 1].end;
    }
    c->last = path;
    return node;
}

/* @path begins with '/'. Names live as long as the recording. */
int aaj_path_node(struct aaj_learner *l, struct aaj_str path, uint32_t *ret_node)
{
    struct children *c = l->children;
    uint32_t node;
    size_t end;

    if (!c) {
        c = l->children = aaj_arena_new(&l->scratch, struct children);
        if (!c || aaj_node_new(l, 0, AAJ_STR(""), 0) == AAJ_NO)
            return -ENOMEM;
    }
    node = shared_folder(c, path, &end);
    for (size_t at = end + 1; at <= path.n; at = end + 1) {
        struct aaj_str rest = aaj_str_skip(path, at);

        end = at + aaj_str_find(rest, '/');
        node = child_of(l, c, node, aaj_str_head(rest, end - at));
        if (node == AAJ_NO) {
            c->steps = 0;
            return -ENOMEM;
        }
        if (c->steps < STEPS) {
            c->step[c->steps].node = node;
            c->step[c->steps++].end = (uint32_t)end;
        }
    }
    *ret_node = node;
    return 0;
}

bool aaj_path_find(const struct aaj_learner *l, struct aaj_str path, uint32_t *ret_node)
{
    const struct children *c = l->children;
    uint32_t node = 0;

    for (size_t at = 1; c && at <= path.n;) {
        struct aaj_str rest = aaj_str_skip(path, at), name;
        size_t i;

        name = aaj_str_head(rest, aaj_str_find(rest, '/'));
        for (i = hash_of(node, name) & c->mask; c->slot[i]; i = (i + 1) & c->mask)
            if (l->node[c->slot[i]].hashed_under == node && aaj_str_eq(l->node[c->slot[i]].name, name))
                break;
        if (!c->slot[i])
            return false;
        node = c->slot[i];
        at += name.n + 1;
    }
    *ret_node = node;
    return c != NULL;
}

uint32_t aaj_node_final(const struct aaj_learner *l, uint32_t node)
{
    while (l->node[node].into != node)
        node = l->node[node].into;
    return node;
}

int aaj_grant_new(struct aaj_learner *l, const struct aaj_grant *g, uint32_t *ret_grant)
{
    if (l->n_grants == 0)
        l->n_grants = 1;
    while (l->n_grants >= l->cap_grants) {
        size_t cap = l->cap_grants ? l->cap_grants * 2 : 256;
        struct aaj_grant *bigger = reallocarray(l->grant, cap, sizeof(*bigger));

        if (!bigger)
            return -ENOMEM;
        l->grant = bigger;
        l->cap_grants = cap;
    }
    l->grant[l->n_grants] = *g;
    *ret_grant = (uint32_t)l->n_grants++;
    return 0;
}

struct aaj_grant *aaj_path_grant(struct aaj_learner *l, uint32_t node, uint32_t dom)
{
    uint32_t grant;

    for (uint32_t i = l->node[node].grant; i; i = l->grant[i].next)
        if (l->grant[i].dom == dom)
            return &l->grant[i];
    if (aaj_grant_new(l, &(struct aaj_grant){ .dom = dom, .next = l->node[node].grant }, &grant) < 0)
        return NULL;
    l->node[node].grant = grant;
    return &l->grant[grant];
}

static bool is(struct aaj_str op, const char *word)
{
    return aaj_str_search(op, aaj_str_c(word)) < op.n;
}

/* Only these make a name: an open that may create logs c for what exists, too. */
static uint32_t flags_of(struct aaj_str op, uint32_t perms, bool exec)
{
    uint32_t flags = exec ? AAJ_NODE_EXEC : 0;

    if (is(op, "mknod") || is(op, "mkdir") || is(op, "link") || aaj_str_eq(op, AAJ_STR("create")) ||
        aaj_str_eq(op, AAJ_STR("inode_create")))
        flags |= is(op, "unlink") ? AAJ_NODE_GONE : AAJ_NODE_MADE | AAJ_NODE_BORN;
    if (aaj_str_eq(op, AAJ_STR("rename_dest")))
        flags |= AAJ_NODE_MADE | AAJ_NODE_MOVED;
    if (aaj_str_eq(op, AAJ_STR("rmdir")) || aaj_str_eq(op, AAJ_STR("rename_src")))
        flags |= AAJ_NODE_GONE;
    if (perms & AAJ_MAY_MMAP)
        flags |= AAJ_NODE_EXEC;
    if (perms & AAJ_MAY_READ)
        flags |= AAJ_NODE_READ;
    if (perms & (AAJ_MAY_WRITE | AAJ_MAY_APPEND))
        flags |= AAJ_NODE_WROTE;
    return flags;
}

/* What is below /proc/NUMBER belongs to whomever the process is just now. */
static bool is_of_process(struct aaj_str path)
{
    const struct aaj_str proc = AAJ_STR("/proc/");

    return aaj_str_starts(path, proc) && path.n > proc.n && path.p[proc.n] >= '0' && path.p[proc.n] <= '9';
}

/* A master that opens its file as root before it gives it away meets it as somebody else's the next time. */
static bool is_disputed(const struct aaj_learner *l, const struct aaj_grant *g, const struct aaj_access *a)
{
    return !(a->owner_yes + a->owner_no) || (g->root && g->yes > g->root && !is_of_process(aaj_arg(l, a, AAJ_FILE_NAME)));
}

void aaj_grant_count(struct aaj_learner *l, struct aaj_grant *g, const struct aaj_access *a, uint32_t ev)
{
    g->yes += a->owner_yes;
    g->no += a->owner_no;
    g->created += a->owner_created;
    g->root += a->owner_root;
    g->events += a->allowed + a->denied + a->audited;
    g->disputed |= is_disputed(l, g, a);
    if (g->ev)
        l->ev[g->ev_last].next = ev;
    else
        g->ev = ev;
    g->ev_last = ev;
}

int aaj_paths_add(struct aaj_learner *l, uint32_t access, uint32_t dom, uint32_t perms)
{
    const struct aaj_access *a = &l->access[access];
    struct aaj_str path = aaj_arg(l, a, AAJ_FILE_NAME);
    uint32_t node, ev = aaj_ev_new(l, access);
    struct aaj_grant *g;
    int r = ev ? aaj_path_node(l, path, &node) : -ENOMEM;

    if (r < 0)
        return r;
    g = aaj_path_grant(l, node, dom);
    if (!g)
        return -ENOMEM;
    g->perms |= perms;
    g->inferences |= 1u << AAJ_INFER_LITERAL;
    aaj_grant_count(l, g, a, ev);
    l->node[node].flags |= flags_of(aaj_recording_str(l->in->recording, a->op), perms, false);
    return 0;
}

static void join_grants(struct aaj_learner *l, struct aaj_grant *to, const struct aaj_grant *from)
{
    to->perms |= from->perms;
    to->inferences |= from->inferences;
    to->yes += from->yes;
    to->no += from->no;
    to->created += from->created;
    to->root += from->root;
    to->events += from->events;
    to->disputed |= from->disputed;
    if (to->ev && from->ev)
        l->ev[to->ev_last].next = from->ev;
    else if (from->ev)
        to->ev = from->ev;
    if (from->ev)
        to->ev_last = from->ev_last;
}

/* @node becomes @into: what was done at either is done at both, and so below. @node stands in no list of
 * children any more; @into may. */
void aaj_node_merge(struct aaj_learner *l, uint32_t into, uint32_t node)
{
    uint32_t c, next;

    for (uint32_t g = l->node[node].grant, n; g; g = n) {
        struct aaj_grant *to;

        n = l->grant[g].next;
        for (to = NULL, c = l->node[into].grant; c && !to; c = l->grant[c].next)
            if (l->grant[c].dom == l->grant[g].dom)
                to = &l->grant[c];
        if (to) {
            join_grants(l, to, &l->grant[g]);
        } else {
            l->grant[g].next = l->node[into].grant;
            l->node[into].grant = g;
        }
    }
    for (c = l->node[node].child; c; c = next) {
        next = l->node[c].next;
        l->node[c].parent = into;
        l->node[c].next = l->node[into].child;
        l->node[into].child = c;
    }
    l->node[into].flags |= (l->node[node].flags & ~(uint32_t)(AAJ_NODE_GLOB | AAJ_NODE_DEEP | AAJ_NODE_LONE)) | AAJ_NODE_MERGED;
    l->node[into].inferences |= l->node[node].inferences;
    l->node[node].into = into;
    l->node[node].child = 0;
    l->node[node].grant = 0;
}

/* ---- back to text ---- */

static size_t lineage(const struct aaj_learner *l, uint32_t node, uint32_t *ids, size_t cap)
{
    size_t n = 0;

    for (node = aaj_node_final(l, node); node && n < cap; node = aaj_node_final(l, l->node[node].parent))
        ids[n++] = node;
    return n;
}

enum { DEPTH_MAX = 4096 };

static struct aaj_str join(struct aaj_learner *l, struct aaj_arena *arena, uint32_t node, bool glob)
{
    uint32_t ids[DEPTH_MAX];
    size_t n = lineage(l, node, ids, DEPTH_MAX), total = 0, at = 0;
    struct aaj_str *part = aaj_arena_new_array(arena, n + 1, struct aaj_str);
    char *p;

    for (size_t i = 0; part && i < n; i++) {
        const struct aaj_node *d = &l->node[ids[n - 1 - i]];

        part[i] = glob && !(d->flags & AAJ_NODE_GLOB) && d->name.n ? aaj_glob_escape(arena, d->name) : d->name;
        if (!part[i].p)
            return (struct aaj_str){ 0 };
        total += part[i].n + 1;
    }
    p = part ? aaj_arena_alloc(arena, total + 1) : NULL;
    if (!p)
        return (struct aaj_str){ 0 };
    for (size_t i = 0; i < n; i++) {
        p[at++] = '/';
        memcpy(p + at, part[i].p, part[i].n);
        at += part[i].n;
    }
    return (struct aaj_str){ p, at };
}

uint32_t aaj_node_inferences(const struct aaj_learner *l, uint32_t node)
{
    uint32_t all = 0;

    for (node = aaj_node_final(l, node); node; node = aaj_node_final(l, l->node[node].parent))
        all |= l->node[node].inferences;
    return all;
}

struct aaj_str aaj_node_pattern(struct aaj_learner *l, struct aaj_arena *arena, uint32_t node)
{
    return join(l, arena, node, true);
}

struct aaj_str aaj_node_path(const struct aaj_learner *l, struct aaj_arena *arena, uint32_t node)
{
    return join((struct aaj_learner *)(uintptr_t)l, arena, node, false);
}
