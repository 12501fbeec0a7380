/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text being printed: grows as needed; running out of memory is remembered and reported once at the end. */
#pragma once

#include <stdio.h>

#include "policy/ast.h"

struct aaj_out {
    char *p;
    size_t n, cap;
    bool failed;
};

void aaj_out_clear(struct aaj_out *out);
int aaj_out_flush(struct aaj_out *out, FILE *to);
void aaj_out_put(struct aaj_out *out, struct aaj_str s);
void aaj_out_puts(struct aaj_out *out, const char *s);
void aaj_out_repeat(struct aaj_out *out, char c, size_t n);

/* print_rule.c: "owner /a r,". @width 0: one line; else wrapped behind it, continued at @indent. */
void aaj_out_rule(struct aaj_out *out, const struct aaj_rule *rule, size_t indent, size_t width);
void aaj_out_prefix(struct aaj_out *out, const struct aaj_prefix *prefix);
void aaj_out_conds(struct aaj_out *out, const struct aaj_conds *conds, const char *between);

/* print.c: a whole item at column @indent, newline included. */
void aaj_out_item(struct aaj_out *out, const struct aaj_item *item, size_t indent);
