/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a backend does, and what it is given. Backends live in libaajail-firewall.so (GPL-2.0-only, as
 * libiptc is), which is loaded when rules are read or applied and not before.
 *
 *     begin → read (each side) → commit (each side, as often as needed) → end
 *
 * A side is what one commit replaces as a whole: legacy has two, IPv4 and IPv6; nft has one for both.
 */
#pragma once

#include <stdio.h>

#include "firewall/plan.h"

/* Bump when a struct or a meaning in this file changes: command and module are checked against each other. */
enum { AAJ_FIREWALL_ABI = 3 };

enum aaj_firewall_kind { AAJ_FIREWALL_ANY, AAJ_FIREWALL_LEGACY, AAJ_FIREWALL_NFT_TABLE };

struct aaj_firewall_ctx {
    const char *module;             /* libaajail-firewall.so, absolute */
    enum aaj_firewall_kind backend; /* ANY: chosen by what is there */
    const char *lock;               /* the xtables lock; NULL: $XTABLES_LOCKFILE or /run/xtables.lock */
    unsigned lock_seconds;          /* wait so long for it */
    const char *proc;               /* "/proc" */
    const char *run_dir; /* for the journal, "/run/aajail"; made when it is needed; NULL: none is kept */
};

/* One uid's chain as the kernel holds it; rules carry their counters and the side's families only. */
struct aaj_firewall_chain {
    uint32_t uid;
    struct aaj_str jail; /* empty where no rule says */
    struct aaj_firewall_rule *rule;
    size_t n_rules;
    bool old; /* the kept part of an interrupted replacement; belongs before the chain of the same uid */
};

struct aaj_firewall_live {
    struct aaj_arena arena;
    struct aaj_firewall_chain *chain; /* by uid */
    size_t n_chains, cap_chains;
    struct aaj_str *problem; /* packets that do not get where they should, in words */
    size_t n_problems, cap_problems;
};
void aaj_firewall_live_clear(struct aaj_firewall_live *live);
const struct aaj_firewall_chain *aaj_firewall_live_find(const struct aaj_firewall_live *live, uint32_t uid);

/* Whether both hold the same for the uid, an interrupted replacement included; counters aside. */
bool aaj_firewall_live_same(const struct aaj_firewall_live *a, const struct aaj_firewall_live *b, uint32_t uid);

/* Whether the chain is what the plan says in those families, the jail's name included. @live may be NULL. */
bool aaj_firewall_chain_is(const struct aaj_firewall_chain *live, const struct aaj_firewall_plan *plan,
                           unsigned families);

struct aaj_firewall_change {
    uint32_t uid;
    const struct aaj_firewall_plan *plan;    /* NULL: the uid's chain goes */
    const struct aaj_firewall_chain *before; /* not NULL: these rules come first, so that only what both
                                              * allow is allowed; never for a backend with one side */
};

struct aaj_firewall_session; /* the backend's own */

struct aaj_firewall_backend {
    const char *name; /* "legacy", "nft" */
    unsigned n_sides;
    /* Whether there is a chain of ours for one of the uids (n 0: for any), and which was found first. Cheap,
     * and no table is made. 0, or -errno when this kernel does not answer. */
    int (*holds)(const struct aaj_firewall_ctx *ctx, const uint32_t *uid, size_t n, uint32_t *ret_uid,
                 bool *ret_holds);
    /* Takes the lock and makes sure that every side can be read and written; changes nothing. @write
     * false: for reading alone, and then a table that is not there is not made. */
    int (*begin)(const struct aaj_firewall_ctx *ctx, bool write, struct aaj_diags *diags,
                 struct aaj_firewall_session **ret_session);
    /* Whether this kernel can hold a chain of ours; asked before the first one is made. NULL: yes. */
    bool (*usable)(const struct aaj_firewall_ctx *ctx);
    /* AAJ_FIREWALL_V4 and _V6 of a side; 0: this machine has no such family. */
    unsigned (*families)(const struct aaj_firewall_session *session, unsigned side);
    int (*read)(struct aaj_firewall_session *session, unsigned side, struct aaj_diags *diags,
                struct aaj_firewall_live *ret_live);
    /* One atomic replacement: each change and the way packets take to all chains. Nothing is written
     * where nothing would change; *ret_changed says. 0 or -errno with a finding. */
    int (*commit)(struct aaj_firewall_session *session, unsigned side,
                  const struct aaj_firewall_change *change, size_t n, struct aaj_diags *diags,
                  bool *ret_changed);
    void (*end)(struct aaj_firewall_session *session);
};

/* The module's one entry: its backends, NULL-terminated; *ret_abi is AAJ_FIREWALL_ABI. */
typedef const struct aaj_firewall_backend *const *(*aaj_firewall_backends_fn)(unsigned *ret_abi);
#define AAJ_FIREWALL_ENTRY "aaj_firewall_backends"
