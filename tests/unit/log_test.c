/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "draw.h"
#include "log/reader.h"

struct seen {
    unsigned events, reports, losses, commands, facts;
    struct aaj_event last;
    char label[256], arg[AAJ_ARGS][512], op[64], host[64], why[200], argv[1024], exec[256], fact[256];
    struct aaj_log_account account;
};

static void keep(char *to, size_t max, struct aaj_str s)
{
    assert_true(s.n < max);
    memcpy(to, s.p ? s.p : "", s.n);
    to[s.n] = '\0';
}

static int on_event(void *data, const struct aaj_event *event, const struct aaj_log_head *head,
                    const struct aaj_log_record *record)
{
    struct seen *seen = data;

    seen->events++;
    seen->last = *event;
    keep(seen->label, sizeof(seen->label), event->label);
    keep(seen->op, sizeof(seen->op), event->op);
    keep(seen->host, sizeof(seen->host), event->host);
    for (unsigned a = 0; a < AAJ_ARGS; a++)
        keep(seen->arg[a], sizeof(seen->arg[a]), event->arg[a]);
    return 0;
}

static void on_report(void *data, struct aaj_str line, uint64_t line_no, size_t at, const char *why,
                      const struct aaj_log_head *head)
{
    struct seen *seen = data;

    seen->reports++;
    keep(seen->why, sizeof(seen->why), aaj_str_c(why));
}

static int on_loss(void *data, const struct aaj_log_head *head)
{
    ((struct seen *)data)->losses++;
    return 0;
}

/* NUL between words becomes "|". */
static int on_command(void *data, const struct aaj_event *exec, struct aaj_str argv, const struct aaj_log_head *head)
{
    struct seen *seen = data;

    seen->commands++;
    assert_int_equal(exec->class, AAJ_CLASS_EXEC);
    keep(seen->exec, sizeof(seen->exec), exec->arg[AAJ_FILE_NAME]);
    keep(seen->label, sizeof(seen->label), exec->label);
    keep(seen->argv, sizeof(seen->argv), argv);
    for (size_t i = 0; i < argv.n; i++)
        if (!seen->argv[i])
            seen->argv[i] = '|';
    return 0;
}

static int on_fact(void *data, const struct aaj_fact *fact, struct aaj_str label, const struct aaj_log_head *head)
{
    struct seen *seen = data;

    seen->facts++;
    keep(seen->fact, sizeof(seen->fact), fact->path);
    return 0;
}

/* Feeds @text in pieces of @piece bytes. */
static void read_text(struct aaj_str text, size_t piece, struct seen *seen)
{
    const struct aaj_log_handler handler = { .event = on_event, .report = on_report, .loss = on_loss,
                                             .command = on_command, .fact = on_fact };
    struct aaj_log_reader *reader;

    *seen = (struct seen){ 0 };
    assert_int_equal(aaj_log_reader_new(&handler, seen, &reader), 0);
    for (size_t at = 0; at < text.n; at += piece) {
        size_t n = text.n - at < piece ? text.n - at : piece;
        char *copy = malloc(n); /* so that a sanitizer sees what is read past its end or kept after it is gone */

        assert_non_null(copy);
        memcpy(copy, text.p + at, n);
        assert_int_equal(aaj_log_reader_feed(reader, copy, n), 0);
        free(copy);
    }
    assert_int_equal(aaj_log_reader_finish(reader), 0);
    seen->account = *aaj_log_reader_account(reader);
    aaj_log_reader_free(reader);
}

#define OPEN_KEYS                                                                                  \
    "apparmor=\"ALLOWED\" operation=\"open\" profile=\"p\" name=\"/x\" pid=1 comm=\"c\" "          \
    "requested_mask=\"r\" denied_mask=\"r\" fsuid=10 ouid=0"

static void test_every_header(void **state)
{
    static const char *const headers[] = {
        "type=AVC msg=audit(1661734785.992:270): ",
        "node=web1 type=AVC msg=audit(1661734785.992:270): ",
        "msg=audit(1661734785.992:270): ",
        "audit(1661734785.992:270): ",
        "[  12.345678] audit: type=1400 audit(1661734785.992:270): ",
        "<5>[  12.345678] audit: type=1400 audit(1661734785.992:270): ",
        "5,1234,5678901,-;audit: type=1400 audit(1661734785.992:270): ",
        "kern  :notice: [   12.345678] audit: type=1400 audit(1661734785.992:270): ",
        "[Sat Nov 21 21:17:21 2026] audit: type=1400 audit(1661734785.992:270): ",
        "Aug 29 00:59:45 web1 kernel: [  12.345678] type=1400 audit(1661734785.992:270): ",
        "Aug  9 00:59:45 web1 kernel: audit: type=1400 audit(1661734785.992:270): ",
        "2022-08-29T00:59:45.992+02:00 web1 kernel: audit: type=1400 audit(1661734785.992:270): ",
        "2022-08-29 00:59:45 web1 kernel: [ 12.3] type=1400 msg=audit(1661734785.992:270): ",
        "Sat 2022-08-29 00:59:45 UTC web1 kernel: audit: type=1400 audit(1661734785.992:270): ",
        "1661734785.992123 web1 kernel: audit: type=1400 audit(1661734785.992:270): ",
        "[ 12.345678] web1 kernel: audit: type=1400 audit(1661734785.992:270): ",
        "<5>1 2022-08-29T00:59:45Z web1 kernel - - - [ 12.3] audit: type=1400 audit(1661734785.992:270): ",
        "Aug 29 00:59:45 web1 audispd: node=web1 type=AVC msg=audit(1661734785.992:270): ",
        "Aug 29 00:59:45 web1 audit[77]: AVC ",
        "2021-09-11T20:57:41.91645 kern.notice: [  469.180605] audit: type=1400 audit(1661734785.992:270): ",
    };
    struct seen seen;
    char line[512];

    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        int n = snprintf(line, sizeof(line), "%s%s\n", headers[i], OPEN_KEYS);

        for (size_t piece = 1; piece < 400; piece += 37) {
            read_text((struct aaj_str){ line, (size_t)n }, piece, &seen);
            if (seen.events != 1 || seen.account.lines != 1)
                fail_msg("not read: %s", line);
            assert_string_equal(seen.label, "p");
            assert_string_equal(seen.arg[AAJ_FILE_NAME], "/x");
            assert_int_equal(seen.last.requested, AAJ_MAY_READ);
            assert_int_equal(seen.last.fsuid, 10);
            if (strstr(headers[i], "web1"))
                assert_string_equal(seen.host, "web1");
            if (strstr(headers[i], "audit("))
                assert_int_equal(seen.last.time_ms, 1661734785992);
        }
    }
}

static void test_text_of_users_is_not_believed(void **state)
{
    static const char *const lines[] = {
        "Aug 29 00:59:45 web1 app[12]: type=1400 audit(1661734785.992:270): " OPEN_KEYS "\n",
        "Aug 29 00:59:45 web1 app[12]: kernel: audit: type=1400 audit(1661734785.992:270): " OPEN_KEYS "\n",
        "Aug 29 00:59:45 web1 app[12]: dbus-daemon[1]: " OPEN_KEYS "\n",
        "x type=AVC msg=audit(1661734785.992:270): " OPEN_KEYS "\n",
        "type=AVC msg=audit(16617=====.992:270): " OPEN_KEYS "\n",
    };
    struct seen seen;

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        read_text(aaj_str_c(lines[i]), 4096, &seen);
        assert_int_equal(seen.events, 0);
        assert_int_equal(seen.reports, 1);
        assert_int_equal(seen.account.reported, 1);
    }
    read_text(AAJ_STR("type=USER msg=audit(1661734785.992:270): pid=1 msg='text=" OPEN_KEYS "'\n"), 4096, &seen);
    assert_int_equal(seen.events + seen.reports, 0);
}

static void test_oldest_records_count_as_denied(void **state)
{
    struct seen seen;

    read_text(AAJ_STR("audit(1308348253.465:3586):  operation=\"profile_replace\" pid=25186 name=\"/var/www/slave/slave\"\n"
                      "operation=\"open\" pid=24583 parent=24061\n"
                      "audit(1308348253.466:3587):  operation=\"open\" pid=24583 parent=24061 profile=\"/var/www/slave/slave\" "
                      "requested_mask=\"::r\" denied_mask=\"::r\" fsuid=10004 ouid=10000 name=\"/var/www/slave/config\"\n"),
              4096, &seen);
    assert_int_equal(seen.events, 2);
    assert_int_equal(seen.last.mode, AAJ_MODE_DENIED);
    assert_int_equal(seen.last.class, AAJ_CLASS_FILE);
    assert_int_equal(seen.last.denied, AAJ_MAY_READ);
    assert_int_equal(seen.last.owner_half, -1);
}

static void test_destination_is_joined_to_its_label(void **state)
{
    struct seen seen;

    read_text(AAJ_STR("type=AVC msg=audit(1795295847.592:119): apparmor=\"ALLOWED\" operation=\"connect\" profile=\"slave-c\" "
                      "pid=769 comm=\"slave\" family=\"inet\" sock_type=\"stream\" protocol=6 requested_mask=\"connect\" "
                      "denied_mask=\"connect\"\n"
                      "type=SYSCALL msg=audit(1795295847.600:120): arch=c000003e syscall=44 pid=1 subj=unconfined key=(null)\n"
                      "type=SYSCALL msg=audit(1795295847.592:119): arch=c000003e syscall=42 success=yes pid=769 key=\"k\"\n"
                      "type=SOCKADDR msg=audit(1795295847.600:120): saddr=100000000000000000000000\n"
                      "type=SOCKADDR msg=audit(1795295847.592:119): saddr=02000050CB0071070000000000000000\n"),
              50, &seen);
    assert_int_equal(seen.events, 2);
    assert_int_equal(seen.account.joined, 1);
    assert_int_equal(seen.last.class, AAJ_CLASS_SOCKADDR);
    assert_string_equal(seen.label, "slave-c");
    assert_string_equal(seen.op, "connect");
    assert_string_equal(seen.arg[AAJ_NET_FADDR], "203.0.113.7");
    assert_string_equal(seen.arg[AAJ_NET_FPORT], "80");
    assert_string_equal(seen.arg[AAJ_NET_TYPE], "stream");
    assert_string_equal(seen.arg[AAJ_NET_PROTOCOL], "tcp");
    assert_int_equal(seen.account.used + seen.account.irrelevant + seen.account.reported, seen.account.lines);
}

/* connect() of a datagram socket to port 0 sends nothing: getaddrinfo() sorts addresses so. bind() to it is a wish. */
static void test_port_0_is_no_destination(void **state)
{
    static const struct {
        const char *syscall, *saddr;
        unsigned joined;
    } rows[] = {
        { "42", "02000000CB0071070000000000000000", 0 },
        { "42", "0A0000000000000020010DB800000000000000000000000100000000", 0 },
        { "44", "02000000CB0071070000000000000000", 0 },
        { "42", "02000035CB0071070000000000000000", 1 },
        { "49", "02000000000000000000000000000000", 1 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct seen seen;
        char text[512];
        int n = snprintf(text, sizeof(text),
                         "type=SYSCALL msg=audit(1795295847.592:119): arch=c000003e syscall=%s success=yes pid=769 "
                         "subj=p key=\"k\"\ntype=SOCKADDR msg=audit(1795295847.592:119): saddr=%s\n",
                         rows[i].syscall, rows[i].saddr);

        read_text((struct aaj_str){ text, (size_t)n }, 64, &seen);
        assert_int_equal(seen.account.joined, rows[i].joined);
        assert_int_equal(seen.account.used + seen.account.irrelevant, 2);
    }
}

/* The short way for dates says what the long one says. */
#define ID "msg=audit(1795295829.345:267): "
#define EXEC                                                                                                           \
    "type=AVC " ID "apparmor=\"ALLOWED\" operation=\"exec\" profile=\"ev\" name=\"/usr/bin/su\" pid=788 comm=\"ev\" " \
    "requested_mask=\"x\" denied_mask=\"x\" fsuid=0 ouid=0 target=\"ev//null-/usr/bin/su\"\n"                           \
    "type=AVC " ID "apparmor=\"ALLOWED\" operation=\"file_mmap\" profile=\"ev//null-/usr/bin/su\" "                    \
    "name=\"/usr/bin/su\" pid=788 comm=\"su\" requested_mask=\"r\" denied_mask=\"r\" fsuid=0 ouid=0\n"
#define X10 "58585858585858585858"
#define X80 X10 X10 X10 X10 X10 X10 X10 X10

/* The words of an exec: one record or several, plain or in hex, cut, secrets blotted out. */
static void test_words_of_an_exec(void **state)
{
    static const struct {
        const char *records, *argv; /* NULL: none */
    } rows[] = {
        { "type=EXECVE " ID "argc=4 a0=\"/bin/su\" a1=\"-c\" a2=\"id\" a3=\"nobody\"\n", "/bin/su|-c|id|nobody" },
        { "type=EXECVE " ID "argc=3 a0=\"sh\" a1=\"-c\" a2=6964203B206C73\n", "sh|-c|id ; ls" },
        { "type=EXECVE " ID "argc=6 a0=\"a\" a1=\"b\" a2=\"c\" a3=\"d\" a4=\"e\" a5=\"f\"\n", "a|b|c|d|…" },
        { "type=EXECVE " ID "argc=2 a0=\"a\" a1=\"\"\n", "a|" },
        /* a word in pieces, and words in the next record */
        { "type=EXECVE " ID "argc=3 a0=\"x\" a1_len=9000 a1[0]=" X80 X80 X80 "\n"
          "type=EXECVE " ID "a1[1]=4142 a2=\"last\"\n",
          "x|" "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX" "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
          "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX" "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX" "…|last" },
        { "type=EXECVE " ID "argc=3 a0=\"x\"\ntype=EXECVE msg=audit(1795295829.345:268): a1=\"other\" a2=\"exec\"\n", NULL },
        { "type=EXECVE " ID "a1=\"no\" a2=\"start\"\n", NULL },
        { "type=EXECVE " ID "argc=2 a0=\"x\" a1=6G\n", NULL },
        { "type=EXECVE " ID "argc=2 a0=\"x\" a1=616\n", NULL },
        { "type=EXECVE msg=audit(1795295829.345:268): argc=1 a0=\"x\"\n", NULL }, /* of nobody's exec */
        { "type=EXECVE " ID "argc=2 a0=\"mysql\" a1=\"--password=hunter2\"\n", "mysql|--password=***" },
        { "type=EXECVE " ID "argc=3 a0=\"x\" a1=\"--api-Token\" a2=\"hunter2\"\n", "x|--api-Token|***" },
        { "type=EXECVE " ID "argc=2 a0=\"git\" a1=\"https://u:hunter2@h/x\"\n", "git|https://u:***@h/x" },
        { "type=EXECVE " ID "argc=2 a0=\"git\" a1=\"https://h/x:y@z\"\n", "git|https://h/x:y@z" },
        { "type=EXECVE " ID "argc=3 a0=\"sh\" a1=\"-c\" a2="
          "6D7973716C202D2D70617373776F72642068756E7465723220642026262044425F504153533D276162276320783B6964\n",
          "sh|-c|mysql --password *** d && DB_PASS='***'c x;id" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t piece = 40; piece < 5000; piece *= 5) {
            struct seen seen;
            char text[4096];
            int n = snprintf(text, sizeof(text), EXEC "%s", rows[i].records);

            assert_true(n > 0 && (size_t)n < sizeof(text));
            read_text((struct aaj_str){ text, (size_t)n }, piece, &seen);
            assert_int_equal(seen.commands, rows[i].argv != NULL);
            if (rows[i].argv) {
                assert_string_equal(seen.argv, rows[i].argv);
                assert_string_equal(seen.exec, "/usr/bin/su");
            }
            assert_int_equal(seen.events, 2);
            assert_int_equal(seen.account.used + seen.account.irrelevant, seen.account.lines);
        }
}

/* A privileged file is told by the name that AppArmor resolved, also where the call's was relative. */
static void test_relative_name_of_a_privileged_file(void **state)
{
    static const struct {
        const char *cwd, *name;
        bool same;
    } rows[] = {
        { "cwd=\"/\"", "\"/usr/bin/su\"", true },    { "cwd=\"/usr\"", "\"bin/su\"", true },
        { "cwd=\"/usr/lib\"", "\"../bin/./su\"", true }, { "cwd=2F757372", "\"bin//su\"", true },
        { "cwd=\"/usr\"", "\"../usr/bin/su\"", true }, { "cwd=\"/\"", "\"../../usr/bin/su\"", true },
        { "cwd=\"/srv\"", "\"bin/su\"", false },     { "cwd=\"usr\"", "\"bin/su\"", false },
        { "cwd=(null)", "\"bin/su\"", false },         { "cwd=\"/usr/bin\"", "\"su/\"", false },
        { "cwd=\"/usr/bin/su\"", "\"\"", false },      { "cwd=\"/usr/bin/su\"", "(null)", false },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t piece = 40; piece < 5000; piece *= 5) {
            struct seen seen;
            char text[4096];
            int n = snprintf(text, sizeof(text),
                             EXEC "type=CWD msg=audit(1795295829.345:266): cwd=\"/usr\"\ntype=CWD " ID "%s\n"
                                  "type=PATH " ID "item=0 name=%s inode=7 dev=62:00 mode=0104755 ouid=0 ogid=0 rdev=00:00 "
                                  "nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0\n",
                             rows[i].cwd, rows[i].name);

            assert_true(n > 0 && (size_t)n < sizeof(text));
            read_text((struct aaj_str){ text, (size_t)n }, piece, &seen);
            if ((seen.facts == 1) != rows[i].same)
                fail_msg("%s and %s: %u facts", rows[i].cwd, rows[i].name, seen.facts);
            if (rows[i].same)
                assert_string_equal(seen.fact, "/usr/bin/su");
        }
}

static void test_dates(void **state)
{
    static const struct {
        const char *text;
        size_t used;
        int64_t ms;
    } rows[] = {
        { "2026-11-21T21:47:06.955212+00:00 h", 32, 1795297626955 },
        { "2026-11-21 21:47:06,9 h", 21, 1795297626900 },
        { "2026-11-21T21:47:06Z h", 20, 1795297626000 },
        { "2026-11-21T22:47:06+01:00", 25, 1795297626000 },
        { "2026-11-21T22:47:06-0130 ", 24, 1795306626000 },
        { "Sat 2026-11-21 21:47:06 UTC h", 27, 1795297626000 },
        { "2026-11-21T21:47:06", 19, 1795297626000 },
        { "2026-13-21T21:47:06 ", 0, 0 },
        { "2026-11-2:T21:47:06 ", 0, 0 },
        { "2026-11-21T24:47:06 ", 0, 0 },
        { "1795297626.73 h", 13, 1795297626730 },
        { "Nov 21 21:47:06 h", 15, 0 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t ms = 0;
        size_t n = aaj_log_date_parse(aaj_str_c(rows[i].text), &ms);

        if (n != rows[i].used || (n && ms != rows[i].ms))
            fail_msg("%s: %zu bytes, %lld", rows[i].text, n, (long long)ms);
    }
}

/* ---- heads like those before ---- */

static void assert_same_text(struct aaj_str a, struct aaj_str b)
{
    assert_int_equal(a.n, b.n);
    if (a.n)
        assert_ptr_equal(a.p, b.p);
}

/* What the short way finds is what the long one does. */
static void assert_same_head(const char *text, size_t n, struct aaj_log_like *like)
{
    struct aaj_log_head a, b;
    char *line = malloc(n ? n : 1); /* so that a sanitizer sees what is read behind it */

    assert_non_null(line);
    memcpy(line, text, n);
    aaj_log_head_parse((struct aaj_str){ line, n }, &a);
    aaj_log_head_parse_like((struct aaj_str){ line, n }, like, &b);
    assert_same_text(a.line, b.line);
    assert_same_text(a.payload, b.payload);
    assert_same_text(a.host, b.host);
    assert_same_text(a.boot, b.boot);
    assert_same_text(a.type_name, b.type_name);
    assert_same_text(a.id, b.id);
    assert_int_equal(a.type, b.type);
    assert_int_equal(a.channel, b.channel);
    assert_int_equal(a.kind, b.kind);
    assert_int_equal(a.time_ms, b.time_ms);
    assert_int_equal(a.serial, b.serial);
    assert_ptr_equal(a.why, b.why);
    assert_int_equal(a.at, b.at);
    assert_int_equal(a.lost, b.lost);
    free(line);
}

/* A few bytes of the header changed, left out or put in. */
static size_t change(char *line, size_t n)
{
    static const char bytes[] = "0123456789 []:.,-+TZ()=a\t\n\xff";

    for (uint32_t k = draw(3) + 1; k > 0; k--) {
        size_t at = draw((uint32_t)(n < 130 ? n : 130));

        switch (draw(4)) {
        case 0:
            memmove(line + at, line + at + 1, n - at - 1);
            n--;
            break;
        case 1:
            memmove(line + at + 1, line + at, n - at);
            n++;
            line[at] = bytes[draw(sizeof(bytes) - 1)];
            break;
        case 2:
            line[at] = (char)('0' + draw(10));
            break;
        default:
            line[at] = bytes[draw(sizeof(bytes) - 1)];
        }
    }
    return draw(20) ? n : draw((uint32_t)n);
}

static void test_heads_like_those_before_mean_the_same(void **state)
{
    static const char *const lines[] = {
        "2026-11-21T21:17:07.095000+00:00 web1 kernel: [   10.001000] audit: type=1400 audit(1795295827.095:1000): " OPEN_KEYS,
        "2026-11-21T21:17:07.095000+00:00 web1 kernel: audit: type=1400 audit(1795295827.095:1000): " OPEN_KEYS,
        "2026-11-21 21:17:07 web1 kernel: [10.1] audit: type=1400 audit(1795295827.095:1000): " OPEN_KEYS,
        "Nov 21 21:17:07 web1 kernel: [   10.001000] audit: type=1400 audit(1795295827.095:1000): " OPEN_KEYS,
        "Nov  1 21:17:07 web1 kernel: [10.001000] type=1400 audit(1795295827.095:1000): " OPEN_KEYS,
        "Nov  1 21:17:07 web1 kernel: [10.001000] audit(1795295827.095:7): type=1503 operation=\"inode_permission\" name=\"/x\"",
        "Sat 2026-11-21 21:17:07 UTC web1 kernel: audit: type=1400 audit(1795295827.095:1000): " OPEN_KEYS,
        "Nov 21 21:17:07 kernel: [   10.001000] audit: type=1400 audit(1795295827.095:1000): " OPEN_KEYS,
        "<5>Nov 21 21:17:07 web1 kernel: [   10.001000] audit: type=1400 audit(1795295827.095:1000): " OPEN_KEYS,
        "2026-11-21T21:17:07.095000+00:00 web1 dbus-daemon[7]: apparmor=\"DENIED\" operation=\"dbus_method_call\"",
        "2026-11-21T21:17:07.095000+00:00 web1 kernel: [   10.001000] audit: type=1300 audit(1795295827.095:1000): arch=c000003e",
        "type=AVC msg=audit(1795295827.095:1000): " OPEN_KEYS,
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct aaj_log_like like = { 0 };
        char text[512];

        for (int k = 0; k < 5000; k++) {
            size_t n = strlen(lines[i]);

            memcpy(text, lines[i], n);
            assert_same_head(text, n, &like);
            n = change(text, n);
            assert_same_head(text, n, &like);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_header),
        cmocka_unit_test(test_text_of_users_is_not_believed),
        cmocka_unit_test(test_oldest_records_count_as_denied),
        cmocka_unit_test(test_destination_is_joined_to_its_label),
        cmocka_unit_test(test_port_0_is_no_destination),
        cmocka_unit_test(test_words_of_an_exec),
        cmocka_unit_test(test_relative_name_of_a_privileged_file),
        cmocka_unit_test(test_heads_like_those_before_mean_the_same),
        cmocka_unit_test(test_dates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
