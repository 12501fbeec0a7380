/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail explain: what its two questions share. */
#pragma once

#include <json.h>

#include "check/rules.h"
#include "manifest/manifest.h"
#include "reader.h"
#include "recording/recording.h"
#include "target/target.h"
#include "verb.h"

struct explain {
    const struct verb *verb;
    struct paths logs, recordings;
    const char *label, *manifest_path, *root, *files, *target_name, *profile;
    bool json;

    struct aaj_diags diags;
    struct aaj_arena arena;
    struct aaj_target *target;
    struct aaj_rules rules; /* of the profile */
    struct aaj_manifest *manifest;
    struct aaj_recording *recording;
    json_object *out;
    const char *note;     /* why an event needs no rule; NULL: it does, or that is not known */
    struct aaj_str judge; /* the profile that an event is judged by; empty: none */
};

/* Both return an exit status, print, and fill x->out. @text is a rule; @line a line of a log. */
int explain_rule(struct explain *x, const char *text);
int explain_event(struct explain *x, const char *line);

/* A finding about x->profile: EXIT_INPUT. */
int explain_bad(struct explain *x, const char *what);
