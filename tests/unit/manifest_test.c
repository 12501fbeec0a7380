/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "manifest/manifest.h"

static struct aaj_manifest *parse(const char *text)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_manifest *m = NULL;
    int r = aaj_manifest_parse(aaj_str_c(text), AAJ_STR("t.yaml"), &diags, &m);

    if (r < 0)
        aaj_diags_print(stderr, &diags, false);
    assert_int_equal(r, 0);
    assert_int_equal(diags.n, 0);
    aaj_diags_clear(&diags);
    return m;
}

static void assert_text(struct aaj_scalar item, const char *text)
{
    if (!aaj_str_eq(item.text, aaj_str_c(text)))
        fail_msg("'%.*s' is not '%s'", AAJ_STR_ARG(item.text), text);
}

static void test_every_key(void **state)
{
    struct aaj_manifest *m = parse("jail: gapapp\n"
                                   "slave: /var/www/gapapp/gap.wt\n"
                                   "roots: [ /var/www/gapapp ]\n"
                                   "attach: unit\n"
                                   "unit: gapapp@1.service\n"
                                   "user: gapapp\n"
                                   "template: http-slave\n"
                                   "variables: { ROOT: /var/www/gapapp }\n"
                                   "rules:\n"
                                   "  - \"@{ROOT}/config r,\"\n"
                                   "  - \"@{ROOT}/db/* rw,\"\n"
                                   "lift: [ mail ]\n"
                                   "exec:\n"
                                   "  \"@{ROOT}/exehelper/foo\": inherit\n"
                                   "  default: deny\n"
                                   "network:\n"
                                   "  replies: false\n"
                                   "  log: true\n"
                                   "  allow: [ \"tcp [2001:db8::5]:443\", resolver ]\n"
                                   "never: [ \"/etc/letsencrypt/** r,\", { others: true } ]\n"
                                   "tests:\n"
                                   "  allow: [ \"@{ROOT}/config r\" ]\n"
                                   "  deny:  [ \"/usr/sbin/sendmail x\", \"/etc/passwd w\" ]\n");

    assert_text(m->jail, "gapapp");
    assert_text(m->slave, "/var/www/gapapp/gap.wt");
    assert_text(m->unit, "gapapp@1.service");
    assert_int_equal(m->attach, AAJ_ATTACH_UNIT);
    assert_int_equal(m->roots.n, 1);
    assert_int_equal(m->rules.n, 2);
    assert_text(m->rules.item[1], "@{ROOT}/db/* rw,");
    assert_int_equal(m->rules.item[1].loc.line, 11);
    assert_int_equal(m->rules.item[1].loc.column, 5);
    assert_int_equal(m->n_variables, 1);
    assert_text(m->variable[0].name, "ROOT");
    assert_int_equal(m->n_exec, 1);
    assert_int_equal(m->exec[0].action, AAJ_EXEC_INHERIT);
    assert_int_equal(m->exec_default, AAJ_EXEC_DENY);
    assert_true(m->network && !m->replies && m->log && m->log_group == -1);
    assert_int_equal(m->n_dests, 2);
    assert_int_equal(m->dest[1].kind, AAJ_DEST_RESOLVER);
    assert_int_equal(m->n_nevers, 2);
    assert_true(m->never[1].others);
    assert_int_equal(m->test_allow.n, 1);
    assert_int_equal(m->test_deny.n, 2);
    aaj_manifest_free(m);
}

static void test_defaults(void **state)
{
    struct aaj_manifest *m = parse("jail: a\r\nslave: /srv/a\r\n");

    assert_true(!m->network && m->replies);
    assert_int_equal(m->exec_default, AAJ_EXEC_CHILD);
    assert_int_equal(m->attach, AAJ_ATTACH_PATH);
    aaj_manifest_free(m);
    m = parse("jail: a\nslave: /srv/a\nunit: a.service\n");
    assert_int_equal(m->attach, AAJ_ATTACH_UNIT);
    aaj_manifest_free(m);
    m = parse("jail: a\nslave: /srv/a\nnetwork: { log: 65535 }\n");
    assert_true(m->log && m->log_group == 65535);
    aaj_manifest_free(m);
    m = parse("{ jail: blog, hat: blog, master: php-fpm }");
    aaj_manifest_free(m);
}

static void test_default_manifest(void **state)
{
    struct aaj_manifest *m = NULL;

    assert_int_equal(aaj_manifest_default(AAJ_STR("/usr/sbin/php-fpm8.2"), AAJ_STR("blog"), &m), 0);
    assert_text(m->jail, "php-fpm8.2");
    assert_text(m->user, "blog");
    aaj_manifest_free(m);
    m = NULL;
    assert_int_equal(aaj_manifest_default(AAJ_STR("/srv/-x\"\n{ y"), AAJ_STR(""), &m), 0);
    assert_text(m->jail, "_x____y");
    aaj_manifest_free(m);
    m = NULL;
    assert_int_equal(aaj_manifest_default(AAJ_STR("bin/x"), AAJ_STR(""), &m), -EINVAL);
    assert_int_equal(aaj_manifest_default(AAJ_STR("/"), AAJ_STR(""), &m), -EINVAL);
    assert_null(m);
}

static void test_destinations(void **state)
{
    static const struct {
        const char *text;
        enum aaj_dest_kind kind;
        int proto, family, prefix;
        const char *addr;
        unsigned lo, hi;
    } row[] = {
        { "tcp 127.0.0.1:5432", AAJ_DEST_ADDRESS, IPPROTO_TCP, AF_INET, 32, "127.0.0.1", 5432, 5432 },
        { "tcp [2001:db8::5]:443", AAJ_DEST_ADDRESS, IPPROTO_TCP, AF_INET6, 128, "2001:db8::5", 443, 443 },
        { "tcp 10.0.5.0/24:8000-8100", AAJ_DEST_ADDRESS, IPPROTO_TCP, AF_INET, 24, "10.0.5.0", 8000, 8100 },
        { "udp [2001:db8::]/32:53", AAJ_DEST_ADDRESS, IPPROTO_UDP, AF_INET6, 32, "2001:db8::", 53, 53 },
        { "any ::1", AAJ_DEST_ADDRESS, 0, AF_INET6, 128, "::1", 0, 65535 },
        { "any 0.0.0.0/0", AAJ_DEST_ADDRESS, 0, AF_INET, 0, "0.0.0.0", 0, 65535 },
        { "icmp 10.1.2.3", AAJ_DEST_ADDRESS, IPPROTO_ICMP, AF_INET, 32, "10.1.2.3", 0, 65535 },
        { "tcp db-1.example.org:5432", AAJ_DEST_HOST, IPPROTO_TCP, AF_UNSPEC, 0, NULL, 5432, 5432 },
        { "resolver", AAJ_DEST_RESOLVER, 0, AF_UNSPEC, 0, NULL, 53, 53 },
        { "resolver any", AAJ_DEST_ADDRESS, 0, AF_UNSPEC, 0, NULL, 53, 53 },
        { "resolver 10.0.0.53", AAJ_DEST_ADDRESS, 0, AF_INET, 32, "10.0.0.53", 53, 53 },
        { "resolver 2001:db8::53", AAJ_DEST_ADDRESS, 0, AF_INET6, 128, "2001:db8::53", 53, 53 },
        { "resolver [2001:db8::]/32", AAJ_DEST_ADDRESS, 0, AF_INET6, 32, "2001:db8::", 53, 53 },
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct aaj_dest d = { 0 };
        struct in6_addr addr;

        assert_int_equal(aaj_dest_parse(aaj_str_c(row[i].text), &d, NULL), 0);
        assert_int_equal(d.kind, row[i].kind);
        assert_int_equal(d.proto, row[i].proto);
        assert_int_equal(d.family, row[i].family);
        assert_int_equal(d.prefix, row[i].prefix);
        assert_int_equal(d.port_lo, row[i].lo);
        assert_int_equal(d.port_hi, row[i].hi);
        if (row[i].addr) {
            assert_int_equal(inet_pton(row[i].family, row[i].addr, &addr), 1);
            assert_memory_equal(&addr, &d.addr, row[i].family == AF_INET ? 4 : 16);
        }
    }
}

static void test_bad_destinations(void **state)
{
    static const char *const bad[] = {
        "", "tcp", "tcp ", "resolver ", "tcp 1.2.3.4:", "tcp 1.2.3.4:0", "tcp 1.2.3.4:080", "tcp 1.2.3.4:1-",
        "tcp 1.2.3.4/33", "tcp 1.2.3.4/", "tcp -a.org", "tcp a-.org", "tcp a..b", "tcp a.", "tcp .a", "tcp a b",
        "tcp [1.2.3.4]:5", "tcp [::1]5", "tcp [::1%lo]:5", "TCP 1.2.3.4", "tcp 2001:db8::1:x", "tcp 1.2.3",
        "tcp [::]/129", "any 1.2.3.4:5", "tcp 1.2.3.4 :5", "resolver 1.2.3.4:53", "resolver ns.example.org", "resolver any ",
        "resolver  any", "resolver 1.2.3.4/33", "resolvers", "resolver udp 1.2.3.4",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct aaj_dest d = { .prefix = 7 };
        const char *why = NULL;

        if (aaj_dest_parse(aaj_str_c(bad[i]), &d, &why) != -EINVAL)
            fail_msg("'%s' was taken", bad[i]);
        assert_non_null(why);
        assert_int_equal(d.prefix, 7);
    }
}

/* What one holds of the other, and whether they have anything in common. */
static void test_covers_and_touches(void **state)
{
    static const struct {
        const char *a, *b;
        bool covers, touches;
    } row[] = {
        { "tcp 10.0.0.0/8:80-90", "tcp 10.1.1.1:85", true, true },
        { "tcp 10.0.0.0/8:80-90", "tcp 10.0.0.0/8:90-95", false, true },
        { "tcp 10.0.0.0/8:80-90", "tcp 0.0.0.0/0:80", false, true },
        { "tcp 10.0.0.0/8:80-90", "tcp 10.1.1.1:91", false, false },
        { "tcp 10.0.0.0/8:80-90", "udp 10.1.1.1:85", false, false },
        { "tcp 10.0.0.0/8:80-90", "any 10.1.1.1", false, true },
        { "tcp 10.0.0.0/8:80-90", "tcp 11.0.0.1:85", false, false },
        { "tcp 10.0.0.0/8:80-90", "tcp [2001:db8::1]:85", false, false },
        { "any 10.0.0.0/8", "icmp 10.1.1.1", true, true },
        { "tcp a.example.org:80", "tcp a.example.org:80", true, true },
        { "tcp a.example.org:80", "tcp b.example.org:80", false, false },
        /* Which servers it is is not known here: nothing is held for sure, anything may be touched. */
        { "resolver", "resolver", true, true },
        { "resolver", "udp 192.0.2.53:53", false, true },
        { "resolver", "tcp [2001:db8::53]:53", false, true },
        { "resolver", "udp 192.0.2.53:54", false, false },
        { "resolver", "icmp 192.0.2.53", false, false },
        { "resolver", "tcp 127.0.0.1:25", false, false },
        { "resolver any", "resolver", true, true },
        { "resolver any", "resolver 192.0.2.53", true, true },
        { "resolver any", "udp [2001:db8::53]:53", true, true },
        { "resolver any", "udp 192.0.2.53:50-53", false, true },
        { "resolver any", "icmp 192.0.2.53", false, false },
        { "resolver 192.0.2.53", "resolver", true, true },
        { "resolver 192.0.2.53", "resolver any", false, true },
        { "resolver 192.0.2.53", "udp 192.0.2.53:53", true, true },
        { "resolver 192.0.2.53", "udp 192.0.2.54:53", false, false },
        { "any 192.0.2.0/24", "resolver 192.0.2.53", true, true },
        { "udp 192.0.2.53:53", "resolver 192.0.2.53", false, true },
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct aaj_dest a, b;

        assert_int_equal(aaj_dest_parse(aaj_str_c(row[i].a), &a, NULL), 0);
        assert_int_equal(aaj_dest_parse(aaj_str_c(row[i].b), &b, NULL), 0);
        if (aaj_dest_covers(&a, &b) != row[i].covers || aaj_dest_touches(&a, &b) != row[i].touches ||
            aaj_dest_touches(&b, &a) != row[i].touches)
            fail_msg("'%s' and '%s'", row[i].a, row[i].b);
    }
}

/* tests/golden/manifest/NAME.yaml must fail with exactly NAME.err; AAJ_UPDATE=1 writes it anew. */
static void check_golden(const char *dir, const char *name)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_manifest *m = NULL;
    struct aaj_str text, want;
    char path[8192], *got = NULL;
    size_t n;
    FILE *out = open_memstream(&got, &n);

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(aaj_file_read(path, 1 << 20, &arena, &text), 0);
    assert_int_equal(aaj_manifest_parse(text, aaj_str_c(name), &diags, &m), -EINVAL);
    assert_null(m);
    aaj_diags_print(out, &diags, false);
    fclose(out);
    strcpy(path + strlen(path) - strlen("yaml"), "err");
    if (getenv("AAJ_UPDATE"))
        assert_int_equal(aaj_file_write(path, aaj_str_c(got), 0644), 0);
    assert_int_equal(aaj_file_read(path, 1 << 20, &arena, &want), 0);
    assert_string_equal(got, want.p);
    free(got);
    aaj_diags_clear(&diags);
    aaj_arena_clear(&arena);
}

static void test_golden_errors(void **state)
{
    char dir[4096];
    unsigned seen = 0;
    struct dirent *e;
    DIR *d;

    snprintf(dir, sizeof(dir), "%s/tests/golden/manifest", getenv("AAJ_SOURCE"));
    d = opendir(dir);
    assert_non_null(d);
    while ((e = readdir(d)))
        if (strlen(e->d_name) > 5 && strcmp(e->d_name + strlen(e->d_name) - 5, ".yaml") == 0) {
            check_golden(dir, e->d_name);
            seen++;
        }
    closedir(d);
    assert_true(seen >= 20);
}

static void test_bounds(void **state)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_manifest *m = NULL;
    size_t n = 2 * 1024 * 1024;
    char *big = malloc(n);

    assert_non_null(big);
    memset(big, 'a', n);
    assert_int_equal(aaj_manifest_parse((struct aaj_str){ big, n }, AAJ_STR("t"), &diags, &m), -EINVAL);
    memset(big, '[', n);
    assert_int_equal(aaj_manifest_parse((struct aaj_str){ big, 1000000 }, AAJ_STR("t"), &diags, &m), -EINVAL);
    for (size_t i = 0; i + 4 <= 1000000; i += 4)
        memcpy(big + i, "- a\n", 4);
    assert_int_equal(aaj_manifest_parse((struct aaj_str){ big, 1000000 }, AAJ_STR("t"), &diags, &m), -EINVAL);
    assert_null(m);
    free(big);
    aaj_diags_clear(&diags);
}

/* Each row: a text, an entry, and the whole text after it (NULL: no place). */
static void test_add(void **state)
{
#define HEAD "jail: a\nslave: /a/b\n"
    static const struct {
        const char *text;
        struct aaj_manifest_entry entry;
        const char *then;
    } row[] = {
        { HEAD, { AAJ_PART_RULE, AAJ_STR_INIT("/a r,"), 0 }, HEAD "rules:\n  - \"/a r,\"\n" },
        { "jail: a\nslave: /a/b", { AAJ_PART_RULE, AAJ_STR_INIT("/a r,"), 0 }, HEAD "rules:\n  - \"/a r,\"\n" },
        { HEAD "rules: # why\n- /x r,  # x\n# end\n", { AAJ_PART_RULE, AAJ_STR_INIT("/a \\\"\n r,"), 0 },
          HEAD "rules: # why\n- /x r,  # x\n- \"/a \\\\\\\"\\n r,\"\n# end\n" },
        { HEAD "rules:\n  - >-\n    /x\n    r,\nlift: [ credentials ]\n", { AAJ_PART_RULE, AAJ_STR_INIT("/a r,"), 0 },
          HEAD "rules:\n  - \"/a r,\"\n  - >-\n    /x\n    r,\nlift: [ credentials ]\n" },
        { HEAD "lift: [ credentials ]\n", { AAJ_PART_LIFT, AAJ_STR_INIT("mail"), 0 }, HEAD "lift: [ credentials, \"mail\" ]\n" },
        { HEAD "exec:\n  default: deny\n", { AAJ_PART_EXEC, AAJ_STR_INIT("/bin/sh"), AAJ_EXEC_CHILD },
          HEAD "exec:\n  default: deny\n  \"/bin/sh\": child\n" },
        { HEAD "exec: { /bin/x: inherit }\n", { AAJ_PART_EXEC, AAJ_STR_INIT("/bin/sh"), AAJ_EXEC_DENY },
          HEAD "exec: { /bin/x: inherit, \"/bin/sh\": deny }\n" },
        { HEAD "exec: {\n  /bin/x: inherit\n}\n", { AAJ_PART_EXEC, AAJ_STR_INIT("/bin/sh"), AAJ_EXEC_DENY },
          HEAD "exec: {\n  /bin/x: inherit, \"/bin/sh\": deny\n}\n" },
        { HEAD "never:\n  - others: true\n", { AAJ_PART_NEVER, AAJ_STR_INIT("/h/** rw,"), 0 },
          HEAD "never:\n  - others: true\n  - \"/h/** rw,\"\n" },
        { HEAD "tests:\n  allow: [ /a r ]\n", { AAJ_PART_TEST_DENY, AAJ_STR_INIT("/b w"), 0 },
          HEAD "tests:\n  allow: [ /a r ]\n  deny: [ \"/b w\" ]\n" },
        { HEAD "tests: { deny: [ /a r ] }\n", { AAJ_PART_TEST_DENY, AAJ_STR_INIT("/b w"), 0 },
          HEAD "tests: { deny: [ /a r, \"/b w\" ] }\n" },
        { HEAD "network:\n  replies: false\n", { AAJ_PART_DEST, AAJ_STR_INIT("tcp 192.0.2.1:1"), 0 },
          HEAD "network:\n  replies: false\n  allow: [ \"tcp 192.0.2.1:1\" ]\n" },
        { "{ jail: a, slave: /a/b }\n", { AAJ_PART_ROOT, AAJ_STR_INIT("/a"), 0 }, "{ jail: a, slave: /a/b, roots: [ \"/a\" ] }\n" },
        /* what is there is left as it is */
        { HEAD "rules: [ '/a r,' ]\n", { AAJ_PART_RULE, AAJ_STR_INIT("/a r,"), 0 }, HEAD "rules: [ '/a r,' ]\n" },
        { HEAD "exec: { /bin/sh: deny }\n", { AAJ_PART_EXEC, AAJ_STR_INIT("/bin/sh"), AAJ_EXEC_DENY },
          HEAD "exec: { /bin/sh: deny }\n" },
        /* no place, or against what is there */
        { HEAD "rules: []\n", { AAJ_PART_RULE, AAJ_STR_INIT("/a r,"), 0 }, NULL },
        { HEAD "exec: { /bin/sh: deny }\n", { AAJ_PART_EXEC, AAJ_STR_INIT("/bin/sh"), AAJ_EXEC_CHILD }, NULL },
        { HEAD, { AAJ_PART_DEST, AAJ_STR_INIT("no such thing"), 0 }, NULL },
        { HEAD, { AAJ_PART_RULE, AAJ_STR_INIT("/\xff r,"), 0 }, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct aaj_diags diags = AAJ_DIAGS_INIT;
        struct aaj_arena arena = AAJ_ARENA_INIT;
        struct aaj_str text = { 0 };
        int r = aaj_manifest_add(aaj_str_c(row[i].text), AAJ_STR("t.yaml"), &row[i].entry, 1, &arena, &diags, &text);

        if (row[i].then && (r < 0 || !aaj_str_eq(text, aaj_str_c(row[i].then))))
            fail_msg("row %zu: %d, '%.*s'", i, r, AAJ_STR_ARG(text));
        if (!row[i].then) {
            assert_int_equal(r, -EINVAL);
            assert_null(text.p);
            assert_int_equal(diags.n, 1);
            assert_true(aaj_str_search(diags.item[0].message, AAJ_STR("add by hand: ")) < diags.item[0].message.n);
        }
        aaj_diags_clear(&diags);
        aaj_arena_clear(&arena);
    }
#undef HEAD
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_every_key),       cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_default_manifest), cmocka_unit_test(test_destinations),
        cmocka_unit_test(test_bad_destinations), cmocka_unit_test(test_golden_errors),
        cmocka_unit_test(test_covers_and_touches),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
