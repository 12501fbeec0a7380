/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/grow.h"
#include "base/intern.h"
#include "base/json.h"
#include "base/large.h"
#include "base/sort.h"
#include "draw.h"

/* The row of @hash that is @row, + 1, found as every user does. */
static uint32_t find_row(const struct aaj_slots *s, uint32_t hash, uint32_t row)
{
    for (uint32_t i = aaj_slots_first(s, hash); s->slot[i].row1; i = aaj_slots_next(s, i))
        if (s->slot[i].hash == hash && s->slot[i].row1 == row + 1)
            return row + 1;
    return 0;
}

/* Growing is in place: rows at the end of the table, whose runs come round to its start, are the ones to lose. */
static void test_slots_keep_all_rows_when_they_grow(void **state)
{
    static const uint32_t mask[] = { UINT32_MAX, 0xff, 0, 0xfff };
    enum { ROWS = 20000, FEW = 600 };

    for (size_t kind = 0; kind < AAJ_ARRAY_SIZE(mask); kind++) {
        uint32_t n = mask[kind] == UINT32_MAX ? ROWS : FEW;
        struct aaj_slots s;

        assert_int_equal(aaj_slots_init(&s), 0);
        for (uint32_t row = 0; row < n; row++) {
            uint32_t hash = row * 2654435761u | ~mask[kind]; /* few distinct ones, all near the end */

            assert_int_equal(aaj_slots_add(&s, hash, row), 0);
            if (row % 97 == 0 || row + 1 == n)
                for (uint32_t k = 0; k <= row; k += 1 + row / 500)
                    assert_int_equal(find_row(&s, k * 2654435761u | ~mask[kind], k), k + 1);
        }
        assert_int_equal(s.used, n);
        aaj_slots_clear(&s);
    }
}

/* From the allocator's to mappings of their own, and longer where they are or elsewhere. */
static void test_large_arrays_keep_what_they_hold_and_begin_as_zeros(void **state)
{
    static const size_t size[] = {
        1, 4096, AAJ_LARGE - 1, AAJ_LARGE, AAJ_LARGE + 1, 3 * AAJ_HUGE, 3 * AAJ_HUGE + 4096, 9 * AAJ_HUGE
    };
    unsigned char *p = NULL;
    size_t have = 0, mapped;
    void *fence;

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(size); i++) {
        p = aaj_large_grow(p, have, size[i]);
        assert_non_null(p);
        for (size_t k = 0; k < have; k += 1009)
            assert_int_equal(p[k], (unsigned char)(k * 31 + 1));
        for (size_t k = have; k < size[i]; k++) {
            assert_int_equal(p[k], 0);
            p[k] = (unsigned char)(k * 31 + 1);
        }
        have = size[i];
        if (have > AAJ_LARGE)
            assert_int_equal((uintptr_t)p % AAJ_HUGE, 0);
    }
    assert_null(aaj_large_grow(p, have, SIZE_MAX / 2));
    assert_int_equal(p[have - 1], (unsigned char)((have - 1) * 31 + 1));
    aaj_large_free(p, have);
    aaj_large_free(NULL, 0);

    /* What stands behind the mapping is not run over. */
    p = aaj_large_grow(NULL, 0, AAJ_HUGE);
    assert_non_null(p);
    fence = mmap(p + AAJ_HUGE, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    p[AAJ_HUGE - 1] = 7;
    p = aaj_large_grow(p, AAJ_HUGE, 2 * AAJ_HUGE);
    assert_non_null(p);
    assert_int_equal(p[AAJ_HUGE - 1], 7);
    assert_int_equal(p[AAJ_HUGE], 0);
    aaj_large_free(p, 2 * AAJ_HUGE);
    if (fence != MAP_FAILED)
        munmap(fence, 4096);
    p = aaj_large_map(1, &mapped);
    assert_non_null(p);
    assert_int_equal(mapped, AAJ_HUGE);
    munmap(p, mapped);
}

static void test_intern_is_dense_and_exact(void **state)
{
    struct aaj_intern in;
    uint32_t id, again;
    char name[32];

    assert_int_equal(aaj_intern_init(&in), 0);
    for (unsigned i = 0; i < 100000; i++) {
        int n = snprintf(name, sizeof(name), "/srv/%u", i);

        assert_int_equal(aaj_intern_add(&in, (struct aaj_str){ name, (size_t)n }, &id), 0);
        assert_int_equal(id, i + 1);
    }
    assert_int_equal(aaj_intern_find(&in, AAJ_STR("/srv/99999"), &again), 0);
    assert_int_equal(again, 100000);
    assert_int_equal(aaj_intern_find(&in, AAJ_STR("/srv/100000"), &again), -ENOENT);
    /* NUL is a byte like any other. */
    assert_int_equal(aaj_intern_add(&in, AAJ_STR("a\0b"), &id), 0);
    assert_int_equal(aaj_intern_add(&in, AAJ_STR("a\0c"), &again), 0);
    assert_int_not_equal(id, again);
    assert_int_equal(aaj_intern_str(&in, id).n, 3);
    aaj_intern_clear(&in);
}

static char *print_diags(const struct aaj_diags *diags)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    aaj_diags_print(out, diags, false);
    fclose(out);
    return text;
}

static void test_diag_shows_line_and_caret_and_no_escapes(void **state)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_loc loc = { .file = AAJ_STR("a\033[2Jb"), .line = 3, .column = 6, .length = 3 };
    char *text;

    aaj_diag_add(&diags, AAJ_ERROR, "policy-syntax", loc, AAJ_STR("  /a\033rwq,"), "expected %s", "','");
    text = print_diags(&diags);
    assert_string_equal(text, "a\\x1b[2Jb:3:6: error: expected ',' [policy-syntax]\n"
                              "      /a\\x1brwq,\n"
                              "            ^~~\n");
    free(text);
    aaj_diags_clear(&diags);
}

static void test_escape_hides_controls_and_bidi(void **state)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;

    assert_string_equal(aaj_escape(&arena, AAJ_STR("\xc3\xa4\n\xff\xe2\x80\xae.\x7f")),
                        "\xc3\xa4\\n\\xff\\xe2\\x80\\xae.\\x7f");
    assert_false(aaj_utf8_valid(AAJ_STR("\xed\xa0\x80")));
    assert_false(aaj_utf8_valid(AAJ_STR("\xc0\xaf")));
    assert_true(aaj_utf8_valid(AAJ_STR("\xf0\x9f\x90\xbb")));
    aaj_arena_clear(&arena);
}

static void assert_no_control(struct aaj_str text)
{
    uint32_t cp = 0;
    size_t n;

    for (; text.n; text = aaj_str_skip(text, n)) {
        n = aaj_utf8_next(text, &cp);
        assert_true(n > 0 && cp >= 0x20 && !(cp >= 0x7f && cp < 0xa0));
    }
}

/* C0, DEL and C1, which begin a terminal's escape sequences, as bytes and as code points. */
static void test_no_control_comes_out_of_the_escaping(void **state)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;

    for (unsigned byte = 1; byte < 0x100; byte++)
        assert_no_control(aaj_str_c(aaj_escape(&arena, (struct aaj_str){ (char[]){ (char)byte }, 1 })));
    for (unsigned cp = 0x80; cp < 0x800; cp++) {
        char in[2] = { (char)(0xc0 | cp >> 6), (char)(0x80 | (cp & 0x3f)) };
        json_object *o = aaj_json_bytes((struct aaj_str){ in, 2 });

        assert_no_control(aaj_str_c(aaj_escape(&arena, (struct aaj_str){ in, 2 })));
        assert_no_control(aaj_str_c(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN)));
        json_object_put(o);
    }
    aaj_arena_clear(&arena);
}

static void test_json_keeps_every_byte(void **state)
{
    static const struct {
        struct aaj_str bytes;
        const char *json;
    } cases[] = {
        { AAJ_STR_INIT(""), "\"\"" },
        { { NULL, 0 }, "\"\"" },
        { AAJ_STR_INIT("/srv/\xc3\xa4 \"q\""), "\"/srv/\xc3\xa4 \\\"q\\\"\"" },
        { AAJ_STR_INIT("a\nb"), "\"a\\nb\"" },
        { AAJ_STR_INIT("\xc3\x28"), "{\"hex\":\"C328\"}" },
        { AAJ_STR_INIT("a\0b"), "{\"hex\":\"610062\"}" },
        /* What a terminal obeys: U+009B, an override of the direction, a tag; and the rest of such a string. */
        { AAJ_STR_INIT("\xc2\x9b" "2J\xe2\x80\xae\xf3\xa0\x80\x81\xc3\xa4\"\\\n/"),
          "\"\\u009b2J\\u202e\\udb40\\udc01\xc3\xa4\\\"\\\\\\u000a/\"" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_object *o = aaj_json_bytes(cases[i].bytes);

        assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
                            cases[i].json);
        json_object_put(o);
    }
}

static int by_bytes(const void *a, const void *b)
{
    const struct aaj_sortable *x = a, *y = b;
    int r = aaj_str_cmp(x->str, y->str);

    return r ? r : (x->tie > y->tie) - (x->tie < y->tie);
}

/* Names as a cache has them: few beginnings, few letters, NULs, many of them equal. */
static struct aaj_str drawn_name(struct aaj_arena *arena, unsigned letters, unsigned length)
{
    static const char *const head[] = { "", "/srv", "/srv/cache/0123456789/", "/srv/cache/0123456789/0123456789abcdef" };
    struct aaj_str begin = aaj_str_c(head[draw(AAJ_ARRAY_SIZE(head))]);
    size_t n = draw(length);
    char *p = aaj_arena_alloc(arena, begin.n + n + 1);

    assert_non_null(p);
    memcpy(p, begin.p, begin.n);
    for (size_t i = 0; i < n; i++)
        p[begin.n + i] = (char)draw(letters);
    return (struct aaj_str){ p, begin.n + n };
}

static void test_sort_agrees_with_comparing(void **state)
{
    static const struct {
        size_t n;
        unsigned letters, length;
    } cases[] = { { 0, 2, 2 }, { 1, 2, 2 }, { 7, 2, 3 }, { 33, 2, 9 }, { 500, 1, 20 }, { 3000, 2, 12 }, { 9000, 256, 40 } };
    struct aaj_arena arena = AAJ_ARENA_INIT;

    for (size_t c = 0; c < AAJ_ARRAY_SIZE(cases); c++) {
        size_t n = cases[c].n;
        struct aaj_sortable *s = calloc(n + 1, sizeof(*s)), *expected = calloc(n + 1, sizeof(*s));

        for (size_t i = 0; i < n; i++)
            s[i] = (struct aaj_sortable){ .str = drawn_name(&arena, cases[c].letters, cases[c].length),
                                          .tie = draw(3) << 16 | (uint32_t)i, .id = (uint32_t)i };
        memcpy(expected, s, n * sizeof(*s));
        qsort(expected, n, sizeof(*s), by_bytes);
        assert_int_equal(aaj_sort_strings(s, n), 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(s[i].id, expected[i].id);
        free(s);
        free(expected);
    }
    aaj_arena_clear(&arena);
}

static void test_sort_by_key_keeps_equal_ones_in_order(void **state)
{
    static const unsigned shift[] = { 0, 8, 31, 56 };
    enum { N = 5000 };
    struct aaj_keyed *k = calloc(N, sizeof(*k));

    for (size_t c = 0; c < AAJ_ARRAY_SIZE(shift); c++)
        for (size_t n = 1; n <= N; n = n * 2 + 1) {
            for (size_t i = 0; i < n; i++)
                k[i] = (struct aaj_keyed){ (uint64_t)draw(c % 2 ? 300 : 70000) << shift[c], i };
            assert_int_equal(aaj_sort_keyed(k, n), 0);
            for (size_t i = 1; i < n; i++)
                assert_true(k[i - 1].key < k[i].key || (k[i - 1].key == k[i].key && k[i - 1].value < k[i].value));
        }
    free(k);
}

static void test_write_is_atomic_and_keeps_mode(void **state)
{
    char dir[] = "/tmp/aaj-base-XXXXXX", path[64];
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str text;
    struct stat st;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/f", dir);
    assert_int_equal(aaj_file_write(path, AAJ_STR("one"), 0640), 0);
    assert_int_equal(aaj_file_write(path, AAJ_STR("two"), 0640), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(aaj_file_read(path, 3, &arena, &text), 0);
    assert_true(aaj_str_eq(text, AAJ_STR("two")));
    assert_int_equal(aaj_file_read(path, 2, &arena, &text), -EFBIG);
    assert_int_equal(aaj_file_read(dir, 2, &arena, &text), -EISDIR);
    unlink(path);
    assert_int_equal(rmdir(dir), 0); /* no temporary file is left */
    assert_int_equal(aaj_file_write("/dev/null", AAJ_STR("x"), 0600), 0);
    aaj_arena_clear(&arena);
}

static void test_loc_line(void **state)
{
    struct aaj_loc loc = { 0 };
    struct aaj_str text = AAJ_STR("one\ntwo\nthree"), line;

    line = aaj_loc_line(text, 5, &loc);
    assert_true(aaj_str_eq(line, AAJ_STR("two")));
    assert_int_equal(loc.line, 2);
    assert_int_equal(loc.column, 2);
    line = aaj_loc_line(text, 99, &loc);
    assert_true(aaj_str_eq(line, AAJ_STR("three")));
    assert_int_equal(loc.column, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots_keep_all_rows_when_they_grow),
        cmocka_unit_test(test_large_arrays_keep_what_they_hold_and_begin_as_zeros),
        cmocka_unit_test(test_intern_is_dense_and_exact),
        cmocka_unit_test(test_diag_shows_line_and_caret_and_no_escapes),
        cmocka_unit_test(test_escape_hides_controls_and_bidi),
        cmocka_unit_test(test_no_control_comes_out_of_the_escaping),
        cmocka_unit_test(test_json_keeps_every_byte),
        cmocka_unit_test(test_sort_agrees_with_comparing),
        cmocka_unit_test(test_sort_by_key_keeps_equal_ones_in_order),
        cmocka_unit_test(test_write_is_atomic_and_keeps_mode),
        cmocka_unit_test(test_loc_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
