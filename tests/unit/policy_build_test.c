/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "glob/glob.h"
#include "policy/print.h"
#include "policy/quote.h"

static void check_spelling(struct aaj_arena *arena, struct aaj_str bytes, const char *expected)
{
    struct aaj_text text;

    assert_int_equal(aaj_text_literal(arena, bytes, AAJ_TEXT_PATH, &text), 0);
    if (!aaj_str_eq(text.raw, aaj_str_c(expected)))
        fail_msg("spelled %.*s, expected %s", AAJ_STR_ARG(text.raw), expected);
    assert_true(aaj_str_eq(aaj_token_value(arena, text.raw), text.value));
}

static void test_spelling(void **state)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_text text;

    check_spelling(&arena, AAJ_STR("/usr/lib/x86_64-linux-gnu/libstdc++.so.6"),
                   "/usr/lib/x86_64-linux-gnu/libstdc++.so.6");
    check_spelling(&arena, AAJ_STR("/a b"), "\"/a b\"");
    check_spelling(&arena, AAJ_STR("/a*?[b]{c}"), "/a\\*\\?\\[b\\]\\{c\\}");
    check_spelling(&arena, AAJ_STR("/a,b"), "\"/a\\,b\"");
    check_spelling(&arena, AAJ_STR("/@{PROC}"), "/@\\{PROC\\}");
    check_spelling(&arena, AAJ_STR("/a\\"), "\"/a\\134\"");
    check_spelling(&arena, AAJ_STR("/a\\012"), "\"/a\\134012\"");
    check_spelling(&arena, AAJ_STR("/a\"b"), "\"/a\\042b\"");
    check_spelling(&arena, AAJ_STR("/a\nb\xff"), "\"/a\\012b\\377\"");
    check_spelling(&arena, AAJ_STR("/\xc3\xa4\xe2\x80\xae"), "\"/\xc3\xa4\\342\\200\\256\"");
    check_spelling(&arena, AAJ_STR("/up/x r,\n  /** rwlkm,"), "\"/up/x r\\,\\012  /\\*\\* rwlkm\\,\"");
    assert_int_equal(aaj_text_literal(&arena, AAJ_STR("/a\0b"), AAJ_TEXT_PATH, &text), -EINVAL);
    assert_int_equal(aaj_text_literal(&arena, AAJ_STR(""), AAJ_TEXT_PATH, &text), -EINVAL);
    assert_int_equal(aaj_text_literal(&arena, AAJ_STR("a"), AAJ_TEXT_PATH, &text), -EINVAL);
    assert_int_equal(aaj_text_literal(&arena, AAJ_STR(":ns:a(,"), AAJ_TEXT_NAME, &text), 0);
    assert_true(aaj_str_eq(text.raw, AAJ_STR("\":ns:a(\\,\"")));
    assert_int_equal(aaj_text_from_value(&arena, AAJ_STR("{a,b}"), AAJ_TEXT_COND, &text), 0);
    assert_true(aaj_str_eq(text.raw, AAJ_STR("\"{a,b}\"")));
    assert_int_equal(aaj_text_from_value(&arena, AAJ_STR("/{a,b,}"), AAJ_TEXT_PATH, &text), 0);
    assert_true(aaj_str_eq(text.raw, AAJ_STR("/{a,b,}")));
    aaj_arena_clear(&arena);
}

/* Every two bytes behind each other, as a name: the rule must match it, and not what it looks like. */
static void test_literal_means_itself(void **state)
{
    for (unsigned a = 1; a < 256; a++) {
        struct aaj_arena arena = AAJ_ARENA_INIT;

        for (unsigned b = 1; b < 256; b++) {
            char name[3] = { '/', (char)a, (char)b };
            struct aaj_glob *glob = NULL;
            struct aaj_text text;
            struct aaj_str found;

            assert_int_equal(aaj_text_literal(&arena, (struct aaj_str){ name, 3 }, AAJ_TEXT_PATH, &text), 0);
            assert_int_equal(aaj_glob_compile(aaj_token_value(&arena, text.raw), 0, &glob, NULL), 0);
            assert_int_equal(aaj_glob_match(glob, (struct aaj_str){ name, 3 }), 1);
            aaj_glob_free(glob);
            assert_true(aaj_glob_is_literal(text.value, 0, &arena, &found));
            assert_true(aaj_str_eq(found, (struct aaj_str){ name, 3 }));
        }
        aaj_arena_clear(&arena);
    }
}

static struct aaj_text path(struct aaj_policy *policy, const char *name)
{
    struct aaj_text text;

    assert_int_equal(aaj_text_literal(policy->arena, aaj_str_c(name), AAJ_TEXT_PATH, &text), 0);
    return text;
}

static char *print(const struct aaj_policy *policy)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    assert_int_equal(aaj_policy_print(out, policy), 0);
    fclose(out);
    return text;
}

static void add_rules(struct aaj_policy *p, struct aaj_item *profile)
{
    struct aaj_arena *a = p->arena;
    struct aaj_item *rule = aaj_rule_access(a, AAJ_RULE_NETWORK, 0);

    rule->rule.access.arg[0] = aaj_text_word("inet");
    rule->rule.access.arg[1] = aaj_text_word("stream");
    aaj_block_append(p, profile, aaj_item_include(a, AAJ_STR("abstractions/base"), true, false));
    aaj_block_append(p, profile, aaj_rule_capability(a, "chown"));
    aaj_block_append(p, profile, rule);
    rule = aaj_rule_access(a, AAJ_RULE_SIGNAL, 3);
    assert_int_equal(aaj_rule_add_cond(a, rule, "set", aaj_text_word("term")), 0);
    assert_int_equal(aaj_rule_add_cond(a, rule, "peer", aaj_text_word("x")), 0);
    aaj_block_append(p, profile, rule);
    rule = aaj_rule_file(a, path(p, "/a b"), AAJ_MAY_READ | AAJ_MAY_WRITE | AAJ_MAY_APPEND | AAJ_MAY_LOCK);
    rule->rule.prefix.owner = AAJ_OWNER_OWNER;
    rule->comment = AAJ_STR("# why");
    rule->user = 7;
    aaj_block_append(p, profile, rule);
    aaj_block_append(p, profile,
                     aaj_rule_exec(a, path(p, "/bin/sh"), AAJ_MAY_READ | AAJ_MAY_EXEC, AAJ_EXEC_CX, true,
                                   aaj_text_word("child")));
}

static void test_build_and_print(void **state)
{
    struct aaj_policy *p;
    struct aaj_item *profile, *child, *gone;
    char *text;

    assert_int_equal(aaj_policy_new(AAJ_STR("new"), &p), 0);
    aaj_block_append(p, NULL, aaj_item_comment(p->arena, AAJ_STR("Made by a test.")));
    aaj_block_append(p, NULL, aaj_item_abi(p->arena, AAJ_STR("abi/3.0")));
    profile = aaj_item_profile(p->arena, AAJ_PROFILE_PROFILE, aaj_text_word("x"), path(p, "/usr/bin/x"));
    assert_int_equal(aaj_profile_add_flag(p->arena, profile, "complain"), 0);
    aaj_block_append(p, NULL, profile);
    add_rules(p, profile);
    child = aaj_item_profile(p->arena, AAJ_PROFILE_PROFILE, aaj_text_word("child"), (struct aaj_text){ 0 });
    aaj_block_append(p, profile, child);
    gone = aaj_rule_file(p->arena, path(p, "/gone"), AAJ_MAY_READ);
    aaj_block_append(p, child, gone);
    aaj_block_insert(p, child, NULL, aaj_rule_file(p->arena, path(p, "/first"), AAJ_MAY_MMAP | AAJ_MAY_READ));
    aaj_item_remove(gone);
    text = print(p);
    assert_string_equal(text, "# Made by a test.\n"
                              "abi <abi/3.0>,\n"
                              "\n"
                              "profile x /usr/bin/x flags=(complain) {\n"
                              "  include <abstractions/base>\n"
                              "  capability chown,\n"
                              "  network inet stream,\n"
                              "  signal (send, receive) set=term peer=x,\n"
                              "  owner \"/a b\" rwk,  # why\n"
                              "  /bin/sh rCx -> child,\n"
                              "\n"
                              "  profile child {\n"
                              "    /first mr,\n"
                              "  }\n"
                              "}\n");
    free(text);
    aaj_policy_free(p);
}

static void test_rules_that_say_the_same(void **state)
{
    struct aaj_arena a = AAJ_ARENA_INIT;
    struct aaj_text quoted = { AAJ_STR("\"/a\""), AAJ_STR("/a") }, plain = { AAJ_STR("/a"), AAJ_STR("/a") };
    struct aaj_item *x = aaj_rule_file(&a, quoted, AAJ_MAY_READ), *y = aaj_rule_file(&a, plain, AAJ_MAY_READ);

    assert_true(aaj_rule_eq(&x->rule, &y->rule));
    y->rule.prefix.mode = AAJ_MODE_ALLOW;
    assert_true(aaj_rule_eq(&x->rule, &y->rule));
    y->rule.prefix.mode = AAJ_MODE_DENY;
    assert_false(aaj_rule_eq(&x->rule, &y->rule));
    aaj_arena_clear(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spelling),
        cmocka_unit_test(test_literal_means_itself),
        cmocka_unit_test(test_build_and_print),
        cmocka_unit_test(test_rules_that_say_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
