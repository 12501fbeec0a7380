/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aajail watch [JAIL…]: what enforced jails are denied, as it happens, with the rule that would allow it.
 *
 *     audit channel ─► this process ─► a child without power: reads, explains ─► this process ─► standard
 * output
 *
 * Names in denials are chosen by whoever attacks the slave.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "log/reader.h"
#include "log/source.h"
#include "sandbox_child.h"
#include "session/audit.h"
#include "verbs.h"
#include "watch.h"

static const struct opt opts[] = {
    { "log", 'l', "FILE", "read this log instead of the audit channel; - is standard input" },
    OPT_JSON,
    OPT_END,
};

enum { LIMIT_SECONDS = 7 * 86400, PIECE = 65536 };

/* The child: reads the text of a log from @in. It ends with its input. */
static _Noreturn void child(int in, int out, struct watch *watch)
{
    struct sandbox_limits limits = { .result = 1 << 30, .memory = (size_t)2 << 30, .seconds = LIMIT_SECONDS };
    struct aaj_log_handler handler = { .event = watch_event, .loss = watch_loss };
    struct aaj_log_source *source;
    struct aaj_log_reader *reader;
    static char buf[PIECE];
    ssize_t n = 0;
    int r = 0;

    /* The terminal's Ctrl-C is for the parent, which then ends our input. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    watch->out = fdopen(out, "w");
    if (!watch->out || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || sandbox_confine(&limits) < 0)
        _exit(EXIT_REFUSED);
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

/* Copies what the child found. False at its end. */
static bool show(int from)
{
    char buf[PIECE];
    ssize_t n = read(from, buf, sizeof(buf));

    if (n > 0 && aaj_file_write_fd(STDOUT_FILENO, (struct aaj_str){ buf, (size_t)n }) < 0)
        return false;
    return n > 0 || (n < 0 && errno == EINTR);
}

static int open_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Carries both ways until a signal, or the log's end. */
static void carry(struct aaj_audit *audit, int feed, int found)
{
    int signals = open_signals();
    bool more = true;

    while (more) {
        struct pollfd p[] = { { .fd = audit->fd, .events = POLLIN },
                              { .fd = found, .events = POLLIN },
                              { .fd = signals, .events = POLLIN } };

        if (poll(p, 3, -1) < 0 && errno != EINTR)
            break;
        if (p[2].revents)
            break;
        if (p[0].revents && aaj_audit_pump(audit, feed) < 0)
            break;
        if (p[1].revents)
            more = show(found);
    }
    if (audit->fd >= 0)
        aaj_audit_finish(audit, feed);
    close(feed);
    while (more && audit->fd >= 0)
        more = show(found);
    close(signals);
}

static int open_input(const char *log, struct aaj_audit *audit, int feed[2])
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    int r = 0;

    if (log) {
        r = aaj_log_open(log, &feed[0]);
        if (r < 0)
            aaj_error(&diags, (struct aaj_loc){ .file = aaj_str_c(log) }, "cannot open: %s", strerror(-r));
    } else {
        r = aaj_audit_open(audit, &diags);
        if (r == 0 && pipe2(feed, O_CLOEXEC) < 0)
            r = -errno;
    }
    show_diags(&diags);
    return r < 0 ? (log ? EXIT_INPUT : EXIT_REFUSED) : EXIT_DONE;
}

static int watch_run(struct watch *watch, const char *log)
{
    struct aaj_audit audit = { .fd = -1 };
    int feed[2] = { -1, -1 }, found[2], status = open_input(log, &audit, feed), wait = 0;
    pid_t pid;

    if (status != EXIT_DONE)
        return status;
    if (pipe2(found, O_CLOEXEC) < 0)
        return EXIT_REFUSED;
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        close(found[0]);
        if (feed[1] >= 0)
            close(feed[1]);
        if (audit.fd >= 0)
            close(audit.fd);
        child(feed[0], found[1], watch);
    }
    close(feed[0]);
    close(found[1]);
    if (pid > 0) {
        carry(&audit, feed[1], found[0]);
        close(found[0]); /* a child that still writes ends by that */
        if (log)
            kill(pid, SIGKILL); /* it may wait for input that nobody will send */
        waitpid(pid, &wait, 0);
    }
    aaj_audit_close(&audit);
    return pid < 0 || !(WIFEXITED(wait) || WIFSIGNALED(wait)) ? EXIT_REFUSED
           : WIFEXITED(wait)                                  ? WEXITSTATUS(wait)
                                                              : EXIT_DONE;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct opts o = OPTS_INIT(verb, argc, argv);
    struct watch watch = { 0 };
    const char *name, *log = NULL;

    while ((name = opts_next(&o)))
        if (opt_is(name, "log"))
            log = o.value;
        else
            watch.json = true;
    if (o.done)
        return o.status;
    watch.name = o.operand;
    watch.n_names = o.n_operands;
    return watch_run(&watch, log);
}

const struct verb verb_watch = {
    .name = "watch",
    .args = "[JAIL…]",
    .summary = "Show what enforced jails are denied, live, and what would allow it",
    .details =
        "  aajail watch gapapp\n"
        "  journalctl -kf | aajail watch gapapp --log -\n\n"
        "JAIL is a profile's name; its children belong to it. Without one all denials are shown. Ends with\n"
        "SIGINT, or with the log.",
    .opts = opts,
    .run = run,
};
