/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole files in, and all-or-nothing files out. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/str.h"

enum { AAJ_FILE_MAX = 64 * 1024 * 1024 };

/* Reads @fd to its end into the arena (a NUL is behind the bytes). -EFBIG past @max, else -errno. */
int aaj_file_read_fd(int fd, size_t max, struct aaj_arena *arena, struct aaj_str *ret_text);

/* "-" is standard input. Opens without following magic; refuses directories with -EISDIR. */
int aaj_file_read(const char *path, size_t max, struct aaj_arena *arena, struct aaj_str *ret_text);

/* Writes through a temporary name in the same folder, synced, then renamed: a reader sees the old file
 * or the new one. A device, a pipe and "-" (standard output) are written straight. Where @path is a
 * symlink the link itself is replaced. On failure nothing is left behind. 0 or -errno. */
int aaj_file_write(const char *path, struct aaj_str text, mode_t mode);

/* The same for a plain name in an open folder: no part of the way is looked up again, so nobody who may
 * write above it can send the file elsewhere. */
int aaj_file_write_at(int dirfd, const char *name, struct aaj_str text, mode_t mode);

/* All of it, over short writes and EINTR. 0 or -errno. */
int aaj_file_write_fd(int fd, struct aaj_str text);
