/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profiles, child profiles and hats: name, attachment, xattrs, identities, flags. */
#include <errno.h>
#include <string.h>

#include "policy/check.h"
#include "policy/parser.h"

static int parse_values(struct aaj_parser *ps, struct aaj_texts *values, const char *what)
{
    uint32_t cap = values->n;
    uint32_t before = values->n;
    int r = 0;

    if (ps->tok.kind != AAJ_TOKEN_LPAREN)
        return aaj_parser_expected(ps, "'('");
    aaj_parser_advance(ps);
    while (r == 0 && ps->tok.kind == AAJ_TOKEN_VALUE)
        r = aaj_parser_texts(ps, values, aaj_parser_take(ps), &cap);
    if (r == 0 && values->n == before)
        return aaj_parser_expected(ps, what);
    return r ? r : aaj_parser_expect(ps, AAJ_TOKEN_RPAREN, "')'");
}

/* + identities=(…): kept as written, one text a group. */
static int parse_identity_group(struct aaj_parser *ps, struct aaj_profile *profile, uint32_t *cap)
{
    struct aaj_texts values = { 0 };
    struct aaj_text group;
    uint32_t start;
    int r;

    aaj_parser_advance(ps);
    if (ps->tok.kind != AAJ_TOKEN_IDENTITIES)
        return aaj_parser_expected(ps, "'identities=(…)' behind '+'");
    aaj_parser_advance(ps);
    r = aaj_parser_expect(ps, AAJ_TOKEN_EQUALS, "'='");
    start = ps->tok.start;
    if (r == 0)
        r = parse_values(ps, &values, "an identity");
    for (uint32_t i = 0; r == 0 && i < values.n; i++)
        if (values.item[i].value.n && values.item[i].value.p[0] != '/' &&
            memchr(values.item[i].value.p, ' ', values.item[i].value.n))
            r = aaj_parser_error(ps, start, ps->prev_end, "an identity cannot hold a blank");
    if (r < 0)
        return r;
    group.raw = group.value = (struct aaj_str){ ps->lx.p + start, ps->prev_end - start };
    return aaj_parser_texts(ps, &profile->identities, group, cap);
}

static int parse_profile_head(struct aaj_parser *ps, struct aaj_profile *profile)
{
    uint32_t cap = 0;
    int r = 0;

    if (ps->tok.kind != AAJ_TOKEN_ID)
        return aaj_parser_expected(ps, "the name of a profile");
    profile->name = aaj_parser_take(ps);
    if (ps->tok.kind == AAJ_TOKEN_ID || ps->tok.kind == AAJ_TOKEN_SET_VAR)
        profile->attachment = aaj_parser_take(ps);
    if (ps->tok.kind == AAJ_TOKEN_CONDLISTID) {
        if (!aaj_parser_is(ps, AAJ_TOKEN_CONDLISTID, "xattrs"))
            return aaj_parser_expected(ps, "'xattrs=(…)', 'flags=(…)' or '{'");
        r = aaj_parser_cond_group(ps, &profile->xattrs);
    }
    while (r == 0 && ps->tok.kind == AAJ_TOKEN_PLUS)
        r = parse_identity_group(ps, profile, &cap);
    if (r == 0 && ps->tok.kind == AAJ_TOKEN_FLAGS) {
        profile->flags_keyword = true;
        aaj_parser_advance(ps);
        r = aaj_parser_expect(ps, AAJ_TOKEN_EQUALS, "'='");
        if (r == 0)
            r = parse_values(ps, &profile->flags, "a flag");
    } else if (r == 0 && ps->tok.kind == AAJ_TOKEN_LPAREN) {
        r = parse_values(ps, &profile->flags, "a flag");
    }
    return r;
}

int aaj_parser_profile(struct aaj_parser *ps, struct aaj_item *item)
{
    struct aaj_profile *profile = &item->profile;
    int r;

    item->kind = AAJ_ITEM_PROFILE;
    if (ps->tok.kind == AAJ_TOKEN_PROFILE)
        profile->keyword = AAJ_PROFILE_PROFILE;
    else if (ps->tok.kind == AAJ_TOKEN_HAT)
        profile->keyword = AAJ_PROFILE_HAT;
    else if (ps->tok.kind == AAJ_TOKEN_CARET)
        profile->keyword = AAJ_PROFILE_CARET;
    if (profile->keyword)
        aaj_parser_advance(ps);
    r = parse_profile_head(ps, profile);
    if (r == 0 && ps->tok.kind != AAJ_TOKEN_OPEN)
        r = aaj_parser_expected(ps, "'{'");
    if (r < 0)
        return r;
    if (ps->rd->options->flags & AAJ_POLICY_CHECK)
        r = aaj_check_profile(ps, item);
    profile->body.open = ps->tok.start;
    aaj_parser_advance(ps);
    if (r == 0)
        r = aaj_parser_block(ps, item, &profile->body);
    if (r == 0 && ps->rd->options->flags & AAJ_POLICY_CHECK)
        r = aaj_check_leave_profile(ps, item);
    return r;
}
