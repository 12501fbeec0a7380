/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Byte strings as (pointer, length). Logs hold NULs and invalid UTF-8, so nothing that came from
 * outside is ever a C string. A slice owns nothing; its bytes live as long as the arena, interner or
 * input buffer it was cut from.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct aaj_str {
    const char *p;
    size_t n;
};

#define AAJ_STR(lit) ((struct aaj_str){ "" lit "", sizeof(lit) - 1 })
#define AAJ_STR_INIT(lit) { "" lit "", sizeof(lit) - 1 }
/* printf("%.*s", AAJ_STR_ARG(s)): only for bytes known to be harmless; see base/escape.h for the rest. */
#define AAJ_STR_ARG(s) (int)(s).n, (s).p

static inline struct aaj_str aaj_str_c(const char *c)
{
    return (struct aaj_str){ c, c ? strlen(c) : 0 };
}

static inline bool aaj_str_eq(struct aaj_str a, struct aaj_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Byte order, shorter first on a tie: the one order used for every sorted output. */
static inline int aaj_str_cmp(struct aaj_str a, struct aaj_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int r = n ? memcmp(a.p, b.p, n) : 0;

    return r ? r : (a.n > b.n) - (a.n < b.n);
}

static inline bool aaj_str_starts(struct aaj_str s, struct aaj_str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool aaj_str_ends(struct aaj_str s, struct aaj_str suffix)
{
    return s.n >= suffix.n &&
           (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

/* s without its first @n bytes; empty when it is shorter. */
static inline struct aaj_str aaj_str_skip(struct aaj_str s, size_t n)
{
    return n >= s.n ? (struct aaj_str){ s.p + s.n, 0 } : (struct aaj_str){ s.p + n, s.n - n };
}

static inline struct aaj_str aaj_str_head(struct aaj_str s, size_t n)
{
    return (struct aaj_str){ s.p, n < s.n ? n : s.n };
}

/* Index of byte @c, or s.n when it does not occur. */
static inline size_t aaj_str_find(struct aaj_str s, char c)
{
    const char *q = s.n ? memchr(s.p, c, s.n) : NULL;

    return q ? (size_t)(q - s.p) : s.n;
}

/* Index of the first occurrence of @needle, or s.n. */
static inline size_t aaj_str_search(struct aaj_str s, struct aaj_str needle)
{
    const char *q = needle.n && s.n && s.p ? memmem(s.p, s.n, needle.p, needle.n) : NULL;

    return q ? (size_t)(q - s.p) : s.n;
}
