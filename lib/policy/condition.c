/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conditions of `if` and values of booleans: read and, where variables are known, evaluated. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/parser.h"

enum { MAX_NESTING = 50 };

struct cond {
    struct aaj_parser *ps;
    struct aaj_texts *words;
    uint32_t cap;
    unsigned depth;
    bool evaluate; /* else the form only */
    bool unknown;  /* a variable is not set here, and nothing was to be said of it */
};

static int parse_or(struct cond *c, bool *ret_truth);

/* What cannot be evaluated: an error of checked policy; elsewhere it leaves the condition open. */
static int cannot_tell(struct cond *c, uint32_t start, uint32_t end, const char *why)
{
    c->unknown = true;
    return c->ps->rd->options->flags & AAJ_POLICY_CHECK ? aaj_parser_error(c->ps, start, end, "%s", why) : 0;
}

/* Notes the word and goes on. */
static int take(struct cond *c)
{
    return aaj_parser_texts(c->ps, c->words, aaj_parser_take(c->ps), &c->cap);
}

static bool at_word(const struct cond *c, const char *word)
{
    return aaj_parser_is(c->ps, AAJ_TOKEN_ID, word);
}

/* NAME of @NAME, @{NAME}, $NAME, ${NAME}. */
static struct aaj_str variable_name(struct aaj_str raw)
{
    struct aaj_str name = aaj_str_skip(raw, 1);

    if (name.n > 1 && name.p[0] == '{')
        name = (struct aaj_str){ name.p + 1, name.n - 2 };
    return name;
}

struct set {
    const struct aaj_str *value;
    size_t n;
    struct aaj_str one;
};

/* A word, or the values of a variable. */
static int operand(struct cond *c, struct set *ret_set)
{
    struct aaj_parser *ps = c->ps;
    struct aaj_token t = ps->tok;
    struct aaj_text text = aaj_parser_text(ps);
    struct aaj_str missing;
    int r;

    if (t.kind != AAJ_TOKEN_ID && t.kind != AAJ_TOKEN_SET_VAR)
        return aaj_parser_expected(ps, "a variable or a value");
    r = take(c);
    ret_set->one = text.value;
    ret_set->value = NULL;
    ret_set->n = 1;
    if (r < 0 || t.kind == AAJ_TOKEN_ID || !c->evaluate)
        return r;
    r = aaj_vars_values(&ps->rd->vars, variable_name(text.raw), ps->rd->arena, &ret_set->value, &ret_set->n, &missing);
    if (r < 0 && r != -ENOMEM)
        return cannot_tell(c, t.start, t.end, "this variable was never set");
    return r;
}

static const struct aaj_str *value_of(const struct set *s)
{
    return s->value ? s->value : &s->one;
}

static bool contains(const struct set *all, const struct set *some)
{
    for (size_t i = 0; i < some->n; i++) {
        bool found = false;

        for (size_t k = 0; !found && k < all->n; k++)
            found = aaj_str_eq(value_of(all)[k], value_of(some)[i]);
        if (!found)
            return false;
    }
    return true;
}

static bool is_number(const struct set *s, long *ret_number)
{
    char buf[64], *end;

    if (s->n != 1 || value_of(s)->n == 0 || value_of(s)->n >= sizeof(buf))
        return false;
    memcpy(buf, value_of(s)->p, value_of(s)->n);
    buf[value_of(s)->n] = '\0';
    errno = 0;
    *ret_number = strtol(buf, &end, 0);
    return *end == '\0' && errno == 0;
}

/* As sets compare in C++: the first element that differs decides. */
static int compare_sets(const struct set *a, const struct set *b)
{
    for (size_t i = 0; i < a->n && i < b->n; i++) {
        int r = aaj_str_cmp(value_of(a)[i], value_of(b)[i]);

        if (r)
            return r;
    }
    return (a->n > b->n) - (a->n < b->n);
}

static bool ordered(struct aaj_str op, int order)
{
    if (op.p[0] == '<')
        return order < 0 || (op.n == 2 && order == 0);
    return order > 0 || (op.n == 2 && order == 0);
}

static int compare(struct cond *c, const struct set *a, struct aaj_str op, const struct set *b, bool *ret_truth)
{
    long x = 0, y = 0;
    bool nx, ny;

    if (aaj_str_eq(op, AAJ_STR("in"))) {
        *ret_truth = contains(b, a);
    } else if (op.p[0] == '=' || op.p[0] == '!') {
        *ret_truth = (contains(a, b) && contains(b, a)) == (op.p[0] == '=');
    } else {
        nx = is_number(a, &x);
        ny = is_number(b, &y);
        if (nx != ny && c->evaluate)
            return cannot_tell(c, c->ps->prev_end - 1, c->ps->prev_end,
                               "a number can only be compared with a number");
        *ret_truth = ordered(op, nx && ny ? (x > y) - (x < y) : compare_sets(a, b));
    }
    return 0;
}

static int parse_comparison(struct cond *c, bool *ret_truth)
{
    struct aaj_token t = c->ps->tok;
    struct aaj_str op;
    struct set a, b;
    int r = operand(c, &a);

    if (r < 0)
        return r;
    op = aaj_token_str(&c->ps->lx, &c->ps->tok);
    if (c->ps->tok.kind == AAJ_TOKEN_COMPARE || at_word(c, "in")) {
        r = take(c);
        if (r == 0)
            r = operand(c, &b);
        return r ? r : compare(c, &a, op, &b, ret_truth);
    }
    *ret_truth = a.one.n == 4 && strncasecmp(a.one.p, "true", 4) == 0;
    if (!*ret_truth && !(a.one.n == 5 && strncasecmp(a.one.p, "false", 5) == 0))
        return aaj_parser_error(c->ps, t.start, t.end, "expected a comparison, 'true' or 'false'");
    return 0;
}

static int parse_boolean_variable(struct cond *c, bool *ret_truth)
{
    struct aaj_token t = c->ps->tok;
    struct aaj_str raw = aaj_token_str(&c->ps->lx, &t);
    int r = take(c);

    if (r == 0 && c->evaluate && aaj_vars_boolean(&c->ps->rd->vars, variable_name(raw), ret_truth) != 1)
        return cannot_tell(c, t.start, t.end, "this boolean was never set");
    return r;
}

static int parse_defined(struct cond *c, bool *ret_truth)
{
    struct aaj_parser *ps = c->ps;
    int r = take(c);

    if (r < 0)
        return r;
    if (ps->tok.kind != AAJ_TOKEN_SET_VAR && ps->tok.kind != AAJ_TOKEN_BOOL_VAR)
        return aaj_parser_expected(ps, "a variable behind 'defined'");
    *ret_truth = aaj_vars_defined(&ps->rd->vars, variable_name(aaj_token_str(&ps->lx, &ps->tok)));
    c->unknown |= !*ret_truth && ps->rd->incomplete;
    return take(c);
}

static int parse_factor(struct cond *c, bool *ret_truth)
{
    struct aaj_parser *ps = c->ps;
    int r;

    if (ps->tok.kind == AAJ_TOKEN_BOOL_VAR)
        return parse_boolean_variable(c, ret_truth);
    if (at_word(c, "defined"))
        return parse_defined(c, ret_truth);
    if (ps->tok.kind != AAJ_TOKEN_LPAREN)
        return parse_comparison(c, ret_truth);
    if (c->depth >= MAX_NESTING)
        return aaj_parser_expected(ps, "fewer parentheses");
    c->depth++;
    r = take(c);
    if (r == 0)
        r = parse_or(c, ret_truth);
    c->depth--;
    if (r == 0 && ps->tok.kind != AAJ_TOKEN_RPAREN)
        return aaj_parser_expected(ps, "')'");
    return r ? r : take(c);
}

static int parse_not(struct cond *c, bool *ret_truth)
{
    bool negate = false;
    int r = 0;

    while (r == 0 && at_word(c, "not")) {
        negate = !negate;
        r = take(c);
    }
    if (r == 0)
        r = parse_factor(c, ret_truth);
    *ret_truth ^= negate;
    return r;
}

static int parse_and(struct cond *c, bool *ret_truth)
{
    bool truth = false;
    int r = parse_not(c, ret_truth);

    while (r == 0 && at_word(c, "and")) {
        r = take(c);
        if (r == 0)
            r = parse_not(c, &truth);
        *ret_truth &= truth;
    }
    return r;
}

static int parse_or(struct cond *c, bool *ret_truth)
{
    bool truth = false;
    int r = parse_and(c, ret_truth);

    while (r == 0 && at_word(c, "or")) {
        r = take(c);
        if (r == 0)
            r = parse_and(c, &truth);
        *ret_truth |= truth;
    }
    return r;
}

int aaj_parser_condition(struct aaj_parser *ps, struct aaj_texts *words, bool *ret_known, bool *ret_truth)
{
    const unsigned evaluating = AAJ_POLICY_CHECK | AAJ_POLICY_INCLUDES;
    struct cond c = { .ps = ps, .words = words, .evaluate = ps->rd->options->flags & evaluating };
    int r;

    *ret_truth = false;
    r = parse_or(&c, ret_truth);
    *ret_known = r == 0 && c.evaluate && !c.unknown;
    *ret_truth &= *ret_known;
    return r;
}
