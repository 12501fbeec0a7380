/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a pattern costs: existing files that nobody saw the slave use. One that belongs to somebody else and
 * that not everybody may read, or any that somebody else owns when the pattern may be written, is too
 * much: then only the names that were seen are granted.
 */
#include <errno.h>

#include "learn/emit.h"

struct question {
    struct aaj_learner *l;
    struct aaj_glob *glob;
    const struct aaj_grant *grant;
    uint32_t node;
    int error;
};

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

static bool is_evidence(const struct question *q, struct aaj_str path)
{
    struct aaj_learner *l = q->l;

    for (uint32_t e = q->grant->ev; e; e = l->ev[e].next)
        if (aaj_str_eq(aaj_arg(l, &l->access[l->ev[e].access], AAJ_FILE_NAME), path))
            return true;
    return false;
}

static int look(void *data, const struct aaj_fact *fact)
{
    struct question *q = data;
    bool write = q->grant->perms & (AAJ_MAY_WRITE | AAJ_MAY_APPEND);
    int match;

    if (fact->type != 'f' && fact->type != 's')
        return 0;
    if (fact->uid == q->l->uid_max || (!write && (fact->bits & AAJ_FACT_WORLD_READ)))
        return 0;
    match = aaj_glob_match(q->glob, fact->path);
    if (match <= 0)
        return match;
    return !is_evidence(q, fact->path);
}

int aaj_price_is_dear(struct aaj_learner *l, uint32_t node, const struct aaj_grant *g, struct aaj_str pattern,
                      bool owner)
{
    struct question q = { .l = l, .grant = g, .node = node };
    struct aaj_crossing crossing;
    int r;

    if (l->in->ceiling) {
        r = aaj_ceiling_crosses_file(l->in->ceiling, plain(l, pattern), false, g->perms, l->in->files, &l->scratch,
                                     &crossing);
        if (r)
            return r;
    }
    if (owner || !l->in->files || !aaj_fsview_is_complete(l->in->files) ||
        aaj_str_starts(pattern, AAJ_STR("/proc/")) || aaj_str_starts(pattern, AAJ_STR("/sys/")))
        return 0;
    r = aaj_glob_compile(plain(l, pattern), AAJ_GLOB_PATH, &q.glob, NULL);
    if (r < 0)
        return r;
    r = aaj_fsview_walk(l->in->files, look, &q);
    aaj_glob_free(q.glob);
    return r;
}
