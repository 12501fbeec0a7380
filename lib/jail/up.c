/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Up, and back to what was up before. */
#include <errno.h>

#include "base/escape.h"
#include "jail/internal.h"

/* 'up' means enforced as proved; who wants something else takes that back first. */
static int check_wishes(const struct aaj_jail_ctx *ctx, const struct jail_load *load, struct aaj_arena *arena,
                        struct aaj_diags *diags)
{
    enum jail_wish wish = JAIL_WISH_PROVED;
    struct aaj_str path = { 0 };
    int r = jail_wish(ctx, load, arena, &wish, &path);

    /* The file itself is written anew. */
    if (r < 0 || wish == JAIL_WISH_PROVED || aaj_str_eq(path, aaj_str_c(jail_text_path(ctx, load->artefacts.jail, arena))))
        return r;
    aaj_error(diags, (struct aaj_loc){ .file = path }, "is there, so %s; remove it first",
              wish == JAIL_WISH_DISABLED ? "the profile is not to be loaded"
                                         : "the profile is not to be enforced, and what was proved is an enforcing one");
    return -EPERM;
}

/* The same build and the same numbers: there is nothing new to come back from. */
static bool same_load(const struct jail_load *a, const struct jail_load *b)
{
    bool same = a->artefacts.n_files == b->artefacts.n_files && jail_chains_same(&a->chains, &b->chains);

    for (size_t i = 0; i < a->artefacts.n_files && same; i++) {
        const struct aaj_artefact *f = aaj_artefacts_find(&b->artefacts, a->artefacts.file[i].name);

        same = f && aaj_str_eq(f->bytes, a->artefacts.file[i].bytes);
    }
    return same;
}

int jail_go_up(const struct aaj_jail_ctx *ctx, const struct jail_load *load, bool undo, struct aaj_arena *arena,
               struct aaj_diags *diags, struct aaj_jail_result *result)
{
    struct aaj_str name = load->artefacts.jail;
    const char *next = jail_path(ctx, name, "next", arena);
    struct jail_load old = { 0 }, *from = NULL;
    bool was_up = false;
    int r = next ? jail_load_current(ctx, name, arena, diags, &old, &was_up) : -ENOMEM;

    from = was_up ? &old : NULL;
    if (r == 0 && from)
        r = jail_check_left(ctx, from, load, arena, diags, result);
    if (r == 0 && from && same_load(load, from)) {
        r = jail_switch(ctx, from, load, diags, result);
    } else if (r == 0) {
        r = jail_save(next, load, undo, diags);
        if (r == 0) {
            r = jail_switch(ctx, from, load, diags, result);
            if (r == 0)
                r = jail_swap_in(ctx, name, arena, diags);
            if (r < 0 && jail_go_back(ctx, load, from, diags, result) < 0)
                next = NULL; /* the journal stays */
        }
        if (r < 0 && next)
            jail_remove_dir(next);
    }
    jail_load_clear(&old);
    return r;
}

static int check_clash(const struct aaj_jail_ctx *ctx, const struct jail_load *load, struct aaj_arena *arena,
                       struct aaj_diags *diags, struct aaj_jail_result *result)
{
    const struct aaj_attachment *other;
    struct aaj_attachment *list = NULL;
    size_t n = 0;
    int r = aaj_kernel_attachments(&ctx->kernel, arena, &list, &n);

    other = r == 0 ? aaj_attachment_clash(list, n, load->artefacts.jail, load->manifest->slave.text) : NULL;
    if (other)
        aaj_diag_add(diags, AAJ_WARNING, "same-attachment", (struct aaj_loc){ 0 }, AAJ_STR(""),
                     "profile %s attaches to the same program, and then this one confines nobody: 'aajail remove' that "
                     "one",
                     aaj_escape(arena, other->profile));
    result->clash = other != NULL;
    return r;
}

/* What is looked at when the jail is in force already, and so no reason to say that it is not. */
static void look_around(const struct aaj_jail_ctx *ctx, const struct jail_load *load, struct aaj_arena *arena,
                        struct aaj_diags *diags, struct aaj_jail_result *result)
{
    int r = check_clash(ctx, load, arena, diags, result);

    if (r == 0)
        r = aaj_jail_outside(ctx, load->manifest, arena, &result->task, &result->n_tasks);
    result->unseen = r < 0;
    if (r < 0)
        aaj_diag_add(diags, AAJ_WARNING, "jail-unseen", (struct aaj_loc){ 0 }, AAJ_STR(""),
                     "who is outside jail '%.*s' could not be seen: %s; 'aajail status' looks again",
                     AAJ_STR_ARG(load->artefacts.jail), strerror(-r));
}

static int up_load(const struct aaj_jail_ctx *ctx, struct jail_load *load, bool undo, struct aaj_arena *arena,
                   struct aaj_diags *diags, struct aaj_jail_result *ret_result)
{
    struct aaj_jail_result result = { .jail = load->artefacts.jail,
                                      .unfenced = load->artefacts.unfenced,
                                      .n_unfenced = load->artefacts.n_unfenced };
    int r = check_wishes(ctx, load, arena, diags);

    if (r == 0)
        r = aaj_kernel_check_change(&ctx->kernel, diags);
    if (r == 0 && !ctx->dry_run)
        r = jail_go_up(ctx, load, undo, arena, diags, &result);
    if (r == 0)
        r = jail_tell_chains(load, arena, &result.chain, &result.n_chains);
    if (r == 0)
        look_around(ctx, load, arena, diags, &result);
    *ret_result = result;
    return r;
}

int aaj_jail_up(const struct aaj_jail_ctx *ctx, const char *dir, struct aaj_arena *arena, struct aaj_diags *diags,
                struct aaj_jail_result *ret_result)
{
    struct jail_load load = { 0 };
    int r = jail_load_read(dir, JAIL_LOOK_UP, arena, diags, &load);

    *ret_result = (struct aaj_jail_result){ 0 };
    if (r == 0 && !ctx->dry_run)
        r = jail_recover(ctx, load.artefacts.jail, arena, diags);
    if (r >= 0)
        r = up_load(ctx, &load, false, arena, diags, ret_result);
    jail_load_clear(&load);
    return r;
}

int aaj_jail_undo(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                  struct aaj_diags *diags, struct aaj_jail_result *ret_result)
{
    const char *previous = jail_name_ok(name) ? jail_path(ctx, name, "previous", arena) : NULL;
    struct jail_load load = { 0 };
    int r = previous && !ctx->dry_run ? jail_recover(ctx, name, arena, diags) : 0;

    *ret_result = (struct aaj_jail_result){ .jail = name, .changed = r > 0 };
    if (r != 0)
        return r < 0 ? r : 0; /* it was this undo that was interrupted */
    /* Nothing before the first up: back to nothing. */
    if (!jail_exists(previous) && aaj_jail_is_up(ctx, name))
        return jail_go_down(ctx, name, true, arena, diags, ret_result);
    if (!jail_exists(previous)) {
        aaj_error(diags, (struct aaj_loc){ 0 }, "nothing is known of jail '%.*s' to go back to", AAJ_STR_ARG(name));
        return -ENOENT;
    }
    r = jail_load_read(previous, JAIL_SAVED, arena, diags, &load);
    if (r == 0)
        r = up_load(ctx, &load, true, arena, diags, ret_result);
    jail_load_clear(&load);
    return r;
}
