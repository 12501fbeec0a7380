/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ceiling/ceiling.h"
#include "glob/glob.h"

/* One rule of an item (or an exception to it). */
struct aaj_ceiling_rule {
    enum aaj_class class;
    uint32_t mask;        /* of the class; FILE: with everything that `w` stands for */
    struct aaj_str glob;  /* FILE: the name, until it is in the automaton */
    struct aaj_str arg[2]; /* CAPABILITY: name; NET: family, type; MOUNT: operation. Empty: any */
    uint32_t item;
    bool except;
};

/* What of abstraction @name is accepted where it is included. */
struct aaj_ceiling_tolerated {
    struct aaj_str name;
    struct aaj_ceiling_rule rule;
};

struct aaj_ceiling {
    struct aaj_arena arena;
    struct aaj_ceiling_item *item;
    size_t n_items, cap_items;
    struct aaj_ceiling_rule *rule; /* tags of the globs below */
    size_t n_rules, cap_rules;
    struct aaj_ceiling_tolerated *tolerated;
    size_t n_tolerated, cap_tolerated;
    struct aaj_glob *files; /* every FILE rule and exception; tag = index in rule[] */
};

enum {
    AAJ_CEILING_WRITE = AAJ_MAY_WRITE | AAJ_MAY_APPEND | AAJ_MAY_CREATE | AAJ_MAY_DELETE,
};

/* `w` says more than one bit; what the kernel reports as create or delete is written as `w` too. */
static inline uint32_t aaj_ceiling_mask(uint32_t mask)
{
    if (mask & (AAJ_MAY_WRITE | AAJ_MAY_CREATE | AAJ_MAY_DELETE))
        mask |= AAJ_CEILING_WRITE;
    return mask;
}

/* Reads one rule of AppArmor's language without variables; strings are slices of @text. -EINVAL with a
 * sentence in *ret_why. */
int aaj_ceiling_read_rule(struct aaj_str text, struct aaj_ceiling_rule *ret_rule, const char **ret_why);

int aaj_ceiling_add_item(struct aaj_ceiling *ceiling, const struct aaj_ceiling_item *item, uint32_t *ret_index);
int aaj_ceiling_add_rule(struct aaj_ceiling *ceiling, const struct aaj_ceiling_rule *rule, bool literal,
                         const char **ret_why);

/* The letters that cross at a state of ceiling->files when @mask is granted there, and the item; items that
 * @skip (by item, may be NULL) says are passed over. */
uint32_t aaj_ceiling_state_crosses(const struct aaj_ceiling *ceiling, uint32_t state, uint32_t mask,
                                   const bool *skip, uint32_t *ret_item);

/* Do the item's exceptions open @mask at this state? For items that hold by nature, not by name. */
bool aaj_ceiling_excepted(const struct aaj_ceiling *ceiling, uint32_t state, uint32_t item, uint32_t mask);

/* AAJ_PERM_* of compiled policy as AAJ_MAY_*. */
uint32_t aaj_ceiling_may(uint32_t perms);

/* Does an exception of @item cover this access (not of class FILE)? */
bool aaj_ceiling_class_open(const struct aaj_ceiling *ceiling, uint32_t item, enum aaj_class class,
                            const struct aaj_str arg[AAJ_ARGS], uint32_t mask);

/* @path with a backslash before each character that a glob gives a meaning to. */
struct aaj_str aaj_ceiling_escape(struct aaj_arena *arena, struct aaj_str path, const char *tail);

/* @text with the manifest's variables and AppArmor's own filled in; an unknown one can be anything. .p is
 * NULL when out of memory. */
struct aaj_str aaj_ceiling_expand(const struct aaj_manifest *m, struct aaj_str text, struct aaj_arena *arena);
