/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Homes of people: what two of them had done in their homes, each by its owner, a third will. Names that begin with a
 * dot are their owner's configuration, and what is in ~/bin their programs: no star reaches either.
 */
#include <errno.h>

#include "learn/private.h"

enum { DEPTH_MAX = 64, SEVERAL = 2 };

struct tally {
    uint64_t by_owner, by_others;
};

static void count(const struct aaj_learner *l, uint32_t node, struct tally *t, unsigned depth)
{
    for (uint32_t g = l->node[node].grant; g; g = l->grant[g].next) {
        t->by_owner += l->grant[g].yes - l->grant[g].root;
        t->by_others += l->grant[g].no + l->grant[g].root;
    }
    for (uint32_t c = l->node[node].child; c && depth < DEPTH_MAX; c = l->node[c].next)
        count(l, c, t, depth + 1);
}

static bool is_used_by_owner(const struct aaj_learner *l, uint32_t home)
{
    const struct aaj_node *n = &l->node[home];
    struct tally t = { 0 };

    if (!n->child || n->name.n == 0 || n->name.p[0] == '.' || (n->flags & AAJ_NODE_GLOB))
        return false;
    count(l, home, &t, 0);
    return t.by_owner && !t.by_others;
}

int aaj_group_homes(struct aaj_learner *l, struct aaj_dir *dir)
{
    bool *take = aaj_arena_new_array(&l->scratch, dir->kids.n + 1, bool);
    size_t n = 0;

    if (!aaj_str_eq(dir->pattern, AAJ_STR("/home")))
        return 0;
    if (!take)
        return -ENOMEM;
    for (size_t i = 0; i < dir->kids.n; i++) {
        take[i] = is_used_by_owner(l, dir->kids.id[i]);
        n += take[i];
    }
    return n < SEVERAL ? 0 : aaj_kids_replace(l, dir, take, AAJ_STR("*"), 0, 1u << AAJ_INFER_HOME);
}

/* Below homes that became one, but for what is configuration. */
bool aaj_is_in_homes(struct aaj_str dir)
{
    return aaj_str_starts(dir, AAJ_STR("/home/*")) && aaj_str_search(dir, AAJ_STR("/.")) == dir.n;
}

/* A folder in a home, but for bin and those that begin with a dot. */
#define FOLDER "{[^./b]*,b,b[^/i]*,bi,bi[^/n]*,bin?*}"

struct aaj_str aaj_star(struct aaj_learner *l, const struct aaj_dir *dir, struct aaj_str ext, bool deep)
{
    const char *star = deep ? "**" : "*";

    if (aaj_is_home(dir->pattern))
        star = deep ? "{[^./]*," FOLDER "/**}" : "[^./]*";
    return aaj_arena_printf(l->arena, "%s%.*s", star, AAJ_STR_ARG(ext));
}

bool aaj_is_starred(const struct aaj_dir *dir, struct aaj_str name)
{
    return !aaj_is_home(dir->pattern) || (name.n && name.p[0] != '.' && !aaj_str_eq(name, AAJ_STR("bin")));
}

struct aaj_str aaj_home_means(struct aaj_str pattern)
{
    return aaj_str_search(pattern, AAJ_STR(FOLDER)) < pattern.n ? AAJ_STR("# nothing that begins with a dot, nothing in bin")
                                                                 : (struct aaj_str){ "", 0 };
}
