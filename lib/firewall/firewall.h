/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans into the kernel, and what the kernel holds compared with plans. Needs CAP_NET_ADMIN. */
#pragma once

#include "firewall/backend.h"

struct aaj_firewall; /* an open backend */

/* Loads the module and chooses the backend: what ctx says, else the one that already holds chains of
 * ours, else legacy where the kernel has a legacy filter table, else nft where it answers, else legacy.
 * -ENOSYS with a finding when there is none. @ctx must outlive it. */
int aaj_firewall_open(const struct aaj_firewall_ctx *ctx, struct aaj_diags *diags,
                      struct aaj_firewall **ret_fw);
struct aaj_firewall *aaj_firewall_close(struct aaj_firewall *fw);
const char *aaj_firewall_backend_name(const struct aaj_firewall *fw);

/* What an apply or a removal found and did. */
struct aaj_firewall_result {
    bool changed; /* false: everything was so already, counters untouched */
    bool closed;  /* it failed half way, and the uid may now send nothing at all */
};

/*
 * Makes each plan's chain what the plan says (plans have uids and no unresolved hosts). Replacing a chain
 * goes through the intersection of old and new; each family is always old, intersection or new. A failure
 * leaves everything as it was, or, where that is not possible, the uids closed in every family that still
 * answers. 0 or -errno with findings.
 */
int aaj_firewall_apply(struct aaj_firewall *fw, const struct aaj_firewall_plan *const *plan, size_t n,
                       struct aaj_diags *diags, struct aaj_firewall_result *ret_result);

/*
 * An apply or a removal that takes more than one commit keeps a journal in ctx->run_dir. Both end what a
 * killed run left in it before they begin; so does this, alone (the boot unit). Nothing there: 0, unchanged.
 */
int aaj_firewall_finish(struct aaj_firewall *fw, struct aaj_diags *diags,
                        struct aaj_firewall_result *ret_result);

/* From the chosen backend, or, when none was asked for by name, from every one that holds such a chain. */
int aaj_firewall_remove(struct aaj_firewall *fw, const uint32_t *uid, size_t n, struct aaj_diags *diags,
                        struct aaj_firewall_result *ret_result);

/* The backend that holds the uid's chain, of those that a removal would ask; NULL: none. */
int aaj_firewall_find(struct aaj_firewall *fw, uint32_t uid, struct aaj_diags *diags, const char **ret_backend);

/* Adds one line a difference to *ret_lines (in the arena); *ret_n is 0 when the kernel holds just the
 * plan. */
int aaj_firewall_verify(struct aaj_firewall *fw, const struct aaj_firewall_plan *plan,
                        struct aaj_arena *arena, struct aaj_diags *diags, struct aaj_str **ret_lines,
                        size_t *ret_n);

/* The live chains of one side, and the families they are for (0: this machine has none). */
int aaj_firewall_read(struct aaj_firewall *fw, unsigned side, struct aaj_diags *diags,
                      struct aaj_firewall_live *ret_live, unsigned *ret_families);
unsigned aaj_firewall_sides(const struct aaj_firewall *fw);
