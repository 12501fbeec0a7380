/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Policy as text, two ways: canonical (aajail fmt: printing what was printed changes nothing) and minimal
 * (an edit leaves every other byte alone).
 */
#pragma once

#include <stdio.h>

#include "policy/ast.h"

/* Items marked as removed are left out. All return 0, -ENOMEM or -EIO. */
int aaj_policy_print(FILE *out, const struct aaj_policy *policy);

/* One item at an indentation of @depth steps, its comment and newline included. */
int aaj_item_print(FILE *out, const struct aaj_item *item, unsigned depth);

/* One rule on one line, without indentation, comment or newline: "owner /a r,". In @arena; .p is NULL
 * when memory is exhausted. */
struct aaj_str aaj_rule_text(struct aaj_arena *arena, const struct aaj_rule *rule);

/* The bytes that were read, with what was added, changed and removed; untouched items stay untouched to the
 * byte. */
int aaj_policy_print_minimal(FILE *out, const struct aaj_policy *policy);
