/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Batches (batch.h) into the tables of a recording. One thread's. */
#pragma once

#include "log/reader.h"
#include "recording/batch.h"
#include "recording/impl.h"
#include "recording/intake.h"

enum { TABLE_STEP = 64 }; /* records that are taken together, so that their cache misses overlap */

struct table {
    struct aaj_recording *rec;
    const struct aaj_intake_options *options;
    struct aaj_log_reader *reader; /* takes records apart and accounts for them; is never fed */
    struct shapes shapes;
    struct sample_buffer scratch;
    /* The source of the record before, which is nearly always that of the next. */
    struct aaj_log_head source_of; /* host, boot, channel */
    char host[256], boot[64];
    int64_t day_from, day_to;
    uint32_t source;
    bool has_source;
    const struct queued *taking; /* for findings */
    uint64_t filtered;           /* events that are not wanted */
    uint64_t line_base;          /* lines of all blocks before */
    uint64_t first_audit, last_audit;
    int64_t first_ms, last_ms;
    /* Findings: of this block while it is taken, then, by lines of the whole log, of all blocks. */
    struct batch found, all;
};

int table_init(struct table *t, const struct aaj_intake_options *options);
void table_clear(struct table *t);

/* Takes the records, joined events and facts that are in @b now, and leaves the rest of it. */
int table_take(struct table *t, struct batch *b);
/* What is left of a block whose records were taken; then @b is empty. */
int table_end_block(struct table *t, struct batch *b);
