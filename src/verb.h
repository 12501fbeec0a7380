/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A verb is a table entry and a file: name, options and help are data, so that usage, --help and shell
 * completion cannot disagree.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/diag.h"

/* Exit statuses; where two apply the higher counts. */
enum {
    EXIT_DONE = 0,
    EXIT_FINDING = 1,
    EXIT_USAGE = 2,
    EXIT_INPUT = 3,   /* bad input, nothing written */
    EXIT_REFUSED = 4, /* the kernel or another program refused; nothing changed, or rolled back */
    EXIT_LOST = 5,    /* events were lost; what was learned is written */
};

struct opt {
    const char *name; /* long option */
    char letter;      /* short option or 0 */
    const char *arg;  /* metavariable, NULL for a flag; "FILE" and "DIR" complete to paths */
    const char *help; /* one line, no full stop */
};
#define OPT_END { 0 }
/* Every verb that reports has this; every verb that changes the system has the second. */
#define OPT_JSON { "json", 0, NULL, "print JSON on standard output" }
#define OPT_DRY_RUN { "dry-run", 'n', NULL, "say what would be done and change nothing" }

struct verb {
    const char *name;
    const char *args;    /* "MANIFEST…" */
    const char *summary; /* one line for `aajail --help` */
    const char *details; /* paragraphs for `aajail VERB --help`; may be NULL */
    const struct opt *opts;
    bool command;        /* the operands are another command's words: options end at the first of them */
    int (*run)(const struct verb *verb, int argc, char **argv); /* argv[0] is the verb's name */
};

/*
 * Steps through the options of a verb:
 *
 *     struct opts o = OPTS_INIT(verb, argc, argv);
 *     const char *name;
 *     while ((name = opts_next(&o)))
 *         if (opt_is(name, "log")) add(o.value); else if (…)
 *     if (o.done)
 *         return o.status;      // --help was printed, or a usage error was
 *     // operands: o.operand[0 … o.n_operands - 1]
 *
 * Options and operands may be mixed; "--" ends options.
 */
struct opts {
    const struct verb *verb;
    int argc;
    char **argv;
    const char *value;
    char **operand;
    int n_operands;
    bool done;
    int status;
    void *longopts;
    char *shortopts;
};
#define OPTS_INIT(v, c, a) { .verb = (v), .argc = (c), .argv = (a) }
const char *opts_next(struct opts *o);
bool opt_is(const char *name, const char *what);

/* "aajail VERB: MESSAGE\nTry 'aajail VERB --help'." on stderr; returns EXIT_USAGE. */
int usage_error(const struct verb *verb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void verb_help(FILE *out, const struct verb *verb);

extern const struct verb *const verbs[]; /* NULL-terminated, in the order of `aajail --help` */

/* Where templates, abstractions, targets and helpers are: the source tree when the command runs from its
 * build folder, else the installed places. */
const char *aajail_datadir(void);
const char *aajail_libexec(const char *name); /* absolute path of a helper; static storage */
bool want_colour(FILE *out);

/* Prints the findings on stderr and empties the list. */
void show_diags(struct aaj_diags *diags);
