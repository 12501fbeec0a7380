/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "glob/escape.h"
#include "glob/glob.h"

enum aaj_node_kind {
    AAJ_NODE_SET,    /* one byte out of charset[set], then out */
    AAJ_NODE_JUMP,   /* out, for nothing */
    AAJ_NODE_SPLIT,  /* out or alt, for nothing */
    AAJ_NODE_ACCEPT, /* tag in out */
};

struct aaj_node {
    enum aaj_node_kind kind;
    uint32_t set, out, alt;
};

struct aaj_charset {
    uint64_t bit[4];
};

static inline bool aaj_charset_has(const struct aaj_charset *set, uint8_t c)
{
    return set->bit[c >> 6] >> (c & 63) & 1;
}

static inline void aaj_charset_add(struct aaj_charset *set, uint8_t c)
{
    set->bit[c >> 6] |= 1ull << (c & 63);
}

struct aaj_glob_state {
    uint32_t first, n; /* nodes of the state: pool[first…], ascending; SET and ACCEPT only */
    uint32_t hash;
    bool accepts;
};

struct aaj_glob {
    /* The non-deterministic automaton. */
    struct aaj_node *node;
    size_t n_nodes, cap_nodes;
    struct aaj_charset *charset;
    size_t n_charsets, cap_charsets;
    uint32_t byte_set[256]; /* charset of one byte + 1; 0: not made yet */
    bool wild;              /* some alternative has a star or a set of what must not be */
    uint32_t *start;        /* first node of each alternative */
    size_t n_starts, cap_starts;

    /* What is known of the deterministic one; thrown away when an alternative is added. */
    bool prepared;
    uint8_t classes[256];
    uint8_t member[256]; /* one byte of each class */
    unsigned n_classes;
    struct aaj_glob_state *state;
    size_t n_states, cap_states;
    uint32_t *pool;
    size_t n_pool, cap_pool;
    uint32_t *slot; /* state + 1 by hash of its nodes */
    size_t slots;
    uint64_t *edge_key; /* (state, class) + 1 -> edge_to; open addressing */
    uint32_t *edge_to;
    size_t edges, edge_slots;
    uint32_t *mark, generation; /* by node: reached in this step */
    uint32_t *stack;
    uint32_t *next; /* nodes of the state being made */
};

/* regex.c: the two languages apparmor_parser goes through. */
int aaj_glob_to_regex(struct aaj_str glob, char *out, size_t *ret_n, const char **ret_why);
int aaj_glob_parse_regex(struct aaj_glob *glob, struct aaj_str regex, uint32_t *ret_start, uint32_t *ret_end,
                         const char **ret_why);
int aaj_glob_parse_bytes(struct aaj_glob *glob, struct aaj_str bytes, uint32_t *ret_start, uint32_t *ret_end);
size_t aaj_glob_squeeze_slashes(struct aaj_str in, char *out);

/* dfa.c */
int aaj_glob_prepare(struct aaj_glob *glob);
void aaj_glob_forget(struct aaj_glob *glob);
