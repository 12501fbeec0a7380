/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of reading system calls. */
#pragma once

#include "base/arena.h"
#include "base/intern.h"
#include "log/call.h"
#include "trace/trace.h"

#define NONE UINT32_MAX

/* Bounds of what a log may make us remember; beyond them things are unknown, and counted so. */
enum { PROCESSES_MAX = 1 << 20, DESCRIPTORS_MAX = 1 << 22, FOLDERS_MAX = 1 << 20 };

struct process {
    uint32_t host, pid, ppid;
    uint32_t label, exe; /* interned; label 0: none of the slave's */
    uint32_t parent;     /* its number; NONE: not known */
    uint64_t born;       /* the call it was first seen in */
    uint32_t life;       /* how many processes had this pid before */
};

/* What a descriptor was opened as. */
struct descriptor {
    uint32_t process, life, fd;
    uint32_t name; /* interned: an absolute path, or "socket:FAMILY:TYPE:PROTOCOL"; 0: something that is not known */
    uint32_t ouid;
    uint32_t mask; /* of a file: how it may be used */
    uint64_t when; /* the call that opened it */
};

struct folder {
    uint64_t dev, inode;
    uint32_t name;
};

struct trace {
    const struct aaj_intake_options *options;
    const struct aaj_trace_options *of;
    struct aaj_recording *rec;
    struct aaj_trace_stats *stats;
    struct aaj_intern strings;
    struct process *process;
    struct descriptor *descriptor;
    struct folder *folder;
    struct aaj_slots processes, descriptors, folders;
    size_t n_processes, cap_processes, n_descriptors, cap_descriptors, n_folders, cap_folders;
    struct aaj_arena arena; /* of one call */
    uint64_t now;           /* number of the call */
    int64_t first_ms, last_ms;
    const struct aaj_call *call; /* the one in work */
    uint32_t who;                /* its process */
};

/* ---- process.c ---- */

/* The process of the call, made when it is new: its number, NONE where there are too many, or -ENOMEM. */
int trace_process(struct trace *t, const struct aaj_call *call, uint32_t *ret_process);
/* A process had a child. */
int trace_fork(struct trace *t, uint32_t parent, const struct aaj_call *call);
/* A process executed @name, and runs @exe now. */
int trace_exec(struct trace *t, uint32_t process, struct aaj_str name, struct aaj_str exe);

int trace_opened(struct trace *t, uint32_t process, int64_t fd, struct aaj_str name, uint32_t ouid, uint32_t mask);
/* What the descriptor is; NULL: it is not known. */
const struct descriptor *trace_descriptor(const struct trace *t, uint32_t process, uint64_t fd);

/* ---- names.c ---- */

/* The absolute name of a path of the call in work, @dirfd being what a relative one begins at; empty: it cannot be
 * told. Lives as long as the call. */
struct aaj_str trace_name(struct trace *t, const struct aaj_call_path *path, uint64_t dirfd);
/* Remembers which folders the paths of the call are. */
int trace_note_folders(struct trace *t);

/* ---- access.c, socket.c: what a call asks for ---- */

struct asked {
    const char *op;
    struct aaj_str name, target;
    uint32_t mask, ouid;
};
int trace_ask(struct trace *t, const struct asked *asked);
int trace_add(struct trace *t, struct aaj_event *event);

/* The call in work becomes accesses. 1: it does, or says something about processes; 0: it tells nothing. */
int trace_call(struct trace *t);
/* The same for calls about sockets; -ENOENT: it is none. */
int trace_socket_call(struct trace *t);

static inline bool trace_is(const struct trace *t, const char *name)
{
    return aaj_str_eq(t->call->name, aaj_str_c(name));
}
