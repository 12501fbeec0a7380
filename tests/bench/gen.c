/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A log of any size, the same for the same arguments: gen audit|syslog|distinct|service MEGABYTES > FILE.
 *
 * The mix is that of the captured logs: a service, its null profiles and hats over 20,000 paths of which some are
 * much more frequent than others, sockets whose ports a kernel picked, execs, capabilities, signals, 3 % lines of
 * others. "distinct" is an audit.log in which every access is new; "service" is one, too, of a service that behaves:
 * sessions, a hashed cache, uploads by date, temporary files, a few programs that it starts.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATHS = 20000, PATH_MAX_LEN = 160, LABELS = 6 };

static uint64_t state = 0x9e3779b97f4a7c15;

static uint32_t draw(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state * 0x2545f4914f6cdd1d) >> 32) % below;
}

static char path[PATHS][PATH_MAX_LEN];

static const char *const labels[LABELS] = {
    "/var/www/gapapp/gap.wt",
    "/var/www/gapapp/gap.wt",
    "/var/www/gapapp/gap.wt",
    "/var/www/gapapp/gap.wt//null-/usr/bin/dash",
    "/var/www/gapapp/gap.wt//null-/usr/bin/python3.11",
    "php-fpm//blog",
};

static void make_paths(void)
{
    static const char *const roots[] = { "/usr/lib/python3.11", "/var/www/gapapp/htdocs", "/usr/share/zoneinfo",
                                         "/var/lib/php/sessions", "/etc", "/proc", "/usr/share/gapapp/templates" };
    static const char *const words[] = { "index", "session", "user", "cache", "template", "locale", "plugin",
                                         "config", "upload", "thumbnail", "module", "data" };
    static const char *const suffixes[] = { ".php", ".py", ".cpython-311.pyc", ".so", ".conf", "", ".html", ".json" };

    for (unsigned i = 0; i < PATHS; i++) {
        int n = snprintf(path[i], PATH_MAX_LEN, "%s", roots[draw(7)]);

        for (unsigned d = draw(4); d > 0; d--)
            n += snprintf(path[i] + n, PATH_MAX_LEN - (size_t)n, "/%s%u", words[draw(12)], draw(40));
        snprintf(path[i] + n, PATH_MAX_LEN - (size_t)n, "/%s-%u%s", words[draw(12)], i, suffixes[draw(8)]);
    }
}

/* Two draws multiplied: the first paths are met most. */
static uint32_t some_path(void)
{
    return (uint32_t)((uint64_t)draw(PATHS) * draw(PATHS) / PATHS);
}

static uint64_t serial = 1000, milliseconds = 1795295827095;

static void header(bool syslog)
{
    milliseconds += draw(4);
    serial += draw(3) != 0;
    if (syslog)
        printf("2026-11-21T%02u:%02u:%02u.%03u000+00:00 web1 kernel: [%7u.%06u] audit: type=1400 "
               "audit(%" PRIu64 ".%03u:%" PRIu64 "): ",
               (unsigned)(milliseconds / 3600000 % 24), (unsigned)(milliseconds / 60000 % 60),
               (unsigned)(milliseconds / 1000 % 60), (unsigned)(milliseconds % 1000), (unsigned)(serial / 100),
               (unsigned)(serial % 1000000), milliseconds / 1000, (unsigned)(milliseconds % 1000), serial);
    else
        printf("type=AVC msg=audit(%" PRIu64 ".%03u:%" PRIu64 "): ", milliseconds / 1000,
               (unsigned)(milliseconds % 1000), serial);
}

/* What is done to a file, by whom and whose it is depend on the file: a few of each. */
static void file_event(bool syslog, const char *name, uint32_t id)
{
    static const char *const ops[][2] = {
        { "open", "r" },     { "open", "r" },   { "open", "r" },    { "open", "wr" },      { "open", "wc" },
        { "file_mmap", "rm" }, { "getattr", "r" }, { "unlink", "d" }, { "rename_src", "wrd" }, { "file_lock", "k" },
    };
    const char *const *op = ops[(id + draw(4)) % 10];
    const char *label = labels[(id / 7 + (draw(8) == 0)) % LABELS];
    unsigned fsuid = id % 5 ? 2001 : 0, ouid = id % 3 ? 0 : 2001;

    header(syslog);
    printf("apparmor=\"%s\" operation=\"%s\" profile=\"%s\" name=\"%s\" pid=%u comm=\"gap.wt\" requested_mask=\"%s\" "
           "denied_mask=\"%s\" fsuid=%u ouid=%u",
           id % 50 ? "ALLOWED" : "DENIED", op[0], label, name, 700 + draw(30000), op[1], op[1], fsuid, ouid);
    if (syslog)
        putchar('\n');
    else
        printf("\x1d"
               "FSUID=\"%s\" OUID=\"%s\"\n",
               fsuid ? "gapapp" : "root", ouid ? "gapapp" : "root");
}

static void net_event(bool syslog)
{
    static const char *const ops[][2] = { { "sendmsg", "send" }, { "recvmsg", "receive" }, { "file_perm", "send" },
                                          { "getsockname", "getattr" } };
    const char *const *op = ops[draw(4)];

    header(syslog);
    printf("apparmor=\"ALLOWED\" operation=\"%s\" profile=\"%s\" pid=%u comm=\"gap.wt\" laddr=127.0.0.1 lport=9000 "
           "faddr=127.0.0.1 fport=%u family=\"inet\" sock_type=\"stream\" protocol=6 requested_mask=\"%s\" "
           "denied_mask=\"%s\"\n",
           op[0], labels[0], 700 + draw(30000), 32768 + draw(28000), op[1], op[1]);
}

static void other_event(bool syslog)
{
    header(syslog);
    switch (draw(3)) {
    case 0:
        printf("apparmor=\"ALLOWED\" operation=\"capable\" profile=\"%s\" pid=%u comm=\"gap.wt\" capability=23  "
               "capname=\"sys_nice\"\n",
               labels[draw(LABELS)], 700 + draw(30000));
        break;
    case 1:
        printf("apparmor=\"ALLOWED\" operation=\"signal\" profile=\"%s\" pid=%u comm=\"gap.wt\" requested_mask=\"send\" "
               "denied_mask=\"send\" signal=term peer=\"%s\"\n",
               labels[0], 700 + draw(30000), labels[draw(LABELS)]);
        break;
    default:
        printf("apparmor=\"ALLOWED\" operation=\"exec\" profile=\"%s\" name=\"/usr/bin/dash\" pid=%u comm=\"gap.wt\" "
               "requested_mask=\"x\" denied_mask=\"x\" fsuid=2001 ouid=0 target=\"%s//null-/usr/bin/dash\"\n",
               labels[0], 700 + draw(30000), labels[0]);
        break;
    }
}

static void foreign(bool syslog)
{
    if (syslog)
        printf("2026-11-21T20:15:00.000000+00:00 web1 CRON[%u]: (root) CMD (command -v debian-sa1 > /dev/null && "
               "debian-sa1 1 1)\n",
               draw(30000));
    else
        printf("type=SYSCALL msg=audit(%" PRIu64 ".%03u:%" PRIu64 "): arch=c000003e syscall=44 success=yes exit=60 a0=3 "
               "a1=7ffe2a0da070 a2=3c a3=0 items=0 ppid=1 pid=%u auid=4294967295 uid=0 gid=0 euid=0 suid=0 fsuid=0 "
               "egid=0 sgid=0 fsgid=0 tty=(none) ses=4294967295 comm=\"auditd\" exe=\"/usr/sbin/auditd\" "
               "subj=unconfined key=(null)\n",
               milliseconds / 1000, (unsigned)(milliseconds % 1000), serial, draw(30000));
}

/* A name that no other call gives: @n says which. Returns the letters of the mask. */
static const char *service_name(char *out, size_t size, uint64_t n)
{
    static const char *const ext[] = { "jpg", "png", "pdf", "txt", "docx" };
    uint64_t a = (n + 1) * 0x9e3779b97f4a7c15u, b = (a ^ (a >> 29)) * 0xbf58476d1ce4e5b9u;

    switch (draw(8)) {
    case 0:
        snprintf(out, size, "/var/lib/gapapp/sessions/sess_%016" PRIx64 "%04x", b, (unsigned)(a >> 40) & 0xffff);
        return "wc";
    case 1:
    case 2:
        snprintf(out, size, "/var/cache/gapapp/%02x/%02x/%016" PRIx64 "%016" PRIx64 ".html", (unsigned)(b >> 56),
                 (unsigned)(b >> 48) & 0xff, b, a);
        return n & 1 ? "wc" : "r";
    case 3:
        snprintf(out, size, "/srv/gapapp/uploads/2026/%02u/%s-%" PRIu64 ".%s", draw(12) + 1, "photo", n, ext[draw(5)]);
        return "wc";
    case 4:
        snprintf(out, size, "/tmp/gap.%06u%c%c", draw(1000000), 'A' + (int)draw(26), 'a' + (int)draw(26));
        return n & 1 ? "wc" : "d";
    case 5:
        snprintf(out, size, "/proc/%u/task/%" PRIu64 "/comm", 700 + draw(30000), n);
        return "r";
    case 6:
        snprintf(out, size, "/srv/gapapp/htdocs/%c/page%" PRIu64 ".html", 'a' + (int)draw(26), n);
        return "r";
    default:
        snprintf(out, size, "/usr/share/gapapp/lang/%c%c/%" PRIu64 ".mo", 'a' + (int)draw(26), 'a' + (int)draw(26), n);
        return "r";
    }
}

static void service_event(uint64_t n)
{
    char name[PATH_MAX_LEN];
    const char *mask = service_name(name, sizeof(name), n);
    bool mine = mask[0] != 'r';

    header(false);
    printf("apparmor=\"ALLOWED\" operation=\"%s\" profile=\"%s\" name=\"%s\" pid=%u comm=\"gap.wt\" requested_mask=\"%s\" "
           "denied_mask=\"%s\" fsuid=2001 ouid=%u\n",
           mask[0] == 'd' ? "unlink" : mine ? "mknod" : "open", draw(50) ? labels[0] : labels[3], name,
           700 + draw(30000), mask, mask, mine ? 2001 : 0);
}

int main(int argc, char **argv)
{
    bool syslog = argc == 3 && strcmp(argv[1], "syslog") == 0, distinct = argc == 3 && strcmp(argv[1], "distinct") == 0;
    bool service = argc == 3 && strcmp(argv[1], "service") == 0;
    uint64_t bytes = argc == 3 ? strtoull(argv[2], NULL, 10) << 20 : 0, lines = 0;
    static char buffer[1 << 20];
    char fresh[PATH_MAX_LEN + 32];

    if (!bytes || (!syslog && !distinct && !service && strcmp(argv[1], "audit") != 0)) {
        fprintf(stderr, "usage: gen audit|syslog|distinct|service MEGABYTES\n");
        return 2;
    }
    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
    make_paths();
    for (; (uint64_t)ftello(stdout) < bytes; lines++) {
        uint32_t kind = draw(100);

        if (service) {
            service_event(lines);
        } else if (distinct) {
            uint32_t id = draw(PATHS);

            snprintf(fresh, sizeof(fresh), "%s.%" PRIu64, path[id], lines);
            file_event(false, fresh, id);
        } else if (kind < 3) {
            foreign(syslog);
        } else if (kind < 9) {
            net_event(syslog);
        } else if (kind < 12) {
            other_event(syslog);
        } else {
            uint32_t id = some_path();

            file_event(syslog, path[id], id);
        }
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
