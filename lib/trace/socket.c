/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls about sockets. They ask before they fail, so a connection that was refused is one that was wanted. */
#include <errno.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/grow.h"
#include "log/sockaddr.h"
#include "trace/impl.h"

enum { NET_CREATE = 1u << 0 };

/* Names as AppArmor's records have them (security/apparmor/net.c). */
static const char *const families[] = {
    [AF_UNIX] = "unix",
    [AF_INET] = "inet",
    [AF_INET6] = "inet6",
    [AF_NETLINK] = "netlink",
    [AF_PACKET] = "packet",
    [AF_ALG] = "alg",
    [AF_BLUETOOTH] = "bluetooth",
    [AF_CAN] = "can",
    [AF_KEY] = "key",
    [AF_VSOCK] = "vsock",
    [AF_XDP] = "xdp",
    [AF_TIPC] = "tipc",
    [AF_RDS] = "rds",
    [AF_AX25] = "ax25",
    [AF_IPX] = "ipx",
    [AF_X25] = "x25",
};
static const char *const types[] = {
    [SOCK_STREAM] = "stream",       [SOCK_DGRAM] = "dgram", [SOCK_RAW] = "raw",       [SOCK_RDM] = "rdm",
    [SOCK_SEQPACKET] = "seqpacket", [SOCK_DCCP] = "dccp",   [SOCK_PACKET] = "packet",
};

static struct aaj_str word(const char *const *names, size_t n, uint64_t number)
{
    return number < n && names[number] ? aaj_str_c(names[number]) : (struct aaj_str){ "", 0 };
}

/* "socket:inet:stream:tcp" of a descriptor, taken apart; false when it is none. */
static bool socket_of(const struct trace *t, uint64_t fd, struct aaj_str part[static 3])
{
    static const struct aaj_str mark = AAJ_STR_INIT("socket:");
    const struct descriptor *d = trace_descriptor(t, t->who, fd);
    struct aaj_str rest = d ? aaj_intern_str(&t->strings, d->name) : (struct aaj_str){ "", 0 };

    if (!aaj_str_starts(rest, mark))
        return false;
    rest = aaj_str_skip(rest, mark.n);
    for (unsigned i = 0; i < 3; i++) {
        part[i] = aaj_str_head(rest, aaj_str_find(rest, ':'));
        rest = aaj_str_skip(rest, part[i].n + 1);
    }
    return true;
}

/* Of one family, type and protocol: a record of the class that these have. */
static struct aaj_event net_event(const char *op, uint32_t mask, const struct aaj_str part[static 3])
{
    bool local = aaj_str_eq(part[0], AAJ_STR("unix"));
    struct aaj_event e = { .class = local ? AAJ_CLASS_UNIX : AAJ_CLASS_NET,
                           .op = aaj_str_c(op),
                           .requested = mask,
                           .fsuid = AAJ_UID_NONE,
                           .ouid = AAJ_UID_NONE };

    if (local) {
        e.arg[AAJ_UNIX_TYPE] = part[1];
    } else {
        e.arg[AAJ_NET_FAMILY] = part[0];
        e.arg[AAJ_NET_TYPE] = part[1];
        e.arg[AAJ_NET_PROTOCOL] = part[2];
    }
    return e;
}

static int call_socket(struct trace *t)
{
    enum { TYPE_MASK = 0xf };
    const struct aaj_call *c = t->call;
    const char *protocol = aaj_log_protocol(c->arg[2]);
    struct aaj_str part[3] = { word(families, AAJ_ARRAY_SIZE(families), c->arg[0]),
                               word(types, AAJ_ARRAY_SIZE(types), c->arg[1] & TYPE_MASK) },
                   text;
    struct aaj_event e;
    int r;

    if (!c->success || !part[0].n || !part[1].n) {
        t->stats->failed += !c->success;
        t->stats->other += c->success;
        return 0;
    }
    part[2] = aaj_str_starts(part[0], AAJ_STR("inet")) && protocol
                  ? aaj_str_c(protocol)
                  : aaj_arena_printf(&t->arena, "%u", (unsigned)c->arg[2]);
    text = aaj_arena_printf(&t->arena, "socket:%.*s:%.*s:%.*s", AAJ_STR_ARG(part[0]), AAJ_STR_ARG(part[1]),
                            AAJ_STR_ARG(part[2]));
    if (!text.p)
        return -ENOMEM;
    e = net_event("create", NET_CREATE, part);
    r = trace_add(t, &e);
    if (r == 0 && trace_is(t, "socketpair"))
        for (unsigned i = 0; r == 0 && i < 2; i++)
            r = trace_opened(t, t->who, c->fd_pair[i], text, AAJ_UID_NONE, 0);
    else if (r == 0)
        r = trace_opened(t, t->who, c->exit, text, AAJ_UID_NONE, 0);
    return r;
}

/* What the system refuses before AppArmor is asked. */
static bool was_asked(const struct aaj_call *c)
{
    return c->success || (c->exit != -EBADF && c->exit != -ENOTSOCK && c->exit != -EFAULT && c->exit != -EINVAL &&
                          c->exit != -EACCES && c->exit != -EPERM && c->exit != -EAFNOSUPPORT);
}

static int call_address(struct trace *t, bool local, uint32_t mask)
{
    const struct aaj_call *c = t->call;
    struct aaj_str part[3] = { 0 };
    struct aaj_event e;
    struct aaj_sockaddr sa;
    bool known = socket_of(t, c->arg[0], part);
    int r = 0;

    if (!was_asked(c)) {
        t->stats->failed++;
        return 0;
    }
    if (known) {
        bool sends = aaj_str_starts(c->name, AAJ_STR("send"));

        e = net_event(sends ? "sendmsg" : local ? "bind" : "connect", mask, part);
        r = trace_add(t, &e);
    }
    if (r < 0 || !aaj_sockaddr_parse(c->saddr, &sa) ||
        (!local && aaj_str_eq((struct aaj_str){ sa.port, sa.port_len }, AAJ_STR("0"))))
        return r;
    e = (struct aaj_event){
        .class = AAJ_CLASS_SOCKADDR, .op = c->name, .requested = mask, .fsuid = AAJ_UID_NONE, .ouid = AAJ_UID_NONE
    };
    e.arg[AAJ_NET_FAMILY] = sa.name;
    if (known && !aaj_str_eq(part[0], AAJ_STR("unix"))) {
        e.arg[AAJ_NET_TYPE] = part[1];
        e.arg[AAJ_NET_PROTOCOL] = part[2];
    }
    e.arg[local ? AAJ_NET_LADDR : AAJ_NET_FADDR] = (struct aaj_str){ sa.addr, sa.addr_len };
    e.arg[local ? AAJ_NET_LPORT : AAJ_NET_FPORT] = (struct aaj_str){ sa.port, sa.port_len };
    return trace_add(t, &e);
}

int trace_socket_call(struct trace *t)
{
    uint32_t mask;
    bool local;

    if (trace_is(t, "socket") || trace_is(t, "socketpair"))
        return call_socket(t);
    if (aaj_sockaddr_meaning(t->call->name, &local, &mask))
        return call_address(t, local, mask);
    return -ENOENT;
}
