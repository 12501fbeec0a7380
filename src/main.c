/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "terminal.h"
#include "verb.h"
#include "verbs.h"

const struct verb *const verbs[] = {
#define VERB(name) &verb_##name,
    ALL_VERBS(VERB)
#undef VERB
        NULL
};

static void usage(FILE *out)
{
    fprintf(out, "Usage: aajail VERB [OPTION…] [ARGUMENT…]\n\n"
                 "Learns what a web application's process does, builds and proves the AppArmor profile and\n"
                 "the firewall chain that let it do that and nothing else, and puts them in force.\n\n");
    for (const struct verb *const *v = verbs; *v; v++)
        fprintf(out, "  %-12s %s\n", (*v)->name, (*v)->summary);
    fprintf(out, "\n'aajail help VERB' explains a verb; aajail(1) is the manual.\n"
                 "Exit status: 0 done, 1 a finding, 2 usage, 3 bad input, 4 refused, 5 events were lost.\n");
}

static const struct verb *find_verb(const char *name)
{
    for (const struct verb *const *v = verbs; *v; v++)
        if (strcmp((*v)->name, name) == 0)
            return *v;
    return NULL;
}

/* How many letters are to be put in, left out or changed; words that are longer than any verb are far from all. */
static size_t distance(const char *a, const char *b)
{
    enum { LONGEST = 31 };
    size_t row[LONGEST + 1], n = strlen(b), corner, above;

    if (n > LONGEST || strlen(a) > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        corner = row[0]++;
        for (size_t j = 0; j < n; j++) {
            above = row[j + 1];
            row[j + 1] = corner + (a[i] != b[j]);
            if (above + 1 < row[j + 1])
                row[j + 1] = above + 1;
            if (row[j] + 1 < row[j + 1])
                row[j + 1] = row[j] + 1;
            corner = above;
        }
    }
    return row[n];
}

static int no_verb(const char *name)
{
    const char *nearest = NULL;
    size_t least = 3; /* a slip or two */

    for (const struct verb *const *v = verbs; *v; v++)
        if (distance(name, (*v)->name) < least) {
            least = distance(name, (*v)->name);
            nearest = (*v)->name;
        }
    fprintf(stderr, "aajail: there is no verb '");
    aaj_escape_terminal(stderr, aaj_str_c(name));
    if (nearest && strlen(name) > least)
        fprintf(stderr, "'; did you mean '%s'?\n", nearest);
    else
        fprintf(stderr, "'\nTry 'aajail --help'.\n");
    return EXIT_USAGE;
}

static int help(const char *name)
{
    const struct verb *verb = name ? find_verb(name) : NULL;

    if (name && !verb)
        return no_verb(name);
    if (verb)
        verb_help(stdout, verb);
    else
        usage(stdout);
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    const struct verb *verb;
    int status;

    if (terminal_guard() < 0)
        return EXIT_REFUSED;
    if (!name) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
        return help(argc > 2 ? argv[2] : NULL);
    if (strcmp(name, "--version") == 0) {
        puts("aajail " AAJAIL_VERSION);
        return EXIT_DONE;
    }
    verb = find_verb(name);
    if (!verb)
        return no_verb(name);
    status = verb->run(verb, argc - 1, argv + 1);
    /* A full disk behind stdout is not success. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && status < EXIT_REFUSED) {
        fprintf(stderr, "aajail: cannot write standard output\n");
        status = EXIT_REFUSED;
    }
    return status;
}
