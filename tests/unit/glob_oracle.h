/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second meaning of globs, made another way: braces are expanded, then each flat pattern is matched by
 * dynamic programming. Covers well-formed globs without backslashes in sets.
 */
#pragma once

#include <stdbool.h>

bool oracle_match(const char *glob, const char *name);
