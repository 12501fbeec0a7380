/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "completion.h"

/* What lists each kind, by COMPLETE_NAMES; the names of files are fish's own business (-F). */
static const char *const lists[COMPLETE_KINDS] = {
    NULL,
    "(__fish_complete_directories)",
    "(path basename -E /etc/aajail/jails/*.yaml; path basename build/*/)",
    "(string replace -r ' [(][a-z]*[)]$' '' </sys/kernel/security/apparmor/profiles 2>/dev/null)",
    NULL,
    "(__fish_complete_command)",
    "(__fish_systemctl_services)",
    "(path basename /etc/aajail/roles/*)",
    "(__fish_complete_users)",
};

/* -a 'WORDS AND LISTS' and whether files are among them. */
static void print_values(unsigned kinds, const char *metavariable)
{
    printf(kinds & COMPLETE_FILE ? " -F" : " -f");
    printf(" -a '");
    complete_print_words(metavariable, "", " ");
    if (kinds & COMPLETE_TARGET)
        complete_print_targets("", " ");
    for (int i = 0; i < COMPLETE_KINDS; i++)
        if (kinds & 1u << i && lists[i])
            complete_print_quoted(lists[i], "\\'", "\\");
    printf("'");
}

static void print_description(const char *text)
{
    printf(" -d '");
    complete_print_quoted(text, "\\'", "\\");
    printf("'\n");
}

static void print_verb(const struct verb *v)
{
    printf("complete -c aajail -n __fish_use_subcommand -f -a %s", v->name);
    print_description(v->summary);
    for (const struct opt *o = v->opts; o && o->name; o++) {
        printf("complete -c aajail -n '__fish_seen_subcommand_from %s' -l %s", v->name, o->name);
        if (o->letter)
            printf(" -s %c", o->letter);
        if (o->arg) {
            printf(" -r");
            print_values(complete_value(o->arg), o->arg);
        }
        print_description(o->help);
    }
    printf("complete -c aajail -n '__fish_seen_subcommand_from %s'", v->name);
    print_values(complete_operands(v), v->args);
    printf("\n");
}

void complete_fish(void)
{
    printf("# aajail's completion for fish: aajail completion fish | source\n"
           "complete -c aajail -f\n"
           "complete -c aajail -n __fish_use_subcommand -l help -d 'show this help'\n"
           "complete -c aajail -n __fish_use_subcommand -l version -d 'print the version'\n");
    for (const struct verb *const *v = verbs; *v; v++)
        print_verb(*v);
}
