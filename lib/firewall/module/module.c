/* SPDX-License-Identifier: GPL-2.0-only */
#include "firewall/module/module.h"

static const struct aaj_firewall_backend *const backends[] = { &backend_legacy, &backend_nft, NULL };

__attribute__((visibility("default"))) const struct aaj_firewall_backend *const *
aaj_firewall_backends(unsigned *ret_abi);

const struct aaj_firewall_backend *const *aaj_firewall_backends(unsigned *ret_abi)
{
    *ret_abi = AAJ_FIREWALL_ABI;
    return backends;
}
