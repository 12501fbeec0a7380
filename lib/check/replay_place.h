/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the labels of a log lead in a policy. */
#pragma once

#include "base/intern.h"
#include "check/replay.h"

enum aaj_place_kind { AAJ_PLACE_UNKNOWN, AAJ_PLACE_PROFILE, AAJ_PLACE_UNREACHED, AAJ_PLACE_UNCONFINED };

struct aaj_place {
    enum aaj_place_kind kind;
    const struct aaj_match_profile *profile; /* PROFILE */
    struct aaj_str why;                      /* UNREACHED: a sentence */
};

struct aaj_places {
    const struct aaj_replay_input *in;
    const struct aaj_match_world *world;
    const struct aaj_access *access;
    size_t n;
    struct aaj_arena *arena;  /* of the sentences */
    struct aaj_intern labels; /* of the log, … */
    struct aaj_place *known;  /* … and where each leads, by id */
    size_t n_known;
    struct aaj_intern targets; /* labels that an exec or a change_hat of the log says it led to, … */
    uint32_t *way;             /* … and which access that was, + 1, by id */
    size_t n_ways;
};

/* @p: in, world and arena are set, the rest is zero; to be cleared in every case. */
int aaj_places_init(struct aaj_places *p);
void aaj_places_clear(struct aaj_places *p);

/* UNKNOWN: the label is below none of the input's roots. */
int aaj_places_find(struct aaj_places *p, struct aaj_str label, struct aaj_place *ret_place);
