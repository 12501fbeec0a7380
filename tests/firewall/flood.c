/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flood BACKEND OLD NEW [PACKETS REPLACEMENTS]: while the chain is replaced by turns with OLD's and NEW's, one
 * process of the uid sends what both refuse and another what both allow, IPv4 and IPv6. Not one packet may
 * get through, and not one may be refused.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { UID = 41234, REFUSED_PORT = 9999, ALLOWED_PORT = 9998 };

struct counts {
    volatile long sent, allowed, wrongly_refused;
    volatile int stop;
};

static int run(const char *const *argv)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        if (!freopen("/dev/null", "w", stdout))
            _exit(126);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int apply(const char *backend, const char *manifest)
{
    return run((const char *const[]){ getenv("AAJAIL"), "firewall", "apply", "--backend", backend, "--uid", "41234",
                                      manifest, NULL });
}

static int udp(int family, int port, int (*attach)(int, const struct sockaddr *, socklen_t))
{
    struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port),
                               .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(family, SOCK_DGRAM, 0);

    if (fd < 0 || attach(fd, family == AF_INET ? (void *)&a4 : (void *)&a6,
                         family == AF_INET ? sizeof(a4) : sizeof(a6)) < 0) {
        perror("udp");
        exit(1);
    }
    return fd;
}

static pid_t sender(struct counts *c, int port)
{
    pid_t pid = fork();
    int fd[2];

    if (pid != 0)
        return pid;
    if (setgid(UID) < 0 || setuid(UID) < 0)
        _exit(1);
    fd[0] = udp(AF_INET, port, connect);
    fd[1] = udp(AF_INET6, port, connect);
    for (unsigned i = 0; !c->stop; i++) {
        ssize_t n = send(fd[i & 1], "x", 1, 0);

        if (port == REFUSED_PORT) {
            c->sent++;
        } else {
            c->allowed++;
            c->wrongly_refused += n < 0 && errno == EPERM;
            usleep(50);
        }
    }
    _exit(0);
}

static long drain(int fd)
{
    char buf[16];
    long n = 0;

    while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0)
        n++;
    return n;
}

int main(int argc, char **argv)
{
    long packets = argc > 5 ? atol(argv[4]) : 300000, replacements = argc > 5 ? atol(argv[5]) : 100, leaked = 0, done = 0;
    struct counts *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int bad[2], good[2], failed = 0;
    pid_t pid[2];

    if (argc < 4 || !getenv("AAJAIL") || c == MAP_FAILED)
        return 2;
    if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0) {
        puts("skipped: needs root and network namespaces");
        return 77;
    }
    if (run((const char *const[]){ "ip", "link", "set", "lo", "up", NULL }) != 0 || apply(argv[1], argv[2]) != 0)
        return 1;
    for (int i = 0; i < 2; i++) {
        bad[i] = udp(i ? AF_INET6 : AF_INET, REFUSED_PORT, bind);
        good[i] = udp(i ? AF_INET6 : AF_INET, ALLOWED_PORT, bind);
    }
    pid[0] = sender(c, REFUSED_PORT);
    pid[1] = sender(c, ALLOWED_PORT);
    while ((c->sent < packets || done < replacements) && !failed) {
        failed = apply(argv[1], argv[2 + (done + 1) % 2]) != 0;
        done++;
        for (int i = 0; i < 2; i++) {
            leaked += drain(bad[i]);
            drain(good[i]);
        }
    }
    c->stop = 1;
    waitpid(pid[0], NULL, 0);
    waitpid(pid[1], NULL, 0);
    for (int i = 0; i < 2; i++)
        leaked += drain(bad[i]);
    printf("%s: %ld packets sent, %ld leaked; %ld allowed ones, %ld wrongly refused; %ld replacements\n", argv[1],
           c->sent, leaked, c->allowed, c->wrongly_refused, done);
    return failed || leaked || c->wrongly_refused || c->allowed == 0 ? 1 : 0;
}
