/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was learned ► questions; question and answer ► entries of the manifest. */
#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "base/json.h"
#include "check/replay.h"
#include "policy/quote.h"
#include "report/groups.h"
#include "review.h"

#define EXEC_CHOICES                                                                                    \
    { "child", "it runs in a child profile of its own, with a cleaned environment" },                   \
        { "inherit", "it runs in the slave's own profile, and can do what the slave can" },             \
        { "profile", "it has a profile of its own on the slave's machine, and runs in that" }, { "deny", "it may not run" }

const struct review_info review_info[REVIEW_KINDS] = {
    [REVIEW_SETUID] = { "setuid", "It ran a program that changes its user",
                        "it may not run: it would leave the user that the firewall chain is for", { EXEC_CHOICES, { 0 } } },
    [REVIEW_UNKNOWN] = { "unknown", "It ran a program of which nothing is known (does it change its user?)", "it may not run",
                         { EXEC_CHOICES, { 0 } } },
    [REVIEW_DROPPED] = { "dropped", "It ran a program from where everybody may put one", "it runs as the manifest's exec says",
                         { EXEC_CHOICES, { 0 } } },
    [REVIEW_SHELL] = { "shell", "It ran a shell", "it runs as the manifest's exec says", { EXEC_CHOICES, { 0 } } },
    [REVIEW_CEILING] = { "ceiling", "It reached for what no learned rule may grant", "it is refused",
                         { { "allow", "the manifest grants exactly this, and lifts that part of the ceiling" },
                           { "never", "the manifest forbids it for good" },
                           { 0 } } },
    [REVIEW_CODE] = { "code", "It wrote files that it then loaded as code", "it may, as far as it did",
                      { { "allow", "it is a cache of the slave's own, says the manifest" },
                        { "never", "the manifest forbids it to write and to load them" },
                        { 0 } } },
    [REVIEW_OUTSIDE] = { "outside", "It used files of others, outside its roots", "it may, as far as it did",
                         { { "root", "the folder is the slave's own: no other jail may read it" },
                           { "never", "the manifest forbids everything below it" },
                           { 0 } } },
    [REVIEW_DENIED] = { "denied", "It was denied this when it was recorded", "it is denied",
                        { { "allow", "the manifest grants exactly this" }, { "never", "the manifest forbids it for good" }, { 0 } } },
    [REVIEW_DESTINATION] = { "destination", "It called out", "the firewall chain refuses it",
                             { { "allow", "the manifest lists it under network.allow" },
                               { "refuse", "a policy test of the manifest makes sure that it stays refused" },
                               { 0 } } },
};

static bool is_exec(enum review_kind kind)
{
    return kind <= REVIEW_SHELL;
}

/* ---- the rules of an access ---- */

/* A manifest's rules are the slave's own profile's: what its children did they cannot grant. */
static bool is_own(const struct review *r, const struct aaj_access *a)
{
    return aaj_str_eq(aaj_recording_str(r->in->recording, a->label), r->learned->label);
}

static const struct aaj_access *access_of(const struct review *r, uint32_t i)
{
    const struct aaj_access *all;
    size_t n;

    return aaj_recording_accesses(r->in->recording, &all, &n) == 0 && i < n ? &all[i] : NULL;
}

static struct aaj_str rule_of(struct review *r, const struct aaj_access *a)
{
    bool owner = a->owner_yes && !a->owner_no;

    return aaj_replay_rule(r->in->recording, a, a->requested | a->denied_mask, owner, &r->arena);
}

static int add_entry(struct review *r, struct aaj_manifest_entry *list, size_t *n, enum aaj_manifest_part part,
                     struct aaj_str text)
{
    for (size_t i = 0; i < *n; i++)
        if (list[i].part == part && aaj_str_eq(list[i].text, text))
            return 0;
    list[*n] = (struct aaj_manifest_entry){ .part = part, .text = aaj_arena_dup(&r->arena, text) };
    return list[(*n)++].text.p ? 0 : -ENOMEM;
}

/* The rules of all its accesses: in .rules to grant, in .never to forbid, also below the children. */
static int add_rules(struct review *r, const struct review_question *q, enum aaj_manifest_part part,
                     struct aaj_manifest_entry *list, size_t *n)
{
    int err = 0;

    for (size_t i = 0; i < q->n_access && err == 0; i++) {
        const struct aaj_access *a = access_of(r, q->access[i]);
        struct aaj_str rule = a && (part == AAJ_PART_NEVER || is_own(r, a)) ? rule_of(r, a) : AAJ_STR("");

        if (!rule.p)
            err = -ENOMEM;
        else if (rule.n)
            err = add_entry(r, list, n, part, rule);
    }
    return err;
}

static int add_never_below(struct review *r, const struct review_question *q, struct aaj_manifest_entry *list, size_t *n)
{
    struct aaj_text path;
    int err = aaj_text_literal(&r->arena, q->what, AAJ_TEXT_PATH, &path);

    return err < 0 ? err : add_entry(r, list, n, AAJ_PART_NEVER,
                                     aaj_arena_printf(&r->arena, "%.*s/** rw,", AAJ_STR_ARG(path.raw)));
}

/* To allow: what it may read anyway, said by hand, so that it is not asked again. To forbid: neither writing nor loading. */
static int add_code(struct review *r, const struct review_question *q, bool never, struct aaj_manifest_entry *list, size_t *n)
{
    bool owner = !never, own = never;
    struct aaj_text path;
    int err = aaj_text_from_value(&r->arena, q->what, AAJ_TEXT_PATH, &path);

    for (size_t i = 0; i < q->n_access; i++) {
        const struct aaj_access *a = access_of(r, q->access[i]);

        own |= a && is_own(r, a);
        owner &= a && a->owner_yes && !a->owner_no;
    }
    if (err < 0 || !own)
        return err;
    return add_entry(r, list, n, never ? AAJ_PART_NEVER : AAJ_PART_RULE,
                     aaj_arena_printf(&r->arena, "%s%.*s %s,", owner ? "owner " : "", AAJ_STR_ARG(path.raw), never ? "rw" : "r"));
}

static int add_exec(struct review *r, const struct review_question *q, struct aaj_manifest_entry *list, size_t *n)
{
    static const enum aaj_exec_action action[] = { AAJ_EXEC_CHILD, AAJ_EXEC_INHERIT, AAJ_EXEC_PROFILE, AAJ_EXEC_DENY };
    struct aaj_text path;
    int err = aaj_text_literal(&r->arena, q->what, AAJ_TEXT_PATH, &path);

    if (err == 0)
        err = add_entry(r, list, n, AAJ_PART_EXEC, path.value);
    if (err == 0)
        list[*n - 1].action = action[q->answer];
    return err;
}

int review_entries(struct review *r, const struct review_question *q, struct aaj_manifest_entry **ret_entry, size_t *ret_n)
{
    struct aaj_manifest_entry *list = aaj_arena_new_array(&r->arena, q->n_access + 2, struct aaj_manifest_entry);
    bool second = q->answer == 1;
    size_t n = 0;
    int err = list ? 0 : -ENOMEM;

    if (err < 0 || q->answer < 0) {
        *ret_n = 0;
        return err;
    }
    switch (q->kind) {
    case REVIEW_CEILING:
        err = add_rules(r, q, second ? AAJ_PART_NEVER : AAJ_PART_RULE, list, &n);
        if (err == 0 && !second)
            err = add_entry(r, list, &n, AAJ_PART_LIFT, q->detail);
        break;
    case REVIEW_DENIED: err = add_rules(r, q, second ? AAJ_PART_NEVER : AAJ_PART_RULE, list, &n); break;
    case REVIEW_CODE: err = add_code(r, q, second, list, &n); break;
    case REVIEW_OUTSIDE: err = second ? add_never_below(r, q, list, &n) : add_entry(r, list, &n, AAJ_PART_ROOT, q->what); break;
    case REVIEW_DESTINATION:
        err = add_entry(r, list, &n, second ? AAJ_PART_TEST_DENY : AAJ_PART_DEST, q->what);
        break;
    default: err = add_exec(r, q, list, &n); break;
    }
    *ret_entry = list;
    *ret_n = n;
    return err;
}

/* ---- questions ---- */

static bool is_answered(struct review *r, struct review_question q, int answer)
{
    struct aaj_manifest_entry *entry;
    bool answered = true;
    size_t n;

    q.answer = answer;
    if (review_entries(r, &q, &entry, &n) < 0)
        return false;
    for (size_t i = 0; i < n; i++)
        answered = answered && aaj_manifest_has(r->in->manifest, &entry[i]);
    return n && answered;
}

/* What was refused for good is not asked again: the manifest says so. Nor what happens anyway, and was allowed. */
static bool is_decided(struct review *r, struct review_question q)
{
    enum { ALLOW, NEVER };

    if (q.kind == REVIEW_CEILING && aaj_str_eq(q.detail, AAJ_STR("never"))) /* the manifest's own item, see ceiling/apply.c */
        return true;
    return !is_exec(q.kind) && (is_answered(r, q, NEVER) || (q.kind == REVIEW_CODE && is_answered(r, q, ALLOW)));
}

/* An answer is offered where something follows from it. */
static int offer(struct review *r, struct review_question *q)
{
    for (int i = 0; i < REVIEW_CHOICES && review_info[q->kind].choice[i].word; i++) {
        struct aaj_manifest_entry *entry;
        size_t n = 0;
        int err;

        q->answer = i;
        err = review_entries(r, q, &entry, &n);
        if (err == -ENOMEM)
            return err;
        q->offered[i] = err == 0 && n > 0 &&
                        !(q->kind == REVIEW_CEILING && i == 0 && n == 1); /* an item lifted for no rule */
    }
    q->answer = -1;
    return 0;
}

static int add_question(struct review *r, struct review_question q)
{
    for (size_t i = 0; i < r->n; i++) /* a program is asked about once, for the first reason */
        if (aaj_str_eq(r->question[i].what, q.what) &&
            (r->question[i].kind == q.kind ? aaj_str_eq(r->question[i].detail, q.detail)
                                           : is_exec(r->question[i].kind) && is_exec(q.kind)))
            return 0;
    if (is_decided(r, q))
        return 0;
    if (AAJ_GROW(r->question, r->n, r->cap) < 0 || offer(r, &q) < 0)
        return -ENOMEM;
    r->question[r->n++] = q;
    return 0;
}

static int add_suspects(struct review *r, enum review_kind kind, enum aaj_suspicion suspicion)
{
    int err = 0;

    for (size_t i = 0; i < r->learned->n_suspects && err == 0; i++) {
        const struct aaj_suspect *s = &r->learned->suspect[i];

        if (s->kind == suspicion)
            err = add_question(r, (struct review_question){ .kind = kind, .what = s->what, .detail = s->detail,
                                                            .events = s->events, .access = s->access, .n_access = s->n_access });
    }
    return err;
}

/* The accesses that were refused like the first of @group. */
static int find_evidence(struct review *r, const struct aaj_refusal_group *group, struct review_question *q)
{
    uint32_t *access = aaj_arena_new_array(&r->arena, group->accesses + 1, uint32_t);

    if (!access)
        return -ENOMEM;
    q->access = access;
    for (size_t i = 0; i < r->learned->n_refused && q->n_access < group->accesses; i++) {
        const struct aaj_refused *refused = &r->learned->refused[i];

        if (refused->why == group->why && aaj_str_eq(refused->detail, group->detail))
            access[q->n_access++] = refused->access;
    }
    return 0;
}

static int add_unknown(struct review *r)
{
    struct aaj_refusal_group *group;
    size_t n;
    int err = aaj_refusal_groups(r->in->recording, r->learned, &group, &n);

    if (err < 0)
        return err;
    for (size_t i = 0; i < n && err == 0; i++) {
        struct aaj_str what = group[i].detail.n ? group[i].detail : group[i].sample;
        struct review_question q = { .kind = REVIEW_UNKNOWN, .what = what, .events = group[i].events };

        if (group[i].why != AAJ_REFUSED_UNKNOWN || !what.n || what.p[0] != '/')
            continue;
        err = find_evidence(r, &group[i], &q);
        if (err == 0)
            err = add_question(r, q);
    }
    free(group);
    return err;
}

static int add_destinations(struct review *r)
{
    int err = 0;

    for (size_t i = 0; i < r->learned->n_proposals && err == 0; i++) {
        const struct aaj_proposal *p = &r->learned->proposal[i];

        if (p->state == AAJ_PROPOSED)
            err = add_question(r, (struct review_question){ .kind = REVIEW_DESTINATION, .what = p->dest, .events = p->events,
                                                            .access = p->access, .n_access = p->n_access });
    }
    return err;
}

int review_find(struct review *r)
{
    static const enum aaj_suspicion of[REVIEW_KINDS] = {
        [REVIEW_SETUID] = AAJ_SUSPECT_SETUID,   [REVIEW_DROPPED] = AAJ_SUSPECT_DROPPED, [REVIEW_SHELL] = AAJ_SUSPECT_SHELL,
        [REVIEW_CEILING] = AAJ_SUSPECT_CEILING, [REVIEW_OUTSIDE] = AAJ_SUSPECT_OUTSIDE, [REVIEW_DENIED] = AAJ_SUSPECT_DENIED,
        [REVIEW_CODE] = AAJ_SUSPECT_CODE,
    };
    int err = 0;

    for (unsigned kind = 0; kind < REVIEW_KINDS && err == 0; kind++)
        err = of[kind] ? add_suspects(r, kind, of[kind]) : kind == REVIEW_UNKNOWN ? add_unknown(r) : add_destinations(r);
    return err;
}

void review_clear(struct review *r)
{
    free(r->question);
    aaj_arena_clear(&r->arena);
    *r = (struct review){ 0 };
}

json_object *review_json(struct review *r)
{
    json_object *list = json_object_new_array();

    for (size_t i = 0; i < r->n; i++) {
        const struct review_question *q = &r->question[i];
        json_object *o = json_object_new_object(), *choices = json_object_new_array();

        json_object_object_add(o, "jail", aaj_json_bytes(r->in->manifest->jail.text));
        json_object_object_add(o, "kind", json_object_new_string(review_info[q->kind].name));
        json_object_object_add(o, "what", aaj_json_bytes(q->what));
        if (q->detail.n)
            json_object_object_add(o, "detail", aaj_json_bytes(q->detail));
        aaj_json_add_number(o, "events", q->events);
        json_object_object_add(o, "otherwise", json_object_new_string(review_info[q->kind].now));
        for (int k = 0; k < REVIEW_CHOICES; k++)
            if (q->offered[k])
                json_object_array_add(choices, json_object_new_string(review_info[q->kind].choice[k].word));
        json_object_object_add(o, "choices", choices);
        json_object_array_add(list, o);
    }
    return list;
}
