/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Audit records go through a queue of the kernel's to a thread that prints them on the console. The machine's end
 * does not wait for that thread: on a busy host the last records of CMD were lost.
 */
#include <linux/audit.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

enum { STEP_MS = 5, LIMIT_MS = 10000 };

/* How many records wait; 0 where the kernel does not say. */
static uint32_t waiting(int fd)
{
    struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
    struct nlmsghdr ask = { .nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = AUDIT_GET, .nlmsg_flags = NLM_F_REQUEST };
    union {
        struct nlmsghdr head;
        char bytes[4096];
    } got;
    struct audit_status status = { 0 };
    ssize_t n;

    if (sendto(fd, &ask, sizeof(ask), 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
        return 0;
    n = recv(fd, &got, sizeof(got), 0);
    /* The reply's end differs between kernels; the queue's length is older than all that was added to it. */
    if (n < (ssize_t)(NLMSG_HDRLEN + offsetof(struct audit_status, backlog) + sizeof(status.backlog)) ||
        got.head.nlmsg_type != AUDIT_GET)
        return 0;
    n -= NLMSG_HDRLEN;
    memcpy(&status, NLMSG_DATA(&got.head), (size_t)n < sizeof(status) ? (size_t)n : sizeof(status));
    return status.backlog;
}

/* On one processor and without preemption the thread prints what it took off the queue before we run again. */
void drain_audit(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
    struct timeval patience = { .tv_sec = 1 };

    if (fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    for (int ms = 0; ms < LIMIT_MS && waiting(fd) > 0; ms += STEP_MS)
        nanosleep(&(struct timespec){ .tv_nsec = STEP_MS * 1000000L }, NULL);
    close(fd);
}
