/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "ceiling/ceiling.h"

static struct aaj_ceiling *shipped(void)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_ceiling *c;

    if (aaj_ceiling_open(getenv("AAJ_SOURCE"), &diags, &c) < 0) {
        aaj_diags_print(stderr, &diags, false);
        fail_msg("the shipped ceiling is not sound");
    }
    assert_int_equal(diags.n, 0);
    return c;
}

static void assert_file(struct aaj_ceiling *c, const char *pattern, bool literal, uint32_t mask, const char *id,
                        const char *witness)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_crossing got = { 0 };
    int r = aaj_ceiling_crosses_file(c, aaj_str_c(pattern), literal, mask, NULL, &arena, &got);

    if (r != (id != NULL))
        fail_msg("%s: %d, expected %s%s%.*s", pattern, r, id ? id : "no crossing", r == 1 ? ", got " : "",
                 r == 1 ? (int)got.item->id.n : 0, r == 1 ? got.item->id.p : "");
    if (id) {
        assert_string_equal(aaj_arena_dup(&arena, got.item->id).p, id);
        assert_string_equal(got.name.p, witness ? witness : pattern);
    }
    aaj_arena_clear(&arena);
}

static void test_names(void **state)
{
    struct aaj_ceiling *c = shipped();

    assert_file(c, "/etc/shadow", true, AAJ_MAY_READ, "credentials", NULL);
    assert_file(c, "/etc/passwd", true, AAJ_MAY_READ, NULL, NULL);
    assert_file(c, "/etc/passwd", true, AAJ_MAY_CREATE, "system-code", NULL);
    assert_file(c, "/etc/ssl/private/a.key", true, AAJ_MAY_READ, "private-keys", NULL);
    assert_file(c, "/etc/letsencrypt/live/h/fullchain.pem", true, AAJ_MAY_READ, NULL, NULL);
    assert_file(c, "/etc/letsencrypt/live/h/privkey.pem", true, AAJ_MAY_READ, "private-keys", NULL);
    assert_file(c, "/home/u/.ssh/id_rsa", true, AAJ_MAY_READ, "private-keys", NULL);
    assert_file(c, "/proc/sys/kernel/core_pattern", true, AAJ_MAY_WRITE, "kernel-control", NULL);
    assert_file(c, "/proc/sys/kernel/core_pattern", true, AAJ_MAY_READ, NULL, NULL);
    assert_file(c, "/dev/sda1", true, AAJ_MAY_READ, "devices", NULL);
    assert_file(c, "/dev/null", true, AAJ_MAY_READ | AAJ_MAY_WRITE, NULL, NULL);
    assert_file(c, "/run/docker.sock", true, AAJ_MAY_WRITE, "control-sockets", NULL);
    assert_file(c, "/usr/bin/sudo", true, AAJ_MAY_EXEC, "setuid-executables", NULL);
    assert_file(c, "/srv/app/db/x", true, AAJ_MAY_WRITE | AAJ_MAY_READ | AAJ_MAY_LOCK, NULL, NULL);
    assert_file(c, "/srv/app/tool", true, AAJ_MAY_WRITE | AAJ_MAY_EXEC, "write-and-exec", NULL);
    /* The pattern's characters are bytes of a name when it is literal. */
    assert_file(c, "/etc/shado*", true, AAJ_MAY_READ, NULL, NULL);
    aaj_ceiling_free(c);
}

static void test_globs_have_a_witness(void **state)
{
    struct aaj_ceiling *c = shipped();

    assert_file(c, "/etc/shado*", false, AAJ_MAY_READ, "credentials", "/etc/shadow");
    assert_file(c, "/etc/s*w*", false, AAJ_MAY_READ, "credentials", "/etc/shadow");
    assert_file(c, "/{srv,home}/a/**", false, AAJ_MAY_WRITE, "system-code", "/home/a/.zsh");
    assert_file(c, "/srv/app/*.db", false, AAJ_MAY_WRITE, NULL, NULL);
    assert_file(c, "/{srv,boot}/x", false, AAJ_MAY_WRITE, "system-code", "/boot/x");
    assert_file(c, "/dev/sd[a-z]", false, AAJ_MAY_READ, "devices", "/dev/sda");
    aaj_ceiling_free(c);
}

static void assert_access(struct aaj_ceiling *c, enum aaj_class class, const char *a, const char *b,
                          uint32_t mask, const char *id)
{
    struct aaj_str arg[AAJ_ARGS] = { aaj_str_c(a), aaj_str_c(b) };
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_crossing got;
    int r = aaj_ceiling_crosses_access(c, class, arg, mask, AAJ_STR("app"), NULL, &arena, &got);

    if (r != (id != NULL))
        fail_msg("%s %s: %d, expected %s", aaj_class_info[class].name, a, r, id ? id : "no crossing");
    if (id)
        assert_string_equal(aaj_arena_dup(&arena, got.item->id).p, id);
    aaj_arena_clear(&arena);
}

static void test_other_classes(void **state)
{
    struct aaj_ceiling *c = shipped();

    assert_access(c, AAJ_CLASS_CAPABILITY, "sys_admin", NULL, 0, "capabilities");
    assert_access(c, AAJ_CLASS_CAPABILITY, "setuid", NULL, 0, NULL);
    assert_access(c, AAJ_CLASS_NET, "inet", "raw", 1, "raw-sockets");
    assert_access(c, AAJ_CLASS_NET, "packet", "dgram", 1, "raw-sockets");
    assert_access(c, AAJ_CLASS_NET, "inet", "stream", 1, NULL);
    assert_access(c, AAJ_CLASS_NET, "netlink", "raw", 1, NULL);
    assert_access(c, AAJ_CLASS_PTRACE, "unconfined", NULL, 1, "trace-strangers");
    assert_access(c, AAJ_CLASS_PTRACE, "unconfined", NULL, 4, NULL); /* being read */
    assert_access(c, AAJ_CLASS_PTRACE, "app//child", NULL, 2, NULL);
    assert_access(c, AAJ_CLASS_PTRACE, "app-other", NULL, 2, "trace-strangers");
    assert_access(c, AAJ_CLASS_MOUNT, "/mnt", NULL, 0, "mounting");
    assert_access(c, AAJ_CLASS_SIGNAL, "unconfined", "term", 1, NULL);
    aaj_ceiling_free(c);
}

static int apply(struct aaj_ceiling *c, const char *text, struct aaj_diags *diags)
{
    struct aaj_manifest *m;
    int r;

    assert_int_equal(aaj_manifest_parse(aaj_str_c(text), AAJ_STR("m.yaml"), diags, &m), 0);
    r = aaj_ceiling_apply(c, m, diags);
    aaj_manifest_free(m);
    return r;
}

#define HEAD "jail: app\nslave: /srv/app/bin/app\n"

static void test_a_manifest_opens_only_what_it_says(void **state)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_ceiling *c = shipped();

    assert_int_equal(apply(c, HEAD "roots: [ /usr/local/app ]\nvariables: { K: /etc/ssl/private }\n"
                              "lift: [ private-keys, capabilities ]\n"
                              "rules: [ '@{K}/app.key r,', 'capability net_admin,' ]\n"
                              "exec: { /usr/sbin/exim4: child }\n",
                           &diags), 0);
    assert_int_equal(diags.n, 0);
    assert_file(c, "/etc/ssl/private/app.key", true, AAJ_MAY_READ, NULL, NULL);
    assert_file(c, "/etc/ssl/private/app.key", true, AAJ_MAY_READ | AAJ_MAY_LOCK, "private-keys", NULL);
    assert_file(c, "/etc/ssl/private/other.key", true, AAJ_MAY_READ, "private-keys", NULL);
    assert_access(c, AAJ_CLASS_CAPABILITY, "net_admin", NULL, 0, NULL);
    assert_access(c, AAJ_CLASS_CAPABILITY, "sys_admin", NULL, 0, "capabilities");
    assert_file(c, "/usr/local/app/db", true, AAJ_MAY_WRITE, NULL, NULL);
    assert_file(c, "/usr/local/other", true, AAJ_MAY_WRITE, "system-code", NULL);
    assert_file(c, "/usr/sbin/exim4", true, AAJ_MAY_EXEC, NULL, NULL);
    assert_file(c, "/usr/sbin/exim", true, AAJ_MAY_EXEC, "setuid-executables", NULL);
    aaj_ceiling_free(c);
}

/* What is written and mapped crosses by its nature, wherever it lies: but not in what the manifest opens. */
static void test_a_manifest_opens_what_is_written_and_mapped(void **state)
{
    const uint32_t both = AAJ_MAY_WRITE | AAJ_MAY_READ | AAJ_MAY_MMAP;
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_ceiling *c = shipped();

    assert_int_equal(apply(c, HEAD "lift: [ write-and-exec ]\nrules: [ 'owner /tmp/lib-*.so mrw,' ]\n", &diags), 0);
    assert_int_equal(diags.n, 0);
    assert_file(c, "/tmp/lib-1.so", true, both, NULL, NULL);
    assert_file(c, "/tmp/lib-[0-9].so", false, both, NULL, NULL);
    assert_file(c, "/tmp/lib-*.s[op]", false, both, "write-and-exec", "/tmp/lib-.sp");
    assert_file(c, "/srv/*/plugin.so", false, both, "write-and-exec", "/srv/a/plugin.so");
    aaj_ceiling_free(c);
}

static void assert_refused(const char *text, const char *message, uint32_t line)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_ceiling *c = shipped();

    assert_int_equal(apply(c, text, &diags), -EINVAL);
    assert_true(diags.n >= 1);
    if (!strstr(diags.item[0].message.p, message))
        fail_msg("'%s' is not in '%s'", message, diags.item[0].message.p);
    assert_int_equal(diags.item[0].loc.line, line);
    aaj_diags_clear(&diags);
    aaj_ceiling_free(c);
}

static void test_a_manifest_is_refused_with_its_place(void **state)
{
    assert_refused(HEAD "rules: [ '/etc/shadow r,' ]\n", "write `lift: [ credentials ]`", 3);
    assert_refused(HEAD "rules: [ '/srv/*.so mrw,' ]\n", "write `lift: [ write-and-exec ]`", 3);
    assert_refused(HEAD "lift: [ credential ]\n", "there is no ceiling item 'credential'; there are credentials", 3);
    assert_refused(HEAD "never: [ '/srv/x/** r,' ]\nrules: [ '/srv/x/y r,' ]\n", "which 'never' forbids", 4);
    assert_refused(HEAD "never: [ 'nonsense' ]\n", "expected", 3);
    /* One rule, two items: each has to be lifted. */
    assert_refused(HEAD "lift: [ credentials ]\nrules: [ '/etc/shadow rw,' ]\n", "system-code", 4);
}

static void test_never_and_other_jails(void **state)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_ceiling *c = shipped();

    assert_int_equal(aaj_ceiling_add_root(c, AAJ_STR("shop"), AAJ_STR("/srv/sh[o]p/")), 0);
    assert_int_equal(apply(c, HEAD "never: [ '/srv/app/secret/** r,', 'network inet6,' ]\n", &diags), 0);
    assert_file(c, "/srv/sh[o]p", true, AAJ_MAY_READ, "other-jails", NULL);
    assert_file(c, "/srv/sh[o]p/a/b", true, AAJ_MAY_READ, "other-jails", NULL);
    assert_file(c, "/srv/shop/a", true, AAJ_MAY_READ, NULL, NULL);
    assert_file(c, "/srv/app/secret/a", true, AAJ_MAY_READ, "never", NULL);
    assert_file(c, "/srv/app/secret/a", true, AAJ_MAY_LOCK, NULL, NULL);
    assert_access(c, AAJ_CLASS_NET, "inet6", "stream", 1, "never");
    assert_access(c, AAJ_CLASS_NET, "inet", "stream", 1, NULL);
    aaj_ceiling_free(c);
}

static void test_facts_tell_setuid(void **state)
{
    struct aaj_fact fact = { .path = AAJ_STR("/opt/tool"), .type = 'f', .mode = 04755 };
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_ceiling *c = shipped();
    struct aaj_crossing got;
    struct aaj_fsview *view;

    assert_int_equal(aaj_fsview_new(&view), 0);
    assert_int_equal(aaj_fsview_add(view, &fact), 0);
    assert_int_equal(aaj_ceiling_crosses_file(c, AAJ_STR("/opt/tool"), true, AAJ_MAY_EXEC, view, &arena, &got), 1);
    assert_int_equal(aaj_ceiling_crosses_file(c, AAJ_STR("/opt/tool"), true, AAJ_MAY_READ, view, &arena, &got), 0);
    assert_int_equal(aaj_ceiling_crosses_file(c, AAJ_STR("/opt/tool2"), true, AAJ_MAY_EXEC, view, &arena, &got), 0);
    aaj_arena_clear(&arena);
    aaj_fsview_free(view);
    aaj_ceiling_free(c);
}

static void test_a_broken_ceiling_is_located(void **state)
{
    static const char *const bad[] = {
        "a:\n  rules: [ '/x r,' ]\n", "a:\n  reason: b\n", "a:\n  reason: b\n  rules: [ 'x' ]\n",
        "a:\n  reason: b\n  rules: [ '/x q,' ]\n", "a:\n  reason: b\n  rules: [ '/{x r,' ]\n",
        "a:\n  reason: b\n  rules: [ 'deny /x r,' ]\n", "a:\n  reason: b\n  what: c\n",
        "tolerated: [ { item: no } ]\n", "- a\n", "a: b\n",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct aaj_diags diags = AAJ_DIAGS_INIT;
        struct aaj_ceiling *c = NULL;

        if (aaj_ceiling_parse(aaj_str_c(bad[i]), AAJ_STR("c.yaml"), &diags, &c) != -EINVAL || !diags.errors ||
            !diags.item[0].loc.line)
            fail_msg("accepted, or refused without a place: %s", bad[i]);
        assert_null(c);
        aaj_diags_clear(&diags);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_globs_have_a_witness),
        cmocka_unit_test(test_other_classes),
        cmocka_unit_test(test_a_manifest_opens_only_what_it_says),
        cmocka_unit_test(test_a_manifest_opens_what_is_written_and_mapped),
        cmocka_unit_test(test_a_manifest_is_refused_with_its_place),
        cmocka_unit_test(test_never_and_other_jails),
        cmocka_unit_test(test_facts_tell_setuid),
        cmocka_unit_test(test_a_broken_ceiling_is_located),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
