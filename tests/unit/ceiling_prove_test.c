/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ceiling against what apparmor_parser makes of a profile. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "ceiling/ceiling.h"
#include "compile/compile.h"

static struct aaj_target *target;

static int setup(void **state)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    int r = aaj_target_open("debian12", getenv("AAJ_SOURCE"), &diags, &target);

    aaj_diags_print(stderr, &diags, false);
    return r;
}

static int teardown(void **state)
{
    aaj_target_free(target);
    return 0;
}

static int found(void *ctx, const struct aaj_match_profile *p, const struct aaj_crossing *c)
{
    fprintf(ctx, "%.*s: %.*s: %.*s\n", AAJ_STR_ARG(p->name), AAJ_STR_ARG(c->item->id), AAJ_STR_ARG(c->name));
    return 0;
}

/* "profile: item: witness" for each crossing of a profile with this body. */
static char *prove(struct aaj_ceiling *c, const char *head, const char *body, struct aaj_fsview *files)
{
    struct aaj_compile compile = { .target = target, .file = AAJ_STR("t") };
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str text, blob;
    struct aaj_match *match;
    char *out;
    size_t n;
    FILE *f = open_memstream(&out, &n);

    text = aaj_arena_printf(&arena, "abi <abi/3.0>,\n%s\nprofile t /usr/bin/t {\n%s\n}\n", head, body);
    if (aaj_compile(&compile, text, &arena, &diags, &blob) < 0) {
        aaj_diags_print(stderr, &diags, false);
        fail_msg("does not compile: %s", text.p);
    }
    assert_int_equal(aaj_match_open(blob, AAJ_STR("t"), &diags, &match), 0);
    for (size_t i = 0; i < aaj_match_count(match); i++)
        assert_int_equal(aaj_ceiling_prove(c, aaj_match_profile(match, i), files, found, f), 0);
    aaj_match_free(match);
    aaj_diags_clear(&diags);
    aaj_arena_clear(&arena);
    fclose(f);
    return out;
}

static struct aaj_ceiling *shipped(void)
{
    struct aaj_ceiling *c;

    assert_int_equal(aaj_ceiling_open(getenv("AAJ_SOURCE"), NULL, &c), 0);
    return c;
}

static void assert_proof(const char *body, const char *want)
{
    struct aaj_ceiling *c = shipped();
    char *got = prove(c, "", body, NULL);

    if (strcmp(got, want) != 0)
        fail_msg("%s\ngave:\n%swanted:\n%s", body, got, want);
    free(got);
    aaj_ceiling_free(c);
}

static void test_file_items_have_a_witness(void **state)
{
    assert_proof("/srv/app/** r, /srv/app/db/*.db rwk, /usr/bin/true ix, /proc/[0-9]*/stat r,", "");
    assert_proof("/srv/app/data/[0-9]* rwk, /usr/lib/** mr,", "");
    assert_proof("/etc/s* r,", "t: credentials: /etc/shadow\n");
    assert_proof("/etc/* r, deny /etc/{cifs,fstab,ipsec}* r, deny /etc/shadow* r,", "t: credentials: /etc/gshadow\n");
    assert_proof("/proc/sys/kernel/core_patter[n] w,", "t: kernel-control: /proc/sys/kernel/core_pattern\n");
    assert_proof("owner /etc/gshadow r,", "t: credentials: /etc/gshadow\n");
    assert_proof("/dev/{null,zero} rw, /dev/sd? rw,", "t: devices: /dev/sda\n");
    assert_proof("profile c { /boot/x w, } /usr/bin/true cx -> c,", "t//c: system-code: /boot/x\n");
}

static void test_items_by_nature(void **state)
{
    /* Two rules that are each harmless. */
    assert_proof("/srv/up/*.png rw, /srv/up/x* ix,", "t: write-and-exec: /srv/up/x.png\n");
    assert_proof("/srv/a/* rw, /srv/b/* mr,", "");
    assert_proof("/usr/bin/id ux,", "t: unconfined-exec: /usr/bin/id\n");
    assert_proof("/usr/bin/id pux,", "t: unconfined-exec: /usr/bin/id\n");
    assert_proof("/usr/bin/id px,", "");
    assert_proof("/usr/{,s}bin/s?do ix,", "t: setuid-executables: /usr/bin/sudo\n");
}

static void test_other_classes(void **state)
{
    assert_proof("capability setuid, capability sys_admin,", "t: capabilities: capability sys_admin\n");
    assert_proof("network inet stream, network inet6 dgram, network netlink raw,", "");
    assert_proof("network inet,", "t: raw-sockets: net inet raw\n");
    assert_proof("network packet,", "t: raw-sockets: net packet stream\n");
    assert_proof("ptrace (read, trace) peer=t, ptrace (readby), ptrace trace peer=t//c,", "");
    assert_proof("ptrace (trace) peer=foo,", "t: trace-strangers: ptrace foo\n");
    assert_proof("mount options=ro /dev/sr0 -> /mnt/,", "t: mounting: mount mount\n");
    assert_proof("umount /mnt/,", "t: mounting: mount umount\n");
    assert_proof("change_profile -> t//child,", "");
    assert_proof("change_profile -> other,", "t: change-profile: change_profile other\n");
    assert_proof("signal (send) set=(term) peer=unconfined,", "");
}

static void test_setuid_comes_from_the_facts(void **state)
{
    struct aaj_fact fact = { .path = AAJ_STR("/opt/bin/tool"), .type = 'f', .mode = 04755 };
    struct aaj_ceiling *c = shipped();
    struct aaj_fsview *view;
    char *got;

    assert_int_equal(aaj_fsview_new(&view), 0);
    assert_int_equal(aaj_fsview_add(view, &fact), 0);
    got = prove(c, "", "/opt/bin/* ix,", view);
    assert_string_equal(got, "t: setuid-executables: /opt/bin/tool\n");
    free(got);
    got = prove(c, "", "/opt/bin/* r, /opt/bin/x* ix,", view);
    assert_string_equal(got, "");
    free(got);
    aaj_fsview_free(view);
    aaj_ceiling_free(c);
}

/* AppArmor's own abstractions pass, or what they open is known and named here. */
static void test_abstractions(void **state)
{
    static const struct {
        const char *name, *includes, *crossings;
    } abstraction[] = {
        { "base", "base", "" },
        { "nameservice", "nameservice kerberosclient", "" },
        { "nameservice", "nameservice", "t: credentials: /etc/krb5.keytab\n" },
        { "openssl", "", "" },
        { "ssl_certs", "", "" },
        { "php", "", "" },
        { "perl", "", "" },
        { "python", "", "" },
        { "ruby", "", "" },
        { "mysql", "", "" },
        { "user-tmp", "", "" },
        { "ssl_keys", "", "t: private-keys: /etc/ssl/private/a\n" },
    };

    for (size_t i = 0; i < sizeof(abstraction) / sizeof(abstraction[0]); i++) {
        struct aaj_ceiling *c = shipped();
        char body[128], includes[128], *got, *save = NULL;

        snprintf(body, sizeof(body), "include <abstractions/%s>", abstraction[i].name);
        snprintf(includes, sizeof(includes), "%s", abstraction[i].includes);
        for (char *word = strtok_r(includes, " ", &save); word; word = strtok_r(NULL, " ", &save))
            assert_int_equal(aaj_ceiling_tolerate(c, aaj_str_c(word)), 0);
        got = prove(c, "include <tunables/global>", body, NULL);
        if (strcmp(got, abstraction[i].crossings) != 0)
            fail_msg("%s:\n%swanted:\n%s", abstraction[i].name, got, abstraction[i].crossings);
        free(got);
        aaj_ceiling_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_items_have_a_witness),
        cmocka_unit_test(test_items_by_nature),
        cmocka_unit_test(test_other_classes),
        cmocka_unit_test(test_setuid_comes_from_the_facts),
        cmocka_unit_test(test_abstractions),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
