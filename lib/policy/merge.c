/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/grow.h"
#include "glob/glob.h"
#include "policy/place.h"
#include "policy/print.h"
#include "policy/vars.h"

/* A file rule of the profile or of what it includes. */
struct known {
    struct aaj_item *item;
    struct aaj_str value; /* path with its variables put in */
    enum aaj_rule_owner owner;
    bool deny, wild;
};

/* What one profile says already. */
struct index {
    struct aaj_merge *merge;
    struct aaj_item *profile;
    struct aaj_vars vars;
    struct aaj_glob *glob; /* of all file rules; tags are indices of known[] */
    struct known *known;
    size_t n_known, cap_known;
    struct aaj_item **other; /* all other rules */
    size_t n_other, cap_other;
    uint32_t *tags;
    size_t cap_tags;
};

/* ---- finding profiles ---- */

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

/* ---- what is there already ---- */

static int note_variable(void *ctx, struct aaj_item *item)
{
    const char *why;
    int r = 0;

    if (item->kind == AAJ_ITEM_VARIABLE)
        r = aaj_vars_assign(ctx, item, false, &why);
    return r == -ENOMEM ? r : 0;
}

/* @text with its variables put in; as it is where they are not known. */
static int expand(struct index *ix, struct aaj_str text, struct aaj_str *ret_value)
{
    struct aaj_str missing;
    int r = aaj_vars_expand(&ix->vars, ix->merge->into->arena, text, ret_value, &missing);

    if (r < 0 && r != -ENOMEM) {
        *ret_value = text;
        return 0;
    }
    return r;
}

/* An exact rule's exec wins over that of one with wildcards. */
static bool is_wild(struct aaj_str value)
{
    struct aaj_glob *glob = NULL;
    bool wild = (memchr(value.p, '*', value.n) || memchr(value.p, '?', value.n) || memchr(value.p, '[', value.n)) &&
                aaj_glob_compile(value, AAJ_GLOB_PATH, &glob, NULL) == 0 && aaj_glob_is_wild(glob);

    aaj_glob_free(glob);
    return wild;
}

static int note_file(struct index *ix, struct aaj_item *item, const struct aaj_prefix *around)
{
    struct known known = { .item = item, .owner = item->rule.prefix.owner };
    int r;

    if (!aaj_text_set(item->rule.file.path))
        return 0;
    known.deny = item->rule.prefix.mode == AAJ_MODE_DENY || around->mode == AAJ_MODE_DENY;
    known.owner = around->owner ? around->owner : known.owner;
    r = expand(ix, item->rule.file.path.value, &known.value);
    if (r == 0 && AAJ_GROW(ix->known, ix->n_known, ix->cap_known) < 0)
        r = -ENOMEM;
    if (r == 0)
        r = aaj_glob_add(ix->glob, known.value, AAJ_GLOB_PATH, (uint32_t)ix->n_known, NULL);
    if (r == -EINVAL) /* a variable that is not known, or a bad glob: it grants nothing we can tell */
        return 0;
    if (r == 0) {
        known.wild = is_wild(known.value);
        ix->known[ix->n_known++] = known;
    }
    return r;
}

static int note_block(struct index *ix, struct aaj_block *block, const struct aaj_prefix *around);

static int note_item(struct index *ix, struct aaj_item *item, const struct aaj_prefix *around)
{
    int r = 0;

    if (item->state == AAJ_STATE_REMOVED)
        return 0;
    if (item->kind == AAJ_ITEM_BLOCK)
        return note_block(ix, &item->block.body, &item->block.prefix);
    if (item->kind == AAJ_ITEM_INCLUDE)
        for (uint32_t i = 0; r == 0 && i < item->include.n_files; i++)
            r = note_block(ix, &item->include.file[i]->top, around);
    if (item->kind != AAJ_ITEM_RULE)
        return r; /* what a condition guards may not be in force */
    if (item->rule.kind == AAJ_RULE_FILE)
        return note_file(ix, item, around);
    if (around->mode || around->owner)
        return 0;
    if (AAJ_GROW(ix->other, ix->n_other, ix->cap_other) < 0)
        return -ENOMEM;
    ix->other[ix->n_other++] = item;
    return 0;
}

static int note_block(struct index *ix, struct aaj_block *block, const struct aaj_prefix *around)
{
    int r = 0;

    for (struct aaj_item *item = block->first; r == 0 && item; item = item->next)
        r = note_item(ix, item, around);
    return r;
}

static void index_clear(struct index *ix)
{
    aaj_vars_clear(&ix->vars);
    aaj_glob_free(ix->glob);
    free(ix->known);
    free(ix->other);
    free(ix->tags);
}

static int index_make(struct index *ix)
{
    static const struct aaj_prefix none;
    int r = aaj_vars_init(&ix->vars);

    if (r == 0)
        r = aaj_glob_new(&ix->glob);
    if (r == 0)
        r = aaj_policy_walk(ix->merge->into, true, note_variable, &ix->vars);
    return r ? r : note_block(ix, &ix->profile->profile.body, &none);
}

/* ---- one new rule ---- */

static void conflict(struct index *ix, const struct aaj_item *mine, const struct aaj_item *theirs, const char *why)
{
    struct aaj_arena *arena = ix->merge->into->arena;
    struct aaj_loc loc = aaj_item_loc(theirs);
    struct aaj_str text = aaj_rule_text(arena, &mine->rule), line = { 0 };

    ix->merge->conflicts++;
    if (theirs->state != AAJ_STATE_NEW && theirs->policy)
        line = aaj_loc_line(theirs->policy->text, theirs->start, &loc);
    aaj_diag_add(ix->merge->diags, AAJ_WARNING, "policy-merge", loc, line, "'%s' is not added: %s",
                 aaj_escape(arena, text), why);
}

static bool same_exec(const struct aaj_file_rule *a, const struct aaj_file_rule *b)
{
    return a->exec == b->exec && a->scrub == b->scrub && a->safe == b->safe &&
           aaj_text_set(a->target) == aaj_text_set(b->target) && aaj_str_eq(a->target.value, b->target.value);
}

/* Rules whose glob has a name in common with the new rule's; for a literal name: that match it. */
static int matching(struct index *ix, struct aaj_str value, bool literal, struct aaj_str name, size_t *ret_n)
{
    struct aaj_glob *glob = NULL, *one;
    uint32_t state;
    size_t n = 0;
    int r;

    if (ix->cap_tags < ix->n_known) {
        uint32_t *tags = reallocarray(ix->tags, ix->n_known, sizeof(*tags));

        if (!tags)
            return -ENOMEM;
        ix->tags = tags;
        ix->cap_tags = ix->n_known;
    }
    *ret_n = 0;
    if (ix->n_known == 0)
        return 0;
    if (literal) {
        r = aaj_glob_walk(ix->glob, AAJ_GLOB_START, name, &state);
        if (r == 0)
            *ret_n = aaj_glob_tags(ix->glob, state, ix->tags, ix->cap_tags);
        return r;
    }
    r = aaj_glob_compile(value, AAJ_GLOB_PATH, &glob, NULL);
    for (size_t i = 0; r >= 0 && i < ix->n_known; i++) {
        if (!aaj_globs_begin_alike(value, ix->known[i].value))
            continue;
        r = aaj_glob_compile(ix->known[i].value, AAJ_GLOB_PATH, &one, NULL);
        if (r == 0)
            r = aaj_glob_intersect(glob, one, NULL, NULL);
        if (r == 1)
            ix->tags[n++] = (uint32_t)i;
        if (r >= 0)
            aaj_glob_free(one);
    }
    aaj_glob_free(glob);
    *ret_n = n;
    return r == -EINVAL || r > 0 ? 0 : r;
}

struct verdict {
    uint32_t granted;              /* permissions that are there already */
    const struct aaj_item *denied; /* by this */
    const struct aaj_item *other_exec;
    struct aaj_item *same; /* a rule of this file for the very same name */
};

static int judge_one(struct index *ix, const struct aaj_item *mine, struct aaj_str value, bool literal,
                     const struct known *known, struct verdict *v)
{
    const struct aaj_file_rule *have = &known->item->rule.file, *want = &mine->rule.file;
    enum aaj_rule_owner owner = mine->rule.prefix.owner;
    struct aaj_rule path_only = { .kind = AAJ_RULE_FILE }, other = { .kind = AAJ_RULE_FILE };
    bool applies = !known->owner || known->owner == owner;
    int covers = 1;

    if (!literal) { /* the whole of the new glob, not only a name of it */
        path_only.file.path.value = known->value;
        other.file.path.value = value;
        covers = aaj_rule_covers(&path_only, &other);
        if (covers < 0)
            return covers;
    }
    if (known->deny) {
        if (applies && covers && have->perms & want->perms && !v->denied)
            v->denied = known->item;
        return 0;
    }
    if (have->perms & want->perms & AAJ_MAY_EXEC && !same_exec(have, want) &&
        known->wild == is_wild(value) && !(known->owner && owner && known->owner != owner))
        v->other_exec = known->item;
    if (!applies || !covers || known->item->rule.prefix.mode > AAJ_MODE_ALLOW)
        return 0;
    v->granted |= have->perms | (have->perms & AAJ_MAY_WRITE ? (uint32_t)AAJ_MAY_APPEND : 0);
    if (have->perms & AAJ_MAY_EXEC && !same_exec(have, want))
        v->granted &= ~(uint32_t)AAJ_MAY_EXEC;
    return 0;
}

/* A rule of this block that may take on the new permissions itself. */
static bool can_grow(const struct index *ix, const struct known *known, const struct aaj_item *mine)
{
    const struct aaj_item *item = known->item;

    return item->parent == ix->profile && item->policy == ix->merge->into && !known->deny &&
           aaj_prefix_eq(&item->rule.prefix, &mine->rule.prefix) &&
           aaj_str_eq(item->rule.file.path.value, mine->rule.file.path.value) &&
           (!((item->rule.file.perms | mine->rule.file.perms) & (AAJ_MAY_EXEC | AAJ_MAY_LINK)) ||
            (!aaj_text_set(item->rule.file.target) && !aaj_text_set(mine->rule.file.target)));
}

static int judge(struct index *ix, const struct aaj_item *mine, struct verdict *v)
{
    struct aaj_str value, name = { 0 };
    bool literal;
    size_t n;
    int r = expand(ix, mine->rule.file.path.value, &value);

    if (r < 0)
        return r;
    literal = aaj_glob_is_literal(value, AAJ_GLOB_PATH, ix->merge->into->arena, &name);
    r = matching(ix, value, literal, name, &n);
    for (size_t i = 0; r == 0 && i < n; i++) {
        const struct known *known = &ix->known[ix->tags[i]];

        r = judge_one(ix, mine, value, literal, known, v);
        if (can_grow(ix, known, mine))
            v->same = known->item;
    }
    return r;
}

static struct aaj_item *copy_item(struct aaj_policy *into, const struct aaj_item *from)
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

static int add(struct index *ix, const struct aaj_item *mine)
{
    struct aaj_item *item = copy_item(ix->merge->into, mine);

    if (!item)
        return -ENOMEM;
    aaj_place_rule(ix->merge->into, ix->profile, item);
    ix->merge->added++;
    return 0;
}

static void grow(struct index *ix, struct aaj_item *item, const struct aaj_file_rule *want)
{
    struct aaj_file_rule *have = &item->rule.file;

    if (want->perms & AAJ_MAY_EXEC && !(have->perms & AAJ_MAY_EXEC)) {
        have->exec = want->exec;
        have->scrub = want->scrub;
        have->safe = want->safe;
    }
    have->perms |= want->perms;
    if (have->perms & AAJ_MAY_WRITE)
        have->perms &= ~(uint32_t)AAJ_MAY_APPEND;
    if (item->state == AAJ_STATE_READ) {
        item->state = AAJ_STATE_CHANGED;
        ix->merge->changed++;
    }
}

static int merge_file(struct index *ix, const struct aaj_item *mine)
{
    struct verdict v = { 0 };
    int r = judge(ix, mine, &v);

    if (r < 0)
        return r;
    if (v.other_exec)
        conflict(ix, mine, v.other_exec, "this rule decides what happens at exec");
    else if (v.denied)
        conflict(ix, mine, v.denied, "this rule denies it");
    else if (!(mine->rule.file.perms & ~v.granted))
        ix->merge->present++;
    else if (v.same)
        grow(ix, v.same, &mine->rule.file);
    else
        return add(ix, mine);
    return 0;
}

static int merge_other(struct index *ix, const struct aaj_item *mine)
{
    struct aaj_rule allowed = mine->rule;
    int r = 0;

    for (size_t i = 0; i < ix->n_other; i++) {
        struct aaj_item *have = ix->other[i];
        struct aaj_rule theirs = have->rule;

        if (theirs.prefix.mode == AAJ_MODE_DENY && allowed.prefix.mode != AAJ_MODE_DENY) {
            theirs.prefix.mode = AAJ_MODE_UNSAID;
            r = aaj_rule_covers(&theirs, &allowed);
            if (r > 0)
                conflict(ix, mine, have, "this rule denies it");
        } else {
            r = aaj_rule_covers(&theirs, &allowed);
            ix->merge->present += r > 0;
        }
        if (r)
            return r < 0 ? r : 0;
    }
    return add(ix, mine);
}

/* ---- whole profiles ---- */

static int copy_profile(struct aaj_merge *merge, struct aaj_item *to, const struct aaj_item *from)
{
    struct aaj_item *item = copy_item(merge->into, from);

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
        copy = copy_item(merge->into, i);
        if (!copy)
            return -ENOMEM;
        aaj_block_append(merge->into, item, copy);
    }
    return 0;
}

/* Rules of the file that a new or grown rule beside them covers. */
static int drop_covered(struct index *ix)
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

static int merge_items(struct index *ix, const struct aaj_item *from)
{
    int r = 0;

    for (const struct aaj_item *i = from->profile.body.first; r == 0 && i; i = i->next) {
        if (i->state == AAJ_STATE_REMOVED)
            continue;
        if (i->kind == AAJ_ITEM_RULE)
            r = i->rule.kind == AAJ_RULE_FILE && aaj_text_set(i->rule.file.path) ? merge_file(ix, i) : merge_other(ix, i);
        else if (i->kind == AAJ_ITEM_INCLUDE)
            r = aaj_place_include(ix->merge, ix->profile, i);
    }
    if (r == 0 && ix->merge->drop_redundant)
        r = drop_covered(ix);
    return r;
}

int aaj_policy_merge_profile(struct aaj_merge *merge, struct aaj_item *to, const struct aaj_item *from)
{
    struct index ix = { .merge = merge, .profile = to };
    int r = index_make(&ix);

    if (r == 0)
        r = merge_items(&ix, from);
    index_clear(&ix);
    for (const struct aaj_item *i = from->profile.body.first; r == 0 && i; i = i->next) {
        struct aaj_item *child;

        if (i->kind != AAJ_ITEM_PROFILE || i->state == AAJ_STATE_REMOVED)
            continue;
        child = find_in(&to->profile.body, i->profile.name.value);
        r = child ? aaj_policy_merge_profile(merge, child, i) : copy_profile(merge, to, i);
    }
    return r;
}
