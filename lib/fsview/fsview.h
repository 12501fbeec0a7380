/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What exists: a view of a file tree that may be this machine's, another root's, a list made by
 * `find -printf '%y\t%m\t%U\t%G\t%p\n'` (with `\t%l` for links), or facts kept in a recording. All give
 * the same answers, so a profile can be built where the service is not installed.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/str.h"

enum aaj_fact_bits {
    AAJ_FACT_SETUID = 1u << 0,
    AAJ_FACT_SETGID = 1u << 1,
    AAJ_FACT_CAPS = 1u << 2,       /* has a security.capability attribute */
    AAJ_FACT_CAPS_KNOWN = 1u << 3, /* it was looked for (a find list cannot say) */
    AAJ_FACT_EXEC = 1u << 4,       /* some x bit */
    AAJ_FACT_WORLD_READ = 1u << 5,
};

struct aaj_fact {
    struct aaj_str path;   /* absolute, as the kernel would resolve it but for a last symlink */
    char type;             /* as find's %y: f d l c b p s; 0 = does not exist */
    uint16_t mode;         /* 07777 */
    uint32_t uid, gid;
    struct aaj_str target; /* of a symlink; empty when unknown */
    struct aaj_str interp; /* of a script: the interpreter's path from #!; empty otherwise */
    uint32_t bits;         /* enum aaj_fact_bits */
};

/* The bits that follow from mode and type. */
uint32_t aaj_fact_mode_bits(uint16_t mode, char type);

struct aaj_fsview;

int aaj_fsview_new(struct aaj_fsview **ret_view); /* empty: nothing is known */
struct aaj_fsview *aaj_fsview_free(struct aaj_fsview *view);

/* Adds one fact; a later one about the same path wins. Strings are copied. -EINVAL for a relative path. */
int aaj_fsview_add(struct aaj_fsview *view, const struct aaj_fact *fact);

/* Calls @fn for each fact given to aaj_fsview_add(), also about files that do not exist, in byte order of
 * path: for who keeps them. A non-zero return stops and is returned. */
int aaj_fsview_each_fact(struct aaj_fsview *view, int (*fn)(void *data, const struct aaj_fact *fact),
                         void *data);

/* Answers come from the tree below @root ("/" for this machine) where no fact was added. Questions use
 * openat2 without magic links beneath the root and read only regular files. */
int aaj_fsview_set_root(struct aaj_fsview *view, const char *root);

/* A list as above, plain or .zst (by its magic bytes); with `\0` for `\n` where names hold newlines.
 * Located warnings for a line that is none, which is left out. A path that comes twice with different
 * facts (a name with a newline can forge a line) keeps the more dangerous of both, with a warning.
 * -EINVAL when there is no usable line at all or the compressed text is broken. */
int aaj_fsview_add_list(struct aaj_fsview *view, struct aaj_str text, struct aaj_str file,
                        struct aaj_diags *diags);

/* What is known of @path itself (no symlink followed at the end; a final "/" is ignored). 1 = known and
 * exists, 0 = known not to exist (a complete list or tree lacks it), -ENODATA = nothing is known: outside
 * the list, in a directory that was not read, or below /proc, /sys, /dev. *ret_fact belongs to the view. */
int aaj_fsview_get(struct aaj_fsview *view, struct aaj_str path, struct aaj_fact *ret_fact);

/* The path with all symlinks followed, as the kernel would name it; -ELOOP, -ENOENT, -ENODATA. A list
 * without link targets still knows the merged /usr (/bin is usr/bin). */
int aaj_fsview_resolve(struct aaj_fsview *view, struct aaj_str path, struct aaj_arena *arena,
                       struct aaj_str *ret_path);

/* The same, but where the path leads into the unknown or to nothing the rest is kept as written: the
 * best name there is. Fails with -ELOOP, -ENAMETOOLONG and -ENOMEM only. */
int aaj_fsview_canonical(struct aaj_fsview *view, struct aaj_str path, struct aaj_arena *arena,
                         struct aaj_str *ret_path);

/* Calls @fn for each existing file in byte order of path; a non-zero return stops and is returned, but
 * AAJ_FSVIEW_SKIP, returned for a folder, leaves out what is below it.
 * The root's tree where there is one (without crossing into /proc, /sys and /dev, and without looking
 * for interpreters and capabilities: ask aaj_fsview_get() about those), else the added facts and lists.
 * The tree is walked once: later calls tell of the same files, as answers of aaj_fsview_get() stay the same.
 * The fact is valid during the call. */
enum { AAJ_FSVIEW_SKIP = 1 << 20 };
int aaj_fsview_walk(struct aaj_fsview *view, int (*fn)(void *data, const struct aaj_fact *fact), void *data);

/* Whether anything but added facts can answer: a tree or a complete list. */
bool aaj_fsview_is_complete(const struct aaj_fsview *view);
