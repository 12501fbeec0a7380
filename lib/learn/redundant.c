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
    struct aaj_glob *all; /* tag = index into rule */
    struct {
        size_t draft;
        struct aaj_str pattern;
        struct aaj_glob *one; /* made when asked for */
    } *rule;
    size_t n, cap;
};

/* An audit rule says more than an allow rule does, and what the manifest says stays said. */
static bool is_file(const struct aaj_draft *d)
{
    const struct aaj_rule *rule = d->item && d->item->kind == AAJ_ITEM_RULE ? &d->item->rule : NULL;

    return rule && rule->kind == AAJ_RULE_FILE && rule->file.exec == AAJ_EXEC_NONE && aaj_text_set(rule->file.path) &&
           rule->prefix.mode <= AAJ_MODE_ALLOW && !rule->prefix.audit && !rule->prefix.has_priority;
}

static bool is_learned(const struct aaj_draft *d)
{
    return !(d->inferences & (1u << AAJ_INFER_MANIFEST));
}

/* As it is matched. The manifest's variables are put in; what others hold is the target's to say. */
static struct aaj_str pattern_of(struct aaj_learner *l, const struct aaj_draft *d)
{
    struct aaj_str path = d->item->rule.file.path.value;

    return is_learned(d) ? path : aaj_expand(l, path);
}

static bool has_variable(struct aaj_str pattern)
{
    return aaj_str_search(pattern, AAJ_STR("@{")) < pattern.n;
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

static int collect(struct aaj_learner *l, uint32_t dom, bool learned, struct wide *w)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < l->n_drafts; i++) {
        struct aaj_str p, name;

        if (l->draft[i].dom != dom || !is_file(&l->draft[i]) || is_learned(&l->draft[i]) != learned)
            continue;
        p = pattern_of(l, &l->draft[i]);
        if (!p.p)
            return -ENOMEM;
        if (has_variable(p) || aaj_glob_is_literal(p, AAJ_GLOB_PATH, &l->scratch, &name))
            continue;
        if (w->n == WIDE_MAX)
            return -E2BIG;
        if (AAJ_GROW(w->rule, w->n, w->cap) < 0)
            return -ENOMEM;
        w->rule[w->n].draft = i;
        w->rule[w->n].pattern = p;
        w->rule[w->n].one = NULL;
        r = aaj_glob_add(w->all, p, AAJ_GLOB_PATH, (uint32_t)w->n, NULL);
        w->n++;
    }
    return r;
}

static int glob_of(struct wide *w, size_t i, struct aaj_glob **ret_glob)
{
    int r = 0;

    if (!w->rule[i].one)
        r = aaj_glob_compile(w->rule[i].pattern, AAJ_GLOB_PATH, &w->rule[i].one, NULL);
    *ret_glob = w->rule[i].one;
    return r;
}

struct narrow {
    struct aaj_str name;   /* one that it matches */
    struct aaj_glob *glob; /* NULL: it matches this one alone */
};

/* 1: all that @narrow matches the wide pattern @i matches, too. */
static int holds(struct aaj_learner *l, struct wide *w, size_t i, const struct narrow *narrow, const struct aaj_draft *d)
{
    const struct aaj_draft *by = &l->draft[w->rule[i].draft];
    struct aaj_glob *glob;
    int r;

    if (by == d || !by->item || !allows_as_much(by, d))
        return 0;
    /* two that say the same: the first stays, and equal text is joined later */
    if (aaj_str_eq(w->rule[i].pattern, d->item->rule.file.path.value))
        return 0;
    r = glob_of(w, i, &glob);
    if (r < 0)
        return r;
    return narrow->glob ? aaj_glob_subset(narrow->glob, glob, NULL, NULL) : aaj_glob_match(glob, narrow->name);
}

/* 1: it is one; 0: it matches nothing. */
static int open_narrow(struct aaj_learner *l, struct aaj_str pattern, struct narrow *ret)
{
    int r;

    *ret = (struct narrow){ 0 };
    if (aaj_glob_is_literal(pattern, AAJ_GLOB_PATH, &l->scratch, &ret->name))
        return 1;
    r = aaj_glob_compile(pattern, AAJ_GLOB_PATH, &ret->glob, NULL);
    return r < 0 ? r : aaj_glob_intersect(ret->glob, ret->glob, &l->scratch, &ret->name);
}

/* Only patterns that match one name of it can hold all. */
static int settle(struct aaj_learner *l, struct wide *w, struct aaj_draft *d)
{
    uint32_t state, tags[TAGS];
    struct narrow narrow;
    size_t n = 0;
    int r = open_narrow(l, d->item->rule.file.path.value, &narrow);

    if (r > 0) {
        r = aaj_glob_walk(w->all, AAJ_GLOB_START, narrow.name, &state);
        n = r == 0 ? aaj_glob_tags(w->all, state, tags, TAGS) : 0;
    }
    for (size_t i = 0; r == 0 && i < n && i < TAGS; i++) {
        r = holds(l, w, tags[i], &narrow, d);
        if (r > 0) {
            aaj_draft_join(l, &l->draft[w->rule[tags[i]].draft], d);
            d->item = NULL;
            break;
        }
    }
    aaj_glob_free(narrow.glob);
    return r < 0 ? r : 0;
}

/* Against the patterns of the manifest or against the learned ones. */
static int tidy(struct aaj_learner *l, uint32_t dom, bool learned)
{
    struct wide w = { 0 };
    int r = aaj_glob_new(&w.all);

    if (r == 0)
        r = collect(l, dom, learned, &w);
    for (size_t i = 0; r == 0 && w.n && i < l->n_drafts; i++)
        if (l->draft[i].dom == dom && is_file(&l->draft[i]) && is_learned(&l->draft[i]) &&
            !has_variable(l->draft[i].item->rule.file.path.value))
            r = settle(l, &w, &l->draft[i]);
    for (size_t i = 0; i < w.n; i++)
        aaj_glob_free(w.rule[i].one);
    free(w.rule);
    aaj_glob_free(w.all);
    return r == -ENOMEM ? r : 0; /* what is too large to compare stays */
}

int aaj_drop_redundant(struct aaj_learner *l)
{
    int r = 0;

    for (uint32_t dom = 0; r == 0 && dom < l->n_doms; dom++)
        for (int learned = 0; r == 0 && l->dom[dom].same == dom && learned <= 1; learned++)
            r = tidy(l, dom, learned);
    return r;
}
