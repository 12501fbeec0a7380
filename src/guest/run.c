/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs CMD behind pipes and carries its output to the serial lines. CMD must not hold the lines
 * themselves: it would see a terminal, and a daemon that it leaves behind would keep them open.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

static const char *const environment[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "USER=root",
    "LOGNAME=root",
    "SHELL=/bin/sh",
    "LANG=C.UTF-8",
    NULL
};

static void write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t w = write(fd, p, n);

        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return; /* the host side is gone; CMD goes on without a reader */
        p += w;
        n -= (size_t)w;
    }
}

enum { CARRY = 16384, PIPE_READS = 65536 / CARRY + 1 };

/* Moves some of what @from holds. False at its end. */
static bool carry(int from, int to)
{
    char buf[CARRY];
    ssize_t n = read(from, buf, sizeof(buf));

    if (n > 0)
        write_all(to, buf, (size_t)n);
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void exec_command(const struct conf *conf, const int out[2], const int err[2])
{
    int null = open("/dev/null", O_RDONLY);
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    if (null < 0 || dup2(null, 0) < 0 || dup2(out[1], 1) < 0 || dup2(err[1], 2) < 0)
        _exit(125);
    if (null > 2)
        close(null);
    if (chdir(conf->cwd) < 0) {
        warn_host("%s cannot be entered in the lab (%s); CMD runs in /", conf->cwd, strerror(errno));
        (void)!chdir("/");
    }
    /* execvpe looks CMD up along our own PATH, which for process 1 is unset. */
    setenv("PATH", environment[0] + strlen("PATH="), 1);
    execvpe(conf->argv[0], conf->argv, (char *const *)(uintptr_t)environment);
    int e = errno;

    warn_host("cannot run %s: %s%s", conf->argv[0], strerror(e),
              e == EACCES || e == ENOENT
                  ? " (files that only another user may read are missing in the lab; see --ro)"
                  : "");
    _exit(e == ENOENT ? 127 : 126);
}

/* Reaps until @pid is gone (*ret_status set) or nobody is left to reap. True when @pid was reaped. */
static bool reap(pid_t pid, int *ret_status)
{
    int status;
    pid_t p;

    while ((p = waitpid(-1, &status, WNOHANG)) > 0)
        if (p == pid) {
            *ret_status = status;
            return true;
        }
    return false;
}

static void on_child(int sig)
{
}

int run_command(const struct conf *conf, int out_line, int err_line)
{
    struct sigaction sa = { .sa_handler = on_child };
    int out[2], err[2], status = 0;
    struct timespec left;
    struct pollfd p[2];
    sigset_t block, during;
    bool gone = false;
    pid_t pid;

    sigemptyset(&block);
    sigaddset(&block, SIGCHLD);
    sigprocmask(SIG_BLOCK, &block, &during);
    sigdelset(&during, SIGCHLD);
    sigaction(SIGCHLD, &sa, NULL);
    if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 || (pid = fork()) < 0)
        die("cannot start the command: %s", strerror(errno));
    if (pid == 0)
        exec_command(conf, out, err);
    close(out[1]);
    close(err[1]);
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(err[0], F_SETFL, O_NONBLOCK);
    p[0] = (struct pollfd){ .fd = out[0], .events = POLLIN };
    p[1] = (struct pollfd){ .fd = err[0], .events = POLLIN };
    while (!gone) {
        gone = reap(pid, &status);
        /* After CMD's end only what it left in the pipes is carried; a daemon may still hold them. */
        /* The last time with signals blocked: another child's death must not come between. */
        int n = gone ? poll(p, 2, 0) : ppoll(p, 2, hang_left(conf, &left), &during);

        for (int i = 0; n > 0 && i < 2; i++)
            /* At the end a full pipe's worth, not until it is empty: a daemon may fill it for ever. */
            for (int k = 0; k < (gone ? PIPE_READS : 1) && p[i].fd >= 0 && p[i].revents; k++)
                if (!carry(p[i].fd, i ? err_line : out_line))
                    p[i].fd = -1;
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
