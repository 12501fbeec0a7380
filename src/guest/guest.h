/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lab's guest init: process 1 of the throw-away machine, and the modprobe of a machine that has none.
 * It stands alone (static, no library of ours): it must run where nothing but the kernel is known to work.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/*
 * What the host side wrote: NUL-terminated words, each a key and its values. See lib/lab/conf.c.
 *
 *     modules HOSTDIR   the modules of this kernel
 *     share HOSTDIR     writable, at /share
 *     ro HOSTDIR DIR    read-only, at DIR
 *     cwd DIR
 *     tell SECONDS      when to tell what runs, since 1970
 *     arg WORD …        CMD, word by word; always last
 */
struct conf {
    char *text;
    const char *modules, *share, *cwd;
    time_t tell_at; /* 0: never */
    struct conf_ro {
        const char *host, *at;
    } ro[128];
    size_t n_ro;
    char **argv; /* NULL-terminated */
};

/* Ends the machine with a line on the control channel that the host side shows. */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* A line that the host side shows as a warning. */
void warn_host(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Any line for the host side: what kind, and what it is about. */
void tell_host(const char *kind, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void conf_read(const char *file, struct conf *conf);

/* Loads a module and what it needs from @dir (which holds modules.dep); @name may be an alias. 0 or -errno.
 */
int module_load(const char *dir, const char *name);
int modprobe_main(int argc, char **argv);

/* Overlay over the host's files, made the root; then the usual file systems. */
void root_build(const char *priv, const struct conf *conf);
void root_populate(const struct conf *conf);

/* Runs CMD, its output to the two lines, and returns its status as a shell would give it. */
int run_command(const struct conf *conf, int out, int err);

/* How long until it is to be told what runs; NULL: for ever. Tells it when it is time. */
const struct timespec *hang_left(const struct conf *conf, struct timespec *ret_left);

/* Waits until the kernel has printed the audit records that CMD caused. */
void drain_audit(void);
