/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text that was read, with the edits put in: every byte that is not edited stays as it is. */
#include "policy/print.h"

#include <string.h>

#include "policy/out.h"

struct splice {
    struct aaj_out out;
    struct aaj_str text;
    size_t pos; /* bytes of the text that are out, or left out */
};

static void copy_to(struct splice *s, size_t pos)
{
    if (pos > s->pos) {
        aaj_out_put(&s->out, (struct aaj_str){ s->text.p + s->pos, pos - s->pos });
        s->pos = pos;
    }
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Behind the newline of the line @pos is on, when nothing but a comment follows there; else @pos. */
static size_t line_end(struct aaj_str text, size_t pos)
{
    size_t p = pos;

    while (p < text.n && blank(text.p[p]))
        p++;
    if (p < text.n && text.p[p] == '#')
        p += aaj_str_find(aaj_str_skip(text, p), '\n');
    if (p >= text.n)
        return text.n;
    return text.p[p] == '\n' ? p + 1 : pos;
}

/* Where the line begins when only blanks stand before @pos; else @pos. */
static size_t line_start(struct aaj_str text, size_t pos)
{
    size_t p = pos;

    while (p > 0 && blank(text.p[p - 1]))
        p--;
    return p == 0 || text.p[p - 1] == '\n' ? p : pos;
}

static bool starts_line(struct aaj_str text, size_t pos)
{
    while (pos > 0 && blank(text.p[pos - 1]))
        pos--;
    return pos == 0 || text.p[pos - 1] == '\n';
}

static struct aaj_str indentation(struct aaj_str text, size_t pos)
{
    size_t p = pos, n = 0;

    while (p > 0 && text.p[p - 1] != '\n')
        p--;
    while (p + n < text.n && (text.p[p + n] == ' ' || text.p[p + n] == '\t'))
        n++;
    return (struct aaj_str){ text.p + p, n };
}

/* Puts @indent before each line of @lines that is not empty. */
static void put_indented(struct splice *s, struct aaj_str lines, struct aaj_str indent, struct aaj_str step)
{
    while (lines.n) {
        size_t n = aaj_str_find(lines, '\n') + 1;
        struct aaj_str line = aaj_str_head(lines, n);

        if (line.n > 1) {
            aaj_out_put(&s->out, indent);
            aaj_out_put(&s->out, step);
        }
        aaj_out_put(&s->out, line);
        lines = aaj_str_skip(lines, line.n);
    }
}

/* The item before @item whose bytes are in the text. */
static const struct aaj_item *anchor(const struct aaj_item *item)
{
    do
        item = item->prev;
    while (item && item->state == AAJ_STATE_NEW);
    return item;
}

static const struct aaj_item *neighbour(const struct aaj_item *item)
{
    const struct aaj_item *before = anchor(item);

    if (before)
        return before;
    for (item = item->next; item && item->state == AAJ_STATE_NEW;)
        item = item->next;
    return item;
}

static void insert(struct splice *s, const struct aaj_item *item, const struct aaj_block *block, bool top)
{
    const struct aaj_item *before = anchor(item), *near = neighbour(item);
    size_t at = before ? before->end : top ? 0 : block->open + 1;
    size_t end = at == 0 ? 0 : line_end(s->text, at);
    bool aligned = near && starts_line(s->text, near->start);
    struct aaj_str indent = indentation(s->text, aligned ? near->start : top ? 0 : block->open);
    struct aaj_str step = aligned || top ? AAJ_STR("") : AAJ_STR("  ");
    struct aaj_out lines = { 0 };

    if (top && !aligned)
        indent.n = 0;
    if (end > s->pos)
        copy_to(s, end);
    if (s->out.n && s->out.p[s->out.n - 1] != '\n')
        aaj_out_puts(&s->out, "\n");
    if (item->blank_before)
        aaj_out_puts(&s->out, "\n");
    aaj_out_item(&lines, item, 0);
    s->out.failed |= lines.failed;
    put_indented(s, (struct aaj_str){ lines.p, lines.n }, indent, step);
    aaj_out_clear(&lines);
    /* In the middle of a line what follows goes on to a line of its own. */
    if (s->pos == at && at > 0 && at < s->text.n && s->text.p[at - 1] != '\n') {
        while (s->pos < s->text.n && blank(s->text.p[s->pos]))
            s->pos++;
        aaj_out_put(&s->out, indent);
        if (s->text.p[s->pos] != '}')
            aaj_out_put(&s->out, step);
    }
}

static void drop(struct splice *s, const struct aaj_item *item)
{
    size_t start = line_start(s->text, item->start), end = line_end(s->text, item->end);

    if (start == item->start || end == item->end) { /* other things share the line */
        start = item->start;
        end = item->end;
        while (end < s->text.n && blank(s->text.p[end]))
            end++;
    }
    copy_to(s, start);
    if (end > s->pos)
        s->pos = end;
}

static void change(struct splice *s, const struct aaj_item *item)
{
    struct aaj_str indent = indentation(s->text, item->start);
    struct aaj_item bare = *item;
    struct aaj_out lines = { 0 };

    copy_to(s, item->start);
    bare.comment = (struct aaj_str){ 0 }; /* it stands in the text behind the item */
    aaj_out_item(&lines, &bare, indent.n);
    s->out.failed |= lines.failed;
    if (!lines.failed)
        aaj_out_put(&s->out, (struct aaj_str){ lines.p + indent.n, lines.n - indent.n - 1 });
    aaj_out_clear(&lines);
    s->pos = item->end;
}

static void splice_block(struct splice *s, const struct aaj_block *block, bool top);

static void splice_item(struct splice *s, const struct aaj_item *item)
{
    if (item->kind == AAJ_ITEM_PROFILE)
        splice_block(s, &item->profile.body, false);
    else if (item->kind == AAJ_ITEM_BLOCK)
        splice_block(s, &item->block.body, false);
    else if (item->kind == AAJ_ITEM_IF)
        for (const struct aaj_item *i = item; i; i = i->kind == AAJ_ITEM_IF ? i->cond.otherwise : NULL)
            splice_block(s, i->kind == AAJ_ITEM_IF ? &i->cond.then->block.body : &i->block.body, false);
}

static void splice_block(struct splice *s, const struct aaj_block *block, bool top)
{
    for (const struct aaj_item *item = block->first; item; item = item->next) {
        if (item->state == AAJ_STATE_NEW)
            insert(s, item, block, top);
        else if (item->state == AAJ_STATE_REMOVED)
            drop(s, item);
        else if (item->state == AAJ_STATE_CHANGED)
            change(s, item);
        else
            splice_item(s, item);
    }
}

int aaj_policy_print_minimal(FILE *to, const struct aaj_policy *policy)
{
    struct splice s = { .text = policy->text };

    splice_block(&s, &policy->top, true);
    copy_to(&s, s.text.n);
    return aaj_out_flush(&s.out, to);
}
