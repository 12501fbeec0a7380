/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "nearest.h"
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

static int no_verb(const char *name)
{
    const char *nearest = NULL;
    size_t least = NEAR;

    for (const struct verb *const *v = verbs; *v; v++)
        if (word_distance(name, (*v)->name) < least) {
            least = word_distance(name, (*v)->name);
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

static int run(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    const struct verb *verb;

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
    return verb ? verb->run(verb, argc - 1, argv + 1) : no_verb(name);
}

/* A file that is opened where stdout or stderr is closed would get what is printed: such places are taken, by what cannot be
 * used the way they are. */
static int take_places(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return -EBADF;
    return 0;
}

int main(int argc, char **argv)
{
    if (take_places() < 0 || terminal_guard() < 0)
        return EXIT_REFUSED;
    return output_end(run(argc, argv));
}
