/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe UID PORT…: prints FAMILY:PORT for each port of this machine that the uid may connect to. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int try_connect(unsigned uid, const struct sockaddr *sa, socklen_t n)
{
    int fd, e = 0;
    socklen_t e_n = sizeof(e);
    struct pollfd p;

    if (setgid(uid) < 0 || setuid(uid) < 0)
        return 2;
    fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connect(fd, sa, n) < 0 && errno != EINPROGRESS)
        return 1;
    p = (struct pollfd){ fd, POLLOUT, 0 };
    if (poll(&p, 1, 1000) != 1)
        return 1;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &e_n);
    return e != 0;
}

static void probe(unsigned uid, int family, int port)
{
    struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port),
                               .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const struct sockaddr *sa = family == AF_INET ? (void *)&a4 : (void *)&a6;
    socklen_t n = family == AF_INET ? sizeof(a4) : sizeof(a6);
    int one = 1, fd = socket(family, SOCK_STREAM, 0), status = -1;
    pid_t pid;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, sa, n) < 0 || listen(fd, 8) < 0) {
        perror("listen");
        exit(1);
    }
    pid = fork();
    if (pid == 0)
        _exit(try_connect(uid, sa, n));
    waitpid(pid, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
        exit(1);
    if (WEXITSTATUS(status) == 0)
        printf("%d:%d ", family == AF_INET ? 4 : 6, port);
    close(fd);
}

int main(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        probe((unsigned)atoi(argv[1]), AF_INET, atoi(argv[i]));
        probe((unsigned)atoi(argv[1]), AF_INET6, atoi(argv[i]));
    }
    putchar('\n');
    return argc > 2 ? 0 : 2;
}
