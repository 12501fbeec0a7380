/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "learn/cover.h"

#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "policy/parse.h"

struct maker {
    struct aaj_cover *cover;
    struct aaj_vars vars;
    struct aaj_arena scratch;
};

struct aaj_cover *aaj_cover_free(struct aaj_cover *cover)
{
    if (cover) {
        aaj_glob_free(cover->glob);
        free(cover->rule);
        free(cover);
    }
    return NULL;
}

static int take_variable(void *ctx, struct aaj_item *item)
{
    struct aaj_vars *vars = ctx;

    if (item->kind == AAJ_ITEM_PROFILE)
        return 0;
    /* one that is set twice keeps its first value: this only decides what need not be written again */
    if (item->kind == AAJ_ITEM_VARIABLE && aaj_vars_assign(vars, item, false, NULL) == -ENOMEM)
        return -ENOMEM;
    return 0;
}

int aaj_cover_variables(struct aaj_policy *policy, struct aaj_vars *vars)
{
    return aaj_policy_walk(policy, true, take_variable, vars);
}

static int take_rule(void *ctx, struct aaj_item *item)
{
    struct maker *m = ctx;
    const struct aaj_rule *rule = &item->rule;
    struct aaj_str glob, missing;
    int r;

    if (item->kind != AAJ_ITEM_RULE || rule->kind != AAJ_RULE_FILE || !aaj_text_set(rule->file.path))
        return 0;
    if (rule->prefix.mode == AAJ_MODE_DENY || rule->prefix.owner == AAJ_OWNER_OTHER || rule->prefix.has_priority)
        return 0;
    r = aaj_vars_expand(&m->vars, &m->scratch, rule->file.path.value, &glob, &missing);
    if (r < 0)
        return r == -ENOMEM ? r : 0;
    if (AAJ_GROW(m->cover->rule, m->cover->n, m->cover->cap) < 0)
        return -ENOMEM;
    r = aaj_glob_add(m->cover->glob, glob, AAJ_GLOB_PATH, (uint32_t)m->cover->n, NULL);
    if (r < 0)
        return r == -ENOMEM ? r : 0;
    m->cover->rule[m->cover->n++] = (struct aaj_cover_rule){
        rule->file.perms & ~(uint32_t)AAJ_MAY_EXEC, rule->prefix.owner == AAJ_OWNER_OWNER, item
    };
    return 0;
}

int aaj_cover_make(struct aaj_policy *policy, struct aaj_item *profile, struct aaj_cover **ret_cover)
{
    struct maker m = { .cover = calloc(1, sizeof(*m.cover)) };
    int r = m.cover ? aaj_vars_init(&m.vars) : -ENOMEM;

    if (r < 0) {
        free(m.cover);
        return r;
    }
    r = aaj_glob_new(&m.cover->glob);
    if (r == 0)
        r = aaj_cover_variables(policy, &m.vars);
    if (r == 0)
        r = aaj_block_walk(&profile->profile.body, true, take_rule, &m);
    aaj_vars_clear(&m.vars);
    aaj_arena_clear(&m.scratch);
    if (r < 0) {
        aaj_cover_free(m.cover);
        return r;
    }
    *ret_cover = m.cover;
    return 0;
}

uint32_t aaj_cover_perms_at(const struct aaj_cover *cover, uint32_t state, bool owner)
{
    uint32_t tags[64], perms = 0;
    size_t n = aaj_glob_tags(cover->glob, state, tags, AAJ_ARRAY_SIZE(tags));

    for (size_t i = 0; i < n && i < AAJ_ARRAY_SIZE(tags); i++)
        if (owner || !cover->rule[tags[i]].owner)
            perms |= cover->rule[tags[i]].perms;
    return perms & AAJ_MAY_WRITE ? perms | AAJ_MAY_APPEND : perms;
}

int aaj_cover_perms(struct aaj_cover *cover, struct aaj_str name, bool owner, uint32_t *ret_perms)
{
    uint32_t state;
    int r = aaj_glob_walk(cover->glob, AAJ_GLOB_START, name, &state);

    if (r == 0)
        *ret_perms = aaj_cover_perms_at(cover, state, owner);
    return r;
}

int aaj_cover_read(const struct aaj_target *target, struct aaj_str text, struct aaj_str name, struct aaj_diags *diags,
                   struct aaj_policy **ret_policy)
{
    const char *base[2] = { target->base, target->abstraction_dir };
    struct aaj_policy_options options = {
        .flags = AAJ_POLICY_INCLUDES, .base = base, .n_bases = target->abstraction_dir ? 2 : 1
    };

    return aaj_policy_parse(text, name, &options, diags, ret_policy);
}

struct aaj_item *aaj_first_profile(struct aaj_policy *policy)
{
    for (struct aaj_item *i = policy->top.first; i; i = i->next)
        if (i->kind == AAJ_ITEM_PROFILE)
            return i;
    return NULL;
}
