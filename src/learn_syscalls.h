/* SPDX-License-Identifier: GPL-2.0-or-later */
/* learn --syscalls: what is special about learning without AppArmor (lib/trace). */
#pragma once

#include "base/arena.h"
#include "base/diag.h"
#include "trace/trace.h"

struct learn_syscalls {
    const char *what; /* the manifest or the executable */
    const char *user; /* a name or a number; NULL: the manifest's */
    const char *root, *files; /* whose links names are resolved with; NULL both: this machine's */
    struct aaj_trace_options options;
    struct aaj_str manifest_user;
};

/* Whose calls they are: fills .options.slave and .options.label. An exit status. */
int learn_syscalls_open(struct learn_syscalls *s, struct aaj_arena *arena, struct aaj_diags *diags);

/* Prints the audit rules. An exit status. */
int learn_syscalls_rules(const struct learn_syscalls *s, struct aaj_diags *diags);

/* The recording's text with the names that the kernel would have resolved. An exit status. */
int learn_syscalls_resolve(const struct learn_syscalls *s, struct aaj_arena *arena, struct aaj_str *text,
                           struct aaj_diags *diags);
