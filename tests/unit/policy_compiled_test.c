/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What globs and spelled names mean to apparmor_parser: the compiled automaton and ours are walked together,
 * which compares them over all names there are, not over samples.
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
#include "policy/print.h"
#include "policy/quote.h"

static struct aaj_target *target;

static int setup(void **state)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    int r = aaj_target_open("debian12", getenv("AAJ_SOURCE"), &diags, &target);

    aaj_diags_clear(&diags);
    return r;
}

static int teardown(void **state)
{
    target = aaj_target_free(target);
    return 0;
}

static void need_parser(void)
{
    if (access(target->parser, X_OK) < 0) {
        print_message("no apparmor_parser\n");
        skip();
    }
}

static int compile(const struct aaj_policy *policy, struct aaj_arena *arena, struct aaj_match **ret_match)
{
    struct aaj_compile how = { .target = target, .file = AAJ_STR("test") };
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_str blob, source;
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    int r;

    assert_int_equal(aaj_policy_print(out, policy), 0);
    fclose(out);
    source = (struct aaj_str){ text, n };
    r = aaj_compile(&how, source, arena, &diags, &blob);
    if (r == 0)
        r = aaj_match_open(blob, AAJ_STR("blob"), &diags, ret_match);
    free(text);
    aaj_diags_clear(&diags);
    return r;
}

/* ---- compiled policy as an automaton: "may be read" ---- */

static int step(void *ctx, uint32_t state, uint8_t byte, uint32_t *ret_state)
{
    uint32_t start;

    *ret_state = aaj_dfa_step(aaj_match_file_dfa(ctx, &start), state, byte);
    return 0;
}

static bool readable(void *ctx, uint32_t state)
{
    return aaj_match_file_state(ctx, state, false).allow & AAJ_PERM_READ;
}

/* No name is in one and not in the other. */
static void check_same(struct aaj_match_profile *profile, struct aaj_glob *glob, const char *what)
{
    struct aaj_operand op[2] = { 0 };
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str name;
    unsigned n;

    op[0].a = (struct aaj_automaton){ .ctx = profile, .dead = AAJ_DFA_TRAP, .step = step, .accept = readable };
    op[0].a.classes = aaj_dfa_classes(aaj_match_file_dfa(profile, &op[0].a.start), &n);
    assert_int_equal(aaj_glob_automaton(glob, &op[1].a), 0);
    for (int i = 0; i < 2; i++) {
        op[0].want = i;
        op[1].want = !i;
        if (aaj_product_find(op, 2, 0, &arena, &name) != 0)
            fail_msg("%s: '%.*s' is matched by %s only", what, AAJ_STR_ARG(name), i ? "apparmor_parser" : "us");
    }
    aaj_arena_clear(&arena);
}

/* ---- globs ---- */

static unsigned long long seed = 0x2545f4914f6cdd1dull;

static unsigned rnd(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % n;
}

static char *random_glob(char *p, int depth, int *stars)
{
    static const char *const part[] = { "/",    "a",     "b",     "?",      "*",      "[ab]",    "[^a]",   "/*",
                                        "\\*",  ",",     ".",     "+",      "(",      "|",       "$",      "^",
                                        "[a-c]", "[^b-]", "\\x41", "\\101",  "[*]",    "[a\\-c]", "[]",     "[[]",
                                        "\\{",  "-",     "[?]",   "[.(|]",  "\\?",    "//",      "**",     "/**" };

    for (unsigned i = 0, n = 1 + rnd(4); i < n; i++) {
        unsigned k = rnd(sizeof(part) / sizeof(*part) - (*stars ? 2 : 0));

        if (depth < 3 && rnd(6) == 0) {
            *p++ = '{';
            p = random_glob(p, depth + 1, stars);
            *p++ = ',';
            if (rnd(3))
                p = random_glob(p, depth + 1, stars);
            *p++ = '}';
        } else {
            *stars |= k >= sizeof(part) / sizeof(*part) - 2; /* one ** each: more make the parser slow */
            p += sprintf(p, "%s", part[k]);
        }
    }
    *p = '\0';
    return p;
}

static void add_rule(struct aaj_policy *p, struct aaj_item *profile, struct aaj_str value)
{
    struct aaj_text text;

    assert_int_equal(aaj_text_from_value(p->arena, value, AAJ_TEXT_PATH, &text), 0);
    aaj_block_append(p, profile, aaj_rule_file(p->arena, text, AAJ_MAY_READ));
}

static struct aaj_item *add_profile(struct aaj_policy *p, unsigned i)
{
    struct aaj_text name = { 0 };
    struct aaj_item *profile;

    name.raw = name.value = aaj_arena_printf(p->arena, "p%u", i);
    profile = aaj_item_profile(p->arena, AAJ_PROFILE_PROFILE, name, (struct aaj_text){ 0 });
    aaj_block_append(p, NULL, profile);
    return profile;
}

enum { GLOBS = 400 };

static void test_globs_mean_what_is_compiled(void **state)
{
    struct aaj_glob *glob[GLOBS];
    struct aaj_policy *p;
    struct aaj_match *match = NULL;
    struct aaj_arena arena = AAJ_ARENA_INIT;

    need_parser();
    assert_int_equal(aaj_policy_new(AAJ_STR("globs"), &p), 0);
    for (unsigned i = 0; i < GLOBS;) {
        char text[256] = "/";
        int stars = 0;
        struct aaj_str value;

        random_glob(text + 1, 0, &stars);
        /* The lexer turns byte escapes into bytes before the glob is looked at. */
        value = aaj_arena_dup(p->arena, aaj_token_value(p->arena, aaj_str_c(text)));
        if (strlen(text) > 40 || aaj_glob_compile(value, AAJ_GLOB_PATH, &glob[i], NULL) < 0)
            continue;
        add_rule(p, add_profile(p, i++), value);
    }
    assert_int_equal(compile(p, &arena, &match), 0);
    assert_int_equal(aaj_match_count(match), GLOBS);
    for (unsigned i = 0; i < GLOBS; i++) {
        struct aaj_match_profile profile = *aaj_match_profile(match, i);
        struct aaj_item *item = p->top.first;

        while (!aaj_str_eq(item->profile.name.value, profile.name))
            item = item->next;
        check_same(&profile, glob[strtoul(profile.name.p + 1, NULL, 10)],
                   aaj_rule_text(&arena, &item->profile.body.first->rule).p);
    }
    for (unsigned i = 0; i < GLOBS; i++)
        aaj_glob_free(glob[i]);
    aaj_match_free(match);
    aaj_policy_free(p);
    aaj_arena_clear(&arena);
}

static void test_what_we_refuse_is_refused(void **state)
{
    static const char *const bad[] = { "/{a}", "/a]", "/[a", "/{a,b", "/a}", "/[]a]", "/[a-]", "/[^]", "/{[^],b}",
                                       "/[^]{a,b[c]}" };

    need_parser();
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct aaj_arena arena = AAJ_ARENA_INIT;
        struct aaj_glob *glob = NULL;
        struct aaj_match *match;
        struct aaj_policy *p;

        assert_int_equal(aaj_glob_compile(aaj_str_c(bad[i]), 0, &glob, NULL), -EINVAL);
        assert_int_equal(aaj_policy_new(AAJ_STR("bad"), &p), 0);
        add_rule(p, add_profile(p, 0), aaj_str_c(bad[i]));
        if (compile(p, &arena, &match) != -EINVAL)
            fail_msg("apparmor_parser takes %s", bad[i]);
        aaj_policy_free(p);
        aaj_arena_clear(&arena);
    }
}

/* ---- names ---- */

static size_t random_name(char *p)
{
    static const struct aaj_str part[] = {
        AAJ_STR_INIT("*"), AAJ_STR_INIT("?"), AAJ_STR_INIT("["), AAJ_STR_INIT("]"), AAJ_STR_INIT("{"), AAJ_STR_INIT("}"),
        AAJ_STR_INIT("^"), AAJ_STR_INIT(","), AAJ_STR_INIT("\\"), AAJ_STR_INIT("\""), AAJ_STR_INIT("!"),
        AAJ_STR_INIT("@{PROC}"), AAJ_STR_INIT("@"), AAJ_STR_INIT("$"), AAJ_STR_INIT("#"), AAJ_STR_INIT(" "),
        AAJ_STR_INIT("\n"), AAJ_STR_INIT("\t"), AAJ_STR_INIT("\r"), AAJ_STR_INIT("\x7f"), AAJ_STR_INIT("\xff"),
        AAJ_STR_INIT("\xc3\xa4"), AAJ_STR_INIT("\xe2\x80\xae"), AAJ_STR_INIT("("), AAJ_STR_INIT(")"), AAJ_STR_INIT("."),
        AAJ_STR_INIT("+"), AAJ_STR_INIT("|"), AAJ_STR_INIT("-"), AAJ_STR_INIT("="), AAJ_STR_INIT(":"), AAJ_STR_INIT("&"),
        AAJ_STR_INIT("<"), AAJ_STR_INIT(">"), AAJ_STR_INIT("'"), AAJ_STR_INIT(";"), AAJ_STR_INIT("~"), AAJ_STR_INIT("%"),
        AAJ_STR_INIT("a"), AAJ_STR_INIT("0"), AAJ_STR_INIT("n"), AAJ_STR_INIT("x41"), AAJ_STR_INIT("d65"),
        AAJ_STR_INIT("\x01"), AAJ_STR_INIT("\x1b"), AAJ_STR_INIT(" r,\n  /** rwlkm,\n  /x"), AAJ_STR_INIT("/b"),
        AAJ_STR_INIT("\x80"), AAJ_STR_INIT("rw "), AAJ_STR_INIT("}\nprofile q {"),
    };
    size_t n = 1;

    p[0] = '/';
    for (unsigned i = 0, k = 1 + rnd(6); i < k; i++) {
        const struct aaj_str *s = &part[rnd(sizeof(part) / sizeof(*part))];

        if (s->p[0] == '/' && p[n - 1] == '/')
            continue;
        memcpy(p + n, s->p, s->n);
        n += s->n;
    }
    return n;
}

static void test_names_mean_themselves(void **state)
{
    enum { PROFILES = 40, NAMES = 40 };
    struct aaj_glob *glob[PROFILES];
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_match *match = NULL;
    struct aaj_policy *p;

    need_parser();
    assert_int_equal(aaj_policy_new(AAJ_STR("names"), &p), 0);
    for (unsigned i = 0; i < PROFILES; i++) {
        struct aaj_item *profile = add_profile(p, i);

        assert_int_equal(aaj_glob_new(&glob[i]), 0);
        for (unsigned k = 0; k < NAMES; k++) {
            char buf[256];
            struct aaj_str name = { buf, random_name(buf) };
            struct aaj_text text;

            name = aaj_arena_dup(p->arena, name);
            assert_int_equal(aaj_text_literal(p->arena, name, AAJ_TEXT_PATH, &text), 0);
            aaj_block_append(p, profile, aaj_rule_file(p->arena, text, AAJ_MAY_READ));
            assert_int_equal(aaj_glob_add(glob[i], name, AAJ_GLOB_LITERAL, 0, NULL), 0);
        }
    }
    assert_int_equal(compile(p, &arena, &match), 0);
    assert_int_equal(aaj_match_count(match), PROFILES);
    for (unsigned i = 0; i < PROFILES; i++) {
        struct aaj_match_profile profile = *aaj_match_profile(match, i);

        check_same(&profile, glob[strtoul(profile.name.p + 1, NULL, 10)], "literal names");
    }
    for (unsigned i = 0; i < PROFILES; i++)
        aaj_glob_free(glob[i]);
    aaj_match_free(match);
    aaj_policy_free(p);
    aaj_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_globs_mean_what_is_compiled),
        cmocka_unit_test(test_what_we_refuse_is_refused),
        cmocka_unit_test(test_names_mean_themselves),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
