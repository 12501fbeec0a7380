/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files that check the meaning of rules share. */
#pragma once

#include "policy/parser.h"

/* A finding about the whole rule, without its prefix's and block's lines. */
#define aaj_check_fail(ps, item, ...) aaj_parser_error(ps, (item)->start, (item)->end, __VA_ARGS__)

/* About one word of it; where that was written elsewhere, about the whole. */
#define aaj_check_fail_at(ps, item, text, ...)                                                                        \
    aaj_parser_error(ps, aaj_word_start(ps, item, text), aaj_word_end(ps, item, text), __VA_ARGS__)

static inline bool aaj_word_is_here(const struct aaj_parser *ps, struct aaj_text text)
{
    uintptr_t word = (uintptr_t)text.raw.p, file = (uintptr_t)ps->policy->text.p;

    return text.raw.n && word >= file && word + text.raw.n <= file + ps->policy->text.n;
}

static inline uint32_t aaj_word_start(const struct aaj_parser *ps, const struct aaj_item *item, struct aaj_text text)
{
    return aaj_word_is_here(ps, text) ? (uint32_t)(text.raw.p - ps->policy->text.p) : item->start;
}

static inline uint32_t aaj_word_end(const struct aaj_parser *ps, const struct aaj_item *item, struct aaj_text text)
{
    return aaj_word_is_here(ps, text) ? (uint32_t)(text.raw.p - ps->policy->text.p + text.raw.n) : item->end;
}

/* check_access.c: rules with permissions and conditions. */
int aaj_check_access(struct aaj_parser *ps, struct aaj_item *item);
/* conflict.c: exec permissions of the profile's rules, at its '}'. */
int aaj_check_exec_conflicts(struct aaj_parser *ps, struct aaj_item *profile);
/* check_mount.c */
int aaj_check_mount(struct aaj_parser *ps, struct aaj_item *item);
/* check.c: variables are set, the glob is well-formed. @flags: enum aaj_glob_flags. */
int aaj_check_glob(struct aaj_parser *ps, struct aaj_item *item, struct aaj_text text, unsigned flags);
bool aaj_is_signal(struct aaj_str name);
