/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces of input into lines or journal entries, and these into heads and events. */
#include "log/reader.h"

#include <errno.h>
#include <stdlib.h>

#include "log/join.h"
#include "log/journal.h"
#include "log/path.h"
#include "log/scan.h"

enum reader_form { FORM_UNKNOWN, FORM_LINES, FORM_EXPORT };

struct aaj_log_reader {
    struct aaj_log_handler handler;
    void *data;
    struct aaj_log_account account;
    enum reader_form form;
    char *carry; /* the start of a line whose end has not come yet */
    size_t carry_n, carry_cap;
    bool too_long; /* inside a line past AAJ_LOG_LINE_MAX: drop until its end */
    char *held; /* a USER_AVC line whose msg='… is still open: some daemons break it */
    size_t held_n;
    char *scratch; /* decoded values of one record: as long as its line */
    size_t scratch_cap;
    struct aaj_journal journal;
    struct aaj_join join;
    struct aaj_log_like like;
};

int aaj_log_reader_new(const struct aaj_log_handler *handler, void *data, struct aaj_log_reader **ret_reader)
{
    struct aaj_log_reader *reader = calloc(1, sizeof(*reader));

    if (!reader)
        return -ENOMEM;
    reader->handler = *handler;
    reader->journal.all = handler->each != NULL;
    reader->data = data;
    *ret_reader = reader;
    return 0;
}

struct aaj_log_reader *aaj_log_reader_free(struct aaj_log_reader *reader)
{
    if (!reader)
        return NULL;
    aaj_join_clear(&reader->join);
    aaj_journal_clear(&reader->journal);
    free(reader->carry);
    free(reader->held);
    free(reader->scratch);
    free(reader);
    return NULL;
}

const struct aaj_log_account *aaj_log_reader_account(const struct aaj_log_reader *reader)
{
    return &reader->account;
}

uint64_t aaj_log_reader_line(const struct aaj_log_reader *reader)
{
    return reader->account.lines;
}

static void report(struct aaj_log_reader *reader, struct aaj_str line, uint64_t line_no, size_t at, const char *why,
                   const struct aaj_log_head *head)
{
    reader->account.reported++;
    if (reader->handler.report)
        reader->handler.report(reader->data, line, line_no, at, why, head);
}

static int grow_scratch(struct aaj_log_reader *reader, size_t n)
{
    char *p = n > reader->scratch_cap ? realloc(reader->scratch, n * 2) : reader->scratch;

    if (n <= reader->scratch_cap)
        return 0;
    if (!p)
        return -ENOMEM;
    reader->scratch = p;
    reader->scratch_cap = n * 2;
    return 0;
}

int aaj_log_reader_parse(struct aaj_log_reader *reader, const struct aaj_log_head *head, uint64_t line_no,
                         struct aaj_log_record *record, struct aaj_event *ret_event)
{
    if (aaj_log_record_parse(head, record) < 0 || aaj_log_event(head, record, ret_event) < 0) {
        report(reader, head->line, line_no, (size_t)(record->at - head->line.p), record->why, head);
        return 0;
    }
    reader->account.used++;
    return 1;
}

int aaj_log_reader_take(struct aaj_log_reader *reader, const struct aaj_log_head *head, uint64_t line_no)
{
    struct aaj_log_record record;
    struct aaj_event event;

    if (grow_scratch(reader, head->line.n) < 0)
        return -ENOMEM;
    record.scratch = reader->scratch;
    if (!aaj_log_reader_parse(reader, head, line_no, &record, &event))
        return 0;
    return reader->handler.event(reader->data, &event, head, &record);
}

/* A record made from several lines: its event has no line of its own. */
static int joined(struct aaj_log_reader *reader, int found, const struct aaj_event *event, struct aaj_log_head *head)
{
    if (found <= 0) {
        reader->account.irrelevant += found == 0;
        return found;
    }
    reader->account.used++;
    reader->account.joined++;
    return reader->handler.event(reader->data, event, head, NULL);
}

static int apparmor_line(struct aaj_log_reader *reader, const struct aaj_log_head *head)
{
    int r;

    aaj_join_avc(&reader->join, head);
    r = reader->handler.known ? reader->handler.known(reader->data, head) : 0;
    return r == 0 ? aaj_log_reader_take(reader, head, reader->account.lines) : r < 0 ? r : 0;
}

void aaj_log_reader_used(struct aaj_log_reader *reader, uint64_t n)
{
    reader->account.used += n;
}

/* The words of an exec, which is counted by its own record. */
static int execve_line(struct aaj_log_reader *reader, const struct aaj_log_head *head)
{
    struct aaj_event exec;
    struct aaj_str argv;
    int r = reader->handler.command ? aaj_join_execve(&reader->join, head, &exec, &argv) : 0;

    reader->account.irrelevant++;
    return r > 0 ? reader->handler.command(reader->data, &exec, argv, head) : r;
}

static int loss_line(struct aaj_log_reader *reader, const struct aaj_log_head *head)
{
    reader->account.used++;
    return reader->handler.loss ? reader->handler.loss(reader->data, head) : 0;
}

static int each_line(struct aaj_log_reader *reader, const struct aaj_log_head *head)
{
    int r = reader->handler.each(reader->data, head);

    reader->account.used += r > 0;
    reader->account.irrelevant += r == 0;
    return r < 0 ? r : 0;
}

/* Everything that has a head ends here; .lines has been counted. */
static int take_head(struct aaj_log_reader *reader, struct aaj_log_head *head)
{
    struct aaj_event event;

    if (reader->handler.each && head->type && head->serial)
        return each_line(reader, head);
    switch (head->kind) {
    case AAJ_LINE_APPARMOR:
        return apparmor_line(reader, head);
    case AAJ_LINE_SOCKADDR:
        return joined(reader, aaj_join_sockaddr(&reader->join, head, &event), &event, head);
    case AAJ_LINE_SYSCALL:
        return joined(reader, aaj_join_syscall(&reader->join, head, &event), &event, head);
    case AAJ_LINE_EXECVE:
        return execve_line(reader, head);
    case AAJ_LINE_LOSS:
        return loss_line(reader, head);
    case AAJ_LINE_BAD:
        report(reader, head->line, reader->account.lines, head->at, head->why, head);
        return 0;
    case AAJ_LINE_OTHER:
        break;
    }
    reader->account.irrelevant++;
    return 0;
}

static int flush(struct aaj_log_reader *reader)
{
    int r = reader->handler.flush ? reader->handler.flush(reader->data) : 0;

    return r < 0 ? r : aaj_join_pin(&reader->join);
}

/* A journal's entry: its bytes are the journal's own and are gone at the next one. */
static int take_entry(struct aaj_log_reader *reader, int found)
{
    int r;

    reader->account.lines++;
    if (found < 0)
        return found;
    r = take_head(reader, &reader->journal.head);
    return r < 0 ? r : flush(reader);
}

/* True for "… msg='apparmor=… hostname=" without the closing quote. */
static bool is_open(const struct aaj_log_head *head)
{
    return head->type == AAJ_AUDIT_USER_AVC && head->kind == AAJ_LINE_APPARMOR &&
           aaj_str_find(head->payload, '\'') == head->payload.n;
}

static bool is_auditd(struct aaj_str line)
{
    return line.n > 6 && memcmp(line.p, "type=", 5) == 0;
}

/* auditd's records that are none of ours, of which there are more than of all others: PROCTITLE, PATH, CWD, … Ours
 * are AVC, APPARMOR_…, SYSCALL, SOCKADDR, EXECVE, USER_AVC, UNKNOWN[…] and numbers. */
static bool is_foreign(char first)
{
    return first >= 'B' && first <= 'Z' && first != 'S' && first != 'U' && first != 'E';
}

/* Lines of auditd that are not taken apart here: what is none of ours, and what is looked into when another record
 * asks for it. */
static bool is_put_off(struct aaj_log_reader *reader, struct aaj_str line)
{
    char first = line.p[5];

    if (first == 'S')
        return aaj_join_is_syscall(line) && aaj_join_later(&reader->join, line);
    if (first == 'C' && aaj_str_starts(line, AAJ_STR("type=CWD ")))
        aaj_join_cwd(&reader->join, line);
    return is_foreign(first);
}

/* What a PATH record says of the file that was run, where it is worth knowing. */
static int take_path(struct aaj_log_reader *reader, struct aaj_str line)
{
    struct aaj_log_head head;
    struct aaj_fact fact;
    struct aaj_str label;
    int r;

    aaj_log_head_parse(line, &head);
    r = reader->handler.fact ? aaj_join_path(&reader->join, &head, &fact, &label) : 0;
    reader->account.used += r > 0;
    reader->account.irrelevant += r <= 0;
    return r > 0 ? reader->handler.fact(reader->data, &fact, label, &head) : r;
}

/* One of auditd's that is seldom worth a look. */
static int foreign_line(struct aaj_log_reader *reader, struct aaj_str line)
{
    reader->account.lines++;
    if (line.p[5] == 'P' && aaj_path_is_privileged(line))
        return take_path(reader, line);
    reader->account.irrelevant++;
    return 0;
}

static int take_plain(struct aaj_log_reader *reader, struct aaj_str line)
{
    struct aaj_log_head head;

    reader->account.lines++;
    aaj_log_head_parse(line, &head);
    return take_head(reader, &head);
}

static int hold(struct aaj_log_reader *reader, struct aaj_str line)
{
    reader->held = malloc(line.n + 1);
    if (!reader->held)
        return -ENOMEM;
    memcpy(reader->held, line.p, line.n);
    reader->held_n = line.n;
    return 0;
}

/* The line that was held, with @more behind it if that continues it; true then. */
static int release(struct aaj_log_reader *reader, struct aaj_str more, bool *ret_continued)
{
    bool continued = more.n && aaj_is_blank(more.p[0]);
    char *whole = reader->held, *longer;
    size_t n = reader->held_n;
    int r;

    reader->held = NULL;
    if (continued) {
        longer = realloc(whole, n + more.n);
        if (!longer) {
            free(whole);
            return -ENOMEM;
        }
        whole = longer;
        memcpy(whole + n, more.p, more.n);
        n += more.n;
        reader->account.lines++;
        reader->account.used++;
    }
    r = take_plain(reader, (struct aaj_str){ whole, n });
    if (r == 0)
        r = flush(reader);
    free(whole);
    *ret_continued = continued;
    return r;
}

static int take_line(struct aaj_log_reader *reader, const char *p, size_t n)
{
    struct aaj_log_head head;
    struct aaj_str line = { p, n };

    if (n && p[n - 1] == '\r')
        line.n--;
    if (reader->held) {
        bool continued;
        int r = release(reader, line, &continued);

        if (r < 0 || continued)
            return r;
    }
    if (is_auditd(line)) {
        if (!reader->handler.each && is_put_off(reader, line))
            return foreign_line(reader, line);
        aaj_log_head_parse(line, &head);
    } else if (aaj_journal_is_json(line)) {
        return take_entry(reader, aaj_journal_json(&reader->journal, line));
    } else {
        aaj_log_head_parse_like(line, &reader->like, &head);
    }
    if (is_open(&head))
        return hold(reader, line);
    reader->account.lines++;
    return take_head(reader, &head);
}

static int keep(struct aaj_log_reader *reader, const char *p, size_t n)
{
    size_t want = reader->carry_n + n;

    if (want > reader->carry_cap) {
        size_t cap = want < 4096 ? 4096 : want * 2;
        char *carry = realloc(reader->carry, cap);

        if (!carry)
            return -ENOMEM;
        reader->carry = carry;
        reader->carry_cap = cap;
    }
    memcpy(reader->carry + reader->carry_n, p, n);
    reader->carry_n = want;
    return 0;
}

static int end_too_long(struct aaj_log_reader *reader)
{
    reader->account.lines++;
    report(reader, (struct aaj_str){ reader->carry, 120 }, reader->account.lines, 0,
           "the line is longer than 1 MiB", NULL);
    reader->too_long = false;
    reader->carry_n = 0;
    return flush(reader);
}

/* The start of a line, kept until its end comes. */
static int keep_start(struct aaj_log_reader *reader, const char *p, size_t n)
{
    if (reader->too_long)
        return 0;
    if (reader->carry_n + n <= AAJ_LOG_LINE_MAX)
        return keep(reader, p, n);
    reader->too_long = true;
    return reader->carry_n < 120 ? keep(reader, p, 120) : 0;
}

/* The rest of a line that began in an earlier piece. */
static int end_carry(struct aaj_log_reader *reader, const char *p, size_t n)
{
    int r = keep_start(reader, p, n);

    if (r < 0)
        return r;
    if (reader->too_long)
        return end_too_long(reader);
    r = take_line(reader, reader->carry, reader->carry_n);
    reader->carry_n = 0;
    return r < 0 ? r : flush(reader);
}

static int feed_lines(struct aaj_log_reader *reader, const char *p, const char *end)
{
    int r;

    if (reader->carry_n || reader->too_long) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));

        if (!nl)
            return keep_start(reader, p, (size_t)(end - p));
        r = end_carry(reader, p, (size_t)(nl - p));
        if (r < 0)
            return r;
        p = nl + 1;
    }
    while (p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));

        if (!nl)
            break;
        if (nl - p > AAJ_LOG_LINE_MAX) {
            r = end_carry(reader, p, (size_t)(nl - p));
        } else {
            r = take_line(reader, p, (size_t)(nl - p));
        }
        if (r < 0)
            return r;
        p = nl + 1;
    }
    r = flush(reader);
    return r < 0 || p == end ? r : keep_start(reader, p, (size_t)(end - p));
}

/* Entries of journalctl -o export: binary fields may hold anything, so they are not lines. */
static int feed_export(struct aaj_log_reader *reader, const char *p, size_t n)
{
    size_t used = 0;
    int r = keep(reader, p, n);

    while (r == 0) {
        size_t entry;
        int found = aaj_journal_export(&reader->journal, (struct aaj_str){ reader->carry + used, reader->carry_n - used },
                                       &entry);

        if (found == -EAGAIN)
            break;
        used += entry;
        if (found != -ENODATA) /* blank lines between entries */
            r = take_entry(reader, found);
    }
    memmove(reader->carry, reader->carry + used, reader->carry_n - used);
    reader->carry_n -= used;
    if (r == 0 && reader->carry_n > 2 * (size_t)AAJ_LOG_LINE_MAX) {
        reader->account.lines++;
        report(reader, (struct aaj_str){ reader->carry, 120 }, reader->account.lines, 0,
               "the journal entry is longer than 2 MiB", NULL);
        reader->carry_n = 0;
    }
    return r;
}

/* A record that one of the next block may belong to. */
static void prime_head(struct aaj_join *join, const struct aaj_log_head *head)
{
    struct aaj_event event;
    struct aaj_str argv;

    if (head->kind == AAJ_LINE_APPARMOR)
        aaj_join_avc(join, head);
    else if (head->kind == AAJ_LINE_SYSCALL)
        (void)aaj_join_syscall(join, head, &event);
    else if (head->kind == AAJ_LINE_SOCKADDR)
        (void)aaj_join_sockaddr(join, head, &event);
    else if (head->kind == AAJ_LINE_EXECVE)
        (void)aaj_join_execve(join, head, &event, &argv);
}

/* A journal's entry, whose bytes are gone at the next one. */
static void prime_entry(struct aaj_log_reader *reader, struct aaj_str line)
{
    if (aaj_journal_json(&reader->journal, line) < 0)
        return;
    prime_head(&reader->join, &reader->journal.head);
    if (aaj_join_pin(&reader->join) < 0)
        aaj_join_forget(&reader->join);
}

void aaj_log_reader_prime(struct aaj_log_reader *reader, const char *data, size_t n)
{
    const char *end = data + n, *nl;
    struct aaj_log_head head;

    for (; data < end && (nl = memchr(data, '\n', (size_t)(end - data))); data = nl + 1) {
        struct aaj_str line = { data, (size_t)(nl - data) };

        if (aaj_journal_is_json(line))
            prime_entry(reader, line);
        /* Else only auditd's own form holds records that are joined by serial and may be cut apart. */
        if ((*data != 't' && *data != 'n') || (is_auditd(line) && is_put_off(reader, line)))
            continue;
        aaj_log_head_parse(line, &head);
        prime_head(&reader->join, &head);
    }
}

void aaj_log_reader_restart(struct aaj_log_reader *reader)
{
    aaj_join_forget(&reader->join);
    reader->carry_n = 0;
    reader->too_long = false;
    reader->form = FORM_UNKNOWN;
}

/* The last entry may lack its blank line; what is still not one then was cut. */
static int end_export(struct aaj_log_reader *reader)
{
    int r = reader->carry_n ? feed_export(reader, "\n\n", 2) : 0;

    if (r == 0 && reader->carry_n) {
        reader->account.lines++;
        report(reader, (struct aaj_str){ reader->carry, reader->carry_n }, reader->account.lines, 0,
               "the journal's last entry is cut", NULL);
        reader->carry_n = 0;
    }
    return r;
}

/* The first bytes decide what the input is; until there are enough they wait. True when it is decided, and what had
 * waited is in @waited then. */
static bool decide(struct aaj_log_reader *reader, const char *data, size_t n, bool end, char *waited, size_t *ret_n)
{
    char start[AAJ_JOURNAL_EXPORT_MARK];
    size_t have = reader->carry_n, more = AAJ_JOURNAL_EXPORT_MARK - have;

    if (n < more && !end)
        return false;
    more = n < more ? n : more;
    if (have)
        memcpy(start, reader->carry, have);
    if (more)
        memcpy(start + have, data, more);
    memcpy(waited, start, have);
    *ret_n = have;
    reader->carry_n = 0;
    reader->form = aaj_journal_is_export((struct aaj_str){ start, have + more }) ? FORM_EXPORT : FORM_LINES;
    return true;
}

static int feed_decided(struct aaj_log_reader *reader, const char *data, size_t n)
{
    if (n == 0)
        return 0;
    return reader->form == FORM_EXPORT ? feed_export(reader, data, n) : feed_lines(reader, data, data + n);
}

int aaj_log_reader_feed(struct aaj_log_reader *reader, const char *data, size_t n)
{
    char waited[AAJ_JOURNAL_EXPORT_MARK];
    size_t n_waited = 0;
    int r;

    reader->account.bytes += n;
    if (n == 0)
        return 0;
    if (reader->form == FORM_UNKNOWN && !decide(reader, data, n, false, waited, &n_waited))
        return keep(reader, data, n);
    r = feed_decided(reader, waited, n_waited);
    return r < 0 ? r : feed_decided(reader, data, n);
}

int aaj_log_reader_finish(struct aaj_log_reader *reader)
{
    char waited[AAJ_JOURNAL_EXPORT_MARK];
    size_t n_waited = 0;
    int r = 0;

    if (reader->form == FORM_UNKNOWN && decide(reader, "", 0, true, waited, &n_waited))
        r = feed_decided(reader, waited, n_waited);
    if (r == 0 && reader->form == FORM_EXPORT)
        r = end_export(reader);
    else if (r == 0 && (reader->carry_n || reader->too_long))
        r = end_carry(reader, "", 0);
    if (r == 0 && reader->held) {
        bool continued;

        r = release(reader, (struct aaj_str){ "", 0 }, &continued);
    }
    return r < 0 ? r : flush(reader);
}
