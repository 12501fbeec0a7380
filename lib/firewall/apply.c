/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the library offers: apply, remove, read, and the end of what was interrupted. */
#include <errno.h>
#include <stdlib.h>

#include "firewall/transaction.h"

/* Two jails with one uid would take each other's chain away. */
static int check_owner(const struct transaction *t, const struct aaj_firewall_plan *plan)
{
    for (unsigned side = 0; side < t->backend->n_sides; side++) {
        const struct aaj_firewall_chain *c = aaj_firewall_live_find(&t->live[side], plan->uid);

        if (!c || c->jail.n == 0 || aaj_str_eq(c->jail, plan->jail))
            continue;
        aaj_error(t->diags, (struct aaj_loc){ 0 },
                  "uid %u is fenced by jail '%.*s' already, and jail '%.*s' has the same: give each slave a "
                  "user of "
                  "its own, or take the other down first",
                  plan->uid, AAJ_STR_ARG(c->jail), AAJ_STR_ARG(plan->jail));
        return -EEXIST;
    }
    return 0;
}

/* A chain left in the other backend would refuse what this one allows, and outlive it unseen. */
static int check_other_backend(const struct transaction *t)
{
    const struct aaj_firewall_backend *b;
    uint32_t *uid = calloc(t->n + 1, sizeof(*uid)), found = 0;

    if (!uid)
        return -ENOMEM;
    for (size_t i = 0; i < t->n; i++)
        uid[i] = t->change[i].uid;
    b = aaj_firewall_holder(t->fw, t->backend, uid, t->n, &found);
    free(uid);
    if (!b)
        return 0;
    aaj_error(t->diags, (struct aaj_loc){ 0 },
              "chain 'aajail-%u' is in the %s backend: remove it there first, with "
              "'aajail firewall remove --backend %s'",
              found, b->name, b->name);
    return -EEXIST;
}

/* Does what the journal says. Its changes were begun, so nobody is asked again whether they may be made. */
static int redo(struct aaj_firewall *fw, const struct journal *j, struct aaj_diags *diags,
                struct aaj_firewall_result *result)
{
    const struct aaj_firewall_backend *b = aaj_firewall_find_backend(fw, j->backend);
    struct transaction t = { 0 };
    int r = b ? transaction_begin(&t, fw, b, j->n_plans + j->n_removes, diags) : -ENOSYS;

    /* Under the lock now: it is gone when its writer was only slow. */
    if (r == 0 && journal_exists(fw)) {
        for (size_t i = 0; i < j->n_plans; i++)
            t.change[i] = (struct aaj_firewall_change){ .uid = j->plan[i]->uid, .plan = j->plan[i] };
        for (size_t i = 0; i < j->n_removes; i++)
            t.change[j->n_plans + i].uid = j->remove[i];
        r = transaction_run(&t, result);
        for (size_t i = 0; i < t.n && r == 0; i++)
            aaj_diag_add(diags, AAJ_NOTE, "firewall-journal", (struct aaj_loc){ 0 }, AAJ_STR(""),
                         "an earlier run was interrupted: what it began for uid %u is now finished",
                         t.change[i].uid);
        journal_clear(fw);
    }
    if (b)
        transaction_end(&t);
    return r;
}

int aaj_firewall_finish(struct aaj_firewall *fw, struct aaj_diags *diags,
                        struct aaj_firewall_result *ret_result)
{
    struct aaj_firewall_result result = { 0 };
    struct journal j = { 0 };
    int r = journal_exists(fw) ? journal_read(fw, &j) : 0;

    if (r == -EBADMSG) {
        /* Whatever it was, what is live allows no more than before or after; verify names what is unfinished.
         */
        aaj_diag_add(diags, AAJ_WARNING, "firewall-journal", (struct aaj_loc){ 0 }, AAJ_STR(""),
                     "the firewall's journal is damaged and was removed: apply every jail again");
        journal_clear(fw);
        r = 0;
    } else if (r == 0 && j.backend[0]) {
        r = redo(fw, &j, diags, &result);
    }
    journal_free(&j);
    *ret_result = result;
    return r;
}

int aaj_firewall_apply(struct aaj_firewall *fw, const struct aaj_firewall_plan *const *plan, size_t n,
                       struct aaj_diags *diags, struct aaj_firewall_result *ret_result)
{
    struct aaj_firewall_result result = { 0 };
    struct transaction t = { 0 };
    int r = aaj_firewall_finish(fw, diags, &result);

    if (r < 0) {
        *ret_result = result;
        return r;
    }
    r = transaction_begin(&t, fw, fw->backend, n, diags);
    for (size_t i = 0; i < n && r == 0; i++) {
        t.change[i] = (struct aaj_firewall_change){ .uid = plan[i]->uid, .plan = plan[i] };
        r = check_owner(&t, plan[i]);
    }
    if (r == 0)
        r = check_other_backend(&t);
    if (r == 0)
        r = transaction_run(&t, &result);
    transaction_end(&t);
    *ret_result = result;
    return r;
}

static int remove_from(const struct aaj_firewall *fw, const struct aaj_firewall_backend *b,
                       const uint32_t *uid, size_t n, struct aaj_diags *diags,
                       struct aaj_firewall_result *result)
{
    struct transaction t = { 0 };
    int r = transaction_begin(&t, fw, b, n, diags);

    for (size_t i = 0; i < n && r == 0; i++)
        t.change[i].uid = uid[i];
    if (r == 0)
        r = transaction_run(&t, result);
    transaction_end(&t);
    return r;
}

/* What a kernel answers that has no such tables at all; everything else is no answer. */
static bool has_none(int r)
{
    return r == -EPROTONOSUPPORT || r == -EAFNOSUPPORT || r == -ENOPROTOOPT || r == -ENOENT || r == -EOPNOTSUPP;
}

/* Whether @b holds one of the chains. "I may not look" is not "there is none". */
static int asks(const struct aaj_firewall *fw, const struct aaj_firewall_backend *b, const uint32_t *uid, size_t n,
                struct aaj_diags *diags, bool *ret_holds)
{
    int r = b->holds(fw->ctx, uid, n, NULL, ret_holds);

    if (r == 0)
        return 0;
    *ret_holds = false;
    if (has_none(r))
        return 0;
    aaj_error(diags, (struct aaj_loc){ 0 }, "cannot see what the %s backend holds: %s%s", b->name, strerror(-r),
              r == -EPERM || r == -EACCES ? "; run as root" : "");
    return r;
}

int aaj_firewall_find(struct aaj_firewall *fw, uint32_t uid, struct aaj_diags *diags, const char **ret_backend)
{
    bool any = fw->ctx->backend == AAJ_FIREWALL_ANY;
    const char *name = NULL;
    int r = 0;

    for (const struct aaj_firewall_backend *const *b = fw->backends; *b && r == 0 && !name; b++) {
        bool found = false;

        if (any || *b == fw->backend)
            r = asks(fw, *b, &uid, 1, diags, &found);
        name = found ? (*b)->name : NULL;
    }
    if (r == 0)
        *ret_backend = name;
    return r;
}

int aaj_firewall_remove(struct aaj_firewall *fw, const uint32_t *uid, size_t n, struct aaj_diags *diags,
                        struct aaj_firewall_result *ret_result)
{
    struct aaj_firewall_result result = { 0 };
    bool any = fw->ctx->backend == AAJ_FIREWALL_ANY;
    int r = aaj_firewall_finish(fw, diags, &result);

    for (const struct aaj_firewall_backend *const *b = fw->backends; *b && r == 0; b++) {
        bool found = false;

        if (any || *b == fw->backend)
            r = asks(fw, *b, uid, n, diags, &found);
        if (r == 0 && found)
            r = remove_from(fw, *b, uid, n, diags, &result);
    }
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
