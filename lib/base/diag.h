/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What went wrong, for people: a list of findings that the library fills and the caller shows. The
 * library never prints and never exits. Messages say what was found, what was expected and what to do;
 * they hold bytes from outside only through aaj_escape (base/escape.h).
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/str.h"

enum aaj_severity {
    AAJ_NOTE,    /* belongs to the finding before it, e.g. "first defined here" */
    AAJ_WARNING, /* goes on, result usable */
    AAJ_ERROR,   /* result refused */
};

struct aaj_loc {
    struct aaj_str file; /* as the user named it; empty: no location */
    uint32_t line;       /* from 1; 0: whole file */
    uint32_t column;     /* in bytes, from 1; 0: whole line */
    uint32_t length;     /* bytes to underline from column; 0: a caret alone */
};

struct aaj_diag {
    enum aaj_severity severity;
    const char *id; /* stable name for switching off and for SARIF, e.g. "policy-syntax"; may be NULL */
    struct aaj_loc loc;
    struct aaj_str message;
    struct aaj_str source; /* the line at loc, for the caret; empty where it must not be shown */
};

/* A kind of finding, described once for man pages, SARIF and people; tables end with id NULL. */
struct aaj_diag_kind {
    const char *id;
    enum aaj_severity severity;
    const char *means;
};

struct aaj_diags {
    struct aaj_arena arena;
    struct aaj_diag *item;
    size_t n, cap;
    size_t errors, warnings; /* counted even past the limit */
    size_t limit;            /* keep at most this many; 0 = 1000 */
};

#define AAJ_DIAGS_INIT { 0 }

void aaj_diags_clear(struct aaj_diags *diags);

/* Adds a finding. @source (the whole line at @loc) and loc.file are copied. Running out of memory still
 * counts the finding. @diags may be NULL: the caller does not want to know.
 * aaj_error() returns -EINVAL so that `return aaj_error(…)` reads well. */
void aaj_diag_add(struct aaj_diags *diags, enum aaj_severity severity, const char *id,
                  struct aaj_loc loc, struct aaj_str source, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
int aaj_error(struct aaj_diags *diags, struct aaj_loc loc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* file:line:column: error: message, the source line and a caret, all of it safe for a terminal. */
void aaj_diags_print(FILE *out, const struct aaj_diags *diags, bool colour);

/* The line of @text that holds byte @offset, and *ret_loc's line and column filled in. */
struct aaj_str aaj_loc_line(struct aaj_str text, size_t offset, struct aaj_loc *ret_loc);
