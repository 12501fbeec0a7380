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

static int note_other(struct aaj_merge_index *ix, struct aaj_item *item, struct around around)
{
    if (around.deny || around.owner || around.unsure)
        return 0;
    if (AAJ_GROW(ix->other, ix->n_other, ix->cap_other) < 0)
        return -ENOMEM;
    ix->other[ix->n_other++] = item;
    return 0;
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

int aaj_merge_index_make(struct aaj_merge_index *ix)
{
    int r = aaj_vars_init(&ix->vars);

    if (r == 0)
        r = aaj_glob_new(&ix->glob);
    if (r == 0)
        r = aaj_policy_walk(ix->merge->into, true, note_variable, &ix->vars);
    return r ? r : note_items(ix, &ix->profile->profile.body, (struct around){ 0 });
}
