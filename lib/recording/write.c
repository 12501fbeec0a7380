/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A recording as canonical JSON Lines: the same facts give the same bytes. Lines and members come in a
 * fixed order; what is empty, zero or unknown is left out. json-c would build a tree for each of millions
 * of lines, so this prints; reading is json-c's.
 */
#include <errno.h>
#include <stdlib.h>

#include "recording/emit.h"
#include "recording/impl.h"

static void member(struct emit *out, const char *key, struct aaj_str value)
{
    if (value.n == 0)
        return;
    emit_lit(out, ",\"");
    emit_str(out, aaj_str_c(key));
    emit_lit(out, "\":");
    emit_name(out, value);
}

static void number(struct emit *out, const char *key, uint64_t value)
{
    if (!value)
        return;
    emit_lit(out, ",\"");
    emit_str(out, aaj_str_c(key));
    emit_lit(out, "\":");
    emit_number(out, value);
}

static void time_member(struct emit *out, const char *key, int64_t ms)
{
    if (ms > 0)
        number(out, key, (uint64_t)ms);
}

static void put_mask(struct emit *out, const char *key, uint32_t class, uint32_t mask)
{
    const char *const *word = aaj_class_info[class].mask_word;
    bool file = class == AAJ_CLASS_FILE || class == AAJ_CLASS_EXEC, first = true;

    if (!mask)
        return;
    emit_lit(out, ",\"");
    emit_str(out, aaj_str_c(key));
    emit_lit(out, "\":\"");
    for (unsigned bit = 0; word[bit]; bit++) {
        if (!(mask >> bit & 1))
            continue;
        if (!first && !file)
            emit_char(out, ' ');
        emit_str(out, aaj_str_c(word[bit]));
        first = false;
    }
    if (mask & AAJ_MASK_UNKNOWN)
        emit_str(out, first || file ? AAJ_STR("?") : AAJ_STR(" ?"));
    emit_char(out, '"');
}

static void put_day(struct emit *out, int32_t day)
{
    unsigned month, mday;
    char text[64];
    int year, n;

    if (day == AAJ_DAY_NONE)
        return;
    aaj_log_date(day, &year, &month, &mday);
    n = snprintf(text, sizeof(text), ",\"day\":\"%04d-%02u-%02u\"", year, month, mday);
    emit_str(out, (struct aaj_str){ text, (size_t)n });
}

static void put_source(struct emit *out, const struct aaj_recording *rec, const struct source_key *key)
{
    member(out, "host", aaj_recording_str(rec, key->host));
    member(out, "boot", aaj_recording_str(rec, key->boot));
    put_day(out, key->day);
    member(out, "channel", aaj_str_c(aaj_channel_name[key->channel]));
}

/* What all accesses are written with. */
struct writing {
    struct aaj_recording *rec;
    const uint32_t *rank;
    struct aaj_str *source; /* by number: its members as text, which most lines repeat */
    struct aaj_arena arena;
};

/* The text of a source, once. */
static int source_text(struct writing *w, const struct source_key *key, struct aaj_str *ret)
{
    struct emit *emit = malloc(sizeof(*emit));
    char *text = NULL;
    size_t n = 0;

    if (!emit)
        return -ENOMEM;
    emit->n = 0;
    emit->out = open_memstream(&text, &n);
    if (emit->out) {
        put_source(emit, w->rec, key);
        emit_flush(emit);
        if (fclose(emit->out) == 0)
            *ret = aaj_arena_dup(&w->arena, (struct aaj_str){ text, n });
    }
    free(text);
    free(emit);
    return ret->p ? 0 : -ENOMEM;
}

static int source_texts(struct writing *w)
{
    int r = 0;

    w->source = calloc(w->rec->n_sources + 1, sizeof(*w->source));
    if (!w->source)
        return -ENOMEM;
    for (size_t i = 0; i < w->rec->n_sources && r == 0; i++)
        r = source_text(w, &w->rec->source[i].key, &w->source[i]);
    return r;
}

static void put_evidence(struct emit *out, const struct writing *w, const struct evidence *ev)
{
    emit_lit(out, "{\"allowed\":");
    emit_number(out, ev->count[0]);
    for (unsigned k = 1; k < KINDS; k++)
        number(out, recording_kind_name[k], ev->count[k]);
    if (ev->fsuid_min != AAJ_UID_NONE) {
        emit_lit(out, ",\"fsuid\":[");
        emit_number(out, ev->fsuid_min);
        emit_char(out, ',');
        emit_number(out, ev->fsuid_max);
        emit_char(out, ']');
    }
    time_member(out, "first", ev->first_ms);
    time_member(out, "last", ev->last_ms);
    emit_str(out, w->source[ev->source]);
    emit_char(out, '}');
}

struct source_order {
    const struct aaj_recording *rec;
    const uint32_t *rank;
};

static int compare_source(const struct source_key *x, const struct source_key *y, const uint32_t *rank)
{
    if (x->host != y->host)
        return rank[x->host] < rank[y->host] ? -1 : 1;
    if (x->boot != y->boot)
        return rank[x->boot] < rank[y->boot] ? -1 : 1;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return (x->channel > y->channel) - (x->channel < y->channel);
}

static int evidence_order(const void *a, const void *b, void *data)
{
    const struct source_order *o = data;

    return compare_source(&o->rec->source[((const struct evidence *)a)->source].key,
                          &o->rec->source[((const struct evidence *)b)->source].key, o->rank);
}

static int put_all_evidence(struct emit *out, const struct writing *w, uint32_t entry)
{
    struct source_order o = { w->rec, w->rank };
    struct evidence_list *list = &w->rec->have;
    int r = recording_evidence(w->rec, entry, list);

    if (r < 0)
        return r;
    if (list->n > 1)
        qsort_r(list->item, list->n, sizeof(*list->item), evidence_order, &o);
    emit_lit(out, ",\"seen\":[");
    for (size_t i = 0; i < list->n; i++) {
        if (i)
            emit_char(out, ',');
        put_evidence(out, w, &list->item[i]);
    }
    emit_char(out, ']');
    return 0;
}

static int put_sample(struct emit *out, struct aaj_recording *rec, uint32_t entry)
{
    struct sample sample;
    int r = recording_sample_of(rec, entry, &rec->line, &sample);

    if (r < 0 || !sample.line.n)
        return r;
    emit_lit(out, ",\"at\":[");
    emit_number(out, (uint64_t)sample.ms);
    emit_char(out, ',');
    emit_number(out, sample.serial);
    emit_char(out, ']');
    member(out, "sample", sample.line);
    return 0;
}

static int put_access(struct emit *out, const struct writing *w, uint32_t entry)
{
    struct aaj_recording *rec = w->rec;
    struct access_key key = recording_access_key(rec, entry);
    uint32_t class = key.word[WORD_CLASS], extra_id = rec->entry[entry].extra;
    const struct aaj_class_info *info = &aaj_class_info[class];
    int r;

    emit_lit(out, "{\"kind\":\"access\",\"class\":\"");
    emit_str(out, aaj_str_c(info->name));
    emit_char(out, '"');
    member(out, "label", aaj_recording_str(rec, key.word[WORD_LABEL]));
    member(out, "op", aaj_recording_str(rec, key.word[WORD_OP]));
    for (unsigned a = 0; a < AAJ_ARGS && info->arg[a]; a++)
        member(out, info->arg[a], aaj_recording_str(rec, key.word[WORD_ARG + a]));
    put_mask(out, "requested", class, key.word[WORD_REQUESTED]);
    put_mask(out, "denied", class, key.word[WORD_DENIED]);
    member(out, "info", aaj_recording_str(rec, key.word[WORD_INFO]));
    r = put_all_evidence(out, w, entry);
    if (r == 0)
        r = put_sample(out, rec, entry);
    if (extra_id) {
        struct aaj_str extra = aaj_recording_str(rec, extra_id); /* {…}: its members go in */

        emit_char(out, ',');
        emit_str(out, (struct aaj_str){ extra.p + 1, extra.n - 2 });
    }
    emit_lit(out, "}\n");
    return r;
}

/* ---- the lines before the accesses ---- */

struct sorted {
    const struct aaj_recording *rec;
    const uint32_t *rank;
};

static int source_index_order(const void *a, const void *b, void *data)
{
    const struct sorted *s = data;

    return compare_source(&s->rec->source[*(const uint32_t *)a].key, &s->rec->source[*(const uint32_t *)b].key,
                          s->rank);
}

static int put_sources(struct emit *out, const struct aaj_recording *rec, const uint32_t *rank)
{
    struct sorted s = { rec, rank };
    uint32_t *order = calloc(rec->n_sources + 1, sizeof(*order));

    if (!order)
        return -ENOMEM;
    for (size_t i = 0; i < rec->n_sources; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, rec->n_sources, sizeof(*order), source_index_order, &s);
    for (size_t i = 0; i < rec->n_sources; i++) {
        const struct source *src = &rec->source[order[i]];

        if (!src->events)
            continue;
        emit_lit(out, "{\"kind\":\"source\"");
        put_source(out, rec, &src->key);
        number(out, "events", src->events);
        time_member(out, "first", src->first_ms);
        time_member(out, "last", src->last_ms);
        emit_lit(out, "}\n");
    }
    free(order);
    return 0;
}

static int input_order(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct input));
}

static int put_inputs(struct emit *out, const struct aaj_recording *rec)
{
    struct input *in = calloc(rec->n_inputs + 1, sizeof(*in));

    if (!in)
        return -ENOMEM;
    if (rec->n_inputs)
        memcpy(in, rec->input, rec->n_inputs * sizeof(*in));
    qsort(in, rec->n_inputs, sizeof(*in), input_order);
    for (size_t i = 0; i < rec->n_inputs; i++) {
        emit_lit(out, "{\"kind\":\"input\",\"lines\":");
        emit_number(out, in[i].lines);
        number(out, "used", in[i].used);
        number(out, "irrelevant", in[i].irrelevant);
        number(out, "reported", in[i].reported);
        number(out, "bytes", in[i].bytes);
        time_member(out, "first", in[i].first_ms);
        time_member(out, "last", in[i].last_ms);
        emit_lit(out, "}\n");
    }
    free(in);
    return 0;
}

static int loss_order(const void *a, const void *b, void *data)
{
    const struct sorted *s = data;
    const struct loss *x = a, *y = b;

    if (x->what != y->what)
        return s->rank[x->what] < s->rank[y->what] ? -1 : 1;
    if (x->covered != y->covered)
        return x->covered ? 1 : -1;
    return compare_source(&x->key, &y->key, s->rank);
}

static int put_losses(struct emit *out, const struct aaj_recording *rec, const uint32_t *rank)
{
    struct sorted s = { rec, rank };
    struct loss *loss = calloc(rec->n_losses + 1, sizeof(*loss));

    if (!loss)
        return -ENOMEM;
    if (rec->n_losses)
        memcpy(loss, rec->loss, rec->n_losses * sizeof(*loss));
    qsort_r(loss, rec->n_losses, sizeof(*loss), loss_order, &s);
    for (size_t i = 0; i < rec->n_losses; i++) {
        emit_lit(out, "{\"kind\":\"loss\"");
        member(out, "what", aaj_recording_str(rec, loss[i].what));
        put_source(out, rec, &loss[i].key);
        number(out, "count", loss[i].count);
        time_member(out, "first", loss[i].first_ms);
        time_member(out, "last", loss[i].last_ms);
        if (loss[i].covered)
            emit_lit(out, ",\"covered\":true");
        emit_lit(out, "}\n");
    }
    free(loss);
    return 0;
}

static int put_unknown(struct emit *out, const struct aaj_recording *rec, const uint32_t *rank)
{
    /* At most 256 of them. */
    for (size_t done = 0; done < rec->n_unknown; done++)
        for (size_t i = 0; i < rec->n_unknown; i++) {
            size_t smaller = 0;

            for (size_t j = 0; j < rec->n_unknown; j++)
                smaller += rank[rec->unknown[j].key] < rank[rec->unknown[i].key];
            if (smaller != done)
                continue;
            emit_lit(out, "{\"kind\":\"key\"");
            member(out, "key", aaj_recording_str(rec, rec->unknown[i].key));
            member(out, "value", aaj_recording_str(rec, rec->unknown[i].value));
            emit_lit(out, "}\n");
        }
    return 0;
}

static int put_fact(void *data, const struct aaj_fact *fact)
{
    struct emit *out = data;
    char text[96];
    int n;

    emit_lit(out, "{\"kind\":\"file\"");
    member(out, "path", fact->path);
    if (fact->type) {
        n = snprintf(text, sizeof(text), ",\"type\":\"%c\",\"mode\":\"%04o\",\"uid\":%u,\"gid\":%u", fact->type,
                     fact->mode, fact->uid, fact->gid);
        emit_str(out, (struct aaj_str){ text, (size_t)n });
    }
    member(out, "target", fact->target);
    member(out, "interp", fact->interp);
    if (fact->bits & AAJ_FACT_CAPS_KNOWN)
        emit_str(out, fact->bits & AAJ_FACT_CAPS ? AAJ_STR(",\"caps\":true") : AAJ_STR(",\"caps\":false"));
    emit_lit(out, "}\n");
    return 0;
}

static void put_argv(struct emit *out, struct aaj_str argv)
{
    emit_lit(out, ",\"argv\":[");
    for (bool more = true; more;) {
        struct aaj_str word = aaj_str_head(argv, aaj_str_find(argv, '\0'));

        emit_name(out, word);
        more = word.n < argv.n;
        argv = aaj_str_skip(argv, word.n + 1);
        if (more)
            emit_char(out, ',');
    }
    emit_char(out, ']');
}

static int put_commands(struct emit *out, const struct aaj_recording *rec, const uint32_t *rank)
{
    uint32_t *order = commands_order(&rec->commands, rank);

    for (size_t i = 0; order && i < rec->commands.n; i++) {
        const struct command *c = &rec->commands.item[order[i]];

        for (uint32_t k = 0; k < c->n; k++) {
            emit_lit(out, "{\"kind\":\"command\"");
            member(out, "label", aaj_recording_str(rec, c->label));
            member(out, "name", aaj_recording_str(rec, c->name));
            put_argv(out, aaj_recording_str(rec, c->argv[k]));
            emit_lit(out, "}\n");
        }
    }
    free(order);
    return order ? 0 : -ENOMEM;
}

/* Derived, so that the head of a recording says what is in it; made anew by every write. */
static int put_labels(struct emit *out, const struct aaj_recording *rec)
{
    struct aaj_label_count *label;
    size_t n;
    int r = aaj_recording_labels(rec, &label, &n);

    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++) {
        emit_lit(out, "{\"kind\":\"label\"");
        member(out, "label", label[i].label);
        number(out, "accesses", label[i].accesses);
        emit_lit(out, "}\n");
    }
    free(label);
    return 0;
}

static int string_order(const void *a, const void *b, void *rank)
{
    uint32_t x = ((const uint32_t *)rank)[*(const uint32_t *)a], y = ((const uint32_t *)rank)[*(const uint32_t *)b];

    return (x > y) - (x < y);
}

static int put_extra_lines(struct emit *out, const struct aaj_recording *rec, uint32_t *rank)
{
    uint32_t *line = calloc(rec->n_extra_lines + 1, sizeof(*line));

    if (!line)
        return -ENOMEM;
    if (rec->n_extra_lines)
        memcpy(line, rec->extra_line, rec->n_extra_lines * sizeof(*line));
    qsort_r(line, rec->n_extra_lines, sizeof(*line), string_order, rank);
    for (size_t i = 0; i < rec->n_extra_lines; i++) {
        struct aaj_str s = aaj_recording_str(rec, line[i]);

        emit_str(out, (struct aaj_str){ s.p, s.n });
        emit_char(out, '\n');
    }
    free(line);
    return 0;
}

/* Accesses in order of their bytes lie anywhere: the memory of those that come next is fetched meanwhile. */
static void fetch_ahead(const struct aaj_recording *rec, const uint32_t *order, size_t i)
{
    enum { NEAR = 8, FAR = 16 };

    if (i + FAR < rec->n_entries)
        aaj_fetch(&rec->entry[order[i + FAR]]);
    if (i + NEAR < rec->n_entries) {
        const struct entry *e = &rec->entry[order[i + NEAR]];

        aaj_fetch(e->sample);
        if (!(e->key.object & OBJECT_TUPLE))
            aaj_fetch(rec->strings.str[e->key.object]);
    }
}

static int put_all(struct emit *out, struct aaj_recording *rec, uint32_t *rank, const uint32_t *order)
{
    struct writing w = { .rec = rec, .rank = rank };
    int r;

    emit_lit(out, "{\"kind\":\"recording\",\"version\":1}\n");
    r = put_inputs(out, rec);
    if (r == 0)
        r = put_sources(out, rec, rank);
    if (r == 0)
        r = put_losses(out, rec, rank);
    if (r == 0)
        r = put_labels(out, rec);
    if (r == 0)
        r = put_unknown(out, rec, rank);
    if (r == 0)
        r = aaj_fsview_each_fact(rec->files, put_fact, out);
    if (r == 0)
        r = put_commands(out, rec, rank);
    if (r == 0)
        r = source_texts(&w);
    for (size_t i = 0; r == 0 && i < rec->n_entries; i++) {
        fetch_ahead(rec, order, i);
        r = put_access(out, &w, order[i]);
    }
    free(w.source);
    aaj_arena_clear(&w.arena);
    return r == 0 ? put_extra_lines(out, rec, rank) : r;
}

int aaj_recording_write(struct aaj_recording *rec, FILE *out)
{
    uint32_t *rank = recording_ranks(rec), *order = rank ? recording_order(rec, rank) : NULL;
    struct emit *emit = malloc(sizeof(*emit));
    int r = order && emit ? 0 : -ENOMEM;

    if (r == 0) {
        emit->out = out;
        emit->n = 0;
        r = put_all(emit, rec, rank, order);
        emit_flush(emit);
    }
    free(emit);
    free(rank);
    free(order);
    return r == 0 && ferror(out) ? -EIO : r;
}
