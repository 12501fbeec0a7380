/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail lab [--] CMD…: runs CMD on a real AppArmor kernel. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lab/lab.h"
#include "verbs.h"

/* CMD's own status is passed on; these are ours, as with env(1) and timeout(1). */
enum { LAB_FAILED = 125 };

static const struct opt opts[] = {
    { "share", 's', "DIR", "a folder that CMD may write to, as /share" },
    { "ro", 0, "DIR", "a folder that CMD sees at the same path, though it is closed to others; repeatable" },
    { "mem", 'm', "MB", "memory, tmpfs writes included (768)" },
    { "timeout", 't', "S", "end it after S seconds (300)" },
    { "klog", 0, "FILE", "write the kernel's console here: AppArmor's records too" },
    { "no-host-protection", 0, NULL,
      "go on where namespaces are refused: guest root may then write what you may" },
    OPT_END
};

struct settings {
    struct aaj_lab lab;
    const char *ro[AAJ_LAB_RO_MAX + 1];
    size_t n_ro;
    const char *klog;
};

/* The guest sees real paths; -1 with a message when there is none. */
static int real_dir(const struct verb *verb, const char *name, const char **ret_path)
{
    char *path = realpath(name, NULL);
    int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd < 0 && !(path && errno == EACCES)) {
        fprintf(stderr, "aajail %s: %s: %s\n", verb->name, name, strerror(errno));
        free(path);
        return -1;
    }
    if (fd >= 0)
        close(fd);
    *ret_path = path;
    return 0;
}

static int number(const char *text, unsigned min, unsigned max, unsigned *ret)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);

    if (*end || end == text || text[0] == '-' || v < min || v > max)
        return -1;
    *ret = (unsigned)v;
    return 0;
}

/* EXIT_DONE, or what to exit with. */
static int take(const struct verb *verb, const char *name, const char *value, struct settings *set)
{
    if (opt_is(name, "share")) {
        free((void *)(uintptr_t)set->lab.share);
        set->lab.share = NULL;
        return real_dir(verb, value, &set->lab.share) < 0 ? LAB_FAILED : EXIT_DONE;
    }
    if (opt_is(name, "ro")) {
        if (set->n_ro == AAJ_LAB_RO_MAX)
            return usage_error(verb, "at most %d --ro", AAJ_LAB_RO_MAX), LAB_FAILED;
        return real_dir(verb, value, &set->ro[set->n_ro++]) < 0 ? LAB_FAILED : EXIT_DONE;
    }
    if (opt_is(name, "mem") && number(value, 128, 65536, &set->lab.mem_mb) < 0)
        return usage_error(verb, "--mem is a number of megabytes from 128 to 65536"), LAB_FAILED;
    if (opt_is(name, "timeout") && number(value, 1, 86400 * 7, &set->lab.timeout_s) < 0)
        return usage_error(verb, "--timeout is a number of seconds from 1 to 604800"), LAB_FAILED;
    if (opt_is(name, "klog"))
        set->klog = value;
    if (opt_is(name, "no-host-protection"))
        set->lab.no_host_protection = true;
    return EXIT_DONE;
}

static void forget(struct settings *set)
{
    free((void *)(uintptr_t)set->lab.share);
    for (size_t i = 0; i < set->n_ro; i++)
        free((void *)(uintptr_t)set->ro[i]);
    if (set->lab.klog_fd >= 0)
        close(set->lab.klog_fd);
    if (set->lab.stop_fd >= 0)
        close(set->lab.stop_fd);
}

/* The run is given up on these, unless they are ignored (nohup); the first that came is then taken as it
 * would have been. */
static int open_stop(sigset_t *ret_old)
{
    static const int stops[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction sa;
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
        if (sigaction(stops[i], NULL, &sa) == 0 && sa.sa_handler != SIG_IGN)
            sigaddset(&set, stops[i]);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, ret_old);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void die_of(int sig)
{
    signal(sig, SIG_DFL);
    raise(sig);
}

static int run_lab(struct settings *set)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct signalfd_siginfo got;
    char cwd[PATH_MAX];
    sigset_t old;
    int status = LAB_FAILED, r;

    set->lab.cwd = getcwd(cwd, sizeof(cwd)) && cwd[0] == '/' ? cwd : "/";
    set->lab.stop_fd = open_stop(&old);
    fflush(stdout);
    r = aaj_lab_run(&set->lab, &diags, &status);
    show_diags(&diags);
    if (r == -EINTR && read(set->lab.stop_fd, &got, sizeof(got)) == sizeof(got)) {
        sigprocmask(SIG_SETMASK, &old, NULL);
        die_of((int)got.ssi_signo);
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (r == -EPIPE)
        die_of(SIGPIPE);
    return r < 0 ? LAB_FAILED : status;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct settings set = { .lab = { .kernel = "/usr/bin/linux.uml",
                                     .modules = "/usr/lib/uml/modules",
                                     .klog_fd = -1,
                                     .stop_fd = -1,
                                     .out_fd = STDOUT_FILENO,
                                     .err_fd = STDERR_FILENO } };
    struct opts o = OPTS_INIT(verb, argc, argv);
    int status = EXIT_DONE;
    const char *name;

    while ((name = opts_next(&o)))
        if (status == EXIT_DONE)
            status = take(verb, name, o.value, &set);
    if (o.done)
        status = o.status == EXIT_DONE ? EXIT_DONE : LAB_FAILED;
    else if (status == EXIT_DONE && o.n_operands == 0)
        status = (usage_error(verb, "name the command to run"), LAB_FAILED);
    if (status == EXIT_DONE && set.klog && !o.done) {
        set.lab.klog_fd = open(set.klog, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (set.lab.klog_fd < 0) {
            fprintf(stderr, "aajail %s: %s: %s\n", verb->name, set.klog, strerror(errno));
            status = LAB_FAILED;
        }
    }
    if (status == EXIT_DONE && !o.done) {
        set.lab.ro = set.ro;
        set.lab.argv = o.operand;
        set.lab.init = aajail_libexec("lab-init");
        status = run_lab(&set);
    }
    forget(&set);
    return status;
}

const struct verb verb_lab = {
    .name = "lab",
    .args = "[--] CMD [ARGUMENT…]",
    .summary = "Run a command on a real AppArmor kernel over a copy-on-write view of this machine",
    .details =
        "  aajail lab -- sh -c 'aa-enabled; id; touch /etc/x'\n\n"
        "CMD runs as root in a throw-away machine that is up in seconds; what it writes is gone afterwards,\n"
        "but for /share. Neither root nor an AppArmor kernel is needed here. Exit status: CMD's own; 125 "
        "the\n"
        "lab failed, 126 CMD cannot be run, 127 it was not found.",
    .opts = opts,
    .command = true,
    .run = run,
};
