/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* After an error: where the next item begins, so that one mistake is one finding. */
#include <errno.h>

#include "policy/parser.h"

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

/* Only to see its errors. */
static int parse_lost_block(struct aaj_parser *ps)
{
    struct aaj_item *item = aaj_arena_new(ps->rd->arena, struct aaj_item);
    int r;

    if (!item)
        return -ENOMEM;
    item->kind = AAJ_ITEM_PROFILE;
    r = aaj_parser_block(ps, item, &item->profile.body);
    return r == -EINVAL ? 0 : r;
}

int aaj_parser_recover(struct aaj_parser *ps, uint32_t start)
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
