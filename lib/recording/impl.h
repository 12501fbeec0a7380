/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of a recording. */
#pragma once

#include "recording/commands.h"
#include "recording/recording.h"
#include "recording/sample.h"
#include "recording/shape.h"
#include "recording/tuples.h"

enum { KEY_WORDS = 3 + AAJ_ARGS + 3 };

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

/*
 * A key in two numbers. Who does what in which way is a pattern (label, class, op, masks, info), of which there are
 * few; to what it is done is an object: the id of arg[0] where that is all, else OBJECT_TUPLE and the number of the
 * tuple of arguments.
 */
struct entry_key {
    uint32_t pattern, object;
};

/* A key, and where its entry is to be found: .probably1 is its number, + 1, if it has the hash alone. */
struct entry_place {
    struct entry_key key;
    uint32_t hash, probably1;
};
enum { PATTERN_WORDS = KEY_WORDS - AAJ_ARGS };
#define OBJECT_TUPLE (1u << 31)

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
enum { KINDS = 7 };
extern const char *const recording_kind_name[KINDS]; /* members of a line: "allowed", "owner", … */

/* What one source says about one access. Counts saturate; their order is that of enum evidence_kind. */
struct evidence {
    uint32_t source;
    uint32_t count[KINDS];
    uint32_t fsuid_min, fsuid_max;
    int64_t first_ms, last_ms;
};

struct evidence_list {
    struct evidence *item; /* malloc'd, grown as needed */
    size_t n, cap;
};

/* As it is kept: events of one source that add the same to their evidence. The sum of an access's tallies is its
 * evidence, and evidence that was read from a file is taken apart into tallies. */
struct tally {
    uint32_t source, count;
    uint8_t kind;
    bool used;
    uint32_t next; /* of the same access, + 1; 0: none */
    int64_t first_ms, last_ms;
    uint32_t fsuid_min, fsuid_max;
};

/* One access. What one more event of it touches, key and tally, is 48 bytes at the start: malloc's own 16 before
 * a large array make that end with a cache line, and the rest is in the next one. */
struct entry {
    struct entry_key key;
    struct tally tally; /* not .used: none yet */
    char *sample;       /* packed (sample.h), or NULL */
    uint32_t extra;     /* interned: unknown members of its line, as a canonical JSON object; 0 = none */
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
    struct tuples pattern; /* PATTERN_WORDS each */
    struct tuples object;  /* AAJ_ARGS each */
    struct samples samples;
    struct sample_buffer line, from_line; /* of recording_sample_of(): one of this, one of another that is merged in */
    struct entry *entry;
    struct tally *tally; /* all but the first of an entry */
    struct source *source;
    struct input *input;
    struct loss *loss;
    struct unknown_key *unknown;
    struct commands commands;
    struct head_label *head_label;
    uint32_t *extra_line; /* interned: lines of a kind that this version does not know */
    size_t n_entries, cap_entries, n_tallies, cap_tallies, n_sources, cap_sources;
    size_t n_inputs, cap_inputs, n_losses, cap_losses, n_unknown, cap_unknown;
    size_t n_extra_lines, cap_extra_lines, n_head_labels, cap_head_labels;
    struct aaj_slots entries, sources;
    struct evidence_list have, from; /* of recording_join() and its callers, kept for their memory */
    uint32_t last_source; /* most events have that of the one before */
    struct aaj_access *view; /* made by aaj_recording_accesses() */
    size_t n_view;
    struct aaj_fsview *files; /* only facts */
};

/* ---- keys and entries ---- */

int recording_entry_key(struct aaj_recording *rec, const struct access_key *key, struct entry_key *ret_key);
struct access_key recording_access_key(const struct aaj_recording *rec, uint32_t entry);
/* In steps, as aaj_intern_probe() (base/intern.h): where a key's entry is to be found, and the entry, made when it is new. */
struct entry_place recording_place(const struct aaj_recording *rec, struct entry_key key);
void recording_probe(const struct aaj_recording *rec, struct entry_place *place);
int recording_entry(struct aaj_recording *rec, const struct entry_place *place, uint32_t *ret_entry);
/* All steps at once. */
int recording_entry_of(struct aaj_recording *rec, const struct access_key *key, uint32_t *ret_entry);

int recording_source(struct aaj_recording *rec, const struct source_key *key, uint32_t *ret_source);
/* The source of an event, made when it is new. */
int recording_source_of(struct aaj_recording *rec, struct aaj_str host, struct aaj_str boot, int64_t time_ms,
                        uint32_t channel, uint32_t *ret_source);
void recording_note_source(struct aaj_recording *rec, uint32_t source, int64_t ms);

/* ---- evidence (evidence.c) ---- */

/* A place of a tally that stays when tables grow: 0 is the entry's own, else one of rec->tally, + 1. */
static inline struct tally *recording_tally_at(struct aaj_recording *rec, uint32_t entry, uint32_t place)
{
    return place ? &rec->tally[place - 1] : &rec->entry[entry].tally;
}
/* The tally of @source and @kind, made (all zero) when it is new. */
int recording_tally(struct aaj_recording *rec, uint32_t entry, uint32_t source, uint32_t kind, uint32_t *ret_place);

/* Evidence of an entry by source, in the order of their numbers. */
int recording_evidence(const struct aaj_recording *rec, uint32_t entry, struct evidence_list *list);
/* Joins evidence of distinct sources into an entry, and may change @from. @disjoint: no event is in both, so counts
 * are added; else the greater stays. */
int recording_join(struct aaj_recording *rec, uint32_t entry, struct evidence_list *from, bool disjoint);
/* Joins what is of one source. */
void recording_make_distinct(struct evidence_list *list);

/* One more such event. */
static inline void recording_count(struct tally *t, int64_t ms)
{
    t->count += t->count < UINT32_MAX;
    if (ms && (!t->first_ms || ms < t->first_ms))
        t->first_ms = ms;
    if (ms > t->last_ms)
        t->last_ms = ms;
}

/* ---- the rest ---- */

/* Takes @new where it is smaller than the entry's. @shape: NULL, or what is known of its line. */
int recording_sample(struct aaj_recording *rec, uint32_t entry, const struct sample *new, const struct sample_shape *shape);
/* The first argument of an access. */
struct aaj_str recording_name(const struct aaj_recording *rec, uint32_t entry);
/* The sample, its line in @buffer; empty: none. */
int recording_sample_of(const struct aaj_recording *rec, uint32_t entry, struct sample_buffer *buffer,
                        struct sample *ret_sample);
int recording_join_source(struct aaj_recording *rec, const struct source *from, bool disjoint);
/* @disjoint: no event is in both, so counts are added, not joined. */
int recording_merge(struct aaj_recording *rec, const struct aaj_recording *other, bool disjoint);
int recording_input(struct aaj_recording *rec, const struct input *input);
int recording_loss(struct aaj_recording *rec, const struct loss *loss, bool disjoint);
/* Inputs, sources and losses alone. */
int recording_merge_account(struct aaj_recording *rec, const struct aaj_recording *other);
bool recording_loss_is_local(const struct aaj_recording *rec, const struct loss *loss);
int recording_unknown(struct aaj_recording *rec, struct aaj_str key, struct aaj_str value);
int recording_command(struct aaj_recording *rec, struct aaj_str label, struct aaj_str name, struct aaj_str argv);
int recording_command_of(struct aaj_recording *rec, const struct aaj_event *exec, struct aaj_str argv);
int recording_merge_commands(struct aaj_recording *rec, const struct aaj_recording *other);
/* The label as it is kept: ":NS:LABEL" in a policy namespace. */
int recording_label(struct aaj_recording *rec, const struct aaj_event *event, uint32_t *ret_id);
int recording_extra_line(struct aaj_recording *rec, struct aaj_str line);
int recording_extra(struct aaj_recording *rec, uint32_t entry, struct aaj_str object);
int recording_fact(struct aaj_recording *rec, const struct aaj_fact *fact);
void recording_forget_view(struct aaj_recording *rec);

/* Ranks of all interned strings in byte order (malloc'd), for sorting by numbers. */
uint32_t *recording_ranks(const struct aaj_recording *rec);
/* Entries in canonical order (malloc'd). */
uint32_t *recording_order(const struct aaj_recording *rec, const uint32_t *rank);

/* ---- taking in an event ---- */

bool recording_is_access(const struct aaj_event *event);
/* Pattern, kind, uid and arguments of an event; @named: the argument that is left out, + 1, or 0. */
int recording_shape(struct aaj_recording *rec, const struct aaj_event *event, unsigned named, struct shape *ret_shape);
int recording_object(struct aaj_recording *rec, const uint32_t *arg, uint32_t *ret_object);

/* One more event, as @shape says. */
int recording_add(struct aaj_recording *rec, const struct entry_place *place, uint32_t source, const struct shape *shape,
                  const struct sample *sample, const struct sample_shape *sample_shape);

static inline uint32_t saturate(uint64_t v)
{
    return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static inline int64_t earlier(int64_t a, int64_t b)
{
    return !a ? b : !b ? a : a < b ? a : b;
}
