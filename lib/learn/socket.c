/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets: network rules, with addresses where the target decides by them, and local sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "learn/other.h"
#include "policy/quote.h"

/* The bits of AAJ_CLASS_NET's and AAJ_CLASS_UNIX's words. */
static uint32_t bits_of(const char *const *word, size_t n)
{
    uint32_t bits = 0;

    for (unsigned b = 0; aaj_class_info[AAJ_CLASS_UNIX].mask_word[b]; b++)
        for (size_t w = 0; w < n; w++)
            if (strcmp(aaj_class_info[AAJ_CLASS_UNIX].mask_word[b], word[w]) == 0)
                bits |= 1u << b;
    return bits;
}

/* Conditions about the peer go with these permissions only (apparmor.d(5), network and unix rules). */
static uint32_t peer_perms(void)
{
    static const char *const word[] = { "accept", "connect", "send", "receive" };

    return bits_of(word, AAJ_ARRAY_SIZE(word));
}

/* Words of old logs that are no words of the language: the policy knows them as other words or not at all. */
static uint32_t rule_perms(uint32_t mask)
{
    static const char *const from[] = { "read", "write" }, *const to[] = { "receive", "send" };
    static const char *const none[] = { "read", "write", "open", "delete" };

    for (unsigned i = 0; i < AAJ_ARRAY_SIZE(from); i++)
        if (mask & bits_of(&from[i], 1))
            mask |= bits_of(&to[i], 1);
    return mask & ~bits_of(none, AAJ_ARRAY_SIZE(none));
}

/* ---- networks ---- */

/* One end of a connection, as a rule may say it; empty: not said. */
struct side {
    struct aaj_str ip, port;
};

static struct side side_of(const struct aaj_learner *l, const struct aaj_access *a, unsigned addr,
                           unsigned port)
{
    struct side s = { aaj_arg(l, a, addr), aaj_arg(l, a, port) };
    char text[INET6_ADDRSTRLEN];
    struct in6_addr bytes;

    if (s.ip.n >= sizeof(text))
        return (struct side){ { "", 0 }, { "", 0 } };
    memcpy(text, s.ip.p, s.ip.n);
    text[s.ip.n] = '\0';
    if (inet_pton(AF_INET, text, &bytes) != 1 && inet_pton(AF_INET6, text, &bytes) != 1)
        s.ip = AAJ_STR("");
    for (size_t i = 0; i < s.port.n; i++)
        if (s.port.p[i] < '0' || s.port.p[i] > '9' || s.port.n > 5)
            s.port.n = 0;
    if (aaj_str_eq(s.port, AAJ_STR("0")))
        s.port.n = 0;
    return s;
}

static int add_side(struct aaj_learner *l, struct aaj_item *item, bool peer, const struct side *s)
{
    int r = s->ip.n ? aaj_other_cond(l, item, peer, "ip", s->ip, false) : 0;

    return r == 0 && s->port.n ? aaj_other_cond(l, item, peer, "port", s->port, false) : r;
}

static int network_rule(struct aaj_learner *l, uint32_t i, uint32_t dom, uint32_t perms,
                        const struct side *local, const struct side *peer)
{
    struct aaj_str family = aaj_arg(l, &l->access[i], AAJ_NET_FAMILY),
                   type = aaj_arg(l, &l->access[i], AAJ_NET_TYPE);
    struct aaj_str ends =
        aaj_arena_printf(&l->scratch, "%.*s %.*s %.*s %.*s", AAJ_STR_ARG(local->ip), AAJ_STR_ARG(local->port),
                         AAJ_STR_ARG(peer->ip), AAJ_STR_ARG(peer->port));
    struct aaj_draft *d;
    int r =
        ends.p ? aaj_other_draft(l, i, dom, aaj_other_key(l, "network", family, type, ends), &d) : -ENOMEM;

    if (r > 0) {
        r = aaj_other_made(d, aaj_rule_access(l->arena, AAJ_RULE_NETWORK, 0));
        if (r == 0)
            d->item->rule.access.arg[0] = aaj_other_word(l, family);
        if (r == 0 && type.n)
            d->item->rule.access.arg[1] = aaj_other_word(l, type);
        if (r == 0)
            r = add_side(l, d->item, false, local);
        if (r == 0)
            r = add_side(l, d->item, true, peer);
    }
    if (r == 0)
        d->item->rule.access.perms |= perms;
    return r;
}

/*
 * Where the target asks for addresses too: of a connection that the slave opened the peer counts, of one that
 * came in the slave's own end. The reading of the log took the port out that a kernel had picked
 * (log/event.h), and so says which it is.
 */
static int network_ends(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    static const struct side any = { { "", 0 }, { "", 0 } };
    const struct aaj_access *a = &l->access[i];
    struct side local = side_of(l, a, AAJ_NET_LADDR, AAJ_NET_LPORT);
    struct side peer = side_of(l, a, AAJ_NET_FADDR, AAJ_NET_FPORT);
    uint32_t perms = rule_perms(aaj_other_mask(a)), with_peer = perms & peer_perms();
    int r = 0;

    if (peer.ip.n && peer.port.n && !local.port.n)
        local = any;
    else if (local.port.n && !peer.port.n)
        peer = any;
    if (!perms) /* before Linux 4.17 records said no permission */
        return network_rule(l, i, dom, 0, &local, &peer);
    if (!peer.ip.n && !peer.port.n)
        with_peer = 0;
    if (with_peer)
        r = network_rule(l, i, dom, with_peer, &local, &peer);
    if (r == 0 && perms & ~with_peer)
        r = network_rule(l, i, dom, perms & ~with_peer, &local, &any);
    return r;
}

/* AppArmor's sockets know families and types; on most targets addresses are the firewall's. */
int aaj_other_network(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    static const struct side any = { { "", 0 }, { "", 0 } };
    const struct aaj_access *a = &l->access[i];
    struct aaj_str family = aaj_arg(l, a, AAJ_NET_FAMILY), type = aaj_arg(l, a, AAJ_NET_TYPE);
    bool addresses = l->in->target->mediates & AAJ_MEDIATES_NET_ADDR &&
                     l->in->target->parser_features & AAJ_PARSER_NET_ADDR &&
                     aaj_str_starts(family, AAJ_STR("inet"));

    if (!aaj_other_is_word(family) || (type.n && !aaj_other_is_word(type)))
        return -EINVAL;
    return addresses ? network_ends(l, i, dom) : network_rule(l, i, dom, 0, &any, &any);
}

/* ---- local sockets ---- */

/* Five digits in hex are a name that the kernel picked (unix_autobind() in net/unix/af_unix.c): another each
 * time. */
static bool is_picked(struct aaj_str addr)
{
    for (size_t i = 1; i < addr.n; i++)
        if (!strchr("0123456789abcdef", addr.p[i]) || addr.p[i] == '\0')
            return false;
    return addr.n == 6 && addr.p[0] == '@';
}

static struct aaj_str unix_address(const struct aaj_learner *l, const struct aaj_access *a, unsigned arg)
{
    struct aaj_str addr = aaj_arg(l, a, arg);

    return is_picked(addr) || aaj_str_eq(addr, AAJ_STR("none")) ? AAJ_STR("") : addr;
}

struct unix_peer {
    struct aaj_str addr;
    struct aaj_str label; /* a glob */
};

static int unix_rule(struct aaj_learner *l, uint32_t i, uint32_t dom, uint32_t perms, struct aaj_str addr,
                     const struct unix_peer *peer)
{
    struct aaj_str type = aaj_arg(l, &l->access[i], AAJ_UNIX_TYPE);
    struct aaj_str who =
        aaj_arena_printf(&l->scratch, "%.*s\n%.*s", AAJ_STR_ARG(peer->addr), AAJ_STR_ARG(peer->label));
    struct aaj_draft *d;
    int r = who.p ? aaj_other_draft(l, i, dom, aaj_other_key(l, "unix", type, addr, who), &d) : -ENOMEM;

    if (r > 0) {
        r = aaj_other_made(d, aaj_rule_access(l->arena, AAJ_RULE_UNIX, 0));
        if (r == 0)
            r = aaj_rule_add_cond(l->arena, d->item, "type", aaj_other_word(l, type));
        if (r == 0 && addr.n)
            r = aaj_other_cond(l, d->item, false, "addr", addr, false);
        if (r == 0 && peer->addr.n)
            r = aaj_other_cond(l, d->item, true, "addr", peer->addr, false);
        if (r == 0 && peer->label.n)
            r = aaj_other_cond(l, d->item, true, "label", peer->label, true);
    }
    if (r == 0)
        d->item->rule.access.perms |= perms;
    return r;
}

/* Where local sockets are not told apart, they are sockets of a family. */
static int unix_family(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    struct aaj_str type = aaj_arg(l, &l->access[i], AAJ_UNIX_TYPE);
    struct aaj_draft *d;
    int r;

    if (type.n && !aaj_other_is_word(type))
        return -EINVAL;
    r = aaj_other_draft(l, i, dom, aaj_other_key(l, "network", AAJ_STR("unix"), type, AAJ_STR("")), &d);
    if (r <= 0)
        return r;
    r = aaj_other_made(d, aaj_rule_access(l->arena, AAJ_RULE_NETWORK, 0));
    if (r == 0) {
        d->item->rule.access.arg[0] = aaj_text_word("unix");
        if (type.n)
            d->item->rule.access.arg[1] = aaj_other_word(l, type);
    }
    return r;
}

int aaj_other_unix(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    static const struct unix_peer nobody = { { "", 0 }, { "", 0 } };
    const struct aaj_access *a = &l->access[i];
    struct unix_peer peer = { .addr = unix_address(l, a, AAJ_UNIX_PEER_ADDR) };
    struct aaj_str addr = unix_address(l, a, AAJ_UNIX_ADDR);
    uint32_t perms = rule_perms(aaj_other_mask(a)), with_peer;
    int r = 0;

    if (!(l->in->target->mediates & AAJ_MEDIATES_UNIX))
        return unix_family(l, i, dom);
    if (!aaj_other_is_word(aaj_arg(l, a, AAJ_UNIX_TYPE)))
        return -EINVAL;
    if (aaj_arg(l, a, AAJ_UNIX_PEER_LABEL).n)
        r = aaj_other_peer(l, i, dom, aaj_arg(l, a, AAJ_UNIX_PEER_LABEL), &peer.label);
    if (r)
        return r;
    if (!perms)
        return -EINVAL; /* a rule without a permission grants all of them */
    with_peer = peer.label.n || peer.addr.n ? perms & peer_perms() : 0;
    if (with_peer)
        r = unix_rule(l, i, dom, with_peer, addr, &peer);
    if (r == 0 && perms & ~with_peer)
        r = unix_rule(l, i, dom, perms & ~with_peer, addr, &nobody);
    return r;
}

/* ---- sockets that executed programs keep ---- */

/* All domains that are reached from @from by exec, marked in @reached. */
static void reach(const struct aaj_learner *l, uint32_t from, bool *reached)
{
    bool more = true;

    memset(reached, 0, l->n_doms * sizeof(*reached));
    while (more) {
        more = false;
        for (size_t i = 0; i < l->n_edges; i++) {
            const struct aaj_edge *e = &l->edge[i];
            uint32_t at = l->dom[e->from].same, to = e->to == AAJ_NO ? AAJ_NO : l->dom[e->to].same;

            if (to == AAJ_NO || to == from || reached[to] || (at != from && !reached[at]))
                continue;
            reached[to] = more = true;
        }
    }
}

static int inherit(struct aaj_learner *l, uint32_t i, uint32_t from, bool *reached)
{
    const struct aaj_access *a = &l->access[i];
    size_t before;
    int r = 0;

    reach(l, from, reached);
    for (uint32_t dom = 0; dom < l->n_doms && r >= 0; dom++) {
        if (!reached[dom])
            continue;
        before = l->n_drafts;
        r = a->class == AAJ_CLASS_UNIX ? aaj_other_unix(l, i, dom) : aaj_other_network(l, i, dom);
        for (size_t k = before; k < l->n_drafts; k++)
            l->draft[k].inferences |= 1u << AAJ_INFER_INHERIT;
    }
    return r == -EINVAL || r > 0 ? 0 : r;
}

/* Two accesses that make the same rule: the kernel's records differ in addresses. */
static bool same_socket(const struct aaj_access *a, const struct aaj_access *b)
{
    return a->label == b->label && a->class == b->class && a->arg[AAJ_NET_FAMILY] == b->arg[AAJ_NET_FAMILY] &&
           a->arg[AAJ_NET_TYPE] == b->arg[AAJ_NET_TYPE];
}

/*
 * A program that was executed keeps the sockets open that its parent had. While learning, the kernel writes
 * the inheritance down under the parent's label; in enforce mode it asks the new profile, and a refusal
 * closes the socket under the program (aa_inherit_files() in security/apparmor/domain.c): a CGI program would
 * lose its output.
 */
int aaj_other_inherit(struct aaj_learner *l)
{
    bool *reached = calloc(l->n_doms ? l->n_doms : 1, sizeof(*reached));
    const struct aaj_access *last = NULL;
    int r = reached ? 0 : -ENOMEM;

    for (uint32_t i = 0; i < l->n_access && r == 0 && aaj_infers(l, AAJ_INFER_INHERIT); i++) {
        const struct aaj_access *a = &l->access[i];
        struct aaj_place at;

        if ((a->class != AAJ_CLASS_NET && a->class != AAJ_CLASS_UNIX) ||
            !aaj_str_eq(aaj_recording_str(l->in->recording, a->op), AAJ_STR("file_inherit")) ||
            (last && same_socket(last, a)) || (!a->allowed && !l->in->grant_denied) ||
            !aaj_other_is_mediated(l, (enum aaj_class)a->class))
            continue;
        last = a;
        at = aaj_tree_place(l, a->label);
        if (at.dom != AAJ_NO && aaj_str_starts(aaj_recording_str(l->in->recording, a->label), l->log_top))
            r = inherit(l, i, l->dom[at.dom].same, reached);
    }
    free(reached);
    return r;
}
