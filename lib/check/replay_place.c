/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A label such as "P//hat//null-/usr/bin/dash" is a path: from a root that is known, each step by a hat, a child or an
 * exec. Each step is taken as this policy would take it.
 */
#include "check/replay_place.h"

#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "log/label.h"

/* @array, indexed by ids, with room for @id: what is new is zero. NULL: no memory, and @array is as it was. */
static void *with_room(void *array, size_t *n, uint32_t id, size_t size)
{
    size_t wanted = id * (size_t)2 + 16;
    char *more;

    if (id < *n)
        return array;
    more = reallocarray(array, wanted, size);
    if (more) {
        memset(more + *n * size, 0, (wanted - *n) * size);
        *n = wanted;
    }
    return more;
}

static struct aaj_str target_of(const struct aaj_places *p, const struct aaj_access *a)
{
    uint32_t slot = a->class == AAJ_CLASS_EXEC ? AAJ_FILE_TARGET : AAJ_CHANGE_TARGET;

    if (a->class != AAJ_CLASS_EXEC && a->class != AAJ_CLASS_CHANGE_HAT)
        return (struct aaj_str){ 0 };
    return aaj_recording_str(p->in->recording, a->arg[slot]);
}

/* "target=": into which profile of then it went. */
static int index_targets(struct aaj_places *p)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < p->n; i++) {
        struct aaj_str target = target_of(p, &p->access[i]);
        uint32_t *way, id;

        if (!target.n)
            continue;
        r = aaj_intern_add(&p->targets, target, &id);
        way = r == 0 ? with_room(p->way, &p->n_ways, id, sizeof(*way)) : NULL;
        if (!way)
            return -ENOMEM;
        p->way = way;
        if (!way[id])
            way[id] = (uint32_t)i + 1;
    }
    return r;
}

int aaj_places_init(struct aaj_places *p)
{
    int r = aaj_recording_accesses(p->in->recording, &p->access, &p->n);

    if (r == 0)
        r = aaj_intern_init(&p->labels);
    if (r == 0)
        r = aaj_intern_init(&p->targets);
    return r == 0 ? index_targets(p) : r;
}

void aaj_places_clear(struct aaj_places *p)
{
    aaj_intern_clear(&p->labels);
    aaj_intern_clear(&p->targets);
    free(p->known);
    free(p->way);
    *p = (struct aaj_places){ 0 };
}

static struct aaj_place unreached(struct aaj_str why)
{
    return (struct aaj_place){ AAJ_PLACE_UNREACHED, NULL, why };
}

/* An exec of @path out of @from: the half of the rules that grants less first. */
static struct aaj_place follow_exec(struct aaj_places *p, const struct aaj_match_profile *from, struct aaj_str path)
{
    struct aaj_transition t;
    struct aaj_decision d = aaj_match_exec(from, p->world, path, false, &t);

    if (d.verdict == AAJ_DENY)
        d = aaj_match_exec(from, p->world, path, true, &t);
    switch (t.kind) {
    case AAJ_T_INHERIT: return (struct aaj_place){ AAJ_PLACE_PROFILE, from, { 0 } };
    case AAJ_T_PROFILE: return (struct aaj_place){ AAJ_PLACE_PROFILE, t.profile, { 0 } };
    case AAJ_T_UNCONFINED: return (struct aaj_place){ .kind = AAJ_PLACE_UNCONFINED };
    default:
        return unreached(aaj_arena_printf(p->arena, "%.*s may not execute %s: %s", AAJ_STR_ARG(from->name),
                                          aaj_escape(p->arena, path), aaj_why_text(d.why)));
    }
}

/* The access of that class whose record says that it led to @label. */
static const struct aaj_access *way_into(const struct aaj_places *p, struct aaj_str label, enum aaj_class class)
{
    const struct aaj_access *a;
    uint32_t id;

    if (aaj_intern_find(&p->targets, label, &id) < 0 || id >= p->n_ways || !p->way[id])
        return NULL;
    a = &p->access[p->way[id] - 1];
    return a->class == class ? a : NULL;
}

static struct aaj_place follow_name(struct aaj_places *p, const struct aaj_match_profile *from, struct aaj_str label,
                                    struct aaj_str name)
{
    struct aaj_str child = aaj_arena_printf(p->arena, "%.*s//%.*s", AAJ_STR_ARG(from->name), AAJ_STR_ARG(name));
    const struct aaj_access *exec = way_into(p, label, AAJ_CLASS_EXEC);
    const struct aaj_match_profile *to = NULL;

    if (exec)
        return follow_exec(p, from, aaj_recording_str(p->in->recording, exec->arg[AAJ_FILE_NAME]));
    to = aaj_match_find(p->in->match, child);
    if (!to)
        aaj_match_change_hat(from, name, &to);
    if (!to && aaj_hat_is_uri(name))
        aaj_match_change_hat(from, AAJ_DEFAULT_URI, &to);
    if (to)
        return (struct aaj_place){ AAJ_PLACE_PROFILE, to, { 0 } };
    return unreached(aaj_arena_printf(p->arena, "%.*s has no child profile or hat %s", AAJ_STR_ARG(from->name),
                                      aaj_escape(p->arena, name)));
}

/* The root that is nearest: one may be a child's label. */
static const struct aaj_replay_root *root_of(const struct aaj_places *p, struct aaj_str label)
{
    const struct aaj_replay_root *best = NULL;

    for (size_t i = 0; i < p->in->n_roots; i++)
        if (aaj_label_under(label, p->in->root[i].label) && (!best || best->label.n < p->in->root[i].label.n))
            best = &p->in->root[i];
    return best;
}

static struct aaj_place walk(struct aaj_places *p, struct aaj_str label)
{
    const struct aaj_replay_root *root = root_of(p, label);
    struct aaj_place at = { .kind = AAJ_PLACE_UNKNOWN };
    struct aaj_step step;

    if (!root)
        return at;
    at = (struct aaj_place){ AAJ_PLACE_PROFILE, root->profile, { 0 } };
    step.end = root->label.n;
    while (at.kind == AAJ_PLACE_PROFILE && aaj_label_step(label, step.end, &step)) {
        struct aaj_str here = aaj_str_head(label, step.end);

        if (step.kind == AAJ_STEP_EXEC && !way_into(p, here, AAJ_CLASS_CHANGE_HAT))
            at = follow_exec(p, at.profile, step.name);
        else
            at = follow_name(p, at.profile, here, step.name);
    }
    return at;
}

int aaj_places_find(struct aaj_places *p, struct aaj_str label, struct aaj_place *ret_place)
{
    uint32_t before = p->labels.n, id;
    int r = aaj_intern_add(&p->labels, label, &id);
    struct aaj_place *known = r == 0 ? with_room(p->known, &p->n_known, id, sizeof(*known)) : NULL;

    if (!known)
        return -ENOMEM;
    p->known = known;
    if (id >= before) {
        p->known[id] = walk(p, label);
        if (p->known[id].kind == AAJ_PLACE_UNREACHED && !p->known[id].why.p)
            return -ENOMEM;
    }
    *ret_place = p->known[id];
    return 0;
}
