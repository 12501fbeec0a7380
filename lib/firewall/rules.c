/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "firewall/rules.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

int aaj_firewall_rules_add(struct aaj_firewall_plan *plan, const struct aaj_firewall_rule *rule)
{
    struct aaj_firewall_rule *p = plan->rule;

    /* Powers of two: room is there unless n is one. */
    if ((plan->n_rules & (plan->n_rules - 1)) == 0) {
        p = reallocarray(p, plan->n_rules ? plan->n_rules * 2 : 1, sizeof(*p));
        if (!p)
            return -ENOMEM;
        plan->rule = p;
    }
    p[plan->n_rules++] = *rule;
    return 0;
}

int aaj_firewall_rules_add_replies(struct aaj_firewall_plan *plan)
{
    return aaj_firewall_rules_add(plan, &(struct aaj_firewall_rule){ .verdict = AAJ_FIREWALL_ALLOW,
                                                       .families = AAJ_FIREWALL_BOTH,
                                                       .reply = true,
                                                       .port_hi = UINT16_MAX });
}

static void mask_addr(struct in6_addr *addr, unsigned bits)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned have = bits > i * 8 ? bits - i * 8 : 0;

        addr->s6_addr[i] &= have >= 8 ? 0xff : (uint8_t)(0xff00 >> have);
    }
}

/* A port without a protocol means the two that have ports; ICMP is two protocols. */
static int add_protos(struct aaj_firewall_plan *plan, struct aaj_firewall_rule rule)
{
    int r;

    if (rule.proto == IPPROTO_ICMP && rule.families == AAJ_FIREWALL_BOTH) {
        rule.families = AAJ_FIREWALL_V4;
        r = aaj_firewall_rules_add(plan, &rule);
        rule.families = AAJ_FIREWALL_V6;
        return r < 0 ? r : aaj_firewall_rules_add(plan, &rule);
    }
    if (rule.proto || (rule.port_lo == 0 && rule.port_hi == UINT16_MAX))
        return aaj_firewall_rules_add(plan, &rule);
    rule.proto = IPPROTO_TCP;
    r = aaj_firewall_rules_add(plan, &rule);
    rule.proto = IPPROTO_UDP;
    return r < 0 ? r : aaj_firewall_rules_add(plan, &rule);
}

int aaj_firewall_rules_add_dest(struct aaj_firewall_plan *plan, const struct aaj_dest *dest)
{
    struct aaj_firewall_rule rule = { .verdict = AAJ_FIREWALL_ALLOW,
                                      .proto = dest->proto == IPPROTO_ICMPV6 ? IPPROTO_ICMP : dest->proto,
                                      .port_lo = dest->port_lo,
                                      .port_hi = dest->port_hi };

    if (dest->kind != AAJ_DEST_ADDRESS)
        return -EINVAL;
    rule.families = dest->family == AF_INET    ? AAJ_FIREWALL_V4
                    : dest->family == AF_INET6 ? AAJ_FIREWALL_V6
                                               : AAJ_FIREWALL_BOTH;
    rule.addr = dest->addr;
    rule.prefix = dest->prefix;
    if (rule.proto == IPPROTO_ICMP) {
        rule.port_lo = 0;
        rule.port_hi = UINT16_MAX;
    }
    mask_addr(&rule.addr, rule.prefix);
    return add_protos(plan, rule);
}

int aaj_firewall_rules_finish(struct aaj_firewall_plan *plan, bool log, int32_t group)
{
    struct aaj_firewall_rule rule = { .verdict = AAJ_FIREWALL_LOG,
                                      .families = AAJ_FIREWALL_BOTH,
                                      .port_hi = UINT16_MAX,
                                      .group = group };
    int r = log ? aaj_firewall_rules_add(plan, &rule) : 0;

    rule.group = 0;
    rule.verdict = AAJ_FIREWALL_RESET;
    rule.proto = IPPROTO_TCP;
    if (r == 0)
        r = aaj_firewall_rules_add(plan, &rule);
    rule.verdict = AAJ_FIREWALL_REJECT;
    rule.proto = 0;
    if (r == 0)
        r = aaj_firewall_rules_add(plan, &rule);
    if (r == 0)
        aaj_firewall_rules_canonical(plan);
    return r;
}

bool aaj_firewall_prefix_covers(const struct in6_addr *net, unsigned bits, const struct in6_addr *addr)
{
    unsigned bytes = bits / 8, rest = bits % 8;

    if (memcmp(net, addr, bytes) != 0)
        return false;
    return rest == 0 || ((net->s6_addr[bytes] ^ addr->s6_addr[bytes]) >> (8 - rest)) == 0;
}

int aaj_firewall_rule_cmp(const struct aaj_firewall_rule *a, const struct aaj_firewall_rule *b)
{
    int r;

    if (a->verdict != b->verdict)
        return a->verdict < b->verdict ? -1 : 1;
    if (a->reply != b->reply)
        return a->reply ? -1 : 1;
    if (a->families != b->families) /* both first, then v4, then v6 */
        return (a->families == AAJ_FIREWALL_BOTH ? 0 : a->families) -
               (b->families == AAJ_FIREWALL_BOTH ? 0 : b->families);
    if (a->proto != b->proto)
        return (int)a->proto - b->proto;
    r = memcmp(&a->addr, &b->addr, sizeof(a->addr));
    if (r)
        return r;
    if (a->prefix != b->prefix) /* the wider first, so that it is there to cover the narrower */
        return (int)a->prefix - b->prefix;
    if (a->port_lo != b->port_lo)
        return (int)a->port_lo - b->port_lo;
    if (a->port_hi != b->port_hi)
        return (int)b->port_hi - a->port_hi;
    return (a->group > b->group) - (a->group < b->group);
}

static int cmp_rules(const void *a, const void *b)
{
    return aaj_firewall_rule_cmp(a, b);
}

void aaj_firewall_rules_sort(struct aaj_firewall_rule *rule, size_t n)
{
    if (n > 1)
        qsort(rule, n, sizeof(*rule), cmp_rules);
}

size_t aaj_firewall_rules_of(const struct aaj_firewall_plan *plan, unsigned families,
                             struct aaj_firewall_rule *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->n_rules; i++) {
        ret[n] = plan->rule[i];
        ret[n].families &= (uint8_t)families;
        n += ret[n].families != 0;
    }
    return n;
}

static bool covers(const struct aaj_firewall_rule *a, const struct aaj_firewall_rule *b)
{
    return a->verdict == AAJ_FIREWALL_ALLOW && b->verdict == AAJ_FIREWALL_ALLOW && (!a->reply || b->reply) &&
           (a->families & b->families) == b->families && (!a->proto || a->proto == b->proto) &&
           a->prefix <= b->prefix && aaj_firewall_prefix_covers(&a->addr, a->prefix, &b->addr) &&
           a->port_lo <= b->port_lo && b->port_hi <= a->port_hi;
}

/* Joins port ranges that touch, of rules that are otherwise the same; they stand side by side. */
static bool joins(struct aaj_firewall_rule *a, const struct aaj_firewall_rule *b)
{
    struct aaj_firewall_rule c = *b;

    c.port_lo = a->port_lo;
    c.port_hi = a->port_hi;
    if (a->verdict != AAJ_FIREWALL_ALLOW || !aaj_firewall_rule_eq(a, &c) || b->port_lo > a->port_hi + 1)
        return false;
    if (b->port_hi > a->port_hi)
        a->port_hi = b->port_hi;
    return true;
}

/*
 * Covered rules are looked for among the nearest kept ones only where the list is long: whether a rule
 * that is not needed stays changes nothing but its cost, and ten thousand squared would be felt.
 */
enum { COVER_WINDOW = 256 };

void aaj_firewall_rules_canonical(struct aaj_firewall_plan *plan)
{
    size_t n = 0;

    if (plan->n_rules == 0)
        return;
    qsort(plan->rule, plan->n_rules, sizeof(*plan->rule), cmp_rules);
    for (size_t i = 0; i < plan->n_rules; i++) {
        struct aaj_firewall_rule *rule = &plan->rule[i];
        bool drop = n > 0 && joins(&plan->rule[n - 1], rule);

        for (size_t k = n; k > 0 && n - k < COVER_WINDOW && !drop; k--)
            drop = covers(&plan->rule[k - 1], rule);
        if (!drop)
            plan->rule[n++] = *rule;
    }
    plan->n_rules = n;
}
