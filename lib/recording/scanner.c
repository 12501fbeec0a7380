/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recording/scanner.h"

#include <errno.h>

#include "base/grow.h"

static uint64_t line_of(const struct scanner *s)
{
    return aaj_log_reader_line(s->reader) - s->line_base;
}

static bool wanted_time(const struct aaj_intake_options *o, int64_t ms)
{
    return !ms || ((!o->since_ms || ms >= o->since_ms) && (!o->until_ms || ms < o->until_ms));
}

static bool wanted_host(const struct aaj_intake_options *o, struct aaj_str host)
{
    return !o->host.n || !host.n || aaj_str_eq(host, o->host);
}

static int give(struct scanner *s)
{
    return s->taker ? table_take(s->taker, s->batch) : 0;
}

/* The bytes of the last lines are about to go. */
static int on_flush(void *data)
{
    struct scanner *s = data;

    return s->taker ? give(s) : batch_settle(s->batch, s->text);
}

static void note_audit(struct scanner *s)
{
    s->batch->last_audit = line_of(s);
    if (!s->batch->first_audit)
        s->batch->first_audit = s->batch->last_audit;
}

/* What the record is, and where the table will find it: that is fetched meanwhile, where the table is this thread's. */
static void look_at_shape(const struct scanner *s, const struct aaj_log_head *head, struct queued *q)
{
    struct gaps *gaps = &q->known.gaps;

    q->plain = shape_gaps(head->payload, gaps);
    if (!q->plain)
        return;
    q->digest = shape_digest(s->table->rec->samples.secret, head->payload, gaps);
    q->name_hash = aaj_intern_hash(&s->table->rec->strings, shape_name(head->payload, gaps));
    if (s->taker) {
        shapes_prefetch(&s->taker->shapes, &q->digest);
        aaj_slots_prefetch(&s->taker->rec->strings.slots, q->name_hash);
    }
}

static void put_in_queue(const struct scanner *s, const struct aaj_log_head *head, struct queued *q)
{
    q->line = head->line;
    q->host = head->host;
    q->boot = head->boot;
    q->time_ms = head->time_ms;
    q->serial = head->serial;
    q->type = (int16_t)head->type;
    q->channel = (uint8_t)head->channel;
    q->number = (uint32_t)line_of(s);
    q->last = s->ending;
    sample_places(head, &q->known);
    look_at_shape(s, head, q);
}

static int on_known(void *data, const struct aaj_log_head *head)
{
    struct scanner *s = data;
    struct batch *b = s->batch;
    int r;

    s->last_ms = head->time_ms ? head->time_ms : s->last_ms;
    if (head->channel == AAJ_CHANNEL_AUDIT)
        note_audit(s);
    if (!wanted_host(s->options, head->host) || !wanted_time(s->options, head->time_ms)) {
        aaj_log_reader_used(s->reader, 1);
        s->filtered++;
        return 1;
    }
    if (AAJ_GROW(b->item, b->n_items, b->cap_items) < 0)
        return -ENOMEM;
    put_in_queue(s, head, &b->item[b->n_items++]);
    r = b->n_items == TABLE_STEP ? give(s) : 0;
    return r < 0 ? r : 1;
}

/* Events that were joined; all others are taken apart by the table. */
static int on_event(void *data, const struct aaj_event *event, const struct aaj_log_head *head,
                    const struct aaj_log_record *record)
{
    struct scanner *s = data;

    if (wanted_host(s->options, event->host) && wanted_time(s->options, event->time_ms))
        return batch_event(s->batch, event);
    s->filtered++;
    return 0;
}

static int on_fact(void *data, const struct aaj_fact *fact, struct aaj_str label, const struct aaj_log_head *head)
{
    struct scanner *s = data;

    if (wanted_host(s->options, head->host) && wanted_time(s->options, head->time_ms))
        return batch_fact(s->batch, fact, label);
    s->filtered++;
    return 0;
}

static int on_command(void *data, const struct aaj_event *exec, struct aaj_str argv, const struct aaj_log_head *head)
{
    struct scanner *s = data;

    if (wanted_host(s->options, head->host) && wanted_time(s->options, head->time_ms))
        return batch_command(s->batch, exec, argv);
    return 0;
}

static void on_report(void *data, struct aaj_str line, uint64_t line_no, size_t at, const char *why,
                      const struct aaj_log_head *head)
{
    struct scanner *s = data;
    const struct kept_report report = { line_no - s->line_base, at, why, line };

    (void)batch_report(s->batch, &report); /* without memory it is counted in the account all the same */
}

static int on_loss(void *data, const struct aaj_log_head *head)
{
    struct scanner *s = data;
    const struct kept_loss loss = { .line = line_of(s), .what = head->why, .count = head->lost, .host = head->host,
                                    .boot = head->boot, .channel = head->channel,
                                    .when = head->time_ms ? head->time_ms : s->last_ms };

    return wanted_host(s->options, head->host) ? batch_loss(s->batch, &loss) : 0;
}

int scanner_init(struct scanner *s, const struct aaj_intake_options *options, struct table *table, bool alone)
{
    const struct aaj_log_handler handler = {
        .known = on_known, .flush = on_flush, .event = on_event, .fact = on_fact, .command = on_command,
        .report = on_report, .loss = on_loss,
    };

    *s = (struct scanner){ .options = options, .table = table, .taker = alone ? table : NULL };
    return aaj_log_reader_new(&handler, s, &s->reader);
}

void scanner_clear(struct scanner *s)
{
    aaj_log_reader_free(s->reader);
    *s = (struct scanner){ 0 };
}

static int end_input(struct scanner *s)
{
    int r;

    s->ending = true;
    r = aaj_log_reader_finish(s->reader);
    s->ending = false;
    return r;
}

static void begin(struct scanner *s, struct aaj_str text, struct batch *batch)
{
    s->batch = batch;
    s->text = text;
    s->line_base = aaj_log_reader_line(s->reader);
}

int scanner_block(struct scanner *s, struct aaj_str before, struct aaj_str text, struct batch *batch)
{
    int r;

    aaj_log_reader_restart(s->reader);
    begin(s, text, batch);
    s->last_ms = 0;
    aaj_log_reader_prime(s->reader, before.p, before.n);
    r = aaj_log_reader_feed(s->reader, text.p, text.n);
    if (r == 0)
        r = end_input(s);
    batch->lines = line_of(s);
    return r;
}

int scanner_piece(struct scanner *s, struct aaj_str text, bool end, struct batch *batch)
{
    int r;

    begin(s, text, batch);
    r = text.n ? aaj_log_reader_feed(s->reader, text.p, text.n) : 0;
    if (r == 0 && end)
        r = aaj_log_reader_finish(s->reader);
    batch->lines = line_of(s);
    return r;
}
