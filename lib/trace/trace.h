/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Learning without AppArmor: the system calls that an audit rule logs, and what AppArmor would have been asked for
 * them, as a recording.
 *
 *     log ─ reader ► records ─ log/call.h ► calls ─ process tree, names, table of calls ► accesses
 *
 * Labels are those that a kernel in complain mode makes up: the slave's own, and "//null-PROGRAM" for each exec. What a
 * call asks for was read in security/apparmor/lsm.c and compared with the kernel's own records of the same calls
 * (tests/cli/syscalls.sh).
 *
 * Such a log does not hold everything. Not seen are capabilities, signals, ptrace, mounts, D-Bus, and what a descriptor
 * is used for that another process opened. Whatever cannot be told is counted, and made no access.
 */
#pragma once

#include "recording/intake.h"

struct aaj_trace_options {
    struct aaj_str slave; /* the executable whose processes are learned, with their children */
    struct aaj_str label; /* of their accesses */
    struct aaj_str key;   /* only calls of rules with this key; empty: of any rule with a key */
};

/* What was seen, and what could not be told. */
struct aaj_trace_stats {
    uint64_t calls;       /* of the slave and its children */
    uint64_t outside;     /* of others */
    uint64_t failed;      /* refused by the system or about what is not there: no access */
    uint64_t other;       /* that ask AppArmor for nothing, or for nothing that is known here */
    uint64_t unnamed;     /* about a file whose name the log does not tell */
    uint64_t unknown_fd;  /* about a descriptor that was not seen opened */
    uint64_t unseen_exec; /* processes that turned out to run another program than they were seen to execute */
};

/*
 * Reads all inputs into @rec, in the order of their first records; what a later input repeats of an earlier one is left
 * out. @options: host, since and until as for aaj_intake(), which says what is returned.
 */
int aaj_trace_intake(struct aaj_recording *rec, const struct aaj_intake_input *input, size_t n_inputs,
                     const struct aaj_intake_options *options, const struct aaj_trace_options *trace,
                     struct aaj_trace_stats *ret_stats, struct aaj_diags *diags);

/* The names of files in @rec as the kernel would resolve them, where @files knows the links on the way: a call's name
 * is as the program wrote it. A new recording, since several names may be one. */
int aaj_trace_resolve(const struct aaj_recording *rec, struct aaj_fsview *files, struct aaj_recording **ret_rec);

/* The audit rules that log what is read here, for `auditctl -R`: of @uid, and of @slave itself before it takes that
 * uid. */
int aaj_trace_rules(FILE *out, struct aaj_str slave, uint32_t uid, struct aaj_str key);
