/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was observed: a canonical, mergeable set of distinct accesses with their evidence, facts about
 * the files they name, and a statement of what was lost. aajail-recording(5) is the format on disk.
 *
 * Memory grows with distinct accesses, never with events. All strings but sample lines are ids into one interner.
 *
 * Merging is associative, commutative and idempotent: a recording is a set of keyed facts, and each fact has its own
 * join (maximum of counts per source, minimum of first times and of samples, union of what is a set).
 */
#pragma once

#include <stdio.h>

#include "base/diag.h"
#include "base/intern.h"
#include "fsview/fsview.h"
#include "log/record.h"

/* One distinct access. The key is everything up to @info; the rest is evidence. */
struct aaj_access {
    uint32_t label;         /* interned: the whole chain; ":NS:LABEL" in a policy namespace */
    uint32_t class;         /* enum aaj_class */
    uint32_t op;            /* interned */
    uint32_t arg[AAJ_ARGS]; /* interned; slots as in log/event.h */
    uint32_t requested, denied_mask;
    uint32_t info; /* interned: why, where the kernel said so ("Failed name lookup - disconnected path") */

    /* Lower bounds: per source the number of events, summed over sources (see aajail-recording(5)).
     * KILLED counts as denied. */
    uint64_t allowed, denied, audited;
    /* Owner evidence: events in which fsuid equalled ouid or not, and whether the object was just being
     * created then (which says less: a new file belongs to its maker). */
    uint64_t owner_yes, owner_no, owner_created;
    uint64_t owner_root;           /* of owner_yes: with fsuid 0 */
    uint32_t fsuid_min, fsuid_max; /* AAJ_UID_NONE: never logged */
    int64_t first_ms, last_ms;     /* 0: no event said when */
    uint32_t entry;                /* the recording's own: aaj_recording_sample() */
};

struct aaj_account {
    uint64_t lines, used, irrelevant, reported;
    uint64_t lost;   /* events known to be lost; a lower bound */
    bool incomplete; /* suppression, overrun or gap seen, even where no number is known */
};

/* One statement that something was lost. */
struct aaj_loss {
    struct aaj_str what; /* id: "callbacks-suppressed", "audit-lost", "serial-gap", …; see aajail-recording(5) */
    struct aaj_str host, boot;
    int32_t day; /* days since the epoch, UTC; AAJ_DAY_NONE: not said */
    enum aaj_channel channel;
    uint64_t count; /* 0: no number was said */
    bool covered;   /* it speaks of one channel, and another, whole one tells of the same time */
};
#define AAJ_DAY_NONE INT32_MIN

/* Opaque: aaj_recording_… in this folder. */
struct aaj_recording;

int aaj_recording_new(struct aaj_recording **ret_rec);
struct aaj_recording *aaj_recording_free(struct aaj_recording *rec);

/* Takes in one event. Only the strings' bytes are copied, and only when they are new. @line becomes the sample where
 * it is the smallest; it may be empty. Modes STATUS, HINT, ERROR and INVALID are no access: ignored. */
int aaj_recording_add(struct aaj_recording *rec, const struct aaj_event *event, struct aaj_str line);

/* The words that the program of an exec was started with (log/argv.h). */
int aaj_recording_add_command(struct aaj_recording *rec, const struct aaj_event *exec, struct aaj_str argv);
/* What was read. */
struct aaj_input_account {
    uint64_t lines, used, irrelevant, reported, bytes;
    int64_t first_ms, last_ms; /* of what was used; 0: nothing said when */
};
int aaj_recording_add_input(struct aaj_recording *rec, const struct aaj_input_account *input);

/* Accesses in canonical order (label, class, op, args, masks by their bytes), whatever the order of
 * arrival. The array belongs to the recording and is valid until the next change. */
int aaj_recording_accesses(struct aaj_recording *rec, const struct aaj_access **ret_access, size_t *ret_n);

/* Whether any event came through @channel. */
bool aaj_recording_has_channel(const struct aaj_recording *rec, enum aaj_channel channel);

/* One raw line of @access, the smallest by (time, serial, bytes); empty: none is known, or memory is exhausted. Lines are
 * kept packed: this one is valid until the recording is asked for another, or changes. */
struct aaj_str aaj_recording_sample(struct aaj_recording *rec, const struct aaj_access *access);

/* What its process was called, as that line has it; empty where none is known, or the name is no plain text. In @arena. */
struct aaj_str aaj_recording_comm(struct aaj_recording *rec, const struct aaj_access *access, struct aaj_arena *arena);

struct aaj_str aaj_recording_str(const struct aaj_recording *rec, uint32_t id);
/* For a walk over accesses: fetches from memory what the first argument (a file's name) of the next ones is. */
void aaj_recording_fetch(const struct aaj_recording *rec, const struct aaj_access *soon, const struct aaj_access *later);

/* The top-level labels ("P" of "P", "P//HAT", "P//null-/bin/sh") in byte order, and how many distinct accesses each
 * has. The array is malloc'd, the caller frees it. */
struct aaj_label_count {
    struct aaj_str label;
    size_t accesses;
};
int aaj_recording_labels(const struct aaj_recording *rec, struct aaj_label_count **ret_label, size_t *ret_n);

/* The words that the programs of an exec were started with, as far as EXECVE records said: the smallest by bytes, with
 * NUL between words, and as one line that a shell would read. They were chosen by whoever ran it: escape them. */
enum { AAJ_COMMANDS_KEPT = 4 };
size_t aaj_recording_commands(const struct aaj_recording *rec, const struct aaj_access *access,
                              struct aaj_str ret_argv[static AAJ_COMMANDS_KEPT]);
struct aaj_str aaj_command_text(struct aaj_arena *arena, struct aaj_str argv); /* empty without memory */

/* The part of a label up to the first "//", after a leading ":NS:" or ":NS://". */
struct aaj_str aaj_label_top(struct aaj_str label);
/* Is @label @above, or below it in its chain ("P//HAT" below "P")? */
bool aaj_label_under(struct aaj_str label, struct aaj_str above);

/* The sum over all inputs, each counted once. */
struct aaj_account aaj_recording_account(const struct aaj_recording *rec);
/* Losses in canonical order; malloc'd, the caller frees. */
int aaj_recording_losses(const struct aaj_recording *rec, struct aaj_loss **ret_loss, size_t *ret_n);
/* Adds a statement (a live session's: "serial-gap", "enobufs", …). */
int aaj_recording_add_loss(struct aaj_recording *rec, const struct aaj_loss *loss);

/* Facts about files the accesses name, taken where and when they were observed. The view belongs to the recording;
 * whoever observes adds to it with aaj_fsview_add(), and must not give it a root. */
struct aaj_fsview *aaj_recording_files(struct aaj_recording *rec);

/* The lines before the first access alone: inputs, sources, losses, labels, files. For who needs no more: read as a
 * recording it has account and losses, and what its label lines said. */
struct aaj_str aaj_recording_head(struct aaj_str text);
struct aaj_head_label {
    struct aaj_str label;
    uint64_t accesses;
};
int aaj_recording_head_labels(const struct aaj_recording *rec, struct aaj_head_label **ret_label, size_t *ret_n);

/* Canonical JSON Lines. -EINVAL with located findings for text that is not a recording. */
int aaj_recording_read(struct aaj_recording *rec, struct aaj_str text, struct aaj_str file,
                       struct aaj_diags *diags); /* merges into @rec */
int aaj_recording_write(struct aaj_recording *rec, FILE *out);
int aaj_recording_merge(struct aaj_recording *rec, const struct aaj_recording *other);

/* The same under other names: @fn gives the name of a file that stands for @name in an access of @op, or the label, where @op
 * is empty. Of names that become one the evidence is added up. */
int aaj_recording_rename(const struct aaj_recording *rec,
                         int (*fn)(void *data, struct aaj_str op, struct aaj_str name, struct aaj_arena *arena, struct aaj_str *ret_name),
                         void *data, struct aaj_recording **ret_rec);

/* Drops sample lines, and replaces what names persons and sessions: /home/NAME, the NAME of a user's own folders,
 * session ids. A new recording, since different names may become one. */
int aaj_recording_redact(struct aaj_recording *rec, struct aaj_recording **ret_rec);
