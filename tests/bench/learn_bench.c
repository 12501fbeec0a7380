/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast rules are learned, and whether the time grows with the accesses: bench-learn LABEL LOG. The log is read and
 * learned from twice, its first quarter and all of it. Processor time, of this process alone; the ratios are what counts.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "learn/learn.h"
#include "policy/print.h"
#include "recording/intake.h"

static struct aaj_diags diags = AAJ_DIAGS_INIT;

static void die(const char *what, int r)
{
    aaj_diags_print(stderr, &diags, false);
    fprintf(stderr, "%s: %s\n", what, strerror(-r));
    exit(1);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct result {
    size_t accesses, rules;
    double read, learn;
};

static struct aaj_recording *record(struct aaj_str log)
{
    struct aaj_intake_input input = { .fd = memfd_create("log", MFD_CLOEXEC), .name = AAJ_STR("log") };
    struct aaj_intake_options options = { 0 };
    struct aaj_recording *rec;
    int r = aaj_recording_new(&rec);

    for (size_t at = 0; at < log.n;) {
        ssize_t n = write(input.fd, log.p + at, log.n - at);

        if (n <= 0)
            die("memfd", -1);
        at += (size_t)n;
    }
    lseek(input.fd, 0, SEEK_SET);
    if (r == 0)
        r = aaj_intake(rec, &input, 1, &options, &diags);
    if (r < 0)
        die("intake", r);
    close(input.fd);
    return rec;
}

static struct result measure(const struct aaj_learn_input *what, struct aaj_str log)
{
    struct aaj_learn_input in = *what;
    struct result result;
    struct aaj_learned *learned;
    char *out = NULL;
    double t = now();
    size_t n;
    FILE *f;
    int r;

    in.recording = record(log);
    result.read = now() - t;
    t = now();
    r = aaj_learn_run(&in, &diags, &learned);
    if (r < 0)
        die("learn", r);
    f = open_memstream(&out, &n);
    aaj_policy_print(f, learned->policy);
    fclose(f);
    result.learn = now() - t;
    result.accesses = learned->stats.accesses;
    result.rules = learned->n_rules;
    free(out);
    aaj_learned_free(learned);
    aaj_recording_free(in.recording);
    return result;
}

int main(int argc, char **argv)
{
    struct aaj_learn_input in = { .template_name = AAJ_STR("minimal") };
    struct aaj_manifest *manifest = NULL;
    struct aaj_ceiling *ceiling = NULL;
    struct aaj_target *target = NULL;
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct result part, whole;
    struct aaj_str log;
    struct rusage usage;
    char path[4096];
    size_t quarter;
    int r;

    if (argc != 3)
        return 2;
    snprintf(path, sizeof(path), "%s/templates/minimal", getenv("AAJ_SOURCE"));
    r = aaj_manifest_default(aaj_str_c(argv[1]), AAJ_STR(""), &manifest);
    if (r == 0)
        r = aaj_target_open(NULL, getenv("AAJ_SOURCE"), &diags, &target);
    if (r == 0)
        r = aaj_file_read(path, 1 << 20, &arena, &in.template_text);
    if (r == 0)
        r = aaj_ceiling_open(getenv("AAJ_SOURCE"), &diags, &ceiling);
    if (r == 0)
        r = aaj_ceiling_apply(ceiling, manifest, &diags);
    if (r == 0)
        r = aaj_file_read(argv[2], (size_t)1 << 32, &arena, &log);
    if (r < 0)
        die("setup", r);
    in.manifest = manifest;
    in.target = target;
    in.ceiling = ceiling;
    quarter = log.n / 4;
    while (quarter < log.n && log.p[quarter] != '\n')
        quarter++;
    part = measure(&in, aaj_str_head(log, quarter));
    whole = measure(&in, log);
    getrusage(RUSAGE_SELF, &usage);
    printf("learn: %zu accesses, %zu rules, %.2f s, %.2f of reading the log (%.2f s); %.2f of a quarter's share "
           "(1: linear); %ld MB\n",
           whole.accesses, whole.rules, whole.learn, whole.learn / whole.read, whole.read,
           whole.learn / part.learn * (double)part.accesses / (double)whole.accesses, usage.ru_maxrss >> 10);
    aaj_ceiling_free(ceiling);
    aaj_target_free(target);
    aaj_manifest_free(manifest);
    aaj_diags_clear(&diags);
    aaj_arena_clear(&arena);
    return 0;
}
