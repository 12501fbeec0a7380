/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules that say nothing new: another of the same profile allows as much and more for every name that they
 * match. Their evidence goes to the wider one, so that explain still finds it.
 */
#include <errno.h>
#include <stdlib.h>

#include "learn/emit.h"

/* More patterns than that in one profile are somebody's attack, or a log that no one will read as rules. */
enum { WIDE_MAX = 512, TAGS = 64 };

struct wide {
    struct aaj_glob *all, **one; /* tag = index into draft; one is made when asked for */
    size_t *draft;
    size_t n, cap;
};

static bool is_file(const struct aaj_draft *d)
{
    const struct aaj_rule *rule = d->item && d->item->kind == AAJ_ITEM_RULE ? &d->item->rule : NULL;

    return rule && rule->kind == AAJ_RULE_FILE && rule->file.exec == AAJ_EXEC_NONE && aaj_text_set(rule->file.path);
}

static struct aaj_str pattern_of(const struct aaj_draft *d)
{
    return d->item->rule.file.path.value;
}

/* A rule with a variable stays: what it holds is the target's to say. */
static bool has_variable(const struct aaj_draft *d)
{
    return aaj_str_search(pattern_of(d), AAJ_STR("@{")) < pattern_of(d).n;
}

static bool allows_as_much(const struct aaj_draft *by, const struct aaj_draft *d)
{
    const struct aaj_rule *wide = &by->item->rule, *narrow = &d->item->rule;
    uint32_t perms = wide->file.perms;

    if (perms & AAJ_MAY_WRITE)
        perms |= AAJ_MAY_APPEND;
    return !(narrow->file.perms & ~perms) &&
           (wide->prefix.owner == AAJ_OWNER_ANY || wide->prefix.owner == narrow->prefix.owner || d->by_owner);
}

static int collect(struct aaj_learner *l, uint32_t dom, struct wide *w)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < l->n_drafts; i++) {
        struct aaj_str p, name;

        if (l->draft[i].dom != dom || !is_file(&l->draft[i]) || has_variable(&l->draft[i]))
            continue;
        p = pattern_of(&l->draft[i]);
        if (aaj_glob_is_literal(p, AAJ_GLOB_PATH, &l->scratch, &name))
            continue;
        if (w->n == WIDE_MAX)
            return -E2BIG;
        if (AAJ_GROW(w->draft, w->n, w->cap) < 0)
            return -ENOMEM;
        r = aaj_glob_add(w->all, p, AAJ_GLOB_PATH, (uint32_t)w->n, NULL);
        w->draft[w->n++] = i;
    }
    return r;
}

static int glob_of(struct aaj_learner *l, struct wide *w, size_t i, struct aaj_glob **ret_glob)
{
    int r = 0;

    if (!w->one[i])
        r = aaj_glob_compile(pattern_of(&l->draft[w->draft[i]]), AAJ_GLOB_PATH, &w->one[i], NULL);
    *ret_glob = w->one[i];
    return r;
}

/* 1: all that @narrow matches the wide pattern @i matches, too. */
static int holds(struct aaj_learner *l, struct wide *w, size_t i, struct aaj_glob *narrow, const struct aaj_draft *d)
{
    const struct aaj_draft *by = &l->draft[w->draft[i]];
    struct aaj_glob *glob;
    int r;

    if (by == d || !by->item || !allows_as_much(by, d))
        return 0;
    /* two that say the same: the first stays, and equal text is joined later */
    if (aaj_str_eq(pattern_of(by), pattern_of(d)))
        return 0;
    r = glob_of(l, w, i, &glob);
    return r < 0 ? r : aaj_glob_subset(narrow, glob, NULL, NULL);
}

/* Only patterns that match one name of it can hold all. */
static int settle(struct aaj_learner *l, struct wide *w, struct aaj_draft *d)
{
    uint32_t state, tags[TAGS];
    struct aaj_glob *narrow;
    struct aaj_str sample;
    size_t n;
    int r = aaj_glob_compile(pattern_of(d), AAJ_GLOB_PATH, &narrow, NULL);

    if (r < 0)
        return r;
    r = aaj_glob_intersect(narrow, narrow, &l->scratch, &sample);
    if (r > 0)
        r = aaj_glob_walk(w->all, AAJ_GLOB_START, sample, &state);
    else if (r == 0)
        state = AAJ_GLOB_DEAD; /* it matches nothing */
    n = r == 0 ? aaj_glob_tags(w->all, state, tags, TAGS) : 0;
    for (size_t i = 0; r == 0 && i < n && i < TAGS; i++) {
        r = holds(l, w, tags[i], narrow, d);
        if (r > 0) {
            aaj_draft_join(l, &l->draft[w->draft[tags[i]]], d);
            d->item = NULL;
            break;
        }
    }
    aaj_glob_free(narrow);
    return r < 0 ? r : 0;
}

static int tidy(struct aaj_learner *l, uint32_t dom)
{
    struct wide w = { 0 };
    int r = aaj_glob_new(&w.all);

    if (r == 0)
        r = collect(l, dom, &w);
    if (r == 0 && w.n)
        w.one = calloc(w.n, sizeof(struct aaj_glob *));
    if (r == 0 && w.n && !w.one)
        r = -ENOMEM;
    for (size_t i = 0; r == 0 && w.n && i < l->n_drafts; i++)
        if (l->draft[i].dom == dom && is_file(&l->draft[i]) && !has_variable(&l->draft[i]))
            r = settle(l, &w, &l->draft[i]);
    for (size_t i = 0; w.one && i < w.n; i++)
        aaj_glob_free(w.one[i]);
    free(w.one);
    free(w.draft);
    aaj_glob_free(w.all);
    return r == -ENOMEM ? r : 0; /* what is too large to compare stays */
}

int aaj_drop_redundant(struct aaj_learner *l)
{
    int r = 0;

    for (uint32_t dom = 0; r == 0 && dom < l->n_doms; dom++)
        if (l->dom[dom].same == dom)
            r = tidy(l, dom);
    return r;
}
