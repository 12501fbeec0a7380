/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/place.h"

#include <errno.h>

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

/* The rule most like @rule: the longest common beginning, then the same owner; of equals the last that is
 * not behind it in order, else the first. */
static struct aaj_item *find_neighbour(struct aaj_block *block, const struct aaj_item *rule)
{
    const struct aaj_str mine = key(rule);
    struct aaj_item *best = NULL;
    size_t best_score = 0;

    for (struct aaj_item *i = block->first; i; i = i->next) {
        struct aaj_str theirs;
        size_t score, n;
        bool ordered;

        if (!is_there(i) || i->kind != AAJ_ITEM_RULE || i->rule.kind != rule->rule.kind ||
            i->rule.prefix.mode != rule->rule.prefix.mode)
            continue;
        theirs = key(i);
        n = in_common(theirs, mine);
        ordered = n == theirs.n || (n < mine.n && (uint8_t)theirs.p[n] < (uint8_t)mine.p[n]);
        score = 1 + n * 4 + (i->rule.prefix.owner == rule->rule.prefix.owner) * 2 + ordered;
        if (score > best_score || (ordered && score == best_score)) {
            best = i;
            best_score = score;
        }
    }
    return best;
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

static void place_by_rank(struct aaj_policy *policy, struct aaj_item *profile, struct aaj_item *rule)
{
    struct aaj_item *after = NULL, *next;

    for (struct aaj_item *i = profile->profile.body.first; i; i = i->next)
        if (is_there(i) && i->kind != AAJ_ITEM_COMMENT && !is_local(i) && rank(i) <= rank(rule))
            after = i;
    /* Nothing comes before it: above the first that comes behind, its comments included. */
    next = profile->profile.body.first;
    while (!after && next && next->kind == AAJ_ITEM_COMMENT)
        next = next->next;
    if (!after && next)
        after = above_comments(next);
    rule->blank_before = after && after->kind == AAJ_ITEM_RULE && after->rule.kind != rule->rule.kind &&
                         after->state != AAJ_STATE_NEW;
    aaj_block_insert(policy, profile, after, rule);
}

void aaj_place_rule(struct aaj_policy *policy, struct aaj_item *profile, struct aaj_item *rule)
{
    struct aaj_item *near = find_neighbour(&profile->profile.body, rule);

    if (!near)
        place_by_rank(policy, profile, rule);
    else if (aaj_str_cmp(key(near), key(rule)) > 0 && begins_nothing(near))
        aaj_block_insert(policy, profile, near->prev, rule);
    else
        aaj_block_insert(policy, profile, near, rule);
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

int aaj_place_include(struct aaj_merge *merge, struct aaj_item *profile, const struct aaj_item *include)
{
    struct aaj_item *after = NULL, *copy;

    for (struct aaj_item *i = profile->profile.body.first; i; i = i->next) {
        if (!is_there(i) || i->kind != AAJ_ITEM_INCLUDE)
            continue;
        if (aaj_str_eq(i->include.path.value, include->include.path.value)) {
            merge->present++;
            return 0;
        }
        if (!is_local(i))
            after = i;
    }
    copy = aaj_arena_new(merge->into->arena, struct aaj_item);
    if (!copy)
        return -ENOMEM;
    *copy = *include;
    copy->state = AAJ_STATE_NEW;
    copy->blank_before = 0;
    aaj_block_insert(merge->into, profile, after, copy);
    merge->added++;
    return 0;
}
