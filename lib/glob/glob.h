/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * AppArmor globs as automata. One implementation for everything that asks what a glob means: merge,
 * lint, diff, ceiling, surface, learning.
 *
 * A glob here is the text after quote processing and variable expansion (struct aaj_text.value, see
 * policy/ast.h): `*` `**` `?` `[…]` `{a,b}` and `\` escapes. What it matches is what apparmor_parser
 * makes of it (parser_regex.c and libapparmor_re/parse.y in AppArmor 2.x to 5.x), corners included:
 *
 * - `*` and `?` do not match `/`, `**` does, none of them matches a NUL; `[^a]` matches `/` and NUL;
 * - directly behind a `/` and before a `/` or the end, `*` and `**` need at least one character that is no `/`;
 * - `{a}` is an error, `{a,}` is not; `[]a]` is an error.
 *
 * Automata are made as they are walked, so that a union of 10,000 rules costs nothing until it is asked;
 * what is learned is kept in the object, which is why matching takes a non-const pointer. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

/* A union of globs, each with a tag of the caller's. */
struct aaj_glob;

int aaj_glob_new(struct aaj_glob **ret_glob);
struct aaj_glob *aaj_glob_free(struct aaj_glob *glob);

enum aaj_glob_flags {
    AAJ_GLOB_PATH = 1u << 0,    /* runs of slashes count as one, as in file rules and attachments */
    AAJ_GLOB_LITERAL = 1u << 1, /* @pattern is plain bytes, no glob */
};

/* Adds an alternative. -EINVAL for a malformed glob, with a sentence about it in *ret_why (static
 * storage, may be NULL); -E2BIG past 1 MiB; -ENOMEM. The union is unchanged on failure. */
int aaj_glob_add(struct aaj_glob *glob, struct aaj_str pattern, unsigned flags, uint32_t tag,
                 const char **ret_why);

/* One glob on its own: new and add. */
int aaj_glob_compile(struct aaj_str pattern, unsigned flags, struct aaj_glob **ret_glob, const char **ret_why);

/* Has it no wildcard, so that it matches one name only? The name then is *ret_name (in @arena). */
bool aaj_glob_is_literal(struct aaj_str pattern, unsigned flags, struct aaj_arena *arena, struct aaj_str *ret_name);

/* A star, a question mark or a [^set] in any alternative: what apparmor_parser calls no exact match. The
 * exec permission of an exact rule wins over that of one that is not. */
bool aaj_glob_is_wild(const struct aaj_glob *glob);

/* 1 or 0, -errno. */
int aaj_glob_match(struct aaj_glob *glob, struct aaj_str name);

/* Walking by hand, e.g. over a file tree. State 0 matches nothing ever after; the start is 1. -E2BIG
 * when the automaton grows past its bound. */
enum { AAJ_GLOB_DEAD = 0, AAJ_GLOB_START = 1 };
int aaj_glob_step(struct aaj_glob *glob, uint32_t state, uint8_t byte, uint32_t *ret_state);
int aaj_glob_walk(struct aaj_glob *glob, uint32_t state, struct aaj_str bytes, uint32_t *ret_state);
bool aaj_glob_accepts(const struct aaj_glob *glob, uint32_t state);
/* The tags that accept here, ascending by order of addition; returns how many, writes at most @cap. */
size_t aaj_glob_tags(const struct aaj_glob *glob, uint32_t state, uint32_t *tags, size_t cap);

/* 1 when every name @a matches is matched by @b too; 0 with a name in *ret_witness (in @arena; NULL when
 * not wanted) that only @a matches; -errno. */
int aaj_glob_subset(struct aaj_glob *a, struct aaj_glob *b, struct aaj_arena *arena, struct aaj_str *ret_witness);

/* 1 with a name both match; 0 when there is none; -errno. */
int aaj_glob_intersect(struct aaj_glob *a, struct aaj_glob *b, struct aaj_arena *arena,
                       struct aaj_str *ret_witness);

/*
 * Products with any other automaton, e.g. a compiled policy's. A state is a number; @dead is one that can
 * accept nothing any more (UINT32_MAX: none known).
 */
struct aaj_automaton {
    void *ctx;
    uint32_t start, dead;
    const uint8_t *classes; /* 256: bytes of one class step alike; NULL: each its own */
    int (*step)(void *ctx, uint32_t state, uint8_t byte, uint32_t *ret_state); /* 0 or -errno */
    bool (*accept)(void *ctx, uint32_t state);
};

/* @glob as one; valid until the next aaj_glob_add(). -E2BIG, -ENOMEM. */
int aaj_glob_automaton(struct aaj_glob *glob, struct aaj_automaton *ret_automaton);

struct aaj_operand {
    struct aaj_automaton a;
    bool want; /* names that it accepts, or those that it does not */
};

enum { AAJ_PRODUCT_MAX = 8 };

/* Called on each combination of states that is as wanted, nearest name first. @state has one state an
 * operand. 0 goes on; anything else ends the walk and is returned. */
typedef int (*aaj_product_visit)(void *ctx, struct aaj_str name, const uint32_t *state);

/* Visits every reachable combination of states once, with the shortest name (no NUL in it) that leads
 * there. -E2BIG after @limit combinations (0: one million). */
int aaj_product_walk(const struct aaj_operand *op, size_t n, size_t limit, aaj_product_visit visit, void *ctx);

/* 1 with the shortest name that is as wanted by all, 0 when there is none, -errno. */
int aaj_product_find(const struct aaj_operand *op, size_t n, size_t limit, struct aaj_arena *arena,
                     struct aaj_str *ret_name);
