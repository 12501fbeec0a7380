/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What no learned rule may grant, and why: ceiling/default.yaml plus what a manifest adds (`never`, other
 * jails' roots) and opens (`lift`). Everything is decided over sets of names, with a witness.
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"
#include "fsview/fsview.h"
#include "log/event.h"
#include "manifest/manifest.h"
#include "match/match.h"

struct aaj_ceiling;

struct aaj_ceiling_item {
    struct aaj_str id, reason;
    struct aaj_loc loc;  /* in the ceiling file or the manifest */
    bool never;          /* from a manifest's `never`: nothing lifts it */
    bool lifted;         /* the manifest opens it for its own rules */
    bool setuid;         /* holds every executable with setuid, setgid or file capabilities */
    bool write_and_exec; /* holds names that may be both written and executed or mapped */
    bool unconfined_exec;
    bool own_roots; /* does not hold the slave's own roots */
};

struct aaj_crossing {
    const struct aaj_ceiling_item *item;
    struct aaj_str name; /* a file, or "capability sys_admin"; in the caller's arena */
    uint32_t mask;       /* FILE: which of the letters cross (enum AAJ_MAY_*) */
};

/* Reads @datadir/ceiling/default.yaml. -EINVAL with located findings. */
int aaj_ceiling_open(const char *datadir, struct aaj_diags *diags, struct aaj_ceiling **ret_ceiling);
int aaj_ceiling_parse(struct aaj_str text, struct aaj_str file, struct aaj_diags *diags,
                      struct aaj_ceiling **ret_ceiling);
struct aaj_ceiling *aaj_ceiling_free(struct aaj_ceiling *ceiling);

const struct aaj_ceiling_item *aaj_ceiling_items(const struct aaj_ceiling *ceiling, size_t *ret_n);
const struct aaj_ceiling_item *aaj_ceiling_find(const struct aaj_ceiling *ceiling, struct aaj_str id);

/*
 * Applies a manifest: its `never` rules become items, its roots are left out of the items that say so, what
 * `lift` names is opened for what its rules say, and setuid executables are opened that `exec` names
 * for anything but deny. Located errors for an unknown id, for a rule that crosses an item it does not
 * lift, and for `never` against `rules` (both places).
 */
int aaj_ceiling_apply(struct aaj_ceiling *ceiling, const struct aaj_manifest *manifest,
                      struct aaj_diags *diags);

/* Every name at or below @root belongs to @jail and to nobody else: item "other-jails". */
int aaj_ceiling_add_root(struct aaj_ceiling *ceiling, struct aaj_str jail, struct aaj_str root);

/* The profile includes <abstractions/@name>: what the ceiling tolerates of it is opened. */
int aaj_ceiling_tolerate(struct aaj_ceiling *ceiling, struct aaj_str name);

/*
 * Would granting this cross the ceiling? 1 with the first crossing (shortest name), 0, -errno. The pattern is
 * an AppArmor glob without variables, or with @literal a plain name. @mask: AAJ_MAY_*; write stands for
 * append, create and delete too. @files (may be NULL) tells which executables are setuid.
 */
int aaj_ceiling_crosses_file(struct aaj_ceiling *ceiling, struct aaj_str pattern, bool literal, uint32_t mask,
                             struct aaj_fsview *files, struct aaj_arena *arena,
                             struct aaj_crossing *ret_crossing);

/* The same for an access of any class as it was observed; arg[] and mask as in log/event.h. A peer label
 * that is @own or below it is no stranger. */
int aaj_ceiling_crosses_access(struct aaj_ceiling *ceiling, enum aaj_class class,
                               const struct aaj_str arg[AAJ_ARGS], uint32_t mask, struct aaj_str own,
                               struct aaj_fsview *files, struct aaj_arena *arena,
                               struct aaj_crossing *ret_crossing);

/*
 * Is anything under the ceiling allowed by the compiled policy? Decided over sets: the ceiling's automaton
 * against the profile's, so that no name is missed. Calls @found for each item that @p crosses, once an item and
 * class with the shortest name; its return, when not 0, ends the search and is returned. @files (may be
 * NULL) tells which executables are setuid. 0 when all was looked at, -errno.
 */
typedef int (*aaj_ceiling_found)(void *ctx, const struct aaj_match_profile *p, const struct aaj_crossing *crossing);
int aaj_ceiling_prove(struct aaj_ceiling *ceiling, const struct aaj_match_profile *p, struct aaj_fsview *files,
                      aaj_ceiling_found found, void *ctx);
