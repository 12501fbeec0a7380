/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a profile of many rules costs: policy_bench [RULES]. The least of five rounds, in milliseconds. */
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
static struct aaj_str make(unsigned n, unsigned from)
{
    static const char *const dir[] = { "/usr/lib/x86_64-linux-gnu", "/srv/app/data", "/etc/app", "/var/lib/app/cache" };
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
    return (struct aaj_str){ text, size };
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

int main(int argc, char **argv)
{
    unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
    struct aaj_str text = make(n, 0), new = make(n / 10, n - n / 20);
    double best[5] = { 0 }, start;
    size_t added = 0;

    for (int i = 0; i < ROUNDS; i++) {
        struct aaj_policy *into, *from = parse(new, 0), *checked;
        struct aaj_merge merge = { 0 };

        start = now_ms();
        into = parse(text, 0);
        least(&best[0], now_ms() - start);
        start = now_ms();
        checked = parse(text, AAJ_POLICY_CHECK);
        least(&best[1], now_ms() - start);
        merge.into = into;
        start = now_ms();
        if (aaj_policy_merge_profile(&merge, into->top.first, from->top.first) < 0)
            exit(1);
        least(&best[2], now_ms() - start);
        added = merge.added;
        least(&best[3], print(into, aaj_policy_print_minimal));
        least(&best[4], print(into, aaj_policy_print));
        aaj_policy_free(checked);
        aaj_policy_free(into);
        aaj_policy_free(from);
    }
    printf("%u rules, %zu bytes; %u merged, %zu of them new\n", n, text.n, n / 10, added);
    printf("parse %.1f ms, parse and check %.1f ms, merge %.1f ms, minimal print %.1f ms, canonical print %.1f ms\n",
           best[0], best[1], best[2], best[3], best[4]);
    return 0;
}
