/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes from one descriptor to another in a loop that waits for several. There is room for one piece: no more
 * is read before it is written, so that a slow reader slows the writer and never the loop.
 *
 *     struct pollfd p[] = { aaj_stream_wish(&a), aaj_stream_wish(&b) };
 *     poll(p, 2, -1);
 *     aaj_stream_step(&a, &p[0]);
 *     aaj_stream_step(&b, &p[1]);
 */
#pragma once

#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

struct aaj_stream {
    int from, to;       /* from: -1 = at its end; to: -1 drops */
    char buf[PIPE_BUF]; /* not more, so that a write to a pipe that takes something does not wait */
    size_t at, n;
    int error; /* -errno of a write */
};

/* What to wait for: something to read, or room for what was read. */
struct pollfd aaj_stream_wish(const struct aaj_stream *s);

/* Reads or writes once, where @p, filled by poll(), says that it is possible. At the end, or where reading fails, from
 * is -1; closing is the caller's. */
void aaj_stream_step(struct aaj_stream *s, const struct pollfd *p);

/* All that came is written, and nothing more comes. */
bool aaj_stream_ended(const struct aaj_stream *s);
