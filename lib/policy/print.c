/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Canonical text. */
#include "policy/print.h"

#include <errno.h>

#include "policy/out.h"

enum { STEP = 2, WIDTH = 96 };

static const char *const assign_word[] = { " =", " +=", " ?=", " :=" };

static void put_block(struct aaj_out *out, const struct aaj_block *block, size_t indent);

static void put_texts(struct aaj_out *out, const struct aaj_texts *texts, const char *between)
{
    for (uint32_t i = 0; i < texts->n; i++) {
        if (i)
            aaj_out_puts(out, between);
        aaj_out_put(out, texts->item[i].raw);
    }
}

static void put_path(struct aaj_out *out, struct aaj_text path, bool magic)
{
    if (magic)
        aaj_out_puts(out, "<");
    aaj_out_put(out, path.raw);
    if (magic)
        aaj_out_puts(out, ">");
}

static void put_include(struct aaj_out *out, const struct aaj_include *include)
{
    aaj_out_puts(out, include->hash ? "#include " : "include ");
    if (include->if_exists)
        aaj_out_puts(out, "if exists ");
    put_path(out, include->path, include->magic);
}

/* Words of a condition, parentheses close to what they hold. */
static void put_words(struct aaj_out *out, const struct aaj_texts *words)
{
    for (uint32_t i = 0; i < words->n; i++) {
        bool open = i && aaj_str_eq(words->item[i - 1].raw, AAJ_STR("("));

        if (i && !open && !aaj_str_eq(words->item[i].raw, AAJ_STR(")")))
            aaj_out_puts(out, " ");
        aaj_out_put(out, words->item[i].raw);
    }
}

/* Values that do not fit go on behind a backslash, indented. */
static void put_variable(struct aaj_out *out, const struct aaj_variable *variable, size_t indent)
{
    size_t line = out->n - indent;

    aaj_out_put(out, variable->name.raw);
    aaj_out_puts(out, assign_word[variable->assign]);
    for (uint32_t i = 0; i < variable->values.n; i++) {
        struct aaj_str raw = variable->values.item[i].raw;

        if (i && out->n - line + 1 + raw.n > WIDTH) {
            aaj_out_puts(out, " \\\n");
            line = out->n;
            aaj_out_repeat(out, ' ', indent + STEP * 2);
        } else {
            aaj_out_puts(out, " ");
        }
        aaj_out_put(out, raw);
    }
}

static void put_profile_head(struct aaj_out *out, const struct aaj_profile *profile)
{
    static const char *const keyword[] = { "", "profile ", "hat ", "^" };

    aaj_out_puts(out, keyword[profile->keyword]);
    aaj_out_put(out, profile->name.raw);
    if (aaj_text_set(profile->attachment)) {
        aaj_out_puts(out, " ");
        aaj_out_put(out, profile->attachment.raw);
    }
    if (profile->xattrs.said) {
        aaj_out_puts(out, " xattrs=(");
        aaj_out_conds(out, &profile->xattrs, ", ");
        aaj_out_puts(out, ")");
    }
    for (uint32_t i = 0; i < profile->identities.n; i++) {
        aaj_out_puts(out, " + identities=");
        aaj_out_put(out, profile->identities.item[i].raw);
    }
    if (profile->flags.n) {
        aaj_out_puts(out, profile->flags_keyword ? " flags=(" : " (");
        put_texts(out, &profile->flags, ", ");
        aaj_out_puts(out, ")");
    }
    aaj_out_puts(out, " ");
}

static void put_if(struct aaj_out *out, const struct aaj_if *cond, size_t indent)
{
    for (;;) {
        aaj_out_puts(out, "if ");
        put_words(out, &cond->words);
        aaj_out_puts(out, " ");
        put_block(out, &cond->then->block.body, indent);
        if (!cond->otherwise)
            return;
        aaj_out_puts(out, " else ");
        if (cond->otherwise->kind != AAJ_ITEM_IF)
            break;
        cond = &cond->otherwise->cond;
    }
    put_block(out, &cond->otherwise->block.body, indent);
}

static void put_item(struct aaj_out *out, const struct aaj_item *item, size_t indent)
{
    switch (item->kind) {
    case AAJ_ITEM_COMMENT:
        aaj_out_put(out, item->comment);
        break;
    case AAJ_ITEM_INCLUDE:
        put_include(out, &item->include);
        break;
    case AAJ_ITEM_ABI:
        aaj_out_puts(out, "abi ");
        put_path(out, item->abi.path, item->abi.magic);
        aaj_out_puts(out, ",");
        break;
    case AAJ_ITEM_VARIABLE:
        put_variable(out, &item->variable, indent);
        break;
    case AAJ_ITEM_BOOLEAN:
        aaj_out_put(out, item->variable.name.raw);
        aaj_out_puts(out, assign_word[item->variable.assign]);
        aaj_out_puts(out, " ");
        put_words(out, &item->variable.values);
        break;
    case AAJ_ITEM_ALIAS:
        aaj_out_puts(out, item->alias.rewrite ? "rewrite " : "alias ");
        aaj_out_put(out, item->alias.from.raw);
        aaj_out_puts(out, " -> ");
        aaj_out_put(out, item->alias.to.raw);
        aaj_out_puts(out, ",");
        break;
    case AAJ_ITEM_PROFILE:
        put_profile_head(out, &item->profile);
        put_block(out, &item->profile.body, indent);
        break;
    case AAJ_ITEM_BLOCK:
        aaj_out_prefix(out, &item->block.prefix);
        put_block(out, &item->block.body, indent);
        break;
    case AAJ_ITEM_IF:
        put_if(out, &item->cond, indent);
        break;
    case AAJ_ITEM_RULE:
        aaj_out_rule(out, &item->rule, indent, WIDTH);
        break;
    }
}

void aaj_out_item(struct aaj_out *out, const struct aaj_item *item, size_t indent)
{
    aaj_out_repeat(out, ' ', indent);
    put_item(out, item, indent);
    if (item->comment.n && item->kind != AAJ_ITEM_COMMENT) {
        aaj_out_puts(out, "  ");
        aaj_out_put(out, item->comment);
    }
    aaj_out_puts(out, "\n");
}

static void put_items(struct aaj_out *out, const struct aaj_block *block, size_t indent)
{
    const struct aaj_item *last = NULL;

    for (const struct aaj_item *item = block->first; item; item = item->next) {
        if (item->state == AAJ_STATE_REMOVED)
            continue;
        /* Empty lines stay, one for many; a profile always gets some air before and behind it. */
        if (last && (item->blank_before || last->kind == AAJ_ITEM_PROFILE ||
                     (item->kind == AAJ_ITEM_PROFILE && last->kind != AAJ_ITEM_COMMENT)))
            aaj_out_puts(out, "\n");
        aaj_out_item(out, item, indent);
        last = item;
    }
}

static void put_block(struct aaj_out *out, const struct aaj_block *block, size_t indent)
{
    aaj_out_puts(out, "{");
    if (block->comment.n) {
        aaj_out_puts(out, "  ");
        aaj_out_put(out, block->comment);
    }
    aaj_out_puts(out, "\n");
    put_items(out, block, indent + STEP);
    aaj_out_repeat(out, ' ', indent);
    aaj_out_puts(out, "}");
}

/* Ends the printing: 0, -ENOMEM or the stream's error. */
int aaj_out_flush(struct aaj_out *out, FILE *to)
{
    int r = 0;

    if (out->failed)
        r = -ENOMEM;
    else if (out->n && fwrite(out->p, 1, out->n, to) != out->n)
        r = -EIO;
    aaj_out_clear(out);
    return r;
}

int aaj_policy_print(FILE *to, const struct aaj_policy *policy)
{
    struct aaj_out out = { 0 };

    put_items(&out, &policy->top, 0);
    return aaj_out_flush(&out, to);
}

int aaj_item_print(FILE *to, const struct aaj_item *item, unsigned depth)
{
    struct aaj_out out = { 0 };

    aaj_out_item(&out, item, (size_t)depth * STEP);
    return aaj_out_flush(&out, to);
}

struct aaj_str aaj_rule_text(struct aaj_arena *arena, const struct aaj_rule *rule)
{
    struct aaj_out out = { 0 };
    struct aaj_str text = { 0 };

    aaj_out_rule(&out, rule, 0, 0);
    if (!out.failed)
        text = aaj_arena_dup(arena, (struct aaj_str){ out.p, out.n });
    aaj_out_clear(&out);
    return text;
}
