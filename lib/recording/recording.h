/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was observed: a canonical, mergeable set of distinct accesses with their evidence, facts about
 * the files they name, and a statement of what was lost. aajail-recording(5) is the format on disk.
 *
 * Memory grows with distinct accesses, never with events. All strings are ids into one interner.
 */
#pragma once

#include <stdio.h>

#include "base/diag.h"
#include "base/intern.h"
#include "fsview/fsview.h"
#include "log/event.h"

/* One distinct access. The key is everything up to @denied; the rest is evidence. */
struct aaj_access {
    uint32_t label;           /* interned */
    uint32_t op;              /* interned */
    uint32_t arg[AAJ_ARGS];   /* interned; slots as in log/event.h */
    uint32_t class;           /* enum aaj_class */
    uint32_t requested, denied_mask;

    /* Lower bounds: per source the number of events, summed over sources (see aajail-recording(5)). */
    uint64_t allowed, denied, audited;
    /* Owner evidence: events in which fsuid equalled ouid or not, and whether the object was just being
     * created then (which says less: a new file belongs to its maker). */
    uint64_t owner_yes, owner_no, owner_created;
    uint64_t owner_root; /* of owner_yes: with fsuid 0 */
    uint32_t fsuid_min, fsuid_max; /* AAJ_UID_NONE: never logged */
    int64_t first_ms, last_ms;
    uint32_t sample; /* interned: one raw line, the smallest by (time, serial, bytes); 0 = none */
};

struct aaj_account {
    uint64_t lines, used, irrelevant, reported;
    uint64_t lost;        /* events known to be lost; a lower bound */
    bool incomplete;      /* suppression, overrun or gap seen, even where no number is known */
};

/* Opaque: aaj_recording_… in this folder. */
struct aaj_recording;

int aaj_recording_new(struct aaj_recording **ret_rec);
struct aaj_recording *aaj_recording_free(struct aaj_recording *rec);

/* Takes in one event. Only the strings' bytes are copied, and only when they are new. */
int aaj_recording_add(struct aaj_recording *rec, const struct aaj_event *event, struct aaj_str line);

/* Accesses in canonical order (label, class, op, args, masks by their bytes), whatever the order of
 * arrival. The array belongs to the recording and is valid until the next change. */
int aaj_recording_accesses(struct aaj_recording *rec, const struct aaj_access **ret_access, size_t *ret_n);

struct aaj_str aaj_recording_str(const struct aaj_recording *rec, uint32_t id);
const struct aaj_account *aaj_recording_account(const struct aaj_recording *rec);
/* Facts about files the accesses name, taken where and when they were observed. */
struct aaj_fsview *aaj_recording_files(struct aaj_recording *rec);

/* Canonical JSON Lines. -EINVAL with located findings for text that is not a recording. */
int aaj_recording_read(struct aaj_recording *rec, struct aaj_str text, struct aaj_str file,
                       struct aaj_diags *diags); /* merges into @rec */
int aaj_recording_write(struct aaj_recording *rec, FILE *out);
int aaj_recording_merge(struct aaj_recording *rec, const struct aaj_recording *other);
