/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Items, one after the other, and the blocks they stand in; `if` and its branches. */
#include <errno.h>

#include "policy/check.h"
#include "policy/parser.h"

void aaj_parser_link(struct aaj_parser *ps, struct aaj_item *parent, struct aaj_item *item)
{
    item->policy = ps->policy;
    item->parent = parent;
    item->prev = ps->block->last;
    if (item->prev)
        item->prev->next = item;
    else
        ps->block->first = item;
    ps->block->last = item;
}

/* Behind the '{' up to and with the '}'. */
int aaj_parser_block(struct aaj_parser *ps, struct aaj_item *parent, struct aaj_block *block)
{
    struct aaj_block *outer = ps->block;
    struct aaj_item *outer_last = ps->last;
    size_t outer_scope = ps->rd->scope, n_seen = ps->rd->n_seen;
    uint32_t open = ps->prev_end;
    int r;

    if (ps->depth >= AAJ_POLICY_MAX_NESTING) {
        aaj_parser_error(ps, open - 1, open, "blocks are nested too deeply (at most %d)", AAJ_POLICY_MAX_NESTING);
        ps->rd->errors = AAJ_READING_MAX_ERRORS;
        return -EINVAL;
    }
    if (parent->kind == AAJ_ITEM_PROFILE)
        ps->rd->scope = n_seen;
    ps->blocks++;
    ps->depth++;
    ps->block = block;
    ps->last = NULL;
    r = aaj_parser_items(ps, parent, block, true);
    ps->blocks--;
    ps->depth--;
    if (parent->kind == AAJ_ITEM_PROFILE)
        ps->rd->n_seen = n_seen;
    ps->rd->scope = outer_scope;
    ps->block = outer;
    ps->last = outer_last;
    if (r < 0)
        return r;
    block->close = ps->tok.start;
    if (ps->tok.kind == AAJ_TOKEN_CLOSE)
        aaj_parser_advance(ps);
    else
        return aaj_parser_error(ps, open - 1, open, "this '{' is never closed");
    return 0;
}

/* At the '{': what stands in the braces becomes the body of @item. */
static int parse_braces(struct aaj_parser *ps, struct aaj_item *item, const struct aaj_prefix *prefix)
{
    item->kind = AAJ_ITEM_BLOCK;
    item->block = (struct aaj_prefixed_block){ .prefix = *prefix };
    item->block.body.open = ps->tok.start;
    aaj_parser_advance(ps);
    return aaj_parser_block(ps, item, &item->block.body);
}

static int parse_inner_block(struct aaj_parser *ps, struct aaj_item *parent, struct aaj_item **ret_item)
{
    struct aaj_item *item;
    int r;

    if (ps->tok.kind != AAJ_TOKEN_OPEN)
        return aaj_parser_expected(ps, "'{'");
    item = aaj_arena_new(ps->rd->arena, struct aaj_item);
    if (!item)
        return -ENOMEM;
    item->policy = ps->policy;
    item->parent = parent;
    item->start = ps->tok.start;
    item->line = ps->tok.line;
    item->column = ps->tok.column;
    r = parse_braces(ps, item, &(struct aaj_prefix){ 0 });
    item->end = ps->prev_end;
    *ret_item = item;
    return r;
}

/* A branch that is not taken has to be well-formed, and no more. */
static int parse_branch(struct aaj_parser *ps, struct aaj_item *item, bool taken, struct aaj_item **ret_block)
{
    int r;

    ps->rd->dead += !taken;
    r = parse_inner_block(ps, item, ret_block);
    ps->rd->dead -= !taken;
    return r;
}

static int parse_if(struct aaj_parser *ps, struct aaj_item *item)
{
    unsigned dead = 0;
    int r;

    for (;;) {
        item->kind = AAJ_ITEM_IF;
        aaj_parser_advance(ps);
        r = aaj_parser_condition(ps, &item->cond.words, &item->cond.known, &item->cond.truth);
        if (r == 0)
            r = parse_branch(ps, item, item->cond.truth, &item->cond.then);
        if (r < 0 || !aaj_parser_is(ps, AAJ_TOKEN_KEYWORD, "else"))
            break;
        aaj_parser_advance(ps);
        dead += item->cond.truth;
        ps->rd->dead += item->cond.truth;
        if (!aaj_parser_is(ps, AAJ_TOKEN_KEYWORD, "if")) {
            r = parse_branch(ps, item, true, &item->cond.otherwise);
            break;
        }
        item->cond.otherwise = aaj_arena_new(ps->rd->arena, struct aaj_item);
        if (!item->cond.otherwise) {
            r = -ENOMEM;
            break;
        }
        item->cond.otherwise->parent = item;
        item->cond.otherwise->policy = ps->policy;
        item = item->cond.otherwise;
    }
    ps->rd->dead -= dead;
    return r;
}

/* ---- items ---- */

static int parse_top_item(struct aaj_parser *ps, struct aaj_item *item)
{
    bool preamble = !ps->rd->profiles_begun;
    struct aaj_token *t = &ps->tok;

    if (t->kind == AAJ_TOKEN_SET_VAR || t->kind == AAJ_TOKEN_BOOL_VAR || aaj_parser_is(ps, AAJ_TOKEN_KEYWORD, "alias") ||
        aaj_parser_is(ps, AAJ_TOKEN_KEYWORD, "rewrite") || aaj_parser_is(ps, AAJ_TOKEN_KEYWORD, "abi")) {
        if (!preamble)
            return aaj_parser_error(ps, t->start, t->end,
                                    "variables, aliases and abi rules stand before the first profile");
        if (t->kind != AAJ_TOKEN_KEYWORD)
            return aaj_parser_assignment(ps, item);
        return aaj_parser_is(ps, AAJ_TOKEN_KEYWORD, "abi") ? aaj_parser_abi(ps, item) : aaj_parser_alias(ps, item);
    }
    if (t->kind == AAJ_TOKEN_ID || t->kind == AAJ_TOKEN_PROFILE || t->kind == AAJ_TOKEN_HAT ||
        t->kind == AAJ_TOKEN_CARET) {
        ps->rd->profiles_begun = true;
        return aaj_parser_profile(ps, item);
    }
    return aaj_parser_expected(ps, "a profile, a variable, an alias or an abi rule");
}

static int parse_body_item(struct aaj_parser *ps, struct aaj_item *item)
{
    struct aaj_token *t = &ps->tok;
    struct aaj_prefix prefix;
    uint32_t start = t->start;
    int r;

    if (t->kind == AAJ_TOKEN_PROFILE || t->kind == AAJ_TOKEN_HAT || t->kind == AAJ_TOKEN_CARET)
        return aaj_parser_profile(ps, item);
    if (aaj_parser_is(ps, AAJ_TOKEN_KEYWORD, "if"))
        return parse_if(ps, item);
    if (aaj_parser_is(ps, AAJ_TOKEN_KEYWORD, "abi"))
        return aaj_parser_abi(ps, item);
    r = aaj_parser_prefix(ps, &item->rule.prefix);
    if (r < 0)
        return r;
    if (t->kind != AAJ_TOKEN_OPEN) {
        item->kind = AAJ_ITEM_RULE;
        r = aaj_parser_rule(ps, item);
        if (r == 0 && ps->rd->options->flags & AAJ_POLICY_CHECK) {
            item->end = ps->prev_end;
            r = aaj_check_rule(ps, item);
        }
        return r;
    }
    if (item->rule.prefix.has_priority && item->rule.prefix.priority)
        return aaj_parser_error(ps, start, ps->prev_end, "a block cannot have a priority");
    prefix = item->rule.prefix;
    return parse_braces(ps, item, &prefix);
}

static bool behind_include(const struct aaj_parser *ps)
{
    return ps->tok.kind == AAJ_TOKEN_COMMA && ps->last && ps->last->kind == AAJ_ITEM_INCLUDE;
}

static int parse_item(struct aaj_parser *ps, struct aaj_item *parent, bool body)
{
    struct aaj_item *item = aaj_arena_new(ps->rd->arena, struct aaj_item);
    struct aaj_token first = ps->tok;
    int r;

    if (!item)
        return -ENOMEM;
    item->policy = ps->policy;
    item->parent = parent;
    item->start = ps->item_start = first.start;
    item->line = first.line;
    item->column = first.column;
    item->blank_before = first.newlines > 1 ? first.newlines - 1 : 0;
    item->same_line = first.newlines == 0 && ps->last != NULL;
    if (first.kind == AAJ_TOKEN_INCLUDE || first.kind == AAJ_TOKEN_INCLUDE_IF)
        r = aaj_parser_include_item(ps, item, body);
    else if (behind_include(ps))
        r = aaj_parser_error(ps, first.start, first.end, "an include ends without a comma");
    else if (body)
        r = parse_body_item(ps, item);
    else
        r = parse_top_item(ps, item);
    if (r == -EINVAL)
        return aaj_parser_recover(ps, first.start);
    if (r < 0)
        return r;
    item->end = ps->prev_end;
    aaj_check_support(ps, item);
    r = aaj_parser_inner_comments(ps, parent, item);
    aaj_parser_link(ps, parent, item);
    ps->last = item;
    return r;
}

/* Items up to the end, or up to the '}' that is not theirs. */
int aaj_parser_items(struct aaj_parser *ps, struct aaj_item *parent, struct aaj_block *block, bool body)
{
    int r;

    ps->block = block;
    for (;;) {
        r = aaj_parser_comments(ps, parent);
        if (r < 0 || ps->tok.kind == AAJ_TOKEN_EOF)
            return r;
        if (ps->tok.kind == AAJ_TOKEN_CLOSE) {
            if (ps->blocks)
                return 0;
            aaj_parser_error(ps, ps->tok.start, ps->tok.end, "there is no '{' for this '}'");
            aaj_parser_advance(ps);
            continue;
        }
        r = parse_item(ps, parent, body);
        if (r < 0)
            return r;
        ps->block = block;
    }
}
