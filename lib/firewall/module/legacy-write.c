/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One commit: the table is read, edited in memory and replaced as a whole. Only chains named aajail… and
 * the one jump in OUTPUT are touched, and of those only what differs, so that counters live on.
 */
#include <errno.h>
#include <stdlib.h>

#include "firewall/module/legacy.h"

enum { RETRIES = 10 }; /* for writers that do not take the lock */

struct edit {
    const struct family *f;
    struct xtc_handle *h;
    struct aaj_firewall_live live;
    bool changed;
};

static int fail(void)
{
    return errno ? -errno : -EIO;
}

static int ensure_empty(struct edit *e, const char *chain)
{
    e->changed = true;
    if (e->f->is_chain(chain, e->h))
        return e->f->flush(chain, e->h) ? 0 : fail();
    return e->f->create(chain, e->h) ? 0 : fail();
}

static int append(struct edit *e, const char *chain, const struct entry *entry)
{
    return e->f->append(chain, entry->bytes, e->h) ? 0 : fail();
}

static int drop(struct edit *e, const char *chain)
{
    if (!e->f->is_chain(chain, e->h))
        return 0;
    e->changed = true;
    return e->f->flush(chain, e->h) && e->f->remove(chain, e->h) ? 0 : fail();
}

static int append_rules(struct edit *e, const char *chain, const char *log,
                        const struct aaj_firewall_rule *rule, size_t n, struct aaj_str jail)
{
    unsigned family = e->f->v6 ? AAJ_FIREWALL_V6 : AAJ_FIREWALL_V4;
    struct entry entry;
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++) {
        if (!(rule[i].families & family))
            continue;
        entry_from_rule(&entry, e->f->v6, &rule[i], log, jail);
        r = append(e, chain, &entry);
    }
    return r;
}

static bool same(const struct edit *e, const struct aaj_firewall_change *c)
{
    return !c->before && aaj_firewall_chain_is(aaj_firewall_live_find(&e->live, c->uid), c->plan,
                                               e->f->v6 ? AAJ_FIREWALL_V6 : AAJ_FIREWALL_V4);
}

static int write_chain(struct edit *e, const struct aaj_firewall_change *c, const char *chain,
                       const char *old)
{
    struct entry entry;
    int r = 0;

    if (c->before) {
        r = ensure_empty(e, old);
        if (r == 0)
            r = append_rules(e, old, chain, c->before->rule, c->before->n_rules, c->before->jail);
    }
    if (r == 0)
        r = ensure_empty(e, chain);
    if (r == 0 && c->before) {
        entry_from_jump(&entry, e->f->v6, &(struct entry_jump){ .chain = old });
        r = append(e, chain, &entry);
    }
    if (r == 0)
        r = append_rules(e, chain, chain, c->plan->rule, c->plan->n_rules, c->plan->jail);
    return r < 0 || c->before ? r : drop(e, old);
}

/* Chains that go can be deleted only when nothing leads to them, so they are emptied of meaning last. */
static int apply_sets(struct edit *e, const struct aaj_firewall_change *change, size_t n)
{
    char chain[AAJ_FIREWALL_NAME_MAX + 1], old[AAJ_FIREWALL_NAME_MAX + 1];
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++) {
        if (!change[i].plan)
            continue;
        snprintf(chain, sizeof(chain), "aajail-%u", change[i].uid);
        snprintf(old, sizeof(old), "aajail-%u.old", change[i].uid);
        if (same(e, &change[i]))
            r = drop(e, old);
        else
            r = write_chain(e, &change[i], chain, old);
    }
    return r;
}

static int apply_removals(struct edit *e, const struct aaj_firewall_change *change, size_t n)
{
    char chain[AAJ_FIREWALL_NAME_MAX + 1], old[AAJ_FIREWALL_NAME_MAX + 1];
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++) {
        if (change[i].plan)
            continue;
        snprintf(chain, sizeof(chain), "aajail-%u", change[i].uid);
        snprintf(old, sizeof(old), "aajail-%u.old", change[i].uid);
        r = drop(e, chain);
        if (r == 0)
            r = drop(e, old);
    }
    return r;
}

static int cmp_uid(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* The uids that have a chain once the changes are made. */
static int final_uids(const struct edit *e, const struct aaj_firewall_change *change, size_t n,
                      uint32_t **ret_uid, size_t *ret_n)
{
    uint32_t *uid = calloc(e->live.n_chains + n + 1, sizeof(*uid));
    size_t k = 0, out = 0;

    if (!uid)
        return -ENOMEM;
    for (size_t i = 0; i < e->live.n_chains; i++) {
        bool touched = e->live.chain[i].old;

        for (size_t j = 0; j < n && !touched; j++)
            touched = change[j].uid == e->live.chain[i].uid;
        if (!touched)
            uid[k++] = e->live.chain[i].uid;
    }
    for (size_t j = 0; j < n; j++)
        if (change[j].plan)
            uid[k++] = change[j].uid;
    qsort(uid, k, sizeof(*uid), cmp_uid);
    for (size_t i = 0; i < k; i++)
        if (out == 0 || uid[out - 1] != uid[i])
            uid[out++] = uid[i];
    *ret_uid = uid;
    *ret_n = out;
    return 0;
}

static bool dispatch_is_live(const struct edit *e, const struct dispatch *d)
{
    size_t live = 0;

    for (const char *name = e->f->first_chain(e->h); name; name = e->f->next_chain(e->h))
        live += legacy_is_dispatch(name);
    if (live != d->n)
        return false;
    for (size_t i = 0; i < d->n; i++) {
        struct entry_jump jump[DISPATCH_LEAF];

        for (unsigned k = 0; k < d->chain[i].n_jumps; k++)
            jump[k] = dispatch_jump(&d->chain[i], k);
        if (!legacy_chain_is(e->f, e->h, d->chain[i].name, jump, d->chain[i].n_jumps))
            return false;
    }
    return true;
}

static int flush_dispatch(struct edit *e)
{
    for (const char *name = e->f->first_chain(e->h); name; name = e->f->next_chain(e->h))
        if (legacy_is_dispatch(name) && !e->f->flush(name, e->h))
            return fail();
    e->changed = true;
    return 0;
}

static bool wanted(const struct dispatch *d, const char *name)
{
    for (size_t i = 0; i < d->n; i++)
        if (strcmp(d->chain[i].name, name) == 0)
            return true;
    return false;
}

/* Deleting ends libiptc's iteration, so it starts anew after each. */
static int drop_unwanted(struct edit *e, const struct dispatch *d)
{
    const char *name = e->f->first_chain(e->h);

    while (name) {
        if (!legacy_is_dispatch(name) || wanted(d, name)) {
            name = e->f->next_chain(e->h);
            continue;
        }
        if (!e->f->remove(name, e->h))
            return fail();
        name = e->f->first_chain(e->h);
    }
    return 0;
}

static int write_dispatch(struct edit *e, const struct dispatch *d)
{
    struct entry entry;
    int r = flush_dispatch(e);

    if (r == 0)
        r = drop_unwanted(e, d);
    for (size_t i = 0; i < d->n && r == 0; i++)
        if (!e->f->is_chain(d->chain[i].name, e->h) && !e->f->create(d->chain[i].name, e->h))
            r = fail();
    for (size_t i = 0; i < d->n && r == 0; i++)
        for (unsigned k = 0; k < d->chain[i].n_jumps && r == 0; k++) {
            struct entry_jump jump = dispatch_jump(&d->chain[i], k);

            entry_from_jump(&entry, e->f->v6, &jump);
            r = append(e, d->chain[i].name, &entry);
        }
    return r;
}

static int unhook(struct edit *e)
{
    unsigned at = 0;

    for (const void *r = e->f->first_rule("OUTPUT", e->h); r;) {
        if (strcmp(e->f->target(r, e->h), DISPATCH_ROOT) != 0) {
            r = e->f->next_rule(r, e->h);
            at++;
            continue;
        }
        e->changed = true;
        if (!e->f->remove_rule("OUTPUT", at, e->h))
            return fail();
        r = e->f->first_rule("OUTPUT", e->h);
        at = 0;
    }
    return 0;
}

static int hook(struct edit *e)
{
    struct entry entry;
    unsigned jumps;
    int r;

    if (legacy_hook_ok(e->f, e->h, &jumps))
        return 0;
    r = unhook(e);
    if (r < 0)
        return r;
    e->changed = true;
    entry_from_jump(&entry, e->f->v6, &(struct entry_jump){ .chain = DISPATCH_ROOT });
    return e->f->insert("OUTPUT", entry.bytes, 0, e->h) ? 0 : fail();
}

static int edit_dispatch(struct edit *e, const struct aaj_firewall_change *change, size_t n)
{
    struct dispatch d = { 0 };
    uint32_t *uid = NULL;
    size_t n_uids = 0;
    int r = final_uids(e, change, n, &uid, &n_uids);

    if (r == 0 && n_uids > 0)
        r = dispatch_make(uid, n_uids, &d);
    free(uid);
    if (r == 0 && n_uids == 0)
        r = unhook(e);
    if (r == 0 && !dispatch_is_live(e, &d))
        r = write_dispatch(e, &d);
    if (r == 0 && n_uids > 0)
        r = hook(e);
    dispatch_clear(&d);
    return r;
}

static int commit_once(struct aaj_firewall_session *s, unsigned side,
                       const struct aaj_firewall_change *change, size_t n, bool *ret_changed)
{
    struct edit e = { .f = legacy_side(side) };
    int r;

    errno = 0;
    e.h = legacy_init(s, side);
    if (!e.h)
        return fail();
    r = legacy_read_handle(e.f, e.h, &e.live);
    if (r == 0)
        r = apply_sets(&e, change, n);
    if (r == 0)
        r = edit_dispatch(&e, change, n);
    if (r == 0)
        r = apply_removals(&e, change, n);
    if (r == 0 && e.changed && !e.f->commit(e.h))
        r = fail();
    e.f->free(e.h);
    aaj_firewall_live_clear(&e.live);
    if (r == 0)
        *ret_changed = e.changed;
    return r;
}

int legacy_commit(struct aaj_firewall_session *s, unsigned side, const struct aaj_firewall_change *change,
                  size_t n, struct aaj_diags *diags, bool *ret_changed)
{
    int r = -EAGAIN;

    for (unsigned i = 0; i < RETRIES && r == -EAGAIN; i++)
        r = commit_once(s, side, change, n, ret_changed);
    if (r < 0)
        aaj_error(diags, (struct aaj_loc){ 0 }, "the kernel refused the %s rules: %s", side ? "IPv6" : "IPv4",
                  legacy_side(side)->strerror(-r));
    if (r == -ENOENT)
        legacy_probe_report(s, side, change, n, diags);
    return r;
}
