/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each access under the profile it would really run under. */
#include "check/replay.h"

#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/grow.h"

/* Where a label of the log leads in the policy. */
enum place { PLACE_NEW, PLACE_PROFILE, PLACE_UNREACHED, PLACE_UNCONFINED };

struct node {
    enum place place;
    const struct aaj_match_profile *profile;
    struct aaj_str why; /* UNREACHED */
};

struct replay {
    const struct aaj_replay_input *in;
    struct aaj_replay_result *out;
    struct aaj_match_world world;
    const struct aaj_access *access;
    size_t n;
    struct aaj_intern labels; /* of the log */
    struct node *node;        /* by id of labels */
    size_t n_nodes;
    struct aaj_intern targets; /* labels that an exec of the log says it led to … */
    uint32_t *target_access;   /* … by id: which access + 1 */
    size_t n_targets;
    struct aaj_intern keys; /* what makes a group; id - 1 = group while collecting */
};

static int node_of(struct replay *r, struct aaj_str label, struct node **ret_node)
{
    uint32_t id;
    int err = aaj_intern_add(&r->labels, label, &id);

    if (err < 0)
        return err;
    if (id >= r->n_nodes) {
        size_t n = id * 2u + 16;
        struct node *node = reallocarray(r->node, n, sizeof(*node));

        if (!node)
            return -ENOMEM;
        memset(node + r->n_nodes, 0, (n - r->n_nodes) * sizeof(*node));
        r->node = node;
        r->n_nodes = n;
    }
    *ret_node = &r->node[id];
    return 0;
}

/* An exec of @path out of @from: the half of the rules that grants less first. */
static struct node follow_exec(struct replay *r, const struct aaj_match_profile *from, struct aaj_str path)
{
    struct aaj_transition t;
    struct node node = { 0 };
    struct aaj_decision d = aaj_match_exec(from, &r->world, path, false, &t);

    if (d.verdict == AAJ_DENY)
        d = aaj_match_exec(from, &r->world, path, true, &t);
    switch (t.kind) {
    case AAJ_T_INHERIT: node.profile = from; break;
    case AAJ_T_PROFILE: node.profile = t.profile; break;
    case AAJ_T_UNCONFINED: node.place = PLACE_UNCONFINED; return node;
    default:
        node.place = PLACE_UNREACHED;
        node.why = aaj_arena_printf(&r->out->arena, "%.*s may not execute %s: %s", AAJ_STR_ARG(from->name),
                                    aaj_escape(&r->out->arena, path), aaj_why_text(d.why));
        return node;
    }
    node.place = PLACE_PROFILE;
    return node;
}

/* The exec whose record says that it led to @label. */
static const struct aaj_access *exec_into(struct replay *r, struct aaj_str label)
{
    uint32_t id;

    if (aaj_intern_find(&r->targets, label, &id) < 0 || id >= r->n_targets || !r->target_access[id])
        return NULL;
    return &r->access[r->target_access[id] - 1];
}

static struct node follow_name(struct replay *r, const struct aaj_match_profile *from, struct aaj_str label,
                               struct aaj_str name)
{
    struct aaj_str child = aaj_arena_printf(&r->out->arena, "%.*s//%.*s", AAJ_STR_ARG(from->name), AAJ_STR_ARG(name));
    const struct aaj_access *exec = exec_into(r, label);
    const struct aaj_match_profile *hat = NULL;
    struct node node = { PLACE_PROFILE, aaj_match_find(r->in->match, child), { 0 } };

    if (exec)
        return follow_exec(r, from, aaj_recording_str(r->in->recording, exec->arg[AAJ_FILE_NAME]));
    if (node.profile)
        return node;
    if (aaj_match_change_hat(from, name, &hat).verdict == AAJ_ALLOW && hat) {
        node.profile = hat;
        return node;
    }
    node.place = PLACE_UNREACHED;
    node.why = aaj_arena_printf(&r->out->arena, "%.*s has no child profile or hat %s", AAJ_STR_ARG(from->name),
                                aaj_escape(&r->out->arena, name));
    return node;
}

/* One step down a chain: @label is its parent and "//" and @name. */
static struct node follow(struct replay *r, struct node parent, struct aaj_str label, struct aaj_str name)
{
    static const struct aaj_str null = AAJ_STR_INIT("null-");

    if (parent.place != PLACE_PROFILE)
        return parent;
    if (aaj_str_starts(name, null) && name.n > null.n && name.p[null.n] == '/')
        return follow_exec(r, parent.profile, aaj_str_skip(name, null.n));
    if (aaj_str_starts(name, null)) /* an unknown hat */
        name = aaj_str_skip(name, null.n);
    return follow_name(r, parent.profile, label, name);
}

/* Where @label is in the policy: from its top down, each step known from then on. */
static int place_label(struct replay *r, struct aaj_str label, struct node *ret_node)
{
    struct node at = { PLACE_PROFILE, r->in->profile, { 0 } }, *known;
    struct aaj_str rest;
    size_t done = r->in->label.n;
    int err = node_of(r, label, &known);

    if (err < 0)
        return err;
    while (known->place == PLACE_NEW && done < label.n) {
        struct aaj_str name;

        rest = aaj_str_skip(label, done + 2); /* behind "//" */
        name = aaj_str_head(rest, aaj_str_search(rest, AAJ_STR("//")));
        done = (size_t)(name.p + name.n - label.p);
        at = follow(r, at, aaj_str_head(label, done), name);
        if (!at.profile && at.place == PLACE_PROFILE)
            at.place = PLACE_UNREACHED;
    }
    if (known->place == PLACE_NEW)
        *known = at;
    *ret_node = *known;
    return 0;
}

static bool under(struct aaj_str label, struct aaj_str top)
{
    return aaj_str_starts(label, top) &&
           (label.n == top.n || aaj_str_starts(aaj_str_skip(label, top.n), AAJ_STR("//")));
}

static struct aaj_str peer_name(void *ctx, struct aaj_str label)
{
    struct replay *r = ctx;
    struct node node;

    if (!under(label, r->in->label) || place_label(r, label, &node) < 0 || node.place != PLACE_PROFILE)
        return label;
    return node.profile->name;
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
    const struct aaj_access *a = &r->access[i];
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
    const struct aaj_access *a = &r->access[i];
    bool file = a->class == AAJ_CLASS_FILE || a->class == AAJ_CLASS_EXEC;
    bool owner = file && !a->owner_no && (a->owner_yes || a->owner_created);
    struct aaj_str rule = aaj_replay_rule(r->in->recording, a, d->missing, owner, &r->out->arena);

    return put(r, i, AAJ_REPLAY_GROUP_DENIED, p->name, rule.n || !rule.p ? rule : aaj_str_c(aaj_why_text(d->why)), rule,
               aaj_str_c(aaj_why_text(d->why)));
}

static int judge(struct replay *r, size_t i)
{
    const struct aaj_access *a = &r->access[i];
    struct aaj_str label = aaj_recording_str(r->in->recording, a->label);
    struct aaj_replay_subject s = { .world = &r->world, .recording = r->in->recording, .peer = peer_name, .ctx = r };
    struct aaj_replay_decision d;
    struct node node;
    int err;

    if (!under(label, r->in->label))
        return 0;
    err = place_label(r, label, &node);
    if (err < 0)
        return err;
    if (node.place == PLACE_UNREACHED) {
        r->out->unreached++;
        return put(r, i, AAJ_REPLAY_GROUP_UNREACHED, label, AAJ_STR(""), AAJ_STR(""), node.why);
    }
    if (node.place == PLACE_UNCONFINED) {
        r->out->unconfined++;
        return put(r, i, AAJ_REPLAY_GROUP_UNCONFINED, label, AAJ_STR(""), AAJ_STR(""),
                   AAJ_STR("it would run unconfined"));
    }
    s.profile = node.profile;
    d = aaj_replay_decide(&s, a);
    r->out->accesses[d.verdict]++;
    r->out->events[d.verdict] += a->allowed + a->denied + a->audited;
    if (r->in->decided)
        r->in->decided(r->in->ctx, i, node.profile, &d);
    if (d.verdict == AAJ_REPLAY_DENIED)
        return put_denied(r, i, node.profile, &d);
    if (d.verdict == AAJ_REPLAY_UNDECIDED)
        return put(r, i, AAJ_REPLAY_GROUP_UNDECIDED, node.profile->name, aaj_str_c(d.note), AAJ_STR(""), aaj_str_c(d.note));
    return 0;
}

/* "target=" of exec records: into which profile of then it went. */
static int index_targets(struct replay *r)
{
    int err = aaj_intern_init(&r->targets);

    for (size_t i = 0; err == 0 && i < r->n; i++) {
        struct aaj_str target = aaj_recording_str(r->in->recording, r->access[i].arg[AAJ_FILE_TARGET]);
        uint32_t id;

        if (r->access[i].class != AAJ_CLASS_EXEC || !target.n)
            continue;
        err = aaj_intern_add(&r->targets, target, &id);
        if (err == 0 && id >= r->n_targets) {
            size_t n = id * 2u + 16;
            uint32_t *more = reallocarray(r->target_access, n, sizeof(*more));

            if (!more)
                return -ENOMEM;
            memset(more + r->n_targets, 0, (n - r->n_targets) * sizeof(*more));
            r->target_access = more;
            r->n_targets = n;
        }
        if (err == 0 && !r->target_access[id])
            r->target_access[id] = (uint32_t)i + 1;
    }
    return err;
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
    err = aaj_recording_accesses(input->recording, &r.access, &r.n);
    if (err == 0)
        err = aaj_intern_init(&r.labels);
    if (err == 0)
        err = aaj_intern_init(&r.keys);
    if (err == 0)
        err = index_targets(&r);
    for (size_t i = 0; err == 0 && i < r.n; i++)
        err = judge(&r, i);
    if (err == 0 && ret_result->n_groups)
        qsort(ret_result->group, ret_result->n_groups, sizeof(*ret_result->group), by_reading_order);
    aaj_intern_clear(&r.labels);
    aaj_intern_clear(&r.keys);
    aaj_intern_clear(&r.targets);
    free(r.node);
    free(r.target_access);
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

static int refuse_label(struct aaj_recording *rec, struct aaj_str wanted, const struct aaj_label_count *label, size_t n,
                        struct aaj_diags *diags)
{
    struct aaj_str list = AAJ_STR("");
    struct aaj_arena scratch = AAJ_ARENA_INIT;

    for (size_t i = 0; i < n && i < 20 && list.p; i++)
        list = aaj_arena_printf(&scratch, "%s%s%s", list.p, i ? ", " : "", aaj_escape(&scratch, label[i].label));
    aaj_error(diags, (struct aaj_loc){ 0 },
              n ? "which label of the log is this profile? '%s' does not occur; say --profile LABEL, one of: %s"
                : "there is no event for '%s' in the log%s",
              aaj_escape(&scratch, wanted), list.p ? list.p : "");
    aaj_arena_clear(&scratch);
    return -ENOENT;
}

int aaj_replay_label(struct aaj_recording *rec, const struct aaj_match_profile *profile, struct aaj_str wanted,
                     struct aaj_diags *diags, struct aaj_str *ret_label)
{
    const struct aaj_str candidate[] = { wanted.n ? wanted : profile->name, profile->attachment };
    struct aaj_label_count *label;
    size_t n, found;
    int err = aaj_recording_labels(rec, &label, &n);

    if (err < 0)
        return err;
    found = n;
    for (size_t k = 0; found == n && k < (wanted.n ? 1u : 2u); k++)
        for (size_t i = 0; i < n && found == n; i++)
            if (aaj_str_eq(label[i].label, candidate[k]))
                found = i;
    for (size_t i = 0; found == n && !wanted.n && i < n; i++) /* a log under the path that it now attaches to */
        if (label[i].label.n && label[i].label.p[0] == '/' && aaj_match_attaches(profile, label[i].label, NULL))
            found = i;
    if (found == n && n == 1 && !wanted.n)
        found = 0;
    if (found < n)
        *ret_label = label[found].label;
    else
        err = refuse_label(rec, wanted.n ? wanted : profile->name, label, n, diags);
    free(label);
    return err;
}
