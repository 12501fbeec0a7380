/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names in and below one directory, by their extension: what created.c and siblings.c count. */
#pragma once

#include "learn/private.h"

enum { AAJ_KINDS_MAX = 256, AAJ_KINDS_DEPTH = 200 };

struct aaj_kind {
    struct aaj_str ext;
    bool dirs;            /* the directories' own entries: "" */
    size_t direct, below; /* files; for siblings, below counts subdirectories */
    size_t patterns;      /* of files */
    size_t last_kid;
    struct aaj_kids deep; /* nodes below */
};

struct aaj_kinds {
    struct aaj_kind kind[AAJ_KINDS_MAX];
    size_t n;
};

/* The kind of that extension, new or not; NULL when there are too many. */
struct aaj_kind *aaj_kind_of(struct aaj_kinds *kinds, struct aaj_str ext, bool dirs);
void aaj_kinds_free(struct aaj_kinds *kinds); /* of calloc(3) */

static inline bool aaj_is_glob(const struct aaj_learner *l, uint32_t node)
{
    return l->node[node].flags & AAJ_NODE_GLOB;
}
