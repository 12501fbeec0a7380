/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Questions as rows of text, tab-separated: LABEL, CLASS and that class's arguments. Later arguments in
 * brackets may be left off; "-" is an empty one. In any field \t \n \\ and \xNN stand for those bytes.
 *
 *     file    PATH MASK [owner|other]         MASK: letters of rwaxmlkcd
 *     exec    PATH [owner|other]
 *     link    NEW-NAME TARGET [owner|other]
 *     cap     NAME
 *     net     FAMILY TYPE [PERMS [PROTOCOL [LOCAL [PEER]]]]    LOCAL, PEER: 10.0.0.1:80, [2001:db8::1]:80, -
 *     unix    TYPE PERMS [ADDR [PEER-ADDR [PEER-LABEL]]]       none, @abstract or /path
 *     signal  send|receive SIGNAL PEER
 *     ptrace  read|trace|readby|tracedby PEER
 *     change_profile TARGET [EXECUTABLE]
 *     change_hat HAT
 *     dbus    send|receive BUS PATH INTERFACE MEMBER [NAME [PEER]]
 *     dbus    bind BUS NAME
 *     dbus    eavesdrop BUS
 *     mount   POINT SOURCE FSTYPE [FLAGS [DATA]]
 *     umount  POINT
 *     pivot_root NEW OLD
 *     mqueue  PERMS posix|sysv NAME [LABEL]
 *     userns
 *     io_uring sqpoll|override_creds [LABEL]
 *     attach  PATH                            LABEL is not looked at: "-"
 *
 * PERMS are words joined by commas. This is the format of `aajail query` and of tests/decisions.
 */
#pragma once

#include "match/match.h"

enum { AAJ_QUERY_ARGS = 10 };

struct aaj_query {
    struct aaj_str label, class, arg[AAJ_QUERY_ARGS]; /* unescaped */
    size_t n_args;
};

struct aaj_answer {
    struct aaj_decision decision;
    const struct aaj_match_profile *profile; /* whom the question was about; NULL for attach */
    struct aaj_str missing;                  /* in the row's own words: "w", "bind,listen" */
    struct aaj_str detail;                   /* where an exec leads, whom a path attaches to; empty else */
};

/* Cuts a row (without its newline) into fields. -EINVAL with a sentence in *ret_why. */
int aaj_query_parse(struct aaj_str row, struct aaj_arena *arena, struct aaj_query *ret_query,
                    const char **ret_why);

/* -ENOENT: there is no such profile; -EINVAL: the row is not understood; both with a sentence. */
int aaj_query_ask(const struct aaj_match_world *world, const struct aaj_query *query, struct aaj_arena *arena,
                  struct aaj_answer *ret_answer, const char **ret_why);

/* "allow", "deny", "not-mediated" */
const char *aaj_verdict_name(enum aaj_verdict verdict);
