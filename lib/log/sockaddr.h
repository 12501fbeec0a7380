/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "base/str.h"

struct aaj_sockaddr {
    int family;
    struct aaj_str name; /* "inet", "inet6", "unix" */
    char addr[112];      /* text, a path, or "@" and an abstract name; not NUL-terminated */
    size_t addr_len;
    char port[8];
    size_t port_len; /* 0: unix */
};

/* Of a call with an address (connect, bind, sendto …): whether it is this end's, and the mask of AAJ_CLASS_NET that the
 * kernel asks AppArmor for. False for others. */
bool aaj_sockaddr_meaning(struct aaj_str call, bool *ret_local, uint32_t *ret_mask);

/* False for families whose addresses say nothing here, and for what is cut short. */
bool aaj_sockaddr_parse(struct aaj_str hex, struct aaj_sockaddr *ret_addr);
