/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Items, their rules, and whether something crosses them. */
#include "ceiling/ceiling.h"

#include <errno.h>

#include "base/grow.h"
#include "ceiling/ceiling_private.h"

int aaj_ceiling_add_item(struct aaj_ceiling *ceiling, const struct aaj_ceiling_item *item, uint32_t *ret_index)
{
    if (AAJ_GROW(ceiling->item, ceiling->n_items, ceiling->cap_items) < 0)
        return -ENOMEM;
    *ret_index = (uint32_t)ceiling->n_items;
    ceiling->item[ceiling->n_items++] = *item;
    return 0;
}

int aaj_ceiling_add_rule(struct aaj_ceiling *ceiling, const struct aaj_ceiling_rule *rule, bool literal,
                         const char **ret_why)
{
    if (AAJ_GROW(ceiling->rule, ceiling->n_rules, ceiling->cap_rules) < 0)
        return -ENOMEM;
    if (rule->class == AAJ_CLASS_FILE) {
        unsigned flags = AAJ_GLOB_PATH | (literal ? AAJ_GLOB_LITERAL : 0u);
        int r = aaj_glob_add(ceiling->files, rule->glob, flags, (uint32_t)ceiling->n_rules, ret_why);

        if (r < 0)
            return r;
    }
    ceiling->rule[ceiling->n_rules] = *rule;
    ceiling->rule[ceiling->n_rules].glob = (struct aaj_str){ 0 }; /* is in the automaton now */
    for (size_t i = 0; i < 2; i++)
        if (rule->arg[i].n) {
            ceiling->rule[ceiling->n_rules].arg[i] = aaj_arena_dup(&ceiling->arena, rule->arg[i]);
            if (!ceiling->rule[ceiling->n_rules].arg[i].p)
                return -ENOMEM;
        }
    ceiling->n_rules++;
    return 0;
}

const struct aaj_ceiling_item *aaj_ceiling_items(const struct aaj_ceiling *ceiling, size_t *ret_n)
{
    *ret_n = ceiling->n_items;
    return ceiling->item;
}

const struct aaj_ceiling_item *aaj_ceiling_find(const struct aaj_ceiling *ceiling, struct aaj_str id)
{
    for (size_t i = 0; i < ceiling->n_items; i++)
        if (aaj_str_eq(ceiling->item[i].id, id))
            return &ceiling->item[i];
    return NULL;
}

int aaj_ceiling_tolerate(struct aaj_ceiling *ceiling, struct aaj_str name)
{
    const char *why;
    int r = 0;

    for (size_t i = 0; r == 0 && i < ceiling->n_tolerated; i++)
        if (aaj_str_eq(ceiling->tolerated[i].name, name))
            r = aaj_ceiling_add_rule(ceiling, &ceiling->tolerated[i].rule, false, &why);
    return r;
}

int aaj_ceiling_add_root(struct aaj_ceiling *ceiling, struct aaj_str jail, struct aaj_str root)
{
    const struct aaj_ceiling_item *known = aaj_ceiling_find(ceiling, AAJ_STR("other-jails"));
    struct aaj_ceiling_rule rule = { .class = AAJ_CLASS_FILE, .mask = UINT32_MAX };
    const char *why;
    int r;

    while (root.n > 1 && root.p[root.n - 1] == '/')
        root.n--;
    if (known) {
        rule.item = (uint32_t)(known - ceiling->item);
    } else {
        const struct aaj_ceiling_item item = { .id = AAJ_STR("other-jails"),
                                               .reason = AAJ_STR("no jail may touch another jail's files") };

        r = aaj_ceiling_add_item(ceiling, &item, &rule.item);
        if (r < 0)
            return r;
    }
    rule.glob = aaj_ceiling_escape(&ceiling->arena, root, "{,/,/**}");
    return rule.glob.p ? aaj_ceiling_add_rule(ceiling, &rule, false, &why) : -ENOMEM;
}

enum { TAGS_MAX = 256 };

/* Each item on its own: its rules' letters less its exceptions'. */
uint32_t aaj_ceiling_state_crosses(const struct aaj_ceiling *ceiling, uint32_t state, uint32_t mask,
                                   const bool *skip, uint32_t *ret_item)
{
    uint32_t tag[TAGS_MAX];
    size_t n = aaj_glob_tags(ceiling->files, state, tag, TAGS_MAX);

    n = n < TAGS_MAX ? n : TAGS_MAX;
    for (size_t i = 0; i < n; i++) {
        const struct aaj_ceiling_rule *rule = &ceiling->rule[tag[i]];
        uint32_t crosses = 0;

        if (rule->except || (skip && skip[rule->item]))
            continue;
        for (size_t k = 0; k < n; k++)
            if (ceiling->rule[tag[k]].item == rule->item && !ceiling->rule[tag[k]].except)
                crosses |= ceiling->rule[tag[k]].mask;
        for (size_t k = 0; k < n; k++)
            if (ceiling->rule[tag[k]].item == rule->item && ceiling->rule[tag[k]].except)
                crosses &= ~ceiling->rule[tag[k]].mask;
        if (crosses & mask) {
            *ret_item = rule->item;
            return crosses & mask;
        }
    }
    return 0;
}

bool aaj_ceiling_excepted(const struct aaj_ceiling *ceiling, uint32_t state, uint32_t item, uint32_t mask)
{
    uint32_t tag[TAGS_MAX], open = 0;
    size_t n = aaj_glob_tags(ceiling->files, state, tag, TAGS_MAX);

    for (size_t i = 0; i < n && i < TAGS_MAX; i++)
        if (ceiling->rule[tag[i]].item == item && ceiling->rule[tag[i]].except)
            open |= ceiling->rule[tag[i]].mask;
    return (mask & ~open) == 0;
}

static const struct aaj_ceiling_item *by_nature(const struct aaj_ceiling *ceiling, uint32_t state,
                                                uint32_t mask, bool setuid)
{
    uint32_t wx = AAJ_CEILING_WRITE | AAJ_MAY_EXEC | AAJ_MAY_MMAP;
    bool both = mask & AAJ_CEILING_WRITE && mask & (AAJ_MAY_EXEC | AAJ_MAY_MMAP);

    for (uint32_t i = 0; i < ceiling->n_items; i++) {
        const struct aaj_ceiling_item *item = &ceiling->item[i];

        if (item->write_and_exec && both && !aaj_ceiling_excepted(ceiling, state, i, mask & wx))
            return item;
        if (item->setuid && setuid && mask & AAJ_MAY_EXEC && !aaj_ceiling_excepted(ceiling, state, i, AAJ_MAY_EXEC))
            return item;
    }
    return NULL;
}

static int cross_literal(struct aaj_ceiling *ceiling, struct aaj_str name, uint32_t mask,
                         struct aaj_fsview *files, struct aaj_arena *arena, struct aaj_crossing *ret)
{
    const struct aaj_ceiling_item *item = NULL;
    uint32_t state, index, crosses;
    bool setuid = false;
    int r = aaj_glob_walk(ceiling->files, AAJ_GLOB_START, name, &state);

    if (r < 0)
        return r;
    if (files && mask & AAJ_MAY_EXEC) {
        struct aaj_fact fact;

        setuid = aaj_fsview_get(files, name, &fact) == 1 &&
                 fact.bits & (AAJ_FACT_SETUID | AAJ_FACT_SETGID | AAJ_FACT_CAPS);
    }
    crosses = aaj_ceiling_state_crosses(ceiling, state, mask, NULL, &index);
    if (crosses)
        item = &ceiling->item[index];
    else if ((item = by_nature(ceiling, state, mask, setuid)))
        crosses = mask;
    if (!item)
        return 0;
    *ret = (struct aaj_crossing){ item, aaj_arena_dup(arena, name), crosses };
    return ret->name.p ? 1 : -ENOMEM;
}

struct visit {
    struct aaj_ceiling *ceiling;
    struct aaj_arena *arena;
    uint32_t mask;
    struct aaj_crossing found;
};

static int visit_state(void *ctx, struct aaj_str name, const uint32_t *state)
{
    struct visit *v = ctx;
    uint32_t index, crosses = aaj_ceiling_state_crosses(v->ceiling, state[0], v->mask, NULL, &index);
    const struct aaj_ceiling_item *item = crosses ? &v->ceiling->item[index] : by_nature(v->ceiling, state[0], v->mask, false);

    if (!item)
        return 0;
    v->found = (struct aaj_crossing){ item, aaj_arena_dup(v->arena, name), crosses ? crosses : v->mask };
    return v->found.name.p ? 1 : -ENOMEM;
}

static bool any_state(void *ctx, uint32_t state)
{
    return true;
}

static int cross_pattern(struct aaj_ceiling *ceiling, struct aaj_str pattern, uint32_t mask,
                         struct aaj_arena *arena, struct aaj_crossing *ret)
{
    struct visit v = { .ceiling = ceiling, .arena = arena, .mask = mask };
    struct aaj_operand op[2] = { { .want = true }, { .want = true } };
    struct aaj_glob *glob;
    const char *why;
    int r = aaj_glob_compile(pattern, AAJ_GLOB_PATH, &glob, &why);

    if (r < 0)
        return r;
    r = aaj_glob_automaton(ceiling->files, &op[0].a);
    if (by_nature(ceiling, AAJ_GLOB_DEAD, mask, false)) { /* forbidden also where no rule of the ceiling matches */
        op[0].a.accept = any_state;
        op[0].a.dead = UINT32_MAX;
    }
    if (r == 0)
        r = aaj_glob_automaton(glob, &op[1].a);
    if (r == 0)
        r = aaj_product_walk(op, 2, 0, visit_state, &v);
    aaj_glob_free(glob);
    if (r == 1)
        *ret = v.found;
    return r;
}

int aaj_ceiling_crosses_file(struct aaj_ceiling *ceiling, struct aaj_str pattern, bool literal, uint32_t mask,
                             struct aaj_fsview *files, struct aaj_arena *arena,
                             struct aaj_crossing *ret_crossing)
{
    struct aaj_str name;

    mask = aaj_ceiling_mask(mask);
    if (literal)
        return cross_literal(ceiling, pattern, mask, files, arena, ret_crossing);
    if (aaj_glob_is_literal(pattern, AAJ_GLOB_PATH, arena, &name))
        return cross_literal(ceiling, name, mask, files, arena, ret_crossing);
    return cross_pattern(ceiling, pattern, mask, arena, ret_crossing);
}

/* Is the peer the slave itself or something below it? */
static bool is_own(struct aaj_str peer, struct aaj_str own)
{
    return own.n && aaj_str_starts(peer, own) &&
           (peer.n == own.n || aaj_str_starts(aaj_str_skip(peer, own.n), AAJ_STR("//")));
}

static bool rule_covers(const struct aaj_ceiling_rule *rule, enum aaj_class class,
                        const struct aaj_str arg[AAJ_ARGS], uint32_t mask)
{
    if (rule->class != class)
        return false;
    switch (class) {
    case AAJ_CLASS_CAPABILITY: return !rule->arg[0].n || aaj_str_eq(rule->arg[0], arg[AAJ_CAP_NAME]);
    case AAJ_CLASS_NET:
        return (!rule->arg[0].n || aaj_str_eq(rule->arg[0], arg[AAJ_NET_FAMILY])) &&
               (!rule->arg[1].n || aaj_str_eq(rule->arg[1], arg[AAJ_NET_TYPE]));
    case AAJ_CLASS_SIGNAL:
    case AAJ_CLASS_PTRACE: return rule->mask & mask;
    default: return true;
    }
}

bool aaj_ceiling_class_open(const struct aaj_ceiling *ceiling, uint32_t item, enum aaj_class class,
                            const struct aaj_str arg[AAJ_ARGS], uint32_t mask)
{
    for (size_t i = 0; i < ceiling->n_rules; i++)
        if (ceiling->rule[i].except && ceiling->rule[i].item == item &&
            rule_covers(&ceiling->rule[i], class, arg, mask))
            return true;
    return false;
}

int aaj_ceiling_crosses_access(struct aaj_ceiling *ceiling, enum aaj_class class,
                               const struct aaj_str arg[AAJ_ARGS], uint32_t mask, struct aaj_str own,
                               struct aaj_fsview *files, struct aaj_arena *arena,
                               struct aaj_crossing *ret_crossing)
{
    if (class == AAJ_CLASS_FILE || class == AAJ_CLASS_EXEC)
        return aaj_ceiling_crosses_file(ceiling, arg[AAJ_FILE_NAME], true, mask, files, arena, ret_crossing);
    if ((class == AAJ_CLASS_SIGNAL || class == AAJ_CLASS_PTRACE) && is_own(arg[AAJ_PEER_LABEL], own))
        return 0;
    for (size_t i = 0; i < ceiling->n_rules; i++) {
        const struct aaj_ceiling_rule *rule = &ceiling->rule[i];

        if (rule->except || !rule_covers(rule, class, arg, mask) ||
            aaj_ceiling_class_open(ceiling, rule->item, class, arg, mask))
            continue;
        *ret_crossing = (struct aaj_crossing){
            &ceiling->item[rule->item], aaj_arena_printf(arena, "%s %.*s%s%.*s", aaj_class_info[class].name, AAJ_STR_ARG(arg[0]),
                                   arg[1].n ? " " : "", AAJ_STR_ARG(arg[1])), mask
        };
        return ret_crossing->name.p ? 1 : -ENOMEM;
    }
    return 0;
}
