/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lab's options, for every verb that boots one, and running it as a command does. */
#pragma once

#include "lab/lab.h"
#include "verb.h"

/* The lab's own failures, as with env(1) and timeout(1); CMD's status is passed on. */
enum { LAB_FAILED = 125 };

#define OPTS_LAB                                                                                  \
    { "share", 's', "DIR", "a folder that CMD may write to, as /share" },                         \
        { "ro", 0, "DIR",                                                                         \
          "a folder that CMD sees at the same path, though it is closed to others; repeatable" }, \
        { "mem", 'm', "MB", "memory, tmpfs writes included (768)" },                              \
        { "timeout", 't', "S", "end it after S seconds (300)" },                                  \
    {                                                                                             \
        "no-host-protection", 0, NULL,                                                            \
            "go on where namespaces are refused: guest root may then write what you may"          \
    }

struct lab_options {
    struct aaj_lab lab;
    const char *ro[AAJ_LAB_RO_MAX + 1];
    size_t n_ro;
};

void lab_options_init(struct lab_options *o);
void lab_options_clear(struct lab_options *o);

/* True when @name was one of them; *ret_status is LAB_FAILED then after a message, or EXIT_DONE. */
bool lab_option(struct lab_options *o, const struct verb *verb, const char *name, const char *value,
                int *ret_status);

/* Shows @path (kept) read-only. -E2BIG when there are too many. */
int lab_options_show(struct lab_options *o, const char *path);

/* Boots and runs. SIGINT, SIGTERM and SIGHUP end it, then end this process as they would have; so does a
 * reader of the output that went away. 0 and CMD's status, or -errno; findings are added. */
int lab_run(struct lab_options *o, char *const *argv, struct aaj_diags *diags, int *ret_status);
