/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "completion.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    struct aaj_str word;
    unsigned kinds;
} metavariables[] = {
    { AAJ_STR_INIT("FILE"), COMPLETE_FILE },
    { AAJ_STR_INIT("MANIFEST"), COMPLETE_FILE },
    { AAJ_STR_INIT("RECORDING"), COMPLETE_FILE },
    { AAJ_STR_INIT("PATH"), COMPLETE_FILE },
    { AAJ_STR_INIT("OLD"), COMPLETE_FILE },
    { AAJ_STR_INIT("NEW"), COMPLETE_FILE },
    { AAJ_STR_INIT("DIR"), COMPLETE_DIR },
    { AAJ_STR_INIT("JAIL"), COMPLETE_JAIL },
    { AAJ_STR_INIT("PROFILE"), COMPLETE_PROFILE | COMPLETE_FILE },
    { AAJ_STR_INIT("TARGET"), COMPLETE_TARGET },
    { AAJ_STR_INIT("CMD"), COMPLETE_COMMAND },
    { AAJ_STR_INIT("EXECUTABLE"), COMPLETE_COMMAND | COMPLETE_FILE },
    { AAJ_STR_INIT("UNIT.service"), COMPLETE_UNIT },
    { AAJ_STR_INIT("ROLE"), COMPLETE_ROLE },
    { AAJ_STR_INIT("USER"), COMPLETE_USER },
};

/* The next word at *p, which ends at one of "|[] " or an ellipsis. False at the end. */
static bool next_word(const char **p, struct aaj_str *ret)
{
    static const char between[] = "|[] ";
    const char *start = *p + strspn(*p, between);
    size_t n = strcspn(start, between);

    *ret = (struct aaj_str){ start, n };
    if (aaj_str_ends(*ret, AAJ_STR("…")))
        ret->n -= strlen("…");
    *p = start + n;
    return n > 0;
}

static unsigned kinds_of(struct aaj_str word)
{
    for (size_t i = 0; i < sizeof(metavariables) / sizeof(metavariables[0]); i++)
        if (aaj_str_eq(word, metavariables[i].word))
            return metavariables[i].kinds;
    return 0;
}

unsigned complete_value(const char *metavariable)
{
    unsigned kinds = 0;
    struct aaj_str word;

    while (next_word(&metavariable, &word))
        kinds |= kinds_of(word);
    return kinds;
}

unsigned complete_operands(const struct verb *verb)
{
    const char *p = verb->args ?: "";
    unsigned kinds = 0;
    struct aaj_str word;

    while (next_word(&p, &word)) {
        if (word.n <= 2 || !aaj_str_starts(word, AAJ_STR("--")))
            kinds |= kinds_of(word);
        else if (*p == ' ' && isupper((unsigned char)p[1]))
            next_word(&p, &word); /* the option's value */
    }
    return kinds;
}

void complete_print_words(const char *metavariable, const char *before, const char *after)
{
    struct aaj_str word;

    for (const char *p = metavariable ?: ""; next_word(&p, &word);)
        if (islower((unsigned char)word.p[0]))
            printf("%s%.*s%s", before, AAJ_STR_ARG(word), after);
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

void complete_print_targets(const char *before, const char *after)
{
    struct dirent **entry;
    char *dir = NULL;
    int n =
        asprintf(&dir, "%s/targets", aajail_datadir()) < 0 ? -1 : scandir(dir, &entry, visible, alphasort);

    for (int i = 0; i < n; i++) {
        printf("%s%s%s", before, entry[i]->d_name, after);
        free(entry[i]);
    }
    if (n >= 0)
        free(entry);
    free(dir);
}

void complete_print_quoted(const char *text, const char *quote, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'') {
            fputs(quote, stdout);
            continue;
        }
        if (strchr(special, *text))
            putchar('\\');
        putchar(*text);
    }
}
