/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the target's parser cannot read. One warning a construct and item; the versions are those of the
 * first AppArmor release whose parser has it (its tags' parser_yacc.y, profile.h, mount.cc, network.cc).
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "policy/check.h"

static void unsupported(struct aaj_parser *ps, const struct aaj_item *item, const char *what, unsigned since)
{
    const struct aaj_target *target = ps->rd->options->target;
    struct aaj_loc loc = aaj_item_loc(item);
    struct aaj_str line = aaj_loc_line(ps->policy->text, item->start, &loc);

    aaj_diag_add(ps->rd->diags, AAJ_WARNING, "policy-target", loc, line,
                 "%s: not known to the parser of %s (%u.%u.%u); %u.%u was the first", what, target->name,
                 target->parser_version / 10000, target->parser_version / 100 % 100, target->parser_version % 100,
                 since / 10000, since / 100 % 100);
}

static void need(struct aaj_parser *ps, const struct aaj_item *item, bool used, const char *what, unsigned since)
{
    if (used && ps->rd->options->target->parser_version < since)
        unsupported(ps, item, what, since);
}

static void need_feature(struct aaj_parser *ps, const struct aaj_item *item, bool used, unsigned feature,
                         const char *what, unsigned since)
{
    if (used && !(ps->rd->options->target->parser_features & feature))
        unsupported(ps, item, what, since);
}

static bool has_cond(const struct aaj_conds *conds, const char *a, const char *b)
{
    for (uint32_t i = 0; i < conds->n; i++)
        if (aaj_str_eq(conds->item[i].key.value, aaj_str_c(a)) || aaj_str_eq(conds->item[i].key.value, aaj_str_c(b)))
            return true;
    return false;
}

static bool has_value(const struct aaj_conds *conds, const char *const *word)
{
    for (; *word; word++)
        for (uint32_t i = 0; i < conds->n; i++)
            for (uint32_t k = 0; k < conds->item[i].values.n; k++)
                if (aaj_str_eq(conds->item[i].values.item[k].value, aaj_str_c(*word)))
                    return true;
    return false;
}

static void network(struct aaj_parser *ps, const struct aaj_item *item)
{
    const struct aaj_access_rule *rule = &item->rule.access;

    need_feature(ps, item, has_cond(&rule->conds, "ip", "port") || has_cond(&rule->peer, "ip", "port"),
                 AAJ_PARSER_NET_ADDR, "addresses and ports in network rules", 40000);
    need_feature(ps, item, rule->perms, AAJ_PARSER_NET_PERMS, "permissions in network rules", 40000);
    need(ps, item, has_cond(&rule->conds, "interface", "label") || has_cond(&rule->peer, "label", "label"),
         "interfaces and labels in network rules", 50000);
}

static void mount(struct aaj_parser *ps, const struct aaj_item *item)
{
    static const char *const words[] = { "nosymfollow", "symfollow", "lazytime", "nolazytime", "nostrictatime", NULL };
    static const char *const propagation[] = {
        "unbindable", "runbindable", "private", "rprivate", "slave", "rslave", "shared", "rshared",
        "make-unbindable", "make-runbindable", "make-private", "make-rprivate", "make-slave", "make-rslave",
        "make-shared", "make-rshared", NULL
    };
    const struct aaj_access_rule *rule = &item->rule.access;

    need(ps, item, has_value(&rule->conds, words), "this mount option", 30100);
    need(ps, item, aaj_text_set(rule->arg[0]) && !aaj_text_set(rule->arg[1]) && has_value(&rule->conds, propagation),
         "a mount point without '->' for propagation", 30100);
}

/* @{exec_path} and @{attach_path} stand for themselves since 5.0; before, they are variables like any other. */
static void own_variables(struct aaj_parser *ps, const struct aaj_item *item)
{
    struct aaj_str path = item->rule.file.path.value;
    static const char *const names[] = { "exec_path", "attach_path" };

    for (size_t i = 0; path.p && i < sizeof(names) / sizeof(*names); i++) {
        struct aaj_str reference = aaj_arena_printf(ps->rd->arena, "@{%s}", names[i]);

        if (reference.p && aaj_str_search(path, reference) < path.n &&
            !aaj_vars_assigned(&ps->rd->vars, aaj_str_c(names[i])))
            need(ps, item, true, "this variable without a value", 50000);
    }
}

static void rule(struct aaj_parser *ps, const struct aaj_item *item)
{
    need_feature(ps, item, item->rule.prefix.has_priority, AAJ_PARSER_PRIORITY, "priorities", 40100);
    need(ps, item, item->rule.prefix.mode == AAJ_MODE_PROMPT, "prompt rules", 40100);
    switch (item->rule.kind) {
    case AAJ_RULE_USERNS:
        need_feature(ps, item, true, AAJ_PARSER_USERNS, "userns rules", 40000);
        break;
    case AAJ_RULE_MQUEUE:
        need_feature(ps, item, true, AAJ_PARSER_MQUEUE, "mqueue rules", 40000);
        break;
    case AAJ_RULE_IO_URING:
        need_feature(ps, item, true, AAJ_PARSER_IO_URING, "io_uring rules", 40000);
        break;
    case AAJ_RULE_ALL:
        need(ps, item, true, "all rules", 40000);
        break;
    case AAJ_RULE_NETWORK:
        network(ps, item);
        break;
    case AAJ_RULE_FILE:
        own_variables(ps, item);
        need(ps, item, !item->rule.file.leading && aaj_text_set(item->rule.file.target) &&
                 (item->rule.file.perms & (AAJ_MAY_LINK | AAJ_MAY_EXEC)) == AAJ_MAY_LINK,
             "the target of a link behind 'l'", 40108);
        break;
    case AAJ_RULE_MOUNT:
    case AAJ_RULE_REMOUNT:
        mount(ps, item);
        break;
    default:
        break;
    }
}

static void flags(struct aaj_parser *ps, const struct aaj_item *item)
{
    static const struct {
        const char *name;
        unsigned since;
    } table[] = {
        { "attach_disconnected.ipc", 50000 }, { "attach_disconnected.path=", 40000 }, { "default_allow", 40000 },
        { "error=", 40100 },  { "interruptible", 40000 }, { "kill.signal=", 40000 }, { "debug", 30100 },
        { "prompt", 40000 },  { "unconfined", 30000 },
    };

    for (uint32_t i = 0; i < item->profile.flags.n; i++)
        for (size_t k = 0; k < sizeof(table) / sizeof(*table); k++)
            if (aaj_str_starts(item->profile.flags.item[i].value, aaj_str_c(table[k].name))) {
                need(ps, item, true, "this flag", table[k].since);
                break;
            }
    need(ps, item, item->profile.identities.n, "identities", 50000);
}

/* Operators and words that came with the conditions of 5.0. */
static bool is_truth(struct aaj_str word)
{
    return (word.n == 4 && strncasecmp(word.p, "true", 4) == 0) || (word.n == 5 && strncasecmp(word.p, "false", 5) == 0);
}

static bool is_new_condition(const struct aaj_texts *words, bool values)
{
    static const char *const old[] = { "not", "defined" };

    for (uint32_t i = 0; i < words->n; i++) {
        struct aaj_str word = words->item[i].raw;
        bool known = word.p[0] == '$' || word.p[0] == '@' || (values && words->n == 1 && is_truth(word));

        for (size_t k = 0; !known && k < sizeof(old) / sizeof(*old); k++)
            known = aaj_str_eq(word, aaj_str_c(old[k]));
        if (!known)
            return true;
    }
    return false;
}

void aaj_check_support(struct aaj_parser *ps, const struct aaj_item *item)
{
    if (!ps->rd->options->target || ps->rd->dead)
        return;
    switch (item->kind) {
    case AAJ_ITEM_ABI:
        need_feature(ps, item, true, AAJ_PARSER_ABI, "abi rules", 30000);
        need(ps, item, item->abi.magic && aaj_str_find(item->abi.path.value, '/') == item->abi.path.value.n,
             "this abi", 30100);
        break;
    case AAJ_ITEM_INCLUDE:
        need_feature(ps, item, item->include.if_exists, AAJ_PARSER_INCLUDE_IF, "include if exists", 30000);
        break;
    case AAJ_ITEM_VARIABLE:
    case AAJ_ITEM_BOOLEAN:
        need(ps, item, item->variable.assign > AAJ_ASSIGN_ADD, "this kind of assignment", 50000);
        need(ps, item, item->kind == AAJ_ITEM_BOOLEAN && is_new_condition(&item->variable.values, true),
             "conditions as values of booleans", 50000);
        break;
    case AAJ_ITEM_IF:
        need(ps, item, is_new_condition(&item->cond.words, false), "this kind of condition", 50000);
        break;
    case AAJ_ITEM_PROFILE:
        flags(ps, item);
        break;
    case AAJ_ITEM_RULE:
        rule(ps, item);
        break;
    default:
        break;
    }
}
