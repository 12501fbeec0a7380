/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json.h>
#include <stdio.h>

#include "build/build.h"

/* A few lines: how many existing files are opened beyond what was learned, by what, and which of them matter. */
int aaj_report_surface_text(FILE *out, const struct aaj_build_input *input, const struct aaj_built *built);

/* Everything but the folders. */
json_object *aaj_report_surface_json(const struct aaj_surface *surface, struct aaj_arena *arena);
