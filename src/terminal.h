/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Terminals whose character set is not UTF-8 get ASCII. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* From now on what goes to such a terminal through stdout and stderr. 0 or -ENOMEM. */
int terminal_guard(void);

bool terminal_is_plain(int fd);
/* A stream for one; @mode is setvbuf()'s. What is not ASCII comes out as \xNN. NULL when out of memory. */
FILE *terminal_plain(int fd, int mode);
