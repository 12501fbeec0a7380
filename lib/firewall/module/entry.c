/* SPDX-License-Identifier: GPL-2.0-only */
#include "firewall/module/entry.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_LOG.h>
#include <linux/netfilter/xt_NFLOG.h>
#include <linux/netfilter/xt_comment.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_limit.h>
#include <linux/netfilter/xt_owner.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <linux/netfilter_ipv6/ip6t_REJECT.h>

enum {
    LOG_PER_MINUTE = 6,
    LOG_BURST = 10,
    LOG_LEVEL = 4, /* warning */
};

static void start(struct entry *e, bool v6)
{
    memset(e, 0, sizeof(*e));
    e->n = v6 ? sizeof(struct ip6t_entry) : sizeof(struct ipt_entry);
}

/* Room for a match's or target's data behind its header; the union's first fields are the same in both. */
static void *add_part(struct entry *e, const char *name, uint8_t revision, size_t size)
{
    struct xt_entry_match *m = (void *)(e->bytes + e->n);

    m->u.match_size = (uint16_t)(sizeof(*m) + XT_ALIGN(size));
    strncpy(m->u.user.name, name, sizeof(m->u.user.name) - 1);
    m->u.user.revision = revision;
    e->n += m->u.match_size;
    return m->data;
}

static void *add_target(struct entry *e, bool v6, const char *name, uint8_t revision, size_t size)
{
    size_t at = e->n;
    void *data = add_part(e, name, revision, size);

    if (v6) {
        e->v6.target_offset = (uint16_t)at;
        e->v6.next_offset = (uint16_t)e->n;
    } else {
        e->v4.target_offset = (uint16_t)at;
        e->v4.next_offset = (uint16_t)e->n;
    }
    return data;
}

static void set_dest(struct entry *e, bool v6, const struct in6_addr *addr, unsigned prefix)
{
    unsigned char *a = v6 ? (void *)&e->v6.ipv6.dst : (void *)&e->v4.ip.dst;
    unsigned char *m = v6 ? (void *)&e->v6.ipv6.dmsk : (void *)&e->v4.ip.dmsk;

    for (unsigned i = 0; i < (v6 ? 16u : 4u); i++) {
        unsigned have = prefix > i * 8 ? prefix - i * 8 : 0;

        m[i] = have >= 8 ? 0xff : (unsigned char)(0xff00 >> have);
        a[i] = addr->s6_addr[i] & m[i];
    }
}

static void set_proto(struct entry *e, bool v6, uint8_t proto)
{
    if (v6) {
        e->v6.ipv6.proto = proto == IPPROTO_ICMP ? IPPROTO_ICMPV6 : proto;
        e->v6.ipv6.flags |= IP6T_F_PROTO; /* without it the kernel looks at no protocol at all */
    } else {
        e->v4.ip.proto = proto;
    }
}

static void add_reply(struct entry *e)
{
    struct xt_conntrack_mtinfo3 *ct = add_part(e, "conntrack", 3, sizeof(*ct));

    ct->match_flags = XT_CONNTRACK_STATE | XT_CONNTRACK_DIRECTION;
    ct->invert_flags = XT_CONNTRACK_DIRECTION; /* the flag alone means ORIGINAL */
    ct->state_mask = XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED) | XT_CONNTRACK_STATE_BIT(IP_CT_RELATED);
}

static void add_ports(struct entry *e, const struct aaj_firewall_rule *rule)
{
    if (rule->proto == IPPROTO_TCP) {
        struct xt_tcp *tcp = add_part(e, "tcp", 0, sizeof(*tcp));

        tcp->spts[1] = UINT16_MAX;
        tcp->dpts[0] = rule->port_lo;
        tcp->dpts[1] = rule->port_hi;
    } else {
        struct xt_udp *udp = add_part(e, "udp", 0, sizeof(*udp));

        udp->spts[1] = UINT16_MAX;
        udp->dpts[0] = rule->port_lo;
        udp->dpts[1] = rule->port_hi;
    }
}

static void add_limit(struct entry *e)
{
    struct xt_rateinfo *limit = add_part(e, "limit", 0, sizeof(*limit));

    limit->avg = XT_LIMIT_SCALE * 60 / LOG_PER_MINUTE;
    limit->burst = LOG_BURST;
}

static void add_log(struct entry *e, bool v6, const char *chain, int32_t group)
{
    struct xt_log_info *log;

    if (group >= 0) {
        struct xt_nflog_info *nflog = add_target(e, v6, "NFLOG", 0, sizeof(*nflog));

        nflog->group = (uint16_t)group;
        nflog->threshold = XT_NFLOG_DEFAULT_THRESHOLD;
        snprintf(nflog->prefix, sizeof(nflog->prefix), "%s ", chain);
        return;
    }
    log = add_target(e, v6, "LOG", 0, sizeof(*log));
    log->level = LOG_LEVEL;
    log->logflags = XT_LOG_UID;
    snprintf(log->prefix, sizeof(log->prefix), "%s ", chain);
}

static void add_reject(struct entry *e, bool v6, bool reset)
{
    uint32_t *with = add_target(e, v6, "REJECT", 0, sizeof(*with));

    if (v6)
        *with = reset ? IP6T_TCP_RESET : IP6T_ICMP6_PORT_UNREACH;
    else
        *with = reset ? IPT_TCP_RESET : IPT_ICMP_PORT_UNREACHABLE;
}

void entry_from_rule(struct entry *ret, bool v6, const struct aaj_firewall_rule *rule, const char *chain,
                     struct aaj_str jail)
{
    start(ret, v6);
    if (rule->prefix)
        set_dest(ret, v6, &rule->addr, rule->prefix);
    if (rule->proto)
        set_proto(ret, v6, rule->proto);
    if (rule->reply)
        add_reply(ret);
    if (rule->port_lo != 0 || rule->port_hi != UINT16_MAX)
        add_ports(ret, rule);
    switch (rule->verdict) {
    case AAJ_FIREWALL_ALLOW:
        add_target(ret, v6, "RETURN", 0, sizeof(int));
        break;
    case AAJ_FIREWALL_LOG:
        add_limit(ret);
        add_log(ret, v6, chain, rule->group);
        break;
    case AAJ_FIREWALL_RESET:
        add_reject(ret, v6, true);
        break;
    case AAJ_FIREWALL_REJECT:
    case AAJ_FIREWALL_FOREIGN:
        snprintf(((struct xt_comment_info *)add_part(ret, "comment", 0, sizeof(struct xt_comment_info)))->comment,
                 XT_MAX_COMMENT_LEN, "aajail %.*s", AAJ_STR_ARG(jail));
        add_reject(ret, v6, false);
        break;
    }
}

void entry_from_jump(struct entry *ret, bool v6, const struct entry_jump *jump)
{
    start(ret, v6);
    if (jump->owner) {
        struct xt_owner_match_info *owner = add_part(ret, "owner", 1, sizeof(*owner));

        owner->match = XT_OWNER_UID;
        owner->uid_min = jump->uid_lo;
        owner->uid_max = jump->uid_hi;
    }
    if (jump->go) {
        if (v6)
            ret->v6.ipv6.flags |= IP6T_F_GOTO;
        else
            ret->v4.ip.flags |= IPT_F_GOTO;
    }
    add_target(ret, v6, jump->chain, 0, sizeof(int));
}

/* How much of a match's data is configuration; the kernel keeps scratch behind it. */
static size_t compared_size(const struct xt_entry_match *m)
{
    size_t size = m->u.match_size - sizeof(*m);

    return strcmp(m->u.user.name, "limit") == 0 ? offsetof(struct xt_rateinfo, prev) : size;
}

static bool match_eq(const struct xt_entry_match *a, const struct xt_entry_match *b)
{
    if (a->u.match_size != b->u.match_size || a->u.user.revision != b->u.user.revision ||
        strncmp(a->u.user.name, b->u.user.name, sizeof(a->u.user.name)) != 0)
        return false;
    if (strcmp(a->u.user.name, "comment") == 0) /* bytes behind the NUL are whatever was there */
        return strncmp((const char *)a->data, (const char *)b->data, XT_MAX_COMMENT_LEN) == 0;
    return memcmp(a->data, b->data, compared_size(a)) == 0;
}

static bool target_eq(const struct xt_entry_target *live, const char *live_name, const struct xt_entry_target *want)
{
    if (strcmp(live_name, want->u.user.name) != 0)
        return false;
    if (live->u.target_size != want->u.target_size)
        return false;
    if (strcmp(live_name, "REJECT") == 0 || strcmp(live_name, "LOG") == 0 || strcmp(live_name, "NFLOG") == 0)
        return live->u.user.revision == want->u.user.revision &&
               memcmp(live->data, want->data, want->u.target_size - sizeof(*want)) == 0;
    return true; /* RETURN or a jump: the name says it all */
}

bool entry_eq(bool v6, const void *live, const char *live_target, const struct entry *want)
{
    const struct ipt_entry *l4 = live;
    const struct ip6t_entry *l6 = live;
    const unsigned char *l = live;
    size_t head = v6 ? sizeof(*l6) : sizeof(*l4);
    size_t end = v6 ? l6->target_offset : l4->target_offset;
    size_t want_end = v6 ? want->v6.target_offset : want->v4.target_offset;

    if (end != want_end || (v6 ? memcmp(&l6->ipv6, &want->v6.ipv6, sizeof(l6->ipv6))
                               : memcmp(&l4->ip, &want->v4.ip, sizeof(l4->ip))) != 0)
        return false;
    for (size_t at = head; at < end;) {
        const struct xt_entry_match *a = (const void *)(l + at), *b = (const void *)(want->bytes + at);

        if (!match_eq(a, b))
            return false;
        at += a->u.match_size;
    }
    return target_eq((const void *)(l + end), live_target, (const void *)(want->bytes + end));
}
