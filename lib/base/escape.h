/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes from outside, made harmless for the place they go to. AppArmor's own quoting is in
 * policy/quote.h, JSON's is json-c's.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/str.h"

/* Printable ASCII and valid, printable UTF-8 as they are; controls, escape sequences, bidirectional
 * overrides and invalid bytes as \xNN (newline \n, tab \t). A backslash stays one backslash. */
void aaj_escape_terminal(FILE *out, struct aaj_str s);

/* The same for HTML, as text or in a quoted attribute: the characters of markup as entities. */
void aaj_escape_html(FILE *out, struct aaj_str s);

/* Columns that aaj_escape_terminal() would take, one per code point: enough to place a caret. */
size_t aaj_escape_terminal_width(struct aaj_str s);

/* The same into an arena, for use in a message; cut with "…" past 200 columns. "" when out of memory. */
const char *aaj_escape(struct aaj_arena *arena, struct aaj_str s);

/* Length of the valid UTF-8 sequence that starts @s (no surrogates, no overlong forms, at most
 * U+10FFFF), its code point in *ret_cp; 0 when there is none. */
size_t aaj_utf8_next(struct aaj_str s, uint32_t *ret_cp);
bool aaj_utf8_valid(struct aaj_str s);

/* A code point that controls, reorders or hides text. */
bool aaj_escape_harmful(uint32_t cp);
