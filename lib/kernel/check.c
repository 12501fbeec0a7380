/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the kernel's AppArmor is there, and whether it lets itself be changed. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/internal.h"

static const struct aaj_loc nowhere;

void aaj_kernel_read_small(const char *dir, const char *name, char *buf, size_t size)
{
    char path[PATH_MAX];
    ssize_t n = -1;
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, buf, size - 1);
        close(fd);
    }
    buf[n > 0 ? n : 0] = '\0';
    buf[strcspn(buf, "\n")] = '\0';
}

int aaj_kernel_check(const struct aaj_kernel *k, struct aaj_diags *diags)
{
    char enabled[16], path[PATH_MAX];
    struct stat st;

    aaj_kernel_read_small(k->module, "parameters/enabled", enabled, sizeof(enabled));
    snprintf(path, sizeof(path), "%s/.replace", k->apparmorfs);
    if (stat(path, &st) == 0)
        return 0;
    if (errno == EACCES) {
        aaj_error(diags, nowhere, "%s may not be searched: run this as root", k->apparmorfs);
        return -EACCES;
    }
    if (enabled[0] == 'Y')
        aaj_error(diags, nowhere,
                  "AppArmor is on, but %s is missing: mount -t securityfs securityfs /sys/kernel/security",
                  k->apparmorfs);
    else if (enabled[0] == 'N')
        aaj_error(diags, nowhere,
                  "AppArmor is in this kernel but switched off: boot it with apparmor=1 security=apparmor");
    else
        aaj_error(diags, nowhere, "this kernel has no AppArmor; 'aajail lab' boots one that has");
    return -ENOSYS;
}

int aaj_kernel_check_on(const struct aaj_kernel *k, struct aaj_diags *diags)
{
    char enabled[16];

    aaj_kernel_read_small(k->module, "parameters/enabled", enabled, sizeof(enabled));
    return enabled[0] == 'Y' ? 0 : aaj_kernel_check(k, diags);
}

/* CapEff of proc(5), in hexadecimal; all of them where that cannot be read: the kernel has the last word. */
static unsigned long long effective(const struct aaj_kernel *k)
{
    char path[PATH_MAX], line[256];
    unsigned long long caps = ~0ULL;
    FILE *f;

    snprintf(path, sizeof(path), "%s/self/status", k->proc);
    f = fopen(path, "re");
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "CapEff: %llx", &caps) == 1)
            break;
    if (f)
        fclose(f);
    return caps;
}

/* In a user namespace of its own a container may have every capability and still change nothing outside. */
static bool in_user_namespace(const struct aaj_kernel *k)
{
    unsigned long long inside, outside, n;
    char map[128];

    aaj_kernel_read_small(k->proc, "self/uid_map", map, sizeof(map));
    return sscanf(map, "%llu %llu %llu", &inside, &outside, &n) == 3 &&
           !(inside == 0 && outside == 0 && n == UINT32_MAX);
}

int aaj_kernel_check_change(const struct aaj_kernel *k, struct aaj_diags *diags)
{
    int r = aaj_kernel_check(k, diags);
    char locked[16];

    if (r < 0)
        return r;
    aaj_kernel_read_small(k->module, "parameters/lock_policy", locked, sizeof(locked));
    if (locked[0] == 'Y') {
        aaj_error(diags, nowhere,
                  "AppArmor's policy is locked until the next boot (%s/parameters/lock_policy is Y): boot without "
                  "apparmor.lock_policy=1 and without what sets it",
                  k->module);
        return -EPERM;
    }
    if (!(effective(k) >> CAP_MAC_ADMIN & 1)) {
        aaj_error(diags, nowhere,
                  "this process lacks CAP_MAC_ADMIN, so it may not change policy: run this as root%s",
                  geteuid() == 0 ? ", on the host and not in a container" : "");
        return -EPERM;
    }
    if (in_user_namespace(k))
        aaj_diag_add(diags, AAJ_WARNING, "kernel-namespace", nowhere, AAJ_STR(""),
                     "this is a container's user namespace: if the kernel refuses, run this on the host");
    return 0;
}
