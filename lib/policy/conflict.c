/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One file can be executed in one way only. Two rules that say different things about the same name are
 * an error, unless one is exact and the other has wildcards: then the exact one wins, as it does over
 * rules of lower priority. Owner and other are decided each on their own.
 * Facts: is_merged_x_consistent() in immunix.h, perms_t in libapparmor_re/hfa.cc.
 *
 * Rules that say the same become one automaton, and each two automata are intersected: a handful of
 * walks however many rules there are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/grow.h"
#include "glob/glob.h"
#include "policy/check.h"

/* Rules that cannot override each other, and what they say. */
struct group {
    struct aaj_str key;  /* what happens at exec */
    struct aaj_str rank; /* exact or not, priority, file or change_profile */
    struct aaj_glob *glob;
};

struct exec_rule {
    struct aaj_item *item;
    uint32_t group;
};

struct collect {
    struct aaj_parser *ps;
    struct aaj_item *profile;
    enum aaj_rule_owner side;
    struct group *group;
    size_t n_groups, cap_groups;
    struct exec_rule *rule;
    size_t n_rules, cap_rules;
    bool owners; /* some rule speaks of the owner or others only */
};

enum { MAX_GROUPS = 256 };

static const struct aaj_text all_files = { AAJ_STR_INIT("/{**,}"), AAJ_STR_INIT("/{**,}") };

/* Target and qualifier as they end up in the policy: `Cx -> a` of profile p is the same as `Px -> p//a`. */
static struct aaj_str exec_key(struct collect *c, const struct aaj_file_rule *rule)
{
    static const char *const fallback[] = { "", "i", "", "", "", "i", "i", "u", "u" };
    static const char *const kind[] = { "", "", "p", "c", "u", "p", "c", "p", "c" };
    bool ix = rule->exec == AAJ_EXEC_IX || !aaj_text_set(rule->path);
    bool unsafe = rule->safe ? rule->safe == AAJ_SAFE_UNSAFE : !ix && !rule->scrub;
    bool child = rule->exec == AAJ_EXEC_CX || rule->exec == AAJ_EXEC_CIX || rule->exec == AAJ_EXEC_CUX;
    struct aaj_arena *arena = c->ps->rd->arena;
    const char *tail = ix ? "i" : fallback[rule->exec];

    if (!aaj_text_set(rule->target) || (child && aaj_str_eq(rule->target.value, rule->path.value)))
        return aaj_arena_printf(arena, "%s%s%s", unsafe ? "!" : "", ix ? "" : kind[rule->exec], tail);
    return aaj_arena_printf(arena, "%s>%s%.*s%s%.*s", unsafe ? "!" : "", tail,
                            child ? (int)c->profile->profile.full_name.n : 0, c->profile->profile.full_name.p,
                            child ? "//" : "", AAJ_STR_ARG(rule->target.value));
}

static int find_group(struct collect *c, struct aaj_str key, struct aaj_str rank, uint32_t *ret_group)
{
    for (size_t i = 0; i < c->n_groups; i++)
        if (aaj_str_eq(c->group[i].key, key) && aaj_str_eq(c->group[i].rank, rank)) {
            *ret_group = (uint32_t)i;
            return 0;
        }
    if (c->n_groups >= MAX_GROUPS)
        return -E2BIG;
    if (AAJ_GROW(c->group, c->n_groups, c->cap_groups) < 0)
        return -ENOMEM;
    c->group[c->n_groups] = (struct group){ .key = key, .rank = rank };
    *ret_group = (uint32_t)c->n_groups;
    return aaj_glob_new(&c->group[c->n_groups++].glob);
}

static bool is_wild(struct aaj_str value, unsigned flags)
{
    struct aaj_glob *glob = NULL;
    bool wild = aaj_glob_compile(value, flags, &glob, NULL) == 0 && aaj_glob_is_wild(glob);

    aaj_glob_free(glob);
    return wild;
}

static int add_rule(struct collect *c, struct aaj_item *item, struct aaj_str pattern, unsigned flags,
                    struct aaj_str key)
{
    struct aaj_str rank = aaj_arena_printf(c->ps->rd->arena, "%d %d %d %d", item->rule.kind, is_wild(pattern, flags),
                                           item->rule.prefix.priority, item->rule.prefix.mode == AAJ_MODE_PROMPT);
    uint32_t group;
    int r = key.p && rank.p ? find_group(c, key, rank, &group) : -ENOMEM;

    if (r == 0 && AAJ_GROW(c->rule, c->n_rules, c->cap_rules) < 0)
        r = -ENOMEM;
    if (r == 0)
        r = aaj_glob_add(c->group[group].glob, pattern, flags, (uint32_t)c->n_rules, NULL);
    if (r == 0)
        c->rule[c->n_rules++] = (struct exec_rule){ item, group };
    return r == -EINVAL ? 0 : r; /* a bad glob has been told */
}

static int expand(struct collect *c, struct aaj_text text, struct aaj_str *ret_value)
{
    struct aaj_str missing;
    int r = aaj_vars_expand(&c->ps->rd->vars, c->ps->rd->arena, text.value, ret_value, &missing);

    return r == -ENOMEM ? r : r < 0 ? 1 : 0;
}

static int collect_file(struct collect *c, struct aaj_item *item)
{
    const struct aaj_file_rule *rule = &item->rule.file;
    struct aaj_str value;
    int r = expand(c, aaj_text_set(rule->path) ? rule->path : all_files, &value);

    if (r)
        return r < 0 ? r : 0;
    return add_rule(c, item, value, AAJ_GLOB_PATH, exec_key(c, rule));
}

/* change_profile PROGRAM -> TARGET: both together are the name; safe against unsafe is the question. */
static int collect_change_profile(struct collect *c, struct aaj_item *item)
{
    const struct aaj_change_profile_rule *rule = &item->rule.change_profile;
    struct aaj_str exec, target = AAJ_STR("**"), both;
    int r;

    if (!aaj_text_set(rule->exec))
        return 0;
    r = expand(c, rule->exec, &exec);
    if (r == 0 && aaj_text_set(rule->target))
        r = expand(c, rule->target, &target);
    if (r)
        return r < 0 ? r : 0;
    both = aaj_arena_printf(c->ps->rd->arena, "%.*s\001%.*s", AAJ_STR_ARG(exec), AAJ_STR_ARG(target));
    if (!both.p)
        return -ENOMEM;
    return add_rule(c, item, both, 0, rule->safe == AAJ_SAFE_UNSAFE ? AAJ_STR("!") : AAJ_STR("safe"));
}

static enum aaj_rule_owner owner_of(const struct collect *c, const struct aaj_item *item)
{
    for (const struct aaj_item *i = item; i; i = aaj_parser_up(c->ps, i)) {
        const struct aaj_prefix *prefix = i->kind == AAJ_ITEM_RULE    ? &i->rule.prefix
                                          : i->kind == AAJ_ITEM_BLOCK ? &i->block.prefix
                                                                      : NULL;

        if (prefix && prefix->owner)
            return prefix->owner;
    }
    return AAJ_OWNER_ANY;
}

static int collect_rule(struct collect *c, struct aaj_item *item)
{
    enum aaj_rule_owner owner = owner_of(c, item);
    bool file = item->rule.kind == AAJ_RULE_FILE;

    if (item->rule.prefix.mode == AAJ_MODE_DENY)
        return 0;
    if (!(file && (item->rule.file.perms & AAJ_MAY_EXEC || !aaj_text_set(item->rule.file.path))) &&
        item->rule.kind != AAJ_RULE_CHANGE_PROFILE)
        return 0;
    c->owners |= owner != AAJ_OWNER_ANY;
    if (owner != AAJ_OWNER_ANY && owner != c->side)
        return 0;
    return file ? collect_file(c, item) : collect_change_profile(c, item);
}

static int collect_block(struct collect *c, struct aaj_block *block);

static int collect_item(struct collect *c, struct aaj_item *item)
{
    int r = 0;

    switch (item->kind) {
    case AAJ_ITEM_RULE:
        return collect_rule(c, item);
    case AAJ_ITEM_BLOCK:
        if (item->block.prefix.mode == AAJ_MODE_DENY)
            return 0;
        return collect_block(c, &item->block.body);
    case AAJ_ITEM_IF:
        if (item->cond.truth)
            return collect_item(c, item->cond.then);
        return item->cond.otherwise ? collect_item(c, item->cond.otherwise) : 0;
    case AAJ_ITEM_INCLUDE:
        for (uint32_t i = 0; r == 0 && i < item->include.n_files; i++)
            r = collect_block(c, &item->include.file[i]->top);
        return r;
    default:
        return 0; /* child profiles are looked at on their own */
    }
}

/* Blocks nest as deeply as the reader let them. */
static int collect_block(struct collect *c, struct aaj_block *block)
{
    int r = 0;

    for (struct aaj_item *item = block->first; r == 0 && item; item = item->next)
        r = collect_item(c, item);
    return r;
}

/* The rule of @group that matches @name. */
static struct aaj_item *rule_for(struct collect *c, const struct group *group, struct aaj_str name)
{
    uint32_t state, tag;

    if (aaj_glob_walk(group->glob, AAJ_GLOB_START, name, &state) < 0 ||
        aaj_glob_tags(group->glob, state, &tag, 1) == 0)
        return c->profile;
    return c->rule[tag].item;
}

static void point_at(struct collect *c, const struct aaj_item *item, const char *what)
{
    struct aaj_loc loc = aaj_item_loc(item);
    struct aaj_str line = aaj_loc_line(item->policy->text, item->start, &loc);

    aaj_diag_add(c->ps->rd->diags, AAJ_NOTE, "policy-syntax", loc, line, "%s", what);
}

/* At the later rule of the two; where that stands in another file, at the profile. */
static int say(struct collect *c, const struct group *a, const struct group *b, struct aaj_str name)
{
    struct aaj_item *first = rule_for(c, a, name), *later = rule_for(c, b, name), *swap = first;
    struct aaj_parser *ps = c->ps;
    const char *shown = aaj_escape(ps->rd->arena, aaj_str_head(name, aaj_str_find(name, '\001')));
    int r;

    if (first->policy == later->policy && first->start > later->start) {
        first = later;
        later = swap;
    }
    if (later->policy == ps->policy) {
        r = aaj_check_fail(ps, later, "another rule wants '%s' executed in a different way", shown);
        point_at(c, first, "the other rule is here");
        return r;
    }
    r = aaj_check_fail(ps, c->profile, "rules of this profile want '%s' executed in different ways", shown);
    point_at(c, first, "one rule is here");
    point_at(c, later, "the other rule is here");
    return r;
}

static int compare_groups(struct collect *c)
{
    struct aaj_str name;
    int r = 0;

    for (size_t a = 0; r >= 0 && a < c->n_groups; a++)
        for (size_t b = a + 1; r >= 0 && b < c->n_groups; b++) {
            if (!aaj_str_eq(c->group[a].rank, c->group[b].rank))
                continue;
            r = aaj_glob_intersect(c->group[a].glob, c->group[b].glob, c->ps->rd->arena, &name);
            if (r == 1)
                r = say(c, &c->group[a], &c->group[b], name);
        }
    return r;
}

static int check_side(struct aaj_parser *ps, struct aaj_item *profile, enum aaj_rule_owner side, bool *ret_owners)
{
    struct collect c = { .ps = ps, .profile = profile, .side = side };
    int r = collect_block(&c, &profile->profile.body);

    if (r == 0)
        r = compare_groups(&c);
    if (r == -E2BIG)
        aaj_diag_add(ps->rd->diags, AAJ_WARNING, "policy-exec-conflict", aaj_item_loc(profile), (struct aaj_str){ 0 },
                     "too many different exec rules to look for conflicts among them");
    for (size_t i = 0; i < c.n_groups; i++)
        aaj_glob_free(c.group[i].glob);
    free(c.group);
    free(c.rule);
    *ret_owners = c.owners;
    return r == -ENOMEM || r == -EINVAL ? r : 0;
}

int aaj_check_exec_conflicts(struct aaj_parser *ps, struct aaj_item *profile)
{
    bool owners;
    int r = check_side(ps, profile, AAJ_OWNER_OWNER, &owners);

    if (r == 0 && owners)
        r = check_side(ps, profile, AAJ_OWNER_OTHER, &owners);
    return r;
}
