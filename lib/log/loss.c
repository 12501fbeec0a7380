/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages by which a kernel or a daemon says that records were lost. The ids are part of
 * aajail-recording(5).
 *
 * Sources: lib/ratelimit.c (callbacks suppressed), kernel/audit.c (audit_log_lost, audit_backlog,
 * audit_lost), auditd-event.c, auditd-dispatch.c, audispd's queue.c, journald-kmsg.c and
 * journald-rate-limit.c, rsyslog's imuxsock and imjournal.
 */
#include "log/record.h"

static const struct {
    struct aaj_str mark;
    const char *id;
    bool number_before; /* the number stands before the mark, else the first one behind it */
    bool counted;       /* there is a number of lost records */
} marks[] = {
    { AAJ_STR_INIT(" callbacks suppressed"), "callbacks-suppressed", true, true },
    { AAJ_STR_INIT("audit_lost="), "audit-lost", false, true },
    { AAJ_STR_INIT("session serials missing="), "serial-gap", false, true },
    { AAJ_STR_INIT("session receive overruns="), "receive-overrun", false, true },
    { AAJ_STR_INIT("backlog limit exceeded"), "audit-backlog", false, false },
    { AAJ_STR_INIT("> audit_backlog_limit="), "audit-backlog", false, false },
    { AAJ_STR_INIT("audit: rate limit exceeded"), "audit-rate-limit", false, false },
    { AAJ_STR_INIT("kauditd hold queue overflow"), "audit-queue", false, false },
    { AAJ_STR_INIT("kauditd retry queue overflow"), "audit-queue", false, false },
    { AAJ_STR_INIT("audit: kauditd overflow"), "audit-queue", false, false },
    { AAJ_STR_INIT("dispatch err (pipe full) event lost"), "dispatcher-queue", false, false },
    { AAJ_STR_INIT("queue is full - dropping event"), "dispatcher-queue", false, false },
    { AAJ_STR_INIT("queue to plugins is full - dropping event"), "dispatcher-queue", false, false },
    { AAJ_STR_INIT("suspending logging"), "auditd-suspended", false, false },
    { AAJ_STR_INIT("Audit daemon has no space left"), "auditd-suspended", false, false },
    { AAJ_STR_INIT(" kernel messages, "), "journald-missed", true, true },
    { AAJ_STR_INIT("messages lost due to rate-limiting"), "syslog-rate-limit", true, true },
    { AAJ_STR_INIT("journal: suppressed "), "journald-rate-limit", false, true },
};

static uint64_t digits_behind(struct aaj_str text)
{
    uint64_t v = 0;

    for (size_t i = 0; i < text.n && i < 18 && text.p[i] >= '0' && text.p[i] <= '9'; i++)
        v = v * 10 + (uint64_t)(text.p[i] - '0');
    return v;
}

static uint64_t digits_before(struct aaj_str text)
{
    size_t i = text.n;

    while (i > 0 && text.n - i < 18 && text.p[i - 1] >= '0' && text.p[i - 1] <= '9')
        i--;
    return digits_behind(aaj_str_skip(text, i));
}

/* "Missed 12 kernel messages", "Suppressed 34 messages from user.slice" */
static bool journald(struct aaj_str text, struct aaj_log_head *head)
{
    static const struct aaj_str missed = AAJ_STR_INIT("Missed "), kernel = AAJ_STR_INIT(" kernel messages"),
                                suppressed = AAJ_STR_INIT("Suppressed "), from = AAJ_STR_INIT(" messages from ");

    if (aaj_str_starts(text, missed) && aaj_str_search(text, kernel) < text.n) {
        head->why = "journald-missed";
        head->lost = digits_behind(aaj_str_skip(text, missed.n));
        return true;
    }
    if (aaj_str_starts(text, suppressed) && aaj_str_search(text, from) < text.n) {
        head->why = "journald-rate-limit";
        head->lost = digits_behind(aaj_str_skip(text, suppressed.n));
        return true;
    }
    return false;
}

bool aaj_log_loss_parse(struct aaj_str text, struct aaj_log_head *head)
{
    if (journald(text, head)) {
        head->kind = AAJ_LINE_LOSS;
        return true;
    }
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t at = aaj_str_search(text, marks[i].mark);

        if (at == text.n)
            continue;
        head->kind = AAJ_LINE_LOSS;
        head->why = marks[i].id;
        head->lost = 0;
        if (marks[i].counted)
            head->lost = marks[i].number_before ? digits_before(aaj_str_head(text, at))
                                                : digits_behind(aaj_str_skip(text, at + marks[i].mark.n));
        if (marks[i].counted && head->lost == 0) {
            head->kind = AAJ_LINE_OTHER; /* "audit_lost=0" is part of every status line */
            continue;
        }
        return true;
    }
    return false;
}
