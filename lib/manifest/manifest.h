/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * NAME.yaml: the one file a person writes for a jail; aajail-manifest(5). Everything is checked for form
 * here and keeps its location; what a rule means is decided where it is used.
 */
#pragma once

#include <netinet/in.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"

enum aaj_attach { AAJ_ATTACH_PATH, AAJ_ATTACH_UNIT };
enum aaj_exec_action {
    AAJ_EXEC_UNSET,
    AAJ_EXEC_INHERIT,
    AAJ_EXEC_CHILD,
    AAJ_EXEC_PROFILE,
    AAJ_EXEC_DENY,
};

/* A scalar with the place it stands at. */
struct aaj_scalar {
    struct aaj_str text;
    struct aaj_loc loc;
};

struct aaj_scalars {
    struct aaj_scalar *item;
    size_t n;
};

struct aaj_manifest_variable {
    struct aaj_scalar name, value;
};

struct aaj_exec_rule {
    struct aaj_scalar pattern; /* AppArmor glob, variables unexpanded */
    enum aaj_exec_action action;
};

enum aaj_dest_kind { AAJ_DEST_ADDRESS, AAJ_DEST_HOST, AAJ_DEST_RESOLVER };

enum { AAJ_DEST_DOMAIN = 53 }; /* the port of name servers, udp and tcp */

/* One entry of network.allow: proto host[/len][:port[-port]]; "resolver", the name servers of the machine where rules are
 * applied; "resolver ADDRESS" and "resolver any", which are ADDRESS with no proto and the one port. */
struct aaj_dest {
    enum aaj_dest_kind kind;
    uint8_t proto;          /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP (both families), 0 = any */
    uint8_t family;         /* AF_INET, AF_INET6; AF_UNSPEC for HOST, RESOLVER and "resolver any" */
    uint8_t prefix;         /* bits */
    struct in6_addr addr;   /* network order; v4 in the first four bytes */
    uint16_t port_lo, port_hi; /* 0-65535 when no port was given */
    struct aaj_scalar source; /* as written; for HOST text.p is the whole entry */
    struct aaj_str host;    /* HOST: the name */
};

struct aaj_never {
    struct aaj_scalar rule; /* empty when others */
    bool others;          /* every other jail's roots */
};

struct aaj_manifest {
    struct aaj_arena arena;
    struct aaj_str file;
    struct aaj_scalar jail, slave, user, template, unit;
    struct aaj_scalar hat, master; /* a pool: hat of the master's profile */
    enum aaj_attach attach;
    struct aaj_scalars roots, rules, lift;
    struct aaj_manifest_variable *variable;
    size_t n_variables;
    struct aaj_exec_rule *exec;
    size_t n_exec;
    enum aaj_exec_action exec_default; /* AAJ_EXEC_CHILD when not said */
    bool network, replies, log;        /* network: the section is there; replies default to true */
    int32_t log_group;                 /* where refusals are logged to: an NFLOG group, or -1, the kernel's log */
    struct aaj_dest *dest;
    size_t n_dests;
    struct aaj_never *never;
    size_t n_nevers;
    struct aaj_scalars test_allow, test_deny;
};

/* The slave in a manifest that a program began and a person has to complete. */
#define AAJ_MANIFEST_FILL_IN "FILL-IN"

/* -EINVAL with located findings; *ret_manifest untouched then. @file names the text in messages. */
int aaj_manifest_parse(struct aaj_str text, struct aaj_str file, struct aaj_diags *diags,
                       struct aaj_manifest **ret_manifest);

/* The manifest behind `build --executable`: jail named after the executable. */
int aaj_manifest_default(struct aaj_str executable, struct aaj_str user, struct aaj_manifest **ret_manifest);
struct aaj_manifest *aaj_manifest_free(struct aaj_manifest *manifest);

/* What can be put into a manifest's text by a program. */
enum aaj_manifest_part {
    AAJ_PART_ROOT,      /* roots */
    AAJ_PART_RULE,      /* rules */
    AAJ_PART_LIFT,      /* lift */
    AAJ_PART_NEVER,     /* never */
    AAJ_PART_EXEC,      /* exec: TEXT: ACTION */
    AAJ_PART_DEST,      /* network.allow */
    AAJ_PART_TEST_DENY, /* tests.deny */
    AAJ_PARTS,
};

struct aaj_manifest_entry {
    enum aaj_manifest_part part;
    struct aaj_str text;
    enum aaj_exec_action action; /* of EXEC */
};

/* The manifest text @text, whose file is @file, with entries added; everything else stays as its author wrote it. What it
 * has already is left out. -EINVAL with a finding that shows the entry for which no place was found. */
int aaj_manifest_add(struct aaj_str text, struct aaj_str file, const struct aaj_manifest_entry *entry, size_t n,
                     struct aaj_arena *arena, struct aaj_diags *diags, struct aaj_str *ret_text);

/* Does it say that already? */
bool aaj_manifest_has(const struct aaj_manifest *m, const struct aaj_manifest_entry *entry);

/* As it would be written in the manifest: `network: { allow: [ "tcp 127.0.0.1:25" ] }`. */
struct aaj_str aaj_manifest_entry_text(struct aaj_arena *arena, const struct aaj_manifest_entry *entry);
const char *aaj_exec_action_name(enum aaj_exec_action action); /* "child" */

/* Destinations alone: AAJ_PART_DEST. */
int aaj_manifest_add_dests(const struct aaj_manifest *m, struct aaj_str text, const struct aaj_str *dest, size_t n,
                           struct aaj_arena *arena, struct aaj_diags *diags, struct aaj_str *ret_text);

/* Is everything that @narrow names among what @wide names? Names of hosts are only compared; a bare "resolver" is among any
 * that names resolvers. */
bool aaj_dest_covers(const struct aaj_dest *wide, const struct aaj_dest *narrow);
/* May something be what both name? A bare "resolver" may turn out to be any address. */
bool aaj_dest_touches(const struct aaj_dest *a, const struct aaj_dest *b);
/* One destination, as in network.allow; used for --allow on the command line and in tests too. */
int aaj_dest_parse(struct aaj_str text, struct aaj_dest *ret_dest, const char **ret_why);
