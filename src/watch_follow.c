/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *     audit channel ─► this process ─► a child without power: reads, explains ─► this process ─► @to
 *
 * Names in denials are chosen by whoever attacks the slave. Nothing here waits for one of the two alone: the child
 * does not read while it writes, so in a flood each would wait for the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/stream.h"
#include "log/reader.h"
#include "log/source.h"
#include "sandbox_child.h"
#include "terminal.h"
#include "verb.h"
#include "watch.h"

enum { LIMIT_SECONDS = 7 * 86400, PIECE = 65536 };

static const int end_signals[] = { SIGINT, SIGTERM, SIGHUP };
enum { N_END_SIGNALS = sizeof(end_signals) / sizeof(end_signals[0]) };

struct follow {
    struct aaj_audit *audit; /* NULL: the child reads a log by itself, or there is no more */
    int feed;                /* where its lines go */
    struct aaj_stream found;
    int signals;
    sigset_t end, old;
    pid_t child;
    bool stopped; /* the child was killed, by us */
};

/* The child: reads the text of a log from @in. It ends with its input. @plain: what it finds goes to a terminal that takes
 * ASCII only. */
static _Noreturn void child(int in, int out, bool plain, struct watch *watch)
{
    struct sandbox_limits limits = { .result = 1 << 30, .memory = (size_t)2 << 30, .seconds = LIMIT_SECONDS };
    struct aaj_log_handler handler = { .event = watch_event, .loss = watch_loss };
    struct aaj_log_source *source;
    struct aaj_log_reader *reader;
    static char buf[PIECE];
    ssize_t n = 0;
    int r = 0;

    /* The terminal's Ctrl-C is for the parent, which then ends our input. */
    for (size_t i = 0; i < N_END_SIGNALS; i++)
        signal(end_signals[i], SIG_IGN);
    watch->out = plain ? terminal_open(out, true, _IOFBF) : fdopen(out, "w");
    if (!watch->out || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || sandbox_confine(&limits) < 0)
        _exit(SANDBOX_UNCONFINED);
    if (aaj_log_source_new(in, &source) < 0 || aaj_log_reader_new(&handler, watch, &reader) < 0)
        _exit(EXIT_REFUSED);
    while (r == 0 && (n = aaj_log_source_read(source, buf, sizeof(buf))) > 0) {
        r = aaj_log_reader_feed(reader, buf, (size_t)n);
        fflush(watch->out);
    }
    if (r == 0)
        r = aaj_log_reader_finish(reader);
    watch_end(watch);
    _exit(fflush(watch->out) != 0 || r < 0 || n < 0 ? EXIT_REFUSED : watch->lost ? EXIT_LOST : EXIT_DONE);
}

/* From here on the signals wait, also those that a shell ignores for what it runs in the background. */
static int open_signals(struct follow *f)
{
    sigemptyset(&f->end);
    for (size_t i = 0; i < N_END_SIGNALS; i++)
        sigaddset(&f->end, end_signals[i]);
    sigprocmask(SIG_BLOCK, &f->end, &f->old);
    f->signals = signalfd(-1, &f->end, SFD_CLOEXEC | SFD_NONBLOCK);
    return f->signals < 0 ? -errno : 0;
}

/* What was denied until now is still told; whoever does not want to wait for that sends the signal again. */
static void on_signal(struct follow *f)
{
    struct signalfd_siginfo got;

    while (read(f->signals, &got, sizeof(got)) == sizeof(got))
        ;
    sigprocmask(SIG_SETMASK, &f->old, NULL);
    if (f->audit) {
        aaj_audit_end(f->audit);
        return;
    }
    f->stopped = f->feed < 0 && f->child > 0 && kill(f->child, SIGKILL) == 0; /* it waits for its log */
}

static void pump(struct follow *f)
{
    if (aaj_audit_pump(f->audit, f->feed) == 0 && !aaj_audit_ended(f->audit))
        return;
    close(f->feed);
    f->audit = NULL;
}

/* Until the child is at its end, or nobody listens to it. */
static int carry(struct follow *f)
{
    while (!aaj_stream_ended(&f->found) && f->found.error == 0) {
        struct pollfd p[] = {
            aaj_stream_wish(&f->found), { .fd = f->signals, .events = POLLIN }, { .fd = -1 }, { .fd = -1 }
        };

        if (f->audit)
            aaj_audit_wish(f->audit, f->feed, p + 2);
        if (poll(p, sizeof(p) / sizeof(p[0]), -1) < 0 && errno != EINTR)
            return -errno;
        if (p[1].revents)
            on_signal(f);
        if (f->audit)
            pump(f);
        aaj_stream_step(&f->found, &p[0]);
    }
    return f->found.error;
}

/* @in: the log, or -1 and the child reads what is fed to it. */
static int start(struct follow *f, struct watch *watch, int in)
{
    int feed[2] = { in, -1 }, found[2];

    if ((in < 0 && pipe2(feed, O_CLOEXEC) < 0) || pipe2(found, O_CLOEXEC) < 0)
        return -errno;
    fflush(NULL);
    f->child = fork();
    if (f->child == 0) {
        close(f->signals);
        close(found[0]);
        if (feed[1] >= 0)
            close(feed[1]);
        if (f->audit)
            close(f->audit->fd);
        child(feed[0], found[1], terminal_is_plain(f->found.to), watch);
    }
    close(feed[0]);
    close(found[1]);
    if (feed[1] >= 0)
        fcntl(feed[1], F_SETFL, O_NONBLOCK);
    f->feed = feed[1];
    f->found.from = found[0];
    return f->child < 0 ? -errno : 0;
}

static int judge(const struct follow *f, int r, int status)
{
    if (f->stopped || r == -EPIPE)
        return EXIT_DONE;
    if (r < 0) {
        fprintf(stderr, "aajail watch: %s\n", strerror(-r));
        return EXIT_REFUSED;
    }
    return sandbox_status(status);
}

int watch_follow(struct watch *watch, int in, struct aaj_audit *audit, int to)
{
    struct follow f = { .audit = audit, .found = { .from = -1, .to = to }, .signals = -1 };
    int found, status = 0, r = open_signals(&f);

    if (r == 0)
        r = start(&f, watch, in);
    found = f.found.from;
    if (r == 0) {
        signal(SIGPIPE, SIG_IGN);
        if (audit)
            fprintf(stderr, "watching; end it with Ctrl-C\n");
        r = carry(&f);
    }
    if (f.audit && f.feed >= 0)
        close(f.feed);
    if (found >= 0)
        close(found); /* a child that still writes ends by that */
    while (f.child > 0 && waitpid(f.child, &status, 0) < 0 && errno == EINTR)
        ;
    if (f.signals >= 0)
        close(f.signals);
    sigprocmask(SIG_SETMASK, &f.old, NULL);
    return judge(&f, r, status);
}
