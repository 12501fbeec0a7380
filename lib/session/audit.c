/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/audit.h"

#include <errno.h>
#include <libaudit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "session/internal.h"

enum {
    BUFFER = 256 * 1024,                 /* of lines */
    RECORD = 16 * 1024,                  /* MAX_AUDIT_MESSAGE_LENGTH is 8970 */
    SOCKET_BUFFER = 64 << 20,            /* the kernel throttles the slave rather than losing, as long as this holds */
    QUEUE_MAX = 2 * SOCKET_BUFFER / 512, /* the kernel doubles what is asked for; no record takes less of it */
    LINE_MORE = 1024,                    /* what stands around a record, or all that is said about loss */
    BITS = 64,
    PROBE_MS = 5000,
};

static const struct aaj_loc nowhere;

int aaj_audit_open_fd(struct aaj_audit *a, int fd)
{
    *a = (struct aaj_audit){ .fd = fd };
    a->seen = calloc(AAJ_AUDIT_WINDOW / BITS, sizeof(*a->seen));
    a->out = malloc(BUFFER);
    if (!a->seen || !a->out) {
        aaj_audit_close(a);
        return -ENOMEM;
    }
    return 0;
}

void aaj_audit_close(struct aaj_audit *a)
{
    if (a->fd >= 0)
        close(a->fd);
    free(a->seen);
    free(a->out);
    *a = (struct aaj_audit){ .fd = -1 };
}

/* The counter of records that the kernel dropped since boot. */
static bool ask_lost(uint32_t *ret_lost)
{
    int64_t end = aaj_clock_ms() + REPLY_MS;
    struct audit_reply reply;
    int fd = audit_open();
    bool ok = false;

    if (fd < 0 || audit_request_status(fd) <= 0) {
        if (fd >= 0)
            audit_close(fd);
        return false;
    }
    for (int64_t left = REPLY_MS; left > 0 && !ok; left = end - aaj_clock_ms()) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        if (poll(&p, 1, (int)left) > 0 && audit_get_reply(fd, &reply, GET_REPLY_NONBLOCKING, 0) > 0 &&
            reply.type == AUDIT_GET) {
            *ret_lost = reply.status->lost;
            ok = true;
        }
    }
    audit_close(fd);
    return ok;
}

static bool holds_token(struct aaj_audit *a, const char *token)
{
    char buf[RECORD];
    ssize_t n = recv(a->fd, buf, sizeof(buf), MSG_DONTWAIT);

    return n > 0 && memmem(buf, (size_t)n, token, strlen(token));
}

/* In another network namespace binding succeeds and nothing ever comes. AUDIT_USER_AVC is taken even where
 * audit is switched off. */
static bool probe(struct aaj_audit *a)
{
    struct timespec now;
    int64_t end = aaj_clock_ms() + PROBE_MS;
    char token[80];
    int fd = audit_open();

    if (fd < 0)
        return false;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(token, sizeof(token), "aajail: a session begins, %lld.%09ld.%d", (long long)now.tv_sec,
             now.tv_nsec, (int)getpid());
    if (audit_log_user_message(fd, AUDIT_USER_AVC, token, NULL, NULL, NULL, 1) <= 0) {
        audit_close(fd);
        return false;
    }
    audit_close(fd);
    for (int64_t left = PROBE_MS; left > 0; left = end - aaj_clock_ms()) {
        struct pollfd p = { .fd = a->fd, .events = POLLIN };

        if (poll(&p, 1, (int)left) > 0 && holds_token(a, token))
            return true;
    }
    return false;
}

static int check_rules(struct aaj_diags *diags)
{
    struct audit_rules rules;
    int r = audit_ask_rules(&rules);

    if (r == -ETIMEDOUT)
        aaj_diag_add(
            diags, AAJ_WARNING, "audit-rules", nowhere, AAJ_STR(""),
            "the kernel does not tell its audit rules: should one exclude AppArmor's records, nothing will be heard");
    if (r < 0 || !rules.excluded)
        return 0;
    aaj_error(diags, nowhere,
              "an audit rule excludes AppArmor's records (msgtype AVC), so nothing would be heard: %s",
              rules.locked ? "audit is locked until the next boot (auditctl -e 2), so take the rule out of "
                             "/etc/audit/rules.d and boot"
                           : "'auditctl -l' shows it, 'auditctl -d' and its words remove it");
    return -ENODATA;
}

int aaj_audit_open(struct aaj_audit *a, struct aaj_diags *diags)
{
    struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1u << (AUDIT_NLGRP_READLOG - 1) };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT), size = SOCKET_BUFFER,
        r;

    if (fd < 0) {
        r = -errno;
        aaj_error(diags, nowhere, "this kernel has no audit: %s", strerror(-r));
        return r;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
        r = -errno;
        close(fd);
        aaj_error(diags, nowhere, "cannot listen to audit: %s%s", strerror(-r),
                  r == -EPERM ? "; run this as root (CAP_AUDIT_READ)" : "");
        return r;
    }
    r = aaj_audit_open_fd(a, fd);
    if (r < 0)
        return r;
    if (!probe(a)) {
        aaj_audit_close(a);
        aaj_error(diags, nowhere,
                  "no audit record arrives here: in a container or another network namespace nothing is "
                  "heard; run this on the host, or use --lab");
        return -ENODATA;
    }
    r = check_rules(diags);
    if (r < 0) {
        aaj_audit_close(a);
        return r;
    }
    a->group = 1;
    a->has_lost = ask_lost(&a->lost_before);
    return 0;
}

static bool seen_before(struct aaj_audit *a, uint64_t serial)
{
    uint64_t *word = &a->seen[serial % AAJ_AUDIT_WINDOW / BITS], bit = 1ull << (serial % BITS);
    bool was = *word & bit;

    *word |= bit;
    return was;
}

/* Serials count events; the records of one event share theirs. */
static void note_serial(struct aaj_audit *a, uint64_t serial)
{
    if (!a->serial_seen) {
        a->serial_seen = true;
        a->first = a->last = serial;
        a->distinct = 1;
        seen_before(a, serial);
        return;
    }
    if (serial + AAJ_AUDIT_WINDOW <= a->last || serial < a->first)
        return; /* begun before we listened */
    if (serial > a->last + AAJ_AUDIT_WINDOW) {
        memset(a->seen, 0, AAJ_AUDIT_WINDOW / 8);
    } else {
        for (uint64_t s = a->last + 1; s <= serial; s++)
            a->seen[s % AAJ_AUDIT_WINDOW / BITS] &= ~(1ull << (s % BITS));
    }
    if (serial > a->last)
        a->last = serial;
    if (!seen_before(a, serial))
        a->distinct++;
}

uint64_t aaj_audit_missing(const struct aaj_audit *a)
{
    return a->serial_seen ? a->last - a->first + 1 - a->distinct : 0;
}

/* audit(1700000000.123:45): … */
static bool serial_of(const char *p, size_t n, uint64_t *ret)
{
    const char *colon = n > 6 && memcmp(p, "audit(", 6) == 0 ? memchr(p, ':', n < 64 ? n : 64) : NULL;
    uint64_t v = 0;

    if (!colon)
        return false;
    for (const char *q = colon + 1; q < p + n && *q >= '0' && *q <= '9'; q++)
        v = v * 10 + (uint64_t)(*q - '0');
    *ret = v;
    return true;
}

/* One record as a line. The kernel writes odd bytes in hex; a newline that came all the same must not begin a
 * line. */
static void take_record(struct aaj_audit *a, unsigned type, const char *p, size_t n)
{
    char *out = a->out + a->n_out;
    uint64_t serial;
    size_t head;

    while (n && (p[n - 1] == '\0' || p[n - 1] == '\n'))
        n--;
    if (serial_of(p, n, &serial))
        note_serial(a, serial);
    head = (size_t)snprintf(out, 32, "type=%u msg=", type);
    for (size_t i = 0; i < n; i++)
        out[head + i] = p[i] == '\n' || p[i] == '\0' ? ' ' : p[i];
    out[head + n] = '\n';
    a->n_out += head + n + 1;
    a->records++;
}

/* The length in the header is the payload's in some records and the whole message's in others, depending on
 * the kernel's path; what was received is what counts. */
static void take_message(struct aaj_audit *a, const char *buf, size_t n)
{
    struct nlmsghdr h;

    if (n < NLMSG_HDRLEN)
        return;
    memcpy(&h, buf, sizeof(h));
    if (h.nlmsg_type >= AUDIT_FIRST_USER_MSG && h.nlmsg_type < 3000)
        take_record(a, h.nlmsg_type, buf + NLMSG_HDRLEN, n - NLMSG_HDRLEN);
}

/* As a daemon's line, which the reader of logs takes for a statement about the audit channel (log/loss.c). */
static void tell_loss(struct aaj_audit *a, const char *what, uint64_t n)
{
    time_t now = time(NULL);
    struct tm tm;
    char date[40];

    gmtime_r(&now, &tm);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
    a->n_out +=
        (size_t)snprintf(a->out + a->n_out, 256, "%s auditd: %s%llu\n", date, what, (unsigned long long)n);
}

static void tell_losses(struct aaj_audit *a)
{
    uint32_t lost;

    if (a->has_lost && ask_lost(&lost) && lost != a->lost_before)
        tell_loss(a, "audit_lost=", lost - a->lost_before);
    if (aaj_audit_missing(a))
        tell_loss(a, "session serials missing=", aaj_audit_missing(a));
    if (a->overruns)
        tell_loss(a, "session receive overruns=", a->overruns);
}

static bool has_room(const struct aaj_audit *a)
{
    return a->n_out <= BUFFER - RECORD - LINE_MORE;
}

/* Takes one message. False when there is none, or none that counts. */
static bool take(struct aaj_audit *a)
{
    char buf[RECORD];
    ssize_t n;

    if (a->phase == AAJ_AUDIT_ENDING && a->records >= a->last_record)
        return false;
    n = recv(a->fd, buf, sizeof(buf), MSG_DONTWAIT);
    if (n < 0 && errno == ENOBUFS)
        a->overruns++;
    else if (n > 0)
        take_message(a, buf, (size_t)n);
    return n > 0 || (n < 0 && (errno == EINTR || errno == ENOBUFS));
}

/* As much as @out_fd takes; the rest moves to the front. */
static int give(struct aaj_audit *a, int out_fd)
{
    ssize_t n = a->n_out ? write(out_fd, a->out, a->n_out) : 0;

    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    a->n_out -= (size_t)n;
    memmove(a->out, a->out + n, a->n_out);
    return 0;
}

void aaj_audit_wish(const struct aaj_audit *a, int out_fd, struct pollfd ret_wish[static 2])
{
    bool takes = a->phase == AAJ_AUDIT_OPEN && has_room(a), gives = a->n_out || a->phase == AAJ_AUDIT_ENDING;

    ret_wish[0] = (struct pollfd){ .fd = takes ? a->fd : -1, .events = POLLIN };
    ret_wish[1] = (struct pollfd){ .fd = gives ? out_fd : -1, .events = POLLOUT };
}

int aaj_audit_pump(struct aaj_audit *a, int out_fd)
{
    bool more = a->fd >= 0 && a->phase != AAJ_AUDIT_TOLD;

    while (more && has_room(a))
        more = take(a);
    if (a->phase == AAJ_AUDIT_ENDING && !more) {
        tell_losses(a);
        a->phase = AAJ_AUDIT_TOLD;
    }
    return give(a, out_fd);
}

void aaj_audit_end(struct aaj_audit *a)
{
    if (a->phase != AAJ_AUDIT_OPEN)
        return;
    a->phase = AAJ_AUDIT_ENDING;
    a->last_record = a->records + QUEUE_MAX;
}

bool aaj_audit_ended(const struct aaj_audit *a)
{
    return a->phase == AAJ_AUDIT_TOLD && a->n_out == 0;
}
