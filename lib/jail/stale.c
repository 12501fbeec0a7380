/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is no longer as it was when the jail was proved and taken up. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/file.h"
#include "jail/internal.h"

struct lines {
    struct aaj_arena *arena;
    struct aaj_str *line;
    size_t n, cap;
};

static int add(struct lines *l, struct aaj_str text)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 8;
        struct aaj_str *line = aaj_arena_new_array(l->arena, cap, struct aaj_str);

        if (!line)
            return -ENOMEM;
        if (l->n)
            memcpy(line, l->line, l->n * sizeof(*line));
        l->line = line;
        l->cap = cap;
    }
    if (!text.p)
        return -ENOMEM;
    l->line[l->n++] = text;
    return 0;
}

static int check_profile(const struct aaj_jail_ctx *ctx, const struct jail_load *load, struct lines *l,
                         struct aaj_diags *diags)
{
    const struct aaj_loaded *p;
    struct aaj_loaded *loaded = NULL;
    struct aaj_str blob = { 0 };
    size_t n = 0;
    int r = aaj_kernel_list(&ctx->kernel, l->arena, diags, &loaded, &n);

    if (r < 0)
        return r;
    p = aaj_loaded_find(loaded, n, load->artefacts.jail);
    if (!p)
        return add(l, AAJ_STR("the profile is not loaded"));
    if (!aaj_str_eq(p->mode, AAJ_STR("enforce")))
        r = add(l, aaj_arena_printf(l->arena, "the profile is in mode %s, not enforced", aaj_escape(l->arena, p->mode)));
    if (r == 0 && aaj_kernel_fetch(&ctx->kernel, load->artefacts.jail, l->arena, NULL, &blob) == 0 &&
        !aaj_str_eq(blob, load->policy))
        r = add(l, AAJ_STR("the kernel holds another policy than the proved one"));
    return r;
}

static int check_text(const struct aaj_jail_ctx *ctx, const struct jail_load *load, struct lines *l)
{
    struct aaj_str path = aaj_arena_printf(l->arena, "%s/aajail.%.*s", ctx->apparmor_d,
                                           AAJ_STR_ARG(load->artefacts.jail)), text;
    int r = path.p ? aaj_file_read(path.p, AAJ_FILE_MAX, l->arena, &text) : -ENOMEM;

    if (r == -ENOMEM)
        return r;
    if (r < 0)
        return add(l, aaj_arena_printf(l->arena, "%s cannot be read: %s", path.p, strerror(-r)));
    return aaj_str_eq(text, load->text)
               ? 0
               : add(l, aaj_arena_printf(l->arena, "%s was changed since it was proved; a boot loads that one", path.p));
}

static int check_attachment(const struct jail_load *load, struct lines *l)
{
    struct aaj_str slave = aaj_arena_dup(l->arena, load->manifest->slave.text);
    char path[PATH_MAX];

    if (load->manifest->attach != AAJ_ATTACH_PATH || !slave.n)
        return 0;
    if (!slave.p)
        return -ENOMEM;
    if (!realpath(slave.p, path))
        return add(l, aaj_arena_printf(l->arena, "the attachment matches nothing: %s: %s",
                                       aaj_escape(l->arena, slave), strerror(errno)));
    if (strcmp(path, slave.p) != 0)
        return add(l, aaj_arena_printf(l->arena, "the attachment matches nothing: %s is %s now",
                                       aaj_escape(l->arena, slave), aaj_escape(l->arena, aaj_str_c(path))));
    return 0;
}

static int check_chain(const struct aaj_jail_ctx *ctx, const struct jail_load *load, struct lines *l,
                       struct aaj_diags *diags)
{
    struct aaj_firewall *fw = NULL;
    struct aaj_str *line = NULL;
    size_t n = 0;
    int r = load->plan ? aaj_firewall_open(&ctx->firewall, diags, &fw) : 0;

    if (r == 0 && fw)
        r = aaj_firewall_verify(fw, load->plan, l->arena, diags, &line, &n);
    for (size_t i = 0; i < n && r == 0; i++)
        r = add(l, line[i]);
    aaj_firewall_close(fw);
    return r;
}

/* Who is outside a profile that attaches by path the profile itself tells; by unit, only the manifest. */
static int check_tasks(const struct aaj_jail_ctx *ctx, const struct jail_load *load, struct lines *l)
{
    struct aaj_jail_task *task = NULL;
    size_t n = 0;
    int r = load->manifest->attach != AAJ_ATTACH_UNIT ? 0 : aaj_jail_outside(ctx, load->manifest, l->arena, &task, &n);

    for (size_t i = 0; i < n && r == 0; i++)
        r = add(l, aaj_arena_printf(l->arena, "pid %d (%s) %s", (int)task[i].task.pid,
                                    aaj_escape(l->arena, task[i].task.comm), task[i].why));
    return r;
}

int aaj_jail_stale(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                   struct aaj_diags *diags, struct aaj_str **ret_line, size_t *ret_n)
{
    const char *current = jail_name_ok(name) ? jail_path(ctx, name, "current", arena) : NULL;
    struct lines l = { .arena = arena };
    struct jail_load load = { 0 };
    int r = current ? jail_load_read(current, JAIL_SAVED, arena, diags, &load) : -ENOENT;

    if (r == 0)
        r = check_profile(ctx, &load, &l, diags);
    if (r == 0)
        r = check_text(ctx, &load, &l);
    if (r == 0)
        r = check_attachment(&load, &l);
    if (r == 0)
        r = check_chain(ctx, &load, &l, diags);
    if (r == 0)
        r = check_tasks(ctx, &load, &l);
    jail_load_clear(&load);
    if (r < 0)
        return r;
    *ret_line = l.line;
    *ret_n = l.n;
    return 0;
}
