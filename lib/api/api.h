/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is behind aajail.h's opaque types. */
#pragma once

#include "aajail.h"
#include "build/build.h"
#include "match/match.h"

struct aajail {
    char *datadir;
    struct aaj_target *target;
    struct aaj_fsview *files; /* NULL: nothing is known but what recordings say */
    struct aaj_diags diags;
    struct aaj_arena texts; /* of the messages shown so far */
};

struct aajail_recording {
    aajail *ctx;
    struct aaj_recording *rec;
};

struct aajail_build {
    struct aaj_manifest *manifest;
    struct aaj_built *built;
    struct aaj_str report;
};

struct aajail_policy {
    struct aaj_match *match;
};

static inline struct aaj_str aaj_api_bytes(const void *bytes, size_t n)
{
    return (struct aaj_str){ bytes ? bytes : "", bytes ? n : 0 };
}

/* The context's target, opened when it is first needed. */
int aaj_api_target(aajail *ctx, const struct aaj_target **ret_target);
