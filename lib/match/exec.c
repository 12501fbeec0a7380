/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attachment and what an exec leads to (Linux security/apparmor/domain.c). */
#include <stdio.h>

#include "match/internal.h"

enum { HISTORY = 32 }; /* WB_HISTORY_SIZE of the kernel; a power of two */

/* How much of @path was matched before the automaton first went round in a circle: the kernel's measure of
 * how specific an attachment is (aa_dfa_leftmatch). */
static uint32_t left_match(const struct aaj_dfa *dfa, struct aaj_str path, uint32_t *ret_len)
{
    uint32_t history[HISTORY], state = AAJ_DFA_START, len = 0;
    unsigned pos = 0, held = 0;

    for (size_t i = 0; i < path.n; i++) {
        history[pos] = state;
        state = aaj_dfa_step(dfa, state, (uint8_t)path.p[i]);
        if (history[pos] >= state)
            for (unsigned back = 0; back < held; back++)
                if (history[(pos - back) & (HISTORY - 1)] == state) {
                    state = aaj_dfa_walk(dfa, state, aaj_str_skip(path, i + 1));
                    *ret_len = state == AAJ_DFA_TRAP ? 0 : len - back;
                    return state;
                }
        pos = (pos + 1) & (HISTORY - 1);
        held += held < HISTORY;
        len++;
    }
    *ret_len = state == AAJ_DFA_TRAP ? 0 : len;
    return state;
}

bool aaj_match_attaches(const struct aaj_match_profile *p, struct aaj_str path, uint32_t *ret_len)
{
    uint32_t len = 0, state;
    struct aaj_perms perms;

    if (!p->xmatch) {
        bool same = !p->hat && aaj_str_eq(p->name, path);

        if (ret_len)
            *ret_len = same ? UINT32_MAX : 0; /* nothing is more specific than the name itself */
        return same;
    }
    state = left_match(p->xmatch->dfa, path, &len);
    perms = aaj_match_db_perms(p->xmatch, state, p->abi);
    if (ret_len)
        *ret_len = len > p->xmatch_len ? len : p->xmatch_len;
    return perms.allow & AAJ_PERM_EXEC;
}

/* The search among the profiles of one level. */
struct search {
    struct aaj_str path, ns;
    const struct aaj_match_profile *parent; /* NULL: top-level profiles */
    const struct aaj_match_profile *best, *other;
    uint32_t len;
    bool exact;
};

static bool at_level(const struct search *s, const struct aaj_match_profile *p)
{
    if (!aaj_str_eq(p->ns, s->ns))
        return false;
    if (s->parent)
        return p->parent == s->parent;
    return !p->parent && aaj_str_search(p->name, AAJ_STR("//")) == p->name.n;
}

/* find_attach(): longer wins, equal is a conflict. */
static void consider(struct search *s, const struct aaj_match_profile *p)
{
    struct aaj_str name = p->name;
    uint32_t len = 0, state;

    if (s->exact || !at_level(s, p))
        return;
    if (s->parent)
        name = aaj_str_skip(name, s->parent->name.n + 2);
    if (!p->xmatch) {
        if (aaj_str_eq(name, s->path)) {
            s->best = p;
            s->other = NULL;
            s->exact = true;
        }
        return;
    }
    state = left_match(p->xmatch->dfa, s->path, &len);
    if (!(aaj_match_db_perms(p->xmatch, state, p->abi).allow & AAJ_PERM_EXEC) || len < s->len)
        return;
    if (len == s->len && s->best) {
        s->other = p;
        return;
    }
    s->best = p;
    s->other = NULL;
    s->len = len > p->xmatch_len ? len : p->xmatch_len;
}

static void search_match(struct search *s, const struct aaj_match *m)
{
    for (size_t i = 0; i < m->n; i++)
        consider(s, m->profile[i]);
}

static void search_world(struct search *s, const struct aaj_match_world *world)
{
    for (size_t i = 0; i < world->n; i++)
        search_match(s, world->match[i]);
}

void aaj_match_attach(const struct aaj_match_world *world, struct aaj_str path,
                      const struct aaj_match_profile **ret_profile,
                      const struct aaj_match_profile **ret_other)
{
    struct search s = { .path = path, .ns = { "", 0 } };

    search_world(&s, world);
    *ret_profile = s.other ? NULL : s.best;
    if (ret_other)
        *ret_other = s.other;
}

static const struct aaj_match_profile *find_name(const struct aaj_match_profile *p,
                                                 const struct aaj_match_world *world, struct aaj_str name)
{
    struct aaj_str full = name;
    struct aaj_arena arena = AAJ_ARENA_INIT;
    const struct aaj_match_profile *found = NULL;

    if (p->ns.n && name.n && name.p[0] != ':')
        full = aaj_arena_printf(&arena, ":%.*s:%.*s", AAJ_STR_ARG(p->ns), AAJ_STR_ARG(name));
    if (full.p && !world)
        found = aaj_match_find(p->match, full);
    for (size_t i = 0; world && full.p && i < world->n && !found; i++)
        found = aaj_match_find(world->match[i], full);
    aaj_arena_clear(&arena);
    return found;
}

static const char *base_rule(uint32_t xindex)
{
    if (xindex & (AAJ_X_NAME | AAJ_X_TABLE))
        return xindex & AAJ_X_CHILD ? "c" : "p";
    return xindex & AAJ_X_INHERIT ? "i" : "u";
}

void aaj_match_transition(const struct aaj_match_profile *p, uint32_t xindex,
                          struct aaj_transition *ret_transition)
{
    struct aaj_transition t = { .scrub = !(xindex & AAJ_X_UNSAFE), .child = xindex & AAJ_X_CHILD };
    const char *base = base_rule(xindex);
    const char *fallback = *base == 'i' || *base == 'u' ? ""
                           : xindex & AAJ_X_INHERIT     ? "i"
                           : xindex & AAJ_X_UNCONFINED  ? "u"
                                                        : "";

    if (xindex & AAJ_X_TABLE) {
        t.target = p->file->xtable[xindex & AAJ_X_INDEX];
        t.stack = t.target.n && t.target.p[0] == '&';
    }
    if (!(xindex & (AAJ_X_NAME | AAJ_X_TABLE | AAJ_X_INHERIT | AAJ_X_UNCONFINED)))
        base = fallback = "";
    snprintf(t.rule, sizeof(t.rule), "%s%s%s", base, fallback, *base ? "x" : "");
    *ret_transition = t;
}

/* x_to_label(): by name, from the table, or by attachment, then the fallbacks. */
static enum aaj_why resolve(const struct aaj_match_profile *p, const struct aaj_match_world *world,
                            struct aaj_str path, uint32_t xindex, struct aaj_transition *t)
{
    struct search s = { .path = path, .ns = p->ns, .parent = t->child ? p : NULL };

    if (t->target.n && !t->stack) {
        struct aaj_arena arena = AAJ_ARENA_INIT;
        struct aaj_str name = t->target;

        if (t->child)
            name = aaj_arena_printf(&arena, "%.*s//%.*s", AAJ_STR_ARG(p->name), AAJ_STR_ARG(name));
        t->profile = name.p ? find_name(p, world, name) : NULL;
        aaj_arena_clear(&arena);
    } else if (xindex & (AAJ_X_NAME | AAJ_X_TABLE)) {
        if (world)
            search_world(&s, world);
        else
            search_match(&s, p->match);
        t->profile = s.other ? NULL : s.best;
    }
    if (t->profile) {
        t->kind = AAJ_T_PROFILE;
        return AAJ_WHY_RULE;
    }
    t->fallback = t->rule[0] == 'p' || t->rule[0] == 'c';
    if (xindex & AAJ_X_INHERIT)
        t->kind = AAJ_T_INHERIT;
    else if (xindex & AAJ_X_UNCONFINED)
        t->kind = AAJ_T_UNCONFINED;
    else
        return s.other ? AAJ_WHY_CONFLICT : AAJ_WHY_NO_TARGET;
    return AAJ_WHY_RULE;
}

static struct aaj_decision exec_unconfined(const struct aaj_match_profile *p,
                                           const struct aaj_match_world *world, struct aaj_str path,
                                           struct aaj_transition *t)
{
    struct search s = { .path = path, .ns = p->ns };

    if (world)
        search_world(&s, world);
    else
        search_match(&s, p->match);
    t->profile = s.other ? NULL : s.best;
    t->kind = t->profile ? AAJ_T_PROFILE : AAJ_T_INHERIT;
    return aaj_match_decide_not_mediated(AAJ_WHY_UNCONFINED, AAJ_PERM_EXEC);
}

struct aaj_decision aaj_match_exec(const struct aaj_match_profile *p, const struct aaj_match_world *world,
                                   struct aaj_str path, bool owner, struct aaj_transition *ret_transition)
{
    struct aaj_transition t = { 0 };
    struct aaj_decision d;
    struct aaj_perms perms;

    if (p->mode == AAJ_UNCONFINED) {
        d = exec_unconfined(p, world, path, &t);
        *ret_transition = t;
        return d;
    }
    perms = aaj_match_file_perms(p, path, owner);
    d = aaj_match_decide(p, &perms, AAJ_PERM_EXEC);
    if (d.verdict == AAJ_ALLOW) {
        aaj_match_transition(p, perms.xindex, &t);
        d.why = resolve(p, world, path, perms.xindex, &t);
        if (t.kind == AAJ_T_NONE) {
            d.verdict = AAJ_DENY;
            d.missing = AAJ_PERM_EXEC;
        }
    } else if (p->mode == AAJ_COMPLAIN) {
        t.kind = AAJ_T_LEARN;
    }
    *ret_transition = t;
    return d;
}
