/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Down: the profile, then the chain, unless somebody would be set free. */
#include <errno.h>
#include <stdio.h>

#include "jail/internal.h"

int jail_find_held(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                   struct aaj_jail_task **ret_task, size_t *ret_n)
{
    struct aaj_jail_task *held;
    struct aaj_task *task = NULL;
    size_t n = 0, k = 0;
    int r = aaj_kernel_tasks(&ctx->kernel, arena, &task, &n);

    if (r < 0)
        return r;
    held = aaj_arena_new_array(arena, n + 1, struct aaj_jail_task);
    if (!held)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (aaj_label_bears(task[i].label, name))
            held[k++] = (struct aaj_jail_task){ task[i], "would be set free" };
    *ret_task = held;
    *ret_n = k;
    return 0;
}

static int check_held(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                      struct aaj_diags *diags, struct aaj_jail_result *result)
{
    int r = jail_seen(ctx, jail_find_held(ctx, name, arena, &result->task, &result->n_tasks), diags);

    if (r < 0 || result->n_tasks == 0 || ctx->force)
        return r;
    aaj_error(diags, (struct aaj_loc){ 0 },
              "%zu %s of jail '%.*s' would be left unconfined for good: stop the slave first, or give --force",
              result->n_tasks, result->n_tasks == 1 ? "task" : "tasks", AAJ_STR_ARG(name));
    return -EBUSY;
}

static bool was_there(const struct aaj_jail_task *task, const struct aaj_jail_task *before, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (before[i].task.pid == task->task.pid && before[i].task.tid == task->task.tid)
            return true;
    return false;
}

/* Who entered the profile between the look and its removal, or started after it, and runs free now. */
static int check_slipped(const struct aaj_jail_ctx *ctx, const struct jail_load *old,
                         const struct aaj_jail_task *before, size_t n_before, struct aaj_arena *arena,
                         struct aaj_diags *diags, struct aaj_jail_result *result)
{
    struct aaj_jail_task *task = NULL;
    size_t n = 0, k = 0;
    int r = jail_seen(ctx, aaj_jail_outside(ctx, old->manifest, arena, &task, &n), diags);

    for (size_t i = 0; i < n && r == 0; i++)
        if (!was_there(&task[i], before, n_before)) {
            task[k] = task[i];
            task[k++].why = "was started while the jail went down";
        }
    if (r < 0 || k == 0)
        return r;
    result->task = task;
    result->n_tasks = k;
    aaj_error(diags, (struct aaj_loc){ 0 },
              "the slave of jail '%.*s' was started meanwhile: stop it for good first, or give --force",
              AAJ_STR_ARG(old->artefacts.jail));
    return -EBUSY;
}

static int leave(const struct aaj_jail_ctx *ctx, const struct jail_load *old, struct aaj_arena *arena,
                 struct aaj_diags *diags, struct aaj_jail_result *result)
{
    struct aaj_jail_task *before = NULL;
    size_t n = 0;
    int r = ctx->force ? 0 : jail_seen(ctx, aaj_jail_outside(ctx, old->manifest, arena, &before, &n), diags);

    if (r == 0)
        r = jail_enter(ctx, old, NULL, diags, result);
    if (r == 0 && !ctx->force)
        r = check_slipped(ctx, old, before, n, arena, diags, result);
    return r < 0 ? r : jail_settle(ctx, old, NULL, diags, result);
}

int jail_go_down(const struct aaj_jail_ctx *ctx, struct aaj_str name, bool undo, struct aaj_arena *arena,
                 struct aaj_diags *diags, struct aaj_jail_result *result)
{
    const char *current = jail_path(ctx, name, "current", arena), *leaving = jail_path(ctx, name, "leaving", arena);
    struct jail_load old = { 0 };
    int r = current && leaving ? jail_load_read(current, JAIL_SAVED, arena, diags, &old) : -ENOMEM;

    if (r == 0)
        r = check_held(ctx, name, arena, diags, result);
    if (r < 0 || ctx->dry_run) {
        jail_load_clear(&old);
        return r;
    }
    r = jail_mark(current, undo);
    if (r == 0 && rename(current, leaving) < 0)
        r = -errno;
    if (r < 0) {
        aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(current) }, "cannot write the jail's state: %s",
                  strerror(-r));
    } else {
        r = leave(ctx, &old, arena, diags, result);
        if (r == 0)
            r = jail_swap_out(ctx, name, arena, diags);
        /* Where the way back fails too, the journal stays for the next run. */
        if (r < 0 && jail_go_back(ctx, NULL, &old, diags, result) == 0 && rename(leaving, current) < 0)
            aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(leaving) }, "cannot write the jail's state: %s",
                      strerror(errno));
    }
    jail_load_clear(&old);
    return r;
}

int aaj_jail_down(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                  struct aaj_diags *diags, struct aaj_jail_result *ret_result)
{
    int r = jail_name_ok(name) && !ctx->dry_run ? jail_recover(ctx, name, arena, diags) : 0;

    *ret_result = (struct aaj_jail_result){ .jail = name };
    if (r < 0 || !aaj_jail_is_up(ctx, name))
        return r < 0 ? r : 0;
    r = aaj_kernel_check_change(&ctx->kernel, diags);
    return r < 0 ? r : jail_go_down(ctx, name, false, arena, diags, ret_result);
}
