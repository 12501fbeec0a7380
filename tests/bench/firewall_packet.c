/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a packet costs where 1 to 1,000 uids are fenced, as a multiple of a namespace without any chain.
 *
 * Machines are noisy and ratios of two long runs are worth nothing, so every layout has a namespace of its
 * own that lives as long as the others, one pinned process holds a socket in each, and they take turns in
 * rounds of about a millisecond. A round gives a ratio to the round of "none" beside it; the median of them
 * is what is printed.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firewall.h"

enum { ROUNDS = 201, ROUND_US = 1000, LANES_MAX = 8, JAILS_MAX = 1000 };

struct lane {
    const char *name;
    int fd, peer;     /* what sends, and what receives or answers */
    unsigned packets; /* a round */
    double cost[ROUNDS];
};

struct traffic {
    const char *name;
    bool slave; /* the answering side is a slave's, the other an unrelated uid's */
    void (*open)(struct lane *l, uid_t client, uid_t server);
    void (*send)(struct lane *l, unsigned n);
};

static void must(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(1);
    }
}

/* The owner of a socket is the file system uid at socket(2). */
static int socket_of(uid_t uid, int type)
{
    int fd;

    setfsuid(uid);
    fd = socket(AF_INET, type, 0);
    setfsuid(0);
    must(fd >= 0, "socket");
    return fd;
}

static void bind_lo(int fd, struct sockaddr_in *a)
{
    socklen_t n = sizeof(*a);

    *a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    must(bind(fd, (struct sockaddr *)a, sizeof(*a)) == 0 && getsockname(fd, (struct sockaddr *)a, &n) == 0,
         "bind");
}

static void open_udp(struct lane *l, uid_t client, uid_t server)
{
    struct sockaddr_in a;

    l->peer = socket_of(server, SOCK_DGRAM);
    l->fd = socket_of(client, SOCK_DGRAM);
    bind_lo(l->peer, &a);
    must(connect(l->fd, (struct sockaddr *)&a, sizeof(a)) == 0, "connect");
}

/* Nobody reads: once the buffer is full each packet costs the same, and its way out is what counts. */
static void send_udp(struct lane *l, unsigned n)
{
    enum { BATCH = 32 };
    char byte = 0;
    struct iovec iov = { &byte, 1 };
    struct mmsghdr m[BATCH];

    for (unsigned i = 0; i < BATCH; i++)
        m[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
    for (unsigned sent = 0; sent < n; sent += BATCH)
        must(sendmmsg(l->fd, m, n - sent < BATCH ? n - sent : BATCH, 0) > 0, "sendmmsg");
}

static void open_tcp(struct lane *l, uid_t client, uid_t server)
{
    int listener = socket_of(server, SOCK_STREAM), one = 1;
    struct sockaddr_in a;

    l->fd = socket_of(client, SOCK_STREAM);
    bind_lo(listener, &a);
    must(listen(listener, 1) == 0 && connect(l->fd, (struct sockaddr *)&a, sizeof(a)) == 0, "connect");
    setfsuid(server); /* accept(2) makes a socket too */
    l->peer = accept(listener, NULL, NULL);
    setfsuid(0);
    must(l->peer >= 0, "accept");
    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(l->peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    close(listener);
}

/* A byte there and a byte back. */
static void send_tcp(struct lane *l, unsigned n)
{
    char c;

    for (unsigned i = 0; i < n; i++)
        must(send(l->fd, "x", 1, 0) == 1 && recv(l->peer, &c, 1, 0) == 1 && send(l->peer, "y", 1, 0) == 1 &&
                 recv(l->fd, &c, 1, 0) == 1,
             "round trip");
}

static const struct traffic kinds[] = {
    { "udp, unrelated uid", false, open_udp, send_udp },
    { "tcp there and back, unrelated uid", false, open_tcp, send_tcp },
    { "tcp there and back, slave answers", true, open_tcp, send_tcp },
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static void restore(const char *command, size_t n)
{
    FILE *out = popen(command, "w");

    must(out, command);
    /* The recipe: a chain a slave, and a jump for every packet. */
    fputs("*filter\n", out);
    for (size_t i = 0; i < n; i++)
        fprintf(out, ":f%zu - [0:0]\n", i);
    for (size_t i = 0; i < n; i++) {
        unsigned uid = BENCH_FIRST_UID + 2 * (unsigned)i;

        fprintf(out,
                "-A f%zu -m owner --uid-owner %u -p tcp --dport 1:1024 -j REJECT\n"
                "-A f%zu -m owner --uid-owner %u -p tcp -d 127.0.0.1 -j ACCEPT\n"
                "-A f%zu -m owner --uid-owner %u -j REJECT\n-A OUTPUT -j f%zu\n",
                i, uid, i, uid, i, uid, i);
    }
    fputs("COMMIT\n", out);
    must(pclose(out) == 0, command);
}

static void fence(const struct aaj_firewall_ctx *ctx, enum aaj_firewall_kind backend, size_t n)
{
    struct aaj_firewall_plan **plan = calloc(n, sizeof(struct aaj_firewall_plan *));
    struct aaj_firewall_ctx c = *ctx;
    struct aaj_firewall_result result;
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_firewall *fw = NULL;

    c.backend = backend;
    for (size_t i = 0; i < n; i++)
        plan[i] = bench_plan(BENCH_FIRST_UID + 2 * (uint32_t)i, 3);
    if (aaj_firewall_open(&c, &diags, &fw) < 0 ||
        aaj_firewall_apply(fw, (const struct aaj_firewall_plan *const *)plan, n, &diags, &result) < 0) {
        aaj_diags_print(stderr, &diags, false);
        exit(1);
    }
    aaj_firewall_close(fw);
    for (size_t i = 0; i < n; i++)
        aaj_firewall_plan_free(plan[i]);
    free(plan);
}

/* As nothing else does here, a rule that asks for states starts the tracking of connections. */
static void track(void)
{
    must(system("nft 'add table inet t; add chain inet t c { type filter hook output priority 300; }; "
                "add rule inet t c ct state invalid counter'") == 0,
         "nft");
}

static void prepare(const struct aaj_firewall_ctx *ctx, struct lane *l, size_t jails)
{
    bench_fresh_namespace();
    if (strcmp(l->name, "tracked") == 0)
        track();
    else if (strcmp(l->name, "flat") == 0)
        restore("iptables-legacy-restore -n", jails);
    else if (strcmp(l->name, "flat-nft") == 0)
        restore("iptables-nft-restore -n", jails);
    else if (strcmp(l->name, "legacy") == 0)
        fence(ctx, AAJ_FIREWALL_LEGACY, jails);
    else if (strcmp(l->name, "nft") == 0)
        fence(ctx, AAJ_FIREWALL_NFT_TABLE, jails);
}

static double run_round(const struct traffic *t, struct lane *l)
{
    double began = bench_now_us();

    t->send(l, l->packets);
    return (bench_now_us() - began) / l->packets;
}

static void calibrate(const struct traffic *t, struct lane *l)
{
    double cost;

    l->packets = 600; /* fills the buffer of the one who does not read */
    cost = run_round(t, l);
    l->packets = 100;
    cost = run_round(t, l);
    l->packets = cost * 32 > ROUND_US ? 32 : (unsigned)(ROUND_US / cost);
}

static int cmp_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(const double *value)
{
    double sorted[ROUNDS];

    memcpy(sorted, value, sizeof(sorted));
    qsort(sorted, ROUNDS, sizeof(*sorted), cmp_double);
    return sorted[ROUNDS / 2];
}

static double paired(const struct lane *l, const struct lane *base)
{
    double ratio[ROUNDS];

    for (unsigned r = 0; r < ROUNDS; r++)
        ratio[r] = l->cost[r] / base->cost[r];
    return median(ratio);
}

static void measure(const struct traffic *t, struct lane *lane, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        calibrate(t, &lane[i]);
    for (unsigned r = 0; r < ROUNDS; r++)
        for (unsigned i = 0; i < n; i++)
            lane[i].cost[r] = run_round(t, &lane[i]);
}

static void one_count(const struct aaj_firewall_ctx *ctx, size_t jails)
{
    static const char *const names[] = { "none", "tracked", "flat", "flat-nft", "legacy", "nft" };
    enum { N = sizeof(names) / sizeof(names[0]) };
    static struct lane lane[N_KINDS][N];
    uid_t between = BENCH_FIRST_UID + (uid_t)(jails / 2 * 2 + 1),
          slave = BENCH_FIRST_UID + (uid_t)(jails / 2 * 2);

    /* A namespace lives on in its sockets. */
    for (unsigned i = 0; i < N; i++) {
        lane[0][i].name = names[i];
        prepare(ctx, &lane[0][i], jails);
        for (unsigned k = 0; k < N_KINDS; k++)
            kinds[k].open(&lane[k][i], between, kinds[k].slave ? slave : between);
    }
    for (unsigned k = 0; k < N_KINDS; k++) {
        measure(&kinds[k], lane[k], N);
        printf("%5zu  %-34s %7.2f", jails, kinds[k].name, median(lane[k][0].cost));
        for (unsigned i = 1; i < N; i++)
            printf(" %8.2f", paired(&lane[k][i], &lane[k][0]));
        putchar('\n');
        for (unsigned i = 0; i < N; i++) {
            close(lane[k][i].fd);
            close(lane[k][i].peer);
        }
    }
}

void bench_packets(const struct aaj_firewall_ctx *ctx)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &one);
    sched_setaffinity(0, sizeof(one), &one);
    printf("a packet (or there and back) in us without chains, and the multiple of that with them\n"
           "%5s  %-34s %7s %8s %8s %8s %8s %8s\n",
           "jails", "", "none", "tracked", "flat", "flat-nft", "legacy", "nft");
    for (size_t n = 1; n <= JAILS_MAX; n *= 10)
        one_count(ctx, n);
}
