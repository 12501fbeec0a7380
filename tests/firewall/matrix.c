/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * matrix BACKEND MANIFEST TABLE: puts real packets of several uids against the applied chain, in a network
 * namespace of its own. A row is
 *
 *     WHO ACTION PROTO ADDRESS PORT VERDICT
 *
 * WHO slave, other, below, above, root; ACTION new (connect or send), reply (WHO serves, root asks), early
 * (as new, on a connection opened before the chain was applied), served (accepted before it was), raw;
 * VERDICT allow, refuse (at once), silent (does not arrive). What the plan decides is compared too.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "firewall/plan.h"

enum { SLAVE = 41234, FAST_MS = 500, WAIT_MS = 1000, ROWS_MAX = 256 };
enum outcome { ALLOW, REFUSE, SILENT, BROKEN };
static const char *const outcomes[] = { "allow", "refuse", "silent", "broken" };

struct row {
    char who[16], action[16], proto[16], addr[64], verdict[16];
    unsigned port, line;
    struct sockaddr_storage sa;
    socklen_t sa_len;
    int peer, go; /* early and served: the root side of the connection; the pipe that wakes the subject */
    pid_t pid;
};

static void die(const char *what)
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

static int run(const char *const *argv)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int ip(const char *a, const char *b, const char *c, const char *d, const char *e, const char *f)
{
    return run((const char *const[]){ "ip", a, b, c, d, e, f, NULL });
}

static void make_namespace(void)
{
    static const char *const v4[] = { "10.0.5.7/32", "10.0.6.7/32", "192.168.3.3/32", "203.0.113.9/32" };
    static const char *const v6[] = { "2001:db8::5/128", "2001:db8::6/128", "2001:db8:1::7/128" };
    int fd;

    if (unshare(CLONE_NEWNET) < 0)
        die("unshare");
    if (ip("link", "set", "lo", "up", NULL, NULL) != 0)
        die("ip link");
    for (size_t i = 0; i < sizeof(v4) / sizeof(v4[0]); i++)
        ip("addr", "add", v4[i], "dev", "lo", NULL);
    for (size_t i = 0; i < sizeof(v6) / sizeof(v6[0]); i++)
        run((const char *const[]){ "ip", "addr", "add", v6[i], "dev", "lo", "nodad", NULL });
    fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY);
    if (fd < 0 || write(fd, "0 100000", 8) < 0)
        die("ping_group_range");
    close(fd);
    /* Connections are tracked on this host already; what began untracked has no direction. */
    run((const char *const[]){ "nft", "add table inet t; add chain inet t c { type filter hook input priority 0; }; "
                                      "add rule inet t c ct state invalid counter", NULL });
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

static int bound(const struct row *r)
{
    int one = 1, fd = socket(r->sa.ss_family, kind_of(r) | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || bind(fd, (const struct sockaddr *)&r->sa, r->sa_len) < 0)
        die(r->addr);
    if (kind_of(r) == SOCK_STREAM && listen(fd, 8) < 0)
        die("listen");
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
        return send_one(socket(r->sa.ss_family, SOCK_DGRAM, 0), r, "x", 1);
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
    pid_t pid;
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

/* Connections that exist before the chain does. */
static void prepare(struct row *r)
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
        /* Keep it open while the other side looks. */
        wait_for(go[0], POLLIN, WAIT_MS);
        _exit(0);
    }
    if (read(ready[0], &c, 1) != 1)
        die("subject");
    if (served && connect_tcp(r, &r->peer) != ALLOW)
        die("connect to the subject");
    if (!served) {
        r->peer = accept(fd, NULL, NULL);
        close(fd);
    }
    close(ready[0]);
    close(ready[1]);
    close(go[0]);
    r->go = go[1];
}

static int run_prepared(const struct row *r)
{
    int result;
    char c;

    if (write(r->go, "g", 1) != 1)
        return BROKEN;
    /* Refused data is a reset to the subject; nothing comes here. */
    result = wait_for(r->peer, POLLIN, FAST_MS) && read(r->peer, &c, 1) == 1 ? ALLOW : REFUSE;
    close(r->peer);
    close(r->go);
    finish(r->pid);
    return result;
}

static size_t read_table(const char *path, struct row *row)
{
    FILE *in = fopen(path, "re");
    char line[256];
    size_t n = 0;

    if (!in)
        die(path);
    for (unsigned at = 1; fgets(line, sizeof(line), in); at++) {
        struct row *r = &row[n];
        struct sockaddr_in *v4 = (void *)&r->sa;
        struct sockaddr_in6 *v6 = (void *)&r->sa;

        if (line[0] == '#' || line[0] == '\n')
            continue;
        r->line = at;
        if (n == ROWS_MAX || sscanf(line, "%15s %15s %15s %63s %u %15s", r->who, r->action, r->proto, r->addr,
                                    &r->port, r->verdict) != 6)
            die("a row has six words");
        if (inet_pton(AF_INET, r->addr, &v4->sin_addr) == 1) {
            v4->sin_family = AF_INET;
            v4->sin_port = htons((uint16_t)r->port);
            r->sa_len = sizeof(*v4);
        } else if (inet_pton(AF_INET6, r->addr, &v6->sin6_addr) == 1) {
            v6->sin6_family = AF_INET6;
            v6->sin6_port = strcmp(r->proto, "other") == 0 ? 0 : htons((uint16_t)r->port);
            r->sa_len = sizeof(*v6);
        } else {
            die(r->addr);
        }
        n++;
    }
    fclose(in);
    return n;
}

/* The plan's own decision on a row of the slave's; -1 where it has none to make. */
static int planned(const struct aaj_firewall_plan *plan, const struct row *r)
{
    struct aaj_firewall_packet p = { .family = (uint8_t)r->sa.ss_family, .port = (uint16_t)r->port };
    bool v6 = p.family == AF_INET6;

    if (strcmp(r->who, "slave") != 0)
        return -1;
    p.reply = strcmp(r->action, "reply") == 0 || strcmp(r->action, "served") == 0;
    p.proto = strcmp(r->proto, "tcp") == 0    ? IPPROTO_TCP
              : strcmp(r->proto, "udp") == 0  ? IPPROTO_UDP
              : strcmp(r->proto, "icmp") == 0 ? (v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP)
                                              : 253;
    if (v6)
        p.addr = ((const struct sockaddr_in6 *)&r->sa)->sin6_addr;
    else
        memcpy(&p.addr, &((const struct sockaddr_in *)&r->sa)->sin_addr, 4);
    return aaj_firewall_decide(plan, &p) == AAJ_FIREWALL_ALLOW ? ALLOW : REFUSE;
}

static struct aaj_firewall_plan *load_plan(const char *path)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_firewall_plan *plan = NULL;
    struct aaj_manifest *m = NULL;
    struct aaj_str text;

    if (aaj_file_read(path, AAJ_FILE_MAX, &arena, &text) < 0 ||
        aaj_manifest_parse(text, aaj_str_c(path), NULL, &m) < 0 || aaj_firewall_plan_make(m, NULL, &plan) < 0)
        die(path);
    aaj_manifest_free(m);
    aaj_arena_clear(&arena);
    return plan;
}

static bool judge(const struct row *r, int got, int plan)
{
    bool allowed = strcmp(r->verdict, "allow") == 0;
    bool ok = strcmp(r->verdict, outcomes[got]) == 0;

    if (!ok || (plan >= 0 && (plan == ALLOW) != allowed))
        printf("row %u: %s %s %s %s %u: %s, expected %s, the plan says %s\n", r->line, r->who, r->action, r->proto,
               r->addr, r->port, outcomes[got], r->verdict, plan < 0 ? "nothing" : outcomes[plan]);
    return ok && (plan < 0 || (plan == ALLOW) == allowed);
}

static bool is_prepared(const struct row *r)
{
    return strcmp(r->action, "early") == 0 || strcmp(r->action, "served") == 0;
}

static int firewall(const char *action, const char *backend, const char *manifest)
{
    char uid[16];

    snprintf(uid, sizeof(uid), "%u", SLAVE);
    return run((const char *const[]){ getenv("AAJAIL"), "firewall", action, "--backend", backend, "--uid", uid,
                                      manifest, NULL });
}

int main(int argc, char **argv)
{
    static struct row row[ROWS_MAX];
    struct aaj_firewall_plan *plan;
    size_t n, good = 0;

    if (argc != 4 || !getenv("AAJAIL"))
        return 2;
    if (geteuid() != 0) {
        puts("skipped: needs root for a network namespace");
        return 77;
    }
    n = read_table(argv[3], row);
    plan = load_plan(argv[2]);
    make_namespace();
    for (size_t i = 0; i < n; i++)
        if (is_prepared(&row[i]))
            prepare(&row[i]);
    if (firewall("apply", argv[1], argv[2]) != 0)
        return 1;
    for (size_t i = 0; i < n; i++) {
        int got = is_prepared(&row[i])                     ? run_prepared(&row[i])
                  : strcmp(row[i].action, "reply") == 0    ? run_reply(&row[i])
                                                           : run_new(&row[i]);

        good += judge(&row[i], got, planned(plan, &row[i]));
    }
    printf("%zu of %zu decided as written\n", good, n);
    aaj_firewall_plan_free(plan);
    return firewall("remove", argv[1], argv[2]) == 0 && good == n ? 0 : 1;
}
