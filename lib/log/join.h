/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records of one event share time and serial. The kernel writes them in this order, but those of several
 * CPUs interleave, and a log may start in the middle:
 *
 *     AVC …  apparmor="ALLOWED" operation="connect" profile="P" …    who, without the address
 *     SYSCALL  arch=… syscall=42 … subj=P                            who, where AppArmor wrote no AVC
 *     SOCKADDR saddr=020000197F000001…                               where to
 *
 * A SOCKADDR is joined to the SYSCALL of its serial (what was done) and its AVC (by whom; else subj=) among
 * the last AAJ_JOIN_WINDOW of each, and waits as long for a SYSCALL that follows. One that finds none says
 * nothing that can be used.
 *
 *     AVC …  operation="exec" name="/usr/bin/dash" …                 who ran what
 *     EXECVE argc=3 a0="sh" a1="-c" a2="id"                          with which words (argv.h)
 *     CWD  cwd="/srv/slave"                                          where a relative name in PATH begins
 *     PATH item=0 name="./helper" … mode=0104755                     what the file is (path.h)
 *
 * EXECVE and PATH are joined to an exec's AVC, which comes first, among the last AAJ_JOIN_EXECS of these. There is no
 * more to be had of CWD: an AVC's own name is absolute and resolved, and one that is disconnected has no place that a
 * directory of another view could tell.
 */
#pragma once

#include "fsview/fsview.h"
#include "log/argv.h"
#include "log/record.h"

enum { AAJ_JOIN_WINDOW = 64, AAJ_JOIN_EXECS = 8, AAJ_JOIN_CWDS = 4 };

struct aaj_join_line {
    int64_t time_ms;
    uint64_t serial;
    struct aaj_str payload; /* in the caller's bytes until pinned */
    struct aaj_str host, boot;
    enum aaj_channel channel;
    char *own;
    size_t own_cap;
    bool pinned;
    bool unread; /* .payload is a whole line, which nobody has asked for yet; time and serial are not known */
};

struct aaj_join {
    struct aaj_join_line syscall[AAJ_JOIN_WINDOW], avc[AAJ_JOIN_WINDOW], waiting[AAJ_JOIN_WINDOW];
    uint32_t n_syscall, n_avc, n_waiting; /* ever seen; the newest is at (n - 1) % AAJ_JOIN_WINDOW */
    uint32_t waiting_now;
    struct aaj_join_line exec[AAJ_JOIN_EXECS]; /* AVCs, for what a PATH says about the file (path.h) */
    uint32_t n_exec;
    struct aaj_join_line cwd[AAJ_JOIN_CWDS]; /* .payload is the whole CWD line: few are ever looked into */
    uint32_t n_cwd;
    struct aaj_argv argv; /* of the newest EXECVE */
    char argv_text[AAJ_ARGV_MAX];
    char *scratch; /* an address, then decoded values */
    size_t scratch_cap;
};

void aaj_join_clear(struct aaj_join *join);
void aaj_join_forget(struct aaj_join *join); /* empty again, keeping its memory */

/* auditd's SYSCALL lines are a third of its log, and hardly any has an address: one is looked into when a SOCKADDR of
 * its serial comes. False when one waits for it, and @line has to be read now. */
bool aaj_join_later(struct aaj_join *join, struct aaj_str line);
static inline bool aaj_join_is_syscall(struct aaj_str line)
{
    return line.n > 23 && memcmp(line.p, "type=SYSCALL msg=audit(", 23) == 0;
}

void aaj_join_avc(struct aaj_join *join, const struct aaj_log_head *head);

/* Each may complete an event: 1 and *ret_event (valid until the next call), 0, or -ENOMEM. */
int aaj_join_sockaddr(struct aaj_join *join, const struct aaj_log_head *head, struct aaj_event *ret_event);
int aaj_join_syscall(struct aaj_join *join, const struct aaj_log_head *head, struct aaj_event *ret_event);
/* The fact that a privileged PATH record (path.h) states of the exec of its serial, and the event's label: 1, 0 or
 * -ENOMEM. Valid until the next call. */
int aaj_join_path(struct aaj_join *join, const struct aaj_log_head *head, struct aaj_fact *ret_fact,
                  struct aaj_str *ret_label);
/* A CWD line of auditd, in the caller's bytes. */
static inline void aaj_join_cwd(struct aaj_join *join, struct aaj_str line)
{
    struct aaj_join_line *cwd = &join->cwd[join->n_cwd++ % AAJ_JOIN_CWDS];

    cwd->payload = line;
    cwd->pinned = false;
}
/* The exec whose words an EXECVE record completes, and these as text (argv.h): 1, 0 or -ENOMEM. Valid until the next
 * call. */
int aaj_join_execve(struct aaj_join *join, const struct aaj_log_head *head, struct aaj_event *ret_exec,
                    struct aaj_str *ret_argv);
/* Copies what still points into the caller's bytes. */
int aaj_join_pin(struct aaj_join *join);
