/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs another program so that nothing of it outlives the call: absolute path, clean environment, its own
 * process group, a deadline, bounded output. Everything the group left behind is killed at the end,
 * also when the program itself ended in time.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"

struct aaj_run {
    const char *const *argv; /* argv[0] is the absolute path */
    struct aaj_str input;    /* standard input */
    unsigned timeout_ms;     /* 0 = 60 s */
    size_t max_output;       /* of standard output and of standard error, each; 0 = AAJ_FILE_MAX */
    size_t max_memory;       /* address space of the program in bytes; 0 = unlimited */
};

struct aaj_run_result {
    int status; /* as from waitpid() */
    struct aaj_str out, err;
};

/* 0 when the program ran to its end, whatever its status. -ETIMEDOUT: killed at the deadline; -EFBIG: killed
 * because it wrote too much; else what starting it failed with (-ENOENT, -EACCES, -ENOMEM). What it had
 * written until then is in *ret_result in every case. */
int aaj_run(const struct aaj_run *run, struct aaj_arena *arena, struct aaj_run_result *ret_result);
