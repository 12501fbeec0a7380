/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's side of going up and down, and the way back when a step fails. */
#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "jail/internal.h"

static int change_firewall(const struct aaj_jail_ctx *ctx, const struct aaj_firewall_plan *plan,
                           const struct aaj_firewall_plan *old, struct aaj_diags *diags,
                           struct aaj_jail_result *result)
{
    struct aaj_firewall_result fr = { 0 };
    struct aaj_firewall *fw = NULL;
    int r;

    if (!plan && !old)
        return 0;
    r = aaj_firewall_open(&ctx->firewall, diags, &fw);
    if (r == 0 && plan)
        r = aaj_firewall_apply(fw, &plan, 1, diags, &fr);
    result->changed |= fr.changed;
    result->closed |= fr.closed;
    /* The chain of a uid that the slave no longer has goes after the new one stands. */
    if (r == 0 && old && (!plan || plan->uid != old->uid)) {
        r = aaj_firewall_remove(fw, &old->uid, 1, diags, &fr);
        result->changed |= fr.changed;
    }
    aaj_firewall_close(fw);
    return r;
}

static bool is_child(struct aaj_str name)
{
    return aaj_str_search(name, AAJ_STR("//")) < name.n;
}

static bool named(const struct aaj_artefacts *a, struct aaj_str name)
{
    for (size_t i = 0; i < a->n_profiles; i++)
        if (aaj_str_eq(a->profile[i], name))
            return true;
    return false;
}

/* Replacing a profile keeps children that the new one no longer has (__replace_profile in the kernel's
 * policy.c inherits them), so what is not in @keep is removed: children before parents. */
static int remove_profiles(const struct aaj_jail_ctx *ctx, const struct aaj_artefacts *a,
                           const struct aaj_artefacts *keep, struct aaj_diags *diags)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_loaded *loaded = NULL;
    size_t n = 0;
    int r = aaj_kernel_list(&ctx->kernel, &arena, diags, &loaded, &n);

    for (unsigned children = 2; children-- > 0 && r == 0;)
        for (size_t i = 0; i < a->n_profiles && r == 0; i++) {
            struct aaj_str name = a->profile[i];

            /* A parent takes its children along. */
            if (is_child(name) != (children == 1) || (keep ? named(keep, name) : is_child(name)) ||
                !aaj_loaded_find(loaded, n, name))
                continue;
            r = aaj_kernel_remove(&ctx->kernel, name, diags);
        }
    aaj_arena_clear(&arena);
    return r;
}

static bool kernel_holds(const struct aaj_jail_ctx *ctx, const struct jail_load *load)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str blob = { 0 };
    bool same = aaj_kernel_fetch(&ctx->kernel, load->artefacts.jail, &arena, NULL, &blob) == 0 &&
                aaj_str_eq(blob, load->policy);

    aaj_arena_clear(&arena);
    return same;
}

static int load_profile(const struct aaj_jail_ctx *ctx, const struct jail_load *load, const struct jail_load *old,
                        struct aaj_diags *diags, struct aaj_jail_result *result)
{
    int r;

    /* Replacing makes every confined task take the new policy; not for nothing. */
    if (kernel_holds(ctx, load))
        return 0;
    r = aaj_kernel_replace(&ctx->kernel, load->policy, diags);
    if (r < 0)
        return r;
    result->changed = true;
    return old ? remove_profiles(ctx, &old->artefacts, &load->artefacts, diags) : 0;
}

static const char *text_path(const struct aaj_jail_ctx *ctx, struct aaj_str jail, struct aaj_arena *arena)
{
    return aaj_arena_printf(arena, "%s/aajail.%.*s", ctx->apparmor_d, AAJ_STR_ARG(jail)).p;
}

/* Where apparmor.service finds it at boot. */
static int write_text(const struct aaj_jail_ctx *ctx, const struct jail_load *load, struct aaj_diags *diags,
                      struct aaj_jail_result *result)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    const char *path = text_path(ctx, load->artefacts.jail, &arena);
    struct aaj_str there;
    int r = path ? 0 : -ENOMEM;

    if (r == 0 && (aaj_file_read(path, AAJ_FILE_MAX, &arena, &there) < 0 || !aaj_str_eq(there, load->text))) {
        r = aaj_file_write(path, load->text, 0644);
        result->changed = true;
    }
    if (r < 0)
        aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(path) }, "cannot write the profile: %s", strerror(-r));
    aaj_arena_clear(&arena);
    return r;
}

static int remove_text(const struct aaj_jail_ctx *ctx, const struct jail_load *old, struct aaj_diags *diags)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    const char *path = text_path(ctx, old->artefacts.jail, &arena);
    int r = path ? 0 : -ENOMEM;

    if (r == 0 && unlink(path) < 0 && errno != ENOENT)
        r = -errno;
    if (r < 0)
        aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(path) }, "cannot remove the profile: %s", strerror(-r));
    aaj_arena_clear(&arena);
    return r;
}

static void go_back(const struct aaj_jail_ctx *ctx, const struct jail_load *load, const struct jail_load *old,
                    struct aaj_diags *diags, struct aaj_jail_result *result)
{
    struct aaj_jail_result back = { 0 };
    int r = old ? load_profile(ctx, old, load, diags, &back) : remove_profiles(ctx, &load->artefacts, NULL, diags);

    if (r == 0)
        r = old ? write_text(ctx, old, diags, &back) : remove_text(ctx, load, diags);
    if (r == 0)
        r = change_firewall(ctx, old ? old->plan : NULL, load->plan, diags, &back);
    result->closed |= back.closed;
    result->changed = r < 0;
    aaj_diag_add(diags, AAJ_NOTE, NULL, (struct aaj_loc){ 0 }, (struct aaj_str){ 0 },
                 r < 0 ? "the way back failed too: 'aajail status' shows what is in force"
                       : "everything is as it was before");
}

static int change_profile(const struct aaj_jail_ctx *ctx, const struct jail_load *load, const struct jail_load *old,
                          struct aaj_diags *diags, struct aaj_jail_result *result)
{
    int r = load_profile(ctx, load, old, diags, result);

    return r < 0 ? r : write_text(ctx, load, diags, result);
}

int jail_go_forward(const struct aaj_jail_ctx *ctx, const struct jail_load *load, const struct jail_load *old,
                    struct aaj_diags *diags, struct aaj_jail_result *result)
{
    int r = change_firewall(ctx, load->plan, old ? old->plan : NULL, diags, result);

    result->fenced = r == 0 && load->plan;
    return r < 0 ? r : change_profile(ctx, load, old, diags, result);
}

int jail_bring_up(const struct aaj_jail_ctx *ctx, const struct jail_load *load, const struct jail_load *old,
                  struct aaj_diags *diags, struct aaj_jail_result *result)
{
    int r = change_firewall(ctx, load->plan, old ? old->plan : NULL, diags, result);

    /* Nothing else was touched yet, and what a failing firewall left behind it says itself. */
    if (r < 0)
        return r;
    result->fenced = load->plan != NULL;
    r = change_profile(ctx, load, old, diags, result);
    if (r < 0)
        go_back(ctx, load, old, diags, result);
    return r;
}

int jail_take_down(const struct aaj_jail_ctx *ctx, const struct jail_load *old, struct aaj_diags *diags,
                   struct aaj_jail_result *result)
{
    int r = remove_text(ctx, old, diags);

    if (r == 0)
        r = remove_profiles(ctx, &old->artefacts, NULL, diags);
    if (r == 0)
        r = change_firewall(ctx, NULL, old->plan, diags, result);
    result->changed = true;
    return r;
}
