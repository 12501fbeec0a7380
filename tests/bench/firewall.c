/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What chains cost: bench-firewall MODULE, as root. Per packet of an unrelated uid with 1 to 1,000 jails, against
 * no chains and against one flat jump a jail; applying 10 to 10,000 rules, against the system's own tools. Ratios of
 * one run mean something, times do not.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "firewall/firewall.h"
#include "firewall/text.h"

enum { FIRST_UID = 40000, SENDS = 60000, ROUNDS = 3 };

static double now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void fresh_namespace(void)
{
    if (unshare(CLONE_NEWNET) < 0 || system("ip link set lo up") != 0) {
        perror("network namespace");
        exit(77);
    }
}

/* Microseconds a packet of @uid on lo, the least of ROUNDS. */
static double packet_cost(uid_t uid)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int in = socket(AF_INET, SOCK_DGRAM, 0), p[2];
    double best = 0;

    if (bind(in, (struct sockaddr *)&a, sizeof(a)) < 0 || pipe(p) < 0)
        return -1;
    if (fork() == 0) {
        int fd;

        if (setuid(uid) < 0 || (fd = socket(AF_INET, SOCK_DGRAM, 0)) < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
            _exit(1);
        for (int r = 0; r < ROUNDS; r++) {
            double t = now_us();

            for (int i = 0; i < SENDS; i++)
                send(fd, "x", 1, 0);
            t = (now_us() - t) / SENDS;
            best = r == 0 || t < best ? t : best;
        }
        _exit(write(p[1], &best, sizeof(best)) != sizeof(best));
    }
    close(p[1]);
    if (read(p[0], &best, sizeof(best)) != sizeof(best))
        best = -1;
    wait(NULL);
    close(p[0]);
    close(in);
    return best;
}

static void fence(const struct aaj_firewall_ctx *ctx, size_t n)
{
    struct aaj_firewall_plan **plan = calloc(n, sizeof(struct aaj_firewall_plan *));
    struct aaj_firewall_result result;
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_firewall *fw = NULL;

    for (size_t i = 0; i < n; i++)
        if (aaj_firewall_plan_closed(AAJ_STR("bench"), FIRST_UID + 2 * (uint32_t)i, &plan[i]) < 0)
            abort();
    if (aaj_firewall_open(ctx, &diags, &fw) < 0 ||
        aaj_firewall_apply(fw, (const struct aaj_firewall_plan *const *)plan, n, &diags, &result) < 0) {
        aaj_diags_print(stderr, &diags, false);
        exit(1);
    }
    aaj_firewall_close(fw);
    for (size_t i = 0; i < n; i++)
        aaj_firewall_plan_free(plan[i]);
    free(plan);
}

static void flat(size_t n)
{
    FILE *out = popen("iptables-legacy-restore -n", "w");

    fputs("*filter\n", out);
    for (size_t i = 0; i < n; i++)
        fprintf(out, ":f%zu - [0:0]\n", i);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "-A f%zu -m owner --uid-owner %zu -j REJECT\n-A OUTPUT -j f%zu\n", i, FIRST_UID + 2 * i, i);
    fputs("COMMIT\n", out);
    pclose(out);
}

static void per_packet(const struct aaj_firewall_ctx *ctx)
{
    static const size_t counts[] = { 1, 100, 1000 };

    printf("per packet of an unrelated uid, as a multiple of no chains\n%-8s %8s %8s %8s %14s\n", "jails", "flat", "legacy",
           "nft", "slave, legacy");
    for (size_t i = 0; i < 3; i++) {
        struct aaj_firewall_ctx c = *ctx;
        uid_t between = FIRST_UID + (uid_t)counts[i] + 1 - (uid_t)(counts[i] % 2);
        double base, f, l, n, s;

        fresh_namespace();
        base = packet_cost(between);
        flat(counts[i]);
        f = packet_cost(between);
        fresh_namespace();
        c.backend = AAJ_FIREWALL_LEGACY;
        fence(&c, counts[i]);
        l = packet_cost(between);
        s = packet_cost(FIRST_UID);
        fresh_namespace();
        c.backend = AAJ_FIREWALL_NFT_TABLE;
        fence(&c, counts[i]);
        n = packet_cost(between);
        printf("%-8zu %8.2f %8.2f %8.2f %14.2f   (base %.2f us)\n", counts[i], f / base, l / base, n / base, s / base, base);
    }
}

static struct aaj_firewall_plan *plan_of(size_t n)
{
    struct aaj_dest *dest = calloc(n, sizeof(*dest));
    struct aaj_manifest m = { .jail = { .text = AAJ_STR_INIT("bench") },
                              .user = { .text = AAJ_STR_INIT("bench") },
                              .network = true,
                              .replies = true,
                              .dest = dest,
                              .n_dests = n };
    struct aaj_firewall_plan *plan = NULL;

    for (size_t i = 0; i < n; i++) {
        uint32_t a = htonl(0x0a000000u + (uint32_t)i * 2);

        dest[i] = (struct aaj_dest){ .kind = AAJ_DEST_ADDRESS, .proto = IPPROTO_TCP, .family = AF_INET, .prefix = 32,
                                     .port_lo = 80, .port_hi = 80 };
        memcpy(&dest[i].addr, &a, 4);
    }
    if (aaj_firewall_plan_make(&m, NULL, &plan) < 0 || aaj_firewall_plan_set_uid(plan, FIRST_UID, NULL) < 0)
        abort();
    free(dest);
    return plan;
}

static double apply_cost(const struct aaj_firewall_ctx *ctx, const struct aaj_firewall_plan *plan)
{
    struct aaj_firewall_result result;
    struct aaj_firewall *fw = NULL;
    double t;

    if (aaj_firewall_open(ctx, NULL, &fw) < 0)
        exit(1);
    t = now_us();
    if (aaj_firewall_apply(fw, &plan, 1, NULL, &result) < 0)
        exit(1);
    t = now_us() - t;
    aaj_firewall_close(fw);
    return t / 1000;
}

static double tool_cost(const struct aaj_firewall_plan *plan, enum aaj_firewall_form form, const char *command)
{
    char name[] = "/tmp/bench-firewall-XXXXXX", line[128];
    FILE *out = fdopen(mkstemp(name), "w");
    double t;

    aaj_firewall_print(out, plan, form);
    fclose(out);
    snprintf(line, sizeof(line), "%s %s", command, name);
    t = now_us();
    if (system(line) != 0)
        exit(1);
    t = now_us() - t;
    unlink(name);
    return t / 1000;
}

static void apply_time(const struct aaj_firewall_ctx *ctx)
{
    printf("applying, ms; again: nothing to change\n%-8s %8s %8s %18s %8s %8s %8s\n", "rules", "legacy", "again",
           "iptables-restore", "nft", "again", "nft -f");
    for (size_t n = 10; n <= 10000; n *= 10) {
        struct aaj_firewall_plan *plan = plan_of(n);
        struct aaj_firewall_ctx c = *ctx;
        double t[6];

        fresh_namespace();
        c.backend = AAJ_FIREWALL_LEGACY;
        t[0] = apply_cost(&c, plan);
        t[1] = apply_cost(&c, plan);
        fresh_namespace();
        t[2] = tool_cost(plan, AAJ_FIREWALL_IPTABLES, "iptables-legacy-restore -n") +
               tool_cost(plan, AAJ_FIREWALL_IP6TABLES, "ip6tables-legacy-restore -n");
        fresh_namespace();
        c.backend = AAJ_FIREWALL_NFT_TABLE;
        t[3] = apply_cost(&c, plan);
        t[4] = apply_cost(&c, plan);
        fresh_namespace();
        t[5] = tool_cost(plan, AAJ_FIREWALL_NFT, "nft -f");
        printf("%-8zu %8.2f %8.2f %18.2f %8.2f %8.2f %8.2f\n", n, t[0], t[1], t[2], t[3], t[4], t[5]);
        aaj_firewall_plan_free(plan);
    }
}

int main(int argc, char **argv)
{
    struct aaj_firewall_ctx ctx = { .lock = "/tmp/bench-firewall.lock", .lock_seconds = 60, .proc = "/proc" };

    if (argc != 2 || geteuid() != 0) {
        fputs("bench-firewall libaajail-firewall.so, as root\n", stderr);
        return 2;
    }
    ctx.module = argv[1];
    setvbuf(stdout, NULL, _IOLBF, 0);
    per_packet(&ctx);
    apply_time(&ctx);
    return 0;
}
