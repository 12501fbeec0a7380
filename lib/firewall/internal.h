/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "firewall/firewall.h"

struct aaj_firewall {
    const struct aaj_firewall_ctx *ctx;
    void *module;
    const struct aaj_firewall_backend *const *backends;
    const struct aaj_firewall_backend *backend;
};

const struct aaj_firewall_backend *aaj_firewall_find_backend(const struct aaj_firewall *fw, const char *name);
