/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernel/blob.h"
#include "kernel/kernel.h"

/* A folder that stands for /proc and securityfs. */
static char root[] = "/tmp/aajail-kernel.XXXXXX";

static void put(const char *path, const char *text)
{
    char full[512];
    FILE *f;

    snprintf(full, sizeof(full), "%s/%s", root, path);
    for (char *slash = full + sizeof(root); (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(full, 0755);
        *slash = '/';
    }
    f = fopen(full, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void put_link(const char *path, const char *target)
{
    char full[512];

    snprintf(full, sizeof(full), "%s/%s", root, path);
    assert_int_equal(symlink(target, full), 0);
}

static void add_task(int pid, const char *label, const char *exe)
{
    char path[64];

    snprintf(path, sizeof(path), "proc/%d/attr/apparmor/current", pid);
    put(path, label);
    snprintf(path, sizeof(path), "proc/%d/comm", pid);
    put(path, "slave\n");
    snprintf(path, sizeof(path), "proc/%d/cgroup", pid);
    put(path, "0::/system.slice/gap app.service/sub\n");
    snprintf(path, sizeof(path), "proc/%d/exe", pid);
    if (exe)
        put_link(path, exe);
}

static int setup(void **state)
{
    return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    return system(command);
}

static struct aaj_kernel fake(void)
{
    static char fs[64], module[64], proc[64];

    snprintf(fs, sizeof(fs), "%s/fs", root);
    snprintf(module, sizeof(module), "%s/module", root);
    snprintf(proc, sizeof(proc), "%s/proc", root);
    return (struct aaj_kernel){ fs, module, proc };
}

static void test_check(void **state)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_kernel k = fake();

    assert_int_equal(aaj_kernel_check(&k, &diags), -ENOSYS);
    assert_non_null(strstr(diags.item[0].message.p, "no AppArmor"));
    put("module/parameters/enabled", "N\n");
    assert_int_equal(aaj_kernel_check(&k, &diags), -ENOSYS);
    assert_non_null(strstr(diags.item[1].message.p, "switched off"));
    put("module/parameters/enabled", "Y\n");
    assert_int_equal(aaj_kernel_check(&k, &diags), -ENOSYS);
    assert_non_null(strstr(diags.item[2].message.p, "mount -t securityfs"));
    put("fs/.replace", "");
    assert_int_equal(aaj_kernel_check(&k, &diags), 0);
    aaj_diags_clear(&diags);
}

static void test_check_change(void **state)
{
    static const struct {
        const char *lock, *caps, *map;
        int result;
        const char *says;
    } row[] = {
        { "N\n", "000001ffffffffff", "         0          0 4294967295\n", 0, NULL },
        { "Y\n", "000001ffffffffff", "         0          0 4294967295\n", -EPERM, "locked until the next boot" },
        { "N\n", "000001fdffffffff", "         0          0 4294967295\n", -EPERM, "lacks CAP_MAC_ADMIN" },
        { "N\n", "0000000000000000", "         0          0 4294967295\n", -EPERM, "run this as root" },
        { "N\n", "000001ffffffffff", "         0     100000      65536\n", 0, "container's user namespace" },
    };
    struct aaj_kernel k = fake();

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct aaj_diags diags = AAJ_DIAGS_INIT;
        char status[128];

        snprintf(status, sizeof(status), "Name:\tx\nCapPrm:\t0\nCapEff:\t%s\nCapBnd:\t0\n", row[i].caps);
        put("module/parameters/lock_policy", row[i].lock);
        put("proc/self/status", status);
        put("proc/self/uid_map", row[i].map);
        assert_int_equal(aaj_kernel_check_change(&k, &diags), row[i].result);
        assert_int_equal(diags.n, row[i].says != NULL);
        if (row[i].says)
            assert_non_null(strstr(diags.item[0].message.p, row[i].says));
        aaj_diags_clear(&diags);
    }
}

static void test_list(void **state)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_kernel k = fake();
    struct aaj_loaded *l;
    size_t n;

    put("fs/profiles", "b (1) (enforce)\na//kid (complain)\nnonsense\n:ns://x (kill)\n");
    put("fs/revision", "7\n");
    assert_int_equal(aaj_kernel_list(&k, &arena, &diags, &l, &n), 0);
    assert_int_equal(n, 3);
    assert_int_equal(diags.n, 1); /* nonsense is reported */
    assert_true(aaj_str_eq(l[0].name, AAJ_STR(":ns://x")));
    assert_true(aaj_str_eq(aaj_loaded_find(l, n, AAJ_STR("b (1)"))->mode, AAJ_STR("enforce")));
    assert_null(aaj_loaded_find(l, n, AAJ_STR("b")));
    aaj_arena_clear(&arena);
    aaj_diags_clear(&diags);
}

static void test_tasks(void **state)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_kernel k = fake();
    struct aaj_task *t;
    size_t n;

    add_task(30, "a (b) (enforce)\n", "/srv/slave (deleted)");
    add_task(4, "unconfined\n", "/srv/slave");
    add_task(9, "unconfined\n", NULL); /* a kernel thread has no program */
    put("proc/30/task/30/attr/apparmor/current", "a (b) (enforce)\n");
    put("proc/30/task/31/attr/apparmor/current", "a (b)//hat (complain)\n");
    put("proc/self/attr/apparmor/current", "unconfined\n");
    assert_int_equal(aaj_kernel_tasks(&k, &arena, &t, &n), 0);
    assert_int_equal(n, 3);
    assert_int_equal(t[0].pid, 4);
    assert_true(aaj_str_eq(t[0].label, AAJ_STR("unconfined")));
    assert_int_equal(t[0].mode.n, 0);
    assert_true(aaj_str_eq(t[1].label, AAJ_STR("a (b)")));
    assert_true(aaj_str_eq(t[1].mode, AAJ_STR("enforce")));
    assert_true(aaj_str_eq(t[1].exe, AAJ_STR("/srv/slave")));
    assert_true(t[1].deleted);
    assert_true(aaj_str_eq(t[1].unit, AAJ_STR("gap app.service")));
    assert_int_equal(t[2].pid, 30);
    assert_int_equal(t[2].tid, 31);
    assert_true(aaj_str_eq(t[2].label, AAJ_STR("a (b)//hat")));
    aaj_arena_clear(&arena);
}

static void test_bears(void **state)
{
    static const struct {
        const char *label, *name;
        bool bears;
    } row[] = {
        { "a", "a", true },
        { "a//kid", "a", true },
        { "a//null-/usr/bin/x", "a", true },
        { "ab", "a", false },
        { "a", "a//kid", false },
        { "b//&a//kid", "a", true },
        { "b//&a//kid", "b", true },
        { "b//&ab", "a", false },
        { "unconfined", "a", false },
        { ":ns://a", "a", false },
        { ":ns://a//k", ":ns://a", true },
        { "", "a", false },
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        assert_int_equal(aaj_label_bears(aaj_str_c(row[i].label), aaj_str_c(row[i].name)), row[i].bears);
    assert_true(aaj_label_is_null(AAJ_STR("b//&a//null-/usr/bin/x")));
    assert_false(aaj_label_is_null(AAJ_STR("a//nullable")));
}

/* A profile as the parser writes it, without automata. */
#define NAME(n, s) "\x04" n "\0" s "\0"
#define PROFILE(flag_bits, mode, rest)                                                                               \
    NAME("\x08", "version") "\x02\x07" flag_bits "\0\0" NAME("\x08", "profile") "\x07" rest NAME("\x06", "flags")    \
    "\x07\x02\0\0\0\0\x02" mode "\0\0\0\x02\0\0\0\0\x08" NAME("\x05", "list") "\x07\x02\x01\0\0\0\x08" "\x08"

static void test_split(void **state)
{
    static const char two[] = PROFILE("\0", "\x01", "\x05\x02\0a\0") PROFILE("\x08", "\0", "\x05\x05\0a//b\0")
        PROFILE("\0", "\x02", "\x05\x02\0k\0");
    struct aaj_str blob = { two, sizeof(two) - 1 }, out;
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_piece *p;
    const char *why;
    size_t n, changed, first, second;

    assert_int_equal(aaj_blob_split(blob, &arena, &why, &p, &n), 0);
    assert_int_equal(n, 3);
    assert_true(aaj_str_eq(p[1].name, AAJ_STR("a//b")));
    assert_int_equal(p[0].bytes.n + p[1].bytes.n + p[2].bytes.n, blob.n);
    first = p[0].bytes.n;
    second = first + p[1].bytes.n;
    assert_int_equal(aaj_piece_mode(&p[0]), AAJ_COMPLAIN);
    assert_int_equal(aaj_piece_mode(&p[1]), AAJ_COMPLAIN); /* by the version's bit */
    assert_int_equal(aaj_piece_mode(&p[2]), AAJ_KILL);

    assert_int_equal(aaj_blob_set_mode(p, n, AAJ_ENFORCE, &arena, &out, &changed), 0);
    assert_int_equal(changed, 2); /* kill enforces already */
    assert_int_equal(out.n, blob.n);
    assert_int_equal(aaj_blob_split(out, &arena, &why, &p, &n), 0);
    assert_int_equal(aaj_piece_mode(&p[0]), AAJ_ENFORCE);
    assert_int_equal(aaj_piece_mode(&p[1]), AAJ_ENFORCE);
    assert_int_equal(aaj_piece_mode(&p[2]), AAJ_KILL);
    assert_int_equal(aaj_blob_set_mode(p, n, AAJ_COMPLAIN, &arena, &out, &changed), 0);
    assert_int_equal(changed, 3);

    /* Cut anywhere it is refused, but between profiles. */
    for (size_t cut = 1; cut < blob.n; cut++) {
        struct aaj_str part = aaj_str_head(blob, cut);
        int r = aaj_blob_split(part, &arena, &why, &p, &n);

        assert_int_equal(r, cut == first || cut == second ? 0 : -EINVAL);
    }
    aaj_arena_clear(&arena);
}

/* The kernel gives profiles back in its own order. */
static void test_same(void **state)
{
    static const char proved[] = PROFILE("\0", "\0", "\x05\x02\0a\0") PROFILE("\0", "\0", "\x05\x05\0a//b\0")
        PROFILE("\0", "\0", "\x05\x05\0a//c\0");
    static const char given[] = PROFILE("\0", "\0", "\x05\x02\0a\0") PROFILE("\0", "\x01", "\x05\x05\0a//c\0")
        PROFILE("\0", "\0", "\x05\x05\0a//b\0");
    static const char fewer[] = PROFILE("\0", "\0", "\x05\x02\0a\0") PROFILE("\0", "\0", "\x05\x05\0a//b\0");
    struct aaj_str a = { proved, sizeof(proved) - 1 }, b = { given, sizeof(given) - 1 }, c = { fewer, sizeof(fewer) - 1 };
    struct aaj_arena arena = AAJ_ARENA_INIT;

    assert_true(aaj_blob_same(a, b, false, &arena));
    assert_false(aaj_blob_same(a, b, true, &arena));
    assert_true(aaj_blob_same(b, b, true, &arena));
    assert_false(aaj_blob_same(a, c, false, &arena));
    assert_false(aaj_blob_same(a, aaj_str_head(a, a.n - 1), false, &arena));
    aaj_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check), cmocka_unit_test(test_check_change), cmocka_unit_test(test_list), cmocka_unit_test(test_tasks),
        cmocka_unit_test(test_bears), cmocka_unit_test(test_split), cmocka_unit_test(test_same),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
