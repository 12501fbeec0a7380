/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The states, and how each token changes them. */
#include <stdlib.h>

#include "base/grow.h"
#include "policy/lex_private.h"

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

/* A token read in one of @in leads to @to. The first row that fits is followed; none: the state stays. */
struct transition {
    enum aaj_token_kind token;
    uint32_t in;
    enum { PUSH, BEGIN, POP } how;
    enum aaj_lex_state to;
};

#define IN(state) (UINT32_C(1) << AAJ_LEX_##state)
#define LISTS (IN(LIST_VAL) | IN(LIST_COND) | IN(LIST_COND_VAL) | IN(LIST_COND_PAREN))
#define ANYWHERE UINT32_MAX

static const struct transition transitions[] = {
    { AAJ_TOKEN_CONDID, ANYWHERE & ~IN(LIST_COND), PUSH, AAJ_LEX_EXTCOND },
    { AAJ_TOKEN_FLAGS, ANYWHERE, PUSH, AAJ_LEX_EXTCOND },
    { AAJ_TOKEN_IDENTITIES, IN(IDENTITY), BEGIN, AAJ_LEX_EXTCOND },
    { AAJ_TOKEN_IDENTITIES, ANYWHERE, PUSH, AAJ_LEX_EXTCOND },
    { AAJ_TOKEN_CONDLISTID, ANYWHERE, PUSH, AAJ_LEX_EXTCONDLIST },
    { AAJ_TOKEN_PRIORITY, ANYWHERE, PUSH, AAJ_LEX_INTEGER },
    { AAJ_TOKEN_LPAREN, IN(EXTCOND), BEGIN, AAJ_LEX_LIST_VAL },
    { AAJ_TOKEN_LPAREN, IN(EXTCONDLIST), BEGIN, AAJ_LEX_LIST_COND },
    { AAJ_TOKEN_LPAREN, ANYWHERE & ~(IN(EXPR) | IN(ASSIGN_EXPR)), PUSH, AAJ_LEX_LIST_VAL },
    { AAJ_TOKEN_RPAREN, LISTS, POP, 0 },
    { AAJ_TOKEN_VALUE, IN(INTEGER), POP, 0 },
    { AAJ_TOKEN_OPEN, IN(EXPR), POP, 0 },
    { AAJ_TOKEN_ARROW, IN(CHANGE_PROFILE), PUSH, AAJ_LEX_SUB_ID_WS },
    { AAJ_TOKEN_INCLUDE, IN(INITIAL), PUSH, AAJ_LEX_INCLUDE },
    { AAJ_TOKEN_INCLUDE_IF, IN(INITIAL), PUSH, AAJ_LEX_INCLUDE },
    { AAJ_TOKEN_CARET, IN(INITIAL), PUSH, AAJ_LEX_SUB_ID },
    { AAJ_TOKEN_HAT, IN(INITIAL), PUSH, AAJ_LEX_SUB_ID },
    { AAJ_TOKEN_PROFILE, IN(INITIAL), PUSH, AAJ_LEX_SUB_ID },
    { AAJ_TOKEN_ARROW, IN(INITIAL), PUSH, AAJ_LEX_SUB_ID_WS },
    { AAJ_TOKEN_EQUALS, IN(INITIAL), PUSH, AAJ_LEX_ASSIGN },
    { AAJ_TOKEN_ADD, IN(INITIAL), PUSH, AAJ_LEX_ASSIGN },
    { AAJ_TOKEN_DEFAULT, IN(INITIAL), PUSH, AAJ_LEX_ASSIGN },
    { AAJ_TOKEN_OVERRIDE, IN(INITIAL), PUSH, AAJ_LEX_ASSIGN },
    { AAJ_TOKEN_PLUS, IN(INITIAL), PUSH, AAJ_LEX_IDENTITY },
};

/* States that one token ends, whichever it is; and those that the rule's comma ends. */
static const uint32_t for_one_token = IN(SUB_ID) | IN(SUB_ID_WS) | IN(SUB_VALUE) | IN(INCLUDE) | IN(LIST_COND_VAL);
static const uint32_t for_one_rule = IN(ABI) | IN(RLIMIT) | IN(CHANGE_PROFILE) | IN(NETWORK) | IN(UNIX) |
                                     IN(MQUEUE) | IN(DBUS) | IN(SIGNAL) | IN(PTRACE) | IN(MOUNT) | IN(USERNS);

static void change(struct aaj_lexer *lx, int how, enum aaj_lex_state to)
{
    if (how == POP)
        aaj_lex_pop(lx);
    else if (how == BEGIN)
        lx->stack[lx->depth - 1] = to;
    else if (lx->depth < AAJ_LEX_DEPTH)
        lx->stack[lx->depth++] = to;
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
        if (aaj_word_is(p, n, table[i].word))
            return table[i].state;
    return AAJ_LEX_INITIAL;
}

/* "=", "+=", "?=" or ":=", blanks before it. */
static bool assignment_follows(const char *p, const char *end)
{
    p += aaj_scan_blanks(p, end);
    return *p == '=' || (*p && strchr("+?:", *p) && p[1] == '=');
}

/* Is the operator that ends at @p followed by a list in parentheses? */
static bool list_follows(const char *p, const char *end)
{
    return p[aaj_scan_blanks(p, end)] == '(';
}

/* Where what stands behind the token decides, or which keyword it is. false: the table does. */
static bool enter_by_text(struct aaj_lexer *lx, const struct aaj_lex_match *m, const char *p)
{
    const char *end = lx->p + lx->n;
    enum aaj_lex_state s = aaj_lex_state(lx), to;

    if (s == AAJ_LEX_LIST_COND && (m->kind == AAJ_TOKEN_EQUALS || m->kind == AAJ_TOKEN_OVERRIDE)) {
        change(lx, PUSH, list_follows(p + m->n, end) ? AAJ_LEX_LIST_COND_PAREN : AAJ_LEX_LIST_COND_VAL);
    } else if (s == AAJ_LEX_EXTCOND && (m->kind == AAJ_TOKEN_EQUALS || m->kind == AAJ_TOKEN_OVERRIDE)) {
        if (aaj_value_follows(p[m->n]))
            change(lx, BEGIN, AAJ_LEX_SUB_VALUE);
    } else if (s == AAJ_LEX_ASSIGN_EXPR_START) {
        change(lx, BEGIN, AAJ_LEX_ASSIGN_EXPR);
    } else if (s == AAJ_LEX_INITIAL && m->kind == AAJ_TOKEN_BOOL_VAR) {
        if (assignment_follows(p + m->n, end))
            change(lx, PUSH, AAJ_LEX_ASSIGN_EXPR_START);
    } else if (s == AAJ_LEX_INITIAL && m->kind == AAJ_TOKEN_KEYWORD) {
        to = keyword_state(p, m->n);
        if (to != AAJ_LEX_INITIAL)
            change(lx, PUSH, to);
    } else {
        return false;
    }
    return true;
}

static void enter(struct aaj_lexer *lx, const struct aaj_lex_match *m, const char *p)
{
    uint32_t in = UINT32_C(1) << aaj_lex_state(lx);

    if (enter_by_text(lx, m, p))
        return;
    for (size_t i = 0; i < AAJ_ARRAY_SIZE(transitions); i++) {
        const struct transition *t = &transitions[i];

        if (t->token == m->kind && t->in & in) {
            change(lx, t->how, t->to);
            return;
        }
    }
    if (in & for_one_token || (in & for_one_rule && m->kind == AAJ_TOKEN_COMMA))
        aaj_lex_pop(lx);
}

/* "," in lists is no token of its own. */
static void skip_list_marks(struct aaj_lexer *lx)
{
    enum aaj_lex_state s = aaj_lex_state(lx);

    for (aaj_lex_skip(lx); lx->pos < lx->n && *aaj_lex_here(lx) == ',' && (s == AAJ_LEX_LIST_VAL || s == AAJ_LEX_LIST_COND);
         aaj_lex_skip(lx))
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

/* `/a\` at the end of its line: with a blank or a comma behind it, as it is printed, it would be another word, and
 * to the lexer no backslash escapes the next. A variable's value and an include end with the line anyway. */
static bool ends_in_backslash(const struct aaj_lexer *lx, const struct aaj_lex_match *m)
{
    enum aaj_lex_state s = aaj_lex_state(lx);

    return m->n && aaj_lex_here(lx)[m->n - 1] == '\\' && s != AAJ_LEX_ASSIGN && s != AAJ_LEX_INCLUDE;
}

struct aaj_token aaj_lexer_next(struct aaj_lexer *lx)
{
    struct aaj_token t = { .kind = AAJ_TOKEN_EOF };
    struct aaj_lex_match best = { .kind = AAJ_TOKEN_BAD };
    const char *p;

    skip_list_marks(lx);
    t.start = t.end = lx->pos;
    t.line = lx->line;
    t.column = lx->pos - lx->line_start + 1;
    t.newlines = lx->newlines;
    if (lx->pos >= lx->n)
        return t;
    p = aaj_lex_here(lx);
    t.hash = *p == '#';
    aaj_lex_match(lx, &best);
    if (ends_in_backslash(lx, &best))
        best.kind = AAJ_TOKEN_BAD;
    t.kind = best.kind;
    t.end = t.start + (best.n ? best.n : 1);
    if (!best.n && aaj_scan_name(p, lx->p + lx->n)) /* the whole word, for the finding */
        t.end = t.start + aaj_scan_name(p, lx->p + lx->n);
    if (best.kind == AAJ_TOKEN_BAD)
        return t;
    enter(lx, &best, p);
    advance(lx, best.n);
    if (aaj_lex_state(lx) == AAJ_LEX_LIST_COND_PAREN && best.kind != AAJ_TOKEN_VALUE)
        advance(lx, aaj_scan_blanks(aaj_lex_here(lx), lx->p + lx->n) + 1); /* the "(" */
    lx->newlines = 0;
    return t;
}
