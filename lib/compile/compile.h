/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * apparmor_parser, driven so that the result depends on the text and the target alone: absolute path, clean
 * environment, no configuration file, no cache, the target's features, a deadline. Nothing is loaded
 * and nothing outside memory is written; root is not needed.
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"
#include "target/target.h"

struct aaj_compile {
    const struct aaj_target *target;
    struct aaj_str file;        /* what messages about the text itself name */
    const char *const *include; /* more folders for `include <…>`, before the target's own; absolute */
    size_t n_include;
    unsigned timeout_ms; /* 0 = 60 s */
};

/* *ret_blob: what would be loaded, byte for byte. What the parser says becomes findings in @diags.
 * -EINVAL: it refused the text; -ETIMEDOUT: it did not end; -E2BIG: it wanted too much memory or wrote
 * more than AAJ_FILE_MAX; else it could not be run. */
int aaj_compile(const struct aaj_compile *compile, struct aaj_str text, struct aaj_arena *arena,
                struct aaj_diags *diags, struct aaj_str *ret_blob);

/* The names the text defines ("parent", "parent//child"), as the parser lists them. Errors as above. */
int aaj_compile_names(const struct aaj_compile *compile, struct aaj_str text, struct aaj_arena *arena,
                      struct aaj_diags *diags, struct aaj_str **ret_name, size_t *ret_n);
