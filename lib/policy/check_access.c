/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* network, unix, dbus, signal, ptrace, userns, mqueue, io_uring: the tables of their conditions. */
#include "policy/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"

enum side { OWN = 1, PEER = 2 };

struct key {
    const char *name;
    unsigned sides;
    bool several; /* a list of values */
    bool set;     /* := is possible */
    bool glob;
    bool (*valid)(struct aaj_str value); /* NULL: anything */
};

static bool is_socket_type(struct aaj_str s)
{
    static const char *const types[] = { "none", "stream", "dgram", "raw", "rdm", "seqpacket", "dccp", "packet" };

    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (aaj_str_eq(s, aaj_str_c(types[i])))
            return true;
    return false;
}

static bool is_unix_address(struct aaj_str s)
{
    return (s.n && s.p[0] == '@') || aaj_str_eq(s, AAJ_STR("none")) || aaj_str_eq(s, AAJ_STR("auto"));
}

static bool is_ip(struct aaj_str s)
{
    char buf[64];
    struct in6_addr addr;

    if (aaj_str_eq(s, AAJ_STR("none")))
        return true;
    if (s.n >= sizeof(buf))
        return false;
    memcpy(buf, s.p, s.n);
    buf[s.n] = '\0';
    return inet_pton(AF_INET, buf, &addr) == 1 || inet_pton(AF_INET6, buf, &addr) == 1;
}

static long port_number(struct aaj_str s)
{
    long n = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -1;
        n = n * 10 + s.p[i] - '0';
        if (n > 65535)
            return -1;
    }
    return s.n ? n : -1;
}

static bool is_port(struct aaj_str s)
{
    size_t dash = aaj_str_find(s, '-');
    long from = port_number(aaj_str_head(s, dash)), to = from;

    if (dash < s.n)
        to = port_number(aaj_str_skip(s, dash + 1));
    return from >= 0 && to >= from;
}

bool aaj_is_signal(struct aaj_str s)
{
    static const char *const names[] = {
        "hup", "int", "quit", "ill", "trap", "abrt", "bus", "fpe", "kill", "usr1", "segv", "usr2", "pipe", "alrm",
        "term", "stkflt", "chld", "cont", "stop", "stp", "tstp", "ttin", "ttou", "urg", "xcpu", "xfsz", "vtalrm",
        "prof", "winch", "io", "poll", "pwr", "sys", "emt", "exists",
    };
    long n;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (aaj_str_eq(s, aaj_str_c(names[i])))
            return true;
    n = aaj_str_starts(s, AAJ_STR("rtmin+")) ? port_number(aaj_str_skip(s, 6)) : -1;
    return n >= 0 && n <= 32;
}

static bool is_queue_type(struct aaj_str s)
{
    return aaj_str_eq(s, AAJ_STR("posix")) || aaj_str_eq(s, AAJ_STR("sysv"));
}

static const struct key unix_keys[] = {
    { "type", OWN, .valid = is_socket_type },
    { "addr", OWN | PEER, .glob = true, .valid = is_unix_address },
    { "label", PEER, .glob = true },
    { 0 },
};
static const struct key network_keys[] = {
    { "ip", OWN | PEER, .several = true, .valid = is_ip },
    { "port", OWN | PEER, .several = true, .valid = is_port },
    { "interface", OWN, .several = true, .glob = true },
    { "label", OWN | PEER, .several = true, .set = true, .glob = true },
    { 0 },
};
static const struct key dbus_keys[] = {
    { "bus", OWN | PEER, .glob = true },  { "path", OWN | PEER, .glob = true },
    { "name", OWN | PEER, .glob = true }, { "interface", OWN | PEER, .glob = true },
    { "label", PEER, .glob = true },      { "member", OWN | PEER, .glob = true },
    { 0 },
};
static const struct key signal_keys[] = {
    { "set", OWN, .several = true, .valid = aaj_is_signal },
    { "peer", OWN, .several = true, .glob = true },
    { 0 },
};
static const struct key ptrace_keys[] = { { "peer", OWN, .several = true, .glob = true }, { 0 } };
static const struct key mqueue_keys[] = {
    { "label", OWN, .several = true, .glob = true },
    { "type", OWN, .several = true, .valid = is_queue_type },
    { 0 },
};
static const struct key io_uring_keys[] = { { "label", OWN, .glob = true }, { 0 } };
static const struct key no_keys[] = { { 0 } };

static const struct key *keys_of(enum aaj_rule_kind kind)
{
    switch (kind) {
    case AAJ_RULE_NETWORK:
        return network_keys;
    case AAJ_RULE_UNIX:
        return unix_keys;
    case AAJ_RULE_DBUS:
        return dbus_keys;
    case AAJ_RULE_SIGNAL:
        return signal_keys;
    case AAJ_RULE_PTRACE:
        return ptrace_keys;
    case AAJ_RULE_MQUEUE:
        return mqueue_keys;
    case AAJ_RULE_IO_URING:
        return io_uring_keys;
    default:
        return no_keys;
    }
}

static int check_cond(struct aaj_parser *ps, struct aaj_item *item, const struct aaj_conds *conds, uint32_t index,
                      enum side side)
{
    const struct aaj_cond *cond = &conds->item[index];
    const char *shown = aaj_escape(ps->rd->arena, cond->key.value);
    const struct key *key = keys_of(item->rule.kind);
    int r = 0;

    while (key->name && !aaj_str_eq(cond->key.value, aaj_str_c(key->name)))
        key++;
    if (!key->name)
        return aaj_check_fail_at(ps, item, cond->key, "a %s rule has no '%s'", aaj_rule_keyword(item->rule.kind), shown);
    if (!(key->sides & side))
        return aaj_check_fail(ps, item, side == PEER ? "'%s' does not stand inside peer=()" : "'%s' stands inside peer=()",
                              shown);
    if (cond->op != AAJ_COND_EQ && !(cond->op == AAJ_COND_SET && key->set))
        return aaj_check_fail(ps, item, "'%s' needs '=' and a value", shown);
    if (cond->values.n > 1 && !key->several)
        return aaj_check_fail(ps, item, "'%s' has one value only", shown);
    if (aaj_conds_find(conds, aaj_str_c(key->name)) != cond && strcmp(key->name, "set") != 0)
        return aaj_check_fail(ps, item, "'%s' is said twice", shown);
    for (uint32_t i = 0; r == 0 && i < cond->values.n; i++) {
        struct aaj_text value = cond->values.item[i];

        if (key->valid && !key->valid(value.value))
            return aaj_check_fail_at(ps, item, value, "'%s' is no value of '%s'",
                                     aaj_escape(ps->rd->arena, value.value), shown);
        if (key->glob)
            r = aaj_check_glob(ps, item, value, 0);
    }
    return r;
}

static bool is_word(struct aaj_str s, const char *const *word)
{
    for (; *word; word++)
        if (aaj_str_eq(s, aaj_str_c(*word)))
            return true;
    return false;
}

static bool is_family(struct aaj_str s)
{
    static const char *const families[] = {
        "unspec", "unix", "inet", "ax25", "ipx", "appletalk", "netrom", "bridge", "atmpvc", "x25", "inet6", "rose",
        "netbeui", "security", "key", "netlink", "packet", "ash", "econet", "atmsvc", "rds", "sna", "irda", "pppox",
        "wanpipe", "llc", "ib", "mpls", "can", "tipc", "bluetooth", "iucv", "rxrpc", "isdn", "phonet", "ieee802154",
        "caif", "alg", "nfc", "vsock", "kcm", "qipcrtr", "smc", "xdp", "mctp", NULL
    };

    return is_word(s, families);
}

static bool is_type(struct aaj_str family, struct aaj_str s)
{
    static const char *const types[] = { "stream", "dgram", "seqpacket", "rdm", "raw", "packet", NULL };
    static const char *const inet[] = { "tcp", "udp", "icmp", NULL };
    static const char *const inet6[] = { "tcp", "udp", NULL };

    return is_word(s, types) || (aaj_str_eq(family, AAJ_STR("inet")) && is_word(s, inet)) ||
           (aaj_str_eq(family, AAJ_STR("inet6")) && is_word(s, inet6));
}

static const uint32_t peer_perms = 1u << 2 | 1u << 4 | 1u << 5 | 1u << 6; /* connect accept send receive */

static bool has_address(const struct aaj_conds *conds)
{
    return aaj_conds_find(conds, AAJ_STR("ip")) || aaj_conds_find(conds, AAJ_STR("port"));
}

static int check_network(struct aaj_parser *ps, struct aaj_item *item)
{
    const struct aaj_access_rule *rule = &item->rule.access;
    struct aaj_str family = rule->arg[0].value, type = rule->arg[1].value;
    bool inet = aaj_str_eq(family, AAJ_STR("inet")) || aaj_str_eq(family, AAJ_STR("inet6"));

    if (item->rule.prefix.priority)
        return aaj_check_fail(ps, item, "a network rule has no priority");
    if (aaj_text_set(rule->arg[1]) && (!is_family(family) || !is_type(family, type)))
        return aaj_check_fail_at(ps, item, rule->arg[1], "there is no network family '%s' with '%s'",
                                 aaj_escape(ps->rd->arena, family), aaj_escape(ps->rd->arena, type));
    if (aaj_text_set(rule->arg[0]) && !is_family(family) && !is_type(AAJ_STR("inet"), family))
        return aaj_check_fail_at(ps, item, rule->arg[0], "there is no network family or type '%s'",
                                 aaj_escape(ps->rd->arena, family));
    if ((has_address(&rule->conds) || has_address(&rule->peer)) && is_family(family) && !inet)
        return aaj_check_fail(ps, item, "only inet and inet6 have addresses and ports");
    if (rule->perms & ~peer_perms && has_address(&rule->peer))
        return aaj_check_fail(ps, item, "with peer=() only connect, accept, send and receive are possible");
    return 0;
}

static int check_unix(struct aaj_parser *ps, struct aaj_item *item)
{
    const struct aaj_access_rule *rule = &item->rule.access;

    if (rule->perms & ~peer_perms && rule->peer.n)
        return aaj_check_fail(ps, item, "with peer=() only connect, accept, send and receive are possible");
    return 0;
}

static int check_dbus(struct aaj_parser *ps, struct aaj_item *item)
{
    enum { SEND = 1, RECEIVE = 2, BIND = 4, EAVESDROP = 8 };
    const struct aaj_access_rule *rule = &item->rule.access;
    bool service = aaj_conds_find(&rule->conds, AAJ_STR("name")), message = false;
    static const char *const words[] = { "path", "interface", "member", "label" };

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        message |= aaj_conds_find(&rule->conds, aaj_str_c(words[i])) || aaj_conds_find(&rule->peer, aaj_str_c(words[i]));
    message |= !service && aaj_conds_find(&rule->peer, AAJ_STR("name"));
    if (service && aaj_conds_find(&rule->peer, AAJ_STR("name")))
        return aaj_check_fail(ps, item, "'name' is said twice");
    if (message && service)
        return aaj_check_fail(ps, item, "'name=' is about a service, the other conditions are about messages");
    if (message && rule->perms & BIND)
        return aaj_check_fail(ps, item, "'bind' does not go with conditions about messages");
    if (service && rule->perms & (SEND | RECEIVE))
        return aaj_check_fail(ps, item, "'send' and 'receive' do not go with the name of a service; use peer=(name=…)");
    if (rule->perms & EAVESDROP && (message || service))
        return aaj_check_fail(ps, item, "'eavesdrop' can only have 'bus='");
    return 0;
}

static bool all_digits(struct aaj_str s)
{
    return port_number(aaj_str_head(s, 4)) >= 0 && strspn(s.p, "0123456789") >= s.n;
}

static int check_mqueue(struct aaj_parser *ps, struct aaj_item *item)
{
    const struct aaj_access_rule *rule = &item->rule.access;
    const struct aaj_cond *type = aaj_conds_find(&rule->conds, AAJ_STR("type"));
    bool posix = type && aaj_str_eq(type->values.item[0].value, AAJ_STR("posix"));
    bool sysv = type && !posix;
    struct aaj_str name = rule->arg[0].value;

    if (aaj_text_set(rule->arg[0])) {
        bool path = name.n && name.p[0] == '/', number = name.n && all_digits(name);

        if (!path && !number)
            return aaj_check_fail(ps, item, "the name of a message queue begins with '/' or is a number");
        if ((path && sysv) || (number && posix))
            return aaj_check_fail(ps, item, "posix message queues begin with '/', sysv ones are numbers");
    }
    return aaj_check_glob(ps, item, rule->arg[0], 0);
}

int aaj_check_access(struct aaj_parser *ps, struct aaj_item *item)
{
    const struct aaj_access_rule *rule = &item->rule.access;
    int r = 0;

    if (item->rule.prefix.owner)
        return aaj_check_fail(ps, item, "a %s rule has no owner", aaj_rule_keyword(item->rule.kind));
    for (uint32_t i = 0; r == 0 && i < rule->conds.n; i++)
        r = check_cond(ps, item, &rule->conds, i, OWN);
    for (uint32_t i = 0; r == 0 && i < rule->peer.n; i++)
        r = check_cond(ps, item, &rule->peer, i, PEER);
    if (r < 0)
        return r;
    switch (item->rule.kind) {
    case AAJ_RULE_NETWORK:
        return check_network(ps, item);
    case AAJ_RULE_UNIX:
        return check_unix(ps, item);
    case AAJ_RULE_DBUS:
        return check_dbus(ps, item);
    case AAJ_RULE_MQUEUE:
        return check_mqueue(ps, item);
    default:
        return 0;
    }
}
