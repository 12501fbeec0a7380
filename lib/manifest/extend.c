/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * More destinations into a manifest's text, which otherwise stays as its author wrote it. Where they go is found by
 * the places that the reader kept; that it came out right is shown by reading it again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "manifest/manifest.h"

struct edit {
    struct aaj_str text;
    size_t at; /* the new text goes in here */
    const char *before, *between, *after; /* NULL: nothing */
    bool lines; /* each on a line of its own, behind "- " */
    int indent;
};

static size_t line_start(struct aaj_str text, uint32_t line)
{
    size_t at = 0;

    while (--line && at < text.n)
        at += aaj_str_find(aaj_str_skip(text, at), '\n') + 1;
    return at < text.n ? at : text.n;
}

/* Behind the last destination that is there: one more line of a block list, or one more item in brackets. */
static bool behind_last(const struct aaj_manifest *m, struct edit *e)
{
    const struct aaj_loc *loc = &m->dest[m->n_dests - 1].source.loc;
    size_t start = line_start(e->text, loc->line), item = start + loc->column - 1, dash = start;

    if (loc->line == 0 || loc->column == 0 || loc->length == 0 || item + loc->length > e->text.n)
        return false;
    while (dash < item && e->text.p[dash] == ' ')
        dash++;
    if (e->text.p[dash] == '-') {
        e->indent = (int)(dash - start);
        e->at = start + aaj_str_find(aaj_str_skip(e->text, start), '\n');
        e->lines = true;
        return true;
    }
    e->at = item + loc->length;
    e->before = e->between = ", ";
    return true;
}

/* A section of its own: at the end, or inside the braces that hold everything. */
static bool new_section(struct edit *e)
{
    size_t first = 0, last = e->text.n;

    while (first < e->text.n && (e->text.p[first] == '#' || e->text.p[first] == '\n' || e->text.p[first] == ' '))
        first += e->text.p[first] == '#' ? aaj_str_find(aaj_str_skip(e->text, first), '\n') : 1;
    if (first == e->text.n || e->text.p[first] != '{') {
        e->at = e->text.n;
        e->before = e->text.n && e->text.p[e->text.n - 1] != '\n' ? "\nnetwork:\n  allow:" : "network:\n  allow:";
        e->indent = 4;
        e->lines = true;
        e->after = "\n";
        return true;
    }
    while (last > first && e->text.p[last - 1] != '}')
        last--;
    e->at = last - 1;
    e->before = ", network: { allow: [ ";
    e->between = ", ";
    e->after = " ] } ";
    return last > first;
}

static void write(FILE *out, const struct edit *e, const struct aaj_str *dest, size_t n)
{
    fwrite(e->text.p, 1, e->at, out);
    fputs(e->before ? e->before : "", out);
    for (size_t i = 0; i < n; i++) {
        fputs(i && e->between ? e->between : "", out);
        if (e->lines)
            fprintf(out, "\n%*s- ", e->indent, "");
        fprintf(out, "\"%.*s\"", AAJ_STR_ARG(dest[i]));
    }
    fputs(e->after ? e->after : "", out);
    fwrite(e->text.p + e->at, 1, e->text.n - e->at, out);
}

static bool lists(const struct aaj_manifest *m, struct aaj_str dest)
{
    for (size_t i = 0; i < m->n_dests; i++)
        if (aaj_str_eq(m->dest[i].source.text, dest))
            return true;
    return false;
}

/* Reads what was written: it must hold what it held, and the new. */
static int prove(struct aaj_str text, const struct aaj_manifest *m, const struct aaj_str *dest, size_t n,
                 struct aaj_diags *diags)
{
    struct aaj_manifest *again;
    int r = aaj_manifest_parse(text, m->file, diags, &again);

    if (r < 0)
        return r;
    if (again->n_dests != m->n_dests + n || !aaj_str_eq(again->jail.text, m->jail.text))
        r = -EINVAL;
    for (size_t i = 0; i < n && r == 0; i++)
        r = lists(again, dest[i]) ? 0 : -EINVAL;
    aaj_manifest_free(again);
    return r;
}

int aaj_manifest_add_dests(const struct aaj_manifest *m, struct aaj_str text, const struct aaj_str *dest, size_t n,
                           struct aaj_arena *arena, struct aaj_diags *diags, struct aaj_str *ret_text)
{
    struct edit e = { .text = text };
    struct aaj_diags unheard = AAJ_DIAGS_INIT;
    char *bytes = NULL;
    size_t size = 0;
    FILE *out;
    int r = 0;

    if (m->n_dests ? !behind_last(m, &e) : m->network || !new_section(&e))
        r = -EINVAL;
    if (r == 0) {
        out = open_memstream(&bytes, &size);
        if (!out)
            return -ENOMEM;
        write(out, &e, dest, n);
        r = fclose(out) == 0 ? prove((struct aaj_str){ bytes, size }, m, dest, n, &unheard) : -ENOMEM;
        aaj_diags_clear(&unheard);
    }
    if (r == -EINVAL)
        aaj_error(diags, (struct aaj_loc){ .file = m->file },
                  "the destinations cannot be put into this manifest; add them to network.allow by hand");
    if (r == 0) {
        *ret_text = aaj_arena_dup(arena, (struct aaj_str){ bytes, size });
        r = ret_text->p ? 0 : -ENOMEM;
    }
    free(bytes);
    return r;
}
