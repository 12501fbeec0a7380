/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one profile says already: its own rules, and those of what it includes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "policy/merge_private.h"

static int note_variable(void *ctx, struct aaj_item *item)
{
    const char *why;
    int r = 0;

    if (item->kind == AAJ_ITEM_VARIABLE)
        r = aaj_vars_assign(ctx, item, false, &why);
    return r == -ENOMEM ? r : 0;
}

int aaj_merge_expand(struct aaj_merge_index *ix, struct aaj_str text, struct aaj_str *ret_value)
{
    struct aaj_str missing;
    int r = aaj_vars_expand(&ix->vars, ix->merge->into->arena, text, ret_value, &missing);

    if (r < 0 && r != -ENOMEM) {
        *ret_value = text;
        return 0;
    }
    return r;
}

bool aaj_merge_is_wild(struct aaj_str value)
{
    struct aaj_glob *glob = NULL;
    bool wild = (memchr(value.p, '*', value.n) || memchr(value.p, '?', value.n) || memchr(value.p, '[', value.n)) &&
                aaj_glob_compile(value, AAJ_GLOB_PATH, &glob, NULL) == 0 && aaj_glob_is_wild(glob);

    aaj_glob_free(glob);
    return wild;
}

/* What stands around a rule: the prefixes of its blocks, and whether a condition leaves it open. */
struct around {
    bool deny, unsure;
    enum aaj_rule_owner owner;
};

static int note_file(struct aaj_merge_index *ix, struct aaj_item *item, struct around around)
{
    struct aaj_known known = { .item = item, .owner = item->rule.prefix.owner, .unsure = around.unsure };
    int r;

    if (!aaj_text_set(item->rule.file.path))
        return 0;
    known.deny = item->rule.prefix.mode == AAJ_MODE_DENY || around.deny;
    known.owner = around.owner ? around.owner : known.owner;
    r = aaj_merge_expand(ix, item->rule.file.path.value, &known.value);
    if (r == 0 && AAJ_GROW(ix->file, ix->n_files, ix->cap_files) < 0)
        r = -ENOMEM;
    if (r == 0)
        r = aaj_glob_add(ix->glob, known.value, AAJ_GLOB_PATH, (uint32_t)ix->n_files, NULL);
    if (r == -EINVAL) /* a variable that is not known, or a bad glob: it grants nothing we can tell */
        return 0;
    if (r == 0) {
        known.wild = aaj_merge_is_wild(known.value);
        ix->file[ix->n_files++] = known;
    }
    return r;
}

static bool takes_conds(const struct aaj_rule *rule)
{
    return rule->kind >= AAJ_RULE_NETWORK && rule->kind <= AAJ_RULE_PTRACE;
}

/* A copy whose values have their variables put in. */
static int expand_conds(struct aaj_merge_index *ix, struct aaj_conds *conds)
{
    struct aaj_arena *arena = ix->merge->into->arena;
    struct aaj_cond *cond = aaj_arena_new_array(arena, conds->n + 1, struct aaj_cond);
    int r = cond ? 0 : -ENOMEM;

    for (uint32_t i = 0; r == 0 && i < conds->n; i++) {
        struct aaj_texts *values = &cond[i].values;

        cond[i] = conds->item[i];
        values->item = aaj_arena_new_array(arena, values->n + 1, struct aaj_text);
        r = values->item ? 0 : -ENOMEM;
        for (uint32_t k = 0; r == 0 && k < values->n; k++) {
            values->item[k] = conds->item[i].values.item[k];
            r = aaj_merge_expand(ix, values->item[k].value, &values->item[k].value);
        }
    }
    conds->item = cond;
    return r;
}

static int note_other(struct aaj_merge_index *ix, struct aaj_item *item, struct around around)
{
    struct aaj_other other = { .item = item, .rule = item->rule };
    int r = 0;

    if (around.deny || around.owner || around.unsure)
        return 0;
    if (takes_conds(&item->rule))
        r = expand_conds(ix, &other.rule.access.conds);
    if (r == 0 && takes_conds(&item->rule))
        r = expand_conds(ix, &other.rule.access.peer);
    if (r == 0 && AAJ_GROW(ix->other, ix->n_other, ix->cap_other) < 0)
        r = -ENOMEM;
    if (r == 0)
        ix->other[ix->n_other++] = other;
    return r;
}

static int note_item(struct aaj_merge_index *ix, struct aaj_item *item, struct around around);

static int note_items(struct aaj_merge_index *ix, struct aaj_block *block, struct around around)
{
    int r = 0;

    for (struct aaj_item *item = block->first; r == 0 && item; item = item->next)
        r = note_item(ix, item, around);
    return r;
}

static int note_block(struct aaj_merge_index *ix, struct aaj_item *item, struct around around)
{
    const struct aaj_prefix *prefix = &item->block.prefix;

    around.deny |= prefix->mode == AAJ_MODE_DENY;
    around.owner = around.owner ? around.owner : prefix->owner;
    return note_items(ix, &item->block.body, around);
}

/* The branch that is taken; both, as unsure, where that cannot be told. */
static int note_if(struct aaj_merge_index *ix, struct aaj_item *item, struct around around)
{
    const struct aaj_if *cond = &item->cond;
    bool outer = around.unsure;
    int r = 0;

    around.unsure |= !cond->known;
    if (around.unsure && !outer)
        aaj_diag_add(ix->merge->diags, AAJ_NOTE, "policy-merge", aaj_item_loc(item), (struct aaj_str){ 0 },
                     "whether this condition holds cannot be told here, so that its rules do not count as granted");
    if (cond->then && (cond->truth || !cond->known))
        r = note_item(ix, cond->then, around);
    if (r == 0 && cond->otherwise && !cond->truth)
        r = note_item(ix, cond->otherwise, around);
    return r;
}

static int note_item(struct aaj_merge_index *ix, struct aaj_item *item, struct around around)
{
    int r = 0;

    if (item->state == AAJ_STATE_REMOVED)
        return 0;
    switch (item->kind) {
    case AAJ_ITEM_BLOCK:
        return note_block(ix, item, around);
    case AAJ_ITEM_IF:
        return note_if(ix, item, around);
    case AAJ_ITEM_INCLUDE:
        for (uint32_t i = 0; r == 0 && i < item->include.n_files; i++)
            r = note_items(ix, &item->include.file[i]->top, around);
        return r;
    case AAJ_ITEM_RULE:
        return item->rule.kind == AAJ_RULE_FILE ? note_file(ix, item, around) : note_other(ix, item, around);
    default:
        return 0; /* children are profiles of their own */
    }
}

void aaj_merge_index_clear(struct aaj_merge_index *ix)
{
    aaj_vars_clear(&ix->vars);
    aaj_glob_free(ix->glob);
    free(ix->file);
    free(ix->other);
    free(ix->tags);
    aaj_rule_order_clear(&ix->order);
}

/* @{profile_name}: "parent//child". */
static int set_own_name(struct aaj_merge_index *ix)
{
    struct aaj_str name = ix->profile->profile.name.value;
    const struct aaj_item *up = ix->profile->parent;

    if (up && up->kind == AAJ_ITEM_PROFILE)
        name = aaj_arena_printf(ix->merge->into->arena, "%.*s//%.*s", AAJ_STR_ARG(up->profile.name.value),
                                AAJ_STR_ARG(name));
    return name.p ? aaj_vars_set(&ix->vars, AAJ_STR("profile_name"), name) : -ENOMEM;
}

int aaj_merge_index_make(struct aaj_merge_index *ix)
{
    int r = aaj_vars_init(&ix->vars);

    if (r == 0)
        r = aaj_glob_new(&ix->glob);
    if (r == 0)
        r = aaj_policy_walk(ix->merge->into, true, note_variable, &ix->vars);
    if (r == 0)
        r = set_own_name(ix);
    return r ? r : note_items(ix, &ix->profile->profile.body, (struct around){ 0 });
}

static bool decides_exec(const struct aaj_known *known)
{
    return !known->deny && !known->unsure && known->item->rule.file.perms & AAJ_MAY_EXEC;
}

int aaj_policy_exec_decisions(struct aaj_policy *policy, struct aaj_item *profile,
                              struct aaj_exec_decision **ret_decision, size_t *ret_n)
{
    struct aaj_merge merge = { .into = policy };
    struct aaj_merge_index ix = { .merge = &merge, .profile = profile };
    struct aaj_exec_decision *all = NULL;
    size_t n = 0;
    int r = aaj_merge_index_make(&ix);

    if (r == 0) {
        all = aaj_arena_new_array(policy->arena, ix.n_files + 1, struct aaj_exec_decision);
        r = all ? 0 : -ENOMEM;
    }
    for (int wild = 0; r == 0 && wild < 2; wild++)
        for (size_t i = 0; i < ix.n_files; i++)
            if (decides_exec(&ix.file[i]) && ix.file[i].wild == wild)
                all[n++] = (struct aaj_exec_decision){ ix.file[i].value, ix.file[i].item };
    if (r == 0) {
        *ret_decision = all;
        *ret_n = n;
    }
    aaj_merge_index_clear(&ix);
    return r;
}
