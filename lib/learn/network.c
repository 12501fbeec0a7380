/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Destinations for the firewall chain. AppArmor's records name the peer at sendmsg, recvmsg and
 * getsockopt; with an audit rule the SOCKADDR record names it at connect (facts: Linux
 * security/apparmor/net.c audit_net_cb, kernel/auditsc.c). What a slave calls is proposed, never granted.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "learn/private.h"

enum { EPHEMERAL = 32768 }; /* net.ipv4.ip_local_port_range */

struct seen {
    struct aaj_str dest;
    uint32_t access;
};

/* Ports that the slave accepts connections on. */
struct listeners {
    bool on[UINT16_MAX + 1];
    bool high; /* one of them is ephemeral */
};

struct sums {
    struct seen *item;
    size_t n, cap;
};

static unsigned port_of(struct aaj_str s)
{
    unsigned v = 0;

    for (size_t i = 0; i < s.n && i < 5; i++)
        v = s.p[i] >= '0' && s.p[i] <= '9' ? v * 10 + (unsigned)(s.p[i] - '0') : 0;
    return s.n && s.n <= 5 && v <= UINT16_MAX ? v : 0;
}

static bool address_of(struct aaj_str s, int *ret_family, char buf[static INET6_ADDRSTRLEN])
{
    struct in6_addr addr;

    if (s.n == 0 || s.n >= INET6_ADDRSTRLEN)
        return false;
    memcpy(buf, s.p, s.n);
    buf[s.n] = '\0';
    if (inet_pton(AF_INET, buf, &addr) == 1)
        *ret_family = AF_INET;
    else if (inet_pton(AF_INET6, buf, &addr) != 1)
        return false;
    else if (IN6_IS_ADDR_V4MAPPED(&addr)) { /* on the wire it is IPv4 */
        inet_ntop(AF_INET, &addr.s6_addr[12], buf, INET6_ADDRSTRLEN);
        *ret_family = AF_INET;
    } else
        *ret_family = AF_INET6;
    return true;
}

static const char *proto_of(struct aaj_str type, struct aaj_str protocol)
{
    if (aaj_str_eq(protocol, AAJ_STR("udp")) || aaj_str_eq(type, AAJ_STR("dgram")))
        return "udp";
    if (aaj_str_eq(protocol, AAJ_STR("tcp")) || aaj_str_eq(type, AAJ_STR("stream")) || type.n == 0)
        return "tcp";
    return NULL;
}

/*
 * Whom did the slave call? A low peer port is a service; a high one with a low local port is a client of
 * the slave's own. Both high: the side that other records show listening is the service; and where the slave listens on
 * a high port, whose number reading left out with all high local ones, only connect() tells. Port 0 is nobody's.
 */
static bool is_outgoing(unsigned local, unsigned peer, const struct listeners *listening, bool connects)
{
    if (peer == 0 || (local && listening->on[local]))
        return false;
    if (peer >= EPHEMERAL && listening->high && !connects)
        return false;
    return peer < EPHEMERAL || local == 0 || local >= EPHEMERAL;
}

static int add(struct sums *sums, struct aaj_str dest, uint32_t access)
{
    if (!dest.p || AAJ_GROW(sums->item, sums->n, sums->cap) < 0)
        return -ENOMEM;
    sums->item[sums->n++] = (struct seen){ dest, access };
    return 0;
}

static int look_at(struct aaj_learner *l, struct sums *sums, uint32_t i, const struct listeners *listening)
{
    const struct aaj_access *a = &l->access[i];
    unsigned local = port_of(aaj_arg(l, a, AAJ_NET_LPORT)), peer = port_of(aaj_arg(l, a, AAJ_NET_FPORT));
    const char *proto = proto_of(aaj_arg(l, a, AAJ_NET_TYPE), aaj_arg(l, a, AAJ_NET_PROTOCOL));
    char addr[INET6_ADDRSTRLEN];
    int family;

    /* getaddrinfo() connects datagram sockets and asks for their names, to sort addresses; it sends nothing */
    if (aaj_str_starts(aaj_recording_str(l->in->recording, a->op), AAJ_STR("getsockname")) ||
        aaj_str_starts(aaj_recording_str(l->in->recording, a->op), AAJ_STR("getpeername")) ||
        (a->class == AAJ_CLASS_NET && proto && strcmp(proto, "udp") == 0 &&
         aaj_str_starts(aaj_recording_str(l->in->recording, a->op), AAJ_STR("connect"))))
        return 0;
    if (!proto || !address_of(aaj_arg(l, a, AAJ_NET_FADDR), &family, addr) ||
        !is_outgoing(local, peer, listening,
                     aaj_str_starts(aaj_recording_str(l->in->recording, a->op), AAJ_STR("connect"))))
        return 0;
    if (peer == 53)
        return add(sums, AAJ_STR("resolver"), i);
    return add(sums, aaj_arena_printf(l->arena, family == AF_INET6 ? "%s [%s]:%u" : "%s %s:%u", proto, addr, peer), i);
}

static bool is_listed(const struct aaj_learner *l, struct aaj_str dest)
{
    const struct aaj_manifest *m = l->in->manifest;

    struct aaj_dest d;

    if (aaj_dest_parse(dest, &d, NULL) < 0)
        return false;
    for (size_t i = 0; i < m->n_dests; i++)
        if (aaj_dest_covers(&m->dest[i], &d))
            return true;
    return false;
}

static int by_dest(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    int r = aaj_str_cmp(x->dest, y->dest);

    return r ? r : (x->access > y->access) - (x->access < y->access);
}

static int publish(struct aaj_learner *l, const struct seen *s, size_t n)
{
    struct aaj_learned *out = l->out;
    uint32_t *list = aaj_arena_new_array(l->arena, n, uint32_t);
    uint64_t events = 0;

    if (!list || AAJ_GROW(out->proposal, out->n_proposals, l->cap_proposals) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct aaj_access *a = &l->access[s[i].access];

        list[i] = s[i].access;
        events += a->allowed + a->denied + a->audited;
    }
    out->proposal[out->n_proposals++] = (struct aaj_proposal){
        s->dest, events, is_listed(l, s->dest) ? AAJ_ALREADY_ALLOWED : AAJ_PROPOSED, list, n
    };
    return 0;
}

static void note_listener(struct listeners *listening, unsigned port)
{
    listening->on[port] = true;
    listening->high |= port >= EPHEMERAL;
}

/* Records of the jail's own sockets: those that belong to a domain. */
static bool is_socket(struct aaj_learner *l, const struct aaj_access *a)
{
    return (a->class == AAJ_CLASS_NET || a->class == AAJ_CLASS_SOCKADDR) &&
           aaj_str_starts(aaj_recording_str(l->in->recording, a->label), l->log_top) &&
           aaj_tree_place(l, a->label).dom != AAJ_NO;
}

int aaj_network_propose(struct aaj_learner *l)
{
    struct listeners *listening = calloc(1, sizeof(*listening));
    struct sums sums = { 0 };
    int r = listening ? 0 : -ENOMEM;

    for (uint32_t i = 0; r == 0 && i < l->n_access; i++) {
        struct aaj_str op = aaj_recording_str(l->in->recording, l->access[i].op);

        if (is_socket(l, &l->access[i]) && (aaj_str_eq(op, AAJ_STR("listen")) || aaj_str_eq(op, AAJ_STR("accept"))))
            note_listener(listening, port_of(aaj_arg(l, &l->access[i], AAJ_NET_LPORT)));
    }
    for (uint32_t i = 0; r == 0 && i < l->n_access; i++)
        if (is_socket(l, &l->access[i]))
            r = look_at(l, &sums, i, listening);
    if (r == 0 && sums.n)
        qsort(sums.item, sums.n, sizeof(*sums.item), by_dest);
    for (size_t i = 0, j; r == 0 && i < sums.n; i = j) {
        for (j = i + 1; j < sums.n && aaj_str_eq(sums.item[i].dest, sums.item[j].dest); j++)
            ;
        r = publish(l, &sums.item[i], j - i);
    }
    free(sums.item);
    free(listening);
    return r;
}
