/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a build found out: for people on a terminal, for programs as JSON. Same build, same bytes. */
#pragma once

#include <stdio.h>

#include "build/build.h"

/* Some 20 lines: events and rules, what was not granted and why, proposals, what the target does not mediate. Names are
 * escaped. 0 or -ENOMEM. */
int aaj_report_build_text(FILE *out, const struct aaj_build_input *input, const struct aaj_built *built);

/* The same for a browser, with each rule's evidence: one page without script that loads nothing. In @arena. */
int aaj_report_build_html(const struct aaj_build_input *input, const struct aaj_built *built, struct aaj_arena *arena,
                          struct aaj_str *ret_text);

/* Everything, one JSON document with a newline, in @arena; see aajail-build(1). */
int aaj_report_build_json(const struct aaj_build_input *input, const struct aaj_built *built, struct aaj_arena *arena,
                          struct aaj_str *ret_text);
