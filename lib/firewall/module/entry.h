/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One rule as the bytes that the legacy tables hold, and back. Layouts and sizes: linux/netfilter/x_tables.h
 * and the headers of each match; ip_tables.c and ip6_tables.c of the kernel check them.
 */
#pragma once

#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>

#include "firewall/plan.h"

enum { ENTRY_MAX = 1024 };

struct entry {
    union {
        struct ipt_entry v4;
        struct ip6t_entry v6;
        unsigned char bytes[ENTRY_MAX];
    };
    size_t n;
};

/* A rule that leads to a chain: for a range of uids, or for all packets. */
struct entry_jump {
    bool owner;
    uint32_t uid_lo, uid_hi;
    bool go; /* goto: a return from there goes to where the first jump came from */
    const char *chain;
};

void entry_from_rule(struct entry *ret, bool v6, const struct aaj_firewall_rule *rule, const char *chain,
                     struct aaj_str jail);
void entry_from_jump(struct entry *ret, bool v6, const struct entry_jump *jump);

/* The same in meaning: header, matches in their order (name, revision, data without the kernel's own
 * scratch) and target. @live_target is libiptc's name for the live entry's target. */
bool entry_eq(bool v6, const void *live, const char *live_target, const struct entry *want);

/* What a live entry means; FOREIGN, with a text in the arena, when it is not byte for byte what aajail
 * would have written. *ret_jail from the comment, where there is one. */
int entry_to_rule(bool v6, const void *live, const char *live_target, const char *chain, struct aaj_arena *arena,
                  struct aaj_firewall_rule *ret_rule, struct aaj_str *ret_jail);
