/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comments: which item each belongs to, or an item of its own. */
#include <errno.h>

#include "policy/parser.h"

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
    aaj_parser_link(ps, parent, item);
    ps->last = item;
    return 0;
}

/* Comments that stand between the last item and the next: the first may belong to what is on its line. */
int aaj_parser_comments(struct aaj_parser *ps, struct aaj_item *parent)
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
int aaj_parser_inner_comments(struct aaj_parser *ps, struct aaj_item *parent, struct aaj_item *item)
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
