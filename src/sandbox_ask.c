/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reading child may open nothing, but policy includes files. It asks with a packet; the parent decides, opens, and
 * hands the descriptor over with the answer: an int, 0 or -errno.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox_child.h"

/* One descriptor's room beside a message, aligned as the kernel wants it. */
union control {
    char space[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

/* Of the child: a process has one parent to ask. */
static int asking = -1;

int sandbox_ask_pair(int ret_socket[static 2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_socket) < 0 ? -errno : 0;
}

void sandbox_ask_at(int socket)
{
    asking = socket;
}

static int handed_over(struct msghdr *msg)
{
    struct cmsghdr *c = CMSG_FIRSTHDR(msg);
    int fd = -EPROTO;

    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(fd)))
        memcpy(&fd, CMSG_DATA(c), sizeof(fd));
    return fd;
}

int sandbox_ask(struct aaj_str request)
{
    union control control;
    int answer = -EPROTO;
    struct iovec io = { &answer, sizeof(answer) };
    struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };

    if (asking < 0 || request.n > SANDBOX_REQUEST_MAX)
        return -EPERM;
    if (write(asking, request.p, request.n) != (ssize_t)request.n)
        return -EPROTO;
    if (recvmsg(asking, &msg, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(answer))
        return -EPROTO;
    return answer < 0 ? answer : handed_over(&msg);
}

static int send_answer(int socket, int fd)
{
    union control control = { .space = "" };
    int answer = fd < 0 ? fd : 0;
    struct iovec io = { &answer, sizeof(answer) };
    struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1 };

    if (fd >= 0) {
        msg.msg_control = &control;
        msg.msg_controllen = sizeof(control);
        *CMSG_FIRSTHDR(&msg) = (struct cmsghdr){ CMSG_LEN(sizeof(fd)), SOL_SOCKET, SCM_RIGHTS };
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &fd, sizeof(fd));
    }
    /* A child that does not listen to its answer has to do without: no waiting for it. */
    return sendmsg(socket, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 1;
}

int sandbox_answer(int socket, const struct sandbox_limits *limits)
{
    char request[SANDBOX_REQUEST_MAX + 1];
    ssize_t n = recv(socket, request, sizeof(request), MSG_DONTWAIT);
    int fd, r;

    if (n <= 0)
        return n == 0 ? 0 : errno == EINTR || errno == EAGAIN ? 1 : -errno;
    fd = n > SANDBOX_REQUEST_MAX ? -ENAMETOOLONG : limits->open(limits->open_ctx, (struct aaj_str){ request, (size_t)n });
    r = send_answer(socket, fd);
    if (fd >= 0)
        close(fd);
    return r == -EPIPE || r == -ECONNRESET ? 0 : r;
}
