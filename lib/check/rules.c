/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check/rules.h"

#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "policy/print.h"
#include "policy/vars.h"

enum { DEPTH_MAX = 300, TAGS_MAX = 128 }; /* the reader bounds nesting at less */

struct lister {
    struct aaj_rules *out;
    struct aaj_vars vars;
};

/* Where a block stands. */
struct place {
    size_t profile; /* index + 1; 0: outside of any */
    struct aaj_str include;
    struct aaj_prefix prefix;
    unsigned depth;
};

static int list_block(struct lister *l, const struct aaj_block *block, struct place place);

static struct aaj_str expand(struct lister *l, struct aaj_text text)
{
    struct aaj_str out, missing;

    if (!aaj_text_set(text) || aaj_vars_expand(&l->vars, &l->out->arena, text.value, &out, &missing) < 0)
        return (struct aaj_str){ "", 0 };
    return out;
}

static int list_profile(struct lister *l, const struct aaj_item *item, struct place place)
{
    struct aaj_rules *out = l->out;
    struct aaj_listed_profile p = { .item = item, .name = item->profile.name.value,
                                    .loc = aaj_item_loc(item) };
    int r;

    if (place.profile)
        p.name = aaj_arena_printf(&out->arena, "%.*s//%.*s", AAJ_STR_ARG(out->profile[place.profile - 1].name),
                                  AAJ_STR_ARG(item->profile.name.value));
    if (!p.name.p)
        return -ENOMEM;
    p.attachment = expand(l, aaj_text_set(item->profile.attachment) ? item->profile.attachment : item->profile.name);
    r = aaj_glob_new(&p.files);
    if (r < 0)
        return r;
    if (AAJ_GROW(out->profile, out->n_profiles, out->cap_profiles) < 0) {
        aaj_glob_free(p.files);
        return -ENOMEM;
    }
    out->profile[out->n_profiles++] = p;
    place.profile = out->n_profiles;
    place.prefix = (struct aaj_prefix){ 0 };
    r = aaj_vars_set(&l->vars, AAJ_STR("profile_name"), p.name);
    return r == -ENOMEM ? r : list_block(l, &item->profile.body, place);
}

static struct aaj_prefix with_outer(struct aaj_prefix own, struct aaj_prefix outer)
{
    own.audit |= outer.audit;
    if (own.mode == AAJ_MODE_UNSAID)
        own.mode = outer.mode;
    if (own.owner == AAJ_OWNER_ANY)
        own.owner = outer.owner;
    return own;
}

static int list_rule(struct lister *l, const struct aaj_item *item, struct place place)
{
    const struct aaj_rule *rule = &item->rule;
    bool file = rule->kind == AAJ_RULE_FILE || rule->kind == AAJ_RULE_LINK;
    struct aaj_listed_rule r = { .item = item, .profile = l->out->profile[place.profile - 1].name,
                                 .include = place.include, .prefix = with_outer(rule->prefix, place.prefix),
                                 .loc = aaj_item_loc(item), .text = aaj_rule_text(&l->out->arena, rule) };
    const char *why;
    int err;

    if (!r.text.p || AAJ_GROW(l->out->rule, l->out->n_rules, l->out->cap_rules) < 0)
        return -ENOMEM;
    if (file)
        r.pattern = aaj_text_set(rule->file.path) ? expand(l, rule->file.path) : AAJ_STR("/{,**}");
    if (r.pattern.n) {
        err = aaj_glob_add(l->out->profile[place.profile - 1].files, r.pattern, AAJ_GLOB_PATH,
                           (uint32_t)l->out->n_rules, &why);
        if (err == -ENOMEM)
            return err;
        if (err < 0)
            r.pattern = (struct aaj_str){ 0 };
    }
    l->out->rule[l->out->n_rules++] = r;
    return 0;
}

static int list_include(struct lister *l, const struct aaj_item *item, struct place place)
{
    struct aaj_str path = item->include.path.value;
    int r = 0;

    if (place.profile && aaj_str_starts(path, AAJ_STR("local/")))
        l->out->profile[place.profile - 1].has_additions = true;
    if (!place.include.n)
        place.include = path;
    for (uint32_t i = 0; r == 0 && i < item->include.n_files; i++)
        r = list_block(l, &item->include.file[i]->top, place);
    return r;
}

static int list_item(struct lister *l, const struct aaj_item *item, struct place place)
{
    const struct aaj_item *branch;
    const char *why;
    int r;

    switch (item->kind) {
    case AAJ_ITEM_COMMENT:
        if (place.profile && aaj_str_search(item->comment, AAJ_STR(AAJ_LEARNED_MARK)) < item->comment.n)
            l->out->profile[place.profile - 1].has_additions = true;
        return 0;
    case AAJ_ITEM_ABI:
        if (place.profile && !place.include.n)
            l->out->profile[place.profile - 1].has_abi = true;
        else if (!place.include.n)
            l->out->has_abi = true;
        return 0;
    case AAJ_ITEM_VARIABLE:
    case AAJ_ITEM_BOOLEAN:
        r = aaj_vars_assign(&l->vars, item, true, &why);
        return r == -ENOMEM ? r : 0;
    case AAJ_ITEM_INCLUDE: return list_include(l, item, place);
    case AAJ_ITEM_PROFILE: return list_profile(l, item, place);
    case AAJ_ITEM_BLOCK:
        place.prefix = with_outer(item->block.prefix, place.prefix);
        return list_block(l, &item->block.body, place);
    case AAJ_ITEM_IF:
        branch = item->cond.truth ? item->cond.then : item->cond.otherwise;
        return branch ? list_item(l, branch, place) : 0;
    case AAJ_ITEM_RULE: return place.profile ? list_rule(l, item, place) : 0;
    default: return 0;
    }
}

static int list_block(struct lister *l, const struct aaj_block *block, struct place place)
{
    int r = 0;

    if (++place.depth > DEPTH_MAX)
        return -E2BIG;
    for (const struct aaj_item *i = block->first; r == 0 && i; i = i->next)
        if (i->state != AAJ_STATE_REMOVED)
            r = list_item(l, i, place);
    return r;
}

int aaj_rules_list(struct aaj_policy *policy, struct aaj_rules *ret_rules)
{
    struct lister l = { .out = ret_rules };
    int r;

    *ret_rules = (struct aaj_rules){ 0 };
    r = aaj_vars_init(&l.vars);
    if (r == 0) {
        r = list_block(&l, &policy->top, (struct place){ 0 });
        aaj_vars_clear(&l.vars);
    }
    if (r < 0)
        aaj_rules_clear(ret_rules);
    return r;
}

void aaj_rules_clear(struct aaj_rules *rules)
{
    for (size_t i = 0; i < rules->n_profiles; i++)
        aaj_glob_free(rules->profile[i].files);
    free(rules->profile);
    free(rules->rule);
    aaj_arena_clear(&rules->arena);
    *rules = (struct aaj_rules){ 0 };
}

const struct aaj_listed_profile *aaj_rules_profile(const struct aaj_rules *rules, struct aaj_str name)
{
    for (size_t i = 0; i < rules->n_profiles; i++)
        if (aaj_str_eq(rules->profile[i].name, name))
            return &rules->profile[i];
    return NULL;
}

/* What a file rule's letters stand for: w is append, create and delete too, ix brings m. */
static uint32_t letters(const struct aaj_file_rule *file)
{
    uint32_t mask = aaj_text_set(file->path) ? file->perms : UINT32_MAX;

    if (mask & AAJ_MAY_WRITE)
        mask |= AAJ_MAY_APPEND | AAJ_MAY_CREATE | AAJ_MAY_DELETE;
    if (file->exec == AAJ_EXEC_IX)
        mask |= AAJ_MAY_MMAP;
    return mask;
}

size_t aaj_rules_grant(const struct aaj_listed_profile *profile, const struct aaj_rules *rules, struct aaj_str name,
                       uint32_t mask, uint32_t *ret_rule, size_t cap)
{
    uint32_t tag[TAGS_MAX], state;
    size_t n, out = 0;

    if (aaj_glob_walk(profile->files, AAJ_GLOB_START, name, &state) < 0)
        return 0;
    n = aaj_glob_tags(profile->files, state, tag, TAGS_MAX);
    for (size_t i = 0; i < n && i < TAGS_MAX && out < cap; i++) {
        const struct aaj_listed_rule *r = &rules->rule[tag[i]];
        uint32_t says = r->item->rule.kind == AAJ_RULE_LINK ? (uint32_t)AAJ_MAY_LINK : letters(&r->item->rule.file);

        if (r->prefix.mode != AAJ_MODE_DENY && says & mask)
            ret_rule[out++] = tag[i];
    }
    return out;
}

static bool said(struct aaj_text text, struct aaj_str value)
{
    return !aaj_text_set(text) || aaj_str_eq(text.value, value);
}

bool aaj_rules_speaks_of(const struct aaj_listed_rule *listed, struct aaj_recording *rec, const struct aaj_access *access)
{
    const struct aaj_rule *rule = &listed->item->rule;
    struct aaj_str first = aaj_recording_str(rec, access->arg[0]), second = aaj_recording_str(rec, access->arg[1]);

    if (rule->prefix.mode == AAJ_MODE_DENY)
        return false;
    if (rule->kind == AAJ_RULE_ALL)
        return true;
    if (access->class == AAJ_CLASS_UNIX && rule->kind == AAJ_RULE_NETWORK)
        return said(rule->access.arg[0], AAJ_STR("unix"));
    if (aaj_rule_class(rule->kind) != (enum aaj_class)access->class)
        return false;
    switch (rule->kind) {
    case AAJ_RULE_CAPABILITY:
        for (uint32_t i = 0; i < rule->capability.n; i++)
            if (aaj_str_eq(rule->capability.item[i].value, first))
                return true;
        return rule->capability.n == 0;
    case AAJ_RULE_NETWORK: return said(rule->access.arg[0], first) && said(rule->access.arg[1], second);
    case AAJ_RULE_SIGNAL:
    case AAJ_RULE_PTRACE:
    case AAJ_RULE_UNIX:
    case AAJ_RULE_DBUS:
        return !rule->access.perms || (rule->access.perms & (access->requested | access->denied_mask));
    default: return true;
    }
}
