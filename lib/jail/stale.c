/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is no longer as it was when the jail was proved and taken up. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/grow.h"
#include "jail/internal.h"
#include "kernel/blob.h"

struct look {
    const struct aaj_jail_ctx *ctx;
    const struct jail_load *load;
    struct aaj_arena *arena;
    struct aaj_diags *diags;
    const char *jail; /* escaped */
    struct aaj_jail_stale *item;
    size_t n, cap;
};

static int __attribute__((format(printf, 3, 4))) add(struct look *l, const char *id, const char *fmt, ...)
{
    char *text = NULL;
    struct aaj_str copy = { 0 };
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n >= 0)
        copy = aaj_arena_dup(l->arena, (struct aaj_str){ text, (size_t)n });
    free(n >= 0 ? text : NULL);
    if (!copy.p || AAJ_GROW(l->item, l->n, l->cap) < 0)
        return -ENOMEM;
    l->item[l->n++] = (struct aaj_jail_stale){ id, copy };
    return 0;
}

static int check_profile(struct look *l)
{
    struct aaj_str name = l->load->artefacts.jail, blob = { 0 };
    struct aaj_loaded *loaded = NULL;
    const struct aaj_loaded *p;
    size_t n = 0;
    int r = aaj_kernel_list(&l->ctx->kernel, l->arena, l->diags, &loaded, &n);

    if (r < 0)
        return r;
    p = aaj_loaded_find(loaded, n, name);
    if (!p)
        return add(l, "policy-missing", "the profile is not loaded: 'aajail up %s' loads it", l->jail);
    if (!aaj_str_eq(p->mode, AAJ_STR("enforce")))
        r = add(l, "policy-mode", "the profile is in mode %s: 'aajail enforce %s' ends that",
                aaj_escape(l->arena, p->mode), l->jail);
    if (r == 0 && aaj_kernel_fetch(&l->ctx->kernel, name, l->arena, NULL, &blob) == 0 &&
        !aaj_blob_same(blob, l->load->policy, false, l->arena)) /* the mode is told apart */
        r = add(l, "policy-other", "the kernel holds another policy than the proved one: 'aajail up %s' brings that back",
                l->jail);
    return r;
}

static int check_text(struct look *l)
{
    const char *path = jail_text_path(l->ctx, l->load->artefacts.jail, l->arena);
    enum jail_wish wish = JAIL_WISH_PROVED;
    struct aaj_str text, says;
    int r = path ? jail_wish(l->ctx, l->load, l->arena, &wish, &says) : -ENOMEM;

    if (r == 0 && wish == JAIL_WISH_DISABLED)
        r = add(l, "disabled", "%s is there: a boot does not load the profile", aaj_escape(l->arena, says));
    if (r == 0 && wish == JAIL_WISH_COMPLAIN)
        r = add(l, "complain", "%s is %s: a boot loads the profile in complain mode", aaj_escape(l->arena, says),
                strcmp(says.p, path) == 0 ? "set to complain" : "there");
    if (r < 0)
        return r;
    r = aaj_file_read(path, AAJ_FILE_MAX, l->arena, &text);
    if (r == -ENOMEM)
        return r;
    if (r < 0)
        return add(l, "text-missing", "%s cannot be read: %s; 'aajail up %s' writes it again",
                   aaj_escape(l->arena, aaj_str_c(path)), strerror(-r), l->jail);
    if (aaj_str_eq(text, l->load->text) || wish == JAIL_WISH_COMPLAIN)
        return 0;
    return add(l, "text-changed", "%s was changed since it was proved: build again from what it should be, or "
               "'aajail up %s' writes the proved one", aaj_escape(l->arena, aaj_str_c(path)), l->jail);
}

static int check_attachment(struct look *l)
{
    const struct aaj_manifest *m = l->load->manifest;
    struct aaj_str slave = aaj_arena_dup(l->arena, m->slave.text);
    char path[PATH_MAX];

    if (m->attach != AAJ_ATTACH_PATH || !slave.n)
        return 0;
    if (!slave.p)
        return -ENOMEM;
    if (!realpath(slave.p, path))
        return add(l, "attachment", "the attachment matches nothing: %s: %s", aaj_escape(l->arena, slave), strerror(errno));
    if (strcmp(path, slave.p) != 0)
        return add(l, "attachment", "the attachment matches nothing: %s is %s now; correct the manifest and build again",
                   aaj_escape(l->arena, slave), aaj_escape(l->arena, aaj_str_c(path)));
    return 0;
}

static int check_clash(struct look *l)
{
    const struct aaj_attachment *other;
    struct aaj_attachment *list = NULL;
    size_t n = 0;
    int r = aaj_kernel_attachments(&l->ctx->kernel, l->arena, &list, &n);

    other = r == 0 ? aaj_attachment_clash(list, n, l->load->artefacts.jail, l->load->manifest->slave.text) : NULL;
    return other ? add(l, "same-attachment",
                       "profile %s attaches to the same program, and then this one confines nobody: 'aajail remove' that "
                       "one",
                       aaj_escape(l->arena, other->profile))
                 : r;
}

static int check_chains(struct look *l)
{
    const struct jail_chains *c = &l->load->chains;
    struct aaj_firewall *fw = NULL;
    int r = c->n ? aaj_firewall_open(&l->ctx->firewall, l->diags, &fw) : 0;

    for (size_t i = 0; i < c->n && r == 0 && fw; i++) {
        bool own = aaj_str_eq(c->plan[i]->jail, l->load->artefacts.jail);
        struct aaj_str *line = NULL;
        size_t n = 0;

        r = aaj_firewall_verify(fw, c->plan[i], l->arena, l->diags, &line, &n);
        for (size_t k = 0; k < n && r == 0; k++)
            r = add(l, "chain", "%s%s%s", own ? "" : aaj_escape(l->arena, c->plan[i]->jail), own ? "" : ": ",
                    aaj_escape(l->arena, line[k]));
    }
    aaj_firewall_close(fw);
    return r;
}

/* Who is outside a profile that attaches by path the profile itself tells; by unit, only the manifest. */
static int check_tasks(struct look *l)
{
    const struct aaj_manifest *m = l->load->manifest;
    struct aaj_jail_task *task = NULL;
    size_t n = 0;
    int r = m->attach != AAJ_ATTACH_UNIT ? 0 : aaj_jail_outside(l->ctx, m, l->arena, &task, &n);

    for (size_t i = 0; i < n && r == 0; i++) {
        bool unit = task[i].task.unit.n > 0;

        r = add(l, "outside", "pid %d (%s) %s; %s%s", (int)task[i].task.pid, aaj_escape(l->arena, task[i].task.comm),
                task[i].why, unit ? "systemctl restart " : "restart it",
                unit ? aaj_escape(l->arena, task[i].task.unit) : "");
    }
    return r;
}

/* Finds all that it can; the first failure is kept. */
static int look_at_current(struct look *l, struct aaj_jail_state *state)
{
    static int (*const checks[])(struct look *l) = { check_profile, check_text,  check_attachment,
                                                     check_clash,   check_chains, check_tasks };
    struct jail_load load = { 0 };
    int r = jail_load_current(l->ctx, state->jail, l->arena, l->diags, &load, &state->up), one;

    l->load = &load;
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && state->up && load.manifest; i++) {
        one = checks[i](l);
        r = r < 0 ? r : one;
    }
    one = jail_tell_chains(&load, l->arena, &state->chain, &state->n_chains);
    jail_load_clear(&load);
    return r < 0 ? r : one;
}

int aaj_jail_look(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                  struct aaj_diags *diags, struct aaj_jail_state *ret_state)
{
    struct look l = { .ctx = ctx, .arena = arena, .diags = diags, .jail = aaj_escape(arena, name) };
    struct aaj_jail_state state = { .jail = name };
    int r = jail_name_ok(name) ? look_at_current(&l, &state) : -ENOENT;

    if (r != -ENOMEM && aaj_jail_is_unfinished(ctx, name) &&
        add(&l, "unfinished", "an interrupted change waits: 'aajail up --boot %s' finishes it", l.jail) < 0)
        r = -ENOMEM;
    state.stale = aaj_arena_new_array(arena, l.n + 1, struct aaj_jail_stale);
    if (state.stale && l.n)
        memcpy(state.stale, l.item, l.n * sizeof(*l.item));
    state.n_stale = state.stale ? l.n : 0;
    free(l.item);
    *ret_state = state;
    return state.stale ? r : -ENOMEM;
}
