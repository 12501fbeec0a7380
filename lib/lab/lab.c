/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One run: starts the machine, carries its lines, answers its kernel, minds the clock, ends it. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/stream.h"
#include "lab/console.h"
#include "lab/owners.h"
#include "lab/sandbox.h"

enum { RUNS_MAX = 40 };

struct run {
    const struct aaj_lab *lab;
    struct aaj_diags *diags;
    struct aaj_sandbox sandbox;
    struct aaj_owners owners;
    struct aaj_stream out, err;
    struct aaj_console console;
    char control[PATH_MAX + 1024];
    size_t n_control;
    const char *runs[RUNS_MAX]; /* shortly before the deadline, told if that passes */
    size_t n_runs;
    bool finished; /* "exit N" came */
    bool failed;   /* a finding says why */
    int status, error;
};

static const struct aaj_loc nowhere;

static const char *safe(struct run *run, const char *text)
{
    return aaj_escape(&run->diags->arena, aaj_str_c(text));
}

/* "setup ERRNO WHAT" */
static void on_setup(struct run *run, char *rest)
{
    char *what = rest;
    int e = (int)strtol(rest, &what, 10);

    run->failed = true;
    if ((e == EPERM || e == EACCES || e == ENOSYS || e == EINVAL) && !strstr(what, "output folder") &&
        !strstr(what, " starting ")) {
        aaj_sandbox_explain(e, run->diags);
        aaj_diag_add(run->diags, AAJ_NOTE, NULL, nowhere, AAJ_STR(""), "it failed at%s", safe(run, what));
        run->error = -EPERM;
        return;
    }
    aaj_error(run->diags, nowhere, "cannot start the lab:%s: %s", safe(run, what), strerror(e));
    run->error = -EIO;
}

static void on_control(struct run *run, char *line)
{
    char *rest = line + strcspn(line, " ");

    if (*rest)
        *rest++ = '\0';
    if (strcmp(line, "exit") == 0) {
        run->finished = true;
        run->status = atoi(rest) & 255;
    } else if (strcmp(line, "warn") == 0) {
        aaj_diag_add(run->diags, AAJ_WARNING, "lab", nowhere, AAJ_STR(""), "%s", safe(run, rest));
    } else if (strcmp(line, "runs") == 0 && run->n_runs < RUNS_MAX) {
        run->runs[run->n_runs++] = safe(run, rest);
    } else if (strcmp(line, "die") == 0) {
        aaj_error(run->diags, nowhere, "the lab's guest: %s", safe(run, rest));
        run->failed = true;
        run->error = -EIO;
    } else if (strcmp(line, "setup") == 0) {
        on_setup(run, rest);
    }
}

/* False at the control line's end. */
static bool read_control(struct run *run)
{
    ssize_t n = read(run->sandbox.line[AAJ_LAB_CONTROL], run->control + run->n_control,
                     sizeof(run->control) - 1 - run->n_control);
    char *start = run->control, *nl;

    if (n <= 0)
        return n < 0 && errno == EINTR;
    run->n_control += (size_t)n;
    run->control[run->n_control] = '\0';
    while ((nl = memchr(start, '\n', run->n_control - (size_t)(start - run->control)))) {
        *nl = '\0';
        on_control(run, start);
        start = nl + 1;
    }
    run->n_control -= (size_t)(start - run->control);
    memmove(run->control, start, run->n_control);
    if (run->n_control == sizeof(run->control) - 1)
        run->n_control = 0; /* no line of the guest's is that long: it is not our init that speaks */
    return true;
}

static int ms_left(const struct timespec *deadline)
{
    struct timespec now;
    int64_t ms;

    clock_gettime(CLOCK_MONOTONIC, &now);
    ms = (int64_t)(deadline->tv_sec - now.tv_sec) * 1000 + (deadline->tv_nsec - now.tv_nsec) / 1000000;
    return ms <= 0 ? 0 : ms > INT_MAX ? INT_MAX : (int)ms;
}

static void on_owners(struct run *run)
{
    if (run->owners.listener >= 0) {
        if (aaj_owners_answer(&run->owners) < 0)
            aaj_owners_end(&run->owners);
        return;
    }
    if (aaj_owners_receive(&run->owners, run->sandbox.owners[0]) < 0 && !run->failed)
        aaj_diag_add(run->diags, AAJ_WARNING, "lab-owners", nowhere, AAJ_STR(""),
                     "files of other users appear as nobody's in the lab: seccomp's user notification is "
                     "missing here");
    close(run->sandbox.owners[0]);
    run->sandbox.owners[0] = -1;
}

/* The kernel and all that it ran are gone, and what CMD said is handed on. */
static bool lines_ended(const struct run *run)
{
    return aaj_stream_ended(&run->out) && aaj_stream_ended(&run->err) && run->sandbox.line[AAJ_LAB_CONTROL] < 0;
}

/* @more: the console's file holds more than was read. */
static int wait_ms(const struct run *run, bool more, int left)
{
    if (more && run->console.to < 0)
        return 0;
    /* At the end that file does not grow any more: only its reader is waited for. */
    if (more && lines_ended(run))
        return left;
    return left < AAJ_CONSOLE_TICK_MS ? left : AAJ_CONSOLE_TICK_MS;
}

static int carry(struct run *run, const struct timespec *deadline)
{
    struct aaj_sandbox *s = &run->sandbox;
    int console = 1;

    while (console > 0 || !lines_ended(run)) {
        struct pollfd p[] = {
            aaj_stream_wish(&run->out),
            aaj_stream_wish(&run->err),
            aaj_console_wish(&run->console),
            { .fd = s->line[AAJ_LAB_CONTROL], .events = POLLIN },
            { .fd = run->owners.listener >= 0 ? run->owners.listener : s->owners[0], .events = POLLIN },
            { .fd = run->lab->stop_fd, .events = POLLIN },
        };
        int left = ms_left(deadline);

        if (left == 0)
            return -ETIMEDOUT;
        if (poll(p, sizeof(p) / sizeof(p[0]), wait_ms(run, console > 0, left)) < 0) {
            if (errno != EINTR)
                return -errno;
            continue;
        }
        if (p[5].revents)
            return -EINTR;
        if (p[4].revents)
            on_owners(run);
        aaj_stream_step(&run->out, &p[0]);
        aaj_stream_step(&run->err, &p[1]);
        console = aaj_console_step(&run->console, p[2].revents);
        if (run->out.error || run->err.error || console < 0)
            return run->out.error ?: run->err.error ?: console;
        if (p[3].revents && !read_control(run)) {
            close(s->line[AAJ_LAB_CONTROL]);
            s->line[AAJ_LAB_CONTROL] = -1;
        }
    }
    return 0;
}

/* The last lines of the kernel's console, each a note. */
static void show_tail(struct run *run)
{
    const struct aaj_console *c = &run->console;
    size_t n = c->n_tail < sizeof(c->tail) ? c->n_tail : sizeof(c->tail);
    char text[sizeof(c->tail) + 1], *p = text, *save = NULL, *line;
    int lines = 0;

    for (size_t i = 0; i < n; i++)
        text[i] = c->tail[(c->n_tail - n + i) % sizeof(c->tail)] ?: ' ';
    text[n] = '\0';
    for (char *q = text + n; q > text && lines < 9; q--)
        if (q[-1] == '\n' && lines++ < 9)
            p = q;
    for (line = strtok_r(p, "\r\n", &save); line; line = strtok_r(NULL, "\r\n", &save))
        aaj_diag_add(run->diags, AAJ_NOTE, NULL, nowhere, AAJ_STR(""), "kernel: %s", safe(run, line));
}

static int result(struct run *run, int r, int *ret_status)
{
    if (r == -EINTR || r == -EPIPE)
        return r;
    if (r == -EOVERFLOW) {
        aaj_error(run->diags, nowhere, "nobody reads the kernel's log: %d MiB of it wait; the lab was ended",
                  AAJ_CONSOLE_UNREAD_MAX >> 20);
        return r;
    }
    if (r < 0 && r != -ETIMEDOUT) {
        aaj_error(run->diags, nowhere, "cannot write the lab's output: %s", strerror(-r));
        return r;
    }
    if (run->finished) {
        *ret_status = run->status;
        return 0;
    }
    if (run->failed)
        return run->error;
    if (r == -ETIMEDOUT) {
        aaj_error(run->diags, nowhere, "the deadline of %u s passed; the lab was ended", run->lab->timeout_s);
        for (size_t i = 0; i < run->n_runs; i++)
            aaj_diag_add(run->diags, AAJ_NOTE, NULL, nowhere, AAJ_STR(""), "still runs: %s", run->runs[i]);
        show_tail(run); /* a guest that hangs has often said why */
        return r;
    }
    aaj_error(run->diags, nowhere, "the lab's kernel ended before the command did");
    show_tail(run);
    return -EIO;
}

static int check_parts(const struct aaj_lab *lab, struct aaj_diags *diags)
{
    size_t n = 0;

    if (access(lab->kernel, X_OK) < 0 || access(lab->modules, R_OK) < 0) {
        aaj_error(diags, nowhere, "%s or %s is missing: install the package user-mode-linux", lab->kernel,
                  lab->modules);
        return -ENOENT;
    }
    while (lab->ro && lab->ro[n])
        n++;
    if (n > AAJ_LAB_RO_MAX) {
        aaj_error(diags, nowhere, "at most %d folders can be shown", AAJ_LAB_RO_MAX);
        return -E2BIG;
    }
    return 0;
}

int aaj_lab_run(const struct aaj_lab *settings, struct aaj_diags *diags, int *ret_status)
{
    struct aaj_lab lab = *settings;
    struct run *run;
    struct timespec deadline;
    int r = check_parts(&lab, diags);

    if (r < 0)
        return r;
    lab.mem_mb = lab.mem_mb ?: AAJ_LAB_MEM_MB;
    lab.timeout_s = lab.timeout_s ?: AAJ_LAB_TIMEOUT_S;
    run = calloc(1, sizeof(*run));
    if (!run)
        return -ENOMEM;
    *run = (struct run){ .lab = &lab, .diags = diags, .owners = AAJ_OWNERS_INIT };
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += lab.timeout_s;
    r = aaj_sandbox_init(&run->sandbox, &lab, diags);
    if (r == 0)
        r = aaj_sandbox_start(&run->sandbox, diags);
    if (r == 0) {
        run->out = (struct aaj_stream){ .from = run->sandbox.line[AAJ_LAB_OUT], .to = lab.out_fd };
        run->err = (struct aaj_stream){ .from = run->sandbox.line[AAJ_LAB_ERR], .to = lab.err_fd };
        run->console = (struct aaj_console){ .from = run->sandbox.line[AAJ_LAB_CONSOLE], .to = lab.klog_fd };
        r = result(run, carry(run, &deadline), ret_status);
    }
    aaj_sandbox_end(&run->sandbox);
    aaj_owners_end(&run->owners);
    free(run);
    return r;
}
