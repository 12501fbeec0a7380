/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log/journal.h"

#include <endian.h>
#include <errno.h>
#include <json-c/json.h>

/* The fields that decide; the rest of an entry is passed over. */
enum field {
    FIELD_TRANSPORT,
    FIELD_MESSAGE,
    FIELD_HOSTNAME,
    FIELD_BOOT,
    FIELD_AUDIT_ID,
    FIELD_AUDIT_TYPE,
    FIELD_SOURCE_TIME,
    FIELD_TIME,
    FIELD_COMM,
    FIELD_COUNT,
};

static const struct aaj_str field_names[FIELD_COUNT] = {
    [FIELD_TRANSPORT] = AAJ_STR_INIT("_TRANSPORT"),
    [FIELD_MESSAGE] = AAJ_STR_INIT("MESSAGE"),
    [FIELD_HOSTNAME] = AAJ_STR_INIT("_HOSTNAME"),
    [FIELD_BOOT] = AAJ_STR_INIT("_BOOT_ID"),
    [FIELD_AUDIT_ID] = AAJ_STR_INIT("_AUDIT_ID"),
    [FIELD_AUDIT_TYPE] = AAJ_STR_INIT("_AUDIT_TYPE"),
    [FIELD_SOURCE_TIME] = AAJ_STR_INIT("_SOURCE_REALTIME_TIMESTAMP"),
    [FIELD_TIME] = AAJ_STR_INIT("__REALTIME_TIMESTAMP"),
    [FIELD_COMM] = AAJ_STR_INIT("_COMM"),
};

void aaj_journal_clear(struct aaj_journal *journal)
{
    aaj_arena_clear(&journal->arena);
    *journal = (struct aaj_journal){ 0 };
}

bool aaj_journal_is_export(struct aaj_str start)
{
    return aaj_str_starts(start, AAJ_STR("__CURSOR=")) || aaj_str_starts(start, AAJ_STR("__REALTIM"));
}

bool aaj_journal_is_json(struct aaj_str line)
{
    return line.n > 20 && line.p[0] == '{' && line.p[line.n - 1] == '}';
}

static enum field field_of(struct aaj_str name)
{
    enum field f = 0;

    while (f < FIELD_COUNT && !aaj_str_eq(name, field_names[f]))
        f++;
    return f;
}

static int64_t milliseconds(struct aaj_str microseconds)
{
    uint64_t v;

    return aaj_log_number(microseconds, &v) ? (int64_t)(v / 1000) : 0;
}

static bool is_mediator(struct aaj_str comm)
{
    return aaj_str_eq(comm, AAJ_STR("dbus-daemon")) || aaj_str_starts(comm, AAJ_STR("dbus-broker"));
}

/* What journald says about the entry decides how its message is read. */
static void head_of(struct aaj_log_head *head, const struct aaj_str *field)
{
    struct aaj_str message = field[FIELD_MESSAGE], transport = field[FIELD_TRANSPORT];
    uint64_t v;

    *head = (struct aaj_log_head){ .line = message, .boot = field[FIELD_BOOT], .host = field[FIELD_HOSTNAME] };
    head->time_ms = milliseconds(field[field[FIELD_SOURCE_TIME].n ? FIELD_SOURCE_TIME : FIELD_TIME]);
    if (aaj_str_eq(transport, AAJ_STR("audit"))) {
        if (aaj_log_number(field[FIELD_AUDIT_ID], &v))
            head->serial = v;
        aaj_log_head_audit(message, head);
    } else if (aaj_str_eq(transport, AAJ_STR("kernel"))) {
        aaj_log_head_kernel(message, head);
    } else if (aaj_str_eq(transport, AAJ_STR("driver"))) {
        head->channel = AAJ_CHANNEL_KERNEL;
        aaj_log_loss_parse(message, head);
    } else if (is_mediator(field[FIELD_COMM])) {
        aaj_log_head_user(message, head);
    } else if (aaj_str_search(message, AAJ_STR("apparmor=\"")) < message.n) {
        head->kind = AAJ_LINE_BAD;
        head->why = "looks like an AppArmor record, but another program wrote it: not believed";
    }
}

/* A message with odd bytes is an array of numbers. */
static struct aaj_str string_of(struct aaj_arena *arena, struct json_object *v)
{
    size_t n;
    char *out;

    if (json_object_is_type(v, json_type_string))
        return aaj_arena_dup(arena, (struct aaj_str){ json_object_get_string(v),
                                                      (size_t)json_object_get_string_len(v) });
    if (!json_object_is_type(v, json_type_array))
        return (struct aaj_str){ "", 0 };
    n = json_object_array_length(v);
    out = aaj_arena_alloc(arena, n + 1);
    for (size_t i = 0; out && i < n; i++)
        out[i] = (char)json_object_get_int(json_object_array_get_idx(v, i));
    return (struct aaj_str){ out, out ? n : 0 };
}

/* Most entries are of no interest: seen without taking them apart. */
static bool of_interest(struct aaj_str line)
{
    static const struct aaj_str marks[] = { AAJ_STR_INIT("apparmor="), AAJ_STR_INIT("SOCKADDR"),
                                            AAJ_STR_INIT("SYSCALL"), AAJ_STR_INIT("EXECVE"), AAJ_STR_INIT("\"kernel\""),
                                            AAJ_STR_INIT("\"driver\""), AAJ_STR_INIT("\"MESSAGE\":[") };

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (aaj_str_search(line, marks[i]) < line.n)
            return true;
    return false;
}

int aaj_journal_json(struct aaj_journal *journal, struct aaj_str line)
{
    struct aaj_str field[FIELD_COUNT] = { 0 };
    struct json_tokener *tok;
    struct json_object *entry;

    aaj_arena_clear(&journal->arena);
    journal->head = (struct aaj_log_head){ .line = line };
    if (!journal->all && !of_interest(line))
        return 0;
    tok = json_tokener_new_ex(8);
    if (!tok)
        return -ENOMEM;
    entry = json_tokener_parse_ex(tok, line.p, (int)line.n);
    json_tokener_free(tok);
    if (!json_object_is_type(entry, json_type_object)) {
        json_object_put(entry);
        journal->head.kind = AAJ_LINE_BAD;
        journal->head.why = "not a JSON object";
        return 0;
    }
    json_object_object_foreach(entry, name, value) {
        enum field f = field_of(aaj_str_c(name));

        if (f < FIELD_COUNT)
            field[f] = string_of(&journal->arena, value);
    }
    json_object_put(entry);
    for (size_t f = 0; f < FIELD_COUNT; f++)
        if (!field[f].p)
            field[f] = AAJ_STR("");
    head_of(&journal->head, field);
    return 0;
}

/* "NAME=VALUE\n", or "NAME\n", 64 bits of length in little endian, the bytes, "\n". */
static int export_field(struct aaj_str text, struct aaj_str *ret_name, struct aaj_str *ret_value, size_t *ret_used)
{
    size_t nl = aaj_str_find(text, '\n'), eq;
    uint64_t n;

    if (nl == text.n)
        return -EAGAIN;
    eq = aaj_str_find(aaj_str_head(text, nl), '=');
    *ret_name = aaj_str_head(text, eq);
    if (eq < nl) {
        *ret_value = (struct aaj_str){ text.p + eq + 1, nl - eq - 1 };
        *ret_used = nl + 1;
        return 0;
    }
    if (text.n < nl + 1 + sizeof(n))
        return -EAGAIN;
    memcpy(&n, text.p + nl + 1, sizeof(n));
    n = le64toh(n);
    if (n > 4 * (uint64_t)AAJ_LOG_LINE_MAX) { /* no length at all: a line without "=" */
        *ret_value = (struct aaj_str){ "", 0 };
        *ret_used = nl + 1;
        return 0;
    }
    if (text.n < nl + 1 + sizeof(n) + n + 1)
        return -EAGAIN;
    *ret_value = (struct aaj_str){ text.p + nl + 1 + sizeof(n), (size_t)n };
    *ret_used = nl + 1 + sizeof(n) + (size_t)n + 1;
    return 0;
}

int aaj_journal_export(struct aaj_journal *journal, struct aaj_str text, size_t *ret_used)
{
    struct aaj_str field[FIELD_COUNT] = { 0 }, name, value, rest = text;
    size_t used;
    int r;

    *ret_used = 0;
    if (text.n && text.p[0] == '\n') {
        *ret_used = 1;
        return -ENODATA;
    }
    while (rest.n && rest.p[0] != '\n') {
        enum field f;

        r = export_field(rest, &name, &value, &used);
        if (r < 0)
            return r;
        f = field_of(name);
        if (f < FIELD_COUNT)
            field[f] = value;
        rest = aaj_str_skip(rest, used);
    }
    if (rest.n == 0)
        return -EAGAIN;
    for (size_t f = 0; f < FIELD_COUNT; f++)
        if (!field[f].p)
            field[f] = AAJ_STR("");
    *ret_used = text.n - rest.n + 1;
    head_of(&journal->head, field);
    return 0;
}
