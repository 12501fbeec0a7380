/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aajail review: what only a person can decide about what was learned, asked one by one, and the answers as entries of the
 * manifest. A question is about one thing (a program, a destination, an item of the ceiling, a folder), however many
 * events there were; what follows from evidence is never asked.
 *
 *     cmd_review.c  the verb: builds, writes the manifest
 *     review_find.c what was learned ► questions; question and answer ► entries
 *     review_ask.c  the conversation
 */
#pragma once

#include <json-c/json.h>

#include "build/build.h"

enum review_kind {
    REVIEW_SETUID,
    REVIEW_UNKNOWN,
    REVIEW_DROPPED,
    REVIEW_SHELL,
    REVIEW_CEILING,
    REVIEW_CODE,
    REVIEW_OUTSIDE,
    REVIEW_DENIED,
    REVIEW_DESTINATION,
    REVIEW_KINDS,
};

enum { REVIEW_CHOICES = 5 };

struct review_choice {
    const char *word; /* its first letter answers, too */
    const char *means;
};

struct review_info {
    const char *name; /* for programs */
    const char *asks; /* "It ran a shell" */
    const char *now;  /* what happens when nothing is decided */
    struct review_choice choice[REVIEW_CHOICES]; /* ends with word NULL */
};
extern const struct review_info review_info[REVIEW_KINDS];

struct review_question {
    enum review_kind kind;
    struct aaj_str what, detail; /* detail: the ceiling's item */
    uint64_t events;
    const uint32_t *access;
    size_t n_access;
    bool offered[REVIEW_CHOICES];
    int answer; /* an index into choice; -1: left as it is */
};

/* A jail under review. What it points to is the build's. */
struct review {
    const struct aaj_build_input *in;
    const struct aaj_learned *learned;
    struct aaj_str text; /* the manifest as it is */
    struct aaj_arena arena;
    struct review_question *question;
    size_t n, cap;
};

/* Fills .question, by kind. 0 or -ENOMEM. */
int review_find(struct review *review);
void review_clear(struct review *review);

/* What @question's answer puts into the manifest, in .arena; none where it was not answered. 0 or -ENOMEM. */
int review_entries(struct review *review, const struct review_question *question, struct aaj_manifest_entry **ret_entry,
                   size_t *ret_n);

/* The questions as JSON: a list. */
json_object *review_json(struct review *review);

enum review_end {
    REVIEW_ANSWERED, /* to the last question */
    REVIEW_QUIT,     /* the rest is left as it is */
    REVIEW_ABORTED,  /* end of input: nothing is to be written */
};

/* Asks on @out, hears from standard input. @before and @total count over all jails. */
enum review_end review_ask(struct review *review, FILE *out, size_t before, size_t total);

/* "y" or not; false at the end of input. */
bool review_confirm(FILE *out, const char *question);
