/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pattern that turned out too dear for one file that it reaches is tried again folder by folder: one readable for
 * nobody else in /srv/app is no reason to name a thousand files in /srv/app/node_modules.
 */
#include <errno.h>
#include <stdlib.h>

#include "learn/emit.h"
#include "policy/quote.h"

enum { ROUNDS = 12, MANY = 4 };

/* A deep pattern, "BASE**EXTENSION". */
struct deep {
    struct aaj_str base, ext;
    size_t slashes; /* in base */
};

/* An access of the pattern's evidence. */
struct seen {
    struct aaj_str folder; /* the next one below base; empty: in base itself */
    struct aaj_str name;
    uint32_t access;
};

static bool take_apart(struct aaj_str pattern, struct deep *ret)
{
    size_t at = aaj_str_search(pattern, AAJ_STR("**"));

    if (at == 0 || at == pattern.n || pattern.p[at - 1] != '/' || aaj_str_find(pattern, '{') < pattern.n)
        return false;
    *ret = (struct deep){ aaj_str_head(pattern, at), aaj_str_skip(pattern, at + 2), 0 };
    for (size_t i = 0; i < at; i++)
        ret->slashes += pattern.p[i] == '/';
    return aaj_str_search(ret->ext, AAJ_STR("*")) == ret->ext.n;
}

static struct aaj_str folder_of(struct aaj_str name, const struct deep *d)
{
    struct aaj_str rest = name;
    size_t n;

    for (size_t i = 0; i < d->slashes; i++)
        rest = aaj_str_skip(rest, aaj_str_find(rest, '/') + 1);
    n = aaj_str_find(rest, '/');
    return n + 1 < rest.n ? aaj_str_head(rest, n) : (struct aaj_str){ rest.p, 0 };
}

static int by_folder(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    int r = aaj_str_cmp(x->folder, y->folder);

    if (r == 0)
        r = aaj_str_cmp(x->name, y->name);
    return r ? r : (x->access > y->access) - (x->access < y->access);
}

static int list_evidence(struct aaj_learner *l, const struct aaj_grant *g, const struct deep *d, struct seen **ret, size_t *ret_n)
{
    struct seen *seen;
    size_t n = 0;

    for (uint32_t e = g->ev; e; e = l->ev[e].next)
        n++;
    seen = calloc(n + 1, sizeof(*seen));
    if (!seen)
        return -ENOMEM;
    n = 0;
    for (uint32_t e = g->ev; e; e = l->ev[e].next) {
        struct aaj_str name = aaj_arg(l, &l->access[l->ev[e].access], AAJ_FILE_NAME);

        seen[n++] = (struct seen){ folder_of(name, d), name, l->ev[e].access };
    }
    qsort(seen, n, sizeof(*seen), by_folder);
    *ret = seen;
    *ret_n = n;
    return 0;
}

/* The part of grant @whole that @seen is the evidence of: its index in *ret_grant. */
static int part_of(struct aaj_learner *l, uint32_t whole, const struct seen *seen, size_t n, uint32_t *ret_grant)
{
    struct aaj_grant part = { .dom = l->grant[whole].dom, .inferences = l->grant[whole].inferences,
                              .disputed = l->grant[whole].disputed };

    for (size_t i = 0; i < n; i++) {
        const struct aaj_access *a = &l->access[seen[i].access];
        uint32_t ev = aaj_ev_new(l, seen[i].access);

        if (!ev)
            return -ENOMEM;
        part.perms |= aaj_rule_perms(a->denied_mask ? a->denied_mask : a->requested);
        aaj_grant_count(l, &part, a, ev);
    }
    if (part.inferences & (1u << AAJ_INFER_REREAD))
        part.perms |= AAJ_MAY_READ;
    return aaj_grant_new(l, &part, ret_grant);
}

static struct aaj_str pattern_of(struct aaj_learner *l, const struct deep *d, struct aaj_str folder)
{
    struct aaj_str name = aaj_glob_escape(&l->scratch, folder);

    if (folder.n == 0)
        return aaj_arena_printf(&l->scratch, "%.*s*%.*s", AAJ_STR_ARG(d->base), AAJ_STR_ARG(d->ext));
    return aaj_arena_printf(&l->scratch, "%.*s%.*s/**%.*s", AAJ_STR_ARG(d->base), AAJ_STR_ARG(name), AAJ_STR_ARG(d->ext));
}

static int add_part(struct aaj_learner *l, struct aaj_price_list *list, size_t i, struct aaj_priced part, const struct seen *seen,
                    size_t n)
{
    int r = part.pattern.p ? part_of(l, list->item[i].grant, seen, n, &part.grant) : -ENOMEM;

    if (r < 0)
        return r;
    part.node = list->item[i].node;
    part.owner = aaj_is_owners(l, &l->grant[part.grant]);
    part.dear = aaj_str_eq(seen[0].name, seen[n - 1].name); /* sorted: one name only when the last is the first */
    return aaj_price_list_add(list, &part);
}

/* The folders but for hidden ones, which come first: how many, and where they begin. */
static size_t count_folders(const struct seen *seen, size_t n, size_t *ret_first)
{
    size_t folders = 0;

    *ret_first = n;
    for (size_t i = 0; i < n; i++) {
        if (seen[i].folder.n == 0 || seen[i].folder.p[0] <= '.')
            continue;
        *ret_first = i < *ret_first ? i : *ret_first;
        folders += i == *ret_first || !aaj_str_eq(seen[i].folder, seen[i - 1].folder);
    }
    return folders;
}

/* Item @i becomes one for each folder, behind all others; where these are many, at first one for all that are not hidden. */
static int split(struct aaj_learner *l, struct aaj_price_list *list, size_t i, const struct deep *d)
{
    struct seen *seen = NULL;
    size_t n = 0, first;
    int r = list_evidence(l, &l->grant[list->item[i].grant], d, &seen, &n);

    if (r < 0 || aaj_str_eq(seen[0].name, seen[n - 1].name)) { /* one name is one name */
        free(seen);
        return r;
    }
    if (!list->item[i].whole.n && count_folders(seen, n, &first) >= MANY) {
        struct aaj_priced all = { .whole = list->item[i].pattern };

        all.pattern = aaj_arena_printf(&l->scratch, "%.*s[^.]*/**%.*s", AAJ_STR_ARG(d->base), AAJ_STR_ARG(d->ext));
        r = add_part(l, list, i, all, seen + first, n - first);
        n = first;
    }
    for (size_t from = 0, to; r == 0 && from < n; from = to) {
        for (to = from + 1; to < n && aaj_str_eq(seen[to].folder, seen[from].folder); to++)
            ;
        r = add_part(l, list, i, (struct aaj_priced){ .pattern = pattern_of(l, d, seen[from].folder) }, seen + from, to - from);
    }
    free(seen);
    list->item[i].split = true;
    return r;
}

int aaj_narrow(struct aaj_learner *l, struct aaj_price_list *list)
{
    size_t from = 0, to;
    int r = 0;

    for (unsigned round = 0; r == 0 && round < ROUNDS && from < list->n; round++, from = to) {
        struct deep d;

        to = list->n;
        for (size_t i = from; r == 0 && i < to; i++) {
            const struct aaj_priced *item = &list->item[i];

            if (item->dear && l->grant[item->grant].ev && take_apart(item->whole.n ? item->whole : item->pattern, &d))
                r = split(l, list, i, &d);
        }
        if (r == 0 && list->n > to)
            r = aaj_price(l, list->item + to, list->n - to);
    }
    return r;
}
