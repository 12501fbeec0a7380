/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many names a second the evaluator answers on a policy of about 30,000 states; the time to read the same
 * bytes once (xxhash) stands beside it, so that runs on different machines can be compared. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "compile/compile.h"
#include "match/match.h"

enum { PATHS = 200000, ROUNDS = 20 };

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t seed = 1;

static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % below);
}

static struct aaj_str path(struct aaj_arena *arena, uint32_t i)
{
    static const char *const top[] = { "usr/lib/x86_64-linux-gnu", "var/www/app", "srv/data", "etc/conf.d",
                                       "usr/share/doc" };

    seed = i;
    return aaj_arena_printf(arena, "/%s/%x/%x-%u.%s", top[draw(5)], draw(400), draw(1u << 30), draw(10),
                            draw(2) ? "so" : "conf");
}

static struct aaj_str policy_text(struct aaj_arena *arena)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    struct aaj_str copy;

    fputs("profile bench {\n  /usr/share/** r,\n  owner /srv/data/*/a* rw,\n", out);
    for (uint32_t i = 1; i < 5500; i++)
        fprintf(out, "  %s %s,\n", path(arena, i).p, i % 3 ? "r" : "rw");
    fputs("}\n", out);
    fclose(out);
    copy = aaj_arena_dup(arena, (struct aaj_str){ text, n });
    free(text);
    return copy;
}

static void bench(const struct aaj_match_profile *p, const struct aaj_str *name)
{
    uint32_t start;
    const struct aaj_dfa *dfa = aaj_match_file_dfa(p, &start);
    unsigned long allowed = 0, bytes = 0;
    uint64_t hash = 0;
    double t0 = now(), t1, t2;

    for (unsigned r = 0; r < ROUNDS; r++)
        for (unsigned i = 0; i < PATHS; i++)
            allowed += aaj_match_file(p, name[i], i & 1, AAJ_PERM_READ).verdict == AAJ_ALLOW;
    t1 = now();
    for (unsigned r = 0; r < ROUNDS; r++)
        for (unsigned i = 0; i < PATHS; i++) {
            hash ^= XXH3_64bits(name[i].p, name[i].n);
            bytes += name[i].n;
        }
    t2 = now();
    printf("%u states, %.1f bytes a name, %.0f %% allowed: %.2f million questions a second, %.1f times "
           "xxhash (%x)\n",
           aaj_dfa_states(dfa), (double)bytes / ROUNDS / PATHS, 100.0 * (double)allowed / ROUNDS / PATHS,
           ROUNDS * PATHS / (t1 - t0) / 1e6, (t1 - t0) / (t2 - t1), (unsigned)hash & 0xf);
}

int main(int argc, char **argv)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_target *target = NULL;
    struct aaj_match *match = NULL;
    struct aaj_str *name = aaj_arena_new_array(&arena, PATHS, struct aaj_str), blob;
    int r = aaj_target_open(NULL, getenv("AAJ_SOURCE"), &diags, &target);

    if (r == 0)
        r = aaj_compile(&(struct aaj_compile){ .target = target, .file = AAJ_STR("bench") },
                        policy_text(&arena), &arena, &diags, &blob);
    if (r == 0)
        r = aaj_match_open(blob, AAJ_STR("bench"), &diags, &match);
    aaj_diags_print(stderr, &diags, false);
    aaj_diags_clear(&diags);
    if (r < 0 || !name)
        return 1;
    for (unsigned i = 0; i < PATHS; i++)
        name[i] = path(&arena, draw(2) ? 1 + draw(5500) : draw(1u << 30));
    bench(aaj_match_profile(match, 0), name);
    aaj_match_free(match);
    aaj_target_free(target);
    aaj_arena_clear(&arena);
    return 0;
}
