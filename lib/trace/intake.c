/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logs of system calls into a recording: one thread, since who a process is depends on what came before. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/grow.h"
#include "log/reader.h"
#include "log/source.h"
#include "log/start.h"
#include "trace/impl.h"

enum { BUFFER = 256 * 1024, SHOWN_MAX = 1000 };

struct opened {
    const struct aaj_intake_input *input;
    struct aaj_log_start start;
    char *buf; /* of start.bytes */
};

/* Up to where a host's calls were read, so that a copy adds nothing. */
struct mark {
    uint32_t host;
    int64_t ms;
    uint64_t serial;
};

struct reading {
    struct trace trace;
    struct aaj_calls *calls;
    struct aaj_log_reader *reader;
    struct aaj_diags *diags;
    const struct opened *input;
    struct mark *before, *now; /* of the inputs before this one; and with this one */
    size_t n_before, n_now, cap_before, cap_now;
    size_t shown;
    int error; /* of a call, handed on by the reader */
};

/* ---- which calls ---- */

static struct mark *mark_of(struct mark *mark, size_t n, uint32_t host)
{
    for (size_t i = 0; i < n; i++)
        if (mark[i].host == host)
            return &mark[i];
    return NULL;
}

static bool is_later(const struct aaj_log_head *head, const struct mark *m)
{
    return head->time_ms != m->ms ? head->time_ms > m->ms : head->serial > m->serial;
}

/* False for what an input before this one held already. */
static int is_new(struct reading *in, const struct aaj_log_head *head, bool *ret)
{
    struct mark *m;
    uint32_t host;

    if (aaj_intern_add(&in->trace.strings, head->host, &host) < 0)
        return -ENOMEM;
    m = mark_of(in->before, in->n_before, host);
    *ret = !m || is_later(head, m);
    m = mark_of(in->now, in->n_now, host);
    if (!m) {
        if (AAJ_GROW(in->now, in->n_now, in->cap_now) < 0)
            return -ENOMEM;
        m = &in->now[in->n_now++];
        *m = (struct mark){ .host = host };
    }
    if (is_later(head, m))
        *m = (struct mark){ host, head->time_ms, head->serial };
    return 0;
}

static bool is_wanted(const struct reading *in, const struct aaj_call *call)
{
    const struct aaj_intake_options *o = in->trace.options;
    struct aaj_str key = in->trace.of->key;
    int64_t ms = call->head.time_ms;

    return call->key.n && !aaj_str_eq(call->key, AAJ_STR("(null)")) && (!key.n || aaj_str_eq(call->key, key)) &&
           (!o->host.n || !call->head.host.n || aaj_str_eq(call->head.host, o->host)) &&
           (!o->until_ms || ms < o->until_ms);
}

static int on_call(void *data, const struct aaj_call *call)
{
    struct reading *in = data;
    struct trace *t = &in->trace;
    bool new;
    int r = is_new(in, &call->head, &new);

    if (r < 0 || !new || !is_wanted(in, call))
        return r;
    t->now++;
    t->call = call;
    r = trace_process(t, call, &t->who);
    if (r == 0 && t->who != NONE)
        r = trace_call(t);
    if (r > 0 && call->head.time_ms) {
        t->first_ms = t->first_ms ? t->first_ms : call->head.time_ms;
        t->last_ms = call->head.time_ms > t->last_ms ? call->head.time_ms : t->last_ms;
    }
    aaj_arena_clear(&t->arena);
    return r < 0 ? r : 0;
}

/* ---- one input ---- */

static int on_line(void *data, const struct aaj_log_head *head)
{
    return aaj_calls_take(((struct reading *)data)->calls, head);
}

static int on_event(void *data, const struct aaj_event *event, const struct aaj_log_head *head,
                    const struct aaj_log_record *record)
{
    return 0; /* AppArmor's, of a form without an id */
}

static void on_report(void *data, struct aaj_str line, uint64_t line_no, size_t at, const char *why,
                      const struct aaj_log_head *head)
{
    struct reading *in = data;
    struct aaj_loc loc = { .file = in->input->input->name, .line = (uint32_t)line_no, .column = (uint32_t)at + 1 };

    if (in->shown++ < SHOWN_MAX)
        aaj_diag_add(in->diags, AAJ_WARNING, "log-line", loc, aaj_str_head(line, 240), "%s", why);
}

static int on_loss(void *data, const struct aaj_log_head *head)
{
    struct reading *in = data;
    struct aaj_loss loss = { .what = aaj_str_c(head->why),
                             .host = head->host,
                             .boot = head->boot,
                             .day = AAJ_DAY_NONE,
                             .channel = head->channel,
                             .count = head->lost };

    if (head->time_ms)
        loss.day = (int32_t)(head->time_ms / 86400000);
    return aaj_recording_add_loss(in->trace.rec, &loss);
}

static int read_all(struct reading *in, struct aaj_log_source *source, char *buf)
{
    ssize_t got;
    int r = 0;

    while (r == 0 && (got = aaj_log_source_read(source, buf, BUFFER)) > 0)
        r = aaj_log_reader_feed(in->reader, buf, (size_t)got);
    if (r == 0)
        r = aaj_log_reader_finish(in->reader);
    if (r == 0)
        r = aaj_calls_finish(in->calls);
    return r < 0 ? r : (int)got;
}

static int damaged(struct reading *in, int error)
{
    struct aaj_loss loss = { .what = AAJ_STR("input-damaged"), .day = AAJ_DAY_NONE };
    struct aaj_loc loc = { .file = in->input->input->name };

    if (error != -EBADMSG && error != -E2BIG)
        return error == -ENOMEM ? error : aaj_error(in->diags, loc, "cannot read: %s", strerror(-error));
    aaj_diag_add(in->diags, AAJ_WARNING, "log-damaged", loc, AAJ_STR(""),
                 "the compressed log is damaged, cut or grows beyond all measure; what came before was read");
    return aaj_recording_add_loss(in->trace.rec, &loss);
}

static int note_account(struct reading *in)
{
    const struct aaj_log_account *a = aaj_log_reader_account(in->reader);
    struct aaj_input_account account = { a->lines,           a->used,          a->irrelevant, a->reported, a->bytes,
                                         in->trace.first_ms, in->trace.last_ms };

    return aaj_recording_add_input(in->trace.rec, &account);
}

static int read_input(struct reading *in, struct opened *o, char *buf)
{
    const struct aaj_log_handler handler = { .each = on_line, .event = on_event, .report = on_report, .loss = on_loss };
    struct aaj_log_source *source = NULL;
    int r = aaj_log_source_new(o->input->fd, &source);

    in->input = o;
    in->trace.first_ms = in->trace.last_ms = 0;
    if (r == 0)
        r = aaj_log_reader_new(&handler, in, &in->reader);
    if (r == 0 && aaj_calls_new(on_call, in, &in->calls) < 0)
        r = -ENOMEM;
    if (r == 0)
        r = read_all(in, source, buf);
    if (r < 0 && r != -ENOMEM)
        r = damaged(in, r);
    if (r == 0)
        r = note_account(in);
    in->reader = aaj_log_reader_free(in->reader);
    in->calls = aaj_calls_free(in->calls);
    aaj_log_source_free(source);
    return r;
}

/* What this input held is old for the next. */
static int take_marks(struct reading *in)
{
    for (size_t i = 0; i < in->n_now; i++) {
        struct mark *m = mark_of(in->before, in->n_before, in->now[i].host);

        if (!m) {
            if (AAJ_GROW(in->before, in->n_before, in->cap_before) < 0)
                return -ENOMEM;
            in->before[in->n_before++] = in->now[i];
        } else if (in->now[i].ms > m->ms || (in->now[i].ms == m->ms && in->now[i].serial > m->serial)) {
            *m = in->now[i];
        }
    }
    return 0;
}

/* ---- their order: by what they hold, not as they were named ---- */

static int note_first(void *data, const struct aaj_log_head *head)
{
    struct opened *o = data;

    if (head->type == AAJ_AUDIT_SYSCALL)
        aaj_log_start_note(&o->start, head);
    return 0;
}

static int look_ahead(struct opened *o, struct aaj_diags *diags)
{
    const struct aaj_log_handler handler = { .each = note_first, .event = on_event };
    struct aaj_log_source *source = NULL;
    struct aaj_log_reader *reader = NULL;
    ssize_t got = 0;
    int r = aaj_log_source_new(o->input->fd, &source);

    o->buf = malloc(BUFFER);
    if (r == 0 && !o->buf)
        r = -ENOMEM;
    if (r == 0)
        r = aaj_log_reader_new(&handler, o, &reader);
    if (r == 0 && (got = aaj_log_source_read(source, o->buf, BUFFER)) > 0) {
        o->start.bytes = (struct aaj_str){ o->buf, (size_t)got };
        r = aaj_log_reader_feed(reader, o->buf, (size_t)got);
    }
    aaj_log_reader_free(reader);
    aaj_log_source_free(source);
    if (r == 0 && lseek(o->input->fd, 0, SEEK_SET) < 0)
        r = aaj_error(diags, (struct aaj_loc){ .file = o->input->name },
                      "of several logs each has to be a file, since the order of "
                      "their first records counts");
    return r;
}

static int by_start(const void *a, const void *b)
{
    return aaj_log_start_cmp(&((const struct opened *)a)->start, &((const struct opened *)b)->start);
}

static int read_inputs(struct reading *in, struct opened *o, size_t n)
{
    char *buf = malloc(BUFFER);
    int r = buf ? 0 : -ENOMEM;

    for (size_t i = 0; r == 0 && n > 1 && i < n; i++)
        r = look_ahead(&o[i], in->diags);
    if (r == 0)
        qsort(o, n, sizeof(*o), by_start);
    for (size_t i = 0; r == 0 && i < n; i++) {
        r = read_input(in, &o[i], buf);
        if (r == 0)
            r = take_marks(in);
    }
    free(buf);
    return r;
}

static void clear(struct reading *in)
{
    struct trace *t = &in->trace;

    free(in->before);
    free(in->now);
    free(t->process);
    free(t->descriptor);
    free(t->folder);
    aaj_slots_clear(&t->processes);
    aaj_slots_clear(&t->descriptors);
    aaj_slots_clear(&t->folders);
    aaj_intern_clear(&t->strings);
    aaj_arena_clear(&t->arena);
}

int aaj_trace_intake(struct aaj_recording *rec, const struct aaj_intake_input *input, size_t n_inputs,
                     const struct aaj_intake_options *options, const struct aaj_trace_options *of,
                     struct aaj_trace_stats *ret_stats, struct aaj_diags *diags)
{
    struct reading in = { .diags = diags };
    struct opened *o = calloc(n_inputs + 1, sizeof(*o));
    int r = o ? aaj_intern_init(&in.trace.strings) : -ENOMEM;

    *ret_stats = (struct aaj_trace_stats){ 0 };
    in.trace.rec = rec;
    in.trace.options = options;
    in.trace.of = of;
    in.trace.stats = ret_stats;
    if (r == 0 && (aaj_slots_init(&in.trace.processes) < 0 || aaj_slots_init(&in.trace.descriptors) < 0 ||
                   aaj_slots_init(&in.trace.folders) < 0))
        r = -ENOMEM;
    for (size_t i = 0; r == 0 && i < n_inputs; i++)
        o[i].input = &input[i];
    if (r == 0)
        r = read_inputs(&in, o, n_inputs);
    for (size_t i = 0; o && i < n_inputs; i++)
        free(o[i].buf);
    free(o);
    clear(&in);
    return r;
}
