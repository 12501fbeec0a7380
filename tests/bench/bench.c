/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reading a log costs, as a multiple of `grep -c apparmor=` on the same warm file, beside what it may
 * cost:
 *
 *     bench [-r ROUNDS] NAME=FILE…          NAME: audit, syslog, captured, distinct, long, linear
 *
 * Each round runs all of them back to back in children; the least CPU time of each is compared. Ratios of one
 * run mean something, times do not. What several people share a machine for is measured worse than it is,
 * never better.
 */
#include <aalogparse/aalogparse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "floor.h"
#include "recording/intake.h"

struct cost {
    double cpu, wall;
    double megabytes;
};

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static int run_grep(const char *file)
{
    int fd =
        open("grep.out", O_WRONLY | O_CREAT | O_TRUNC, 0600); /* to /dev/null grep would stop at the first */

    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
        return 1;
    execlp("grep", "grep", "-c", "apparmor=", file, (char *)NULL);
    return 1;
}

static int intake(const char *file, unsigned threads, bool write)
{
    struct aaj_intake_options options = { .threads = threads };
    struct aaj_intake_input input = { .fd = open(file, O_RDONLY | O_CLOEXEC), .name = aaj_str_c(file) };
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_recording *rec;
    FILE *out = write ? fopen("bench.rec", "w") : NULL;
    int r;

    if (input.fd < 0 || aaj_recording_new(&rec) < 0 || (write && !out))
        return 1;
    r = aaj_intake(rec, &input, 1, &options, &diags);
    if (r == 0 && write)
        r = aaj_recording_write(rec, out);
    return r < 0 || (write && fflush(out) != 0);
}

static int run_intake(const char *file)
{
    return intake(file, 1, false);
}

static int run_intake_two(const char *file)
{
    return intake(file, 2, false);
}

static int run_learn(const char *file)
{
    return intake(file, 1, true);
}

static int run_libapparmor(const char *file)
{
    FILE *in = fopen(file, "r");
    char *line = NULL;
    size_t cap = 0, events = 0;
    ssize_t n;

    if (!in)
        return 1;
    while ((n = getline(&line, &cap, in)) > 0) {
        aa_log_record *record;

        if (!memmem(line, (size_t)n, "apparmor=", 9))
            continue;
        record = parse_record(line);
        events += record && record->event != AA_RECORD_INVALID;
        free_record(record);
    }
    return events == 0;
}

static int run_floor(const char *file)
{
    return bench_floor(file, false);
}

static int run_floor_distinct(const char *file)
{
    return bench_floor(file, true);
}

static int run_nothing(const char *file)
{
    return 0;
}

enum variant { GREP, ONE, TWO, WRITING, LIBAPPARMOR, FLOOR, FLOOR_DISTINCT, NOTHING, VARIANTS };
static int (*const run[VARIANTS])(const char *file) = {
    [GREP] = run_grep,
    [ONE] = run_intake,
    [TWO] = run_intake_two,
    [WRITING] = run_learn,
    [LIBAPPARMOR] = run_libapparmor,
    [FLOOR] = run_floor,
    [FLOOR_DISTINCT] = run_floor_distinct,
    [NOTHING] = run_nothing,
};

static bool measure(const char *file, enum variant v, struct cost *best)
{
    struct timespec start, end;
    struct rusage usage;
    double cpu, wall;
    int status;
    pid_t pid;

    clock_gettime(CLOCK_MONOTONIC, &start);
    pid = fork();
    if (pid == 0)
        _exit(run[v](file));
    if (pid < 0 || wait4(pid, &status, 0, &usage) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &end);
    wall = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    best->cpu = best->cpu == 0 || cpu < best->cpu ? cpu : best->cpu;
    best->wall = best->wall == 0 || wall < best->wall ? wall : best->wall;
    best->megabytes = (double)usage.ru_maxrss / 1024;
    return true;
}

/* What is to be measured of which log, and what it may be. */
static const struct row {
    const char *log, *what;
    enum { CPU_RATIO, SPEED_RATIO, WALL_RATIO, PEAK } kind;
    enum variant of, by;
    double target; /* 0: none */
} rows[] = {
    { "audit", "CPU, x grep", CPU_RATIO, ONE, GREP, 3 },
    { "audit", "the least there is to do (floor.h), x grep", CPU_RATIO, FLOOR, GREP, 0 },
    { "audit", "CPU with writing the recording, x grep", CPU_RATIO, WRITING, GREP, 0 },
    { "audit", "times faster than parse_record", SPEED_RATIO, LIBAPPARMOR, ONE, 10 },
    { "audit", "two threads, times faster than one", WALL_RATIO, ONE, TWO, 1.5 },
    { "audit", "peak MB, one thread", PEAK, ONE, ONE, 100 },
    { "audit", "peak MB, two threads", PEAK, TWO, TWO, 100 },
    { "syslog", "CPU, x grep", CPU_RATIO, ONE, GREP, 3 },
    { "syslog", "the least there is to do, x grep", CPU_RATIO, FLOOR, GREP, 0 },
    { "syslog", "times faster than parse_record", SPEED_RATIO, LIBAPPARMOR, ONE, 10 },
    { "syslog", "two threads, times faster than one", WALL_RATIO, ONE, TWO, 1.5 },
    { "captured", "CPU, x grep", CPU_RATIO, ONE, GREP, 1 },
    { "captured", "the least there is to do, x grep", CPU_RATIO, FLOOR, GREP, 0 },
    { "distinct", "CPU, x grep", CPU_RATIO, ONE, GREP, 5 },
    { "distinct", "the least there is to do, x grep", CPU_RATIO, FLOOR_DISTINCT, GREP, 0 },
    { "distinct", "CPU with writing the recording, x grep", CPU_RATIO, WRITING, GREP, 0 },
    { "distinct", "two threads, times faster than one", WALL_RATIO, ONE, TWO, 0 },
    { "long", "peak MB, one thread", PEAK, ONE, ONE, 100 },
    { "long", "peak MB, two threads", PEAK, TWO, TWO, 100 },
};

static bool is_needed(const char *log, enum variant v)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].log, log) == 0 && (rows[i].of == v || rows[i].by == v))
            return true;
    return false;
}

static double value_of(const struct row *row, const struct cost *best)
{
    switch (row->kind) {
    case PEAK:
        return best[row->of].megabytes;
    case WALL_RATIO:
        return best[row->of].wall / best[row->by].wall;
    default:
        return best[row->of].cpu / best[row->by].cpu;
    }
}

static void print_row(const char *log, const char *what, double value, bool at_least, double target)
{
    bool met = at_least ? value >= target : value <= target;

    printf("%-10s %-42s %9.2f", log, what, value);
    if (target > 0)
        printf("   %s %-6g %s", at_least ? ">=" : "<=", target, met ? "met" : "NOT MET");
    putchar('\n');
}

static bool bench_log(const char *log, const char *file, int rounds)
{
    struct cost best[VARIANTS] = { 0 };

    for (int round = 0; round < rounds; round++)
        for (enum variant v = 0; v < VARIANTS; v++)
            if (is_needed(log, v) && (v != LIBAPPARMOR || round < 2) && !measure(file, v, &best[v]))
                return false;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].log, log) == 0)
            print_row(log, rows[i].what, value_of(&rows[i], best),
                      rows[i].kind == SPEED_RATIO || rows[i].kind == WALL_RATIO, rows[i].target);
    return true;
}

static double lines_of(const char *file)
{
    FILE *in = fopen(file, "r");
    char buf[1 << 16];
    double lines = 0;
    size_t n;

    while (in && (n = fread(buf, 1, sizeof(buf), in)) > 0)
        for (size_t i = 0; i < n; i++)
            lines += buf[i] == '\n';
    if (in)
        fclose(in);
    return lines;
}

/* Logs in which every access is new, each larger than the one before: what one access costs, as a multiple of
 * what grep costs for its line, and how many bytes. */
static bool bench_linear(const char *file, int rounds)
{
    struct cost best[VARIANTS] = { 0 };
    double lines = lines_of(file);
    char what[64];

    for (int round = 0; round < rounds; round++)
        if (!measure(file, GREP, &best[GREP]) || !measure(file, ONE, &best[ONE]) ||
            !measure(file, NOTHING, &best[NOTHING]))
            return false;
    snprintf(what, sizeof(what), "%.2f M distinct accesses: CPU, x grep", lines / 1e6);
    print_row("linear", what, best[ONE].cpu / best[GREP].cpu, false, 0);
    print_row("", "bytes of memory for each",
              (best[ONE].megabytes - best[NOTHING].megabytes) * 1048576 / lines, false, 0);
    return true;
}

int main(int argc, char **argv)
{
    int rounds = 7, opt;

    while ((opt = getopt(argc, argv, "r:")) != -1)
        if (opt == 'r')
            rounds = atoi(optarg);
        else
            return 2;
    printf("%-10s %-42s %9s   %s\n", "log", "what", "measured", "target");
    for (int f = optind; f < argc; f++) {
        char *equals = strchr(argv[f], '=');
        bool linear, ok;

        if (!equals)
            return 2;
        *equals = '\0';
        linear = strcmp(argv[f], "linear") == 0;
        fflush(stdout);
        ok = linear ? bench_linear(equals + 1, rounds < 3 ? rounds : 3)
                    : bench_log(argv[f], equals + 1, rounds);
        if (!ok) {
            fprintf(stderr, "bench: a program failed on %s\n", equals + 1);
            return 1;
        }
    }
    return 0;
}
