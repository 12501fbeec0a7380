/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the boot does: everything from what was saved, past whatever fails. */
#include <errno.h>

#include "base/file.h"
#include "jail/internal.h"
#include "kernel/blob.h"

/* The proved policy in complain mode, and the text that asks for it. */
static int make_complain(const struct aaj_jail_ctx *ctx, struct jail_load *load, struct aaj_arena *arena)
{
    const char *path = jail_text_path(ctx, load->artefacts.jail, arena), *why;
    struct aaj_piece *piece;
    size_t n, changed;
    int r = aaj_blob_split(load->policy, arena, &why, &piece, &n);

    if (r == 0)
        r = aaj_blob_set_mode(piece, n, AAJ_COMPLAIN, arena, &load->policy, &changed);
    /* Not there: the proved one is written. */
    if (r == 0 && (!path || aaj_file_read(path, AAJ_FILE_MAX, arena, &load->text) == -ENOMEM))
        r = -ENOMEM;
    return r;
}

static void tell_wish(struct aaj_diags *diags, struct aaj_str name, const char *what, struct aaj_str path)
{
    aaj_diag_add(diags, AAJ_WARNING, "jail-wish", (struct aaj_loc){ .file = path }, AAJ_STR(""), "so jail '%.*s' %s",
                 AAJ_STR_ARG(name), what);
}

static int restore_load(const struct aaj_jail_ctx *ctx, struct jail_load *load, struct aaj_arena *arena,
                        struct aaj_diags *diags)
{
    struct aaj_jail_result result = { 0 };
    enum jail_wish wish = JAIL_WISH_PROVED;
    struct aaj_str path = { 0 };
    int r = jail_wish(ctx, load, arena, &wish, &path), kernel;

    if (r < 0)
        return r;
    kernel = wish == JAIL_WISH_DISABLED ? 0 : aaj_kernel_check_change(&ctx->kernel, diags);
    if (wish == JAIL_WISH_DISABLED || kernel < 0) {
        /* The network is fenced all the same. */
        if (kernel == 0)
            tell_wish(diags, load->artefacts.jail, "is fenced, but its profile is not loaded", path);
        r = jail_chains_apply(ctx, &load->chains, diags, &result);
        return kernel < 0 ? kernel : r;
    }
    if (wish == JAIL_WISH_COMPLAIN) {
        tell_wish(diags, load->artefacts.jail, "is restored in complain mode: 'aajail enforce' ends that", path);
        r = make_complain(ctx, load, arena);
    }
    return r < 0 ? r : jail_switch(ctx, NULL, load, diags, &result);
}

static int restore_one(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                       struct aaj_diags *diags, bool *ret_there)
{
    struct jail_load load = { 0 };
    int r = ctx->dry_run ? 0 : jail_recover(ctx, name, arena, diags);

    *ret_there = false;
    if (r >= 0)
        r = jail_load_current(ctx, name, arena, diags, &load, ret_there);
    if (r == 0 && *ret_there && !ctx->dry_run)
        r = restore_load(ctx, &load, arena, diags);
    if (r < 0)
        aaj_diag_add(diags, AAJ_NOTE, NULL, (struct aaj_loc){ 0 }, AAJ_STR(""), "jail '%.*s' is not restored",
                     AAJ_STR_ARG(name));
    jail_load_clear(&load);
    return r;
}

int aaj_jail_restore(const struct aaj_jail_ctx *ctx, const struct aaj_str *only, size_t n_only,
                     struct aaj_arena *arena, struct aaj_diags *diags, size_t *ret_n)
{
    struct aaj_str *name = NULL;
    size_t n = 0, done = 0;
    int result = n_only ? 0 : aaj_jail_list(ctx, arena, &name, &n), r;
    bool there;

    for (size_t i = 0; i < (n_only ? n_only : n); i++) {
        struct aaj_str jail = n_only ? only[i] : name[i];

        r = jail_name_ok(jail) ? restore_one(ctx, jail, arena, diags, &there) : -ENOENT;
        if (n_only && (r == -ENOENT || (r == 0 && !there)))
            r = aaj_error(diags, (struct aaj_loc){ 0 }, "jail '%.*s' is not up, so there is nothing to restore",
                          AAJ_STR_ARG(jail));
        done += r == 0 && there;
        result = result < 0 ? result : r;
    }
    *ret_n = done;
    return result;
}
