/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a record begins. A search for apparmor=" anywhere would believe whatever a user-space process
 * wrote into its own syslog line, so each form is anchored to its header:
 *
 *   [node=HOST ]type=AVC msg=audit(S.ms:ID): …            auditd, ausearch --raw, its dispatcher
 *   [type=1400 ][msg=]audit(S.ms:ID): [type=1503 ]…       netlink payload, kernel message
 *   [<5>|5,12,34,-;][[  12.345678] ][audit: ]type=1400 …  dmesg, /dev/kmsg
 *   DATE HOST kernel: […]                                 syslog, journalctl -o short*
 *   DATE HOST audit[PID]: AVC …                           journald's audit transport
 *   DATE HOST dbus-daemon[PID]: apparmor="…" …            a mediator in user space
 */
#include "log/record.h"

#include <endian.h>
#include <stdlib.h>

#include "log/scan.h"

const char *const aaj_channel_name[AAJ_CHANNEL_COUNT] = { "", "audit", "kernel", "user", "syscalls" };

static const struct aaj_str apparmor_mark = AAJ_STR_INIT("apparmor=\"");

static void bad(struct aaj_log_head *head, const char *at, const char *why)
{
    head->kind = AAJ_LINE_BAD;
    head->why = why;
    head->at = (size_t)(at - head->line.p);
}

/* Always inline, so that a comparison with a literal is one or two of words: syslog's headers are made of them. */
static inline __attribute__((always_inline)) bool eat(struct aaj_str *s, struct aaj_str prefix)
{
    if (!aaj_str_starts(*s, prefix))
        return false;
    *s = (struct aaj_str){ s->p + prefix.n, s->n - prefix.n };
    return true;
}

/* Index of a byte that is near, or s.n: below 16 bytes a call of memchr(3) costs more than its search. */
static size_t find_near(struct aaj_str s, char c)
{
    return (size_t)(aaj_scan_byte(s.p, s.p + s.n, c) - s.p);
}

static void skip_spaces(struct aaj_str *s)
{
    const char *p = s->p, *end = p + s->n;

    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    *s = (struct aaj_str){ p, (size_t)(end - p) };
}

static uint64_t digits(struct aaj_str *s, unsigned max, unsigned *ret_n)
{
    uint64_t v = 0;
    unsigned n = 0;

    while (n < s->n && n < max && s->p[n] >= '0' && s->p[n] <= '9')
        v = v * 10 + (uint64_t)(s->p[n++] - '0');
    *ret_n = n;
    *s = aaj_str_skip(*s, n);
    return v;
}

/* Ten digits at once: the seconds since 2001. False for anything else. */
static bool ten_digits(const char *p, const char *end, uint64_t *ret)
{
    uint64_t v, bad;

    if (end - p < 12)
        return false;
    memcpy(&v, p, 8);
    v = le64toh(v) - 0x3030303030303030;
    bad = (v | (v + 0x7676767676767676)) & 0x8080808080808080;
    if (bad || (unsigned char)(p[8] - '0') > 9 || (unsigned char)(p[9] - '0') > 9)
        return false;
    *ret = aaj_scan_value8(v) * 100 + (uint64_t)(p[8] - '0') * 10 + (uint64_t)(p[9] - '0');
    return true;
}

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* "1181057184.959:7): ", or ending in "):" at the end of the line. @s is behind "audit(". */
static bool audit_id(struct aaj_str *s, struct aaj_log_head *head)
{
    const char *p = s->p, *end = p + s->n, *q;
    uint64_t seconds, serial;
    unsigned ms;

    q = ten_digits(p, end, &seconds) && p[10] == '.' ? p + 10 : aaj_scan_number(p, end, 12, &seconds);
    if (q == p || end - q < 5 || q[0] != '.' || !is_digit(q[1]) || !is_digit(q[2]) || !is_digit(q[3]) || q[4] != ':')
        return false;
    ms = (unsigned)(q[1] - '0') * 100 + (unsigned)(q[2] - '0') * 10 + (unsigned)(q[3] - '0');
    p = q + 5;
    q = aaj_scan_number(p, end, 19, &serial);
    if (q == p || end - q < 2 || q[0] != ')' || q[1] != ':')
        return false;
    head->time_ms = (int64_t)(seconds * 1000 + ms);
    head->serial = serial;
    /* p is at the serial. What no kernel writes, zeros at the start, is not an id that can be written again. */
    if ((*s->p != '0' || s->p[1] == '.') && (*p != '0' || q == p + 1))
        head->id = (struct aaj_str){ s->p, (size_t)(q - s->p) };
    *s = (struct aaj_str){ q + 2, (size_t)(end - q - 2) };
    return true;
}

static const struct {
    struct aaj_str name;
    int type;
} types[] = {
    { AAJ_STR_INIT("AVC"), AAJ_AUDIT_AVC },
    { AAJ_STR_INIT("SYSCALL"), AAJ_AUDIT_SYSCALL },
    { AAJ_STR_INIT("SOCKADDR"), AAJ_AUDIT_SOCKADDR },
    { AAJ_STR_INIT("USER_AVC"), AAJ_AUDIT_USER_AVC },
    { AAJ_STR_INIT("APPARMOR_AUDIT"), 1501 },
    { AAJ_STR_INIT("APPARMOR_ALLOWED"), 1502 },
    { AAJ_STR_INIT("APPARMOR_DENIED"), 1503 },
    { AAJ_STR_INIT("APPARMOR_HINT"), 1504 },
    { AAJ_STR_INIT("APPARMOR_STATUS"), 1505 },
    { AAJ_STR_INIT("APPARMOR_ERROR"), 1506 },
    { AAJ_STR_INIT("APPARMOR_KILL"), 1507 },
    { AAJ_STR_INIT("APPARMOR"), AAJ_AUDIT_APPARMOR },
    { AAJ_STR_INIT("PATH"), AAJ_AUDIT_PATH },
    { AAJ_STR_INIT("CWD"), AAJ_AUDIT_CWD },
    { AAJ_STR_INIT("EXECVE"), AAJ_AUDIT_EXECVE },
    { AAJ_STR_INIT("MMAP"), AAJ_AUDIT_MMAP },
    { AAJ_STR_INIT("FD_PAIR"), AAJ_AUDIT_FD_PAIR },
    { AAJ_STR_INIT("EOE"), AAJ_AUDIT_EOE },
    { AAJ_STR_INIT("PROCTITLE"), AAJ_AUDIT_PROCTITLE },
    { AAJ_STR_INIT("OPENAT2"), AAJ_AUDIT_OPENAT2 },
};

static int type_number(struct aaj_str name)
{
    unsigned n;

    if (aaj_str_eq(name, AAJ_STR("1400")))
        return AAJ_AUDIT_AVC;
    if (name.n && name.p[0] >= '0' && name.p[0] <= '9')
        return (int)digits(&name, 5, &n);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (aaj_str_eq(name, types[i].name))
            return types[i].type;
    return eat(&name, AAJ_STR("UNKNOWN[")) ? (int)digits(&name, 5, &n) : 0;
}

/* The word up to a space, without it. */
static struct aaj_str word(struct aaj_str *s)
{
    struct aaj_str w = aaj_str_head(*s, find_near(*s, ' '));

    *s = (struct aaj_str){ s->p + w.n, s->n - w.n };
    skip_spaces(s);
    return w;
}

static bool has_keys(struct aaj_str payload)
{
    return aaj_str_starts(payload, apparmor_mark) || aaj_str_starts(payload, AAJ_STR("operation=\""));
}

/* Knowing type and payload, is it ours? */
static void classify(struct aaj_log_head *head)
{
    struct aaj_str s = head->payload;

    skip_spaces(&s);
    switch (head->type) {
    case AAJ_AUDIT_SYSCALL:
        head->kind = AAJ_LINE_SYSCALL;
        return;
    case AAJ_AUDIT_SOCKADDR:
        head->kind = AAJ_LINE_SOCKADDR;
        return;
    case AAJ_AUDIT_EXECVE:
        head->kind = AAJ_LINE_EXECVE;
        return;
    case AAJ_AUDIT_USER_AVC: {
        size_t at = aaj_str_search(s, AAJ_STR("msg='"));

        if (has_keys(aaj_str_skip(s, at + 5))) {
            head->payload = aaj_str_skip(s, at + 5);
            head->kind = AAJ_LINE_APPARMOR;
            head->channel = head->channel ? head->channel : AAJ_CHANNEL_AUDIT;
        }
        return;
    }
    case 0: /* no number is the oldest form; a word that is no type of ours is another record */
        if (head->type_name.n)
            return;
        break;
    case AAJ_AUDIT_AVC:
        break;
    case AAJ_AUDIT_APPARMOR:
        if (!has_keys(s))
            bad(head, s.p, "the prose of AppArmor 1.x, which holds no fields");
        else
            head->kind = AAJ_LINE_APPARMOR;
        head->payload = s;
        return;
    default:
        if (head->type < AAJ_AUDIT_APPARMOR_FIRST || head->type > AAJ_AUDIT_APPARMOR_LAST)
            return;
        head->kind = AAJ_LINE_APPARMOR;
        head->payload = s;
        return;
    }
    if (has_keys(s)) {
        head->payload = s;
        head->kind = AAJ_LINE_APPARMOR;
    }
}

bool aaj_log_head_id(struct aaj_str s, struct aaj_log_head *head)
{
    if (!audit_id(&s, head))
        return false;
    skip_spaces(&s);
    if (!head->type_name.n && eat(&s, AAJ_STR("type="))) {
        head->type_name = word(&s);
        head->type = type_number(head->type_name);
    }
    head->payload = s;
    if (head->type == AAJ_AUDIT_AVC && eat(&s, AAJ_STR("apparmor=\""))) /* nearly every line that matters */
        head->kind = AAJ_LINE_APPARMOR;
    else
        classify(head);
    return true;
}

/* From "audit(" on: id, a type that may follow it, payload. */
static void from_id(struct aaj_str s, struct aaj_log_head *head)
{
    if (!aaj_log_head_id(s, head) &&
        (aaj_str_search(s, apparmor_mark) < s.n || aaj_str_search(s, AAJ_STR("operation=\"")) < s.n))
        bad(head, s.p, "the audit id is not SECONDS.MILLISECONDS:SERIAL");
}

/* [node=HOST ]type=NAME msg=audit(…): …; also without type. */
static bool from_auditd(struct aaj_str s, struct aaj_log_head *head)
{
    struct aaj_str node = { "", 0 };

    if (eat(&s, AAJ_STR("node=")))
        node = word(&s);
    if (eat(&s, AAJ_STR("type="))) {
        head->type_name = word(&s);
        head->type = type_number(head->type_name);
    }
    if (!eat(&s, AAJ_STR("msg=audit("))) {
        head->type_name = (struct aaj_str){ "", 0 };
        head->type = 0;
        return false;
    }
    if (node.n)
        head->host = node;
    head->channel = AAJ_CHANNEL_AUDIT;
    from_id(s, head);
    return true;
}

/* "[   12.345678] " or "[Sat Nov 21 21:47:06 2026] " */
static void skip_stamp(struct aaj_str *s)
{
    size_t close;

    if (!s->n || s->p[0] != '[')
        return;
    close = find_near(aaj_str_head(*s, 40), ']');
    if (close < 40 && close < s->n) {
        *s = aaj_str_skip(*s, close + 1);
        skip_spaces(s);
    }
}

void aaj_log_head_kernel(struct aaj_str s, struct aaj_log_head *head)
{
    struct aaj_str whole;

    head->channel = AAJ_CHANNEL_KERNEL;
    skip_stamp(&s);
    whole = s;
    eat(&s, AAJ_STR("audit: "));
    if (eat(&s, AAJ_STR("type="))) {
        head->type_name = word(&s);
        head->type = type_number(head->type_name);
    }
    eat(&s, AAJ_STR("msg="));
    if (eat(&s, AAJ_STR("audit("))) {
        from_id(s, head);
        return;
    }
    head->type_name = (struct aaj_str){ "", 0 };
    head->type = 0;
    aaj_log_loss_parse(whole, head);
}

/* journald's audit transport: the type's name, then the payload. It says neither time nor serial here. */
void aaj_log_head_audit(struct aaj_str s, struct aaj_log_head *head)
{
    head->channel = AAJ_CHANNEL_AUDIT;
    head->type_name = word(&s);
    head->type = type_number(head->type_name);
    head->payload = s;
    classify(head);
}

/* dbus-daemon and dbus-broker without auditd: the keys alone, behind an optional "[system] ". */
void aaj_log_head_user(struct aaj_str s, struct aaj_log_head *head)
{
    head->channel = AAJ_CHANNEL_USER;
    skip_stamp(&s);
    if (aaj_str_starts(s, apparmor_mark)) {
        head->payload = s;
        head->kind = AAJ_LINE_APPARMOR;
    }
}

enum program { PROGRAM_OTHER, PROGRAM_KERNEL, PROGRAM_AUDIT, PROGRAM_AUDITD, PROGRAM_MEDIATOR, PROGRAM_LOGGER };

static enum program program_of(struct aaj_str ident)
{
    static const struct {
        struct aaj_str name;
        enum program program;
    } programs[] = {
        { AAJ_STR_INIT("kernel"), PROGRAM_KERNEL },        { AAJ_STR_INIT("kern.notice"), PROGRAM_KERNEL },
        { AAJ_STR_INIT("audit"), PROGRAM_AUDIT },          { AAJ_STR_INIT("auditd"), PROGRAM_AUDITD },
        { AAJ_STR_INIT("audispd"), PROGRAM_AUDITD },       { AAJ_STR_INIT("audisp-syslog"), PROGRAM_AUDITD },
        { AAJ_STR_INIT("audisp-remote"), PROGRAM_AUDITD }, { AAJ_STR_INIT("tag_audit_log"), PROGRAM_AUDITD },
        { AAJ_STR_INIT("dbus"), PROGRAM_MEDIATOR },        { AAJ_STR_INIT("dbus-daemon"), PROGRAM_MEDIATOR },
        { AAJ_STR_INIT("dbus-broker"), PROGRAM_MEDIATOR }, { AAJ_STR_INIT("dbus-broker-launch"), PROGRAM_MEDIATOR },
        { AAJ_STR_INIT("systemd-journald"), PROGRAM_LOGGER }, { AAJ_STR_INIT("rsyslogd"), PROGRAM_LOGGER },
    };

    if (aaj_str_eq(ident, AAJ_STR("kernel"))) /* nearly every line that matters */
        return PROGRAM_KERNEL;
    ident = aaj_str_head(ident, aaj_str_find(ident, '['));
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        if (aaj_str_eq(ident, programs[i].name))
            return programs[i].program;
    return PROGRAM_OTHER;
}

/* The text behind "PROGRAM[PID]:". */
static void from_program(struct aaj_str ident, struct aaj_str s, struct aaj_log_head *head)
{
    switch (program_of(ident)) {
    case PROGRAM_KERNEL:
        aaj_log_head_kernel(s, head);
        break;
    case PROGRAM_AUDIT:
        aaj_log_head_audit(s, head);
        break;
    case PROGRAM_AUDITD:
        head->channel = AAJ_CHANNEL_AUDIT;
        if (!from_auditd(s, head))
            aaj_log_loss_parse(s, head);
        break;
    case PROGRAM_MEDIATOR:
        aaj_log_head_user(s, head);
        break;
    case PROGRAM_LOGGER:
        head->channel = AAJ_CHANNEL_KERNEL;
        aaj_log_loss_parse(s, head);
        break;
    case PROGRAM_OTHER:
        if (aaj_str_search(s, apparmor_mark) < s.n)
            bad(head, ident.p, "looks like an AppArmor record, but this program writes none: not believed");
        break;
    }
}

/* HOST PROGRAM[PID]: TEXT, also PROGRAM: TEXT without a host. */
static void from_syslog(struct aaj_str s, struct aaj_log_head *head)
{
    struct aaj_str first, ident;

    skip_spaces(&s);
    first = word(&s);
    if (first.n && first.p[first.n - 1] == ':') {
        from_program(aaj_str_head(first, first.n - 1), s, head);
        return;
    }
    head->host = first;
    ident = aaj_str_head(s, find_near(s, ':'));
    if (ident.n == s.n)
        return;
    s = aaj_str_skip(s, ident.n + 1);
    skip_spaces(&s);
    from_program(ident, s, head);
}

/* RFC 5424 behind "<PRI>1 ": DATE HOST APP PROCID MSGID SD TEXT. */
static void from_rfc5424(struct aaj_str s, struct aaj_log_head *head)
{
    size_t n = aaj_log_date_parse(s, &head->time_ms);
    struct aaj_str app;

    s = aaj_str_skip(s, n);
    skip_spaces(&s);
    head->host = word(&s);
    app = word(&s);
    word(&s);
    word(&s);
    if (s.n && s.p[0] == '[') {
        size_t close = aaj_str_search(s, AAJ_STR("] "));

        s = aaj_str_skip(s, close + 2);
    } else {
        word(&s);
    }
    eat(&s, AAJ_STR("\xef\xbb\xbf"));
    from_program(app, s, head);
}

/* "<5>", "5,1234,5678901,-;", "kern  :notice: " before a kernel message. True when one was there. */
static bool eat_kmsg_prefix(struct aaj_str *s)
{
    struct aaj_str t = *s;
    unsigned n;

    if (eat(&t, AAJ_STR("<"))) {
        digits(&t, 3, &n);
        if (!n || !eat(&t, AAJ_STR(">")))
            return false;
    } else if (eat(&t, AAJ_STR("kern "))) {
        size_t at = aaj_str_search(aaj_str_head(t, 24), AAJ_STR(": ["));

        if (at >= 24)
            return false;
        t = aaj_str_skip(t, at + 2);
    } else {
        size_t at = aaj_str_find(aaj_str_head(t, 64), ';');

        digits(&t, 3, &n);
        if (!n || at >= 64 || at >= s->n || !eat(&t, AAJ_STR(",")))
            return false;
        t = aaj_str_skip(*s, at + 1);
    }
    *s = t;
    return true;
}

/* "[  12.345678] " and behind it a kernel message, or journalctl -o short-monotonic's HOST PROGRAM: TEXT. */
static void from_stamp(struct aaj_str s, struct aaj_log_head *head)
{
    struct aaj_str text = s, t;

    skip_stamp(&text);
    t = text;
    (void)word(&t);
    if (aaj_str_starts(t, AAJ_STR("kernel: ")) || aaj_str_starts(t, AAJ_STR("audit[")))
        from_syslog(text, head);
    else
        aaj_log_head_kernel(text, head);
}

/* None of the known headers: say so if there is a record in it. */
static void from_nothing(struct aaj_str s, struct aaj_log_head *head)
{
    if (aaj_str_search(s, apparmor_mark) < s.n)
        bad(head, s.p, "looks like an AppArmor record, but does not begin with the header of any known log");
}

void aaj_log_head_parse(struct aaj_str line, struct aaj_log_head *head)
{
    static const struct aaj_str avc = AAJ_STR_INIT("type=AVC msg=audit(");
    struct aaj_str s = line;
    bool kmsg;
    size_t n;

    *head = (struct aaj_log_head){ .line = line };
    if (aaj_str_starts(line, avc)) { /* nearly every line that matters */
        head->type_name = (struct aaj_str){ line.p + 5, 3 };
        head->type = AAJ_AUDIT_AVC;
        head->channel = AAJ_CHANNEL_AUDIT;
        from_id(aaj_str_skip(line, avc.n), head);
        return;
    }
    if (line.n > 5 && (line.p[0] == 't' || line.p[0] == 'n' || line.p[0] == 'm') && from_auditd(line, head))
        return;
    if (eat(&s, AAJ_STR("audit("))) {
        head->channel = AAJ_CHANNEL_AUDIT;
        from_id(s, head);
        return;
    }
    kmsg = eat_kmsg_prefix(&s);
    if (kmsg && eat(&s, AAJ_STR("1 "))) {
        from_rfc5424(s, head);
        return;
    }
    if (s.n && s.p[0] == '[') {
        from_stamp(s, head);
        return;
    }
    n = aaj_log_date_parse(s, &head->time_ms);
    if (n)
        from_syslog(aaj_str_skip(s, n), head);
    else if (kmsg || aaj_str_starts(s, AAJ_STR("audit: type=")) || aaj_str_starts(s, AAJ_STR("type=")))
        aaj_log_head_kernel(s, head);
    else
        from_nothing(s, head);
}
