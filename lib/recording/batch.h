/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A log becomes a recording in two steps that may be those of two threads:
 *
 *     block of whole lines ─ scanner ► batch: records, their shapes' digests, findings ─ table ► recording
 *
 * Scanning a block needs nothing but the block, so any number of threads can do it, in any order. The tables of a
 * recording have one owner, who takes the batches in the order of the log; so there is one set of tables however many
 * threads there are, nothing to merge, and the same result.
 */
#pragma once

#include "base/arena.h"
#include "fsview/fsview.h"
#include "log/record.h"
#include "recording/sample.h"

enum { BATCH_KEPT = 1000, BATCH_SHOWN = 240 };

/* An AppArmor record, in two cache lines: many wait here, and are still in the nearest cache when they are taken. */
struct queued {
    struct aaj_str line, host, boot; /* as struct aaj_log_head says it; bytes of the line or of the batch's arena */
    int64_t time_ms;
    uint64_t serial;
    struct digest digest;      /* where .plain */
    struct sample_shape known; /* of the line; its gaps where .plain */
    uint32_t name_hash;
    uint32_t number; /* of the line in the block, from 1 */
    int16_t type;
    uint8_t channel;
    bool plain : 1, last : 1; /* last: the log ends in this line, without a line's end */
};

/* What was said of a file that was run. */
struct kept_fact {
    struct aaj_fact fact;
    struct aaj_str label; /* whose exec */
};

/* The words of an exec. */
struct kept_command {
    struct aaj_event exec;
    struct aaj_str argv;
};

/* A line set aside. */
struct kept_report {
    uint64_t line;
    size_t at;
    const char *why;
    struct aaj_str text; /* cut */
};

struct kept_loss {
    uint64_t line;
    const char *what;
    uint64_t count;
    struct aaj_str host, boot;
    uint32_t channel;
    int64_t when; /* 0: not said */
};

/* What was found in one block, in the order of its lines. Bytes of records are the block's or in .arena, all others are
 * in .arena. */
struct batch {
    struct aaj_arena arena;
    struct queued *item;
    struct aaj_event *event; /* joined from several lines, so without one of their own */
    struct kept_fact *fact;
    struct kept_command *command;
    struct kept_report *report;
    struct kept_loss *loss;
    size_t n_items, cap_items, n_events, cap_events, n_facts, cap_facts, n_commands, cap_commands, n_reports, cap_reports, n_losses, cap_losses;
    size_t n_settled;                   /* items whose bytes stay until the batch is taken */
    uint64_t lines;                     /* of the block */
    uint64_t first_audit, last_audit; /* lines of records that came through the audit channel; 0: none */
};

void batch_clear(struct batch *b);
/* Empty again, keeping its tables. */
void batch_reset(struct batch *b);

int batch_event(struct batch *b, const struct aaj_event *event);
int batch_fact(struct batch *b, const struct aaj_fact *fact, struct aaj_str label);
int batch_command(struct batch *b, const struct aaj_event *exec, struct aaj_str argv);
/* Sees to it that all records' bytes stay: those that are not in @text are copied. */
int batch_settle(struct batch *b, struct aaj_str text);
/* At most BATCH_KEPT are kept, and no more than BATCH_SHOWN bytes of each. */
int batch_report(struct batch *b, const struct kept_report *report);
int batch_loss(struct batch *b, const struct kept_loss *loss);
