/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Directories used like their neighbours: repositories, plug-ins, languages, tenants. Where half of what is
 * used in one directory, or much, bears the names of what is used in another, the next of them will be used so, too.
 * Directories that the slave makes are kin to each other only, by the names of what it makes in them.
 */
#include <errno.h>
#include <stdlib.h>

#include "learn/private.h"
#include "policy/quote.h"

enum { DEPTH_MAX = 64, NAMES_MAX = 1 << 16, MANY = 3 };

struct used {
    struct aaj_str name; /* below the directory; a file named after the directory is "\0.php" */
    uint32_t kid;        /* index into dir->kids */
};

struct kin {
    uint32_t leader; /* of those alike: the first */
    size_t names, shared;
    bool namesake; /* shares a file that bears its directory's name: seo/seo.php, forms/forms.php */
    bool fits;
};

struct family {
    struct used *used;
    size_t n, cap;
    struct kin *kin; /* by kid */
};

static int by_name(const void *a, const void *b)
{
    const struct used *x = a, *y = b;
    int r = aaj_str_cmp(x->name, y->name);

    return r ? r : (x->kid > y->kid) - (x->kid < y->kid);
}

static bool runs_below(const struct aaj_learner *l, uint32_t node, unsigned depth)
{
    bool any = l->node[node].flags & AAJ_NODE_EXEC;

    for (uint32_t c = l->node[node].child; !any && c && depth < DEPTH_MAX; c = l->node[c].next)
        any = runs_below(l, c, depth + 1);
    return any;
}

static bool was_made(const struct aaj_learner *l, uint32_t node)
{
    for (uint32_t c = l->node[node].child; c; c = l->node[c].next)
        if (l->node[c].name.n == 0)
            return l->node[c].flags & AAJ_NODE_MADE;
    return false;
}

static bool may_have_kin(const struct aaj_learner *l, uint32_t kid)
{
    const struct aaj_node *n = &l->node[kid];

    if (!n->child || (n->flags & AAJ_NODE_DEEP) || n->name.p[0] == '.' || aaj_is_secret_name(n->name))
        return false;
    return (!(n->flags & AAJ_NODE_GLOB) || was_made(l, kid)) && !runs_below(l, kid, 0);
}

/* In a made directory what is made counts by its kind: "\1.log", "\1index", "\1cur/". */
static struct aaj_str made_name(struct aaj_learner *l, uint32_t node)
{
    const struct aaj_node *n = &l->node[node];
    struct aaj_str kind = n->child ? (struct aaj_str){ n->name.p, 0 } : aaj_name_last_extension(n->name);

    return aaj_arena_printf(&l->scratch, "\1%.*s%s", AAJ_STR_ARG(kind.n ? kind : n->name), n->child ? "/" : "");
}

static int add_names(struct aaj_learner *l, struct family *f, uint32_t kid, uint32_t node)
{
    struct aaj_str dir = l->node[node].name;
    bool made = was_made(l, node);

    for (uint32_t c = l->node[node].child; c; c = l->node[c].next) {
        struct aaj_str name = l->node[c].name;

        /* a file that the slave moves from one directory to another does not make them alike; nor does a directory that
         * it makes in both, notes/anna and pictures/anna: the next is notes/ben */
        if (name.n == 0 ||
            (!made && ((l->node[c].flags & (AAJ_NODE_MADE | AAJ_NODE_GONE | AAJ_NODE_WROTE)) || was_made(l, c))))
            continue;
        if (f->n == NAMES_MAX)
            return -E2BIG;
        if (AAJ_GROW(f->used, f->n, f->cap) < 0)
            return -ENOMEM;
        if (made)
            name = made_name(l, c);
        else if (l->node[c].child)
            name = aaj_arena_printf(&l->scratch, "%.*s/", AAJ_STR_ARG(name));
        else if (aaj_str_starts(name, dir) && name.n > dir.n && name.p[dir.n] == '.')
            name = aaj_arena_printf(&l->scratch, "%c%.*s", '\0', AAJ_STR_ARG(aaj_str_skip(name, dir.n)));
        if (!name.p)
            return -ENOMEM;
        f->used[f->n++] = (struct used){ name, kid };
        f->kin[kid].names++;
    }
    return 0;
}

/* Each name of a directory once. */
static void drop_doubles(struct family *f)
{
    size_t kept = 0;

    for (size_t i = 0; i < f->n; i++) {
        if (kept && f->used[kept - 1].kid == f->used[i].kid && aaj_str_eq(f->used[kept - 1].name, f->used[i].name))
            f->kin[f->used[i].kid].names--;
        else
            f->used[kept++] = f->used[i];
    }
    f->n = kept;
}

static bool is_kin(const struct kin *k)
{
    return k->shared && (k->shared * 2 >= k->names || k->shared >= MANY || k->namesake);
}

static uint32_t leader_of(const struct family *f, uint32_t kid)
{
    while (f->kin[kid].leader != kid)
        kid = f->kin[kid].leader;
    return kid;
}

/* Calls for each name that more than one (of those that fit, the second time) bear. */
static void relate(struct family *f, bool join)
{
    for (size_t i = 0, j; i < f->n; i = j) {
        size_t many = 0;
        uint32_t first = 0;

        for (j = i; j < f->n && aaj_str_eq(f->used[i].name, f->used[j].name); j++)
            many += !join || f->kin[f->used[j].kid].fits;
        for (size_t k = i, seen = 0; many > 1 && k < j; k++) {
            struct kin *kin = &f->kin[f->used[k].kid];
            uint32_t a, b;

            if (!join) {
                kin->shared++;
                kin->namesake |= f->used[k].name.p[0] == '\0';
                continue;
            }
            if (!kin->fits)
                continue;
            if (seen++ == 0) {
                first = f->used[k].kid;
                continue;
            }
            a = leader_of(f, first);
            b = leader_of(f, f->used[k].kid);
            f->kin[a < b ? b : a].leader = a < b ? a : b;
        }
    }
}

/* What is written below would be written below all: not where that could be code. */
static int reaches_code(struct aaj_learner *l, const struct aaj_dir *dir, struct aaj_str above, uint32_t node,
                        unsigned depth)
{
    int r = 0;

    for (uint32_t c = l->node[node].child; r == 0 && c && depth < DEPTH_MAX; c = l->node[c].next) {
        const struct aaj_node *n = &l->node[c];
        struct aaj_str name = n->flags & AAJ_NODE_GLOB ? n->name : aaj_glob_escape(&l->scratch, n->name);

        name = name.p ? aaj_arena_printf(&l->scratch, "%.*s/%.*s", AAJ_STR_ARG(above), AAJ_STR_ARG(name)) : name;
        if (!name.p)
            return -ENOMEM;
        if (n->flags & (AAJ_NODE_MADE | AAJ_NODE_GONE | AAJ_NODE_WROTE))
            r = aaj_guard_hits(l, dir->pattern, name);
        if (r == 0 && n->child)
            r = reaches_code(l, dir, name, c, depth + 1);
    }
    return r;
}

/* How much of two patterns is the same, up to a dash, dot or the like that is no part of a class or an alternation. */
static size_t same_ends(struct aaj_str a, struct aaj_str b, bool tail)
{
    size_t most = a.n < b.n ? a.n : b.n, kept = 0, depth = 0;

    for (size_t i = 0; i < most; i++) {
        char c = a.p[tail ? a.n - 1 - i : i];

        if (c != b.p[tail ? b.n - 1 - i : i] || c == '\\')
            break;
        if (strchr(tail ? "]}" : "[{", c))
            depth++;
        else if (depth && strchr(tail ? "[{" : "]}", c))
            depth--;
        else if (depth == 0 && strchr("._-+@", c))
            kept = i + 1;
    }
    return kept;
}

/* Made directories keep what their names begin and end with: "vcl_*.[0-9]*". */
static struct aaj_str made_pattern(struct aaj_learner *l, const struct aaj_dir *dir, const bool *take)
{
    struct aaj_str all = { 0 }, name;
    size_t head = SIZE_MAX, tail = SIZE_MAX, n;

    for (size_t i = 0; i < dir->kids.n; i++) {
        const struct aaj_node *node = &l->node[dir->kids.id[i]];

        if (!take[i])
            continue;
        name = node->flags & AAJ_NODE_GLOB ? node->name : aaj_glob_escape(&l->scratch, node->name);
        if (!name.p)
            return name;
        if (!all.p)
            all = name;
        n = same_ends(all, name, false);
        head = n < head ? n : head;
        n = same_ends(all, name, true);
        tail = n < tail ? n : tail;
    }
    if (head + tail >= all.n)
        tail = 0;
    return aaj_arena_printf(l->arena, "%.*s*%.*s", AAJ_STR_ARG(aaj_str_head(all, head)),
                            AAJ_STR_ARG(aaj_str_skip(all, all.n - tail)));
}

/* "*", or "*.git" when all end so. */
static struct aaj_str pattern_of(struct aaj_learner *l, const struct aaj_dir *dir, const bool *take)
{
    struct aaj_str ext = { 0 };

    for (size_t i = 0; i < dir->kids.n; i++)
        if (take[i] && was_made(l, dir->kids.id[i]))
            return made_pattern(l, dir, take);
    for (size_t i = 0; i < dir->kids.n; i++) {
        struct aaj_str one = take[i] ? aaj_name_last_extension(l->node[dir->kids.id[i]].name) : ext;

        if (ext.p && !aaj_str_eq(one, ext))
            return AAJ_STR("*");
        ext = one;
    }
    return aaj_arena_printf(l->arena, "*%.*s", AAJ_STR_ARG(ext));
}

static int join_largest(struct aaj_learner *l, struct aaj_dir *dir, struct family *f)
{
    bool *take = aaj_arena_new_array(&l->scratch, dir->kids.n + 1, bool);
    size_t *size = aaj_arena_new_array(&l->scratch, dir->kids.n + 1, size_t);
    struct aaj_str pattern;
    uint32_t best = 0;
    int r = 0;

    if (!take || !size)
        return -ENOMEM;
    for (uint32_t i = 0; i < dir->kids.n; i++)
        if (f->kin[i].fits)
            size[leader_of(f, i)]++;
    for (uint32_t i = 0; i < dir->kids.n; i++)
        best = size[i] > size[best] ? i : best;
    if (size[best] < 2)
        return 0;
    for (uint32_t i = 0; i < dir->kids.n; i++)
        take[i] = f->kin[i].fits && leader_of(f, i) == best;
    pattern = pattern_of(l, dir, take);
    for (uint32_t i = 0; pattern.p && r == 0 && i < dir->kids.n; i++)
        if (take[i])
            r = reaches_code(l, dir, pattern, dir->kids.id[i], 0);
    if (r)
        return r < 0 ? r : 0;
    return pattern.p ? aaj_kids_replace(l, dir, take, pattern, 0, 1u << AAJ_INFER_TWINS) : -ENOMEM;
}

int aaj_group_twins(struct aaj_learner *l, struct aaj_dir *dir)
{
    struct family f = { .kin = aaj_arena_new_array(&l->scratch, dir->kids.n + 1, struct kin) };
    int r = f.kin ? 0 : -ENOMEM;

    for (uint32_t i = 0; r == 0 && i < dir->kids.n; i++) {
        f.kin[i].leader = i;
        if (may_have_kin(l, dir->kids.id[i]))
            r = add_names(l, &f, i, dir->kids.id[i]);
    }
    if (r == 0 && f.n > 1) {
        qsort(f.used, f.n, sizeof(*f.used), by_name);
        drop_doubles(&f);
        relate(&f, false);
        for (uint32_t i = 0; i < dir->kids.n; i++)
            f.kin[i].fits = is_kin(&f.kin[i]);
        relate(&f, true);
        r = join_largest(l, dir, &f);
    }
    free(f.used);
    return r == -E2BIG ? 0 : r;
}
