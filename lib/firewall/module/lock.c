/* SPDX-License-Identifier: GPL-2.0-only */
#include "firewall/module/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"

int lock_take(const struct aaj_firewall_ctx *ctx, struct aaj_diags *diags)
{
    const char *path = ctx->lock ? ctx->lock : secure_getenv("XTABLES_LOCKFILE");
    int64_t until = aaj_clock_ms() + (int64_t)ctx->lock_seconds * 1000;
    int fd, r;

    if (!path || !*path)
        path = "/run/xtables.lock";
    fd = open(path, O_CREAT | O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        r = -errno;
        aaj_error(diags, (struct aaj_loc){ 0 }, "cannot open the firewall's lock %s: %s", path, strerror(-r));
        return r;
    }
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        r = -errno;
        if (r != -EINTR && (r != -EWOULDBLOCK || aaj_clock_ms() >= until)) {
            aaj_error(diags, (struct aaj_loc){ 0 }, "another program holds the firewall's lock %s (%s); try again",
                      path, strerror(-r));
            close(fd);
            return r;
        }
        nanosleep(&(struct timespec){ .tv_nsec = 5 * 1000 * 1000 }, NULL);
    }
    return fd;
}
