/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The byte that the escape sequence at *@pos (behind its backslash) stands for, and *@pos moved behind it;
 * or -1. @also: letters that stand for themselves. */
int aaj_escape_sequence(const char **pos, const char *end, const char *also);
