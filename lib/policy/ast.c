/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/ast.h"

#include <errno.h>
#include <stdlib.h>

enum { MAX_DEPTH = 1000 }; /* the parser's bound is lower; this one guards trees built by hand */

int aaj_policy_new(struct aaj_str name, struct aaj_policy **ret_policy)
{
    struct aaj_policy *policy = calloc(1, sizeof(*policy));

    if (!policy)
        return -ENOMEM;
    policy->arena = &policy->own;
    policy->name = aaj_arena_dup(policy->arena, name);
    if (!policy->name.p) {
        free(policy);
        return -ENOMEM;
    }
    *ret_policy = policy;
    return 0;
}

struct aaj_policy *aaj_policy_free(struct aaj_policy *policy)
{
    if (policy) {
        aaj_arena_clear(&policy->own);
        free(policy);
    }
    return NULL;
}

struct aaj_block *aaj_item_block(struct aaj_item *item)
{
    if (item->kind == AAJ_ITEM_PROFILE)
        return &item->profile.body;
    if (item->kind == AAJ_ITEM_BLOCK)
        return &item->block.body;
    return NULL;
}

struct aaj_loc aaj_item_loc(const struct aaj_item *item)
{
    struct aaj_loc loc = { .line = item->line, .column = item->column };

    if (item->policy)
        loc.file = item->policy->name;
    return loc;
}

static const struct {
    const char *keyword;
    enum aaj_class class;
} rule_info[AAJ_RULE_KINDS] = {
    [AAJ_RULE_FILE] = { "file", AAJ_CLASS_FILE },
    [AAJ_RULE_LINK] = { "link", AAJ_CLASS_FILE },
    [AAJ_RULE_CAPABILITY] = { "capability", AAJ_CLASS_CAPABILITY },
    [AAJ_RULE_NETWORK] = { "network", AAJ_CLASS_NET },
    [AAJ_RULE_UNIX] = { "unix", AAJ_CLASS_UNIX },
    [AAJ_RULE_DBUS] = { "dbus", AAJ_CLASS_DBUS },
    [AAJ_RULE_SIGNAL] = { "signal", AAJ_CLASS_SIGNAL },
    [AAJ_RULE_PTRACE] = { "ptrace", AAJ_CLASS_PTRACE },
    [AAJ_RULE_MOUNT] = { "mount", AAJ_CLASS_MOUNT },
    [AAJ_RULE_REMOUNT] = { "remount", AAJ_CLASS_MOUNT },
    [AAJ_RULE_UMOUNT] = { "umount", AAJ_CLASS_MOUNT },
    [AAJ_RULE_PIVOT_ROOT] = { "pivot_root", AAJ_CLASS_MOUNT },
    [AAJ_RULE_CHANGE_PROFILE] = { "change_profile", AAJ_CLASS_CHANGE_PROFILE },
    [AAJ_RULE_RLIMIT] = { "set rlimit", AAJ_CLASS_RLIMIT },
    [AAJ_RULE_USERNS] = { "userns", AAJ_CLASS_USERNS },
    [AAJ_RULE_MQUEUE] = { "mqueue", AAJ_CLASS_MQUEUE },
    [AAJ_RULE_IO_URING] = { "io_uring", AAJ_CLASS_IO_URING },
    [AAJ_RULE_ALL] = { "all", AAJ_CLASS_NONE },
};

enum aaj_class aaj_rule_class(enum aaj_rule_kind kind)
{
    return rule_info[kind].class;
}

const char *aaj_rule_keyword(enum aaj_rule_kind kind)
{
    return rule_info[kind].keyword;
}

const char *aaj_exec_letters(enum aaj_exec exec, bool scrub)
{
    static const char *const plain[] = { "x", "ix", "px", "cx", "ux", "pix", "cix", "pux", "cux" };
    static const char *const clean[] = { "x", "ix", "Px", "Cx", "Ux", "Pix", "Cix", "PUx", "CUx" };

    return scrub ? clean[exec] : plain[exec];
}

bool aaj_prefix_eq(const struct aaj_prefix *a, const struct aaj_prefix *b)
{
    return a->priority == b->priority && a->audit == b->audit && a->owner == b->owner &&
           (a->mode == b->mode || (a->mode <= AAJ_MODE_ALLOW && b->mode <= AAJ_MODE_ALLOW));
}

static int walk(struct aaj_block *block, bool includes, unsigned depth, aaj_item_visit visit, void *ctx);

static int walk_item(struct aaj_item *item, bool includes, unsigned depth, aaj_item_visit visit, void *ctx)
{
    struct aaj_block *block = aaj_item_block(item);
    int r = visit(ctx, item);

    if (r == 0 && block)
        r = walk(block, includes, depth + 1, visit, ctx);
    if (item->kind == AAJ_ITEM_IF) {
        if (r == 0 && item->cond.then)
            r = walk_item(item->cond.then, includes, depth + 1, visit, ctx);
        if (r == 0 && item->cond.otherwise && depth < MAX_DEPTH)
            r = walk_item(item->cond.otherwise, includes, depth + 1, visit, ctx);
    }
    if (item->kind == AAJ_ITEM_INCLUDE && includes)
        for (uint32_t i = 0; r == 0 && i < item->include.n_files; i++)
            r = walk(&item->include.file[i]->top, includes, depth + 1, visit, ctx);
    return r;
}

static int walk(struct aaj_block *block, bool includes, unsigned depth, aaj_item_visit visit, void *ctx)
{
    struct aaj_item *next;
    int r = depth > MAX_DEPTH ? -ELOOP : 0;

    for (struct aaj_item *item = block->first; r == 0 && item; item = next) {
        next = item->next; /* the visitor may take the item out */
        if (item->state != AAJ_STATE_REMOVED)
            r = walk_item(item, includes, depth, visit, ctx);
    }
    return r;
}

int aaj_block_walk(struct aaj_block *block, bool includes, aaj_item_visit visit, void *ctx)
{
    return walk(block, includes, 0, visit, ctx);
}

int aaj_policy_walk(struct aaj_policy *policy, bool includes, aaj_item_visit visit, void *ctx)
{
    return walk(&policy->top, includes, 0, visit, ctx);
}

void aaj_block_insert(struct aaj_policy *policy, struct aaj_item *parent, struct aaj_item *after,
                      struct aaj_item *item)
{
    struct aaj_block *block = parent ? aaj_item_block(parent) : &policy->top;

    item->policy = policy;
    item->parent = parent;
    item->prev = after;
    item->next = after ? after->next : block->first;
    if (item->prev)
        item->prev->next = item;
    else
        block->first = item;
    if (item->next)
        item->next->prev = item;
    else
        block->last = item;
}

void aaj_block_append(struct aaj_policy *policy, struct aaj_item *parent, struct aaj_item *item)
{
    struct aaj_block *block = parent ? aaj_item_block(parent) : &policy->top;

    aaj_block_insert(policy, parent, block->last, item);
}

void aaj_item_remove(struct aaj_item *item)
{
    struct aaj_block *block = item->parent ? aaj_item_block(item->parent) : &item->policy->top;

    if (item->state != AAJ_STATE_NEW) {
        item->state = AAJ_STATE_REMOVED;
        return;
    }
    if (item->prev)
        item->prev->next = item->next;
    else
        block->first = item->next;
    if (item->next)
        item->next->prev = item->prev;
    else
        block->last = item->prev;
    item->prev = item->next = item->parent = NULL;
}
