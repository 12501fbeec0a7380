/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the bytes of a log come from: a file, a pipe, standard input; plain, gzip, xz or zstd by their magic. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/str.h"

/* Text shrinks 10 to 60 times; a log of one line repeated reaches a thousand. Past this, and past the first
 * 64 MiB, it is a bomb. */
enum { AAJ_LOG_RATIO_MAX = 4000 };

struct aaj_log_source;

/* Opens @path for reading ("-": a duplicate of standard input). -EISDIR for a folder, else -errno. The
 * caller owns *ret_fd. Separate from reading, so that another process may read. */
int aaj_log_open(const char *path, int *ret_fd);

/* Reads from @fd, which stays the caller's. */
int aaj_log_source_new(int fd, struct aaj_log_source **ret_source);
struct aaj_log_source *aaj_log_source_free(struct aaj_log_source *source);

/* Up to @n bytes into @buf, as many as there are; 0 at the end. -EBADMSG: damaged or cut compression,
 * -E2BIG: past the ratio, else -errno. What came before an error is good. */
ssize_t aaj_log_source_read(struct aaj_log_source *source, char *buf, size_t n);

/* "gzip", "xz", "zstd" or NULL; known after the first read. */
const char *aaj_log_source_compression(const struct aaj_log_source *source);
