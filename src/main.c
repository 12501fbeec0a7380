/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    fprintf(out, "\n'aajail VERB --help' explains a verb; aajail(1) is the manual.\n"
                 "Exit status: 0 done, 1 a finding, 2 usage, 3 bad input, 4 refused, 5 events were lost.\n");
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;

    if (!name) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        usage(stdout);
        return EXIT_DONE;
    }
    if (strcmp(name, "--version") == 0) {
        puts("aajail " AAJAIL_VERSION);
        return EXIT_DONE;
    }
    for (const struct verb *const *v = verbs; *v; v++)
        if (strcmp((*v)->name, name) == 0) {
            int status = (*v)->run(*v, argc - 1, argv + 1);

            /* A full disk behind stdout is not success. */
            if ((fflush(stdout) != 0 || ferror(stdout)) && status < EXIT_REFUSED) {
                fprintf(stderr, "aajail: cannot write standard output\n");
                status = EXIT_REFUSED;
            }
            return status;
        }
    fprintf(stderr, "aajail: there is no verb '%s'\nTry 'aajail --help'.\n", name);
    return EXIT_USAGE;
}
