/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>

#include "api/api.h"
#include "base/escape.h"

const char *aajail_version(void)
{
    return AAJAIL_VERSION;
}

int aajail_new(const char *datadir, aajail **ret_ctx)
{
    aajail *ctx = calloc(1, sizeof(*ctx));

    if (!ctx)
        return -ENOMEM;
    ctx->datadir = strdup(datadir ? datadir : AAJAIL_DATADIR);
    if (!ctx->datadir) {
        free(ctx);
        return -ENOMEM;
    }
    *ret_ctx = ctx;
    return 0;
}

aajail *aajail_free(aajail *ctx)
{
    if (!ctx)
        return NULL;
    aaj_target_free(ctx->target);
    aaj_fsview_free(ctx->files);
    aaj_diags_clear(&ctx->diags);
    aaj_arena_clear(&ctx->texts);
    free(ctx->datadir);
    free(ctx);
    return NULL;
}

int aajail_set_target(aajail *ctx, const char *name)
{
    struct aaj_target *target;
    int r = aaj_target_open(name, ctx->datadir, &ctx->diags, &target);

    if (r < 0)
        return r;
    aaj_target_free(ctx->target);
    ctx->target = target;
    return 0;
}

int aaj_api_target(aajail *ctx, const struct aaj_target **ret_target)
{
    int r = ctx->target ? 0 : aajail_set_target(ctx, NULL);

    if (r == 0)
        *ret_target = ctx->target;
    return r;
}

static int need_files(aajail *ctx)
{
    return ctx->files ? 0 : aaj_fsview_new(&ctx->files);
}

int aajail_add_files(aajail *ctx, const void *list, size_t n, const char *name)
{
    int r = need_files(ctx);

    return r < 0 ? r : aaj_fsview_add_list(ctx->files, aaj_api_bytes(list, n), aaj_str_c(name), &ctx->diags);
}

int aajail_set_root(aajail *ctx, const char *root)
{
    int r = need_files(ctx);

    return r < 0 ? r : aaj_fsview_set_root(ctx->files, root);
}

/* Findings hold bytes from outside; what is handed out holds none that harm. */
static const char *harmless(struct aaj_arena *arena, struct aaj_str s)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    struct aaj_str copy = { 0 };

    if (!out)
        return "";
    aaj_escape_terminal(out, s);
    if (fclose(out) == 0)
        copy = aaj_arena_dup(arena, (struct aaj_str){ text, n });
    free(text);
    return copy.p ? copy.p : "";
}

int aajail_message(aajail *ctx, size_t i, struct aajail_message *ret_message)
{
    const struct aaj_diag *d;

    if (i >= ctx->diags.n)
        return -ENOENT;
    d = &ctx->diags.item[i];
    *ret_message = (struct aajail_message){
        .severity = d->severity == AAJ_ERROR     ? AAJAIL_ERROR
                    : d->severity == AAJ_WARNING ? AAJAIL_WARNING
                                                 : AAJAIL_NOTE,
        .file = harmless(&ctx->texts, d->loc.file),
        .line = d->loc.line,
        .column = d->loc.column,
        .text = harmless(&ctx->texts, d->message),
    };
    return 0;
}

void aajail_clear_messages(aajail *ctx)
{
    aaj_diags_clear(&ctx->diags);
    aaj_arena_clear(&ctx->texts);
}
