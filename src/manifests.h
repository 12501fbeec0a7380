/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manifests of one call, and which of them are built together: a pool's profile stands inside its master's, so
 * whoever builds one builds the master with all its pools. Those that were not named are looked for beside the others.
 */
#pragma once

#include "base/diag.h"
#include "manifest/manifest.h"

struct manifests {
    struct aaj_arena arena;
    struct aaj_manifest **item;
    struct aaj_str *text; /* as the file says */
    size_t n, cap;
};

/* Reads @path and adds it. An exit status. */
int manifests_open(struct manifests *m, const char *path, struct aaj_diags *diags);
/* -ENOMEM, or 0: @manifest is owned then. */
int manifests_add(struct manifests *m, struct aaj_manifest *manifest, struct aaj_str text);
void manifests_clear(struct manifests *m);

/* Adds the masters of the pools, and the masters' other pools, and says so. An exit status. */
int manifests_complete(struct manifests *m, struct aaj_diags *diags);

bool manifests_is_pool_of(const struct aaj_manifest *pool, const struct aaj_manifest *master);

/* The group of @i, @i first, into @ret (room for m->n): a jail alone, or a master and its pools sorted by name. 0 for a
 * pool, which is in its master's group. */
size_t manifests_group(const struct manifests *m, size_t i, size_t *ret);
