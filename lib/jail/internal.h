/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "jail/jail.h"

/* Everything that is to be loaded, read and checked before anything changes. */
struct jail_load {
    struct aaj_artefacts artefacts;
    struct aaj_manifest *manifest;
    struct aaj_str policy, text;    /* compiled, and as text */
    struct aaj_firewall_plan *plan; /* NULL: the manifest names no user */
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
bool jail_exists(const char *path);
bool jail_name_ok(struct aaj_str name);
/* A folder of plain files, gone; not there is fine. */
int jail_remove_dir(const char *path);
int jail_make_dirs(const char *path, mode_t mode);

int jail_save(const char *dir, const struct jail_load *load, struct aaj_diags *diags);

/* Chain, then profile, then text. What @old (may be NULL) had and @load has not goes. */
int jail_go_forward(const struct aaj_jail_ctx *ctx, const struct jail_load *load, const struct jail_load *old,
                    struct aaj_diags *diags, struct aaj_jail_result *result);
/* The same, and on failure back to @old (NULL: nothing was up). */
int jail_bring_up(const struct aaj_jail_ctx *ctx, const struct jail_load *load, const struct jail_load *old,
                  struct aaj_diags *diags, struct aaj_jail_result *result);
int jail_take_down(const struct aaj_jail_ctx *ctx, const struct jail_load *old, struct aaj_diags *diags,
                   struct aaj_jail_result *result);

/* Finishes what an interrupted run of this jail began. */
int jail_recover(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                 struct aaj_diags *diags);
int jail_swap_in(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                 struct aaj_diags *diags);
int jail_swap_out(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                  struct aaj_diags *diags);
