/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/apparmor.h>

#include "base/escape.h"
#include "kernel/kernel.h"

static const struct aaj_loc nowhere;

static int open_interface(const struct aaj_kernel *k, struct aaj_diags *diags, aa_kernel_interface **ret)
{
    aa_features *features = NULL;
    char path[PATH_MAX];
    int r = 0;

    snprintf(path, sizeof(path), "%s/features", k->apparmorfs);
    if (aa_features_new(&features, AT_FDCWD, path) < 0)
        r = -errno;
    if (r == 0 && aa_kernel_interface_new(ret, features, k->apparmorfs) < 0)
        r = -errno;
    aa_features_unref(features);
    if (r < 0)
        aaj_error(diags, nowhere, "cannot open the kernel's AppArmor interface in %s: %s", k->apparmorfs,
                  strerror(-r));
    return r;
}

/* What the kernel's answers mean (Linux security/apparmor/policy.c, policy_unpack.c). */
static const char *meaning(int error)
{
    switch (error) {
    case EPROTO:
        return "it does not understand the policy (made for another kernel?)";
    case EPROTONOSUPPORT:
        return "the policy's version is not one that it knows";
    case EACCES:
    case EPERM:
        return "it is not allowed: run this as root, outside a container";
    case ENOENT:
        return "a parent or namespace that it names is not loaded";
    case EEXIST:
        return "it is there already";
    case ENOMEM:
        return "it is out of memory";
    default:
        return strerror(error);
    }
}

int aaj_kernel_replace(const struct aaj_kernel *k, struct aaj_str blob, struct aaj_diags *diags)
{
    aa_kernel_interface *kernel = NULL;
    int r = open_interface(k, diags, &kernel);

    if (r < 0)
        return r;
    if (aa_kernel_interface_replace_policy(kernel, blob.p, blob.n) < 0) {
        r = -errno;
        aaj_error(diags, nowhere, "the kernel refused the policy: %s", meaning(-r));
    }
    aa_kernel_interface_unref(kernel);
    return r;
}

int aaj_kernel_remove(const struct aaj_kernel *k, struct aaj_str name, struct aaj_diags *diags)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str c = aaj_arena_dup(&arena, name);
    aa_kernel_interface *kernel = NULL;
    int r = c.p ? open_interface(k, diags, &kernel) : -ENOMEM;

    if (r == 0 && aa_kernel_interface_remove_policy(kernel, c.p) < 0) {
        r = -errno;
        aaj_error(diags, nowhere, "the kernel refused to remove %s: %s", aaj_escape(&arena, name),
                  r == -ENOENT ? "it is not loaded" : meaning(-r));
    }
    aa_kernel_interface_unref(kernel);
    aaj_arena_clear(&arena);
    return r;
}
