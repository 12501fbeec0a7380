/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names and grants into drafts of rules: patterns, permissions, owner; exec rules from the tree. */
#include "learn/emit.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/quote.h"

/*
 * Owner: only when every event agrees, and not because root owns it or because the file was just made: root owns what
 * nobody else cares for, and who makes a file owns it whatever becomes of it.
 */
bool aaj_is_owners(const struct aaj_learner *l, const struct aaj_grant *g)
{
    return aaj_infers(l, AAJ_INFER_OWNER) && g->no == 0 && !g->disputed && g->yes > g->root + g->created;
}

int aaj_draft_add(struct aaj_learner *l, const struct aaj_draft *draft)
{
    if (!draft->item || AAJ_GROW(l->draft, l->n_drafts, l->cap_drafts) < 0)
        return -ENOMEM;
    l->draft[l->n_drafts++] = *draft;
    return 0;
}

/* /proc is a variable in policy, since the tunables say where it is. */
static struct aaj_str with_variables(struct aaj_learner *l, struct aaj_str pattern)
{
    if (aaj_str_starts(pattern, AAJ_STR("/proc/")))
        return aaj_arena_printf(l->arena, "@{PROC}%.*s", AAJ_STR_ARG(aaj_str_skip(pattern, strlen("/proc"))));
    return aaj_arena_dup(l->arena, pattern);
}

static uint32_t tidy(uint32_t perms)
{
    perms &= ~(uint32_t)(AAJ_MAY_LINK | AAJ_MAY_EXEC | AAJ_MAY_CREATE | AAJ_MAY_DELETE);
    return perms & AAJ_MAY_WRITE ? perms & ~(uint32_t)AAJ_MAY_APPEND : perms;
}

static int draft_file(struct aaj_learner *l, struct aaj_grant *g, struct aaj_str pattern, uint32_t ev)
{
    struct aaj_draft d = { .dom = g->dom, .key = pattern, .ev = ev, .inferences = g->inferences, .events = g->events };
    bool owner = aaj_is_owners(l, g);
    struct aaj_text text;
    int r = aaj_text_from_value(l->arena, pattern, AAJ_TEXT_PATH, &text);

    if (r < 0)
        return r;
    d.item = aaj_rule_file(l->arena, text, tidy(g->perms));
    d.by_owner = g->yes && !g->no && !g->disputed;
    if (d.item)
        d.item->comment = aaj_guard_means(l, pattern);
    if (d.item && d.item->comment.n == 0)
        d.item->comment = aaj_home_means(pattern);
    if (d.item && d.item->comment.n == 0)
        d.item->comment = aaj_written_means(l, ev, g->perms);
    if (d.item && owner) {
        d.item->rule.prefix.owner = AAJ_OWNER_OWNER;
        d.inferences |= 1u << AAJ_INFER_OWNER;
    }
    return aaj_draft_add(l, &d);
}

/* A pattern that turned out too dear: every name that was seen, as it was seen. */
static int draft_literals(struct aaj_learner *l, struct aaj_grant *g)
{
    struct aaj_grant one = *g;
    int r = 0;

    one.inferences = 1u << AAJ_INFER_LITERAL;
    for (uint32_t e = g->ev; r == 0 && e; e = l->ev[e].next) {
        const struct aaj_access *a = &l->access[l->ev[e].access];
        uint32_t ev = aaj_ev_new(l, l->ev[e].access);
        struct aaj_str name = aaj_glob_escape(l->arena, aaj_arg(l, a, AAJ_FILE_NAME));

        one.perms = aaj_rule_perms(a->denied_mask ? a->denied_mask : a->requested);
        one.events = a->allowed + a->denied + a->audited;
        r = ev && name.p ? draft_file(l, &one, with_variables(l, name), ev) : -ENOMEM;
    }
    return r;
}

static bool is_wanted(const struct aaj_grant *g)
{
    return !g->covered && tidy(g->perms);
}

/* A pattern of its own, or a name in a folder that is one. */
static bool is_general(const struct aaj_learner *l, uint32_t node, const struct aaj_grant *g)
{
    uint32_t above = aaj_node_inferences(l, node) & ~(1u << AAJ_INFER_PID); /* numbers below /proc are nobody's files */

    return (g->inferences | above) != 1u << AAJ_INFER_LITERAL;
}

/* What others of the jail read beside each other says little about a profile that read one of them. */
static bool is_alone(const struct aaj_learner *l, uint32_t node, const struct aaj_grant *g)
{
    uint32_t name = l->access[l->ev[g->ev].access].arg[AAJ_FILE_NAME];

    if ((l->node[node].flags & AAJ_NODE_LONE) || !(g->inferences & (1u << AAJ_INFER_SIBLINGS | 1u << AAJ_INFER_LIBRARIES)))
        return false;
    for (uint32_t e = g->ev; e; e = l->ev[e].next)
        if (l->access[l->ev[e].access].arg[AAJ_FILE_NAME] != name)
            return false;
    return true;
}

/* ---- what it made it may read again ---- */

static void let_reread(struct aaj_learner *l, uint32_t node)
{
    const struct aaj_node *n = &l->node[node];
    uint32_t by = 1u << AAJ_INFER_REREAD;
    bool candidate = false;
    struct aaj_str path;

    if (!(n->flags & AAJ_NODE_MADE) || n->name.n == 0 || (n->inferences & (1u << AAJ_INFER_TEMP)) ||
        aaj_is_fixed_kind(n->name))
        return;
    for (uint32_t g = n->grant; g; g = l->grant[g].next)
        candidate |= !l->grant[g].covered && (l->grant[g].perms & (AAJ_MAY_READ | AAJ_MAY_WRITE)) == AAJ_MAY_WRITE;
    if (!candidate)
        return;
    path = aaj_node_pattern(l, &l->scratch, n->parent);
    if (!path.p || aaj_area_of(l->in, path) != AAJ_AREA_OWN)
        return;
    for (uint32_t g = n->grant; g; g = l->grant[g].next)
        if ((l->grant[g].perms & (AAJ_MAY_READ | AAJ_MAY_WRITE)) == AAJ_MAY_WRITE) {
            l->grant[g].perms |= AAJ_MAY_READ;
            l->grant[g].inferences |= by;
        }
}

static int price_patterns(struct aaj_learner *l, struct aaj_price_list *list)
{
    int r = 0;

    for (uint32_t i = 1; r == 0 && i < l->n_nodes; i++)
        for (uint32_t k = l->node[i].into == i ? l->node[i].grant : 0; r == 0 && k; k = l->grant[k].next) {
            struct aaj_priced item = { .node = i, .grant = k, .owner = aaj_is_owners(l, &l->grant[k]) };

            if (!is_wanted(&l->grant[k]) || !is_general(l, i, &l->grant[k]))
                continue;
            item.dear = is_alone(l, i, &l->grant[k]);
            item.pattern = aaj_node_pattern(l, &l->scratch, i);
            r = item.pattern.p ? aaj_price_list_add(list, &item) : -ENOMEM;
        }
    if (r == 0)
        r = aaj_price(l, list->item, list->n);
    return r == 0 ? aaj_narrow(l, list) : r;
}

static int draft_grant(struct aaj_learner *l, uint32_t node, const struct aaj_grant *g, struct aaj_str pattern)
{
    struct aaj_grant said = *g;

    said.inferences |= aaj_node_inferences(l, node); /* a name of its own in a folder that varies */
    return pattern.p ? draft_file(l, &said, with_variables(l, pattern), g->ev) : -ENOMEM;
}

static int draft_files(struct aaj_learner *l)
{
    struct aaj_price_list list = { 0 };
    int r;

    for (uint32_t i = 1; aaj_infers(l, AAJ_INFER_REREAD) && i < l->n_nodes; i++)
        if (l->node[i].into == i)
            let_reread(l, i);
    r = price_patterns(l, &list);

    for (uint32_t i = 1; r == 0 && i < l->n_nodes; i++)
        for (uint32_t g = l->node[i].into == i ? l->node[i].grant : 0; r == 0 && g; g = l->grant[g].next)
            if (is_wanted(&l->grant[g]) && !is_general(l, i, &l->grant[g]))
                r = draft_grant(l, i, &l->grant[g], aaj_node_pattern(l, &l->scratch, i));
    for (size_t i = 0; r == 0 && i < list.n; i++) {
        struct aaj_priced *item = &list.item[i];

        if (item->split)
            continue;
        r = item->dear ? draft_literals(l, &l->grant[item->grant])
                       : draft_grant(l, item->node, &l->grant[item->grant], item->pattern);
    }
    free(list.item);
    return r;
}

/* ---- links ---- */

/* The pattern that @dom may write and that matches @path, among the names in @parent and those that reach into it. */
static int find_pattern(struct aaj_learner *l, uint32_t parent, struct aaj_str path, uint32_t dom, struct aaj_str *ret_pattern)
{
    for (uint32_t above = aaj_node_final(l, parent);; above = aaj_node_final(l, l->node[above].parent)) {
        for (uint32_t c = l->node[above].child; c; c = l->node[c].next) {
            bool reaches = (l->node[c].flags & AAJ_NODE_GLOB) && (above == aaj_node_final(l, parent) || (l->node[c].flags & AAJ_NODE_DEEP));
            struct aaj_str pattern;
            struct aaj_glob *glob;
            int r = 0;

            for (uint32_t g = reaches ? l->node[c].grant : 0; g && !r; g = l->grant[g].next)
                r = l->grant[g].dom == dom && (l->grant[g].perms & AAJ_MAY_WRITE);
            if (!r)
                continue;
            pattern = aaj_node_pattern(l, &l->scratch, c);
            r = pattern.p ? aaj_glob_compile(pattern, AAJ_GLOB_PATH, &glob, NULL) : -ENOMEM;
            if (r < 0)
                return r == -ENOMEM ? r : 0;
            r = aaj_glob_match(glob, path);
            aaj_glob_free(glob);
            if (r > 0)
                *ret_pattern = pattern;
            if (r)
                return r;
        }
        if (above == 0)
            return 0;
    }
}

/* A name that a pattern of its neighbours holds is as made up as they are. */
static struct aaj_str end_of_link(struct aaj_learner *l, struct aaj_str path, uint32_t dom)
{
    struct aaj_str pattern = { 0 };
    uint32_t node;

    if (aaj_path_node(l, path, &node) < 0)
        return pattern;
    node = aaj_node_final(l, node);
    if (!(l->node[node].flags & AAJ_NODE_GLOB) && find_pattern(l, l->node[node].parent, path, dom, &pattern) < 0)
        return (struct aaj_str){ 0 };
    return with_variables(l, pattern.n ? pattern : aaj_node_pattern(l, &l->scratch, node));
}

/* `link A -> B` names both ends; `l` on a name alone would let it link to anything. */
static int draft_link(struct aaj_learner *l, uint32_t access, uint32_t dom)
{
    const struct aaj_access *a = &l->access[access];
    struct aaj_str name, target = aaj_arg(l, a, AAJ_FILE_TARGET);
    struct aaj_draft d = { .dom = dom, .inferences = 1u << AAJ_INFER_LITERAL, .events = a->allowed + a->audited };
    struct aaj_text from, to;
    int r;

    name = end_of_link(l, aaj_arg(l, a, AAJ_FILE_NAME), dom);
    if (!name.p)
        return -ENOMEM;
    r = aaj_text_from_value(l->arena, name, AAJ_TEXT_PATH, &from);
    if (r < 0)
        return r;
    if (target.n && target.p[0] == '/') {
        target = end_of_link(l, target, dom);
        r = target.p ? aaj_text_from_value(l->arena, target, AAJ_TEXT_PATH, &to) : -ENOMEM;
        d.item = r == 0 ? aaj_rule_link(l->arena, from, to, false) : NULL;
    } else { /* 2.x did not say what the link leads to */
        d.item = aaj_rule_file(l->arena, from, AAJ_MAY_LINK);
    }
    d.key = name;
    d.ev = aaj_ev_new(l, access);
    return r < 0 ? r : d.ev ? aaj_draft_add(l, &d) : -ENOMEM;
}

static int draft_links(struct aaj_learner *l)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < l->out->n_granted; i++) {
        const struct aaj_learned_access *g = &l->out->granted[i];
        const struct aaj_access *a = &l->access[g->access];

        if (a->class == AAJ_CLASS_FILE && ((a->denied_mask ? a->denied_mask : a->requested) & AAJ_MAY_LINK))
            r = draft_link(l, g->access, g->dom);
    }
    return r;
}

/* ---- execution ---- */

/* What is granted on the executable's name already goes into the exec rule. */
static uint32_t take_grant(struct aaj_learner *l, struct aaj_str exe, uint32_t dom, struct aaj_draft *d)
{
    uint32_t node, perms;

    if (aaj_path_node(l, exe, &node) < 0)
        return 0;
    node = aaj_node_final(l, node);
    if (l->node[node].flags & AAJ_NODE_GLOB)
        return 0;
    for (uint32_t i = l->node[node].grant; i; i = l->grant[i].next)
        if (l->grant[i].dom == dom && !l->grant[i].covered && !aaj_is_owners(l, &l->grant[i])) {
            l->grant[i].covered = true;
            d->ev = l->grant[i].ev;
            d->events = l->grant[i].events;
            perms = tidy(l->grant[i].perms);
            return perms;
        }
    return 0;
}

static int draft_exec(struct aaj_learner *l, uint32_t from, uint32_t to, struct aaj_str exe, uint32_t ev)
{
    struct aaj_draft d = { .dom = from, .key = exe, .exe = exe };
    struct aaj_text path, target = { { 0 }, { 0 } };
    enum aaj_exec exec = AAJ_EXEC_PX;
    bool scrub = true;
    uint32_t perms, last;
    int r = aaj_text_literal(l->arena, exe, AAJ_TEXT_PATH, &path);

    if (r < 0)
        return r == -EINVAL ? 0 : r;
    perms = take_grant(l, exe, from, &d);
    if (to == from) {
        exec = AAJ_EXEC_IX;
        scrub = false;
        perms |= AAJ_MAY_READ | AAJ_MAY_MMAP;
    } else if (to != AAJ_NO && from == 0 && !l->hat && l->dom[to].kind == AAJ_DOM_CHILD) {
        exec = AAJ_EXEC_CX; /* found by the child's own attachment: not one of the 12 named targets */
    } else if (to != AAJ_NO) {
        r = aaj_text_literal(l->arena, l->dom[to].full, AAJ_TEXT_COND, &target);
    }
    if (r < 0)
        return r;
    for (last = ev; last && l->ev[last].next; last = l->ev[last].next)
        ;
    if (last)
        l->ev[last].next = d.ev;
    d.ev = ev ? ev : d.ev;
    d.inferences = 1u << AAJ_INFER_LITERAL;
    if (to != from)
        d.inferences |= 1u << AAJ_INFER_CHILD;
    else if (aaj_str_eq(exe, l->dom[from].exe))
        d.inferences |= 1u << AAJ_INFER_SELF;
    for (uint32_t e = ev; e; e = l->ev[e].next)
        d.events += l->access[l->ev[e].access].allowed + l->access[l->ev[e].access].audited;
    d.item = aaj_rule_exec(l->arena, path, perms | AAJ_MAY_EXEC, exec, scrub, target);
    return aaj_draft_add(l, &d);
}

static int by_edge(const void *a, const void *b)
{
    const struct aaj_edge *x = a, *y = b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return aaj_str_cmp(x->exe, y->exe);
}

/* A program maps itself, and where it is the slave's own it may start itself again. */
static int draft_self(struct aaj_learner *l, uint32_t dom)
{
    struct aaj_draft d = { .dom = l->dom[dom].same, .key = l->dom[dom].exe, .exe = l->dom[dom].exe,
                           .inferences = 1u << AAJ_INFER_SELF };
    struct aaj_text path;
    uint32_t perms;
    int r;

    if (l->dom[dom].exe.n == 0 || !aaj_infers(l, AAJ_INFER_SELF))
        return 0;
    r = aaj_text_literal(l->arena, l->dom[dom].exe, AAJ_TEXT_PATH, &path);
    if (r < 0)
        return r == -EINVAL ? 0 : r;
    perms = take_grant(l, l->dom[dom].exe, d.dom, &d) | AAJ_MAY_READ | AAJ_MAY_MMAP;
    d.item = dom == 0 ? aaj_rule_exec(l->arena, path, perms | AAJ_MAY_EXEC, AAJ_EXEC_IX, false,
                                      (struct aaj_text){ { 0 }, { 0 } })
                      : aaj_rule_file(l->arena, path, perms);
    return aaj_draft_add(l, &d);
}

static int draft_execs(struct aaj_learner *l)
{
    bool *self = aaj_arena_new_array(&l->scratch, l->n_doms + 1, bool);
    int r = self ? 0 : -ENOMEM;

    for (size_t i = 0; i < l->n_edges; i++) {
        l->edge[i].from = l->dom[l->edge[i].from].same;
        if (l->edge[i].to != AAJ_NO)
            l->edge[i].to = l->dom[l->edge[i].to].same;
    }
    if (l->n_edges)
        qsort(l->edge, l->n_edges, sizeof(*l->edge), by_edge);
    for (size_t i = 0; r == 0 && i < l->n_edges; i++) {
        const struct aaj_edge *e = &l->edge[i];

        if (i && l->edge[i - 1].from == e->from && aaj_str_eq(l->edge[i - 1].exe, e->exe))
            continue;
        self[e->from] |= e->to == e->from && aaj_str_eq(e->exe, l->dom[e->from].exe);
        r = draft_exec(l, e->from, e->to, e->exe, e->ev);
    }
    for (uint32_t i = 0; r == 0 && i < l->n_doms; i++)
        if (!self[i])
            r = draft_self(l, i);
    return r;
}

int aaj_emit(struct aaj_learner *l)
{
    int r = draft_links(l);

    if (r == 0)
        r = draft_execs(l);
    if (r == 0)
        r = draft_files(l);
    if (r == 0)
        r = aaj_denies_narrow(l);
    if (r == 0)
        r = aaj_draft_manifest(l);
    if (r == 0)
        r = aaj_drop_redundant(l);
    if (r == 0)
        r = aaj_name_places(l);
    return r < 0 ? r : aaj_assemble(l);
}
