/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Do two rules say the same? By value, whatever the spelling and the order of lists. */
#include "policy/ast.h"

static bool text_eq(struct aaj_text a, struct aaj_text b)
{
    return aaj_text_set(a) == aaj_text_set(b) && aaj_str_eq(a.value, b.value);
}

static bool texts_have(const struct aaj_texts *all, struct aaj_text one)
{
    for (uint32_t i = 0; i < all->n; i++)
        if (aaj_str_eq(all->item[i].value, one.value))
            return true;
    return false;
}

static bool texts_eq(const struct aaj_texts *a, const struct aaj_texts *b)
{
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!texts_have(b, a->item[i]) || !texts_have(a, b->item[i]))
            return false;
    return true;
}

static bool cond_eq(const struct aaj_cond *a, const struct aaj_cond *b)
{
    return aaj_str_eq(a->key.value, b->key.value) && a->op == b->op && texts_eq(&a->values, &b->values);
}

static bool conds_have(const struct aaj_conds *all, const struct aaj_cond *one)
{
    for (uint32_t i = 0; i < all->n; i++)
        if (cond_eq(&all->item[i], one))
            return true;
    return false;
}

static bool conds_eq(const struct aaj_conds *a, const struct aaj_conds *b)
{
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!conds_have(b, &a->item[i]) || !conds_have(a, &b->item[i]))
            return false;
    return true;
}

static bool file_eq(const struct aaj_file_rule *a, const struct aaj_file_rule *b)
{
    return a->perms == b->perms && a->exec == b->exec && a->scrub == b->scrub && a->subset == b->subset &&
           a->safe == b->safe && text_eq(a->path, b->path) && text_eq(a->target, b->target);
}

static bool access_eq(const struct aaj_access_rule *a, const struct aaj_access_rule *b)
{
    return a->perms == b->perms && conds_eq(&a->conds, &b->conds) && conds_eq(&a->peer, &b->peer) &&
           conds_eq(&a->target_conds, &b->target_conds) && text_eq(a->arg[0], b->arg[0]) &&
           text_eq(a->arg[1], b->arg[1]);
}

bool aaj_rule_eq(const struct aaj_rule *a, const struct aaj_rule *b)
{
    if (a->kind != b->kind || !aaj_prefix_eq(&a->prefix, &b->prefix))
        return false;
    switch (a->kind) {
    case AAJ_RULE_FILE:
    case AAJ_RULE_LINK:
        return file_eq(&a->file, &b->file);
    case AAJ_RULE_CAPABILITY:
        return texts_eq(&a->capability, &b->capability);
    case AAJ_RULE_CHANGE_PROFILE:
        return a->change_profile.safe == b->change_profile.safe &&
               text_eq(a->change_profile.exec, b->change_profile.exec) &&
               text_eq(a->change_profile.target, b->change_profile.target);
    case AAJ_RULE_RLIMIT:
        return text_eq(a->rlimit.name, b->rlimit.name) && text_eq(a->rlimit.value, b->rlimit.value) &&
               text_eq(a->rlimit.unit, b->rlimit.unit);
    case AAJ_RULE_ALL:
        return true;
    default:
        return access_eq(&a->access, &b->access);
    }
}

static bool profile_eq(const struct aaj_profile *a, const struct aaj_profile *b)
{
    return a->keyword == b->keyword && text_eq(a->name, b->name) && text_eq(a->attachment, b->attachment) &&
           conds_eq(&a->xattrs, &b->xattrs) && texts_eq(&a->identities, &b->identities) &&
           texts_eq(&a->flags, &b->flags) && aaj_block_eq(&a->body, &b->body);
}

static bool if_eq(const struct aaj_if *a, const struct aaj_if *b)
{
    if (a->words.n != b->words.n || !a->otherwise != !b->otherwise || !aaj_item_eq(a->then, b->then))
        return false;
    for (uint32_t i = 0; i < a->words.n; i++)
        if (!aaj_str_eq(a->words.item[i].raw, b->words.item[i].raw))
            return false;
    return !a->otherwise || aaj_item_eq(a->otherwise, b->otherwise);
}

bool aaj_item_eq(const struct aaj_item *a, const struct aaj_item *b)
{
    if (a->kind != b->kind || !aaj_str_eq(a->comment, b->comment))
        return false;
    switch (a->kind) {
    case AAJ_ITEM_COMMENT:
        return true;
    case AAJ_ITEM_INCLUDE:
        return text_eq(a->include.path, b->include.path) && a->include.magic == b->include.magic &&
               a->include.if_exists == b->include.if_exists;
    case AAJ_ITEM_ABI:
        return text_eq(a->abi.path, b->abi.path) && a->abi.magic == b->abi.magic;
    case AAJ_ITEM_VARIABLE:
    case AAJ_ITEM_BOOLEAN:
        return text_eq(a->variable.name, b->variable.name) && a->variable.assign == b->variable.assign &&
               texts_eq(&a->variable.values, &b->variable.values);
    case AAJ_ITEM_ALIAS:
        return text_eq(a->alias.from, b->alias.from) && text_eq(a->alias.to, b->alias.to);
    case AAJ_ITEM_PROFILE:
        return profile_eq(&a->profile, &b->profile);
    case AAJ_ITEM_BLOCK:
        return aaj_prefix_eq(&a->block.prefix, &b->block.prefix) && aaj_block_eq(&a->block.body, &b->block.body);
    case AAJ_ITEM_IF:
        return if_eq(&a->cond, &b->cond);
    case AAJ_ITEM_RULE:
        return aaj_rule_eq(&a->rule, &b->rule);
    }
    return false;
}

bool aaj_block_eq(const struct aaj_block *a, const struct aaj_block *b)
{
    const struct aaj_item *x = a->first, *y = b->first;

    while (x && y && aaj_item_eq(x, y)) {
        x = x->next;
        y = y->next;
    }
    return !x && !y && aaj_str_eq(a->comment, b->comment);
}
