/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a profile of many rules costs: policy_bench [RULES]. The least of five rounds, each phase as a multiple of
 * parsing, and of what a tenth of the rules costs: 10 is linear.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "policy/merge.h"
#include "policy/parse.h"
#include "policy/print.h"

enum { ROUNDS = 5 };

static double now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* Files, folders and a few globs, as a large application's profile has them. */
static struct aaj_str make(struct aaj_arena *arena, unsigned n, unsigned from)
{
    static const char *const dir[] = { "/usr/lib/x86_64-linux-gnu", "/srv/app/data", "/etc/app", "/var/lib/app/cache" };
    struct aaj_str made;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        exit(1);
    fprintf(out, "profile app /srv/app/bin/app {\n");
    for (unsigned i = from; i < from + n; i++)
        fprintf(out, i % 50 ? "  %s%s/%u/file-%u.so mr,\n" : "  %s%s/%u/**/file-%u.* rw,\n", i % 7 ? "" : "owner ",
                dir[i % 4], i / 100, i);
    fprintf(out, "}\n");
    fclose(out);
    made = aaj_arena_dup(arena, (struct aaj_str){ text, size });
    free(text);
    return made;
}

static struct aaj_policy *parse(struct aaj_str text, unsigned flags)
{
    struct aaj_policy_options options = { .flags = flags };
    struct aaj_policy *policy = NULL;

    if (aaj_policy_parse(text, AAJ_STR("bench"), &options, NULL, &policy) < 0)
        exit(1);
    return policy;
}

static void least(double *best, double ms)
{
    if (*best == 0 || ms < *best)
        *best = ms;
}

static double print(const struct aaj_policy *policy, int (*how)(FILE *, const struct aaj_policy *))
{
    double start = now_ms();
    FILE *out = fopen("/dev/null", "w");

    if (!out || how(out, policy) < 0)
        exit(1);
    fclose(out);
    return now_ms() - start;
}

enum phase { PARSE, CHECK, MERGE, MINIMAL, CANONICAL, PHASES };
static const char *const phase_name[] = { "parse", "parse and check", "merge", "minimal print", "canonical print" };

/* The least of the rounds, and how many rules the merge added. */
struct cost {
    double ms[PHASES];
    size_t added;
};

static void one_round(struct aaj_str text, struct aaj_str new, struct cost *cost)
{
    struct aaj_policy *into, *from = parse(new, 0), *checked;
    struct aaj_merge merge = { 0 };
    double start = now_ms();

    into = parse(text, 0);
    least(&cost->ms[PARSE], now_ms() - start);
    start = now_ms();
    checked = parse(text, AAJ_POLICY_CHECK);
    least(&cost->ms[CHECK], now_ms() - start);
    merge.into = into;
    start = now_ms();
    if (aaj_policy_merge_profile(&merge, into->top.first, from->top.first) < 0)
        exit(1);
    least(&cost->ms[MERGE], now_ms() - start);
    cost->added = merge.added;
    least(&cost->ms[MINIMAL], print(into, aaj_policy_print_minimal));
    least(&cost->ms[CANONICAL], print(into, aaj_policy_print));
    aaj_policy_free(checked);
    aaj_policy_free(into);
    aaj_policy_free(from);
}

/* A profile of @n rules, and a tenth of that merged into it, half of it new. */
static struct cost measure(unsigned n)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str text = make(&arena, n, 0), new = make(&arena, n / 10, n - n / 20);
    struct cost cost = { 0 };

    for (int i = 0; i < ROUNDS; i++)
        one_round(text, new, &cost);
    printf("%u rules, %zu bytes; %u merged, %zu of them new\n", n, text.n, n / 10, cost.added);
    aaj_arena_clear(&arena);
    return cost;
}

int main(int argc, char **argv)
{
    unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
    struct cost small = measure(n / 10), large = measure(n);
    double whole = large.ms[PARSE] + large.ms[MERGE] + large.ms[MINIMAL];

    printf("%-16s %8s %14s %22s\n", "", "ms", "times parsing", "for ten times the rules");
    for (int i = 0; i < PHASES; i++)
        printf("%-16s %8.1f %13.1fx %21.1fx\n", phase_name[i], large.ms[i], large.ms[i] / large.ms[PARSE],
               large.ms[i] / small.ms[i]);
    printf("parse, merge and print: %.1f ms\n", whole);
    return 0;
}
