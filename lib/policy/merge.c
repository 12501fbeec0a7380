/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profiles into profiles: finding them, their rules one by one, children whole. */
#include <errno.h>

#include "policy/merge_private.h"

static struct aaj_item *find_in(struct aaj_block *block, struct aaj_str name)
{
    for (struct aaj_item *item = block->first; item; item = item->next) {
        if (item->kind != AAJ_ITEM_PROFILE || item->state == AAJ_STATE_REMOVED)
            continue;
        if (aaj_str_eq(item->profile.name.value, name) ||
            (aaj_text_set(item->profile.attachment) && aaj_str_eq(item->profile.attachment.value, name)))
            return item;
    }
    return NULL;
}

struct aaj_item *aaj_policy_find_profile(struct aaj_policy *policy, struct aaj_str name)
{
    struct aaj_item *item = find_in(&policy->top, name);
    size_t at = aaj_str_search(name, AAJ_STR("//"));

    if (item || at == name.n)
        return item;
    item = find_in(&policy->top, aaj_str_head(name, at));
    return item ? find_in(&item->profile.body, aaj_str_skip(name, at + 2)) : NULL;
}

struct aaj_item *aaj_merge_copy(struct aaj_policy *into, const struct aaj_item *from)
{
    struct aaj_item *item = aaj_arena_new(into->arena, struct aaj_item);

    if (!item)
        return NULL;
    *item = *from;
    item->state = AAJ_STATE_NEW;
    item->prev = item->next = item->parent = NULL;
    item->blank_before = 0;
    return item;
}

static int copy_profile(struct aaj_merge *merge, struct aaj_item *to, const struct aaj_item *from)
{
    struct aaj_item *item = aaj_merge_copy(merge->into, from);

    if (!item)
        return -ENOMEM;
    item->profile.body = (struct aaj_block){ .comment = from->profile.body.comment };
    item->blank_before = 1;
    aaj_place_profile(merge->into, to, item);
    merge->added++;
    for (const struct aaj_item *i = from->profile.body.first; i; i = i->next) {
        struct aaj_item *copy;
        int r;

        if (i->state == AAJ_STATE_REMOVED)
            continue;
        if (i->kind == AAJ_ITEM_PROFILE) {
            r = copy_profile(merge, item, i);
            if (r < 0)
                return r;
            continue;
        }
        copy = aaj_merge_copy(merge->into, i);
        if (!copy)
            return -ENOMEM;
        if (copy->kind == AAJ_ITEM_INCLUDE)
            aaj_place_spell(merge->into, to, copy);
        aaj_block_append(merge->into, item, copy);
    }
    return 0;
}

/* Rules of the file that a new or grown rule beside them covers. */
static int drop_covered(struct aaj_merge_index *ix)
{
    struct aaj_block *body = &ix->profile->profile.body;
    int r = 0;

    for (struct aaj_item *strong = body->first; r >= 0 && strong; strong = strong->next) {
        if (strong->kind != AAJ_ITEM_RULE || (strong->state != AAJ_STATE_NEW && strong->state != AAJ_STATE_CHANGED))
            continue;
        for (struct aaj_item *weak = body->first; r >= 0 && weak; weak = weak->next) {
            if (weak->kind != AAJ_ITEM_RULE || weak->state != AAJ_STATE_READ)
                continue;
            r = aaj_rule_covers(&strong->rule, &weak->rule);
            if (r > 0) {
                aaj_item_remove(weak);
                ix->merge->dropped++;
            }
        }
    }
    return r < 0 ? r : 0;
}

static int merge_items(struct aaj_merge_index *ix, const struct aaj_item *from)
{
    int r = 0;

    for (const struct aaj_item *i = from->profile.body.first; r == 0 && i; i = i->next) {
        if (i->state == AAJ_STATE_REMOVED)
            continue;
        if (i->kind == AAJ_ITEM_RULE)
            r = aaj_merge_rule(ix, i);
        else if (i->kind == AAJ_ITEM_INCLUDE)
            r = aaj_place_include(ix->merge, ix->profile, i);
    }
    if (r == 0 && ix->merge->drop_redundant)
        r = drop_covered(ix);
    return r;
}

int aaj_policy_merge_profile(struct aaj_merge *merge, struct aaj_item *to, const struct aaj_item *from)
{
    struct aaj_merge_index ix = { .merge = merge, .profile = to };
    int r = aaj_merge_index_make(&ix);

    if (r == 0)
        r = merge_items(&ix, from);
    aaj_merge_index_clear(&ix);
    for (const struct aaj_item *i = from->profile.body.first; r == 0 && i; i = i->next) {
        struct aaj_item *child;

        if (i->kind != AAJ_ITEM_PROFILE || i->state == AAJ_STATE_REMOVED)
            continue;
        child = find_in(&to->profile.body, i->profile.name.value);
        r = child ? aaj_policy_merge_profile(merge, child, i) : copy_profile(merge, to, i);
    }
    return r;
}
