/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AppArmor's own test data, judged by our reader. There are no exceptions: every case that upstream does not
 * itself mark as disabled or to do has to come out as upstream says.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/file.h"
#include "policy/parse.h"
#include "policy/print.h"

static const char *peer(const char *name)
{
    static char path[4096];
    const char *shared = getenv("AAJ_SHARED");

    snprintf(path, sizeof(path), "%s/data/peer/%s", shared ? shared : "", name);
    if (access(path, R_OK) < 0) {
        print_message("%s is not there\n", path);
        skip();
    }
    return path;
}

static struct aaj_str print(const struct aaj_policy *policy, int (*how)(FILE *, const struct aaj_policy *))
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    assert_int_equal(how(out, policy), 0);
    fclose(out);
    return (struct aaj_str){ text, n };
}

static void free_str(struct aaj_str s)
{
    union {
        const char *p;
        char *q;
    } u = { s.p };

    free(u.q);
}

/* ---- simple_tests ---- */

/* Its includes name "simple_tests/…", from a folder called "tst". */
static void enter_tst(char dir[static 64])
{
    char path[128], target[4096];

    snprintf(target, sizeof(target), "%s", peer("simple_tests"));
    strcpy(dir, "/tmp/aaj-simple-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/tst", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chdir(path), 0);
    assert_int_equal(symlink(target, "simple_tests"), 0);
}

static void leave_tst(const char *dir)
{
    char path[128];

    assert_int_equal(unlink("simple_tests"), 0);
    assert_int_equal(chdir("/"), 0);
    snprintf(path, sizeof(path), "%s/tst", dir);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

static bool simple_is_valid(const char *name, const struct aaj_target *target, size_t *ret_warnings)
{
    static const char *const base[] = { "simple_tests" };
    struct aaj_policy_options options = { .flags = AAJ_POLICY_CHECK, .base = base, .n_bases = 1, .target = target };
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_policy *policy = NULL;
    char path[4096];
    int r;

    snprintf(path, sizeof(path), "simple_tests/%s", name);
    r = aaj_policy_read(path, &options, &diags, &policy);
    assert_true(r == 0 || r == -EINVAL);
    assert_int_equal(r == 0, diags.errors == 0);
    for (size_t i = 0; i < diags.n; i++)
        assert_true(diags.item[i].loc.line > 0);
    *ret_warnings = diags.warnings;
    aaj_policy_free(policy);
    aaj_diags_clear(&diags);
    return r == 0;
}

/* Each unflagged row of a table of verdicts: is it valid, and does the target's parser, of whose verdict the
 * table is, know all that it needs? */
static void check_table(const char *table, const struct aaj_target *target)
{
    FILE *list = fopen(peer(table), "r");
    char line[4096], name[1024], expected[16], flag[16], verdict[16], dir[64];
    unsigned cases = 0, wrong = 0;

    enter_tst(dir);
    assert_non_null(fgets(line, sizeof(line), list));
    while (fgets(line, sizeof(line), list)) {
        bool pass, unknown;
        size_t warnings;

        assert_int_equal(
            sscanf(line, "%1023[^\t]\t%15[^\t]\t%15[^\t]\t%15[^\t]", name, expected, flag, verdict), 4);
        if (strcmp(flag, "-") != 0)
            continue;
        cases++;
        pass = strcmp(expected, "PASS") == 0;
        unknown = target && pass && strcmp(verdict, "FAIL") == 0; /* one sends 3.0.8 into a loop */
        if (simple_is_valid(name, target, &warnings) != pass || (pass && (warnings > 0) != unknown)) {
            print_message("%s: expected %s, %s\n", name, expected, unknown ? "with a warning" : "without a warning");
            wrong++;
        }
    }
    fclose(list);
    leave_tst(dir);
    assert_int_equal(cases, 2225);
    assert_int_equal(wrong, 0);
}

static void test_simple_tests(void **state)
{
    check_table("simple_status_tests5.0.2_parser5.0.2.tsv", NULL);
}

static void test_what_a_target_does_not_know(void **state)
{
    struct aaj_target target = {
        .name = "debian12",
        .parser_version = 30008,
        .parser_features = AAJ_PARSER_ABI | AAJ_PARSER_INCLUDE_IF,
    };

    check_table("simple_status_tests5.0.2_parser3.0.8.tsv", &target);
}

/* ---- pairs of exec rules ---- */

static void unescape(char *s)
{
    char *out = s;

    for (; *s; s++) {
        if (*s == '\\' && (s[1] == 'n' || s[1] == 't')) {
            *out++ = s[1] == 'n' ? '\n' : '\t';
            s++;
        } else {
            *out++ = *s;
        }
    }
    *out = '\0';
}

static void test_exec_conflicts(void **state)
{
    gzFile in = gzopen(peer("generated_x.tsv.gz"), "r");
    struct aaj_policy_options options = { .flags = AAJ_POLICY_CHECK };
    char line[8192];
    unsigned cases = 0, wrong = 0;

    while (gzgets(in, line, sizeof(line))) {
        char *expected = strchr(line, '\t') + 1, *text = strchr(expected, '\t') + 1;
        struct aaj_policy *policy = NULL;
        int r;

        unescape(text);
        r = aaj_policy_parse(aaj_str_c(text), AAJ_STR("pair"), &options, NULL, &policy);
        aaj_policy_free(policy);
        cases++;
        if ((r == 0) != (strncmp(expected, "PASS", 4) == 0) && wrong++ < 20)
            print_message("%.60s: parsed as %d\n%s\n", line, r, text);
    }
    gzclose(in);
    assert_int_equal(cases, 23104);
    assert_int_equal(wrong, 0);
}

/* ---- what is shipped ---- */

static unsigned n_files;

static bool parse(struct aaj_str text, unsigned flags, struct aaj_policy **ret_policy)
{
    struct aaj_policy_options options = { .flags = flags };

    if (aaj_policy_parse(text, AAJ_STR("file"), &options, NULL, ret_policy) == 0)
        return true;
    *ret_policy = aaj_policy_free(*ret_policy);
    return false;
}

static void check_round_trip(struct aaj_str text, const char *path)
{
    struct aaj_policy *first, *second;
    struct aaj_str canonical, again, minimal;
    unsigned flags = 0;

    if (!parse(text, 0, &first)) {
        flags = AAJ_POLICY_FRAGMENT;
        if (!parse(text, flags, &first))
            fail_msg("%s cannot be read", path);
    }
    minimal = print(first, aaj_policy_print_minimal);
    if (!aaj_str_eq(minimal, text))
        fail_msg("%s: printed without an edit it is not the same", path);
    canonical = print(first, aaj_policy_print);
    if (!parse(canonical, flags, &second))
        fail_msg("%s: what was printed cannot be read", path);
    if (!aaj_block_eq(&first->top, &second->top))
        fail_msg("%s: what was printed says something else", path);
    again = print(second, aaj_policy_print);
    if (!aaj_str_eq(canonical, again))
        fail_msg("%s: printed again it differs", path);
    free_str(canonical);
    free_str(again);
    free_str(minimal);
    aaj_policy_free(first);
    aaj_policy_free(second);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str text;

    /* Files of features are not policy; simple_tests are half of them errors. */
    if (type != FTW_F || strstr(path, "/abi/") || strstr(path, "README"))
        return 0;
    assert_int_equal(aaj_file_read(path, AAJ_POLICY_MAX_TEXT, &arena, &text), 0);
    check_round_trip(text, path);
    aaj_arena_clear(&arena);
    n_files++;
    return 0;
}

static void test_shipped_files(void **state)
{
    static const char *const dirs[] = { "profiles", "abstractions", "profiles_3.0.8", "abstractions_3.0.8" };

    n_files = 0;
    for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
        assert_int_equal(nftw(peer(dirs[i]), visit, 16, FTW_PHYS), 0);
    print_message("%u files\n", n_files);
    assert_true(n_files > 700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_simple_tests),
        cmocka_unit_test(test_what_a_target_does_not_know),
        cmocka_unit_test(test_exec_conflicts),
        cmocka_unit_test(test_shipped_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
