/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clause 1: what was to be granted is. Clause 2: what is above reach is not. */
#include <errno.h>
#include <stdlib.h>

#include "base/intern.h"
#include "check/decide.h"
#include "check/proof_private.h"

/* Labels of the log and what they are called in the policy. */
struct labels {
    struct aaj_intern from;
    struct aaj_str *to; /* by id of from */
    size_t n;
};

static int add_label(struct labels *l, struct aaj_str from, struct aaj_str to)
{
    uint32_t id;
    int r = aaj_intern_add(&l->from, from, &id);

    if (r < 0)
        return r;
    if (id >= l->n) {
        struct aaj_str *bigger = reallocarray(l->to, id * 2u + 8, sizeof(*bigger));

        if (!bigger)
            return -ENOMEM;
        l->to = bigger;
        for (; l->n < id * 2u + 8; l->n++)
            l->to[l->n] = (struct aaj_str){ 0 };
    }
    l->to[id] = to;
    return 0;
}

static struct aaj_str peer_label(void *ctx, struct aaj_str label)
{
    const struct labels *l = ctx;
    uint32_t id;

    if (aaj_intern_find(&l->from, label, &id) == 0 && id < l->n && l->to[id].n)
        return l->to[id];
    return label;
}

static void learned_fails(struct aaj_proof *p, struct aaj_recording *rec, const struct aaj_access *a,
                          const struct aaj_proof_grant *g, const struct aaj_replay_decision *d)
{
    enum aaj_class class = (enum aaj_class)a->class;
    struct aaj_str what = aaj_recording_str(rec, a->arg[0]), op = aaj_recording_str(rec, a->op);
    struct aaj_str sample = aaj_recording_sample(rec, a);
    bool file = class == AAJ_CLASS_FILE || class == AAJ_CLASS_EXEC;
    char letters[12];

    if (file)
        aaj_proof_fail(p, AAJ_PROOF_LEARNED, (struct aaj_loc){ 0 }, "%s may not %s %s (%s): %s",
                       aaj_proof_show(p, g->profile), aaj_may_letters(d->missing ? d->missing : a->requested, letters),
                       aaj_proof_show(p, what), aaj_proof_show(p, op), aaj_why_text(d->why));
    else
        aaj_proof_fail(p, AAJ_PROOF_LEARNED, (struct aaj_loc){ 0 }, "%s is refused %s %s (%s): %s",
                       aaj_proof_show(p, g->profile), aaj_class_info[class].name, aaj_proof_show(p, what),
                       aaj_proof_show(p, op), aaj_why_text(d->why));
    if (sample.n)
        aaj_diag_add(p->diags, AAJ_NOTE, NULL, (struct aaj_loc){ 0 }, (struct aaj_str){ 0 }, "the event: %s",
                     aaj_proof_show(p, sample));
}

static void prove_grant(struct aaj_proof *p, struct aaj_replay_subject *s, const struct aaj_access *a,
                        const struct aaj_proof_grant *g)
{
    struct aaj_replay_decision d;

    s->profile = aaj_match_find(p->out->match, g->profile);
    if (!s->profile) {
        aaj_proof_fail(p, AAJ_PROOF_LEARNED, (struct aaj_loc){ 0 },
                       "there is no profile %s to allow what was learned", aaj_proof_show(p, g->profile));
        return;
    }
    d = aaj_replay_decide(s, a);
    p->out->checked[AAJ_PROOF_LEARNED]++;
    if (d.verdict == AAJ_REPLAY_NOT_MEDIATED)
        p->out->not_mediated++;
    if (d.verdict == AAJ_REPLAY_DENIED || d.verdict == AAJ_REPLAY_UNDECIDED) {
        learned_fails(p, s->recording, a, g, &d);
    } else if (g->into.n && a->class == AAJ_CLASS_EXEC && d.verdict == AAJ_REPLAY_ALLOWED) {
        const struct aaj_match_profile *to = d.transition.kind == AAJ_T_INHERIT ? s->profile : d.transition.profile;

        if (!to || !aaj_str_eq(to->name, g->into))
            aaj_proof_fail(p, AAJ_PROOF_LEARNED, (struct aaj_loc){ 0 }, "%s executing %s gets into %s instead of %s",
                           aaj_proof_show(p, g->profile), aaj_proof_show(p, aaj_recording_str(s->recording, a->arg[0])),
                           to ? aaj_proof_show(p, to->name) : "no profile", aaj_proof_show(p, g->into));
    }
}

int aaj_proof_learned(struct aaj_proof *p)
{
    const struct aaj_proof_input *in = p->in;
    const struct aaj_match *match = p->out->match;
    struct aaj_match_world world = { &match, 1 };
    struct labels labels = { 0 };
    struct aaj_replay_subject s = { .world = &world, .recording = in->recording, .peer = peer_label, .ctx = &labels };
    const struct aaj_access *access;
    size_t n;
    int r;

    p->out->ok[AAJ_PROOF_LEARNED] = true;
    if (!in->recording || !in->n_grants)
        return 0;
    r = aaj_recording_accesses(in->recording, &access, &n);
    if (r == 0)
        r = aaj_intern_init(&labels.from);
    for (size_t i = 0; r == 0 && i < in->n_labels; i++)
        r = add_label(&labels, in->label[i].from, in->label[i].to);
    for (size_t i = 0; r == 0 && i < in->n_grants; i++)
        r = in->grant[i].access < n ? add_label(&labels, aaj_recording_str(in->recording, access[in->grant[i].access].label),
                                                in->grant[i].profile)
                                    : -EINVAL;
    for (size_t i = 0; r == 0 && i < in->n_grants; i++)
        prove_grant(p, &s, &access[in->grant[i].access], &in->grant[i]);
    aaj_intern_clear(&labels.from);
    free(labels.to);
    return r;
}

static int ceiling_found(void *ctx, const struct aaj_match_profile *profile, const struct aaj_crossing *c)
{
    struct aaj_proof *p = ctx;
    char letters[12];

    aaj_proof_fail(p, AAJ_PROOF_CEILING, (struct aaj_loc){ 0 }, "%s is granted %s%s%s, which the ceiling forbids: %s (%s)",
                   aaj_proof_show(p, profile->name), aaj_may_letters(c->mask, letters), c->mask ? " of " : "",
                   aaj_proof_show(p, c->name), aaj_proof_show(p, c->item->reason), aaj_proof_show(p, c->item->id));
    if (c->mask)
        aaj_proof_name_rule(p, profile->name, c->name, c->mask);
    if (c->item->never)
        aaj_diag_add(p->diags, AAJ_NOTE, NULL, c->item->loc, (struct aaj_str){ 0 }, "forbidden here");
    return 0;
}

int aaj_proof_ceiling(struct aaj_proof *p)
{
    int r = 0;

    p->out->ok[AAJ_PROOF_CEILING] = true;
    if (!p->in->ceiling)
        return 0;
    aaj_ceiling_items(p->in->ceiling, &p->out->checked[AAJ_PROOF_CEILING]);
    for (size_t i = 0; r == 0 && i < aaj_match_count(p->out->match); i++) {
        const struct aaj_match_profile *profile = aaj_match_profile(p->out->match, i);

        if (!aaj_proof_is_own(p, profile))
            continue;
        if (profile->mode == AAJ_UNCONFINED)
            aaj_proof_fail(p, AAJ_PROOF_CEILING, (struct aaj_loc){ 0 }, "%s is flags=(unconfined): it confines nothing",
                           aaj_proof_show(p, profile->name));
        r = aaj_ceiling_prove(p->in->ceiling, profile, p->in->files, ceiling_found, p);
    }
    return r;
}
