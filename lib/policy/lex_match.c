/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which token begins here: every candidate of the state is offered, and the longest wins. */
#include <string.h>

#include "policy/lex_private.h"

/* Longest wins, the first of equals: offer candidates in the order of parser_lex.l. */
static void offer(struct aaj_lex_match *best, enum aaj_token_kind kind, uint32_t n, uint32_t follow)
{
    if (n && n + follow > best->total)
        *best = (struct aaj_lex_match){ kind, n, n + follow };
}

/* key=, key in (, peer=(: recognised with what follows. */
static void offer_conditions(struct aaj_lex_match *best, const char *p, const char *end, uint32_t n)
{
    uint32_t w = aaj_scan_blanks(p + n, end), v;
    const char *q = p + n + w;

    if (*q == '=') {
        if (aaj_word_is(p, n, "identities"))
            offer(best, AAJ_TOKEN_IDENTITIES, n, w + 1);
        v = aaj_scan_blanks(q + 1, end);
        if ((aaj_word_is(p, n, "peer") || aaj_word_is(p, n, "xattrs")) && q[1 + v] == '(')
            offer(best, AAJ_TOKEN_CONDLISTID, n, w + v + 2);
        if (aaj_word_is(p, n, "priority"))
            offer(best, AAJ_TOKEN_PRIORITY, n, w + 1);
        if (aaj_word_is(p, n, "flags"))
            offer(best, AAJ_TOKEN_FLAGS, n, w + 1);
        offer(best, AAJ_TOKEN_CONDID, n, w + 1);
    }
    if (w && q[0] == 'i' && q[1] == 'n') {
        v = aaj_scan_blanks(q + 2, end);
        if (q[2 + v] == '(')
            offer(best, AAJ_TOKEN_CONDID, n, w + v + 3);
    }
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Bytes of "include" or "include if exists" with the blank that must follow; 0: neither. */
static uint32_t include_word(const char *p, const char *end, bool hash, bool *ret_if)
{
    uint32_t n = hash ? 8 : 7, w, v;

    *ret_if = false;
    if (strncmp(p + hash, "include", 7) != 0)
        return 0;
    w = aaj_scan_blanks(p + n, end);
    if (w && strncmp(p + n + w, "if", 2) == 0) {
        v = aaj_scan_blanks(p + n + w + 2, end);
        if (v && strncmp(p + n + w + 2 + v, "exists", 6) == 0 && blank(p[n + w + 2 + v + 6])) {
            *ret_if = true;
            return n + w + 2 + v + 6;
        }
    }
    return hash || w ? n : 0;
}

static void match_word(struct aaj_lexer *lx, struct aaj_lex_match *best)
{
    const char *p = aaj_lex_here(lx), *end = lx->p + lx->n;
    uint32_t n = aaj_scan_name(p, end), k;
    bool if_exists;

    offer_conditions(best, p, end, n);
    k = include_word(p, end, false, &if_exists);
    offer(best, if_exists ? AAJ_TOKEN_INCLUDE_IF : AAJ_TOKEN_INCLUDE, k, 1);
    if (aaj_word_is(p, n, "all") && p + n < end)
        offer(best, AAJ_TOKEN_KEYWORD, n, 1);
    offer(best, AAJ_TOKEN_MODE, aaj_scan_modes(p, end), 1);
    if (strncmp(p, "hat", 3) == 0)
        offer(best, AAJ_TOKEN_HAT, 3 + aaj_scan_blanks(p + 3, end), 0);
    if (strncmp(p, "profile", 7) == 0)
        offer(best, AAJ_TOKEN_PROFILE, 7 + aaj_scan_blanks(p + 7, end), 0);
    offer(best, AAJ_TOKEN_KEYWORD, n, 0);
}

static bool quoted_label(const char *p)
{
    return p[1] && strchr("/@:&", p[1]);
}

static void match_initial(struct aaj_lexer *lx, struct aaj_lex_match *best)
{
    const char *p = aaj_lex_here(lx), *end = lx->p + lx->n;
    bool if_exists;
    uint32_t n;

    switch (*p) {
    case '#':
        n = include_word(p, end, true, &if_exists);
        offer(best, if_exists ? AAJ_TOKEN_INCLUDE_IF : AAJ_TOKEN_INCLUDE, n, 1);
        break;
    case '"':
        if (quoted_label(p))
            offer(best, AAJ_TOKEN_ID, aaj_scan_quoted(p, end), 0);
        break;
    case '@':
        offer(best, AAJ_TOKEN_SET_VAR, aaj_scan_variable(p, end), 0);
        offer(best, AAJ_TOKEN_ID, aaj_scan_label(p, end), 0);
        break;
    case '$':
        offer(best, AAJ_TOKEN_BOOL_VAR, aaj_scan_variable(p, end), 0);
        break;
    case ':':
        offer(best, p[1] == '=' ? AAJ_TOKEN_OVERRIDE : AAJ_TOKEN_COLON, p[1] == '=' ? 2 : 1, 0);
        offer(best, AAJ_TOKEN_ID, aaj_scan_label(p, end), 0);
        break;
    case '/':
    case '&':
        offer(best, AAJ_TOKEN_ID, aaj_scan_label(p, end), 0);
        break;
    case '-':
        offer(best, AAJ_TOKEN_ARROW, p[1] == '>' ? 2 : 0, 0);
        break;
    case '+':
        offer(best, p[1] == '=' ? AAJ_TOKEN_ADD : AAJ_TOKEN_PLUS, p[1] == '=' ? 2 : 1, 0);
        break;
    case '?':
        offer(best, AAJ_TOKEN_DEFAULT, p[1] == '=' ? 2 : 0, 0);
        break;
    default:
        match_word(lx, best);
    }
}

struct punctuation {
    char c;
    enum aaj_token_kind kind;
};

static void match_one_of(const struct punctuation *marks, const char *p, struct aaj_lex_match *best)
{
    for (; marks->c; marks++)
        if (marks->c == *p)
            offer(best, marks->kind, 1, 0);
}

static const struct punctuation initial_marks[] = { { '^', AAJ_TOKEN_CARET },  { '=', AAJ_TOKEN_EQUALS },
                                                    { '{', AAJ_TOKEN_OPEN },   { '}', AAJ_TOKEN_CLOSE },
                                                    { '(', AAJ_TOKEN_LPAREN }, { ',', AAJ_TOKEN_COMMA },
                                                    { 0 } };

/* network … userns: keywords are told from names by the parser, which knows the rule's words. */
static void match_rule(struct aaj_lexer *lx, struct aaj_lex_match *best)
{
    const char *p = aaj_lex_here(lx), *end = lx->p + lx->n;
    enum aaj_lex_state s = aaj_lex_state(lx);
    uint32_t n = aaj_scan_name(p, end);

    if (*p == ',')
        offer(best, AAJ_TOKEN_COMMA, 1, 0);
    if (s == AAJ_LEX_USERNS) {
        offer(best, AAJ_TOKEN_ID, aaj_word_is(p, n, "create") ? n : 0, 0);
        return;
    }
    if (n)
        offer_conditions(best, p, end, n);
    if (s == AAJ_LEX_MOUNT && p[0] == '-' && p[1] == '>')
        offer(best, AAJ_TOKEN_ARROW, 2, 0);
    if (s != AAJ_LEX_MOUNT && *p == '(')
        offer(best, AAJ_TOKEN_LPAREN, 1, 0);
    offer(best, AAJ_TOKEN_ID, aaj_scan_ids_noassign(p, end), 0);
    offer(best, AAJ_TOKEN_ID, aaj_scan_label(p, end), 0);
    offer(best, AAJ_TOKEN_ID, aaj_scan_quoted(p, end), 0);
}

static void match_change_profile(struct aaj_lexer *lx, struct aaj_lex_match *best)
{
    const char *p = aaj_lex_here(lx), *end = lx->p + lx->n;

    if (*p == ',')
        offer(best, AAJ_TOKEN_COMMA, 1, 0);
    if (p[0] == '-' && p[1] == '>')
        offer(best, AAJ_TOKEN_ARROW, 2, 0);
    offer(best, AAJ_TOKEN_ID, aaj_scan_ids(p, end), 0);
    offer(best, AAJ_TOKEN_ID, aaj_scan_quoted(p, end), 0);
}

static void match_rlimit(struct aaj_lexer *lx, struct aaj_lex_match *best)
{
    const char *p = aaj_lex_here(lx), *q = p;

    if (*p == ',')
        offer(best, AAJ_TOKEN_COMMA, 1, 0);
    if (p[0] == '<' && p[1] == '=')
        offer(best, AAJ_TOKEN_LE, 2, 0);
    q += *q == '-';
    while (*q >= '0' && *q <= '9')
        q++;
    if (q > p + (*p == '-'))
        offer(best, AAJ_TOKEN_VALUE, (uint32_t)(q - p), 0);
    for (q = p; (*q >= 'a' && *q <= 'z') || (*q >= 'A' && *q <= 'Z') || *q == '_';)
        q++;
    offer(best, aaj_word_is(p, (uint32_t)(q - p), "infinity") ? AAJ_TOKEN_VALUE : AAJ_TOKEN_ID, (uint32_t)(q - p), 0);
}

/* Conditions of if, and of $VAR =. */
static void match_expression(struct aaj_lexer *lx, struct aaj_lex_match *best)
{
    static const struct punctuation marks[] = { { '(', AAJ_TOKEN_LPAREN },
                                                { ')', AAJ_TOKEN_RPAREN },
                                                { '<', AAJ_TOKEN_COMPARE },
                                                { '>', AAJ_TOKEN_COMPARE },
                                                { 0 } };
    const char *p = aaj_lex_here(lx), *end = lx->p + lx->n;

    if (*p == '@')
        offer(best, AAJ_TOKEN_SET_VAR, aaj_scan_variable(p, end), 0);
    if (*p == '$')
        offer(best, AAJ_TOKEN_BOOL_VAR, aaj_scan_variable(p, end), 0);
    if (*p == '{' && aaj_lex_state(lx) == AAJ_LEX_EXPR)
        offer(best, AAJ_TOKEN_OPEN, 1, 0);
    match_one_of(marks, p, best);
    if (p[1] == '=' && *p && strchr("=!<>", *p))
        offer(best, AAJ_TOKEN_COMPARE, 2, 0);
    offer(best, AAJ_TOKEN_ID, aaj_scan_ids_noassign(p, end), 0);
    offer(best, AAJ_TOKEN_ID, aaj_scan_label(p, end), 0);
    offer(best, AAJ_TOKEN_ID, aaj_scan_quoted(p, end), 0);
}

static void match_assignment(const char *p, struct aaj_lex_match *best)
{
    if (*p == '=')
        offer(best, AAJ_TOKEN_EQUALS, 1, 0);
    else if (*p && p[1] == '=')
        offer(best,
              *p == '+'   ? AAJ_TOKEN_ADD
              : *p == '?' ? AAJ_TOKEN_DEFAULT
                          : AAJ_TOKEN_OVERRIDE,
              strchr("+?:", *p) ? 2 : 0, 0);
}

/* "= value" and "= (": in the first case the blanks are part of the token. */
static void match_extcond(struct aaj_lexer *lx, struct aaj_lex_match *best)
{
    const char *p = aaj_lex_here(lx), *end = lx->p + lx->n;
    uint32_t n = *p == '=' ? 1 : *p == ':' && p[1] == '=' ? 2 : 0, w;

    if (n) {
        w = aaj_scan_blanks(p + n, end);
        offer(best, n == 1 ? AAJ_TOKEN_EQUALS : AAJ_TOKEN_OVERRIDE, n, 0);
        if (aaj_value_follows(p[n + w]))
            best->n = n + w;
    } else if (*p == '(') {
        offer(best, AAJ_TOKEN_LPAREN, 1, 0);
    } else if (p[0] == 'i' && p[1] == 'n') {
        offer(best, AAJ_TOKEN_KEYWORD, 2, 0);
    }
}

static void match_list(struct aaj_lexer *lx, struct aaj_lex_match *best)
{
    const char *p = aaj_lex_here(lx), *end = lx->p + lx->n;
    enum aaj_lex_state s = aaj_lex_state(lx);
    uint32_t n;

    if (*p == ')' && s != AAJ_LEX_LIST_COND_VAL)
        offer(best, AAJ_TOKEN_RPAREN, 1, 0);
    if (s == AAJ_LEX_LIST_COND) {
        n = *p == '=' ? 1 : *p == ':' && p[1] == '=' ? 2 : 0;
        offer(best, AAJ_TOKEN_CONDID, aaj_scan_ids_noassign(p, end), 0);
        offer(best, n == 1 ? AAJ_TOKEN_EQUALS : AAJ_TOKEN_OVERRIDE, n, 0);
        return;
    }
    n = aaj_scan_quoted(p, end);
    if (s == AAJ_LEX_LIST_VAL || n > 2) /* an empty string is a value only in plain lists */
        offer(best, AAJ_TOKEN_VALUE, n, 0);
    offer(best, AAJ_TOKEN_VALUE, aaj_scan_list_value(p, end), 0);
}

static void match_integer(const char *p, struct aaj_lex_match *best)
{
    const char *q = p + (*p == '+' || *p == '-');

    while (*q >= '0' && *q <= '9')
        q++;
    if (*p == '=')
        offer(best, AAJ_TOKEN_EQUALS, 1, 0);
    else if (q > p && q[-1] >= '0' && q[-1] <= '9')
        offer(best, AAJ_TOKEN_VALUE, (uint32_t)(q - p), 0);
}

static void match_name(struct aaj_lexer *lx, struct aaj_lex_match *best, enum aaj_token_kind kind)
{
    const char *p = aaj_lex_here(lx), *end = lx->p + lx->n;

    offer(best, kind, aaj_scan_ids(p, end), 0);
    offer(best, kind, aaj_scan_quoted(p, end), 0);
}

static void match_identity(struct aaj_lexer *lx, struct aaj_lex_match *best)
{
    const char *p = aaj_lex_here(lx), *end = lx->p + lx->n;
    uint32_t n = aaj_scan_name(p, end);

    if (aaj_word_is(p, n, "identities") && p[n + aaj_scan_blanks(p + n, end)] == '=')
        offer(best, AAJ_TOKEN_IDENTITIES, n, 0);
}

void aaj_lex_match(struct aaj_lexer *lx, struct aaj_lex_match *best)
{
    const char *p = aaj_lex_here(lx), *end = lx->p + lx->n;
    enum aaj_lex_state s = aaj_lex_state(lx);
    bool magic;

    if (s == AAJ_LEX_INITIAL) {
        match_one_of(initial_marks, p, best);
        match_initial(lx, best);
    } else if (s == AAJ_LEX_SUB_ID || s == AAJ_LEX_SUB_ID_WS) {
        match_name(lx, best, AAJ_TOKEN_ID);
    } else if (s == AAJ_LEX_SUB_VALUE || s == AAJ_LEX_ASSIGN) {
        match_name(lx, best, AAJ_TOKEN_VALUE);
    } else if (s == AAJ_LEX_EXTCOND) {
        match_extcond(lx, best);
    } else if (s == AAJ_LEX_EXTCONDLIST) {
        match_one_of(initial_marks, p, best);
    } else if (s >= AAJ_LEX_LIST_VAL && s <= AAJ_LEX_LIST_COND_PAREN) {
        match_list(lx, best);
    } else if (s == AAJ_LEX_IDENTITY) {
        match_identity(lx, best);
    } else if (s == AAJ_LEX_INTEGER) {
        match_integer(p, best);
    } else if (s == AAJ_LEX_ASSIGN_EXPR_START) {
        match_assignment(p, best);
    } else if (s == AAJ_LEX_ASSIGN_EXPR || s == AAJ_LEX_EXPR) {
        match_expression(lx, best);
    } else if (s == AAJ_LEX_INCLUDE || s == AAJ_LEX_ABI) {
        offer(best, AAJ_TOKEN_FILENAME, aaj_scan_filename(p, end, &magic), 0);
        if (s == AAJ_LEX_ABI && *p == ',')
            offer(best, AAJ_TOKEN_COMMA, 1, 0);
    } else if (s == AAJ_LEX_RLIMIT) {
        match_rlimit(lx, best);
    } else if (s == AAJ_LEX_CHANGE_PROFILE) {
        match_change_profile(lx, best);
    } else {
        match_rule(lx, best);
    }
}
