/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/diag.h"

#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/grow.h"

enum { LIMIT_DEFAULT = 1000, SOURCE_MAX = 160 };

void aaj_diags_clear(struct aaj_diags *diags)
{
    aaj_arena_clear(&diags->arena);
    free(diags->item);
    *diags = (struct aaj_diags)AAJ_DIAGS_INIT;
}

__attribute__((format(printf, 3, 0))) static void add(struct aaj_diags *diags, struct aaj_diag d, const char *fmt, va_list ap)
{
    if (!diags)
        return;
    diags->errors += d.severity == AAJ_ERROR;
    diags->warnings += d.severity == AAJ_WARNING;
    if (diags->n >= (diags->limit ? diags->limit : LIMIT_DEFAULT))
        return;
    d.message = aaj_arena_vprintf(&diags->arena, fmt, ap);
    d.loc.file = aaj_arena_dup(&diags->arena, d.loc.file);
    d.source = aaj_arena_dup(&diags->arena, d.source);
    if (!d.message.p || !d.loc.file.p || !d.source.p)
        return;
    if (AAJ_GROW(diags->item, diags->n, diags->cap) < 0)
        return;
    diags->item[diags->n++] = d;
}

void aaj_diag_add(struct aaj_diags *diags, enum aaj_severity severity, const char *id,
                  struct aaj_loc loc, struct aaj_str source, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add(diags, (struct aaj_diag){ .severity = severity, .id = id, .loc = loc, .source = source }, fmt,
        ap);
    va_end(ap);
}

int aaj_error(struct aaj_diags *diags, struct aaj_loc loc, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add(diags, (struct aaj_diag){ .severity = AAJ_ERROR, .loc = loc }, fmt, ap);
    va_end(ap);
    return -EINVAL;
}

/* The source line, cut to a window that holds the column, and the marker under it. */
static void print_source(FILE *out, const struct aaj_diag *d, const char *on, const char *off)
{
    size_t col = d->loc.column ? d->loc.column - 1 : 0, from = 0, width;
    struct aaj_str line = d->source;

    if (col > line.n)
        col = line.n;
    if (line.n > SOURCE_MAX && col > SOURCE_MAX / 2)
        from = col - SOURCE_MAX / 2;
    line = aaj_str_head(aaj_str_skip(line, from), SOURCE_MAX);
    fprintf(out, "    ");
    aaj_escape_terminal(out, line);
    fprintf(out, "\n    ");
    width = aaj_escape_terminal_width(aaj_str_head(line, col - from));
    for (size_t i = 0; i < width; i++)
        fputc(' ', out);
    fprintf(out, "%s^", on);
    width = aaj_escape_terminal_width(aaj_str_head(aaj_str_skip(line, col - from), d->loc.length));
    for (size_t i = 1; i < width; i++)
        fputc('~', out);
    fprintf(out, "%s\n", off);
}

void aaj_diags_print(FILE *out, const struct aaj_diags *diags, bool colour)
{
    static const char *const name[] = { "note", "warning", "error" };
    static const char *const sgr[] = { "\033[36m", "\033[35m", "\033[31m" };
    const char *off = colour ? "\033[0m" : "";

    for (size_t i = 0; i < diags->n; i++) {
        const struct aaj_diag *d = &diags->item[i];
        const char *on = colour ? sgr[d->severity] : "";

        if (d->loc.file.n) {
            aaj_escape_terminal(out, d->loc.file);
            if (d->loc.line)
                fprintf(out, ":%u", d->loc.line);
            if (d->loc.line && d->loc.column)
                fprintf(out, ":%u", d->loc.column);
            fprintf(out, ": ");
        }
        fprintf(out, "%s%s:%s ", on, name[d->severity], off);
        aaj_escape_terminal(out, d->message);
        if (d->id)
            fprintf(out, " [%s]", d->id);
        fputc('\n', out);
        if (d->source.n)
            print_source(out, d, on, off);
    }
    if (diags->errors + diags->warnings > diags->n)
        fprintf(out, "%zu errors and %zu warnings in all; the first %zu are shown\n", diags->errors,
                diags->warnings, diags->n);
}

struct aaj_str aaj_loc_line(struct aaj_str text, size_t offset, struct aaj_loc *ret_loc)
{
    size_t start = 0, line = 1;

    if (offset > text.n)
        offset = text.n;
    for (;;) {
        size_t len = aaj_str_find(aaj_str_skip(text, start), '\n');

        if (start + len >= offset || start + len >= text.n) {
            ret_loc->line = (uint32_t)line;
            ret_loc->column = (uint32_t)(offset - start + 1);
            return (struct aaj_str){ text.p + start, len };
        }
        start += len + 1;
        line++;
    }
}
