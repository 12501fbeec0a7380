/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An input in blocks, and blocks to workers. */
#pragma once

#include "log/source.h"
#include "recording/worker.h"

/* Places of a reading that is done. */
struct blocks_result {
    uint64_t *line_base; /* by block: lines before it; malloc'd */
    uint32_t n_blocks;
    int read_error; /* -EBADMSG, -E2BIG or -errno of the source; what came before was read */
};

/* Reads @source to its end with @n workers, each in a thread of its own where there is more than one. @peeked was read
 * from it already. 0 or the first worker's error. */
int blocks_read(struct aaj_log_source *source, struct aaj_str peeked, struct worker *workers, unsigned n,
                struct blocks_result *ret);
