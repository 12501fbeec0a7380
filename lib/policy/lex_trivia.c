/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands between tokens: blanks, line ends, comments. */
#include "base/grow.h"
#include "policy/lex_private.h"

static void newline(struct aaj_lexer *lx)
{
    lx->pos++;
    lx->line++;
    lx->line_start = lx->pos;
    lx->newlines++;
}

static void add_comment(struct aaj_lexer *lx)
{
    const char *p = aaj_lex_here(lx), *nl = memchr(p, '\n', lx->n - lx->pos);
    uint32_t end = nl ? (uint32_t)(nl - lx->p) : lx->n, trimmed = end;

    while (trimmed > lx->pos && strchr(" \t\r", lx->p[trimmed - 1]))
        trimmed--;
    if (AAJ_GROW(lx->comment, lx->n_comments, lx->cap_comments) < 0) {
        lx->failed = true;
    } else {
        lx->comment[lx->n_comments++] = (struct aaj_comment){
            .start = lx->pos,
            .end = trimmed,
            .line = lx->line,
            .own_line = lx->newlines > 0 || lx->pos == lx->line_start,
            .blank_before = lx->newlines > 1 ? lx->newlines - 1 : 0,
        };
    }
    lx->pos = end;
    lx->newlines = 0;
}

static bool is_include(const char *p)
{
    return strncmp(p, "#include", 8) == 0;
}

static bool at_comment(const struct aaj_lexer *lx)
{
    return *aaj_lex_here(lx) == '#' && !is_include(aaj_lex_here(lx));
}

/* A state that ends with its line. */
static bool line_bound(enum aaj_lex_state s)
{
    return s == AAJ_LEX_ASSIGN || s == AAJ_LEX_ASSIGN_EXPR;
}

void aaj_lex_skip(struct aaj_lexer *lx)
{
    for (;;) {
        enum aaj_lex_state s = aaj_lex_state(lx);
        const char *p = aaj_lex_here(lx);

        if (lx->pos >= lx->n || s == AAJ_LEX_SUB_ID || s == AAJ_LEX_SUB_VALUE)
            return;
        if (*p == ' ' || *p == '\t') {
            lx->pos++;
        } else if (*p == '\r' && p[1] == '\n') {
            lx->pos++;
        } else if (*p == '\n') {
            if (s == AAJ_LEX_IDENTITY || s == AAJ_LEX_INTEGER)
                return;
            if (line_bound(s))
                aaj_lex_pop(lx);
            newline(lx);
        } else if (line_bound(s) && *p == '\\' && p[1] == '\n') {
            lx->pos++;
            newline(lx);
        } else if (line_bound(s) && *p == '\\' && lx->pos + 1 == lx->n) {
            lx->pos++; /* the line goes on, but the file does not */
        } else if (line_bound(s) && *p == '#') {
            add_comment(lx);
        } else if (s == AAJ_LEX_INITIAL && at_comment(lx)) {
            add_comment(lx);
        } else {
            return;
        }
    }
}
