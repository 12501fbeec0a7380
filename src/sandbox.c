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

struct stream {
    int fd;
    size_t max;
    char *data;
    size_t n, cap;
};

/* The child's ends of what leads to the parent; the socket to ask at, or -1. */
struct ends {
    int result, diags, ask;
};

static _Noreturn void child(sandbox_fn fn, void *data, const struct sandbox_limits *limits, struct ends ends)
{
    FILE *out = fdopen(ends.result, "w"), *notes = fdopen(ends.diags, "w");
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    int r;

    /* _exit throughout: the parent's buffers and handlers are not ours to run. */
    if (!out || !notes || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || sandbox_confine(limits) < 0)
        _exit(SANDBOX_UNCONFINED);
    diags.limit = limits->findings;
    sandbox_ask_at(ends.ask);
    r = fn(data, out, &diags);
    sandbox_write_diags(notes, &diags);
    if (fflush(out) != 0 || fflush(notes) != 0)
        r = r < 0 ? r : -EIO;
    _exit(r < 0 && -r < SANDBOX_UNCONFINED ? -r : 0);
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

/* The child's parent's ends, as far as they are open. */
struct link {
    struct stream result, diags;
    int ask;
    unsigned asked;
};

static int serve(struct link *link, const struct sandbox_limits *limits)
{
    if (++link->asked > SANDBOX_ASKS_MAX)
        return -EFBIG;
    return sandbox_answer(link->ask, limits);
}

/* Until the child has closed both streams, and answering what it asks meanwhile. */
static int collect(struct link *link, const struct sandbox_limits *limits)
{
    struct pollfd p[3] = { { link->result.fd, POLLIN, 0 }, { link->diags.fd, POLLIN, 0 }, { link->ask, POLLIN, 0 } };

    while (p[0].fd >= 0 || p[1].fd >= 0) {
        if (poll(p, 3, -1) < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        for (int i = 0; i < 3; i++) {
            int r;

            if (p[i].fd < 0 || !p[i].revents)
                continue;
            r = i == 2 ? serve(link, limits) : take(i ? &link->diags : &link->result);
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

/* What a status, 0 or the errno it failed with, means; a finding where the child could not say it itself. */
static int judge(const char *what, int status, struct aaj_diags *diags)
{
    struct aaj_loc here = { .file = aaj_str_c(what) };

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) != SANDBOX_UNCONFINED)
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

/* Pipes for the result and the findings, and sockets where the child may ask: [0] the parent's end. */
struct pairs {
    int result[2], diags[2], ask[2];
};

static void close_pair(int pair[static 2])
{
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
            close(pair[i]);
}

static void close_pairs(struct pairs *pairs)
{
    close_pair(pairs->result);
    close_pair(pairs->diags);
    close_pair(pairs->ask);
}

static int open_pairs(struct pairs *pairs, bool asks)
{
    int r = 0;

    *pairs = (struct pairs){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
    if (pipe2(pairs->result, O_CLOEXEC) < 0 || pipe2(pairs->diags, O_CLOEXEC) < 0)
        r = -errno;
    if (r == 0 && asks)
        r = sandbox_ask_pair(pairs->ask);
    if (r < 0)
        close_pairs(pairs);
    return r;
}

/* The child's ends are gone when this returns, so that its end is seen. */
static int spawn(sandbox_fn fn, void *data, const struct sandbox_limits *limits, struct link *link, pid_t *ret_pid)
{
    struct pairs p;
    int r = open_pairs(&p, limits->open != NULL);
    pid_t pid;

    if (r < 0)
        return r;
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        close(p.result[0]);
        close(p.diags[0]);
        if (p.ask[0] >= 0)
            close(p.ask[0]);
        child(fn, data, limits, (struct ends){ p.result[1], p.diags[1], p.ask[1] });
    }
    if (pid < 0) {
        r = -errno;
        close_pairs(&p);
        return r;
    }
    close(p.result[1]);
    close(p.diags[1]);
    if (p.ask[1] >= 0)
        close(p.ask[1]);
    link->result.fd = p.result[0];
    link->diags.fd = p.diags[0];
    link->ask = p.ask[0];
    *ret_pid = pid;
    return 0;
}

static void close_link(struct link *link)
{
    close(link->result.fd);
    close(link->diags.fd);
    if (link->ask >= 0)
        close(link->ask);
}

/* The findings first: an error may be among them. */
static int conclude(const char *what, const struct link *link, int status, struct aaj_diags *diags)
{
    if (sandbox_read_diags((struct aaj_str){ link->diags.data, link->diags.n }, diags) < 0)
        return aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(what) },
                         "the reading process wrote findings that cannot be read");
    return judge(what, status, diags);
}

int sandbox_run(const char *what, sandbox_fn fn, void *data, const struct sandbox_limits *limits,
                struct aaj_arena *arena, struct aaj_str *ret_text, struct aaj_diags *diags)
{
    struct sandbox_limits all = limits ? *limits : (struct sandbox_limits){ 0 };
    struct link link = { .ask = -1 };
    struct aaj_str text;
    int r, status = 0;
    pid_t pid = -1;

    all.result = all.result ? all.result : RESULT_MAX;
    all.memory = all.memory ? all.memory : MEMORY;
    all.seconds = all.seconds ? all.seconds : SECONDS;
    all.findings = diags->limit;
    link.result.max = all.result;
    link.diags.max = DIAGS_MAX;
    r = spawn(fn, data, &all, &link, &pid);
    if (r < 0)
        return r;
    r = collect(&link, &all);
    close_link(&link);
    if (reap(pid, r < 0, &status) == 0 && r == 0)
        r = conclude(what, &link, status, diags);
    if (r == 0) {
        text = aaj_arena_dup(arena, (struct aaj_str){ link.result.data, link.result.n });
        if (text.p)
            *ret_text = text;
        else
            r = -ENOMEM;
    }
    free(link.result.data);
    free(link.diags.data);
    return r;
}
