/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Permission bits, one meaning for every format of compiled policy: those of Linux
 * security/apparmor/include/perms.h. */
#pragma once

#include <stdint.h>

enum {
    AAJ_PERM_EXEC = 0x1,
    AAJ_PERM_WRITE = 0x2,
    AAJ_PERM_READ = 0x4,
    AAJ_PERM_APPEND = 0x8,
    AAJ_PERM_CREATE = 0x10,
    AAJ_PERM_DELETE = 0x20,
    AAJ_PERM_OPEN = 0x40,
    AAJ_PERM_RENAME = 0x80,
    AAJ_PERM_SETATTR = 0x100,
    AAJ_PERM_GETATTR = 0x200,
    AAJ_PERM_CHMOD = 0x1000,
    AAJ_PERM_CHOWN = 0x2000,
    AAJ_PERM_LOCK = 0x8000,
    AAJ_PERM_LINK_SUBSET = 0x8000, /* the same bit, where two paths were walked */
    AAJ_PERM_MMAP = 0x10000,
    AAJ_PERM_LINK = 0x40000,
    AAJ_PERM_CONTINUE = 0x8000000, /* more is to be matched */
    AAJ_PERM_ONEXEC = 0x20000000,
    AAJ_PERM_CHANGE_PROFILE = 0x40000000,

    /* NET, UNIX */
    AAJ_PERM_SEND = 0x2,
    AAJ_PERM_RECEIVE = 0x4,
    AAJ_PERM_SHUTDOWN = 0x20,
    AAJ_PERM_CONNECT = 0x40,
    AAJ_PERM_ACCEPT = 0x100000,
    AAJ_PERM_BIND = 0x200000,
    AAJ_PERM_LISTEN = 0x400000,
    AAJ_PERM_SETOPT = 0x1000000,
    AAJ_PERM_GETOPT = 0x2000000,

    /* PTRACE, seen from the profile asked: it reads, traces, is read, is traced */
    AAJ_PERM_PTRACE_READ = 0x4,
    AAJ_PERM_PTRACE_TRACE = 0x2,
    AAJ_PERM_PTRACE_READBY = 0x10,
    AAJ_PERM_PTRACE_TRACEDBY = 0x8,

    AAJ_PERM_PIVOT_ROOT = 0x1,
    AAJ_PERM_MOUNT = 0x2,
    AAJ_PERM_UMOUNT = 0x4,
    AAJ_PERM_MOUNT_DATA = 0x40, /* the mount's data string is to be matched, too */

    AAJ_PERM_DBUS_SEND = 0x2,
    AAJ_PERM_DBUS_RECEIVE = 0x4,
    AAJ_PERM_DBUS_EAVESDROP = 0x20,
    AAJ_PERM_DBUS_BIND = 0x40,

    AAJ_PERM_USERNS_CREATE = 0x8,
    AAJ_PERM_URING_OVERRIDE_CREDS = 0x8,
    AAJ_PERM_URING_SQPOLL = 0x10,
};

/* xindex: what an exec leads to. The low 24 bits are an index. */
#define AAJ_X_INDEX 0x00ffffffu
#define AAJ_X_NAME 0x04000000u
#define AAJ_X_TABLE 0x08000000u
#define AAJ_X_UNSAFE 0x10000000u
#define AAJ_X_CHILD 0x20000000u
#define AAJ_X_INHERIT 0x40000000u
#define AAJ_X_UNCONFINED 0x80000000u

struct aaj_perms {
    uint32_t allow, deny;
    uint32_t audit; /* logged although allowed */
    uint32_t quiet; /* not logged although refused */
    uint32_t kill, prompt, hide;
    uint32_t xindex;
};
