/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two halves of the firewall's benchmark share. */
#pragma once

#include "firewall/firewall.h"
#include "firewall/text.h"

enum { BENCH_FIRST_UID = 40000 };

double bench_now_us(void);

/* A network namespace of this process's own, with lo up; ends the program where there can be none. */
void bench_fresh_namespace(void);

/* A chain as a manifest makes it: replies, and @n_dests destinations in 10.0.0.0/8. */
struct aaj_firewall_plan *bench_plan(uint32_t uid, size_t n_dests);

/* What chains cost a packet: firewall_packet.c. */
void bench_packets(const struct aaj_firewall_ctx *ctx);
