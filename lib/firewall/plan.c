/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "firewall/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/escape.h"
#include "firewall/rules.h"

struct aaj_firewall_plan *aaj_firewall_plan_free(struct aaj_firewall_plan *plan)
{
    if (plan) {
        free(plan->rule);
        free(plan->host);
        aaj_arena_clear(&plan->arena);
        free(plan);
    }
    return NULL;
}

static int new_plan(struct aaj_str jail, struct aaj_firewall_plan **ret_plan)
{
    struct aaj_firewall_plan *plan = calloc(1, sizeof(*plan));

    if (!plan)
        return -ENOMEM;
    plan->jail = aaj_arena_dup(&plan->arena, jail);
    if (!plan->jail.p) {
        aaj_firewall_plan_free(plan);
        return -ENOMEM;
    }
    *ret_plan = plan;
    return 0;
}

/* The name goes into a kernel comment and into text for two firewalls' parsers. */
static bool plain_name(struct aaj_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+@", s.p[i]) ||
            s.p[i] == '\0')
            return false;
    return s.n > 0 && s.n <= 100 && s.p[0] != '-';
}

static int check_names(const struct aaj_manifest *m, struct aaj_diags *diags)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    int r = 0;

    if (!plain_name(m->jail.text))
        r = aaj_error(diags, m->jail.loc,
                      "'%s' cannot name a firewall chain: use letters, digits and ._-+@, at most 100 of them",
                      aaj_escape(&arena, m->jail.text));
    if (m->user.text.n == 0)
        r = aaj_error(diags, m->jail.loc, "the jail has no 'user:', and the firewall knows slaves by uid");
    else if (!plain_name(m->user.text))
        r = aaj_error(diags, m->user.loc, "'%s' is not the name of a user", aaj_escape(&arena, m->user.text));
    aaj_arena_clear(&arena);
    return r;
}

static int add_dests(struct aaj_firewall_plan *plan, const struct aaj_manifest *m)
{
    int r = 0;

    plan->host = calloc(m->n_dests + 1, sizeof(*plan->host));
    if (!plan->host)
        return -ENOMEM;
    for (size_t i = 0; i < m->n_dests && r == 0; i++) {
        const struct aaj_dest *d = &m->dest[i];

        if (d->kind != AAJ_DEST_ADDRESS) {
            struct aaj_firewall_host *h = &plan->host[plan->n_hosts++];

            h->dest = *d;
            h->dest.host = aaj_arena_dup(&plan->arena, d->host);
            h->dest.source.text = aaj_arena_dup(&plan->arena, d->source.text);
            h->dest.source.loc.file = aaj_arena_dup(&plan->arena, d->source.loc.file);
            if ((d->host.p && !h->dest.host.p) || !h->dest.source.text.p)
                r = -ENOMEM;
        } else {
            r = aaj_firewall_rules_add_dest(plan, d);
        }
    }
    return r;
}

int aaj_firewall_plan_make(const struct aaj_manifest *manifest, struct aaj_diags *diags,
                           struct aaj_firewall_plan **ret_plan)
{
    struct aaj_firewall_plan *plan = NULL;
    int r = check_names(manifest, diags);

    if (r < 0)
        return r;
    r = new_plan(manifest->jail.text, &plan);
    if (r < 0)
        return r;
    plan->user = aaj_arena_dup(&plan->arena, manifest->user.text);
    r = plan->user.p ? 0 : -ENOMEM;
    /* No network section: replies alone. */
    if (r == 0 && (!manifest->network || manifest->replies))
        r = aaj_firewall_rules_add_replies(plan);
    if (r == 0 && manifest->network)
        r = add_dests(plan, manifest);
    if (r == 0)
        r = aaj_firewall_rules_finish(plan, manifest->network && manifest->log, manifest->log_group);
    if (r < 0) {
        aaj_firewall_plan_free(plan);
        return r;
    }
    *ret_plan = plan;
    return 0;
}

int aaj_firewall_plan_closed(struct aaj_str jail, uint32_t uid, struct aaj_firewall_plan **ret_plan)
{
    struct aaj_firewall_plan *plan = NULL;
    int r = new_plan(jail, &plan);

    if (r < 0)
        return r;
    plan->uid = uid;
    plan->has_uid = true;
    plan->user = aaj_arena_printf(&plan->arena, "%u", uid);
    r = plan->user.p ? aaj_firewall_rules_finish(plan, false, 0) : -ENOMEM;
    if (r < 0) {
        aaj_firewall_plan_free(plan);
        return r;
    }
    *ret_plan = plan;
    return 0;
}

int aaj_firewall_plan_set_uid(struct aaj_firewall_plan *plan, uint32_t uid, struct aaj_diags *diags)
{
    if (uid == 0)
        return aaj_error(
            diags, (struct aaj_loc){ 0 },
            "jail '%.*s' runs as root: fencing uid 0 would cut off the host itself; give the slave "
            "a user of its own",
            AAJ_STR_ARG(plan->jail));
    if (uid == UINT32_MAX)
        return aaj_error(diags, (struct aaj_loc){ 0 }, "4294967295 is no uid");
    if (uid == AAJ_FIREWALL_NOBODY)
        aaj_diag_add(diags, AAJ_WARNING, "firewall-user", (struct aaj_loc){ 0 }, AAJ_STR(""),
                     "jail '%.*s' runs as nobody, as other services may: all of them share its chain; give the slave a user of "
                     "its own",
                     AAJ_STR_ARG(plan->jail));
    plan->uid = uid;
    plan->has_uid = true;
    return 0;
}

int aaj_firewall_chain_name(const struct aaj_firewall_plan *plan,
                            char ret_name[static AAJ_FIREWALL_NAME_MAX + 1])
{
    char name[160];
    int n = plan->has_uid ? snprintf(name, sizeof(name), "aajail-%u", plan->uid)
                          : snprintf(name, sizeof(name), "aajail-%.*s", AAJ_STR_ARG(plan->user));

    if (n > AAJ_FIREWALL_NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(ret_name, name, (size_t)n + 1);
    return 0;
}

static bool rule_matches(const struct aaj_firewall_rule *r, const struct aaj_firewall_packet *p)
{
    uint8_t proto = p->proto == IPPROTO_ICMPV6 ? IPPROTO_ICMP : p->proto;

    if (!(r->families & (p->family == AF_INET ? AAJ_FIREWALL_V4 : AAJ_FIREWALL_V6)))
        return false;
    if (r->reply && !p->reply)
        return false;
    if (r->proto && r->proto != proto)
        return false;
    if (r->verdict == AAJ_FIREWALL_RESET && proto != IPPROTO_TCP)
        return false;
    if (r->prefix && !aaj_firewall_prefix_covers(&r->addr, r->prefix, &p->addr))
        return false;
    return (r->port_lo == 0 && r->port_hi == UINT16_MAX) || (p->port >= r->port_lo && p->port <= r->port_hi);
}

enum aaj_firewall_verdict aaj_firewall_decide(const struct aaj_firewall_plan *plan,
                                              const struct aaj_firewall_packet *packet)
{
    for (size_t i = 0; i < plan->n_rules; i++)
        if (plan->rule[i].verdict != AAJ_FIREWALL_LOG && rule_matches(&plan->rule[i], packet))
            return plan->rule[i].verdict;
    return AAJ_FIREWALL_REJECT;
}

bool aaj_firewall_rule_eq(const struct aaj_firewall_rule *a, const struct aaj_firewall_rule *b)
{
    return a->verdict == b->verdict && a->families == b->families && a->proto == b->proto &&
           a->prefix == b->prefix && a->reply == b->reply && a->port_lo == b->port_lo &&
           a->port_hi == b->port_hi && memcmp(&a->addr, &b->addr, sizeof(a->addr)) == 0 &&
           a->group == b->group && a->verdict != AAJ_FIREWALL_FOREIGN;
}
