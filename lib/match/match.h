/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compiled policy, read and asked: the answers are those the kernel would give, for interface versions
 * 5 to 9, permissions in accept tables or in a table of their own, plain or zstd-compressed.
 *
 * Sources of the facts: Linux
 * security/apparmor/{policy_unpack,policy_compat,file,domain,net,af_unix,ipc,task, mount,capability,lib}.c;
 * for dbus, which user space mediates, apparmor's parser/dbus.cc.
 *
 * An opened policy never changes and may be asked from several threads. Strings in it live as long as it.
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"
#include "match/dfa.h"
#include "match/perms.h"

struct aaj_match;    /* what one compilation made: profiles, hats, children */
struct aaj_match_db; /* an automaton with the meaning of its states */

enum aaj_profile_mode { AAJ_ENFORCE, AAJ_COMPLAIN, AAJ_KILL, AAJ_UNCONFINED, AAJ_PROMPT };

/* One profile. Read it, never change it. */
enum { AAJ_RLIMITS = 16 };

struct aaj_match_profile {
    const struct aaj_match *match;
    struct aaj_str name;       /* "parent//child", without a namespace */
    struct aaj_str ns;         /* empty: the loader's own */
    struct aaj_str attachment; /* the expression as text, where the format keeps it */
    struct aaj_str disconnected;
    const struct aaj_match_profile *parent; /* NULL also where the parent is not in this policy */
    bool hat;
    enum aaj_profile_mode mode;
    bool audit_all;
    uint32_t path_flags; /* 4 attach_disconnected, 8 chroot_relative, 0x10000 mediate_deleted */
    uint64_t cap_allow, cap_audit, cap_quiet; /* bit = capability number */
    unsigned abi, parser_abi;
    const struct aaj_match_db *xmatch, *policy, *file; /* NULL where there is none */
    uint32_t xmatch_len;                               /* how specific the attachment is */
    uint32_t n_xattrs;
    uint64_t rlimits_set;          /* bit = resource, as in <sys/resource.h> */
    uint64_t rlimit[AAJ_RLIMITS]; /* hard limits */
    bool secmark;
};

/* @blob is copied. -EINVAL with a finding for what is no sound policy, -ENOTSUP for an interface this does
 * not know, -E2BIG for compressed policy that grows past AAJ_FILE_MAX, -ENOMEM. */
int aaj_match_open(struct aaj_str blob, struct aaj_str file, struct aaj_diags *diags,
                   struct aaj_match **ret_match);
struct aaj_match *aaj_match_free(struct aaj_match *match);

/* True when the bytes begin as compiled policy does (so that a file of text is told apart). */
bool aaj_match_is_policy(struct aaj_str bytes);

size_t aaj_match_count(const struct aaj_match *match);
/* In the order of the policy: parents before their children where the parser wrote them so. */
const struct aaj_match_profile *aaj_match_profile(const struct aaj_match *match, size_t i);
/* NULL when there is none. @name: "parent//child", or ":ns:name". */
const struct aaj_match_profile *aaj_match_find(const struct aaj_match *match, struct aaj_str name);

/* The policies that are loaded together; a transition may lead into any of them. */
struct aaj_match_world {
    const struct aaj_match *const *match;
    size_t n;
};

enum aaj_verdict { AAJ_DENY, AAJ_ALLOW, AAJ_NOT_MEDIATED };

enum aaj_why {
    AAJ_WHY_RULE,        /* allowed by a rule, or no rule allows it */
    AAJ_WHY_DENY_RULE,   /* a deny rule takes it away (known only where it also silences) */
    AAJ_WHY_CLASS,       /* this policy does not mediate the class: the kernel does not ask */
    AAJ_WHY_UNCONFINED,  /* flags=(unconfined) */
    AAJ_WHY_NO_TARGET,   /* exec: x is granted, but what it leads to is not loaded */
    AAJ_WHY_CONFLICT,    /* exec: two profiles attach equally well */
    AAJ_WHY_LINK_TARGET, /* link: the pair is not granted */
    AAJ_WHY_LINK_SUBSET, /* link: the new name would have rights the old one lacks */
    AAJ_WHY_NO_HAT,      /* change_hat: there is none of that name */
    AAJ_WHY_NOT_HAT,     /* change_hat: it is a child profile, or asked from inside a child */
    AAJ_WHY_MOUNT_POINT, /* mount: which part did not match */
    AAJ_WHY_MOUNT_SOURCE,
    AAJ_WHY_MOUNT_TYPE,
    AAJ_WHY_MOUNT_FLAGS,
    AAJ_WHY_MOUNT_DATA,
    AAJ_WHY_PEER_UNCONFINED, /* ptrace: an unconfined tracer is not asked about */
    AAJ_WHY_CAPABILITY,      /* ptrace where it is not mediated: capability sys_ptrace decides */
    AAJ_WHY_COUNT,
};
const char *aaj_why_text(enum aaj_why why);

struct aaj_decision {
    enum aaj_verdict verdict;
    enum aaj_why why;
    uint32_t request;      /* what was asked for */
    uint32_t missing;      /* of that, what is refused */
    uint32_t audit, quiet; /* of what is allowed: logged anyway; of what is missing: not logged */
};

/* FILE. A folder's path ends in "/". @owner: the file belongs to the process's fsuid. Policy is asked for
 * what the kernel asks: see enum AAJ_PERM_ of match/perms.h. */
struct aaj_decision aaj_match_file(const struct aaj_match_profile *p, struct aaj_str path, bool owner,
                                   uint32_t request);
/* Everything the policy says about one path. */
struct aaj_perms aaj_match_file_perms(const struct aaj_match_profile *p, struct aaj_str path, bool owner);

/* Stepping through the file rules by hand: the automaton (NULL: no rule at all, everything is denied), where
 * it starts, and what a state grants. */
const struct aaj_dfa *aaj_match_file_dfa(const struct aaj_match_profile *p, uint32_t *ret_start);
struct aaj_perms aaj_match_file_state(const struct aaj_match_profile *p, uint32_t state, bool owner);

/* LINK: @link is the new name of @target. */
struct aaj_decision aaj_match_link(const struct aaj_match_profile *p, struct aaj_str link,
                                   struct aaj_str target, bool owner);

/* EXEC */
enum aaj_transition_kind {
    AAJ_T_NONE,       /* refused */
    AAJ_T_INHERIT,    /* stays in the profile */
    AAJ_T_UNCONFINED, /* leaves all confinement */
    AAJ_T_PROFILE,    /* into @profile */
    AAJ_T_LEARN,      /* complain mode, no rule: a "//null-" profile is made */
};

struct aaj_transition {
    /* as the rule says */
    char rule[4];          /* "ix", "px", "cx", "ux", "pix", "pux", "cix", "cux"; "" without x */
    bool scrub;            /* the environment is scrubbed: Px, Cx, Ux */
    bool child;            /* cx: looked up among the children */
    struct aaj_str target; /* the named target, "&…" for a stack; empty: by attachment */
    /* as it is resolved */
    enum aaj_transition_kind kind;
    const struct aaj_match_profile *profile;
    bool stack;    /* the target is added to the profile, not put in its place */
    bool fallback; /* the target was not found; inherit or unconfined is the fallback */
};

/* @world NULL: only the policy that @p is from. */
struct aaj_decision aaj_match_exec(const struct aaj_match_profile *p, const struct aaj_match_world *world,
                                   struct aaj_str path, bool owner, struct aaj_transition *ret_transition);
/* What the x rules of an aaj_perms lead to, before anything is looked up. */
void aaj_match_transition(const struct aaj_match_profile *p, uint32_t xindex,
                          struct aaj_transition *ret_transition);

/* ATTACH: which profile an unconfined process gets by executing @path. *ret_profile NULL: none; with
 * *ret_other set: two attach equally well, so that nobody is confined (@world NULL is not allowed). */
void aaj_match_attach(const struct aaj_match_world *world, struct aaj_str path,
                      const struct aaj_match_profile **ret_profile,
                      const struct aaj_match_profile **ret_other);
/* Does the profile's attachment match at all? *ret_len: how specific the match is (may be NULL). */
bool aaj_match_attaches(const struct aaj_match_profile *p, struct aaj_str path, uint32_t *ret_len);

struct aaj_decision aaj_match_capability(const struct aaj_match_profile *p, unsigned capability);

/* NET and UNIX. Addresses in network order; a side that is not given (family 0) is taken as having none. */
struct aaj_match_address {
    unsigned bytes; /* 4, 16 or 0: none */
    uint8_t addr[16];
    uint16_t port;
};
struct aaj_decision aaj_match_net(const struct aaj_match_profile *p, unsigned family, unsigned type,
                                  unsigned protocol, const struct aaj_match_address *local,
                                  const struct aaj_match_address *peer, uint32_t request);
/* True when the policy's network rules look at addresses. */
bool aaj_match_net_addresses(const struct aaj_match_profile *p);

/* Addresses: "none" (anonymous), "@name" (abstract) or a path. A path is mediated by the file rules, or not
 * at all: see facts on the kernel. */
struct aaj_decision aaj_match_unix(const struct aaj_match_profile *p, unsigned type, unsigned protocol,
                                   struct aaj_str addr, struct aaj_str peer_addr, struct aaj_str peer_label,
                                   uint32_t request);

/* @signal: the number on this machine; 0 asks whether the process exists. Request: SEND, RECEIVE. */
struct aaj_decision aaj_match_signal(const struct aaj_match_profile *p, unsigned signal, struct aaj_str peer,
                                     uint32_t request);
struct aaj_decision aaj_match_ptrace(const struct aaj_match_profile *p, struct aaj_str peer,
                                     uint32_t request);

/* @onexec: the executable, for change_onexec; empty for change_profile. @target may be ":ns:name". */
struct aaj_decision aaj_match_change_profile(const struct aaj_match_profile *p, struct aaj_str target,
                                             struct aaj_str onexec);
/* Only that it is set for the next exec, of whatever. */
struct aaj_decision aaj_match_change_onexec(const struct aaj_match_profile *p, struct aaj_str target);
struct aaj_decision aaj_match_change_hat(const struct aaj_match_profile *p, struct aaj_str hat,
                                         const struct aaj_match_profile **ret_hat);

/* DBUS, as dbus-daemon asks. BIND looks at bus and name, EAVESDROP at bus. */
struct aaj_match_dbus {
    struct aaj_str bus, path, interface, member, name, peer;
};
struct aaj_decision aaj_match_dbus(const struct aaj_match_profile *p, const struct aaj_match_dbus *message,
                                   uint32_t request);

/* MOUNT. @flags: MS_… of mount(2). */
struct aaj_match_mount {
    struct aaj_str point, source, fstype;
    unsigned long flags;
    struct aaj_str data; /* empty or of a binary file system: not looked at */
};
struct aaj_decision aaj_match_mount(const struct aaj_match_profile *p, const struct aaj_match_mount *mount);
struct aaj_decision aaj_match_umount(const struct aaj_match_profile *p, struct aaj_str point);
struct aaj_decision aaj_match_pivot_root(const struct aaj_match_profile *p, struct aaj_str new_root,
                                         struct aaj_str old_root, struct aaj_str *ret_target);

struct aaj_decision aaj_match_mqueue(const struct aaj_match_profile *p, bool posix, struct aaj_str name,
                                     struct aaj_str label, uint32_t request);
/* May a process raise its own hard limit of @resource to @value? A profile that sets none does not ask. */
struct aaj_decision aaj_match_rlimit(const struct aaj_match_profile *p, unsigned resource, uint64_t value);
struct aaj_decision aaj_match_userns(const struct aaj_match_profile *p);
/* @label: whose credentials are taken, for URING_OVERRIDE_CREDS. */
struct aaj_decision aaj_match_io_uring(const struct aaj_match_profile *p, struct aaj_str label,
                                       uint32_t request);
