/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files, links, mounts, sockets, changes of profile: what a row names, done. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/apparmor.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "decide.h"
#include "match/names.h"

enum { STRANGER = 4242 };

bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static int result(long r)
{
    return r < 0 ? errno : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

/* Every row begins with an empty /d, but for a file that only its owner may read. */
static int begin(void)
{
    int fd;

    if ((nftw("/d", remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0 && errno != ENOENT) || mkdir("/d", 0777) < 0)
        return SETUP;
    fd = open("/d/closed", O_CREAT | O_WRONLY | O_CLOEXEC, 0);
    if (fd < 0 || fchown(fd, STRANGER, 0) < 0)
        return SETUP;
    close(fd);
    return 0;
}

static void make_parents(const char *path)
{
    char copy[4096];

    snprintf(copy, sizeof(copy), "%s", path);
    for (char *p = copy + 1; *p; p++)
        if (*p == '/') {
            *p = '\0';
            mkdir(copy, 0777);
            *p = '/';
        }
}

static int copy_helper(const char *path)
{
    char command[9000];

    if (strchr(path, '\''))
        return SETUP;
    snprintf(command, sizeof(command), "cp '%s' '%s' && chmod 755 '%s'", getenv("HELPER"), path, path);
    return system(command) == 0 ? 0 : SETUP;
}

/* A file or folder where nothing is yet, or what is there, with the owner that is asked about. */
static int make_file(const char *path, bool owner, bool program)
{
    size_t n = strlen(path);
    int fd;

    make_parents(path);
    if (n && path[n - 1] == '/')
        return chown(path, owner ? 0 : STRANGER, 0) < 0 || chmod(path, 0777) < 0 ? SETUP : 0;
    if (program && copy_helper(path) < 0)
        return SETUP;
    fd = program ? 0 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return SETUP;
    if (!program) {
        if (ftruncate(fd, 4096) < 0)
            return SETUP;
        close(fd);
    }
    return chown(path, owner ? 0 : STRANGER, 0) < 0 || chmod(path, program ? 0755 : 0777) < 0 ? SETUP : 0;
}

static int prepare_mount(const struct row *row, const char *class)
{
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return SETUP;
    for (int i = 0; i < 2; i++)
        if (row->arg[i][0] == '/')
            make_parents(row->arg[i]);
    if (is(class, "umount") && mount("tmpfs", row->arg[0], "tmpfs", 0, NULL) < 0)
        return SETUP;
    if (is(class, "pivot_root")) {
        if (mount("tmpfs", row->arg[0], "tmpfs", 0, NULL) < 0)
            return SETUP;
        make_parents(row->arg[1]);
    }
    if (is(class, "mount") && strncmp(row->arg[3], "make-", 5) == 0 &&
        mount(row->arg[0], row->arg[0], NULL, MS_BIND, NULL) < 0)
        return SETUP;
    return 0;
}

int prepare(const struct row *row)
{
    const char *class = row->q->class.p;
    bool owner = is(row->arg[row->q->n_args ? row->q->n_args - 1 : 0], "owner");

    if (begin() < 0)
        return SETUP;
    if (is(class, "file") && is(row->arg[1], "c")) {
        make_parents(row->arg[0]);
        return 0;
    }
    if (is(class, "file"))
        return make_file(row->arg[0], owner, is(row->arg[1], "x"));
    if (is(class, "exec") || is(class, "attach"))
        return make_file(row->arg[0], owner, true);
    if (is(class, "change_profile") && row->arg[1][0])
        return make_file(row->arg[1], true, true);
    if (is(class, "link"))
        return make_file(row->arg[1], owner, false);
    if (is(class, "cap"))
        prepare_capability(row->arg[0]);
    if (is(class, "mount") || is(class, "umount") || is(class, "pivot_root"))
        return prepare_mount(row, class);
    return 0;
}

int enter(const char *label)
{
    if (is(label, "unconfined") || is(label, "-"))
        return 0;
    return aa_change_profile(label) < 0 ? errno : 0;
}

static int open_and(const char *path, int flags, char letter)
{
    int fd = open(path, flags | O_CLOEXEC), r = 0;

    if (fd < 0)
        return errno;
    if (letter == 'k')
        r = result(flock(fd, LOCK_SH)); /* LOCK_EX would ask for w, too */
    else if (letter == 'm' && mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
        r = errno;
    close(fd);
    return r;
}

static int do_file_letter(const char *path, char letter)
{
    switch (letter) {
    case 'w':
        return open_and(path, O_WRONLY, letter);
    case 'a':
        return open_and(path, O_WRONLY | O_APPEND, letter);
    case 'c':
        return result(mknod(path, S_IFREG | 0666, 0));
    case 'd':
        return result(unlink(path));
    default:
        return open_and(path, O_RDONLY, letter);
    }
}

static int do_file(const struct row *row)
{
    for (const char *letter = row->arg[1]; *letter; letter++) {
        int r = do_file_letter(row->arg[0], *letter);

        if (r)
            return r;
    }
    return 0;
}

static int do_mount(const struct row *row)
{
    unsigned long flags;
    const char *type = row->arg[2][0] ? row->arg[2] : NULL;

    if (!aaj_mount_flags(aaj_str_c(row->arg[3]), &flags))
        return SETUP;
    return result(mount(row->arg[1][0] ? row->arg[1] : "none", row->arg[0], type, flags, NULL));
}

static int do_change_profile(const struct row *row)
{
    if (row->arg[1][0])
        return result(aa_change_onexec(row->arg[0])); /* and then the exec, by the caller */
    return result(aa_change_profile(row->arg[0]));
}

static int do_mqueue(const struct row *row)
{
    /* A POSIX queue is a file to kernels that do not mediate queues. */
    return is(row->arg[1], "sysv") ? result(msgget(atoi(row->arg[2]), IPC_CREAT | 0600)) : UNTRIED;
}

/* Errors that come after AppArmor was asked say that it let the operation through. */
static int passed(int error)
{
    return error == EACCES || error == EPERM ? error : 0;
}

static int net_op(int fd, int family, const char *op)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "\0aaj-peer" };
    struct sockaddr *a = family == AF_UNIX    ? (struct sockaddr *)&un
                         : family == AF_INET6 ? (struct sockaddr *)&in6
                                              : (struct sockaddr *)&in;
    socklen_t n = family == AF_UNIX    ? sizeof(sa_family_t) + 9
                  : family == AF_INET6 ? sizeof(in6)
                                       : sizeof(in),
              v = 4;
    int one = 1;

    if (is(op, "connect") && family != AF_UNIX) {
        in.sin_port = in6.sin6_port = htons(9);
        return result(connect(fd, a, n));
    }
    if (is(op, "bind"))
        return result(bind(fd, a, n));
    if (is(op, "connect"))
        return result(connect(fd, a, n));
    if (is(op, "listen"))
        return result(listen(fd, 1));
    if (is(op, "getopt"))
        return result(getsockopt(fd, SOL_SOCKET, SO_TYPE, &one, &v));
    if (is(op, "setopt"))
        return result(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)));
    if (is(op, "getattr"))
        return result(getsockname(fd, a, &n));
    if (is(op, "shutdown"))
        return result(shutdown(fd, SHUT_RDWR));
    if (is(op, "send"))
        return result(send(fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT));
    return result(recv(fd, &one, 1, MSG_DONTWAIT));
}

int do_net(const struct row *row)
{
    bool unix_row = is(row->q->class.p, "unix");
    int family = unix_row ? AF_UNIX : aaj_name_family(aaj_str_c(row->arg[0]));
    int type = aaj_name_socket_type(aaj_str_c(row->arg[unix_row ? 0 : 1]));
    int protocol = type == SOCK_RAW && family == AF_INET    ? IPPROTO_ICMP
                   : type == SOCK_RAW && family == AF_INET6 ? 58
                                                            : 0;
    int fd = socket(family, type | SOCK_CLOEXEC, protocol);
    char ops[100], *save = NULL;

    if (fd < 0)
        return passed(errno);
    snprintf(ops, sizeof(ops), "%s", row->arg[unix_row ? 1 : 2]);
    for (char *op = strtok_r(ops, ",", &save); op; op = strtok_r(NULL, ",", &save)) {
        int r = is(op, "create") ? 0 : passed(net_op(fd, family, op));

        if (r)
            return r;
    }
    return 0;
}

int do_row(const struct row *row)
{
    const char *class = row->q->class.p;

    if (is(class, "file"))
        return do_file(row);
    if (is(class, "link"))
        return result(link(row->arg[1], row->arg[0]));
    if (is(class, "cap"))
        return do_capability(row->arg[0]);
    if (is(class, "net") || is(class, "unix"))
        return do_net(row);
    if (is(class, "mount"))
        return do_mount(row);
    if (is(class, "umount"))
        return result(umount2(row->arg[0], 0));
    if (is(class, "pivot_root"))
        return result(syscall(SYS_pivot_root, row->arg[0], row->arg[1]));
    if (is(class, "change_profile"))
        return do_change_profile(row);
    if (is(class, "change_hat"))
        return result(aa_change_hat(row->arg[0], 12345));
    if (is(class, "userns"))
        return result(unshare(CLONE_NEWUSER));
    if (is(class, "mqueue"))
        return do_mqueue(row);
    return UNTRIED;
}
