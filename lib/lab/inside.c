/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inner half of the sandbox. The first process of the namespaces builds the view and waits; a child
 * gives up every power and becomes the guest's kernel:
 *
 *     /                     as on the host, read-only, submounts too
 *     /run (PRIV's parent)  private, read-only: the host's sockets are not reachable
 *     PRIV/init, conf       the guest's init and its words
 *     PRIV/share            the output folder, the only writable thing of the host
 *     PRIV/ro/N             what --ro names
 *     PRIV/guest            where the guest mounts its upper layer
 *     PRIV/tmp              a private tmpfs: the guest's memory
 *     /dev, /proc           private, next to nothing in them
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "lab/owners.h"
#include "lab/sandbox.h"

/* The host side reads this from the control line, as it reads the guest's own words. */
static void __attribute__((noreturn)) fail(const struct aaj_sandbox *s, const char *what)
{
    dprintf(s->line_far[AAJ_LAB_CONTROL], "setup %d %s\n", errno, what);
    _exit(125);
}

static void make_dir(const struct aaj_sandbox *s, const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", s->priv, name);
    if (mkdir(path, 0755) < 0)
        fail(s, path);
}

static void make_files(const struct aaj_sandbox *s)
{
    char path[PATH_MAX];
    struct stat st;
    off_t at = 0;
    int dir, fd;

    dir = open(s->priv, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fd = dir < 0 ? -1 : openat(dir, "init", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    if (fd < 0 || fstat(s->init_fd, &st) < 0 || fchmod(fd, 0755) < 0)
        fail(s, "copying the guest's init");
    while (at < st.st_size)
        if (sendfile(fd, s->init_fd, &at, (size_t)(st.st_size - at)) <= 0)
            fail(s, "copying the guest's init");
    close(fd);
    errno = -aaj_sandbox_write_conf(s, dir);
    if (errno)
        fail(s, "writing the guest's settings");
    close(dir);
    make_dir(s, "guest");
    make_dir(s, "tmp");
    snprintf(path, sizeof(path), "%s/tmp", s->priv);
    if (!s->protect && s->as_root && chown(path, s->uid, s->gid) < 0)
        fail(s, path);
}

static void attach(const struct aaj_sandbox *s, int tree, const char *name)
{
    char path[PATH_MAX];

    make_dir(s, name);
    snprintf(path, sizeof(path), "%s/%s", s->priv, name);
    if (move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        fail(s, path);
    close(tree);
}

/* Root made these before, with its own powers; an ordinary user can only in here. */
static int tree_of(const struct aaj_sandbox *s, size_t i, const char *path)
{
    int fd = s->tree ? s->tree[i] : aaj_sandbox_tree(path, i == 0, -1);

    if (fd < 0) {
        errno = -fd;
        fail(s, path);
    }
    return fd;
}

static void mount_private(const struct aaj_sandbox *s, const char *at, const char *data)
{
    if (mount("lab", at, "tmpfs", MS_NOSUID | MS_NODEV, data) < 0)
        fail(s, at);
}

static void make_read_only(const struct aaj_sandbox *s, const char *at, unsigned flags)
{
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

    if (mount_setattr(AT_FDCWD, at, flags, &attr, sizeof(attr)) < 0)
        fail(s, at);
}

/* A few harmless devices on an otherwise empty /dev. */
static void mask_dev(const struct aaj_sandbox *s)
{
    static const char *const names[] = { "null", "zero", "full", "random", "urandom" };
    int tree[sizeof(names) / sizeof(names[0])], fd;
    char path[32];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "/dev/%s", names[i]);
        tree[i] = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    }
    mount_private(s, "/dev", "mode=755,size=64k");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (tree[i] < 0)
            continue;
        snprintf(path, sizeof(path), "/dev/%s", names[i]);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || move_mount(tree[i], "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
            fail(s, path);
        close(fd);
        close(tree[i]);
    }
    make_read_only(s, "/dev", 0);
}

/* The kernel needs no /proc; with a pid namespace of its own it sees only itself. A container that hides
 * parts of /proc forbids a fresh one, and then there is none. */
static void mask_proc(const struct aaj_sandbox *s)
{
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL) == 0)
        return;
    if (mount("lab", "/proc", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, "size=4k") < 0)
        fail(s, "/proc");
}

static void build_view(const struct aaj_sandbox *s)
{
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE };
    const char *const *ro = s->lab->ro;
    char path[PATH_MAX], data[128], name[32];
    int share = -1, tree[AAJ_LAB_RO_MAX];
    size_t n = 0;

    if (s->lab->share)
        share = tree_of(s, 0, s->lab->share);
    for (; ro && ro[n]; n++)
        tree[n] = tree_of(s, n + 1, ro[n]);
    if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) < 0)
        fail(s, "a read-only view of /");
    snprintf(path, sizeof(path), "%.*s", (int)(strrchr(s->priv, '/') - s->priv), s->priv);
    mount_private(s, path, "mode=755,size=64m");
    if (mkdir(s->priv, 0755) < 0)
        fail(s, s->priv);
    make_files(s);
    if (share >= 0)
        attach(s, share, "share");
    make_dir(s, "ro");
    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "ro/%zu", i);
        attach(s, tree[i], name);
    }
    snprintf(path, sizeof(path), "%s/tmp", s->priv);
    snprintf(data, sizeof(data), "mode=700,size=%um,uid=%u,gid=%u", s->lab->mem_mb + 160, s->uid, s->gid);
    mount_private(s, path, data);
    snprintf(path, sizeof(path), "%.*s", (int)(strrchr(s->priv, '/') - s->priv), s->priv);
    make_read_only(s, path, 0);
    mask_dev(s);
    mask_proc(s);
}

static void drop_powers(const struct aaj_sandbox *s)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[2] = { 0 };

    for (int cap = 0; s->protect && cap < 64; cap++)
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
            fail(s, "dropping capabilities");
    if (s->as_root && (setgroups(0, NULL) < 0 || setresgid(s->gid, s->gid, s->gid) < 0 ||
                       setresuid(s->uid, s->uid, s->uid) < 0))
        fail(s, "becoming an unprivileged user");
    if (syscall(SYS_capset, &header, none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        fail(s, "dropping capabilities");
}

/* Descriptors 0 to 2 and the lines from AAJ_LAB_FIRST_FD on; all else is closed. */
static void place_fds(const struct aaj_sandbox *s)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), far[AAJ_LAB_LINES];

    if (null < 0)
        fail(s, "/dev/null");
    /* Out of the way first, so that no dup2 below hits one that is still to be moved. */
    for (int i = 0; i < AAJ_LAB_LINES; i++) {
        far[i] = fcntl(s->line_far[i], F_DUPFD_CLOEXEC, AAJ_LAB_FIRST_FD + AAJ_LAB_LINES);
        if (far[i] < 0)
            fail(s, "descriptors");
    }
    if (dup2(null, 0) < 0 || dup2(far[AAJ_LAB_CONSOLE], 1) < 0 || dup2(far[AAJ_LAB_CONSOLE], 2) < 0)
        fail(s, "descriptors");
    for (int i = 0; i < AAJ_LAB_LINES; i++)
        if (dup2(far[i], AAJ_LAB_FIRST_FD + i) < 0)
            fail(s, "descriptors");
    close_range(AAJ_LAB_FIRST_FD + AAJ_LAB_LINES, ~0u, CLOSE_RANGE_CLOEXEC);
}

/* For each of the host's files that the guest has looked into hostfs keeps a descriptor (hostfs_open, fs/hostfs). */
static void allow_files(void)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
}

static void __attribute__((noreturn)) boot(const struct aaj_sandbox *s)
{
    char mem[32], init[96], umldir[96], tmpdir[96], lines[AAJ_LAB_LINES][32];
    char *env[] = { (char[]){ "PATH=/usr/bin:/bin" }, s->protect ? tmpdir : NULL, NULL };
    char *argv[] = { (char[]){ "linux" },
                     mem,
                     (char[]){ "root=/dev/root" },
                     (char[]){ "rootfstype=hostfs" },
                     (char[]){ "rootflags=/" },
                     (char[]){ "ro" },
                     init,
                     (char[]){ "security=apparmor" },
                     (char[]){ "apparmor=1" },
                     (char[]){ "audit=1" },
                     (char[]){ "audit_backlog_limit=65536" },
                     (char[]){ "log_buf_len=4M" },
                     (char[]){ "con=null" },
                     lines[0],
                     (char[]){ "ssl=null" },
                     lines[1],
                     lines[2],
                     lines[3],
                     (char[]){ "umid=lab" },
                     umldir,
                     (char[]){ "noreboot" },
                     (char[]){ "panic=-1" },
                     NULL };
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int sig = 1; sig < 32; sig++)
        signal(sig, SIG_DFL);
    snprintf(mem, sizeof(mem), "mem=%uM", s->lab->mem_mb);
    snprintf(init, sizeof(init), "init=%s/init", s->priv);
    snprintf(umldir, sizeof(umldir), "uml_dir=%s/tmp", s->priv);
    snprintf(tmpdir, sizeof(tmpdir), "TMPDIR=%s/tmp", s->priv);
    snprintf(lines[0], sizeof(lines[0]), "con0=null,fd:%d", AAJ_LAB_FIRST_FD);
    for (int i = 1; i < AAJ_LAB_LINES; i++)
        snprintf(lines[i], sizeof(lines[i]), "ssl%d=null,fd:%d", i - 1, AAJ_LAB_FIRST_FD + i);
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    allow_files();
    drop_powers(s);
    if (s->lab->share && s->protect) {
        char share[96];

        snprintf(share, sizeof(share), "%s/share", s->priv);
        if (faccessat(AT_FDCWD, share, R_OK | W_OK | X_OK, AT_EACCESS) < 0)
            fail(s, "the output folder must be writable for the user that the lab runs as; that");
    }
    if (s->owners[1] >= 0)
        aaj_owners_install(s->owners[1]);
    place_fds(s);
    /* The kernel would otherwise start itself again through /proc to get this. */
    personality(PER_LINUX | ADDR_NO_RANDOMIZE);
    execve(s->lab->kernel, argv, env);
    dprintf(AAJ_LAB_FIRST_FD + AAJ_LAB_CONTROL, "setup %d starting %s\n", errno, s->lab->kernel);
    _exit(125);
}

static void on_child(int sig)
{
}

/* Until the kernel is gone, or whoever started us. */
static void __attribute__((noreturn))
wait_for(const struct aaj_sandbox *s, pid_t kernel, const sigset_t *during)
{
    struct pollfd p = { .fd = s->sync[0], .events = POLLIN };
    pid_t pid;

    for (;;) {
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
            if (pid == kernel)
                _exit(0);
        if (ppoll(&p, 1, NULL, during) > 0)
            break;
    }
    if (!s->protect)
        kill(0, SIGKILL);
    _exit(0);
}

void aaj_sandbox_inside(struct aaj_sandbox *s)
{
    struct sigaction sa = { .sa_handler = on_child };
    sigset_t block, during;
    pid_t kernel;
    char go;

    setsid();
    close(s->sync[1]);
    if (read(s->sync[0], &go, 1) != 1)
        _exit(125);
    umask(022);
    if (s->protect)
        build_view(s);
    else
        make_files(s);
    sigfillset(&block);
    sigprocmask(SIG_SETMASK, &block, NULL);
    sigfillset(&during);
    sigdelset(&during, SIGCHLD);
    sigaction(SIGCHLD, &sa, NULL);
    kernel = fork();
    if (kernel < 0)
        fail(s, "fork");
    if (kernel == 0)
        boot(s);
    for (int i = 0; i < AAJ_LAB_LINES; i++)
        close(s->line_far[i]);
    if (s->owners[1] >= 0)
        close(s->owners[1]);
    wait_for(s, kernel, &during);
}
