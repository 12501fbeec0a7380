/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which rules of a policy text what was observed has used. */
#pragma once

#include "check/rules.h"

struct aaj_coverage {
    struct aaj_rules rules;
    size_t *accesses; /* by rule: distinct accesses that it grants */
    uint64_t *events;
};

/* Takes @rules over, also when it fails. */
int aaj_coverage_init(struct aaj_coverage *coverage, struct aaj_rules *rules);
void aaj_coverage_clear(struct aaj_coverage *coverage);

/* @access was allowed by the profile of this name: counts for each rule that grants it. */
void aaj_coverage_add(struct aaj_coverage *coverage, struct aaj_recording *rec, const struct aaj_access *access,
                      struct aaj_str profile);
