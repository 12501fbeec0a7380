/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of files from anywhere: read, walked, resolved, and asked about what it names. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "fsview/fsview.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct asked {
    struct aaj_fsview *view;
    struct aaj_arena arena;
    size_t n;
};

static int ask(void *ctx, const struct aaj_fact *fact)
{
    struct asked *a = ctx;
    struct aaj_str path;
    struct aaj_fact got;

    if (aaj_fsview_get(a->view, fact->path, &got) == 1 && got.type != 'd' && got.type != 'l' &&
        aaj_fsview_resolve(a->view, fact->path, &a->arena, &path) == 0 && path.p[0] != '/')
        abort();
    aaj_fsview_canonical(a->view, fact->target.n ? fact->target : fact->path, &a->arena, &path);
    return ++a->n > 1000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct asked a = { 0 };

    if (aaj_fsview_new(&a.view) < 0)
        return 0;
    aaj_fsview_add_list(a.view, (struct aaj_str){ (const char *)data, size }, AAJ_STR("list"), &diags);
    aaj_fsview_walk(a.view, ask, &a);
    aaj_diags_clear(&diags);
    aaj_arena_clear(&a.arena);
    aaj_fsview_free(a.view);
    return 0;
}
