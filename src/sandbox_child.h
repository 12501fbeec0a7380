/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "sandbox.h"

/* Gives up everything that reading does not need. 0 or -errno; on an error the process must end. */
int sandbox_confine(const struct sandbox_limits *limits);

/* Findings as JSON Lines, for the way from the child to the parent, and back. */
void sandbox_write_diags(FILE *out, const struct aaj_diags *diags);
int sandbox_read_diags(struct aaj_str text, struct aaj_diags *diags);
