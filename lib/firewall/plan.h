/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one uid may send, said once for both families and both backends: an ordered list whose last rule
 * refuses. "Allow" means: go on to the host's own rules; a jail's chain takes away and never adds.
 */
#pragma once

#include "manifest/manifest.h"

enum { AAJ_FIREWALL_V4 = 1, AAJ_FIREWALL_V6 = 2, AAJ_FIREWALL_BOTH = 3 };
enum { AAJ_FIREWALL_NAME_MAX = 28 }; /* libiptc cuts longer chain names, so that two become one */

enum aaj_firewall_verdict {
    AAJ_FIREWALL_ALLOW,
    AAJ_FIREWALL_LOG,     /* rate-limited, then goes on to the next rule */
    AAJ_FIREWALL_RESET,   /* refuse TCP: an ICMP code would leave IPv6 clients waiting */
    AAJ_FIREWALL_REJECT,  /* refuse the rest; carries the jail's name */
    AAJ_FIREWALL_FOREIGN, /* read from a kernel, and nothing that aajail writes; .text says what */
};

struct aaj_firewall_rule {
    enum aaj_firewall_verdict verdict;
    uint8_t families; /* AAJ_FIREWALL_V4 | AAJ_FIREWALL_V6 */
    uint8_t proto;    /* IPPROTO_TCP, _UDP, _ICMP (IPPROTO_ICMPV6 in the v6 family); 0 = any */
    uint8_t prefix;   /* bits of addr; 0 = any address */
    bool reply;       /* only in answer to a connection that the other side opened */
    struct in6_addr addr; /* network order; v4 in the first four bytes, all else zero */
    uint16_t port_lo, port_hi; /* 0-65535 = any */
    int32_t group; /* LOG: the NFLOG group that it goes to; -1: the kernel's log. Else 0 */
    struct aaj_str text;  /* FOREIGN only */
    uint64_t packets, bytes; /* read from a kernel; no part of a comparison */
};

struct aaj_firewall_host {
    struct aaj_dest dest; /* HOST: dest.host is to be resolved; RESOLVER: this machine's name servers */
};

struct aaj_firewall_plan {
    struct aaj_arena arena;
    struct aaj_str jail, user;
    bool has_uid; /* else names stand for numbers: text for people only */
    uint32_t uid;
    struct aaj_firewall_rule *rule; /* canonical: same manifest, same list */
    size_t n_rules;
    struct aaj_firewall_host *host; /* entries of network.allow that have no rules yet */
    size_t n_hosts;
};

/* -EINVAL with located findings. Neither users nor host names are looked up. */
int aaj_firewall_plan_make(const struct aaj_manifest *manifest, struct aaj_diags *diags,
                           struct aaj_firewall_plan **ret_plan);
struct aaj_firewall_plan *aaj_firewall_plan_free(struct aaj_firewall_plan *plan);

/* The plan that lets nothing out: what a failure leaves behind. */
int aaj_firewall_plan_closed(struct aaj_str jail, uint32_t uid, struct aaj_firewall_plan **ret_plan);

/* What both allow, for @b's jail and uid: between an old and a new state it allows nothing that one of them
 * does not. */
int aaj_firewall_plan_meet(const struct aaj_firewall_plan *a, const struct aaj_firewall_plan *b,
                           struct aaj_firewall_plan **ret_plan);

enum { AAJ_FIREWALL_NOBODY = 65534 }; /* the kernel's overflow uid too */

/* uid 0 and (uid_t)-1 are refused with -EINVAL and a finding; of one that is not the slave's alone a warning says so. */
int aaj_firewall_plan_set_uid(struct aaj_firewall_plan *plan, uint32_t uid, struct aaj_diags *diags);

/* The user's uid from the system's user database, once; a name made of digits is the number. A warning where people log in
 * as that user.
 * -ENOENT with a finding when there is no such user. */
int aaj_firewall_plan_resolve_user(struct aaj_firewall_plan *plan, struct aaj_diags *diags);

#define AAJ_FIREWALL_RESOLV_CONF "/etc/resolv.conf"

/* Replaces every host by the addresses that it has now, and "resolver" by the name servers of @resolv_conf
 * (resolv.conf(5)), with a note for each; -ENOENT with findings for those that have none. */
int aaj_firewall_plan_resolve_hosts(struct aaj_firewall_plan *plan, const char *resolv_conf, struct aaj_diags *diags);

/* "aajail-10004", or "aajail-USER" while the uid is not known. -ENAMETOOLONG past 28 characters. */
int aaj_firewall_chain_name(const struct aaj_firewall_plan *plan, char ret_name[static AAJ_FIREWALL_NAME_MAX + 1]);

/* One packet that the uid sends, decided as the kernel would: @family AF_INET or AF_INET6. */
struct aaj_firewall_packet {
    uint8_t family, proto;
    bool reply;
    struct in6_addr addr;
    uint16_t port;
};
enum aaj_firewall_verdict aaj_firewall_decide(const struct aaj_firewall_plan *plan,
                                              const struct aaj_firewall_packet *packet);

bool aaj_firewall_rule_eq(const struct aaj_firewall_rule *a, const struct aaj_firewall_rule *b);

/* One line, "allow tcp to 10.0.5.0/24 port 8000-8100". */
struct aaj_str aaj_firewall_rule_text(struct aaj_arena *arena, const struct aaj_firewall_rule *rule);
