/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who would be outside after an up that takes something away: the chain of a uid, or a profile inside the jail's. */
#include <errno.h>

#include "base/escape.h"
#include "jail/internal.h"

struct left {
    const struct jail_load *old, *to;
    struct aaj_arena *arena;
    struct aaj_diags *diags;
    const struct aaj_task *task;
    size_t n_tasks;
    struct aaj_jail_task *held;
    size_t n_held;
};

static const struct aaj_manifest *manifest_of(const struct jail_load *load, struct aaj_str jail)
{
    for (size_t i = 0; i < load->n_pools; i++)
        if (aaj_str_eq(load->pool[i]->jail.text, jail))
            return load->pool[i];
    return aaj_str_eq(load->artefacts.jail, jail) ? load->manifest : NULL;
}

/* The profile that a slave runs in: a pool's is inside its master's. */
static struct aaj_str profile_of(const struct left *l, const struct aaj_manifest *m)
{
    struct aaj_str hat = m->hat.text;

    if (hat.n == 0)
        return l->old->artefacts.jail;
    if (aaj_str_search(hat, AAJ_STR("//")) < hat.n)
        return hat;
    return aaj_arena_printf(l->arena, "%.*s//%.*s", AAJ_STR_ARG(l->old->artefacts.jail), AAJ_STR_ARG(hat));
}

/* The children of a pool are beside it, as MASTER//POOL-CHILD. */
static bool is_child_of_pool(struct aaj_str label, struct aaj_str profile)
{
    return aaj_str_search(profile, AAJ_STR("//")) < profile.n && aaj_str_starts(label, profile) &&
           label.n > profile.n && label.p[profile.n] == '-';
}

static size_t hold(struct left *l, struct aaj_str profile, const char *why)
{
    size_t before = l->n_held;

    for (size_t i = 0; i < l->n_tasks && l->n_held < l->n_tasks; i++)
        if (aaj_label_bears(l->task[i].label, profile) || is_child_of_pool(l->task[i].label, profile))
            l->held[l->n_held++] = (struct aaj_jail_task){ l->task[i], why };
    return l->n_held - before;
}

static void check_chain(struct left *l, const struct aaj_firewall_plan *plan)
{
    const struct aaj_manifest *m = manifest_of(l->old, plan->jail);

    if (jail_chains_find(&l->to->chains, plan->uid) || !m || hold(l, profile_of(l, m), "would lose its chain") == 0)
        return;
    if (manifest_of(l->to, plan->jail))
        aaj_error(l->diags, (struct aaj_loc){ 0 },
                  "the slave of jail '%.*s' gets another uid, and the chain of the old one, %u, goes: stop the slave first",
                  AAJ_STR_ARG(plan->jail), plan->uid);
    else
        aaj_error(l->diags, (struct aaj_loc){ 0 },
                  "pool '%.*s' is not in this build, and its workers still run: take it out of the master's configuration "
                  "and reload that first",
                  AAJ_STR_ARG(plan->jail));
}

/* A profile that goes sets free who is in it. */
static void check_profile(struct left *l, struct aaj_str name)
{
    size_t n;

    for (size_t i = 0; i < l->to->artefacts.n_profiles; i++)
        if (aaj_str_eq(l->to->artefacts.profile[i], name))
            return;
    n = hold(l, name, "would be set free");
    if (n)
        aaj_error(l->diags, (struct aaj_loc){ 0 }, "%s is not in this build, and %zu %s still in it: wait for its end, or stop it",
                  aaj_escape(l->arena, name), n, n == 1 ? "task is" : "tasks are");
}

int jail_check_left(const struct aaj_jail_ctx *ctx, const struct jail_load *old, const struct jail_load *to,
                    struct aaj_arena *arena, struct aaj_diags *diags, struct aaj_jail_result *result)
{
    struct left l = { .old = old, .to = to, .arena = arena, .diags = diags };
    struct aaj_task *task = NULL;
    int r = jail_seen(ctx, aaj_kernel_tasks(&ctx->kernel, arena, &task, &l.n_tasks), diags);

    l.task = task;
    l.held = r == 0 ? aaj_arena_new_array(arena, l.n_tasks + 1, struct aaj_jail_task) : NULL;
    if (!l.held)
        return r < 0 ? r : -ENOMEM;
    for (size_t i = 0; i < old->chains.n; i++)
        check_chain(&l, old->chains.plan[i]);
    for (size_t i = 0; i < old->artefacts.n_profiles && l.n_held == 0; i++)
        check_profile(&l, old->artefacts.profile[i]);
    result->task = l.held;
    result->n_tasks = l.n_held;
    return l.n_held ? -EBUSY : 0;
}
