/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What need not be written name by name. The template and the base abstraction hold much already. Then the
 * abstractions below are tried in this order: one that covers several accesses of a profile takes their
 * place, unless it brings anything that is more than reading what everybody may read.
 */
#include <errno.h>
#include <stdlib.h>

#include "learn/emit.h"
#include "policy/quote.h"

enum { SEVERAL = 3, TAGS = 64 };

static const struct candidate {
    const char *name;
    bool own; /* aajail's: its rules are written out, so that the profile needs nothing where it is loaded */
} candidates[] = {
    { "names", true },      { "php-conf", true },  { "apache-conf", true }, { "nginx-conf", true },
    { "machine", true },    { "openssl", false },  { "ssl_certs", false },  { "python", false },
    { "perl", false },      { "ruby", false },     { "p11-kit", false },    { "fonts", true },
    { "pictures", true },
};

static bool by_owner(const struct aaj_grant *g)
{
    return g->yes > 0 && g->no == 0;
}

/* ---- names and an automaton, side by side ---- */

struct tour {
    struct aaj_learner *l;
    struct aaj_glob *glob;
    void (*visit)(void *ctx, uint32_t node, uint32_t state);
    void *ctx;
};

/* Down the tree of names as far as the automaton goes: most of what a service does lies where no abstraction leads.
 * Nothing is merged yet, so that each node has its own path. */
static int tour(const struct tour *t, uint32_t node, uint32_t state)
{
    const struct aaj_learner *l = t->l;
    uint32_t below;
    int r = aaj_glob_step(t->glob, state, '/', &below);

    if (r < 0 || below == AAJ_GLOB_DEAD)
        return r;
    for (uint32_t c = l->node[node].child; r == 0 && c; c = l->node[c].next) {
        uint32_t at;

        r = aaj_glob_walk(t->glob, below, l->node[c].name, &at);
        if (r < 0 || at == AAJ_GLOB_DEAD)
            continue;
        if (l->node[c].grant)
            t->visit(t->ctx, c, at);
        if (l->node[c].child)
            r = tour(t, c, at);
    }
    return r;
}

/* ---- held already ---- */

struct held {
    struct aaj_learner *l;
    const struct aaj_cover *cover;
    bool main;
};

static void look_at_held(void *ctx, uint32_t node, uint32_t state)
{
    const struct held *h = ctx;

    for (uint32_t i = h->l->node[node].grant; i; i = h->l->grant[i].next) {
        struct aaj_grant *g = &h->l->grant[i];

        if ((g->dom == 0) == h->main && !(g->perms & ~aaj_cover_perms_at(h->cover, state, by_owner(g))))
            g->covered = true;
    }
}

static int check_all(struct aaj_learner *l)
{
    int r = 0;

    for (unsigned main = 0; r == 0 && main < 2; main++) {
        struct held h = { l, main ? l->main_cover : l->child_cover, main };

        r = tour(&(struct tour){ l, h.cover->glob, look_at_held, &h }, 0, AAJ_GLOB_START);
    }
    return r == -ENOMEM ? r : 0; /* too large to follow: what is left is written name by name */
}

/* ---- one candidate ---- */

struct attempt {
    struct aaj_learner *l;
    const struct candidate *what;
    struct aaj_policy *policy;
    struct aaj_cover *cover;
    size_t *hits;  /* by profile */
    uint32_t *ev;  /* by profile and rule: what the rule covers */
    bool harmless, take;
};

/* Would the rule open anything under the ceiling? The proof would say so, and then there would be no profile. */
static bool crosses(struct attempt *t, const struct aaj_file_rule *rule)
{
    struct aaj_learner *l = t->l;
    struct aaj_crossing crossing;

    return l->in->ceiling && aaj_str_search(rule->path.value, AAJ_STR("@{")) == rule->path.value.n &&
           aaj_ceiling_crosses_file(l->in->ceiling, rule->path.value, false, rule->perms, NULL, &l->scratch,
                                    &crossing) != 0;
}

static int look_at_rule(void *ctx, struct aaj_item *item)
{
    struct attempt *t = ctx;

    if (item->kind == AAJ_ITEM_RULE)
        t->harmless &= item->rule.kind == AAJ_RULE_FILE && item->rule.prefix.mode != AAJ_MODE_DENY &&
                       !(item->rule.file.perms & ~(uint32_t)(AAJ_MAY_READ | AAJ_MAY_MMAP)) &&
                       !crosses(t, &item->rule.file);
    return 0;
}

/* An existing file that not everybody may read is more than this is for. */
static int look_at_file(void *data, const struct aaj_fact *fact)
{
    struct attempt *t = data;
    uint32_t perms = 0;

    if (fact->type != 'f' || (fact->bits & AAJ_FACT_WORLD_READ))
        return 0;
    if (aaj_cover_perms(t->cover, fact->path, false, &perms) == -ENOMEM)
        return -ENOMEM;
    return perms != 0;
}

static int open_attempt(struct attempt *t)
{
    struct aaj_learner *l = t->l;
    struct aaj_str text = aaj_arena_printf(&l->scratch, "include <tunables/global>\nprofile x {\n  include <%s%s>\n}\n",
                                           t->what->own ? "" : "abstractions/", t->what->name);
    int r = text.p ? aaj_cover_read(l->in->target, text, aaj_str_c(t->what->name), NULL, &t->policy) : -ENOMEM;

    if (r < 0)
        return r;
    t->harmless = true;
    aaj_block_walk(&aaj_first_profile(t->policy)->profile.body, true, look_at_rule, t);
    r = t->harmless ? aaj_cover_make(t->policy, aaj_first_profile(t->policy), &t->cover) : 0;
    if (r < 0 || !t->harmless || t->cover->n == 0)
        return r;
    t->hits = aaj_arena_new_array(&l->scratch, l->n_doms, size_t);
    t->ev = aaj_arena_new_array(&l->scratch, l->n_doms * t->cover->n, uint32_t);
    return t->hits && t->ev ? 0 : -ENOMEM;
}

/* The first rule that holds all of a grant; AAJ_NO. */
static uint32_t rule_for(const struct attempt *t, uint32_t state, const struct aaj_grant *g)
{
    uint32_t tags[TAGS];
    size_t n = aaj_glob_tags(t->cover->glob, state, tags, TAGS);

    for (size_t i = 0; i < n && i < TAGS; i++)
        if (!(g->perms & ~t->cover->rule[tags[i]].perms) && (!t->cover->rule[tags[i]].owner || by_owner(g)))
            return tags[i];
    return AAJ_NO;
}

/* Counts (@take false), or takes the grants of the profiles that have several. */
static void look_at_node(void *ctx, uint32_t node, uint32_t state)
{
    struct attempt *t = ctx;
    struct aaj_learner *l = t->l;

    for (uint32_t k = l->node[node].grant; k; k = l->grant[k].next) {
        struct aaj_grant *g = &l->grant[k];
        uint32_t rule, *ev;

        if (g->covered || (t->take && t->hits[g->dom] < SEVERAL) ||
            (g->perms & ~(uint32_t)(AAJ_MAY_READ | AAJ_MAY_MMAP)))
            continue;
        rule = rule_for(t, state, g);
        if (rule == AAJ_NO)
            continue;
        if (!t->take) {
            t->hits[g->dom]++;
            continue;
        }
        g->covered = true;
        ev = &t->ev[g->dom * t->cover->n + rule];
        l->ev[g->ev_last].next = *ev;
        *ev = g->ev;
    }
}

static int visit(struct attempt *t, bool take)
{
    int r;

    t->take = take;
    r = tour(&(struct tour){ t->l, t->cover->glob, look_at_node, t }, 0, AAJ_GLOB_START);
    return r == -ENOMEM ? r : 0;
}

/* What is held already takes no part in what follows. */
static void drop_covered(struct aaj_learner *l)
{
    for (uint32_t i = 1; i < l->n_nodes; i++)
        for (uint32_t *at = &l->node[i].grant; *at;) {
            if (l->grant[*at].covered)
                *at = l->grant[*at].next;
            else
                at = &l->grant[*at].next;
        }
}

static uint64_t events_of(const struct aaj_learner *l, uint32_t ev)
{
    uint64_t n = 0;

    for (; ev; ev = l->ev[ev].next)
        n += l->access[l->ev[ev].access].allowed + l->access[l->ev[ev].access].audited;
    return n;
}

/* aajail's own: the rules that cover something, each as it is. */
static int write_own(struct attempt *t, uint32_t dom)
{
    struct aaj_learner *l = t->l;

    for (uint32_t i = 0; i < t->cover->n; i++) {
        const struct aaj_file_rule *rule = &t->cover->rule[i].item->rule.file;
        struct aaj_draft d = { .dom = dom, .ev = t->ev[dom * t->cover->n + i], .from = aaj_str_c(t->what->name),
                               .inferences = 1u << AAJ_INFER_ABSTRACTION };
        struct aaj_text text;
        int r;

        if (!d.ev)
            continue;
        d.key = aaj_arena_dup(l->arena, rule->path.value);
        r = d.key.p ? aaj_text_from_value(l->arena, d.key, AAJ_TEXT_PATH, &text) : -ENOMEM;
        if (r < 0)
            return r;
        d.events = events_of(l, d.ev);
        d.item = aaj_rule_file(l->arena, text, rule->perms);
        r = aaj_draft_add(l, &d);
        if (r < 0)
            return r;
    }
    return 0;
}

static int write_include(struct attempt *t, uint32_t dom)
{
    struct aaj_learner *l = t->l;
    struct aaj_str path = aaj_arena_printf(l->arena, "abstractions/%s", t->what->name);
    struct aaj_draft d = { .dom = dom, .from = aaj_str_c(t->what->name), .inferences = 1u << AAJ_INFER_ABSTRACTION,
                           .key = path };

    for (uint32_t i = 0; i < t->cover->n; i++) {
        uint32_t *ev = &t->ev[dom * t->cover->n + i], last = *ev;

        while (last && l->ev[last].next)
            last = l->ev[last].next;
        if (!last)
            continue;
        l->ev[last].next = d.ev;
        d.ev = *ev;
    }
    d.events = events_of(l, d.ev);
    d.item = path.p ? aaj_item_include(l->arena, path, true, false) : NULL;
    return aaj_draft_add(l, &d);
}

static int settle(struct attempt *t)
{
    struct aaj_learner *l = t->l;
    bool any = false;
    int r = visit(t, false);

    for (uint32_t d = 0; d < l->n_doms; d++)
        any |= t->hits[d] >= SEVERAL;
    if (r < 0 || !any)
        return r;
    if (l->in->files && aaj_fsview_is_complete(l->in->files)) {
        r = aaj_fsview_walk(l->in->files, look_at_file, t);
        if (r)
            return r < 0 ? r : 0;
    }
    r = visit(t, true);
    for (uint32_t d = 0; r == 0 && d < l->n_doms; d++)
        if (t->hits[d] >= SEVERAL)
            r = t->what->own ? write_own(t, d) : write_include(t, d);
    return r;
}

int aaj_abstractions(struct aaj_learner *l)
{
    int r = 0;

    if (l->n_nodes == 0)
        return 0;
    r = check_all(l);
    for (size_t i = 0; r == 0 && aaj_infers(l, AAJ_INFER_ABSTRACTION) && i < AAJ_ARRAY_SIZE(candidates); i++) {
        struct attempt t = { .l = l, .what = &candidates[i] };

        r = open_attempt(&t);
        if (r == 0 && t.harmless && t.cover->n)
            r = settle(&t);
        aaj_cover_free(t.cover);
        aaj_policy_free(t.policy);
    }
    drop_covered(l);
    return r;
}
