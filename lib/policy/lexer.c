/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/lexer.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

void aaj_lexer_init(struct aaj_lexer *lx, struct aaj_str text)
{
    *lx = (struct aaj_lexer){ .p = text.p, .n = (uint32_t)text.n, .line = 1, .depth = 1 };
}

void aaj_lexer_clear(struct aaj_lexer *lx)
{
    free(lx->comment);
    lx->comment = NULL;
    lx->n_comments = lx->cap_comments = 0;
}

void aaj_lexer_reset(struct aaj_lexer *lx, uint32_t pos)
{
    for (; lx->pos < pos; lx->pos++)
        lx->line += lx->p[lx->pos] == '\n';
    while (lx->pos > pos)
        lx->line -= lx->p[--lx->pos] == '\n';
    for (lx->line_start = pos; lx->line_start > 0 && lx->p[lx->line_start - 1] != '\n';)
        lx->line_start--;
    lx->depth = 1;
    lx->stack[0] = AAJ_LEX_INITIAL;
}

static enum aaj_lex_state state(const struct aaj_lexer *lx)
{
    return lx->stack[lx->depth - 1];
}

static void push(struct aaj_lexer *lx, enum aaj_lex_state to)
{
    if (lx->depth < AAJ_LEX_DEPTH)
        lx->stack[lx->depth++] = to;
}

static void pop(struct aaj_lexer *lx)
{
    if (lx->depth > 1)
        lx->depth--;
}

static void begin(struct aaj_lexer *lx, enum aaj_lex_state to)
{
    lx->stack[lx->depth - 1] = to;
}

static const char *here(const struct aaj_lexer *lx)
{
    return lx->p + lx->pos;
}

static void newline(struct aaj_lexer *lx)
{
    lx->pos++;
    lx->line++;
    lx->line_start = lx->pos;
    lx->newlines++;
}

static void add_comment(struct aaj_lexer *lx)
{
    const char *p = here(lx), *nl = memchr(p, '\n', lx->n - lx->pos);
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
    return *here(lx) == '#' && !is_include(here(lx));
}

/* A state that ends with its line. */
static bool line_bound(enum aaj_lex_state s)
{
    return s == AAJ_LEX_ASSIGN || s == AAJ_LEX_ASSIGN_EXPR;
}

/* Blanks, line ends and comments, as far as the state lets them pass. */
static void skip(struct aaj_lexer *lx)
{
    for (;;) {
        enum aaj_lex_state s = state(lx);
        const char *p = here(lx);

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
                pop(lx);
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

struct match {
    enum aaj_token_kind kind;
    uint32_t n;     /* bytes of the token */
    uint32_t total; /* with what must follow it */
};

/* Longest wins, the first of equals: offer candidates in the order of parser_lex.l. */
static void offer(struct match *best, enum aaj_token_kind kind, uint32_t n, uint32_t follow)
{
    if (n && n + follow > best->total)
        *best = (struct match){ kind, n, n + follow };
}

static bool word_is(const char *p, uint32_t n, const char *word)
{
    return strlen(word) == n && memcmp(p, word, n) == 0;
}

/* key=, key in (, peer=(: recognised with what follows. */
static void offer_conditions(struct match *best, const char *p, const char *end, uint32_t n)
{
    uint32_t w = aaj_scan_blanks(p + n, end), v;
    const char *q = p + n + w;

    if (*q == '=') {
        if (word_is(p, n, "identities"))
            offer(best, AAJ_TOKEN_IDENTITIES, n, w + 1);
        v = aaj_scan_blanks(q + 1, end);
        if ((word_is(p, n, "peer") || word_is(p, n, "xattrs")) && q[1 + v] == '(')
            offer(best, AAJ_TOKEN_CONDLISTID, n, w + v + 2);
        if (word_is(p, n, "priority"))
            offer(best, AAJ_TOKEN_PRIORITY, n, w + 1);
        if (word_is(p, n, "flags"))
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

static void match_word(struct aaj_lexer *lx, struct match *best)
{
    const char *p = here(lx), *end = lx->p + lx->n;
    uint32_t n = aaj_scan_name(p, end), k;
    bool if_exists;

    offer_conditions(best, p, end, n);
    k = include_word(p, end, false, &if_exists);
    offer(best, if_exists ? AAJ_TOKEN_INCLUDE_IF : AAJ_TOKEN_INCLUDE, k, 1);
    if (word_is(p, n, "all") && p + n < end)
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

static void match_initial(struct aaj_lexer *lx, struct match *best)
{
    const char *p = here(lx), *end = lx->p + lx->n;
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

static void match_one_of(const struct punctuation *marks, const char *p, struct match *best)
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
static void match_rule(struct aaj_lexer *lx, struct match *best)
{
    const char *p = here(lx), *end = lx->p + lx->n;
    enum aaj_lex_state s = state(lx);
    uint32_t n = aaj_scan_name(p, end);

    if (*p == ',')
        offer(best, AAJ_TOKEN_COMMA, 1, 0);
    if (s == AAJ_LEX_USERNS) {
        offer(best, AAJ_TOKEN_ID, word_is(p, n, "create") ? n : 0, 0);
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

static void match_change_profile(struct aaj_lexer *lx, struct match *best)
{
    const char *p = here(lx), *end = lx->p + lx->n;

    if (*p == ',')
        offer(best, AAJ_TOKEN_COMMA, 1, 0);
    if (p[0] == '-' && p[1] == '>')
        offer(best, AAJ_TOKEN_ARROW, 2, 0);
    offer(best, AAJ_TOKEN_ID, aaj_scan_ids(p, end), 0);
    offer(best, AAJ_TOKEN_ID, aaj_scan_quoted(p, end), 0);
}

static void match_rlimit(struct aaj_lexer *lx, struct match *best)
{
    const char *p = here(lx), *q = p;

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
    offer(best, word_is(p, (uint32_t)(q - p), "infinity") ? AAJ_TOKEN_VALUE : AAJ_TOKEN_ID, (uint32_t)(q - p), 0);
}

/* Conditions of if, and of $VAR =. */
static void match_expression(struct aaj_lexer *lx, struct match *best)
{
    static const struct punctuation marks[] = { { '(', AAJ_TOKEN_LPAREN },
                                                { ')', AAJ_TOKEN_RPAREN },
                                                { '<', AAJ_TOKEN_COMPARE },
                                                { '>', AAJ_TOKEN_COMPARE },
                                                { 0 } };
    const char *p = here(lx), *end = lx->p + lx->n;

    if (*p == '@')
        offer(best, AAJ_TOKEN_SET_VAR, aaj_scan_variable(p, end), 0);
    if (*p == '$')
        offer(best, AAJ_TOKEN_BOOL_VAR, aaj_scan_variable(p, end), 0);
    if (*p == '{' && state(lx) == AAJ_LEX_EXPR)
        offer(best, AAJ_TOKEN_OPEN, 1, 0);
    match_one_of(marks, p, best);
    if (p[1] == '=' && *p && strchr("=!<>", *p))
        offer(best, AAJ_TOKEN_COMPARE, 2, 0);
    offer(best, AAJ_TOKEN_ID, aaj_scan_ids_noassign(p, end), 0);
    offer(best, AAJ_TOKEN_ID, aaj_scan_label(p, end), 0);
    offer(best, AAJ_TOKEN_ID, aaj_scan_quoted(p, end), 0);
}

static void match_assignment(const char *p, struct match *best)
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

static bool value_follows(char c)
{
    return c && !strchr("( \t\r\n", c);
}

/* "= value" and "= (": in the first case the blanks are part of the token. */
static void match_extcond(struct aaj_lexer *lx, struct match *best)
{
    const char *p = here(lx), *end = lx->p + lx->n;
    uint32_t n = *p == '=' ? 1 : *p == ':' && p[1] == '=' ? 2 : 0, w;

    if (n) {
        w = aaj_scan_blanks(p + n, end);
        offer(best, n == 1 ? AAJ_TOKEN_EQUALS : AAJ_TOKEN_OVERRIDE, n, 0);
        if (value_follows(p[n + w]))
            best->n = n + w;
    } else if (*p == '(') {
        offer(best, AAJ_TOKEN_LPAREN, 1, 0);
    } else if (p[0] == 'i' && p[1] == 'n') {
        offer(best, AAJ_TOKEN_KEYWORD, 2, 0);
    }
}

static void match_list(struct aaj_lexer *lx, struct match *best)
{
    const char *p = here(lx), *end = lx->p + lx->n;
    enum aaj_lex_state s = state(lx);
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

static void match_integer(const char *p, struct match *best)
{
    const char *q = p + (*p == '+' || *p == '-');

    while (*q >= '0' && *q <= '9')
        q++;
    if (*p == '=')
        offer(best, AAJ_TOKEN_EQUALS, 1, 0);
    else if (q > p && q[-1] >= '0' && q[-1] <= '9')
        offer(best, AAJ_TOKEN_VALUE, (uint32_t)(q - p), 0);
}

static void match_name(struct aaj_lexer *lx, struct match *best, enum aaj_token_kind kind)
{
    const char *p = here(lx), *end = lx->p + lx->n;

    offer(best, kind, aaj_scan_ids(p, end), 0);
    offer(best, kind, aaj_scan_quoted(p, end), 0);
}

static void match_identity(struct aaj_lexer *lx, struct match *best)
{
    const char *p = here(lx), *end = lx->p + lx->n;
    uint32_t n = aaj_scan_name(p, end);

    if (word_is(p, n, "identities") && p[n + aaj_scan_blanks(p + n, end)] == '=')
        offer(best, AAJ_TOKEN_IDENTITIES, n, 0);
}

static void find_match(struct aaj_lexer *lx, struct match *best)
{
    const char *p = here(lx), *end = lx->p + lx->n;
    enum aaj_lex_state s = state(lx);
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

static enum aaj_lex_state keyword_state(const char *p, uint32_t n)
{
    static const struct {
        const char *word;
        enum aaj_lex_state state;
    } table[] = {
        { "network", AAJ_LEX_NETWORK }, { "unix", AAJ_LEX_UNIX },       { "mqueue", AAJ_LEX_MQUEUE },
        { "dbus", AAJ_LEX_DBUS },       { "signal", AAJ_LEX_SIGNAL },   { "ptrace", AAJ_LEX_PTRACE },
        { "mount", AAJ_LEX_MOUNT },     { "remount", AAJ_LEX_MOUNT },   { "umount", AAJ_LEX_MOUNT },
        { "unmount", AAJ_LEX_MOUNT },   { "userns", AAJ_LEX_USERNS },   { "rlimit", AAJ_LEX_RLIMIT },
        { "abi", AAJ_LEX_ABI },         { "if", AAJ_LEX_EXPR },         { "change_profile", AAJ_LEX_CHANGE_PROFILE },
    };

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(table); i++)
        if (word_is(p, n, table[i].word))
            return table[i].state;
    return AAJ_LEX_INITIAL;
}

/* Is the operator at @p followed by a list in parentheses? */
static bool list_follows(const char *p, const char *end)
{
    return p[aaj_scan_blanks(p, end)] == '(';
}

static void enter_initial(struct aaj_lexer *lx, const struct match *m, const char *p)
{
    const char *end = lx->p + lx->n;
    enum aaj_lex_state to;
    uint32_t w;

    switch (m->kind) {
    case AAJ_TOKEN_INCLUDE:
    case AAJ_TOKEN_INCLUDE_IF:
        push(lx, AAJ_LEX_INCLUDE);
        break;
    case AAJ_TOKEN_CARET:
    case AAJ_TOKEN_HAT:
    case AAJ_TOKEN_PROFILE:
        push(lx, AAJ_LEX_SUB_ID);
        break;
    case AAJ_TOKEN_ARROW:
        push(lx, AAJ_LEX_SUB_ID_WS);
        break;
    case AAJ_TOKEN_EQUALS:
    case AAJ_TOKEN_ADD:
    case AAJ_TOKEN_DEFAULT:
    case AAJ_TOKEN_OVERRIDE:
        push(lx, AAJ_LEX_ASSIGN);
        break;
    case AAJ_TOKEN_PLUS:
        push(lx, AAJ_LEX_IDENTITY);
        break;
    case AAJ_TOKEN_BOOL_VAR:
        w = aaj_scan_blanks(p + m->n, end);
        if (p[m->n + w] == '=' || (p[m->n + w] && strchr("+?:", p[m->n + w]) && p[m->n + w + 1] == '='))
            push(lx, AAJ_LEX_ASSIGN_EXPR_START);
        break;
    case AAJ_TOKEN_KEYWORD:
        to = keyword_state(p, m->n);
        if (to != AAJ_LEX_INITIAL)
            push(lx, to);
        break;
    default:
        break;
    }
}

/* What a token does to the states, beyond enter_initial(). */
static void enter(struct aaj_lexer *lx, const struct match *m, const char *p)
{
    enum aaj_lex_state s = state(lx);
    const char *end = lx->p + lx->n;

    if (m->kind == AAJ_TOKEN_CONDID && s != AAJ_LEX_LIST_COND)
        push(lx, AAJ_LEX_EXTCOND);
    else if (m->kind == AAJ_TOKEN_FLAGS)
        push(lx, AAJ_LEX_EXTCOND);
    else if (m->kind == AAJ_TOKEN_IDENTITIES && s == AAJ_LEX_IDENTITY)
        begin(lx, AAJ_LEX_EXTCOND);
    else if (m->kind == AAJ_TOKEN_IDENTITIES)
        push(lx, AAJ_LEX_EXTCOND);
    else if (m->kind == AAJ_TOKEN_CONDLISTID)
        push(lx, AAJ_LEX_EXTCONDLIST);
    else if (m->kind == AAJ_TOKEN_PRIORITY)
        push(lx, AAJ_LEX_INTEGER);
    else if (m->kind == AAJ_TOKEN_LPAREN && (s == AAJ_LEX_EXTCOND || s == AAJ_LEX_EXTCONDLIST))
        begin(lx, s == AAJ_LEX_EXTCOND ? AAJ_LEX_LIST_VAL : AAJ_LEX_LIST_COND);
    else if (m->kind == AAJ_TOKEN_LPAREN && s != AAJ_LEX_EXPR && s != AAJ_LEX_ASSIGN_EXPR)
        push(lx, AAJ_LEX_LIST_VAL);
    else if (s == AAJ_LEX_LIST_COND && (m->kind == AAJ_TOKEN_EQUALS || m->kind == AAJ_TOKEN_OVERRIDE))
        push(lx, list_follows(p + m->n, end) ? AAJ_LEX_LIST_COND_PAREN : AAJ_LEX_LIST_COND_VAL);
    else if (s == AAJ_LEX_EXTCOND && value_follows(p[m->n]) && m->kind != AAJ_TOKEN_KEYWORD)
        begin(lx, AAJ_LEX_SUB_VALUE);
    else if (s == AAJ_LEX_CHANGE_PROFILE && m->kind == AAJ_TOKEN_ARROW)
        push(lx, AAJ_LEX_SUB_ID_WS);
    else if (s == AAJ_LEX_ASSIGN_EXPR_START)
        begin(lx, AAJ_LEX_ASSIGN_EXPR);
    else if (s == AAJ_LEX_SUB_ID || s == AAJ_LEX_SUB_ID_WS || s == AAJ_LEX_SUB_VALUE || s == AAJ_LEX_INCLUDE ||
             s == AAJ_LEX_LIST_COND_VAL || (s == AAJ_LEX_EXPR && m->kind == AAJ_TOKEN_OPEN) ||
             (m->kind == AAJ_TOKEN_RPAREN && s >= AAJ_LEX_LIST_VAL && s <= AAJ_LEX_LIST_COND_PAREN) ||
             (s == AAJ_LEX_INTEGER && m->kind == AAJ_TOKEN_VALUE) ||
             (s > AAJ_LEX_INCLUDE && m->kind == AAJ_TOKEN_COMMA))
        pop(lx);
    else if (s == AAJ_LEX_INITIAL)
        enter_initial(lx, m, p);
}

/* "," in lists is no token of its own. */
static void skip_list_marks(struct aaj_lexer *lx)
{
    enum aaj_lex_state s = state(lx);

    for (skip(lx); lx->pos < lx->n && *here(lx) == ',' && (s == AAJ_LEX_LIST_VAL || s == AAJ_LEX_LIST_COND);
         skip(lx))
        lx->pos++;
}

static void advance(struct aaj_lexer *lx, uint32_t n)
{
    for (uint32_t end = lx->pos + n; lx->pos < end; lx->pos++)
        if (lx->p[lx->pos] == '\n') {
            lx->line++;
            lx->line_start = lx->pos + 1;
        }
}

struct aaj_token aaj_lexer_next(struct aaj_lexer *lx)
{
    struct aaj_token t = { .kind = AAJ_TOKEN_EOF };
    struct match best = { .kind = AAJ_TOKEN_BAD };
    const char *p;

    skip_list_marks(lx);
    t.start = t.end = lx->pos;
    t.line = lx->line;
    t.column = lx->pos - lx->line_start + 1;
    t.newlines = lx->newlines;
    if (lx->pos >= lx->n)
        return t;
    p = here(lx);
    t.hash = *p == '#';
    find_match(lx, &best);
    t.kind = best.kind;
    t.end = t.start + (best.n ? best.n : 1);
    if (best.kind == AAJ_TOKEN_BAD)
        return t;
    enter(lx, &best, p);
    advance(lx, best.n);
    if (state(lx) == AAJ_LEX_LIST_COND_PAREN && best.kind != AAJ_TOKEN_VALUE)
        advance(lx, aaj_scan_blanks(here(lx), lx->p + lx->n) + 1); /* the "(" */
    lx->newlines = 0;
    return t;
}
