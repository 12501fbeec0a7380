/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conditions: key=value, key=(value value), key in (…), and groups of them such as peer=(…). */
#include <errno.h>
#include <string.h>

#include "policy/parser.h"

static int parse_list(struct aaj_parser *ps, struct aaj_cond *cond)
{
    uint32_t cap = 0;
    int r = 0;

    cond->list = true;
    while (r == 0 && ps->tok.kind == AAJ_TOKEN_VALUE)
        r = aaj_parser_texts(ps, &cond->values, aaj_parser_take(ps), &cap);
    if (r == 0 && cond->values.n == 0)
        return aaj_parser_expected(ps, "a value");
    return r ? r : aaj_parser_expect(ps, AAJ_TOKEN_RPAREN, "')'");
}

static int parse_cond_value(struct aaj_parser *ps, struct aaj_cond *cond, bool paren)
{
    uint32_t cap = 0;
    int r;

    if (paren || aaj_parser_accept(ps, AAJ_TOKEN_LPAREN)) {
        r = parse_list(ps, cond);
        if (r == 0 && paren && cond->values.n > 1)
            return aaj_parser_error(ps, ps->prev_end - 1, ps->prev_end, "only one value is possible here");
        return r;
    }
    if (ps->tok.kind != AAJ_TOKEN_VALUE)
        return aaj_parser_expected(ps, "a value");
    return aaj_parser_texts(ps, &cond->values, aaj_parser_take(ps), &cap);
}

static int parse_cond(struct aaj_parser *ps, struct aaj_cond *cond)
{
    bool paren;

    *cond = (struct aaj_cond){ .key = aaj_parser_take(ps) };
    /* The lexer stands behind the operator already and has seen whether a list follows. */
    paren = ps->lx.stack[ps->lx.depth - 1] == AAJ_LEX_LIST_COND_PAREN;
    if (ps->tok.kind == AAJ_TOKEN_EQUALS)
        cond->op = AAJ_COND_EQ;
    else if (ps->tok.kind == AAJ_TOKEN_OVERRIDE)
        cond->op = AAJ_COND_SET;
    else if (aaj_parser_is(ps, AAJ_TOKEN_KEYWORD, "in"))
        cond->op = AAJ_COND_IN;
    if (cond->op == AAJ_COND_ALONE)
        return 0;
    aaj_parser_advance(ps);
    if (cond->op == AAJ_COND_IN && ps->tok.kind != AAJ_TOKEN_LPAREN)
        return aaj_parser_expected(ps, "'(' behind 'in'");
    return parse_cond_value(ps, cond, paren);
}

int aaj_parser_conds(struct aaj_parser *ps, struct aaj_conds *conds)
{
    uint32_t cap = 0;
    int r = 0;

    while (r == 0 && ps->tok.kind == AAJ_TOKEN_CONDID) {
        if (conds->n == cap) {
            struct aaj_cond *more = aaj_arena_new_array(ps->rd->arena, cap ? cap * 2 : 4, struct aaj_cond);

            if (!more)
                return -ENOMEM;
            if (conds->n)
                memcpy(more, conds->item, conds->n * sizeof(*more));
            conds->item = more;
            cap = cap ? cap * 2 : 4;
        }
        r = parse_cond(ps, &conds->item[conds->n]);
        conds->n++;
        conds->said = true;
    }
    return r;
}

/* At peer or xattrs: "=(…)". */
int aaj_parser_cond_group(struct aaj_parser *ps, struct aaj_conds *conds)
{
    int r;

    aaj_parser_advance(ps);
    r = aaj_parser_expect(ps, AAJ_TOKEN_EQUALS, "'='");
    if (r == 0)
        r = aaj_parser_expect(ps, AAJ_TOKEN_LPAREN, "'('");
    conds->said = true;
    if (r == 0)
        r = aaj_parser_conds(ps, conds);
    return r ? r : aaj_parser_expect(ps, AAJ_TOKEN_RPAREN, "')'");
}
