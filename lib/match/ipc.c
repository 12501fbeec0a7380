/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities, signals, ptrace, changes of profile, dbus, message queues, user namespaces, io_uring
 * (Linux security/apparmor/{capability,ipc,task,domain}.c; apparmor's parser/{dbus,mqueue}.cc). */
#include <signal.h>
#include <stdlib.h>

#include "match/internal.h"

enum { CAP_SYS_PTRACE = 19, SIGNAL_MAPPED = 35, SIGNAL_RT = 128, KERNEL_SIGRTMIN = 32, KERNEL_SIGRTMAX = 64 };

/* A class that is walked by strings: refused answers come first. */
static bool settled(const struct aaj_match_profile *p, unsigned class, uint32_t request, uint32_t *ret_start,
                    struct aaj_decision *ret)
{
    *ret_start = aaj_match_class_start(p, class);
    if (p->mode == AAJ_UNCONFINED)
        *ret = aaj_match_decide_not_mediated(AAJ_WHY_UNCONFINED, request);
    else if (*ret_start == AAJ_DFA_TRAP)
        *ret = aaj_match_decide_not_mediated(AAJ_WHY_CLASS, request);
    else
        return false;
    return true;
}

static struct aaj_decision decide_state(const struct aaj_match_profile *p, uint32_t state, uint32_t request)
{
    struct aaj_perms perms = aaj_match_state_perms(p, state);

    return aaj_match_decide(p, &perms, request);
}

struct aaj_decision aaj_match_capability(const struct aaj_match_profile *p, unsigned capability)
{
    uint32_t start = aaj_match_class_start(p, AAJ_MATCH_CAP);
    bool high = capability >= 64;
    struct aaj_perms perms = { .allow = !high && (p->cap_allow >> capability & 1),
                               .audit = !high && (p->cap_audit >> capability & 1),
                               .quiet = !high && (p->cap_quiet >> capability & 1) };

    if (p->mode == AAJ_UNCONFINED)
        return aaj_match_decide_not_mediated(AAJ_WHY_UNCONFINED, 1);
    if (start && capability < 256 * 32) { /* 32 a step, where the policy automaton holds them */
        uint32_t state = aaj_match_step(p, start, (uint8_t)(capability >> 5));
        struct aaj_perms in = aaj_match_state_perms(p, state);
        unsigned bit = capability & 31;

        perms = (struct aaj_perms){ .allow = in.allow >> bit & 1,
                                    .deny = in.deny >> bit & 1,
                                    .audit = in.audit >> bit & 1,
                                    .quiet = in.quiet >> bit & 1 };
    }
    return aaj_match_decide(p, &perms, 1);
}

/* The kernel numbers signals alike on every architecture (include/sig_names.h). */
static uint8_t signal_byte(unsigned signal)
{
    static const uint8_t order[] = { SIGNAL_MAPPED, SIGHUP,  SIGINT,    SIGQUIT, SIGILL,  SIGTRAP,   SIGABRT,
                                     SIGBUS,        SIGFPE,  SIGKILL,   SIGUSR1, SIGSEGV, SIGUSR2,   SIGPIPE,
                                     SIGALRM,       SIGTERM, SIGSTKFLT, SIGCHLD, SIGCONT, SIGSTOP,   SIGTSTP,
                                     SIGTTIN,       SIGTTOU, SIGURG,    SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF,
                                     SIGWINCH,      SIGIO,   SIGPWR,    SIGSYS };

    if (signal == 0)
        return SIGNAL_MAPPED;
    if (signal >= KERNEL_SIGRTMIN)
        return signal <= KERNEL_SIGRTMAX ? (uint8_t)(signal - KERNEL_SIGRTMIN + SIGNAL_RT) : 0;
    for (unsigned i = 1; i < sizeof(order); i++)
        if (order[i] == signal)
            return (uint8_t)i;
    return 0;
}

struct aaj_decision aaj_match_signal(const struct aaj_match_profile *p, unsigned signal, struct aaj_str peer,
                                     uint32_t request)
{
    struct aaj_decision d;
    uint32_t state;

    if (settled(p, AAJ_MATCH_SIGNAL, request, &state, &d))
        return d;
    state = aaj_match_step(p, state, signal_byte(signal));
    return decide_state(p, aaj_match_label_walk(p, p->policy->dfa, state, peer), request);
}

struct aaj_decision aaj_match_ptrace(const struct aaj_match_profile *p, struct aaj_str peer, uint32_t request)
{
    bool traced = request & (AAJ_PERM_PTRACE_READBY | AAJ_PERM_PTRACE_TRACEDBY);
    struct aaj_decision d;
    uint32_t state;

    if (traced && aaj_str_eq(peer, AAJ_STR("unconfined")))
        return aaj_match_decide_not_mediated(AAJ_WHY_PEER_UNCONFINED, request);
    if (settled(p, AAJ_MATCH_PTRACE, request, &state, &d)) {
        /* A tracer's profile from before ptrace rules: itself freely, others with the capability. */
        if (d.why == AAJ_WHY_CLASS && !traced && !aaj_str_eq(peer, p->name) &&
            aaj_match_capability(p, CAP_SYS_PTRACE).verdict == AAJ_DENY)
            return aaj_match_decide_deny(AAJ_WHY_CAPABILITY, request);
        return d;
    }
    state = aaj_match_step(p, aaj_match_class_start(p, AAJ_MATCH_LABEL), AAJ_MATCH_PTRACE);
    return decide_state(p, aaj_match_label_walk(p, p->policy->dfa, state, peer), request);
}

/* Change rules are kept among the file rules. */
struct aaj_decision aaj_match_change_profile(const struct aaj_match_profile *p, struct aaj_str target,
                                             struct aaj_str onexec)
{
    uint32_t request = onexec.n ? AAJ_PERM_ONEXEC : AAJ_PERM_CHANGE_PROFILE, state;
    const struct aaj_match_db *db = p->file;
    struct aaj_perms perms;
    struct aaj_decision d;

    if (p->mode == AAJ_UNCONFINED)
        return aaj_match_decide_not_mediated(AAJ_WHY_UNCONFINED, request);
    if (!db)
        return aaj_match_decide_deny(AAJ_WHY_RULE, request);
    state = db->file_start;
    if (onexec.n) {
        state = aaj_dfa_walk(db->dfa, state, onexec);
        perms = aaj_match_db_file_perms(db, state, false);
        d = aaj_match_decide(p, &perms, request);
        if (d.verdict == AAJ_DENY)
            return d;
        state = aaj_dfa_step(db->dfa, state, 0);
    }
    perms = aaj_match_db_file_perms(db, aaj_match_label_walk(p, db->dfa, state, target), false);
    return aaj_match_decide(p, &perms, request);
}

/* aa_change_profile() of the kernel's domain.c: what is set for later is asked of the target alone; the executable comes in
 * when it is executed (profile_onexec()). */
struct aaj_decision aaj_match_change_onexec(const struct aaj_match_profile *p, struct aaj_str target)
{
    struct aaj_perms perms;

    if (p->mode == AAJ_UNCONFINED)
        return aaj_match_decide_not_mediated(AAJ_WHY_UNCONFINED, AAJ_PERM_ONEXEC);
    if (!p->file)
        return aaj_match_decide_deny(AAJ_WHY_RULE, AAJ_PERM_ONEXEC);
    perms = aaj_match_db_file_perms(p->file, aaj_match_label_walk(p, p->file->dfa, p->file->file_start, target), false);
    return aaj_match_decide(p, &perms, AAJ_PERM_ONEXEC);
}

/* From a parent into its hats, from a hat into its siblings. */
struct aaj_decision aaj_match_change_hat(const struct aaj_match_profile *p, struct aaj_str hat,
                                         const struct aaj_match_profile **ret_hat)
{
    const struct aaj_match_profile *parent = p->hat ? p->parent : p, *found;
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str name;

    if (!parent)
        return aaj_match_decide_deny(AAJ_WHY_NOT_HAT, 1);
    name = parent->ns.n ? aaj_arena_printf(&arena, ":%.*s:%.*s//%.*s", AAJ_STR_ARG(parent->ns),
                                           AAJ_STR_ARG(parent->name), AAJ_STR_ARG(hat))
                        : aaj_arena_printf(&arena, "%.*s//%.*s", AAJ_STR_ARG(parent->name), AAJ_STR_ARG(hat));
    found = name.p ? aaj_match_find(p->match, name) : NULL;
    aaj_arena_clear(&arena);
    if (!found)
        return aaj_match_decide_deny(AAJ_WHY_NO_HAT, 1);
    if (!found->hat)
        return aaj_match_decide_deny(AAJ_WHY_NOT_HAT, 1);
    if (ret_hat)
        *ret_hat = found;
    return (struct aaj_decision){ .verdict = AAJ_ALLOW, .request = 1 };
}

struct aaj_decision aaj_match_dbus(const struct aaj_match_profile *p, const struct aaj_match_dbus *message,
                                   uint32_t request)
{
    const struct aaj_str part[] = { message->bus,  message->name,      message->peer,
                                    message->path, message->interface, message->member };
    size_t n = request & AAJ_PERM_DBUS_EAVESDROP ? 1 : request & AAJ_PERM_DBUS_BIND ? 2 : 6;
    struct aaj_decision d;
    uint32_t state;

    if (settled(p, AAJ_MATCH_DBUS, request, &state, &d))
        return d;
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            state = aaj_match_step(p, state, 0);
        state = i == 2 ? aaj_match_label_walk(p, p->policy->dfa, state, part[i])
                       : aaj_match_walk(p, state, part[i]);
    }
    return decide_state(p, state, request);
}

static uint32_t walk_key(const struct aaj_match_profile *p, uint32_t state, struct aaj_str name)
{
    uint32_t key = 0;

    for (size_t i = 0; i < name.n; i++)
        key = key * 10 + (uint32_t)(name.p[i] - '0');
    for (int shift = 24; shift >= 0; shift -= 8)
        state = aaj_match_step(p, state, (uint8_t)(key >> shift));
    return state;
}

struct aaj_decision aaj_match_mqueue(const struct aaj_match_profile *p, bool posix, struct aaj_str name,
                                     struct aaj_str label, uint32_t request)
{
    struct aaj_decision d;
    uint32_t state;

    if (settled(p, posix ? AAJ_MATCH_POSIX_MQUEUE : AAJ_MATCH_SYSV_MQUEUE, request, &state, &d))
        return d;
    state = posix ? aaj_match_walk(p, state, name) : walk_key(p, state, name);
    d = decide_state(p, state, request);
    if (d.verdict == AAJ_ALLOW)
        return d;
    state = aaj_match_label_walk(p, p->policy->dfa, aaj_match_step(p, state, 0), label);
    return decide_state(p, state, request);
}

struct aaj_decision aaj_match_rlimit(const struct aaj_match_profile *p, unsigned resource, uint64_t value)
{
    struct aaj_perms perms = { 0 };

    if (p->mode == AAJ_UNCONFINED)
        return aaj_match_decide_not_mediated(AAJ_WHY_UNCONFINED, 1);
    if (resource >= AAJ_RLIMITS || !(p->rlimits_set >> resource & 1))
        return aaj_match_decide_not_mediated(AAJ_WHY_CLASS, 1);
    perms.allow = value <= p->rlimit[resource];
    return aaj_match_decide(p, &perms, 1);
}

struct aaj_decision aaj_match_userns(const struct aaj_match_profile *p)
{
    struct aaj_decision d;
    uint32_t state;

    if (settled(p, AAJ_MATCH_NS, AAJ_PERM_USERNS_CREATE, &state, &d))
        return d;
    return decide_state(p, state, AAJ_PERM_USERNS_CREATE);
}

struct aaj_decision aaj_match_io_uring(const struct aaj_match_profile *p, struct aaj_str label,
                                       uint32_t request)
{
    struct aaj_decision d;
    uint32_t state;

    if (settled(p, AAJ_MATCH_IO_URING, request, &state, &d))
        return d;
    if (request & AAJ_PERM_URING_OVERRIDE_CREDS)
        state = aaj_match_label_walk(p, p->policy->dfa, state, label);
    return decide_state(p, state, request);
}
