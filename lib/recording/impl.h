/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of a recording. */
#pragma once

#include "recording/recording.h"

enum { KEY_WORDS = 3 + AAJ_ARGS + 3, NO_EVIDENCE = UINT32_MAX };

/* The words of an access's key, as one block: equality is one memcmp. Order is that of struct aaj_access. */
struct access_key {
    uint32_t word[KEY_WORDS];
};
enum {
    WORD_LABEL,
    WORD_CLASS,
    WORD_OP,
    WORD_ARG,
    WORD_REQUESTED = WORD_ARG + AAJ_ARGS,
    WORD_DENIED,
    WORD_INFO,
};

/* What one source says about one access. Counts saturate. */
struct evidence {
    uint32_t source, next; /* next: of the same access */
    uint32_t allowed, denied, audited;
    uint32_t owner_yes, owner_no, owner_created, owner_root;
    uint32_t fsuid_min, fsuid_max;
    int64_t first_ms, last_ms;
};

struct entry {
    struct access_key key;
    uint32_t evidence; /* the newest first */
    uint32_t sample_n;
    char *sample; /* in .samples, or NULL */
    int64_t sample_ms;
    uint64_t sample_serial;
    uint32_t extra; /* interned: unknown members of its line, as a canonical JSON object; 0 = none */
};

/* Where and when: counts are maxima per source, so that nothing is counted twice. */
struct source_key {
    uint32_t host, boot; /* interned */
    int32_t day;
    uint32_t channel;
};

struct source {
    struct source_key key;
    int64_t first_ms, last_ms;
    uint64_t events;
};

struct input {
    uint64_t lines, used, irrelevant, reported, bytes;
    int64_t first_ms, last_ms;
};

struct loss {
    struct source_key key;
    uint32_t what; /* interned */
    uint64_t count;
    int64_t first_ms, last_ms;
    bool covered; /* the same input holds records of another, whole channel before and after it */
};

/* What a label line of a file said; neither merged nor written. */
struct head_label {
    uint32_t label; /* interned */
    uint64_t accesses;
};

/* A key of a record that this version does not know, and the smallest value it had. */
struct unknown_key {
    uint32_t key, value; /* interned */
};

struct aaj_recording {
    struct aaj_intern strings;
    struct aaj_arena samples;
    struct entry *entry;
    struct evidence *evidence;
    struct source *source;
    struct input *input;
    struct loss *loss;
    struct unknown_key *unknown;
    struct head_label *head_label;
    uint32_t *extra_line; /* interned: lines of a kind that this version does not know */
    size_t n_entries, cap_entries, n_evidence, cap_evidence, n_sources, cap_sources;
    size_t n_inputs, cap_inputs, n_losses, cap_losses, n_unknown, cap_unknown;
    size_t n_extra_lines, cap_extra_lines, n_head_labels, cap_head_labels;
    uint32_t *slot; /* entry + 1; 0 = free */
    uint32_t mask;
    uint32_t last_source, last_label, last_op; /* most events have those of the one before */
    struct aaj_access *view; /* made by aaj_recording_accesses() */
    size_t n_view;
    struct aaj_fsview *files; /* only facts */
};

/* The entry of @key, made when it is new. */
int recording_entry(struct aaj_recording *rec, const struct access_key *key, uint32_t *ret_entry);
int recording_entry_hashed(struct aaj_recording *rec, const struct access_key *key, uint64_t hash, uint32_t *ret_entry);
void recording_prefetch_entry(const struct aaj_recording *rec, uint64_t hash);
uint64_t recording_hash(const struct aaj_recording *rec, const struct access_key *key);
int recording_source(struct aaj_recording *rec, const struct source_key *key, uint32_t *ret_source);
/* The evidence of @source for an entry, made (all zero) when it is new. Valid until the next call. */
struct evidence *recording_evidence(struct aaj_recording *rec, uint32_t entry, uint32_t source);
int recording_sample(struct aaj_recording *rec, uint32_t entry, int64_t ms, uint64_t serial, struct aaj_str line);
int recording_join_evidence(struct aaj_recording *rec, uint32_t entry, uint32_t source,
                            const struct evidence *from, bool disjoint);
int recording_join_source(struct aaj_recording *rec, const struct source *from, bool disjoint);
/* @disjoint: no event is in both, so counts are added, not joined. */
int recording_merge(struct aaj_recording *rec, const struct aaj_recording *other, bool disjoint);
int recording_input(struct aaj_recording *rec, const struct input *input);
int recording_loss(struct aaj_recording *rec, const struct loss *loss, bool disjoint);
/* Inputs, sources and losses alone. */
int recording_merge_account(struct aaj_recording *rec, const struct aaj_recording *other);
bool recording_loss_is_local(const struct aaj_recording *rec, const struct loss *loss);
int recording_unknown(struct aaj_recording *rec, struct aaj_str key, struct aaj_str value);
int recording_extra_line(struct aaj_recording *rec, struct aaj_str line);
int recording_extra(struct aaj_recording *rec, uint32_t entry, struct aaj_str object);
int recording_fact(struct aaj_recording *rec, const struct aaj_fact *fact);
void recording_forget_view(struct aaj_recording *rec);

/* Byte order of two keys, by ranks. */
int recording_compare(const struct access_key *x, const struct access_key *y, const uint32_t *rank);
/* Ranks of all interned strings in byte order (malloc'd), for sorting by numbers. */
uint32_t *recording_ranks(const struct aaj_recording *rec);
/* Entries in canonical order (malloc'd). */
uint32_t *recording_order(const struct aaj_recording *rec, const uint32_t *rank);

/* The source of an event, made when it is new. */
int recording_source_of(struct aaj_recording *rec, struct aaj_str host, struct aaj_str boot, int64_t time_ms,
                        uint32_t channel, uint32_t *ret_source);

/* What an event adds to its evidence. */
enum evidence_kind {
    KIND_ALLOWED = 1u << 0,
    KIND_DENIED = 1u << 1,
    KIND_AUDITED = 1u << 2,
    KIND_OWNER = 1u << 3,
    KIND_OTHER = 1u << 4,
    KIND_CREATED = 1u << 5,
    KIND_ROOT = 1u << 6,
};
struct recording_added {
    uint32_t entry, evidence, kind; /* evidence: NO_EVIDENCE when the event is no access */
};
bool recording_is_access(const struct aaj_event *event);
/* In steps, for who takes in many: @name_hash is aaj_intern_prefetch() of arg[0], @hash is recording_hash() of the key. */
int recording_key(struct aaj_recording *rec, const struct aaj_event *event, uint32_t name_hash, struct access_key *ret_key);
int recording_add(struct aaj_recording *rec, const struct aaj_event *event, const struct access_key *key, uint64_t hash,
                  uint32_t source, struct aaj_str line, struct recording_added *ret_added);
void recording_note_source(struct aaj_recording *rec, uint32_t source, int64_t ms);

static inline void recording_inc(uint32_t *count, bool yes)
{
    *count += yes && *count < UINT32_MAX;
}

static inline uint32_t saturate(uint64_t v)
{
    return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static inline int64_t earlier(int64_t a, int64_t b)
{
    return !a ? b : !b ? a : a < b ? a : b;
}

/* One more such event. */
static inline void recording_count(struct evidence *ev, uint32_t kind, int64_t time_ms)
{
    recording_inc(&ev->allowed, kind & KIND_ALLOWED);
    recording_inc(&ev->denied, kind & KIND_DENIED);
    recording_inc(&ev->audited, kind & KIND_AUDITED);
    recording_inc(&ev->owner_yes, kind & KIND_OWNER);
    recording_inc(&ev->owner_no, kind & KIND_OTHER);
    recording_inc(&ev->owner_created, kind & KIND_CREATED);
    recording_inc(&ev->owner_root, kind & KIND_ROOT);
    ev->first_ms = earlier(ev->first_ms, time_ms);
    if (time_ms > ev->last_ms)
        ev->last_ms = time_ms;
}
