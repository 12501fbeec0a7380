/* SPDX-License-Identifier: GPL-2.0-or-later */
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
#include <sys/xattr.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "fsview/fsview.h"

static const struct aaj_str file_name = AAJ_STR_INIT("files.tsv");

static struct aaj_fsview *from_list(struct aaj_str text, struct aaj_diags *diags)
{
    struct aaj_fsview *view;

    assert_int_equal(aaj_fsview_new(&view), 0);
    assert_int_equal(aaj_fsview_add_list(view, text, file_name, diags), 0);
    return view;
}

static void assert_resolves(struct aaj_fsview *view, const char *path, int want, const char *want_path)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str got = AAJ_STR("untouched");
    int r = aaj_fsview_resolve(view, aaj_str_c(path), &arena, &got);

    if (r != want)
        fail_msg("%s: %d instead of %d", path, r, want);
    assert_string_equal(got.p, want_path ? want_path : "untouched");
    aaj_arena_clear(&arena);
}

static void assert_canonical(struct aaj_fsview *view, const char *path, const char *want)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str got;

    assert_int_equal(aaj_fsview_canonical(view, aaj_str_c(path), &arena, &got), 0);
    assert_string_equal(got.p, want);
    aaj_arena_clear(&arena);
}

static const char list[] = "d\t755\t0\t0\t/\n"
                           "l\t777\t0\t0\t/bin\tusr/bin\n"
                           "d\t755\t0\t0\t/etc\n"
                           "d\t755\t0\t0\t/etc/alternatives\n"
                           "l\t777\t0\t0\t/etc/alternatives/mail\t/bin/../sbin/sendmail\n"
                           "d\t555\t0\t0\t/proc\n"
                           "d\t700\t0\t0\t/root\n"
                           "d\t755\t0\t0\t/usr\n"
                           "d\t755\t0\t0\t/usr/bin\n"
                           "f\t755\t0\t0\t/usr/bin/dash\n"
                           "l\t777\t0\t0\t/usr/bin/sh\tdash\n"
                           "l\t777\t0\t0\t/usr/bin/loop\tloop\n"
                           "l\t777\t0\t0\t/usr/bin/blind\n"
                           "d\t755\t0\t0\t/usr/sbin\n"
                           "f\t4755\t0\t0\t/usr/sbin/exim4\n"
                           "l\t777\t0\t0\t/usr/sbin/sendmail\texim4\n"
                           "f\t640\t33\t4\t/etc/a name\twith a tab\n";

static void test_list_answers_like_the_kernel(void **state)
{
    struct aaj_fsview *view = from_list(aaj_str_c(list), NULL);
    struct aaj_fact fact;

    assert_true(aaj_fsview_is_complete(view));
    assert_resolves(view, "/bin/sh", 0, "/usr/bin/dash");
    assert_resolves(view, "/etc/alternatives/mail", 0, "/usr/sbin/exim4");
    assert_resolves(view, "/etc/alternatives/", 0, "/etc/alternatives");
    assert_resolves(view, "/usr/bin/loop", -ELOOP, NULL);
    assert_resolves(view, "/usr/bin/blind", -ENODATA, NULL);
    assert_resolves(view, "/bin/ls", -ENOENT, NULL);
    assert_resolves(view, "/proc/self/exe", -ENODATA, NULL);
    assert_resolves(view, "/", 0, "/");
    assert_resolves(view, "relative", -EINVAL, NULL);
    assert_canonical(view, "/bin/new/file", "/usr/bin/new/file");
    assert_canonical(view, "/proc/1/../2", "/proc/2");

    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/bin/sh"), &fact), 1);
    assert_int_equal(fact.type, 'l');
    assert_string_equal(fact.path.p, "/usr/bin/sh");
    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/usr/bin/.."), &fact), 1);
    assert_string_equal(fact.path.p, "/usr");
    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/usr/sbin/exim4"), &fact), 1);
    assert_true(fact.bits & AAJ_FACT_SETUID && fact.bits & AAJ_FACT_EXEC);
    assert_false(fact.bits & AAJ_FACT_CAPS_KNOWN);
    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/etc/a name\twith a tab"), &fact), 1);
    assert_int_equal(fact.uid, 33);
    assert_int_equal(fact.gid, 4);
    assert_false(fact.bits & AAJ_FACT_WORLD_READ);
    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/usr/bin/perl"), &fact), 0);
    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/usr/bin/dash/x"), &fact), 0);
    /* /root was listed but nothing in it: it may just not have been readable. */
    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/root/.ssh"), &fact), -ENODATA);
    aaj_fsview_free(view);
}

static void test_list_without_targets_knows_merged_usr(void **state)
{
    struct aaj_fsview *view = from_list(AAJ_STR("d\t755\t0\t0\t/\nl\t777\t0\t0\t/sbin\n"
                                                "d\t755\t0\t0\t/usr\nd\t755\t0\t0\t/usr/sbin\n"
                                                "f\t755\t0\t0\t/usr/sbin/x\n"),
                                        NULL);

    assert_resolves(view, "/sbin/x", 0, "/usr/sbin/x");
    assert_resolves(view, "/sbin/y", -ENOENT, NULL);
    aaj_fsview_free(view);
}

static void test_bad_lines_are_set_aside_with_their_place(void **state)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_fsview *view = from_list(AAJ_STR("f\t644\t0\t0\t/a\nnonsense\nf\t99\t0\t0\t/b\n"
                                                "f\t644\t0\t0\trelative\nf\t644\t4294967296\t0\t/c\n"
                                                "l\t777\t0\t0\t/l\tone\ttwo\n"),
                                        &diags);
    struct aaj_fact fact;

    assert_int_equal(diags.warnings, 5);
    for (size_t i = 0; i < diags.n; i++)
        assert_int_equal(diags.item[i].loc.line, i + 2);
    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/a"), &fact), 1);
    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/b"), &fact), -ENODATA);
    aaj_diags_clear(&diags);
    aaj_fsview_free(view);
}

static void test_forged_line_cannot_hide_setuid(void **state)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_fsview *view = from_list(AAJ_STR("f\t4755\t0\t0\t/usr/sbin/exim4\n"
                                                "f\t644\t0\t0\t/tmp/x\nf\t755\t33\t33\t/usr/sbin/exim4\n"),
                                        &diags);
    struct aaj_fact fact;

    assert_int_equal(diags.warnings, 1);
    assert_string_equal(diags.item[0].id, "list-twice");
    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/usr/sbin/exim4"), &fact), 1);
    assert_true(fact.bits & AAJ_FACT_SETUID);
    aaj_diags_clear(&diags);
    aaj_fsview_free(view);
    /* With NULs between the lines nothing can be forged. */
    view = from_list(AAJ_STR("f\t644\t0\t0\t/tmp/x\nf\t644\t0\t0\t/etc/y\0f\t600\t0\t0\t/z\0"), &diags);
    assert_int_equal(diags.warnings, 0);
    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/tmp/x\nf\t644\t0\t0\t/etc/y"), &fact), 1);
    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/etc/y"), &fact), -ENODATA);
    aaj_fsview_free(view);
}

static void test_no_list_at_all_is_an_error(void **state)
{
    static const struct aaj_str bad[] = { AAJ_STR_INIT(""), AAJ_STR_INIT("total 4\n"),
                                          AAJ_STR_INIT("\x28\xb5\x2f\xfd\x24\x05") };
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_fsview *view;

    assert_int_equal(aaj_fsview_new(&view), 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(aaj_fsview_add_list(view, bad[i], file_name, &diags), -EINVAL);
    assert_int_equal(diags.errors, 3);
    assert_false(aaj_fsview_is_complete(view));
    aaj_diags_clear(&diags);
    aaj_fsview_free(view);
}

static int collect(void *data, const struct aaj_fact *fact)
{
    return fprintf(data, "%c%.*s\n", fact->type ? fact->type : '0', AAJ_STR_ARG(fact->path)) < 0;
}

/* Passes over what is below /usr. */
static int collect_some(void *data, const struct aaj_fact *fact)
{
    int r = collect(data, fact);

    return r == 0 && aaj_str_eq(fact->path, AAJ_STR("/usr")) ? AAJ_FSVIEW_SKIP : r;
}

static void assert_walk(struct aaj_fsview *view, int (*fn)(void *, const struct aaj_fact *), const char *expected)
{
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    assert_int_equal(aaj_fsview_walk(view, fn, out), 0);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void test_a_folder_can_be_passed_over(void **state)
{
    struct aaj_fsview *view = from_list(AAJ_STR("d\t755\t0\t0\t/\nd\t755\t0\t0\t/usr\nf\t644\t0\t0\t/usr/a\n"
                                                "f\t644\t0\t0\t/usr-x\nf\t644\t0\t0\t/usrb\n"), NULL);

    assert_walk(view, collect_some, "d/\nd/usr\nf/usr-x\nf/usrb\n");
    aaj_fsview_free(view);
}

static void test_facts_win_and_can_be_kept(void **state)
{
    struct aaj_fsview *view = from_list(AAJ_STR("d\t755\t0\t0\t/\nf\t755\t0\t0\t/x\nf\t755\t0\t0\t/w\n"), NULL);
    struct aaj_fact fact = { .path = AAJ_STR("/x"), .type = 'f', .mode = 02755, .interp = AAJ_STR("/bin/sh") };
    struct aaj_fact gone = { .path = AAJ_STR("/v") }, got;
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    assert_int_equal(aaj_fsview_add(view, &fact), 0);
    assert_int_equal(aaj_fsview_add(view, &gone), 0);
    fact.path = AAJ_STR("x");
    assert_int_equal(aaj_fsview_add(view, &fact), -EINVAL);
    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/x"), &got), 1);
    assert_true(got.bits & AAJ_FACT_SETGID);
    assert_string_equal(got.interp.p, "/bin/sh");
    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/v"), &got), 0);
    assert_int_equal(aaj_fsview_each_fact(view, collect, out), 0);
    assert_int_equal(aaj_fsview_walk(view, collect, out), 0);
    fclose(out);
    assert_string_equal(text, "0/v\nf/x\nd/\nf/w\nf/x\n");
    free(text);
    aaj_fsview_free(view);
}

static int rm(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    return remove(path);
}

static void put(const char *dir, const char *name, const char *text, mode_t mode)
{
    char path[300];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (!text)
        assert_int_equal(mkdir(path, mode), 0);
    else
        assert_int_equal(aaj_file_write(path, aaj_str_c(text), mode), 0);
}

static void test_tree_is_asked_beneath_its_root(void **state)
{
    char dir[] = "/tmp/aaj-fsview-XXXXXX", path[300];
    struct aaj_fsview *view;
    struct aaj_fact fact;
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    assert_non_null(mkdtemp(dir));
    put(dir, "usr", NULL, 0755);
    put(dir, "usr/bin", NULL, 0755);
    put(dir, "usr-x", "", 0644);
    put(dir, "usr/bin/tool", "#! \t/usr/bin/python3 -u\nprint()\n", 0755);
    put(dir, "usr/bin/data", "#!/bin/sh\n", 0644);
    put(dir, "proc", NULL, 0755);
    put(dir, "proc/hidden", "", 0644);
    snprintf(path, sizeof(path), "%s/bin", dir);
    assert_int_equal(symlink("usr/bin", path), 0);
    snprintf(path, sizeof(path), "%s/usr/bin/up", dir);
    assert_int_equal(symlink("../../../../../../bin/tool", path), 0);
    snprintf(path, sizeof(path), "%s/usr/bin/abs", dir);
    assert_int_equal(symlink("/etc/passwd", path), 0);

    assert_int_equal(aaj_fsview_new(&view), 0);
    assert_int_equal(aaj_fsview_set_root(view, "/nonexistent"), -ENOENT);
    assert_int_equal(aaj_fsview_set_root(view, dir), 0);
    assert_resolves(view, "/bin/up", 0, "/usr/bin/tool");
    assert_resolves(view, "/bin/abs", -ENOENT, NULL);
    assert_resolves(view, "/../../bin/tool", 0, "/usr/bin/tool");
    assert_resolves(view, "/proc/1/exe", -ENODATA, NULL);
    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/bin/tool"), &fact), 1);
    assert_string_equal(fact.interp.p, "/usr/bin/python3");
    assert_true(fact.bits & AAJ_FACT_CAPS_KNOWN);
    assert_false(fact.bits & AAJ_FACT_CAPS);
    assert_int_equal(fact.uid, getuid());
    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/bin/data"), &fact), 1);
    assert_int_equal(fact.interp.n, 0);
    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/bin/nothing"), &fact), 0);
    assert_int_equal(aaj_fsview_walk(view, collect, out), 0);
    fclose(out);
    assert_string_equal(text, "d/\nl/bin\nd/proc\nd/usr\nf/usr-x\nd/usr/bin\nl/usr/bin/abs\n"
                              "f/usr/bin/data\nf/usr/bin/tool\nl/usr/bin/up\n");
    assert_walk(view, collect_some, "d/\nl/bin\nd/proc\nd/usr\nf/usr-x\n");
    free(text);
    aaj_fsview_free(view);
    assert_int_equal(nftw(dir, rm, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static int collect_all(void *data, const struct aaj_fact *fact)
{
    return fprintf(data, "%.*s %c %o %u %u %x %.*s|\n", AAJ_STR_ARG(fact->path), fact->type, fact->mode, fact->uid,
                   fact->gid, fact->bits, AAJ_STR_ARG(fact->target)) < 0;
}

static int collect_dirs(void *data, const struct aaj_fact *fact)
{
    return fact->path.n < 100 && fprintf(data, "%.*s\n", AAJ_STR_ARG(fact->path)) < 0;
}

static int stop(void *data, const struct aaj_fact *fact)
{
    return aaj_str_eq(fact->path, AAJ_STR("/a")) ? 7 : 0;
}

/* What was walked over once is told again, also what is gone meanwhile; a walk that left something out is not. */
static void test_tree_is_walked_once(void **state)
{
    char dir[] = "/tmp/aaj-fsview-XXXXXX", path[300], name[200];
    struct aaj_fsview *view;
    char *text[3];
    size_t n;

    assert_non_null(mkdtemp(dir));
    put(dir, "a", NULL, 0751);
    put(dir, "a-b", "", 0600);
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    put(dir, name, "", 04755);
    snprintf(path, sizeof(path), "%s/a/link", dir);
    assert_int_equal(symlink("../somewhere else", path), 0);
    assert_int_equal(aaj_fsview_new(&view), 0);
    assert_int_equal(aaj_fsview_set_root(view, dir), 0);
    assert_int_equal(aaj_fsview_walk(view, stop, NULL), 7);
    for (int i = 0; i < 3; i++) {
        FILE *out = open_memstream(&text[i], &n);

        if (i == 2) {
            snprintf(path, sizeof(path), "%s/a-b", dir);
            assert_int_equal(unlink(path), 0);
        }
        assert_int_equal(aaj_fsview_walk(view, collect_all, out), 0);
        fclose(out);
    }
    assert_non_null(strstr(text[0], "/a/link l 777"));
    assert_non_null(strstr(text[0], " ../somewhere else|"));
    assert_string_equal(text[0], text[1]);
    assert_string_equal(text[0], text[2]);
    assert_int_equal(aaj_fsview_walk(view, stop, NULL), 7);
    assert_int_equal(aaj_fsview_set_root(view, dir), 0);
    assert_int_equal(unlink(strcat(strcpy(path, dir), "/a/link")), 0);
    assert_walk(view, collect_dirs, "/\n/a\n");
    for (int i = 0; i < 3; i++)
        free(text[i]);
    aaj_fsview_free(view);
    assert_int_equal(nftw(dir, rm, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void test_file_capabilities_are_seen(void **state)
{
    /* struct vfs_cap_data, revision 2: cap_net_bind_service permitted */
    static const uint8_t cap[20] = { 0x01, 0, 0, 0x02, 0, 0x04 };
    char dir[] = "/tmp/aaj-fsview-XXXXXX", path[300];
    struct aaj_fsview *view;
    struct aaj_fact fact;

    assert_non_null(mkdtemp(dir));
    put(dir, "ping", "x", 0755);
    snprintf(path, sizeof(path), "%s/ping", dir);
    if (setxattr(path, "security.capability", cap, sizeof(cap), 0) < 0) {
        nftw(dir, rm, 16, FTW_DEPTH | FTW_PHYS);
        print_message("file capabilities cannot be set here\n");
        skip();
    }
    assert_int_equal(aaj_fsview_new(&view), 0);
    assert_int_equal(aaj_fsview_set_root(view, dir), 0);
    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/ping"), &fact), 1);
    assert_true(fact.bits & AAJ_FACT_CAPS);
    aaj_fsview_free(view);
    assert_int_equal(nftw(dir, rm, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static int count(void *data, const struct aaj_fact *fact)
{
    (*(size_t *)data)++;
    return 0;
}

static void test_the_captured_list(void **state)
{
    const char *shared = getenv("AAJ_SHARED");
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_fsview *view;
    struct aaj_fact fact;
    struct aaj_str text = { 0 };
    char path[4096];
    size_t n = 0;

    snprintf(path, sizeof(path), "%s/data/logs/files.tsv.zst", shared ? shared : "");
    if (!shared || aaj_file_read(path, AAJ_FILE_MAX, &arena, &text) < 0) {
        print_message("no files.tsv.zst in AAJ_SHARED\n");
        skip();
    }
    view = from_list(text, &diags);
    assert_int_equal(diags.n, 0);
    assert_int_equal(aaj_fsview_walk(view, count, &n), 0);
    assert_int_equal(n, 21526);
    assert_resolves(view, "/bin/dash", 0, "/usr/bin/dash");
    assert_int_equal(aaj_fsview_get(view, AAJ_STR("/usr/sbin/exim4"), &fact), 1);
    assert_true(fact.bits & AAJ_FACT_SETUID);
    aaj_arena_clear(&arena);
    aaj_fsview_free(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_answers_like_the_kernel),
        cmocka_unit_test(test_list_without_targets_knows_merged_usr),
        cmocka_unit_test(test_bad_lines_are_set_aside_with_their_place),
        cmocka_unit_test(test_forged_line_cannot_hide_setuid),
        cmocka_unit_test(test_no_list_at_all_is_an_error),
        cmocka_unit_test(test_a_folder_can_be_passed_over),
        cmocka_unit_test(test_facts_win_and_can_be_kept),
        cmocka_unit_test(test_tree_is_asked_beneath_its_root),
        cmocka_unit_test(test_tree_is_walked_once),
        cmocka_unit_test(test_file_capabilities_are_seen),
        cmocka_unit_test(test_the_captured_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
