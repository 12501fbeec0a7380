/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recording/table.h"

#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"

#define DAY_MS 86400000

/* ---- sources ---- */

static void remember(char *buf, size_t max, struct aaj_str from, struct aaj_str *to)
{
    size_t n = from.n < max ? from.n : 0;

    memcpy(buf, from.n ? from.p : "", n);
    *to = (struct aaj_str){ buf, n };
}

static bool same_source(const struct table *t, struct aaj_str host, struct aaj_str boot, int64_t ms, uint32_t channel)
{
    return t->has_source && channel == t->source_of.channel && ms >= t->day_from && ms < t->day_to &&
           aaj_str_eq(host, t->source_of.host) && aaj_str_eq(boot, t->source_of.boot);
}

/* Sets t->source for a record. */
static int enter_source(struct table *t, struct aaj_str host, struct aaj_str boot, int64_t ms, uint32_t channel)
{
    int r;

    if (same_source(t, host, boot, ms, channel))
        return 0;
    r = recording_source_of(t->rec, host.n ? host : t->options->host, boot, ms, channel, &t->source);
    if (r < 0)
        return r;
    t->source_of.channel = channel;
    remember(t->host, sizeof(t->host), host, &t->source_of.host);
    remember(t->boot, sizeof(t->boot), boot, &t->source_of.boot);
    t->day_from = ms ? ms / DAY_MS * DAY_MS : 0;
    t->day_to = ms ? t->day_from + DAY_MS : 1;
    if (ms && t->day_from == 0)
        t->day_from = 1; /* 0 is "not said" */
    t->has_source = host.n < sizeof(t->host) && boot.n < sizeof(t->boot);
    return 0;
}

static void note_event(struct table *t, int64_t ms)
{
    recording_note_source(t->rec, t->source, ms);
    if (!ms)
        return;
    t->first_ms = earlier(t->first_ms, ms);
    if (ms > t->last_ms)
        t->last_ms = ms;
}

static bool wanted_label(const struct table *t, struct aaj_str label)
{
    return !t->options->profile.n || aaj_str_eq(aaj_label_top(label), t->options->profile);
}

/* ---- events that were joined ---- */

static int take_event(struct table *t, const struct aaj_event *event)
{
    struct sample sample = { event->time_ms, event->serial, { "", 0 } };
    struct shape shape = { 0 };
    struct entry_place place;
    struct entry_key key;
    int r = enter_source(t, event->host, event->boot, event->time_ms, event->channel);

    if (r < 0)
        return r;
    if (!wanted_label(t, event->label)) {
        t->filtered++;
        return 0;
    }
    note_event(t, event->time_ms);
    if (!recording_is_access(event))
        return 0;
    r = recording_shape(t->rec, event, 0, &shape);
    if (r == 0)
        r = recording_object(t->rec, shape.arg, &key.object);
    if (r < 0)
        return r;
    key.pattern = shape.pattern;
    place = recording_place(t->rec, key);
    return recording_add(t->rec, &place, t->source, &shape, &sample, NULL);
}

/* ---- records, some at a time ---- */

/* What is made of a record on its way through the steps. */
struct step {
    const struct shape *shape; /* of the table, or .own; the table stays as it is until the last step */
    struct entry_place place;
    uint32_t source;
    uint32_t name1; /* the name's id, + 1, if it has the hash alone; 0: none has it */
    bool good;  /* an access that is wanted */
    bool fresh; /* .own is to be remembered */
    struct shape own;
};

static int keep_unknown(struct table *t, const struct aaj_log_record *record)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < record->n_unknown; i++)
        r = recording_unknown(t->rec, record->unknown[i].key, record->unknown[i].value);
    return r;
}

static struct aaj_str name_of(const struct queued *q)
{
    return shape_name(sample_payload(q->line, &q->known), &q->known.gaps);
}

static bool is_value(const struct queued *q, struct gap gap, const struct aaj_log_record *record, enum aaj_log_key key)
{
    return aaj_log_has(record, key) && record->val[key].p == q->line.p + q->known.payload + gap.from &&
           record->val[key].n == (size_t)(gap.to - gap.from);
}

/* Whether the gaps of numbers are what was read as such, for a line may say anything: name="/x pid=5" has another. */
static bool gaps_are_numbers(const struct queued *q, const struct aaj_log_record *record, const struct aaj_event *event)
{
    const struct gaps *gaps = &q->known.gaps;

    if (!is_value(q, gaps->pid, record, AAJ_KEY_PID))
        return false;
    if (gaps->port.from == gaps->port.to || event->class != AAJ_CLASS_NET)
        return true;
    return (is_value(q, gaps->port, record, AAJ_KEY_LPORT) && !event->arg[AAJ_NET_LPORT].n) ||
           (is_value(q, gaps->port, record, AAJ_KEY_FPORT) && !event->arg[AAJ_NET_FPORT].n);
}

/* Which argument the name is, + 1; of the name's gap the same is true. */
static unsigned named_argument(const struct queued *q, const struct aaj_log_record *record, const struct aaj_event *event)
{
    struct aaj_str name = name_of(q);

    if (!name.n || !is_value(q, q->known.gaps.name, record, AAJ_KEY_NAME))
        return 0;
    for (unsigned a = 0; a < AAJ_ARGS; a++)
        if (event->arg[a].p == name.p && event->arg[a].n == name.n)
            return a + 1;
    return 0;
}

static struct aaj_log_head head_of(const struct queued *q)
{
    return (struct aaj_log_head){ .line = q->line, .payload = sample_payload(q->line, &q->known), .host = q->host, .boot = q->boot,
                                  .type = q->type, .channel = q->channel, .kind = AAJ_LINE_APPARMOR,
                                  .time_ms = q->time_ms, .serial = q->serial };
}

/* A record whose shape is not known: takes it apart, and remembers the shape where nothing but the gaps can differ. */
static __attribute__((noinline)) int take_apart(struct table *t, const struct queued *q, struct step *step)
{
    struct aaj_log_head head = head_of(q);
    struct aaj_log_record record;
    struct shape *shape = &step->own;
    struct aaj_event event;
    bool has_name = q->plain && q->known.gaps.name.from < q->known.gaps.name.to;
    unsigned named;
    int r;

    *shape = (struct shape){ 0 };
    if (sample_buffer_reserve(&t->scratch, q->line.n) < 0)
        return -ENOMEM;
    record.scratch = t->scratch.p;
    t->taking = q;
    if (!aaj_log_reader_parse(t->reader, &head, q->number, &record, &event))
        return 0;
    shape->filtered = !wanted_label(t, event.label);
    shape->ignored = !recording_is_access(&event);
    named = has_name ? named_argument(q, &record, &event) : 0;
    r = shape->filtered ? 0 : keep_unknown(t, &record);
    if (r == 0 && !shape->filtered && !shape->ignored) {
        r = recording_shape(t->rec, &event, named, shape);
        step->good = r == 0;
    }
    if (r == 0 && step->good && q->plain)
        r = samples_template(&t->rec->samples, q->line, &q->known, &q->digest, &shape->template1);
    step->fresh = r == 0 && q->plain && gaps_are_numbers(q, &record, &event) && (named || !has_name);
    return r;
}

/* What the record means: known, or found out. */
static int know(struct table *t, struct queued *q, struct step *step)
{
    const struct shape *shape = q->plain ? shapes_find(&t->shapes, &q->digest) : NULL;
    int r = enter_source(t, q->host, q->boot, q->time_ms, q->channel);

    step->source = t->source;
    step->good = step->fresh = false;
    step->shape = shape ? shape : &step->own;
    if (r == 0 && shape) {
        step->good = !shape->filtered && !shape->ignored;
        aaj_log_reader_used(t->reader, 1);
    } else if (r == 0) {
        r = take_apart(t, q, step);
    }
    if (r < 0)
        return r;
    q->known.template1 = step->shape->template1;
    t->filtered += step->shape->filtered;
    if (!step->shape->filtered && (step->good || step->shape->ignored))
        note_event(t, q->time_ms);
    step->name1 = step->shape->named ? aaj_intern_probe(&t->rec->strings, q->name_hash) : 0;
    return 0;
}

static int make_key(struct table *t, const struct queued *q, struct step *step)
{
    const struct shape *shape = step->shape;
    uint32_t arg[AAJ_ARGS], name = 0;
    struct entry_key key;
    int r = 0;

    if (shape->named)
        r = aaj_intern_add_probed(&t->rec->strings, name_of(q), q->name_hash, step->name1, &name);
    key.object = shape->named ? name : shape->arg[0];
    if (!shape->one) {
        memcpy(arg, shape->arg, sizeof(arg));
        if (shape->named)
            arg[shape->named - 1] = name;
        r = r == 0 ? recording_object(t->rec, arg, &key.object) : r;
    }
    key.pattern = shape->pattern;
    step->place = recording_place(t->rec, key);
    return r;
}

static int add(struct table *t, const struct queued *q, const struct step *step)
{
    struct sample sample = { q->time_ms, q->serial, q->line };

    return recording_add(t->rec, &step->place, step->source, step->shape, &sample,
                         q->plain ? &q->known : NULL);
}

/*
 * Records on a conveyor: while one is entered, the next ones are at earlier steps, each of which fetches what the step
 * behind it touches. A cache miss takes as long as some records do; so far apart are the steps.
 */
static int take_step(struct table *t, struct queued *q, size_t n)
{
    enum { APART = 6, LAST = 4 * APART };
    struct step step[TABLE_STEP];
    int r = 0;

    for (size_t i = 0; i < n + LAST && r == 0; i++) {
        size_t k = i; /* less than nothing is more than n */

        if (k < n)
            r = know(t, &q[k], &step[k]);
        k -= APART;
        if (k < n && step[k].good)
            aaj_intern_fetch(&t->rec->strings, step[k].name1);
        k -= APART;
        if (r == 0 && k < n && step[k].good)
            r = make_key(t, &q[k], &step[k]);
        k -= APART;
        if (k < n && step[k].good)
            recording_probe(t->rec, &step[k].place);
        k -= APART;
        if (r == 0 && k < n && step[k].good)
            r = add(t, &q[k], &step[k]);
    }
    for (size_t i = 0; i < n && r == 0; i++)
        if (step[i].fresh)
            shapes_put(&t->shapes, &q[i].digest, &step[i].own);
    return r;
}

/* The slots of the names of some records. */
static void fetch_slots(const struct table *t, const struct queued *q, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (q[i].plain)
            aaj_slots_prefetch(&t->rec->strings.slots, q[i].name_hash);
}

static size_t step_of(const struct batch *b, size_t from)
{
    return from > b->n_items ? 0 : b->n_items - from < TABLE_STEP ? b->n_items - from : TABLE_STEP;
}

int table_take(struct table *t, struct batch *b)
{
    int r = 0;

    for (size_t i = 0; i < b->n_items && r == 0; i += TABLE_STEP) {
        fetch_slots(t, b->item + i + step_of(b, i), step_of(b, i + TABLE_STEP));
        r = take_step(t, b->item + i, step_of(b, i));
    }
    for (size_t i = 0; i < b->n_events && r == 0; i++)
        r = take_event(t, &b->event[i]);
    for (size_t i = 0; i < b->n_facts && r == 0; i++) {
        if (wanted_label(t, b->fact[i].label))
            r = recording_fact(t->rec, &b->fact[i].fact);
        else
            t->filtered++;
    }
    for (size_t i = 0; i < b->n_commands && r == 0; i++)
        if (wanted_label(t, b->command[i].exec.label))
            r = recording_command_of(t->rec, &b->command[i].exec, b->command[i].argv);
    b->n_items = b->n_settled = b->n_events = b->n_facts = b->n_commands = 0;
    return r;
}

/* ---- findings ---- */

static void on_report(void *data, struct aaj_str line, uint64_t line_no, size_t at, const char *why,
                      const struct aaj_log_head *head)
{
    struct table *t = data;
    const struct kept_report report = { line_no, at, why, line };
    const struct kept_loss loss = { .line = line_no, .what = "record-cut", .count = 1, .host = head->host,
                                    .boot = head->boot, .channel = head->channel, .when = head->time_ms };

    (void)batch_report(&t->found, &report);
    /* A record that was cut is an event lost, unless the log is just being written. */
    if (why == aaj_log_why_cut && !t->taking->last)
        (void)batch_loss(&t->found, &loss);
}

static int by_line(const void *a, const void *b)
{
    uint64_t x = ((const struct kept_report *)a)->line, y = ((const struct kept_report *)b)->line;

    return (x > y) - (x < y);
}

/* Findings of one block, of the scanner and of the table, to those of the log: the first ones, by line. */
static int keep_findings(struct table *t, struct batch *b)
{
    size_t n = t->all.n_reports;
    int r = 0;

    for (size_t i = 0; i < t->found.n_reports && r == 0; i++) {
        r = AAJ_GROW(b->report, b->n_reports, b->cap_reports) < 0 ? -ENOMEM : 0;
        if (r == 0)
            b->report[b->n_reports++] = t->found.report[i];
    }
    if (b->n_reports)
        qsort(b->report, b->n_reports, sizeof(*b->report), by_line);
    for (size_t i = 0; i < b->n_reports && n + i < BATCH_KEPT && r == 0; i++) {
        b->report[i].line += t->line_base;
        r = batch_report(&t->all, &b->report[i]);
    }
    for (size_t i = 0; i < t->found.n_losses + b->n_losses && r == 0; i++) {
        struct kept_loss loss = i < b->n_losses ? b->loss[i] : t->found.loss[i - b->n_losses];

        loss.line += t->line_base;
        r = batch_loss(&t->all, &loss);
    }
    return r;
}

int table_end_block(struct table *t, struct batch *b)
{
    int r = keep_findings(t, b);

    if (b->first_audit && !t->first_audit)
        t->first_audit = t->line_base + b->first_audit;
    if (b->first_audit)
        t->last_audit = t->line_base + b->last_audit;
    t->line_base += b->lines;
    batch_reset(&t->found);
    batch_reset(b);
    return r;
}

static int never(void *data, const struct aaj_event *event, const struct aaj_log_head *head,
                 const struct aaj_log_record *record)
{
    return 0;
}

int table_init(struct table *t, const struct aaj_intake_options *options)
{
    const struct aaj_log_handler handler = { .event = never, .report = on_report };
    int r;

    *t = (struct table){ .options = options };
    r = aaj_recording_new(&t->rec);
    if (r == 0)
        r = shapes_init(&t->shapes);
    if (r == 0)
        r = aaj_log_reader_new(&handler, t, &t->reader);
    if (r < 0)
        table_clear(t);
    return r;
}

void table_clear(struct table *t)
{
    aaj_log_reader_free(t->reader);
    shapes_clear(&t->shapes);
    aaj_recording_free(t->rec);
    free(t->scratch.p);
    batch_clear(&t->found);
    batch_clear(&t->all);
    *t = (struct table){ 0 };
}
