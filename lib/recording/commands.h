/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words that programs were started with (log/argv.h), by who ran what: a few of each, the smallest by bytes, so that
 * the set is the same in whatever order they come.
 */
#pragma once

#include "base/intern.h"

enum { COMMANDS_KEPT = 4 };

struct command {
    uint32_t label, name;          /* interned */
    uint32_t argv[COMMANDS_KEPT];  /* interned, in the order of their bytes; words with NUL between them */
    uint32_t n;
};

struct commands {
    struct command *item;
    size_t n, cap;
    struct aaj_slots slots;
};

int commands_init(struct commands *c);
void commands_clear(struct commands *c);

/* Ids are of @strings, where @argv is only entered when it is kept. 0 or -ENOMEM. */
int commands_add(struct commands *c, struct aaj_intern *strings, uint32_t label, uint32_t name, struct aaj_str argv);
/* Numbers of the items in the order of their bytes (malloc'd); @rank: of all strings. */
uint32_t *commands_order(const struct commands *c, const uint32_t *rank);
/* NULL: none is known. */
const struct command *commands_find(const struct commands *c, const struct aaj_intern *strings, uint32_t label,
                                    uint32_t name);
