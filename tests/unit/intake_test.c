/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs of many blocks into recordings: what is known again means what taking it apart would, samples are
 * lines. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "draw.h"
#include "log/reader.h"
#include "recording/intake.h"

struct text {
    char *p;
    size_t n;
};

static void put_header(FILE *out, unsigned form, unsigned i)
{
    unsigned ms = draw(4) ? i % 1000 : 7, second = 1795295800 + i / 5000;

    switch (form) {
    case 0:
        fprintf(out, "type=AVC msg=audit(%u.%03u:%u): ", second, ms, i + 1);
        break;
    case 1:
        fprintf(out,
                "2026-11-21T20:%02u:%02u.%06u+00:00 web%u kernel: [%5u.%06u] audit: type=1400 "
                "audit(%u.%03u:%u): ",
                i / 60 % 60, i % 60, draw(1000000), draw(2), i / 7, draw(1000000), second, ms, i + 1);
        break;
    case 2: /* numbers as no kernel writes them */
        fprintf(out, "type=AVC msg=audit(%012u.%03u:%09u): ", second, ms, i + 1);
        break;
    default:
        fprintf(out, "node=h%u type=AVC msg=audit(%u.%03u:%u):  ", draw(2), second, ms, i + 1);
        break;
    }
}

/* One record: many shapes, and names that end the quote, hold what looks like a key, or are hex. */
static void put_record(FILE *out, unsigned i)
{
    static const char *const names[] = { "/srv/a",    "/srv/b name=", "",           "\\",
                                         "/srv/\xff", " pid=5",       "/p pid=7 x/",
                                         "/q pid=6" };
    static const char *const masks[] = { "r", "wr", "wc", "x", "rm", "k", "zz" };
    static const char *const pids[] = { "", "", "", "0", "99999999", "-" };
    const char *mask = masks[draw(7)];

    put_header(out, draw(12) ? draw(2) : 2 + draw(2), i);
    fprintf(out, "apparmor=\"%s\" operation=\"%s\" profile=\"p%u\"", draw(9) ? "ALLOWED" : "DENIED",
            draw(6) ? "open" : "getattr", draw(3));
    switch (draw(12)) {
    case 0:
        fprintf(out,
                " pid=%u comm=\"c\" laddr=10.0.0.1 lport=%u faddr=10.0.0.%u fport=%u family=\"inet\" "
                "sock_type=\"stream\" protocol=6 requested_mask=\"send\" denied_mask=\"send\"\n",
                draw(30000), draw(2) ? 80 : 32768 + draw(20000), draw(3), draw(65536));
        return;
    case 1:
        fprintf(out, " name=2F737276%04X", draw(65536));
        break;
    case 2:
        fprintf(out, " info=\"x name=\" name=\"/i%u\"", draw(500));
        break;
    default:
        fprintf(out, " name=\"%s%u\"", names[draw(20) ? 0 : draw(8)], draw(20000));
        break;
    }
    fprintf(out, " pid=%s%u", pids[draw(10) ? 0 : draw(6)], draw(4) ? draw(30000) : 77);
    fprintf(out, " comm=\"c%u\" requested_mask=\"%s\" denied_mask=\"%s\" fsuid=%u ouid=%u%s\n", draw(2), mask,
            mask, draw(3) * 1000, draw(2) * 1000, draw(15) ? "" : " name=\"/again\"");
}

static struct text make_log(unsigned records)
{
    struct text text;
    FILE *out = open_memstream(&text.p, &text.n);

    assert_non_null(out);
    for (unsigned i = 0; i < records; i++)
        put_record(out, i);
    assert_int_equal(fclose(out), 0);
    return text;
}

static struct text text_of(struct aaj_recording *rec)
{
    struct text text;
    FILE *out = open_memstream(&text.p, &text.n);

    assert_non_null(out);
    assert_int_equal(aaj_recording_write(rec, out), 0);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* The findings as text, where @findings is not NULL. */
static struct aaj_recording *take_in_saying(struct text log, unsigned threads, struct text *findings)
{
    int fd = memfd_create("log", MFD_CLOEXEC);
    struct aaj_intake_input input = { fd, AAJ_STR("log") };
    struct aaj_intake_options options = { .threads = threads };
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_recording *rec;

    assert_true(fd >= 0);
    for (size_t at = 0; at < log.n;) {
        ssize_t n = write(fd, log.p + at, log.n - at);

        assert_true(n > 0);
        at += (size_t)n;
    }
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(aaj_recording_new(&rec), 0);
    assert_int_equal(aaj_intake(rec, &input, 1, &options, &diags), 0);
    if (findings) {
        FILE *out = open_memstream(&findings->p, &findings->n);

        assert_non_null(out);
        aaj_diags_print(out, &diags, false);
        assert_int_equal(fclose(out), 0);
    }
    aaj_diags_clear(&diags);
    close(fd);
    return rec;
}

static struct aaj_recording *take_in(struct text log, unsigned threads)
{
    return take_in_saying(log, threads, NULL);
}

static int on_event(void *data, const struct aaj_event *event, const struct aaj_log_head *head,
                    const struct aaj_log_record *record)
{
    return aaj_recording_add(data, event, record ? head->line : (struct aaj_str){ "", 0 });
}

/* Every record taken apart. */
static struct aaj_recording *take_apart(struct text log)
{
    const struct aaj_log_handler handler = { .event = on_event };
    struct aaj_log_reader *reader;
    struct aaj_recording *rec;

    assert_int_equal(aaj_recording_new(&rec), 0);
    assert_int_equal(aaj_log_reader_new(&handler, rec, &reader), 0);
    assert_int_equal(aaj_log_reader_feed(reader, log.p, log.n), 0);
    assert_int_equal(aaj_log_reader_finish(reader), 0);
    aaj_log_reader_free(reader);
    return rec;
}

static const char *accesses(struct text text)
{
    const char *at = strstr(text.p, "\n{\"kind\":\"access\"");

    assert_non_null(at);
    return at;
}

static void test_known_records_mean_the_same(void **unused)
{
    struct text log = make_log(40000), apart, first = { NULL, 0 };
    struct aaj_recording *rec = take_apart(log);

    assert_true(log.n > 3 << 20);
    apart = text_of(rec);
    aaj_recording_free(rec);
    for (unsigned threads = 1; threads <= 3; threads++) {
        struct text text;

        rec = take_in(log, threads);
        text = text_of(rec);
        aaj_recording_free(rec);
        assert_true(strcmp(accesses(text), accesses(apart)) == 0);
        if (first.p)
            assert_string_equal(first.p, text.p);
        free(first.p);
        first = text;
    }
    free(first.p);
    free(apart.p);
    free(log.p);
}

/* Lines that have no head, and records that cannot be taken apart, are found by different threads. What is said of them
 * are the first ones of the log, in its order, and losses stand where they stood. */
static void test_findings_are_the_same(void **unused)
{
    struct text log = { NULL, 0 }, want = { NULL, 0 }, good = make_log(20000);
    FILE *out = open_memstream(&log.p, &log.n);

    assert_non_null(out);
    for (unsigned i = 0; i < 30000; i++) {
        put_record(out, i);
        if (i % 29 == 0)
            fprintf(out, "a line %u with apparmor=\"DENIED\" and no head\n", i);
        if (i % 31 == 0)
            fprintf(out, "type=AVC msg=audit(1.000:%u): apparmor=\"DENIED\" operation=\"open\" name=\"/cut\n", i);
        if (i % 9001 == 0)
            fprintf(out, "2026-11-21T20:15:00+00:00 h kernel: audit_printk_skb: %u callbacks suppressed\n", i + 1);
    }
    fwrite(good.p, 1, good.n, out);
    assert_int_equal(fclose(out), 0);
    for (unsigned threads = 1; threads <= 4; threads++) {
        struct text said, *first = want.p ? &said : &want;

        aaj_recording_free(take_in_saying(log, threads, first));
        assert_non_null(strstr(first->p, "no head"));
        assert_non_null(strstr(first->p, "/cut"));
        if (first == &said) {
            assert_string_equal(said.p, want.p);
            free(said.p);
        }
    }
    free(want.p);
    free(log.p);
    free(good.p);
}

/* Packed, copied to another recording, written, read: a sample is a line of the log, byte for byte. */
static void check_samples(struct aaj_recording *rec, struct text log)
{
    const struct aaj_access *access;
    size_t n, from_records = 0;

    assert_int_equal(aaj_recording_accesses(rec, &access, &n), 0);
    for (size_t i = 0; i < n; i++) {
        struct aaj_str sample = aaj_recording_sample(rec, &access[i]);
        const char *at = sample.n ? memmem(log.p, log.n, sample.p, sample.n) : NULL;

        if (!at)
            fail_msg("not a line: %.*s", AAJ_STR_ARG(sample));
        assert_true((at == log.p || at[-1] == '\n') && at[sample.n] == '\n');
        from_records++;
    }
    assert_true(from_records > 1000);
}

static void test_samples_are_lines(void **unused)
{
    struct text log = make_log(3000), one, two;
    struct aaj_recording *rec = take_in(log, 2), *other;
    struct aaj_diags diags = AAJ_DIAGS_INIT;

    check_samples(rec, log);
    one = text_of(rec);
    assert_int_equal(aaj_recording_new(&other), 0);
    assert_int_equal(aaj_recording_merge(other, rec), 0);
    check_samples(other, log);
    aaj_recording_free(other);
    assert_int_equal(aaj_recording_new(&other), 0);
    assert_int_equal(aaj_recording_read(other, (struct aaj_str){ one.p, one.n }, AAJ_STR("one"), &diags), 0);
    assert_int_equal(aaj_recording_merge(other, rec), 0);
    check_samples(other, log);
    two = text_of(other);
    assert_string_equal(one.p, two.p);
    aaj_recording_free(other);
    aaj_recording_free(rec);
    free(one.p);
    free(two.p);
    free(log.p);
}

/* The log from its end to its start: each line's sample replaces the one before. */
static void test_smallest_sample_whatever_the_order(void **unused)
{
    struct text log = make_log(3000), back = { malloc(log.n + 1), 0 }, one, two;
    struct aaj_recording *rec;

    assert_non_null(back.p);
    for (size_t end = log.n; end > 0;) {
        size_t start = end - 1;

        while (start > 0 && log.p[start - 1] != '\n')
            start--;
        memcpy(back.p + back.n, log.p + start, end - start);
        back.n += end - start;
        end = start;
    }
    back.p[back.n] = '\0';
    rec = take_in(log, 1);
    one = text_of(rec);
    aaj_recording_free(rec);
    rec = take_in(back, 1);
    two = text_of(rec);
    aaj_recording_free(rec);
    assert_true(strcmp(accesses(one), accesses(two)) == 0);
    free(one.p);
    free(two.p);
    free(log.p);
    free(back.p);
}

/* ---- blocks ---- */

static void put_exec(FILE *out, unsigned k)
{
    fprintf(
        out,
        "type=AVC msg=audit(1795297628.620:%u): apparmor=\"ALLOWED\" operation=\"exec\" profile=\"p\" name=\"/bin/x%u\" pid=1 "
        "comm=\"c\" requested_mask=\"x\" denied_mask=\"x\" fsuid=0 ouid=0 target=\"p//null-/bin/x%u\"\n",
        k, k, k);
    fprintf(out, "type=EXECVE msg=audit(1795297628.620:%u): argc=2 a0=\"x\" a1=\"%u\"\n", k, k);
}

#define JOURNAL                                                                                           \
    "{\"_TRANSPORT\":\"audit\",\"_SOURCE_REALTIME_TIMESTAMP\":\"1795297628620000\",\"_AUDIT_ID\":\"%u\"," \
    "\"_AUDIT_TYPE\":"

static void put_journal_exec(FILE *out, unsigned k)
{
    fprintf(out,
            JOURNAL "\"1400\",\"MESSAGE\":\"AVC apparmor=\\\"ALLOWED\\\" operation=\\\"exec\\\" profile=\\\"p\\\" "
                    "name=\\\"/bin/x%u\\\" pid=1 comm=\\\"c\\\" requested_mask=\\\"x\\\" denied_mask=\\\"x\\\" fsuid=0 "
                    "ouid=0 target=\\\"p//null-/bin/x%u\\\"\"}\n",
            k, k, k);
    fprintf(out, JOURNAL "\"1309\",\"MESSAGE\":\"EXECVE argc=2 a0=\\\"x\\\" a1=\\\"%u\\\"\"}\n", k, k);
}

/* A log is read in blocks: wherever it is cut, records of one serial find each other. */
static void test_what_belongs_together_may_be_in_two_blocks(void **unused)
{
    enum { EXECS = 3000 };

    for (unsigned run = 0; run < 4; run++) {
        bool json = run & 1;
        struct text log, out;
        FILE *in = open_memstream(&log.p, &log.n);
        struct aaj_recording *rec;
        unsigned found = 0;

        assert_non_null(in);
        for (unsigned k = 1; k <= EXECS; k++) {
            if (json)
                put_journal_exec(in, k);
            else
                put_exec(in, k);
            fprintf(in, "%.*s\n", (int)draw(70),
                    "of no interest, but not always of the same length: other blocks each time");
        }
        assert_int_equal(fclose(in), 0);
        assert_true(log.n > 3 * 256 * 1024);
        rec = take_in(log, run < 2 ? 1 : 3);
        out = text_of(rec);
        aaj_recording_free(rec);
        for (const char *p = out.p; (p = strstr(p, "\"kind\":\"command\"")); p++)
            found++;
        assert_int_equal(found, EXECS);
        free(out.p);
        free(log.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_records_mean_the_same),
        cmocka_unit_test(test_findings_are_the_same),
        cmocka_unit_test(test_samples_are_lines),
        cmocka_unit_test(test_smallest_sample_whatever_the_order),
        cmocka_unit_test(test_what_belongs_together_may_be_in_two_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
