/* SPDX-License-Identifier: GPL-2.0-only */
/* From a live entry to a rule. Only a guess is made here: it stands when it encodes to the same bytes. */
#include <errno.h>
#include <linux/netfilter/xt_NFLOG.h>
#include <linux/netfilter/xt_comment.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <linux/netfilter_ipv6/ip6t_REJECT.h>

#include "base/escape.h"
#include "firewall/module/entry.h"

static unsigned mask_bits(const unsigned char *mask, unsigned n)
{
    unsigned bits = 0;

    while (bits < n * 8 && (mask[bits / 8] & (0x80 >> bits % 8)))
        bits++;
    return bits;
}

static void guess_match(const struct xt_entry_match *m, struct aaj_arena *arena, struct aaj_firewall_rule *rule,
                        struct aaj_str *jail)
{
    const struct xt_tcp *tcp = (const void *)m->data;
    const struct xt_udp *udp = (const void *)m->data;
    struct aaj_str text, prefix = AAJ_STR("aajail ");

    if (strcmp(m->u.user.name, "conntrack") == 0)
        rule->reply = true;
    else if (strcmp(m->u.user.name, "tcp") == 0) {
        rule->port_lo = tcp->dpts[0];
        rule->port_hi = tcp->dpts[1];
    } else if (strcmp(m->u.user.name, "udp") == 0) {
        rule->port_lo = udp->dpts[0];
        rule->port_hi = udp->dpts[1];
    } else if (strcmp(m->u.user.name, "comment") == 0) {
        text.p = (const char *)m->data;
        text.n = strnlen(text.p, XT_MAX_COMMENT_LEN);
        if (aaj_str_starts(text, prefix))
            *jail = aaj_arena_dup(arena, aaj_str_skip(text, prefix.n));
    }
}

static void guess_verdict(bool v6, const struct xt_entry_target *t, const char *target,
                          struct aaj_firewall_rule *rule)
{
    if (strcmp(target, "RETURN") == 0) {
        rule->verdict = AAJ_FIREWALL_ALLOW;
    } else if (strcmp(target, "LOG") == 0 || strcmp(target, "NFLOG") == 0) {
        rule->verdict = AAJ_FIREWALL_LOG;
        rule->group = target[0] == 'N' ? ((const struct xt_nflog_info *)(const void *)t->data)->group : -1;
    } else if (strcmp(target, "REJECT") == 0) {
        rule->verdict = *(const uint32_t *)(const void *)t->data == (v6 ? IP6T_TCP_RESET : IPT_TCP_RESET)
                            ? AAJ_FIREWALL_RESET
                            : AAJ_FIREWALL_REJECT;
    } else {
        rule->verdict = AAJ_FIREWALL_FOREIGN;
    }
}

static void guess(bool v6, const void *live, const char *target, struct aaj_arena *arena,
                  struct aaj_firewall_rule *rule, struct aaj_str *jail)
{
    const struct ipt_entry *l4 = live;
    const struct ip6t_entry *l6 = live;
    const unsigned char *l = live;
    size_t end = v6 ? l6->target_offset : l4->target_offset;
    unsigned proto = v6 ? l6->ipv6.proto : l4->ip.proto;

    rule->families = v6 ? AAJ_FIREWALL_V6 : AAJ_FIREWALL_V4;
    rule->proto = proto == IPPROTO_ICMPV6 ? IPPROTO_ICMP : (uint8_t)proto;
    rule->port_hi = UINT16_MAX;
    if (v6) {
        rule->addr = l6->ipv6.dst;
        rule->prefix = (uint8_t)mask_bits((const unsigned char *)&l6->ipv6.dmsk, 16);
    } else {
        memcpy(&rule->addr, &l4->ip.dst, 4);
        rule->prefix = (uint8_t)mask_bits((const unsigned char *)&l4->ip.dmsk, 4);
    }
    for (size_t at = v6 ? sizeof(*l6) : sizeof(*l4); at < end;) {
        const struct xt_entry_match *m = (const void *)(l + at);

        guess_match(m, arena, rule, jail);
        at += m->u.match_size;
    }
    guess_verdict(v6, (const void *)(l + end), target, rule);
}

/* Ports need tcp or udp to be encoded at all. */
static bool encodes(const struct aaj_firewall_rule *rule)
{
    bool ports = rule->port_lo != 0 || rule->port_hi != UINT16_MAX;

    return rule->verdict != AAJ_FIREWALL_FOREIGN &&
           (!ports || rule->proto == IPPROTO_TCP || rule->proto == IPPROTO_UDP);
}

int entry_to_rule(bool v6, const void *live, const char *live_target, const char *chain, struct aaj_arena *arena,
                  struct aaj_firewall_rule *ret_rule, struct aaj_str *ret_jail)
{
    struct aaj_firewall_rule rule = { 0 };
    struct aaj_str jail = { 0 };
    struct entry e;

    guess(v6, live, live_target, arena, &rule, &jail);
    if (encodes(&rule)) {
        entry_from_rule(&e, v6, &rule, chain, jail);
        if (entry_eq(v6, live, live_target, &e)) {
            if (jail.n)
                *ret_jail = jail;
            *ret_rule = rule;
            return 0;
        }
    }
    rule = (struct aaj_firewall_rule){ .verdict = AAJ_FIREWALL_FOREIGN, .families = rule.families };
    rule.text = aaj_arena_printf(arena, "a rule with target %s that aajail does not write",
                                 *live_target ? aaj_escape(arena, aaj_str_c(live_target)) : "none");
    if (!rule.text.p)
        return -ENOMEM;
    *ret_rule = rule;
    return 0;
}
