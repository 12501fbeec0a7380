/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A jail as a whole: profile and chain go up and down together, or not at all.
 *
 * Pools of a master are no jails of their own here: their profiles are in the master's, their chains go with it.
 *
 *     STATE/NAME/current    what is up: the proved artefacts and firewall.json, the chains in numbers
 *     STATE/NAME/previous   what was up before; undo goes there
 *     STATE/NAME/older      garbage of an interrupted change
 *     STATE/NAME/next       an up that has begun: the next run, or the boot unit, finishes it or goes back
 *     STATE/NAME/arrived    an up that is done in kernel and firewall
 *     STATE/NAME/leaving    a down that has begun
 *
 * Going up, the chain comes before the profile; going down, the profile goes before the chain: killed
 * anywhere, nothing is allowed that neither the old nor the new state allows.
 */
#pragma once

#include "build/artefact.h"
#include "firewall/firewall.h"
#include "kernel/kernel.h"

struct aaj_jail_ctx {
    struct aaj_kernel kernel;
    struct aaj_firewall_ctx firewall;
    const char *state_dir;  /* "/var/lib/aajail/jails" */
    const char *run_dir;    /* "/run/aajail": the lock */
    const char *apparmor_d; /* "/etc/apparmor.d" */
    bool force;             /* down although tasks would be set free */
    bool dry_run;           /* say what would be done */
};

/* A task that the jail does not hold although it should, or does hold and would lose. */
struct aaj_jail_task {
    struct aaj_task task;
    const char *why; /* static */
};

/* Whose network is fenced: the slave's; of a master, its pools'. */
struct aaj_jail_chain {
    struct aaj_str jail;
    uint32_t uid;
};

struct aaj_jail_result {
    struct aaj_str jail;
    bool changed;
    bool fenced;
    struct aaj_jail_chain *chain; /* up: sorted by uid */
    size_t n_chains;
    const struct aaj_artefact_unfenced *unfenced; /* up: pools without a manifest, for whose users there is no chain */
    size_t n_unfenced;
    bool closed; /* the firewall failed half way and closed the uid */
    bool unseen; /* up: it is, but whether somebody is outside could not be looked at */
    bool clash;  /* up: another profile attaches to the same program, so that neither confines it */
    struct aaj_jail_task *task;
    size_t n_tasks;
};

/* One at a time on a machine; everything below needs it. A descriptor, or -errno with a finding. */
int aaj_jail_lock(const struct aaj_jail_ctx *ctx, struct aaj_diags *diags);

/* The artefacts in @dir, verified by hash, into the kernel and the firewall. All results live in @arena. */
int aaj_jail_up(const struct aaj_jail_ctx *ctx, const char *dir, struct aaj_arena *arena, struct aaj_diags *diags,
                struct aaj_jail_result *ret_result);
/* -EBUSY with result.task when somebody would be set free. */
int aaj_jail_down(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                  struct aaj_diags *diags, struct aaj_jail_result *ret_result);
/* To what was up before: an older build, or nothing. */
int aaj_jail_undo(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                  struct aaj_diags *diags, struct aaj_jail_result *ret_result);

/* For the boot unit: finishes what was begun, then chain and profile of every jail, or of @only those, from its
 * saved numbers; no user, name or address is looked up. What an administrator wants besides is kept: a jail
 * that complains goes on complaining, of a disabled one only the chain comes. Goes on past a jail that fails,
 * and then returns the first error. */
int aaj_jail_restore(const struct aaj_jail_ctx *ctx, const struct aaj_str *only, size_t n_only,
                     struct aaj_arena *arena, struct aaj_diags *diags, size_t *ret_n);

/* Names of the jails that state is kept of, sorted; aaj_jail_is_up() tells which of them are up. */
int aaj_jail_list(const struct aaj_jail_ctx *ctx, struct aaj_arena *arena, struct aaj_str **ret_name, size_t *ret_n);
bool aaj_jail_is_up(const struct aaj_jail_ctx *ctx, struct aaj_str name);
/* The master in whose artefacts @pool's manifest is, of the jails that are up or were before; empty: none. */
int aaj_jail_master(const struct aaj_jail_ctx *ctx, struct aaj_str pool, struct aaj_arena *arena, struct aaj_str *ret_master);
/* An interrupted up or down waits for the next run. */
bool aaj_jail_is_unfinished(const struct aaj_jail_ctx *ctx, struct aaj_str name);

/* Something that is no longer as it was proved and taken up. */
struct aaj_jail_stale {
    const char *id;      /* stable: "policy-other", "chain", "attachment", … (aajail-status(1)) */
    struct aaj_str text; /* what it is and what to do, safe for a terminal */
};

struct aaj_jail_state {
    struct aaj_str jail;
    bool up;
    struct aaj_jail_chain *chain; /* sorted by uid */
    size_t n_chains;
    struct aaj_jail_stale *stale;
    size_t n_stale;
};

/* @ret_state is filled as far as could be seen, whatever is returned: another policy or none in the kernel, a
 * changed chain, an attachment that matches nothing, tasks outside a profile that attaches by unit, … */
int aaj_jail_look(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                  struct aaj_diags *diags, struct aaj_jail_state *ret_state);

/* Tasks of the slave that are not in the profile (law 7). */
int aaj_jail_outside(const struct aaj_jail_ctx *ctx, const struct aaj_manifest *manifest, struct aaj_arena *arena,
                     struct aaj_jail_task **ret_task, size_t *ret_n);

/* The systemd unit that restores everything before the network is up. @command: absolute path of aajail. */
struct aaj_str aaj_jail_boot_unit(struct aaj_arena *arena, const char *command);

/* The unit, a template by the jail's name, that a slave's unit requires: that one jail in force, or no start. */
struct aaj_str aaj_jail_start_unit(struct aaj_arena *arena, const char *command);

/* The drop-in for a unit that loads the host's firewall and thereby wipes the chains. */
struct aaj_str aaj_jail_firewall_dropin(struct aaj_arena *arena, const char *command);

/* The drop-in for the slave's own unit: its jail in force before it starts, the profile's name, and the sandboxing that agrees with the
 * manifest. @transitions: the policy has child profiles or hats, and then nothing that implies
 * NoNewPrivileges comes with it, which the text explains. */
struct aaj_str aaj_jail_dropin(struct aaj_arena *arena, const struct aaj_manifest *manifest, bool transitions);
