/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/golden/learn/NAME.log is learned from; what comes out is NAME.profile. AAJ_UPDATE=1 writes them anew. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/grow.h"
#include "compile/compile.h"
#include "learn/growth.h"
#include "learn/learn.h"
#include "learn/names.h"
#include "policy/parse.h"
#include "policy/print.h"
#include "recording/intake.h"

static struct aaj_diags diags = AAJ_DIAGS_INIT;
static struct aaj_arena arena = AAJ_ARENA_INIT;
static struct aaj_target *target;   /* Debian 12 */
static struct aaj_target newest;    /* knows and mediates everything */

static const char *source(const char *path)
{
    return aaj_arena_printf(&arena, "%s/%s", getenv("AAJ_SOURCE"), path).p;
}

static struct aaj_recording *record(const char *path)
{
    struct aaj_intake_input input = { .fd = open(path, O_RDONLY | O_CLOEXEC), .name = aaj_str_c(path) };
    struct aaj_intake_options options = { 0 };
    struct aaj_recording *rec;

    assert_true(input.fd >= 0);
    assert_int_equal(aaj_recording_new(&rec), 0);
    assert_int_equal(aaj_intake(rec, &input, 1, &options, &diags), 0);
    close(input.fd);
    return rec;
}

static struct aaj_fsview *files(const char *path)
{
    struct aaj_fsview *view;
    struct aaj_str text;

    assert_int_equal(aaj_fsview_new(&view), 0);
    if (path && access(path, R_OK) == 0) {
        assert_int_equal(aaj_file_read(path, 1 << 24, &arena, &text), 0);
        assert_int_equal(aaj_fsview_add_list(view, text, aaj_str_c(path), &diags), 0);
    }
    return view;
}

static struct aaj_learned *learn(struct aaj_recording *rec, struct aaj_fsview *view, const char *manifest,
                                 const char *template, const struct aaj_target *for_what)
{
    struct aaj_learn_input in = { .recording = rec, .files = view, .target = for_what };
    struct aaj_learned *learned = NULL;
    struct aaj_manifest *m;
    struct aaj_str text;
    int r;

    assert_int_equal(aaj_manifest_parse(aaj_str_c(manifest), AAJ_STR("m.yaml"), &diags, &m), 0);
    assert_int_equal(aaj_file_read(source(template), 1 << 20, &arena, &text), 0);
    in.manifest = m;
    in.template_text = text;
    in.template_name = aaj_str_c(template);
    r = aaj_learn_run(&in, &diags, &learned);
    aaj_diags_print(stderr, &diags, false);
    assert_int_equal(r, 0);
    aaj_manifest_free(m);
    return learned;
}

static char *print(const struct aaj_learned *learned)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    aaj_policy_print(f, learned->policy);
    fclose(f);
    return text;
}

/* The target's own parser takes it. */
static void compiles(const char *text)
{
    struct aaj_compile c = { .target = target, .file = AAJ_STR("golden") };
    struct aaj_str blob;
    int r;

    if (access("/usr/sbin/apparmor_parser", X_OK) != 0 && access("/sbin/apparmor_parser", X_OK) != 0)
        return;
    r = aaj_compile(&c, aaj_str_c(text), &arena, &diags, &blob);
    aaj_diags_print(stderr, &diags, false);
    assert_int_equal(r, 0);
}

/* The first line of a golden log is a comment: the manifest in YAML's flow form. "newest" is for the newest target. */
static void check_golden(const char *dir, const char *name)
{
    char *path = strdup(aaj_arena_printf(&arena, "%s/%s", dir, name).p);
    struct aaj_recording *rec = record(path);
    struct aaj_fsview *view;
    struct aaj_learned *learned;
    struct aaj_str text, want, manifest;
    char *got;

    assert_int_equal(aaj_file_read(path, 1 << 24, &arena, &text), 0);
    assert_true(aaj_str_starts(text, AAJ_STR("# ")));
    manifest = aaj_arena_dup(&arena, aaj_str_head(aaj_str_skip(text, 2), aaj_str_find(text, '\n') - 2));
    strcpy(path + strlen(path) - 3, "tsv");
    view = files(path);
    learned = learn(rec, view, manifest.p, "templates/minimal",
                    aaj_str_starts(aaj_str_c(name), AAJ_STR("newest")) ? &newest : target);
    got = print(learned);
    strcpy(path + strlen(path) - 3, "aa");
    if (getenv("AAJ_UPDATE"))
        assert_int_equal(aaj_file_write(path, aaj_str_c(got), 0644), 0);
    assert_int_equal(aaj_file_read(path, 1 << 24, &arena, &want), 0);
    assert_string_equal(got, want.p);
    if (!aaj_str_starts(aaj_str_c(name), AAJ_STR("newest"))) /* whose parser is not here */
        compiles(got);
    free(got);
    free(path);
    aaj_learned_free(learned);
    aaj_fsview_free(view);
    aaj_recording_free(rec);
}

static void test_golden(void **state)
{
    const char *dir = source("tests/golden/learn");
    unsigned seen = 0;
    struct dirent *e;
    DIR *d = opendir(dir);

    assert_non_null(d);
    while ((e = readdir(d)))
        if (strlen(e->d_name) > 4 && strcmp(e->d_name + strlen(e->d_name) - 4, ".log") == 0) {
            check_golden(dir, e->d_name);
            seen++;
        }
    closedir(d);
    assert_true(seen > 0);
}

static bool is_unheard(const struct aaj_learned *learned, const char *exe)
{
    for (size_t i = 0; i < learned->n_unheard; i++)
        if (aaj_str_eq(learned->unheard[i], aaj_str_c(exe)))
            return true;
    return false;
}

/* Sockets are logged in profiles that exist. A slave that starts itself anew before it opens one is not heard at all. */
static void test_unheard(void **state)
{
    const char *manifest = "{ jail: app, slave: /opt/app/bin/app }";
    struct aaj_recording *rec = record(source("tests/golden/learn/exec.log"));
    struct aaj_fsview *view = files(source("tests/golden/learn/exec.tsv"));
    struct aaj_learned *learned = learn(rec, view, manifest, "templates/minimal", target);

    assert_true(is_unheard(learned, "/opt/app/bin/app"));
    assert_true(is_unheard(learned, "/usr/bin/dash"));
    aaj_learned_free(learned);
    aaj_fsview_free(view);
    aaj_recording_free(rec);
}

static void test_shapes(void **state)
{
    static const struct {
        const char *name;
        enum aaj_maker made;
        const char *shape; /* pieces: t text, n number, h hex, r random */
    } row[] = {
        { "sess_16bpdl4mccbq2e799iuernpuv4", true, "tr" },
        { "phpNffvnE", true, "tr" },
        { "cm35BXg", true, "tr" },
        { "slave-FsFx03", true, "tr" },
        { ".ZendSem.oxp6Q7", true, "tr" },
        { ".ZendSem.5Nqxzm", AAJ_MADE_FOR_A_WHILE, "tr" },
        { ".ZendSem.5Nqxzm", false, "tnt" },
        { "app.socket", AAJ_MADE_FOR_A_WHILE, "t" },
        { "app.BACKUP", AAJ_MADE_FOR_A_WHILE, "t" },
        { "app.agent7", AAJ_MADE_FOR_A_WHILE, "tn" },
        { "sess_SBXsld", AAJ_MADE_HERE, "tr" },
        { "data.qkdwzn", AAJ_MADE_FOR_A_WHILE, "tr" },
        { "data.update", AAJ_MADE_FOR_A_WHILE, "t" },
        { "holiday2.jpg", AAJ_MADE_HERE, "tnt" },
        { "PostgreSQL.1804289383", AAJ_MADE_FOR_A_WHILE, "tn" },
        { "x9_Kd2Lq-aZ4.pdf", AAJ_MADE_HERE, "rt" },
        { "slave-FsFx03", AAJ_MADE_FOR_A_WHILE, "tr" },
        { "tmpl0ij2f1n", true, "tr" },
        { "tmpa_b2f1n0.json", true, "trt" },
        { "edb72a68a9cfaab392fe8cf95baeb80d.html", false, "ht" },
        { "6f9619ff-8b86-d011-b42d-00c04fc964ff", false, "r" },
        { "PostgreSQL.1804289383", true, "tn" },
        { "journal.log.1", true, "tn" },
        { "config.php", true, "t" },
        { "ZendFramework", true, "t" },
        { "README", true, "t" },
        { "index", false, "t" },
        { "libssl.so.3", false, "tn" },
        { "utf8", false, "tn" },
        { "2024-01-31.log", true, "ntntnt" },
        { "0000000001", true, "n" },
        { "dead", false, "t" },
        { "1xUsKN-0000Co-0Q-D", true, "rtrtrt" },
        { "1xUsKN-0000CW-1O-D", true, "rtrtrt" },
        { "1795316349.M707546P759.vm", true, "ntntnt" },
        { "report.V2P3", true, "tntn" },
        { "sqlite-3.40-6f9619ff-8b86-d011-b42d-00c04fc964ff-libsqlitejdbc.so", AAJ_MADE_FOR_A_WHILE, "tntntrt" },
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct aaj_shape shape;
        char got[64] = "";

        aaj_shape_of(aaj_str_c(row[i].name), row[i].made, &shape);
        for (unsigned k = 0; k < shape.n; k++)
            got[k] = "tnhr"[shape.piece[k].kind];
        if (strcmp(got, row[i].shape))
            fail_msg("%s: %s is not %s", row[i].name, got, row[i].shape);
    }
}

static void test_extensions(void **state)
{
    assert_true(aaj_str_eq(aaj_name_extension(AAJ_STR("alice.json.tmp")), AAJ_STR(".json.tmp")));
    assert_true(aaj_str_eq(aaj_name_last_extension(AAJ_STR("alice.json.tmp")), AAJ_STR(".tmp")));
    assert_int_equal(aaj_name_extension(AAJ_STR(".htaccess")).n, 0);
    assert_int_equal(aaj_name_extension(AAJ_STR("log.1")).n, 0);
    assert_int_equal(aaj_name_extension(AAJ_STR("")).n, 0);
}

static bool has_rule(const struct aaj_learned *learned, const char *text)
{
    for (size_t i = 0; i < learned->n_rules; i++)
        if (learned->rule[i].item->kind == AAJ_ITEM_RULE &&
            aaj_str_eq(aaj_rule_text(&arena, &learned->rule[i].item->rule), aaj_str_c(text)))
            return true;
    return false;
}

static void test_denied_is_not_allowed(void **state)
{
    const char *shared = getenv("AAJ_SHARED");
    struct aaj_recording *rec;
    struct aaj_learned *learned;
    char path[4096];
    unsigned denied = 0, unknown = 0, under = 0, disconnected = 0;

    snprintf(path, sizeof(path), "%s/data/hostile/ex.log", shared ? shared : "");
    if (access(path, R_OK) < 0) {
        print_message("no shared data\n");
        skip();
    }
    rec = record(path);
    learned = learn(rec, NULL, "{ jail: slave, slave: /srv/slave/bin/slave }", "templates/minimal", target);
    for (size_t i = 0; i < learned->n_refused; i++) {
        denied += learned->refused[i].why == AAJ_REFUSED_DENIED;
        unknown += learned->refused[i].why == AAJ_REFUSED_UNKNOWN;
        under += learned->refused[i].why == AAJ_REFUSED_UNDER;
        disconnected += learned->refused[i].why == AAJ_REFUSED_DISCONNECTED;
    }
    assert_int_equal(denied, 1);
    assert_int_equal(disconnected, 1);
    assert_true(unknown >= 1 && under >= 1); /* no facts: dash is refused, and what it did */
    assert_true(has_rule(learned, "capability net_admin,"));
    assert_false(has_rule(learned, "/etc/shadow r,"));
    aaj_learned_free(learned);
    aaj_recording_free(rec);
}

static void test_no_rule_is_injected(void **state)
{
    static const char *const log[] = { "inj.log", "inj2.log", "odd-names.log", "odd-names-noclass.log", "odd2.log" };
    const char *shared = getenv("AAJ_SHARED");

    for (size_t i = 0; i < sizeof(log) / sizeof(log[0]); i++) {
        struct aaj_recording *rec;
        struct aaj_learned *learned;
        struct aaj_policy *again;
        char path[4096], *text;
        size_t items = 0;

        snprintf(path, sizeof(path), "%s/data/hostile/%s", shared ? shared : "", log[i]);
        if (access(path, R_OK) < 0) {
            print_message("no shared data\n");
            skip();
        }
        rec = record(path);
        learned = learn(rec, NULL, "{ jail: slave, slave: /srv/slave/bin/slave }", "templates/minimal", target);
        text = print(learned);
        assert_null(strstr(text, "\n  /** "));
        assert_null(strstr(text, "\nline"));
        assert_int_equal(aaj_policy_parse(aaj_str_c(text), AAJ_STR("again"), NULL, &diags, &again), 0);
        for (struct aaj_item *p = again->top.first; p; p = p->next)
            for (struct aaj_item *r = p->kind == AAJ_ITEM_PROFILE ? p->profile.body.first : NULL; r; r = r->next)
                items += r->kind == AAJ_ITEM_RULE;
        assert_int_equal(items, learned->n_rules);
        aaj_policy_free(again);
        free(text);
        aaj_learned_free(learned);
        aaj_recording_free(rec);
    }
}

/* An hour of a service that opens a new session's file each minute, which is no news, and until minute @news_until a
 * new page, which is. */
static void write_hour(const char *path, unsigned news_until)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    for (unsigned minute = 0; minute < 60; minute++) {
        unsigned long long t = 1700000000ull + minute * 60;

        fprintf(f, "type=AVC msg=audit(%llu.000:%u): apparmor=\"ALLOWED\" operation=\"open\" profile=\"app\" "
                   "name=\"/srv/app/sess_%08x9ab\" pid=1 comm=\"x\" requested_mask=\"r\" denied_mask=\"r\" fsuid=1 ouid=1\n",
                t, minute * 2 + 1, minute * 2654435761u);
        fprintf(f, "type=AVC msg=audit(%llu.500:%u): apparmor=\"ALLOWED\" operation=\"open\" profile=\"app\" "
                   "name=\"/srv/app/page-%c%c\" pid=1 comm=\"x\" requested_mask=\"r\" denied_mask=\"r\" fsuid=1 ouid=1\n",
                t, minute * 2 + 2, 'a' + (int)(minute < news_until ? minute / 5 : minute % 2),
                'a' + (int)(minute < news_until ? minute % 5 : minute % 3));
    }
    fclose(f);
}

static void test_growth(void **state)
{
    static const struct {
        unsigned news_until;
        enum aaj_growth_verdict verdict;
        size_t kinds;
    } row[] = { { 20, AAJ_GROWTH_FLAT, 21 }, { 60, AAJ_GROWTH_GROWING, 61 }, { 0, AAJ_GROWTH_UNKNOWN, 7 } };
    char path[] = "/tmp/aajail-growth.XXXXXX", span[64];
    struct aaj_growth g;
    struct aaj_recording *rec;

    close(mkstemp(path));
    for (size_t i = 0; i < AAJ_ARRAY_SIZE(row); i++) {
        write_hour(path, row[i].news_until);
        rec = record(path);
        assert_int_equal(aaj_growth_of(rec, &g), 0);
        assert_int_equal(g.verdict, row[i].verdict);
        assert_int_equal(g.kinds, row[i].kinds); /* all sessions are one */
        assert_int_equal(g.slice_ms, 300 * 1000);
        assert_int_equal(g.slices, 12);
        aaj_recording_free(rec);
    }
    assert_string_equal(aaj_growth_span(span, 4800000).p, "1 h 20 min");
    assert_string_equal(aaj_growth_span(span, 999).p, "0 s");
    unlink(path);
}

static int setup(void **state)
{
    if (aaj_target_open(NULL, getenv("AAJ_SOURCE"), &diags, &target) < 0)
        return -1;
    newest = *target;
    newest.parser_version = 50000;
    newest.parser_features = newest.mediates = UINT32_MAX;
    return 0;
}

static int teardown(void **state)
{
    aaj_target_free(target);
    aaj_diags_clear(&diags);
    aaj_arena_clear(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_unheard),
        cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_denied_is_not_allowed),
        cmocka_unit_test(test_no_rule_is_injected),
        cmocka_unit_test(test_growth),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
