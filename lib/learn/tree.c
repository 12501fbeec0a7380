/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The exec tree. In complain mode the kernel names what an executed program runs in after how it came there
 * (log/label.h). One profile is made for each executable of the jail, however many run it and however deep, so that
 * recursion folds; the slave's own executable stays in the slave's profile.
 */
#include <errno.h>
#include <stdlib.h>
#include <uthash.h>

#include "base/escape.h"
#include "learn/private.h"
#include "log/label.h"
#include "policy/quote.h"

enum { NAMED_TARGETS = 12, CHILD_NAME_MAX = 48 }; /* parser 3.0.8: 12 named exec targets a profile */

struct by_key {
    UT_hash_handle hh;
    size_t n;
    uint32_t value;
    char key[];
};

struct label_place {
    UT_hash_handle hh;
    uint32_t label;
    struct aaj_place place;
};

struct verdict {
    UT_hash_handle hh;
    enum aaj_exec_action action;
    enum aaj_refusal why;
    size_t n;
    char exe[];
};

static struct by_key *find(void *table, struct aaj_str key)
{
    struct by_key *head = table, *e;

    HASH_FIND(hh, head, key.p, key.n, e);
    return e;
}

static int insert(struct aaj_learner *l, void **table, struct aaj_str key, uint32_t value)
{
    struct by_key *head = *table, *e = aaj_arena_alloc(&l->scratch, sizeof(*e) + key.n);

    if (!e)
        return -ENOMEM;
    memcpy(e->key, key.p, key.n);
    e->n = key.n;
    e->value = value;
    HASH_ADD_KEYPTR(hh, head, e->key, e->n, e);
    *table = head;
    return 0;
}

/* ---- what happens at the exec of a file ---- */

static bool matches(struct aaj_learner *l, struct aaj_str pattern, struct aaj_str exe)
{
    struct aaj_glob *glob;
    bool yes;

    if (aaj_glob_compile(aaj_expand(l, pattern), AAJ_GLOB_PATH, &glob, NULL) < 0)
        return false;
    yes = aaj_glob_match(glob, exe) > 0;
    aaj_glob_free(glob);
    return yes;
}

static int facts_of(struct aaj_learner *l, struct aaj_str exe, struct aaj_fact *ret_fact)
{
    int r = aaj_fsview_get(aaj_recording_files(l->in->recording), exe, ret_fact);

    return r > 0 || !l->in->files ? r : aaj_fsview_get(l->in->files, exe, ret_fact);
}

static void judge(struct aaj_learner *l, struct aaj_str exe, struct verdict *v)
{
    const struct aaj_manifest *m = l->in->manifest;
    struct aaj_crossing crossing;
    struct aaj_fact fact = { 0 };
    uint32_t mask = AAJ_MAY_EXEC | (aaj_mapped_is_written(l, exe) ? AAJ_MAY_WRITE : 0);

    for (size_t i = 0; i < m->n_exec; i++)
        if (matches(l, m->exec[i].pattern.text, exe)) {
            v->action = m->exec[i].action;
            v->why = v->action == AAJ_EXEC_DENY ? AAJ_REFUSED_MANIFEST : AAJ_REFUSED_PROFILE;
            return;
        }
    v->action = AAJ_EXEC_DENY;
    if (aaj_suspect_exe_is_new(l, exe))
        v->why = AAJ_REFUSED_SUSPECT;
    else if (facts_of(l, exe, &fact) <= 0)
        v->why = AAJ_REFUSED_UNKNOWN;
    else if (fact.bits & (AAJ_FACT_SETUID | AAJ_FACT_SETGID | AAJ_FACT_CAPS))
        v->why = AAJ_REFUSED_SETUID;
    else if (l->in->ceiling && aaj_ceiling_crosses_file(l->in->ceiling, exe, true, mask, l->in->files, &l->scratch, &crossing) > 0)
        v->why = AAJ_REFUSED_CEILING;
    else {
        v->action = m->exec_default;
        v->why = v->action == AAJ_EXEC_DENY ? AAJ_REFUSED_MANIFEST : AAJ_REFUSED_PROFILE;
    }
}

static const struct verdict *verdict_of(struct aaj_learner *l, struct aaj_str exe)
{
    struct verdict *head = l->verdict_by_exe, *v;

    HASH_FIND(hh, head, exe.p, exe.n, v);
    if (v)
        return v;
    v = aaj_arena_alloc(&l->scratch, sizeof(*v) + exe.n);
    if (!v)
        return NULL;
    memcpy(v->exe, exe.p, exe.n);
    v->n = exe.n;
    judge(l, exe, v);
    HASH_ADD_KEYPTR(hh, head, v->exe, v->n, v);
    l->verdict_by_exe = head;
    return v;
}

/* ---- domains ---- */

static uint32_t dom_new(struct aaj_learner *l, enum aaj_dom_kind kind, struct aaj_str exe, struct aaj_str name)
{
    struct aaj_dom *d;

    if (AAJ_GROW(l->dom, l->n_doms, l->cap_doms) < 0)
        return AAJ_NO;
    d = &l->dom[l->n_doms];
    *d = (struct aaj_dom){ .kind = kind, .same = (uint32_t)l->n_doms };
    d->exe = aaj_arena_dup(l->arena, exe);
    d->name = aaj_arena_dup(l->arena, name);
    d->full = kind == AAJ_DOM_MAIN && !l->hat
                  ? d->name
                  : aaj_arena_printf(l->arena, "%.*s//%.*s", AAJ_STR_ARG(l->top), AAJ_STR_ARG(d->name));
    return d->full.p ? (uint32_t)l->n_doms++ : AAJ_NO;
}

/* A profile's name from an executable's: what a rule would have to escape becomes '_'. */
static struct aaj_str child_name(struct aaj_learner *l, struct aaj_str exe, unsigned attempt)
{
    char buf[CHILD_NAME_MAX];
    size_t n = exe.n, at = 0;

    if (l->hat) { /* beside other pools' children */
        at = aaj_str_head(l->in->manifest->hat.text, sizeof(buf) / 2).n;
        memcpy(buf, l->in->manifest->hat.text.p, at);
        buf[at++] = '-';
    }
    /* 0: the file's name, 1: with its folder's, then with a number */
    for (unsigned slashes = 0; n > 0 && (exe.p[n - 1] != '/' || ++slashes <= (attempt ? 1u : 0u)); n--)
        ;
    for (; n < exe.n && at < sizeof(buf); n++) {
        char c = exe.p[n];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                     (at && (c == '.' || c == '-' || c == '+'));

        buf[at++] = plain ? c : c == '/' ? '-' : '_';
    }
    if (attempt < 2)
        return aaj_arena_dup(&l->scratch, (struct aaj_str){ buf, at });
    return aaj_arena_printf(&l->scratch, "%.*s-%u", (int)at, buf, attempt);
}

static struct aaj_str key_of(struct aaj_learner *l, char kind, struct aaj_str s)
{
    return aaj_arena_printf(&l->scratch, "%c%.*s", kind, AAJ_STR_ARG(s));
}

static uint32_t dom_add(struct aaj_learner *l, enum aaj_dom_kind kind, struct aaj_str exe, struct aaj_str name)
{
    uint32_t dom = dom_new(l, kind, exe, name);

    if (dom == AAJ_NO || insert(l, &l->dom_by_key, key_of(l, 'n', name), dom) < 0 ||
        (exe.n && insert(l, &l->dom_by_key, key_of(l, 'x', exe), dom) < 0))
        return AAJ_NO;
    return dom;
}

static uint32_t child_by_exe(struct aaj_learner *l, struct aaj_str exe)
{
    struct by_key *e = find(l->dom_by_key, key_of(l, 'x', exe));
    struct aaj_str name = { 0 };

    if (e)
        return e->value;
    for (unsigned attempt = 0; attempt < UINT16_MAX; attempt++) {
        name = child_name(l, exe, attempt);
        e = find(l->dom_by_key, key_of(l, 'n', name));
        if (!e)
            return dom_add(l, AAJ_DOM_CHILD, exe, name);
        if (e->value && l->dom[e->value].exe.n == 0) { /* known by name until now */
            l->dom[e->value].exe = aaj_arena_dup(l->arena, exe);
            return insert(l, &l->dom_by_key, key_of(l, 'x', exe), e->value) < 0 ? AAJ_NO : e->value;
        }
    }
    return AAJ_NO;
}

static uint32_t dom_by_name(struct aaj_learner *l, enum aaj_dom_kind kind, struct aaj_str name)
{
    struct by_key *e = find(l->dom_by_key, key_of(l, 'n', name));

    return e ? e->value : dom_add(l, kind, (struct aaj_str){ "", 0 }, name);
}

/* ---- steps ---- */

static struct aaj_place nowhere(enum aaj_refusal why, struct aaj_str detail)
{
    return (struct aaj_place){ AAJ_NO, why, detail };
}

static struct aaj_place somewhere(uint32_t dom)
{
    return dom == AAJ_NO ? nowhere(AAJ_REFUSED_OTHER, AAJ_STR("out of memory")) : (struct aaj_place){ .dom = dom };
}

/* Where a process of @from is after executing @exe. */
static struct aaj_place step_exec(struct aaj_learner *l, uint32_t from, struct aaj_str exe)
{
    const struct verdict *v;
    struct aaj_str rule;

    if (exe.n == 0 || exe.p[0] != '/')
        return nowhere(AAJ_REFUSED_DISCONNECTED, exe);
    if (!aaj_is_nameable(exe))
        return nowhere(AAJ_REFUSED_NAME, exe);
    if (from == 0 && aaj_denies_file(l, exe, AAJ_MAY_EXEC, false, &rule))
        return nowhere(AAJ_REFUSED_RULE, rule);
    if (aaj_infers(l, AAJ_INFER_SELF)) {
        if (aaj_str_eq(exe, l->in->manifest->slave.text) || aaj_str_eq(exe, l->dom[0].exe))
            return somewhere(0);
        if (aaj_str_eq(exe, l->dom[from].exe))
            return somewhere(from);
    }
    v = verdict_of(l, exe);
    if (!v)
        return somewhere(AAJ_NO);
    switch (v->action) {
    case AAJ_EXEC_INHERIT:
        return somewhere(from);
    case AAJ_EXEC_CHILD:
        return somewhere(child_by_exe(l, exe));
    default:
        return nowhere(v->why, exe);
    }
}

static uint32_t *edge_to(struct aaj_learner *l, uint32_t from, uint32_t to, struct aaj_str exe)
{
    struct aaj_str key = aaj_arena_printf(&l->scratch, "%u/%u%.*s", from, to, AAJ_STR_ARG(exe));
    struct by_key *e = key.p ? find(l->edge_by_key, key) : NULL;

    if (!e) {
        if (!key.p || AAJ_GROW(l->edge, l->n_edges, l->cap_edges) < 0)
            return NULL;
        l->edge[l->n_edges] = (struct aaj_edge){ from, to, aaj_arena_dup(l->arena, exe), 0, to == AAJ_NO };
        if (insert(l, &l->edge_by_key, key, (uint32_t)l->n_edges) < 0)
            return NULL;
        return &l->edge[l->n_edges++].ev;
    }
    return &l->edge[e->value].ev;
}

static struct aaj_place step(struct aaj_learner *l, struct aaj_place at, const struct aaj_step *step)
{
    struct aaj_place to;

    if (at.dom == AAJ_NO)
        return nowhere(AAJ_REFUSED_UNDER, at.detail);
    switch (step->kind) {
    case AAJ_STEP_EXEC:
        to = step_exec(l, at.dom, step->name);
        if (to.dom != AAJ_NO && !edge_to(l, at.dom, to.dom, step->name))
            return somewhere(AAJ_NO);
        return to;
    case AAJ_STEP_HAT:
        return somewhere(dom_by_name(l, AAJ_DOM_HAT, step->name));
    case AAJ_STEP_CHANGE:
        to = somewhere(dom_by_name(l, AAJ_DOM_CHILD, step->name));
        if (to.dom != AAJ_NO)
            l->dom[to.dom].entered = true;
        return to;
    case AAJ_STEP_CHILD:
        return somewhere(dom_by_name(l, AAJ_DOM_CHILD, step->name));
    default:
        return nowhere(AAJ_REFUSED_OTHER, AAJ_STR("a stack of profiles"));
    }
}

static struct aaj_place walk(struct aaj_learner *l, struct aaj_str label)
{
    struct aaj_place at = { .dom = 0 };
    struct aaj_step s;

    if (!aaj_pool_is_ours(l, label, &s.end) || aaj_str_find(label, '\0') < label.n)
        return nowhere(AAJ_REFUSED_OTHER, AAJ_STR("not this jail"));
    while (aaj_label_step(label, s.end, &s)) {
        if (s.kind == AAJ_STEP_EXEC && find(l->dom_by_key, key_of(l, 'u', aaj_str_head(label, s.end))))
            s = (struct aaj_step){ AAJ_STEP_HAT, AAJ_DEFAULT_URI, s.end };
        at = step(l, at, &s);
    }
    return at;
}

struct aaj_place aaj_tree_place(struct aaj_learner *l, uint32_t label)
{
    struct label_place *head = l->place_by_label, *e;

    HASH_FIND(hh, head, &label, sizeof(label), e);
    if (!e) {
        e = aaj_arena_alloc(&l->scratch, sizeof(*e));
        if (!e)
            return somewhere(AAJ_NO);
        e->label = label;
        e->place = walk(l, aaj_recording_str(l->in->recording, label));
        HASH_ADD(hh, head, label, sizeof(label), e);
        l->place_by_label = head;
    }
    return e->place;
}

/* ---- building ---- */

/* A child that is known by name only, and that writes its own attr/current, is a hat: that is how it goes
 * back (aa_change_hat(2)). */
static void find_hats(struct aaj_learner *l)
{
    for (uint32_t i = 0; i < l->n_access; i++) {
        const struct aaj_access *a = &l->access[i];
        struct aaj_place at;

        if (a->class != AAJ_CLASS_FILE || !aaj_str_ends(aaj_arg(l, a, AAJ_FILE_NAME), AAJ_STR("/current")) ||
            !aaj_str_starts(aaj_arg(l, a, AAJ_FILE_NAME), AAJ_STR("/proc/")) ||
            !aaj_str_starts(aaj_recording_str(l->in->recording, a->label), l->log_top))
            continue;
        at = aaj_tree_place(l, a->label);
        if (at.dom != AAJ_NO && l->dom[at.dom].kind == AAJ_DOM_CHILD && l->dom[at.dom].exe.n == 0)
            l->dom[at.dom].kind = AAJ_DOM_HAT;
    }
}

/* The labels of hats that are named by a URI. One hat is for all of them: the names are the clients' to choose. */
static int find_uri_hats(struct aaj_learner *l)
{
    for (uint32_t i = 0; i < l->n_access; i++) {
        const struct aaj_access *a = &l->access[i];
        struct aaj_str name, target;

        if (a->class != AAJ_CLASS_CHANGE_HAT)
            continue;
        name = aaj_arg(l, a, AAJ_CHANGE_NAME);
        target = aaj_arg(l, a, AAJ_CHANGE_TARGET);
        if (aaj_hat_is_uri(name) && target.n && !find(l->dom_by_key, key_of(l, 'u', target)) &&
            insert(l, &l->dom_by_key, key_of(l, 'u', target), 0) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int add_exec(struct aaj_learner *l, uint32_t i, const struct aaj_place *at)
{
    struct aaj_str exe = aaj_arg(l, &l->access[i], AAJ_FILE_NAME);
    struct aaj_place to = step_exec(l, at->dom, exe);
    uint32_t *list, ev;

    if (to.dom == AAJ_NO && to.why != AAJ_REFUSED_PROFILE)
        return aaj_refuse(l, i, to.why, to.detail);
    list = edge_to(l, at->dom, to.dom, exe);
    ev = aaj_ev_new(l, i);
    if (!list || !ev)
        return -ENOMEM;
    l->ev[ev].next = *list;
    *list = ev;
    return aaj_grant_access(l, i, at->dom, to.dom);
}

/* A profile that is no child of the main one may name 12 others; what is more shares the last. */
static void join_targets(struct aaj_learner *l, uint32_t from)
{
    uint32_t seen[NAMED_TARGETS], n = 0, j;

    for (size_t i = 0; i < l->n_edges; i++) {
        struct aaj_edge *e = &l->edge[i];
        uint32_t to = e->to;

        if (e->from != from || to == AAJ_NO || to == from)
            continue;
        while (l->dom[to].same != to)
            to = l->dom[to].same;
        for (j = 0; j < n && seen[j] != to; j++)
            ;
        if (j < n)
            continue;
        if (n < NAMED_TARGETS)
            seen[n++] = to;
        else if (to != 0 && seen[n - 1] != 0)
            l->dom[to].same = seen[n - 1];
    }
}

static void resolve_joined(struct aaj_learner *l)
{
    for (size_t i = 0; i < l->n_doms; i++)
        while (l->dom[l->dom[i].same].same != l->dom[i].same)
            l->dom[i].same = l->dom[l->dom[i].same].same;
}

int aaj_tree_build(struct aaj_learner *l)
{
    const struct aaj_manifest *m = l->in->manifest;

    if (dom_add(l, AAJ_DOM_MAIN, m->slave.text, l->hat ? m->hat.text : l->out->name) == AAJ_NO)
        return -ENOMEM;
    if (find_uri_hats(l) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < l->n_access; i++) {
        const struct aaj_access *a = &l->access[i];
        struct aaj_place at;
        int r;

        if (!aaj_str_starts(aaj_recording_str(l->in->recording, a->label), l->log_top))
            continue;
        at = aaj_tree_place(l, a->label);
        if (a->class != AAJ_CLASS_EXEC || at.dom == AAJ_NO ||
            (!a->allowed && !a->audited && !l->in->grant_denied))
            continue;
        r = add_exec(l, i, &at);
        if (r < 0)
            return r;
    }
    find_hats(l);
    for (uint32_t d = l->hat ? 0 : 1; d < l->n_doms; d++)
        join_targets(l, d);
    resolve_joined(l);
    return 0;
}

int aaj_tree_peer(struct aaj_learner *l, struct aaj_str label, uint32_t from, struct aaj_str *ret_glob)
{
    struct aaj_str name = label;
    struct aaj_place at;
    size_t end;

    if (aaj_pool_is_ours(l, label, &end)) {
        at = walk(l, label);
        if (at.dom == AAJ_NO)
            return -ENOENT;
        at.dom = l->dom[at.dom].same;
        if (at.dom == from) {
            *ret_glob = AAJ_STR("@{profile_name}");
            return 0;
        }
        name = l->dom[at.dom].full;
    } else if (aaj_pool_peer(l, label, &name) < 0) {
        return -ENOMEM;
    }
    *ret_glob = aaj_glob_escape(l->arena, name);
    return ret_glob->p ? 0 : -ENOMEM;
}

void aaj_tree_free(struct aaj_learner *l)
{
    struct by_key *d = l->dom_by_key, *e = l->edge_by_key;
    struct label_place *p = l->place_by_label;
    struct verdict *v = l->verdict_by_exe;

    HASH_CLEAR(hh, d);
    HASH_CLEAR(hh, e);
    HASH_CLEAR(hh, p);
    HASH_CLEAR(hh, v);
    free(l->dom);
    free(l->edge);
}
