/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "did you mean": which known word was mistyped. */
#pragma once

#include <stddef.h>

enum { NEAR = 3 }; /* words that are fewer letters apart are a slip or two */

/* How many letters are to be put in, left out or changed; words longer than any of ours are far from all. */
size_t word_distance(const char *a, const char *b);
