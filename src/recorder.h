/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs and recordings in, one canonical recording out: opened here, read in a child without power. */
#pragma once

#include "recording/intake.h"
#include "trace/trace.h"
#include "verb.h"

struct recorder_inputs {
    char **log; /* paths; "-" is standard input */
    size_t n_logs;
    char **recording;
    size_t n_recordings;
    int live_fd; /* one more log, open already; 0 = none. It stays the caller's */
    struct aaj_str live_name;
    struct aaj_intake_options options;
    bool redact;
    const struct aaj_trace_options *syscalls; /* the logs are read for these; NULL: for AppArmor's records */
};

/* The canonical text of all of them together. -EINVAL with findings when an input cannot be opened or a recording is
 * none; nothing is returned then. */
int recorder_run(const struct recorder_inputs *inputs, struct aaj_arena *arena, struct aaj_str *ret_text,
               struct aaj_diags *diags);

/* --log, --since, --until, --host, --threads, --profile, --accept-loss: the options that every verb with logs has.
 * Returns true when @name was one of them; *ret_status is a usage error's then, or -1. */
#define OPTS_LOG                                                                                                   \
    { "log", 'l', "FILE", "a log: audit.log, syslog, dmesg, journalctl's output; plain or compressed; - is stdin" }, \
    { "since", 0, "TIME", "only what happened at or after TIME (2026-11-21, 2026-11-21T20:15:00Z)" },               \
    { "until", 0, "TIME", "only what happened before TIME" },                                                      \
    { "host", 0, "NAME", "only this host; records that do not name theirs are taken to be from it" },              \
    { "profile", 'p', "LABEL", "only this profile of the log, with its children and hats" },                       \
    { "threads", 0, "N", "read with N threads; the result is the same" },                                          \
    { "accept-loss", 0, NULL, "events were lost, and that is known: do not end with 5" }

struct recorder_options {
    struct recorder_inputs inputs;
    bool accept_loss;
    size_t cap_logs;
};

bool recorder_option(struct recorder_options *o, const struct verb *verb, const char *name, const char *value,
                   int *ret_status);

/* What was read, for people on stderr or as JSON on stdout; returns EXIT_LOST or EXIT_DONE. @text
 * is the whole recording: it ends with how much each slice of time brought (learn/growth.h). */
int recorder_summary(const struct recorder_options *o, struct aaj_str text, FILE *people, FILE *json,
                     struct aaj_diags *diags);
