/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What apparmor_parser prints, as findings. */
#pragma once

#include "base/diag.h"

/* @err: its standard error; @text was compiled as @file from standard input. Returns the number of
 * errors found. */
size_t aaj_compile_messages(struct aaj_str err, struct aaj_str file, struct aaj_str text,
                            struct aaj_diags *diags);
