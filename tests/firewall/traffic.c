/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "traffic.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FAST_MS = 500, WAIT_MS = 1000 };

void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static unsigned uid_of(const char *who)
{
    return strcmp(who, "slave") == 0   ? SLAVE
           : strcmp(who, "below") == 0 ? SLAVE - 1
           : strcmp(who, "above") == 0 ? SLAVE + 1
           : strcmp(who, "other") == 0 ? 65534
                                       : 0;
}

/* The subject's uid with no other power than, for raw sockets, CAP_NET_RAW. */
static void become(unsigned uid, bool raw)
{
    struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct d[2] = { { 1u << CAP_NET_RAW, 1u << CAP_NET_RAW, 0 }, { 0 } };

    if (uid == 0)
        return;
    prctl(PR_SET_KEEPCAPS, raw);
    if (setgid(uid) < 0 || setuid(uid) < 0)
        _exit(BROKEN);
    if (raw && syscall(SYS_capset, &h, d) < 0)
        _exit(BROKEN);
}

static int kind_of(const struct row *r)
{
    return strcmp(r->proto, "tcp") == 0 ? SOCK_STREAM : strcmp(r->proto, "udp") == 0 ? SOCK_DGRAM : 0;
}

/* Group packets come back to a member on the device that they leave by. */
static bool is_group(const struct row *r)
{
    const struct sockaddr_in *v4 = (const void *)&r->sa;
    const struct sockaddr_in6 *v6 = (const void *)&r->sa;

    return r->sa.ss_family == AF_INET ? IN_MULTICAST(ntohl(v4->sin_addr.s_addr)) : IN6_IS_ADDR_MULTICAST(&v6->sin6_addr);
}

static void join(int fd, const struct row *r)
{
    struct group_req g = { .gr_interface = if_nametoindex("wire"), .gr_group = r->sa };

    if (setsockopt(fd, r->sa.ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, MCAST_JOIN_GROUP, &g, sizeof(g)) < 0)
        die(r->addr);
}

static int bound(const struct row *r)
{
    int one = 1, fd = socket(r->sa.ss_family, kind_of(r) | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || bind(fd, (const struct sockaddr *)&r->sa, r->sa_len) < 0)
        die(r->addr);
    if (kind_of(r) == SOCK_STREAM && listen(fd, 8) < 0)
        die("listen");
    if (is_group(r))
        join(fd, r);
    return fd;
}

static int udp_socket(const struct row *r)
{
    int one = 1, wire = (int)if_nametoindex("wire"), fd = socket(r->sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
    if (is_group(r) && r->sa.ss_family == AF_INET)
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &(struct ip_mreqn){ .imr_ifindex = wire }, sizeof(struct ip_mreqn));
    else if (is_group(r))
        setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &wire, sizeof(wire));
    return fd;
}

static bool wait_for(int fd, short what, int ms)
{
    struct pollfd p = { fd, what, 0 };

    return poll(&p, 1, ms) == 1;
}

/* A refusal, if it was quick. */
static int refused(int64_t t0)
{
    return now_ms() - t0 <= FAST_MS ? REFUSE : SILENT;
}

static int connect_tcp(const struct row *r, int *ret_fd)
{
    int fd = socket(r->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0), e = 0;
    socklen_t n = sizeof(e);
    int64_t t0 = now_ms();

    if (fd < 0)
        return BROKEN;
    *ret_fd = fd;
    if (connect(fd, (const struct sockaddr *)&r->sa, r->sa_len) < 0 && errno != EINPROGRESS)
        return errno == ECONNREFUSED || errno == EPERM ? refused(t0) : BROKEN;
    if (!wait_for(fd, POLLOUT, WAIT_MS))
        return SILENT;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n);
    return e == 0 ? ALLOW : e == ECONNREFUSED || e == EACCES ? refused(t0) : BROKEN;
}

static int send_one(int fd, const struct row *r, const void *data, size_t n)
{
    int64_t t0 = now_ms();

    if (sendto(fd, data, n, 0, (const struct sockaddr *)&r->sa, r->sa_len) < 0)
        return errno == EPERM ? refused(t0) : BROKEN;
    return ALLOW;
}

/* An echo request and, if it may leave, its answer. */
static int ping(const struct row *r, int type)
{
    bool v6 = r->sa.ss_family == AF_INET6;
    struct icmphdr req = { .type = v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO, .un.echo.sequence = 7 };
    int fd = socket(r->sa.ss_family, type, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP), result;
    struct sockaddr_storage to = r->sa;
    struct row plain = *r;
    char buf[256];

    /* Raw ICMP on IPv4 needs its checksum; a v6 socket and a ping socket have it made. */
    if (type == SOCK_RAW && !v6)
        req.checksum = (uint16_t)~(uint16_t)(htons(ICMP_ECHO << 8) + req.un.echo.sequence);
    if (v6)
        ((struct sockaddr_in6 *)&to)->sin6_port = 0;
    plain.sa = to;
    result = fd < 0 ? BROKEN : send_one(fd, &plain, &req, sizeof(req));
    while (result == ALLOW) {
        ssize_t n = wait_for(fd, POLLIN, FAST_MS) ? recv(fd, buf, sizeof(buf), 0) : -1;
        unsigned char t = n > 0 ? (unsigned char)buf[type == SOCK_RAW && !v6 ? 20 : 0] : 0;

        if (n < 0)
            return SILENT;
        if (t == (v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY))
            return ALLOW;
    }
    return result;
}

static int subject_new(const struct row *r)
{
    int fd = -1;

    if (strcmp(r->proto, "tcp") == 0)
        return connect_tcp(r, &fd);
    if (strcmp(r->proto, "icmp") == 0)
        return ping(r, strcmp(r->action, "raw") == 0 ? SOCK_RAW : SOCK_DGRAM);
    if (strcmp(r->proto, "udp") == 0)
        return send_one(udp_socket(r), r, "x", 1);
    return send_one(socket(r->sa.ss_family, SOCK_RAW, 253), r, "x", 1);
}

static int finish(pid_t pid)
{
    int status;

    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : BROKEN;
}

static int run_new(const struct row *r)
{
    int fd = kind_of(r) ? bound(r) : -1, result;
    pid_t pid = fork();

    if (pid == 0) {
        become(uid_of(r->who), strcmp(r->action, "raw") == 0);
        _exit(subject_new(r));
    }
    result = finish(pid);
    /* Sent is not arrived. */
    if (result == ALLOW && strcmp(r->proto, "udp") == 0 && !wait_for(fd, POLLIN, FAST_MS))
        result = SILENT;
    if (result != ALLOW && fd >= 0 && wait_for(fd, POLLIN, 0))
        result = BROKEN; /* it was told off, and yet it arrived */
    if (fd >= 0)
        close(fd);
    return result;
}

/* The subject serves; what it answers, and that it closes, must reach root. */
static int run_reply(const struct row *r)
{
    int fd = -1, result = BROKEN, p[2];
    pid_t pid = -1;
    char c;

    if (pipe(p) < 0 || (pid = fork()) < 0)
        die("fork");
    if (pid == 0) {
        struct sockaddr_storage from;
        socklen_t n = sizeof(from);

        become(uid_of(r->who), false);
        fd = bound(r);
        if (write(p[1], "r", 1) != 1)
            _exit(BROKEN);
        alarm(3);
        if (kind_of(r) == SOCK_STREAM)
            _exit(write(accept(fd, NULL, NULL), "y", 1) == 1 ? 0 : BROKEN);
        if (recvfrom(fd, &c, 1, 0, (struct sockaddr *)&from, &n) != 1)
            _exit(BROKEN);
        _exit(sendto(fd, "y", 1, 0, (struct sockaddr *)&from, n) == 1 ? 0 : REFUSE);
    }
    if (read(p[0], &c, 1) != 1)
        return BROKEN;
    if (kind_of(r) == SOCK_STREAM) {
        result = connect_tcp(r, &fd);
    } else {
        fd = socket(r->sa.ss_family, SOCK_DGRAM, 0);
        result = connect(fd, (const struct sockaddr *)&r->sa, r->sa_len) == 0 && send(fd, "x", 1, 0) == 1 ? ALLOW : BROKEN;
    }
    if (result == ALLOW && (!wait_for(fd, POLLIN, WAIT_MS) || read(fd, &c, 1) != 1))
        result = SILENT;
    /* The end of the connection is a packet too: a lost FIN would leave the front end waiting. */
    if (result == ALLOW && kind_of(r) == SOCK_STREAM && (!wait_for(fd, POLLIN, WAIT_MS) || read(fd, &c, 1) != 0))
        result = SILENT;
    close(fd);
    close(p[0]);
    close(p[1]);
    return finish(pid) == BROKEN && result == ALLOW ? BROKEN : result;
}

/*
 * What leaves when nobody owns the socket any more: all that was still to be sent when the slave closed and ended
 * (drain), and the reset that answers a front end whose request was never read (abort).
 */
static int run_closing(const struct row *r)
{
    enum { MUCH = 200 * 1000 };
    static char data[MUCH];
    bool drain = strcmp(r->action, "drain") == 0;
    int fd = -1, ready[2], result, arrived = 0;
    ssize_t n = 1, total = 0;
    pid_t pid = -1;
    char c;

    if (pipe(ready) < 0 || (pid = fork()) < 0)
        die("fork");
    if (pid == 0) {
        int listener, s;

        become(uid_of(r->who), false);
        alarm(3);
        listener = bound(r);
        setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &(int){ 2 * MUCH }, sizeof(int));
        if (write(ready[1], "r", 1) != 1)
            _exit(BROKEN);
        s = accept(listener, NULL, NULL);
        if (drain)
            _exit(send(s, data, MUCH, MSG_DONTWAIT) == MUCH ? ALLOW : BROKEN);
        _exit(wait_for(s, POLLIN, WAIT_MS) ? ALLOW : BROKEN);
    }
    if (read(ready[0], &c, 1) != 1)
        return BROKEN;
    result = connect_tcp(r, &fd);
    if (!drain && send(fd, "x", 1, 0) != 1)
        result = BROKEN;
    if (result == ALLOW)
        result = finish(pid);
    /* A window is less than that, so that something is left to be sent without an owner. */
    if (drain && (ioctl(fd, FIONREAD, &arrived) < 0 || arrived == MUCH))
        result = BROKEN;
    while (result == ALLOW && n > 0 && wait_for(fd, POLLIN, WAIT_MS))
        if ((n = recv(fd, data, sizeof(data), 0)) > 0)
            total += n;
    if (result == ALLOW && drain)
        result = total == MUCH && n == 0 ? ALLOW : SILENT;
    else if (result == ALLOW)
        result = n < 0 && errno == ECONNRESET ? ALLOW : SILENT;
    close(fd);
    close(ready[0]);
    close(ready[1]);
    return result;
}

/* Nobody listens there: the kernel's answer, which no process owns, must come back at once. */
static int run_nobody(const struct row *r)
{
    pid_t pid = fork();

    if (pid == 0) {
        int64_t t0 = now_ms();
        int fd = -1;
        char c;

        become(uid_of(r->who), false);
        if (kind_of(r) == SOCK_STREAM)
            _exit(connect_tcp(r, &fd) == REFUSE ? ALLOW : BROKEN);
        fd = udp_socket(r);
        if (connect(fd, (const struct sockaddr *)&r->sa, r->sa_len) < 0)
            _exit(BROKEN);
        if (send(fd, "x", 1, 0) != 1)
            _exit(errno == EPERM ? refused(t0) : BROKEN);
        if (!wait_for(fd, POLLIN, WAIT_MS))
            _exit(SILENT);
        _exit(recv(fd, &c, 1, 0) < 0 && errno == ECONNREFUSED && now_ms() - t0 <= FAST_MS ? ALLOW : BROKEN);
    }
    return finish(pid);
}

/* Keeps the connection open while the other side looks, which then says so; refused data is a reset, at once. */
static int refusal_or_word(int connection, int go)
{
    struct pollfd p[2] = { { connection, 0, 0 }, { go, POLLIN, 0 } };

    return poll(p, 2, WAIT_MS) > 0 && (p[0].revents & (POLLERR | POLLHUP)) ? REFUSE : ALLOW;
}

/* Connections that exist before the chain does. */
void traffic_prepare(struct row *r)
{
    bool served = strcmp(r->action, "served") == 0;
    int go[2], ready[2], fd = -1;
    char c;

    if (pipe(go) < 0 || pipe(ready) < 0)
        die("pipe");
    if (!served)
        fd = bound(r);
    r->pid = fork();
    if (r->pid == 0) {
        int s = -1;

        become(uid_of(r->who), false);
        alarm(60);
        if (served)
            s = bound(r);
        if (write(ready[1], "r", 1) != 1)
            _exit(BROKEN);
        if (served)
            s = accept(s, NULL, NULL);
        else if (connect_tcp(r, &s) != ALLOW)
            _exit(BROKEN);
        if (read(go[0], &c, 1) != 1 || write(s, "x", 1) != 1)
            _exit(BROKEN);
        _exit(refusal_or_word(s, go[0]));
    }
    if (read(ready[0], &c, 1) != 1)
        die("subject");
    if (served && connect_tcp(r, &r->peer) != ALLOW)
        die("connect to the subject");
    if (!served) {
        r->peer = accept(fd, NULL, NULL);
        close(fd);
    }
    close(ready[1]);
    close(go[0]);
    r->go = go[1];
    r->end = ready[0];
}

static int run_prepared(const struct row *r)
{
    struct pollfd p[2] = { { r->peer, POLLIN, 0 }, { r->end, POLLIN, 0 } };
    int result = SILENT, said;
    char c;

    if (write(r->go, "g", 1) != 1)
        return BROKEN;
    /* The data, or the end of the subject, which has heard that it is refused. */
    poll(p, 2, FAST_MS);
    if (wait_for(r->peer, POLLIN, 0) && read(r->peer, &c, 1) == 1)
        result = ALLOW;
    if (!p[1].revents && write(r->go, "e", 1) != 1)
        return BROKEN;
    said = finish(r->pid);
    if (result == SILENT && said != ALLOW)
        result = said;
    close(r->peer);
    close(r->go);
    close(r->end);
    return result;
}

bool traffic_is_prepared(const struct row *r)
{
    return strcmp(r->action, "early") == 0 || strcmp(r->action, "served") == 0;
}

int traffic_run(const struct row *r)
{
    static const struct {
        const char *action;
        int (*run)(const struct row *r);
    } actions[] = {
        { "new", run_new },         { "raw", run_new },       { "reply", run_reply },
        { "early", run_prepared },  { "served", run_prepared }, { "drain", run_closing },
        { "abort", run_closing },   { "nobody", run_nobody },
    };

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (strcmp(actions[i].action, r->action) == 0)
            return actions[i].run(r);
    return BROKEN;
}
