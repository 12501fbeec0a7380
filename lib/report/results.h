/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a verb found, as a list of results, and the two forms in which build servers read it: SARIF 2.1.0
 * (OASIS), which has findings with places, and JUnit's XML, which has test cases that pass or fail. One list
 * serves both: a result has a place and an id for the one, a suite and a case for the other. Same results,
 * same bytes: no time, no host.
 */
#pragma once

#include <stdio.h>

#include "base/diag.h"
#include "base/intern.h"

enum aaj_outcome {
    AAJ_OUTCOME_PASS,    /* SARIF leaves it out */
    AAJ_OUTCOME_FINDING, /* of .id, which is one of the kinds */
    AAJ_OUTCOME_BROKEN,  /* nothing could be found out; why is the message */
};

struct aaj_result {
    enum aaj_outcome outcome;
    enum aaj_severity severity; /* AAJ_NOTE does not fail its case */
    const char *id;
    bool related; /* says more about the finding before it */
    struct aaj_loc loc;
    struct aaj_str source; /* the line at loc, or empty: turns its columns from bytes to characters */
    struct aaj_str suite, name, message;
};

struct aaj_results {
    struct aaj_arena arena;
    struct aaj_result *item;
    size_t n, cap;
    const char *tool, *version, *verb;
    const struct aaj_diag_kind *kinds;
};

/* Copies what @result points to, but for its id. 0 or -ENOMEM. */
int aaj_results_add(struct aaj_results *results, const struct aaj_result *result);

/* Findings from @from on. Those that have no id, or one that is none of the kinds, are errors of the input:
 * BROKEN, or notes. The case is @name, or where that is empty the finding's id and place. */
int aaj_results_add_diags(struct aaj_results *results, const struct aaj_diags *diags, size_t from,
                          struct aaj_str suite, struct aaj_str name);

/* "id at 12:3", or the id alone; in @arena. */
struct aaj_str aaj_results_case(struct aaj_arena *arena, const char *id, struct aaj_loc loc);

void aaj_results_clear(struct aaj_results *results);

/* Results of one suite and name are one case, wherever they stand in the list. 0 or -ENOMEM. */
int aaj_results_junit(FILE *out, const struct aaj_results *results);
int aaj_results_sarif(FILE *out, const struct aaj_results *results);
