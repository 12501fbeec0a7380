/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Several inputs into one recording. The same event may be in more than one of them (audit.log and syslog, syslog and
 * kern.log, a copy), or they may follow one another (rotated logs). Those of one channel whose times do not overlap
 * form a chain: their counts are added. Chains are merged like recordings: counts are maxima. So no event is counted
 * twice, whatever is given, and nothing has to be remembered of single events.
 */
#include "recording/intake.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/grow.h"
#include "log/start.h"
#include "recording/blocks.h"

enum { PEEK = 64 * 1024, THREADS_MAX = 64 };

struct opened {
    const struct aaj_intake_input *input;
    struct aaj_log_source *source; /* of one that cannot be read again; else made when its turn comes */
    char *peek;
    size_t n_peek;
    struct aaj_log_start start;
};

/* What a chain holds already. */
struct span {
    struct aaj_str host, boot; /* in the chain's recording */
    uint32_t channel;
    int64_t first_ms, last_ms;
};

struct chain {
    struct aaj_recording *rec;
    struct span *span;
    size_t n_spans, cap_spans;
};

struct intake {
    const struct aaj_intake_options *options;
    struct aaj_diags *diags;
    struct chain *chain;
    size_t n_chains, cap_chains;
    uint64_t used, filtered; /* records; filtered: that the options leave out */
};

/* ---- one input ---- */

static int say(struct intake *in, const struct opened *o, enum aaj_severity severity, const char *id, const char *what,
               const char *why)
{
    struct aaj_loc loc = { .file = o->input->name };

    aaj_diag_add(in->diags, severity, id, loc, (struct aaj_str){ "", 0 }, "%s%s", what, why);
    return 0;
}

static void show_reports(struct intake *in, const struct opened *o, const struct table *t)
{
    for (size_t i = 0; i < t->all.n_reports; i++) {
        const struct kept_report *k = &t->all.report[i];
        struct aaj_loc loc = { .file = o->input->name, .line = saturate(k->line),
                               .column = k->at < k->text.n ? (uint32_t)k->at + 1 : 0 };

        aaj_diag_add(in->diags, AAJ_WARNING, "log-line", loc, k->text, "%s", k->why);
    }
}

/* A loss in the kernel log is covered where records of the audit channel stand before and behind it. */
static int take_loss(struct table *t, const struct kept_loss *l)
{
    struct loss loss = { .key = { .channel = l->channel, .day = AAJ_DAY_NONE }, .count = l->count,
                         .first_ms = l->when, .last_ms = l->when };
    struct aaj_recording *rec = t->rec;

    if (l->when)
        loss.key.day = (int32_t)(l->when / 86400000);
    if (aaj_intern_add(&rec->strings, aaj_str_c(l->what), &loss.what) < 0 ||
        aaj_intern_add(&rec->strings, l->host.n ? l->host : t->options->host, &loss.key.host) < 0 ||
        aaj_intern_add(&rec->strings, l->boot, &loss.key.boot) < 0)
        return -ENOMEM;
    loss.covered = recording_loss_is_local(rec, &loss) && l->channel == AAJ_CHANNEL_KERNEL && t->first_audit &&
                   t->first_audit < l->line && l->line < t->last_audit;
    return recording_loss(rec, &loss, true);
}

static void add_account(struct input *sum, const struct aaj_log_account *a, uint64_t filtered)
{
    sum->lines += a->lines;
    sum->used += a->used - filtered;
    sum->irrelevant += a->irrelevant + filtered;
    sum->reported += a->reported;
    sum->bytes += a->bytes;
}

static int take_account(struct intake *in, struct table *t, const struct scanner *scanner, unsigned n)
{
    struct input sum = { .first_ms = t->first_ms, .last_ms = t->last_ms };

    add_account(&sum, aaj_log_reader_account(t->reader), t->filtered);
    in->filtered += t->filtered;
    for (unsigned i = 0; i < n; i++) {
        add_account(&sum, aaj_log_reader_account(scanner[i].reader), scanner[i].filtered);
        in->filtered += scanner[i].filtered;
    }
    in->used += sum.used;
    return recording_input(t->rec, &sum);
}

/* What else was found, into the recording. */
static int collect(struct intake *in, const struct opened *o, struct table *t, const struct scanner *scanner, unsigned n,
                   int read_error)
{
    struct aaj_loss damage = { .what = AAJ_STR("input-damaged"), .day = AAJ_DAY_NONE };
    int r = 0;

    for (size_t i = 0; i < t->all.n_losses && r == 0; i++)
        r = take_loss(t, &t->all.loss[i]);
    if (r == 0)
        r = take_account(in, t, scanner, n);
    if (r < 0)
        return r;
    show_reports(in, o, t);
    if (read_error == 0)
        return 0;
    if (read_error != -EBADMSG && read_error != -E2BIG) {
        say(in, o, AAJ_ERROR, "log-read", "cannot read: ", strerror(-read_error));
        return read_error;
    }
    say(in, o, AAJ_WARNING, "log-damaged",
        read_error == -E2BIG ? "the compressed log grows beyond all measure; if it is whole, unpack it first" : "the compressed log is damaged or cut",
        "; what came before was read");
    return aaj_recording_add_loss(t->rec, &damage);
}

static int read_input(struct intake *in, struct opened *o, struct aaj_recording **ret_rec)
{
    unsigned n = in->options->threads ? in->options->threads : 1, ready = 0;
    struct scanner scanner[THREADS_MAX];
    struct table table;
    int read_error = 0, r = table_init(&table, in->options);

    if (r < 0)
        return r;
    n = n > THREADS_MAX ? THREADS_MAX : n;
    while (ready < n && r == 0) {
        r = scanner_init(&scanner[ready], in->options, &table, n == 1);
        ready += r == 0;
    }
    if (r == 0)
        r = blocks_read(o->source, (struct aaj_str){ o->peek, o->n_peek }, &table, scanner, n, &read_error);
    if (r == 0)
        r = collect(in, o, &table, scanner, n, read_error);
    if (r == 0) {
        *ret_rec = table.rec;
        table.rec = NULL;
    }
    for (unsigned i = 0; i < ready; i++)
        scanner_clear(&scanner[i]);
    table_clear(&table);
    return r;
}

/* ---- chains ---- */

static bool may_be_same(struct aaj_str a, struct aaj_str b)
{
    return !a.n || !b.n || aaj_str_eq(a, b);
}

static bool share_time_ordered(int64_t earlier_last, int64_t later_first, bool one_instant)
{
    return earlier_last > later_first || (earlier_last == later_first && one_instant);
}

/* Whether two spans of time have more in common than the millisecond in which a log was rotated. */
static bool share_time(int64_t a_first, int64_t a_last, int64_t b_first, int64_t b_last)
{
    if (!a_first || !b_first)
        return true; /* one does not say when */
    if (a_first > b_first || (a_first == b_first && a_last > b_last))
        return share_time_ordered(b_last, a_first, b_first == b_last || a_first == a_last);
    return share_time_ordered(a_last, b_first, a_first == a_last || b_first == b_last);
}

static bool overlaps(const struct chain *chain, const struct aaj_recording *rec)
{
    for (size_t i = 0; i < rec->n_sources; i++)
        for (size_t k = 0; k < chain->n_spans; k++) {
            const struct source *s = &rec->source[i];
            const struct span *p = &chain->span[k];

            if (s->key.channel == p->channel && s->events && may_be_same(aaj_recording_str(rec, s->key.host), p->host) &&
                may_be_same(aaj_recording_str(rec, s->key.boot), p->boot) &&
                share_time(s->first_ms, s->last_ms, p->first_ms, p->last_ms))
                return true;
        }
    return false;
}

static int add_spans(struct chain *chain, const struct aaj_recording *rec)
{
    for (size_t i = 0; i < rec->n_sources; i++) {
        const struct source *s = &rec->source[i];
        struct span span = { .channel = s->key.channel, .first_ms = s->first_ms, .last_ms = s->last_ms };
        uint32_t host, boot;

        if (aaj_intern_add(&chain->rec->strings, aaj_recording_str(rec, s->key.host), &host) < 0 ||
            aaj_intern_add(&chain->rec->strings, aaj_recording_str(rec, s->key.boot), &boot) < 0 ||
            AAJ_GROW(chain->span, chain->n_spans, chain->cap_spans) < 0)
            return -ENOMEM;
        span.host = aaj_recording_str(chain->rec, host);
        span.boot = aaj_recording_str(chain->rec, boot);
        chain->span[chain->n_spans++] = span;
    }
    return 0;
}

/* Gives @rec to the first chain that it does not overlap, or makes it one. Takes @rec over. */
static int add_to_chain(struct intake *in, struct aaj_recording *rec)
{
    int r;

    for (size_t i = 0; i < in->n_chains; i++) {
        if (overlaps(&in->chain[i], rec))
            continue;
        r = add_spans(&in->chain[i], rec);
        if (r == 0)
            r = recording_merge(in->chain[i].rec, rec, true);
        aaj_recording_free(rec);
        return r;
    }
    if (AAJ_GROW(in->chain, in->n_chains, in->cap_chains) < 0) {
        aaj_recording_free(rec);
        return -ENOMEM;
    }
    in->chain[in->n_chains] = (struct chain){ .rec = rec };
    return add_spans(&in->chain[in->n_chains++], rec);
}

static int merge_chains(struct intake *in, struct aaj_recording *rec)
{
    int r = 0;

    for (size_t i = 0; i < in->n_chains && r == 0; i++) {
        if (rec->n_entries == 0 && rec->n_inputs == 0 && rec->strings.n == 1) {
            struct aaj_recording empty = *rec; /* nothing is in it yet: exchanged instead of copied */

            *rec = *in->chain[i].rec;
            *in->chain[i].rec = empty;
        } else {
            r = aaj_recording_merge(rec, in->chain[i].rec);
        }
    }
    return r;
}

/* ---- the order of inputs: by their content, not as they were named ---- */

static int note_first(void *data, const struct aaj_log_head *head)
{
    struct opened *o = data;

    aaj_log_start_note(&o->start, head);
    return 1;
}

static int ignore_event(void *data, const struct aaj_event *event, const struct aaj_log_head *head,
                        const struct aaj_log_record *record)
{
    return 0;
}

/* The first bytes tell the form; of several inputs, also which is the first. */
static int peek(struct opened *o, bool alone)
{
    const struct aaj_log_handler handler = { .known = note_first, .event = ignore_event };
    struct aaj_log_reader *reader;
    ssize_t got = 0;
    int r = aaj_log_source_new(o->input->fd, &o->source);

    o->peek = malloc(PEEK);
    if (!o->peek)
        return -ENOMEM;
    while (r == 0 && o->n_peek < PEEK &&
           (got = aaj_log_source_read(o->source, o->peek + o->n_peek, PEEK - o->n_peek)) > 0)
        o->n_peek += (size_t)got;
    o->start.bytes = (struct aaj_str){ o->peek, o->n_peek };
    if (r < 0 || alone)
        return r;
    r = aaj_log_reader_new(&handler, o, &reader);
    if (r < 0)
        return r;
    r = aaj_log_reader_feed(reader, o->peek, o->n_peek);
    aaj_log_reader_free(reader);
    return r;
}

/* A file is read again from its start when its turn comes: a decompressor each would be much memory. */
static void let_go(struct opened *o)
{
    if (lseek(o->input->fd, 0, SEEK_SET) == 0)
        o->source = aaj_log_source_free(o->source);
}

static int by_start(const void *a, const void *b)
{
    return aaj_log_start_cmp(&((const struct opened *)a)->start, &((const struct opened *)b)->start);
}

static int take_one(struct intake *in, struct opened *o)
{
    struct aaj_recording *rec = NULL;
    int r = 0;

    if (!o->source) {
        o->n_peek = 0;
        r = aaj_log_source_new(o->input->fd, &o->source);
        if (r == 0) { /* the first bytes tell the form */
            ssize_t got = aaj_log_source_read(o->source, o->peek, PEEK);

            o->n_peek = got > 0 ? (size_t)got : 0;
        }
    }
    if (r == 0)
        r = read_input(in, o, &rec);
    o->source = aaj_log_source_free(o->source);
    return r < 0 ? r : add_to_chain(in, rec);
}

static int take_all(struct intake *in, struct opened *o, size_t n)
{
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++) {
        r = peek(&o[i], n == 1);
        if (r == 0 && n > 1)
            let_go(&o[i]);
    }
    if (r == 0)
        qsort(o, n, sizeof(*o), by_start);
    for (size_t i = 0; i < n && r == 0; i++)
        r = take_one(in, &o[i]);
    return r;
}

/* A host or a date that was mistyped leaves nothing, which would look like a quiet service. */
static void say_if_all_is_filtered(const struct intake *in)
{
    if (in->filtered && !in->used)
        aaj_diag_add(in->diags, AAJ_WARNING, "log-filtered", (struct aaj_loc){ 0 }, (struct aaj_str){ "", 0 },
                     "none of the %" PRIu64 " AppArmor records is of the host, the time and the profile asked for", in->filtered);
}

int aaj_intake(struct aaj_recording *rec, const struct aaj_intake_input *input, size_t n_inputs,
               const struct aaj_intake_options *options, struct aaj_diags *diags)
{
    struct intake in = { .options = options, .diags = diags };
    struct opened *o = calloc(n_inputs + 1, sizeof(*o));
    int r;

    if (!o)
        return -ENOMEM;
    for (size_t i = 0; i < n_inputs; i++)
        o[i].input = &input[i];
    recording_forget_view(rec);
    r = take_all(&in, o, n_inputs);
    if (r == 0)
        r = merge_chains(&in, rec);
    if (r == 0)
        say_if_all_is_filtered(&in);
    for (size_t i = 0; i < n_inputs; i++) {
        aaj_log_source_free(o[i].source);
        free(o[i].peek);
    }
    for (size_t i = 0; i < in.n_chains; i++) {
        aaj_recording_free(in.chain[i].rec);
        free(in.chain[i].span);
    }
    free(in.chain);
    free(o);
    return r;
}
