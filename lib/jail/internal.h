/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "jail/jail.h"

/* Sorted by uid, of which each is there once. */
struct jail_chains {
    struct aaj_firewall_plan **plan;
    size_t n;
};
void jail_chains_clear(struct jail_chains *chains);
const struct aaj_firewall_plan *jail_chains_find(const struct jail_chains *chains, uint32_t uid);
bool jail_chain_same(const struct aaj_firewall_plan *a, const struct aaj_firewall_plan *b);
bool jail_chains_same(const struct jail_chains *a, const struct jail_chains *b);
/* Adds the manifest's, its user and hosts looked up on this machine. */
int jail_chains_look_up(const struct aaj_manifest *m, struct aaj_diags *diags, struct jail_chains *chains);
/* In numbers, beside the artefacts in @dir; no chains, no file. */
int jail_chains_read(const char *dir, struct aaj_arena *arena, struct aaj_diags *diags, struct jail_chains *ret);
int jail_chains_write(const char *dir, const struct jail_chains *chains);
/* For each of @to what it and the one of the same uid in @from both allow. */
int jail_chains_meet(const struct jail_chains *from, const struct jail_chains *to, struct jail_chains *ret);
/* All of them at once, or none. */
int jail_chains_apply(const struct aaj_jail_ctx *ctx, const struct jail_chains *chains, struct aaj_diags *diags,
                      struct aaj_jail_result *result);
/* Those of uids that @to (NULL: nothing) has not. */
int jail_chains_remove_left(const struct aaj_jail_ctx *ctx, const struct jail_chains *from, const struct jail_chains *to,
                            struct aaj_diags *diags, struct aaj_jail_result *result);

struct jail_load;
int jail_tell_chains(const struct jail_load *load, struct aaj_arena *arena, struct aaj_jail_chain **ret_chain, size_t *ret_n);

/* Everything that is to be loaded, read and checked before anything changes. */
struct jail_load {
    struct aaj_artefacts artefacts;
    struct aaj_manifest *manifest;
    struct aaj_str policy, text;    /* compiled, and as text */
    struct jail_chains chains; /* none: no manifest names a user */
    struct aaj_manifest **pool; /* whose profiles are in this one */
    size_t n_pools;
};

enum jail_numbers {
    JAIL_LOOK_UP, /* users and hosts from this machine */
    JAIL_SAVED,   /* from firewall.json beside the artefacts */
};
int jail_load_read(const char *dir, enum jail_numbers numbers, struct aaj_arena *arena, struct aaj_diags *diags,
                   struct jail_load *ret);
void jail_load_clear(struct jail_load *load);

/* "STATE/NAME/WHAT"; NULL when out of memory. */
const char *jail_path(const struct aaj_jail_ctx *ctx, struct aaj_str name, const char *what, struct aaj_arena *arena);
/* "/etc/apparmor.d/aajail.NAME" */
const char *jail_text_path(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena);
bool jail_exists(const char *path);
bool jail_name_ok(struct aaj_str name);
/* A folder of plain files, gone, its list of artefacts first; not there is fine. */
int jail_remove_dir(const char *path);
int jail_make_dirs(const char *path, mode_t mode);
/* What is up now; *ret_there false when nothing is. */
int jail_load_current(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                      struct aaj_diags *diags, struct jail_load *ret, bool *ret_there);

/* @undo: for jail_recover() to know. */
int jail_save(const char *dir, const struct jail_load *load, bool undo, struct aaj_diags *diags);
int jail_mark(const char *dir, bool undo);

/*
 * The system from @from to @to; NULL: nothing is up (not both). Entering narrows the chain and changes
 * the profile, settling opens the chain as far as @to says; a switch is both.
 */
int jail_enter(const struct aaj_jail_ctx *ctx, const struct jail_load *from, const struct jail_load *to,
               struct aaj_diags *diags, struct aaj_jail_result *result);
int jail_settle(const struct aaj_jail_ctx *ctx, const struct jail_load *from, const struct jail_load *to,
                struct aaj_diags *diags, struct aaj_jail_result *result);
int jail_switch(const struct aaj_jail_ctx *ctx, const struct jail_load *from, const struct jail_load *to,
                struct aaj_diags *diags, struct aaj_jail_result *result);
/* After a failed switch: the other way, and a word on how that went. */
int jail_go_back(const struct aaj_jail_ctx *ctx, const struct jail_load *from, const struct jail_load *to,
                 struct aaj_diags *diags, struct aaj_jail_result *result);

/* Finishes what an interrupted run of this jail began, or goes back. 1: what was finished was an undo. */
int jail_recover(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                 struct aaj_diags *diags);
/* The renames after a change: next to current, leaving to previous. On failure as before them. */
int jail_swap_in(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                 struct aaj_diags *diags);
int jail_swap_out(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                  struct aaj_diags *diags);

/* Passes @r, what looking for tasks came to, and says so when it is an error. */
int jail_seen(const struct aaj_jail_ctx *ctx, int r, struct aaj_diags *diags);
/* Tasks in the profile or in one of its children; removing it would leave them unconfined for good. */
int jail_find_held(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                   struct aaj_jail_task **ret_task, size_t *ret_n);
/* -EBUSY with result->task when tasks run in what @old has and @to has not: a profile, or the chain of their uid. */
int jail_check_left(const struct aaj_jail_ctx *ctx, const struct jail_load *old, const struct jail_load *to,
                    struct aaj_arena *arena, struct aaj_diags *diags, struct aaj_jail_result *result);
/* Up through the journal, whatever @undo says it is for. */
int jail_go_up(const struct aaj_jail_ctx *ctx, const struct jail_load *load, bool undo, struct aaj_arena *arena,
               struct aaj_diags *diags, struct aaj_jail_result *result);
int jail_go_down(const struct aaj_jail_ctx *ctx, struct aaj_str name, bool undo, struct aaj_arena *arena,
                 struct aaj_diags *diags, struct aaj_jail_result *result);

/* What an administrator wants of a jail besides what was proved (apparmor.d(5), aa-disable(8)). */
enum jail_wish {
    JAIL_WISH_PROVED,
    JAIL_WISH_COMPLAIN, /* force-complain/ names it, or its file in /etc/apparmor.d was set to complain */
    JAIL_WISH_DISABLED, /* disable/ names it */
};
/* *ret_path: the link or file that says so. A negative errno when out of memory. */
int jail_wish(const struct aaj_jail_ctx *ctx, const struct jail_load *load, struct aaj_arena *arena,
              enum jail_wish *ret_wish, struct aaj_str *ret_path);
