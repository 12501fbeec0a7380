/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The folders of a jail's state are its journal; each step is one rename.
 *
 *     up, undo    next ──(kernel and firewall change)──► arrived ──► current; the old current ──► previous
 *     down        current ──► leaving ──(kernel and firewall change)──► previous
 *
 * What was previous is older meanwhile, and goes at the end.
 * So while there is a next, current is what was in force before, whole; once there is an arrived, everything
 * is in force and only names are left to be changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "jail/internal.h"

/* Lies in next or leaving when it was 'undo' that began. */
#define MARK "undo"

struct places {
    const char *next, *arrived, *current, *previous, *leaving, *older;
};

static int find_places(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                       struct places *ret)
{
    *ret = (struct places){ jail_path(ctx, name, "next", arena), jail_path(ctx, name, "arrived", arena),
                            jail_path(ctx, name, "current", arena), jail_path(ctx, name, "previous", arena),
                            jail_path(ctx, name, "leaving", arena), jail_path(ctx, name, "older", arena) };
    return ret->next && ret->arrived && ret->current && ret->previous && ret->leaving && ret->older ? 0 : -ENOMEM;
}

static int move(const char *from, const char *to)
{
    return rename(from, to) < 0 ? -errno : 0;
}

int jail_mark(const char *dir, bool undo)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    const char *path = aaj_arena_printf(&arena, "%s/" MARK, dir).p;
    int r = path ? 0 : -ENOMEM, fd;

    if (r == 0 && undo) {
        fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
        r = fd < 0 ? -errno : 0;
        if (fd >= 0)
            close(fd);
    } else if (r == 0 && unlink(path) < 0 && errno != ENOENT) {
        r = -errno;
    }
    aaj_arena_clear(&arena);
    return r;
}

static bool is_marked(const char *dir, struct aaj_arena *arena)
{
    return jail_exists(aaj_arena_printf(arena, "%s/" MARK, dir).p);
}

static int failed(struct aaj_diags *diags, struct aaj_str name, int r)
{
    if (r < 0)
        aaj_error(diags, (struct aaj_loc){ 0 }, "cannot write the state of jail '%.*s': %s", AAJ_STR_ARG(name),
                  strerror(-r));
    return r;
}

/* What was previous steps aside for @dir, and goes when that is there. */
static int make_previous(const struct places *p, const char *dir)
{
    int r = jail_exists(p->previous) ? jail_remove_dir(p->older) : 0;

    if (r == 0 && jail_exists(p->previous))
        r = move(p->previous, p->older);
    if (r == 0)
        r = move(dir, p->previous);
    if (r < 0 && !jail_exists(p->previous) && jail_exists(p->older))
        move(p->older, p->previous);
    return r;
}

/* The renames that are left; done again they do no harm. */
static int take_in(const struct places *p)
{
    int r = jail_exists(p->current) ? make_previous(p, p->current) : 0;

    if (r == 0)
        r = move(p->arrived, p->current);
    if (r == 0)
        jail_remove_dir(p->older); /* or the next time */
    return r;
}

int jail_swap_in(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena, struct aaj_diags *diags)
{
    struct places p;
    int r = find_places(ctx, name, arena, &p);

    if (r < 0)
        return r;
    r = move(p.next, p.arrived);
    if (r < 0)
        return failed(diags, name, r);
    r = take_in(&p);
    if (r < 0) {
        /* Back, so that whoever asked can go back as a whole. */
        if (!jail_exists(p.current) && jail_exists(p.previous) && move(p.previous, p.current) == 0 &&
            jail_exists(p.older))
            move(p.older, p.previous);
        move(p.arrived, p.next);
    }
    return failed(diags, name, r);
}

int jail_swap_out(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena, struct aaj_diags *diags)
{
    struct places p;
    int r = find_places(ctx, name, arena, &p);

    if (r == 0)
        r = make_previous(&p, p.leaving);
    if (r == 0)
        jail_remove_dir(p.older);
    return failed(diags, name, r);
}

static void tell(struct aaj_diags *diags, const char *what, struct aaj_str name)
{
    aaj_diag_add(diags, AAJ_NOTE, NULL, (struct aaj_loc){ 0 }, (struct aaj_str){ 0 }, "%s of jail '%.*s'", what,
                 AAJ_STR_ARG(name));
}

/* Forward; where that cannot be (the kernel refuses what was begun) back to current. */
static int recover_up(const struct aaj_jail_ctx *ctx, struct aaj_str name, const struct places *p,
                      struct aaj_arena *arena, struct aaj_diags *diags)
{
    struct aaj_jail_result result = { 0 };
    struct jail_load load = { 0 }, old = { 0 };
    bool was_up = jail_exists(p->current), undo = is_marked(p->next, arena);
    int r = was_up ? jail_load_read(p->current, JAIL_SAVED, arena, diags, &old) : 0, begun = 0;

    if (r < 0)
        return r;
    tell(diags, undo ? "finishing the interrupted 'undo'" : "finishing the interrupted 'up'", name);
    r = begun = jail_load_read(p->next, JAIL_SAVED, arena, diags, &load);
    if (r == 0)
        r = jail_switch(ctx, was_up ? &old : NULL, &load, diags, &result);
    if (r == 0)
        r = jail_swap_in(ctx, name, arena, diags);
    if (begun < 0 && !was_up) {
        aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(p->next) },
                  "what was begun cannot be read, and nothing was in force before: remove this folder and take the "
                  "jail up from its build");
    } else if (r < 0) {
        tell(diags, "it cannot be finished, so back to what was in force before", name);
        r = jail_go_back(ctx, begun < 0 ? NULL : &load, was_up ? &old : NULL, diags, &result);
        if (r == 0)
            r = jail_remove_dir(p->next);
        undo = false;
    }
    jail_load_clear(&old);
    jail_load_clear(&load);
    return r < 0 ? r : undo;
}

static int recover_down(const struct aaj_jail_ctx *ctx, struct aaj_str name, const struct places *p,
                        struct aaj_arena *arena, struct aaj_diags *diags)
{
    struct aaj_jail_result result = { 0 };
    struct jail_load load = { 0 };
    bool undo = is_marked(p->leaving, arena);
    int r = jail_load_read(p->leaving, JAIL_SAVED, arena, diags, &load);

    tell(diags, undo ? "finishing the interrupted 'undo'" : "finishing the interrupted 'down'", name);
    if (r == 0)
        r = jail_switch(ctx, &load, NULL, diags, &result);
    if (r == 0)
        r = jail_swap_out(ctx, name, arena, diags);
    jail_load_clear(&load);
    return r < 0 ? r : undo;
}

int jail_recover(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                 struct aaj_diags *diags)
{
    struct places p;
    int r = find_places(ctx, name, arena, &p);

    if (r < 0)
        return r;
    if (jail_exists(p.arrived)) {
        bool undo = is_marked(p.arrived, arena);

        r = failed(diags, name, take_in(&p));
        return r < 0 ? r : undo;
    }
    if (jail_exists(p.next)) {
        /* Without its list it was killed before anything was changed. */
        if (!jail_exists(aaj_arena_printf(arena, "%s/" AAJ_ARTEFACTS, p.next).p))
            return failed(diags, name, jail_remove_dir(p.next));
        return recover_up(ctx, name, &p, arena, diags);
    }
    return jail_exists(p.leaving) ? recover_down(ctx, name, &p, arena, diags) : 0;
}

bool aaj_jail_is_unfinished(const struct aaj_jail_ctx *ctx, struct aaj_str name)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct places p;
    bool found = jail_name_ok(name) && find_places(ctx, name, &arena, &p) == 0 &&
                 (jail_exists(p.next) || jail_exists(p.arrived) || jail_exists(p.leaving));

    aaj_arena_clear(&arena);
    return found;
}
