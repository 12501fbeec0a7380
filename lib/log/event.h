/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one AppArmor record says, in a shape that no longer depends on the form it was written in.
 *
 * Sources of the facts: Linux security/apparmor/{audit,file,net,ipc,mount,capability,domain,resource,
 * task,policy}.c and include/uapi/linux/audit.h for the keys, libapparmor's grammar.y for the aliases.
 */
#pragma once

#include <stdint.h>

#include "base/str.h"

enum aaj_mode {
    AAJ_MODE_INVALID,
    AAJ_MODE_ALLOWED, /* complain: it went through, enforce would have stopped it */
    AAJ_MODE_DENIED,
    AAJ_MODE_AUDIT, /* allowed by policy, logged because a rule says audit */
    AAJ_MODE_STATUS,
    AAJ_MODE_HINT,
    AAJ_MODE_ERROR,
    AAJ_MODE_KILLED,
};

enum aaj_class {
    AAJ_CLASS_NONE,
    AAJ_CLASS_FILE,
    AAJ_CLASS_EXEC,
    AAJ_CLASS_NET,
    AAJ_CLASS_UNIX,
    AAJ_CLASS_CAPABILITY,
    AAJ_CLASS_SIGNAL,
    AAJ_CLASS_PTRACE,
    AAJ_CLASS_MOUNT, /* mount, remount, umount, pivot_root: told apart by op */
    AAJ_CLASS_CHANGE_PROFILE, /* change_profile, change_onexec, stack */
    AAJ_CLASS_CHANGE_HAT,
    AAJ_CLASS_DBUS,
    AAJ_CLASS_MQUEUE,
    AAJ_CLASS_IO_URING,
    AAJ_CLASS_USERNS,
    AAJ_CLASS_RLIMIT,
    AAJ_CLASS_SOCKADDR, /* a destination known only from the SYSCALL's SOCKADDR record: see NET args */
    AAJ_CLASS_OTHER,    /* an AppArmor record of a class or operation of the future */
    AAJ_CLASS_COUNT,
};

enum { AAJ_ARGS = 8 };

/* Which slot of arg[] holds what, by class. An empty string is "not said". */
enum {
    /* FILE, EXEC: the name, and target= (link, rename: the other path; exec: the new label) */
    AAJ_FILE_NAME = 0,
    AAJ_FILE_TARGET,
    /* NET, SOCKADDR: addresses and decimal ports as text; SOCKADDR uses FAMILY, FADDR, FPORT, or
     * FAMILY "unix" with FADDR the path ("@name" abstract) */
    AAJ_NET_FAMILY = 0,
    AAJ_NET_TYPE,
    AAJ_NET_PROTOCOL,
    AAJ_NET_LADDR,
    AAJ_NET_LPORT,
    AAJ_NET_FADDR,
    AAJ_NET_FPORT,
    /* UNIX */
    AAJ_UNIX_TYPE = 0,
    AAJ_UNIX_PROTOCOL,
    AAJ_UNIX_ADDR,
    AAJ_UNIX_PEER_ADDR,
    AAJ_UNIX_PEER_LABEL,
    /* CAPABILITY: name in lower case, "net_bind_service" */
    AAJ_CAP_NAME = 0,
    /* SIGNAL, PTRACE: mask is send/receive, read/trace/readby/tracedby */
    AAJ_PEER_LABEL = 0,
    AAJ_PEER_SIGNAL,
    /* MOUNT */
    AAJ_MOUNT_NAME = 0,
    AAJ_MOUNT_SOURCE,
    AAJ_MOUNT_FSTYPE,
    AAJ_MOUNT_FLAGS,
    /* CHANGE_PROFILE, CHANGE_HAT */
    AAJ_CHANGE_TARGET = 0,
    AAJ_CHANGE_NAME,
    /* DBUS */
    AAJ_DBUS_BUS = 0,
    AAJ_DBUS_PATH,
    AAJ_DBUS_INTERFACE,
    AAJ_DBUS_MEMBER,
    AAJ_DBUS_NAME,
    AAJ_DBUS_PEER_LABEL,
    /* MQUEUE */
    AAJ_MQUEUE_TYPE = 0,
    AAJ_MQUEUE_NAME,
    /* IO_URING, USERNS */
    AAJ_LABEL_TARGET = 0,
    /* RLIMIT */
    AAJ_RLIMIT_NAME = 0,
    AAJ_RLIMIT_VALUE,
};

/* FILE and EXEC masks. c and d keep their own bits though a rule writes both as w. */
enum {
    AAJ_MAY_EXEC = 1u << 0,
    AAJ_MAY_WRITE = 1u << 1,
    AAJ_MAY_READ = 1u << 2,
    AAJ_MAY_APPEND = 1u << 3,
    AAJ_MAY_CREATE = 1u << 4,
    AAJ_MAY_DELETE = 1u << 5,
    AAJ_MAY_LOCK = 1u << 6,
    AAJ_MAY_LINK = 1u << 7,
    AAJ_MAY_MMAP = 1u << 8,
};

/* In any class: a word of a mask that is not known was there (its text is in the sample line). */
#define AAJ_MASK_UNKNOWN (1u << 31)

/* The table that reading, writing and showing events is driven by. */
struct aaj_class_info {
    const char *name;             /* "file", "net", …: the JSON value */
    const char *arg[AAJ_ARGS];    /* JSON keys of arg[], NULL where unused */
    const char *const *mask_word; /* word of bit i, NULL-terminated; one letter each for file */
};
extern const struct aaj_class_info aaj_class_info[AAJ_CLASS_COUNT];

#define AAJ_UID_NONE UINT32_MAX

struct aaj_event {
    enum aaj_mode mode;
    enum aaj_class class;
    struct aaj_str op;    /* operation="…": open, getattr, exec, file_mmap, … */
    struct aaj_str label; /* profile="…": the whole chain, "P//null-/usr/bin/dash" */
    struct aaj_str ns;    /* namespace=, without the leading ":root" of the 2.x form */
    struct aaj_str arg[AAJ_ARGS];
    uint32_t requested, denied; /* bits by class; unknown words are reported, not dropped */
    uint32_t fsuid, ouid;       /* AAJ_UID_NONE where not logged */
    int64_t time_ms;            /* since the epoch; 0 when unknown (dmesg without an audit id) */
    uint64_t serial;            /* 0 when the record has no audit id */
    uint32_t pid;
    int32_t error; /* error=-13; 0 when not logged */
    int owner_half; /* AppArmor 2.x "owner::other": +1 only the owner's half was filled, -1 the other's, 0 */
    bool unknown_mask;
    struct aaj_str comm, info, execpath, host, boot;
    uint32_t channel; /* enum aaj_channel */
};
