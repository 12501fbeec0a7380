/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of a recording, and taking in events. */
#include "recording/impl.h"

#include <errno.h>
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/grow.h"

enum { SLOTS_MIN = 1024, UNKNOWN_KEYS_MAX = 256, UNKNOWN_MAX = 256 };

int aaj_recording_new(struct aaj_recording **ret_rec)
{
    struct aaj_recording *rec = calloc(1, sizeof(*rec));
    int r;

    if (!rec)
        return -ENOMEM;
    r = aaj_intern_init(&rec->strings);
    if (r == 0)
        r = aaj_fsview_new(&rec->files);
    rec->slot = r < 0 ? NULL : calloc(SLOTS_MIN, sizeof(*rec->slot));
    if (!rec->slot) {
        aaj_recording_free(rec);
        return r < 0 ? r : -ENOMEM;
    }
    rec->mask = SLOTS_MIN - 1;
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
    aaj_arena_clear(&rec->samples);
    free(rec->entry);
    free(rec->evidence);
    free(rec->source);
    free(rec->input);
    free(rec->loss);
    free(rec->unknown);
    free(rec->head_label);
    free(rec->extra_line);
    free(rec->slot);
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

uint64_t recording_hash(const struct aaj_recording *rec, const struct access_key *key)
{
    return XXH3_64bits_withSeed(key, sizeof(*key), rec->strings.seed);
}

static uint32_t slot_of(const struct aaj_recording *rec, const struct access_key *key, uint64_t hash)
{
    uint32_t i = (uint32_t)hash & rec->mask;

    while (rec->slot[i] && memcmp(&rec->entry[rec->slot[i] - 1].key, key, sizeof(*key)) != 0)
        i = (i + 1) & rec->mask;
    return i;
}

static int grow_slots(struct aaj_recording *rec)
{
    uint32_t mask = rec->mask * 2 + 1;
    uint32_t *slot = mask > rec->mask ? calloc((size_t)mask + 1, sizeof(*slot)) : NULL;

    if (!slot)
        return -ENOMEM;
    aaj_advise_huge(slot, ((size_t)mask + 1) * sizeof(*slot));
    for (size_t e = 0; e < rec->n_entries; e++) {
        uint32_t i = (uint32_t)recording_hash(rec, &rec->entry[e].key) & mask;

        while (slot[i])
            i = (i + 1) & mask;
        slot[i] = (uint32_t)e + 1;
    }
    free(rec->slot);
    rec->slot = slot;
    rec->mask = mask;
    return 0;
}

int recording_entry(struct aaj_recording *rec, const struct access_key *key, uint32_t *ret_entry)
{
    return recording_entry_hashed(rec, key, recording_hash(rec, key), ret_entry);
}

void recording_prefetch_entry(const struct aaj_recording *rec, uint64_t hash)
{
    uint32_t slot = rec->slot[(uint32_t)hash & rec->mask];

    if (slot)
        __builtin_prefetch(&rec->entry[slot - 1]);
}

int recording_entry_hashed(struct aaj_recording *rec, const struct access_key *key, uint64_t hash, uint32_t *ret_entry)
{
    uint32_t i = slot_of(rec, key, hash);
    int r;

    if (rec->slot[i]) {
        *ret_entry = rec->slot[i] - 1;
        return 0;
    }
    if (rec->n_entries >= NO_EVIDENCE - 1)
        return -ENOMEM;
    if (rec->n_entries >= rec->mask / 4 * 3) {
        r = grow_slots(rec);
        if (r < 0)
            return r;
        i = slot_of(rec, key, hash);
    }
    if (AAJ_GROW(rec->entry, rec->n_entries, rec->cap_entries) < 0)
        return -ENOMEM;
    rec->entry[rec->n_entries] = (struct entry){ .key = *key, .evidence = NO_EVIDENCE };
    rec->slot[i] = (uint32_t)rec->n_entries + 1;
    *ret_entry = (uint32_t)rec->n_entries++;
    return 0;
}

int recording_source(struct aaj_recording *rec, const struct source_key *key, uint32_t *ret_source)
{
    if (rec->last_source < rec->n_sources &&
        memcmp(&rec->source[rec->last_source].key, key, sizeof(*key)) == 0) {
        *ret_source = rec->last_source;
        return 0;
    }
    for (size_t i = rec->n_sources; i-- > 0;)
        if (memcmp(&rec->source[i].key, key, sizeof(*key)) == 0) {
            *ret_source = rec->last_source = (uint32_t)i;
            return 0;
        }
    if (AAJ_GROW(rec->source, rec->n_sources, rec->cap_sources) < 0)
        return -ENOMEM;
    rec->source[rec->n_sources] = (struct source){ .key = *key };
    *ret_source = rec->last_source = (uint32_t)rec->n_sources++;
    return 0;
}

struct evidence *recording_evidence(struct aaj_recording *rec, uint32_t entry, uint32_t source)
{
    struct entry *e = &rec->entry[entry];
    uint32_t at = e->evidence;

    while (at != NO_EVIDENCE && rec->evidence[at].source != source)
        at = rec->evidence[at].next;
    if (at != NO_EVIDENCE)
        return &rec->evidence[at];
    if (rec->n_evidence >= NO_EVIDENCE - 1 || AAJ_GROW(rec->evidence, rec->n_evidence, rec->cap_evidence) < 0)
        return NULL;
    rec->evidence[rec->n_evidence] = (struct evidence){ .source = source, .next = e->evidence,
                                                        .fsuid_min = AAJ_UID_NONE, .fsuid_max = AAJ_UID_NONE };
    e->evidence = (uint32_t)rec->n_evidence;
    return &rec->evidence[rec->n_evidence++];
}

/* Unknown times sort last, so that a line that says when is preferred. */
static int compare_sample(const struct entry *e, int64_t ms, uint64_t serial, struct aaj_str line)
{
    uint64_t a = e->sample_ms ? (uint64_t)e->sample_ms : UINT64_MAX, b = ms ? (uint64_t)ms : UINT64_MAX;

    if (a != b)
        return a < b ? -1 : 1;
    if (e->sample_serial != serial)
        return e->sample_serial < serial ? -1 : 1;
    return aaj_str_cmp((struct aaj_str){ e->sample, e->sample_n }, line);
}

int recording_sample(struct aaj_recording *rec, uint32_t entry, int64_t ms, uint64_t serial, struct aaj_str line)
{
    struct entry *e = &rec->entry[entry];

    if (line.n == 0 || line.n > UINT32_MAX || (e->sample && compare_sample(e, ms, serial, line) <= 0))
        return 0;
    if (!e->sample || line.n > e->sample_n) {
        struct aaj_str copy = aaj_arena_dup(&rec->samples, line);

        if (!copy.p)
            return -ENOMEM;
        e->sample = (char *)(uintptr_t)copy.p; /* the arena's own, written here only */
    } else {
        memcpy(e->sample, line.p, line.n);
    }
    e->sample_n = (uint32_t)line.n;
    e->sample_ms = ms;
    e->sample_serial = serial;
    return 0;
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
static int label_of(struct aaj_recording *rec, const struct aaj_event *event, uint32_t *ret_id)
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

/* The same label and operation come again and again. */
static int intern_again(struct aaj_recording *rec, struct aaj_str s, uint32_t *last, uint32_t *ret_id)
{
    int r = 0;

    if (!aaj_str_eq(aaj_recording_str(rec, *last), s))
        r = aaj_intern_add(&rec->strings, s, last);
    *ret_id = *last;
    return r;
}

int recording_key(struct aaj_recording *rec, const struct aaj_event *event, uint32_t name_hash, struct access_key *key)
{
    int r = event->ns.n ? label_of(rec, event, &key->word[WORD_LABEL])
                        : intern_again(rec, event->label, &rec->last_label, &key->word[WORD_LABEL]);

    key->word[WORD_CLASS] = event->class;
    key->word[WORD_REQUESTED] = event->requested;
    key->word[WORD_DENIED] = event->denied;
    key->word[WORD_INFO] = key->word[WORD_ARG] = 0;
    if (r == 0)
        r = intern_again(rec, event->op, &rec->last_op, &key->word[WORD_OP]);
    if (r == 0 && event->info.n)
        r = aaj_intern_add(&rec->strings, event->info, &key->word[WORD_INFO]);
    if (r == 0 && event->arg[0].n)
        r = aaj_intern_add_hashed(&rec->strings, event->arg[0], name_hash, &key->word[WORD_ARG]);
    for (unsigned a = 1; r == 0 && a < AAJ_ARGS; a++) {
        key->word[WORD_ARG + a] = 0;
        if (event->arg[a].n)
            r = aaj_intern_add(&rec->strings, event->arg[a], &key->word[WORD_ARG + a]);
    }
    return r;
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

/* What one such event adds to its evidence. */
static uint32_t kind_of(const struct aaj_event *event)
{
    uint32_t kind = event->mode == AAJ_MODE_ALLOWED ? KIND_ALLOWED
                    : event->mode == AAJ_MODE_AUDIT ? KIND_AUDITED
                                                    : KIND_DENIED;

    if (event->class == AAJ_CLASS_FILE || event->class == AAJ_CLASS_EXEC || event->class == AAJ_CLASS_MQUEUE)
        kind |= owner_kind(event);
    return kind;
}

static void note_uid(struct evidence *ev, uint32_t fsuid)
{
    if (fsuid == AAJ_UID_NONE)
        return;
    if (ev->fsuid_min == AAJ_UID_NONE || fsuid < ev->fsuid_min)
        ev->fsuid_min = fsuid;
    if (ev->fsuid_max == AAJ_UID_NONE || fsuid > ev->fsuid_max)
        ev->fsuid_max = fsuid;
}

bool recording_is_access(const struct aaj_event *event)
{
    return event->mode == AAJ_MODE_ALLOWED || event->mode == AAJ_MODE_DENIED || event->mode == AAJ_MODE_AUDIT ||
           event->mode == AAJ_MODE_KILLED;
}

int recording_add(struct aaj_recording *rec, const struct aaj_event *event, const struct access_key *key, uint64_t hash,
                  uint32_t source, struct aaj_str line, struct recording_added *ret)
{
    struct evidence *ev;
    int r;

    *ret = (struct recording_added){ 0, NO_EVIDENCE, 0 };
    r = recording_entry_hashed(rec, key, hash, &ret->entry);
    if (r < 0)
        return r;
    ev = recording_evidence(rec, ret->entry, source);
    if (!ev)
        return -ENOMEM;
    ret->evidence = (uint32_t)(ev - rec->evidence);
    ret->kind = kind_of(event);
    note_uid(ev, event->fsuid);
    recording_count(ev, ret->kind, event->time_ms);
    return recording_sample(rec, ret->entry, event->time_ms, event->serial, line);
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
    struct recording_added added;
    struct access_key key;
    uint32_t source = 0;
    int r;

    if (!recording_is_access(event))
        return 0;
    recording_forget_view(rec);
    r = recording_source_of(rec, event->host, event->boot, event->time_ms, event->channel, &source);
    if (r < 0)
        return r;
    recording_note_source(rec, source, event->time_ms);
    r = recording_key(rec, event, aaj_intern_prefetch(&rec->strings, event->arg[0]), &key);
    return r < 0 ? r : recording_add(rec, event, &key, recording_hash(rec, &key), source, line, &added);
}
