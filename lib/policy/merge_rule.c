/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One new rule against what the profile says: present, a conflict, a rule that grows, or a rule more. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "policy/merge_private.h"
#include "policy/print.h"

static void conflict(struct aaj_merge_index *ix, const struct aaj_item *mine, const struct aaj_item *theirs, const char *why)
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
static int matching(struct aaj_merge_index *ix, struct aaj_str value, bool literal, struct aaj_str name, size_t *ret_n)
{
    struct aaj_glob *glob = NULL, *one;
    uint32_t state;
    size_t n = 0;
    int r;

    if (ix->cap_tags < ix->n_files) {
        uint32_t *tags = reallocarray(ix->tags, ix->n_files, sizeof(*tags));

        if (!tags)
            return -ENOMEM;
        ix->tags = tags;
        ix->cap_tags = ix->n_files;
    }
    *ret_n = 0;
    if (ix->n_files == 0)
        return 0;
    if (literal) {
        r = aaj_glob_walk(ix->glob, AAJ_GLOB_START, name, &state);
        if (r == 0)
            *ret_n = aaj_glob_tags(ix->glob, state, ix->tags, ix->cap_tags);
        return r;
    }
    r = aaj_glob_compile(value, AAJ_GLOB_PATH, &glob, NULL);
    for (size_t i = 0; r >= 0 && i < ix->n_files; i++) {
        if (!aaj_globs_begin_alike(value, ix->file[i].value))
            continue;
        r = aaj_glob_compile(ix->file[i].value, AAJ_GLOB_PATH, &one, NULL);
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
    const struct aaj_known *other_exec;
    struct aaj_item *same; /* a rule of this file for the very same name */
};

static uint32_t with_append(uint32_t perms)
{
    return perms & AAJ_MAY_WRITE ? perms | AAJ_MAY_APPEND : perms;
}

static int judge_one(struct aaj_merge_index *ix, const struct aaj_item *mine, struct aaj_str value, bool literal,
                     const struct aaj_known *known, struct verdict *v)
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
        if (applies && covers && !known->unsure && have->perms & want->perms && !v->denied)
            v->denied = known->item;
        return 0;
    }
    if (have->perms & want->perms & AAJ_MAY_EXEC && !same_exec(have, want) &&
        known->wild == aaj_merge_is_wild(value) && !(known->owner && owner && known->owner != owner))
        v->other_exec = known;
    if (!applies || !covers || known->unsure || known->item->rule.prefix.mode > AAJ_MODE_ALLOW)
        return 0;
    v->granted |= with_append(have->perms);
    if (have->perms & AAJ_MAY_EXEC && !same_exec(have, want))
        v->granted &= ~(uint32_t)AAJ_MAY_EXEC;
    return 0;
}

/* Do several rules together grant @missing on all that @value matches? `/etc/{hosts,passwd} r` is there when each of
 * the two is. The first @n tags are rules that have something in common with it. */
static int granted_together(struct aaj_merge_index *ix, const struct aaj_item *mine, struct aaj_str value, size_t n,
                            uint32_t missing)
{
    struct aaj_glob *mine_glob = NULL, *all = NULL;
    enum aaj_rule_owner owner = mine->rule.prefix.owner;
    int r = aaj_glob_new(&all);

    for (size_t i = 0; r == 0 && i < n; i++) {
        const struct aaj_known *known = &ix->file[ix->tags[i]];
        bool applies = !known->deny && !known->unsure && (!known->owner || known->owner == owner) &&
                       known->item->rule.prefix.mode <= AAJ_MODE_ALLOW;

        if (applies && !(missing & ~with_append(known->item->rule.file.perms)))
            r = aaj_glob_add(all, known->value, AAJ_GLOB_PATH, 0, NULL);
    }
    if (r == 0)
        r = aaj_glob_compile(value, AAJ_GLOB_PATH, &mine_glob, NULL);
    if (r == 0)
        r = aaj_glob_subset(mine_glob, all, NULL, NULL);
    aaj_glob_free(mine_glob);
    aaj_glob_free(all);
    return r == -EINVAL || r == -E2BIG ? 0 : r;
}

/* A rule of this block that may take on the new permissions itself. */
static bool can_grow(const struct aaj_merge_index *ix, const struct aaj_known *known, const struct aaj_item *mine)
{
    const struct aaj_item *item = known->item;

    return item->parent == ix->profile && item->policy == ix->merge->into && !known->deny &&
           aaj_prefix_eq(&item->rule.prefix, &mine->rule.prefix) &&
           aaj_str_eq(item->rule.file.path.value, mine->rule.file.path.value) &&
           (!((item->rule.file.perms | mine->rule.file.perms) & (AAJ_MAY_EXEC | AAJ_MAY_LINK)) ||
            (!aaj_text_set(item->rule.file.target) && !aaj_text_set(mine->rule.file.target)));
}

static int judge(struct aaj_merge_index *ix, const struct aaj_item *mine, struct verdict *v)
{
    struct aaj_str value, name = { 0 };
    uint32_t missing;
    bool literal;
    size_t n;
    int r = aaj_merge_expand(ix, mine->rule.file.path.value, &value);

    if (r < 0)
        return r;
    literal = aaj_glob_is_literal(value, AAJ_GLOB_PATH, ix->merge->into->arena, &name);
    r = matching(ix, value, literal, name, &n);
    for (size_t i = 0; r == 0 && i < n; i++) {
        const struct aaj_known *known = &ix->file[ix->tags[i]];

        r = judge_one(ix, mine, value, literal, known, v);
        if (can_grow(ix, known, mine))
            v->same = known->item;
    }
    missing = mine->rule.file.perms & ~v->granted;
    if (r == 0 && !literal && n > 1 && missing && !(missing & (AAJ_MAY_EXEC | AAJ_MAY_LINK))) {
        r = granted_together(ix, mine, value, n, missing);
        v->granted |= r > 0 ? missing : 0;
    }
    return r < 0 ? r : 0;
}

static int add(struct aaj_merge_index *ix, const struct aaj_item *mine)
{
    struct aaj_item *item = aaj_merge_copy(ix->merge->into, mine);

    if (!item)
        return -ENOMEM;
    ix->merge->added++;
    return aaj_place_rule(&ix->order, ix->merge->into, ix->profile, item);
}

static void grow(struct aaj_merge_index *ix, struct aaj_item *item, const struct aaj_file_rule *want)
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

static int merge_file(struct aaj_merge_index *ix, const struct aaj_item *mine)
{
    struct verdict v = { 0 };
    int r = judge(ix, mine, &v);

    if (r < 0)
        return r;
    if (v.other_exec)
        conflict(ix, mine, v.other_exec->item,
                 v.other_exec->unsure ? "where its condition holds, this rule decides what happens at exec"
                                      : "this rule decides what happens at exec");
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

static int merge_other(struct aaj_merge_index *ix, const struct aaj_item *mine)
{
    struct aaj_rule allowed = mine->rule;
    int r = 0;

    for (size_t i = 0; i < ix->n_other; i++) {
        struct aaj_item *have = ix->other[i].item;
        struct aaj_rule theirs = ix->other[i].rule;

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

int aaj_merge_rule(struct aaj_merge_index *ix, const struct aaj_item *mine)
{
    bool of_path = mine->rule.kind == AAJ_RULE_FILE && aaj_text_set(mine->rule.file.path);

    return of_path ? merge_file(ix, mine) : merge_other(ix, mine);
}
