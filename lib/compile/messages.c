/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The forms, from apparmor_parser 3.0.8 reading standard input:
 *
 *     AppArmor parser error at line 3: syntax error, …
 *     AppArmor parser error in profile inc/foo at line 1: …       (also: "for FILE in profile FILE at line
 * …") Warning from stdin (stdin line 3): … Warning from stdin (inc/foo line 3): … profile t: has merged rule
 * /c with conflicting x modifiers /sbin/apparmor_parser: Regex grouping error: …
 */
#include "compile/messages.h"

#include "base/escape.h"

enum { MESSAGES_MAX = 200 };

static unsigned number(struct aaj_str s)
{
    unsigned n = 0;

    for (size_t i = 0; i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && n < 100000000; i++)
        n = n * 10 + (unsigned)(s.p[i] - '0');
    return n;
}

static struct aaj_str after(struct aaj_str s, struct aaj_str what)
{
    return aaj_str_skip(s, aaj_str_search(s, what) + what.n);
}

static struct aaj_str nth_line(struct aaj_str text, unsigned line)
{
    while (line > 1 && text.n) {
        text = aaj_str_skip(text, aaj_str_find(text, '\n') + 1);
        line--;
    }
    return aaj_str_head(text, aaj_str_find(text, '\n'));
}

/* "… at line 3: MESSAGE", perhaps with "in profile FILE" before it. */
static struct aaj_str locate_error(struct aaj_str line, struct aaj_loc *loc)
{
    struct aaj_str in = AAJ_STR(" in profile "), at = AAJ_STR(" at line ");
    struct aaj_str rest = after(line, at);

    if (rest.n == 0)
        return line;
    loc->line = number(rest);
    if (aaj_str_search(line, in) < aaj_str_search(line, at)) {
        struct aaj_str name = after(line, in);

        loc->file = aaj_str_head(name, aaj_str_search(name, at));
    }
    return after(rest, AAJ_STR(": "));
}

/* "Warning from stdin (FILE line 3): MESSAGE" */
static struct aaj_str locate_warning(struct aaj_str line, struct aaj_loc *loc)
{
    struct aaj_str at = AAJ_STR(" line "), place = after(line, AAJ_STR(" ("));
    struct aaj_str name = aaj_str_head(place, aaj_str_search(place, at)), rest = after(place, at);

    if (rest.n == 0)
        return line;
    loc->line = number(rest);
    if (!aaj_str_eq(name, AAJ_STR("stdin")))
        loc->file = name;
    return after(rest, AAJ_STR("): "));
}

static struct aaj_str without_program(struct aaj_str line)
{
    size_t colon = aaj_str_search(line, AAJ_STR("apparmor_parser: "));

    return colon < line.n && line.p[0] == '/' ? after(line, AAJ_STR("apparmor_parser: ")) : line;
}

size_t aaj_compile_messages(struct aaj_str err, struct aaj_str file, struct aaj_str text,
                            struct aaj_diags *diags)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    size_t errors = 0;

    for (unsigned n = 0; err.n && n < MESSAGES_MAX; n++) {
        struct aaj_str line = aaj_str_head(err, aaj_str_find(err, '\n')), message = line;
        struct aaj_loc loc = { .file = file };
        bool warning = aaj_str_starts(line, AAJ_STR("Warning from "));

        err = aaj_str_skip(err, line.n + 1);
        if (line.n == 0)
            continue;
        if (warning)
            message = locate_warning(line, &loc);
        else if (aaj_str_starts(line, AAJ_STR("AppArmor parser error")))
            message = locate_error(line, &loc);
        else
            message = without_program(line);
        errors += !warning;
        aaj_diag_add(
            diags, warning ? AAJ_WARNING : AAJ_ERROR, warning ? "parser-warning" : "parser-error", loc,
            aaj_str_eq(loc.file, file) && loc.line ? nth_line(text, loc.line) : (struct aaj_str){ 0 }, "%s",
            aaj_escape(&arena, message));
    }
    aaj_arena_clear(&arena);
    return errors;
}
