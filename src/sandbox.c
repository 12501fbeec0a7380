/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parent's half: fork, collect the two streams, judge how the child ended. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox_child.h"

enum { RESULT_MAX = 1 << 30, DIAGS_MAX = 16 << 20, SECONDS = 3600 };
#define MEMORY ((size_t)16 << 30)

/* The child's exit statuses: 0, or the errno it failed with; this one is beyond errno's range. */
enum { CHILD_UNCONFINED = 250 };

struct stream {
    int fd;
    size_t max;
    char *data;
    size_t n, cap;
};

static _Noreturn void child(sandbox_fn fn, void *data, const struct sandbox_limits *limits, int result_fd,
                            int diags_fd)
{
    FILE *out = fdopen(result_fd, "w"), *notes = fdopen(diags_fd, "w");
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    int r;

    /* _exit throughout: the parent's buffers and handlers are not ours to run. */
    if (!out || !notes || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || sandbox_confine(limits) < 0)
        _exit(CHILD_UNCONFINED);
    r = fn(data, out, &diags);
    sandbox_write_diags(notes, &diags);
    if (fflush(out) != 0 || fflush(notes) != 0)
        r = r < 0 ? r : -EIO;
    _exit(r < 0 && -r < CHILD_UNCONFINED ? -r : 0);
}

/* Reads what is there. 1 = more may come, 0 = end, -errno. */
static int take(struct stream *s)
{
    ssize_t got;

    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 64 * 1024;
        char *p = realloc(s->data, cap);

        if (!p)
            return -ENOMEM;
        s->data = p;
        s->cap = cap;
    }
    got = read(s->fd, s->data + s->n, s->cap - s->n);
    if (got < 0)
        return errno == EINTR ? 1 : -errno;
    s->n += (size_t)got;
    if (s->n > s->max)
        return -EFBIG;
    return got > 0;
}

static int collect(struct stream s[static 2])
{
    struct pollfd p[2] = { { s[0].fd, POLLIN, 0 }, { s[1].fd, POLLIN, 0 } };

    while (p[0].fd >= 0 || p[1].fd >= 0) {
        if (poll(p, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        for (int i = 0; i < 2; i++) {
            int r;

            if (p[i].fd < 0 || !p[i].revents)
                continue;
            r = take(&s[i]);
            if (r < 0)
                return r;
            if (r == 0)
                p[i].fd = -1;
        }
    }
    return 0;
}

static int reap(pid_t pid, bool kill_it, int *ret_status)
{
    if (kill_it)
        kill(pid, SIGKILL);
    while (waitpid(pid, ret_status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

/* What a status means; a finding where the child could not say it itself. */
static int judge(const char *what, int status, struct aaj_diags *diags)
{
    struct aaj_loc here = { .file = aaj_str_c(what) };

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) != CHILD_UNCONFINED)
        return -WEXITSTATUS(status);
    if (WIFEXITED(status))
        aaj_error(diags, here, "the reading process could not give up its privileges; nothing was read");
    else if (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL)
        aaj_error(diags, here, "the reading process was stopped at its limits (signal %d)", WTERMSIG(status));
    else
        aaj_error(diags, here, "the reading process died of signal %d; please report this with the input",
                  WTERMSIG(status));
    return -EPROTO;
}

static int spawn(sandbox_fn fn, void *data, const struct sandbox_limits *limits, struct stream s[static 2],
                 pid_t *ret_pid)
{
    int result[2], notes[2];
    pid_t pid = -1;

    if (pipe2(result, O_CLOEXEC) < 0)
        return -errno;
    if (pipe2(notes, O_CLOEXEC) < 0) {
        int r = -errno;

        close(result[0]);
        close(result[1]);
        return r;
    }
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        close(result[0]);
        close(notes[0]);
        child(fn, data, limits, result[1], notes[1]);
    }
    close(result[1]);
    close(notes[1]);
    if (pid < 0) {
        int r = -errno;

        close(result[0]);
        close(notes[0]);
        return r;
    }
    s[0].fd = result[0];
    s[1].fd = notes[0];
    *ret_pid = pid;
    return 0;
}

int sandbox_run(const char *what, sandbox_fn fn, void *data, const struct sandbox_limits *limits,
                struct aaj_arena *arena, struct aaj_str *ret_text, struct aaj_diags *diags)
{
    struct sandbox_limits all = limits ? *limits : (struct sandbox_limits){ 0 };
    struct stream s[2] = { 0 };
    struct aaj_str text;
    int r, status = 0;
    pid_t pid = -1;

    all.result = all.result ? all.result : RESULT_MAX;
    all.memory = all.memory ? all.memory : MEMORY;
    all.seconds = all.seconds ? all.seconds : SECONDS;
    s[0].max = all.result;
    s[1].max = DIAGS_MAX;
    r = spawn(fn, data, &all, s, &pid);
    if (r < 0)
        return r;
    r = collect(s);
    close(s[0].fd);
    close(s[1].fd);
    if (reap(pid, r < 0, &status) == 0 && r == 0) {
        if (sandbox_read_diags((struct aaj_str){ s[1].data, s[1].n }, diags) < 0)
            r = aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(what) },
                          "the reading process wrote findings that cannot be read");
        else
            r = judge(what, status, diags);
    }
    if (r == 0) {
        text = aaj_arena_dup(arena, (struct aaj_str){ s[0].data, s[0].n });
        if (text.p)
            *ret_text = text;
        else
            r = -ENOMEM;
    }
    free(s[0].data);
    free(s[1].data);
    return r;
}
