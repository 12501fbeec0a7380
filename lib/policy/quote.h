/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From bytes to policy text. A name that an attacker chose must come out as a rule for that name and
 * nothing else, for every parser from 2.x to 5.x.
 *
 * Two steps, because rules are put together from literals and wildcards: aaj_glob_escape() makes a
 * literal into glob text, pieces are joined, and aaj_text_from_value() spells the whole for the file.
 */
#pragma once

#include "policy/ast.h"

/* Glob text that matches exactly @bytes; everything special is escaped, commas too, so that it may stand
 * inside an alternation, and no `@{` remains. .p is NULL when memory is exhausted. NULs pass as \000,
 * which only `unix addr=` understands: refuse them before. */
struct aaj_str aaj_glob_escape(struct aaj_arena *arena, struct aaj_str bytes);

/*
 * Spells a value, in quotes as soon as a byte needs them. Controls, invalid UTF-8, invisible and
 * bidirectional characters come out as \ooo; so do literal backslashes and double quotes: in `"a\\"` the
 * lexer takes the `\"` for a quote that goes on (QUOTED_ID in parser_lex.l). -EINVAL for a NUL.
 */
enum aaj_text_place {
    AAJ_TEXT_PATH, /* a path of a file rule or an attachment */
    AAJ_TEXT_NAME, /* a profile's name, a target behind -> */
    AAJ_TEXT_COND, /* behind key=, also inside peer=(…); in a variable's list of values */
};
int aaj_text_from_value(struct aaj_arena *arena, struct aaj_str value, enum aaj_text_place place,
                        struct aaj_text *ret_text);

/* Both steps. -EINVAL for an empty name, one with a NUL, and a path that does not begin with '/'. */
int aaj_text_literal(struct aaj_arena *arena, struct aaj_str bytes, enum aaj_text_place place,
                     struct aaj_text *ret_text);

/* A word of the language ("inet", "stream", "session"): spelled as it is. */
struct aaj_text aaj_text_word(const char *word);

/* The other way: what apparmor_parser's lexer makes of a token. .p is NULL when memory is exhausted. */
struct aaj_str aaj_token_value(struct aaj_arena *arena, struct aaj_str raw);
