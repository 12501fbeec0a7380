/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands before profiles: variables, booleans, aliases, abi; and includes, which stand anywhere. */
#include <errno.h>

#include "policy/parser.h"
#include "policy/quote.h"

static int parse_variable(struct aaj_parser *ps, struct aaj_item *item)
{
    struct aaj_variable *v = &item->variable;
    struct aaj_str raw = aaj_token_str(&ps->lx, &ps->tok);
    uint32_t cap = 0;
    int r = 0;

    item->kind = AAJ_ITEM_VARIABLE;
    v->name.raw = v->name.value = raw;
    v->name.value = aaj_str_skip(raw, raw.p[1] == '{' ? 2 : 1);
    if (raw.p[1] == '{')
        v->name.value.n--;
    aaj_parser_advance(ps);
    if (ps->tok.kind < AAJ_TOKEN_EQUALS || ps->tok.kind > AAJ_TOKEN_OVERRIDE)
        return aaj_parser_expected(ps, "'=', '+=', '?=' or ':=' behind a variable");
    v->assign = (enum aaj_assign)(ps->tok.kind - AAJ_TOKEN_EQUALS);
    aaj_parser_advance(ps);
    while (r == 0 && ps->tok.kind == AAJ_TOKEN_VALUE)
        r = aaj_parser_texts(ps, &v->values, aaj_parser_take(ps), &cap);
    if (r == 0 && v->values.n == 0)
        return aaj_parser_expected(ps, "a value for the variable, on the same line");
    if (r == 0 && ps->tok.kind == AAJ_TOKEN_BAD && !ps->tok.newlines)
        return aaj_parser_error(ps, ps->tok.start, ps->tok.end, "a variable's values end with the line, without a comma");
    return r;
}

static int parse_boolean(struct aaj_parser *ps, struct aaj_item *item, bool *ret_known, bool *ret_truth)
{
    struct aaj_variable *v = &item->variable;
    struct aaj_str raw = aaj_token_str(&ps->lx, &ps->tok);

    item->kind = AAJ_ITEM_BOOLEAN;
    v->name.raw = raw;
    v->name.value = aaj_str_skip(raw, raw.p[1] == '{' ? 2 : 1);
    if (raw.p[1] == '{')
        v->name.value.n--;
    aaj_parser_advance(ps);
    if (ps->tok.kind == AAJ_TOKEN_ADD)
        return aaj_parser_error(ps, ps->tok.start, ps->tok.end, "a boolean cannot be added to");
    if (ps->tok.kind < AAJ_TOKEN_EQUALS || ps->tok.kind > AAJ_TOKEN_OVERRIDE)
        return aaj_parser_expected(ps, "'=', '?=' or ':=' behind a boolean");
    v->assign = (enum aaj_assign)(ps->tok.kind - AAJ_TOKEN_EQUALS);
    aaj_parser_advance(ps);
    return aaj_parser_condition(ps, &v->values, ret_known, ret_truth);
}

/* Notes the value for conditions and names that follow; what is wrong with it is an error of checked policy. */
static int assign(struct aaj_parser *ps, const struct aaj_item *item, bool truth, uint32_t start, uint32_t end)
{
    const char *why = NULL;
    int r = aaj_vars_assign(&ps->rd->vars, item, truth, &why);

    if (r == -EINVAL && ps->rd->options->flags & AAJ_POLICY_CHECK) /* said, but nothing to recover from */
        aaj_parser_error(ps, start, end, "%.*s %s", AAJ_STR_ARG(item->variable.name.raw), why);
    return r == -EINVAL ? 0 : r;
}

int aaj_parser_assignment(struct aaj_parser *ps, struct aaj_item *item)
{
    uint32_t start = ps->tok.start, end = ps->tok.end;
    bool truth = false, known = true;
    int r = ps->tok.kind == AAJ_TOKEN_SET_VAR ? parse_variable(ps, item) : parse_boolean(ps, item, &known, &truth);

    if (r < 0 || !known || !(ps->rd->options->flags & (AAJ_POLICY_CHECK | AAJ_POLICY_INCLUDES)))
        return r;
    return assign(ps, item, truth, start, end);
}

int aaj_parser_alias(struct aaj_parser *ps, struct aaj_item *item)
{
    int r;

    item->kind = AAJ_ITEM_ALIAS;
    item->alias.rewrite = aaj_parser_is(ps, AAJ_TOKEN_KEYWORD, "rewrite");
    aaj_parser_advance(ps);
    if (ps->tok.kind != AAJ_TOKEN_ID)
        return aaj_parser_expected(ps, "a path");
    item->alias.from = aaj_parser_take(ps);
    r = aaj_parser_expect(ps, AAJ_TOKEN_ARROW, "'->'");
    if (r < 0)
        return r;
    if (ps->tok.kind != AAJ_TOKEN_ID)
        return aaj_parser_expected(ps, "a path behind '->'");
    item->alias.to = aaj_parser_take(ps);
    return aaj_parser_expect(ps, AAJ_TOKEN_COMMA, "',' at the end of the alias");
}

int aaj_parser_abi(struct aaj_parser *ps, struct aaj_item *item)
{
    struct aaj_text *path = &item->abi.path;

    item->kind = AAJ_ITEM_ABI;
    aaj_parser_advance(ps);
    if (ps->tok.kind != AAJ_TOKEN_FILENAME)
        return aaj_parser_expected(ps, "the name of an ABI, as in 'abi <abi/3.0>,'");
    path->raw = aaj_token_str(&ps->lx, &ps->tok);
    if (aaj_str_eq(path->raw, AAJ_STR("\"\"")))
        return aaj_parser_expected(ps, "the name of an ABI");
    item->abi.magic = path->raw.p[0] == '<';
    if (item->abi.magic)
        path->raw = (struct aaj_str){ path->raw.p + 1, path->raw.n - 2 };
    path->value = aaj_token_value(ps->rd->arena, path->raw);
    aaj_parser_advance(ps);
    return aaj_parser_expect(ps, AAJ_TOKEN_COMMA, "',' at the end of the abi rule");
}

int aaj_parser_include_item(struct aaj_parser *ps, struct aaj_item *item, bool body)
{
    struct aaj_include *inc = &item->include;
    struct aaj_str raw;
    int r = 0;

    item->kind = AAJ_ITEM_INCLUDE;
    inc->hash = ps->tok.hash;
    inc->if_exists = ps->tok.kind == AAJ_TOKEN_INCLUDE_IF;
    aaj_parser_advance(ps);
    if (ps->tok.kind != AAJ_TOKEN_FILENAME)
        return aaj_parser_expected(ps, "the name of a file to include");
    raw = aaj_token_str(&ps->lx, &ps->tok);
    inc->magic = raw.p[0] == '<';
    if (inc->magic)
        raw = (struct aaj_str){ raw.p + 1, raw.n - 2 };
    while (raw.n && (raw.p[0] == ' ' || raw.p[0] == '\t'))
        raw = aaj_str_skip(raw, 1);
    while (raw.n && (raw.p[raw.n - 1] == ' ' || raw.p[raw.n - 1] == '\t'))
        raw.n--;
    inc->path = (struct aaj_text){ raw, aaj_token_value(ps->rd->arena, raw) };
    if (ps->rd->options->flags)
        r = aaj_parser_include(ps, item, body);
    aaj_parser_advance(ps);
    return r;
}
