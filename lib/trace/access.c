/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a call asks AppArmor for. Each is what security/apparmor/lsm.c does in the hook that the call passes, in the
 * order and with the masks that its records have; tests/cli/syscalls.sh compares both for the same calls of a real
 * kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/grow.h"
#include "trace/impl.h"

int trace_add(struct trace *t, struct aaj_event *e)
{
    const struct aaj_call *c = t->call;

    if (t->options->since_ms && c->head.time_ms && c->head.time_ms < t->options->since_ms)
        return 0; /* it only told who is who */
    e->mode = AAJ_MODE_ALLOWED;
    e->label = aaj_intern_str(&t->strings, t->process[t->who].label);
    e->time_ms = c->head.time_ms;
    e->serial = c->head.serial;
    e->host = c->head.host.n ? c->head.host : t->options->host;
    e->boot = c->head.boot;
    e->channel = AAJ_CHANNEL_SYSCALLS;
    e->denied = e->requested;
    return aaj_recording_add(t->rec, e, c->head.line);
}

int trace_ask(struct trace *t, const struct asked *a)
{
    struct aaj_event e = {
        .class = AAJ_CLASS_FILE, .op = aaj_str_c(a->op), .requested = a->mask, .fsuid = t->call->fsuid, .ouid = a->ouid
    };

    if (!a->name.n) {
        t->stats->unnamed++;
        return 0;
    }
    e.arg[AAJ_FILE_NAME] = a->name;
    e.arg[AAJ_FILE_TARGET] = a->target;
    return trace_add(t, &e);
}

/* The first path of a kind; NULL: there is none. Names that are null are of other layers of an overlay. */
static const struct aaj_call_path *path_of(const struct aaj_call *c, enum aaj_path_kind kind)
{
    for (unsigned i = 0; i < c->n_paths; i++)
        if (c->path[i].kind == kind && c->path[i].name.n)
            return &c->path[i];
    return NULL;
}

/* As AppArmor writes it: a folder ends in a slash. */
static struct aaj_str name_of(struct trace *t, const struct aaj_call_path *p, uint64_t dirfd)
{
    struct aaj_str name = p ? trace_name(t, p, dirfd) : (struct aaj_str){ "", 0 };
    bool folder = p && S_ISDIR(p->mode);

    while (name.n > 1 && name.p[name.n - 1] == '/')
        name.n--;
    return name.n > 1 && folder ? aaj_arena_printf(&t->arena, "%.*s/", AAJ_STR_ARG(name)) : name;
}

static int ask_path(struct trace *t, const char *op, uint32_t mask, const struct aaj_call_path *p, uint64_t dirfd)
{
    struct asked a = { .op = op, .name = name_of(t, p, dirfd), .mask = mask, .ouid = p ? p->ouid : AAJ_UID_NONE };

    return trace_ask(t, &a);
}

static int ask_descriptor(struct trace *t, const char *op, uint32_t mask, uint64_t fd)
{
    const struct descriptor *d = trace_descriptor(t, t->who, fd);
    struct asked a = { .op = op, .mask = mask };

    if (!d) {
        t->stats->unknown_fd++;
        return 0;
    }
    a.name = aaj_intern_str(&t->strings, d->name);
    a.ouid = d->ouid;
    return a.name.p[0] == '/' ? trace_ask(t, &a) : 0;
}

/* ---- open ---- */

static uint64_t open_flags(const struct aaj_call *c)
{
    if (aaj_str_eq(c->name, AAJ_STR("creat")))
        return O_WRONLY | O_CREAT | O_TRUNC;
    if (aaj_str_eq(c->name, AAJ_STR("openat2")))
        return c->has_open_flags ? c->open_flags : O_RDONLY; /* the flags are in memory: what is certain */
    return aaj_str_eq(c->name, AAJ_STR("open")) ? c->arg[1] : c->arg[2];
}

/* aa_map_file_to_perms() */
static uint32_t open_mask(uint64_t flags)
{
    uint64_t how = flags & O_ACCMODE;
    uint32_t mask = (how != O_WRONLY ? AAJ_MAY_READ : 0u) | (how != O_RDONLY ? AAJ_MAY_WRITE : 0u);

    if (flags & O_APPEND && mask & AAJ_MAY_WRITE)
        mask = (mask & ~(uint32_t)AAJ_MAY_WRITE) | AAJ_MAY_APPEND;
    return mask | (flags & O_TRUNC ? AAJ_MAY_WRITE : 0u) | (flags & O_CREAT ? AAJ_MAY_CREATE : 0u);
}

static int call_open(struct trace *t)
{
    const struct aaj_call *c = t->call;
    uint64_t flags = open_flags(c),
             dirfd = trace_is(t, "open") || trace_is(t, "creat") ? (uint64_t)AT_FDCWD : c->arg[0];
    const struct aaj_call_path *made = path_of(c, AAJ_PATH_CREATE), *p = made ? made : path_of(c, AAJ_PATH_NORMAL);
    struct aaj_str name = name_of(t, p, dirfd);
    uint32_t ouid = p ? p->ouid : AAJ_UID_NONE;
    int r = trace_opened(t, t->who, c->exit, name, ouid, open_mask(flags & ~(uint64_t)(O_CREAT | O_TRUNC)));

    if (r < 0 || flags & O_PATH)
        return r;
    if ((flags & O_TMPFILE) == O_TMPFILE) {
        t->stats->unnamed++; /* DIR/#INODE, of which the log has only DIR */
        return 0;
    }
    if (made)
        r = ask_path(t, "mknod", AAJ_MAY_CREATE, p, dirfd);
    return r < 0 ? r
                 : trace_ask(t, &(struct asked){ .op = "open", .name = name, .mask = open_mask(flags), .ouid = ouid });
}

/* ---- names made, taken away and changed ---- */

static int call_rename(struct trace *t)
{
    const struct aaj_call *c = t->call;
    bool at = !trace_is(t, "rename");
    const struct aaj_call_path *from = path_of(c, AAJ_PATH_DELETE), *to = path_of(c, AAJ_PATH_CREATE);
    int r = ask_path(t, "rename_src", AAJ_MAY_READ | AAJ_MAY_WRITE | AAJ_MAY_DELETE, from,
                     at ? c->arg[0] : (uint64_t)AT_FDCWD);

    return r < 0 ? r
                 : ask_path(t, "rename_dest", AAJ_MAY_WRITE | AAJ_MAY_CREATE, to, at ? c->arg[2] : (uint64_t)AT_FDCWD);
}

static int call_link(struct trace *t)
{
    const struct aaj_call *c = t->call;
    bool at = !trace_is(t, "link");
    const struct aaj_call_path *old = path_of(c, AAJ_PATH_NORMAL), *new = path_of(c, AAJ_PATH_CREATE);
    struct asked a = { .op = "link", .mask = AAJ_MAY_LINK, .ouid = old ? old->ouid : AAJ_UID_NONE };

    a.name = name_of(t, new, at ? c->arg[2] : (uint64_t)AT_FDCWD);
    a.target = name_of(t, old, at ? c->arg[0] : (uint64_t)AT_FDCWD);
    return trace_ask(t, &a);
}

/* Calls about one name. */
static const struct one_name {
    const char *call, *op;
    uint32_t mask;
    enum aaj_path_kind kind;
    int dirfd; /* the argument; -1: none */
} one_names[] = {
    { "mkdir", "mkdir", AAJ_MAY_CREATE, AAJ_PATH_CREATE, -1 },
    { "mkdirat", "mkdir", AAJ_MAY_CREATE, AAJ_PATH_CREATE, 0 },
    { "mknod", "mknod", AAJ_MAY_CREATE, AAJ_PATH_CREATE, -1 },
    { "mknodat", "mknod", AAJ_MAY_CREATE, AAJ_PATH_CREATE, 0 },
    { "symlink", "symlink", AAJ_MAY_CREATE, AAJ_PATH_CREATE, -1 },
    { "symlinkat", "symlink", AAJ_MAY_CREATE, AAJ_PATH_CREATE, 1 },
    { "unlink", "unlink", AAJ_MAY_DELETE, AAJ_PATH_DELETE, -1 },
    { "unlinkat", "unlink", AAJ_MAY_DELETE, AAJ_PATH_DELETE, 0 },
    { "rmdir", "rmdir", AAJ_MAY_DELETE, AAJ_PATH_DELETE, -1 },
    { "truncate", "truncate", AAJ_MAY_WRITE, AAJ_PATH_NORMAL, -1 },
    { "chmod", "chmod", AAJ_MAY_WRITE, AAJ_PATH_NORMAL, -1 },
    { "fchmodat", "chmod", AAJ_MAY_WRITE, AAJ_PATH_NORMAL, 0 },
    { "fchmodat2", "chmod", AAJ_MAY_WRITE, AAJ_PATH_NORMAL, 0 },
    { "chown", "chown", AAJ_MAY_WRITE, AAJ_PATH_NORMAL, -1 },
    { "lchown", "chown", AAJ_MAY_WRITE, AAJ_PATH_NORMAL, -1 },
    { "fchownat", "chown", AAJ_MAY_WRITE, AAJ_PATH_NORMAL, 0 },
};

static int call_one_name(struct trace *t, const struct one_name *n)
{
    const struct aaj_call *c = t->call;
    const char *op = trace_is(t, "unlinkat") && c->arg[2] & AT_REMOVEDIR ? "rmdir" : n->op;

    return ask_path(t, op, n->mask, path_of(c, n->kind), n->dirfd < 0 ? (uint64_t)AT_FDCWD : c->arg[n->dirfd]);
}

/* ---- exec ---- */

static bool is_loader(struct aaj_str name)
{
    size_t at = name.n;

    while (at && name.p[at - 1] != '/')
        at--;
    name = aaj_str_skip(name, at);
    return aaj_str_starts(name, AAJ_STR("ld-")) || aaj_str_starts(name, AAJ_STR("ld.so")) ||
           aaj_str_starts(name, AAJ_STR("ld64.so"));
}

/* What a program finds open when it starts is asked for anew, in its own profile. Which descriptors it inherits a log
 * does not tell, but for the standard streams, which are never closed by an exec. */
static int inherit(struct trace *t)
{
    int r = 0;

    for (uint64_t fd = 0; r == 0 && fd <= 2; fd++) {
        const struct descriptor *d = trace_descriptor(t, t->who, fd);
        struct aaj_str name = d ? aaj_intern_str(&t->strings, d->name) : (struct aaj_str){ "", 0 };

        if (name.n && name.p[0] == '/' && d->mask)
            r = trace_ask(t, &(struct asked){ .op = "file_inherit", .name = name, .mask = d->mask, .ouid = d->ouid });
    }
    return r;
}

/* Of a program that changes its user or has capabilities; what says nothing special is no proof of the contrary. */
static int note_privileged(struct trace *t, const struct aaj_call_path *file, struct aaj_str name)
{
    struct aaj_fact fact = {
        .path = name, .type = 'f', .mode = (uint16_t)(file->mode & 07777), .uid = file->ouid, .gid = file->ogid
    };

    if (!S_ISREG(file->mode) || !(file->mode & 06000 || file->caps) || name.p[0] != '/' || file->ouid == AAJ_UID_NONE ||
        file->ogid == AAJ_UID_NONE)
        return 0;
    fact.bits = aaj_fact_mode_bits(fact.mode, 'f') | (file->caps ? AAJ_FACT_CAPS | AAJ_FACT_CAPS_KNOWN : 0u);
    return aaj_fsview_add(aaj_recording_files(t->rec), &fact);
}

/* The paths of an exec are the file that was named, [the interpreter of a script], [the loader]. */
static const struct aaj_call_path *loader_of(const struct aaj_call *c, const struct aaj_call_path *file,
                                             bool *ret_script)
{
    const struct aaj_call_path *loader = NULL;

    *ret_script = false;
    for (unsigned i = 0; i < c->n_paths; i++) {
        if (c->path[i].kind != AAJ_PATH_NORMAL || &c->path[i] == file || !c->path[i].name.n)
            continue;
        if (is_loader(c->path[i].name))
            loader = &c->path[i];
        else
            *ret_script = true;
    }
    return loader;
}

/* The exec itself: who was in @from asked for it, and is in @to now. */
static int tell_exec(struct trace *t, struct aaj_str name, const struct aaj_call_path *file, uint32_t from, uint32_t to)
{
    struct aaj_event e = { .class = AAJ_CLASS_EXEC,
                           .op = AAJ_STR("exec"),
                           .requested = AAJ_MAY_EXEC,
                           .fsuid = t->call->fsuid,
                           .ouid = file ? file->ouid : AAJ_UID_NONE };
    int r;

    if (!name.n)
        return 0;
    e.arg[AAJ_FILE_NAME] = name;
    e.arg[AAJ_FILE_TARGET] = aaj_intern_str(&t->strings, to);
    t->process[t->who].label = from;
    r = trace_add(t, &e);
    t->process[t->who].label = to;
    if (r == 0 && file)
        r = note_privileged(t, file, name);
    return r < 0 || !t->call->argv.n ? r : aaj_recording_add_command(t->rec, &e, t->call->argv);
}

/* exe= is what runs now, resolved: the binary, or of a script the interpreter. */
static int call_exec(struct trace *t)
{
    const struct aaj_call *c = t->call;
    const struct aaj_call_path *file = path_of(c, AAJ_PATH_NORMAL), *loader;
    uint32_t from = t->process[t->who].label, to, ouid = file ? file->ouid : AAJ_UID_NONE;
    struct aaj_str name;
    bool script;
    int r;

    loader = loader_of(c, file, &script);
    name = file && script ? name_of(t, file, trace_is(t, "execveat") ? c->arg[0] : (uint64_t)AT_FDCWD) : c->exe;
    if (!name.n)
        name = c->exe; /* a script whose name cannot be told */
    r = trace_exec(t, t->who, name, c->exe);
    to = t->process[t->who].label;
    if (r < 0 || !from)
        return r; /* what somebody unconfined opened is not asked for */
    r = tell_exec(t, name, file, from, to);
    if (r == 0 && to != from)
        r = inherit(t);
    if (r == 0 && c->exe.n)
        r = trace_ask(t, &(struct asked){ .op = "file_mmap", .name = c->exe, .mask = AAJ_MAY_READ, .ouid = ouid });
    return r < 0 || !loader ? r : ask_path(t, "file_mmap", AAJ_MAY_READ, loader, (uint64_t)AT_FDCWD);
}

/* ---- through a descriptor ---- */

static int call_mmap(struct trace *t)
{
    const struct aaj_call *c = t->call;
    uint32_t mask = AAJ_MAY_MMAP | (c->arg[2] & PROT_READ ? AAJ_MAY_READ : 0u);

    if (c->mmap_fd < 0 || c->arg[3] & MAP_ANONYMOUS || !(c->arg[2] & PROT_EXEC))
        return 0; /* of no file, or for what its open asked for already */
    return ask_descriptor(t, "file_mmap", mask, (uint64_t)c->mmap_fd);
}

static int call_dup(struct trace *t)
{
    const struct descriptor *d = trace_descriptor(t, t->who, t->call->arg[0]);
    struct aaj_str name = d ? aaj_intern_str(&t->strings, d->name) : (struct aaj_str){ "", 0 };

    return trace_opened(t, t->who, t->call->exit, name, d ? d->ouid : AAJ_UID_NONE, d ? d->mask : 0);
}

static int call_lock(struct trace *t)
{
    const struct aaj_call *c = t->call;
    bool flock_call = trace_is(t, "flock");
    uint64_t what = c->arg[1] & ~(uint64_t)LOCK_NB;

    if (!flock_call && (c->arg[1] == F_DUPFD || c->arg[1] == F_DUPFD_CLOEXEC))
        return call_dup(t);
    if (flock_call)
        return what == LOCK_UN
                   ? 0
                   : ask_descriptor(t, "file_lock", AAJ_MAY_LOCK | (what == LOCK_EX ? AAJ_MAY_WRITE : 0u), c->arg[0]);
    if (c->arg[1] != F_SETLK && c->arg[1] != F_SETLKW && c->arg[1] != F_OFD_SETLK && c->arg[1] != F_OFD_SETLKW)
        return 0;
    return ask_descriptor(t, "file_lock", AAJ_MAY_LOCK, c->arg[0]); /* which kind is in memory */
}

/* Descriptors of what has no name: what was known of them is no longer so. */
static int call_pair(struct trace *t)
{
    int r = trace_opened(t, t->who, t->call->fd_pair[0], AAJ_STR(""), AAJ_UID_NONE, 0);

    return r < 0 ? r : trace_opened(t, t->who, t->call->fd_pair[1], AAJ_STR(""), AAJ_UID_NONE, 0);
}

static int call_accept(struct trace *t)
{
    return trace_opened(t, t->who, t->call->exit, AAJ_STR(""), AAJ_UID_NONE, 0);
}

/* ---- all of them ---- */

static int call_fork(struct trace *t)
{
    return trace_fork(t, t->who, t->call);
}

static int call_fchmod(struct trace *t)
{
    return ask_descriptor(t, trace_is(t, "fchmod") ? "chmod" : "chown", AAJ_MAY_WRITE, t->call->arg[0]);
}

static const struct {
    const char *call;
    int (*tell)(struct trace *t);
} calls[] = {
    { "open", call_open },      { "openat", call_open },     { "openat2", call_open },     { "creat", call_open },
    { "rename", call_rename },  { "renameat", call_rename }, { "renameat2", call_rename }, { "link", call_link },
    { "linkat", call_link },    { "execve", call_exec },     { "execveat", call_exec },    { "mmap", call_mmap },
    { "mmap2", call_mmap },     { "flock", call_lock },      { "fcntl", call_lock },       { "fcntl64", call_lock },
    { "fchmod", call_fchmod },  { "fchown", call_fchmod },   { "dup", call_dup },          { "dup2", call_dup },
    { "dup3", call_dup },       { "pipe", call_pair },       { "pipe2", call_pair },       { "accept", call_accept },
    { "accept4", call_accept }, { "clone", call_fork },      { "clone3", call_fork },      { "fork", call_fork },
    { "vfork", call_fork },
};

static int file_call(struct trace *t)
{
    for (size_t i = 0; i < AAJ_ARRAY_SIZE(calls); i++)
        if (trace_is(t, calls[i].call))
            return calls[i].tell(t);
    for (size_t i = 0; i < AAJ_ARRAY_SIZE(one_names); i++)
        if (trace_is(t, one_names[i].call))
            return call_one_name(t, &one_names[i]);
    return -ENOENT;
}

int trace_call(struct trace *t)
{
    bool exec = aaj_str_starts(t->call->name, AAJ_STR("exec"));
    int r = trace_note_folders(t);

    if (r == 0 && !t->process[t->who].label && !(exec && t->call->success)) {
        t->stats->outside++;
        return 0;
    }
    if (r == 0)
        r = trace_socket_call(t);
    if (r == -ENOENT && !t->call->success) {
        t->stats->failed++;
        return 0;
    }
    if (r == -ENOENT)
        r = file_call(t);
    if (r == -ENOENT) {
        t->stats->other++;
        return 0;
    }
    if (!t->process[t->who].label)
        t->stats->outside++; /* executed something else */
    else
        t->stats->calls++;
    return r < 0 ? r : t->process[t->who].label != 0;
}
