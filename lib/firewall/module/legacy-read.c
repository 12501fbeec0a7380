/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "firewall/module/legacy.h"

static int read_chain(const struct family *f, struct xtc_handle *h, const char *name,
                      struct aaj_firewall_live *live, struct aaj_firewall_chain *c)
{
    char base[AAJ_FIREWALL_NAME_MAX + 1];
    size_t cap = 0;
    int r = 0;

    snprintf(base, sizeof(base), "aajail-%u", c->uid);
    for (const void *e = f->first_rule(name, h); e && r == 0; e = f->next_rule(e, h)) {
        struct xt_counters counters = family_counters(f, e);

        if (AAJ_GROW(c->rule, c->n_rules, cap) < 0)
            return -ENOMEM;
        r = entry_to_rule(f->v6, e, f->target(e, h), base, &live->arena, &c->rule[c->n_rules], &c->jail);
        c->rule[c->n_rules].packets = counters.pcnt;
        c->rule[c->n_rules++].bytes = counters.bcnt;
    }
    return r;
}

static int add_problem(struct aaj_firewall_live *live, const char *text)
{
    if (AAJ_GROW(live->problem, live->n_problems, live->cap_problems) < 0)
        return -ENOMEM;
    live->problem[live->n_problems++] = aaj_str_c(text);
    return 0;
}

bool legacy_chain_is(const struct family *f, struct xtc_handle *h, const char *chain,
                     const struct entry_jump *jump, unsigned n)
{
    const void *e = f->is_chain(chain, h) ? f->first_rule(chain, h) : NULL;
    struct entry want;

    if (!f->is_chain(chain, h))
        return false;
    for (unsigned i = 0; i < n; i++, e = f->next_rule(e, h)) {
        entry_from_jump(&want, f->v6, &jump[i]);
        if (!e || !entry_eq(f->v6, e, f->target(e, h), &want))
            return false;
    }
    return !e;
}

bool legacy_hook_ok(const struct family *f, struct xtc_handle *h, unsigned *ret_jumps)
{
    const struct entry_jump jump = { .chain = DISPATCH_ROOT };
    struct entry want;
    bool first = false;
    unsigned at = 0, n = 0;

    entry_from_jump(&want, f->v6, &jump);
    for (const void *e = f->first_rule("OUTPUT", h); e; e = f->next_rule(e, h), at++)
        if (strcmp(f->target(e, h), DISPATCH_ROOT) == 0) {
            n++;
            first |= at == 0 && entry_eq(f->v6, e, DISPATCH_ROOT, &want);
        }
    *ret_jumps = n;
    return first && n == 1;
}

static int check_dispatch(const struct family *f, struct xtc_handle *h, struct aaj_firewall_live *live)
{
    uint32_t *uid = calloc(live->n_chains + 1, sizeof(*uid));
    struct dispatch d = { 0 };
    unsigned jumps;
    size_t n = 0;
    int r = uid ? 0 : -ENOMEM;

    for (size_t i = 0; i < live->n_chains && uid; i++)
        if (!live->chain[i].old)
            uid[n++] = live->chain[i].uid;
    if (n == 0 || r < 0) {
        free(uid);
        return r;
    }
    r = dispatch_make(uid, n, &d);
    free(uid);
    if (r == 0 && !legacy_hook_ok(f, h, &jumps))
        r = add_problem(
            live, jumps ? "OUTPUT's jump to 'aajail' is not its first and only one: a rule before it may "
                          "accept what the jail refuses"
                        : "OUTPUT does not jump to 'aajail': nothing is refused");
    for (size_t i = 0; i < d.n && r == 0; i++) {
        struct entry_jump jump[DISPATCH_LEAF];

        for (unsigned k = 0; k < d.chain[i].n_jumps; k++)
            jump[k] = dispatch_jump(&d.chain[i], k);
        if (!legacy_chain_is(f, h, d.chain[i].name, jump, d.chain[i].n_jumps)) {
            r = add_problem(live, "the chains that lead from 'aajail' to the jails were changed");
            break;
        }
    }
    dispatch_clear(&d);
    return r;
}

static int cmp_chains(const void *pa, const void *pb)
{
    const struct aaj_firewall_chain *a = pa, *b = pb;

    if (a->uid != b->uid)
        return a->uid < b->uid ? -1 : 1;
    return (int)a->old - b->old;
}

int legacy_read_handle(const struct family *f, struct xtc_handle *h, struct aaj_firewall_live *live)
{
    int r = 0;

    for (const char *name = f->first_chain(h); name && r == 0; name = f->next_chain(h)) {
        struct aaj_firewall_chain c = { 0 };

        if (!chain_uid(name, &c.uid, &c.old))
            continue;
        if (AAJ_GROW(live->chain, live->n_chains, live->cap_chains) < 0)
            return -ENOMEM;
        live->chain[live->n_chains++] = c;
        r = read_chain(f, h, name, live, &live->chain[live->n_chains - 1]);
    }
    if (live->n_chains)
        qsort(live->chain, live->n_chains, sizeof(*live->chain), cmp_chains);
    return r < 0 ? r : check_dispatch(f, h, live);
}

int legacy_read(struct aaj_firewall_session *s, unsigned side, struct aaj_diags *diags,
                struct aaj_firewall_live *ret_live)
{
    const struct family *f = legacy_side(side);
    struct aaj_firewall_live live = { 0 };
    struct xtc_handle *h;
    int r;

    if (!s->families[side] || !legacy_has_table(s->ctx, side)) {
        *ret_live = live;
        return 0;
    }
    h = legacy_init(s, side);
    if (!h) {
        r = errno ? -errno : -EIO;
        aaj_error(diags, (struct aaj_loc){ 0 }, "cannot read the legacy filter table for %s: %s",
                  side ? "IPv6" : "IPv4", f->strerror(-r));
        return r;
    }
    r = legacy_read_handle(f, h, &live);
    f->free(h);
    if (r < 0) {
        aaj_firewall_live_clear(&live);
        return r;
    }
    *ret_live = live;
    return 0;
}
