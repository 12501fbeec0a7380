/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading what others wrote, without power. Logs, recordings and profiles come from whoever could make
 * the kernel or a colleague write them, and aajail is often run by root; so the bytes are parsed in a
 * child that can do nothing but read the descriptors it was handed and write its result: another uid when
 * we are root, no capabilities, no_new_privs, resource limits and a system call filter. The parent takes
 * the result as hostile text again and reads it with the same bounded readers.
 */
#pragma once

#include <stdio.h>

#include "base/arena.h"
#include "base/diag.h"

/*
 * The work of the child: reads, writes its result to @out, adds findings to @diags. Returns 0 or a
 * negative errno, which sandbox_run() returns. Descriptors are inherited by fork, opened by the parent.
 */
typedef int (*sandbox_fn)(void *data, FILE *out, struct aaj_diags *diags);

struct sandbox_limits {
    size_t result;          /* bytes of result; 0 = 1 GiB */
    size_t memory;          /* bytes of address space; 0 = 16 GiB */
    unsigned seconds;       /* processor time; 0 = one hour */
    bool writes_files;      /* what it prints may go to a file */
    size_t findings;        /* as many are handed back; set by sandbox_run() to what the caller's list takes */
    /* What the child may ask the parent to open while it reads (SANDBOX_ASKS_MAX times): the request is hostile. A
     * descriptor, which is handed over and closed here, or -errno. NULL: nothing. */
    int (*open)(void *ctx, struct aaj_str request);
    void *open_ctx;
};

enum { SANDBOX_REQUEST_MAX = 8192, SANDBOX_ASKS_MAX = 65536 };

/*
 * Runs @fn in the child. On success *ret_text holds its result (in @arena). Findings are appended to
 * @diags in any case. -EPROTO when the child died or wrote what cannot be read; a finding says why.
 */
int sandbox_run(const char *what, sandbox_fn fn, void *data, const struct sandbox_limits *limits,
                struct aaj_arena *arena, struct aaj_str *ret_text, struct aaj_diags *diags);

/*
 * The rest of a command that has opened everything and only has to read, work and print: @fn runs in such a child, with
 * this process's standard streams. Returns @fn's exit status; EXIT_REFUSED, with a message on stderr, when the child could
 * not be confined or died.
 */
int sandbox_rest(int (*fn)(void *data), void *data);

/* In the child: the descriptor that the parent opened for @request, or -errno. */
int sandbox_ask(struct aaj_str request);
