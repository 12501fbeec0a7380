/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An input is read in blocks that end at a line's end, and each block by itself: how many threads there are, and which
 * of them takes a block, makes no difference to what is found in it. A worker gathers what it finds in a recording of
 * its own, and what depends on the order of lines (findings, losses) with its place.
 */
#pragma once

#include "log/reader.h"
#include "recording/intake.h"
#include "recording/impl.h"

enum { WORKER_BATCH = 16, WORKER_KEPT = 1000, WORKER_SHOWN = 240, WORKER_SCRATCH = 4096 };

struct place {
    uint32_t block;
    uint64_t line; /* in the block, from 1 */
};

static inline int place_compare(struct place a, struct place b)
{
    if (a.block != b.block)
        return a.block < b.block ? -1 : 1;
    return (a.line > b.line) - (a.line < b.line);
}

struct kept_report {
    struct place place;
    size_t at;
    const char *why;
    struct aaj_str line; /* in .arena, cut */
};

struct kept_loss {
    struct place place;
    const char *what;
    uint64_t count;
    uint32_t host, boot; /* interned in .rec */
    uint32_t channel;
    int64_t when; /* 0: not said */
};

struct queued {
    struct aaj_log_head head;
    struct sample_shape known; /* of the line, where .plain */
    struct digest digest;
    struct shape shape; /* a copy: the table moves on */
    uint64_t line_no;
    uint32_t source, hash, name_hash;
    struct entry_key key;
    bool plain, good; /* good: an access that is wanted */
};

struct worker {
    struct aaj_recording *rec;
    const struct aaj_intake_options *options;
    struct aaj_log_reader *reader;
    struct shapes shapes;
    struct aaj_arena arena;
    struct queued queue[WORKER_BATCH];
    unsigned n_queue;
    /* The source of the record before, which is nearly always that of the next. */
    struct aaj_log_head source_of; /* host, boot, channel */
    char host[256], boot[64];
    int64_t day_from, day_to;
    uint32_t source;
    bool has_source, source_wanted;
    char scratch[WORKER_SCRATCH];
    uint64_t filtered;
    uint32_t block;
    uint64_t line_base; /* the reader's count when the block began */
    struct place first_audit, last_audit;
    bool has_audit, finishing;
    int64_t last_ms; /* newest event of this block */
    int64_t input_first_ms, input_last_ms;
    struct kept_report *report;
    struct kept_loss *loss;
    size_t n_reports, cap_reports, n_losses, cap_losses;
};

int worker_init(struct worker *w, const struct aaj_intake_options *options);
void worker_clear(struct worker *w);

/* One block: @before are the bytes that came before it (whole lines), @text its own. ret_lines: how many it has.
 * @last: the reader's end of input; an export stream is fed to one worker with .whole instead. */
int worker_block(struct worker *w, uint32_t block, struct aaj_str before, struct aaj_str text, uint64_t *ret_lines);
/* The same for a stream that cannot be cut: no restart between its pieces. */
int worker_piece(struct worker *w, struct aaj_str text, bool end);
