/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/stream.h"

#include <errno.h>
#include <unistd.h>

struct pollfd aaj_stream_wish(const struct aaj_stream *s)
{
    if (s->n > s->at)
        return (struct pollfd){ .fd = s->to, .events = POLLOUT };
    return (struct pollfd){ .fd = s->from, .events = POLLIN };
}

static void give(struct aaj_stream *s)
{
    ssize_t n = write(s->to, s->buf + s->at, s->n - s->at);

    if (n > 0)
        s->at += (size_t)n;
    else if (n < 0 && errno != EINTR && errno != EAGAIN)
        s->error = -errno;
}

static void take(struct aaj_stream *s)
{
    ssize_t n = read(s->from, s->buf, sizeof(s->buf));

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        s->from = -1;
        return;
    }
    s->at = s->to < 0 ? (size_t)n : 0;
    s->n = (size_t)n;
}

void aaj_stream_step(struct aaj_stream *s, const struct pollfd *p)
{
    if (!p->revents)
        return;
    if (s->n > s->at)
        give(s);
    else
        take(s);
}

bool aaj_stream_ended(const struct aaj_stream *s)
{
    return s->from < 0 && s->at == s->n;
}
