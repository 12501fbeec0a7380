/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Items made from nothing. */
#include "policy/ast.h"

#include <errno.h>
#include <string.h>

#include "policy/quote.h"

static struct aaj_item *new_item(struct aaj_arena *arena, enum aaj_item_kind kind)
{
    struct aaj_item *item = aaj_arena_new(arena, struct aaj_item);

    if (item) {
        item->kind = kind;
        item->state = AAJ_STATE_NEW;
    }
    return item;
}

static int add_text(struct aaj_arena *arena, struct aaj_texts *texts, struct aaj_text text)
{
    struct aaj_text *more = aaj_arena_new_array(arena, texts->n + 1, struct aaj_text);

    if (!more)
        return -ENOMEM;
    if (texts->n)
        memcpy(more, texts->item, texts->n * sizeof(*more));
    more[texts->n] = text;
    texts->item = more;
    texts->n++;
    return 0;
}

struct aaj_item *aaj_item_comment(struct aaj_arena *arena, struct aaj_str text)
{
    struct aaj_item *item = new_item(arena, AAJ_ITEM_COMMENT);

    if (!item)
        return NULL;
    item->comment = text;
    if (text.n == 0 || text.p[0] != '#')
        item->comment = aaj_arena_printf(arena, "# %.*s", AAJ_STR_ARG(text));
    return item->comment.p ? item : NULL;
}

struct aaj_item *aaj_item_include(struct aaj_arena *arena, struct aaj_str path, bool magic, bool if_exists)
{
    struct aaj_item *item = new_item(arena, AAJ_ITEM_INCLUDE);

    if (item) {
        item->include.path = (struct aaj_text){ path, path };
        item->include.magic = magic;
        item->include.if_exists = if_exists;
    }
    return item;
}

struct aaj_item *aaj_item_abi(struct aaj_arena *arena, struct aaj_str path)
{
    struct aaj_item *item = new_item(arena, AAJ_ITEM_ABI);

    if (item) {
        item->abi.path = (struct aaj_text){ path, path };
        item->abi.magic = true;
    }
    return item;
}

struct aaj_item *aaj_item_variable(struct aaj_arena *arena, struct aaj_str name, enum aaj_assign assign,
                                   const struct aaj_text *value, size_t n)
{
    struct aaj_item *item = new_item(arena, AAJ_ITEM_VARIABLE);

    if (!item)
        return NULL;
    item->variable.name.value = name;
    item->variable.name.raw = aaj_arena_printf(arena, "@{%.*s}", AAJ_STR_ARG(name));
    item->variable.assign = assign;
    for (size_t i = 0; i < n; i++)
        if (add_text(arena, &item->variable.values, value[i]) < 0)
            return NULL;
    return item->variable.name.raw.p ? item : NULL;
}

struct aaj_item *aaj_item_profile(struct aaj_arena *arena, enum aaj_profile_keyword keyword,
                                  struct aaj_text name, struct aaj_text attachment)
{
    struct aaj_item *item = new_item(arena, AAJ_ITEM_PROFILE);

    if (item) {
        item->profile.keyword = keyword;
        item->profile.name = name;
        item->profile.attachment = attachment;
        item->profile.flags_keyword = true;
    }
    return item;
}

int aaj_profile_add_flag(struct aaj_arena *arena, struct aaj_item *profile, const char *flag)
{
    return add_text(arena, &profile->profile.flags, aaj_text_word(flag));
}

static struct aaj_item *new_rule(struct aaj_arena *arena, enum aaj_rule_kind kind)
{
    struct aaj_item *item = new_item(arena, AAJ_ITEM_RULE);

    if (item)
        item->rule.kind = kind;
    return item;
}

struct aaj_item *aaj_rule_exec(struct aaj_arena *arena, struct aaj_text path, uint32_t perms,
                               enum aaj_exec exec, bool scrub, struct aaj_text target)
{
    struct aaj_item *item = new_rule(arena, AAJ_RULE_FILE);

    if (item)
        item->rule.file = (struct aaj_file_rule){
            .path = path, .perms = perms, .exec = exec, .scrub = scrub, .target = target
        };
    return item;
}

struct aaj_item *aaj_rule_file(struct aaj_arena *arena, struct aaj_text path, uint32_t perms)
{
    return aaj_rule_exec(arena, path, perms, AAJ_EXEC_NONE, false, (struct aaj_text){ 0 });
}

struct aaj_item *aaj_rule_link(struct aaj_arena *arena, struct aaj_text path, struct aaj_text target, bool subset)
{
    struct aaj_item *item = new_rule(arena, AAJ_RULE_LINK);

    if (item)
        item->rule.file = (struct aaj_file_rule){
            .path = path, .target = target, .perms = AAJ_MAY_LINK, .subset = subset, .keyword = true
        };
    return item;
}

struct aaj_item *aaj_rule_capability(struct aaj_arena *arena, const char *name)
{
    struct aaj_item *item = new_rule(arena, AAJ_RULE_CAPABILITY);

    if (item && name && add_text(arena, &item->rule.capability, aaj_text_word(name)) < 0)
        return NULL;
    return item;
}

struct aaj_item *aaj_rule_change_profile(struct aaj_arena *arena, struct aaj_text exec, struct aaj_text target)
{
    struct aaj_item *item = new_rule(arena, AAJ_RULE_CHANGE_PROFILE);

    if (item) {
        item->rule.change_profile.exec = exec;
        item->rule.change_profile.target = target;
    }
    return item;
}

struct aaj_item *aaj_rule_rlimit(struct aaj_arena *arena, const char *name, const char *value, const char *unit)
{
    struct aaj_item *item = new_rule(arena, AAJ_RULE_RLIMIT);

    if (item) {
        item->rule.rlimit.name = aaj_text_word(name);
        item->rule.rlimit.value = aaj_text_word(value);
        if (unit)
            item->rule.rlimit.unit = aaj_text_word(unit);
    }
    return item;
}

struct aaj_item *aaj_rule_access(struct aaj_arena *arena, enum aaj_rule_kind kind, uint32_t perms)
{
    struct aaj_item *item = new_rule(arena, kind);

    if (item)
        item->rule.access.perms = perms;
    return item;
}

static int add_cond(struct aaj_arena *arena, struct aaj_conds *conds, const char *key, struct aaj_text value)
{
    struct aaj_cond *more = aaj_arena_new_array(arena, conds->n + 1, struct aaj_cond);

    if (!more)
        return -ENOMEM;
    if (conds->n)
        memcpy(more, conds->item, conds->n * sizeof(*more));
    more[conds->n] = (struct aaj_cond){ .key = aaj_text_word(key), .op = AAJ_COND_EQ };
    if (add_text(arena, &more[conds->n].values, value) < 0)
        return -ENOMEM;
    conds->item = more;
    conds->n++;
    conds->said = true;
    return 0;
}

struct aaj_cond *aaj_conds_find(const struct aaj_conds *conds, struct aaj_str key)
{
    for (uint32_t i = 0; i < conds->n; i++)
        if (aaj_str_eq(conds->item[i].key.value, key))
            return &conds->item[i];
    return NULL;
}

int aaj_rule_add_cond(struct aaj_arena *arena, struct aaj_item *rule, const char *key, struct aaj_text value)
{
    return add_cond(arena, &rule->rule.access.conds, key, value);
}

static bool is_word(struct aaj_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-' || s.p[i] == '_'))
            return false;
    return s.n > 0;
}

int aaj_rule_add_words(struct aaj_arena *arena, struct aaj_item *rule, const char *key, struct aaj_str words)
{
    struct aaj_str copy = aaj_arena_dup(arena, words);
    struct aaj_cond *last;
    struct aaj_texts all = { 0 };
    int r;

    if (!copy.p)
        return -ENOMEM;
    while (copy.n) {
        size_t n = 0;

        while (n < copy.n && copy.p[n] != ',' && copy.p[n] != ' ')
            n++;
        if (n && !is_word(aaj_str_head(copy, n)))
            return -EINVAL;
        if (n && add_text(arena, &all, (struct aaj_text){ aaj_str_head(copy, n), aaj_str_head(copy, n) }) < 0)
            return -ENOMEM;
        copy = aaj_str_skip(copy, n + 1);
    }
    if (all.n == 0)
        return 0;
    r = aaj_rule_add_cond(arena, rule, key, all.item[0]);
    if (r < 0)
        return r;
    last = &rule->rule.access.conds.item[rule->rule.access.conds.n - 1];
    last->values = all;
    last->list = all.n > 1;
    return 0;
}

int aaj_rule_add_peer(struct aaj_arena *arena, struct aaj_item *rule, const char *key, struct aaj_text value)
{
    return add_cond(arena, &rule->rule.access.peer, key, value);
}
