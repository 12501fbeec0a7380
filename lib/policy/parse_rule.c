/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules: form only; what they mean is checked in check.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/parser.h"
#include "policy/quote.h"

enum { PRIORITY_MAX = 1000 };

static int parse_priority(struct aaj_parser *ps, struct aaj_prefix *prefix)
{
    struct aaj_str digits;
    char number[16] = "";
    long value;
    int r;

    aaj_parser_advance(ps);
    r = aaj_parser_expect(ps, AAJ_TOKEN_EQUALS, "'='");
    if (r < 0)
        return r;
    if (ps->tok.kind != AAJ_TOKEN_VALUE)
        return aaj_parser_expected(ps, "a number");
    digits = aaj_token_str(&ps->lx, &ps->tok);
    memcpy(number, digits.p, digits.n < sizeof(number) ? digits.n : sizeof(number) - 1);
    value = strtol(number, NULL, 10);
    if (value < -PRIORITY_MAX || value > PRIORITY_MAX)
        return aaj_parser_error(ps, ps->tok.start, ps->tok.end, "a priority lies between -%d and %d", PRIORITY_MAX,
                                PRIORITY_MAX);
    prefix->priority = (int32_t)value;
    prefix->has_priority = true;
    aaj_parser_advance(ps);
    return 0;
}

static bool accept_word(struct aaj_parser *ps, const char *word)
{
    if (!aaj_parser_is(ps, AAJ_TOKEN_KEYWORD, word))
        return false;
    aaj_parser_advance(ps);
    return true;
}

int aaj_parser_prefix(struct aaj_parser *ps, struct aaj_prefix *prefix)
{
    int r = 0;

    *prefix = (struct aaj_prefix){ 0 };
    if (ps->tok.kind == AAJ_TOKEN_PRIORITY)
        r = parse_priority(ps, prefix);
    if (r < 0)
        return r;
    prefix->audit = accept_word(ps, "audit");
    if (accept_word(ps, "allow"))
        prefix->mode = AAJ_MODE_ALLOW;
    else if (accept_word(ps, "deny"))
        prefix->mode = AAJ_MODE_DENY;
    else if (accept_word(ps, "prompt"))
        prefix->mode = AAJ_MODE_PROMPT;
    if (accept_word(ps, "owner") || accept_word(ps, "user"))
        prefix->owner = AAJ_OWNER_OWNER;
    else if (accept_word(ps, "other"))
        prefix->owner = AAJ_OWNER_OTHER;
    return 0;
}

static bool at_name(const struct aaj_parser *ps)
{
    return ps->tok.kind == AAJ_TOKEN_ID || ps->tok.kind == AAJ_TOKEN_SET_VAR;
}

int aaj_parser_end_rule(struct aaj_parser *ps)
{
    return aaj_parser_expect(ps, AAJ_TOKEN_COMMA, "',' at the end of the rule");
}

int aaj_parser_target(struct aaj_parser *ps, struct aaj_text *target)
{
    if (!aaj_parser_accept(ps, AAJ_TOKEN_ARROW))
        return 0;
    if (!at_name(ps))
        return aaj_parser_expected(ps, "a name behind '->'");
    *target = aaj_parser_take(ps);
    return 0;
}

/* Behind `file`, safe and unsafe: "/path rw," or "rw /path,". */
static int parse_file_body(struct aaj_parser *ps, struct aaj_file_rule *rule)
{
    int r;

    rule->leading = ps->tok.kind == AAJ_TOKEN_MODE;
    if (rule->leading) {
        r = aaj_parse_file_perms(ps, rule);
        if (r < 0)
            return r;
        rule->subset = accept_word(ps, "subset") || aaj_parser_accept(ps, AAJ_TOKEN_LE);
    }
    if (!at_name(ps))
        return aaj_parser_expected(ps, rule->leading                         ? "a path"
                                       : ps->tok.kind == AAJ_TOKEN_KEYWORD ? "a rule (a path begins with '/')"
                                                                           : "a rule");
    rule->path = aaj_parser_take(ps);
    if (!rule->leading) {
        if (ps->tok.kind != AAJ_TOKEN_MODE)
            return aaj_parser_expected(ps, "permissions such as 'rw' behind the path");
        r = aaj_parse_file_perms(ps, rule);
        if (r < 0)
            return r;
    }
    r = aaj_parser_target(ps, &rule->target);
    return r ? r : aaj_parser_end_rule(ps);
}

static int parse_file(struct aaj_parser *ps, struct aaj_rule *rule)
{
    rule->kind = AAJ_RULE_FILE;
    rule->file = (struct aaj_file_rule){ .keyword = accept_word(ps, "file") };
    if (rule->file.keyword && ps->tok.kind == AAJ_TOKEN_COMMA)
        return aaj_parser_end_rule(ps);
    if (accept_word(ps, "unsafe"))
        rule->file.safe = AAJ_SAFE_UNSAFE;
    else if (accept_word(ps, "safe"))
        rule->file.safe = AAJ_SAFE_SAFE;
    return parse_file_body(ps, &rule->file);
}

static int parse_link(struct aaj_parser *ps, struct aaj_rule *rule)
{
    struct aaj_file_rule *link = &rule->file;

    *link = (struct aaj_file_rule){ .keyword = true, .perms = AAJ_MAY_LINK };
    aaj_parser_advance(ps);
    link->subset = accept_word(ps, "subset");
    if (!at_name(ps))
        return aaj_parser_expected(ps, "a path");
    link->path = aaj_parser_take(ps);
    if (ps->tok.kind != AAJ_TOKEN_ARROW)
        return aaj_parser_expected(ps, "'->' and what is linked to");
    int r = aaj_parser_target(ps, &link->target);

    return r ? r : aaj_parser_end_rule(ps);
}

static int parse_capability(struct aaj_parser *ps, struct aaj_rule *rule)
{
    uint32_t cap = 0;
    int r = 0;

    rule->capability = (struct aaj_texts){ 0 };
    aaj_parser_advance(ps);
    while (r == 0 && ps->tok.kind == AAJ_TOKEN_KEYWORD)
        r = aaj_parser_texts(ps, &rule->capability, aaj_parser_take(ps), &cap);
    if (r == 0 && (ps->tok.kind == AAJ_TOKEN_ID || ps->tok.kind == AAJ_TOKEN_MODE))
        return aaj_parser_expected(ps, "the name of a capability");
    return r ? r : aaj_parser_end_rule(ps);
}

static int parse_rlimit(struct aaj_parser *ps, struct aaj_rule *rule)
{
    int r;

    rule->rlimit = (struct aaj_rlimit_rule){ 0 };
    aaj_parser_advance(ps);
    if (!accept_word(ps, "rlimit"))
        return aaj_parser_expected(ps, "'rlimit' behind 'set'");
    if (ps->tok.kind != AAJ_TOKEN_ID)
        return aaj_parser_expected(ps, "the name of a limit");
    rule->rlimit.name = aaj_parser_take(ps);
    r = aaj_parser_expect(ps, AAJ_TOKEN_LE, "'<='");
    if (r < 0)
        return r;
    if (ps->tok.kind != AAJ_TOKEN_VALUE)
        return aaj_parser_expected(ps, "a number or 'infinity'");
    rule->rlimit.value = aaj_parser_take(ps);
    if (ps->tok.kind == AAJ_TOKEN_ID)
        rule->rlimit.unit = aaj_parser_take(ps);
    return aaj_parser_end_rule(ps);
}

static int parse_change_profile(struct aaj_parser *ps, struct aaj_rule *rule)
{
    struct aaj_change_profile_rule *cp = &rule->change_profile;
    int r;

    *cp = (struct aaj_change_profile_rule){ 0 };
    aaj_parser_advance(ps);
    if (aaj_parser_is(ps, AAJ_TOKEN_ID, "unsafe"))
        cp->safe = AAJ_SAFE_UNSAFE;
    else if (aaj_parser_is(ps, AAJ_TOKEN_ID, "safe"))
        cp->safe = AAJ_SAFE_SAFE;
    if (cp->safe)
        aaj_parser_advance(ps);
    if (ps->tok.kind == AAJ_TOKEN_ID)
        cp->exec = aaj_parser_take(ps);
    r = aaj_parser_target(ps, &cp->target);
    return r ? r : aaj_parser_end_rule(ps);
}

static int parse_all(struct aaj_parser *ps, struct aaj_rule *rule)
{
    aaj_parser_advance(ps);
    return aaj_parser_end_rule(ps);
}

static const struct {
    const char *word;
    enum aaj_rule_kind kind;
    int (*parse)(struct aaj_parser *ps, struct aaj_rule *rule);
} table[] = {
    { "link", AAJ_RULE_LINK, parse_link },
    { "capability", AAJ_RULE_CAPABILITY, parse_capability },
    { "set", AAJ_RULE_RLIMIT, parse_rlimit },
    { "change_profile", AAJ_RULE_CHANGE_PROFILE, parse_change_profile },
    { "network", AAJ_RULE_NETWORK, aaj_parser_access },
    { "unix", AAJ_RULE_UNIX, aaj_parser_access },
    { "dbus", AAJ_RULE_DBUS, aaj_parser_access },
    { "signal", AAJ_RULE_SIGNAL, aaj_parser_access },
    { "ptrace", AAJ_RULE_PTRACE, aaj_parser_access },
    { "mount", AAJ_RULE_MOUNT, aaj_parser_access },
    { "remount", AAJ_RULE_REMOUNT, aaj_parser_access },
    { "umount", AAJ_RULE_UMOUNT, aaj_parser_access },
    { "unmount", AAJ_RULE_UMOUNT, aaj_parser_access },
    { "pivot_root", AAJ_RULE_PIVOT_ROOT, aaj_parser_access },
    { "userns", AAJ_RULE_USERNS, aaj_parser_access },
    { "mqueue", AAJ_RULE_MQUEUE, aaj_parser_access },
    { "io_uring", AAJ_RULE_IO_URING, aaj_parser_access },
    { "all", AAJ_RULE_ALL, parse_all },
};

/* Behind the prefix. */
int aaj_parser_rule(struct aaj_parser *ps, struct aaj_item *item)
{
    struct aaj_str word = aaj_token_str(&ps->lx, &ps->tok);
    const struct aaj_prefix *p = &item->rule.prefix;

    for (size_t i = 0; ps->tok.kind == AAJ_TOKEN_KEYWORD && i < sizeof(table) / sizeof(*table); i++) {
        if (!aaj_str_eq(word, aaj_str_c(table[i].word)))
            continue;
        item->rule.kind = table[i].kind;
        if (table[i].kind == AAJ_RULE_RLIMIT && (p->has_priority || p->audit || p->mode || p->owner))
            return aaj_parser_error(ps, item->start, ps->tok.end, "nothing may stand before 'set rlimit'");
        return table[i].parse(ps, &item->rule);
    }
    return parse_file(ps, &item->rule);
}
