/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lab/owners.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* linux/seccomp.h */
#endif

/* user-mode-linux runs on x86 only; its 64-bit build is the one that Debian has. */
#if defined(__x86_64__) && defined(SYS_stat)

static void send_fd(int sock, int fd)
{
    union {
        struct cmsghdr h;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {
        .h = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) }
    };
    struct msghdr m = { .msg_iov = &(struct iovec){ (char[]){ 0 }, 1 },
                        .msg_iovlen = 1,
                        .msg_control = &control,
                        .msg_controllen = sizeof(control) };

    memcpy(CMSG_DATA(&control.h), &fd, sizeof(fd));
    (void)sendmsg(sock, &m, MSG_NOSIGNAL);
}

void aaj_owners_install(int sock)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 6),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_newfstatat, 5, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fstat, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_stat, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_lstat, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_statx, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    };
    struct sock_fprog prog = { .len = sizeof(code) / sizeof(code[0]), .filter = code };
    unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
    int fd;

    /* The guest's timer is a signal. Linux 5.19 and later do not let one break off a call that is being answered, only to
     * ask again; older ones do not know the flag. */
    fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &prog);
    if (fd < 0 && errno == EINVAL)
        fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
    if (fd < 0)
        return;
    send_fd(sock, fd);
    close(fd);
}

int aaj_owners_receive(struct aaj_owners *o, int sock)
{
    union {
        struct cmsghdr h;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    struct msghdr m = { .msg_iov = &(struct iovec){ &byte, 1 },
                        .msg_iovlen = 1,
                        .msg_control = &control,
                        .msg_controllen = sizeof(control) };
    struct seccomp_notif_sizes sizes;
    ssize_t n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

    if (n < 0)
        return -errno;
    if (n == 0 || m.msg_controllen < CMSG_LEN(sizeof(int)) || control.h.cmsg_type != SCM_RIGHTS)
        return -ENODATA;
    memcpy(&o->listener, CMSG_DATA(&control.h), sizeof(int));
    if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
        return -errno;
    o->request_size = sizes.seccomp_notif;
    o->response_size = sizes.seccomp_notif_resp;
    return 0;
}

/* A NUL-terminated string of the other process; page by page, since the next page may not be there. */
static int read_path(pid_t pid, uint64_t at, char path[PATH_MAX])
{
    size_t n = 0;

    while (n < PATH_MAX) {
        size_t part = 4096 - (at + n) % 4096;
        struct iovec here = { path + n, part < PATH_MAX - n ? part : PATH_MAX - n };
        struct iovec there = { (void *)(uintptr_t)(at + n), here.iov_len };
        ssize_t r = process_vm_readv(pid, &here, 1, &there, 1, 0);

        if (r <= 0)
            return -EFAULT;
        if (memchr(path + n, 0, (size_t)r))
            return 0;
        n += (size_t)r;
    }
    return -ENAMETOOLONG;
}

static int root_of(struct aaj_owners *o, pid_t pid)
{
    char path[64];

    if (o->root >= 0 && o->root_pid == pid)
        return o->root;
    if (o->root >= 0)
        close(o->root);
    snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
    o->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    o->root_pid = pid;
    return o->root;
}

/* What the call names, as an O_PATH descriptor; -errno. -ENOSYS: let the call go on by itself. */
static int open_named(struct aaj_owners *o, pid_t pid, int dirfd, uint64_t at, int flags)
{
    struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
    char path[PATH_MAX] = "", fd_path[64];
    int r = at ? read_path(pid, at, path) : 0;

    if (r < 0)
        return -ENOSYS;
    if (!path[0]) {
        if (at && !(flags & AT_EMPTY_PATH))
            return -ENOENT;
        snprintf(fd_path, sizeof(fd_path), "/proc/%d/fd/%d", (int)pid, dirfd);
        r = open(fd_path, O_PATH | O_CLOEXEC);
        return r < 0 ? -ENOSYS : r;
    }
    if (path[0] != '/' || root_of(o, pid) < 0)
        return -ENOSYS;
    if (flags & AT_SYMLINK_NOFOLLOW)
        how.flags |= O_NOFOLLOW;
    r = (int)syscall(SYS_openat2, o->root, path, &how, sizeof(how));
    return r >= 0 ? r : -errno;
}

static int put(pid_t pid, uint64_t at, void *data, size_t n)
{
    struct iovec here = { data, n }, there = { (void *)(uintptr_t)at, n };

    return process_vm_writev(pid, &here, 1, &there, 1, 0) == (ssize_t)n ? 0 : -EFAULT;
}

/* 0 with the answer written, -errno as the call's result, -ENOSYS to let it go on. */
static int answer(struct aaj_owners *o, pid_t pid, const struct seccomp_data *d)
{
    const __u64 *a = d->args;
    struct statx stx;
    struct stat st;
    int fd, r;

    if (d->nr == SYS_newfstatat)
        fd = open_named(o, pid, (int)a[0], a[1], (int)a[3]);
    else if (d->nr == SYS_statx)
        fd = open_named(o, pid, (int)a[0], a[1], (int)a[2]);
    else if (d->nr == SYS_fstat)
        fd = open_named(o, pid, (int)a[0], 0, 0);
    else
        fd = open_named(o, pid, AT_FDCWD, a[0], d->nr == SYS_lstat ? AT_SYMLINK_NOFOLLOW : 0);
    if (fd < 0)
        return fd == -EPERM || fd == -EINVAL || fd == -EAGAIN ? -ENOSYS : fd;
    if (d->nr == SYS_statx)
        r = statx(fd, "", AT_EMPTY_PATH, (unsigned)a[3], &stx) < 0 ? -errno
                                                                   : put(pid, a[4], &stx, sizeof(stx));
    else
        r = fstat(fd, &st) < 0 ? -errno : put(pid, d->nr == SYS_newfstatat ? a[2] : a[1], &st, sizeof(st));
    close(fd);
    return r;
}

int aaj_owners_answer(struct aaj_owners *o)
{
    union {
        struct seccomp_notif n;
        char space[512];
    } request = { 0 };
    union {
        struct seccomp_notif_resp r;
        char space[512];
    } response = { 0 };
    int r;

    if (o->request_size > sizeof(request) || o->response_size > sizeof(response))
        return -EOVERFLOW;
    if (ioctl(o->listener, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0)
        return errno == EINTR || errno == ENOENT ? 0 : -errno;
    r = answer(o, (pid_t)request.n.pid, &request.n.data);
    response.r.id = request.n.id;
    if (r == -ENOSYS)
        response.r.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    else
        response.r.error = r;
    if (ioctl(o->listener, SECCOMP_IOCTL_NOTIF_SEND, &response) < 0)
        return errno == EINTR || errno == ENOENT ? 0 : -errno;
    return 0;
}

#else

void aaj_owners_install(int sock)
{
}

int aaj_owners_receive(struct aaj_owners *o, int sock)
{
    return -ENODATA;
}

int aaj_owners_answer(struct aaj_owners *o)
{
    return -ENOSYS;
}

#endif

void aaj_owners_end(struct aaj_owners *o)
{
    if (o->listener >= 0)
        close(o->listener);
    if (o->root >= 0)
        close(o->root);
    *o = (struct aaj_owners)AAJ_OWNERS_INIT;
}
