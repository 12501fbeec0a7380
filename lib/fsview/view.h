/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of a view, shared by the files of this folder. */
#pragma once

#include "base/intern.h"
#include "fsview/fsview.h"

enum {
    AAJ_VIEW_KNOWN = 1 << 0,    /* fact[] holds an answer */
    AAJ_VIEW_ADDED = 1 << 1,    /* it came through aaj_fsview_add() */
    AAJ_VIEW_LISTED = 1 << 2,   /* it came from a list */
    AAJ_VIEW_CHILDREN = 1 << 3, /* a list names something directly below it */
};

/* What a whole walk over a tree gave, for the next: a build asks half a dozen times, and a machine has many files. */
struct aaj_tape {
    char *bytes;
    size_t n, cap;
    bool whole;
    char last[8192]; /* the path before, while it is made; longer ones than PATH_MAX and a name are none */
    size_t n_last;
};

struct aaj_fsview {
    struct aaj_intern paths;
    struct aaj_arena arena; /* targets and interpreters */
    struct aaj_fact *fact;  /* by id of paths */
    uint8_t *flags;         /* by id of paths */
    uint32_t n, cap;
    uint32_t *order; /* ids by byte order of path; made when asked for */
    uint32_t n_order;
    int root; /* O_PATH; -1: none */
    bool listed;
    struct aaj_tape tape;
};

/* Adds to a tape; on failure there is none. Strings are copied. */
int aaj_tape_add(struct aaj_tape *t, const struct aaj_fact *fact);
int aaj_tape_play(const struct aaj_tape *t, int (*fn)(void *data, const struct aaj_fact *fact), void *data);
void aaj_tape_clear(struct aaj_tape *t);

/* The slot of @path, made where it is missing. */
int aaj_view_slot(struct aaj_fsview *view, struct aaj_str path, uint32_t *ret_id);

/* Writes a fact into its slot: copies strings, completes the bits. */
int aaj_view_put(struct aaj_fsview *view, uint32_t id, const struct aaj_fact *fact, uint8_t flags);

/* Ids of everything in the table in byte order of path. */
int aaj_view_order(struct aaj_fsview *view);

/* "/a" of "/a/b", "/" of "/a"; *path must be absolute and not "/". */
struct aaj_str aaj_view_parent(struct aaj_str path);

/* Nothing is below an empty @dir. */
bool aaj_view_is_below(struct aaj_str path, struct aaj_str dir);

/* /proc, /sys or /dev, or a path below them: what is there belongs to a running machine. */
bool aaj_view_is_volatile(struct aaj_str path);

/* One question to the tree about a path all of whose parents are real directories: 1 with *ret_fact
 * (strings in the arena), 0, -ENODATA. */
int aaj_tree_get(int root, struct aaj_str path, struct aaj_arena *arena, struct aaj_fact *ret_fact);
int aaj_tree_walk(int root, int (*fn)(void *data, const struct aaj_fact *fact), void *data);

/* openat2 beneath @root without following anything; -errno. @path is absolute. */
int aaj_tree_open(int root, struct aaj_str path, int flags);
