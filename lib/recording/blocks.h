/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An input in blocks that end at a line's end, blocks to scanners, and their batches, in order, to the table. */
#pragma once

#include "log/source.h"
#include "recording/scanner.h"
#include "recording/table.h"

/*
 * Reads @source to its end with @n scanners, each in a thread of its own. The first is that of the caller, who owns
 * @table: it takes batches where there are any and scans else, so that neither waits for the other. @peeked was read
 * from the source already. 0 or the first error of a scanner or the table; *ret_read_error: -EBADMSG, -E2BIG or
 * -errno of the source; what came before was read.
 */
int blocks_read(struct aaj_log_source *source, struct aaj_str peeked, struct table *table, struct scanner *scanner,
                unsigned n, int *ret_read_error);
