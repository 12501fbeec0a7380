/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AppArmor's own cases: each .in gives the event type and every field of its .out. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "log/reader.h"

/* libapparmor 3.x and 5.x refuse hex in target=, which the kernel writes: they say INVALID, we decode it. */
static const char peer_defect[] = "ptrace_garbage_lp1689667_2";

struct out {
    char text[16384];
    size_t n;
    bool event;
};

static void put(struct out *out, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void put(struct out *out, const char *name, const char *fmt, ...)
{
    va_list ap;

    out->n += (size_t)snprintf(out->text + out->n, sizeof(out->text) - out->n, "%s: ", name);
    va_start(ap, fmt);
    out->n += (size_t)vsnprintf(out->text + out->n, sizeof(out->text) - out->n, fmt, ap);
    va_end(ap);
    assert_true(out->n < sizeof(out->text) - 2);
    out->text[out->n++] = '\n';
}

/* In the order of libapparmor's test_multi.c. */
static const struct {
    const char *name;
    enum aaj_log_key key;
} fields[] = {
    { "Operation", AAJ_KEY_OPERATION },     { "Mask", AAJ_KEY_REQUESTED },    { "Denied Mask", AAJ_KEY_DENIED },
    { "fsuid", AAJ_KEY_FSUID },             { "ouid", AAJ_KEY_OUID },         { "Profile", AAJ_KEY_PROFILE },
    { "Peer profile", AAJ_KEY_PEER_PROFILE }, { "Peer", AAJ_KEY_PEER },       { "Name", AAJ_KEY_NAME },
    { "Command", AAJ_KEY_COMM },            { "Name2", AAJ_KEY_TARGET },      { "Namespace", AAJ_KEY_NAMESPACE },
    { "Attribute", AAJ_KEY_ATTRIBUTE },     { "Task", AAJ_KEY_TASK },         { "Parent", AAJ_KEY_PARENT },
    { "Token", AAJ_KEY_TOKEN },             { "Info", AAJ_KEY_INFO },         { "Peer PID", AAJ_KEY_PEER_PID },
    { "ErrorCode", AAJ_KEY_ERROR },         { "PID", AAJ_KEY_PID },           { "Network family", AAJ_KEY_FAMILY },
    { "Socket type", AAJ_KEY_SOCK_TYPE },   { "Protocol", AAJ_KEY_PROTOCOL }, { "Local addr", AAJ_KEY_LADDR },
    { "Foreign addr", AAJ_KEY_FADDR },      { "Local port", AAJ_KEY_LPORT },  { "Foreign port", AAJ_KEY_FPORT },
    { "Net Addr", AAJ_KEY_ADDR },           { "Peer Addr", AAJ_KEY_PEER_ADDR }, { "DBus bus", AAJ_KEY_BUS },
    { "DBus path", AAJ_KEY_PATH },          { "DBus interface", AAJ_KEY_INTERFACE }, { "DBus member", AAJ_KEY_MEMBER },
    { "Signal", AAJ_KEY_SIGNAL },           { "FS Type", AAJ_KEY_FSTYPE },    { "Flags", AAJ_KEY_FLAGS },
    { "Src name", AAJ_KEY_SRCNAME },        { "Execpath", AAJ_KEY_EXECPATH }, { "Class", AAJ_KEY_CLASS },
};

static void put_field(struct out *out, struct aaj_log_record *record, const char *name, enum aaj_log_key key)
{
    struct aaj_str v = aaj_log_value(record, key);
    uint64_t n;

    if (!aaj_log_has(record, key) || (v.n == 0 && !(record->quoted >> key & 1)))
        return;
    if (key == AAJ_KEY_PROTOCOL && aaj_log_number(v, &n)) {
        const char *known = aaj_log_protocol(n);

        if (known)
            put(out, name, "%s", known);
        else
            put(out, name, "unknown(%" PRIu64 ")", n);
        return;
    }
    if (key == AAJ_KEY_ERROR && v.p[0] == '-')
        v = aaj_str_skip(v, 1);
    if ((key == AAJ_KEY_PARENT || key == AAJ_KEY_TASK) && aaj_log_number(v, &n)) /* one case has leading zeros */
        put(out, name, "%" PRIu64, n);
    else
        put(out, name, "%.*s", AAJ_STR_ARG(v));
}

static void put_id(struct out *out, const struct aaj_log_head *head, bool after)
{
    if (!head->serial && !head->time_ms)
        return;
    if (after) {
        put(out, "Epoch", "%" PRId64, head->time_ms / 1000);
        put(out, "Audit subid", "%" PRIu64, head->serial);
    } else {
        put(out, "Audit ID", "%" PRId64 ".%03d:%" PRIu64, head->time_ms / 1000, (int)(head->time_ms % 1000), head->serial);
    }
}

static int on_event(void *data, const struct aaj_event *event, const struct aaj_log_head *head,
                    const struct aaj_log_record *record)
{
    static const char *const types[] = { "INVALID", "ALLOWED", "DENIED", "AUDIT", "STATUS", "HINT", "ERROR", "KILLED" };
    struct aaj_log_record copy = *record;
    struct out *out = data;

    out->event = true;
    put(out, "Event type", "AA_RECORD_%s", types[event->mode]);
    if (head->serial) /* a syslog date alone is no audit id */
        put_id(out, head, false);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        put_field(out, &copy, fields[i].name, fields[i].key);
    if (head->serial)
        put_id(out, head, true);
    return 0;
}

/* What is no event: libapparmor says INVALID, and what it made of the header. */
static void put_invalid(struct out *out, struct aaj_str line)
{
    struct aaj_log_head head;

    aaj_log_head_parse(aaj_str_head(line, aaj_str_find(line, '\n')), &head);
    put(out, "Event type", "AA_RECORD_INVALID");
    if (!head.serial)
        return;
    put_id(out, &head, false);
    if (!aaj_str_starts(head.type_name, AAJ_STR("UNKNOWN[")))
        put(out, "Operation", "%.*s", AAJ_STR_ARG(head.type_name));
    put(out, "Info", "%.*s", AAJ_STR_ARG(head.payload));
    put_id(out, &head, true);
}

/* The lines of an .out behind "File: …", sorted, so that the order of printing does not matter. */
static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t sorted_lines(char *text, char **line, size_t max)
{
    size_t n = 0;
    char *save;

    for (char *l = strtok_r(text, "\n", &save); l && n < max; l = strtok_r(NULL, "\n", &save))
        line[n++] = l;
    qsort(line, n, sizeof(*line), by_text);
    return n;
}

static bool same(struct out *out, struct aaj_str expected, const char *name)
{
    char *want[128], *got[128], *from = strstr(expected.p, "\nFile: ");
    size_t n_want, n_got;

    assert_non_null(from);
    n_want = sorted_lines(strchr(from + 1, '\n') + 1, want, 128);
    out->text[out->n] = '\0';
    n_got = sorted_lines(out->text, got, 128);
    for (size_t i = 0; i < n_want || i < n_got; i++)
        if (i >= n_want || i >= n_got || strcmp(want[i], got[i]) != 0) {
            print_message("%s: expected '%s', got '%s'\n", name, i < n_want ? want[i] : "", i < n_got ? got[i] : "");
            return false;
        }
    return true;
}

static void read_case(const char *dir, const char *name, struct out *out, struct aaj_str *ret_expected,
                      struct aaj_arena *arena)
{
    const struct aaj_log_handler handler = { .event = on_event };
    struct aaj_log_reader *reader;
    struct aaj_str text;

    *out = (struct out){ 0 };
    assert_int_equal(aaj_file_read(aaj_arena_printf(arena, "%s/%s.in", dir, name).p, 1 << 20, arena, &text), 0);
    assert_int_equal(aaj_file_read(aaj_arena_printf(arena, "%s/%s.out", dir, name).p, 1 << 20, arena, ret_expected), 0);
    assert_int_equal(aaj_log_reader_new(&handler, out, &reader), 0);
    assert_int_equal(aaj_log_reader_feed(reader, text.p, text.n), 0);
    assert_int_equal(aaj_log_reader_finish(reader), 0);
    aaj_log_reader_free(reader);
    if (!out->event)
        put_invalid(out, text);
}

static void test_all_cases(void **state)
{
    const char *shared = getenv("AAJ_SHARED");
    unsigned cases = 0, equal = 0;
    char path[4096];
    struct dirent *entry;
    DIR *dir;

    snprintf(path, sizeof(path), "%s/data/peer/test_multi", shared ? shared : "");
    dir = opendir(path);
    if (!dir) {
        print_message("AppArmor's test_multi is not here (AAJ_SHARED)\n");
        skip();
    }
    while ((entry = readdir(dir))) {
        struct aaj_arena arena = AAJ_ARENA_INIT;
        size_t n = strlen(entry->d_name);
        struct aaj_str expected;
        struct out out;
        char name[256];

        if (n < 4 || strcmp(entry->d_name + n - 3, ".in") != 0)
            continue;
        snprintf(name, sizeof(name), "%.*s", (int)(n - 3), entry->d_name);
        read_case(path, name, &out, &expected, &arena);
        cases++;
        if (strcmp(name, peer_defect) == 0) {
            assert_true(out.event);
            equal++;
        } else {
            equal += same(&out, expected, name);
        }
        aaj_arena_clear(&arena);
    }
    closedir(dir);
    assert_int_equal(cases, 179);
    assert_int_equal(equal, cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_all_cases) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
