/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Made-up names of assorted kinds: an upload or a picture waits in /tmp under a name that the slave drew, with the extension
 * that somebody else chose, until it is taken away. Two kinds of documents with the same stem show that; a third is next.
 */
#include <errno.h>

#include "learn/kinds.h"

enum { STEMS_MAX = 64 }; /* each is a walk over the directory */

/* "transform_[0-9a-f]*" of "transform_[0-9a-f]*.png". Empty: the name was not made up for a while, or it is no document's. */
static struct aaj_str stem_of(const struct aaj_learner *l, uint32_t kid)
{
    const struct aaj_node *n = &l->node[kid];
    struct aaj_str ext = aaj_name_last_extension(n->name);

    if (!aaj_is_glob(l, kid) || n->child || (n->flags & AAJ_NODE_EXEC) || !(n->inferences & 1u << AAJ_INFER_TEMP) ||
        !aaj_is_document_extension(ext))
        return (struct aaj_str){ "", 0 };
    return aaj_str_head(n->name, n->name.n - ext.n);
}

/* With any extension but that of code; empty where there is no such pattern. */
static int any_kind(struct aaj_learner *l, const struct aaj_dir *dir, struct aaj_str stem, struct aaj_str *ret_pattern)
{
    struct aaj_str star = AAJ_STR("*"), pattern = { 0 };
    int hits = 1;

    for (int guard = 0; guard < 2 && hits > 0 && star.p; guard++) {
        pattern = aaj_arena_printf(l->arena, "%.*s.%.*s", AAJ_STR_ARG(stem), AAJ_STR_ARG(star));
        hits = pattern.p ? aaj_guard_hits(l, dir->pattern, pattern) : -ENOMEM;
        star = aaj_guard_star(l, false);
    }
    *ret_pattern = hits ? (struct aaj_str){ "", 0 } : pattern;
    return hits < 0 ? hits : 0;
}

/* How many from @from on have the same stem: the kids are in the order of their names. @take: NULL or which they are. */
static size_t count_stem(const struct aaj_learner *l, const struct aaj_dir *dir, size_t from, struct aaj_str stem, bool *take)
{
    size_t n = 0;

    for (size_t i = from; i < dir->kids.n && aaj_str_starts(l->node[dir->kids.id[i]].name, stem); i++) {
        bool same = aaj_str_eq(stem_of(l, dir->kids.id[i]), stem);

        n += same;
        if (take)
            take[i] = same;
    }
    return n;
}

/* 1: they became one pattern. */
static int join_stem(struct aaj_learner *l, struct aaj_dir *dir, size_t from, struct aaj_str stem)
{
    bool *take = aaj_arena_new_array(&l->scratch, dir->kids.n + 1, bool);
    struct aaj_str pattern;
    int r = take ? any_kind(l, dir, stem, &pattern) : -ENOMEM;

    if (r < 0 || pattern.n == 0)
        return r;
    count_stem(l, dir, from, stem, take);
    r = aaj_kids_replace(l, dir, take, pattern, 0, 1u << AAJ_INFER_TEMP | 1u << AAJ_INFER_ASSORTED);
    return r < 0 ? r : 1;
}

int aaj_group_assorted(struct aaj_learner *l, struct aaj_dir *dir)
{
    size_t stems = 0, i = 0;

    while (i < dir->kids.n && stems < STEMS_MAX) {
        struct aaj_str stem = stem_of(l, dir->kids.id[i]);
        int joined = 0;

        if (stem.n && count_stem(l, dir, i, stem, NULL) > 1) {
            joined = join_stem(l, dir, i, stem);
            stems++;
        }
        if (joined < 0)
            return joined;
        i += !joined;
    }
    return 0;
}
