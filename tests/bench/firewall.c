/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What chains cost: bench-firewall MODULE [packets|apply], as root. Per packet (firewall_packet.c), and
 * applying 10 to 10,000 rules against the system's own tools. Ratios of one run mean something, times do not.
 */
#include "firewall.h"

#include <arpa/inet.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

double bench_now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

void bench_fresh_namespace(void)
{
    if (unshare(CLONE_NEWNET) < 0 || system("ip link set lo up") != 0) {
        perror("network namespace");
        exit(77);
    }
}

struct aaj_firewall_plan *bench_plan(uint32_t uid, size_t n_dests)
{
    struct aaj_dest *dest = calloc(n_dests + 1, sizeof(*dest));
    struct aaj_manifest m = { .jail = { .text = AAJ_STR_INIT("bench") },
                              .user = { .text = AAJ_STR_INIT("bench") },
                              .network = true,
                              .replies = true,
                              .dest = dest,
                              .n_dests = n_dests };
    struct aaj_firewall_plan *plan = NULL;

    for (size_t i = 0; i < n_dests; i++) {
        uint32_t a = htonl(0x0a000000u + (uint32_t)i * 2);

        dest[i] = (struct aaj_dest){ .kind = AAJ_DEST_ADDRESS,
                                     .proto = IPPROTO_TCP,
                                     .family = AF_INET,
                                     .prefix = 32,
                                     .port_lo = 80,
                                     .port_hi = 80 };
        memcpy(&dest[i].addr, &a, 4);
    }
    if (aaj_firewall_plan_make(&m, NULL, &plan) < 0 || aaj_firewall_plan_set_uid(plan, uid, NULL) < 0)
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
    t = bench_now_us();
    if (aaj_firewall_apply(fw, &plan, 1, NULL, &result) < 0)
        exit(1);
    t = bench_now_us() - t;
    aaj_firewall_close(fw);
    return t / 1000;
}

static double tool_cost(const struct aaj_firewall_plan *plan, enum aaj_firewall_form form,
                        const char *command)
{
    char name[] = "/tmp/bench-firewall-XXXXXX", line[128];
    FILE *out = fdopen(mkstemp(name), "w");
    double t;

    aaj_firewall_print(out, plan, form);
    fclose(out);
    snprintf(line, sizeof(line), "%s %s", command, name);
    t = bench_now_us();
    if (system(line) != 0)
        exit(1);
    t = bench_now_us() - t;
    unlink(name);
    return t / 1000;
}

enum { LEGACY, LEGACY_AGAIN, RESTORE, NFT, NFT_AGAIN, NFT_FILE, N_WAYS, REPEATS = 5 };

static void apply_once(const struct aaj_firewall_ctx *ctx, const struct aaj_firewall_plan *plan,
                       double t[N_WAYS])
{
    struct aaj_firewall_ctx c = *ctx;

    bench_fresh_namespace();
    c.backend = AAJ_FIREWALL_LEGACY;
    t[LEGACY] = apply_cost(&c, plan);
    t[LEGACY_AGAIN] = apply_cost(&c, plan);
    bench_fresh_namespace();
    t[RESTORE] = tool_cost(plan, AAJ_FIREWALL_IPTABLES, "iptables-legacy-restore -n") +
                 tool_cost(plan, AAJ_FIREWALL_IP6TABLES, "ip6tables-legacy-restore -n");
    bench_fresh_namespace();
    c.backend = AAJ_FIREWALL_NFT_TABLE;
    t[NFT] = apply_cost(&c, plan);
    t[NFT_AGAIN] = apply_cost(&c, plan);
    bench_fresh_namespace();
    t[NFT_FILE] = tool_cost(plan, AAJ_FIREWALL_NFT, "nft -f");
}

static int cmp_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Medians of turns. The tools' times hold the start of their process, as an administrator pays it. */
static void apply_time(const struct aaj_firewall_ctx *ctx)
{
    printf("\napplying to both families, ms, and the share of the tool's; again: nothing to change\n"
           "%-6s %16s %8s %16s %16s %8s %8s\n",
           "rules", "legacy", "again", "iptables-restore", "nft", "again", "nft -f");
    for (size_t n = 10; n <= 10000; n *= 10) {
        struct aaj_firewall_plan *plan = bench_plan(BENCH_FIRST_UID, n);
        double t[N_WAYS][REPEATS], turn[N_WAYS];

        for (unsigned r = 0; r < REPEATS; r++) {
            apply_once(ctx, plan, turn);
            for (unsigned w = 0; w < N_WAYS; w++)
                t[w][r] = turn[w];
        }
        for (unsigned w = 0; w < N_WAYS; w++) {
            qsort(t[w], REPEATS, sizeof(t[w][0]), cmp_double);
            turn[w] = t[w][REPEATS / 2];
        }
        printf("%-6zu %8.2f (%.2f) %8.2f %16.2f %8.2f (%.2f) %8.2f %8.2f\n", n, turn[LEGACY],
               turn[LEGACY] / turn[RESTORE], turn[LEGACY_AGAIN], turn[RESTORE], turn[NFT],
               turn[NFT] / turn[NFT_FILE], turn[NFT_AGAIN], turn[NFT_FILE]);
        aaj_firewall_plan_free(plan);
    }
}

int main(int argc, char **argv)
{
    struct aaj_firewall_ctx ctx = { .lock = "/tmp/bench-firewall.lock", .lock_seconds = 60, .proc = "/proc" };

    if (argc < 2 || geteuid() != 0) {
        fputs("bench-firewall libaajail-firewall.so [packets|apply], as root\n", stderr);
        return 2;
    }
    ctx.module = argv[1];
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 3 || strcmp(argv[2], "packets") == 0)
        bench_packets(&ctx);
    if (argc < 3 || strcmp(argv[2], "apply") == 0)
        apply_time(&ctx);
    return 0;
}
