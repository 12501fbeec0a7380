/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/console.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FREE_EVERY = 1 << 20 };

int aaj_console_open(void)
{
    int fd = memfd_create("console", MFD_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

static off_t unread(const struct aaj_console *c)
{
    struct stat st;

    return fstat(c->from, &st) < 0 ? 0 : st.st_size - c->at;
}

struct pollfd aaj_console_wish(const struct aaj_console *c)
{
    return (struct pollfd){ .fd = c->to >= 0 && unread(c) > 0 ? c->to : -1, .events = POLLOUT };
}

static void keep_tail(struct aaj_console *c, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        c->tail[c->n_tail++ % sizeof(c->tail)] = p[i];
}

/* Where that is not possible the memory comes back at the end. */
static void free_read(struct aaj_console *c)
{
    off_t n = (c->at - c->freed) / FREE_EVERY * FREE_EVERY;

    if (n > 0 && fallocate(c->from, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, c->freed, n) == 0)
        c->freed += n;
}

int aaj_console_step(struct aaj_console *c, bool writable)
{
    char buf[PIPE_BUF]; /* not more, so that a write to a pipe that takes something does not wait */
    ssize_t n;

    if (c->to >= 0 && !writable)
        return unread(c) > AAJ_CONSOLE_UNREAD_MAX ? -EOVERFLOW : unread(c) > 0;
    n = pread(c->from, buf, sizeof(buf), c->at);
    if (n > 0 && c->to >= 0)
        n = write(c->to, buf, (size_t)n);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 1 : -errno;
    keep_tail(c, buf, (size_t)n);
    c->at += n;
    free_read(c);
    return unread(c) > 0;
}
