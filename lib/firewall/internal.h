/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "firewall/firewall.h"

struct aaj_firewall {
    const struct aaj_firewall_ctx *ctx;
    void *module;
    const struct aaj_firewall_backend *const *backends;
    const struct aaj_firewall_backend *backend;
    char *journal; /* its path */
};

const struct aaj_firewall_backend *aaj_firewall_find_backend(const struct aaj_firewall *fw, const char *name);

/* The first backend but @except that holds the chain of one of the uids (n 0: any of ours), and which. */
const struct aaj_firewall_backend *aaj_firewall_holder(const struct aaj_firewall *fw,
                                                       const struct aaj_firewall_backend *except,
                                                       const uint32_t *uid, size_t n, uint32_t *ret_uid);
