/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each fact has a key and a join. Joins are maximum, minimum and union, so the order and the number of
 * times that recordings are merged make no difference. The same functions take in a line of a file.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "recording/impl.h"

int recording_join_source(struct aaj_recording *rec, const struct source *from, bool disjoint)
{
    struct source *to;
    uint32_t id;
    int r = recording_source(rec, &from->key, &id);

    if (r < 0)
        return r;
    to = &rec->source[id];
    if (disjoint)
        to->events += from->events;
    else if (from->events > to->events)
        to->events = from->events;
    to->first_ms = earlier(to->first_ms, from->first_ms);
    if (from->last_ms > to->last_ms)
        to->last_ms = from->last_ms;
    return 0;
}

int recording_input(struct aaj_recording *rec, const struct input *input)
{
    for (size_t i = 0; i < rec->n_inputs; i++)
        if (memcmp(&rec->input[i], input, sizeof(*input)) == 0)
            return 0;
    if (AAJ_GROW(rec->input, rec->n_inputs, rec->cap_inputs) < 0)
        return -ENOMEM;
    rec->input[rec->n_inputs++] = *input;
    return 0;
}

int aaj_recording_add_input(struct aaj_recording *rec, const struct aaj_input_account *in)
{
    struct input input = { in->lines, in->used, in->irrelevant, in->reported, in->bytes, in->first_ms, in->last_ms };

    return recording_input(rec, &input);
}

/* audit_lost= counts since boot; other messages say what was lost since the one before. */
static bool is_counter(const struct aaj_recording *rec, const struct loss *loss)
{
    return aaj_str_eq(aaj_recording_str(rec, loss->what), AAJ_STR("audit-lost"));
}

int recording_loss(struct aaj_recording *rec, const struct loss *loss, bool disjoint)
{
    for (size_t i = 0; i < rec->n_losses; i++) {
        struct loss *to = &rec->loss[i];

        if (to->what != loss->what || to->covered != loss->covered ||
            memcmp(&to->key, &loss->key, sizeof(loss->key)) != 0)
            continue;
        if (disjoint && !is_counter(rec, loss))
            to->count += loss->count;
        else if (loss->count > to->count)
            to->count = loss->count;
        to->first_ms = earlier(to->first_ms, loss->first_ms);
        if (loss->last_ms > to->last_ms)
            to->last_ms = loss->last_ms;
        return 0;
    }
    if (AAJ_GROW(rec->loss, rec->n_losses, rec->cap_losses) < 0)
        return -ENOMEM;
    rec->loss[rec->n_losses++] = *loss;
    return 0;
}

int aaj_recording_add_loss(struct aaj_recording *rec, const struct aaj_loss *loss)
{
    struct loss l = { .key = { .day = loss->day, .channel = loss->channel }, .count = loss->count };

    if (aaj_intern_add(&rec->strings, loss->what, &l.what) < 0 ||
        aaj_intern_add(&rec->strings, loss->host, &l.key.host) < 0 ||
        aaj_intern_add(&rec->strings, loss->boot, &l.key.boot) < 0)
        return -ENOMEM;
    return recording_loss(rec, &l, false);
}

int recording_extra_line(struct aaj_recording *rec, struct aaj_str line)
{
    uint32_t id;

    if (aaj_intern_add(&rec->strings, line, &id) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < rec->n_extra_lines; i++)
        if (rec->extra_line[i] == id)
            return 0;
    if (AAJ_GROW(rec->extra_line, rec->n_extra_lines, rec->cap_extra_lines) < 0)
        return -ENOMEM;
    rec->extra_line[rec->n_extra_lines++] = id;
    return 0;
}

/* Of two readings of what is not understood the greater one stays. */
int recording_extra(struct aaj_recording *rec, uint32_t entry, struct aaj_str object)
{
    struct entry *e = &rec->entry[entry];
    uint32_t id;

    if (aaj_intern_add(&rec->strings, object, &id) < 0)
        return -ENOMEM;
    if (aaj_str_cmp(object, aaj_recording_str(rec, e->extra)) > 0)
        e->extra = id;
    return 0;
}

static int compare_fact(const struct aaj_fact *a, const struct aaj_fact *b)
{
    int64_t d[] = { (int64_t)a->type - b->type, (int64_t)a->mode - b->mode, (int64_t)a->bits - b->bits,
                    (int64_t)a->uid - b->uid, (int64_t)a->gid - b->gid, aaj_str_cmp(a->target, b->target),
                    aaj_str_cmp(a->interp, b->interp) };

    for (size_t i = 0; i < sizeof(d) / sizeof(d[0]); i++)
        if (d[i])
            return d[i] < 0 ? -1 : 1;
    return 0;
}

int recording_fact(struct aaj_recording *rec, const struct aaj_fact *fact)
{
    struct aaj_fact old;
    int known = aaj_fsview_get(rec->files, fact->path, &old);

    /* Of two observations the one that shows more (exists, setuid, capabilities) stays. */
    if (known == 1 && compare_fact(&old, fact) >= 0)
        return 0;
    return aaj_fsview_add(rec->files, fact);
}

static int merge_fact(void *rec, const struct aaj_fact *fact)
{
    return recording_fact(rec, fact);
}

/* The other's string ids in this recording (malloc'd). */
static uint32_t *translate(struct aaj_recording *rec, const struct aaj_recording *other)
{
    uint32_t *id = calloc(other->strings.n, sizeof(*id));

    for (uint32_t i = 0; id && i < other->strings.n; i++)
        if (aaj_intern_add(&rec->strings, aaj_recording_str(other, i), &id[i]) < 0) {
            free(id);
            return NULL;
        }
    return id;
}

static int translate_one(struct aaj_recording *rec, const struct aaj_recording *other, uint32_t string, uint32_t *id)
{
    return aaj_intern_add(&rec->strings, aaj_recording_str(other, string), &id[string]);
}

static struct source_key translate_source(const struct source_key *key, const uint32_t *id)
{
    return (struct source_key){ id[key->host], id[key->boot], key->day, key->channel };
}

/* The other's sources in this recording (malloc'd). */
static uint32_t *translate_sources(struct aaj_recording *rec, const struct aaj_recording *other, const uint32_t *id)
{
    uint32_t *source = calloc(other->n_sources + 1, sizeof(*source));

    for (size_t i = 0; source && i < other->n_sources; i++) {
        struct source_key key = translate_source(&other->source[i].key, id);

        if (recording_source(rec, &key, &source[i]) < 0) {
            free(source);
            return NULL;
        }
    }
    return source;
}

struct merging {
    struct aaj_recording *rec;
    const struct aaj_recording *other;
    uint32_t *id, *source, *template1; /* the other's in this one */
    bool disjoint;
};

static int merge_key(struct merging *m, uint32_t from, struct entry_key *ret)
{
    struct access_key key = recording_access_key(m->other, from);

    for (unsigned w = 0; w < KEY_WORDS; w++)
        if (w != WORD_CLASS && w != WORD_REQUESTED && w != WORD_DENIED)
            key.word[w] = m->id[key.word[w]];
    return recording_entry_key(m->rec, &key, ret);
}

/* The smaller one stays; when it is decides nearly always, and needs no line. */
static int merge_sample(struct merging *m, uint32_t entry, uint32_t from)
{
    struct aaj_recording *rec = m->rec;
    struct sample theirs, ours;
    int r;

    samples_when(m->other->entry[from].sample, &theirs.ms, &theirs.serial);
    samples_when(rec->entry[entry].sample, &ours.ms, &ours.serial);
    if (ours.ms && theirs.ms && ours.ms < theirs.ms)
        return 0;
    r = recording_sample_of(m->other, from, &rec->from_line, &theirs);
    return r < 0 ? r : recording_sample(rec, entry, &theirs, NULL);
}

static int merge_entry(struct merging *m, uint32_t from, const struct entry_place *place)
{
    const struct entry *e = &m->other->entry[from];
    struct evidence_list *list = &m->rec->from;
    uint32_t entry;
    int r = recording_entry(m->rec, place, &entry);

    if (r == 0)
        r = recording_evidence(m->other, from, list);
    for (size_t i = 0; r == 0 && i < list->n; i++)
        list->item[i].source = m->source[list->item[i].source];
    if (r == 0)
        r = recording_join(m->rec, entry, list, m->disjoint);
    if (r == 0 && e->extra)
        r = recording_extra(m->rec, entry, aaj_recording_str(m->rec, m->id[e->extra]));
    if (r < 0 || !e->sample)
        return r;
    if (!m->rec->entry[entry].sample)
        return samples_copy(&m->rec->samples, &m->other->samples, recording_name(m->rec, entry), e->sample, m->template1,
                            &m->rec->from_line, &m->rec->entry[entry].sample);
    return merge_sample(m, entry, from);
}

/* Some at a time, by steps that fetch what the next one touches. */
static int merge_entries(struct merging *m)
{
    enum { STEP = 16 };
    struct entry_place place[STEP];
    int r = 0;

    for (size_t from = 0; from < m->other->n_entries && r == 0; from += STEP) {
        size_t n = m->other->n_entries - from < STEP ? m->other->n_entries - from : STEP;

        for (size_t i = 0; i < n && r == 0; i++) {
            struct entry_key key = { 0 };

            r = merge_key(m, (uint32_t)(from + i), &key);
            place[i] = recording_place(m->rec, key);
        }
        for (size_t i = 0; i < n && r == 0; i++)
            recording_probe(m->rec, &place[i]);
        for (size_t i = 0; i < n && r == 0; i++)
            r = merge_entry(m, (uint32_t)(from + i), &place[i]);
    }
    return r;
}

static int merge_account(struct aaj_recording *rec, const struct aaj_recording *other, const uint32_t *id,
                         bool disjoint)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < other->n_sources; i++) {
        struct source s = other->source[i];

        s.key = translate_source(&s.key, id);
        r = recording_join_source(rec, &s, disjoint);
    }
    for (size_t i = 0; r == 0 && i < other->n_losses; i++) {
        struct loss l = other->loss[i];

        l.key = translate_source(&l.key, id);
        l.what = id[l.what];
        r = recording_loss(rec, &l, disjoint);
    }
    for (size_t i = 0; r == 0 && i < other->n_inputs; i++)
        r = recording_input(rec, &other->input[i]);
    return r;
}

static int merge_rest(struct aaj_recording *rec, const struct aaj_recording *other, const uint32_t *id, bool disjoint)
{
    int r = aaj_fsview_each_fact(other->files, merge_fact, rec);

    if (r == 0)
        r = merge_account(rec, other, id, disjoint);
    for (size_t i = 0; r == 0 && i < other->n_unknown; i++)
        r = recording_unknown(rec, aaj_recording_str(other, other->unknown[i].key),
                              aaj_recording_str(other, other->unknown[i].value));
    for (size_t i = 0; r == 0 && i < other->n_extra_lines; i++)
        r = recording_extra_line(rec, aaj_recording_str(other, other->extra_line[i]));
    return r < 0 ? r : recording_merge_commands(rec, other);
}

int recording_merge_account(struct aaj_recording *rec, const struct aaj_recording *other)
{
    uint32_t *id = calloc(other->strings.n, sizeof(*id));
    int r = id ? 0 : -ENOMEM;

    for (size_t i = 0; r == 0 && i < other->n_sources; i++) {
        const struct source_key *k = &other->source[i].key;

        r = translate_one(rec, other, k->host, id);
        if (r == 0)
            r = translate_one(rec, other, k->boot, id);
    }
    for (size_t i = 0; r == 0 && i < other->n_losses; i++) {
        const struct loss *l = &other->loss[i];

        r = translate_one(rec, other, l->what, id);
        if (r == 0)
            r = translate_one(rec, other, l->key.host, id);
        if (r == 0)
            r = translate_one(rec, other, l->key.boot, id);
    }
    if (r == 0)
        r = merge_account(rec, other, id, false);
    free(id);
    return r;
}

int aaj_recording_merge(struct aaj_recording *rec, const struct aaj_recording *other)
{
    return recording_merge(rec, other, false);
}

int recording_merge(struct aaj_recording *rec, const struct aaj_recording *other, bool disjoint)
{
    struct merging m = { rec, other, .disjoint = disjoint };
    int r = -ENOMEM;

    if (rec == other)
        return 0;
    recording_forget_view(rec);
    m.id = translate(rec, other);
    m.source = m.id ? translate_sources(rec, other, m.id) : NULL;
    m.template1 = calloc(other->samples.n_templates + 1, sizeof(*m.template1));
    if (m.source && m.template1)
        r = merge_rest(rec, other, m.id, disjoint);
    if (r == 0)
        r = merge_entries(&m);
    free(m.id);
    free(m.source);
    free(m.template1);
    return r;
}

/* ---- the account ---- */

static bool same_place(const struct source_key *a, const struct source_key *b)
{
    return a->day == b->day && (a->host == b->host || !a->host || !b->host) &&
           (a->boot == b->boot || !a->boot || !b->boot);
}

/* Said of one channel's own text, not of the events behind it. */
bool recording_loss_is_local(const struct aaj_recording *rec, const struct loss *l)
{
    struct aaj_str what = aaj_recording_str(rec, l->what);

    return aaj_str_eq(what, AAJ_STR("callbacks-suppressed")) || aaj_str_eq(what, AAJ_STR("record-cut")) ||
           aaj_str_eq(what, AAJ_STR("journald-missed")) || aaj_str_eq(what, AAJ_STR("syslog-rate-limit"));
}

/* printk's suppression is about the kernel log; where the audit channel tells of the same host and time, what was
 * suppressed there is in the recording all the same. */
static bool is_covered(const struct aaj_recording *rec, const struct loss *l)
{
    if (l->covered)
        return true;
    if (l->key.channel != AAJ_CHANNEL_KERNEL || !l->first_ms || !recording_loss_is_local(rec, l))
        return false;
    for (size_t i = 0; i < rec->n_sources; i++) {
        const struct source *s = &rec->source[i];

        if (s->key.channel == AAJ_CHANNEL_AUDIT && same_place(&s->key, &l->key) && s->first_ms &&
            s->first_ms <= l->first_ms && s->last_ms >= l->last_ms)
            return true;
    }
    return false;
}

struct aaj_account aaj_recording_account(const struct aaj_recording *rec)
{
    struct aaj_account sum = { 0 };

    for (size_t i = 0; i < rec->n_inputs; i++) {
        sum.lines += rec->input[i].lines;
        sum.used += rec->input[i].used;
        sum.irrelevant += rec->input[i].irrelevant;
        sum.reported += rec->input[i].reported;
    }
    for (size_t i = 0; i < rec->n_losses; i++)
        if (!is_covered(rec, &rec->loss[i])) {
            sum.lost += rec->loss[i].count;
            sum.incomplete = true;
        }
    return sum;
}

int aaj_recording_losses(const struct aaj_recording *rec, struct aaj_loss **ret_loss, size_t *ret_n)
{
    struct aaj_loss *loss = calloc(rec->n_losses + 1, sizeof(*loss));

    if (!loss)
        return -ENOMEM;
    for (size_t i = 0; i < rec->n_losses; i++) {
        const struct loss *l = &rec->loss[i];

        loss[i] = (struct aaj_loss){ .what = aaj_recording_str(rec, l->what),
                                     .host = aaj_recording_str(rec, l->key.host),
                                     .boot = aaj_recording_str(rec, l->key.boot),
                                     .day = l->key.day, .channel = l->key.channel, .count = l->count,
                                     .covered = is_covered(rec, l) };
    }
    *ret_loss = loss;
    *ret_n = rec->n_losses;
    return 0;
}
