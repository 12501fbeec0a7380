/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reading a log costs, as a multiple of `grep -c apparmor=` on the same warm file: bench [-r ROUNDS] FILE…
 * Each round runs all of them back to back in children; the least CPU time of each is compared. Ratios of one run
 * mean something, times do not.
 */
#include <errno.h>
#include <fcntl.h>
#include <aalogparse/aalogparse.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "recording/intake.h"

struct cost {
    double cpu, wall;
    long kilobytes;
};

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static int run_grep(const char *file)
{
    int fd = open("grep.out", O_WRONLY | O_CREAT | O_TRUNC, 0600); /* to /dev/null grep would stop at the first */

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

static const struct {
    const char *name;
    int (*run)(const char *file);
    bool slow;
} variants[] = {
    { "grep -c apparmor=", run_grep, false },   { "intake, one thread", run_intake, false },
    { "intake, two threads", run_intake_two, false }, { "intake and writing", run_learn, false },
    { "libapparmor parse_record", run_libapparmor, true },
};
enum { VARIANTS = sizeof(variants) / sizeof(variants[0]) };

static bool measure(const char *file, size_t v, struct cost *best)
{
    struct timespec start, end;
    struct rusage usage;
    int status;
    pid_t pid;
    double cpu, wall;

    clock_gettime(CLOCK_MONOTONIC, &start);
    pid = fork();
    if (pid == 0)
        _exit(variants[v].run(file));
    if (pid < 0 || wait4(pid, &status, 0, &usage) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &end);
    wall = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    if (best->cpu == 0 || cpu < best->cpu)
        best->cpu = cpu;
    if (best->wall == 0 || wall < best->wall)
        best->wall = wall;
    best->kilobytes = usage.ru_maxrss;
    return true;
}

int main(int argc, char **argv)
{
    int rounds = 5, opt;

    while ((opt = getopt(argc, argv, "r:")) != -1)
        if (opt == 'r')
            rounds = atoi(optarg);
        else
            return 2;
    for (int f = optind; f < argc; f++) {
        struct cost best[VARIANTS] = { 0 };

        for (int round = 0; round < rounds; round++)
            for (size_t v = 0; v < VARIANTS; v++)
                if ((!variants[v].slow || round == 0) && !measure(argv[f], v, &best[v])) {
                    fprintf(stderr, "bench: %s failed on %s\n", variants[v].name, argv[f]);
                    return 1;
                }
        printf("%s\n", argv[f]);
        for (size_t v = 0; v < VARIANTS; v++)
            printf("  %-26s CPU %6.2f x grep   wall %6.2f x grep   peak %5ld MB   (%.3f s)\n", variants[v].name,
                   best[v].cpu / best[0].cpu, best[v].wall / best[0].wall, best[v].kilobytes / 1024, best[v].cpu);
        printf("  two threads are %.2f x one\n", best[1].wall / best[2].wall);
    }
    return 0;
}
