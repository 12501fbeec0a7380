/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The account of a reading: what was used, what not, what was lost. */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/json.h"
#include "learn/growth.h"
#include "recorder.h"

enum { GROWTH_MAX = 50000 }; /* some tenths of a second */

static const struct {
    struct aaj_str what;
    const char *text, *advice;
} losses[] = {
    { AAJ_STR_INIT("callbacks-suppressed"), "the kernel log was rate limited",
      "sysctl kernel.printk_ratelimit=0 while learning, or read auditd's log" },
    { AAJ_STR_INIT("audit-lost"), "the kernel's audit queue lost records (counted since boot)",
      "auditctl -b 65536; boot with audit_backlog_limit=65536" },
    { AAJ_STR_INIT("serial-gap"), "serial numbers of audit events are missing", "auditctl -b 65536, and learn again" },
    { AAJ_STR_INIT("receive-overrun"), "records came faster than they could be taken", "learn again with less at a time" },
    { AAJ_STR_INIT("audit-backlog"), "the kernel's audit queue was full",
      "auditctl -b 65536; boot with audit_backlog_limit=65536" },
    { AAJ_STR_INIT("audit-rate-limit"), "audit's rate limit was reached", "auditctl -r 0 while learning" },
    { AAJ_STR_INIT("audit-queue"), "the kernel's queues for auditd overflowed", "auditctl -b 65536" },
    { AAJ_STR_INIT("dispatcher-queue"), "auditd's dispatcher dropped events", "raise q_depth in auditd.conf" },
    { AAJ_STR_INIT("auditd-suspended"), "auditd stopped writing for lack of space", "make room, then learn again" },
    { AAJ_STR_INIT("journald-missed"), "journald missed kernel messages", "raise the kernel's log_buf_len" },
    { AAJ_STR_INIT("journald-rate-limit"), "journald's rate limit dropped messages",
      "RateLimitIntervalSec=0 in journald.conf while learning" },
    { AAJ_STR_INIT("syslog-rate-limit"), "the syslog daemon's rate limit dropped messages",
      "switch its rate limit off while learning" },
    { AAJ_STR_INIT("syscall-unnamed"), "system calls about files whose names the log does not tell",
      "they are relative to folders that were opened before the log, or unnamed temporary files: start the slave anew" },
    { AAJ_STR_INIT("syscall-descriptor"), "files mapped or locked through descriptors that were not seen opened",
      "start the slave anew while the rules of --print-rules are loaded" },
    { AAJ_STR_INIT("syscall-exec"), "processes run programs that were not seen executed", "load all rules of --print-rules" },
    { AAJ_STR_INIT("record-cut"), "records were cut off in the log", "read auditd's log: syslog and printk cut long lines" },
    { AAJ_STR_INIT("input-damaged"), "an input is damaged", "find a whole copy of it" },
};

static void explain(FILE *out, const struct aaj_loss *loss)
{
    const char *advice = NULL;

    fputs(loss->covered ? "  note: " : "  LOST: ", out);
    for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++)
        if (aaj_str_eq(loss->what, losses[i].what)) {
            fputs(losses[i].text, out);
            advice = losses[i].advice;
        }
    if (!advice)
        aaj_escape_terminal(out, loss->what);
    if (loss->count)
        fprintf(out, ", %" PRIu64 " records", loss->count);
    if (loss->host.n) {
        fputs(", host ", out);
        aaj_escape_terminal(out, loss->host);
    }
    if (loss->covered)
        fputs("; the same input holds the audit channel of that time", out);
    else if (advice)
        fprintf(out, "\n        %s", advice);
    fputc('\n', out);
}

struct summary {
    struct aaj_account account;
    struct aaj_loss *loss;
    size_t n_losses;
    struct aaj_head_label *label;
    size_t n_labels;
    uint64_t accesses;
    struct aaj_growth growth;
};

static void for_people(FILE *out, const struct summary *s)
{
    fprintf(out, "%" PRIu64 " lines: %" PRIu64 " used, %" PRIu64 " irrelevant, %" PRIu64 " reported; %" PRIu64
                 " distinct accesses of %zu profile%s",
            s->account.lines, s->account.used, s->account.irrelevant, s->account.reported, s->accesses, s->n_labels,
            s->n_labels == 1 ? "" : "s");
    for (size_t i = 0; i < s->n_labels && i < 8; i++) {
        fputs(i ? ", " : ": ", out);
        aaj_escape_terminal(out, s->label[i].label);
        fprintf(out, " (%" PRIu64 ")", s->label[i].accesses);
    }
    fputs(s->n_labels > 8 ? ", …\n" : "\n", out);
    if (s->accesses == 0)
        fputs("  nothing can be learned from this: is it the log of the machine where the slave worked under a profile, in complain\n"
              "  mode? Where the kernel has no AppArmor, audit rules do: learn --syscalls\n", out);
    for (size_t i = 0; i < s->n_losses; i++)
        explain(out, &s->loss[i]);
    aaj_growth_print(out, &s->growth);
    if (s->accesses > GROWTH_MAX)
        fprintf(out, "whether it still grows is not measured above %d distinct accesses\n", GROWTH_MAX);
}

static struct json_object *growth_json(const struct aaj_growth *g)
{
    struct json_object *o = json_object_new_object(), *fresh = json_object_new_array();

    json_object_object_add(o, "verdict", json_object_new_string(aaj_growth_name[g->verdict]));
    json_object_object_add(o, "kinds", json_object_new_uint64(g->kinds));
    json_object_object_add(o, "first_ms", json_object_new_int64(g->first_ms));
    json_object_object_add(o, "last_ms", json_object_new_int64(g->last_ms));
    json_object_object_add(o, "last_new_ms", json_object_new_int64(g->last_new_ms));
    json_object_object_add(o, "again", json_object_new_uint64(g->again));
    json_object_object_add(o, "slice_ms", json_object_new_int64(g->slice_ms));
    for (size_t i = 0; i < g->slices; i++)
        json_object_array_add(fresh, json_object_new_uint64(g->fresh[i]));
    json_object_object_add(o, "new", fresh);
    return o;
}

static void for_machines(FILE *out, const struct summary *s)
{
    struct json_object *o = json_object_new_object(), *labels = json_object_new_array(), *list = json_object_new_array();

    json_object_object_add(o, "lines", json_object_new_uint64(s->account.lines));
    json_object_object_add(o, "used", json_object_new_uint64(s->account.used));
    json_object_object_add(o, "irrelevant", json_object_new_uint64(s->account.irrelevant));
    json_object_object_add(o, "reported", json_object_new_uint64(s->account.reported));
    json_object_object_add(o, "accesses", json_object_new_uint64(s->accesses));
    json_object_object_add(o, "complete", json_object_new_boolean(!s->account.incomplete));
    json_object_object_add(o, "lost", json_object_new_uint64(s->account.lost));
    for (size_t i = 0; i < s->n_labels; i++) {
        struct json_object *l = json_object_new_object();

        json_object_object_add(l, "label", aaj_json_bytes(s->label[i].label));
        json_object_object_add(l, "accesses", json_object_new_uint64(s->label[i].accesses));
        json_object_array_add(labels, l);
    }
    json_object_object_add(o, "labels", labels);
    for (size_t i = 0; i < s->n_losses; i++) {
        struct json_object *l = json_object_new_object();

        json_object_object_add(l, "what", aaj_json_bytes(s->loss[i].what));
        json_object_object_add(l, "host", aaj_json_bytes(s->loss[i].host));
        json_object_object_add(l, "channel", json_object_new_string(aaj_channel_name[s->loss[i].channel]));
        json_object_object_add(l, "count", json_object_new_uint64(s->loss[i].count));
        json_object_object_add(l, "covered", json_object_new_boolean(s->loss[i].covered));
        json_object_array_add(list, l);
    }
    json_object_object_add(o, "losses", list);
    json_object_object_add(o, "growth", growth_json(&s->growth));
    fprintf(out, "%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(o);
}

/* The one thing that needs all of the recording. */
static int measure_growth(struct aaj_str text, struct aaj_growth *ret_growth, struct aaj_diags *diags)
{
    struct aaj_recording *rec;
    int r = aaj_recording_new(&rec);

    if (r == 0)
        r = aaj_recording_read(rec, text, AAJ_STR("the reading process"), diags);
    if (r == 0)
        r = aaj_growth_of(rec, ret_growth);
    aaj_recording_free(rec);
    return r;
}

int recorder_summary(const struct recorder_options *o, struct aaj_str text, FILE *people, FILE *json,
                     struct aaj_diags *diags)
{
    struct summary s = { 0 };
    struct aaj_recording *rec;
    int r = aaj_recording_new(&rec);

    if (r == 0)
        r = aaj_recording_read(rec, aaj_recording_head(text), AAJ_STR("the reading process"), diags);
    if (r == 0)
        r = aaj_recording_losses(rec, &s.loss, &s.n_losses);
    if (r == 0)
        r = aaj_recording_head_labels(rec, &s.label, &s.n_labels);
    if (r == 0) {
        s.account = aaj_recording_account(rec);
        for (size_t i = 0; i < s.n_labels; i++)
            s.accesses += s.label[i].accesses;
        r = s.accesses <= GROWTH_MAX ? measure_growth(text, &s.growth, diags) : 0;
    }
    if (r == 0) {
        if (people)
            for_people(people, &s);
        if (json)
            for_machines(json, &s);
    }
    free(s.loss);
    free(s.label);
    aaj_recording_free(rec);
    if (r < 0)
        return EXIT_REFUSED;
    return s.account.incomplete && !o->accept_loss ? EXIT_LOST : EXIT_DONE;
}
