/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* saddr=0200… of a SOCKADDR record: a struct sockaddr as hex (kernel/auditsc.c show_special). */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "log/field.h"
#include "log/sockaddr.h"

bool aaj_sockaddr_meaning(struct aaj_str op, bool *ret_local, uint32_t *ret_mask)
{
    static const struct {
        struct aaj_str name;
        bool local;
        uint32_t mask; /* of AAJ_CLASS_NET */
    } ops[] = {
        { AAJ_STR_INIT("connect"), false, 1u << 2 },  { AAJ_STR_INIT("bind"), true, 1u << 1 },
        { AAJ_STR_INIT("sendto"), false, 1u << 5 },   { AAJ_STR_INIT("sendmsg"), false, 1u << 5 },
        { AAJ_STR_INIT("sendmmsg"), false, 1u << 5 },
    };

    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        if (aaj_str_eq(op, ops[i].name)) {
            *ret_local = ops[i].local;
            *ret_mask = ops[i].mask;
            return true;
        }
    return false;
}

static size_t decode(struct aaj_str hex, unsigned char *out, size_t max)
{
    size_t n = 0;

    for (; n < max && n * 2 + 1 < hex.n; n++) {
        int hi = aaj_hex_digit(hex.p[n * 2]), lo = aaj_hex_digit(hex.p[n * 2 + 1]);

        if (hi < 0 || lo < 0)
            break;
        out[n] = (unsigned char)(hi << 4 | lo);
    }
    return n;
}

static bool inet(const unsigned char *raw, size_t n, struct aaj_sockaddr *ret)
{
    bool six = ret->family == AF_INET6;
    const unsigned char *addr = raw + (six ? 8 : 4);

    if (n < (six ? 24u : 8u) || !inet_ntop(ret->family, addr, ret->addr, sizeof(ret->addr)))
        return false;
    ret->addr_len = strlen(ret->addr);
    ret->port_len = (size_t)snprintf(ret->port, sizeof(ret->port), "%u", (unsigned)raw[2] << 8 | raw[3]);
    return true;
}

/* A path ends at its NUL and garbage follows; an abstract name starts with NUL and ends with the address. */
static bool local(const unsigned char *raw, size_t n, struct aaj_sockaddr *ret)
{
    const unsigned char *name = raw + 2;
    size_t len = n - 2;

    if (n <= 2)
        return false; /* unnamed */
    if (name[0] == '\0') {
        if (len == 1)
            return false;
        ret->addr[0] = '@';
    } else {
        ret->addr[0] = (char)name[0];
        len = strnlen((const char *)name, len);
    }
    memcpy(ret->addr + 1, name + 1, len - 1);
    ret->addr_len = len;
    return true;
}

bool aaj_sockaddr_parse(struct aaj_str hex, struct aaj_sockaddr *ret)
{
    unsigned char raw[sizeof(struct sockaddr_un)];
    size_t n = decode(hex, raw, sizeof(raw));

    *ret = (struct aaj_sockaddr){ 0 };
    if (n < 2)
        return false;
    /* sa_family_t is in the byte order of the machine that logged; all families fit in one byte. */
    ret->family = raw[0] ? raw[0] : raw[1];
    switch (ret->family) {
    case AF_INET:
        ret->name = AAJ_STR("inet");
        return inet(raw, n, ret);
    case AF_INET6:
        ret->name = AAJ_STR("inet6");
        return inet(raw, n, ret);
    case AF_UNIX:
        ret->name = AAJ_STR("unix");
        return local(raw, n, ret);
    default:
        return false;
    }
}
