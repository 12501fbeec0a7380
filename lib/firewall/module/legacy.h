/* SPDX-License-Identifier: GPL-2.0-only */
/* The legacy backend's parts: session (legacy.c), reading (legacy-read.c), writing (legacy-write.c), what
 * the kernel lacks (legacy-probe.c). */
#pragma once

#include "firewall/module/module.h"
#include "firewall/module/chain.h"
#include "firewall/module/dispatch.h"
#include "firewall/module/family.h"

struct aaj_firewall_session {
    const struct aaj_firewall_ctx *ctx;
    int lock;
    unsigned families[2]; /* of each side; 0: not on this machine */
};

static inline const struct family *legacy_side(unsigned side)
{
    return side == 0 ? &family_v4 : &family_v6;
}

bool legacy_is_dispatch(const char *name);

/* Whether the kernel has the filter table of the side: asking libiptc would make it. */
bool legacy_has_table(const struct aaj_firewall_ctx *ctx, unsigned side);

struct xtc_handle *legacy_init(const struct aaj_firewall_session *s, unsigned side);

int legacy_read(struct aaj_firewall_session *s, unsigned side, struct aaj_diags *diags,
                struct aaj_firewall_live *ret_live);
int legacy_read_handle(const struct family *f, struct xtc_handle *h, struct aaj_firewall_live *live);

int legacy_commit(struct aaj_firewall_session *s, unsigned side, const struct aaj_firewall_change *change,
                  size_t n, struct aaj_diags *diags, bool *ret_changed);

/* After ENOENT, a match or target that the kernel does not know: findings that name the modules it lacks of
 * those that the changes need. */
void legacy_probe_report(const struct aaj_firewall_session *s, unsigned side, const struct aaj_firewall_change *change,
                         size_t n, struct aaj_diags *diags);

/* Whether OUTPUT's first rule is the jump to the dispatch chain and no other rule is. */
bool legacy_hook_ok(const struct family *f, struct xtc_handle *h, unsigned *ret_jumps);
bool legacy_chain_is(const struct family *f, struct xtc_handle *h, const char *chain,
                     const struct entry_jump *jump, unsigned n);
