/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of a recording, and taking in events. */
#include "recording/impl.h"

#include <errno.h>
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/fetch.h"
#include "base/grow.h"
#include "base/large.h"

enum { UNKNOWN_KEYS_MAX = 256, UNKNOWN_MAX = 256, ENTRIES_MAX = INT32_MAX };

static int init(struct aaj_recording *rec)
{
    int r = aaj_intern_init(&rec->strings);

    if (r == 0)
        r = tuples_init(&rec->pattern, PATTERN_WORDS, rec->strings.seed);
    if (r == 0)
        r = tuples_init(&rec->object, AAJ_ARGS, rec->strings.seed);
    if (r == 0)
        r = samples_init(&rec->samples);
    if (r == 0)
        r = aaj_slots_init(&rec->entries);
    if (r == 0)
        r = aaj_slots_init(&rec->sources);
    if (r == 0)
        r = commands_init(&rec->commands);
    return r < 0 ? r : aaj_fsview_new(&rec->files);
}

int aaj_recording_new(struct aaj_recording **ret_rec)
{
    struct aaj_recording *rec = calloc(1, sizeof(*rec));
    int r = rec ? init(rec) : -ENOMEM;

    _Static_assert(sizeof(struct entry) == 64 && offsetof(struct entry, sample) == 48, "an access is a cache line");
    if (r < 0) {
        aaj_recording_free(rec);
        return r;
    }
    *ret_rec = rec;
    return 0;
}

struct aaj_recording *aaj_recording_free(struct aaj_recording *rec)
{
    if (!rec)
        return NULL;
    recording_forget_view(rec);
    aaj_fsview_free(rec->files);
    aaj_intern_clear(&rec->strings);
    tuples_clear(&rec->pattern);
    tuples_clear(&rec->object);
    samples_clear(&rec->samples);
    aaj_slots_clear(&rec->entries);
    aaj_slots_clear(&rec->sources);
    commands_clear(&rec->commands);
    AAJ_LARGE_FREE(rec->entry, rec->cap_entries);
    AAJ_LARGE_FREE(rec->tally, rec->cap_tallies);
    free(rec->line.p);
    free(rec->from_line.p);
    free(rec->have.item);
    free(rec->from.item);
    free(rec->source);
    free(rec->input);
    free(rec->loss);
    free(rec->unknown);
    free(rec->head_label);
    free(rec->extra_line);
    free(rec);
    return NULL;
}

void recording_forget_view(struct aaj_recording *rec)
{
    free(rec->view);
    rec->view = NULL;
    rec->n_view = 0;
}

struct aaj_str aaj_recording_str(const struct aaj_recording *rec, uint32_t id)
{
    return aaj_intern_str(&rec->strings, id);
}

void aaj_recording_fetch(const struct aaj_recording *rec, const struct aaj_access *soon, const struct aaj_access *later)
{
    aaj_intern_fetch_id(&rec->strings, later->arg[0]);
    aaj_intern_fetch_str(&rec->strings, soon->arg[0]);
}

/* ---- keys and entries ---- */

int recording_object(struct aaj_recording *rec, const uint32_t *arg, uint32_t *ret)
{
    uint32_t rest = 0;
    int r = 0;

    for (unsigned a = 1; a < AAJ_ARGS; a++)
        rest |= arg[a];
    *ret = arg[0];
    if (rest) {
        r = tuples_add(&rec->object, arg, ret);
        *ret |= OBJECT_TUPLE;
    }
    return r;
}

int recording_entry_key(struct aaj_recording *rec, const struct access_key *key, struct entry_key *ret)
{
    const uint32_t *w = key->word;
    const uint32_t pattern[PATTERN_WORDS] = { w[WORD_LABEL], w[WORD_CLASS], w[WORD_OP],
                                              w[WORD_REQUESTED], w[WORD_DENIED], w[WORD_INFO] };
    int r = tuples_add(&rec->pattern, pattern, &ret->pattern);

    return r < 0 ? r : recording_object(rec, w + WORD_ARG, &ret->object);
}

struct access_key recording_access_key(const struct aaj_recording *rec, uint32_t entry)
{
    struct entry_key k = rec->entry[entry].key;
    const uint32_t *pattern = tuples_at(&rec->pattern, k.pattern);
    struct access_key key = { .word = { [WORD_LABEL] = pattern[0], [WORD_CLASS] = pattern[1], [WORD_OP] = pattern[2],
                                        [WORD_REQUESTED] = pattern[3], [WORD_DENIED] = pattern[4],
                                        [WORD_INFO] = pattern[5] } };

    if (k.object & OBJECT_TUPLE)
        memcpy(key.word + WORD_ARG, tuples_at(&rec->object, k.object & ~OBJECT_TUPLE), AAJ_ARGS * sizeof(uint32_t));
    else
        key.word[WORD_ARG] = k.object;
    return key;
}

struct entry_place recording_place(const struct aaj_recording *rec, struct entry_key key)
{
    uint32_t hash = (uint32_t)XXH3_64bits_withSeed(&key, sizeof(key), rec->strings.seed);

    aaj_slots_prefetch(&rec->entries, hash);
    return (struct entry_place){ key, hash, 0 };
}

void recording_probe(const struct aaj_recording *rec, struct entry_place *place)
{
    place->probably1 = aaj_slots_probe(&rec->entries, place->hash);
    if (place->probably1)
        aaj_fetch_to_write(&rec->entry[place->probably1 - 1]);
}

static bool has_key(const struct entry *e, struct entry_key key)
{
    return e->key.object == key.object && e->key.pattern == key.pattern;
}

int recording_entry(struct aaj_recording *rec, const struct entry_place *place, uint32_t *ret_entry)
{
    const struct aaj_slot *slot = rec->entries.slot;
    uint32_t hash = place->hash;

    if (place->probably1 && has_key(&rec->entry[place->probably1 - 1], place->key)) {
        *ret_entry = place->probably1 - 1;
        return 0;
    }
    for (uint32_t i = aaj_slots_first(&rec->entries, hash); slot[i].row1; i = aaj_slots_next(&rec->entries, i)) {
        if (slot[i].hash == hash && has_key(&rec->entry[slot[i].row1 - 1], place->key)) {
            *ret_entry = slot[i].row1 - 1;
            return 0;
        }
    }
    if (rec->n_entries >= ENTRIES_MAX || AAJ_LARGE_GROW(rec->entry, rec->n_entries, rec->cap_entries) < 0 ||
        aaj_slots_add(&rec->entries, hash, (uint32_t)rec->n_entries) < 0)
        return -ENOMEM;
    rec->entry[rec->n_entries] = (struct entry){ .key = place->key };
    *ret_entry = (uint32_t)rec->n_entries++;
    return 0;
}

int recording_entry_of(struct aaj_recording *rec, const struct access_key *key, uint32_t *ret_entry)
{
    struct entry_key packed = { 0 };
    struct entry_place place;
    int r = recording_entry_key(rec, key, &packed);

    place = recording_place(rec, packed);
    return r < 0 ? r : recording_entry(rec, &place, ret_entry);
}

static bool same_source(const struct source_key *a, const struct source_key *b)
{
    return a->host == b->host && a->boot == b->boot && a->day == b->day && a->channel == b->channel;
}

int recording_source(struct aaj_recording *rec, const struct source_key *key, uint32_t *ret_source)
{
    uint32_t hash = (uint32_t)XXH3_64bits_withSeed(key, sizeof(*key), rec->strings.seed);
    const struct aaj_slot *slot = rec->sources.slot;

    if (rec->last_source < rec->n_sources && same_source(&rec->source[rec->last_source].key, key)) {
        *ret_source = rec->last_source;
        return 0;
    }
    for (uint32_t i = aaj_slots_first(&rec->sources, hash); slot[i].row1; i = aaj_slots_next(&rec->sources, i))
        if (slot[i].hash == hash && same_source(&rec->source[slot[i].row1 - 1].key, key)) {
            *ret_source = rec->last_source = slot[i].row1 - 1;
            return 0;
        }
    if (rec->n_sources >= ENTRIES_MAX || AAJ_GROW(rec->source, rec->n_sources, rec->cap_sources) < 0 ||
        aaj_slots_add(&rec->sources, hash, (uint32_t)rec->n_sources) < 0)
        return -ENOMEM;
    rec->source[rec->n_sources] = (struct source){ .key = *key };
    *ret_source = rec->last_source = (uint32_t)rec->n_sources++;
    return 0;
}

/* ---- samples ---- */

struct aaj_str recording_name(const struct aaj_recording *rec, uint32_t entry)
{
    uint32_t id = rec->entry[entry].key.object;

    if (id & OBJECT_TUPLE)
        id = tuples_at(&rec->object, id & ~OBJECT_TUPLE)[0];
    return aaj_recording_str(rec, id);
}

int recording_sample_of(const struct aaj_recording *rec, uint32_t entry, struct sample_buffer *buffer, struct sample *ret)
{
    const struct entry *e = &rec->entry[entry];

    *ret = (struct sample){ .line = { "", 0 } };
    return e->sample ? samples_unpack(&rec->samples, recording_name(rec, entry), e->sample, buffer, ret) : 0;
}

bool aaj_recording_has_channel(const struct aaj_recording *rec, enum aaj_channel channel)
{
    for (size_t i = 0; i < rec->n_sources; i++)
        if (rec->source[i].key.channel == channel && rec->source[i].events)
            return true;
    return false;
}

struct aaj_str aaj_recording_sample(struct aaj_recording *rec, const struct aaj_access *access)
{
    struct sample sample;

    return recording_sample_of(rec, access->entry, &rec->line, &sample) < 0 ? AAJ_STR("") : sample.line;
}

struct aaj_str aaj_recording_comm(struct aaj_recording *rec, const struct aaj_access *access, struct aaj_arena *arena)
{
    static const struct aaj_str key = AAJ_STR_INIT(" comm=\"");
    struct aaj_str line = aaj_recording_sample(rec, access), value;
    size_t at = aaj_str_search(line, key);

    value = at < line.n ? aaj_str_skip(line, at + key.n) : AAJ_STR("");
    return aaj_arena_dup(arena, aaj_str_head(value, aaj_str_find(value, '"')));
}

/* Whether @new is before the entry's. Unknown times sort last, so that a line that says when is preferred. */
static int is_smaller(struct aaj_recording *rec, uint32_t entry, const struct sample *new,
                      const struct sample_shape *shape, bool *ret)
{
    struct sample old;
    uint64_t a, b;
    int r;

    samples_when(rec->entry[entry].sample, &old.ms, &old.serial);
    a = new->ms ? (uint64_t)new->ms : UINT64_MAX;
    b = old.ms ? (uint64_t)old.ms : UINT64_MAX;
    *ret = a != b ? a < b : new->serial < old.serial;
    if (a != b || new->serial != old.serial)
        return 0;
    *ret = false; /* one record, read again */
    if (samples_is(&rec->samples, recording_name(rec, entry), new, shape, rec->entry[entry].sample))
        return 0;
    r = recording_sample_of(rec, entry, &rec->line, &old);
    *ret = r == 0 && aaj_str_cmp(new->line, old.line) < 0;
    return r;
}

int recording_sample(struct aaj_recording *rec, uint32_t entry, const struct sample *new, const struct sample_shape *shape)
{
    struct entry *e = &rec->entry[entry];
    bool smaller = true;
    int r = 0;

    if (new->line.n == 0 || new->line.n > INT32_MAX)
        return 0;
    if (e->sample)
        r = is_smaller(rec, entry, new, shape, &smaller);
    return r < 0 || !smaller ? r : samples_pack(&rec->samples, recording_name(rec, entry), new, shape, &e->sample);
}

/* The greatest of the keys, once there are as many as are kept: a set of the smallest is the same in any order. */
static size_t greatest_unknown(const struct aaj_recording *rec)
{
    size_t at = 0;

    for (size_t i = 1; i < rec->n_unknown; i++)
        if (aaj_str_cmp(aaj_recording_str(rec, rec->unknown[i].key), aaj_recording_str(rec, rec->unknown[at].key)) > 0)
            at = i;
    return at;
}

int recording_unknown(struct aaj_recording *rec, struct aaj_str key, struct aaj_str value)
{
    struct unknown_key new;

    key = aaj_str_head(key, UNKNOWN_MAX);
    value = aaj_str_head(value, UNKNOWN_MAX);
    if (aaj_intern_add(&rec->strings, key, &new.key) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < rec->n_unknown; i++)
        if (rec->unknown[i].key == new.key) {
            if (aaj_str_cmp(value, aaj_recording_str(rec, rec->unknown[i].value)) >= 0)
                return 0;
            return aaj_intern_add(&rec->strings, value, &rec->unknown[i].value);
        }
    if (aaj_intern_add(&rec->strings, value, &new.value) < 0)
        return -ENOMEM;
    if (rec->n_unknown >= UNKNOWN_KEYS_MAX) {
        size_t at = greatest_unknown(rec);

        if (aaj_str_cmp(key, aaj_recording_str(rec, rec->unknown[at].key)) < 0)
            rec->unknown[at] = new;
        return 0;
    }
    if (AAJ_GROW(rec->unknown, rec->n_unknown, rec->cap_unknown) < 0)
        return -ENOMEM;
    rec->unknown[rec->n_unknown++] = new;
    return 0;
}

/* ":NS:LABEL" as AppArmor writes it. */
int recording_label(struct aaj_recording *rec, const struct aaj_event *event, uint32_t *ret_id)
{
    char buf[512];
    int n;

    if (!event->ns.n)
        return aaj_intern_add(&rec->strings, event->label, ret_id);
    if (event->ns.n + event->label.n + 2 > sizeof(buf))
        return aaj_intern_add(&rec->strings, event->label, ret_id);
    n = 0;
    buf[n++] = ':';
    memcpy(buf + n, event->ns.p, event->ns.n);
    n += (int)event->ns.n;
    buf[n++] = ':';
    memcpy(buf + n, event->label.p, event->label.n);
    n += (int)event->label.n;
    return aaj_intern_add(&rec->strings, (struct aaj_str){ buf, (size_t)n }, ret_id);
}

int recording_source_of(struct aaj_recording *rec, struct aaj_str host, struct aaj_str boot, int64_t time_ms,
                        uint32_t channel, uint32_t *ret_source)
{
    struct source_key key = { .channel = channel, .day = time_ms ? (int32_t)(time_ms / 86400000) : AAJ_DAY_NONE };

    if (aaj_intern_add(&rec->strings, host, &key.host) < 0 || aaj_intern_add(&rec->strings, boot, &key.boot) < 0)
        return -ENOMEM;
    return recording_source(rec, &key, ret_source);
}

static uint32_t owner_kind(const struct aaj_event *event)
{
    bool logged = event->fsuid != AAJ_UID_NONE && event->ouid != AAJ_UID_NONE;

    if (logged ? event->fsuid == event->ouid : event->owner_half > 0)
        return KIND_OWNER | (event->fsuid == 0 ? KIND_ROOT : 0u) |
               (event->requested & AAJ_MAY_CREATE ? KIND_CREATED : 0u);
    return logged || event->owner_half < 0 ? KIND_OTHER : 0;
}

static uint32_t kind_of(const struct aaj_event *event)
{
    uint32_t kind = event->mode == AAJ_MODE_ALLOWED ? KIND_ALLOWED
                    : event->mode == AAJ_MODE_AUDIT ? KIND_AUDITED
                                                    : KIND_DENIED;

    if (event->class == AAJ_CLASS_FILE || event->class == AAJ_CLASS_EXEC || event->class == AAJ_CLASS_MQUEUE)
        kind |= owner_kind(event);
    return kind;
}

bool recording_is_access(const struct aaj_event *event)
{
    return event->mode == AAJ_MODE_ALLOWED || event->mode == AAJ_MODE_DENIED || event->mode == AAJ_MODE_AUDIT ||
           event->mode == AAJ_MODE_KILLED;
}

int recording_shape(struct aaj_recording *rec, const struct aaj_event *event, unsigned named, struct shape *ret)
{
    uint32_t word[PATTERN_WORDS] = { 0, event->class, 0, event->requested, event->denied, 0 };
    int r = event->ns.n ? recording_label(rec, event, &word[0]) : aaj_intern_add(&rec->strings, event->label, &word[0]);

    ret->kind = kind_of(event);
    ret->fsuid = event->fsuid;
    ret->named = (uint8_t)named;
    ret->one = true;
    if (r == 0)
        r = aaj_intern_add(&rec->strings, event->op, &word[2]);
    if (r == 0)
        r = aaj_intern_add(&rec->strings, event->info, &word[5]);
    for (unsigned a = 0; r == 0 && a < AAJ_ARGS; a++) {
        ret->arg[a] = 0;
        if (a + 1 != named && event->arg[a].n)
            r = aaj_intern_add(&rec->strings, event->arg[a], &ret->arg[a]);
        ret->one = ret->one && (a == 0 || (!ret->arg[a] && a + 1 != named));
    }
    return r < 0 ? r : tuples_add(&rec->pattern, word, &ret->pattern);
}

static void note_uid(struct tally *t, uint32_t fsuid)
{
    if (fsuid == AAJ_UID_NONE)
        return;
    if (t->fsuid_min == AAJ_UID_NONE || fsuid < t->fsuid_min)
        t->fsuid_min = fsuid;
    if (t->fsuid_max == AAJ_UID_NONE || fsuid > t->fsuid_max)
        t->fsuid_max = fsuid;
}

int recording_add(struct aaj_recording *rec, const struct entry_place *place, uint32_t source, const struct shape *shape,
                  const struct sample *sample, const struct sample_shape *sample_shape)
{
    uint32_t entry, tally;
    struct tally *t;
    bool early;
    int r = recording_entry(rec, place, &entry);

    if (r == 0)
        r = recording_tally(rec, entry, source, shape->kind, &tally);
    if (r < 0)
        return r;
    t = recording_tally_at(rec, entry, tally);
    note_uid(t, shape->fsuid);
    early = !sample->ms || !t->first_ms || sample->ms <= t->first_ms;
    recording_count(t, sample->ms);
    /* The sample is no later than the first event of any tally, so only one as early can replace it. */
    return early ? recording_sample(rec, entry, sample, sample_shape) : 0;
}

void recording_note_source(struct aaj_recording *rec, uint32_t source, int64_t ms)
{
    struct source *s = &rec->source[source];

    s->events++;
    if (!ms)
        return;
    s->first_ms = earlier(s->first_ms, ms);
    if (ms > s->last_ms)
        s->last_ms = ms;
}

int aaj_recording_add(struct aaj_recording *rec, const struct aaj_event *event, struct aaj_str line)
{
    struct sample sample = { event->time_ms, event->serial, line };
    struct shape shape = { 0 };
    struct entry_key key;
    struct entry_place place;
    uint32_t source = 0;
    int r;

    if (!recording_is_access(event))
        return 0;
    recording_forget_view(rec);
    r = recording_source_of(rec, event->host, event->boot, event->time_ms, event->channel, &source);
    if (r < 0)
        return r;
    recording_note_source(rec, source, event->time_ms);
    r = recording_shape(rec, event, 0, &shape);
    if (r == 0)
        r = recording_object(rec, shape.arg, &key.object);
    if (r < 0)
        return r;
    key.pattern = shape.pattern;
    place = recording_place(rec, key);
    return recording_add(rec, &place, source, &shape, &sample, NULL);
}
