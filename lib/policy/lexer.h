/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tokens of AppArmor policy. What a word is depends on what stood before it, so the lexer keeps the same
 * stack of states as apparmor_parser's (the names are those of parser_lex.l, 5.0.2) and takes the longest
 * match as flex does, what must follow a token counted in.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum aaj_lex_state {
    AAJ_LEX_INITIAL,
    AAJ_LEX_SUB_ID,      /* a name directly behind hat, profile, ^ */
    AAJ_LEX_SUB_ID_WS,   /* a name behind -> */
    AAJ_LEX_SUB_VALUE,   /* behind key= */
    AAJ_LEX_EXTCOND,     /* behind key */
    AAJ_LEX_EXTCONDLIST, /* behind peer, xattrs */
    AAJ_LEX_LIST_VAL,    /* in ( ) */
    AAJ_LEX_LIST_COND,   /* in peer=( ) */
    AAJ_LEX_LIST_COND_VAL,
    AAJ_LEX_LIST_COND_PAREN,
    AAJ_LEX_IDENTITY,
    AAJ_LEX_INTEGER,
    AAJ_LEX_ASSIGN,
    AAJ_LEX_ASSIGN_EXPR_START,
    AAJ_LEX_ASSIGN_EXPR,
    AAJ_LEX_EXPR,
    AAJ_LEX_INCLUDE,
    AAJ_LEX_ABI,
    AAJ_LEX_RLIMIT,
    AAJ_LEX_CHANGE_PROFILE,
    AAJ_LEX_NETWORK, /* from here on: rules with permissions and conditions */
    AAJ_LEX_UNIX,
    AAJ_LEX_MQUEUE,
    AAJ_LEX_DBUS,
    AAJ_LEX_SIGNAL,
    AAJ_LEX_PTRACE,
    AAJ_LEX_MOUNT,
    AAJ_LEX_USERNS,
};

enum aaj_token_kind {
    AAJ_TOKEN_EOF,
    AAJ_TOKEN_BAD, /* no word of the language begins here */
    AAJ_TOKEN_ID,
    AAJ_TOKEN_VALUE,
    AAJ_TOKEN_MODE, /* rwlkmx… */
    AAJ_TOKEN_KEYWORD,
    AAJ_TOKEN_SET_VAR,  /* @{NAME} */
    AAJ_TOKEN_BOOL_VAR, /* $NAME */
    AAJ_TOKEN_CONDID,
    AAJ_TOKEN_CONDLISTID,
    AAJ_TOKEN_FLAGS,
    AAJ_TOKEN_PRIORITY,
    AAJ_TOKEN_IDENTITIES,
    AAJ_TOKEN_HAT,
    AAJ_TOKEN_PROFILE,
    AAJ_TOKEN_CARET,
    AAJ_TOKEN_OPEN, /* { */
    AAJ_TOKEN_CLOSE,
    AAJ_TOKEN_LPAREN,
    AAJ_TOKEN_RPAREN,
    AAJ_TOKEN_COMMA, /* the end of a rule */
    AAJ_TOKEN_COLON,
    AAJ_TOKEN_PLUS,
    AAJ_TOKEN_ARROW,
    AAJ_TOKEN_EQUALS,
    AAJ_TOKEN_ADD,
    AAJ_TOKEN_DEFAULT,  /* ?= */
    AAJ_TOKEN_OVERRIDE, /* := */
    AAJ_TOKEN_LE,
    AAJ_TOKEN_COMPARE, /* == != < > >= of conditions */
    AAJ_TOKEN_INCLUDE,
    AAJ_TOKEN_INCLUDE_IF, /* include if exists */
    AAJ_TOKEN_FILENAME,
};

struct aaj_token {
    enum aaj_token_kind kind;
    uint32_t start, end; /* offsets in the text */
    uint32_t line, column;
    uint32_t newlines; /* before it, since the last token or comment */
    bool hash; /* #include */
};

struct aaj_comment {
    uint32_t start, end, line;
    uint32_t blank_before;
    bool own_line;
};

enum { AAJ_LEX_DEPTH = 8 };

struct aaj_lexer {
    const char *p; /* the text; a NUL is behind it */
    uint32_t n, pos, line, line_start;
    enum aaj_lex_state stack[AAJ_LEX_DEPTH];
    unsigned depth;
    /* Comments that were passed since the caller last looked. */
    struct aaj_comment *comment;
    size_t n_comments, cap_comments;
    uint32_t newlines; /* since the last token or comment */
    bool failed;       /* out of memory */
};

void aaj_lexer_init(struct aaj_lexer *lx, struct aaj_str text);
void aaj_lexer_clear(struct aaj_lexer *lx);
/* The next token; in states that end with the line it may be the first of the next line. */
struct aaj_token aaj_lexer_next(struct aaj_lexer *lx);
/* Takes up again at @pos, ahead or back, as between two rules. */
void aaj_lexer_reset(struct aaj_lexer *lx, uint32_t pos);

static inline struct aaj_str aaj_token_str(const struct aaj_lexer *lx, const struct aaj_token *t)
{
    return (struct aaj_str){ lx->p + t->start, t->end - t->start };
}

/* lex_scan.c: length of what begins at @p (0: nothing does); @p ends with a NUL at @end. */
uint32_t aaj_scan_ids(const char *p, const char *end);
uint32_t aaj_scan_ids_noassign(const char *p, const char *end);
uint32_t aaj_scan_quoted(const char *p, const char *end);
uint32_t aaj_scan_label(const char *p, const char *end);
uint32_t aaj_scan_list_value(const char *p, const char *end);
uint32_t aaj_scan_filename(const char *p, const char *end, bool *ret_magic);
uint32_t aaj_scan_variable(const char *p, const char *end); /* behind @ or $ included */
uint32_t aaj_scan_name(const char *p, const char *end);
uint32_t aaj_scan_modes(const char *p, const char *end);
uint32_t aaj_scan_blanks(const char *p, const char *end);
