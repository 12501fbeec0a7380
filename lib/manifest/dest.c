/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One destination: "tcp 10.0.5.0/24:8000-8100", "udp [2001:db8::5]:53", "resolver", "resolver 10.0.0.53". */
#include <arpa/inet.h>
#include <errno.h>

#include "manifest/manifest.h"

enum { HOST_MAX = 253, NUMBER_DIGITS = 5 };

static const struct {
    struct aaj_str name;
    uint8_t proto;
} protos[] = {
    { AAJ_STR_INIT("tcp"), IPPROTO_TCP },
    { AAJ_STR_INIT("udp"), IPPROTO_UDP },
    { AAJ_STR_INIT("icmp"), IPPROTO_ICMP },
    { AAJ_STR_INIT("any"), 0 },
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Decimal without sign, blanks or leading zeros, at most @max. */
static bool parse_number(struct aaj_str s, unsigned max, unsigned *ret)
{
    unsigned v = 0;

    if (s.n == 0 || s.n > NUMBER_DIGITS || (s.n > 1 && s.p[0] == '0'))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!is_digit(s.p[i]))
            return false;
        v = v * 10 + (unsigned)(s.p[i] - '0');
    }
    if (v > max)
        return false;
    *ret = v;
    return true;
}

static const char *parse_ports(struct aaj_str s, struct aaj_dest *d)
{
    size_t dash = aaj_str_find(s, '-');
    unsigned lo, hi;

    if (d->proto != IPPROTO_TCP && d->proto != IPPROTO_UDP)
        return "a port needs tcp or udp";
    if (!parse_number(aaj_str_head(s, dash), UINT16_MAX, &lo))
        return "a port is a number from 1 to 65535";
    hi = lo;
    if (dash < s.n && !parse_number(aaj_str_skip(s, dash + 1), UINT16_MAX, &hi))
        return "a port is a number from 1 to 65535";
    if (lo == 0 || hi < lo)
        return "a port range goes from a lower to a higher port, both from 1 to 65535";
    d->port_lo = (uint16_t)lo;
    d->port_hi = (uint16_t)hi;
    return NULL;
}

static bool parse_address(struct aaj_str s, struct aaj_dest *d)
{
    char buf[INET6_ADDRSTRLEN];

    if (s.n >= sizeof(buf) || memchr(s.p, '\0', s.n))
        return false;
    memcpy(buf, s.p, s.n);
    buf[s.n] = '\0';
    if (inet_pton(AF_INET, buf, &d->addr) == 1)
        d->family = AF_INET;
    else if (inet_pton(AF_INET6, buf, &d->addr) == 1)
        d->family = AF_INET6;
    else
        return false;
    return true;
}

static bool has_host_bits(const struct aaj_dest *d)
{
    unsigned bits = d->family == AF_INET ? 32 : 128;

    for (unsigned i = d->prefix; i < bits; i++)
        if (d->addr.s6_addr[i / 8] & (0x80 >> (i % 8)))
            return true;
    return false;
}

static const char *parse_prefix(struct aaj_str s, struct aaj_dest *d)
{
    unsigned bits = d->family == AF_INET ? 32 : 128, len;

    if (d->kind == AAJ_DEST_HOST)
        return "a prefix length needs an address, not a name";
    if (!parse_number(s, bits, &len))
        return d->family == AF_INET ? "a prefix length is a number from 0 to 32"
                                    : "a prefix length is a number from 0 to 128";
    d->prefix = (uint8_t)len;
    return has_host_bits(d) ? "bits are set behind the prefix; write the network's own address" : NULL;
}

/* RFC 1123 labels; a name of digits and dots alone is a mistyped address. */
static bool is_host_name(struct aaj_str s)
{
    bool letter = false;

    if (s.n == 0 || s.n > HOST_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i], before = i ? s.p[i - 1] : '.', after = i + 1 < s.n ? s.p[i + 1] : '.';
        bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        letter |= alpha;
        if (c == '.' || c == '-') {
            if (before == '.' || before == '-' ? c == '.' || before == '.' : i == 0)
                return false;
            if (c == '-' && after == '.')
                return false;
        } else if (!alpha && !is_digit(c)) {
            return false;
        }
    }
    return letter && s.p[s.n - 1] != '.';
}

/* [host] or host up to '/' or ':'; *ret_rest is what stands behind. */
static const char *parse_host(struct aaj_str s, struct aaj_dest *d, struct aaj_str *ret_rest)
{
    struct aaj_str host;
    size_t end;

    if (s.n && s.p[0] == '[') {
        end = aaj_str_find(s, ']');
        if (end == s.n)
            return "']' is missing";
        host = (struct aaj_str){ s.p + 1, end - 1 };
        *ret_rest = aaj_str_skip(s, end + 1);
        if (!parse_address(host, d) || d->family != AF_INET6)
            return "between '[' and ']' stands an IPv6 address";
    } else if (parse_address(s, d)) { /* an IPv6 address without port needs no brackets */
        *ret_rest = aaj_str_skip(s, s.n);
    } else {
        for (end = 0; end < s.n && s.p[end] != '/' && s.p[end] != ':'; end++)
            ;
        host = aaj_str_head(s, end);
        *ret_rest = aaj_str_skip(s, end);
        if (parse_address(host, d))
            return NULL;
        if (aaj_str_find(aaj_str_skip(*ret_rest, 1), ':') < aaj_str_skip(*ret_rest, 1).n)
            return "an IPv6 address with a port or a length is written in brackets: [2001:db8::5]:443";
        if (!is_host_name(host))
            return "neither an address nor a host name";
        d->kind = AAJ_DEST_HOST;
        d->host = host;
    }
    if (d->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&d->addr))
        return "write the IPv4 address itself: that is what goes over the wire";
    return NULL;
}

static const char *parse_length(struct aaj_str *rest, struct aaj_dest *d)
{
    size_t end = aaj_str_find(*rest, ':');
    struct aaj_str length = aaj_str_head(*rest, end);

    d->prefix = d->family == AF_INET ? 32 : d->family == AF_INET6 ? 128 : 0;
    if (rest->n == 0 || rest->p[0] != '/')
        return NULL;
    *rest = aaj_str_skip(*rest, end);
    return parse_prefix(aaj_str_skip(length, 1), d);
}

/* What stands behind "resolver": nothing, "any" or an address; the port, and that it is udp and tcp, go without saying. */
static const char *parse_resolver(struct aaj_str s, struct aaj_dest *d)
{
    static const char expected[] = "expected 'resolver', 'resolver any' or 'resolver ADDRESS[/LENGTH]'";
    struct aaj_str rest;
    const char *why;

    d->port_lo = d->port_hi = AAJ_DEST_DOMAIN;
    if (s.n == 0)
        d->kind = AAJ_DEST_RESOLVER;
    if (s.n == 0 || aaj_str_eq(s, AAJ_STR(" any")))
        return NULL;
    why = s.p[0] == ' ' ? parse_host(aaj_str_skip(s, 1), d, &rest) : expected;
    if (!why)
        why = d->kind == AAJ_DEST_HOST ? expected : parse_length(&rest, d);
    return why ? why : rest.n ? expected : NULL;
}

static const char *parse(struct aaj_str s, struct aaj_dest *d)
{
    static const struct aaj_str resolver = AAJ_STR_INIT("resolver");
    size_t space = aaj_str_find(s, ' ');
    struct aaj_str rest;
    const char *why;
    size_t i;

    if (aaj_str_eq(aaj_str_head(s, space), resolver))
        return parse_resolver(aaj_str_skip(s, resolver.n), d);
    for (i = 0; i < sizeof(protos) / sizeof(protos[0]); i++)
        if (aaj_str_eq(aaj_str_head(s, space), protos[i].name))
            break;
    if (i == sizeof(protos) / sizeof(protos[0]) || space == s.n)
        return "expected 'PROTO HOST[/LENGTH][:PORT[-PORT]]' with tcp, udp, icmp or any, or 'resolver'";
    d->proto = protos[i].proto;
    d->port_hi = UINT16_MAX;
    why = parse_host(aaj_str_skip(s, space + 1), d, &rest);
    if (!why)
        why = parse_length(&rest, d);
    if (why)
        return why;
    if (rest.n && rest.p[0] != ':')
        return "expected ':PORT' behind the host";
    return rest.n ? parse_ports(aaj_str_skip(rest, 1), d) : NULL;
}

int aaj_dest_parse(struct aaj_str text, struct aaj_dest *ret_dest, const char **ret_why)
{
    struct aaj_dest d = { .kind = AAJ_DEST_ADDRESS, .source = { .text = text } };
    const char *why = parse(text, &d);

    if (why) {
        if (ret_why)
            *ret_why = why;
        return -EINVAL;
    }
    *ret_dest = d;
    return 0;
}

static bool same_start(const struct in6_addr *a, const struct in6_addr *b, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++)
        if ((a->s6_addr[i / 8] ^ b->s6_addr[i / 8]) & (0x80 >> (i % 8)))
            return false;
    return true;
}

/* No protocol and the one port: nothing but "resolver …" says that. */
static bool is_resolver(const struct aaj_dest *d)
{
    return d->kind == AAJ_DEST_RESOLVER || (!d->proto && d->port_lo == AAJ_DEST_DOMAIN && d->port_hi == AAJ_DEST_DOMAIN);
}

bool aaj_dest_covers(const struct aaj_dest *wide, const struct aaj_dest *narrow)
{
    /* Which servers a bare "resolver" means is this or that machine's affair. */
    if (narrow->kind == AAJ_DEST_RESOLVER)
        return is_resolver(wide);
    if (wide->kind != narrow->kind || (wide->proto && wide->proto != narrow->proto) || narrow->port_lo < wide->port_lo ||
        narrow->port_hi > wide->port_hi)
        return false;
    if (wide->kind == AAJ_DEST_HOST)
        return aaj_str_eq(wide->host, narrow->host);
    if (is_resolver(wide) && narrow->proto != IPPROTO_TCP && narrow->proto != IPPROTO_UDP && !is_resolver(narrow))
        return false;
    return (wide->family == AF_UNSPEC || wide->family == narrow->family) && wide->prefix <= narrow->prefix &&
           same_start(&wide->addr, &narrow->addr, wide->prefix);
}

static bool protos_meet(const struct aaj_dest *a, const struct aaj_dest *b)
{
    if (is_resolver(a) || is_resolver(b))
        return a->proto != IPPROTO_ICMP && b->proto != IPPROTO_ICMP;
    return !a->proto || !b->proto || a->proto == b->proto;
}

bool aaj_dest_touches(const struct aaj_dest *a, const struct aaj_dest *b)
{
    unsigned bits = a->prefix < b->prefix ? a->prefix : b->prefix;

    if (!protos_meet(a, b) || a->port_lo > b->port_hi || b->port_lo > a->port_hi)
        return false;
    if (a->kind != AAJ_DEST_ADDRESS || b->kind != AAJ_DEST_ADDRESS)
        return a->kind == AAJ_DEST_RESOLVER || b->kind == AAJ_DEST_RESOLVER ||
               (a->kind == b->kind && aaj_str_eq(a->host, b->host));
    return (a->family == AF_UNSPEC || b->family == AF_UNSPEC || a->family == b->family) &&
           same_start(&a->addr, &b->addr, bits);
}
