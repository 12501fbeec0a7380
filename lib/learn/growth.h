/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Has everything been seen? What a recording learned, by time: how many new kinds of access each slice of it brought.
 * Names that differ only in made-up parts (names.h) are one kind, or a session's random name would be news for ever.
 */
#pragma once

#include "recording/recording.h"

enum { AAJ_GROWTH_SLICES = 12 };

enum aaj_growth_verdict {
    AAJ_GROWTH_UNKNOWN, /* too few events, or they do not say when */
    AAJ_GROWTH_GROWING,
    AAJ_GROWTH_FLAT, /* the last quarter of the time or more brought nothing new, though much was seen again in it */
};

struct aaj_growth {
    enum aaj_growth_verdict verdict;
    size_t kinds;
    int64_t first_ms, last_ms; /* of all events */
    int64_t last_new_ms;       /* the newest kind's first event */
    size_t again;              /* kinds that were seen after that */
    int64_t slice_ms;          /* a round time: a second, a minute, an hour, … */
    size_t slices;             /* of them, from first_ms on; 0: the events do not say when */
    size_t fresh[AAJ_GROWTH_SLICES];
};

/* 0 or -ENOMEM. */
int aaj_growth_of(struct aaj_recording *rec, struct aaj_growth *ret_growth);

/* One or two lines for people: the counts, and what they mean. */
void aaj_growth_print(FILE *out, const struct aaj_growth *growth);
/* "35 min", "1 h 20 min" */
struct aaj_str aaj_growth_span(char buf[static 64], int64_t ms);
extern const char *const aaj_growth_name[]; /* by verdict: "unknown", "growing", "flat" */
