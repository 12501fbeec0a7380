/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two independent readings of a glob agree: lib/glob's, and apparmor_parser's through the evaluator. Profiles
 * of random globs, four sets told apart by the permission they grant, are asked about random names.
 *
 * AAJ_QUERIES (200,000) is how many names; the long run has a million and more.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "compile/compile.h"
#include "glob/glob.h"
#include "match/match.h"
#include "policy/quote.h"

enum { SETS = 4, RULES = 16, NAMES = 2000, NAME_MAX_BYTES = 64 };

static const struct {
    char letter;
    uint32_t perm;
} set[SETS] = {
    { 'r', AAJ_PERM_READ }, { 'w', AAJ_PERM_WRITE }, { 'k', AAJ_PERM_LOCK }, { 'l', AAJ_PERM_LINK }
};

static uint64_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % below);
}

static void append(char *out, const char *piece)
{
    size_t n = strlen(out);

    snprintf(out + n, NAME_MAX_BYTES - n, "%s", piece);
}

static void random_glob(char *out)
{
    static const char *const piece[] = {
        "a",          "b",     "c",     "/",     "/",    "ab",      "*",      "?",    "[ab]",
        "[^a]",       "[a-c]", "[^/b]", "{a,b}", "{a,}", "{ab,c/}", "{,/b}",  "\\*",  "\\?",
        "\\[",        "\\{",   "/*",    "/**",   "/*/",  "{b*,a?}", "[b\\]]", "\\\\", ".",
        "{a,{b,cc}}", "é",     "+",     "^",     "$",    "(",       "|",      "-",    "{a/**,b}",
    };
    unsigned stars = 0;

    strcpy(out, "/");
    for (uint32_t n = draw(7) + 1; n; n--) {
        const char *p = piece[draw(sizeof(piece) / sizeof(piece[0]))];

        if (strstr(p, "**") && stars++)
            continue; /* several of them make the parser explode */
        append(out, p);
    }
}

/* A name from bytes that the globs are made of, or a glob with its special parts filled in anyhow. */
static size_t random_name(char *out, const char *glob)
{
    static const char byte[] = "aaabbbccc////*?[]{}\\.^é+$(|-,x";
    size_t n = 1;

    out[0] = '/';
    if (draw(3) == 0) {
        for (uint32_t k = draw(9); k; k--)
            out[n++] = byte[draw(sizeof(byte) - 1)];
        return n;
    }
    for (const char *g = glob + 1; *g && n + 2 < NAME_MAX_BYTES; g++) {
        if (draw(16) == 0)
            out[n++] = byte[draw(sizeof(byte) - 1)];
        if (strchr("*?", *g))
            for (uint32_t k = *g == '?' ? 1 : draw(3); k; k--)
                out[n++] = byte[draw(sizeof(byte) - 1)];
        else if (!strchr("[]{}\\,", *g) || draw(8) == 0)
            out[n++] = *g;
        else if (*g == ',')
            while (g[1] && *g != '}' && draw(2))
                g++;
    }
    return n;
}

struct round {
    struct aaj_arena arena;
    struct aaj_glob *glob[SETS];
    char text[SETS][RULES][NAME_MAX_BYTES];
    struct aaj_match *match;
};

static int make_round(struct round *r, const struct aaj_target *target)
{
    struct aaj_str text = aaj_arena_printf(&r->arena, "profile p {\n"), blob;
    struct aaj_compile c = { .target = target, .file = AAJ_STR("random"), .timeout_ms = 20000 };
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_text spelled;
    int e;

    for (unsigned s = 0; s < SETS; s++) {
        assert_int_equal(aaj_glob_new(&r->glob[s]), 0);
        for (unsigned i = 0; i < RULES; i++) {
            do
                random_glob(r->text[s][i]);
            while (aaj_glob_add(r->glob[s], aaj_str_c(r->text[s][i]), AAJ_GLOB_PATH, i, NULL) < 0);
            assert_int_equal(
                aaj_text_from_value(&r->arena, aaj_str_c(r->text[s][i]), AAJ_TEXT_PATH, &spelled), 0);
            text =
                aaj_arena_printf(&r->arena, "%s%.*s %c,\n", text.p, AAJ_STR_ARG(spelled.raw), set[s].letter);
        }
    }
    text = aaj_arena_printf(&r->arena, "%s}\n", text.p);
    e = aaj_compile(&c, text, &r->arena, &diags, &blob);
    if (e == 0)
        e = aaj_match_open(blob, c.file, &diags, &r->match);
    if (e == -EINVAL) {
        aaj_diags_print(stderr, &diags, false);
        fprintf(stderr, "%s", text.p);
    }
    aaj_diags_clear(&diags);
    return e;
}

static void ask(struct round *r, const struct aaj_match_profile *p)
{
    char name[NAME_MAX_BYTES * 2];
    size_t n = random_name(name, r->text[draw(SETS)][draw(RULES)]);
    struct aaj_str path = { name, n };
    struct aaj_perms perms = aaj_match_file_perms(p, path, false);

    for (unsigned s = 0; s < SETS; s++) {
        int says = aaj_glob_match(r->glob[s], path);

        if (says == ((perms.allow & set[s].perm) != 0))
            continue;
        print_message("%.*s: glob says %d, policy %x, rules:\n", (int)n, name, says, perms.allow);
        for (unsigned i = 0; i < RULES; i++)
            print_message("  %s %c,\n", r->text[s][i], set[s].letter);
        fail();
    }
}

static void test_glob_and_policy_agree(void **state)
{
    unsigned long queries = getenv("AAJ_QUERIES") ? strtoul(getenv("AAJ_QUERIES"), NULL, 10) : 200000,
                  done = 0;
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_target *target;
    unsigned slow = 0;

    assert_int_equal(aaj_target_open(NULL, getenv("AAJ_SOURCE"), &diags, &target), 0);
    if (access(target->parser, X_OK) != 0) {
        aaj_target_free(target);
        print_message("no apparmor_parser\n");
        skip();
    }
    for (seed = 1; done < queries;) {
        struct round r = { 0 };
        int e = make_round(&r, target);

        assert_true(e == 0 || e == -ETIMEDOUT);
        slow += e < 0;
        assert_true(slow < 10);
        for (unsigned i = 0; e == 0 && i < NAMES; i++, done++) {
            ask(&r, aaj_match_profile(r.match, 0));
        }
        aaj_match_free(r.match);
        for (unsigned s = 0; s < SETS; s++)
            aaj_glob_free(r.glob[s]);
        aaj_arena_clear(&r.arena);
    }
    print_message("%lu names, 4 sets each; %u profiles took the parser too long\n", done, slow);
    aaj_target_free(target);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_glob_and_policy_agree) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
