/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

static bool is_there(const struct aaj_item *item)
{
    return item->state != AAJ_STATE_REMOVED;
}

/* include … <local/…>: people keep it last. */
static bool is_local(const struct aaj_item *item)
{
    return item->kind == AAJ_ITEM_INCLUDE && aaj_str_starts(item->include.path.value, AAJ_STR("local/"));
}

/* The order in which kinds of rules usually stand in a profile. */
static int rank(const struct aaj_item *item)
{
    static const int by_kind[AAJ_RULE_KINDS] = {
        [AAJ_RULE_RLIMIT] = 1,  [AAJ_RULE_CAPABILITY] = 2, [AAJ_RULE_NETWORK] = 3, [AAJ_RULE_UNIX] = 4,
        [AAJ_RULE_USERNS] = 5,  [AAJ_RULE_MQUEUE] = 6,     [AAJ_RULE_IO_URING] = 7, [AAJ_RULE_SIGNAL] = 8,
        [AAJ_RULE_PTRACE] = 9,  [AAJ_RULE_DBUS] = 10,      [AAJ_RULE_MOUNT] = 11,  [AAJ_RULE_REMOUNT] = 11,
        [AAJ_RULE_UMOUNT] = 11, [AAJ_RULE_PIVOT_ROOT] = 12, [AAJ_RULE_CHANGE_PROFILE] = 13,
        [AAJ_RULE_ALL] = 14,    [AAJ_RULE_FILE] = 15,      [AAJ_RULE_LINK] = 16,
    };

    switch (item->kind) {
    case AAJ_ITEM_ABI:
    case AAJ_ITEM_INCLUDE:
        return 0;
    case AAJ_ITEM_RULE:
        return by_kind[item->rule.kind];
    default:
        return 17; /* blocks, conditions and children come behind the rules */
    }
}

/* What rules of a kind are ordered by. */
static struct aaj_str key(const struct aaj_item *item)
{
    const struct aaj_rule *rule = &item->rule;

    switch (rule->kind) {
    case AAJ_RULE_FILE:
    case AAJ_RULE_LINK:
        return rule->file.path.value;
    case AAJ_RULE_CAPABILITY:
        return rule->capability.n ? rule->capability.item[0].value : AAJ_STR("");
    case AAJ_RULE_CHANGE_PROFILE:
        return rule->change_profile.target.value;
    case AAJ_RULE_RLIMIT:
        return rule->rlimit.name.value;
    case AAJ_RULE_ALL:
        return AAJ_STR("");
    default:
        return rule->access.arg[0].value;
    }
}

static size_t in_common(struct aaj_str a, struct aaj_str b)
{
    size_t n = 0;

    while (n < a.n && n < b.n && a.p[n] == b.p[n])
        n++;
    return n;
}

static int compare(const struct aaj_item *a, const struct aaj_item *b)
{
    if (a->rule.kind != b->rule.kind)
        return a->rule.kind < b->rule.kind ? -1 : 1;
    if (a->rule.prefix.mode != b->rule.prefix.mode)
        return a->rule.prefix.mode < b->rule.prefix.mode ? -1 : 1;
    return aaj_str_cmp(key(a), key(b));
}

static bool same_kind(const struct aaj_item *a, const struct aaj_item *b)
{
    return a->rule.kind == b->rule.kind && a->rule.prefix.mode == b->rule.prefix.mode;
}

void aaj_rule_order_clear(struct aaj_rule_order *order)
{
    free(order->rule);
    *order = (struct aaj_rule_order){ 0 };
}

/* Of equals in the order of the file. */
static int by_key(const void *a, const void *b)
{
    const struct aaj_item *x = *(struct aaj_item *const *)a, *y = *(struct aaj_item *const *)b;
    int order = compare(x, y);

    return order ? order : (x->start > y->start) - (x->start < y->start);
}

static int fill(struct aaj_rule_order *order, struct aaj_block *block)
{
    for (struct aaj_item *i = block->first; i; i = i->next) {
        if (!is_there(i) || i->kind != AAJ_ITEM_RULE)
            continue;
        if (AAJ_GROW(order->rule, order->n, order->cap) < 0)
            return -ENOMEM;
        order->rule[order->n++] = i;
    }
    if (order->n)
        qsort(order->rule, order->n, sizeof(*order->rule), by_key);
    order->filled = true;
    return 0;
}

/* How many are not behind @rule. */
static size_t position(const struct aaj_rule_order *order, const struct aaj_item *rule)
{
    size_t from = 0, to = order->n;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (compare(order->rule[middle], rule) <= 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static int note_place(struct aaj_rule_order *order, struct aaj_item *rule)
{
    size_t at = position(order, rule);

    if (AAJ_GROW(order->rule, order->n, order->cap) < 0)
        return -ENOMEM;
    memmove(&order->rule[at + 1], &order->rule[at], (order->n - at) * sizeof(*order->rule));
    order->rule[at] = rule;
    order->n++;
    return 0;
}

/* Shares as much with @rule as any does. */
static bool is_near(const struct aaj_item *item, const struct aaj_item *rule, size_t shared)
{
    return same_kind(item, rule) && in_common(key(item), key(rule)) >= shared;
}

/* No more in common than a slash: of one folder's rules an owner's keep together, but not of the whole tree's. */
static bool same_owner(const struct aaj_item *item, const struct aaj_item *rule, size_t shared)
{
    return shared <= 1 || item->rule.prefix.owner == rule->rule.prefix.owner;
}

/* The rule most like @rule: the longest common beginning, then the same owner, then the last that is not behind it in
 * order, else the first that is. NULL: none of its kind. */
static struct aaj_item *find_neighbour(const struct aaj_rule_order *order, const struct aaj_item *rule)
{
    struct aaj_item *const *all = order->rule, *best = NULL;
    size_t at = position(order, rule), shared = 0;

    if (at > 0 && same_kind(all[at - 1], rule))
        shared = in_common(key(all[at - 1]), key(rule));
    if (at < order->n && same_kind(all[at], rule) && in_common(key(all[at]), key(rule)) > shared)
        shared = in_common(key(all[at]), key(rule));
    for (size_t i = at; i > 0 && is_near(all[i - 1], rule, shared); i--) {
        best = best ? best : all[i - 1];
        if (same_owner(all[i - 1], rule, shared))
            return all[i - 1];
    }
    for (size_t i = at; i < order->n && is_near(all[i], rule, shared); i++) {
        best = best ? best : all[i];
        if (same_owner(all[i], rule, shared))
            return all[i];
    }
    return best;
}

/* Where a group is in no order, its end: past rules as near that are not behind @rule either. */
static struct aaj_item *end_of_group(struct aaj_item *near, const struct aaj_item *rule)
{
    size_t shared = in_common(key(near), key(rule));

    while (near->next && near->next->kind == AAJ_ITEM_RULE && is_there(near->next) && !near->next->blank_before &&
           is_near(near->next, rule, shared) && compare(near->next, rule) <= 0)
        near = near->next;
    return near;
}

/* Comments directly above an item belong to it. */
static struct aaj_item *above_comments(struct aaj_item *item)
{
    struct aaj_item *at = item->prev;

    while (at && at->kind == AAJ_ITEM_COMMENT && at->next->blank_before == 0)
        at = at->prev;
    return at;
}

/* Neither a comment nor an empty line sets @item off from what is above it. */
static bool begins_nothing(const struct aaj_item *item)
{
    return item->blank_before == 0 && (!item->prev || item->prev->kind == AAJ_ITEM_RULE);
}

static bool new_section(const struct aaj_item *item, const struct aaj_item *before)
{
    if (item->kind != AAJ_ITEM_RULE || !before)
        return false;
    return before->kind == AAJ_ITEM_INCLUDE || before->kind == AAJ_ITEM_ABI ||
           (before->kind == AAJ_ITEM_RULE && before->rule.kind != item->rule.kind);
}

/* Does whoever keeps the file set kinds of rules off by empty lines? Where it shows neither way: yes. */
static bool sets_kinds_off(const struct aaj_block *block)
{
    size_t with = 0, without = 0;

    for (const struct aaj_item *i = block->first; i; i = i->next) {
        if (i->state != AAJ_STATE_READ || !new_section(i, i->prev) || i->prev->state != AAJ_STATE_READ)
            continue;
        with += i->blank_before > 0;
        without += i->blank_before == 0;
    }
    return with >= without;
}

/* The last that usually stands before @rule. An include behind rules is no head of a profile any more. */
static struct aaj_item *last_before(struct aaj_block *block, const struct aaj_item *rule)
{
    struct aaj_item *after = NULL;
    bool rules = false;

    for (struct aaj_item *i = block->first; i; i = i->next) {
        if (!is_there(i) || i->kind == AAJ_ITEM_COMMENT || is_local(i))
            continue;
        if (rank(i) <= rank(rule) && !(rules && rank(i) == 0))
            after = i;
        rules |= i->kind != AAJ_ITEM_INCLUDE && i->kind != AAJ_ITEM_ABI;
    }
    return after;
}

static void place_by_rank(struct aaj_policy *policy, struct aaj_item *profile, struct aaj_item *rule)
{
    struct aaj_item *after = last_before(&profile->profile.body, rule), *next;

    /* Nothing comes before it: above the first that comes behind, its comments included. */
    next = profile->profile.body.first;
    while (!after && next && next->kind == AAJ_ITEM_COMMENT)
        next = next->next;
    if (!after && next)
        after = above_comments(next);
    rule->blank_before = new_section(rule, after) && sets_kinds_off(&profile->profile.body);
    aaj_block_insert(policy, profile, after, rule);
}

/* ---- groups with a comment: what somebody wrote about these rules ---- */

enum { GROUP_LOOK = 64 }; /* a group that is longer is the profile itself, and its comment says little */

static bool is_path(const struct aaj_item *item)
{
    return item->kind == AAJ_ITEM_RULE && (item->rule.kind == AAJ_RULE_FILE || item->rule.kind == AAJ_RULE_LINK) && is_there(item);
}

/* The folder that a path lies in for certain: "/etc/" of `/etc/{a,b}/c`, "@{PROC}/" of `@{PROC}/[0-9]*`. */
static struct aaj_str folder(struct aaj_str path)
{
    size_t n = 0;

    for (size_t i = 0; i < path.n && !strchr("*?[", path.p[i]) && (path.p[i] != '{' || (i > 0 && path.p[i - 1] == '@')); i++)
        if (path.p[i] == '/')
            n = i + 1;
    return aaj_str_head(path, n);
}

/* The first of the lines around @item that no empty line divides; NULL: a comment heads no such group. */
static struct aaj_item *commented_group(struct aaj_item *item)
{
    for (int n = 0; n < GROUP_LOOK; n++, item = item->prev) {
        if (item->prev && item->prev->kind == AAJ_ITEM_COMMENT && item->blank_before == 0)
            return item;
        if (item->blank_before > 0 || !item->prev || item->prev->kind != AAJ_ITEM_RULE)
            return NULL;
    }
    return NULL;
}

/* Does @rule lie in the folder that all of the group do, as somebody's "# the database" does? */
static bool belongs(const struct aaj_item *first, const struct aaj_item *rule)
{
    struct aaj_str all = { 0 };
    const struct aaj_item *i = first;

    for (int n = 0; i && is_path(i) && n < GROUP_LOOK && (i == first || i->blank_before == 0); n++, i = i->next) {
        struct aaj_str one = folder(key(i));

        all = all.p ? folder(aaj_str_head(all, in_common(all, one))) : one;
    }
    return aaj_str_starts(key(rule), all);
}

/* Not into a group about something else: beside a rule that is in none, else into one of their own at the end. */
static bool place_stray(struct aaj_rule_order *order, struct aaj_policy *policy, struct aaj_item *profile, struct aaj_item *rule,
                        struct aaj_item **near)
{
    struct aaj_item *first = is_path(rule) && is_path(*near) ? commented_group(*near) : NULL;
    size_t at = position(order, rule);

    if (!first || belongs(first, rule))
        return false;
    for (size_t i = 0; i < GROUP_LOOK; i++) {
        struct aaj_item *const around[] = { i < at ? order->rule[at - 1 - i] : NULL, at + i < order->n ? order->rule[at + i] : NULL };

        for (int k = 0; k < 2; k++)
            if (around[k] && around[k]->state == AAJ_STATE_READ && same_kind(around[k], rule) && !commented_group(around[k])) {
                *near = around[k];
                return false;
            }
    }
    rule->blank_before = order->stray ? 0 : 1;
    aaj_block_insert(policy, profile, order->stray ? order->stray : last_before(&profile->profile.body, rule), rule);
    order->stray = rule;
    return true;
}

int aaj_place_rule(struct aaj_rule_order *order, struct aaj_policy *policy, struct aaj_item *profile,
                   struct aaj_item *rule)
{
    struct aaj_item *near;
    int r = order->filled ? 0 : fill(order, &profile->profile.body);

    if (r < 0)
        return r;
    near = find_neighbour(order, rule);
    if (near && place_stray(order, policy, profile, rule, &near))
        return note_place(order, rule);
    if (!near)
        place_by_rank(policy, profile, rule);
    else if (compare(near, rule) <= 0)
        aaj_block_insert(policy, profile, end_of_group(near, rule), rule);
    else if (begins_nothing(near))
        aaj_block_insert(policy, profile, near->prev, rule);
    else
        aaj_block_insert(policy, profile, near, rule);
    return note_place(order, rule);
}

void aaj_place_profile(struct aaj_policy *policy, struct aaj_item *parent, struct aaj_item *profile)
{
    struct aaj_item *after = parent->profile.body.last;

    for (struct aaj_item *i = parent->profile.body.first; i; i = i->next)
        if (is_there(i) && i->kind == AAJ_ITEM_PROFILE)
            after = i;
    while (after && (is_local(after) || !is_there(after)))
        after = after->prev;
    aaj_block_insert(policy, parent, after, profile);
}

/* Is `#include` how this file says it? */
static bool says_hash(const struct aaj_policy *policy, const struct aaj_block *block)
{
    for (const struct aaj_item *i = block->first; i; i = i->next)
        if (i->kind == AAJ_ITEM_INCLUDE && i->state == AAJ_STATE_READ)
            return i->include.hash;
    return block != &policy->top && says_hash(policy, &policy->top);
}

void aaj_place_spell(struct aaj_policy *policy, const struct aaj_item *profile, struct aaj_item *include)
{
    include->include.hash = says_hash(policy, &profile->profile.body);
}

/* Does the block bring it in, itself or through another include? */
static bool brings_in(const struct aaj_block *block, struct aaj_str path)
{
    for (const struct aaj_item *i = block->first; i; i = i->next) {
        if (!is_there(i) || i->kind != AAJ_ITEM_INCLUDE)
            continue;
        if (aaj_str_eq(i->include.path.value, path))
            return true;
        for (uint32_t k = 0; k < i->include.n_files; k++)
            if (brings_in(&i->include.file[k]->top, path))
                return true;
    }
    return false;
}

static struct aaj_item *last_include(const struct aaj_block *block)
{
    struct aaj_item *last = NULL;

    for (struct aaj_item *i = block->first; i && i->kind != AAJ_ITEM_RULE; i = i->next)
        if (is_there(i) && i->kind == AAJ_ITEM_INCLUDE && !is_local(i))
            last = i;
    return last;
}

int aaj_place_include(struct aaj_merge *merge, struct aaj_item *profile, const struct aaj_item *include)
{
    struct aaj_block *block = &profile->profile.body;
    struct aaj_item *copy;

    if (brings_in(block, include->include.path.value)) {
        merge->present++;
        return 0;
    }
    copy = aaj_arena_new(merge->into->arena, struct aaj_item);
    if (!copy)
        return -ENOMEM;
    *copy = *include;
    copy->state = AAJ_STATE_NEW;
    copy->blank_before = 0;
    aaj_place_spell(merge->into, profile, copy);
    aaj_block_insert(merge->into, profile, last_include(block), copy);
    merge->added++;
    return 0;
}
