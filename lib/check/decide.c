/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a recorded access to the question the kernel would ask, and the answer. */
#include "check/decide.h"

#include <arpa/inet.h>

#include "base/grow.h"
#include "match/names.h"
#include "log/label.h"

static const uint32_t file_perm[] = {
    /* bits of AAJ_MAY_* in their order */
    AAJ_PERM_EXEC,   AAJ_PERM_WRITE, AAJ_PERM_READ, AAJ_PERM_APPEND, AAJ_PERM_CREATE,
    AAJ_PERM_DELETE, AAJ_PERM_LOCK,  AAJ_PERM_LINK, AAJ_PERM_MMAP,
};
/* bits of the net and unix words of log/class.c */
static const uint32_t net_perm[] = {
    AAJ_PERM_CREATE,  AAJ_PERM_BIND,    AAJ_PERM_CONNECT, AAJ_PERM_LISTEN,   AAJ_PERM_ACCEPT, AAJ_PERM_SEND,
    AAJ_PERM_RECEIVE, AAJ_PERM_GETATTR, AAJ_PERM_SETATTR, AAJ_PERM_GETOPT,   AAJ_PERM_SETOPT, AAJ_PERM_SHUTDOWN,
    AAJ_PERM_READ,    AAJ_PERM_WRITE,   AAJ_PERM_OPEN,    AAJ_PERM_DELETE,
};
static const uint32_t signal_perm[] = { AAJ_PERM_SEND, AAJ_PERM_RECEIVE };
static const uint32_t ptrace_perm[] = { AAJ_PERM_PTRACE_READ, AAJ_PERM_PTRACE_TRACE, AAJ_PERM_PTRACE_READBY,
                                        AAJ_PERM_PTRACE_TRACEDBY };
static const uint32_t dbus_perm[] = { AAJ_PERM_DBUS_SEND, AAJ_PERM_DBUS_RECEIVE, AAJ_PERM_DBUS_BIND,
                                      AAJ_PERM_DBUS_EAVESDROP };
static const uint32_t mqueue_perm[] = { AAJ_PERM_CREATE, AAJ_PERM_OPEN,    AAJ_PERM_DELETE, AAJ_PERM_READ,
                                        AAJ_PERM_WRITE,  AAJ_PERM_GETATTR, AAJ_PERM_SETATTR };
static const uint32_t uring_perm[] = { AAJ_PERM_URING_SQPOLL, AAJ_PERM_URING_OVERRIDE_CREDS };

static uint32_t to_perms(const uint32_t *table, size_t n, uint32_t bits)
{
    uint32_t perms = 0;

    for (size_t i = 0; i < n; i++)
        if (bits & 1u << i)
            perms |= table[i];
    return perms;
}

static uint32_t to_bits(const uint32_t *table, size_t n, uint32_t perms)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < n; i++)
        if (perms & table[i])
            bits |= 1u << i;
    return bits;
}

uint32_t aaj_replay_file_perms(uint32_t may)
{
    return to_perms(file_perm, AAJ_ARRAY_SIZE(file_perm), may);
}

struct ask {
    const struct aaj_replay_subject *s;
    const struct aaj_access *a;
    struct aaj_str arg[AAJ_ARGS];
    uint32_t mask; /* what was asked for, or what of it was refused */
};

static struct aaj_replay_decision set_aside(enum aaj_replay_verdict verdict, const char *note)
{
    return (struct aaj_replay_decision){ .verdict = verdict, .note = note };
}

static struct aaj_replay_decision from(struct aaj_decision d, const uint32_t *table, size_t n)
{
    struct aaj_replay_decision r = { .why = d.why, .missing = to_bits(table, n, d.missing) };

    r.verdict = d.verdict == AAJ_ALLOW  ? AAJ_REPLAY_ALLOWED
                : d.verdict == AAJ_DENY ? AAJ_REPLAY_DENIED
                                        : AAJ_REPLAY_NOT_MEDIATED;
    return r;
}

static struct aaj_decision decide_half(const struct ask *q, bool owner, struct aaj_transition *t)
{
    const struct aaj_match_profile *p = q->s->profile;
    struct aaj_decision d;
    uint32_t perms = aaj_replay_file_perms(q->mask);

    if (q->mask & AAJ_MAY_LINK && q->arg[AAJ_FILE_TARGET].n) {
        d = aaj_match_link(p, q->arg[AAJ_FILE_NAME], q->arg[AAJ_FILE_TARGET], owner);
        perms &= ~(uint32_t)AAJ_PERM_LINK;
        if (d.verdict == AAJ_DENY || !perms)
            return d;
    }
    if (q->a->class == AAJ_CLASS_EXEC || q->mask & AAJ_MAY_EXEC) {
        d = aaj_match_exec(p, q->s->world, q->arg[AAJ_FILE_NAME], owner, t);
        perms &= ~(uint32_t)AAJ_PERM_EXEC;
        if (d.verdict == AAJ_DENY || !perms)
            return d;
    }
    return aaj_match_file(p, q->arg[AAJ_FILE_NAME], owner, perms);
}

/*
 * Whose half of the rules decides is told by the evidence: fsuid against ouid. Where both were seen both must
 * agree; where nothing is known the half that grants less (other) is asked. A file that was just being created
 * belongs to its maker.
 */
static struct aaj_replay_decision decide_file(const struct ask *q)
{
    bool other = q->a->owner_no || (!q->a->owner_yes && !q->a->owner_created), owner = !other || q->a->owner_yes;
    struct aaj_replay_decision r = { .verdict = AAJ_REPLAY_ALLOWED };
    struct aaj_transition t = { 0 };

    if (!q->arg[AAJ_FILE_NAME].n)
        return set_aside(AAJ_REPLAY_UNDECIDED, "the record has no name");
    if (q->arg[AAJ_FILE_NAME].p[0] != '/')
        return set_aside(AAJ_REPLAY_UNDECIDED, "a disconnected path: no rule can name it");
    if (!q->mask)
        return set_aside(AAJ_REPLAY_UNDECIDED, "the record says no permission");
    if (owner) {
        r = from(decide_half(q, true, &t), file_perm, AAJ_ARRAY_SIZE(file_perm));
        r.owner_only = r.verdict == AAJ_REPLAY_DENIED;
        r.transition = t;
    }
    if (other) {
        struct aaj_replay_decision o = from(decide_half(q, false, &t), file_perm, AAJ_ARRAY_SIZE(file_perm));

        if (o.verdict == AAJ_REPLAY_DENIED) {
            o.other_only = owner && r.verdict != AAJ_REPLAY_DENIED;
            o.missing |= r.missing;
            r = o;
        } else if (!owner) {
            r = o;
        } else {
            r.owner_only = r.verdict == AAJ_REPLAY_DENIED;
        }
        r.transition = t;
    }
    return r;
}

static struct aaj_str peer_of(const struct ask *q, struct aaj_str label)
{
    return q->s->peer && label.n ? q->s->peer(q->s->ctx, label) : label;
}

/* Left without bytes where the record gives none. */
static void read_address(struct aaj_str addr, struct aaj_str port, struct aaj_match_address *ret)
{
    char text[INET6_ADDRSTRLEN + 1];
    unsigned number = 0;

    if (!addr.n || addr.n >= sizeof(text))
        return;
    memcpy(text, addr.p, addr.n);
    text[addr.n] = '\0';
    if (inet_pton(AF_INET, text, ret->addr) == 1)
        ret->bytes = 4;
    else if (inet_pton(AF_INET6, text, ret->addr) == 1)
        ret->bytes = 16;
    for (size_t i = 0; i < port.n && port.p[i] >= '0' && port.p[i] <= '9'; i++)
        number = number * 10 + (unsigned)(port.p[i] - '0') % 65536;
    ret->port = (uint16_t)number;
}

static struct aaj_replay_decision decide_net(const struct ask *q)
{
    int family = aaj_name_family(q->arg[AAJ_NET_FAMILY]), type = aaj_name_socket_type(q->arg[AAJ_NET_TYPE]);
    int protocol = q->arg[AAJ_NET_PROTOCOL].n ? aaj_name_protocol(q->arg[AAJ_NET_PROTOCOL]) : 0;
    struct aaj_match_address local = { 0 }, peer = { 0 };
    uint32_t perms = to_perms(net_perm, AAJ_ARRAY_SIZE(net_perm), q->mask);

    if (family < 0 || type < 0)
        return set_aside(AAJ_REPLAY_UNDECIDED, "an address family or socket type that is not known here");
    read_address(q->arg[AAJ_NET_LADDR], q->arg[AAJ_NET_LPORT], &local);
    read_address(q->arg[AAJ_NET_FADDR], q->arg[AAJ_NET_FPORT], &peer);
    return from(aaj_match_net(q->s->profile, (unsigned)family, (unsigned)type,
                              protocol > 0 ? (unsigned)protocol : 0, local.bytes ? &local : NULL,
                              peer.bytes ? &peer : NULL, perms ? perms : AAJ_PERM_CREATE),
                net_perm, AAJ_ARRAY_SIZE(net_perm));
}

static struct aaj_replay_decision decide_unix(const struct ask *q)
{
    int type = aaj_name_socket_type(q->arg[AAJ_UNIX_TYPE]);
    uint32_t perms = to_perms(net_perm, AAJ_ARRAY_SIZE(net_perm), q->mask);
    struct aaj_str none = AAJ_STR("none"), addr = q->arg[AAJ_UNIX_ADDR], peer = q->arg[AAJ_UNIX_PEER_ADDR];

    if (type < 0)
        return set_aside(AAJ_REPLAY_UNDECIDED, "a socket type that is not known here");
    return from(aaj_match_unix(q->s->profile, (unsigned)type, 0, addr.n ? addr : none, peer.n ? peer : none,
                               peer_of(q, q->arg[AAJ_UNIX_PEER_LABEL]), perms ? perms : AAJ_PERM_CREATE),
                net_perm, AAJ_ARRAY_SIZE(net_perm));
}

static struct aaj_replay_decision decide_capability(const struct ask *q)
{
    static const uint32_t none[] = { 0 };
    int number = aaj_name_capability(q->arg[AAJ_CAP_NAME]);
    struct aaj_replay_decision d, override;

    if (number < 0)
        return set_aside(AAJ_REPLAY_UNDECIDED, "a capability that is not known here");
    d = from(aaj_match_capability(q->s->profile, (unsigned)number), none, 1);
    if (d.verdict != AAJ_REPLAY_DENIED || !aaj_str_eq(q->arg[AAJ_CAP_NAME], AAJ_STR("dac_read_search")))
        return d;
    /* fs/namei.c, generic_permission(): refused that one, the kernel asks for the other, which allows as much and more */
    override = from(aaj_match_capability(q->s->profile, (unsigned)aaj_name_capability(AAJ_STR("dac_override"))), none, 1);
    return override.verdict == AAJ_REPLAY_ALLOWED
               ? set_aside(AAJ_REPLAY_IRRELEVANT, "refused dac_read_search the kernel asks for dac_override, which is granted")
               : d;
}

static struct aaj_replay_decision decide_signal(const struct ask *q)
{
    int number = aaj_name_signal(q->arg[AAJ_PEER_SIGNAL]);

    if (number < 0)
        return set_aside(AAJ_REPLAY_UNDECIDED, "a signal that is not known here");
    return from(aaj_match_signal(q->s->profile, (unsigned)number, peer_of(q, q->arg[AAJ_PEER_LABEL]),
                                 to_perms(signal_perm, 2, q->mask)),
                signal_perm, 2);
}

static struct aaj_replay_decision decide_ptrace(const struct ask *q)
{
    return from(aaj_match_ptrace(q->s->profile, peer_of(q, q->arg[AAJ_PEER_LABEL]),
                                 to_perms(ptrace_perm, 4, q->mask)),
                ptrace_perm, 4);
}

static struct aaj_replay_decision decide_dbus(const struct ask *q)
{
    struct aaj_match_dbus m = { .bus = q->arg[AAJ_DBUS_BUS],
                                .path = q->arg[AAJ_DBUS_PATH],
                                .interface = q->arg[AAJ_DBUS_INTERFACE],
                                .member = q->arg[AAJ_DBUS_MEMBER],
                                .name = q->arg[AAJ_DBUS_NAME],
                                .peer = peer_of(q, q->arg[AAJ_DBUS_PEER_LABEL]) };

    return from(aaj_match_dbus(q->s->profile, &m, to_perms(dbus_perm, 4, q->mask)), dbus_perm, 4);
}

static struct aaj_replay_decision decide_mount(const struct ask *q, struct aaj_str op)
{
    static const uint32_t none[] = { 0 };
    struct aaj_match_mount m = { .point = q->arg[AAJ_MOUNT_NAME],
                                 .source = q->arg[AAJ_MOUNT_SOURCE],
                                 .fstype = q->arg[AAJ_MOUNT_FSTYPE] };
    struct aaj_str target;

    if (aaj_str_eq(op, AAJ_STR("umount")))
        return from(aaj_match_umount(q->s->profile, m.point), none, 1);
    if (aaj_str_starts(op, AAJ_STR("pivot")))
        return from(aaj_match_pivot_root(q->s->profile, m.point, m.source, &target), none, 1);
    if (!aaj_mount_flags(q->arg[AAJ_MOUNT_FLAGS], &m.flags))
        return set_aside(AAJ_REPLAY_UNDECIDED, "mount flags that are not known here");
    return from(aaj_match_mount(q->s->profile, &m), none, 1);
}

struct aaj_str aaj_replay_hat(struct aaj_str name, struct aaj_str target)
{
    size_t at = aaj_str_search(target, AAJ_STR("//"));

    if (name.n)
        return name;
    name = aaj_str_skip(target, at == target.n ? at : at + 2);
    return aaj_str_starts(name, AAJ_STR("null-")) ? aaj_str_skip(name, 5) : name;
}

/* name= is what was asked for; target= is what came of it, in complain mode a "P//null-…" made for the occasion. */
static struct aaj_str changes_to(const struct ask *q)
{
    struct aaj_str name = q->arg[AAJ_CHANGE_NAME], target = q->arg[AAJ_CHANGE_TARGET];

    if (q->a->class == AAJ_CLASS_CHANGE_HAT)
        return aaj_replay_hat(name, target);
    return name.n ? name : target;
}

static struct aaj_replay_decision decide_change(const struct ask *q, struct aaj_str op)
{
    static const uint32_t none[] = { 0 };
    const struct aaj_match_profile *hat;
    struct aaj_str target = changes_to(q);
    struct aaj_decision d;

    if (!target.n && q->arg[AAJ_CHANGE_TARGET].n)
        return set_aside(AAJ_REPLAY_IRRELEVANT, "the way back out of a hat needs no rule");
    if (!target.n)
        return set_aside(AAJ_REPLAY_UNDECIDED, "the record does not say into which profile");
    if (q->a->class == AAJ_CLASS_CHANGE_HAT) {
        d = aaj_match_change_hat(q->s->profile, target, &hat);
        if (d.verdict == AAJ_DENY && aaj_hat_is_uri(target))
            d = aaj_match_change_hat(q->s->profile, AAJ_DEFAULT_URI, &hat);
        return from(d, none, 1);
    }
    if (aaj_str_ends(op, AAJ_STR("_onexec"))) /* change_onexec, stack_onexec */
        return from(aaj_match_change_onexec(q->s->profile, peer_of(q, target)), none, 1);
    return from(aaj_match_change_profile(q->s->profile, peer_of(q, target), (struct aaj_str){ 0 }), none, 1);
}

static struct aaj_replay_decision decide_rlimit(const struct ask *q)
{
    static const uint32_t none[] = { 0 };
    struct aaj_str text = q->arg[AAJ_RLIMIT_VALUE];
    int resource = aaj_name_rlimit(q->arg[AAJ_RLIMIT_NAME]);
    uint64_t value = 0;

    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text.p[i] - '0'), &value))
            resource = -1;
    if (resource < 0 || text.n == 0)
        return set_aside(AAJ_REPLAY_UNDECIDED, "a limit that is not known here");
    return from(aaj_match_rlimit(q->s->profile, (unsigned)resource, value), none, 1);
}

static struct aaj_replay_decision decide_rest(const struct ask *q)
{
    static const uint32_t none[] = { 0 };

    switch ((enum aaj_class)q->a->class) {
    case AAJ_CLASS_MQUEUE:
        return from(aaj_match_mqueue(q->s->profile, aaj_str_starts(q->arg[AAJ_MQUEUE_TYPE], AAJ_STR("posix")),
                                     q->arg[AAJ_MQUEUE_NAME], q->s->profile->name,
                                     to_perms(mqueue_perm, AAJ_ARRAY_SIZE(mqueue_perm), q->mask)),
                    mqueue_perm, AAJ_ARRAY_SIZE(mqueue_perm));
    case AAJ_CLASS_IO_URING:
        return from(aaj_match_io_uring(q->s->profile, q->arg[AAJ_LABEL_TARGET], to_perms(uring_perm, 2, q->mask)),
                    uring_perm, 2);
    case AAJ_CLASS_USERNS: return from(aaj_match_userns(q->s->profile), none, 1);
    case AAJ_CLASS_SOCKADDR: return set_aside(AAJ_REPLAY_IRRELEVANT, "a destination is the firewall chain's to allow");
    case AAJ_CLASS_RLIMIT: return decide_rlimit(q);
    default: return set_aside(AAJ_REPLAY_UNDECIDED, "no policy of today decides this class");
    }
}

struct aaj_replay_decision aaj_replay_decide(const struct aaj_replay_subject *subject,
                                             const struct aaj_access *access)
{
    struct ask q = { .s = subject, .a = access, .mask = access->denied_mask ? access->denied_mask : access->requested };
    struct aaj_str op = aaj_recording_str(subject->recording, access->op);

    for (size_t i = 0; i < AAJ_ARGS; i++)
        q.arg[i] = aaj_recording_str(subject->recording, access->arg[i]);
    switch ((enum aaj_class)access->class) {
    case AAJ_CLASS_FILE:
        /* aa_compute_fperms() grants it on every path: stat() of a denied file succeeds. */
        if (aaj_str_eq(op, AAJ_STR("getattr")))
            return set_aside(AAJ_REPLAY_IRRELEVANT, "stat() needs no rule");
        return decide_file(&q);
    case AAJ_CLASS_EXEC: return decide_file(&q);
    case AAJ_CLASS_NET: return decide_net(&q);
    case AAJ_CLASS_UNIX: return decide_unix(&q);
    case AAJ_CLASS_CAPABILITY: return decide_capability(&q);
    case AAJ_CLASS_SIGNAL: return decide_signal(&q);
    case AAJ_CLASS_PTRACE: return decide_ptrace(&q);
    case AAJ_CLASS_DBUS: return decide_dbus(&q);
    case AAJ_CLASS_MOUNT: return decide_mount(&q, op);
    case AAJ_CLASS_CHANGE_PROFILE:
    case AAJ_CLASS_CHANGE_HAT: return decide_change(&q, op);
    default: return decide_rest(&q);
    }
}
