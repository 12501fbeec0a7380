/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The outer half of the sandbox: whom the kernel runs as, the namespaces' maps, and the end of it all. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/escape.h"
#include "lab/console.h"
#include "lab/sandbox.h"

enum { NOBODY = 65534 };

static const struct aaj_loc nowhere;

static int fail(struct aaj_diags *diags, int r, const char *what, const char *name)
{
    aaj_error(diags, nowhere, "%s%s%s: %s", what, name ? " " : "",
              name ? aaj_escape(&diags->arena, aaj_str_c(name)) : "", strerror(-r));
    return r;
}

/* Ranges of ids that exist here: lines "FIRST OUTSIDE COUNT" of /proc/self/uid_map (user_namespaces(7)).
 * Writes a map of each to itself to @ret; whether @id is among them. */
static bool identity_map(const char *file, uid_t id, char *ret, size_t size)
{
    unsigned long first, outside, count;
    FILE *f = fopen(file, "re");
    bool has = false;
    size_t n = 0;

    while (f && fscanf(f, "%lu %lu %lu", &first, &outside, &count) == 3 && n < size) {
        n += (size_t)snprintf(ret + n, size - n, "%lu %lu %lu\n", first, first, count);
        has = has || (id >= first && id - first < count);
    }
    if (f)
        fclose(f);
    return has && n < size;
}

static int write_proc(pid_t pid, const char *name, const char *text)
{
    char path[64];
    int fd, r;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
    close(fd);
    return r;
}

static int write_maps(const struct aaj_sandbox *s)
{
    char uids[4096], gids[4096];
    int r;

    if (s->as_root) {
        identity_map("/proc/self/uid_map", s->uid, uids, sizeof(uids));
        identity_map("/proc/self/gid_map", s->gid, gids, sizeof(gids));
    } else {
        snprintf(uids, sizeof(uids), "%u %u 1\n", s->uid, s->uid);
        snprintf(gids, sizeof(gids), "%u %u 1\n", s->gid, s->gid);
        /* An ordinary user may map its own group only after giving this up. */
        r = write_proc(s->pid, "setgroups", "deny");
        if (r < 0)
            return r;
    }
    r = write_proc(s->pid, "uid_map", uids);
    return r < 0 ? r : write_proc(s->pid, "gid_map", gids);
}

int aaj_sandbox_tree(const char *path, bool writable, int userns_fd)
{
    struct mount_attr attr = { .attr_set = writable ? 0 : MOUNT_ATTR_RDONLY };
    int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    int r = 0;

    if (fd < 0)
        return -errno;
    if (attr.attr_set && mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
        r = -errno;
    if (r == 0 && userns_fd >= 0) {
        attr = (struct mount_attr){ .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns_fd };
        /* Not every file system can; the tree then keeps its owners. */
        (void)mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
    }
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

/* A user namespace in which @a and @b have changed places; a descriptor or -errno. */
static int swapped_userns(uid_t a, uid_t b)
{
    uid_t lo = a < b ? a : b, hi = a < b ? b : a;
    char path[64], map[256];
    int n = 0, r, fd = -1;
    pid_t pid;

    pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid < 0)
        return -errno;
    if (pid == 0)
        for (;;)
            pause();
    if (lo)
        n += snprintf(map, sizeof(map), "0 0 %u\n", lo);
    n += snprintf(map + n, sizeof(map) - (size_t)n, "%u %u 1\n", lo, hi);
    if (hi - lo > 1)
        n += snprintf(map + n, sizeof(map) - (size_t)n, "%u %u %u\n", lo + 1, lo + 1, hi - lo - 1);
    snprintf(map + n, sizeof(map) - (size_t)n, "%u %u 1\n", hi, lo);
    r = write_proc(pid, "uid_map", map);
    if (r == 0)
        r = write_proc(pid, "gid_map", "0 0 65536\n");
    snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
    if (r == 0 && (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        r = -errno;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return r < 0 ? r : fd;
}

/* What root shows explicitly is meant to be seen: where a folder is closed to the uid that the kernel
 * runs as, that uid is shown it as its owner. */
static int open_root_tree(const struct aaj_sandbox *s, const char *path, bool writable, int *ret_fd)
{
    mode_t need = writable ? 07 : 05;
    int userns = -1, fd;
    struct stat st;

    if (stat(path, &st) < 0)
        return -errno;
    if (st.st_uid != s->uid && (st.st_mode & need) != need)
        userns = swapped_userns(st.st_uid, s->uid);
    fd = aaj_sandbox_tree(path, writable, userns);
    if (userns >= 0)
        close(userns);
    if (fd < 0)
        return fd;
    *ret_fd = fd;
    return 0;
}

static int open_root_trees(struct aaj_sandbox *s, struct aaj_diags *diags)
{
    const struct aaj_lab *lab = s->lab;
    size_t n = 1;
    int r = 0;

    while (lab->ro && lab->ro[n - 1])
        n++;
    s->tree = calloc(n, sizeof(*s->tree));
    if (!s->tree)
        return -ENOMEM;
    s->n_trees = n;
    for (size_t i = 0; i < n; i++)
        s->tree[i] = -1;
    for (size_t i = 0; i < n && r == 0; i++) {
        const char *path = i ? lab->ro[i - 1] : lab->share;

        r = path ? open_root_tree(s, path, i == 0, &s->tree[i]) : 0;
        if (r < 0)
            return fail(diags, r, "cannot show the lab", path);
    }
    return r;
}

static int choose_user(struct aaj_sandbox *s, struct aaj_diags *diags)
{
    char map[4096];

    s->uid = geteuid();
    s->gid = getegid();
    if (s->uid != 0)
        return 0;
    s->as_root = identity_map("/proc/self/uid_map", NOBODY, map, sizeof(map)) &&
                 identity_map("/proc/self/gid_map", NOBODY, map, sizeof(map));
    if (!s->as_root) {
        /* Root of a namespace that holds one user is that user outside; its powers end at our maps. */
        if (!s->protect)
            return aaj_error(diags, nowhere, "root has no unprivileged user here to become"), -EPERM;
        return 0;
    }
    s->uid = s->gid = NOBODY;
    return 0;
}

/* Without namespaces the machine's own folder is a real one; aaj_sandbox_end() removes it. */
static int make_priv(struct aaj_sandbox *s, struct aaj_diags *diags)
{
    const char *tmp = getenv("TMPDIR");
    struct stat st;

    if (s->protect) {
        const char *at = stat("/run", &st) == 0 && S_ISDIR(st.st_mode) ? "/run" : "/tmp";

        snprintf(s->priv, sizeof(s->priv), "%s/aajail-lab", at);
        return 0;
    }
    if (!tmp || tmp[0] != '/' || strlen(tmp) > sizeof(s->priv) - sizeof("/aajail-lab.XXXXXX"))
        tmp = "/tmp";
    snprintf(s->priv, sizeof(s->priv), "%s/aajail-lab.XXXXXX", tmp);
    if (!mkdtemp(s->priv)) {
        int r = -errno;

        s->priv[0] = '\0';
        return fail(diags, r, "cannot make a folder in", tmp);
    }
    return chmod(s->priv, 0711) < 0 ? -errno : 0;
}

static int open_lines(struct aaj_sandbox *s)
{
    s->line[AAJ_LAB_CONSOLE] = aaj_console_open();
    if (s->line[AAJ_LAB_CONSOLE] < 0)
        return s->line[AAJ_LAB_CONSOLE];
    /* One description for both ends: the kernel's writes go on where it left off, we read by offset. */
    s->line_far[AAJ_LAB_CONSOLE] = fcntl(s->line[AAJ_LAB_CONSOLE], F_DUPFD_CLOEXEC, 0);
    if (s->line_far[AAJ_LAB_CONSOLE] < 0)
        return -errno;
    for (size_t i = AAJ_LAB_CONSOLE + 1; i < AAJ_LAB_LINES; i++) {
        int p[2];

        if (pipe2(p, O_CLOEXEC) < 0)
            return -errno;
        s->line[i] = p[0];
        s->line_far[i] = p[1];
    }
    if (pipe2(s->sync, O_CLOEXEC) < 0)
        return -errno;
    if (s->protect && !s->as_root && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->owners) < 0)
        return -errno;
    return 0;
}

int aaj_sandbox_init(struct aaj_sandbox *s, const struct aaj_lab *lab, struct aaj_diags *diags)
{
    int r;

    *s = (struct aaj_sandbox){ .lab = lab,
                               .protect = !lab->no_host_protection,
                               .init_fd = -1,
                               .sync = { -1, -1 },
                               .owners = { -1, -1 } };
    for (size_t i = 0; i < AAJ_LAB_LINES; i++)
        s->line[i] = s->line_far[i] = -1;
    r = choose_user(s, diags);
    if (r < 0)
        return r;
    s->init_fd = open(lab->init, O_RDONLY | O_CLOEXEC);
    if (s->init_fd < 0)
        return fail(diags, -errno, "cannot open the guest's init", lab->init);
    r = open_lines(s);
    if (r < 0)
        return fail(diags, r, "cannot open pipes", NULL);
    r = make_priv(s, diags);
    if (r == 0 && s->protect && s->as_root)
        r = open_root_trees(s, diags);
    return r;
}

int aaj_sandbox_start(struct aaj_sandbox *s, struct aaj_diags *diags)
{
    unsigned long flags = SIGCHLD;
    int r = 0;

    if (s->protect)
        flags |= CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
    s->pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
    if (s->pid < 0) {
        r = -errno;
        s->pid = 0;
        aaj_sandbox_explain(-r, diags);
        return -EPERM;
    }
    if (s->pid == 0)
        aaj_sandbox_inside(s);
    for (size_t i = 0; i < AAJ_LAB_LINES; i++) {
        close(s->line_far[i]);
        s->line_far[i] = -1;
    }
    close(s->sync[0]);
    s->sync[0] = -1;
    if (s->owners[1] >= 0)
        close(s->owners[1]);
    s->owners[1] = -1;
    if (s->protect)
        r = write_maps(s);
    if (r < 0) {
        aaj_sandbox_explain(-r, diags);
        return -EPERM;
    }
    return write(s->sync[1], "", 1) == 1 ? 0 : -EPIPE;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path) < 0 ? -errno : 0;
}

void aaj_sandbox_end(struct aaj_sandbox *s)
{
    if (s->pid > 0) {
        /* The death of a pid namespace's first process is the death of all in it; without one they
         * are of one session and group. */
        if (!s->protect)
            kill(-s->pid, SIGKILL);
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
        s->pid = 0;
    }
    for (size_t i = 0; i < AAJ_LAB_LINES; i++) {
        if (s->line[i] >= 0)
            close(s->line[i]);
        if (s->line_far[i] >= 0)
            close(s->line_far[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        if (s->sync[i] >= 0)
            close(s->sync[i]);
        if (s->owners[i] >= 0)
            close(s->owners[i]);
    }
    for (size_t i = 0; i < s->n_trees; i++)
        if (s->tree[i] >= 0)
            close(s->tree[i]);
    free(s->tree);
    if (s->init_fd >= 0)
        close(s->init_fd);
    if (!s->protect && s->priv[0])
        nftw(s->priv, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    *s = (struct aaj_sandbox){ .init_fd = -1 };
}

/* The first line of a file of /proc/sys as a number; -1 when it is not there. */
static long sysctl_value(const char *path)
{
    FILE *f = fopen(path, "re");
    long v = -1;

    if (f) {
        if (fscanf(f, "%ld", &v) != 1)
            v = -1;
        fclose(f);
    }
    return v;
}

void aaj_sandbox_explain(int error, struct aaj_diags *diags)
{
    static const struct {
        const char *file;
        long value;
        const char *why;
    } known[] = {
        { "/proc/sys/kernel/unprivileged_userns_clone", 0, "sysctl kernel.unprivileged_userns_clone is 0" },
        { "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1,
          "sysctl kernel.apparmor_restrict_unprivileged_userns is 1" },
        { "/proc/sys/user/max_user_namespaces", 0, "sysctl user.max_user_namespaces is 0" },
    };
    const char *why = "a container's rules may forbid it";

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (sysctl_value(known[i].file) == known[i].value)
            why = known[i].why;
    aaj_error(diags, nowhere,
              "cannot protect this machine's files from the guest: namespaces are refused (%s; %s)",
              strerror(error), why);
    aaj_diag_add(diags, AAJ_NOTE, NULL, nowhere, AAJ_STR(""),
                 "with --no-host-protection the guest's root may write what uid %u may write here",
                 geteuid() == 0 ? NOBODY : geteuid());
}
