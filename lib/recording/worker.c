/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recording/worker.h"

#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"

#define DAY_MS 86400000

static bool wanted_time(const struct worker *w, int64_t ms)
{
    return !ms || ((!w->options->since_ms || ms >= w->options->since_ms) &&
                   (!w->options->until_ms || ms < w->options->until_ms));
}

static void remember(char *buf, size_t max, struct aaj_str from, struct aaj_str *to)
{
    size_t n = from.n < max ? from.n : 0;

    memcpy(buf, from.n ? from.p : "", n);
    *to = (struct aaj_str){ buf, n };
}

static bool same_source(const struct worker *w, struct aaj_str host, struct aaj_str boot, int64_t ms, uint32_t channel)
{
    return w->has_source && channel == w->source_of.channel && ms >= w->day_from && ms < w->day_to &&
           aaj_str_eq(host, w->source_of.host) && aaj_str_eq(boot, w->source_of.boot);
}

/* Sets w->source for a record and notes its time there. */
static int enter_source(struct worker *w, struct aaj_str host, struct aaj_str boot, int64_t ms, uint32_t channel)
{
    int r;

    if (same_source(w, host, boot, ms, channel))
        return 0;
    w->source_wanted = !w->options->host.n || !host.n || aaj_str_eq(host, w->options->host);
    r = recording_source_of(w->rec, host.n ? host : w->options->host, boot, ms, channel, &w->source);
    if (r < 0)
        return r;
    w->source_of.channel = channel;
    remember(w->host, sizeof(w->host), host, &w->source_of.host);
    remember(w->boot, sizeof(w->boot), boot, &w->source_of.boot);
    w->day_from = ms ? ms / DAY_MS * DAY_MS : 0;
    w->day_to = ms ? w->day_from + DAY_MS : 1;
    if (ms && w->day_from == 0)
        w->day_from = 1; /* 0 is "not said" */
    w->has_source = host.n < sizeof(w->host) && boot.n < sizeof(w->boot);
    return 0;
}

static void note_event(struct worker *w, uint32_t source, int64_t ms)
{
    recording_note_source(w->rec, source, ms);
    if (!ms)
        return;
    w->input_first_ms = earlier(w->input_first_ms, ms);
    if (ms > w->input_last_ms)
        w->input_last_ms = ms;
}

static bool wanted_label(const struct worker *w, const struct aaj_event *event)
{
    return !w->options->profile.n || aaj_str_eq(aaj_label_top(event->label), w->options->profile);
}

static int keep_unknown(struct worker *w, const struct aaj_log_record *record)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < record->n_unknown; i++)
        r = recording_unknown(w->rec, record->unknown[i].key, record->unknown[i].value);
    return r;
}

static int add_event(struct worker *w, const struct aaj_event *event, struct aaj_str line)
{
    struct sample sample = { event->time_ms, event->serial, line };
    struct shape shape = { 0 };
    struct entry_key key;
    int r = recording_shape(w->rec, event, 0, &shape);

    note_event(w, w->source, event->time_ms);
    if (r == 0)
        r = recording_object(w->rec, shape.arg, &key.object);
    key.pattern = shape.pattern;
    return r < 0 ? r : recording_add(w->rec, key, recording_hash(w->rec, key), w->source, &shape, &sample, NULL);
}

/* Events that come one at a time: long records, and those that were joined. */
static int on_event(void *data, const struct aaj_event *event, const struct aaj_log_head *head,
                    const struct aaj_log_record *record)
{
    struct worker *w = data;
    int r = enter_source(w, event->host, event->boot, event->time_ms, event->channel);

    if (r < 0)
        return r;
    if (!w->source_wanted || !wanted_time(w, event->time_ms) || !wanted_label(w, event)) {
        w->filtered++;
        return 0;
    }
    r = record ? keep_unknown(w, record) : 0;
    if (recording_is_access(event) && r == 0)
        return add_event(w, event, record ? head->line : (struct aaj_str){ "", 0 });
    note_event(w, w->source, event->time_ms);
    return r;
}

/* ---- records in batches: each step for all of them, fetching what the next one touches ---- */

/* Which argument the name is, + 1. The gap has to be what was read as name, for a line may say anything. */
static unsigned named_argument(const struct queued *q, const struct aaj_log_record *record, const struct aaj_event *event)
{
    struct aaj_str name = shape_name(q->known.payload, &q->known.gaps);

    if (!name.n || !aaj_log_has(record, AAJ_KEY_NAME) || record->val[AAJ_KEY_NAME].p != name.p)
        return 0;
    for (unsigned a = 0; a < AAJ_ARGS; a++)
        if (event->arg[a].p == name.p && event->arg[a].n == name.n)
            return a + 1;
    return 0;
}

/* A record whose shape is not known: takes it apart, and remembers the shape where nothing but the gaps can differ. */
static int take_apart(struct worker *w, struct queued *q)
{
    struct aaj_log_record record = { .scratch = w->scratch };
    struct shape *shape = &q->shape;
    struct aaj_event event;
    bool has_name = q->plain && q->known.gaps.name.from < q->known.gaps.name.to;
    unsigned named;
    int r;

    *shape = (struct shape){ .digest = q->digest };
    q->good = false;
    if (!aaj_log_reader_parse(w->reader, &q->head, q->line_no, &record, &event))
        return 0;
    shape->filtered = !wanted_label(w, &event);
    shape->ignored = !recording_is_access(&event);
    named = has_name ? named_argument(q, &record, &event) : 0;
    r = shape->filtered ? 0 : keep_unknown(w, &record);
    if (r == 0 && !shape->filtered && !shape->ignored) {
        r = recording_shape(w->rec, &event, named, shape);
        q->good = r == 0;
    }
    if (r == 0 && q->good && q->plain)
        r = samples_template(&w->rec->samples, q->head.line, &q->known, &q->digest, &shape->template1);
    if (r == 0 && q->plain && (named || !has_name))
        shapes_put(&w->shapes, shape);
    return r;
}

/* What the record means: known, or found out. */
static int know(struct worker *w, struct queued *q)
{
    const struct shape *shape = q->plain ? shapes_find(&w->shapes, &q->digest) : NULL;
    int r;

    if (shape) {
        q->shape = *shape;
        q->good = !shape->filtered && !shape->ignored;
        aaj_log_reader_used(w->reader, 1);
    } else {
        r = take_apart(w, q);
        if (r < 0)
            return r;
    }
    q->known.template1 = q->shape.template1;
    w->filtered += q->shape.filtered;
    if (!q->shape.filtered && (q->good || q->shape.ignored))
        note_event(w, q->source, q->head.time_ms);
    return 0;
}

static int make_key(struct worker *w, struct queued *q)
{
    uint32_t arg[AAJ_ARGS];
    int r = 0;

    memcpy(arg, q->shape.arg, sizeof(arg));
    if (q->shape.named)
        r = aaj_intern_add_hashed(&w->rec->strings, shape_name(q->known.payload, &q->known.gaps), q->name_hash,
                                  &arg[q->shape.named - 1]);
    if (r == 0)
        r = recording_object(w->rec, arg, &q->key.object);
    q->key.pattern = q->shape.pattern;
    q->hash = recording_hash(w->rec, q->key);
    aaj_slots_prefetch(&w->rec->entries, q->hash);
    return r;
}

static int add_queued(struct worker *w, const struct queued *q)
{
    struct sample sample = { q->head.time_ms, q->head.serial, q->head.line };

    return recording_add(w->rec, q->key, q->hash, q->source, &q->shape, &sample, q->plain ? &q->known : NULL);
}

static int drain(struct worker *w)
{
    unsigned n = w->n_queue;
    int r = 0;

    w->n_queue = 0;
    for (unsigned i = 0; i < n && r == 0; i++) {
        r = know(w, &w->queue[i]);
        if (w->queue[i].shape.named)
            aaj_intern_fetch(&w->rec->strings, w->queue[i].name_hash);
    }
    for (unsigned i = 0; i < n && r == 0; i++)
        if (w->queue[i].good)
            r = make_key(w, &w->queue[i]);
    for (unsigned i = 0; i < n && r == 0; i++)
        if (w->queue[i].good)
            recording_prefetch_entry(w->rec, w->queue[i].hash);
    for (unsigned i = 0; i < n && r == 0; i++)
        if (w->queue[i].good)
            r = add_queued(w, &w->queue[i]);
    return r;
}

static int on_flush(void *data)
{
    return drain(data);
}

static int on_known(void *data, const struct aaj_log_head *head)
{
    struct worker *w = data;
    struct queued *q = &w->queue[w->n_queue];
    int r = enter_source(w, head->host, head->boot, head->time_ms, head->channel);

    if (r < 0)
        return r;
    w->last_ms = head->time_ms ? head->time_ms : w->last_ms;
    if (head->channel == AAJ_CHANNEL_AUDIT) {
        w->last_audit = (struct place){ w->block, aaj_log_reader_line(w->reader) - w->line_base };
        if (!w->has_audit)
            w->first_audit = w->last_audit;
        w->has_audit = true;
    }
    if (!w->source_wanted || !wanted_time(w, head->time_ms)) {
        aaj_log_reader_used(w->reader, 1);
        w->filtered++;
        return 1;
    }
    if (head->line.n > WORKER_SCRATCH) {
        r = drain(w);
        return r < 0 ? r : 0;
    }
    q->head = *head;
    q->source = w->source;
    q->line_no = aaj_log_reader_line(w->reader);
    q->plain = shape_gaps(head->payload, &q->known.gaps);
    if (q->plain) {
        q->known.payload = head->payload;
        q->known.id = head->id;
        q->digest = shape_digest(w->rec->samples.secret, head->payload, &q->known.gaps);
        q->name_hash = aaj_intern_prefetch(&w->rec->strings, shape_name(head->payload, &q->known.gaps));
    }
    if (++w->n_queue == WORKER_BATCH) {
        r = drain(w);
        return r < 0 ? r : 1;
    }
    return 1;
}

static int keep_loss(struct worker *w, const char *what, uint64_t count, const struct aaj_log_head *head)
{
    struct aaj_str host = head->host.n ? head->host : w->options->host;
    struct kept_loss *k;

    if (w->options->host.n && head->host.n && !aaj_str_eq(head->host, w->options->host))
        return 0;
    if (AAJ_GROW(w->loss, w->n_losses, w->cap_losses) < 0)
        return -ENOMEM;
    k = &w->loss[w->n_losses++];
    *k = (struct kept_loss){ .place = { w->block, aaj_log_reader_line(w->reader) - w->line_base },
                             .what = what,
                             .count = count,
                             .channel = head->channel,
                             .when = head->time_ms };
    if (aaj_intern_add(&w->rec->strings, host, &k->host) < 0 || aaj_intern_add(&w->rec->strings, head->boot, &k->boot) < 0)
        return -ENOMEM;
    return 0;
}

static void on_report(void *data, struct aaj_str line, uint64_t line_no, size_t at, const char *why,
                      const struct aaj_log_head *head)
{
    struct worker *w = data;
    struct kept_report *k;

    /* A record that was cut is an event lost, unless the log is just being written. */
    if (why == aaj_log_why_cut && head && !w->finishing)
        (void)keep_loss(w, "record-cut", 1, head);
    if (w->n_reports >= WORKER_KEPT || AAJ_GROW(w->report, w->n_reports, w->cap_reports) < 0)
        return; /* counted in the account */
    k = &w->report[w->n_reports++];
    *k = (struct kept_report){ { w->block, line_no - w->line_base }, at, why,
                               aaj_arena_dup(&w->arena, aaj_str_head(line, WORKER_SHOWN)) };
    if (!k->line.p)
        k->line = (struct aaj_str){ "", 0 };
}

static int on_loss(void *data, const struct aaj_log_head *head)
{
    struct worker *w = data;
    struct aaj_log_head dated = *head;
    int r = drain(w); /* so that last_ms is that of the line before */

    if (!dated.time_ms)
        dated.time_ms = w->last_ms;
    return r < 0 ? r : keep_loss(w, head->why, head->lost, &dated);
}

int worker_init(struct worker *w, const struct aaj_intake_options *options)
{
    const struct aaj_log_handler handler = {
        .known = on_known, .flush = on_flush, .event = on_event, .report = on_report, .loss = on_loss,
    };
    int r;

    *w = (struct worker){ .options = options };
    r = aaj_recording_new(&w->rec);
    if (r == 0)
        r = shapes_init(&w->shapes);
    if (r == 0)
        r = aaj_log_reader_new(&handler, w, &w->reader);
    if (r < 0)
        worker_clear(w);
    return r;
}

void worker_clear(struct worker *w)
{
    aaj_log_reader_free(w->reader);
    shapes_clear(&w->shapes);
    aaj_recording_free(w->rec);
    aaj_arena_clear(&w->arena);
    free(w->report);
    free(w->loss);
    *w = (struct worker){ 0 };
}

int worker_block(struct worker *w, uint32_t block, struct aaj_str before, struct aaj_str text, uint64_t *ret_lines)
{
    int r;

    aaj_log_reader_restart(w->reader);
    w->block = block;
    w->line_base = aaj_log_reader_line(w->reader);
    w->last_ms = 0;
    aaj_log_reader_prime(w->reader, before.p, before.n);
    r = aaj_log_reader_feed(w->reader, text.p, text.n);
    w->finishing = true;
    if (r == 0)
        r = aaj_log_reader_finish(w->reader);
    w->finishing = false;
    *ret_lines = aaj_log_reader_line(w->reader) - w->line_base;
    return r;
}

int worker_piece(struct worker *w, struct aaj_str text, bool end)
{
    int r = text.n ? aaj_log_reader_feed(w->reader, text.p, text.n) : 0;

    return r == 0 && end ? aaj_log_reader_finish(w->reader) : r;
}
