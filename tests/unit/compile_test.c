/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Targets, the runner and the driver of apparmor_parser. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <signal.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/run.h"
#include "compile/compile.h"
#include "compile/messages.h"
#include "target/features.h"
#include "target/target.h"

static struct aaj_target *target_open(const char *name)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_target *target = NULL;

    if (aaj_target_open(name, getenv("AAJ_SOURCE"), &diags, &target) < 0)
        aaj_diags_print(stderr, &diags, false);
    aaj_diags_clear(&diags);
    assert_non_null(target);
    return target;
}

static void test_run_kills_what_is_left(void **state)
{
    const char *argv[] = { "/bin/sh", "-c", "sleep 61 & echo $!; exec >&- 2>&-; exit 3", NULL };
    struct aaj_run run = { .argv = argv, .timeout_ms = 20000 };
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_run_result result;
    time_t start = time(NULL);
    int status = 0;

    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    run.timeout_ms = 500; /* the sleeper holds our pipes open */
    assert_int_equal(aaj_run(&run, &arena, &result), -ETIMEDOUT);
    assert_true(time(NULL) - start < 20);
    assert_int_equal(waitpid(atoi(result.out.p), &status, 0), atoi(result.out.p)); /* we are its reaper */
    assert_true(WIFSIGNALED(status));
    argv[2] = "cat; exit 3";
    run.input = AAJ_STR("hello");
    run.timeout_ms = 20000;
    assert_int_equal(aaj_run(&run, &arena, &result), 0);
    assert_int_equal(WEXITSTATUS(result.status), 3);
    assert_string_equal(result.out.p, "hello");
    signal(SIGCHLD, SIG_IGN);
    assert_int_equal(aaj_run(&run, &arena, &result), -ECHILD); /* never taken for a success */
    signal(SIGCHLD, SIG_DFL);
    argv[2] = "yes";
    run.max_output = 100000;
    assert_int_equal(aaj_run(&run, &arena, &result), -EFBIG);
    argv[0] = "/nonexistent";
    assert_int_equal(aaj_run(&run, &arena, &result), -ENOENT);
    argv[0] = "sh";
    assert_int_equal(aaj_run(&run, &arena, &result), -EINVAL);
    aaj_arena_clear(&arena);
}

static void test_parser_versions(void **state)
{
    assert_int_equal(aaj_parser_version(AAJ_STR("AppArmor parser version 3.0.8\nCopyright 1999")), 30008);
    assert_int_equal(aaj_parser_version(AAJ_STR("4.1.0~beta5")), 40100);
    assert_int_equal(aaj_parser_version(AAJ_STR("2.13")), 21300);
    assert_int_equal(aaj_parser_version(AAJ_STR("none")), 0);
    assert_int_equal(aaj_parser_version(AAJ_STR("7")), 0);
}

static void test_targets(void **state)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_target *t = target_open(NULL);

    assert_string_equal(t->name, "debian12");
    assert_int_equal(t->parser_version, 30008);
    assert_string_equal(t->abi, "abi/3.0");
    assert_int_equal(t->parser_features, AAJ_PARSER_ABI | AAJ_PARSER_INCLUDE_IF);
    assert_int_equal(t->mediates, AAJ_MEDIATES_FILE | AAJ_MEDIATES_NETWORK | AAJ_MEDIATES_SIGNAL |
                                      AAJ_MEDIATES_PTRACE | AAJ_MEDIATES_MOUNT | AAJ_MEDIATES_CAPABILITY);
    assert_int_equal(t->features_file[0], '/');
    t = aaj_target_free(t);
    t = target_open("debian13");
    assert_true(t->mediates & AAJ_MEDIATES_USERNS);
    assert_true(t->mediates & AAJ_MEDIATES_IO_URING);
    assert_false(t->mediates & AAJ_MEDIATES_UNIX);
    assert_true(t->parser_features & AAJ_PARSER_NET_PERMS);
    t = aaj_target_free(t);
    t = target_open("generic-4");
    assert_null(t->abi);
    assert_int_equal(t->parser_features, 0);
    assert_true(t->parser_newer);
    t = aaj_target_free(t);
    assert_int_equal(aaj_target_open("../lib", getenv("AAJ_SOURCE"), &diags, &t), -ENOENT);
    assert_int_equal(aaj_target_open("debian1", getenv("AAJ_SOURCE"), &diags, &t), -ENOENT);
    assert_string_equal(diags.item[1].message.p,
                        "there is no target 'debian1'; there is abi3, debian12, debian13, generic-4, lab, running");
    aaj_diags_clear(&diags);
}

/* A parser of another release is named; a newer patch of the same one, or a newer one where that will do, is not. */
static void test_the_installed_parser_is_compared(void **state)
{
    static const struct {
        const char *says;
        unsigned wanted;
        bool newer;
        size_t warnings;
        int r;
    } row[] = {
        { "AppArmor parser version 3.0.8", 30008, false, 0, 0 }, { "AppArmor parser version 3.0.13", 30008, false, 0, 0 },
        { "AppArmor parser version 3.0.8", 40100, false, 1, 0 }, { "AppArmor parser version 4.1.0", 30008, false, 1, 0 },
        { "AppArmor parser version 3.0.8", 21300, true, 0, 0 },  { "AppArmor parser version 2.12.1", 21300, true, 1, 0 },
        { "no", 30008, false, 0, -EINVAL },
    };
    char path[] = "/tmp/aaj-parser-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct aaj_diags diags = AAJ_DIAGS_INIT;
        struct aaj_target t = { .name = "t", .parser = path, .parser_version = row[i].wanted, .parser_newer = row[i].newer };
        FILE *f = fopen(path, "w");

        assert_non_null(f);
        fprintf(f, "#!/bin/sh\necho '%s'\n", row[i].says);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(chmod(path, 0700), 0);
        assert_int_equal(aaj_target_check_parser(&t, &diags), row[i].r);
        assert_int_equal(diags.warnings, row[i].warnings);
        aaj_diags_clear(&diags);
    }
    unlink(path);
}

static void test_features_must_be_features(void **state)
{
    static const char *const bad[] = { "", "file {", "file }", "a {{{{{{{{{ x", "hello {x\n}\n" };
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    char path[] = "/tmp/aaj-features-XXXXXX";
    int fd = mkstemp(path);
    unsigned mediates = 77;

    assert_true(fd >= 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, bad[i], strlen(bad[i]), 0), strlen(bad[i]));
        assert_int_equal(aaj_features_read(path, &diags, &mediates), -EINVAL);
        assert_int_equal(mediates, 77);
    }
    assert_int_equal(diags.errors, 5);
    close(fd);
    unlink(path);
    aaj_diags_clear(&diags);
}

static int compile(struct aaj_str text, struct aaj_diags *diags, struct aaj_str *ret_blob,
                   struct aaj_arena *arena)
{
    struct aaj_target *target = target_open("debian12");
    struct aaj_compile c = { .target = target, .file = AAJ_STR("x.profile") };
    int r = aaj_compile(&c, text, arena, diags, ret_blob);

    aaj_target_free(target);
    return r;
}

static void test_compile(void **state)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_str blob, again;

    assert_int_equal(compile(AAJ_STR("profile t /a { /b r, }\n"), &diags, &blob, &arena), 0);
    assert_int_equal(diags.n, 0);
    assert_true(blob.n > 100);
    assert_int_equal(compile(AAJ_STR("profile t /a { /b r, }\n"), &diags, &again, &arena), 0);
    assert_true(aaj_str_eq(blob, again));
    assert_int_equal(compile(AAJ_STR("profile t /a {\n  /b rwq,\n}\n"), &diags, &blob, &arena), -EINVAL);
    assert_int_equal(diags.n, 1);
    assert_int_equal(diags.item[0].loc.line, 2);
    assert_string_equal(diags.item[0].loc.file.p, "x.profile");
    assert_string_equal(diags.item[0].source.p, "  /b rwq,");
    assert_non_null(strstr(diags.item[0].message.p, "syntax error"));
    assert_true(aaj_str_eq(blob, again));
    assert_int_equal(compile(AAJ_STR("profile t /a { /c ix, /c px, }\n"), &diags, &blob, &arena), -EINVAL);
    assert_string_equal(diags.item[1].message.p,
                        "profile t: has merged rule /c with conflicting x modifiers");
    aaj_diags_clear(&diags);
    aaj_arena_clear(&arena);
}

static void test_compile_names(void **state)
{
    struct aaj_target *target = target_open("debian12");
    struct aaj_compile c = { .target = target, .file = AAJ_STR("x") };
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_str *name;
    size_t n;

    assert_int_equal(aaj_compile_names(&c, AAJ_STR("profile t /a { ^h { } profile k { } }\n/usr/bin/u { }\n"),
                                       &arena, &diags, &name, &n),
                     0);
    assert_int_equal(n, 4);
    assert_string_equal(aaj_arena_printf(&arena, "%.*s %.*s %.*s %.*s", AAJ_STR_ARG(name[0]),
                                         AAJ_STR_ARG(name[1]), AAJ_STR_ARG(name[2]), AAJ_STR_ARG(name[3]))
                            .p,
                        "/usr/bin/u t t//h t//k");
    aaj_arena_clear(&arena);
    aaj_target_free(target);
}

/* Twenty interior ** take the 3.0 parser minutes: a deadline ends it. */
static void test_compile_deadline(void **state)
{
    struct aaj_target *target = target_open("debian12");
    struct aaj_compile c = { .target = target, .file = AAJ_STR("x"), .timeout_ms = 300 };
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_str text = aaj_arena_printf(&arena, "profile t {\n"), blob;

    for (int i = 0; i < 20; i++)
        text = aaj_arena_printf(&arena, "%s/**/b%d/**/c%d/** r,\n", text.p, i, i);
    text = aaj_arena_printf(&arena, "%s}\n", text.p);
    assert_int_equal(aaj_compile(&c, text, &arena, &diags, &blob), -ETIMEDOUT);
    assert_string_equal(diags.item[0].id, "compile-timeout");
    aaj_diags_clear(&diags);
    aaj_arena_clear(&arena);
    aaj_target_free(target);
}

static void test_messages(void **state)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_str text = AAJ_STR("one\ntwo\n");

    assert_int_equal(aaj_compile_messages(AAJ_STR("AppArmor parser error in profile inc/foo at line 1: bad\n"
                                                  "Warning from stdin (stdin line 2): hm\n"
                                                  "Warning from stdin (inc/foo line 3): ha\n"
                                                  "/sbin/apparmor_parser: Regex \033error\n"
                                                  "AppArmor parser error at line 4294967295000: far"),
                                          AAJ_STR("me"), text, &diags),
                     3);
    assert_int_equal(diags.n, 5);
    assert_string_equal(diags.item[0].loc.file.p, "inc/foo");
    assert_string_equal(diags.item[0].message.p, "bad");
    assert_string_equal(diags.item[1].source.p, "two");
    assert_int_equal(diags.item[1].severity, AAJ_WARNING);
    assert_string_equal(diags.item[2].loc.file.p, "inc/foo");
    assert_int_equal(diags.item[2].loc.line, 3);
    assert_string_equal(diags.item[3].message.p, "Regex \\x1berror");
    assert_string_equal(diags.item[4].message.p, "far");
    aaj_diags_clear(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_kills_what_is_left),
        cmocka_unit_test(test_parser_versions),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_the_installed_parser_is_compared),
        cmocka_unit_test(test_features_must_be_features),
        cmocka_unit_test(test_compile),
        cmocka_unit_test(test_compile_names),
        cmocka_unit_test(test_compile_deadline),
        cmocka_unit_test(test_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
