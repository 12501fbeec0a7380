/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each access under the profile it would really run under. */
#include "check/replay.h"

#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "check/replay_place.h"

struct replay {
    const struct aaj_replay_input *in;
    struct aaj_replay_result *out;
    struct aaj_match_world world;
    struct aaj_places places;
    struct aaj_intern keys; /* what makes a group; id - 1 = group while collecting */
};

static struct aaj_str peer_name(void *ctx, struct aaj_str label)
{
    struct replay *r = ctx;
    struct aaj_place place;

    if (aaj_places_find(&r->places, label, &place) < 0 || place.kind != AAJ_PLACE_PROFILE)
        return label;
    return place.profile->name;
}

/* The group of a key, made where it is new. */
static int group_of(struct replay *r, struct aaj_str key, struct aaj_replay_group **ret_group)
{
    uint32_t before = r->keys.n, id;
    int err = aaj_intern_add(&r->keys, key, &id);

    if (err < 0)
        return err;
    if (id >= before) {
        if (AAJ_GROW(r->out->group, r->out->n_groups, r->out->cap_groups) < 0)
            return -ENOMEM;
        r->out->group[r->out->n_groups++] = (struct aaj_replay_group){ .only_denied = true };
    }
    *ret_group = &r->out->group[id - 1];
    return 0;
}

static int put(struct replay *r, size_t i, enum aaj_replay_kind kind, struct aaj_str profile, struct aaj_str key,
               struct aaj_str rule, struct aaj_str why)
{
    const struct aaj_access *a = &r->places.access[i];
    struct aaj_replay_group *g;
    struct aaj_str whole = aaj_arena_printf(&r->out->arena, "%c%.*s\t%.*s", 'a' + kind, AAJ_STR_ARG(profile),
                                            AAJ_STR_ARG(key));
    int err = whole.p && rule.p ? group_of(r, whole, &g) : -ENOMEM;

    if (err < 0)
        return err;
    if (!g->accesses) {
        g->kind = kind;
        g->profile = profile;
        g->class = (enum aaj_class)a->class;
        g->rule = rule;
        g->why = why;
        g->access = i;
    }
    g->accesses++;
    g->events += a->allowed + a->denied + a->audited;
    g->only_denied = g->only_denied && a->denied && !a->allowed && !a->audited;
    return 0;
}

static int put_denied(struct replay *r, size_t i, const struct aaj_match_profile *p,
                      const struct aaj_replay_decision *d)
{
    const struct aaj_access *a = &r->places.access[i];
    bool file = a->class == AAJ_CLASS_FILE || a->class == AAJ_CLASS_EXEC;
    bool owner = file && !a->owner_no && (a->owner_yes || a->owner_created);
    struct aaj_str rule = aaj_replay_rule(r->in->recording, a, d->missing, owner, &r->out->arena);

    return put(r, i, AAJ_REPLAY_GROUP_DENIED, p->name, rule.n || !rule.p ? rule : aaj_str_c(aaj_why_text(d->why)), rule,
               aaj_str_c(aaj_why_text(d->why)));
}

static int judge(struct replay *r, size_t i)
{
    const struct aaj_access *a = &r->places.access[i];
    struct aaj_str label = aaj_recording_str(r->in->recording, a->label);
    struct aaj_replay_subject s = { .world = &r->world, .recording = r->in->recording, .peer = peer_name, .ctx = r };
    struct aaj_replay_decision d;
    struct aaj_place place;
    int err;

    if (r->in->only.n && !aaj_label_under(label, r->in->only)) {
        r->out->others++;
        return 0;
    }
    err = aaj_places_find(&r->places, label, &place);
    if (err < 0)
        return err;
    switch (place.kind) {
    case AAJ_PLACE_UNKNOWN: r->out->others++; return 0;
    case AAJ_PLACE_UNREACHED:
        r->out->unreached++;
        return put(r, i, AAJ_REPLAY_GROUP_UNREACHED, label, AAJ_STR(""), AAJ_STR(""), place.why);
    case AAJ_PLACE_UNCONFINED:
        r->out->unconfined++;
        return put(r, i, AAJ_REPLAY_GROUP_UNCONFINED, label, AAJ_STR(""), AAJ_STR(""),
                   AAJ_STR("it would run unconfined"));
    case AAJ_PLACE_PROFILE: break;
    }
    s.profile = place.profile;
    d = aaj_replay_decide(&s, a);
    r->out->accesses[d.verdict]++;
    r->out->events[d.verdict] += a->allowed + a->denied + a->audited;
    if (r->in->decided)
        r->in->decided(r->in->ctx, i, place.profile, &d);
    if (d.verdict == AAJ_REPLAY_DENIED)
        return put_denied(r, i, place.profile, &d);
    if (d.verdict == AAJ_REPLAY_UNDECIDED)
        return put(r, i, AAJ_REPLAY_GROUP_UNDECIDED, place.profile->name, aaj_str_c(d.note), AAJ_STR(""),
                   aaj_str_c(d.note));
    return 0;
}

static int by_reading_order(const void *a, const void *b)
{
    const struct aaj_replay_group *x = a, *y = b;
    int r = (int)x->kind - (int)y->kind;

    if (!r)
        r = aaj_str_cmp(x->profile, y->profile);
    if (!r)
        r = (int)x->class - (int)y->class;
    if (!r)
        r = aaj_str_cmp(x->rule, y->rule);
    return r ? r : (x->access > y->access) - (x->access < y->access);
}

int aaj_replay_run(const struct aaj_replay_input *input, struct aaj_replay_result *ret_result)
{
    struct replay r = { .in = input, .out = ret_result, .world = { &input->match, 1 } };
    int err;

    *ret_result = (struct aaj_replay_result){ 0 };
    r.places = (struct aaj_places){ .in = input, .world = &r.world, .arena = &ret_result->arena };
    err = aaj_places_init(&r.places);
    if (err == 0)
        err = aaj_intern_init(&r.keys);
    for (size_t i = 0; err == 0 && i < r.places.n; i++)
        err = judge(&r, i);
    if (err == 0 && ret_result->n_groups)
        qsort(ret_result->group, ret_result->n_groups, sizeof(*ret_result->group), by_reading_order);
    aaj_places_clear(&r.places);
    aaj_intern_clear(&r.keys);
    return err;
}

void aaj_replay_clear(struct aaj_replay_result *result)
{
    free(result->group);
    aaj_arena_clear(&result->arena);
    *result = (struct aaj_replay_result){ 0 };
}

bool aaj_replay_clean(const struct aaj_replay_result *result)
{
    for (size_t i = 0; i < result->n_groups; i++)
        if (result->group[i].kind != AAJ_REPLAY_GROUP_UNDECIDED)
            return false;
    return true;
}
