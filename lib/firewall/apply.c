/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From live to planned without a moment in which more is allowed than before or after.
 *
 * One side is replaced atomically. Two sides are not, so where both hold an old chain that changes, each
 * first gets "old, then new" (only what both allow passes) and then "new": whatever mixture is live, it
 * allows nothing that neither state allows.
 */
#include <errno.h>
#include <stdlib.h>

#include "firewall/internal.h"

enum { SIDES_MAX = 2 };

struct transaction {
    const struct aaj_firewall_backend *backend;
    struct aaj_firewall_session *session;
    struct aaj_diags *diags;
    struct aaj_firewall_live live[SIDES_MAX];
    unsigned families[SIDES_MAX];
    struct aaj_firewall_change *change; /* n of them; .before is set for one commit at a time */
    size_t n;
    struct aaj_firewall_plan **closed; /* by change, made when needed */
    bool committed;                    /* some side has been changed */
};

static void finish(struct transaction *t)
{
    for (unsigned side = 0; side < SIDES_MAX; side++)
        aaj_firewall_live_clear(&t->live[side]);
    for (size_t i = 0; i < t->n && t->closed; i++)
        aaj_firewall_plan_free(t->closed[i]);
    free(t->closed);
    free(t->change);
    if (t->session)
        t->backend->end(t->session);
}

static int start(struct transaction *t, const struct aaj_firewall *fw, const struct aaj_firewall_backend *backend,
                 size_t n, struct aaj_diags *diags)
{
    int r;

    t->backend = backend;
    t->diags = diags;
    t->n = n;
    t->change = calloc(n + 1, sizeof(*t->change));
    t->closed = calloc(n + 1, sizeof(*t->closed));
    if (!t->change || !t->closed)
        return -ENOMEM;
    r = t->backend->begin(fw->ctx, true, diags, &t->session);
    for (unsigned side = 0; side < t->backend->n_sides && r == 0; side++) {
        t->families[side] = t->backend->families(t->session, side);
        r = t->backend->read(t->session, side, diags, &t->live[side]);
    }
    return r;
}

/* Two jails with one uid would take each other's chain away. */
static int check_owner(const struct transaction *t, const struct aaj_firewall_plan *plan)
{
    for (unsigned side = 0; side < t->backend->n_sides; side++) {
        const struct aaj_firewall_chain *c = aaj_firewall_live_find(&t->live[side], plan->uid);

        if (!c || c->jail.n == 0 || aaj_str_eq(c->jail, plan->jail))
            continue;
        aaj_error(t->diags, (struct aaj_loc){ 0 },
                  "uid %u is fenced by jail '%.*s' already, and jail '%.*s' has the same: give each slave a user of "
                  "its own, or take the other down first",
                  plan->uid, AAJ_STR_ARG(c->jail), AAJ_STR_ARG(plan->jail));
        return -EEXIST;
    }
    return 0;
}

/* A chain left in the other backend would refuse what this one allows, and outlive it unseen. */
static int check_other_backend(const struct aaj_firewall *fw, const struct transaction *t)
{
    int r = 0;

    for (const struct aaj_firewall_backend *const *b = fw->backends; *b && r == 0; b++) {
        struct aaj_firewall_session *s = NULL;

        if (*b == t->backend || (*b)->begin(fw->ctx, false, NULL, &s) < 0)
            continue;
        for (unsigned side = 0; side < (*b)->n_sides && r == 0; side++) {
            struct aaj_firewall_live live = { 0 };

            if ((*b)->read(s, side, NULL, &live) == 0)
                for (size_t i = 0; i < t->n && r == 0; i++)
                    if (aaj_firewall_live_find(&live, t->change[i].uid)) {
                        aaj_error(t->diags, (struct aaj_loc){ 0 },
                                  "chain 'aajail-%u' is in the %s backend: remove it there first, with "
                                  "'aajail firewall remove --backend %s'",
                                  t->change[i].uid, (*b)->name, (*b)->name);
                        r = -EEXIST;
                    }
            aaj_firewall_live_clear(&live);
        }
        (*b)->end(s);
    }
    return r;
}

static bool has_foreign(const struct aaj_firewall_chain *c)
{
    for (size_t i = 0; i < c->n_rules; i++)
        if (c->rule[i].verdict == AAJ_FIREWALL_FOREIGN)
            return true;
    return false;
}

static const struct aaj_firewall_chain *replaced(const struct transaction *t, unsigned side, size_t i)
{
    const struct aaj_firewall_chain *c = aaj_firewall_live_find(&t->live[side], t->change[i].uid);

    return t->families[side] && c && !aaj_firewall_chain_is(c, t->change[i].plan, t->families[side]) ? c : NULL;
}

/* Whether what was read is what the changes ask for, so that nothing need be read again, let alone written. */
static bool nothing_to_do(const struct transaction *t, unsigned side, const struct aaj_firewall_change *change)
{
    const struct aaj_firewall_live *live = &t->live[side];

    if (t->committed || live->n_problems)
        return false;
    for (size_t i = 0; i < live->n_chains; i++)
        if (live->chain[i].old)
            return false;
    for (size_t i = 0; i < t->n; i++) {
        const struct aaj_firewall_chain *c = aaj_firewall_live_find(live, change[i].uid);

        if (change[i].plan ? !aaj_firewall_chain_is(c, change[i].plan, t->families[side]) : c != NULL)
            return false;
    }
    return true;
}

static int commit_side(struct transaction *t, unsigned side, const struct aaj_firewall_change *change)
{
    bool changed = false;
    int r;

    if (!t->families[side] || nothing_to_do(t, side, change))
        return 0;
    r = t->backend->commit(t->session, side, change, t->n, t->diags, &changed);
    t->committed |= r == 0 && changed;
    return r;
}

static int closed_plan(struct transaction *t, size_t i)
{
    struct aaj_str jail = t->change[i].plan ? t->change[i].plan->jail : AAJ_STR("");
    const struct aaj_firewall_chain *c = aaj_firewall_live_find(&t->live[0], t->change[i].uid);

    if (jail.n == 0)
        jail = c && c->jail.n ? c->jail : AAJ_STR("closed");
    return t->closed[i] ? 0 : aaj_firewall_plan_closed(jail, t->change[i].uid, &t->closed[i]);
}

/* "Old, then new" on one side for the chains that change there; a chain that someone tampered with says
 * nothing reliable, so nothing passes meanwhile. */
static int commit_both(struct transaction *t, unsigned side)
{
    struct aaj_firewall_change *change = calloc(t->n + 1, sizeof(*change));
    int r = change ? 0 : -ENOMEM;

    for (size_t i = 0; i < t->n && r == 0; i++) {
        const struct aaj_firewall_chain *old = replaced(t, side, i);

        change[i] = t->change[i];
        if (old && !has_foreign(old)) {
            change[i].before = old;
        } else if (old) {
            r = closed_plan(t, i);
            change[i].plan = t->closed[i];
        }
    }
    if (r == 0)
        r = commit_side(t, side, change);
    free(change);
    return r;
}

static int commit_closed(struct transaction *t)
{
    struct aaj_firewall_change *change = calloc(t->n + 1, sizeof(*change));
    int r = change ? 0 : -ENOMEM, side_r;

    for (size_t i = 0; i < t->n && r == 0; i++) {
        r = closed_plan(t, i);
        change[i] = (struct aaj_firewall_change){ .uid = t->change[i].uid, .plan = t->closed[i] };
    }
    for (unsigned side = 0; side < t->backend->n_sides && change && r != -ENOMEM; side++) {
        side_r = commit_side(t, side, change);
        r = r < 0 ? r : side_r;
    }
    free(change);
    return r;
}

static void fail_closed(struct transaction *t, struct aaj_firewall_result *result)
{
    int r = commit_closed(t);

    result->closed = r == 0;
    for (size_t i = 0; i < t->n; i++)
        aaj_error(t->diags, (struct aaj_loc){ 0 },
                  r == 0 ? "uid %u may now send nothing at all, in no family: mend the cause and apply again"
                         : "uid %u is in an unknown state and could not be closed: stop the slave",
                  t->change[i].uid);
}

static int commit_all(struct transaction *t)
{
    unsigned two = 0;
    int r = 0;

    for (unsigned side = 0; side < t->backend->n_sides; side++)
        for (size_t i = 0; i < t->n; i++)
            if (t->change[i].plan && replaced(t, side, i)) {
                two++;
                break;
            }
    for (unsigned side = 0; side < t->backend->n_sides && two > 1 && r == 0; side++)
        r = commit_both(t, side);
    for (unsigned side = 0; side < t->backend->n_sides && r == 0; side++)
        r = commit_side(t, side, t->change);
    return r;
}

int aaj_firewall_apply(struct aaj_firewall *fw, const struct aaj_firewall_plan *const *plan, size_t n,
                       struct aaj_diags *diags, struct aaj_firewall_result *ret_result)
{
    struct aaj_firewall_result result = { 0 };
    struct transaction t = { 0 };
    int r = start(&t, fw, fw->backend, n, diags);

    for (size_t i = 0; i < n && r == 0; i++) {
        t.change[i] = (struct aaj_firewall_change){ .uid = plan[i]->uid, .plan = plan[i] };
        r = check_owner(&t, plan[i]);
    }
    if (r == 0)
        r = check_other_backend(fw, &t);
    if (r == 0) {
        r = commit_all(&t);
        if (r < 0 && t.committed)
            fail_closed(&t, &result);
    }
    result.changed = t.committed;
    finish(&t);
    *ret_result = result;
    return r;
}

/* Whether the backend holds any of the chains; asked without making tables that are not there. */
static bool holds_any(const struct aaj_firewall *fw, const struct aaj_firewall_backend *b, const uint32_t *uid, size_t n)
{
    struct aaj_firewall_session *s = NULL;
    bool found = false;

    if (b->begin(fw->ctx, false, NULL, &s) < 0)
        return false;
    for (unsigned side = 0; side < b->n_sides; side++) {
        struct aaj_firewall_live live = { 0 };

        if (b->read(s, side, NULL, &live) < 0)
            continue;
        for (size_t i = 0; i < live.n_chains && !found; i++)
            for (size_t k = 0; k < n && !found; k++)
                found = live.chain[i].uid == uid[k];
        aaj_firewall_live_clear(&live);
    }
    b->end(s);
    return found;
}

static int remove_from(const struct aaj_firewall *fw, const struct aaj_firewall_backend *b, const uint32_t *uid,
                       size_t n, struct aaj_diags *diags, struct aaj_firewall_result *result)
{
    struct transaction t = { 0 };
    int r = start(&t, fw, b, n, diags);

    for (size_t i = 0; i < n && r == 0; i++)
        t.change[i].uid = uid[i];
    /* Removal opens: one family still closed is the safe half of it. */
    for (unsigned side = 0; side < b->n_sides && r == 0; side++)
        r = commit_side(&t, side, t.change);
    result->changed |= t.committed;
    finish(&t);
    return r;
}

int aaj_firewall_remove(struct aaj_firewall *fw, const uint32_t *uid, size_t n, struct aaj_diags *diags,
                        struct aaj_firewall_result *ret_result)
{
    struct aaj_firewall_result result = { 0 };
    int r = 0;

    for (const struct aaj_firewall_backend *const *b = fw->backends; *b && r == 0; b++)
        if ((fw->ctx->backend == AAJ_FIREWALL_ANY || *b == fw->backend) && holds_any(fw, *b, uid, n))
            r = remove_from(fw, *b, uid, n, diags, &result);
    *ret_result = result;
    return r;
}

int aaj_firewall_read(struct aaj_firewall *fw, unsigned side, struct aaj_diags *diags,
                      struct aaj_firewall_live *ret_live, unsigned *ret_families)
{
    struct aaj_firewall_session *s = NULL;
    int r = fw->backend->begin(fw->ctx, false, diags, &s);

    if (r < 0)
        return r;
    *ret_families = fw->backend->families(s, side);
    r = fw->backend->read(s, side, diags, ret_live);
    fw->backend->end(s);
    return r;
}
