/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a pattern costs: existing files that nobody saw the slave use. One that belongs to somebody else and
 * that not everybody may read, or any that somebody else owns when the pattern may be written, is too
 * much: then only the names that were seen are granted. The tree is walked once for all patterns.
 */
#include <errno.h>

#include "learn/emit.h"

enum { TAGS = 64, PACKED = 2 };

struct market {
    struct aaj_learner *l;
    struct aaj_priced *item;
    struct aaj_glob *glob; /* tag = index */
};

/* Variables are numbers here. */
static struct aaj_str plain(struct aaj_learner *l, struct aaj_str s)
{
    for (;;) {
        size_t at = aaj_str_search(s, AAJ_STR("@{"));
        size_t len = aaj_str_find(aaj_str_skip(s, at), '}');

        if (at == s.n)
            return s;
        s = aaj_arena_printf(&l->scratch, "%.*s[0-9]*%.*s", (int)at, s.p, AAJ_STR_ARG(aaj_str_skip(s, at + len + 1)));
    }
}

/* Names that were seen lead to the pattern's own node; and what the jail made is nobody else's. */
static bool is_evidence(struct aaj_learner *l, const struct aaj_priced *p, struct aaj_str path)
{
    uint32_t node;

    return aaj_path_find(l, path, &node) &&
           (aaj_node_final(l, node) == p->node || (l->node[node].flags & AAJ_NODE_MADE));
}

/* How many folders lie between the slave's own, /srv/app, and the first name of @path that begins with a dot. */
static size_t depth_of_hidden(const struct aaj_learner *l, struct aaj_str path, size_t hidden)
{
    size_t depth = 0;

    for (size_t i = 1; i < hidden; i++)
        if (path.p[i] == '/')
            depth += depth || aaj_area_of(l->in, aaj_str_head(path, i)) == AAJ_AREA_OWN;
    return depth;
}

/*
 * Does it begin with a dot where the pattern does not? In the folders of a folder what there is came with others of
 * its kind, and a pattern with an extension does not ask for what has none.
 */
static bool is_hidden(const struct aaj_learner *l, struct aaj_str pattern, struct aaj_str path)
{
    size_t at = aaj_str_search(path, AAJ_STR("/."));

    if (at == path.n || aaj_str_search(pattern, AAJ_STR("/.")) < pattern.n)
        return false;
    return pattern.p[pattern.n - 1] == '*' || depth_of_hidden(l, path, at) < PACKED;
}

/* Not for everybody by its mode, or, where it is no package's, by its name: `*` matches what begins with a dot. */
static bool is_private(const struct aaj_learner *l, const struct aaj_priced *p, const struct aaj_fact *fact)
{
    struct aaj_str rest = fact->path;

    if (!(fact->bits & AAJ_FACT_WORLD_READ))
        return true;
    if (aaj_str_starts(fact->path, AAJ_STR("/usr/")))
        return false;
    if (is_hidden(l, p->pattern, fact->path))
        return true;
    while (rest.n) {
        struct aaj_str name = aaj_str_head(aaj_str_skip(rest, 1), aaj_str_find(aaj_str_skip(rest, 1), '/'));

        if (aaj_is_secret_name(name))
            return true;
        rest = aaj_str_skip(rest, name.n + 1);
    }
    return false;
}

/*
 * Of a jail that is root's alone: root owns nearly all there is, but where the jail keeps its own and makes files by
 * this pattern, those of root's that are there already are of its making, too: yesterday's logs.
 */
static bool is_of_root_jail(const struct aaj_learner *l, const struct aaj_priced *p, const struct aaj_fact *fact)
{
    const char *slash = memrchr(fact->path.p, '/', fact->path.n);

    return l->uid == 0 && fact->uid == 0 && (l->node[p->node].flags & AAJ_NODE_MADE) && slash &&
           aaj_area_of(l->in, aaj_str_head(fact->path, (size_t)(slash - fact->path.p))) == AAJ_AREA_OWN;
}

static bool is_too_dear(struct aaj_learner *l, const struct aaj_priced *p, const struct aaj_fact *fact)
{
    uint32_t perms = l->grant[p->grant].perms;

    if ((perms & (AAJ_MAY_WRITE | AAJ_MAY_APPEND)) && !is_of_root_jail(l, p, fact))
        return true;
    return (perms & (AAJ_MAY_READ | AAJ_MAY_MMAP)) && is_private(l, p, fact);
}

static int look(void *data, const struct aaj_fact *fact)
{
    struct market *m = data;
    struct aaj_learner *l = m->l;
    uint32_t state, tags[TAGS];
    size_t n;
    int r;

    if ((fact->type != 'f' && fact->type != 's') || (l->uid && fact->uid == l->uid))
        return 0;
    r = aaj_glob_walk(m->glob, AAJ_GLOB_START, fact->path, &state);
    if (r < 0 || state == AAJ_GLOB_DEAD)
        return r;
    n = aaj_glob_tags(m->glob, state, tags, TAGS);
    for (size_t i = 0; i < n && i < TAGS; i++) {
        struct aaj_priced *p = &m->item[tags[i]];

        if (!p->dear && is_too_dear(l, p, fact) && !is_evidence(l, p, fact->path))
            p->dear = true;
    }
    return 0;
}

static int crosses_ceiling(struct aaj_learner *l, const struct aaj_priced *p)
{
    struct aaj_crossing crossing;

    if (!l->in->ceiling)
        return 0;
    return aaj_ceiling_crosses_file(l->in->ceiling, plain(l, p->pattern), false, l->grant[p->grant].perms,
                                    l->in->files, &l->scratch, &crossing);
}

int aaj_price_list_add(struct aaj_price_list *list, const struct aaj_priced *item)
{
    if (AAJ_GROW(list->item, list->n, list->cap) < 0)
        return -ENOMEM;
    list->item[list->n++] = *item;
    return 0;
}

int aaj_price(struct aaj_learner *l, struct aaj_priced *item, size_t n)
{
    struct market m = { .l = l, .item = item };
    bool any = false;
    int r = aaj_glob_new(&m.glob);

    for (uint32_t i = 0; r == 0 && i < n; i++) {
        if (item[i].dear)
            continue;
        r = crosses_ceiling(l, &item[i]);
        item[i].dear = r > 0;
        r = r > 0 ? 0 : r;
        if (r < 0 || item[i].dear || item[i].owner || aaj_str_starts(item[i].pattern, AAJ_STR("/proc/")) ||
            aaj_str_starts(item[i].pattern, AAJ_STR("/sys/")))
            continue;
        r = aaj_glob_add(m.glob, plain(l, item[i].pattern), AAJ_GLOB_PATH, i, NULL);
        any = true;
    }
    if (r == 0 && any && l->in->files && aaj_fsview_is_complete(l->in->files))
        r = aaj_fsview_walk(l->in->files, look, &m);
    aaj_glob_free(m.glob);
    return r;
}
