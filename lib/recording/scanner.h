/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocks of a log into batches (batch.h). */
#pragma once

#include "log/reader.h"
#include "recording/batch.h"
#include "recording/table.h"

struct scanner {
    const struct aaj_intake_options *options;
    const struct table *table; /* whose secrets hashes are made with; nothing that changes is read */
    struct table *taker;       /* takes records as they come, while they are in the nearest cache; NULL: by the batch */
    struct aaj_log_reader *reader;
    struct batch *batch;
    struct aaj_str text;
    uint64_t line_base; /* the reader's count when the block began */
    uint64_t filtered;  /* records that are not wanted */
    int64_t last_ms;    /* newest record of this block */
    bool ending;
};

/* @alone: the table is this thread's. */
int scanner_init(struct scanner *s, const struct aaj_intake_options *options, struct table *table, bool alone);
void scanner_clear(struct scanner *s);

/* One block into @batch, which is empty: @before are the bytes that came before it (whole lines), @text its own. */
int scanner_block(struct scanner *s, struct aaj_str before, struct aaj_str text, struct batch *batch);
/* The same for a piece of a stream that cannot be cut into lines: no restart between pieces. */
int scanner_piece(struct scanner *s, struct aaj_str text, bool end, struct batch *batch);
