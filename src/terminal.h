/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What reaches a terminal cannot control it, whoever wrote it; terminals whose character set is not UTF-8 get ASCII. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/str.h"

/* From now on this holds for stdout and stderr, where they are terminals. 0 or -ENOMEM. */
int terminal_guard(void);

/* The descriptor behind a stream that may be guarded: fileno() does not know. */
int terminal_fd(FILE *f);

/* aaj_file_write(), but "-" is stdout, guarded. */
int output_write(const char *path, struct aaj_str text, mode_t mode);
/* What to call it in a finding. */
struct aaj_str output_name(const char *path);

/* At the end, with the command's status: a full disk behind stdout is not success. Returns the status to end with. */
int output_end(int status);

/* Is it a terminal, and of another character set than UTF-8? */
bool terminal_is_plain(int fd);
/* A stream for a terminal; @mode is setvbuf()'s. Controls, and if @plain all that is not ASCII, come out as \xNN. NULL
 * when out of memory. */
FILE *terminal_open(int fd, bool plain, int mode);
