/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The names of a call. A PATH record holds a name as the program wrote it: absolute, or relative to the CWD record, or
 * to a descriptor of the call, of which the log only tells the number. Which folder that is, is known when its open was
 * seen, or when the PARENT record has device and inode of a folder whose name is known. Links are not followed
 * (resolve.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/grow.h"
#include "log/path.h"
#include "trace/impl.h"

static uint32_t find(const struct trace *t, uint64_t dev, uint64_t inode, uint32_t *ret_hash)
{
    const struct aaj_slot *slot = t->folders.slot;
    uint64_t key[2] = { dev, inode };
    uint32_t hash = (uint32_t)XXH3_64bits_withSeed(key, sizeof(key), t->strings.seed);

    *ret_hash = hash;
    for (uint32_t i = aaj_slots_first(&t->folders, hash); slot[i].row1; i = aaj_slots_next(&t->folders, i)) {
        const struct folder *f = &t->folder[slot[i].row1 - 1];

        if (slot[i].hash == hash && f->dev == dev && f->inode == inode)
            return slot[i].row1 - 1;
    }
    return NONE;
}

static int note_folder(struct trace *t, const struct aaj_call_path *path, struct aaj_str name)
{
    uint32_t hash, at = find(t, path->dev, path->inode, &hash), id;

    if (at == NONE && t->n_folders >= FOLDERS_MAX)
        return 0;
    if (aaj_intern_add(&t->strings, name, &id) < 0)
        return -ENOMEM;
    if (at == NONE) {
        if (AAJ_GROW(t->folder, t->n_folders, t->cap_folders) < 0 ||
            aaj_slots_add(&t->folders, hash, (uint32_t)t->n_folders) < 0)
            return -ENOMEM;
        at = (uint32_t)t->n_folders++;
    }
    t->folder[at] = (struct folder){ path->dev, path->inode, id };
    return 0;
}

/* Its own folder, as the names of /proc show it to others. */
static struct aaj_str own_proc(struct trace *t, struct aaj_str name)
{
    static const struct aaj_str self = AAJ_STR_INIT("/proc/self/"), thread = AAJ_STR_INIT("/proc/thread-self/");

    if (aaj_str_starts(name, self))
        return aaj_arena_printf(&t->arena, "/proc/%u/%.*s", t->call->pid, AAJ_STR_ARG(aaj_str_skip(name, self.n)));
    if (aaj_str_starts(name, thread))
        return aaj_arena_printf(&t->arena, "/proc/%u/task/%u/%.*s", t->call->pid, t->call->pid,
                                AAJ_STR_ARG(aaj_str_skip(name, thread.n)));
    return name;
}

static struct aaj_str absolute(struct trace *t, struct aaj_str from, struct aaj_str name)
{
    char *buf = aaj_arena_alloc(&t->arena, from.n + name.n + 2);

    return buf ? aaj_path_absolute(from, name, buf) : (struct aaj_str){ "", 0 };
}

static bool is_cwd(uint64_t dirfd)
{
    return (int32_t)(uint32_t)dirfd == AT_FDCWD;
}

/* The folder of a PARENT record of this call, if there is but one and its name is known. */
static struct aaj_str parent_folder(const struct trace *t)
{
    struct aaj_str none = { "", 0 };
    uint32_t found = NONE, hash;

    for (unsigned i = 0; i < t->call->n_paths; i++) {
        const struct aaj_call_path *p = &t->call->path[i];
        uint32_t at;

        if (p->kind != AAJ_PATH_PARENT || !p->name.n || !p->dev)
            continue;
        at = find(t, p->dev, p->inode, &hash);
        if (at == NONE || (found != NONE && found != at))
            return none;
        found = at;
    }
    return found == NONE ? none : aaj_intern_str(&t->strings, t->folder[found].name);
}

/* The last part of a relative name: what it is called in the folder of the PARENT record. */
static struct aaj_str last_part(struct aaj_str name)
{
    size_t end = name.n, at;

    while (end && name.p[end - 1] == '/')
        end--;
    for (at = end; at && name.p[at - 1] != '/';)
        at--;
    return aaj_str_skip(name, at);
}

struct aaj_str trace_name(struct trace *t, const struct aaj_call_path *path, uint64_t dirfd)
{
    const struct descriptor *d;
    struct aaj_str from;

    if (!path->name.n)
        return (struct aaj_str){ "", 0 };
    if (path->name.p[0] == '/' || is_cwd(dirfd))
        return own_proc(t, absolute(t, t->call->cwd, path->name));
    d = trace_descriptor(t, t->who, dirfd);
    if (d)
        return own_proc(t, absolute(t, aaj_intern_str(&t->strings, d->name), path->name));
    from = path->kind == AAJ_PATH_NORMAL ? (struct aaj_str){ "", 0 } : parent_folder(t);
    return absolute(t, from, last_part(path->name));
}

int trace_note_folders(struct trace *t)
{
    const struct aaj_call *c = t->call;
    bool relative_to_fd = aaj_str_ends(c->name, AAJ_STR("at")) || aaj_str_ends(c->name, AAJ_STR("at2"));
    bool two = aaj_str_starts(c->name, AAJ_STR("rename")) || aaj_str_starts(c->name, AAJ_STR("link"));
    uint64_t other = two ? c->arg[2] : c->arg[0];
    int r = 0;

    for (unsigned i = 0; r == 0 && i < c->n_paths; i++) {
        const struct aaj_call_path *p = &c->path[i];
        struct aaj_str name;

        if (!S_ISDIR(p->mode) || !p->dev || !p->name.n || p->kind == AAJ_PATH_DELETE)
            continue;
        /* A PARENT's name says the working folder also where the call began elsewhere. */
        if (relative_to_fd && (p->name.p[0] != '/' || p->kind == AAJ_PATH_PARENT) &&
            (!is_cwd(c->arg[0]) || !is_cwd(other)))
            continue;
        name = absolute(t, c->cwd, p->name);
        if (name.n)
            r = note_folder(t, p, name);
    }
    return r;
}
