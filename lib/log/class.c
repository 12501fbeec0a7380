/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log/event.h"

static const char *const file_masks[] = { "x", "w", "r", "a", "c", "d", "k", "l", "m", NULL };
static const char *const net_masks[] = { "create",  "bind",    "connect", "listen",  "accept",
                                         "send",    "receive", "getattr", "setattr", "getopt",
                                         "setopt",  "shutdown", "read",   "write",   "open",
                                         "delete",  NULL };
static const char *const signal_masks[] = { "send", "receive", NULL };
static const char *const ptrace_masks[] = { "read", "trace", "readby", "tracedby", NULL };
static const char *const dbus_masks[] = { "send", "receive", "bind", "eavesdrop", NULL };
static const char *const mqueue_masks[] = { "create", "open",    "delete",  "read",
                                            "write",  "getattr", "setattr", NULL };
static const char *const io_uring_masks[] = { "sqpoll", "override_creds", NULL };
static const char *const userns_masks[] = { "userns_create", NULL };
static const char *const no_masks[] = { NULL };

const struct aaj_class_info aaj_class_info[AAJ_CLASS_COUNT] = {
    [AAJ_CLASS_NONE] = { "none", { NULL }, no_masks },
    [AAJ_CLASS_FILE] = { "file", { "name", "target" }, file_masks },
    [AAJ_CLASS_EXEC] = { "exec", { "name", "target" }, file_masks },
    [AAJ_CLASS_NET] = { "net",
                        { "family", "type", "protocol", "laddr", "lport", "faddr", "fport" },
                        net_masks },
    [AAJ_CLASS_UNIX] = { "unix", { "type", "protocol", "addr", "peer_addr", "peer" }, net_masks },
    [AAJ_CLASS_CAPABILITY] = { "capability", { "name" }, no_masks },
    [AAJ_CLASS_SIGNAL] = { "signal", { "peer", "signal" }, signal_masks },
    [AAJ_CLASS_PTRACE] = { "ptrace", { "peer" }, ptrace_masks },
    [AAJ_CLASS_MOUNT] = { "mount", { "name", "source", "fstype", "flags" }, no_masks },
    [AAJ_CLASS_CHANGE_PROFILE] = { "change_profile", { "target", "name" }, no_masks },
    [AAJ_CLASS_CHANGE_HAT] = { "change_hat", { "target", "name" }, no_masks },
    [AAJ_CLASS_DBUS] = { "dbus",
                         { "bus", "path", "interface", "member", "name", "peer" },
                         dbus_masks },
    [AAJ_CLASS_MQUEUE] = { "mqueue", { "type", "name" }, mqueue_masks },
    [AAJ_CLASS_IO_URING] = { "io_uring", { "target" }, io_uring_masks },
    [AAJ_CLASS_USERNS] = { "userns", { "target" }, userns_masks },
    [AAJ_CLASS_RLIMIT] = { "rlimit", { "name", "value" }, no_masks },
    [AAJ_CLASS_SOCKADDR] = { "sockaddr",
                             { "family", "type", "protocol", "laddr", "lport", "faddr", "fport" },
                             net_masks },
    [AAJ_CLASS_OTHER] = { "other", { "name", "target" }, no_masks },
};
