/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <unistd.h>

#include "jail/internal.h"

/* An administrator's word in /etc/apparmor.d counts (apparmor.d(5), aa-disable(8)). */
static int check_wishes(const struct aaj_jail_ctx *ctx, const struct jail_load *load, struct aaj_arena *arena,
                        struct aaj_diags *diags)
{
    static const struct {
        const char *folder, *means;
    } wish[] = {
        { "disable", "the profile is not to be loaded" },
        { "force-complain", "the profile is not to be enforced, and what was proved is an enforcing one" },
    };

    for (size_t i = 0; i < sizeof(wish) / sizeof(wish[0]); i++) {
        struct aaj_str path = aaj_arena_printf(arena, "%s/%s/aajail.%.*s", ctx->apparmor_d, wish[i].folder,
                                               AAJ_STR_ARG(load->artefacts.jail));

        if (!jail_exists(path.p))
            continue;
        aaj_error(diags, (struct aaj_loc){ .file = path }, "is there, so %s; remove it first", wish[i].means);
        return -EPERM;
    }
    return 0;
}

/* What is up now; *ret_there false when nothing is. */
static int read_current(const struct aaj_jail_ctx *ctx, struct aaj_str name, const char *what,
                        struct aaj_arena *arena, struct aaj_diags *diags, struct jail_load *ret, bool *ret_there)
{
    const char *dir = jail_path(ctx, name, what, arena);

    *ret_there = jail_exists(dir);
    return *ret_there ? jail_load_read(dir, JAIL_SAVED, arena, diags, ret) : 0;
}

static bool same_plan(const struct aaj_firewall_plan *a, const struct aaj_firewall_plan *b)
{
    if (!a || !b)
        return a == b;
    for (size_t i = 0; i < a->n_rules && a->n_rules == b->n_rules; i++)
        if (!aaj_firewall_rule_eq(&a->rule[i], &b->rule[i]))
            return false;
    return a->uid == b->uid && a->n_rules == b->n_rules;
}

/* The same build and the same numbers: there is nothing new to come back from. */
static bool same_load(const struct jail_load *a, const struct jail_load *b)
{
    bool same = a->artefacts.n_files == b->artefacts.n_files && same_plan(a->plan, b->plan);

    for (size_t i = 0; i < a->artefacts.n_files && same; i++) {
        const struct aaj_artefact *f = aaj_artefacts_find(&b->artefacts, a->artefacts.file[i].name);

        same = f && aaj_str_eq(f->bytes, a->artefacts.file[i].bytes);
    }
    return same;
}

/* From @load to up, through STATE/NAME/next. */
static int go_up(const struct aaj_jail_ctx *ctx, const struct jail_load *load, struct aaj_arena *arena,
                 struct aaj_diags *diags, struct aaj_jail_result *result)
{
    struct aaj_str name = load->artefacts.jail;
    const char *next = jail_path(ctx, name, "next", arena);
    struct jail_load old = { 0 };
    bool was_up = false;
    int r = next ? read_current(ctx, name, "current", arena, diags, &old, &was_up) : -ENOMEM;

    if (r == 0 && was_up && same_load(load, &old)) {
        r = jail_go_forward(ctx, load, &old, diags, result);
        jail_load_clear(&old);
        return r;
    }
    if (r == 0)
        r = jail_remove_dir(next);
    if (r == 0)
        r = jail_save(next, load, diags);
    if (r == 0)
        r = jail_bring_up(ctx, load, was_up ? &old : NULL, diags, result);
    if (r == 0)
        r = jail_swap_in(ctx, name, arena, diags);
    else if (next)
        jail_remove_dir(next);
    jail_load_clear(&old);
    return r;
}

static int finish_up(const struct aaj_jail_ctx *ctx, struct aaj_str name, const char *next, struct aaj_arena *arena,
                     struct aaj_diags *diags)
{
    struct aaj_jail_result result = { 0 };
    struct jail_load load = { 0 }, old = { 0 };
    bool was_up = false;
    int r = jail_load_read(next, JAIL_SAVED, arena, diags, &load);

    if (r == 0)
        r = read_current(ctx, name, "current", arena, diags, &old, &was_up);
    if (r == 0)
        r = jail_go_forward(ctx, &load, was_up ? &old : NULL, diags, &result);
    if (r == 0)
        r = jail_swap_in(ctx, name, arena, diags);
    jail_load_clear(&old);
    jail_load_clear(&load);
    return r;
}

int jail_recover(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                 struct aaj_diags *diags)
{
    struct aaj_jail_result result = { 0 };
    struct jail_load load = { 0 };
    const char *next = jail_path(ctx, name, "next", arena);
    bool leaving = false;
    int r;

    if (jail_exists(next)) {
        /* Without its list it was killed before anything was changed. */
        if (!jail_exists(aaj_arena_printf(arena, "%s/" AAJ_ARTEFACTS, next).p))
            return jail_remove_dir(next);
        aaj_diag_add(diags, AAJ_NOTE, NULL, (struct aaj_loc){ 0 }, (struct aaj_str){ 0 },
                     "finishing the interrupted 'up' of jail '%.*s'", AAJ_STR_ARG(name));
        return finish_up(ctx, name, next, arena, diags);
    }
    r = read_current(ctx, name, "leaving", arena, diags, &load, &leaving);
    if (r < 0 || !leaving)
        return r;
    aaj_diag_add(diags, AAJ_NOTE, NULL, (struct aaj_loc){ 0 }, (struct aaj_str){ 0 },
                 "finishing the interrupted 'down' of jail '%.*s'", AAJ_STR_ARG(name));
    r = jail_take_down(ctx, &load, diags, &result);
    if (r == 0)
        r = jail_swap_out(ctx, name, arena, diags);
    jail_load_clear(&load);
    return r;
}

static int up_load(const struct aaj_jail_ctx *ctx, struct jail_load *load, struct aaj_arena *arena,
                   struct aaj_diags *diags, struct aaj_jail_result *ret_result)
{
    struct aaj_jail_result result = { .jail = load->artefacts.jail };
    int r = check_wishes(ctx, load, arena, diags);

    if (r == 0)
        r = aaj_kernel_check(&ctx->kernel, diags);
    if (r == 0 && !ctx->dry_run) {
        r = jail_recover(ctx, result.jail, arena, diags);
        if (r == 0)
            r = go_up(ctx, load, arena, diags, &result);
    }
    if (r == 0)
        r = aaj_jail_outside(ctx, load->manifest, arena, &result.task, &result.n_tasks);
    *ret_result = result;
    return r;
}

int aaj_jail_up(const struct aaj_jail_ctx *ctx, const char *dir, struct aaj_arena *arena, struct aaj_diags *diags,
                struct aaj_jail_result *ret_result)
{
    struct jail_load load = { 0 };
    int r = jail_load_read(dir, JAIL_LOOK_UP, arena, diags, &load);

    *ret_result = (struct aaj_jail_result){ 0 };
    if (r == 0)
        r = up_load(ctx, &load, arena, diags, ret_result);
    jail_load_clear(&load);
    return r;
}

/* Tasks in the profile: removing it would leave them unconfined for good. */
static int find_held(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                     struct aaj_jail_result *result)
{
    struct aaj_task *task = NULL;
    size_t n = 0;
    int r = aaj_kernel_tasks(&ctx->kernel, arena, &task, &n);

    if (r < 0)
        return r;
    result->task = aaj_arena_new_array(arena, n + 1, struct aaj_jail_task);
    if (!result->task)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (aaj_label_bears(task[i].label, name))
            result->task[result->n_tasks++] = (struct aaj_jail_task){ task[i], "would be set free" };
    return 0;
}

static int go_down(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                   struct aaj_diags *diags, struct aaj_jail_result *result)
{
    const char *current = jail_path(ctx, name, "current", arena), *leaving = jail_path(ctx, name, "leaving", arena);
    struct jail_load old = { 0 };
    int r = current && leaving ? jail_load_read(current, JAIL_SAVED, arena, diags, &old) : -ENOMEM;

    if (r == 0 && rename(current, leaving) < 0)
        r = -errno;
    if (r == 0)
        r = jail_take_down(ctx, &old, diags, result);
    if (r == 0)
        r = jail_swap_out(ctx, name, arena, diags);
    jail_load_clear(&old);
    return r;
}

int aaj_jail_down(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                  struct aaj_diags *diags, struct aaj_jail_result *ret_result)
{
    struct aaj_jail_result result = { .jail = name };
    int r = jail_name_ok(name) && !ctx->dry_run ? jail_recover(ctx, name, arena, diags) : 0;

    if (r == 0 && !aaj_jail_is_up(ctx, name)) {
        *ret_result = result;
        return 0;
    }
    if (r == 0)
        r = find_held(ctx, name, arena, &result);
    if (r == 0 && result.n_tasks && !ctx->force) {
        aaj_error(diags, (struct aaj_loc){ 0 },
                  "%zu %s of jail '%.*s' would be left unconfined for good: stop the slave first, or give --force",
                  result.n_tasks, result.n_tasks == 1 ? "task" : "tasks", AAJ_STR_ARG(name));
        r = -EBUSY;
    }
    if (r == 0 && !ctx->dry_run)
        r = go_down(ctx, name, arena, diags, &result);
    *ret_result = result;
    return r;
}

int aaj_jail_undo(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                  struct aaj_diags *diags, struct aaj_jail_result *ret_result)
{
    const char *previous = jail_name_ok(name) ? jail_path(ctx, name, "previous", arena) : NULL;
    struct jail_load load = { 0 };
    int r = 0;

    *ret_result = (struct aaj_jail_result){ .jail = name };
    if (previous && !ctx->dry_run)
        r = jail_recover(ctx, name, arena, diags);
    if (r < 0)
        return r;
    /* Nothing before the first up: back to nothing. */
    if (!jail_exists(previous) && aaj_jail_is_up(ctx, name))
        return aaj_jail_down(ctx, name, arena, diags, ret_result);
    if (!jail_exists(previous)) {
        aaj_error(diags, (struct aaj_loc){ 0 }, "nothing is known of jail '%.*s' to go back to", AAJ_STR_ARG(name));
        return -ENOENT;
    }
    r = jail_load_read(previous, JAIL_SAVED, arena, diags, &load);
    if (r == 0)
        r = up_load(ctx, &load, arena, diags, ret_result);
    jail_load_clear(&load);
    return r;
}

int aaj_jail_restore(const struct aaj_jail_ctx *ctx, struct aaj_arena *arena, struct aaj_diags *diags, size_t *ret_n)
{
    struct aaj_str *name = NULL;
    size_t n = 0, done = 0;
    int result = aaj_jail_list(ctx, arena, &name, &n);

    for (size_t i = 0; i < n; i++) {
        struct aaj_jail_result one = { 0 };
        struct jail_load load = { 0 };
        bool there = false;
        int r = jail_recover(ctx, name[i], arena, diags);

        if (r == 0)
            r = read_current(ctx, name[i], "current", arena, diags, &load, &there);
        if (r == 0 && there)
            r = check_wishes(ctx, &load, arena, diags);
        if (r == 0 && there)
            r = jail_go_forward(ctx, &load, NULL, diags, &one);
        done += r == 0 && there;
        result = result < 0 ? result : r;
        jail_load_clear(&load);
    }
    *ret_n = done;
    return result;
}
