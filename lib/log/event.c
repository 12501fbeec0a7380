/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a record means: its mode, its class, and the arguments of that class. */
#include <errno.h>

#include "log/record.h"

static const struct {
    struct aaj_str word;
    enum aaj_mode mode;
} modes[] = {
    { AAJ_STR_INIT("ALLOWED"), AAJ_MODE_ALLOWED }, { AAJ_STR_INIT("DENIED"), AAJ_MODE_DENIED },
    { AAJ_STR_INIT("AUDIT"), AAJ_MODE_AUDIT },     { AAJ_STR_INIT("STATUS"), AAJ_MODE_STATUS },
    { AAJ_STR_INIT("HINT"), AAJ_MODE_HINT },       { AAJ_STR_INIT("ERROR"), AAJ_MODE_ERROR },
    { AAJ_STR_INIT("KILLED"), AAJ_MODE_KILLED },
};

/* By type - 1501, linux/audit.h AUDIT_APPARMOR_AUDIT … AUDIT_APPARMOR_KILL. */
static const enum aaj_mode mode_of_type[] = {
    AAJ_MODE_AUDIT,  AAJ_MODE_ALLOWED, AAJ_MODE_DENIED, AAJ_MODE_HINT,
    AAJ_MODE_STATUS, AAJ_MODE_ERROR,   AAJ_MODE_KILLED,
};

static const struct aaj_str status_prefix = AAJ_STR_INIT("profile_");

enum aaj_mode aaj_log_mode(const struct aaj_log_head *head, struct aaj_log_record *record)
{
    int type = head->type;
    uint64_t n;

    if (aaj_log_has(record, AAJ_KEY_APPARMOR)) {
        struct aaj_str word = aaj_log_value(record, AAJ_KEY_APPARMOR);

        for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
            if (aaj_str_eq(word, modes[i].word))
                return modes[i].mode;
        return AAJ_MODE_INVALID;
    }
    if (aaj_log_number(aaj_log_value(record, AAJ_KEY_TYPE), &n) && n >= AAJ_AUDIT_APPARMOR_FIRST &&
        n <= AAJ_AUDIT_APPARMOR_LAST)
        type = (int)n;
    if (type >= AAJ_AUDIT_APPARMOR_FIRST && type <= AAJ_AUDIT_APPARMOR_LAST)
        return mode_of_type[type - AAJ_AUDIT_APPARMOR_FIRST];
    /* AppArmor 2.x without a number: loading is no access; the rest does not say, so it is not allowed. */
    if (aaj_str_starts(aaj_log_value(record, AAJ_KEY_OPERATION), status_prefix))
        return AAJ_MODE_STATUS;
    return aaj_log_has(record, AAJ_KEY_OPERATION) ? AAJ_MODE_DENIED : AAJ_MODE_INVALID;
}

struct class_name {
    struct aaj_str name;
    enum aaj_class class;
};

static const struct class_name class_of_op[] = {
    { AAJ_STR_INIT("exec"), AAJ_CLASS_EXEC },
    { AAJ_STR_INIT("capable"), AAJ_CLASS_CAPABILITY },
    { AAJ_STR_INIT("signal"), AAJ_CLASS_SIGNAL },
    { AAJ_STR_INIT("ptrace"), AAJ_CLASS_PTRACE },
    { AAJ_STR_INIT("mount"), AAJ_CLASS_MOUNT },
    { AAJ_STR_INIT("umount"), AAJ_CLASS_MOUNT },
    { AAJ_STR_INIT("pivotroot"), AAJ_CLASS_MOUNT },
    { AAJ_STR_INIT("change_profile"), AAJ_CLASS_CHANGE_PROFILE },
    { AAJ_STR_INIT("change_onexec"), AAJ_CLASS_CHANGE_PROFILE },
    { AAJ_STR_INIT("stack"), AAJ_CLASS_CHANGE_PROFILE },
    { AAJ_STR_INIT("stack_onexec"), AAJ_CLASS_CHANGE_PROFILE },
    { AAJ_STR_INIT("change_hat"), AAJ_CLASS_CHANGE_HAT },
    { AAJ_STR_INIT("setrlimit"), AAJ_CLASS_RLIMIT },
    { AAJ_STR_INIT("uring_override"), AAJ_CLASS_IO_URING },
    { AAJ_STR_INIT("uring_sqpoll"), AAJ_CLASS_IO_URING },
    { AAJ_STR_INIT("userns_create"), AAJ_CLASS_USERNS },
};

static const struct class_name class_of_key[] = {
    { AAJ_STR_INIT("file"), AAJ_CLASS_FILE },
    { AAJ_STR_INIT("net"), AAJ_CLASS_NET },
    { AAJ_STR_INIT("cap"), AAJ_CLASS_CAPABILITY },
    { AAJ_STR_INIT("mount"), AAJ_CLASS_MOUNT },
    { AAJ_STR_INIT("signal"), AAJ_CLASS_SIGNAL },
    { AAJ_STR_INIT("ptrace"), AAJ_CLASS_PTRACE },
    { AAJ_STR_INIT("namespace"), AAJ_CLASS_USERNS },
    { AAJ_STR_INIT("io_uring"), AAJ_CLASS_IO_URING },
    { AAJ_STR_INIT("posix_mqueue"), AAJ_CLASS_MQUEUE },
    { AAJ_STR_INIT("sysv_mqueue"), AAJ_CLASS_MQUEUE },
    { AAJ_STR_INIT("rlimits"), AAJ_CLASS_RLIMIT },
    { AAJ_STR_INIT("unix"), AAJ_CLASS_UNIX },
    { AAJ_STR_INIT("dbus"), AAJ_CLASS_DBUS },
};

static enum aaj_class look_up(const struct class_name *names, size_t n, struct aaj_str name)
{
    for (size_t i = 0; i < n; i++)
        if (aaj_str_eq(name, names[i].name))
            return names[i].class;
    return AAJ_CLASS_NONE;
}

/* The operation decides where it can, because class="file" is also said of change_hat and exec; then the
 * class; then which keys there are, for what is older than class= and for operations of the future. */
static enum aaj_class class_of(struct aaj_log_record *r, struct aaj_str op)
{
    enum aaj_class class = look_up(class_of_op, sizeof(class_of_op) / sizeof(class_of_op[0]), op);
    struct aaj_str said = aaj_log_value(r, AAJ_KEY_CLASS);

    if (class != AAJ_CLASS_NONE)
        return class;
    if (aaj_str_starts(op, AAJ_STR("dbus_")))
        return AAJ_CLASS_DBUS;
    class = look_up(class_of_key, sizeof(class_of_key) / sizeof(class_of_key[0]), said);
    if (class == AAJ_CLASS_NET || (class == AAJ_CLASS_NONE && aaj_log_has(r, AAJ_KEY_FAMILY)))
        return aaj_str_eq(aaj_log_value(r, AAJ_KEY_FAMILY), AAJ_STR("unix")) ? AAJ_CLASS_UNIX : AAJ_CLASS_NET;
    if (class != AAJ_CLASS_NONE)
        return class;
    if (said.n)
        return AAJ_CLASS_OTHER; /* a class of the future */
    if (aaj_log_has(r, AAJ_KEY_DENIED) || aaj_log_has(r, AAJ_KEY_REQUESTED))
        return AAJ_CLASS_FILE;
    return AAJ_CLASS_OTHER;
}

static const struct {
    const char *name;
    uint8_t number;
} protocols[] = {
    { "ip", 0 },   { "icmp", 1 },  { "igmp", 2 },    { "tcp", 6 },     { "udp", 17 },
    { "dccp", 33 }, { "ipv6", 41 }, { "gre", 47 },    { "esp", 50 },    { "ah", 51 },
    { "ipv6-icmp", 58 }, { "ospf", 89 }, { "sctp", 132 }, { "udplite", 136 },
};

const char *aaj_log_protocol(uint64_t number)
{
    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
        if (protocols[i].number == number)
            return protocols[i].name;
    return NULL;
}

/* Numbers as names for the internet families; those of others (netlink, packet) stay numbers. */
static struct aaj_str protocol_of(struct aaj_log_record *r, struct aaj_str family)
{
    struct aaj_str v = aaj_log_value(r, AAJ_KEY_PROTOCOL);
    const char *name;
    uint64_t number;

    if (!aaj_str_starts(family, AAJ_STR("inet")) || !aaj_log_number(v, &number))
        return v;
    name = aaj_log_protocol(number);
    return name ? aaj_str_c(name) : v;
}

/*
 * Of the two ports of a connection one names the service and the other was picked by a kernel, another
 * for every connection; kept, it would make every connection an access of its own. Linux picks from
 * ip_local_port_range, 32768 and up; NAT and other systems pick from 1024 up.
 */
enum { PICKED_LINUX = 32768, RESERVED = 1024, RESERVED_PICKED = 512 };

static bool says_one_end(struct aaj_str op)
{
    return aaj_str_eq(op, AAJ_STR("bind")) || aaj_str_eq(op, AAJ_STR("listen")) ||
           aaj_str_eq(op, AAJ_STR("connect"));
}

unsigned aaj_log_picked_port(struct aaj_str op, uint64_t local, uint64_t foreign)
{
    bool has_local = local != UINT64_MAX, has_foreign = foreign != UINT64_MAX;

    if (aaj_str_eq(op, AAJ_STR("accept")))
        return has_foreign ? AAJ_PICKED_FOREIGN : 0;
    if (says_one_end(op) || !has_local)
        return 0; /* what was asked for */
    if (local >= PICKED_LINUX)
        return AAJ_PICKED_LOCAL; /* outgoing */
    if (has_foreign && (foreign >= PICKED_LINUX || (local < RESERVED_PICKED && foreign >= RESERVED)))
        return AAJ_PICKED_FOREIGN; /* came in */
    return 0;
}

static uint64_t port_of(struct aaj_str text)
{
    uint64_t port;

    return aaj_log_number(text, &port) ? port : UINT64_MAX;
}

static void drop_picked_port(struct aaj_event *e)
{
    unsigned picked = aaj_log_picked_port(e->op, port_of(e->arg[AAJ_NET_LPORT]), port_of(e->arg[AAJ_NET_FPORT]));

    if (picked)
        e->arg[picked == AAJ_PICKED_LOCAL ? AAJ_NET_LPORT : AAJ_NET_FPORT] = (struct aaj_str){ "", 0 };
}

static void net_args(struct aaj_log_record *r, struct aaj_event *e)
{
    e->arg[AAJ_NET_FAMILY] = aaj_log_value(r, AAJ_KEY_FAMILY);
    e->arg[AAJ_NET_TYPE] = aaj_log_value(r, AAJ_KEY_SOCK_TYPE);
    e->arg[AAJ_NET_PROTOCOL] = protocol_of(r, e->arg[AAJ_NET_FAMILY]);
    e->arg[AAJ_NET_LADDR] = aaj_log_value(r, AAJ_KEY_LADDR);
    e->arg[AAJ_NET_LPORT] = aaj_log_value(r, AAJ_KEY_LPORT);
    e->arg[AAJ_NET_FADDR] = aaj_log_value(r, AAJ_KEY_FADDR);
    e->arg[AAJ_NET_FPORT] = aaj_log_value(r, AAJ_KEY_FPORT);
    drop_picked_port(e);
}

static struct aaj_str peer_of(struct aaj_log_record *r)
{
    if (aaj_log_has(r, AAJ_KEY_PEER))
        return aaj_log_value(r, AAJ_KEY_PEER);
    if (aaj_log_has(r, AAJ_KEY_PEER_PROFILE))
        return aaj_log_value(r, AAJ_KEY_PEER_PROFILE);
    return aaj_log_value(r, AAJ_KEY_TARGET);
}

static void dbus_args(struct aaj_log_record *r, struct aaj_event *e)
{
    e->arg[AAJ_DBUS_BUS] = aaj_log_value(r, AAJ_KEY_BUS);
    e->arg[AAJ_DBUS_PATH] = aaj_log_value(r, AAJ_KEY_PATH);
    e->arg[AAJ_DBUS_INTERFACE] = aaj_log_value(r, AAJ_KEY_INTERFACE);
    e->arg[AAJ_DBUS_MEMBER] = aaj_log_value(r, AAJ_KEY_MEMBER);
    e->arg[AAJ_DBUS_NAME] = aaj_log_value(r, AAJ_KEY_NAME);
    e->arg[AAJ_DBUS_PEER_LABEL] = aaj_log_value(r, AAJ_KEY_PEER_PROFILE);
}

static void unix_args(struct aaj_log_record *r, struct aaj_event *e)
{
    e->arg[AAJ_UNIX_TYPE] = aaj_log_value(r, AAJ_KEY_SOCK_TYPE);
    e->arg[AAJ_UNIX_PROTOCOL] = aaj_log_value(r, AAJ_KEY_PROTOCOL);
    e->arg[AAJ_UNIX_ADDR] = aaj_log_value(r, AAJ_KEY_ADDR);
    e->arg[AAJ_UNIX_PEER_ADDR] = aaj_log_value(r, AAJ_KEY_PEER_ADDR);
    e->arg[AAJ_UNIX_PEER_LABEL] = peer_of(r);
}

static void args_of(struct aaj_log_record *r, struct aaj_event *e)
{
    struct aaj_str name = aaj_log_value(r, AAJ_KEY_NAME), target = aaj_log_value(r, AAJ_KEY_TARGET);

    switch (e->class) {
    case AAJ_CLASS_NET:
        net_args(r, e);
        break;
    case AAJ_CLASS_UNIX:
        unix_args(r, e);
        break;
    case AAJ_CLASS_CAPABILITY:
        e->arg[AAJ_CAP_NAME] = name.n ? name : aaj_log_value(r, AAJ_KEY_CAPABILITY);
        break;
    case AAJ_CLASS_SIGNAL:
        e->arg[AAJ_PEER_SIGNAL] = aaj_log_value(r, AAJ_KEY_SIGNAL);
        e->arg[AAJ_PEER_LABEL] = peer_of(r);
        break;
    case AAJ_CLASS_PTRACE:
        e->arg[AAJ_PEER_LABEL] = peer_of(r);
        break;
    case AAJ_CLASS_MOUNT:
        e->arg[AAJ_MOUNT_NAME] = name;
        e->arg[AAJ_MOUNT_SOURCE] = aaj_log_value(r, AAJ_KEY_SRCNAME);
        e->arg[AAJ_MOUNT_FSTYPE] = aaj_log_value(r, AAJ_KEY_FSTYPE);
        e->arg[AAJ_MOUNT_FLAGS] = aaj_log_value(r, AAJ_KEY_FLAGS);
        break;
    case AAJ_CLASS_CHANGE_PROFILE:
    case AAJ_CLASS_CHANGE_HAT:
        e->arg[AAJ_CHANGE_TARGET] = target;
        e->arg[AAJ_CHANGE_NAME] = name;
        break;
    case AAJ_CLASS_DBUS:
        dbus_args(r, e);
        break;
    case AAJ_CLASS_MQUEUE:
        e->arg[AAJ_MQUEUE_TYPE] = aaj_log_value(r, AAJ_KEY_CLASS);
        e->arg[AAJ_MQUEUE_NAME] = name;
        break;
    case AAJ_CLASS_IO_URING:
    case AAJ_CLASS_USERNS:
        e->arg[AAJ_LABEL_TARGET] = target.n ? target : aaj_log_value(r, AAJ_KEY_PEER_PROFILE);
        break;
    case AAJ_CLASS_RLIMIT:
        e->arg[AAJ_RLIMIT_NAME] = aaj_log_value(r, AAJ_KEY_RLIMIT);
        e->arg[AAJ_RLIMIT_VALUE] = aaj_log_value(r, AAJ_KEY_VALUE);
        break;
    default:
        e->arg[AAJ_FILE_NAME] = name;
        e->arg[AAJ_FILE_TARGET] = target;
        break;
    }
}

/* namespace="root//x" is x below the root; "root" and 2.x's "default" are the root itself. */
static struct aaj_str namespace_of(struct aaj_log_record *r)
{
    static const struct aaj_str root = AAJ_STR_INIT("root"), below = AAJ_STR_INIT("root//");
    struct aaj_str ns = aaj_log_value(r, AAJ_KEY_NAMESPACE);

    if (ns.n && ns.p[0] == ':')
        ns = aaj_str_skip(ns, 1);
    if (aaj_str_starts(ns, below))
        return aaj_str_skip(ns, below.n);
    if (aaj_str_eq(ns, root) || aaj_str_eq(ns, AAJ_STR("default")))
        return (struct aaj_str){ "", 0 };
    return ns;
}

static uint32_t uid_of(struct aaj_log_record *r, enum aaj_log_key key)
{
    uint64_t v;

    return aaj_log_number(aaj_log_value(r, key), &v) && v < AAJ_UID_NONE ? (uint32_t)v : AAJ_UID_NONE;
}

static void masks_of(struct aaj_log_record *r, struct aaj_event *e)
{
    bool known;
    int half = 0;

    known = aaj_log_mask(e->class, aaj_log_value(r, AAJ_KEY_REQUESTED), &e->requested, &half);
    if (!aaj_log_mask(e->class, aaj_log_value(r, AAJ_KEY_DENIED), &e->denied, &half) || !known)
        e->unknown_mask = true;
    e->owner_half = half;
    /* Capabilities, hats, mounts have no mask; dbus says one mask for both. */
    if (e->class == AAJ_CLASS_DBUS && !e->requested)
        e->requested = e->denied;
    if (e->class == AAJ_CLASS_USERNS && !aaj_log_has(r, AAJ_KEY_REQUESTED))
        e->requested = e->denied;
}

int aaj_log_event(const struct aaj_log_head *head, struct aaj_log_record *r, struct aaj_event *ret_event)
{
    struct aaj_event e = { .time_ms = head->time_ms, .serial = head->serial,
                           .host = head->host, .boot = head->boot, .channel = head->channel };
    struct aaj_str error = { "", 0 };
    uint64_t n;

    e.mode = aaj_log_mode(head, r);
    if (e.mode == AAJ_MODE_INVALID) {
        r->why = aaj_log_has(r, AAJ_KEY_APPARMOR) ? "apparmor= holds a word that is not known"
                                                  : "neither apparmor= nor operation= is there";
        r->at = head->payload.p;
        return -EINVAL;
    }
    e.op = aaj_log_value(r, AAJ_KEY_OPERATION);
    e.label = aaj_log_value(r, AAJ_KEY_PROFILE);
    e.ns = namespace_of(r);
    e.comm = aaj_log_value(r, AAJ_KEY_COMM);
    e.info = aaj_log_value(r, AAJ_KEY_INFO);
    e.execpath = aaj_log_value(r, AAJ_KEY_EXECPATH);
    if (aaj_log_number(aaj_log_value(r, AAJ_KEY_PID), &n))
        e.pid = (uint32_t)n;
    error = aaj_log_value(r, AAJ_KEY_ERROR);
    if (error.n && error.p[0] == '-' && aaj_log_number(aaj_str_skip(error, 1), &n) && n < 4096)
        e.error = -(int32_t)n;
    e.fsuid = uid_of(r, AAJ_KEY_FSUID);
    e.ouid = uid_of(r, AAJ_KEY_OUID);
    e.class = class_of(r, e.op);
    masks_of(r, &e);
    args_of(r, &e);
    *ret_event = e;
    return 0;
}
