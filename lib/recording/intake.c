/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recording/intake.h"

#include <errno.h>
#include <stdlib.h>

#include "log/reader.h"
#include "log/source.h"
#include "recording/impl.h"

enum { BUFFER = 256 * 1024, SHOWN = 240 };

/* One input on its way in. */
struct taking {
    struct aaj_recording *rec;
    const struct aaj_intake_options *options;
    struct aaj_str name;
    struct aaj_diags *diags;
    struct aaj_log_reader *reader;
    struct input input;
    uint64_t filtered;
};

static bool wanted(struct taking *t, const struct aaj_event *event)
{
    const struct aaj_intake_options *o = t->options;

    if (event->time_ms && ((o->since_ms && event->time_ms < o->since_ms) || (o->until_ms && event->time_ms >= o->until_ms)))
        return false;
    if (o->host.n && event->host.n && !aaj_str_eq(o->host, event->host))
        return false;
    return !o->profile.n || aaj_str_eq(aaj_label_top(event->label), o->profile);
}

static int take_event(void *data, const struct aaj_event *event, const struct aaj_log_head *head,
                      const struct aaj_log_record *record)
{
    struct taking *t = data;
    struct aaj_event e = *event;
    int r = 0;

    if (!wanted(t, event)) {
        t->filtered++;
        return 0;
    }
    if (!e.host.n)
        e.host = t->options->host;
    t->input.first_ms = earlier(t->input.first_ms, e.time_ms);
    if (e.time_ms > t->input.last_ms)
        t->input.last_ms = e.time_ms;
    for (unsigned i = 0; record && r == 0 && i < record->n_unknown; i++)
        r = recording_unknown(t->rec, record->unknown[i].key, record->unknown[i].value);
    return r < 0 ? r : aaj_recording_add(t->rec, &e, record ? head->line : (struct aaj_str){ "", 0 });
}

static void report(void *data, struct aaj_str line, uint64_t line_no, size_t at, const char *why)
{
    struct taking *t = data;
    struct aaj_loc loc = { .file = t->name, .line = saturate(line_no), .column = at < SHOWN ? (uint32_t)at + 1 : 0 };

    aaj_diag_add(t->diags, AAJ_WARNING, "log-line", loc, aaj_str_head(line, SHOWN), "%s", why);
}

/* What a loss speaks of: the day of the newest event of its channel, for it says no time of its own. */
static int take_loss(void *data, const struct aaj_log_head *head)
{
    struct taking *t = data;
    struct loss loss = { .key = { .channel = head->channel, .day = AAJ_DAY_NONE }, .count = head->lost };
    struct aaj_str host = head->host.n ? head->host : t->options->host;
    int64_t when = head->time_ms ? head->time_ms : t->input.last_ms;

    if (aaj_intern_add(&t->rec->strings, aaj_str_c(head->why), &loss.what) < 0 ||
        aaj_intern_add(&t->rec->strings, host, &loss.key.host) < 0 ||
        aaj_intern_add(&t->rec->strings, head->boot, &loss.key.boot) < 0)
        return -ENOMEM;
    if (when) {
        loss.key.day = (int32_t)(when / 86400000);
        loss.first_ms = loss.last_ms = when;
    }
    return recording_loss(t->rec, &loss);
}

static int read_source(struct taking *t, struct aaj_log_source *source, char *buf)
{
    ssize_t n;
    int r;

    while ((n = aaj_log_source_read(source, buf, BUFFER)) > 0) {
        r = aaj_log_reader_feed(t->reader, buf, (size_t)n);
        if (r < 0)
            return r;
    }
    r = aaj_log_reader_finish(t->reader);
    return r < 0 ? r : (int)n;
}

static int damaged(struct taking *t, int why)
{
    struct aaj_loc loc = { .file = t->name };
    struct aaj_loss loss = { .what = AAJ_STR("input-damaged"), .day = AAJ_DAY_NONE };

    aaj_diag_add(t->diags, AAJ_WARNING, "log-damaged", loc, (struct aaj_str){ "", 0 }, "%s; what came before was read",
                 why == -E2BIG ? "the compressed log grows without end" : "the compressed log is damaged or cut");
    return aaj_recording_add_loss(t->rec, &loss);
}

static int take_input(struct taking *t, int fd)
{
    const struct aaj_log_handler handler = { .event = take_event, .report = report, .loss = take_loss };
    struct aaj_log_source *source = NULL;
    const struct aaj_log_account *account;
    char *buf = malloc(BUFFER);
    int r = buf ? aaj_log_source_new(fd, &source) : -ENOMEM;

    if (r == 0)
        r = aaj_log_reader_new(&handler, t, &t->reader);
    if (r == 0)
        r = read_source(t, source, buf);
    if (r == -EBADMSG || r == -E2BIG)
        r = damaged(t, r);
    if (r == 0) {
        account = aaj_log_reader_account(t->reader);
        t->input.lines = account->lines;
        t->input.used = account->used - t->filtered;
        t->input.irrelevant = account->irrelevant + t->filtered;
        t->input.reported = account->reported;
        t->input.bytes = account->bytes;
        r = recording_input(t->rec, &t->input);
    }
    aaj_log_reader_free(t->reader);
    aaj_log_source_free(source);
    free(buf);
    return r;
}

int aaj_intake(struct aaj_recording *rec, const struct aaj_intake_input *input, size_t n_inputs,
               const struct aaj_intake_options *options, struct aaj_diags *diags)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < n_inputs; i++) {
        struct taking t = { .rec = rec, .options = options, .name = input[i].name, .diags = diags };

        r = take_input(&t, input[i].fd);
        if (r < 0 && r != -ENOMEM) {
            struct aaj_loc loc = { .file = input[i].name };

            aaj_diag_add(diags, AAJ_ERROR, "log-read", loc, (struct aaj_str){ "", 0 }, "cannot read: %s", strerror(-r));
        }
    }
    return r;
}
