/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "firewall/backend.h"

/*
 * The lock that iptables itself takes (iptables/xshared.c takes flock on /run/xtables.lock). A stale
 * legacy commit with an unchanged number of rules succeeds and erases what another writer did, so without
 * the lock nothing is written. Returns a descriptor or -errno with a finding.
 */
int lock_take(const struct aaj_firewall_ctx *ctx, struct aaj_diags *diags);
