/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the phases of the lexer share: lex_trivia.c passes what stands between tokens, lex_match.c finds the
 * token, lexer.c follows the states. */
#pragma once

#include <string.h>

#include "policy/lexer.h"

struct aaj_lex_match {
    enum aaj_token_kind kind;
    uint32_t n;     /* bytes of the token */
    uint32_t total; /* with what must follow it */
};

static inline enum aaj_lex_state aaj_lex_state(const struct aaj_lexer *lx)
{
    return lx->stack[lx->depth - 1];
}

static inline const char *aaj_lex_here(const struct aaj_lexer *lx)
{
    return lx->p + lx->pos;
}

static inline void aaj_lex_pop(struct aaj_lexer *lx)
{
    if (lx->depth > 1)
        lx->depth--;
}

static inline bool aaj_word_is(const char *p, uint32_t n, const char *word)
{
    return strlen(word) == n && memcmp(p, word, n) == 0;
}

/* Behind key=: a value, and no list of them. */
static inline bool aaj_value_follows(char c)
{
    return c && !strchr("( \t\r\n", c);
}

/* Blanks, line ends and comments, as far as the state lets them pass. */
void aaj_lex_skip(struct aaj_lexer *lx);

/* The token at lx->pos; *best stays as it is when none begins there. */
void aaj_lex_match(struct aaj_lexer *lx, struct aaj_lex_match *best);
