/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Several inputs into one recording. The same event may be in more than one of them (audit.log and syslog, syslog and
 * kern.log, a copy), or they may follow one another (rotated logs). Those of one channel whose times do not overlap
 * form a chain: their counts are added. Chains are merged like recordings: counts are maxima. So no event is counted
 * twice, whatever is given, and nothing has to be remembered of single events.
 */
#include "recording/intake.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/grow.h"
#include "recording/blocks.h"

enum { PEEK = 64 * 1024, THREADS_MAX = 64 };

struct opened {
    const struct aaj_intake_input *input;
    struct aaj_log_source *source; /* of one that cannot be read again; else made when its turn comes */
    char *peek;
    size_t n_peek;
    int64_t first_ms; /* of its first record */
    uint64_t first_serial;
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
};

/* ---- one input ---- */

static int say(struct intake *in, const struct opened *o, enum aaj_severity severity, const char *id, const char *what,
               const char *why)
{
    struct aaj_loc loc = { .file = o->input->name };

    aaj_diag_add(in->diags, severity, id, loc, (struct aaj_str){ "", 0 }, "%s%s", what, why);
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct kept_report *x = *(const struct kept_report *const *)a, *y = *(const struct kept_report *const *)b;

    return place_compare(x->place, y->place);
}

static uint64_t line_number(const struct blocks_result *blocks, struct place place)
{
    return place.line + (place.block < blocks->n_blocks ? blocks->line_base[place.block] : 0);
}

static int show_reports(struct intake *in, const struct opened *o, const struct worker *w, unsigned n,
                        const struct blocks_result *blocks)
{
    const struct kept_report **sorted;
    size_t total = 0, at = 0;

    for (unsigned i = 0; i < n; i++)
        total += w[i].n_reports;
    sorted = calloc(total + 1, sizeof(*sorted));
    if (!sorted)
        return -ENOMEM;
    for (unsigned i = 0; i < n; i++)
        for (size_t k = 0; k < w[i].n_reports; k++)
            sorted[at++] = &w[i].report[k];
    qsort(sorted, total, sizeof(*sorted), by_place);
    for (size_t i = 0; i < total && i < WORKER_KEPT; i++) {
        struct aaj_loc loc = { .file = o->input->name, .line = saturate(line_number(blocks, sorted[i]->place)),
                               .column = sorted[i]->at < sorted[i]->line.n ? (uint32_t)sorted[i]->at + 1 : 0 };

        aaj_diag_add(in->diags, AAJ_WARNING, "log-line", loc, sorted[i]->line, "%s", sorted[i]->why);
    }
    free(sorted);
    return 0;
}

/* Losses of all workers into @rec. A loss in the kernel log is covered where records of the audit channel stand before
 * and behind it. */
static int take_losses(struct aaj_recording *rec, const struct worker *w, unsigned n)
{
    struct place first = { 0 }, last = { 0 };
    bool audit = false;

    for (unsigned i = 0; i < n; i++) {
        if (!w[i].has_audit)
            continue;
        if (!audit || place_compare(w[i].first_audit, first) < 0)
            first = w[i].first_audit;
        if (!audit || place_compare(w[i].last_audit, last) > 0)
            last = w[i].last_audit;
        audit = true;
    }
    for (unsigned i = 0; i < n; i++)
        for (size_t k = 0; k < w[i].n_losses; k++) {
            const struct kept_loss *l = &w[i].loss[k];
            struct loss loss = { .key = { .channel = l->channel, .day = AAJ_DAY_NONE }, .count = l->count,
                                 .first_ms = l->when, .last_ms = l->when };

            if (l->when)
                loss.key.day = (int32_t)(l->when / 86400000);
            if (aaj_intern_add(&rec->strings, aaj_str_c(l->what), &loss.what) < 0 ||
                aaj_intern_add(&rec->strings, aaj_recording_str(w[i].rec, l->host), &loss.key.host) < 0 ||
                aaj_intern_add(&rec->strings, aaj_recording_str(w[i].rec, l->boot), &loss.key.boot) < 0)
                return -ENOMEM;
            loss.covered = audit && recording_loss_is_local(rec, &loss) && l->channel == AAJ_CHANNEL_KERNEL &&
                           place_compare(first, l->place) < 0 && place_compare(l->place, last) < 0;
            if (recording_loss(rec, &loss, true) < 0)
                return -ENOMEM;
        }
    return 0;
}

static int take_account(struct aaj_recording *rec, const struct worker *w, unsigned n)
{
    struct input sum = { 0 };

    for (unsigned i = 0; i < n; i++) {
        const struct aaj_log_account *a = aaj_log_reader_account(w[i].reader);

        sum.lines += a->lines;
        sum.used += a->used - w[i].filtered;
        sum.irrelevant += a->irrelevant + w[i].filtered;
        sum.reported += a->reported;
        sum.bytes += a->bytes;
        sum.first_ms = earlier(sum.first_ms, w[i].input_first_ms);
        if (w[i].input_last_ms > sum.last_ms)
            sum.last_ms = w[i].input_last_ms;
    }
    return recording_input(rec, &sum);
}

/* What the workers found, in the recording of the first. */
static int collect(struct intake *in, const struct opened *o, struct worker *w, unsigned n,
                   const struct blocks_result *blocks)
{
    struct aaj_loss damage = { .what = AAJ_STR("input-damaged"), .day = AAJ_DAY_NONE };
    int r = 0;

    for (unsigned i = 1; r == 0 && i < n; i++)
        r = recording_merge(w[0].rec, w[i].rec, true);
    if (r == 0)
        r = take_losses(w[0].rec, w, n);
    if (r == 0)
        r = take_account(w[0].rec, w, n);
    if (r == 0)
        r = show_reports(in, o, w, n, blocks);
    if (r < 0 || blocks->read_error == 0)
        return r;
    if (blocks->read_error != -EBADMSG && blocks->read_error != -E2BIG) {
        say(in, o, AAJ_ERROR, "log-read", "cannot read: ", strerror(-blocks->read_error));
        return blocks->read_error;
    }
    say(in, o, AAJ_WARNING, "log-damaged",
        blocks->read_error == -E2BIG ? "the compressed log grows without end" : "the compressed log is damaged or cut",
        "; what came before was read");
    return aaj_recording_add_loss(w[0].rec, &damage);
}

static int read_input(struct intake *in, struct opened *o, struct aaj_recording **ret_rec)
{
    unsigned n = in->options->threads ? in->options->threads : 1, ready = 0;
    struct blocks_result blocks = { 0 };
    struct worker *w;
    int r = 0;

    n = n > THREADS_MAX ? THREADS_MAX : n;
    w = calloc(n, sizeof(*w));
    if (!w)
        return -ENOMEM;
    while (ready < n && r == 0) {
        r = worker_init(&w[ready], in->options);
        ready += r == 0;
    }
    if (r == 0)
        r = blocks_read(o->source, (struct aaj_str){ o->peek, o->n_peek }, w, n, &blocks);
    if (r == 0)
        r = collect(in, o, w, n, &blocks);
    if (r == 0) {
        *ret_rec = w[0].rec;
        w[0].rec = NULL;
    }
    for (unsigned i = 0; i < ready; i++)
        worker_clear(&w[i]);
    free(w);
    free(blocks.line_base);
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

    if (!o->first_ms) {
        o->first_ms = head->time_ms;
        o->first_serial = head->serial;
    }
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

static int by_first(const void *a, const void *b)
{
    const struct opened *x = a, *y = b;

    if (x->first_ms != y->first_ms)
        return x->first_ms < y->first_ms ? -1 : 1;
    if (x->first_serial != y->first_serial)
        return x->first_serial < y->first_serial ? -1 : 1;
    return aaj_str_cmp((struct aaj_str){ x->peek, x->n_peek }, (struct aaj_str){ y->peek, y->n_peek });
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
        qsort(o, n, sizeof(*o), by_first);
    for (size_t i = 0; i < n && r == 0; i++)
        r = take_one(in, &o[i]);
    return r;
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
