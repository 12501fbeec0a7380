/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Law 7: a jail is up only when nobody is outside. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "jail/internal.h"

int jail_seen(const struct aaj_jail_ctx *ctx, int r, struct aaj_diags *diags)
{
    if (r < 0)
        aaj_error(diags, (struct aaj_loc){ 0 }, "cannot see in %s who runs in which profile: %s", ctx->kernel.proc,
                  strerror(-r));
    return r;
}

static const char *why_outside(const struct aaj_task *t, const struct aaj_manifest *m, struct aaj_str exe)
{
    bool ours = aaj_label_bears(t->label, m->jail.text);
    bool slave = (m->attach == AAJ_ATTACH_PATH && (aaj_str_eq(t->exe, exe) || aaj_str_eq(t->exe, m->slave.text))) ||
                 (m->unit.text.n && aaj_str_eq(t->unit, m->unit.text));

    if (ours && aaj_label_is_null(t->label))
        return "is still in a profile that complain mode made, and stays in it";
    if (ours || !slave)
        return NULL;
    return aaj_str_eq(t->label, AAJ_STR("unconfined")) ? "runs unconfined since before the profile was loaded"
                                                       : "runs under another profile";
}

int aaj_jail_outside(const struct aaj_jail_ctx *ctx, const struct aaj_manifest *manifest, struct aaj_arena *arena,
                     struct aaj_jail_task **ret_task, size_t *ret_n)
{
    struct aaj_str slave = aaj_arena_dup(arena, manifest->slave.text), exe = slave;
    struct aaj_jail_task *out;
    struct aaj_task *task = NULL;
    char path[PATH_MAX];
    size_t n = 0, k = 0;
    int r = aaj_kernel_tasks(&ctx->kernel, arena, &task, &n);

    if (r < 0)
        return r;
    out = aaj_arena_new_array(arena, n + 1, struct aaj_jail_task);
    if (!out || !slave.p)
        return -ENOMEM;
    if (realpath(slave.p, path))
        exe = aaj_str_c(path);
    for (size_t i = 0; i < n; i++) {
        const char *why = why_outside(&task[i], manifest, exe);

        if (why)
            out[k++] = (struct aaj_jail_task){ task[i], why };
    }
    *ret_task = out;
    *ret_n = k;
    return 0;
}
