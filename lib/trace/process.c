/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is who. A process is of the slave's when it executed the slave, or is the child of one that is. A child's records
 * may come before the one of the fork that made it, so ppid= is believed for who was never seen; the fork's own record
 * helps where the parent is gone by then.
 */
#include <errno.h>
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/grow.h"
#include "trace/impl.h"

enum { STEPS_MAX = 16, FORKS_MAX = 8 };

static uint32_t hash_of(const struct trace *t, const void *key, size_t n)
{
    return (uint32_t)XXH3_64bits_withSeed(key, n, t->strings.seed);
}

static uint32_t hash_process(const struct trace *t, uint32_t host, uint32_t pid)
{
    uint32_t key[2] = { host, pid };

    return hash_of(t, key, sizeof(key));
}

static uint32_t find(const struct trace *t, uint32_t host, uint32_t pid)
{
    const struct aaj_slot *slot = t->processes.slot;
    uint32_t hash = hash_process(t, host, pid);

    for (uint32_t i = aaj_slots_first(&t->processes, hash); slot[i].row1; i = aaj_slots_next(&t->processes, i)) {
        const struct process *p = &t->process[slot[i].row1 - 1];

        if (slot[i].hash == hash && p->host == host && p->pid == pid)
            return slot[i].row1 - 1;
    }
    return NONE;
}

/* A new one, the child of @parent, which may be NONE. */
static int add(struct trace *t, uint32_t host, uint32_t pid, uint32_t parent, uint32_t *ret)
{
    struct process new = { .host = host, .pid = pid, .parent = parent, .born = t->now };
    uint32_t at = find(t, host, pid);

    if (parent != NONE) {
        new.ppid = t->process[parent].pid;
        new.label = t->process[parent].label;
        new.exe = t->process[parent].exe;
    }
    if (at == NONE) {
        if (t->n_processes >= PROCESSES_MAX) {
            *ret = NONE;
            return 0;
        }
        if (AAJ_GROW(t->process, t->n_processes, t->cap_processes) < 0 ||
            aaj_slots_add(&t->processes, hash_process(t, host, pid), (uint32_t)t->n_processes) < 0)
            return -ENOMEM;
        at = (uint32_t)t->n_processes++;
    } else {
        new.life = t->process[at].life + 1; /* the number is another's now */
    }
    t->process[at] = new;
    *ret = at;
    return 0;
}

/* "P//null-PROGRAM", as the kernel names it; a program that executes itself stays, and so does who is too deep. */
static int step(struct trace *t, uint32_t label, struct aaj_str program, uint32_t *ret)
{
    static const struct aaj_str mark = AAJ_STR_INIT("//null-");
    struct aaj_str from = aaj_intern_str(&t->strings, label), text, rest = from;
    size_t steps = 0;

    for (size_t at; (at = aaj_str_search(rest, mark)) < rest.n; steps++)
        rest = aaj_str_skip(rest, at + mark.n);
    *ret = label;
    if (steps >= STEPS_MAX || (steps && aaj_str_eq(rest, program)))
        return 0;
    text = aaj_arena_printf(&t->arena, "%.*s%s%.*s", AAJ_STR_ARG(from), mark.p, AAJ_STR_ARG(program));
    return text.p ? aaj_intern_add(&t->strings, text, ret) : -ENOMEM;
}

/* exe= of a program whose file is gone. */
static struct aaj_str program_of(struct aaj_str exe)
{
    static const struct aaj_str gone = AAJ_STR_INIT(" (deleted)");

    return aaj_str_ends(exe, gone) ? aaj_str_head(exe, exe.n - gone.n) : exe;
}

/* What it runs, where no exec told: it was there before the log, or its exec is not in it. */
static int look_at_exe(struct trace *t, uint32_t at, struct aaj_str exe)
{
    struct process *p = &t->process[at];
    uint32_t id;
    int r;

    if (!exe.n)
        return 0;
    r = aaj_intern_add(&t->strings, exe, &id);
    if (r < 0 || id == p->exe)
        return r;
    if (p->label && p->exe) {
        t->stats->unseen_exec++;
        r = step(t, p->label, exe, &p->label);
    } else if (!p->label && aaj_str_eq(exe, t->of->slave)) {
        r = aaj_intern_add(&t->strings, t->of->label, &p->label);
    }
    p->exe = id;
    return r;
}

int trace_process(struct trace *t, const struct aaj_call *call, uint32_t *ret)
{
    bool executed = call->success && aaj_str_starts(call->name, AAJ_STR("exec"));
    uint32_t host, at;
    int r = aaj_intern_add(&t->strings, call->head.host, &host);

    if (r < 0)
        return r;
    at = find(t, host, call->pid);
    if (at == NONE)
        r = add(t, host, call->pid, find(t, host, call->ppid), &at);
    *ret = at;
    if (r < 0 || at == NONE)
        return r;
    t->process[at].ppid = call->ppid;
    return executed ? 0 : look_at_exe(t, at, program_of(call->exe));
}

int trace_fork(struct trace *t, uint32_t parent, const struct aaj_call *call)
{
    uint32_t host = t->process[parent].host, pid, at;

    if (!call->success || call->exit <= 0 || call->exit > INT32_MAX)
        return 0;
    pid = (uint32_t)call->exit;
    at = find(t, host, pid);
    if (at != NONE && t->process[at].ppid == call->pid)
        return 0; /* its own records came first */
    return add(t, host, pid, parent, &at);
}

int trace_exec(struct trace *t, uint32_t process, struct aaj_str name, struct aaj_str exe)
{
    struct process *p = &t->process[process];
    int r;

    exe = program_of(exe);
    if (p->label)
        r = step(t, p->label, name, &p->label);
    else if (aaj_str_eq(name, t->of->slave) || aaj_str_eq(exe, t->of->slave))
        r = aaj_intern_add(&t->strings, t->of->label, &p->label);
    else
        r = 0;
    return r < 0 ? r : aaj_intern_add(&t->strings, exe, &p->exe);
}

/* ---- descriptors ---- */

static uint32_t find_descriptor(const struct trace *t, uint32_t process, uint32_t fd, uint32_t *ret_hash)
{
    const struct aaj_slot *slot = t->descriptors.slot;
    uint32_t key[3] = { process, t->process[process].life, fd }, hash = hash_of(t, key, sizeof(key));

    *ret_hash = hash;
    for (uint32_t i = aaj_slots_first(&t->descriptors, hash); slot[i].row1; i = aaj_slots_next(&t->descriptors, i)) {
        const struct descriptor *d = &t->descriptor[slot[i].row1 - 1];

        if (slot[i].hash == hash && d->process == process && d->life == key[1] && d->fd == fd)
            return slot[i].row1 - 1;
    }
    return NONE;
}

int trace_opened(struct trace *t, uint32_t process, int64_t fd, struct aaj_str name, uint32_t ouid, uint32_t mask)
{
    struct descriptor new = {
        .process = process, .life = t->process[process].life, .ouid = ouid, .mask = mask, .when = t->now
    };
    uint32_t hash, at;

    if (fd < 0 || fd > INT32_MAX)
        return 0;
    new.fd = (uint32_t)fd;
    at = find_descriptor(t, process, new.fd, &hash);
    if (at == NONE && t->n_descriptors >= DESCRIPTORS_MAX)
        return 0;
    if (aaj_intern_add(&t->strings, name, &new.name) < 0)
        return -ENOMEM;
    if (at == NONE) {
        if (AAJ_GROW(t->descriptor, t->n_descriptors, t->cap_descriptors) < 0 ||
            aaj_slots_add(&t->descriptors, hash, (uint32_t)t->n_descriptors) < 0)
            return -ENOMEM;
        at = (uint32_t)t->n_descriptors++;
    }
    t->descriptor[at] = new;
    return 0;
}

/* A child has what its parent had when it was born, as far as the parent has not opened something else there since. */
const struct descriptor *trace_descriptor(const struct trace *t, uint32_t process, uint64_t fd)
{
    uint64_t before = UINT64_MAX;

    for (unsigned n = 0; n < FORKS_MAX && process != NONE && fd <= INT32_MAX; n++) {
        const struct process *p = &t->process[process];
        uint32_t hash, at = find_descriptor(t, process, (uint32_t)fd, &hash);

        if (at != NONE)
            return t->descriptor[at].when < before && t->descriptor[at].name ? &t->descriptor[at] : NULL;
        before = p->born < before ? p->born : before;
        process = p->parent;
    }
    return NULL;
}
