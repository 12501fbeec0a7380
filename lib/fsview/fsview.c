/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store of facts: one slot a path. */
#include "fsview/fsview.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fsview/view.h"

int aaj_fsview_new(struct aaj_fsview **ret_view)
{
    struct aaj_fsview *view = calloc(1, sizeof(*view));
    int r;

    if (!view)
        return -ENOMEM;
    view->root = -1;
    r = aaj_intern_init(&view->paths);
    if (r < 0) {
        free(view);
        return r;
    }
    *ret_view = view;
    return 0;
}

struct aaj_fsview *aaj_fsview_free(struct aaj_fsview *view)
{
    if (!view)
        return NULL;
    if (view->root >= 0)
        close(view->root);
    aaj_tape_clear(&view->tape);
    aaj_intern_clear(&view->paths);
    aaj_arena_clear(&view->arena);
    free(view->fact);
    free(view->flags);
    free(view->order);
    free(view);
    return NULL;
}

struct aaj_str aaj_view_parent(struct aaj_str path)
{
    while (path.n > 1 && path.p[path.n - 1] != '/')
        path.n--;
    if (path.n > 1)
        path.n--;
    return path;
}

bool aaj_view_is_volatile(struct aaj_str path)
{
    static const struct aaj_str top[] = { AAJ_STR_INIT("/proc"), AAJ_STR_INIT("/sys"),
                                          AAJ_STR_INIT("/dev") };

    for (size_t i = 0; i < sizeof(top) / sizeof(top[0]); i++)
        if (aaj_str_starts(path, top[i]) && (path.n == top[i].n || path.p[top[i].n] == '/'))
            return true;
    return false;
}

static int grow(struct aaj_fsview *view, uint32_t need)
{
    uint32_t cap = view->cap ? view->cap : 256;
    struct aaj_fact *fact;
    uint8_t *flags;

    if (need <= view->cap)
        return 0;
    while (cap < need)
        cap *= 2;
    fact = reallocarray(view->fact, cap, sizeof(*fact));
    if (!fact)
        return -ENOMEM;
    view->fact = fact;
    flags = realloc(view->flags, cap);
    if (!flags)
        return -ENOMEM;
    view->flags = flags;
    view->cap = cap;
    return 0;
}

int aaj_view_slot(struct aaj_fsview *view, struct aaj_str path, uint32_t *ret_id)
{
    uint32_t id;
    int r = aaj_intern_add(&view->paths, path, &id);

    if (r < 0)
        return r;
    r = grow(view, id + 1);
    if (r < 0)
        return r;
    for (; view->n <= id; view->n++) {
        view->fact[view->n] = (struct aaj_fact){ 0 };
        view->flags[view->n] = 0;
    }
    *ret_id = id;
    return 0;
}

uint32_t aaj_fact_mode_bits(uint16_t mode, char type)
{
    uint32_t bits = 0;

    if (type == 'f' && mode & 04000)
        bits |= AAJ_FACT_SETUID;
    /* Without group execution the bit means mandatory locking, not setgid (inode(7)). */
    if (type == 'f' && (mode & 02010) == 02010)
        bits |= AAJ_FACT_SETGID;
    if (mode & 0111)
        bits |= AAJ_FACT_EXEC;
    if (mode & 0004)
        bits |= AAJ_FACT_WORLD_READ;
    return bits;
}

int aaj_view_put(struct aaj_fsview *view, uint32_t id, const struct aaj_fact *fact, uint8_t flags)
{
    struct aaj_fact copy = *fact;

    if (fact->target.n) {
        copy.target = aaj_arena_dup(&view->arena, fact->target);
        if (!copy.target.p)
            return -ENOMEM;
    }
    if (fact->interp.n) {
        copy.interp = aaj_arena_dup(&view->arena, fact->interp);
        if (!copy.interp.p)
            return -ENOMEM;
    }
    copy.path = aaj_intern_str(&view->paths, id);
    if (copy.type)
        copy.bits |= aaj_fact_mode_bits(copy.mode, copy.type);
    view->fact[id] = copy;
    view->flags[id] |= (uint8_t)(flags | AAJ_VIEW_KNOWN);
    return 0;
}

/* The form that names have in the table: absolute, no "/" at the end. */
static int clean(struct aaj_str path, struct aaj_str *ret_path)
{
    if (!path.n || path.p[0] != '/')
        return -EINVAL;
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    *ret_path = path;
    return 0;
}

int aaj_fsview_add(struct aaj_fsview *view, const struct aaj_fact *fact)
{
    struct aaj_str path;
    uint32_t id;
    int r = clean(fact->path, &path);

    if (r < 0)
        return r;
    r = aaj_view_slot(view, path, &id);
    return r < 0 ? r : aaj_view_put(view, id, fact, AAJ_VIEW_ADDED);
}

int aaj_fsview_set_root(struct aaj_fsview *view, const char *root)
{
    int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), probe;

    if (fd < 0)
        return -errno;
    probe = aaj_tree_open(fd, AAJ_STR("/"), O_PATH);
    if (probe < 0) {
        close(fd);
        return probe;
    }
    close(probe);
    if (view->root >= 0)
        close(view->root);
    aaj_tape_clear(&view->tape);
    view->root = fd;
    return 0;
}

bool aaj_fsview_is_complete(const struct aaj_fsview *view)
{
    return view->root >= 0 || view->listed;
}

static int by_path(const void *a, const void *b, void *view)
{
    const struct aaj_fsview *v = view;

    return aaj_str_cmp(aaj_intern_str(&v->paths, *(const uint32_t *)a),
                       aaj_intern_str(&v->paths, *(const uint32_t *)b));
}

int aaj_view_order(struct aaj_fsview *view)
{
    uint32_t *order;

    if (view->order && view->n_order == view->n)
        return 0;
    order = reallocarray(view->order, view->n + 1, sizeof(*order));
    if (!order)
        return -ENOMEM;
    view->order = order;
    for (uint32_t i = 0; i < view->n; i++)
        order[i] = i;
    qsort_r(order, view->n, sizeof(*order), by_path, view);
    view->n_order = view->n;
    return 0;
}

int aaj_fsview_each_fact(struct aaj_fsview *view, int (*fn)(void *, const struct aaj_fact *), void *data)
{
    int r = aaj_view_order(view);

    for (uint32_t i = 0; r == 0 && i < view->n_order; i++)
        if (view->flags[view->order[i]] & AAJ_VIEW_ADDED)
            r = fn(data, &view->fact[view->order[i]]);
    return r;
}

bool aaj_view_is_below(struct aaj_str path, struct aaj_str dir)
{
    if (dir.n == 1) /* "/" */
        return true;
    return dir.n && path.n > dir.n && path.p[dir.n] == '/' && aaj_str_starts(path, dir);
}

struct recorder {
    struct aaj_tape *tape;
    int (*fn)(void *, const struct aaj_fact *);
    void *data;
    bool whole;
};

static int record(void *data, const struct aaj_fact *fact)
{
    struct recorder *rec = data;
    int r = rec->fn(rec->data, fact);

    rec->whole = rec->whole && r == 0 && aaj_tape_add(rec->tape, fact) == 0;
    return r;
}

/* A walk that leaves something out is good for itself alone. */
static int walk_tree(struct aaj_fsview *view, int (*fn)(void *, const struct aaj_fact *), void *data)
{
    struct recorder rec = { .tape = &view->tape, .fn = fn, .data = data, .whole = true };
    int r;

    if (view->tape.whole)
        return aaj_tape_play(&view->tape, fn, data);
    r = aaj_tree_walk(view->root, record, &rec);
    view->tape.whole = rec.whole;
    if (!rec.whole)
        aaj_tape_clear(&view->tape);
    return r;
}

int aaj_fsview_walk(struct aaj_fsview *view, int (*fn)(void *, const struct aaj_fact *), void *data)
{
    struct aaj_str skip = { 0 };
    int r;

    if (view->root >= 0)
        return walk_tree(view, fn, data);
    r = aaj_view_order(view);
    for (uint32_t i = 0; r == 0 && i < view->n_order; i++) {
        uint32_t id = view->order[i];
        const struct aaj_fact *fact = &view->fact[id];

        if (!(view->flags[id] & (AAJ_VIEW_ADDED | AAJ_VIEW_LISTED)) || !fact->type || aaj_view_is_below(fact->path, skip))
            continue;
        r = fn(data, fact);
        if (r == AAJ_FSVIEW_SKIP) {
            skip = fact->path;
            r = 0;
        }
    }
    return r;
}
