/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls as an audit rule logs them, without AppArmor: the records of one serial put together.
 *
 *     SYSCALL  arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c … ppid= pid= … fsuid= … comm= exe= … key="k"
 *     EXECVE   argc=2 a0="cat" a1="/etc/motd"                  execve
 *     OPENAT2  oflag=0100 mode=0600 resolve=0x4                openat2
 *     FD_PAIR  fd0=3 fd1=4                                     pipe, socketpair
 *     MMAP     fd=3 flags=0x812                                mmap of a file
 *     SOCKADDR saddr=0200…                                     connect, bind, sendto …
 *     CWD      cwd="/srv/slave"
 *     PATH     item=0 name="data/" inode= dev= mode= ouid= … nametype=PARENT
 *     PATH     item=1 name="data/new" … nametype=CREATE        one for each name, as the call wrote it
 *     PROCTITLE, EOE                                           the last ones
 *
 * The records of several CPUs interleave. A call is complete with its last record, or when AAJ_CALLS_OPEN others have
 * begun after it. (kernel/auditsc.c audit_log_exit)
 */
#pragma once

#include "log/argv.h"

enum { AAJ_CALLS_OPEN = 32, AAJ_CALL_PATHS = 12, AAJ_CALL_RECORDS = 40 };

enum aaj_path_kind { AAJ_PATH_UNKNOWN, AAJ_PATH_NORMAL, AAJ_PATH_PARENT, AAJ_PATH_CREATE, AAJ_PATH_DELETE };

struct aaj_call_path {
    struct aaj_str name; /* as the call wrote it; empty: not said */
    enum aaj_path_kind kind;
    uint32_t mode, ouid, ogid; /* mode with the type; 0: not said */
    bool caps;                 /* the file has capabilities */
    uint64_t dev, inode; /* dev 0: not said */
};

struct aaj_call {
    struct aaj_log_head head; /* of the SYSCALL: when, where; its .line is the record */
    struct aaj_str name;      /* "openat" */
    struct aaj_str exe, key, cwd, saddr;
    struct aaj_str argv;      /* as aaj_argv_text() gives it; empty: not said */
    bool success;
    int64_t exit;
    uint64_t arg[4];
    uint32_t pid, ppid, uid, fsuid;
    int64_t mmap_fd;     /* -1: not said */
    int64_t fd_pair[2];  /* of pipe and socketpair; -1: not said */
    uint64_t open_flags; /* openat2's, where .has_open_flags */
    bool has_open_flags;
    struct aaj_call_path path[AAJ_CALL_PATHS];
    unsigned n_paths;
};

struct aaj_calls;

/* @fn gets each call; its strings are valid while it runs. A negative return is handed on. */
int aaj_calls_new(int (*fn)(void *data, const struct aaj_call *call), void *data, struct aaj_calls **ret_calls);
struct aaj_calls *aaj_calls_free(struct aaj_calls *calls);

/* Takes in one record: 1 when it is part of a call, 0 when it is none of ours, or -errno. */
int aaj_calls_take(struct aaj_calls *calls, const struct aaj_log_head *head);
/* The end: what is open is complete. */
int aaj_calls_finish(struct aaj_calls *calls);

/* connect, openat …: by auditd's enrichment, else by number and architecture; empty: not known. */
struct aaj_str aaj_call_name(struct aaj_str syscall_payload);
