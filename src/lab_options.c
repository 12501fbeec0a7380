/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lab_options.h"

void lab_options_init(struct lab_options *o)
{
    *o = (struct lab_options){ .lab = { .kernel = "/usr/bin/linux.uml",
                                        .modules = "/usr/lib/uml/modules",
                                        .klog_fd = -1,
                                        .stop_fd = -1,
                                        .out_fd = STDOUT_FILENO,
                                        .err_fd = STDERR_FILENO } };
}

static void drop(const char *path)
{
    free((void *)(uintptr_t)path);
}

void lab_options_clear(struct lab_options *o)
{
    drop(o->lab.share);
    for (size_t i = 0; i < o->n_ro; i++)
        drop(o->ro[i]);
    if (o->lab.klog_fd >= 0)
        close(o->lab.klog_fd);
    lab_options_init(o);
}

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

static int take(struct lab_options *o, const struct verb *verb, const char *name, const char *value)
{
    if (opt_is(name, "share")) {
        drop(o->lab.share);
        o->lab.share = NULL;
        return real_dir(verb, value, &o->lab.share) < 0 ? LAB_FAILED : EXIT_DONE;
    }
    if (opt_is(name, "ro")) {
        if (o->n_ro == AAJ_LAB_RO_MAX)
            return usage_error(verb, "at most %d --ro", AAJ_LAB_RO_MAX), LAB_FAILED;
        if (real_dir(verb, value, &o->ro[o->n_ro]) < 0)
            return LAB_FAILED;
        o->n_ro++;
        return EXIT_DONE;
    }
    if (opt_is(name, "mem") && number(value, 128, 65536, &o->lab.mem_mb) < 0)
        return usage_error(verb, "--mem is a number of megabytes from 128 to 65536"), LAB_FAILED;
    if (opt_is(name, "timeout") && number(value, 1, 86400 * 7, &o->lab.timeout_s) < 0)
        return usage_error(verb, "--timeout is a number of seconds from 1 to 604800"), LAB_FAILED;
    if (opt_is(name, "no-host-protection"))
        o->lab.no_host_protection = true;
    return EXIT_DONE;
}

bool lab_option(struct lab_options *o, const struct verb *verb, const char *name, const char *value,
                int *ret_status)
{
    static const struct opt opts[] = { OPTS_LAB };

    for (size_t i = 0; i < sizeof(opts) / sizeof(opts[0]); i++)
        if (opt_is(name, opts[i].name)) {
            *ret_status = take(o, verb, name, value);
            return true;
        }
    return false;
}

int lab_options_show(struct lab_options *o, const char *path)
{
    if (o->n_ro == AAJ_LAB_RO_MAX)
        return -E2BIG;
    o->ro[o->n_ro] = strdup(path);
    if (!o->ro[o->n_ro])
        return -ENOMEM;
    o->n_ro++;
    return 0;
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

int lab_run(struct lab_options *o, char *const *argv, struct aaj_diags *diags, int *ret_status)
{
    struct signalfd_siginfo got;
    char cwd[PATH_MAX];
    sigset_t old;
    int r;

    o->lab.init = aajail_libexec("lab-init");
    o->lab.ro = o->ro;
    o->lab.argv = argv;
    o->lab.cwd = getcwd(cwd, sizeof(cwd)) && cwd[0] == '/' ? cwd : "/";
    o->lab.stop_fd = open_stop(&old);
    fflush(NULL);
    r = aaj_lab_run(&o->lab, diags, ret_status);
    if (r == -EINTR && read(o->lab.stop_fd, &got, sizeof(got)) == sizeof(got)) {
        show_diags(diags);
        sigprocmask(SIG_SETMASK, &old, NULL);
        die_of((int)got.ssi_signo);
    }
    close(o->lab.stop_fd);
    o->lab.stop_fd = -1;
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (r == -EPIPE) {
        show_diags(diags);
        die_of(SIGPIPE);
    }
    return r;
}
