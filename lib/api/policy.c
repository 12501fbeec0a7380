/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>

#include "api/api.h"
#include "compile/compile.h"
#include "match/query.h"

/* Text is compiled for the context's target; what is compiled already is taken as it is. */
static int compiled(aajail *ctx, struct aaj_str bytes, struct aaj_str name, struct aaj_arena *arena,
                    struct aaj_str *ret_blob)
{
    struct aaj_compile c = { .file = name };
    int r;

    if (aaj_match_is_policy(bytes)) {
        *ret_blob = bytes;
        return 0;
    }
    r = aaj_api_target(ctx, &c.target);
    return r < 0 ? r : aaj_compile(&c, bytes, arena, &ctx->diags, ret_blob);
}

int aajail_policy_new(aajail *ctx, const void *bytes, size_t n, const char *name, aajail_policy **ret_policy)
{
    aajail_policy *policy = calloc(1, sizeof(*policy));
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str blob;
    int r;

    if (!policy)
        return -ENOMEM;
    r = compiled(ctx, aaj_api_bytes(bytes, n), aaj_str_c(name), &arena, &blob);
    if (r == 0)
        r = aaj_match_open(blob, aaj_str_c(name), &ctx->diags, &policy->match);
    aaj_arena_clear(&arena);
    if (r < 0)
        free(policy);
    else
        *ret_policy = policy;
    return r;
}

aajail_policy *aajail_policy_free(aajail_policy *policy)
{
    if (!policy)
        return NULL;
    aaj_match_free(policy->match);
    free(policy);
    return NULL;
}

int aajail_policy_query(const aajail_policy *policy, const char *question, enum aajail_answer *ret_answer)
{
    const struct aaj_match *match = policy->match;
    const struct aaj_match_world world = { &match, 1 };
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_query query;
    struct aaj_answer answer;
    const char *why;
    int r = aaj_query_parse(aaj_str_c(question), &arena, &query, &why);

    if (r == 0)
        r = aaj_query_ask(&world, &query, &arena, &answer, &why);
    if (r == 0)
        *ret_answer = answer.decision.verdict == AAJ_ALLOW  ? AAJAIL_ALLOW
                      : answer.decision.verdict == AAJ_DENY ? AAJAIL_DENY
                                                            : AAJAIL_NOT_MEDIATED;
    aaj_arena_clear(&arena);
    return r;
}
