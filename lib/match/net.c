/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network and unix socket rules (Linux security/apparmor/{net,af_unix}.c; the order of what is walked is
 * drawn in apparmor's parser/af_unix.cc and written by its parser/network.cc). */
#include <sys/socket.h>

#include "match/internal.h"

enum { CMD_ADDR = 1, CMD_LISTEN = 2, CMD_OPT = 4, IPPORT_PRIVILEGED = 1024 };

#define PEER_PERMS (AAJ_PERM_SEND | AAJ_PERM_RECEIVE | AAJ_PERM_CONNECT)

uint32_t aaj_match_step16(const struct aaj_match_profile *p, uint32_t state, unsigned v)
{
    return aaj_match_step(p, aaj_match_step(p, state, (uint8_t)(v >> 8)), (uint8_t)v);
}

uint32_t aaj_match_net_start(const struct aaj_match_profile *p)
{
    uint32_t v9 = aaj_match_class_start(p, AAJ_MATCH_NETV9);

    return v9 ? v9 : aaj_match_class_start(p, AAJ_MATCH_NETV8);
}

static bool enough(const struct aaj_perms *perms, uint32_t request)
{
    return !(request & ~perms->allow) || !(perms->allow & AAJ_PERM_CONTINUE);
}

/* Kind of port (1 a privileged one that is bound, 2 the peer's, 0 another), port, address; then the
 * address's end. */
static uint32_t step_address(const struct aaj_match_profile *p, uint32_t state,
                             const struct aaj_match_address *a, bool peer, uint32_t request)
{
    static const struct aaj_match_address none = { 0 };

    if (!a)
        a = &none;
    state = aaj_match_step(p, state,
                           peer                                                       ? 2
                           : (request & AAJ_PERM_BIND) && a->port < IPPORT_PRIVILEGED ? 1
                                                                                      : 0);
    state = aaj_match_step16(p, state, a->port);
    state = aaj_match_step(p, state, a->bytes == 4 ? 1 : a->bytes == 16 ? 2 : 0);
    state = aaj_match_walk(p, state, (struct aaj_str){ (const char *)a->addr, a->bytes });
    return aaj_match_step(p, state, 0);
}

static struct aaj_perms inet_perms(const struct aaj_match_profile *p, uint32_t state, unsigned protocol,
                                   const struct aaj_match_address *local,
                                   const struct aaj_match_address *peer, uint32_t request)
{
    state = aaj_match_step16(p, state, protocol);
    if (request & PEER_PERMS) {
        state = step_address(p, state, peer, true, request);
        state = aaj_match_step(p, state, 0); /* the peer's label: not used yet */
        state = aaj_match_step(p, state, CMD_ADDR);
        state = step_address(p, state, local, false, request);
    } else {
        state = step_address(p, state, local, false, request);
        if (request & (AAJ_PERM_LISTEN | AAJ_PERM_SETOPT | AAJ_PERM_GETOPT)) {
            state = aaj_match_step(p, state, request & AAJ_PERM_LISTEN ? CMD_LISTEN : CMD_OPT);
            state = aaj_match_step16(p, state, 0);
            if (!(request & AAJ_PERM_LISTEN))
                state = aaj_match_step16(p, state, 0);
        }
    }
    return aaj_match_state_perms(p, state);
}

struct aaj_decision aaj_match_net(const struct aaj_match_profile *p, unsigned family, unsigned type,
                                  unsigned protocol, const struct aaj_match_address *local,
                                  const struct aaj_match_address *peer, uint32_t request)
{
    uint32_t start = aaj_match_net_start(p), state;
    struct aaj_perms perms;

    if (p->mode == AAJ_UNCONFINED)
        return aaj_match_decide_not_mediated(AAJ_WHY_UNCONFINED, request);
    if (start == AAJ_DFA_TRAP)
        return aaj_match_decide_not_mediated(AAJ_WHY_CLASS, request);
    state = aaj_match_step16(p, aaj_match_step16(p, start, family), type);
    perms = aaj_match_state_perms(p, state);
    if (!enough(&perms, request)) {
        if (family == AF_INET || family == AF_INET6)
            perms = inet_perms(p, state, protocol, local, peer, request);
        else
            perms = aaj_match_state_perms(p, aaj_match_step16(p, state, protocol));
    }
    return aaj_match_decide(p, &perms, request);
}

bool aaj_match_net_addresses(const struct aaj_match_profile *p)
{
    static const unsigned family[] = { AF_INET, AF_INET6 }, type[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW };
    uint32_t start = aaj_match_net_start(p);

    for (unsigned f = 0; f < 2; f++)
        for (unsigned t = 0; t < 3; t++)
            if (aaj_match_state_perms(p, aaj_match_step16(p, aaj_match_step16(p, start, family[f]), type[t])).allow &
                AAJ_PERM_CONTINUE)
                return true;
    return false;
}

/* "@name" is "\0name" to the kernel, no address is "\1". */
static uint32_t step_unix_address(const struct aaj_match_profile *p, uint32_t state, struct aaj_str addr)
{
    if (addr.n && addr.p[0] == '@') {
        state = aaj_match_step(p, state, 0);
        state = aaj_match_walk(p, state, aaj_str_skip(addr, 1));
    } else {
        state = aaj_match_step(p, state, 1);
    }
    return aaj_match_step(p, state, 0);
}

static struct aaj_perms unix_perms(const struct aaj_match_profile *p, uint32_t state, struct aaj_str addr,
                                   struct aaj_str peer_addr, struct aaj_str peer_label, uint32_t request)
{
    if (request & AAJ_PERM_CREATE)
        return aaj_match_state_perms(p, state);
    state = step_unix_address(p, state, addr);
    state = aaj_match_step(p, state, 0); /* the end of the local label, which is not used */
    if (request & AAJ_PERM_LISTEN) {
        state = aaj_match_step16(p, aaj_match_step(p, state, CMD_LISTEN), 0);
    } else if (request & (AAJ_PERM_SETOPT | AAJ_PERM_GETOPT)) {
        state = aaj_match_step16(p, aaj_match_step(p, state, CMD_OPT), 0);
    } else if (request & PEER_PERMS) {
        state = aaj_match_step(p, state, CMD_ADDR);
        state = step_unix_address(p, state, peer_addr);
        state = aaj_match_label_walk(p, p->policy->dfa, state, peer_label);
    }
    return aaj_match_state_perms(p, state);
}

static bool is_path(struct aaj_str addr)
{
    return addr.n && addr.p[0] == '/';
}

struct aaj_decision aaj_match_unix(const struct aaj_match_profile *p, unsigned type, unsigned protocol,
                                   struct aaj_str addr, struct aaj_str peer_addr, struct aaj_str peer_label,
                                   uint32_t request)
{
    uint32_t start = aaj_match_net_start(p);
    bool detailed = aaj_match_class_start(p, AAJ_MATCH_NETV9) || aaj_match_class_start(p, AAJ_MATCH_NET);
    struct aaj_perms perms;

    if (p->mode == AAJ_UNCONFINED)
        return aaj_match_decide_not_mediated(AAJ_WHY_UNCONFINED, request);
    if (!detailed)
        return aaj_match_net(p, AF_UNIX, type, protocol, NULL, NULL, request);
    if (start == AAJ_DFA_TRAP)
        start = aaj_match_class_start(p, AAJ_MATCH_NET);
    /* Where sockets in the file system are concerned the kernel asks the file rules. */
    if (!(request & AAJ_PERM_CREATE) && (is_path(addr) || is_path(peer_addr)))
        return aaj_match_file(p, is_path(peer_addr) ? peer_addr : addr, false, AAJ_PERM_WRITE);
    perms = unix_perms(p, aaj_match_step16(p, aaj_match_step16(p, aaj_match_step16(p, start, AF_UNIX), type), protocol), addr, peer_addr,
                       peer_label, request);
    return aaj_match_decide(p, &perms, request);
}
