/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A learning session: a process beside the reading one that makes the events and hands them on as the text of
 * a log.
 *
 *     --lab    CMD runs in the lab, where a learning profile is loaded; the text is that kernel's log
 *     --live   the audit channel of this kernel, while CMD runs, or until SIGINT
 */
#pragma once

#include <sys/types.h>

#include "lab_options.h"
#include "profile_cmd.h"

struct learn_session {
    const struct verb *verb;
    bool lab; /* else live */
    struct lab_options *lab_options;
    const char *what;     /* the manifest or the executable */
    char **argv;          /* CMD; empty: until SIGINT */
    struct aaj_str label; /* out: whose events count */
    /* private */
    struct aaj_str attach, pools; /* pools: the text of a master's, in its learning profile */
    struct profile_cmd cmd;
    struct profile_input profile;
    bool loaded; /* the learning profile is ours */
    char dir[64];
    pid_t pid;
    int report; /* struct learn_report comes here */
};

/* Prepares the learning profile and starts. *ret_log is to be read to its end. An exit status. */
int learn_session_start(struct learn_session *s, int *ret_log);

/* After that. EXIT_DONE and CMD's status, or what to exit with when the session itself failed. */
int learn_session_end(struct learn_session *s, int *ret_status);
