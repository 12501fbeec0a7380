/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recorder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/grow.h"
#include "log/source.h"
#include "sandbox.h"

enum { RECORDING_BUFFER = 1 << 20, THREADS_MAX = 64 };

struct opened {
    const struct recorder_inputs *inputs;
    struct aaj_intake_input *log, *recording;
};

/* A recording may be compressed like a log. */
static int read_recording(struct aaj_recording *rec, const struct aaj_intake_input *in, struct aaj_diags *diags)
{
    struct aaj_log_source *source;
    char *text = NULL;
    size_t n = 0, cap = 0;
    ssize_t got;
    int r = aaj_log_source_new(in->fd, &source);

    if (r < 0)
        return r;
    for (;;) {
        if (cap - n < RECORDING_BUFFER) {
            char *p = realloc(text, cap * 2 + RECORDING_BUFFER);

            if (!p) {
                r = -ENOMEM;
                break;
            }
            text = p;
            cap = cap * 2 + RECORDING_BUFFER;
        }
        got = aaj_log_source_read(source, text + n, cap - n);
        if (got <= 0) {
            r = (int)got;
            break;
        }
        n += (size_t)got;
    }
    if (r == 0)
        r = aaj_recording_read(rec, (struct aaj_str){ text, n }, in->name, diags);
    else if (r != -ENOMEM)
        r = aaj_error(diags, (struct aaj_loc){ .file = in->name }, "cannot read: %s",
                      r == -EBADMSG ? "the compressed file is damaged or cut" : strerror(-r));
    free(text);
    aaj_log_source_free(source);
    return r;
}

static void note_lost(struct aaj_recording *rec, const char *what, uint64_t count, int *r)
{
    struct aaj_loss loss = { .what = aaj_str_c(what), .day = AAJ_DAY_NONE, .channel = AAJ_CHANNEL_SYSCALLS, .count = count };

    if (*r == 0 && count)
        *r = aaj_recording_add_loss(rec, &loss);
}

static int read_syscalls(struct aaj_recording *rec, const struct opened *o, struct aaj_diags *diags)
{
    const struct aaj_trace_options *of = o->inputs->syscalls;
    struct aaj_trace_stats s;
    int r = aaj_trace_intake(rec, o->log, o->inputs->n_logs, &o->inputs->options, of, &s, diags);

    if (r == 0 && !s.calls)
        aaj_diag_add(diags, AAJ_WARNING, "syscalls-none", (struct aaj_loc){ 0 }, AAJ_STR(""),
                     "no process is seen to execute %.*s: set the rules of --print-rules, then start it anew; %" PRIu64
                     " calls of other processes are in the log", AAJ_STR_ARG(of->slave), s.outside);
    else if (r == 0)
        aaj_diag_add(diags, AAJ_NOTE, "syscalls", (struct aaj_loc){ 0 }, AAJ_STR(""),
                     "%" PRIu64 " calls of the slave and its children, %" PRIu64 " that failed and are no access, %" PRIu64
                     " of other processes; capabilities, signals, ptrace, mounts and D-Bus are in no such log",
                     s.calls, s.failed, s.outside);
    note_lost(rec, "syscall-unnamed", s.unnamed, &r);
    note_lost(rec, "syscall-descriptor", s.unknown_fd, &r);
    note_lost(rec, "syscall-exec", s.unseen_exec, &r);
    return r;
}

static int child(void *data, FILE *out, struct aaj_diags *diags)
{
    const struct opened *o = data;
    struct aaj_recording *rec, *redacted = NULL;
    int r = aaj_recording_new(&rec);

    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && i < o->inputs->n_recordings; i++)
        r = read_recording(rec, &o->recording[i], diags);
    if (r == 0 && o->inputs->syscalls)
        r = read_syscalls(rec, o, diags);
    else if (r == 0)
        r = aaj_intake(rec, o->log, o->inputs->n_logs + (o->inputs->live_fd > 0), &o->inputs->options, diags);
    if (r == 0 && o->inputs->redact)
        r = aaj_recording_redact(rec, &redacted);
    if (r == 0)
        r = aaj_recording_write(redacted ? redacted : rec, out);
    aaj_recording_free(redacted);
    aaj_recording_free(rec);
    return r;
}

static int open_all(char **path, size_t n, struct aaj_intake_input *in, struct aaj_diags *diags)
{
    int result = 0;

    for (size_t i = 0; i < n; i++)
        in[i].fd = -1;
    for (size_t i = 0; i < n; i++) {
        struct aaj_loc loc = { .file = aaj_str_c(path[i]) };
        int r = aaj_log_open(path[i], &in[i].fd);

        in[i].name = strcmp(path[i], "-") == 0 ? AAJ_STR("standard input") : aaj_str_c(path[i]);
        if (r < 0)
            result = aaj_error(diags, loc, "cannot open: %s", strerror(-r));
    }
    return result;
}

static void close_all(struct aaj_intake_input *in, size_t n)
{
    for (size_t i = 0; in && i < n; i++)
        if (in[i].fd >= 0)
            close(in[i].fd);
    free(in);
}

int recorder_run(const struct recorder_inputs *inputs, struct aaj_arena *arena, struct aaj_str *ret_text,
               struct aaj_diags *diags)
{
    struct opened o = { .inputs = inputs, .log = calloc(inputs->n_logs + 1, sizeof(*o.log)),
                        .recording = calloc(inputs->n_recordings + 1, sizeof(*o.recording)) };
    int r = -ENOMEM, r2;

    if (o.log && o.recording) {
        r = open_all(inputs->log, inputs->n_logs, o.log, diags);
        r2 = open_all(inputs->recording, inputs->n_recordings, o.recording, diags);
        if (r == 0)
            r = r2;
        o.log[inputs->n_logs] = (struct aaj_intake_input){ inputs->live_fd, inputs->live_name };
        if (r == 0)
            r = sandbox_run("the reading of logs", child, &o, NULL, arena, ret_text, diags);
    }
    close_all(o.log, inputs->n_logs);
    close_all(o.recording, inputs->n_recordings);
    return r;
}

static int time_option(const struct verb *verb, const char *name, const char *value, int64_t *ret_ms)
{
    char text[64];
    size_t given = strlen(value); /* a day, a minute, or more */
    int n = snprintf(text, sizeof(text), given == 10 ? "%sT00:00:00" : given == 16 ? "%s:00" : "%s", value);

    if (n < 0 || (size_t)n >= sizeof(text) ||
        aaj_log_date_parse((struct aaj_str){ text, (size_t)n }, ret_ms) != (size_t)n || *ret_ms == 0)
        return usage_error(verb, "--%s needs a date with a year, like 2026-11-21, '2026-11-21 20:15' or 2026-11-21T20:15:00Z, not '%s'",
                           name, value);
    return -1;
}

bool recorder_option(struct recorder_options *o, const struct verb *verb, const char *name, const char *value,
                   int *ret_status)
{
    struct aaj_intake_options *options = &o->inputs.options;

    *ret_status = -1;
    if (opt_is(name, "log")) {
        if (AAJ_GROW(o->inputs.log, o->inputs.n_logs, o->cap_logs) < 0)
            *ret_status = EXIT_REFUSED;
        else
            o->inputs.log[o->inputs.n_logs++] = (char *)(uintptr_t)value; /* getopt's own, never written */
    } else if (opt_is(name, "since")) {
        *ret_status = time_option(verb, name, value, &options->since_ms);
    } else if (opt_is(name, "until")) {
        *ret_status = time_option(verb, name, value, &options->until_ms);
    } else if (opt_is(name, "host")) {
        options->host = aaj_str_c(value);
    } else if (opt_is(name, "profile")) {
        options->profile = aaj_str_c(value);
    } else if (opt_is(name, "threads")) {
        char *end;
        unsigned long n = strtoul(value, &end, 10);

        if (*end || n < 1 || n > THREADS_MAX)
            *ret_status = usage_error(verb, "--threads needs a number from 1 to %d, not '%s'", THREADS_MAX, value);
        options->threads = (unsigned)n;
    } else if (opt_is(name, "accept-loss")) {
        o->accept_loss = true;
    } else {
        return false;
    }
    return true;
}
