/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watching, with a socket of our own in the place of the audit channel's. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <libaudit.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session/audit.h"
#include "verb.h"
#include "watch.h"

enum { FLOOD = 20000, /* more than all pipes and buffers on the way hold */ DEADLINE = 100, WORD = 64 };

static size_t make_record(char buf[512], unsigned serial)
{
    struct nlmsghdr h = { .nlmsg_type = AUDIT_AVC };
    int n = snprintf(
        buf + NLMSG_HDRLEN, 512 - NLMSG_HDRLEN,
        "audit(1700000000.123:%u): apparmor=\"DENIED\" operation=\"open\" profile=\"web\" name=\"/n/%u\" pid=7 "
        "comm=\"x\" requested_mask=\"r\" denied_mask=\"r\" fsuid=5 ouid=0",
        serial, serial);

    h.nlmsg_len = (uint32_t)NLMSG_HDRLEN + (uint32_t)n;
    memcpy(buf, &h, sizeof(h));
    return h.nlmsg_len;
}

static bool send_record(int fd, unsigned serial, int flags)
{
    char buf[512];

    return send(fd, buf, make_record(buf, serial), flags | MSG_NOSIGNAL) > 0;
}

/* The audit channel's two ends: the one that is listened at, and the kernel's. It holds more than a pipe does. */
static int open_channel(struct aaj_audit *audit)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(aaj_audit_open_fd(audit, pair[0]), 0);
    return pair[1];
}

/* Sends records 1 to @n but one, then ends the watching. */
static pid_t start_kernel(int fd, unsigned n, unsigned but)
{
    pid_t watching = getpid(), pid = fork();

    if (pid != 0)
        return pid;
    for (unsigned i = 1; i <= n; i++)
        if (i != but && !send_record(fd, i, 0))
            _exit(1);
    kill(watching, SIGINT);
    _exit(0);
}

/* What is told; its lines are counted. */
static unsigned lines_of(int fd, char **ret_text)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = calloc(1, (size_t)size + 1);
    unsigned n = 0;

    assert_non_null(text);
    assert_int_equal(pread(fd, text, (size_t)size, 0), size);
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        n++;
    *ret_text = text;
    return n;
}

static int watch_records(unsigned n, unsigned but, unsigned *ret_lines, char **ret_text)
{
    struct watch watch = { 0 };
    struct aaj_audit audit;
    int told = memfd_create("told", MFD_CLOEXEC), kernel = open_channel(&audit), status, ended;
    pid_t pid = start_kernel(kernel, n, but);

    /* The kernel's signal may come before the watching begins; then it has to wait. */
    close(kernel);
    status = watch_follow(&watch, -1, &audit, told);
    assert_int_equal(waitpid(pid, &ended, 0), pid);
    assert_int_equal(ended, 0);
    *ret_lines = lines_of(told, ret_text);
    aaj_audit_close(&audit);
    close(told);
    return status;
}

/* Each denial is told, and telling takes more room than the pipes have, so that whoever waits for one alone waits for
 * ever. */
static void test_a_flood_is_told_to_its_end(void **state)
{
    char *text, last[WORD];
    unsigned lines;

    assert_int_equal(watch_records(FLOOD, 0, &lines, &text), EXIT_DONE);
    assert_int_equal(lines, FLOOD);
    snprintf(last, sizeof(last), "open r /n/%u (x, uid 5)", FLOOD);
    assert_non_null(strstr(text, last));
    free(text);
}

static void test_a_gap_is_loss(void **state)
{
    unsigned lines;
    char *text;

    assert_int_equal(watch_records(50, 20, &lines, &text), EXIT_LOST);
    assert_int_equal(lines, 50); /* one of them says so */
    assert_non_null(strstr(text, "LOST: records are missing"));
    free(text);
}

/* Reads lines that each must follow the last one. */
static unsigned read_lines(int fd, unsigned next)
{
    static char rest[512];
    static size_t n_rest;
    char buf[8192];
    ssize_t n = read(fd, buf, sizeof(buf));

    for (ssize_t i = 0; i < n; i++) {
        rest[n_rest++] = buf[i];
        assert_true(n_rest < sizeof(rest));
        if (buf[i] == '\n') {
            char want[WORD];

            snprintf(want, sizeof(want), "type=1400 msg=audit(1700000000.123:%u): ", next++);
            assert_memory_equal(rest, want, strlen(want));
            n_rest = 0;
        }
    }
    return next;
}

/* A reader that is behind keeps nobody waiting; what was taken for it comes in order, what was not taken stays. */
static void test_a_slow_reader_does_not_stop_the_pump(void **state)
{
    unsigned sent = 0, next = 1;
    struct aaj_audit audit;
    struct pollfd p[2];
    int kernel = open_channel(&audit), out[2];

    assert_int_equal(pipe2(out, O_NONBLOCK), 0);
    do {
        while (send_record(kernel, sent + 1, MSG_DONTWAIT))
            sent++;
        assert_int_equal(errno, EAGAIN);
        assert_int_equal(aaj_audit_pump(&audit, out[1]), 0);
        aaj_audit_wish(&audit, out[1], p);
    } while (p[0].fd >= 0);
    assert_int_equal(p[1].fd, out[1]);
    assert_in_range(sent, 1000, 20000);
    aaj_audit_end(&audit);
    while (!aaj_audit_ended(&audit)) {
        next = read_lines(out[0], next);
        assert_int_equal(aaj_audit_pump(&audit, out[1]), 0);
    }
    close(out[1]);
    while (next <= sent) {
        unsigned before = next;

        next = read_lines(out[0], next);
        assert_true(next > before);
    }
    assert_int_equal(audit.records, sent);
    close(out[0]);
    close(kernel);
    aaj_audit_close(&audit);
}

/* Somebody who is denied without end is no reason to go on. */
static void test_the_end_comes_in_a_flood(void **state)
{
    struct aaj_audit audit;
    struct pollfd p[2];
    int kernel = open_channel(&audit), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    pid_t pid = fork();

    if (pid == 0)
        for (unsigned i = 1; send_record(kernel, i, 0); i++)
            ;
    assert_true(pid > 0);
    while (audit.records < 100) {
        aaj_audit_wish(&audit, null, p);
        assert_true(poll(p, 2, -1) > 0);
        assert_int_equal(aaj_audit_pump(&audit, null), 0);
    }
    aaj_audit_end(&audit);
    while (!aaj_audit_ended(&audit))
        assert_int_equal(aaj_audit_pump(&audit, null), 0);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(null);
    close(kernel);
    aaj_audit_close(&audit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_flood_is_told_to_its_end),
        cmocka_unit_test(test_a_gap_is_loss),
        cmocka_unit_test(test_a_slow_reader_does_not_stop_the_pump),
        cmocka_unit_test(test_the_end_comes_in_a_flood),
    };
    sigset_t wait;

    sigemptyset(&wait);
    sigaddset(&wait, SIGINT);
    sigprocmask(SIG_BLOCK, &wait, NULL);
    alarm(DEADLINE); /* whoever waits for ever dies of it */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
