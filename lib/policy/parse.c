/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files, blocks and items; rules are in parse_rule.c. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/grow.h"
#include "policy/parser.h"
#include "policy/quote.h"

void aaj_parser_advance(struct aaj_parser *ps)
{
    ps->prev_end = ps->tok.end;
    ps->prev_line = ps->lx.line;
    ps->tok = aaj_lexer_next(&ps->lx);
}

struct aaj_text aaj_parser_text(struct aaj_parser *ps)
{
    struct aaj_text text = { .raw = aaj_token_str(&ps->lx, &ps->tok) };

    text.value = aaj_token_value(ps->rd->arena, text.raw);
    return text;
}

struct aaj_text aaj_parser_take(struct aaj_parser *ps)
{
    struct aaj_text text = aaj_parser_text(ps);

    aaj_parser_advance(ps);
    return text;
}

bool aaj_parser_is(const struct aaj_parser *ps, enum aaj_token_kind kind, const char *word)
{
    return ps->tok.kind == kind && (!word || aaj_str_eq(aaj_token_str(&ps->lx, &ps->tok), aaj_str_c(word)));
}

bool aaj_parser_accept(struct aaj_parser *ps, enum aaj_token_kind kind)
{
    if (ps->tok.kind != kind)
        return false;
    aaj_parser_advance(ps);
    return true;
}

int aaj_parser_error(struct aaj_parser *ps, uint32_t start, uint32_t end, const char *fmt, ...)
{
    struct aaj_str text = ps->policy->text, line;
    struct aaj_loc loc = { .file = ps->policy->name, .length = end > start ? end - start : 0 };
    struct aaj_str message;
    va_list ap;

    ps->rd->errors++;
    line = aaj_loc_line(text, start, &loc);
    if (loc.length > line.n)
        loc.length = 0;
    va_start(ap, fmt);
    message = aaj_arena_vprintf(ps->rd->arena, fmt, ap);
    va_end(ap);
    aaj_diag_add(ps->rd->diags, AAJ_ERROR, "policy-syntax", loc, line, "%.*s", AAJ_STR_ARG(message));
    return -EINVAL;
}

int aaj_parser_expected(struct aaj_parser *ps, const char *what)
{
    const struct aaj_token *t = &ps->tok;
    struct aaj_str found = aaj_str_head(aaj_token_str(&ps->lx, t), 60);

    /* What is missing at the end of a line is missing there, not where the next word stands. */
    if (t->newlines && t->start != ps->item_start && t->kind != AAJ_TOKEN_EOF)
        return aaj_parser_error(ps, ps->prev_end, ps->prev_end, "expected %s", what);
    if (t->kind == AAJ_TOKEN_EOF)
        return aaj_parser_error(ps, t->start, t->start, "expected %s, found the end of the file", what);
    return aaj_parser_error(ps, t->start, t->end, "expected %s, found '%s'", what,
                            aaj_escape(ps->rd->arena, found));
}

int aaj_parser_expect(struct aaj_parser *ps, enum aaj_token_kind kind, const char *what)
{
    return aaj_parser_accept(ps, kind) ? 0 : aaj_parser_expected(ps, what);
}

/* Appends to a growing list in the arena. */
int aaj_parser_texts(struct aaj_parser *ps, struct aaj_texts *texts, struct aaj_text text, uint32_t *cap)
{
    struct aaj_text *more;

    if (!text.value.p)
        return -ENOMEM;
    if (texts->n == *cap) {
        uint32_t n = *cap ? *cap * 2 : 4;

        more = aaj_arena_new_array(ps->rd->arena, n, struct aaj_text);
        if (!more)
            return -ENOMEM;
        if (texts->n)
            memcpy(more, texts->item, texts->n * sizeof(*more));
        texts->item = more;
        *cap = n;
    }
    texts->item[texts->n++] = text;
    return 0;
}

static void link_item(struct aaj_parser *ps, struct aaj_item *parent, struct aaj_item *item)
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

static struct aaj_str comment_text(const struct aaj_parser *ps, const struct aaj_comment *c)
{
    return (struct aaj_str){ ps->lx.p + c->start, c->end - c->start };
}

static int comment_item(struct aaj_parser *ps, struct aaj_item *parent, const struct aaj_comment *c)
{
    struct aaj_item *item = aaj_arena_new(ps->rd->arena, struct aaj_item);

    if (!item)
        return -ENOMEM;
    item->kind = AAJ_ITEM_COMMENT;
    item->comment = comment_text(ps, c);
    item->start = c->start;
    item->end = c->end;
    item->line = c->line;
    item->blank_before = c->blank_before;
    link_item(ps, parent, item);
    ps->last = item;
    return 0;
}

/* Comments that stand between the last item and the next: the first may belong to what is on its line. */
static int take_comments(struct aaj_parser *ps, struct aaj_item *parent)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < ps->lx.n_comments; i++) {
        const struct aaj_comment *c = &ps->lx.comment[i];

        if (!c->own_line && ps->last && ps->last->kind != AAJ_ITEM_COMMENT && !ps->last->comment.n)
            ps->last->comment = comment_text(ps, c);
        else if (!c->own_line && !ps->last && parent && !ps->block->comment.n)
            ps->block->comment = comment_text(ps, c);
        else
            r = comment_item(ps, parent, c);
    }
    ps->lx.n_comments = 0;
    return r || !ps->lx.failed ? r : -ENOMEM;
}

/* Comments that stand between the words of @item come before it; those behind it wait for the next. */
static int take_inner_comments(struct aaj_parser *ps, struct aaj_item *parent, struct aaj_item *item)
{
    size_t kept = 0;
    int r = 0;

    for (size_t i = 0; r == 0 && i < ps->lx.n_comments; i++) {
        if (ps->lx.comment[i].start >= item->end) {
            ps->lx.comment[kept++] = ps->lx.comment[i];
            continue;
        }
        ps->lx.comment[i].blank_before = item->blank_before;
        item->blank_before = 0;
        r = comment_item(ps, parent, &ps->lx.comment[i]);
    }
    ps->lx.n_comments = kept;
    return r;
}

static uint32_t indentation(const struct aaj_parser *ps, uint32_t pos)
{
    uint32_t start = pos, n = 0;

    while (start > 0 && ps->lx.p[start - 1] != '\n')
        start--;
    while (ps->lx.p[start + n] == ' ' || ps->lx.p[start + n] == '\t')
        n++;
    return n;
}

/* Nothing but blanks and a comment up to the end of the line? */
static bool line_ends(const struct aaj_parser *ps, uint32_t pos)
{
    while (ps->lx.p[pos] == ' ' || ps->lx.p[pos] == '\t' || ps->lx.p[pos] == '\r')
        pos++;
    return pos >= ps->lx.n || ps->lx.p[pos] == '\n' || ps->lx.p[pos] == '#';
}

static bool line_begins(const struct aaj_parser *ps, uint32_t pos)
{
    while (pos > 0 && (ps->lx.p[pos - 1] == ' ' || ps->lx.p[pos - 1] == '\t'))
        pos--;
    return pos == 0 || ps->lx.p[pos - 1] == '\n';
}

/*
 * Where to take up again after an error in the item that began at @start: behind its comma, at the next
 * line that is not indented deeper, at a closing brace; or behind a brace that opens a block, which then
 * is read for its own errors (*ret_block).
 */
static uint32_t find_resumption(const struct aaj_parser *ps, uint32_t start, bool *ret_block)
{
    uint32_t indent = indentation(ps, start), pos = ps->tok.start;

    *ret_block = false;
    if (pos > start && ps->tok.newlines && indentation(ps, pos) <= indent)
        return pos;
    if (pos <= start)
        pos = start + 1;
    for (; pos < ps->lx.n; pos++) {
        char c = ps->lx.p[pos];

        if (c == ',' && line_ends(ps, pos + 1))
            return pos + 1;
        if (c == '{' && line_ends(ps, pos + 1)) {
            *ret_block = true;
            return pos + 1;
        }
        if (c == '}' && line_begins(ps, pos))
            return pos;
        if (c == '\n' && indentation(ps, pos + 1) <= indent)
            return pos + 1;
    }
    return ps->lx.n;
}

static int parse_block(struct aaj_parser *ps, struct aaj_item *parent, struct aaj_block *block);

/* Only to see its errors. */
static int parse_lost_block(struct aaj_parser *ps)
{
    struct aaj_item *item = aaj_arena_new(ps->rd->arena, struct aaj_item);
    int r;

    if (!item)
        return -ENOMEM;
    item->kind = AAJ_ITEM_PROFILE;
    r = parse_block(ps, item, &item->profile.body);
    return r == -EINVAL ? 0 : r;
}

static int recover(struct aaj_parser *ps, uint32_t start)
{
    bool block;
    uint32_t pos = find_resumption(ps, start, &block);

    if (ps->rd->errors >= AAJ_READING_MAX_ERRORS)
        pos = ps->lx.n;
    aaj_lexer_reset(&ps->lx, pos);
    ps->lx.n_comments = 0;
    ps->lx.newlines = 1;
    ps->last = NULL;
    ps->tok.end = pos;
    aaj_parser_advance(ps);
    return block && ps->rd->errors < AAJ_READING_MAX_ERRORS ? parse_lost_block(ps) : 0;
}

/* ---- what stands before profiles ---- */

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

static int parse_boolean(struct aaj_parser *ps, struct aaj_item *item, bool *ret_truth)
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
    return aaj_parser_condition(ps, &v->values, ret_truth);
}

static int parse_assignment(struct aaj_parser *ps, struct aaj_item *item)
{
    uint32_t start = ps->tok.start, end = ps->tok.end;
    const char *why = NULL;
    bool truth = false;
    int r = ps->tok.kind == AAJ_TOKEN_SET_VAR ? parse_variable(ps, item) : parse_boolean(ps, item, &truth);

    if (r == 0 && ps->rd->options->flags & AAJ_POLICY_CHECK) {
        r = aaj_vars_assign(&ps->rd->vars, item, truth, &why);
        if (r == -EINVAL) /* said, but nothing to recover from */
            aaj_parser_error(ps, start, end, "%.*s %s", AAJ_STR_ARG(item->variable.name.raw), why);
    }
    return r == -EINVAL && why ? 0 : r;
}

static int parse_alias(struct aaj_parser *ps, struct aaj_item *item)
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

static int parse_abi(struct aaj_parser *ps, struct aaj_item *item)
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

static int parse_include(struct aaj_parser *ps, struct aaj_item *item, bool body)
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

/* ---- profiles and blocks ---- */

static int parse_values(struct aaj_parser *ps, struct aaj_texts *values, const char *what)
{
    uint32_t cap = values->n;
    uint32_t before = values->n;
    int r = 0;

    if (ps->tok.kind != AAJ_TOKEN_LPAREN)
        return aaj_parser_expected(ps, "'('");
    aaj_parser_advance(ps);
    while (r == 0 && ps->tok.kind == AAJ_TOKEN_VALUE)
        r = aaj_parser_texts(ps, values, aaj_parser_take(ps), &cap);
    if (r == 0 && values->n == before)
        return aaj_parser_expected(ps, what);
    return r ? r : aaj_parser_expect(ps, AAJ_TOKEN_RPAREN, "')'");
}

/* + identities=(…): kept as written, one text a group. */
static int parse_identity_group(struct aaj_parser *ps, struct aaj_profile *profile, uint32_t *cap)
{
    struct aaj_texts values = { 0 };
    struct aaj_text group;
    uint32_t start;
    int r;

    aaj_parser_advance(ps);
    if (ps->tok.kind != AAJ_TOKEN_IDENTITIES)
        return aaj_parser_expected(ps, "'identities=(…)' behind '+'");
    aaj_parser_advance(ps);
    r = aaj_parser_expect(ps, AAJ_TOKEN_EQUALS, "'='");
    start = ps->tok.start;
    if (r == 0)
        r = parse_values(ps, &values, "an identity");
    for (uint32_t i = 0; r == 0 && i < values.n; i++)
        if (values.item[i].value.n && values.item[i].value.p[0] != '/' &&
            memchr(values.item[i].value.p, ' ', values.item[i].value.n))
            r = aaj_parser_error(ps, start, ps->prev_end, "an identity cannot hold a blank");
    if (r < 0)
        return r;
    group.raw = group.value = (struct aaj_str){ ps->lx.p + start, ps->prev_end - start };
    return aaj_parser_texts(ps, &profile->identities, group, cap);
}

static int parse_profile_head(struct aaj_parser *ps, struct aaj_profile *profile)
{
    uint32_t cap = 0;
    int r = 0;

    if (ps->tok.kind != AAJ_TOKEN_ID)
        return aaj_parser_expected(ps, "the name of a profile");
    profile->name = aaj_parser_take(ps);
    if (ps->tok.kind == AAJ_TOKEN_ID || ps->tok.kind == AAJ_TOKEN_SET_VAR)
        profile->attachment = aaj_parser_take(ps);
    if (ps->tok.kind == AAJ_TOKEN_CONDLISTID) {
        if (!aaj_parser_is(ps, AAJ_TOKEN_CONDLISTID, "xattrs"))
            return aaj_parser_expected(ps, "'xattrs=(…)', 'flags=(…)' or '{'");
        r = aaj_parser_cond_group(ps, &profile->xattrs);
    }
    while (r == 0 && ps->tok.kind == AAJ_TOKEN_PLUS)
        r = parse_identity_group(ps, profile, &cap);
    if (r == 0 && ps->tok.kind == AAJ_TOKEN_FLAGS) {
        profile->flags_keyword = true;
        aaj_parser_advance(ps);
        r = aaj_parser_expect(ps, AAJ_TOKEN_EQUALS, "'='");
        if (r == 0)
            r = parse_values(ps, &profile->flags, "a flag");
    } else if (r == 0 && ps->tok.kind == AAJ_TOKEN_LPAREN) {
        r = parse_values(ps, &profile->flags, "a flag");
    }
    return r;
}

static int parse_profile(struct aaj_parser *ps, struct aaj_item *item)
{
    struct aaj_profile *profile = &item->profile;
    int r;

    item->kind = AAJ_ITEM_PROFILE;
    if (ps->tok.kind == AAJ_TOKEN_PROFILE)
        profile->keyword = AAJ_PROFILE_PROFILE;
    else if (ps->tok.kind == AAJ_TOKEN_HAT)
        profile->keyword = AAJ_PROFILE_HAT;
    else if (ps->tok.kind == AAJ_TOKEN_CARET)
        profile->keyword = AAJ_PROFILE_CARET;
    if (profile->keyword)
        aaj_parser_advance(ps);
    r = parse_profile_head(ps, profile);
    if (r == 0 && ps->tok.kind != AAJ_TOKEN_OPEN)
        r = aaj_parser_expected(ps, "'{'");
    if (r < 0)
        return r;
    if (ps->rd->options->flags & AAJ_POLICY_CHECK)
        r = aaj_check_profile(ps, item);
    profile->body.open = ps->tok.start;
    aaj_parser_advance(ps);
    if (r == 0)
        r = parse_block(ps, item, &profile->body);
    if (r == 0 && ps->rd->options->flags & AAJ_POLICY_CHECK)
        r = aaj_check_leave_profile(ps, item);
    return r;
}

/* Behind the '{' up to and with the '}'. */
static int parse_block(struct aaj_parser *ps, struct aaj_item *parent, struct aaj_block *block)
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
    r = aaj_parser_file(ps, parent, block, true);
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

/* The '{' of a block inside a profile. */
static int parse_inner_block(struct aaj_parser *ps, struct aaj_item *parent, const struct aaj_prefix *prefix,
                             struct aaj_item **ret_item)
{
    struct aaj_item *item = aaj_arena_new(ps->rd->arena, struct aaj_item);
    int r;

    if (!item)
        return -ENOMEM;
    item->kind = AAJ_ITEM_BLOCK;
    if (prefix)
        item->block.prefix = *prefix;
    item->policy = ps->policy;
    item->parent = parent;
    item->start = ps->tok.start;
    item->line = ps->tok.line;
    item->column = ps->tok.column;
    if (ps->tok.kind != AAJ_TOKEN_OPEN)
        return aaj_parser_expected(ps, "'{'");
    item->block.body.open = ps->tok.start;
    aaj_parser_advance(ps);
    r = parse_block(ps, item, &item->block.body);
    item->end = ps->prev_end;
    *ret_item = item;
    return r;
}

/* A branch that is not taken has to be well-formed, and no more. */
static int parse_branch(struct aaj_parser *ps, struct aaj_item *item, bool taken, struct aaj_item **ret_block)
{
    int r;

    ps->rd->dead += !taken;
    r = parse_inner_block(ps, item, NULL, ret_block);
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
        r = aaj_parser_condition(ps, &item->cond.words, &item->cond.truth);
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
            return parse_assignment(ps, item);
        return aaj_parser_is(ps, AAJ_TOKEN_KEYWORD, "abi") ? parse_abi(ps, item) : parse_alias(ps, item);
    }
    if (t->kind == AAJ_TOKEN_ID || t->kind == AAJ_TOKEN_PROFILE || t->kind == AAJ_TOKEN_HAT ||
        t->kind == AAJ_TOKEN_CARET) {
        ps->rd->profiles_begun = true;
        return parse_profile(ps, item);
    }
    return aaj_parser_expected(ps, "a profile, a variable, an alias or an abi rule");
}

static int parse_body_item(struct aaj_parser *ps, struct aaj_item *item)
{
    struct aaj_token *t = &ps->tok;
    struct aaj_item *block;
    uint32_t start = t->start;
    int r;

    if (t->kind == AAJ_TOKEN_PROFILE || t->kind == AAJ_TOKEN_HAT || t->kind == AAJ_TOKEN_CARET)
        return parse_profile(ps, item);
    if (aaj_parser_is(ps, AAJ_TOKEN_KEYWORD, "if"))
        return parse_if(ps, item);
    if (aaj_parser_is(ps, AAJ_TOKEN_KEYWORD, "abi"))
        return parse_abi(ps, item);
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
    r = parse_inner_block(ps, item->parent, &item->rule.prefix, &block);
    if (r < 0)
        return r;
    item->kind = AAJ_ITEM_BLOCK;
    item->block = block->block;
    for (struct aaj_item *i = item->block.body.first; i; i = i->next)
        i->parent = item;
    return 0;
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
        r = parse_include(ps, item, body);
    else if (body)
        r = parse_body_item(ps, item);
    else
        r = parse_top_item(ps, item);
    if (r == -EINVAL)
        return recover(ps, first.start);
    if (r < 0)
        return r;
    item->end = ps->prev_end;
    aaj_check_support(ps, item);
    r = take_inner_comments(ps, parent, item);
    link_item(ps, parent, item);
    ps->last = item;
    return r;
}

/* Items up to the end, or up to the '}' that is not theirs. */
int aaj_parser_file(struct aaj_parser *ps, struct aaj_item *parent, struct aaj_block *block, bool body)
{
    int r;

    ps->block = block;
    for (;;) {
        r = take_comments(ps, parent);
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

static int read_text(struct aaj_reading *rd, struct aaj_policy *policy, bool body)
{
    struct aaj_parser ps = { .rd = rd, .policy = policy };
    int r;

    aaj_lexer_init(&ps.lx, policy->text);
    policy->top.close = (uint32_t)policy->text.n;
    aaj_parser_advance(&ps);
    r = aaj_parser_file(&ps, NULL, &policy->top, body);
    aaj_lexer_clear(&ps.lx);
    return r;
}

static int parse_into(struct aaj_policy *policy, const struct aaj_policy_options *options, struct aaj_diags *diags)
{
    static const struct aaj_policy_options none = { 0 };
    struct aaj_reading rd = { .arena = policy->arena, .options = options ? options : &none, .diags = diags };
    int r = aaj_vars_init(&rd.vars);

    if (r == 0)
        r = aaj_intern_init(&rd.profiles);
    if (r == 0)
        r = read_text(&rd, policy, rd.options->flags & AAJ_POLICY_FRAGMENT);
    if (r == 0 && rd.errors)
        r = -EINVAL;
    aaj_vars_clear(&rd.vars);
    aaj_intern_clear(&rd.profiles);
    free(rd.seen);
    return r;
}

int aaj_policy_parse(struct aaj_str text, struct aaj_str name, const struct aaj_policy_options *options,
                     struct aaj_diags *diags, struct aaj_policy **ret_policy)
{
    struct aaj_policy *policy;
    int r;

    if (text.n > AAJ_POLICY_MAX_TEXT)
        return -E2BIG;
    r = aaj_policy_new(name, &policy);
    if (r < 0)
        return r;
    policy->text = aaj_arena_dup(policy->arena, text);
    r = policy->text.p ? parse_into(policy, options, diags) : -ENOMEM;
    if (r == -ENOMEM) {
        aaj_policy_free(policy);
        return r;
    }
    *ret_policy = policy;
    return r;
}

int aaj_policy_parse_rule(struct aaj_arena *arena, struct aaj_str text, struct aaj_loc loc,
                          struct aaj_diags *diags, struct aaj_item **ret_item)
{
    static const struct aaj_policy_options fragment = { .flags = AAJ_POLICY_FRAGMENT };
    struct aaj_str comma = aaj_str_ends(text, AAJ_STR(",")) ? AAJ_STR("") : AAJ_STR(",");
    struct aaj_policy *policy = aaj_arena_new(arena, struct aaj_policy);
    struct aaj_diags found = AAJ_DIAGS_INIT;
    struct aaj_item *item;
    int r;

    if (!policy)
        return -ENOMEM;
    policy->arena = arena;
    policy->name = loc.file;
    policy->text = aaj_arena_printf(arena, "%.*s%.*s", AAJ_STR_ARG(text), AAJ_STR_ARG(comma));
    r = policy->text.p ? parse_into(policy, &fragment, &found) : -ENOMEM;
    item = policy->top.first;
    if (r == 0 && (!item || item->next || item->kind != AAJ_ITEM_RULE)) {
        aaj_diag_add(diags, AAJ_ERROR, "policy-syntax", loc, (struct aaj_str){ 0 }, "expected one rule");
        r = -EINVAL;
    }
    for (size_t i = 0; r == -EINVAL && i < found.n; i++) {
        struct aaj_loc at = loc; /* columns count from where the rule begins */

        at.column += found.item[i].loc.column ? found.item[i].loc.column - 1 : 0;
        aaj_diag_add(diags, AAJ_ERROR, "policy-syntax", at, (struct aaj_str){ 0 }, "%.*s",
                     AAJ_STR_ARG(found.item[i].message));
    }
    aaj_diags_clear(&found);
    if (r < 0)
        return r;
    item->state = AAJ_STATE_NEW;
    item->policy = NULL;
    *ret_item = item;
    return 0;
}

int aaj_policy_read(const char *path, const struct aaj_policy_options *options, struct aaj_diags *diags,
                    struct aaj_policy **ret_policy)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str text, name = aaj_str_c(strcmp(path, "-") == 0 ? "(standard input)" : path);
    int r = aaj_file_read(path, AAJ_POLICY_MAX_TEXT, &arena, &text);

    if (r < 0)
        aaj_diag_add(diags, AAJ_ERROR, "policy-read", (struct aaj_loc){ .file = name }, (struct aaj_str){ 0 },
                     "cannot be read: %s", strerror(-r));
    else
        r = aaj_policy_parse(text, name, options, diags, ret_policy);
    aaj_arena_clear(&arena);
    return r;
}
