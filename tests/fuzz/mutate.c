/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mutate COUNT FILE|FOLDER…: gives each file, then COUNT mutations of them, to a fuzz target. The mutations
 * depend on their number alone. What the target fails on is left in a file `mutation-NUMBER` in the current
 * folder, to be made small and put into the corpus.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/grow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct aaj_str *item;
    size_t n, cap;
} seeds;
static struct aaj_arena arena;
static uint64_t state;
static struct {
    const uint8_t *p;
    size_t n;
    char name[32]; /* of the file to leave it in */
} current;

/* Async-signal-safe calls only; the signal then ends the program as it would have. */
static void leave_input(int signal)
{
    int fd = open(current.name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    struct sigaction again = { .sa_handler = SIG_DFL };

    if (fd < 0 || write(fd, current.p, current.n) != (ssize_t)current.n)
        (void)!write(STDERR_FILENO, "cannot leave the input behind\n", 30);
    sigaction(signal, &again, NULL);
    raise(signal);
}

static void give(const uint8_t *p, size_t n, const char *what, unsigned long number)
{
    current.p = p;
    current.n = n;
    snprintf(current.name, sizeof(current.name), "%s-%lu", what, number);
    LLVMFuzzerTestOneInput(p, n);
}

static uint32_t draw(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 33) % below);
}

static void load(const char *path)
{
    struct aaj_str text;
    struct dirent *e;
    DIR *d;
    int r = aaj_file_read(path, 1 << 24, &arena, &text);

    if (r == -EISDIR && (d = opendir(path))) {
        while ((e = readdir(d)))
            if (e->d_name[0] != '.')
                load(aaj_arena_printf(&arena, "%s/%s", path, e->d_name).p);
        closedir(d);
    } else if (r == 0 && text.n && AAJ_GROW(seeds.item, seeds.n, seeds.cap) == 0) {
        seeds.item[seeds.n++] = text;
    }
}

/* One to eight changes: a byte, a bit, an interesting number, bytes from elsewhere, a shorter end. */
static size_t change(uint8_t *p, size_t n)
{
    static const uint32_t number[] = { 0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x1000000, 0x7fffffff, 0xffffffff };

    for (uint32_t k = draw(8) + 1; k && n > 8; k--) {
        size_t at = draw(2) ? draw((uint32_t)n - 4) : draw(n < 512 ? (uint32_t)n - 4 : 508);
        uint32_t v = number[draw(AAJ_ARRAY_SIZE(number))];

        switch (draw(6)) {
        case 0:
            p[at] = (uint8_t)draw(256);
            break;
        case 1:
            p[at] ^= (uint8_t)(1u << draw(8));
            break;
        case 2:
            memcpy(p + at, &v, draw(4) + 1);
            break;
        case 3:
            memmove(p + at, p + draw((uint32_t)n - 4), 4);
            break;
        case 4:
            p[at] = (uint8_t)(p[at] + 1);
            break;
        default:
            n = draw(16) ? n : at + 4;
        }
    }
    return n;
}

int main(int argc, char **argv)
{
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    struct sigaction leave = { .sa_handler = leave_input, .sa_flags = SA_RESETHAND };

    sigaction(SIGABRT, &leave, NULL);
    sigaction(SIGSEGV, &leave, NULL);

    for (int i = 2; i < argc; i++)
        load(argv[i]);
    if (!seeds.n) {
        printf("no seed is there\n");
        return 77;
    }
    for (size_t i = 0; i < seeds.n; i++)
        give((const uint8_t *)seeds.item[i].p, seeds.item[i].n, "seed", i);
    for (unsigned long i = 0; i < count; i++) {
        const struct aaj_str *seed = &seeds.item[i % seeds.n];
        uint8_t *copy = malloc(seed->n);
        size_t n;

        if (!copy)
            return 1;
        memcpy(copy, seed->p, seed->n);
        state = i + 1;
        n = change(copy, seed->n);
        if (i % 100000 == 0)
            fprintf(stderr, "mutation %lu\n", i);
        give(copy, n, "mutation", i);
        free(copy);
    }
    printf("%zu seeds, %lu mutations\n", seeds.n, count);
    free(seeds.item);
    aaj_arena_clear(&arena);
    return 0;
}
