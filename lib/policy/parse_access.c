/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules with permissions and conditions: network, unix, dbus, signal, ptrace, mount and their kin. */
#include <errno.h>
#include <string.h>

#include "policy/parser.h"

static int parse_perm_list(struct aaj_parser *ps, struct aaj_rule *rule)
{
    while (ps->tok.kind == AAJ_TOKEN_VALUE) {
        struct aaj_text word = aaj_parser_text(ps);

        if (!word.value.p)
            return -ENOMEM;
        if (!aaj_access_word(rule->kind, word.value, &rule->access.perms) &&
            !aaj_access_letters(rule->kind, word.value, &rule->access.perms))
            return aaj_parser_expected(ps, "a permission");
        aaj_parser_advance(ps);
    }
    return aaj_parser_expect(ps, AAJ_TOKEN_RPAREN, "')'");
}

static int parse_perms(struct aaj_parser *ps, struct aaj_rule *rule)
{
    struct aaj_str word = aaj_token_str(&ps->lx, &ps->tok);
    char behind = ps->lx.p[ps->tok.end];

    if (aaj_parser_accept(ps, AAJ_TOKEN_LPAREN))
        return parse_perm_list(ps, rule);
    if (ps->tok.kind != AAJ_TOKEN_ID && ps->tok.kind != AAJ_TOKEN_KEYWORD)
        return 0;
    if (aaj_access_word(rule->kind, word, &rule->access.perms) ||
        (rule->kind != AAJ_RULE_IO_URING && word.n <= 2 && strchr(" \t\n\r,", behind) &&
         aaj_access_letters(rule->kind, word, &rule->access.perms)))
        aaj_parser_advance(ps);
    return 0;
}

/* [conditions] [source] [-> [conditions] target] */
static int parse_mount_args(struct aaj_parser *ps, struct aaj_rule *rule)
{
    struct aaj_access_rule *access = &rule->access;
    int r = aaj_parser_conds(ps, &access->conds);

    if (r == 0 && ps->tok.kind == AAJ_TOKEN_ID)
        access->arg[0] = aaj_parser_take(ps);
    if (r < 0 || ps->tok.kind != AAJ_TOKEN_ARROW || rule->kind == AAJ_RULE_REMOUNT || rule->kind == AAJ_RULE_UMOUNT)
        return r;
    if (rule->kind == AAJ_RULE_PIVOT_ROOT)
        return aaj_parser_target(ps, &access->arg[1]);
    aaj_parser_advance(ps);
    r = aaj_parser_conds(ps, &access->target_conds);
    if (r < 0)
        return r;
    if (ps->tok.kind != AAJ_TOKEN_ID)
        return aaj_parser_expected(ps, "a mount point behind '->'");
    access->arg[1] = aaj_parser_take(ps);
    return 0;
}

int aaj_parser_access(struct aaj_parser *ps, struct aaj_rule *rule)
{
    bool mount = rule->kind >= AAJ_RULE_MOUNT && rule->kind <= AAJ_RULE_PIVOT_ROOT;
    struct aaj_access_rule *access = &rule->access;
    int r = 0;

    *access = (struct aaj_access_rule){ 0 };
    aaj_parser_advance(ps);
    if (mount)
        r = parse_mount_args(ps, rule);
    else
        r = parse_perms(ps, rule);
    for (int i = 0; r == 0 && rule->kind == AAJ_RULE_NETWORK && i < 2 && ps->tok.kind == AAJ_TOKEN_ID; i++)
        access->arg[i] = aaj_parser_take(ps);
    if (r == 0 && !mount)
        r = aaj_parser_conds(ps, &access->conds);
    if (r == 0 && rule->kind == AAJ_RULE_MQUEUE && ps->tok.kind == AAJ_TOKEN_ID)
        access->arg[0] = aaj_parser_take(ps);
    if (r == 0 && ps->tok.kind == AAJ_TOKEN_CONDLISTID &&
        (rule->kind == AAJ_RULE_NETWORK || rule->kind == AAJ_RULE_UNIX || rule->kind == AAJ_RULE_DBUS)) {
        if (!aaj_parser_is(ps, AAJ_TOKEN_CONDLISTID, "peer"))
            return aaj_parser_expected(ps, "'peer=(…)'");
        r = aaj_parser_cond_group(ps, &access->peer);
    }
    return r ? r : aaj_parser_end_rule(ps);
}
