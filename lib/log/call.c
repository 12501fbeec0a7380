/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log/call.h"

#include <errno.h>
#include <libaudit.h>
#include <stdlib.h>

#include "base/arena.h"
#include "log/field.h"
#include "log/path.h"

struct part {
    int type;
    struct aaj_str payload;
};

/* A call whose records still come. */
struct open_call {
    bool used;
    struct aaj_log_head head; /* of its first record; that of its SYSCALL once that has come */
    struct aaj_arena arena;
    struct part part[AAJ_CALL_RECORDS];
    unsigned n;
};

struct aaj_calls {
    int (*fn)(void *data, const struct aaj_call *call);
    void *data;
    struct open_call open[AAJ_CALLS_OPEN];
    unsigned next; /* the oldest */
};

int aaj_calls_new(int (*fn)(void *data, const struct aaj_call *call), void *data, struct aaj_calls **ret_calls)
{
    struct aaj_calls *calls = calloc(1, sizeof(*calls));

    if (!calls)
        return -ENOMEM;
    calls->fn = fn;
    calls->data = data;
    *ret_calls = calls;
    return 0;
}

struct aaj_calls *aaj_calls_free(struct aaj_calls *calls)
{
    for (size_t i = 0; calls && i < AAJ_CALLS_OPEN; i++)
        aaj_arena_clear(&calls->open[i].arena);
    free(calls);
    return NULL;
}

static struct aaj_str value(struct aaj_str payload, struct aaj_str key)
{
    return aaj_log_field(payload, key).value;
}

struct aaj_str aaj_call_name(struct aaj_str payload)
{
    struct aaj_str name = value(payload, AAJ_STR(" SYSCALL=")), arch, nr;
    uint64_t machine_id, number;
    const char *known;
    int machine;

    if (name.n)
        return name;
    arch = value(payload, AAJ_STR("arch="));
    nr = value(payload, AAJ_STR(" syscall="));
    if (!aaj_log_hex(arch, &machine_id) || machine_id > UINT32_MAX || !aaj_log_number(nr, &number) ||
        number > INT32_MAX)
        return (struct aaj_str){ "", 0 };
    machine = audit_elf_to_machine((unsigned)machine_id);
    known = machine < 0 ? NULL : audit_syscall_to_name((int)number, machine);
    return known ? aaj_str_c(known) : (struct aaj_str){ "", 0 };
}

/* ---- one record into the call ---- */

static uint32_t uid(struct aaj_str payload, struct aaj_str key)
{
    uint64_t v;

    return aaj_log_number(value(payload, key), &v) && v < AAJ_UID_NONE ? (uint32_t)v : AAJ_UID_NONE;
}

static uint32_t pid(struct aaj_str payload, struct aaj_str key)
{
    uint64_t v;

    return aaj_log_number(value(payload, key), &v) && v <= UINT32_MAX ? (uint32_t)v : 0;
}

/* Decoded into the call's own memory. */
static struct aaj_str text(struct aaj_arena *arena, struct aaj_str payload, struct aaj_str key)
{
    struct aaj_field f = aaj_log_field(payload, key);
    char *buf = aaj_arena_alloc(arena, f.value.n / 2 + 1);

    return buf ? aaj_log_text(f, buf) : (struct aaj_str){ "", 0 };
}

static int64_t signed_number(struct aaj_str s)
{
    bool minus = s.n && s.p[0] == '-';
    uint64_t v;

    if (!aaj_log_number(minus ? aaj_str_skip(s, 1) : s, &v))
        return 0;
    return minus ? -(int64_t)v : (int64_t)v;
}

static uint64_t octal(struct aaj_str s)
{
    uint64_t v = 0;

    for (size_t i = 0; i < s.n && i < 20 && s.p[i] >= '0' && s.p[i] <= '7'; i++)
        v = v << 3 | (uint64_t)(s.p[i] - '0');
    return v;
}

static void take_syscall(struct aaj_call *c, struct aaj_arena *arena, struct aaj_str p)
{
    static const struct aaj_str arg[4] = { AAJ_STR_INIT(" a0="), AAJ_STR_INIT(" a1="), AAJ_STR_INIT(" a2="),
                                           AAJ_STR_INIT(" a3=") };

    c->name = aaj_call_name(p);
    c->success = aaj_str_eq(value(p, AAJ_STR(" success=")), AAJ_STR("yes"));
    c->exit = signed_number(value(p, AAJ_STR(" exit=")));
    for (unsigned i = 0; i < 4; i++)
        if (!aaj_log_hex(value(p, arg[i]), &c->arg[i]))
            c->arg[i] = 0;
    c->pid = pid(p, AAJ_STR(" pid="));
    c->ppid = pid(p, AAJ_STR(" ppid="));
    c->uid = uid(p, AAJ_STR(" uid="));
    c->fsuid = uid(p, AAJ_STR(" fsuid="));
    c->exe = text(arena, p, AAJ_STR(" exe="));
    c->key = text(arena, p, AAJ_STR(" key="));
}

static enum aaj_path_kind kind_of(struct aaj_str s)
{
    static const struct aaj_str name[] = {
        [AAJ_PATH_NORMAL] = AAJ_STR_INIT("NORMAL"),
        [AAJ_PATH_PARENT] = AAJ_STR_INIT("PARENT"),
        [AAJ_PATH_CREATE] = AAJ_STR_INIT("CREATE"),
        [AAJ_PATH_DELETE] = AAJ_STR_INIT("DELETE"),
    };

    for (size_t i = AAJ_PATH_NORMAL; i <= AAJ_PATH_DELETE; i++)
        if (aaj_str_eq(s, name[i]))
            return (enum aaj_path_kind)i;
    return AAJ_PATH_UNKNOWN;
}

/* "fe:00": major and minor in hex. */
static uint64_t device(struct aaj_str s)
{
    size_t colon = aaj_str_find(s, ':');
    uint64_t major, minor;

    if (!aaj_log_hex(aaj_str_head(s, colon), &major) || !aaj_log_hex(aaj_str_skip(s, colon + 1), &minor))
        return 0;
    return 1ull << 63 | major << 32 | minor; /* 0:0 is a device too */
}

static void take_path(struct aaj_call *c, struct aaj_arena *arena, struct aaj_str p)
{
    struct aaj_call_path path = { .name = text(arena, p, AAJ_STR(" name=")),
                                  .kind = kind_of(value(p, AAJ_STR(" nametype="))),
                                  .mode = (uint32_t)octal(value(p, AAJ_STR(" mode="))),
                                  .ouid = uid(p, AAJ_STR(" ouid=")),
                                  .dev = device(value(p, AAJ_STR(" dev="))) };

    path.ogid = uid(p, AAJ_STR(" ogid="));
    path.caps = aaj_path_has_caps(p);
    if (!aaj_log_number(value(p, AAJ_STR(" inode=")), &path.inode))
        path.dev = 0;
    if (c->n_paths < AAJ_CALL_PATHS)
        c->path[c->n_paths++] = path;
}

static int64_t descriptor(struct aaj_str s)
{
    uint64_t n;

    return aaj_log_number(s, &n) && n <= INT32_MAX ? (int64_t)n : -1;
}

static void take_part(struct aaj_call *c, struct aaj_arena *arena, struct aaj_argv *argv, const struct part *part)
{
    struct aaj_log_head head = { .payload = part->payload, .serial = c->head.serial, .time_ms = c->head.time_ms };
    char *buf;

    switch (part->type) {
    case AAJ_AUDIT_SYSCALL:
        take_syscall(c, arena, part->payload);
        break;
    case AAJ_AUDIT_EXECVE:
        if (aaj_argv_take(argv, &head) && (buf = aaj_arena_alloc(arena, AAJ_ARGV_MAX)))
            c->argv = aaj_argv_text(argv, buf);
        break;
    case AAJ_AUDIT_OPENAT2:
        c->open_flags = octal(value(part->payload, AAJ_STR("oflag=")));
        c->has_open_flags = true;
        break;
    case AAJ_AUDIT_MMAP:
        c->mmap_fd = descriptor(value(part->payload, AAJ_STR("fd=")));
        break;
    case AAJ_AUDIT_FD_PAIR:
        c->fd_pair[0] = descriptor(value(part->payload, AAJ_STR("fd0=")));
        c->fd_pair[1] = descriptor(value(part->payload, AAJ_STR(" fd1=")));
        break;
    case AAJ_AUDIT_SOCKADDR:
        c->saddr = value(part->payload, AAJ_STR("saddr="));
        break;
    case AAJ_AUDIT_CWD:
        c->cwd = text(arena, part->payload, AAJ_STR("cwd="));
        break;
    case AAJ_AUDIT_PATH:
        take_path(c, arena, part->payload);
        break;
    default:
        break;
    }
}

/* ---- records into calls ---- */

static int complete(struct aaj_calls *calls, struct open_call *o)
{
    struct aaj_call call = { .head = o->head, .mmap_fd = -1, .fd_pair = { -1, -1 }, .fsuid = AAJ_UID_NONE };
    struct aaj_argv argv = { .argc = 0 };
    bool has_syscall = false;
    int r = 0;

    for (unsigned i = 0; i < o->n; i++) {
        take_part(&call, &o->arena, &argv, &o->part[i]);
        has_syscall = has_syscall || o->part[i].type == AAJ_AUDIT_SYSCALL;
    }
    if (has_syscall)
        r = calls->fn(calls->data, &call);
    o->used = false;
    aaj_arena_clear(&o->arena);
    return r;
}

static struct open_call *find(struct aaj_calls *calls, const struct aaj_log_head *head)
{
    for (size_t i = 0; i < AAJ_CALLS_OPEN; i++) {
        struct open_call *o = &calls->open[i];

        if (o->used && o->head.serial == head->serial && o->head.time_ms == head->time_ms &&
            aaj_str_eq(o->head.host, head->host))
            return o;
    }
    return NULL;
}

static int keep_head(struct open_call *o, const struct aaj_log_head *head)
{
    o->head = *head;
    o->head.line = aaj_arena_dup(&o->arena, head->line);
    o->head.host = aaj_arena_dup(&o->arena, head->host);
    o->head.boot = aaj_arena_dup(&o->arena, head->boot);
    return o->head.line.p && o->head.host.p && o->head.boot.p ? 0 : -ENOMEM;
}

static int begin(struct aaj_calls *calls, const struct aaj_log_head *head, struct open_call **ret)
{
    struct open_call *o = &calls->open[calls->next];
    int r = o->used ? complete(calls, o) : 0;

    calls->next = (calls->next + 1) % AAJ_CALLS_OPEN;
    o->used = r == 0;
    o->n = 0;
    *ret = o;
    return r < 0 ? r : keep_head(o, head);
}

static bool is_part(int type)
{
    return type == AAJ_AUDIT_SYSCALL || type == AAJ_AUDIT_PATH || type == AAJ_AUDIT_CWD || type == AAJ_AUDIT_SOCKADDR ||
           type == AAJ_AUDIT_EXECVE || type == AAJ_AUDIT_MMAP || type == AAJ_AUDIT_OPENAT2 || type == AAJ_AUDIT_FD_PAIR;
}

static bool is_last(int type)
{
    return type == AAJ_AUDIT_PROCTITLE || type == AAJ_AUDIT_EOE;
}

int aaj_calls_take(struct aaj_calls *calls, const struct aaj_log_head *head)
{
    struct open_call *o = head->serial ? find(calls, head) : NULL;
    int r = 0;

    if (!head->serial || (!is_part(head->type) && !(o && is_last(head->type))))
        return 0;
    if (is_last(head->type)) {
        r = complete(calls, o);
        return r < 0 ? r : 0;
    }
    if (!o)
        r = begin(calls, head, &o);
    else if (head->type == AAJ_AUDIT_SYSCALL)
        r = keep_head(o, head);
    if (r == 0 && o->n < AAJ_CALL_RECORDS) {
        struct part part = { head->type, aaj_arena_dup(&o->arena, head->payload) };

        r = part.payload.p ? 0 : -ENOMEM;
        if (r == 0)
            o->part[o->n++] = part;
    }
    return r < 0 ? r : 1;
}

int aaj_calls_finish(struct aaj_calls *calls)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < AAJ_CALLS_OPEN; i++) {
        struct open_call *o = &calls->open[(calls->next + i) % AAJ_CALLS_OPEN];

        if (o->used)
            r = complete(calls, o);
    }
    return r;
}
