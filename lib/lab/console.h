/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's console. user-mode-linux writes it without waiting, and what does not fit into a full pipe is
 * gone: with a slow reader, audit records were. A file takes everything, so the console is one without a
 * name, read behind the kernel's back; what was handed on is freed.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    AAJ_CONSOLE_TICK_MS = 20,           /* a file cannot be waited for */
    AAJ_CONSOLE_UNREAD_MAX = 256 << 20, /* bytes, more than a reader may be behind */
};

struct aaj_console {
    int from, to;    /* to: -1 = only the tail is kept */
    off_t at, freed; /* handed on; a multiple of the page size, no longer in memory */
    char tail[8192]; /* the kernel's last words, a ring, for the message when it dies */
    size_t n_tail;   /* ever written to it */
};

/* A file without a name in memory. The descriptor (close-on-exec) or -errno. */
int aaj_console_open(void);

/* What to wait for: the reader, where it is behind. */
struct pollfd aaj_console_wish(const struct aaj_console *c);

/* Hands on what @to takes now. 1 = more is left, 0 = all that is there is handed on, -EOVERFLOW = the reader
 * is too far behind, other errors of the write. @writable: @to takes something. */
int aaj_console_step(struct aaj_console *c, bool writable);
