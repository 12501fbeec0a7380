/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each clause of the proof, on a profile that passes and on profiles made to break it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/grow.h"
#include "check/proof.h"

static struct aaj_target *target;

static int setup(void **state)
{
    return aaj_target_open("debian12", getenv("AAJ_SOURCE"), NULL, &target);
}

static int teardown(void **state)
{
    aaj_target_free(target);
    return 0;
}

static const struct aaj_str names[] = { AAJ_STR_INIT("app"), AAJ_STR_INIT("app//sh") };

static const char text[] = "abi <abi/3.0>,\n"
                           "profile app /srv/app/run {\n"
                           "  /srv/app/run mr,\n"
                           "  /srv/app/conf r,\n"
                           "  owner /srv/app/db/* rwk,\n"
                           "  /usr/bin/dash cx -> sh,\n"
                           "  network inet stream,\n"
                           "  profile sh {\n"
                           "    /usr/bin/dash mr,\n"
                           "  }\n"
                           "}\n";

static struct aaj_proof_input input(const char *policy)
{
    return (struct aaj_proof_input){ .target = target, .text = aaj_str_c(policy), .file = AAJ_STR("app.aa"),
                                     .name = names, .n_names = 2 };
}

/* Runs the proof; @clause -1: everything holds, else that clause alone fails with @message in a finding. */
static void assert_proof(const struct aaj_proof_input *in, int clause, const char *message)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_proof_result out;
    bool said = false;
    int r = aaj_proof_run(in, &diags, &out);

    if (clause < 0 && r != 0)
        aaj_diags_print(stderr, &diags, false);
    assert_int_equal(r, clause >= 0);
    for (int i = 0; i < AAJ_PROOF_CLAUSES && clause != AAJ_PROOF_COMPILES; i++)
        if (out.ok[i] != (i != clause)) {
            aaj_diags_print(stderr, &diags, false);
            fail_msg("clause %s is %s", aaj_proof_clause_name((enum aaj_proof_clause)i), out.ok[i] ? "ok" : "not ok");
        }
    for (size_t i = 0; message && i < diags.n; i++)
        said = said || strstr(diags.item[i].message.p, message);
    if (message && !said) {
        aaj_diags_print(stderr, &diags, false);
        fail_msg("no finding says: %s", message);
    }
    aaj_diags_clear(&diags);
    aaj_proof_clear(&out);
}

static void test_a_sound_profile_is_proved(void **state)
{
    struct aaj_proof_input in = input(text);

    assert_proof(&in, -1, NULL);
}

/* A recording of events given as file NAME MASK OWNER. */
static struct aaj_recording *record(const struct aaj_event *event, size_t n)
{
    struct aaj_recording *rec;

    assert_int_equal(aaj_recording_new(&rec), 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(aaj_recording_add(rec, &event[i], AAJ_STR("type=AVC the line")), 0);
    return rec;
}

#define EVENT(c, o, name, mask, uid)                                                               \
    {                                                                                              \
        .mode = AAJ_MODE_ALLOWED, .class = AAJ_CLASS_##c, .op = AAJ_STR_INIT(o),                   \
        .label = AAJ_STR_INIT("old"), .arg[0] = AAJ_STR_INIT(name), .requested = (mask),           \
        .denied = (mask), .fsuid = 1, .ouid = (uid)                                                \
    }

static void assert_learned(const struct aaj_event event, const char *into, const char *message)
{
    struct aaj_recording *rec = record(&event, 1);
    struct aaj_proof_grant grant = { 0, names[0], aaj_str_c(into) };
    struct aaj_proof_input in = input(text);

    in.recording = rec;
    in.grant = &grant;
    in.n_grants = 1;
    assert_proof(&in, message ? AAJ_PROOF_LEARNED : -1, message);
    aaj_recording_free(rec);
}

static void test_1_what_was_learned_is_allowed(void **state)
{
    assert_learned((struct aaj_event)EVENT(FILE, "open", "/srv/app/conf", AAJ_MAY_READ, 0), NULL, NULL);
    assert_learned((struct aaj_event)EVENT(FILE, "open", "/srv/app/conf", AAJ_MAY_WRITE, 0), NULL,
                   "app may not w /srv/app/conf (open)");
    assert_learned((struct aaj_event)EVENT(FILE, "open", "/srv/app/conf", AAJ_MAY_WRITE, 0), NULL,
                   "the event: type=AVC the line");
    assert_learned((struct aaj_event)EVENT(FILE, "mknod", "/srv/app/db/a", AAJ_MAY_CREATE, 1), NULL, NULL);
    assert_learned((struct aaj_event)EVENT(FILE, "open", "/srv/app/db/a", AAJ_MAY_READ, 0), NULL,
                   "app may not r /srv/app/db/a");
    assert_learned((struct aaj_event)EVENT(FILE, "getattr", "/nothing", AAJ_MAY_READ, 0), NULL, NULL);
    assert_learned((struct aaj_event)EVENT(EXEC, "exec", "/usr/bin/dash", AAJ_MAY_EXEC, 0), "app//sh", NULL);
    assert_learned((struct aaj_event)EVENT(EXEC, "exec", "/usr/bin/dash", AAJ_MAY_EXEC, 0), "app",
                   "gets into app//sh instead of app");
    assert_learned((struct aaj_event)EVENT(CAPABILITY, "capable", "chown", 0, 0), NULL, "is refused capability chown");
}

static void test_2_nothing_under_the_ceiling(void **state)
{
    struct aaj_proof_input in = input("abi <abi/3.0>,\nprofile app { /etc/s* r, profile sh { capability sys_admin, } }\n");

    assert_int_equal(aaj_ceiling_open(getenv("AAJ_SOURCE"), NULL, &in.ceiling), 0);
    assert_proof(&in, AAJ_PROOF_CEILING, "app is granted r of /etc/shadow");
    assert_proof(&in, AAJ_PROOF_CEILING, "by the rule `/etc/s* r,`");
    assert_proof(&in, AAJ_PROOF_CEILING, "app//sh is granted capability sys_admin");
    in.text = AAJ_STR("profile app flags=(unconfined) { profile sh { } }");
    assert_proof(&in, AAJ_PROOF_CEILING, "it confines nothing");
    aaj_ceiling_free(in.ceiling);
}

static void assert_rule(const char *rule, struct aaj_str name, const char *message)
{
    struct aaj_proof_rule r[3] = { { AAJ_STR("/a/b r,"), AAJ_STR("/a/b"), { .line = 0 } },
                                   { aaj_str_c(rule), name, { .line = 7 } },
                                   { AAJ_STR("owner \"/c d\" rwk,"), AAJ_STR("/c d"), { .line = 0 } } };
    struct aaj_proof_input in = input(text);

    in.rule = r;
    in.n_rules = 3;
    assert_proof(&in, message ? AAJ_PROOF_LITERAL : -1, message);
}

static void test_3_a_literal_rule_is_one_name(void **state)
{
    assert_rule("\"/x\\{a,b\\}\\[c\\]\\*\\?\" rw,", AAJ_STR("/x{a,b}[c]*?"), NULL);
    assert_rule("/x ix,", AAJ_STR("/x"), NULL);
    assert_rule("/x cx -> y,", AAJ_STR("/x"), NULL);
    assert_rule("/x l,", AAJ_STR("/x"), NULL);
    assert_rule("/x* r,", AAJ_STR("/x*"), "matches another name, too: /x");
    assert_rule("/x? r,", AAJ_STR("/x?"), "matches another name, too: /x");
    assert_rule("/x{a,b} r,", AAJ_STR("/x{a,b}"), "does not match it");
    assert_rule("/x[ab] r,", AAJ_STR("/x[ab]"), "does not match it");
    assert_rule("/back\\slash r,", AAJ_STR("/back\\slash"), "does not match it");
    assert_rule("/x r, /y r,", AAJ_STR("/x"), "matches another name, too: /y");
    assert_rule("/x r, capability chown,", AAJ_STR("/x"), "grants a capability, too");
    assert_rule("/x r, } profile evil { /** rwlkm,", AAJ_STR("/x"), "is not one rule");
    assert_rule("/x r", AAJ_STR("/x"), "is not one rule");
    assert_rule("# nothing", AAJ_STR("/x"), "does not match it");
}

static void test_3_finds_a_broken_rule_among_many(void **state)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_proof_rule r[3000] = { 0 };
    struct aaj_proof_input in = input(text);

    for (unsigned i = 0; i < AAJ_ARRAY_SIZE(r); i++) {
        r[i].name = aaj_arena_printf(&arena, "/srv/app/data/%u/index.html", i);
        r[i].text = aaj_arena_printf(&arena, "%s rw,", r[i].name.p);
        r[i].loc.line = i + 1;
    }
    in.rule = r;
    in.n_rules = AAJ_ARRAY_SIZE(r);
    assert_proof(&in, -1, NULL);
    r[2345].text = AAJ_STR("/srv/app/data/[0-9]/x y rw,");
    assert_proof(&in, AAJ_PROOF_LITERAL, "is not one rule");
    aaj_arena_clear(&arena);
}

static void test_4_names(void **state)
{
    struct aaj_proof_input in = input("profile app { profile sh { } profile more { } }");

    assert_proof(&in, AAJ_PROOF_NAMES, "defines profile app//more, which nobody asked for");
    in.text = AAJ_STR("profile app { }");
    assert_proof(&in, AAJ_PROOF_NAMES, "profile app//sh is missing");
    in.text = AAJ_STR("profile app { profile sh { } } profile evil { }");
    assert_proof(&in, AAJ_PROOF_NAMES, "evil");
}

static void test_5_compiles(void **state)
{
    struct aaj_proof_input in = input("profile app { /x q, }");

    assert_proof(&in, AAJ_PROOF_COMPILES, "does not compile for debian12");
    in.text = aaj_str_c("profile app { /**a**b**c**d**e**f**g**h**i**j**k**l**m**n**o**p r, /**1**2**3**4**5**6**7**8**9 r, }");
    in.timeout_ms = 1;
    assert_proof(&in, AAJ_PROOF_COMPILES, "does not compile for debian12");
}

static int rm(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    return remove(path);
}

static void put(const char *dir, const char *name, const char *content)
{
    char path[300];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(aaj_file_write(path, aaj_str_c(content), 0644), 0);
}

static void test_6_no_other_profile_attaches(void **state)
{
    static const char *const others[] = {
        "/srv/app/run { }\n",
        "profile glob /srv/{app,shop}/r?n flags=(complain) { }\n",
        "@{S} = /srv/app /opt\nprofile var @{S}/run { }\n",
    };
    char dir[] = "/tmp/aaj-proof-XXXXXX", path[300];
    struct aaj_proof_input in = input(text);

    assert_non_null(mkdtemp(dir));
    in.profiles = dir;
    in.attachment = AAJ_STR("/srv/app/run");
    in.own_file = AAJ_STR("aajail.app");
    put(dir, "aajail.app", text);
    put(dir, "other", "profile other /srv/app/runner { /srv/app/run rix, }\nprofile named { }\n");
    put(dir, "broken", "profile {{{ \n");
    put(dir, "old.dpkg-old", "/srv/app/run { }\n");
    assert_proof(&in, -1, NULL);
    for (size_t i = 0; i < AAJ_ARRAY_SIZE(others); i++) {
        put(dir, "zz", others[i]);
        assert_proof(&in, AAJ_PROOF_ATTACH, "attaches to /srv/app/run, too");
    }
    snprintf(path, sizeof(path), "%s/disable", dir);
    assert_int_equal(mkdir(path, 0755), 0);
    put(dir, "disable/zz", "");
    assert_proof(&in, -1, NULL);
    assert_int_equal(nftw(dir, rm, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void assert_tests(const char *tests, const char *message)
{
    struct aaj_proof_input in = input(text);
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_manifest *m;
    struct aaj_fact link = { .path = AAJ_STR("/bin/sh"), .type = 'l', .target = AAJ_STR("/usr/bin/dash") };
    struct aaj_str yaml = aaj_arena_printf(&arena, "jail: app\nslave: /srv/app/run\nvariables: { ROOT: /srv/app }\n"
                                                   "network: { allow: [ 'tcp 10.0.0.0/8:5432' ] }\n"
                                                   "tests:\n%s", tests);

    assert_int_equal(aaj_manifest_parse(yaml, AAJ_STR("m"), NULL, &m), 0);
    assert_int_equal(aaj_fsview_new(&in.files), 0);
    assert_int_equal(aaj_fsview_add(in.files, &link), 0);
    in.manifest = m;
    assert_proof(&in, message ? AAJ_PROOF_TESTS : -1, message);
    aaj_fsview_free(in.files);
    aaj_manifest_free(m);
    aaj_arena_clear(&arena);
}

static void test_policy_tests(void **state)
{
    assert_tests("  allow: [ '@{ROOT}/conf r', '/bin/sh x', 'tcp 10.1.2.3:5432', 'network inet stream' ]\n"
                 "  deny: [ '/etc/passwd rw', '/etc/** w', 'capability chown', 'tcp 127.0.0.1:25', '@{ROOT}/conf w' ]\n",
                 NULL);
    assert_tests("  allow: [ '@{ROOT}/conf w' ]\n", "app is denied /srv/app/conf");
    /* Only the owner may. */
    assert_tests("  allow: [ '@{ROOT}/db/x r' ]\n", "app is denied /srv/app/db/x");
    assert_tests("  deny: [ '@{ROOT}/db/x r' ]\n", "app is granted /srv/app/db/x (as the file's owner)");
    assert_tests("  deny: [ '/bin/sh x' ]\n", "app is granted /usr/bin/dash");
    assert_tests("  deny: [ '/bin/sh x' ]\n", "by the rule `/usr/bin/dash cx -> sh,`");
    assert_tests("  deny: [ '/usr/bin/d* r' ]\n", "app//sh is granted /usr/bin/dash");
    assert_tests("  allow: [ '/srv/app/con? r' ]\n", "is denied /srv/app/con");
    assert_tests("  deny: [ 'tcp 10.0.0.1' ]\n", "network.allow opens tcp 10.0.0.1");
    assert_tests("  allow: [ 'tcp 11.0.0.1:5432' ]\n", "does not open");
    assert_tests("  deny: [ 'nonsense' ]\n", "cannot be read");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sound_profile_is_proved),
        cmocka_unit_test(test_1_what_was_learned_is_allowed),
        cmocka_unit_test(test_2_nothing_under_the_ceiling),
        cmocka_unit_test(test_3_a_literal_rule_is_one_name),
        cmocka_unit_test(test_3_finds_a_broken_rule_among_many),
        cmocka_unit_test(test_4_names),
        cmocka_unit_test(test_5_compiles),
        cmocka_unit_test(test_6_no_other_profile_attaches),
        cmocka_unit_test(test_policy_tests),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
