/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "draw.h"
#include "recording/recording.h"

static struct aaj_recording *new_recording(void)
{
    struct aaj_recording *rec;

    assert_int_equal(aaj_recording_new(&rec), 0);
    return rec;
}

static char *text_of(struct aaj_recording *rec)
{
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    assert_non_null(out);
    assert_int_equal(aaj_recording_write(rec, out), 0);
    assert_int_equal(fclose(out), 0);
    return text;
}

static struct aaj_recording *from_text(const char *text)
{
    struct aaj_recording *rec = new_recording();
    struct aaj_diags diags = AAJ_DIAGS_INIT;

    assert_int_equal(aaj_recording_read(rec, aaj_str_c(text), AAJ_STR("test"), &diags), 0);
    assert_int_equal(diags.errors, 0);
    aaj_diags_clear(&diags);
    return rec;
}

/* Names that overlap between recordings, some that are no UTF-8, some with NUL. */
static void add_some(struct aaj_recording *rec)
{
    static const struct aaj_str names[] = {
        AAJ_STR_INIT("/srv/a"), AAJ_STR_INIT("/srv/b \"quoted\" \\ back"), AAJ_STR_INIT("/srv/\xff\xfe"),
        AAJ_STR_INIT("/srv/nul\0here"), AAJ_STR_INIT("/srv/\xc3\xa4\n"), AAJ_STR_INIT("/srv/\x7f\x01"),
    };
    static const struct aaj_str hosts[] = { AAJ_STR_INIT(""), AAJ_STR_INIT("web1"), AAJ_STR_INIT("web2") };
    static const struct aaj_str boots[] = { AAJ_STR_INIT(""), AAJ_STR_INIT("b1"), AAJ_STR_INIT("b2") };
    static const enum aaj_mode modes[] = { AAJ_MODE_ALLOWED, AAJ_MODE_DENIED, AAJ_MODE_AUDIT, AAJ_MODE_KILLED };

    for (unsigned n = draw(60); n > 0; n--) {
        struct aaj_event event = { .mode = modes[draw(4)], .class = draw(3) ? AAJ_CLASS_FILE : AAJ_CLASS_NET };
        char line[64];
        int len = snprintf(line, sizeof(line), "line %u", draw(1000));

        event.op = draw(2) ? AAJ_STR("open") : AAJ_STR("mknod");
        event.label = draw(2) ? AAJ_STR("p") : AAJ_STR("p//null-/bin/sh");
        event.ns = draw(5) ? AAJ_STR("") : AAJ_STR("ns");
        event.arg[0] = names[draw(6)];
        event.requested = 1u << draw(9);
        event.denied = draw(2) ? event.requested : 0;
        event.fsuid = draw(3) ? draw(4) : AAJ_UID_NONE;
        event.ouid = draw(3);
        event.host = hosts[draw(3)];
        event.boot = boots[draw(3)];
        event.channel = draw(AAJ_CHANNEL_COUNT);
        event.time_ms = draw(4) ? 1795295827095 + (int64_t)draw(3) * 86400000 + draw(50) : 0;
        event.serial = draw(20);
        assert_int_equal(aaj_recording_add(rec, &event, (struct aaj_str){ line, (size_t)len }), 0);
    }
    if (draw(2)) {
        struct aaj_loss loss = { .what = AAJ_STR("audit-lost"), .day = AAJ_DAY_NONE, .count = draw(9), .host = hosts[draw(3)] };

        assert_int_equal(aaj_recording_add_loss(rec, &loss), 0);
    }
    if (draw(2)) {
        struct aaj_fact fact = { .path = names[draw(3)], .type = 'f', .mode = draw(2) ? 04755 : 0644, .uid = draw(2) };

        fact.bits = AAJ_FACT_CAPS_KNOWN | (fact.mode & 04000 ? AAJ_FACT_SETUID : 0) |
                    (fact.mode & 0111 ? AAJ_FACT_EXEC : 0) | AAJ_FACT_WORLD_READ;
        assert_int_equal(aaj_fsview_add(aaj_recording_files(rec), &fact), 0);
    }
}

/* As a log's EXECVE records would leave them. */
static void add_commands(struct aaj_recording *rec)
{
    char line[256], text[4096] = "{\"kind\":\"recording\",\"version\":1}\n";
    struct aaj_diags diags = AAJ_DIAGS_INIT;

    for (unsigned n = draw(9); n > 0; n--) {
        snprintf(line, sizeof(line),
                 "{\"kind\":\"command\",\"label\":\"p\",\"name\":\"/bin/%s\",\"argv\":[\"sh\",\"-c\",{\"hex\":\"FF%02X\"}%s]}\n",
                 draw(2) ? "a" : "b", 1 + draw(12), draw(2) ? "" : ",\"…\"");
        strcat(text, line);
    }
    assert_int_equal(aaj_recording_read(rec, aaj_str_c(text), AAJ_STR("test"), &diags), 0);
}

enum { MANY = 50 };

/* Reduces all of them, two at a time in random order, some twice, some through their text. */
static char *reduce(char *const *text)
{
    struct aaj_recording *pool[MANY + 10];
    size_t n = 0;
    char *result;

    for (size_t i = 0; i < MANY; i++)
        pool[n++] = from_text(text[i]);
    for (size_t i = 0; i < 10; i++)
        pool[n++] = from_text(text[draw(MANY)]);
    while (n > 1) {
        size_t a = draw((uint32_t)n), b = (a + 1 + draw((uint32_t)n - 1)) % n;

        assert_int_equal(aaj_recording_merge(pool[a], pool[b]), 0);
        aaj_recording_free(pool[b]);
        pool[b] = pool[n - 1];
        if (a == n - 1)
            a = b;
        n--;
        if (draw(3) == 0) {
            char *t = text_of(pool[a]);

            aaj_recording_free(pool[a]);
            pool[a] = from_text(t);
            free(t);
        }
    }
    result = text_of(pool[0]);
    aaj_recording_free(pool[0]);
    return result;
}

static void test_fifty_recordings_in_any_order(void **unused)
{
    char *text[MANY], *first, *again;

    for (size_t i = 0; i < MANY; i++) {
        struct aaj_recording *rec = new_recording();

        add_some(rec);
        add_commands(rec);
        text[i] = text_of(rec);
        aaj_recording_free(rec);
    }
    first = reduce(text);
    for (unsigned round = 0; round < 8; round++) {
        again = reduce(text);
        assert_string_equal(first, again);
        free(again);
    }
    free(first);
    for (size_t i = 0; i < MANY; i++)
        free(text[i]);
}

static void test_counts_are_lower_bounds(void **unused)
{
    struct aaj_event event = { .mode = AAJ_MODE_ALLOWED, .class = AAJ_CLASS_FILE, .op = AAJ_STR("open"), .label = AAJ_STR("p"),
                               .requested = AAJ_MAY_READ, .time_ms = 1795295827095, .channel = AAJ_CHANNEL_AUDIT,
                               .fsuid = 5, .ouid = 5 };
    struct aaj_recording *rec = new_recording();
    const struct aaj_access *access;
    size_t n;

    event.arg[0] = AAJ_STR("/x");
    /* 3 in the audit channel of an unnamed host; the same 2 of them in the kernel log of web1. */
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(aaj_recording_add(rec, &event, AAJ_STR("b")), 0);
    event.host = AAJ_STR("web1");
    event.channel = AAJ_CHANNEL_KERNEL;
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(aaj_recording_add(rec, &event, AAJ_STR("a")), 0);
    event.time_ms += 86400000; /* another day adds */
    assert_int_equal(aaj_recording_add(rec, &event, AAJ_STR("c")), 0);
    assert_int_equal(aaj_recording_accesses(rec, &access, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(access[0].allowed, 4);
    assert_int_equal(access[0].owner_yes, 4);
    assert_int_equal(access[0].fsuid_max, 5);
    assert_true(aaj_str_eq(aaj_recording_sample(rec, &access[0]), AAJ_STR("a")));
    aaj_recording_free(rec);
}

static void test_what_is_not_known_is_kept(void **unused)
{
    static const char text[] =
        "{\"kind\":\"recording\",\"version\":1}\n"
        "{\"kind\":\"label\",\"label\":\"p\",\"accesses\":1}\n"
        "{\"kind\":\"access\",\"class\":\"file\",\"label\":\"p\",\"op\":\"open\",\"name\":\"/x\",\"requested\":\"r\","
        "\"seen\":[{\"allowed\":1}],\"color\":{\"b\":1,\"a\":\"/\"},\"zzz\":[1,2]}\n"
        "{\"kind\":\"access\",\"class\":\"of-the-future\",\"label\":\"p\"}\n"
        "{\"kind\":\"moon\",\"phase\":3}\n";
    struct aaj_recording *rec = from_text(text);
    char *again = text_of(rec);

    assert_string_equal(text, again);
    free(again);
    aaj_recording_free(rec);
}

static void test_what_is_no_recording_is_refused(void **unused)
{
    static const char *const texts[][2] = {
        { "", "the recording is empty" },
        { "type=AVC msg=audit(1.000:1): x\n", "this is not a recording: expected JSON Lines" },
        { "{\"kind\":\"access\"}\n", "this is not a recording: the first line is not" },
        { "{\"kind\":\"recording\",\"version\":2}\n", "made by a newer aajail" },
        { "{\"kind\":\"recording\",\"version\":1}\n{\"kind\":\"access\",\"class\":\"file\"}\n", "an access needs the array: seen" },
        { "{\"kind\":\"recording\",\"version\":1}\n{\"kind\":\"access\",\"class\":\"file\",\"seen\":[],\"name\":7}\n",
          "expected a string or" },
        { "{\"kind\":\"recording\",\"version\":1}\n{}\n", "a line needs a: kind" },
        { "{\"kind\":\"recording\",\"version\":1}\n{\"kind\":\"command\",\"argv\":[]}\n", "a command needs an array of words: argv" },
        { "{\"kind\":\"recording\",\"version\":1}\n{\"kind\":\"command\",\"argv\":[{\"hex\":\"4100\"}]}\n", "a word holds NUL" },
        { "{\"kind\":\"recording\",\"version\":1}\n[[[[[[[[[[[[\n", "not a JSON object" },
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct aaj_recording *rec = new_recording();
        struct aaj_diags diags = AAJ_DIAGS_INIT;

        assert_int_equal(aaj_recording_read(rec, aaj_str_c(texts[i][0]), AAJ_STR("t"), &diags), -EINVAL);
        assert_int_equal(diags.n, 1);
        if (!strstr(diags.item[0].message.p, texts[i][1]))
            fail_msg("expected '%s', got '%s'", texts[i][1], diags.item[0].message.p);
        aaj_diags_clear(&diags);
        aaj_recording_free(rec);
    }
}

/* Each count is joined by itself, whatever events made them together. */
static void test_each_count_is_a_maximum(void **unused)
{
    static const char *const lines[] = {
        "{\"allowed\":5,\"denied\":3,\"owner\":4,\"other\":2,\"owner_created\":1,\"first\":100,\"last\":300}",
        "{\"allowed\":2,\"denied\":9,\"other\":7,\"owner_root\":1,\"fsuid\":[5,9],\"first\":90,\"last\":200}",
        "{\"allowed\":0}",
        "{\"allowed\":4294967295,\"owner\":4294967295,\"host\":\"h\"}",
    };
    static const char join[] = "\"seen\":[{\"allowed\":5,\"denied\":9,\"owner\":4,\"other\":7,\"owner_created\":1,"
                               "\"owner_root\":1,\"fsuid\":[5,9],\"first\":90,\"last\":300},"
                               "{\"allowed\":4294967295,\"owner\":4294967295,\"host\":\"h\"}]";

    for (unsigned order = 0; order < 24; order++) {
        struct aaj_recording *rec = new_recording();
        char *text;

        for (unsigned i = 0; i < 4; i++) {
            char line[512];

            snprintf(line, sizeof(line),
                     "{\"kind\":\"recording\",\"version\":1}\n{\"kind\":\"access\",\"class\":\"file\",\"name\":\"/a\","
                     "\"seen\":[%s,%s]}\n",
                     lines[(i * (1 + order % 2 * 2) + order) % 4], lines[(i + order / 4) % 4]);
            struct aaj_recording *one = from_text(line);

            assert_int_equal(aaj_recording_merge(rec, one), 0);
            assert_int_equal(aaj_recording_merge(rec, one), 0);
            aaj_recording_free(one);
        }
        text = text_of(rec);
        assert_non_null(strstr(text, join));
        free(text);
        aaj_recording_free(rec);
    }
}

/* The smallest few of each, and redaction drops them all. */
static void test_commands(void **unused)
{
    struct aaj_recording *rec = from_text("{\"kind\":\"recording\",\"version\":1}\n"
                                          "{\"kind\":\"command\",\"label\":\"p\",\"name\":\"/bin/dash\",\"argv\":[\"sh\",\"e\"]}\n"
                                          "{\"kind\":\"command\",\"label\":\"p\",\"name\":\"/bin/dash\",\"argv\":[\"sh\",\"it's\"]}\n"
                                          "{\"kind\":\"command\",\"label\":\"p\",\"name\":\"/bin/dash\",\"argv\":[\"sh\",\"c d\"]}\n"
                                          "{\"kind\":\"command\",\"label\":\"p\",\"name\":\"/bin/dash\",\"argv\":[\"sh\",\"a\",\"\"]}\n"
                                          "{\"kind\":\"command\",\"label\":\"p\",\"name\":\"/bin/dash\",\"argv\":[\"sh\",\"z\"]}\n"
                                          "{\"kind\":\"command\",\"label\":\"p\",\"name\":\"/bin/dash\",\"argv\":[\"sh\",\"a\",\"\"]}\n"
                                          "{\"kind\":\"access\",\"class\":\"exec\",\"label\":\"p\",\"op\":\"exec\",\"name\":\"/bin/dash\","
                                          "\"requested\":\"x\",\"seen\":[{\"allowed\":1}]}\n"),
                         *redacted;
    static const char *const want[] = { "sh a ''", "sh 'c d'", "sh e", "sh 'it'\\''s'" };
    struct aaj_str argv[AAJ_COMMANDS_KEPT];
    struct aaj_arena arena = AAJ_ARENA_INIT;
    const struct aaj_access *access;
    char *text;
    size_t n;

    assert_int_equal(aaj_recording_accesses(rec, &access, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(aaj_recording_commands(rec, access, argv), 4);
    for (size_t i = 0; i < 4; i++) {
        struct aaj_str shown = aaj_command_text(&arena, argv[i]);

        assert_int_equal(shown.n, strlen(want[i]));
        assert_memory_equal(shown.p, want[i], shown.n);
    }
    assert_int_equal(aaj_recording_redact(rec, &redacted), 0);
    text = text_of(redacted);
    assert_null(strstr(text, "command"));
    free(text);
    aaj_arena_clear(&arena);
    aaj_recording_free(redacted);
    aaj_recording_free(rec);
}

static void test_labels_and_redaction(void **unused)
{
    static const char *const names[] = { "/home/alice/x", "/home/bob12/x", "/var/lib/php/sess_0a1b2c3d4e5f6a7b8c9d" };
    struct aaj_event event = { .mode = AAJ_MODE_ALLOWED, .class = AAJ_CLASS_FILE, .op = AAJ_STR("open"), .requested = 4 };
    static const char *const labels[] = { "p", "p-other", "p//null-/bin/sh", ":ns:p", "/bin/x//y//z" };
    struct aaj_recording *rec = new_recording(), *redacted;
    struct aaj_label_count *label;
    char *text;
    size_t n;

    for (size_t l = 0; l < 5; l++)
        for (size_t i = 0; i < 3; i++) {
            event.label = aaj_str_c(labels[l]);
            event.arg[0] = aaj_str_c(names[i]);
            assert_int_equal(aaj_recording_add(rec, &event, AAJ_STR("alice's secret line")), 0);
        }
    assert_int_equal(aaj_recording_labels(rec, &label, &n), 0);
    assert_int_equal(n, 4);
    assert_true(aaj_str_eq(label[0].label, AAJ_STR("/bin/x")));
    assert_true(aaj_str_eq(label[1].label, AAJ_STR(":ns:p")));
    assert_true(aaj_str_eq(label[2].label, AAJ_STR("p")));
    assert_int_equal(label[2].accesses, 6);
    free(label);
    assert_int_equal(aaj_recording_redact(rec, &redacted), 0);
    text = text_of(redacted);
    assert_null(strstr(text, "alice"));
    assert_null(strstr(text, "bob"));
    assert_null(strstr(text, "0a1b2c"));
    assert_non_null(strstr(text, "\"/home/xxxxx/x\""));
    assert_non_null(strstr(text, "/var/lib/php/sess_xxxxxxxxxxxxxxxxxxxx"));
    free(text);
    aaj_recording_free(redacted);
    aaj_recording_free(rec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fifty_recordings_in_any_order),
        cmocka_unit_test(test_counts_are_lower_bounds),
        cmocka_unit_test(test_what_is_not_known_is_kept),
        cmocka_unit_test(test_what_is_no_recording_is_refused),
        cmocka_unit_test(test_each_count_is_a_maximum),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_labels_and_redaction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
