/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "policy/mode.h"
#include "policy/parse.h"

static struct aaj_str set(struct aaj_arena *arena, struct aaj_str text, const char *name, bool complain,
                          size_t found)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_str out = { 0 };
    size_t n = 0;

    if (aaj_policy_set_mode(text, AAJ_STR("f"), aaj_str_c(name), complain, arena, &diags, &out, &n) < 0)
        fail_msg("%s: %s", text.p, diags.n ? diags.item[0].message.p : "no finding");
    assert_int_equal(n, found);
    aaj_diags_clear(&diags);
    return out;
}

static void test_heads(void **state)
{
    static const struct {
        const char *text, *complain, *enforce; /* NULL: as it is */
    } row[] = {
        { "/a { }\n", "/a flags=(complain) { }\n", NULL },
        { "profile a \"/a\"{ }", "profile a \"/a\" flags=(complain) { }", NULL },
        { "profile a # why {\n{ }", "profile a # why {\nflags=(complain) { }", NULL },
        { "profile a flags=(complain) { }", NULL, "profile a { }" },
        { "profile a\tflags = ( complain )\t{ }", NULL, "profile a\t{ }" },
        { "profile a (complain) { }", NULL, "profile a { }" },
        { "profile a (attach_disconnected) { }", "profile a (complain, attach_disconnected) { }", NULL },
        { "profile a flags=(attach_disconnected) { }", "profile a flags=(complain, attach_disconnected) { }", NULL },
        { "profile a flags=(audit mediate_deleted) { }", "profile a flags=(complain audit mediate_deleted) { }", NULL },
        { "profile a flags=(audit,mediate_deleted) { }", "profile a flags=(complain, audit,mediate_deleted) { }", NULL },
        { "profile a flags=(audit,complain,mediate_deleted) { }", NULL, "profile a flags=(audit,mediate_deleted) { }" },
        { "profile a flags=(complain, audit) { }", NULL, "profile a flags=(audit) { }" },
        { "profile a flags=(audit, complain) { }", NULL, "profile a flags=(audit) { }" },
        { "profile a flags=(audit complain ) { }", NULL, "profile a flags=(audit ) { }" },
        { "profile a flags=(unconfined) { }", "profile a flags=(complain) { }", "profile a { }" },
        { "profile a flags=(kill) { }", "profile a flags=(complain) { }", NULL },
        { "profile a flags=(audit, enforce) { }", "profile a flags=(audit, complain) { }", NULL },
        { "profile a xattrs=(user.x=1) flags=(audit) { }", "profile a xattrs=(user.x=1) flags=(complain, audit) { }", NULL },
        { "@{X}=complain\nprofile \"a b\" \"/flags=(complain)\" { }",
          "@{X}=complain\nprofile \"a b\" \"/flags=(complain)\" flags=(complain) { }", NULL },
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct aaj_arena arena = AAJ_ARENA_INIT;
        const char *complain = row[i].complain ? row[i].complain : row[i].text;

        assert_string_equal(set(&arena, aaj_str_c(row[i].text), "", true, 1).p, complain);
        assert_string_equal(set(&arena, aaj_str_c(row[i].text), "", false, 1).p,
                            row[i].enforce ? row[i].enforce : row[i].text);
        assert_string_equal(set(&arena, aaj_str_c(complain), "", true, 1).p, complain);
        aaj_arena_clear(&arena);
    }
}

static void test_children_and_names(void **state)
{
    struct aaj_str text = AAJ_STR("# two\r\nprofile a /a {\r\n  /x r, # keep\r\n  ^hat {\r\n  }\r\n  profile kid flags=(audit) { }\r\n}\r\n/b { }");
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str out = set(&arena, text, "a", true, 3);

    assert_string_equal(out.p, "# two\r\nprofile a /a flags=(complain) {\r\n  /x r, # keep\r\n  ^hat flags=(complain) {\r\n  }\r\n"
                               "  profile kid flags=(complain, audit) { }\r\n}\r\n/b { }");
    assert_string_equal(set(&arena, out, "", false, 4).p, text.p);
    assert_string_equal(set(&arena, out, "a//hat", false, 1).p,
                        "# two\r\nprofile a /a flags=(complain) {\r\n  /x r, # keep\r\n  ^hat {\r\n  }\r\n"
                        "  profile kid flags=(complain, audit) { }\r\n}\r\n/b { }");
    assert_string_equal(set(&arena, text, "nobody", true, 0).p, text.p);
    aaj_arena_clear(&arena);
}

static void test_bad_text(void **state)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str out = { 0 };
    size_t n = 7;

    assert_int_equal(aaj_policy_set_mode(AAJ_STR("profile a {"), AAJ_STR("f"), AAJ_STR(""), true, &arena, &diags, &out, &n),
                     -EINVAL);
    assert_int_equal(n, 7);
    assert_null(out.p);
    assert_true(diags.errors > 0);
    aaj_diags_clear(&diags);
    aaj_arena_clear(&arena);
}

/* Every profile that AppArmor ships, there and back: each head says complain, and nothing else is different. */
static void test_shipped_profiles(void **state)
{
    static const char *const dirs[] = { "/etc/apparmor.d", "/usr/share/apparmor/extra-profiles", NULL };
    struct aaj_arena arena = AAJ_ARENA_INIT;
    size_t files = 0;

    for (const char *const *d = dirs; *d; d++) {
        DIR *dir = opendir(*d);

        for (struct dirent *e; dir && (e = readdir(dir));) {
            struct aaj_str path = aaj_arena_printf(&arena, "%s/%s", *d, e->d_name), text, complain, enforce, again;
            size_t n = 0, k = 0;

            if (e->d_type != DT_REG || aaj_file_read(path.p, AAJ_FILE_MAX, &arena, &text) < 0 ||
                aaj_policy_set_mode(text, path, AAJ_STR(""), false, &arena, NULL, &enforce, &n) < 0 || n == 0)
                continue;
            assert_int_equal(aaj_policy_set_mode(enforce, path, AAJ_STR(""), true, &arena, NULL, &complain, &k), 0);
            assert_int_equal(n, k);
            assert_true(complain.n >= enforce.n + n * strlen("complain"));
            assert_int_equal(aaj_policy_set_mode(complain, path, AAJ_STR(""), false, &arena, NULL, &again, &k), 0);
            assert_true(aaj_str_eq(again, enforce));
            files++;
        }
        if (dir)
            closedir(dir);
    }
    aaj_arena_clear(&arena);
    if (files == 0) {
        print_message("no profiles are installed here\n");
        skip();
    }
    print_message("%zu files\n", files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_children_and_names),
        cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_shipped_profiles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
