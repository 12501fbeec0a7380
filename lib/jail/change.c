/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From one state of a jail to another, in an order in which nothing is allowed that neither allows:
 *
 *     1. the chains: what both allow, where both have one for the uid and the policy changes too
 *     2. the profile, and its text
 *     3. the chains: what the new ones allow; the chain of a uid that the slave no longer has goes
 *
 * "Nothing up" is a state too: going up, the chain comes before the profile; going down it goes after it.
 */
#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "jail/internal.h"
#include "kernel/blob.h"

/* Chain and profile decide together, so while they change one after the other the chain lets through only
 * what both states do. */
static bool in_two_steps(const struct jail_load *from, const struct jail_load *to)
{
    return from && to && !aaj_str_eq(from->policy, to->policy);
}

static int narrow_chains(const struct aaj_jail_ctx *ctx, const struct jail_load *from, const struct jail_load *to,
                         struct aaj_diags *diags, struct aaj_jail_result *result)
{
    struct jail_chains both = { 0 };
    int r;

    if (!to)
        return 0;
    if (!in_two_steps(from, to))
        return jail_chains_apply(ctx, &to->chains, diags, result);
    r = jail_chains_meet(&from->chains, &to->chains, &both);
    if (r == 0)
        r = jail_chains_apply(ctx, &both, diags, result);
    jail_chains_clear(&both);
    return r;
}

static bool named(const struct aaj_artefacts *a, struct aaj_str name)
{
    for (size_t i = 0; i < a->n_profiles; i++)
        if (aaj_str_eq(a->profile[i], name))
            return true;
    return false;
}

/* Profiles of the jail that @to has not. What complain mode made goes with its parent, or by itself. */
static bool is_left(struct aaj_str name, const struct jail_load *from, const struct jail_load *to)
{
    struct aaj_str jail = (to ? to : from)->artefacts.jail;

    if (aaj_label_is_null(name) || (to && named(&to->artefacts, name)))
        return false;
    return aaj_label_bears(name, jail) || (from && named(&from->artefacts, name));
}

/* Replacing a profile keeps children that the new one no longer has (__replace_profile in the kernel's
 * policy.c inherits them), so they are removed: sorted by name, from the end, children go before parents. */
static int remove_left(const struct aaj_jail_ctx *ctx, const struct jail_load *from, const struct jail_load *to,
                       struct aaj_diags *diags, struct aaj_jail_result *result)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_loaded *loaded = NULL;
    size_t n = 0;
    int r = aaj_kernel_list(&ctx->kernel, &arena, diags, &loaded, &n);

    for (size_t i = n; i-- > 0 && r == 0;)
        if (is_left(loaded[i].name, from, to)) {
            r = aaj_kernel_remove(&ctx->kernel, loaded[i].name, diags);
            result->changed |= r == 0;
        }
    aaj_arena_clear(&arena);
    return r;
}

static bool kernel_holds(const struct aaj_jail_ctx *ctx, const struct jail_load *load)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str blob = { 0 };
    bool same = aaj_kernel_fetch(&ctx->kernel, load->artefacts.jail, &arena, NULL, &blob) == 0 &&
                aaj_blob_same(blob, load->policy, true, &arena);

    aaj_arena_clear(&arena);
    return same;
}

static int change_profile(const struct aaj_jail_ctx *ctx, const struct jail_load *from, const struct jail_load *to,
                          struct aaj_diags *diags, struct aaj_jail_result *result)
{
    /* Replacing makes every confined task take the new policy; not for nothing. */
    if (to && !kernel_holds(ctx, to)) {
        int r = aaj_kernel_replace(&ctx->kernel, to->policy, diags);

        if (r < 0)
            return r;
        result->changed = true;
    }
    return remove_left(ctx, from, to, diags, result);
}

/* Where apparmor.service finds it at boot. */
static int change_text(const struct aaj_jail_ctx *ctx, const struct jail_load *from, const struct jail_load *to,
                       struct aaj_diags *diags, struct aaj_jail_result *result)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    const char *path = jail_text_path(ctx, (to ? to : from)->artefacts.jail, &arena);
    struct aaj_str there = { 0 };
    int r = path ? 0 : -ENOMEM;

    if (r == 0 && !to) {
        if (unlink(path) == 0)
            result->changed = true;
        else if (errno != ENOENT)
            r = -errno;
    } else if (r == 0 && (aaj_file_read(path, AAJ_FILE_MAX, &arena, &there) < 0 || !aaj_str_eq(there, to->text))) {
        r = aaj_file_write(path, to->text, 0644);
        result->changed |= r == 0;
    }
    if (r < 0)
        aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(path) }, "cannot %s the profile: %s",
                  to ? "write" : "remove", strerror(-r));
    aaj_arena_clear(&arena);
    return r;
}

int jail_enter(const struct aaj_jail_ctx *ctx, const struct jail_load *from, const struct jail_load *to,
               struct aaj_diags *diags, struct aaj_jail_result *result)
{
    int r = narrow_chains(ctx, from, to, diags, result);

    if (r == 0)
        r = change_profile(ctx, from, to, diags, result);
    return r < 0 ? r : change_text(ctx, from, to, diags, result);
}

int jail_settle(const struct aaj_jail_ctx *ctx, const struct jail_load *from, const struct jail_load *to,
                struct aaj_diags *diags, struct aaj_jail_result *result)
{
    int r = in_two_steps(from, to) ? jail_chains_apply(ctx, &to->chains, diags, result) : 0;

    if (r == 0 && from)
        r = jail_chains_remove_left(ctx, &from->chains, to ? &to->chains : NULL, diags, result);
    result->fenced = r == 0 && to && to->chains.n;
    return r;
}

int jail_switch(const struct aaj_jail_ctx *ctx, const struct jail_load *from, const struct jail_load *to,
                struct aaj_diags *diags, struct aaj_jail_result *result)
{
    int r = jail_enter(ctx, from, to, diags, result);

    return r < 0 ? r : jail_settle(ctx, from, to, diags, result);
}

int jail_go_back(const struct aaj_jail_ctx *ctx, const struct jail_load *from, const struct jail_load *to,
                 struct aaj_diags *diags, struct aaj_jail_result *result)
{
    struct aaj_jail_result back = { 0 };
    int r = jail_switch(ctx, from, to, diags, &back);

    result->closed = back.closed || (result->closed && r < 0);
    result->changed = r < 0;
    result->fenced = back.fenced;
    aaj_diag_add(diags, AAJ_NOTE, NULL, (struct aaj_loc){ 0 }, (struct aaj_str){ 0 },
                 r < 0 ? "the way back failed too: mend the cause, then 'aajail up --boot' finishes or goes back, and "
                         "'aajail status' shows what is in force"
                       : "everything is as it was before");
    return r;
}
