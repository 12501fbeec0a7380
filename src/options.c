/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options from a verb's table: parsing with getopt_long, and the help text. */
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "verb.h"

enum { ID_BASE = 256, ID_HELP = 255 };

static size_t count_opts(const struct verb *verb)
{
    size_t n = 0;

    while (verb->opts && verb->opts[n].name)
        n++;
    return n;
}

/* getopt's own tables, made once per call from the verb's. */
static int prepare(struct opts *o)
{
    size_t n = count_opts(o->verb);
    struct option *lo = calloc(n + 2, sizeof(*lo));
    char *so = calloc(1, n * 2 + 4), *s = so;

    if (!lo || !so) {
        free(lo);
        free(so);
        return -1;
    }
    if (o->verb->command)
        *s++ = '+';
    *s++ = ':';
    for (size_t i = 0; i < n; i++) {
        const struct opt *opt = &o->verb->opts[i];

        lo[i] = (struct option){ opt->name, opt->arg ? required_argument : no_argument, NULL,
                                 ID_BASE + (int)i };
        if (opt->letter) {
            *s++ = opt->letter;
            if (opt->arg)
                *s++ = ':';
        }
    }
    *s++ = 'h';
    lo[n] = (struct option){ "help", no_argument, NULL, ID_HELP };
    o->longopts = lo;
    o->shortopts = so;
    optind = 0; /* glibc: start anew */
    opterr = 0;
    return 0;
}

static const char *finish(struct opts *o, int status)
{
    if (status >= 0) {
        o->done = true;
        o->status = status;
    }
    o->operand = o->argv + optind;
    o->n_operands = o->argc - optind;
    free(o->longopts);
    free(o->shortopts);
    o->longopts = o->shortopts = NULL;
    return NULL;
}

/* @arg: as it was given, "--recordings=x" or "-q"; @letter: where it stands among letters, "-q" of "-nq". */
static int unknown_option(const struct verb *verb, const char *arg, int letter)
{
    char name[32] = "";
    const char *nearest = NULL;
    size_t least = NEAR;

    if (letter)
        return usage_error(verb, "unknown option '-%c'", letter);
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(arg + 2, "="), arg + 2);
    for (const struct opt *opt = verb->opts; opt && opt->name; opt++)
        if (word_distance(name, opt->name) < least) {
            least = word_distance(name, opt->name);
            nearest = opt->name;
        }
    if (nearest && least == 0)
        return usage_error(verb, "option '--%s' takes no value", nearest);
    return nearest ? usage_error(verb, "unknown option '%s'; did you mean '--%s'?", arg, nearest)
                   : usage_error(verb, "unknown option '%s'", arg);
}

const char *opts_next(struct opts *o)
{
    int c;

    if (!o->longopts && prepare(o) < 0)
        return finish(o, EXIT_REFUSED);
    c = getopt_long(o->argc, o->argv, o->shortopts, o->longopts, NULL);
    o->value = optarg;
    if (c == -1)
        return finish(o, -1);
    if (c == 'h' || c == ID_HELP) {
        verb_help(stdout, o->verb);
        return finish(o, EXIT_DONE);
    }
    if (c == '?' || c == ':') {
        const char *arg = o->argv[optind - 1];
        int letter = optopt && optopt < ID_HELP && arg[1] != '-' ? optopt : 0;

        if (c == '?')
            return finish(o, unknown_option(o->verb, arg, letter));
        return finish(o, letter ? usage_error(o->verb, "option '-%c' needs a value", letter)
                                : usage_error(o->verb, "option '%s' needs a value", arg));
    }
    for (const struct opt *opt = o->verb->opts; opt && opt->name; opt++)
        if (c == ID_BASE + (int)(opt - o->verb->opts) || c == opt->letter)
            return opt->name;
    return finish(o, EXIT_USAGE);
}

bool opt_is(const char *name, const char *what)
{
    return strcmp(name, what) == 0;
}

int usage_error(const struct verb *verb, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "aajail %s: ", verb->name);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\nTry 'aajail %s --help'.\n", verb->name);
    return EXIT_USAGE;
}

void verb_help(FILE *out, const struct verb *verb)
{
    fprintf(out, "Usage: aajail %s%s %s\n\n%s.\n", verb->name, verb->opts ? " [OPTION…]" : "",
            verb->args ? verb->args : "", verb->summary);
    if (verb->details)
        fprintf(out, "\n%s\n", verb->details);
    fprintf(out, "\n");
    for (const struct opt *opt = verb->opts; opt && opt->name; opt++) {
        int n = fprintf(out, opt->letter ? "  -%c, " : "      ", opt->letter);

        n += fprintf(out, "--%s%s%s", opt->name, opt->arg ? " " : "", opt->arg ? opt->arg : "");
        fprintf(out, "%*s%s\n", n < 30 ? 30 - n : 1, "", opt->help);
    }
    fprintf(out, "  -h, --help                  show this help\n\nSee aajail-%s(1).\n", verb->name);
}
