/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parser's hold on the tokens: take one, insist on one, say what was expected instead. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/escape.h"
#include "policy/parser.h"
#include "policy/quote.h"

void aaj_parser_advance(struct aaj_parser *ps)
{
    ps->prev_end = ps->tok.end;
    ps->prev_line = ps->lx.line;
    ps->tok = aaj_lexer_next(&ps->lx);
}

struct aaj_text aaj_parser_text(struct aaj_parser *ps)
{
    struct aaj_text text = { .raw = aaj_token_str(&ps->lx, &ps->tok) };

    text.value = aaj_token_value(ps->rd->arena, text.raw);
    return text;
}

struct aaj_text aaj_parser_take(struct aaj_parser *ps)
{
    struct aaj_text text = aaj_parser_text(ps);

    aaj_parser_advance(ps);
    return text;
}

bool aaj_parser_is(const struct aaj_parser *ps, enum aaj_token_kind kind, const char *word)
{
    return ps->tok.kind == kind && (!word || aaj_str_eq(aaj_token_str(&ps->lx, &ps->tok), aaj_str_c(word)));
}

bool aaj_parser_accept(struct aaj_parser *ps, enum aaj_token_kind kind)
{
    if (ps->tok.kind != kind)
        return false;
    aaj_parser_advance(ps);
    return true;
}

int aaj_parser_error(struct aaj_parser *ps, uint32_t start, uint32_t end, const char *fmt, ...)
{
    struct aaj_str text = ps->policy->text, line;
    struct aaj_loc loc = { .file = ps->policy->name, .length = end > start ? end - start : 0 };
    struct aaj_str message;
    va_list ap;

    ps->rd->errors++;
    line = aaj_loc_line(text, start, &loc);
    if (loc.length > line.n)
        loc.length = 0;
    va_start(ap, fmt);
    message = aaj_arena_vprintf(ps->rd->arena, fmt, ap);
    va_end(ap);
    aaj_diag_add(ps->rd->diags, AAJ_ERROR, "policy-syntax", loc, line, "%.*s", AAJ_STR_ARG(message));
    return -EINVAL;
}

int aaj_parser_expected(struct aaj_parser *ps, const char *what)
{
    const struct aaj_token *t = &ps->tok;
    struct aaj_str found = aaj_str_head(aaj_token_str(&ps->lx, t), 60);

    if (t->kind == AAJ_TOKEN_BAD && aaj_str_ends(found, AAJ_STR("\\")))
        return aaj_parser_error(ps, t->end - 1, t->end, "a backslash must have something behind it");
    if (t->kind == AAJ_TOKEN_BAD && found.p[0] == '"' && !memchr(found.p + 1, '"', ps->lx.n - t->start - 1))
        return aaj_parser_error(ps, t->start, t->end, "this quote is never closed");
    /* What is missing at the end of a line is missing there, not where the next word stands. */
    if (t->newlines && t->start != ps->item_start && t->kind != AAJ_TOKEN_EOF)
        return aaj_parser_error(ps, ps->prev_end, ps->prev_end, "expected %s", what);
    if (t->kind == AAJ_TOKEN_EOF)
        return aaj_parser_error(ps, t->start, t->start, "expected %s, found the end of the file", what);
    return aaj_parser_error(ps, t->start, t->end, "expected %s, found '%s'", what,
                            aaj_escape(ps->rd->arena, found));
}

int aaj_parser_expect(struct aaj_parser *ps, enum aaj_token_kind kind, const char *what)
{
    return aaj_parser_accept(ps, kind) ? 0 : aaj_parser_expected(ps, what);
}

/* Appends to a growing list in the arena. */
int aaj_parser_texts(struct aaj_parser *ps, struct aaj_texts *texts, struct aaj_text text, uint32_t *cap)
{
    struct aaj_text *more;

    if (!text.value.p)
        return -ENOMEM;
    if (texts->n == *cap) {
        uint32_t n = *cap ? *cap * 2 : 4;

        more = aaj_arena_new_array(ps->rd->arena, n, struct aaj_text);
        if (!more)
            return -ENOMEM;
        if (texts->n)
            memcpy(more, texts->item, texts->n * sizeof(*more));
        texts->item = more;
        *cap = n;
    }
    texts->item[texts->n++] = text;
    return 0;
}
