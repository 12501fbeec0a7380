/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words a program was started with: the EXECVE record of an exec.
 *
 *     EXECVE argc=3 a0="sh" a1="-c" a2=2F62696E2F64617465203E2F6465762F6E756C6C
 *     EXECVE argc=2 a0="x" a1_len=9000 a1[0]=41414141…      a long word, in pieces of several records;
 *     EXECVE a1[1]=41414141…                                none but the first says argc=
 *
 * (kernel/auditsc.c audit_log_execve_info). Words may hold passwords, and a recording travels further than a log: few
 * are kept, each is cut, and what looks like a secret is blotted out. This cannot find every secret.
 */
#pragma once

#include "log/record.h"

enum { AAJ_ARGV_WORDS = 4, AAJ_ARGV_WORD_MAX = 160, AAJ_ARGV_MAX = (AAJ_ARGV_WORDS + 1) * (AAJ_ARGV_WORD_MAX + 8) };

/* The first words of one exec, as its records come. */
struct aaj_argv {
    int64_t time_ms; /* of the exec; .argc is 0 where there is none */
    uint64_t serial;
    uint64_t argc;
    unsigned n; /* words known: all before it are complete enough to be kept */
    bool cut[AAJ_ARGV_WORDS];
    uint16_t len[AAJ_ARGV_WORDS];
    char word[AAJ_ARGV_WORDS][AAJ_ARGV_WORD_MAX];
};

/* Takes in one record. True when the words that are kept are complete; more records of the exec then say nothing. */
bool aaj_argv_take(struct aaj_argv *argv, const struct aaj_log_head *head);

/* The words as one string, NUL between them; a word that was cut ends in "…", and so does the list. @buf:
 * AAJ_ARGV_MAX bytes. */
struct aaj_str aaj_argv_text(const struct aaj_argv *argv, char *buf);
