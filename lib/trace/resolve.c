/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names as programs wrote them into those that AppArmor sees: /lib/x is /usr/lib/x where /lib is a link. */
#include <errno.h>

#include "base/grow.h"
#include "trace/impl.h"

/* The best name there is. A final slash says that it is a folder, and stays. */
static int resolve(struct aaj_fsview *files, struct aaj_str name, struct aaj_arena *arena, struct aaj_str *ret)
{
    bool folder = name.n > 1 && name.p[name.n - 1] == '/';
    struct aaj_str real;
    int r;

    *ret = name;
    if (name.p[0] != '/' || aaj_str_starts(name, AAJ_STR("/proc/")))
        return 0; /* /proc is another one now */
    r = aaj_fsview_canonical(files, name, arena, &real);
    if (r < 0)
        return r == -ENOMEM ? r : 0;
    *ret = folder && real.n && real.p[real.n - 1] != '/' ? aaj_arena_printf(arena, "%.*s/", AAJ_STR_ARG(real)) : real;
    return ret->p ? 0 : -ENOMEM;
}

/* The programs of a chain "P//null-/bin/a//null-/bin/b". */
static int resolve_label(struct aaj_fsview *files, struct aaj_str label, struct aaj_arena *arena, struct aaj_str *ret)
{
    static const struct aaj_str mark = AAJ_STR_INIT("//null-");
    size_t at = aaj_str_search(label, mark);
    struct aaj_str done = aaj_str_head(label, at);
    int r = 0;

    while (r == 0 && at < label.n) {
        struct aaj_str rest = aaj_str_skip(label, at + mark.n), name = aaj_str_head(rest, aaj_str_search(rest, mark));

        at += mark.n + name.n;
        if (name.n)
            r = resolve(files, name, arena, &name);
        done = aaj_arena_printf(arena, "%.*s%s%.*s", AAJ_STR_ARG(done), mark.p, AAJ_STR_ARG(name));
        if (!done.p)
            r = -ENOMEM;
    }
    *ret = done;
    return r;
}

/* A name that is made or taken away is itself; of any other access it is what a link of that name leads to. */
static bool follows(struct aaj_str op)
{
    static const struct aaj_str itself[] = { AAJ_STR_INIT("unlink"),     AAJ_STR_INIT("rmdir"),
                                             AAJ_STR_INIT("mknod"),      AAJ_STR_INIT("mkdir"),
                                             AAJ_STR_INIT("symlink"),    AAJ_STR_INIT("link"),
                                             AAJ_STR_INIT("rename_src"), AAJ_STR_INIT("rename_dest") };

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(itself); i++)
        if (aaj_str_eq(op, itself[i]))
            return false;
    return true;
}

/* The folder resolved, the last part as it is. */
static int resolve_folder(struct aaj_fsview *files, struct aaj_str name, struct aaj_arena *arena, struct aaj_str *ret)
{
    size_t end = name.n;
    struct aaj_str folder;
    int r;

    while (end > 1 && name.p[end - 1] == '/')
        end--;
    while (end && name.p[end - 1] != '/')
        end--;
    folder = aaj_str_head(name, end);
    *ret = name;
    if (end <= 1)
        return 0;
    r = resolve(files, folder, arena, &folder);
    if (r == 0)
        *ret = aaj_arena_printf(arena, "%.*s%.*s", AAJ_STR_ARG(folder), AAJ_STR_ARG(aaj_str_skip(name, end)));
    return r == 0 && !ret->p ? -ENOMEM : r;
}

static int rename_one(void *files, struct aaj_str op, struct aaj_str name, struct aaj_arena *arena, struct aaj_str *ret)
{
    if (!op.n)
        return resolve_label(files, name, arena, ret);
    return follows(op) ? resolve(files, name, arena, ret) : resolve_folder(files, name, arena, ret);
}

int aaj_trace_resolve(const struct aaj_recording *rec, struct aaj_fsview *files, struct aaj_recording **ret)
{
    return aaj_recording_rename(rec, rename_one, files, ret);
}
