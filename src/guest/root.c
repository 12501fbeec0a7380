/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's file tree: this machine's files through hostfs below, a tmpfs above. The overlay becomes
 * the root with pivot_root: after a mere chroot AppArmor would still see the path from the real root, and
 * no profile would attach.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "guest.h"

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        (void)!write(fd, text, strlen(text));
        close(fd);
    }
}

void root_build(const char *priv, const struct conf *conf)
{
    char tmp[PATH_MAX], upper[PATH_MAX], work[PATH_MAX], modules[PATH_MAX], data[3 * PATH_MAX];
    struct utsname u;
    int r;

    uname(&u);
    snprintf(tmp, sizeof(tmp), "%s/guest", priv);
    snprintf(upper, sizeof(upper), "%s/guest/upper", priv);
    snprintf(work, sizeof(work), "%s/guest/work", priv);
    snprintf(modules, sizeof(modules), "%s/%s", conf->modules, u.release);
    snprintf(data, sizeof(data), "lowerdir=/,upperdir=%s,workdir=%s", upper, work);
    if (mount("lab", tmp, "tmpfs", 0, "mode=755,size=90%") < 0)
        die("cannot mount a tmpfs on %s: %s", tmp, strerror(errno));
    if (mkdir(upper, 0755) < 0 || mkdir(work, 0755) < 0)
        die("cannot make the overlay's folders: %s", strerror(errno));
    strcat(tmp, "/root");
    if (mkdir(tmp, 0755) < 0)
        die("cannot make %s: %s", tmp, strerror(errno));
    r = module_load(modules, "overlay");
    if (mount("lab", tmp, "overlay", 0, data) < 0)
        die("cannot mount the overlay: %s%s%s", strerror(errno), r < 0 ? "; overlay.ko: " : "",
            r < 0 ? strerror(-r) : "");
    if (chdir(tmp) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
        chdir("/") < 0)
        die("cannot make the overlay the root: %s", strerror(errno));
}

/*
 * Makes @path, and @path a folder. Where a folder on the way cannot be searched (the kernel runs as an
 * ordinary user), a tmpfs covers it: below it nothing could have been seen anyway.
 */
static int make_dir(const char *path)
{
    char p[PATH_MAX];
    struct stat st;

    if (snprintf(p, sizeof(p), "%s/", path) >= (int)sizeof(p))
        return -ENAMETOOLONG;
    for (char *slash = strchr(p + 1, '/'), *last = NULL; slash;
         last = slash, slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (stat(p, &st) < 0 && (errno == EACCES || errno == EPERM) && last) {
            *last = '\0';
            if (mount("lab", p, "tmpfs", 0, "mode=755") < 0)
                return -errno;
            *last = '/';
        }
        if (mkdir(p, 0755) < 0 && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return 0;
}

static void mount_fs(const char *type, const char *at, unsigned long flags, const char *data)
{
    int r = make_dir(at);

    if (r == 0 && mount(type, at, type, flags, data) < 0)
        r = -errno;
    if (r < 0)
        warn_host("%s is not mounted on %s: %s", type, at, strerror(-r));
}

static void mount_host(const char *host, const char *at, bool writable)
{
    int r = make_dir(at);

    /* The first mount of a hostfs path is writable whatever is asked; the second call is what counts. */
    if (r == 0 && mount("none", at, "hostfs", writable ? 0 : MS_RDONLY, host) < 0)
        r = -errno;
    if (r == 0 && !writable && mount("none", at, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
        r = -errno;
    if (r < 0)
        die("cannot show %s in the lab: %s", at, strerror(-r));
}

static void loopback_up(void)
{
    struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (s < 0 || ioctl(s, SIOCSIFFLAGS, &ifr) < 0)
        warn_host("the loopback interface is down: %s", strerror(errno));
    if (s >= 0)
        close(s);
}

/* A fresh file above one that only the host's root may read: empty, or a line for each account of @names,
 * its name and @rest. */
static void fresh_file(const char *path, mode_t mode, const char *names, const char *rest)
{
    FILE *in, *out;
    char *text = NULL;
    size_t cap = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0 || errno == ENOENT) {
        if (fd >= 0)
            close(fd);
        return;
    }
    if ((unlink(path) < 0 && errno != ENOENT) ||
        (fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)) < 0)
        return;
    out = fdopen(fd, "w");
    in = names ? fopen(names, "re") : NULL;
    while (in && out && getline(&text, &cap, in) >= 0)
        if (text[strcspn(text, ":\n")] == ':')
            fprintf(out, "%.*s:%s\n", (int)strcspn(text, ":"), text, rest);
    free(text);
    if (in)
        fclose(in);
    if (out)
        fclose(out);
}

/* useradd and PAM want these, and an ordinary user cannot copy the host's up. */
static void fresh_accounts(void)
{
    static const char *const empty[] = { "/etc/.pwd.lock", "/etc/passwd-", "/etc/group-", "/etc/shadow-",
                                         "/etc/gshadow-",  "/etc/subuid-", "/etc/subgid-" };

    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
        fresh_file(empty[i], 0600, NULL, NULL);
    fresh_file("/etc/shadow", 0640, "/etc/passwd", "*:19000:0:99999:7:::");
    fresh_file("/etc/gshadow", 0640, "/etc/group", "*::");
}

static void copy_self(const char *to)
{
    int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), out = -1;
    char buf[65536];
    ssize_t n;

    if (in >= 0)
        out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    while (out >= 0 && (n = read(in, buf, sizeof(buf))) > 0)
        if (write(out, buf, (size_t)n) != n)
            break;
    if (out >= 0)
        close(out);
    if (in >= 0)
        close(in);
}

/* The kernel makes a table when somebody first asks for it; programs that look into /proc/net/ip_tables_names
 * for the way to go should find it. */
static void make_tables(void)
{
    struct ipt_getinfo v4 = { .name = "filter" };
    struct ip6t_getinfo v6 = { .name = "filter" };
    socklen_t n4 = sizeof(v4), n6 = sizeof(v6);
    int s = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

    if (s >= 0) {
        (void)getsockopt(s, IPPROTO_IP, IPT_SO_GET_INFO, &v4, &n4);
        close(s);
    }
    s = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (s >= 0) {
        (void)getsockopt(s, IPPROTO_IPV6, IP6T_SO_GET_INFO, &v6, &n6);
        close(s);
    }
}

static void load_modules(void)
{
    /* What a jail needs; anything else the kernel or modprobe loads on demand. */
    static const char *const names[] = { "ipv6",        "iptable_filter", "ip6table_filter",
                                         "xt_owner",    "xt_conntrack",   "ipt_REJECT",
                                         "ip6t_REJECT", "xt_comment",     "xt_multiport" };
    struct utsname u;
    char dir[PATH_MAX];

    uname(&u);
    snprintf(dir, sizeof(dir), "/lib/modules/%s", u.release);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int r = module_load(dir, names[i]);

        if (r < 0 && r != -ENOENT)
            warn_host("module %s is not loaded: %s", names[i], strerror(-r));
    }
    make_tables();
    if (access("/sbin/modprobe", X_OK) < 0)
        copy_self("/sbin/modprobe");
}

void root_populate(const struct conf *conf)
{
    mount_fs("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount_fs("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount_fs("securityfs", "/sys/kernel/security", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount_fs("cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount_fs("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620,ptmxmode=666");
    mount_fs("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
    mount_fs("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755");
    mkdir("/run/lock", 01777);
    chmod("/run/lock", 01777);
    if (access("/root", R_OK | X_OK) < 0 && errno != ENOENT)
        mount_fs("tmpfs", "/root", MS_NOSUID | MS_NODEV, "mode=700");
    (void)!symlink("/proc/self/fd", "/dev/fd");
    (void)!symlink("/proc/self/fd/0", "/dev/stdin");
    (void)!symlink("/proc/self/fd/1", "/dev/stdout");
    (void)!symlink("/proc/self/fd/2", "/dev/stderr");
    mount_host(conf->modules, "/lib/modules", false);
    for (size_t i = 0; i < conf->n_ro; i++)
        mount_host(conf->ro[i].host, conf->ro[i].at, false);
    if (conf->share)
        mount_host(conf->share, "/share", true);
    fresh_accounts();
    load_modules();
    loopback_up();
    (void)!sethostname("lab", 3);
    /* A limit here would lose AppArmor's records on their way to the kernel log. */
    write_file("/proc/sys/kernel/printk_ratelimit", "0\n");
}
