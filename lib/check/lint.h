/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a reviewer would object to in a policy that is valid. Each finding has an id, a reason and a way out, and
 * is switched off by a comment `# aajail: allow ID…` behind its rule, on the line above, or behind the
 * profile's opening brace.
 */
#pragma once

#include "ceiling/ceiling.h"
#include "check/rules.h"

/* Findings about the profiles' own rules, not those of their includes. @ceiling (may be NULL) knows what is dangerous,
 * other jails' roots among it. -ENOMEM, or 0 with the findings. */
int aaj_lint_run(const struct aaj_rules *rules, struct aaj_ceiling *ceiling, struct aaj_diags *diags);

/* All that reading policy (the first few) and aaj_lint_run() can find. */
extern const struct aaj_diag_kind aaj_lint_kinds[];
