/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One of the slave's own directories as a whole: new files beside those it made. What comes before the
 * extension varies, the extension tells the kind and stays.
 */
#include <errno.h>
#include <stdlib.h>

#include "learn/kinds.h"
#include "policy/quote.h"

enum { FREE_DIR = 3 }; /* made names that show a directory of made-up names */

/* A directory with a name of the slave's choice. ~/.cache is none: it says nothing of what else may come beside it. */
static bool dir_was_made(const struct aaj_learner *l, uint32_t node)
{
    if (aaj_is_base_folder(l->node[node].name))
        return false;
    for (uint32_t c = l->node[node].child; c; c = l->node[c].next)
        if (l->node[c].name.n == 0)
            return l->node[c].flags & AAJ_NODE_MADE;
    return false;
}

/* What mkstemp(3) puts behind a whole name, ".index.html.M2CnWr", is no extension but says that there is none. */
static const struct aaj_str random_ext = AAJ_STR_INIT(".??????");

/* "*.pyc.[0-9]*" says more than "*": with the number of the process behind it a file keeps its kind. */
static struct aaj_str extension_of_pattern(struct aaj_str name)
{
    static const struct aaj_str number[] = { AAJ_STR_INIT(".[0-9]*[0-9]"), AAJ_STR_INIT(".[0-9]*") };

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(number); i++) {
        struct aaj_str ext = aaj_name_last_extension(aaj_str_head(name, name.n - (aaj_str_ends(name, number[i]) ? number[i].n : 0)));

        if (aaj_str_ends(name, number[i]) && ext.n)
            return (struct aaj_str){ ext.p, (size_t)(name.p + name.n - ext.p) };
    }
    return aaj_name_extension(name);
}

static struct aaj_str extension_of(const struct aaj_learner *l, uint32_t node)
{
    struct aaj_str name = l->node[node].name, last = aaj_name_last_extension(name);
    struct aaj_shape shape;

    if (aaj_is_glob(l, node))
        return extension_of_pattern(name);
    if (last.n != random_ext.n)
        return aaj_name_extension(name);
    aaj_shape_of(name, AAJ_MADE_FOR_A_WHILE, &shape);
    if (shape.n && shape.piece[shape.n - 1].kind == AAJ_PIECE_RANDOM && shape.piece[shape.n - 1].len + 1u == last.n)
        return random_ext;
    return aaj_name_extension(name);
}

/* "*" or "**" and the extension; guarded where that could be code. Empty: no pattern may stand here. */
static int star(struct aaj_learner *l, const struct aaj_dir *dir, struct aaj_str ext, bool deep, bool written,
                struct aaj_str *ret_pattern)
{
    struct aaj_str p = aaj_star(l, dir, ext, deep);
    int hits;

    if (!p.p)
        return -ENOMEM;
    hits = written ? aaj_guard_hits(l, dir->pattern, p) : 0;
    if (hits > 0 && aaj_str_eq(ext, random_ext)) {
        p = aaj_star(l, dir, AAJ_STR(".[^./][^./][^./][^./][^./][^./]"), deep);
        hits = p.p ? aaj_guard_hits(l, dir->pattern, p) : -ENOMEM;
    }
    if (hits > 0 && ext.n == 0 && !aaj_is_home(dir->pattern)) {
        p = aaj_guard_star(l, deep);
        hits = p.p ? aaj_guard_hits(l, dir->pattern, p) : 1;
    }
    if (hits < 0)
        return hits;
    *ret_pattern = hits ? (struct aaj_str){ "", 0 } : p;
    return 0;
}

/* ---- what the slave made ---- */

static bool counts_as_made(const struct aaj_learner *l, uint32_t kid)
{
    const struct aaj_node *n = &l->node[kid];

    /* what others put there and the slave takes away is new each time, too */
    return n->name.n && !n->child && (n->flags & (AAJ_NODE_MADE | AAJ_NODE_GONE)) &&
           !(n->flags & (AAJ_NODE_GLOB | AAJ_NODE_EXEC)) && !aaj_is_secret_name(n->name);
}

/*
 * What is left of names like 1xUxbN-0000GB-2y-D when each group of a shape has its pattern; and in the slave's own
 * directories of names like nginx-2026-11-22.log, where what stands before the date may vary, too.
 */
static bool is_made_pattern(const struct aaj_learner *l, const struct aaj_dir *dir, uint32_t kid)
{
    const struct aaj_node *n = &l->node[kid];

    if (!(n->flags & AAJ_NODE_GLOB) || !(n->flags & (AAJ_NODE_MADE | AAJ_NODE_GONE)) || (n->flags & AAJ_NODE_EXEC) ||
        n->child)
        return false;
    return (n->inferences & (1u << AAJ_INFER_TEMP | 1u << AAJ_INFER_RANDOM)) ||
           (dir->owned && (n->inferences & (1u << AAJ_INFER_COUNTER)) && aaj_name_last_extension(n->name).n);
}

static int collect_made_below(struct aaj_learner *l, struct aaj_kinds *k, uint32_t node, unsigned depth)
{
    for (uint32_t c = l->node[node].child; c && depth < AAJ_KINDS_DEPTH; c = l->node[c].next) {
        const struct aaj_node *n = &l->node[c];
        struct aaj_kind *kind;
        int r;

        if (n->child) {
            r = collect_made_below(l, k, c, depth + 1);
            if (r < 0)
                return r;
        }
        if (!n->grant)
            continue;
        kind = aaj_kind_of(k, n->name.n && !aaj_is_glob(l, c) ? extension_of(l, c) : AAJ_STR(""), n->name.n == 0);
        if (!kind)
            return -E2BIG;
        kind->below++;
        if (aaj_kids_add(&kind->deep, c) < 0)
            return -ENOMEM;
    }
    return 0;
}

static size_t count_made(struct aaj_learner *l, const struct aaj_dir *dir, struct aaj_kinds *k)
{
    size_t total = 0;

    for (size_t i = 0; i < dir->kids.n; i++) {
        uint32_t kid = dir->kids.id[i];
        struct aaj_kind *kind;

        if (!aaj_is_starred(dir, l->node[kid].name))
            continue;
        if (aaj_is_glob(l, kid) && (l->node[kid].flags & (AAJ_NODE_MADE | AAJ_NODE_GONE))) {
            total += 2;
            kind = is_made_pattern(l, dir, kid) ? aaj_kind_of(k, extension_of(l, kid), false) : NULL;
            if (kind && (l->node[kid].flags & (AAJ_NODE_LONE | AAJ_NODE_GONE)) == AAJ_NODE_LONE && kind->ext.n)
                kind->direct++;
            else if (kind)
                kind->patterns++;
        } else if (dir_was_made(l, kid)) {
            total++;
        } else if (counts_as_made(l, kid)) {
            total++;
            kind = aaj_kind_of(k, extension_of(l, kid), false);
            if (kind)
                kind->direct++;
        }
    }
    return total;
}

static bool is_free_kind(const struct aaj_dir *dir, const struct aaj_kind *k, size_t total)
{
    if (k->below || k->patterns >= FREE_DIR)
        return true;
    if (k->direct == 0 || (k->ext.n == 0 && k->direct < 2))
        return false;
    if (k->direct < FREE_DIR && aaj_is_fixed_kind(k->ext))
        return false;
    return dir->owned || total >= FREE_DIR;
}

/* ---- what others of the jail read there ---- */

/* Would @pattern, with what is done at @kid, say nothing new of those who have it? Others may only read. */
static bool may_join(const struct aaj_learner *l, uint32_t pattern, uint32_t kid)
{
    for (uint32_t g = l->node[kid].grant; g; g = l->grant[g].next) {
        const struct aaj_grant *more = &l->grant[g], *have = NULL;

        for (uint32_t p = l->node[pattern].grant; p && !have; p = l->grant[p].next)
            have = l->grant[p].dom == more->dom ? &l->grant[p] : NULL;
        if (more->perms & ~(have ? have->perms : (uint32_t)(AAJ_MAY_READ | AAJ_MAY_LOCK)))
            return false;
        if (have && more->no && !have->no)
            return false;
    }
    return true;
}

static bool is_only_read(const struct aaj_learner *l, uint32_t kid)
{
    const struct aaj_node *n = &l->node[kid];
    uint32_t not = AAJ_NODE_MADE | AAJ_NODE_GONE | AAJ_NODE_WROTE | AAJ_NODE_EXEC;

    return n->name.n && !n->child && n->grant && (n->flags & AAJ_NODE_READ) && !(n->flags & not) &&
           !aaj_is_secret_name(n->name);
}

static int matches(struct aaj_learner *l, struct aaj_glob *glob, uint32_t kid)
{
    struct aaj_str name = l->node[kid].name;
    struct aaj_glob *narrow = NULL;
    uint32_t state, tag;
    int r;

    if (!aaj_is_glob(l, kid)) {
        r = aaj_glob_step(glob, AAJ_GLOB_START, '/', &state);
        r = r == 0 ? aaj_glob_walk(glob, state, name, &state) : r;
        return r == 0 ? aaj_glob_tags(glob, state, &tag, 1) > 0 : r;
    }
    name = aaj_arena_printf(&l->scratch, "/%.*s", AAJ_STR_ARG(name));
    r = name.p ? aaj_glob_compile(name, AAJ_GLOB_PATH, &narrow, NULL) : -ENOMEM;
    if (r == 0)
        r = aaj_glob_subset(narrow, glob, NULL, NULL);
    aaj_glob_free(narrow);
    return r;
}

/* Where names are made up, they are for every program of the jail: one that was given a name to read is given another. */
static int take_readers(struct aaj_learner *l, struct aaj_dir *dir, uint32_t pattern)
{
    struct aaj_str text = aaj_arena_printf(&l->scratch, "/%.*s", AAJ_STR_ARG(l->node[pattern].name));
    struct aaj_glob *glob = NULL;
    size_t kept = 0;
    int r = text.p ? aaj_glob_compile(text, AAJ_GLOB_PATH, &glob, NULL) : -ENOMEM;

    if (r < 0)
        return r == -ENOMEM ? r : 0;
    for (size_t i = 0; i < dir->kids.n; i++) {
        uint32_t kid = dir->kids.id[i];
        int joins = r == 0 && kid != pattern && is_only_read(l, kid) && may_join(l, pattern, kid) ? matches(l, glob, kid) : 0;

        r = joins == -ENOMEM ? joins : r;
        if (joins > 0)
            aaj_node_merge(l, pattern, kid);
        else
            dir->kids.id[kept++] = kid;
    }
    dir->kids.n = kept;
    aaj_glob_free(glob);
    return r;
}

/* One kind, or all (@any), becomes one pattern; what was made below comes with it. 1: it did. */
static int replace_kind(struct aaj_learner *l, struct aaj_dir *dir, const struct aaj_kind *k, bool any)
{
    bool *take = aaj_arena_new_array(&l->scratch, dir->kids.n + 1, bool), deep = k->deep.n > 0;
    struct aaj_str pattern;
    uint32_t node;
    int r;

    if (!take)
        return -ENOMEM;
    r = k->dirs ? 0 : star(l, dir, k->ext, deep, true, &pattern);
    if (k->dirs)
        pattern = aaj_star(l, dir, AAJ_STR("/"), true);
    if (r < 0 || pattern.n == 0)
        return r;
    for (size_t i = 0; i < dir->kids.n; i++)
        take[i] = !k->dirs && aaj_is_starred(dir, l->node[dir->kids.id[i]].name) &&
                  (counts_as_made(l, dir->kids.id[i]) || is_made_pattern(l, dir, dir->kids.id[i])) &&
                  (any ? !aaj_guard_is_code(l, l->node[dir->kids.id[i]].name)
                       : aaj_str_eq(extension_of(l, dir->kids.id[i]), k->ext));
    for (size_t i = 0; i < k->deep.n; i++)
        l->node[k->deep.id[i]].child = 0; /* its children are taken on their own */
    r = aaj_kids_replace(l, dir, take, pattern, deep ? AAJ_NODE_DEEP : 0, 1u << AAJ_INFER_CREATED);
    node = dir->kids.id[dir->kids.n - 1];
    for (size_t i = 0; r == 0 && i < k->deep.n; i++)
        aaj_node_merge(l, node, k->deep.id[i]);
    if (r == 0 && !k->dirs)
        r = take_readers(l, dir, node);
    for (uint32_t g = l->node[node].grant; r == 0 && g; g = l->grant[g].next)
        l->grant[g].inferences |= 1u << AAJ_INFER_CREATED;
    return r < 0 ? r : 1;
}

/* ---- names that somebody else chose: uploads, in-trays ---- */

static struct aaj_str stem_of(struct aaj_str name)
{
    struct aaj_str hidden = aaj_str_starts(name, AAJ_STR(".")) ? aaj_str_skip(name, 1) : name;

    return aaj_str_head(hidden, aaj_str_find(hidden, '.'));
}

/* Do two names differ in their extensions, and not because one is the other's journal or backup? */
static bool is_unlike(struct aaj_str a, struct aaj_str b)
{
    return !aaj_str_eq(aaj_name_extension(a), aaj_name_extension(b)) && !aaj_str_starts(a, stem_of(b)) &&
           !aaj_str_starts(b, stem_of(a));
}

/* Is there, in what the slave made in the directory and below, a name unlike @first? The first found is @first. */
static bool has_unlike(const struct aaj_learner *l, const struct aaj_kids *ids, bool (*counts)(const struct aaj_learner *, uint32_t),
                       struct aaj_str *first)
{
    for (size_t i = 0; i < ids->n; i++) {
        struct aaj_str name = l->node[ids->id[i]].name;

        if (!counts(l, ids->id[i]) || aaj_is_fixed_kind(aaj_name_extension(name)))
            continue;
        if (first->n == 0)
            *first = name;
        else if (is_unlike(*first, name))
            return true;
    }
    return false;
}

/* Is there a file that came by its name when it was moved in from another directory, as an upload does? */
static bool is_delivered(const struct aaj_learner *l, const struct aaj_dir *dir)
{
    bool moved = false;

    for (size_t i = 0; i < dir->kids.n; i++) {
        const struct aaj_node *n = &l->node[dir->kids.id[i]];

        if (n->flags & AAJ_NODE_GONE)
            return false; /* it may have been there before, under another name */
        moved |= (n->flags & AAJ_NODE_MOVED) && !(n->flags & AAJ_NODE_BORN) && counts_as_made(l, dir->kids.id[i]) &&
                 !aaj_is_fixed_kind(n->name);
    }
    return moved;
}

/* Names of one making with extensions of several kinds of documents: what is in them somebody else chose. */
static bool has_documents(const struct aaj_learner *l, const struct aaj_dir *dir)
{
    struct aaj_str first = { 0 };

    for (size_t i = 0; i < dir->kids.n; i++) {
        uint32_t kid = dir->kids.id[i];
        struct aaj_str ext = aaj_name_last_extension(l->node[kid].name);

        if (!is_made_pattern(l, dir, kid) || !aaj_is_document_extension(ext))
            continue;
        if (first.n && !aaj_str_eq(first, ext))
            return true;
        first = ext;
    }
    return false;
}

static bool any_extension(const struct aaj_learner *l, const struct aaj_dir *dir, const struct aaj_kinds *k)
{
    struct aaj_str first = { 0 };

    if (!dir->owned)
        return false;
    if (is_delivered(l, dir) || has_documents(l, dir))
        return true;
    if (has_unlike(l, &dir->kids, counts_as_made, &first))
        return true;
    for (size_t i = 0; i < k->n; i++)
        if (!k->kind[i].dirs && has_unlike(l, &k->kind[i].deep, counts_as_made, &first))
            return true;
    return false;
}

/* All kinds as one, by a pattern without an extension. */
static int replace_all(struct aaj_learner *l, struct aaj_dir *dir, const struct aaj_kinds *k)
{
    struct aaj_kind all = { .ext = AAJ_STR("") };
    int r = 0;

    for (size_t i = 0; i < k->n; i++)
        for (size_t j = 0; r == 0 && !k->kind[i].dirs && j < k->kind[i].deep.n; j++)
            if (!aaj_guard_is_code(l, l->node[k->kind[i].deep.id[j]].name))
                r = aaj_kids_add(&all.deep, k->kind[i].deep.id[j]);
    if (r == 0)
        r = replace_kind(l, dir, &all, true);
    free(all.deep.id);
    return r;
}

static int replace_kinds(struct aaj_learner *l, struct aaj_dir *dir, const struct aaj_kinds *k, size_t total)
{
    int r = any_extension(l, dir, k) ? replace_all(l, dir, k) : 0;
    bool all = r > 0;

    for (size_t i = 0; r >= 0 && i < k->n; i++)
        if ((k->kind[i].dirs || !all) && is_free_kind(dir, &k->kind[i], total))
            r = replace_kind(l, dir, &k->kind[i], false);
    return r < 0 ? r : 0;
}

/* Directories whose contents became patterns of their parent. */
static void drop_made_dirs(struct aaj_learner *l, struct aaj_dir *dir, const struct aaj_kids *made)
{
    size_t kept = 0;

    for (size_t i = 0; i < dir->kids.n; i++) {
        bool drop = false;

        for (size_t j = 0; j < made->n && !drop; j++)
            drop = made->id[j] == dir->kids.id[i];
        if (drop)
            l->node[dir->kids.id[i]].child = 0;
        else
            dir->kids.id[kept++] = dir->kids.id[i];
    }
    dir->kids.n = kept;
}

/* Directories with made-up names, as well, where others with plain ones stand beside them. */
static bool is_made_dir(const struct aaj_learner *l, uint32_t kid, bool beside)
{
    if (aaj_is_glob(l, kid) && !(beside && (l->node[kid].inferences & (1u << AAJ_INFER_COUNTER))))
        return false;
    return dir_was_made(l, kid);
}

static int collect_made_dirs(struct aaj_learner *l, struct aaj_dir *dir, struct aaj_kinds *k, struct aaj_kids *made)
{
    bool plain = false;

    for (size_t i = 0; i < dir->kids.n; i++)
        plain |= is_made_dir(l, dir->kids.id[i], false);
    for (size_t i = 0; i < dir->kids.n; i++) {
        uint32_t kid = dir->kids.id[i];
        struct aaj_str pattern;
        int r;

        if (!is_made_dir(l, kid, plain) || !aaj_is_starred(dir, l->node[kid].name))
            continue;
        /* where `**` would have to stay literal, directories do too */
        r = star(l, dir, AAJ_STR(""), true, true, &pattern);
        if (r < 0 || pattern.n == 0)
            return r;
        r = aaj_kids_add(made, kid);
        if (r == 0)
            r = collect_made_below(l, k, kid, 0);
        if (r < 0)
            return r;
    }
    return 0;
}

int aaj_group_created(struct aaj_learner *l, struct aaj_dir *dir)
{
    struct aaj_kinds *k = calloc(1, sizeof(*k));
    struct aaj_kids made = { 0 };
    size_t total;
    int r = 0;

    if (!k)
        return -ENOMEM;
    total = count_made(l, dir, k);
    if (total >= FREE_DIR || (dir->owned && total))
        r = collect_made_dirs(l, dir, k, &made);
    if (r == 0)
        r = replace_kinds(l, dir, k, total);
    if (r == 0 && made.n)
        drop_made_dirs(l, dir, &made);
    free(made.id);
    aaj_kinds_free(k);
    return r == -E2BIG ? 0 : r;
}
