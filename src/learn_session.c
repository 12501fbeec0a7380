/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "learn_session.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/file.h"
#include "compile/compile.h"
#include "manifests.h"
#include "policy/quote.h"
#include "session/audit.h"

/* Records reach the audit channel through a thread of the kernel's: after CMD's end it is given this long to
 * be quiet. */
enum { QUIET_MS = 300, SETTLE_MS = 3000 };

struct learn_report {
    int error;  /* of the session itself */
    int status; /* CMD's, as a shell gives it */
};

static const struct aaj_loc nowhere;

static int refuse(struct learn_session *s, struct aaj_loc loc, const char *why)
{
    aaj_error(&s->cmd.diags, loc, "%s", why);
    return EXIT_INPUT;
}

/* A master's pools, in complain mode like the master: in a profile that is there the kernel logs everything; in one that
 * it makes up as it goes (null-) neither network nor signals. */
static struct aaj_str pools_text(struct learn_session *s, const struct manifests *m)
{
    struct aaj_str all = { "", 0 };

    for (size_t i = 1; i < m->n && all.p; i++) {
        struct aaj_text name;

        if (!manifests_is_pool_of(m->item[i], m->item[0]))
            continue;
        if (aaj_text_literal(&s->cmd.arena, m->item[i]->hat.text, AAJ_TEXT_NAME, &name) < 0)
            return (struct aaj_str){ 0 };
        all = aaj_arena_printf(&s->cmd.arena, "%.*s  profile %.*s flags=(complain) {\n  }\n", AAJ_STR_ARG(all),
                               AAJ_STR_ARG(name.raw));
    }
    return all;
}

static int from_manifest(struct learn_session *s)
{
    struct manifests set = { 0 };
    struct aaj_manifest *m;
    int status = manifests_open(&set, s->what, &s->cmd.diags);

    if (status == EXIT_DONE && set.item[0]->hat.text.n)
        status = refuse(s, set.item[0]->hat.loc, "a pool runs in its master's profile: learn with the master's manifest, "
                                                 "'aajail build' then finds the pool's part");
    else if (status == EXIT_DONE && set.item[0]->attach == AAJ_ATTACH_UNIT)
        status = refuse(s, nowhere, "a session cannot put a slave without an attachment into its profile; learn from a log "
                                    "with --log");
    if (status == EXIT_DONE)
        status = manifests_complete(&set, &s->cmd.diags);
    if (status == EXIT_DONE) {
        m = set.item[0];
        s->label = aaj_arena_dup(&s->cmd.arena, m->jail.text);
        s->attach = aaj_arena_dup(&s->cmd.arena, m->slave.text);
        s->pools = pools_text(s, &set);
        status = s->label.p && s->attach.p && s->pools.p ? EXIT_DONE : EXIT_REFUSED;
    }
    manifests_clear(&set);
    return status;
}

/* The kernel attaches by the resolved path. */
static int from_executable(struct learn_session *s)
{
    char *real = realpath(s->what, NULL);

    if (!real) {
        aaj_error(&s->cmd.diags, (struct aaj_loc){ .file = aaj_str_c(s->what) }, "%s", strerror(errno));
        return EXIT_INPUT;
    }
    s->label = s->attach = aaj_arena_dup(&s->cmd.arena, aaj_str_c(real));
    free(real);
    return s->label.p ? EXIT_DONE : EXIT_REFUSED;
}

static int name_profile(struct learn_session *s)
{
    struct aaj_str what = aaj_str_c(s->what);

    if (aaj_str_ends(what, AAJ_STR(".yaml")) || aaj_str_ends(what, AAJ_STR(".yml")))
        return from_manifest(s);
    return from_executable(s);
}

/* No rule at all, in complain mode: everything is logged and nothing is denied. */
static int compile_profile(struct learn_session *s)
{
    struct aaj_text name, attach;
    struct aaj_target *target = NULL;
    struct aaj_compile c = { .file = AAJ_STR("the learning profile") };
    const char *why;
    struct aaj_str text;
    int r = aaj_text_literal(&s->cmd.arena, s->label, AAJ_TEXT_NAME, &name);

    if (r == 0)
        r = aaj_text_literal(&s->cmd.arena, s->attach, AAJ_TEXT_PATH, &attach);
    if (r == 0)
        r = aaj_target_open(s->lab ? "lab" : "running", aajail_datadir(), &s->cmd.diags, &target);
    if (r < 0)
        return EXIT_REFUSED;
    text = aaj_arena_printf(&s->cmd.arena, "%s%s%sprofile %.*s %.*s flags=(complain) {\n%.*s}\n",
                            target->abi ? "abi <" : "", target->abi ?: "", target->abi ? ">,\n" : "",
                            AAJ_STR_ARG(name.raw), AAJ_STR_ARG(attach.raw), AAJ_STR_ARG(s->pools));
    c.target = target;
    r = text.p ? aaj_compile(&c, text, &s->cmd.arena, &s->cmd.diags, &s->profile.blob) : -ENOMEM;
    if (r == 0)
        r = aaj_blob_split(s->profile.blob, &s->cmd.arena, &why, &s->profile.piece, &s->profile.n);
    s->profile.arg = s->what;
    aaj_target_free(target);
    return r < 0 ? EXIT_REFUSED : EXIT_DONE;
}

static int report_pipe(int log[2], int report[2])
{
    if (pipe2(log, O_CLOEXEC) < 0)
        return -errno;
    if (pipe2(report, O_CLOEXEC) < 0) {
        int r = -errno;

        close(log[0]);
        close(log[1]);
        return r;
    }
    return 0;
}

/* In the lab: the profile is handed in as a file, since a folder that is shown is the way in. */
static int prepare_lab(struct learn_session *s)
{
    const char *tmp = getenv("TMPDIR");
    char path[128];
    int r;

    if (!tmp || tmp[0] != '/' || strlen(tmp) > 40)
        tmp = "/tmp";
    snprintf(s->dir, sizeof(s->dir), "%s/aajail-learn.XXXXXX", tmp);
    if (!mkdtemp(s->dir)) {
        s->dir[0] = '\0';
        return EXIT_REFUSED;
    }
    snprintf(path, sizeof(path), "%s/profile", s->dir);
    r = chmod(s->dir, 0755) < 0 ? -errno : aaj_file_write(path, s->profile.blob, 0644);
    if (r == 0)
        r = lab_options_show(s->lab_options, s->dir);
    if (r < 0)
        aaj_error(&s->cmd.diags, nowhere, "cannot hand the learning profile to the lab: %s", strerror(-r));
    return r < 0 ? EXIT_REFUSED : EXIT_DONE;
}

static void run_in_lab(struct learn_session *s, struct learn_report *report)
{
    static const char script[] =
        "cat \"$1\" >/sys/kernel/security/apparmor/.replace || exit 125; shift; exec \"$@\"";
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    char path[128], **argv;
    size_t n = 0;

    while (s->argv[n])
        n++;
    argv = calloc(n + 6, sizeof(*argv));
    if (!argv) {
        report->error = -ENOMEM;
        return;
    }
    snprintf(path, sizeof(path), "%s/profile", s->dir);
    argv[0] = (char[]){ "/bin/sh" };
    argv[1] = (char[]){ "-c" };
    argv[2] = (char *)(uintptr_t)script;
    argv[3] = (char[]){ "sh" };
    argv[4] = path;
    memcpy(argv + 5, s->argv, n * sizeof(*argv));
    report->error = lab_run(s->lab_options, argv, &diags, &report->status);
    show_diags(&diags);
    free(argv);
}

static pid_t start_command(char **argv, const sigset_t *mask)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    sigprocmask(SIG_SETMASK, mask, NULL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    execvp(argv[0], argv);
    fprintf(stderr, "aajail learn: %s: %s\n", argv[0], strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

/* SIGINT is for CMD where there is one, and ends the session where there is none. True when it is to end. */
static bool on_signals(int fd, pid_t command, struct learn_report *report)
{
    struct signalfd_siginfo got;
    bool end = false;
    int status;

    while (read(fd, &got, sizeof(got)) == sizeof(got)) {
        if (got.ssi_signo != SIGCHLD)
            end = end || command <= 0;
        else if (command > 0 && waitpid(command, &status, WNOHANG) == command) {
            report->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
            end = true;
        }
    }
    return end;
}

/* 1 = something came or was written, 0 = for @ms nothing, -errno. */
static int pump(struct aaj_audit *audit, int log, int ms)
{
    struct pollfd p[2];
    int n, r;

    aaj_audit_wish(audit, log, p);
    n = poll(p, 2, ms);
    if (n < 0 && errno != EINTR)
        return -errno;
    r = aaj_audit_pump(audit, log);
    return r < 0 ? r : n != 0;
}

/* Until it is quiet: what CMD did last may still be on its way. */
static int settle(struct aaj_audit *audit, int log)
{
    int64_t end = aaj_clock_ms() + SETTLE_MS;
    int r = 1;

    while (r == 1 && aaj_clock_ms() < end)
        r = pump(audit, log, QUIET_MS);
    aaj_audit_end(audit);
    while (r >= 0 && !aaj_audit_ended(audit))
        r = pump(audit, log, -1);
    return r < 0 ? r : 0;
}

/* @set, of signals, is blocked; @old is for CMD. */
static void run_live(struct learn_session *s, struct aaj_audit *audit, int log, const sigset_t *set,
                     const sigset_t *old, struct learn_report *report)
{
    bool end = false;
    pid_t command = 0;
    int fd, r = 0;

    fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->argv[0])
        command = start_command(s->argv, old);
    else
        fprintf(stderr, "learning; end it with Ctrl-C\n");
    if (fd < 0 || command < 0)
        r = -errno;
    fcntl(log, F_SETFL, O_NONBLOCK);
    while (r == 0 && !end) {
        struct pollfd p[3] = { [2] = { .fd = fd, .events = POLLIN } };

        aaj_audit_wish(audit, log, p);
        if (poll(p, 3, -1) < 0 && errno != EINTR)
            r = -errno;
        if (r == 0)
            r = aaj_audit_pump(audit, log);
        end = on_signals(fd, command, report);
    }
    if (r == 0)
        r = settle(audit, log);
    report->error = r;
}

/* Profile text of ours is loaded where none of that name is; whoever runs already is outside and named. */
static int prepare_live(struct learn_session *s, struct aaj_audit *audit)
{
    const struct aaj_loaded *there;

    if (aaj_audit_open(audit, &s->cmd.diags) < 0)
        return EXIT_REFUSED;
    there = aaj_loaded_find(s->cmd.loaded, s->cmd.n_loaded, s->label);
    if (there && !aaj_str_eq(there->mode, AAJ_STR("complain")))
        aaj_diag_add(
            &s->cmd.diags, AAJ_WARNING, "learn-mode", nowhere, AAJ_STR(""),
            "%s is loaded in %.*s mode: what it denies is recorded as denied; 'aajail complain' changes that",
            aaj_escape(&s->cmd.arena, s->label), AAJ_STR_ARG(there->mode));
    if (!there && aaj_kernel_replace(&s->cmd.kernel, s->profile.blob, &s->cmd.diags) < 0)
        return EXIT_REFUSED;
    s->loaded = !there;
    profile_cmd_outside(&s->cmd, &s->profile, AAJ_WARNING);
    return EXIT_DONE;
}

static volatile sig_atomic_t session_pid; /* for the handler */

static void hand_on(int sig)
{
    kill((pid_t)session_pid, sig);
}

/* What would end us ends the session; what it learned until then is still read and written. */
static void hand_on_signals(pid_t pid)
{
    struct sigaction sa = { .sa_handler = hand_on, .sa_flags = SA_RESTART };

    session_pid = pid;
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
}

/* The session's process. */
static _Noreturn void run_session(struct learn_session *s, struct aaj_audit *audit, int log, int report,
                                  const sigset_t *set, const sigset_t *old)
{
    struct learn_report r = { 0 };

    s->lab_options->lab.klog_fd = log;
    if (s->lab) {
        sigprocmask(SIG_SETMASK, old, NULL); /* the lab minds its own */
        run_in_lab(s, &r);
    } else {
        run_live(s, audit, log, set, old, &r);
    }
    _exit(write(report, &r, sizeof(r)) == sizeof(r) ? 0 : 1);
}

/* Signals wait from before there are two of us until both heed them: none is lost, whatever a shell ignores for what it
 * runs in the background. */
static int start_session(struct learn_session *s, struct aaj_audit *audit, const int log[2], const int report[2])
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };
    sigset_t set, old;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaddset(&set, signals[i]);
    fflush(NULL);
    sigprocmask(SIG_BLOCK, &set, &old);
    s->pid = fork();
    if (s->pid == 0) {
        close(log[0]);
        run_session(s, audit, log[1], report[1], &set, &old);
    }
    if (s->pid > 0)
        hand_on_signals(s->pid);
    sigprocmask(SIG_SETMASK, &old, NULL);
    return s->pid < 0 ? EXIT_REFUSED : EXIT_DONE;
}

int learn_session_start(struct learn_session *s, int *ret_log)
{
    struct aaj_audit audit = { .fd = -1 };
    int log[2], report[2], status = name_profile(s);

    s->cmd.verb = s->verb;
    s->report = -1;
    if (status == EXIT_DONE && !s->lab)
        status = profile_cmd_open(&s->cmd);
    if (status == EXIT_DONE)
        status = compile_profile(s);
    if (status == EXIT_DONE)
        status = s->lab ? prepare_lab(s) : prepare_live(s, &audit);
    show_diags(&s->cmd.diags);
    if (status == EXIT_DONE && report_pipe(log, report) < 0)
        status = EXIT_REFUSED;
    if (status == EXIT_DONE) {
        status = start_session(s, &audit, log, report);
        close(log[1]);
        close(report[1]);
        s->report = report[0];
        *ret_log = log[0];
    }
    aaj_audit_close(&audit);
    return status;
}

/* A profile of ours goes again, unless somebody lives in it. */
static void unload(struct learn_session *s)
{
    struct profile_cmd look = { .verb = s->verb, .kernel = s->cmd.kernel };

    if (profile_cmd_bearers(&look, &s->profile) == 0)
        aaj_kernel_remove(&s->cmd.kernel, s->label, &s->cmd.diags);
    else
        aaj_diag_add(&s->cmd.diags, AAJ_NOTE, NULL, nowhere, AAJ_STR(""),
                     "the learning profile %s stays loaded, in complain mode: tasks still bear it",
                     aaj_escape(&s->cmd.arena, s->label));
    aaj_diags_clear(&look.diags);
    aaj_arena_clear(&look.arena);
}

int learn_session_end(struct learn_session *s, int *ret_status)
{
    struct learn_report report = { .error = -EIO };
    int status = 0;

    if (s->pid > 0) {
        if (read(s->report, &report, sizeof(report)) != sizeof(report))
            report.error = -EIO;
        waitpid(s->pid, &status, 0);
    }
    if (s->report >= 0)
        close(s->report);
    if (s->loaded)
        unload(s);
    if (s->dir[0]) {
        char path[128];

        snprintf(path, sizeof(path), "%s/profile", s->dir);
        unlink(path);
        rmdir(s->dir);
    }
    show_diags(&s->cmd.diags);
    aaj_arena_clear(&s->cmd.arena);
    if (s->pid > 0 && WIFSIGNALED(status)) {
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
    }
    *ret_status = report.status;
    return report.error < 0 ? LAB_FAILED : EXIT_DONE;
}
