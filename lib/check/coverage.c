/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check/coverage.h"

#include <errno.h>
#include <stdlib.h>

enum { GRANTS_MAX = 64 };

int aaj_coverage_init(struct aaj_coverage *coverage, struct aaj_rules *rules)
{
    *coverage = (struct aaj_coverage){ .rules = *rules };
    *rules = (struct aaj_rules){ 0 };
    coverage->accesses = calloc(coverage->rules.n_rules + 1, sizeof(*coverage->accesses));
    coverage->events = calloc(coverage->rules.n_rules + 1, sizeof(*coverage->events));
    if (coverage->accesses && coverage->events)
        return 0;
    aaj_coverage_clear(coverage);
    return -ENOMEM;
}

void aaj_coverage_clear(struct aaj_coverage *coverage)
{
    free(coverage->accesses);
    free(coverage->events);
    aaj_rules_clear(&coverage->rules);
    *coverage = (struct aaj_coverage){ 0 };
}

static void count(struct aaj_coverage *c, size_t rule, const struct aaj_access *access)
{
    c->accesses[rule]++;
    c->events[rule] += access->allowed + access->denied + access->audited;
}

void aaj_coverage_add(struct aaj_coverage *c, struct aaj_recording *rec, const struct aaj_access *access,
                      struct aaj_str profile)
{
    const struct aaj_listed_profile *p = aaj_rules_profile(&c->rules, profile);
    uint32_t rule[GRANTS_MAX];
    size_t n;

    if (!p)
        return;
    if (access->class == AAJ_CLASS_FILE || access->class == AAJ_CLASS_EXEC) {
        n = aaj_rules_grant(p, &c->rules, aaj_recording_str(rec, access->arg[AAJ_FILE_NAME]),
                            access->denied_mask ? access->denied_mask : access->requested, rule, GRANTS_MAX);
        for (size_t i = 0; i < n; i++)
            count(c, rule[i], access);
        return;
    }
    for (size_t i = 0; i < c->rules.n_rules; i++)
        if (aaj_str_eq(c->rules.rule[i].profile, profile) && aaj_rules_speaks_of(&c->rules.rule[i], rec, access))
            count(c, i, access);
}
