/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "glob/glob.h"
#include "glob_oracle.h"

static struct aaj_glob *compile(const char *text)
{
    struct aaj_glob *glob = NULL;

    assert_int_equal(aaj_glob_compile(aaj_str_c(text), 0, &glob, NULL), 0);
    return glob;
}

static void check_match(const char *pattern, const char *name, int expected)
{
    struct aaj_glob *glob = compile(pattern);

    if (aaj_glob_match(glob, aaj_str_c(name)) != expected)
        fail_msg("%s against %s: expected %d", pattern, name, expected);
    aaj_glob_free(glob);
}

static void test_corners(void **state)
{
    check_match("/a/*", "/a/", 0);
    check_match("/a/*", "/a/b", 1);
    check_match("/a/*", "/a/b/", 0);
    check_match("/a/**", "/a/", 0);
    check_match("/a/**", "/a/b/c", 1);
    check_match("/a/**", "/a//", 0);
    check_match("/a/**b", "/a/b", 1);
    check_match("/{*,b}", "/", 1); /* not directly behind the slash */
    check_match("/[^a]", "//", 1);
    check_match("/[^a]", "/a", 0);
    check_match("/a?", "/a/", 0);
    check_match("/a,b", "/a,b", 1);
    check_match("/{a\\,b,c}", "/a,b", 1);
    check_match("/\\*", "/*", 1);
    check_match("/\\*", "/b", 0);
    check_match("/[z-a]", "/m", 1);
    check_match("/[\\^a]", "/a", 0); /* still negates */
    check_match("/[a\\-c]", "/b", 1);
    check_match("/a.c", "/abc", 0);
    check_match("/a+|()$^", "/a+|()$^", 1);
    check_match("/\\x41\\102\\d67", "/ABC", 1);
    check_match("/{,a{b,c}}d", "/d", 1);
    check_match("/{,a{b,c}}d", "/acd", 1);
    check_match("/{,a{b,c}}d", "/ad", 0);
    check_match("/[[]", "/[", 1);
    check_match("/[*]", "/]", 1); /* a star in a set is no byte: the set is [ ^ / NUL, any number of times */
    check_match("/[*]", "/[]", 1);
}

static void test_malformed_says_why(void **state)
{
    static const char *const bad[] = { "/{a}", "/a]", "/[a", "/{a,b", "/a}", "/a\\", "/[]a]", "/[a-]", "/[^]" };
    struct aaj_glob *glob = compile("/keep");

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        const char *why = NULL;

        assert_int_equal(aaj_glob_add(glob, aaj_str_c(bad[i]), 0, 1, &why), -EINVAL);
        assert_non_null(why);
    }
    assert_int_equal(aaj_glob_add(glob, AAJ_STR("/a\0b"), 0, 1, NULL), -EINVAL);
    assert_int_equal(aaj_glob_match(glob, AAJ_STR("/keep")), 1);
    assert_int_equal(aaj_glob_match(glob, AAJ_STR("/a")), 0);
    aaj_glob_free(glob);
}

static void test_path_flag_and_literals(void **state)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_glob *glob = NULL;
    struct aaj_str name;

    assert_int_equal(aaj_glob_compile(AAJ_STR("/a///b/"), AAJ_GLOB_PATH, &glob, NULL), 0);
    assert_int_equal(aaj_glob_match(glob, AAJ_STR("/a/b/")), 1);
    aaj_glob_free(glob);
    assert_int_equal(aaj_glob_compile(AAJ_STR("/*{"), AAJ_GLOB_LITERAL, &glob, NULL), 0);
    assert_int_equal(aaj_glob_match(glob, AAJ_STR("/*{")), 1);
    aaj_glob_free(glob);
    assert_true(aaj_glob_is_literal(AAJ_STR("/a\\*[b]\\n"), 0, &arena, &name));
    assert_true(aaj_str_eq(name, AAJ_STR("/a*b\n")));
    assert_false(aaj_glob_is_literal(AAJ_STR("/a?"), 0, &arena, NULL));
    assert_false(aaj_glob_is_literal(AAJ_STR("/{a,a}"), 0, &arena, NULL));
    aaj_arena_clear(&arena);
}

static void test_union_has_tags(void **state)
{
    struct aaj_glob *glob = compile("/a/*");
    uint32_t at, tags[4];

    assert_int_equal(aaj_glob_add(glob, AAJ_STR("/a/b"), 0, 7, NULL), 0);
    assert_int_equal(aaj_glob_add(glob, AAJ_STR("/c"), 0, 8, NULL), 0);
    assert_int_equal(aaj_glob_walk(glob, AAJ_GLOB_START, AAJ_STR("/a/b"), &at), 0);
    assert_int_equal(aaj_glob_tags(glob, at, tags, 4), 2);
    assert_int_equal(tags[0], 0);
    assert_int_equal(tags[1], 7);
    assert_int_equal(aaj_glob_walk(glob, AAJ_GLOB_START, AAJ_STR("/d"), &at), 0);
    assert_int_equal(at, AAJ_GLOB_DEAD);
    aaj_glob_free(glob);
}

static unsigned long long seed = 88172645463325252ull;

static unsigned rnd(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % n;
}

static char *random_glob(char *p, int depth)
{
    static const char *const part[] = { "/", "a", "b", "?", "*", "**", "[ab]", "[^a]", "/*", "/**", "\\*", "," };

    for (unsigned i = 0, n = 1 + rnd(4); i < n; i++) {
        if (depth < 3 && rnd(6) == 0) {
            *p++ = '{';
            p = random_glob(p, depth + 1);
            *p++ = ',';
            if (rnd(3))
                p = random_glob(p, depth + 1);
            *p++ = '}';
        } else {
            p += sprintf(p, "%s", part[rnd(depth ? 11 : 12)]);
        }
    }
    *p = '\0';
    return p;
}

enum { NAMES = 4 + 16 + 64 + 256 + 1024, NAME_LEN = 5 };

/* Every string over "/ab*" of length 1 to 5, behind a slash. */
static void nth_name(unsigned i, char *name)
{
    unsigned len = 1, count = 4;

    for (; i >= count; len++, count *= 4)
        i -= count;
    *name++ = '/';
    while (len--) {
        *name++ = "/ab*"[i % 4];
        i /= 4;
    }
    *name = '\0';
}

static void pick(char *glob)
{
    do {
        glob[0] = '/';
        random_glob(glob + 1, 0);
    } while (strlen(glob) > 24); /* braces multiply in the oracle */
}

static void test_against_oracle(void **state)
{
    char text[512], name[NAME_LEN + 2];

    for (int round = 0; round < 1500; round++) {
        struct aaj_glob *glob;

        pick(text);
        glob = compile(text);
        for (unsigned i = 0; i < NAMES; i++) {
            nth_name(i, name);
            if (aaj_glob_match(glob, aaj_str_c(name)) != oracle_match(text, name))
                fail_msg("%s against %s: oracle says %d", text, name, oracle_match(text, name));
        }
        aaj_glob_free(glob);
    }
}

static void check_pair(const char *a, const char *b)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_glob *ga = compile(a), *gb = compile(b);
    struct aaj_str w = { 0 };
    bool subset = true, meet = false;
    char name[NAME_LEN + 2];
    int r;

    for (unsigned i = 0; i < NAMES; i++) {
        nth_name(i, name);
        subset &= !oracle_match(a, name) || oracle_match(b, name);
        meet |= oracle_match(a, name) && oracle_match(b, name);
    }
    r = aaj_glob_subset(ga, gb, &arena, &w);
    assert_true(r >= 0);
    if (r == 1 && !subset)
        fail_msg("%s is no subset of %s", a, b);
    if (r == 0 && (!oracle_match(a, w.p) || oracle_match(b, w.p)))
        fail_msg("%s does not show that %s is no subset of %s", w.p, a, b);
    r = aaj_glob_intersect(ga, gb, &arena, &w);
    assert_true(r >= 0);
    if (r == 0 && meet)
        fail_msg("%s and %s do meet", a, b);
    if (r == 1 && (!oracle_match(a, w.p) || !oracle_match(b, w.p)))
        fail_msg("%s is not in both %s and %s", w.p, a, b);
    aaj_glob_free(ga);
    aaj_glob_free(gb);
    aaj_arena_clear(&arena);
}

static void test_subset_and_intersection(void **state)
{
    char a[512], b[512];

    check_pair("/a/*", "/a/**");
    check_pair("/a/**", "/a/*");
    check_pair("/a/{b,c}/**", "/a/?/**");
    for (int round = 0; round < 400; round++) {
        pick(a);
        pick(b);
        check_pair(a, b);
    }
}

static void test_witness_reads_like_a_name(void **state)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_glob *a = compile("/srv/**"), *b = compile("/srv/[^/]*");
    struct aaj_str w;

    assert_int_equal(aaj_glob_subset(a, b, &arena, &w), 0);
    assert_string_equal(w.p, "/srv/a/");
    aaj_glob_free(a);
    aaj_glob_free(b);
    aaj_arena_clear(&arena);
}

static void test_blowup_is_bounded(void **state)
{
    struct aaj_glob *glob = compile("/**a??????????????????????????????");
    uint32_t at = AAJ_GLOB_START;
    int r = 0;

    for (unsigned i = 0; i < 4000000 && r == 0; i++)
        r = aaj_glob_step(glob, at, (uint8_t)"/ab"[i ? rnd(2) + 1 : 0], &at);
    assert_int_equal(r, -E2BIG);
    aaj_glob_free(glob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corners),
        cmocka_unit_test(test_malformed_says_why),
        cmocka_unit_test(test_path_flag_and_literals),
        cmocka_unit_test(test_union_has_tags),
        cmocka_unit_test(test_against_oracle),
        cmocka_unit_test(test_subset_and_intersection),
        cmocka_unit_test(test_witness_reads_like_a_name),
        cmocka_unit_test(test_blowup_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
