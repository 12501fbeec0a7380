/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does one rule grant all that another does? */
#include "policy/merge.h"

#include <errno.h>
#include <string.h>

#include "glob/glob.h"
#include "policy/place.h"

static uint32_t granted(uint32_t perms)
{
    return perms & AAJ_MAY_WRITE ? perms | AAJ_MAY_APPEND : perms;
}

/* Bytes before the first that is special or may stand for something else. */
static struct aaj_str literal_start(struct aaj_str glob)
{
    size_t n = 0;

    while (n < glob.n && !strchr("*?[{\\@/", glob.p[n]))
        n++;
    return aaj_str_head(glob, n);
}

/* Globs that begin differently have nothing in common; most pairs are told apart by their first folders. */
bool aaj_globs_begin_alike(struct aaj_str a, struct aaj_str b)
{
    while (a.n && b.n && a.p[0] == '/' && b.p[0] == '/') {
        struct aaj_str x = literal_start(aaj_str_skip(a, 1)), y = literal_start(aaj_str_skip(b, 1));
        size_t n = x.n < y.n ? x.n : y.n;

        if (n && memcmp(x.p, y.p, n) != 0)
            return false;
        a = aaj_str_skip(a, 1 + x.n);
        b = aaj_str_skip(b, 1 + y.n);
        if (x.n != y.n)
            return (x.n < y.n ? a : b).n == 0 ? false : (x.n < y.n ? a : b).p[0] != '/';
    }
    return true;
}

/* 1 when all that @b matches is matched by @a; texts that are equal need no automaton. */
static int text_covers(struct aaj_text a, struct aaj_text b, unsigned flags)
{
    struct aaj_glob *ga = NULL, *gb = NULL;
    int r;

    if (aaj_str_eq(a.value, b.value))
        return 1;
    if (flags & AAJ_GLOB_PATH && !aaj_globs_begin_alike(a.value, b.value))
        return 0;
    r = aaj_glob_compile(a.value, flags, &ga, NULL);
    if (r == 0)
        r = aaj_glob_compile(b.value, flags, &gb, NULL);
    if (r == 0)
        r = aaj_glob_subset(gb, ga, NULL, NULL);
    aaj_glob_free(ga);
    aaj_glob_free(gb);
    return r == -EINVAL ? 0 : r;
}

static bool text_eq(struct aaj_text a, struct aaj_text b)
{
    return aaj_text_set(a) == aaj_text_set(b) && aaj_str_eq(a.value, b.value);
}

static int file_covers(const struct aaj_file_rule *a, const struct aaj_file_rule *b)
{
    if (granted(b->perms) & ~granted(a->perms))
        return 0;
    if (b->perms & AAJ_MAY_EXEC &&
        (a->exec != b->exec || a->scrub != b->scrub || a->safe != b->safe || !text_eq(a->target, b->target)))
        return 0;
    if (b->perms & AAJ_MAY_LINK && (a->subset != b->subset || !text_eq(a->target, b->target)))
        return 0;
    if (!aaj_text_set(a->path) || !aaj_text_set(b->path))
        return aaj_text_set(a->path) == aaj_text_set(b->path);
    return text_covers(a->path, b->path, AAJ_GLOB_PATH);
}

/* Some value of @all covers @one. Keys with words for values have no globs, which changes nothing here. */
static int value_covered(const struct aaj_texts *all, struct aaj_text one)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < all->n; i++)
        r = text_covers(all->item[i], one, 0);
    return r;
}

/* A condition more means less is granted: each of @a has to be met by one of @b. */
static int conds_cover(const struct aaj_conds *a, const struct aaj_conds *b)
{
    int r = 1;

    for (uint32_t i = 0; r == 1 && i < a->n; i++) {
        const struct aaj_cond *have = &a->item[i], *want = aaj_conds_find(b, have->key.value);

        if (!want || want->op != have->op)
            return 0;
        for (uint32_t k = 0; r == 1 && k < want->values.n; k++)
            r = value_covered(&have->values, want->values.item[k]);
    }
    return r;
}

static bool is_mount(enum aaj_rule_kind kind)
{
    return kind >= AAJ_RULE_MOUNT && kind <= AAJ_RULE_PIVOT_ROOT;
}

static int access_covers(enum aaj_rule_kind kind, const struct aaj_access_rule *a, const struct aaj_access_rule *b)
{
    int r;

    if (a->perms && (!b->perms || b->perms & ~a->perms))
        return 0;
    for (int i = 0; i < 2; i++)
        if (aaj_text_set(a->arg[i]) && !text_eq(a->arg[i], b->arg[i]))
            return 0;
    /* What mount flags add up to is not a question of subsets. */
    if (is_mount(kind))
        return a->conds.n == 0;
    r = conds_cover(&a->conds, &b->conds);
    return r == 1 ? conds_cover(&a->peer, &b->peer) : r;
}

static bool capability_covers(const struct aaj_texts *a, const struct aaj_texts *b)
{
    if (a->n == 0)
        return true;
    for (uint32_t i = 0; i < b->n; i++) {
        bool found = false;

        for (uint32_t k = 0; !found && k < a->n; k++)
            found = aaj_str_eq(a->item[k].value, b->item[i].value);
        if (!found)
            return false;
    }
    return b->n > 0;
}

int aaj_rule_covers(const struct aaj_rule *a, const struct aaj_rule *b)
{
    const struct aaj_prefix *p = &a->prefix, *q = &b->prefix;

    if (aaj_rule_eq(a, b))
        return 1;
    if (a->kind != b->kind || p->mode > AAJ_MODE_ALLOW || q->mode > AAJ_MODE_ALLOW || q->audit != p->audit ||
        p->priority != q->priority || (p->owner && p->owner != q->owner))
        return 0;
    switch (a->kind) {
    case AAJ_RULE_FILE:
    case AAJ_RULE_LINK:
        return file_covers(&a->file, &b->file);
    case AAJ_RULE_CAPABILITY:
        return capability_covers(&a->capability, &b->capability);
    case AAJ_RULE_CHANGE_PROFILE:
    case AAJ_RULE_RLIMIT:
    case AAJ_RULE_ALL:
        return 0;
    default:
        return access_covers(a->kind, &a->access, &b->access);
    }
}
