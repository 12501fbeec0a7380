/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers of releases below /usr: python3.11, postgresql/15, perl/5.36.0, libfoo.so.1.2.3. The next security update may
 * change them, and a profile should survive it. Programs stay what they are: a child is found by its program's name.
 */
#include <errno.h>

#include "learn/private.h"
#include "policy/quote.h"

enum { DEPTH_MAX = 64, RELEASES_MAX = 64 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_library(struct aaj_str name)
{
    return aaj_str_search(name, AAJ_STR(".so")) < name.n;
}

/* Only read, or mapped as a library, it and what is below. */
static bool is_data(const struct aaj_learner *l, uint32_t node, unsigned depth)
{
    const struct aaj_node *n = &l->node[node];
    bool only = depth < DEPTH_MAX && !(n->flags & (AAJ_NODE_MADE | AAJ_NODE_GONE | AAJ_NODE_WROTE)) &&
                (!(n->flags & AAJ_NODE_EXEC) || is_library(n->name));

    for (uint32_t c = n->child; only && c; c = l->node[c].next)
        only = is_data(l, c, depth + 1);
    return only;
}

/* How many bytes at the end are digits and dots between them. */
static size_t number_at_end(struct aaj_str name)
{
    size_t n = 0;

    while (n < name.n && (is_digit(name.p[name.n - n - 1]) || (n && name.p[name.n - n - 1] == '.' && is_digit(name.p[name.n - n]))))
        n++;
    while (n && !is_digit(name.p[name.n - n]))
        n--;
    return n;
}

/* What of @name stays in front of the number that changes; name.n: all of it. */
static size_t kept(struct aaj_str name, bool folder)
{
    struct aaj_str tail;
    size_t n = number_at_end(name), so = aaj_str_search(name, AAJ_STR(".so.")), dot;

    if (n == 0)
        return name.n;
    if (!folder) /* the first number of a library is its interface's, the others its release's */
        return so + 4 + n == name.n && aaj_str_find(aaj_str_skip(name, so + 4), '.') < n
                   ? so + 4 + aaj_str_find(aaj_str_skip(name, so + 4), '.') + 1
                   : name.n;
    tail = aaj_str_skip(name, name.n - n);
    dot = aaj_str_find(tail, '.');
    if (n == name.n || name.p[name.n - n - 1] == '-')
        return name.n - n;
    return dot < tail.n ? name.n - n + dot + 1 : name.n; /* python3., but not x86_64 or lib32 */
}

int aaj_group_versions(struct aaj_learner *l, struct aaj_dir *dir)
{
    bool *take = NULL;
    unsigned done = 0;
    int r = 0;

    for (size_t i = 0; r == 0 && i < dir->kids.n && done < RELEASES_MAX; i++) {
        const struct aaj_node *n = &l->node[dir->kids.id[i]];
        struct aaj_str pattern = aaj_str_head(n->name, kept(n->name, n->child));

        if ((n->flags & AAJ_NODE_GLOB) || n->name.n == 0 || pattern.n == n->name.n || !is_data(l, dir->kids.id[i], 0))
            continue;
        if (!take)
            take = aaj_arena_new_array(&l->scratch, dir->kids.n + 1, bool);
        pattern = aaj_glob_escape(&l->scratch, pattern);
        pattern = pattern.p ? aaj_arena_printf(l->arena, "%.*s[0-9]*", AAJ_STR_ARG(pattern)) : pattern;
        if (!take || !pattern.p)
            return -ENOMEM;
        memset(take, 0, dir->kids.n * sizeof(*take));
        take[i] = true;
        r = aaj_kids_replace(l, dir, take, pattern, AAJ_NODE_LONE, 1u << AAJ_INFER_VERSION);
        done++;
        i--; /* the pattern stands behind all others now */
    }
    return r;
}
