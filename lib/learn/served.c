/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whole directories that are only read: what a web server hands out (pages, styles, pictures: next to
 * nobody asks for all of them while somebody watches), and what a package brought below /usr/share.
 */
#include <errno.h>
#include <stdlib.h>

#include "learn/private.h"

enum { DEPTH_MAX = 64, SERVED = 2, PACKAGED = 3 };

/* ---- what else is there, so that `**` would open it ---- */

static bool is_hidden(struct aaj_str name)
{
    return name.n && name.p[0] == '.';
}

/* Directories on the way to a file that is no document become AAJ_NODE_MIXED. */
static void mark(struct aaj_learner *l, struct aaj_str path, bool always)
{
    bool plain = !always;
    uint32_t node = 0;

    for (size_t at = 1; at <= path.n;) {
        struct aaj_str name = aaj_str_skip(path, at);

        name = aaj_str_head(name, aaj_str_find(name, '/'));
        plain = plain && !is_hidden(name) && !aaj_is_secret_name(name);
        at += name.n + 1;
    }
    plain = plain && aaj_is_document_extension(aaj_name_last_extension(path));
    for (size_t at = 1; !plain && at < path.n;) {
        size_t end = at + aaj_str_find(aaj_str_skip(path, at), '/');

        if (end >= path.n || !aaj_path_find(l, aaj_str_head(path, end), &node))
            break;
        l->node[node].flags |= AAJ_NODE_MIXED;
        at = end + 1;
    }
}

static int look(void *data, const struct aaj_fact *fact)
{
    struct aaj_learner *l = data;

    if (fact->type == 'f' && aaj_area_of(l->in, fact->path) == AAJ_AREA_OWN)
        mark(l, fact->path, !(fact->bits & AAJ_FACT_WORLD_READ));
    return 0;
}

int aaj_served_prepare(struct aaj_learner *l)
{
    if (!l->in->files || !aaj_fsview_is_complete(l->in->files))
        return 0;
    return aaj_fsview_walk(l->in->files, look, l);
}

/* ---- what is read below a directory ---- */

struct tally {
    size_t files;
    bool deep, kinds, not_script; /* in more than one directory; of more than one kind */
    struct aaj_str ext;
    struct aaj_kids below; /* nodes that are no direct children */
};

enum { DISTURBED = AAJ_NODE_MADE | AAJ_NODE_GONE | AAJ_NODE_WROTE | AAJ_NODE_EXEC };

static bool is_document(const struct aaj_learner *l, uint32_t node, struct tally *t)
{
    const struct aaj_node *n = &l->node[node];
    struct aaj_str ext = aaj_name_last_extension(n->name);

    if ((n->flags & DISTURBED) || !(n->flags & AAJ_NODE_READ) || is_hidden(n->name) || !aaj_is_document_extension(ext))
        return false;
    t->kinds |= t->files && !aaj_str_eq(ext, t->ext);
    t->not_script |= !aaj_str_eq(ext, AAJ_STR(".js"));
    t->ext = ext;
    t->files++;
    return true;
}

static int only_documents(struct aaj_learner *l, uint32_t node, struct tally *t, unsigned depth);

/* 1: a document, or a directory with nothing else in it. */
static int is_served(struct aaj_learner *l, uint32_t node, struct tally *t, unsigned depth)
{
    const struct aaj_node *n = &l->node[node];
    int r = 1;

    if (depth > DEPTH_MAX || (n->flags & AAJ_NODE_MIXED))
        return 0;
    if (n->name.n == 0) { /* the directory itself, listed */
        if (n->flags & DISTURBED)
            return 0;
    } else if (n->grant && !is_document(l, node, t)) {
        return 0;
    }
    if (depth && n->grant)
        r = aaj_kids_add(&t->below, node) < 0 ? -ENOMEM : 1;
    if (n->child && r > 0) {
        t->deep = true;
        r = is_hidden(n->name) || aaj_is_secret_name(n->name) ? 0 : only_documents(l, node, t, depth + 1);
    }
    return r;
}

static int only_documents(struct aaj_learner *l, uint32_t node, struct tally *t, unsigned depth)
{
    int r = 1;

    for (uint32_t c = l->node[node].child; r > 0 && c; c = l->node[c].next)
        r = is_served(l, c, t, depth);
    return r;
}

static int become(struct aaj_learner *l, struct aaj_dir *dir, const struct tally *t, uint32_t by)
{
    bool *take = aaj_arena_new_array(&l->scratch, dir->kids.n + 1, bool);

    if (!take)
        return -ENOMEM;
    for (size_t i = 0; i < dir->kids.n; i++) {
        const struct aaj_node *n = &l->node[dir->kids.id[i]];

        take[i] = n->name.n && n->grant && !(n->flags & DISTURBED) && !aaj_is_secret_name(n->name);
    }
    return aaj_kids_swallow(l, dir, take, &t->below, t->deep ? AAJ_STR("**") : AAJ_STR("*"), by);
}

/* One will do where it is known that nothing else is there; otherwise several that differ. */
static bool is_enough(const struct aaj_learner *l, const struct tally *t)
{
    if (!t->not_script)
        return false;
    if (l->in->files && aaj_fsview_is_complete(l->in->files))
        return t->files > 0;
    return t->files >= SERVED && (t->kinds || t->deep);
}

int aaj_group_served(struct aaj_learner *l, struct aaj_dir *dir)
{
    struct tally t = { 0 };
    int r = (l->node[dir->node].flags & AAJ_NODE_MIXED) || aaj_is_home(dir->pattern) ? 0 : 1;

    for (size_t i = 0; r > 0 && i < dir->kids.n; i++)
        r = is_served(l, dir->kids.id[i], &t, 0);
    if (r > 0)
        r = is_enough(l, &t) ? become(l, dir, &t, 1u << AAJ_INFER_SERVED) : 0;
    free(t.below.id);
    return r;
}

/* ---- /usr/share/NAME ---- */

static int collect(struct aaj_learner *l, uint32_t node, struct tally *t, unsigned depth)
{
    for (uint32_t c = l->node[node].child; c && depth < DEPTH_MAX; c = l->node[c].next) {
        const struct aaj_node *n = &l->node[c];

        if (n->grant && !(n->flags & DISTURBED) && (n->flags & AAJ_NODE_READ) && !aaj_is_secret_name(n->name)) {
            t->files += n->name.n > 0;
            if (aaj_kids_add(&t->below, c) < 0)
                return -ENOMEM;
        }
        if (n->child && collect(l, c, t, depth + 1) < 0)
            return -ENOMEM;
    }
    return 0;
}

static bool is_package(struct aaj_str dir)
{
    static const struct aaj_str top[] = { AAJ_STR_INIT("/usr/share/"), AAJ_STR_INIT("/usr/local/share/") };

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(top); i++)
        if (aaj_str_starts(dir, top[i]) && dir.n > top[i].n)
            return aaj_str_find(aaj_str_skip(dir, top[i].n), '/') == dir.n - top[i].n;
    return false;
}

int aaj_group_package(struct aaj_learner *l, struct aaj_dir *dir)
{
    struct tally t = { .deep = true };
    int r = 0;

    if (!is_package(dir->pattern))
        return 0;
    for (size_t i = 0; r == 0 && i < dir->kids.n; i++) {
        const struct aaj_node *n = &l->node[dir->kids.id[i]];

        t.files += n->name.n && n->grant && !(n->flags & DISTURBED);
        if (n->child)
            r = collect(l, dir->kids.id[i], &t, 0);
    }
    if (r == 0 && t.files >= PACKAGED)
        r = become(l, dir, &t, 1u << AAJ_INFER_LIBRARIES);
    free(t.below.id);
    return r;
}
