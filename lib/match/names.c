/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables in the order of the kernel's numbers: include/uapi/linux/capability.h, include/linux/socket.h,
 * include/linux/net.h, include/uapi/linux/mount.h. */
#include "match/names.h"

#include <netinet/in.h>
#include <signal.h>

#include "base/grow.h"

static const char *const capabilities[] = {
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
};

static const char *const families[] = {
    "unspec",  "unix",    "inet",    "ax25",   "ipx",        "appletalk", "netrom",   "bridge",
    "atmpvc",  "x25",     "inet6",   "rose",   "decnet",     "netbeui",   "security", "key",
    "netlink", "packet",  "ash",     "econet", "atmsvc",     "rds",       "sna",      "irda",
    "pppox",   "wanpipe", "llc",     "ib",     "mpls",       "can",       "tipc",     "bluetooth",
    "iucv",    "rxrpc",   "isdn",    "phonet", "ieee802154", "caif",      "alg",      "nfc",
    "vsock",   "kcm",     "qipcrtr", "smc",    "xdp",        "mctp",
};

static const char *const socket_types[] = { NULL,   "stream", "dgram", "raw", "rdm",   "seqpacket",
                                            "dccp", NULL,     NULL,    NULL,  "packet" };

static const struct {
    const char *name;
    int number;
} protocols[] = { { "icmp", 1 },    { "tcp", 6 },    { "udp", 17 },     { "dccp", 33 },
                  { "icmpv6", 58 }, { "sctp", 132 }, { "udplite", 136 } };

/* Names of apparmor.d(5). */
static const struct {
    const char *name;
    int number;
} signals[] = {
    { "exists", 0 },         { "hup", SIGHUP },   { "int", SIGINT },       { "quit", SIGQUIT },
    { "ill", SIGILL },       { "trap", SIGTRAP }, { "abrt", SIGABRT },     { "bus", SIGBUS },
    { "fpe", SIGFPE },       { "kill", SIGKILL }, { "usr1", SIGUSR1 },     { "segv", SIGSEGV },
    { "usr2", SIGUSR2 },     { "pipe", SIGPIPE }, { "alrm", SIGALRM },     { "term", SIGTERM },
    { "stkflt", SIGSTKFLT }, { "chld", SIGCHLD }, { "cont", SIGCONT },     { "stop", SIGSTOP },
    { "stp", SIGTSTP },      { "ttin", SIGTTIN }, { "ttou", SIGTTOU },     { "urg", SIGURG },
    { "xcpu", SIGXCPU },     { "xfsz", SIGXFSZ }, { "vtalrm", SIGVTALRM }, { "prof", SIGPROF },
    { "winch", SIGWINCH },   { "io", SIGIO },     { "pwr", SIGPWR },       { "sys", SIGSYS },
};

static int number(struct aaj_str s)
{
    int n = 0;

    if (s.n == 0 || s.n > 6)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -1;
        n = n * 10 + (s.p[i] - '0');
    }
    return n;
}

static int find(const char *const *table, size_t n, struct aaj_str word)
{
    for (size_t i = 0; i < n; i++)
        if (table[i] && aaj_str_eq(word, aaj_str_c(table[i])))
            return (int)i;
    return number(word);
}

int aaj_name_capability(struct aaj_str word)
{
    return find(capabilities, AAJ_ARRAY_SIZE(capabilities), word);
}

int aaj_name_family(struct aaj_str word)
{
    return find(families, AAJ_ARRAY_SIZE(families), word);
}

int aaj_name_socket_type(struct aaj_str word)
{
    return find(socket_types, AAJ_ARRAY_SIZE(socket_types), word);
}

int aaj_name_protocol(struct aaj_str word)
{
    for (size_t i = 0; i < AAJ_ARRAY_SIZE(protocols); i++)
        if (aaj_str_eq(word, aaj_str_c(protocols[i].name)))
            return protocols[i].number;
    return number(word);
}

/* By number: include/uapi/asm-generic/resource.h, which aa_map_resource() maps from. */
static const char *const rlimit_name[AAJ_RLIMITS] = {
    "cpu",     "fsize", "data",  "stack",      "core",     "rss",  "nproc",  "nofile",
    "memlock", "as",    "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime",
};

int aaj_name_rlimit(struct aaj_str word)
{
    for (int i = 0; i < AAJ_RLIMITS; i++)
        if (aaj_str_eq(word, aaj_str_c(rlimit_name[i])))
            return i;
    return -1;
}

const char *aaj_rlimit_name(unsigned resource)
{
    return resource < AAJ_RLIMITS ? rlimit_name[resource] : NULL;
}

int aaj_name_signal(struct aaj_str word)
{
    const struct aaj_str rt = AAJ_STR("rtmin+");
    int n;

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(signals); i++)
        if (aaj_str_eq(word, aaj_str_c(signals[i].name)))
            return signals[i].number;
    if (!aaj_str_starts(word, rt))
        return number(word);
    n = number(aaj_str_skip(word, rt.n));
    return n >= 0 && n <= 32 ? 32 + n : -1; /* the kernel's own SIGRTMIN, not the C library's */
}

static const char *name_of(const char *const *table, size_t n, unsigned i)
{
    return i < n ? table[i] : NULL;
}

const char *aaj_capability_name(unsigned capability)
{
    return name_of(capabilities, AAJ_ARRAY_SIZE(capabilities), capability);
}

const char *aaj_family_name(unsigned family)
{
    return name_of(families, AAJ_ARRAY_SIZE(families), family);
}

const char *aaj_socket_type_name(unsigned type)
{
    return name_of(socket_types, AAJ_ARRAY_SIZE(socket_types), type);
}

uint32_t aaj_perms_of_letters(struct aaj_str letters)
{
    static const struct {
        char letter;
        uint32_t bit;
    } table[] = { { 'r', AAJ_PERM_READ }, { 'w', AAJ_PERM_WRITE },  { 'a', AAJ_PERM_APPEND },
                  { 'x', AAJ_PERM_EXEC }, { 'm', AAJ_PERM_MMAP },   { 'l', AAJ_PERM_LINK },
                  { 'k', AAJ_PERM_LOCK }, { 'c', AAJ_PERM_CREATE }, { 'd', AAJ_PERM_DELETE } };
    uint32_t perms = 0;

    for (size_t i = 0; i < letters.n; i++) {
        uint32_t bit = 0;

        for (size_t j = 0; j < AAJ_ARRAY_SIZE(table); j++)
            if (table[j].letter == letters.p[i])
                bit = table[j].bit;
        if (!bit)
            return 0;
        perms |= bit;
    }
    return perms;
}

static const struct word {
    enum aaj_perm_words kind;
    const char *name;
    uint32_t bit;
} words[] = {
    { AAJ_WORDS_NET, "create", AAJ_PERM_CREATE },
    { AAJ_WORDS_NET, "bind", AAJ_PERM_BIND },
    { AAJ_WORDS_NET, "connect", AAJ_PERM_CONNECT },
    { AAJ_WORDS_NET, "listen", AAJ_PERM_LISTEN },
    { AAJ_WORDS_NET, "accept", AAJ_PERM_ACCEPT },
    { AAJ_WORDS_NET, "send", AAJ_PERM_SEND },
    { AAJ_WORDS_NET, "receive", AAJ_PERM_RECEIVE },
    { AAJ_WORDS_NET, "getattr", AAJ_PERM_GETATTR },
    { AAJ_WORDS_NET, "setattr", AAJ_PERM_SETATTR },
    { AAJ_WORDS_NET, "getopt", AAJ_PERM_GETOPT },
    { AAJ_WORDS_NET, "setopt", AAJ_PERM_SETOPT },
    { AAJ_WORDS_NET, "shutdown", AAJ_PERM_SHUTDOWN },
    { AAJ_WORDS_SIGNAL, "send", AAJ_PERM_SEND },
    { AAJ_WORDS_SIGNAL, "receive", AAJ_PERM_RECEIVE },
    { AAJ_WORDS_PTRACE, "read", AAJ_PERM_PTRACE_READ },
    { AAJ_WORDS_PTRACE, "trace", AAJ_PERM_PTRACE_TRACE },
    { AAJ_WORDS_PTRACE, "readby", AAJ_PERM_PTRACE_READBY },
    { AAJ_WORDS_PTRACE, "tracedby", AAJ_PERM_PTRACE_TRACEDBY },
    { AAJ_WORDS_DBUS, "send", AAJ_PERM_DBUS_SEND },
    { AAJ_WORDS_DBUS, "receive", AAJ_PERM_DBUS_RECEIVE },
    { AAJ_WORDS_DBUS, "bind", AAJ_PERM_DBUS_BIND },
    { AAJ_WORDS_DBUS, "eavesdrop", AAJ_PERM_DBUS_EAVESDROP },
    { AAJ_WORDS_MQUEUE, "create", AAJ_PERM_CREATE },
    { AAJ_WORDS_MQUEUE, "open", AAJ_PERM_OPEN },
    { AAJ_WORDS_MQUEUE, "delete", AAJ_PERM_DELETE },
    { AAJ_WORDS_MQUEUE, "read", AAJ_PERM_READ },
    { AAJ_WORDS_MQUEUE, "write", AAJ_PERM_WRITE },
    { AAJ_WORDS_MQUEUE, "getattr", AAJ_PERM_GETATTR },
    { AAJ_WORDS_MQUEUE, "setattr", AAJ_PERM_SETATTR },
    { AAJ_WORDS_IO_URING, "sqpoll", AAJ_PERM_URING_SQPOLL },
    { AAJ_WORDS_IO_URING, "override_creds", AAJ_PERM_URING_OVERRIDE_CREDS },
    { AAJ_WORDS_MOUNT, "mount", AAJ_PERM_MOUNT },
    { AAJ_WORDS_MOUNT, "umount", AAJ_PERM_UMOUNT },
    { AAJ_WORDS_MOUNT, "pivot_root", AAJ_PERM_PIVOT_ROOT },
};

/* The first of "a,b c" and what is left behind it. */
static struct aaj_str next_word(struct aaj_str *rest)
{
    struct aaj_str word;

    while (rest->n && (rest->p[0] == ',' || rest->p[0] == ' '))
        *rest = aaj_str_skip(*rest, 1);
    word = aaj_str_head(*rest, aaj_str_find(aaj_str_head(*rest, aaj_str_find(*rest, ',')), ' '));
    *rest = aaj_str_skip(*rest, word.n);
    return word;
}

uint32_t aaj_perms_of_words(enum aaj_perm_words kind, struct aaj_str list)
{
    uint32_t perms = 0;
    struct aaj_str word;

    while ((word = next_word(&list)).n) {
        uint32_t bit = 0;

        for (size_t i = 0; i < AAJ_ARRAY_SIZE(words); i++)
            if (words[i].kind == kind && aaj_str_eq(word, aaj_str_c(words[i].name)))
                bit = words[i].bit;
        if (!bit)
            return 0;
        perms |= bit;
    }
    return perms;
}

struct aaj_str aaj_words_of_perms(enum aaj_perm_words kind, uint32_t perms, struct aaj_arena *arena)
{
    struct aaj_str out = AAJ_STR("");

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(words) && out.p; i++)
        if (words[i].kind == kind && perms & words[i].bit)
            out = aaj_arena_printf(arena, "%.*s%s%s", AAJ_STR_ARG(out), out.n ? " " : "", words[i].name);
    return out;
}

bool aaj_mount_flags(struct aaj_str list, unsigned long *ret_flags)
{
    static const struct {
        const char *name;
        unsigned long set;
    } table[] = {
        { "rw", 0 },
        { "ro", 1 },
        { "nosuid", 2 },
        { "nodev", 4 },
        { "noexec", 8 },
        { "sync", 16 },
        { "remount", 32 },
        { "mand", 64 },
        { "dirsync", 128 },
        { "nosymfollow", 256 },
        { "noatime", 1024 },
        { "nodiratime", 2048 },
        { "bind", 4096 },
        { "rbind", 4096 | 16384 },
        { "move", 8192 },
        { "silent", 32768 },
        { "acl", 1ul << 16 },
        { "make-unbindable", 1ul << 17 },
        { "make-private", 1ul << 18 },
        { "make-slave", 1ul << 19 },
        { "make-shared", 1ul << 20 },
        { "make-runbindable", 1ul << 17 | 16384 },
        { "make-rprivate", 1ul << 18 | 16384 },
        { "make-rslave", 1ul << 19 | 16384 },
        { "make-rshared", 1ul << 20 | 16384 },
        /* as the kernel's log spells them */
        { "unbindable", 1ul << 17 },
        { "private", 1ul << 18 },
        { "slave", 1ul << 19 },
        { "shared", 1ul << 20 },
        { "runbindable", 1ul << 17 | 16384 },
        { "rprivate", 1ul << 18 | 16384 },
        { "rslave", 1ul << 19 | 16384 },
        { "rshared", 1ul << 20 | 16384 },
        { "relatime", 1ul << 21 },
        { "iversion", 1ul << 23 },
        { "strictatime", 1ul << 24 },
        { "lazytime", 1ul << 25 },
        { "nouser", 1ul << 31 },
    };
    unsigned long flags = 0;
    struct aaj_str word;

    while ((word = next_word(&list)).n) {
        size_t i = 0;

        while (i < AAJ_ARRAY_SIZE(table) && !aaj_str_eq(word, aaj_str_c(table[i].name)))
            i++;
        if (i == AAJ_ARRAY_SIZE(table))
            return false;
        flags |= table[i].set;
    }
    *ret_flags = flags;
    return true;
}
