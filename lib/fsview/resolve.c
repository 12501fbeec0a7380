/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a name as written to the name that the kernel would give it: path_resolution(7). */
#include <errno.h>
#include <limits.h>

#include "fsview/view.h"

enum { LINKS_MAX = 40 }; /* MAXSYMLINKS in the kernel */

/* One question about a path whose parents are directories (or unknown). */
static int lookup(struct aaj_fsview *view, struct aaj_str path, struct aaj_fact *ret_fact)
{
    struct aaj_fact fact = { 0 };
    uint32_t id;
    int r;

    if (aaj_intern_find(&view->paths, path, &id) == 0 && id < view->n && view->flags[id] & AAJ_VIEW_KNOWN) {
        *ret_fact = view->fact[id];
        return view->fact[id].type != 0;
    }
    if (view->root >= 0) {
        r = aaj_tree_get(view->root, path, &view->arena, &fact);
        if (r < 0)
            return r;
        r = aaj_view_slot(view, path, &id);
        if (r == 0)
            r = aaj_view_put(view, id, &fact, 0);
        if (r < 0)
            return r;
        *ret_fact = view->fact[id];
        return fact.type != 0;
    }
    return -ENODATA;
}

/* A path that no list names: absent where the nearest listed directory above it was read. */
static int absent_or_unknown(const struct aaj_fsview *view, struct aaj_str path)
{
    uint32_t id;

    if (!view->listed || path.n <= 1)
        return -ENODATA;
    do {
        path = aaj_view_parent(path);
        if (aaj_intern_find(&view->paths, path, &id) < 0 || id >= view->n ||
            !(view->flags[id] & AAJ_VIEW_LISTED))
            continue;
        if (view->fact[id].type != 'd')
            return view->fact[id].type == 'l' ? -ENODATA : 0;
        return view->flags[id] & AAJ_VIEW_CHILDREN ? 0 : -ENODATA;
    } while (path.n > 1);
    return -ENODATA;
}

/* What is left to walk is a stack of slices: the path's rest, then each link's. */
struct chase {
    struct aaj_str rest[LINKS_MAX + 2];
    size_t depth;
    char out[PATH_MAX];
    size_t n;
};

static bool next_component(struct chase *c, struct aaj_str *ret_name)
{
    while (c->depth) {
        struct aaj_str *rest = &c->rest[c->depth - 1];

        while (rest->n && rest->p[0] == '/')
            *rest = aaj_str_skip(*rest, 1);
        if (!rest->n) {
            c->depth--;
            continue;
        }
        *ret_name = aaj_str_head(*rest, aaj_str_find(*rest, '/'));
        *rest = aaj_str_skip(*rest, ret_name->n);
        return true;
    }
    return false;
}

static bool at_end(const struct chase *c)
{
    for (size_t i = 0; i < c->depth; i++)
        for (size_t k = 0; k < c->rest[i].n; k++)
            if (c->rest[i].p[k] != '/')
                return false;
    return true;
}

/* Debian's list of `%p` alone does not say where a link leads, but the merged /usr is known. */
static struct aaj_str merged_usr(struct aaj_str path)
{
    static const struct aaj_str top[] = { AAJ_STR_INIT("/bin"),   AAJ_STR_INIT("/sbin"),
                                          AAJ_STR_INIT("/lib"),   AAJ_STR_INIT("/lib32"),
                                          AAJ_STR_INIT("/lib64"), AAJ_STR_INIT("/libx32") };
    static const struct aaj_str usr[] = { AAJ_STR_INIT("usr/bin"),   AAJ_STR_INIT("usr/sbin"),
                                          AAJ_STR_INIT("usr/lib"),   AAJ_STR_INIT("usr/lib32"),
                                          AAJ_STR_INIT("usr/lib64"), AAJ_STR_INIT("usr/libx32") };

    for (size_t i = 0; i < sizeof(top) / sizeof(top[0]); i++)
        if (aaj_str_eq(path, top[i]))
            return usr[i];
    return (struct aaj_str){ 0 };
}

/* Steps into @name: appends it, or goes where it leads. The answer is about the name itself. */
static int step(struct aaj_fsview *view, struct chase *c, struct aaj_str name, bool follow_last,
                struct aaj_fact *ret_fact)
{
    size_t before = c->n;
    struct aaj_str path, target;
    int r;

    if (aaj_str_eq(name, AAJ_STR(".")))
        return 1;
    if (aaj_str_eq(name, AAJ_STR(".."))) {
        while (c->n && c->out[--c->n] != '/')
            ;
        return 1;
    }
    if (c->n + name.n + 2 > sizeof(c->out))
        return -ENAMETOOLONG;
    c->out[c->n++] = '/';
    memcpy(c->out + c->n, name.p, name.n);
    c->n += name.n;
    path = (struct aaj_str){ c->out, c->n };
    r = lookup(view, path, ret_fact);
    if (r == -ENODATA)
        return absent_or_unknown(view, path);
    if (r != 1 || ret_fact->type != 'l' || (!follow_last && at_end(c)))
        return r;
    target = ret_fact->target.n ? ret_fact->target : merged_usr(path);
    if (!target.n)
        return -ENODATA;
    if (c->depth > LINKS_MAX)
        return -ELOOP;
    c->n = target.p[0] == '/' ? 0 : before;
    c->rest[c->depth++] = target;
    return 1;
}

/* 1: the last name exists (*ret_fact), 0: absent, -ENODATA: unknown; the name is in c->out. */
static int chase(struct aaj_fsview *view, struct chase *c, struct aaj_str path, bool follow_last,
                 struct aaj_fact *ret_fact)
{
    int r = -ENODATA, links = 0;
    struct aaj_str name;
    bool absent = false;

    *c = (struct chase){ .rest = { path }, .depth = 1 };
    while (next_component(c, &name)) {
        size_t depth = c->depth;

        r = step(view, c, name, follow_last, ret_fact);
        if (r < 0 && r != -ENODATA)
            return r;
        if (c->depth > depth && ++links > LINKS_MAX)
            return -ELOOP;
        absent = absent || r == 0;
    }
    return absent ? 0 : r;
}

static int resolve(struct aaj_fsview *view, struct aaj_str path, struct aaj_arena *arena, bool best,
                   struct aaj_str *ret_path)
{
    struct aaj_fact fact = { 0 };
    struct aaj_str out;
    struct chase c;
    int r;

    if (!path.n || path.p[0] != '/')
        return -EINVAL;
    r = chase(view, &c, path, true, &fact);
    if (r == 0 && !best)
        return -ENOENT;
    if (r < 0 && (r != -ENODATA || !best) && c.n)
        return r;
    out = aaj_arena_dup(arena, c.n ? (struct aaj_str){ c.out, c.n } : AAJ_STR("/"));
    if (!out.p)
        return -ENOMEM;
    *ret_path = out;
    return 0;
}

int aaj_fsview_resolve(struct aaj_fsview *view, struct aaj_str path, struct aaj_arena *arena,
                       struct aaj_str *ret_path)
{
    return resolve(view, path, arena, false, ret_path);
}

int aaj_fsview_canonical(struct aaj_fsview *view, struct aaj_str path, struct aaj_arena *arena,
                         struct aaj_str *ret_path)
{
    return resolve(view, path, arena, true, ret_path);
}

int aaj_fsview_get(struct aaj_fsview *view, struct aaj_str path, struct aaj_fact *ret_fact)
{
    struct aaj_fact fact = { 0 };
    struct chase c;
    int r;

    if (!path.n || path.p[0] != '/')
        return -ENODATA;
    r = chase(view, &c, path, false, &fact);
    if (c.n == 0 || r == 1) /* again: the last step may have been ".." */
        r = lookup(view, c.n ? (struct aaj_str){ c.out, c.n } : AAJ_STR("/"), &fact);
    if (r == 1)
        *ret_fact = fact;
    return r == -ELOOP || r == -ENAMETOOLONG ? -ENODATA : r;
}
