/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network rules: family and type decide where the policy says no more, else protocol, addresses and peers do. The order
 * of what is walked then is that of match/net.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

#include "base/grow.h"
#include "check/diff_private.h"
#include "match/classes.h"

enum { CMD_ADDR = 1, CMD_LISTEN = 2, CMD_OPT = 4 };

static uint8_t take(struct aaj_str *s)
{
    uint8_t byte = s->n ? (uint8_t)s->p[0] : 0;

    *s = aaj_str_skip(*s, 1);
    return byte;
}

static unsigned take16(struct aaj_str *s)
{
    unsigned high = take(s);

    return high << 8 | take(s);
}

/* Kind of port, port, kind of address, address, NUL. */
static struct aaj_str show_address(struct differ *d, struct aaj_str out, struct aaj_str *s)
{
    const char *side = take(s) == 2 ? "peer" : "local";
    unsigned port = take16(s), kind = take(s);
    char text[INET6_ADDRSTRLEN] = "any";
    uint8_t addr[16] = { 0 };
    size_t n = kind == 1 ? 4 : kind == 2 ? 16 : 0;

    for (size_t i = 0; i < n; i++)
        addr[i] = take(s);
    if (n)
        inet_ntop(n == 4 ? AF_INET : AF_INET6, addr, text, sizeof(text));
    take(s);
    return aaj_arena_printf(&d->out->arena, n == 16 ? "%.*s %s=[%s]:%u" : "%.*s %s=%s:%u", AAJ_STR_ARG(out), side, text, port);
}

static struct aaj_str show_inet(struct differ *d, struct aaj_str name)
{
    struct aaj_str out;

    if (name.n < 2)
        return aaj_arena_printf(&d->out->arena, "any address");
    out = aaj_arena_printf(&d->out->arena, "protocol=%u", take16(&name));
    if (name.n && out.p)
        out = show_address(d, out, &name);
    if (name.n && out.p) { /* the peer's label, which is empty */
        if (!name.p[0])
            take(&name);
        if (take(&name) == CMD_ADDR && name.n)
            out = show_address(d, out, &name);
    }
    return out;
}

/* An address ends with a NUL; "\1" is none, and a leading NUL makes it abstract. Rules also match an empty one, which no
 * socket has: then only the end stands there, and behind it the label's end with a command, or the label. */
static bool is_abstract(struct aaj_str s)
{
    struct aaj_str rest = aaj_str_skip(s, 1);
    size_t end = aaj_str_find(rest, '\0');

    return s.n && !s.p[0] && end < rest.n && !(end == 0 && rest.n > 1 && strchr("\1\2\4", rest.p[1]));
}

static struct aaj_str show_name(struct differ *d, struct aaj_str out, const char *key, struct aaj_str *s)
{
    bool abstract = is_abstract(*s);
    struct aaj_str addr;

    if (abstract)
        take(s);
    addr = aaj_str_head(*s, aaj_str_find(*s, '\0'));
    *s = aaj_str_skip(*s, addr.n + 1);
    if (!abstract && (!addr.n || (addr.n == 1 && addr.p[0] == 1)))
        return aaj_arena_printf(&d->out->arena, "%.*s %s=%s", AAJ_STR_ARG(out), key, addr.n ? "none" : "any");
    return aaj_arena_printf(&d->out->arena, "%.*s %s=%s%.*s", AAJ_STR_ARG(out), key, abstract ? "@" : "", AAJ_STR_ARG(addr));
}

static struct aaj_str show_unix(struct differ *d, struct aaj_str name)
{
    struct aaj_str out;
    uint8_t command;

    if (name.n < 2)
        return aaj_arena_printf(&d->out->arena, "any address");
    out = aaj_arena_printf(&d->out->arena, "protocol=%u", take16(&name));
    if (!name.n || !out.p)
        return out;
    out = show_name(d, out, "addr", &name);
    take(&name); /* the end of the local label */
    command = take(&name);
    if (command == CMD_ADDR && out.p) {
        out = show_name(d, out, "peer addr", &name);
        if (name.n && out.p)
            out = aaj_arena_printf(&d->out->arena, "%.*s label=%.*s", AAJ_STR_ARG(out), AAJ_STR_ARG(name));
    }
    return out;
}

static struct aaj_str show_protocol(struct differ *d, struct aaj_str name)
{
    return aaj_arena_printf(&d->out->arena, name.n < 2 ? "any protocol" : "protocol=%u", take16(&name));
}

struct side {
    uint32_t state, rights;
    bool further; /* what is not granted here is looked up behind it */
};

static struct side side_of(const struct aaj_match_profile *p, unsigned family, unsigned type)
{
    uint32_t start = p ? aaj_match_net_start(p) : AAJ_DFA_TRAP;
    struct side side = { 0 };
    struct aaj_perms perms;

    if (p && start == AAJ_DFA_TRAP && family == AF_UNIX)
        start = aaj_match_class_start(p, AAJ_MATCH_NET);
    if (start == AAJ_DFA_TRAP)
        return side;
    side.state = aaj_match_step16(p, aaj_match_step16(p, start, family), type);
    perms = aaj_match_state_perms(p, side.state);
    side.rights = perms.allow & ~perms.deny & ~(AAJ_PERM_CONTINUE | AAJ_PERM_LOCK);
    side.further = perms.allow & AAJ_PERM_CONTINUE;
    /* Details of unix sockets follow without a mark; what stands here is for kernels that do not look at them (af_unix.c). */
    if (family == AF_UNIX && (aaj_match_class_start(p, AAJ_MATCH_NETV9) || aaj_match_class_start(p, AAJ_MATCH_NET))) {
        side.further = true;
        side.rights = 0;
    }
    return side;
}

/* Nothing but family and type decides. A rule without permissions grants them all, so that to create stands for all. */
static int tell_whole(struct differ *d, uint32_t a, uint32_t b)
{
    const uint32_t bits[] = { [AAJ_DIFF_WIDER] = b & ~a, [AAJ_DIFF_NARROWER] = a & ~b };
    int r = 0;

    for (unsigned way = 0; r == 0 && way < AAJ_ARRAY_SIZE(bits); way++) {
        struct aaj_str words = AAJ_STR(""), what;

        if (!(bits[way] & AAJ_PERM_CREATE))
            words = aaj_words_of_perms(AAJ_WORDS_NET, bits[way], &d->out->arena);
        if (!bits[way] || (!words.n && !(bits[way] & AAJ_PERM_CREATE)))
            continue;
        what = aaj_arena_printf(&d->out->arena, "%.*s%s%.*s", AAJ_STR_ARG(d->prefix), words.n ? " " : "", AAJ_STR_ARG(words));
        r = what.p ? aaj_diff_tell(d, (enum aaj_diff_direction)way, "network", what, (struct aaj_str){ 0 }) : -ENOMEM;
    }
    return r;
}

static int compare_socket(struct differ *d, unsigned family, unsigned type)
{
    struct side a = side_of(d->a, family, type), b = side_of(d->b, family, type);
    const char *f = aaj_family_name(family), *t = aaj_socket_type_name(type);

    if (!f || !t || (!a.state && !b.state))
        return 0;
    d->prefix = family == AF_UNIX && (a.further || b.further) ? aaj_arena_printf(&d->out->arena, "%s", t)
                                                              : aaj_arena_printf(&d->out->arena, "%s %s", f, t);
    if (!d->prefix.p)
        return -ENOMEM;
    d->class = family == AF_UNIX ? "unix" : "network";
    if (!a.further && !b.further)
        return tell_whole(d, a.rights, b.rights);
    d->words = AAJ_WORDS_NET;
    d->show = family == AF_UNIX ? show_unix : family == AF_INET || family == AF_INET6 ? show_inet : show_protocol;
    d->marks = AAJ_PERM_CONTINUE | AAJ_PERM_LOCK;
    d->had_a = a.rights;
    d->had_b = b.rights;
    d->shortest = family == AF_UNIX ? 2 : 0;
    return aaj_diff_walk(d, a.further ? a.state : AAJ_DFA_TRAP, b.further ? b.state : AAJ_DFA_TRAP);
}

int aaj_diff_networks(struct differ *d)
{
    bool a = d->a && aaj_match_net_start(d->a), b = d->b && aaj_match_net_start(d->b);
    int r = 0;

    if (d->a && d->b && a != b)
        return aaj_diff_tell(d, b ? AAJ_DIFF_NARROWER : AAJ_DIFF_WIDER, "network",
                             b ? AAJ_STR("mediated now") : AAJ_STR("no longer mediated"), (struct aaj_str){ 0 });
    for (unsigned family = 1; family < AF_MAX; family++)
        for (unsigned type = 1; r == 0 && type <= SOCK_PACKET; type++)
            r = compare_socket(d, family, type);
    return r;
}
