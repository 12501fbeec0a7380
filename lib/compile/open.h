/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policy ready to be asked, from text or from what a parser has compiled already. */
#pragma once

#include "compile/compile.h"
#include "match/match.h"

/* @path is read (at most AAJ_FILE_MAX): compiled policy as it is, text through the parser, with
 * @compile->file set to @path and the text's own folder not searched for includes (apparmor_parser does not
 * either). *ret_blob (may be NULL) lives in @arena. Errors of aaj_file_read(), aaj_compile() and
 * aaj_match_open(), all with a finding. */
int aaj_compile_open(const struct aaj_compile *compile, const char *path, struct aaj_arena *arena,
                     struct aaj_diags *diags, struct aaj_match **ret_match, struct aaj_str *ret_blob);

/* In two steps, so that the second can be taken by a process without power: these bytes, then aaj_match_open(). */
int aaj_compile_file(const struct aaj_compile *compile, const char *path, struct aaj_arena *arena,
                     struct aaj_diags *diags, struct aaj_str *ret_blob);
