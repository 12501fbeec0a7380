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

#include "firewall/transaction.h"

void transaction_end(struct transaction *t)
{
    for (unsigned side = 0; side < AAJ_FIREWALL_SIDES_MAX; side++)
        aaj_firewall_live_clear(&t->live[side]);
    for (size_t i = 0; i < t->n && t->closed; i++)
        aaj_firewall_plan_free(t->closed[i]);
    free(t->closed);
    free(t->change);
    if (t->session)
        t->backend->end(t->session);
}

int transaction_begin(struct transaction *t, const struct aaj_firewall *fw,
                      const struct aaj_firewall_backend *backend, size_t n, struct aaj_diags *diags)
{
    int r;

    t->fw = fw;
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

    return t->families[side] && c && !aaj_firewall_chain_is(c, t->change[i].plan, t->families[side]) ? c
                                                                                                     : NULL;
}

/* Whether what was read is what the changes ask for, so that nothing need be read again, let alone written.
 */
static bool nothing_to_do(const struct transaction *t, unsigned side,
                          const struct aaj_firewall_change *change, size_t n)
{
    const struct aaj_firewall_live *live = &t->live[side];

    if (t->committed || live->n_problems)
        return false;
    for (size_t i = 0; i < live->n_chains; i++)
        if (live->chain[i].old)
            return false;
    for (size_t i = 0; i < n; i++) {
        const struct aaj_firewall_chain *c = aaj_firewall_live_find(live, change[i].uid);

        if (change[i].plan ? !aaj_firewall_chain_is(c, change[i].plan, t->families[side]) : c != NULL)
            return false;
    }
    return true;
}

/* A commit may fail behind the replacement (libiptc then hands the counters back), so the kernel is asked. */
static bool came_through(struct transaction *t, unsigned side, const struct aaj_firewall_change *change, size_t n)
{
    struct aaj_firewall_live now = { 0 };
    bool same = t->backend->read(t->session, side, NULL, &now) == 0;

    for (size_t i = 0; i < n && same; i++)
        same = aaj_firewall_live_same(&t->live[side], &now, change[i].uid);
    aaj_firewall_live_clear(&now);
    return !same;
}

static int commit_side(struct transaction *t, unsigned side, const struct aaj_firewall_change *change,
                       size_t n)
{
    bool changed = false;
    int r;

    if (!t->families[side] || nothing_to_do(t, side, change, n))
        return 0;
    r = t->backend->commit(t->session, side, change, n, t->diags, &changed);
    t->committed |= r == 0 ? changed : came_through(t, side, change, n);
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
        r = commit_side(t, side, change, t->n);
    free(change);
    return r;
}

/* Only uids that were to get a plan: a removal that failed has left one family closed, its safe half. */
static int commit_closed(struct transaction *t)
{
    struct aaj_firewall_change *change = calloc(t->n + 1, sizeof(*change));
    int r = change ? 0 : -ENOMEM, side_r;
    size_t n = 0;

    for (size_t i = 0; i < t->n && r == 0; i++) {
        if (!t->change[i].plan)
            continue;
        r = closed_plan(t, i);
        change[n++] = (struct aaj_firewall_change){ .uid = t->change[i].uid, .plan = t->closed[i] };
    }
    for (unsigned side = 0; side < t->backend->n_sides && n && r != -ENOMEM; side++) {
        side_r = commit_side(t, side, change, n);
        r = r < 0 ? r : side_r;
    }
    free(change);
    return r;
}

static void fail_closed(struct transaction *t, struct aaj_firewall_result *result)
{
    int r = commit_closed(t);

    for (size_t i = 0; i < t->n; i++) {
        if (!t->change[i].plan)
            continue;
        result->closed = r == 0;
        aaj_error(t->diags, (struct aaj_loc){ 0 },
                  r == 0 ? "uid %u may now send nothing at all, in no family: mend the cause and apply again"
                         : "uid %u is in an unknown state and could not be closed: stop the slave",
                  t->change[i].uid);
    }
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
        r = commit_side(t, side, t->change, t->n);
    return r;
}

static bool is_done(const struct transaction *t)
{
    bool done = true;

    for (unsigned side = 0; side < t->backend->n_sides && done; side++)
        done = !t->families[side] || nothing_to_do(t, side, t->change, t->n);
    return done;
}

int transaction_run(struct transaction *t, struct aaj_firewall_result *ret_result)
{
    bool journal = t->backend->n_sides > 1 && !is_done(t);
    int r = journal ? journal_write(t) : 0;

    if (r < 0)
        return r;
    r = commit_all(t);
    if (r < 0 && t->committed)
        fail_closed(t, ret_result);
    if (journal)
        journal_clear(t->fw);
    ret_result->changed |= t->committed;
    return r;
}
