/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A reading from its text to its tree: of a file, of bytes, of one rule. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "policy/parser.h"

static int read_text(struct aaj_reading *rd, struct aaj_policy *policy, bool body)
{
    struct aaj_parser ps = { .rd = rd, .policy = policy };
    int r;

    aaj_lexer_init(&ps.lx, policy->text);
    policy->top.close = (uint32_t)policy->text.n;
    aaj_parser_advance(&ps);
    r = aaj_parser_items(&ps, NULL, &policy->top, body);
    aaj_lexer_clear(&ps.lx);
    return r;
}

static int parse_into(struct aaj_policy *policy, const struct aaj_policy_options *options, struct aaj_diags *diags)
{
    static const struct aaj_policy_options none = { 0 };
    struct aaj_reading rd = { .arena = policy->arena, .options = options ? options : &none, .diags = diags };
    int r = aaj_vars_init(&rd.vars);

    if (r == 0)
        r = aaj_intern_init(&rd.profiles);
    if (r == 0)
        r = aaj_intern_init(&rd.unset);
    if (r == 0)
        r = read_text(&rd, policy, rd.options->flags & AAJ_POLICY_FRAGMENT);
    if (r == 0 && rd.errors)
        r = -EINVAL;
    aaj_vars_clear(&rd.vars);
    aaj_intern_clear(&rd.profiles);
    aaj_intern_clear(&rd.unset);
    free(rd.seen);
    return r;
}

int aaj_policy_parse(struct aaj_str text, struct aaj_str name, const struct aaj_policy_options *options,
                     struct aaj_diags *diags, struct aaj_policy **ret_policy)
{
    struct aaj_policy *policy;
    int r;

    if (text.n > AAJ_POLICY_MAX_TEXT)
        return -E2BIG;
    r = aaj_policy_new(name, &policy);
    if (r < 0)
        return r;
    policy->text = aaj_arena_dup(policy->arena, text);
    r = policy->text.p ? parse_into(policy, options, diags) : -ENOMEM;
    if (r == -ENOMEM) {
        aaj_policy_free(policy);
        return r;
    }
    *ret_policy = policy;
    return r;
}

int aaj_policy_parse_rule(struct aaj_arena *arena, struct aaj_str text, struct aaj_loc loc,
                          struct aaj_diags *diags, struct aaj_item **ret_item)
{
    static const struct aaj_policy_options fragment = { .flags = AAJ_POLICY_FRAGMENT };
    bool include = aaj_str_starts(text, AAJ_STR("include ")) || aaj_str_starts(text, AAJ_STR("#include "));
    struct aaj_str comma = include || aaj_str_ends(text, AAJ_STR(",")) ? AAJ_STR("") : AAJ_STR(",");
    struct aaj_policy *policy = aaj_arena_new(arena, struct aaj_policy);
    struct aaj_diags found = AAJ_DIAGS_INIT;
    struct aaj_item *item;
    int r;

    if (!policy)
        return -ENOMEM;
    policy->arena = arena;
    policy->name = loc.file;
    policy->text = aaj_arena_printf(arena, "%.*s%.*s", AAJ_STR_ARG(text), AAJ_STR_ARG(comma));
    r = policy->text.p ? parse_into(policy, &fragment, &found) : -ENOMEM;
    item = policy->top.first;
    if (r == 0 && (!item || item->next || (item->kind != AAJ_ITEM_RULE && item->kind != AAJ_ITEM_INCLUDE))) {
        aaj_diag_add(diags, AAJ_ERROR, "policy-syntax", loc, (struct aaj_str){ 0 }, "expected one rule");
        r = -EINVAL;
    }
    for (size_t i = 0; r == -EINVAL && i < found.n; i++) {
        struct aaj_loc at = loc; /* columns count from where the rule begins */

        at.column += found.item[i].loc.column ? found.item[i].loc.column - 1 : 0;
        aaj_diag_add(diags, AAJ_ERROR, "policy-syntax", at, (struct aaj_str){ 0 }, "%.*s",
                     AAJ_STR_ARG(found.item[i].message));
    }
    aaj_diags_clear(&found);
    if (r < 0)
        return r;
    item->state = AAJ_STATE_NEW;
    item->policy = NULL;
    *ret_item = item;
    return 0;
}

int aaj_policy_read(const char *path, const struct aaj_policy_options *options, struct aaj_diags *diags,
                    struct aaj_policy **ret_policy)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str text, name = aaj_str_c(strcmp(path, "-") == 0 ? "(standard input)" : path);
    int r = aaj_file_read(path, AAJ_POLICY_MAX_TEXT, &arena, &text);

    if (r < 0)
        aaj_diag_add(diags, AAJ_ERROR, "policy-read", (struct aaj_loc){ .file = name }, (struct aaj_str){ 0 },
                     "cannot be read: %s", strerror(-r));
    else
        r = aaj_policy_parse(text, name, options, diags, ret_policy);
    aaj_arena_clear(&arena);
    return r;
}
