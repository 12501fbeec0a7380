/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

struct sink {
    int fd; /* -1 when at its end */
    char *p;
    size_t n, cap;
};

struct child {
    pid_t pid;
    int in;
    struct sink out, err;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int set_attr(posix_spawnattr_t *attr)
{
    sigset_t none, all;
    int r;

    sigemptyset(&none);
    sigfillset(&all);
    r = posix_spawnattr_setflags(attr,
                                 POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (r == 0)
        r = posix_spawnattr_setpgroup(attr, 0);
    if (r == 0)
        r = posix_spawnattr_setsigmask(attr, &none);
    if (r == 0)
        r = posix_spawnattr_setsigdefault(attr, &all);
    return r;
}

static int spawn(const struct aaj_run *run, const int fd[3], pid_t *ret_pid)
{
    static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
    char *env[] = { path, locale, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int r;

    r = posix_spawn_file_actions_init(&actions);
    if (r != 0)
        return -r;
    r = posix_spawnattr_init(&attr);
    if (r != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return -r;
    }
    for (int i = 0; i < 3 && r == 0; i++)
        r = posix_spawn_file_actions_adddup2(&actions, fd[i], i);
    if (r == 0)
        r = set_attr(&attr);
    if (r == 0) /* posix_spawn() promises not to write through argv */
        r = posix_spawn(ret_pid, run->argv[0], &actions, &attr, (char *const *)(uintptr_t)run->argv, env);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return -r;
}

/* Standard input is a socket so that a program that does not read it cannot kill us with SIGPIPE. */
static int start(const struct aaj_run *run, struct child *c)
{
    int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 }, r = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) < 0 || pipe2(out, O_CLOEXEC) < 0 ||
        pipe2(err, O_CLOEXEC) < 0)
        r = -errno;
    if (r == 0)
        r = spawn(run, (int[]){ in[1], out[1], err[1] }, &c->pid);
    close_fd(&in[1]);
    close_fd(&out[1]);
    close_fd(&err[1]);
    if (r < 0) {
        close_fd(&in[0]);
        close_fd(&out[0]);
        close_fd(&err[0]);
        return r;
    }
    if (run->max_memory) {
        struct rlimit limit = { run->max_memory, run->max_memory };

        prlimit(c->pid, RLIMIT_AS, &limit, NULL);
    }
    c->in = in[0];
    c->out.fd = out[0];
    c->err.fd = err[0];
    fcntl(c->in, F_SETFL, O_NONBLOCK);
    fcntl(c->out.fd, F_SETFL, O_NONBLOCK);
    fcntl(c->err.fd, F_SETFL, O_NONBLOCK);
    return 0;
}

static int drain(struct sink *s, size_t max)
{
    ssize_t got;

    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 64 * 1024;
        char *p = realloc(s->p, cap);

        if (!p)
            return -ENOMEM;
        s->p = p;
        s->cap = cap;
    }
    got = read(s->fd, s->p + s->n, s->cap - s->n);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    if (got == 0)
        close_fd(&s->fd);
    s->n += (size_t)got;
    return s->n > max ? -EFBIG : 0;
}

static void feed(struct child *c, struct aaj_str *input)
{
    ssize_t put = input->n ? send(c->in, input->p, input->n, MSG_NOSIGNAL) : 0;

    if (put < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (put > 0)
        *input = aaj_str_skip(*input, (size_t)put);
    if (put < 0 || input->n == 0)
        close_fd(&c->in); /* it has read all, or does not want more */
}

static int converse(const struct aaj_run *run, struct child *c)
{
    size_t max = run->max_output ? run->max_output : AAJ_FILE_MAX;
    int64_t end = aaj_clock_ms() + (run->timeout_ms ? run->timeout_ms : 60000);
    struct aaj_str input = run->input;
    int r = 0;

    while (r == 0 && (c->out.fd >= 0 || c->err.fd >= 0)) {
        struct pollfd p[3] = { { c->in, POLLOUT, 0 }, { c->out.fd, POLLIN, 0 }, { c->err.fd, POLLIN, 0 } };
        int64_t left = end - aaj_clock_ms();

        if (left <= 0)
            return -ETIMEDOUT;
        if (poll(p, 3, (int)left) < 0 && errno != EINTR)
            return -errno;
        if (c->in >= 0 && p[0].revents)
            feed(c, &input);
        if (c->out.fd >= 0 && p[1].revents)
            r = drain(&c->out, max);
        if (r == 0 && c->err.fd >= 0 && p[2].revents)
            r = drain(&c->err, max);
    }
    return r;
}

/* Waits for the program itself until the deadline passed, kills its whole group while its pid is still
 * held by the zombie, so that the number cannot belong to somebody else, and reaps it. */
static int finish(struct child *c, int r, int64_t end, int *ret_status)
{
    siginfo_t info = { 0 };
    int status = 0;

    while (r == 0) {
        if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno != EINTR)
            break;
        if (info.si_pid == c->pid)
            break;
        if (aaj_clock_ms() >= end)
            r = -ETIMEDOUT;
        else
            nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
    kill(-c->pid, SIGKILL);
    kill(c->pid, SIGKILL);
    while (waitpid(c->pid, &status, 0) < 0)
        if (errno != EINTR)
            return r < 0 ? r : -errno; /* where SIGCHLD is ignored its status is gone: not a success */
    *ret_status = status;
    return r;
}

int aaj_run(const struct aaj_run *run, struct aaj_arena *arena, struct aaj_run_result *ret_result)
{
    struct child c = { .pid = -1, .in = -1, .out.fd = -1, .err.fd = -1 };
    struct aaj_run_result result = { 0 };
    int64_t end = aaj_clock_ms() + (run->timeout_ms ? run->timeout_ms : 60000);
    int r;

    if (run->argv[0][0] != '/')
        return -EINVAL;
    r = start(run, &c);
    if (r == 0) {
        r = converse(run, &c);
        r = finish(&c, r, end, &result.status);
    }
    close_fd(&c.in);
    close_fd(&c.out.fd);
    close_fd(&c.err.fd);
    result.out = aaj_arena_dup(arena, (struct aaj_str){ c.out.p, c.out.n });
    result.err = aaj_arena_dup(arena, (struct aaj_str){ c.err.p, c.err.n });
    free(c.out.p);
    free(c.err.p);
    if (!result.out.p || !result.err.p)
        return -ENOMEM;
    *ret_result = result;
    return r;
}
