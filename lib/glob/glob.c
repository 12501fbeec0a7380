/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "glob/glob_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

enum { MAX_PATTERN = 1024 * 1024, REGEX_GROWTH = 18 };

int aaj_glob_new(struct aaj_glob **ret_glob)
{
    struct aaj_glob *glob = calloc(1, sizeof(*glob));

    if (!glob)
        return -ENOMEM;
    *ret_glob = glob;
    return 0;
}

struct aaj_glob *aaj_glob_free(struct aaj_glob *glob)
{
    if (!glob)
        return NULL;
    aaj_glob_forget(glob);
    free(glob->node);
    free(glob->charset);
    free(glob->start);
    free(glob);
    return NULL;
}

static int parse(struct aaj_glob *glob, struct aaj_str pattern, unsigned flags, uint32_t *ret_start,
                 uint32_t *ret_end, const char **ret_why)
{
    /* Squeezed text, then its regular expression. */
    char *buffer = malloc(pattern.n * (1 + REGEX_GROWTH) + 1), *regex;
    size_t n;
    int r;

    if (!buffer)
        return -ENOMEM;
    if (flags & AAJ_GLOB_PATH)
        pattern = (struct aaj_str){ buffer, aaj_glob_squeeze_slashes(pattern, buffer) };
    if (flags & AAJ_GLOB_LITERAL) {
        r = aaj_glob_parse_bytes(glob, pattern, ret_start, ret_end);
    } else {
        regex = buffer + pattern.n;
        r = aaj_glob_to_regex(pattern, regex, &n, ret_why);
        if (r == 0)
            r = aaj_glob_parse_regex(glob, (struct aaj_str){ regex, n }, ret_start, ret_end, ret_why);
    }
    free(buffer);
    return r;
}

int aaj_glob_add(struct aaj_glob *glob, struct aaj_str pattern, unsigned flags, uint32_t tag,
                 const char **ret_why)
{
    size_t n_nodes = glob->n_nodes;
    uint32_t start, end;
    int r;

    if (pattern.n > MAX_PATTERN) {
        if (ret_why)
            *ret_why = "a glob is at most 1 MiB long";
        return -E2BIG;
    }
    aaj_glob_forget(glob);
    if (AAJ_GROW(glob->start, glob->n_starts, glob->cap_starts) < 0)
        return -ENOMEM;
    r = parse(glob, pattern, flags, &start, &end, ret_why);
    if (r < 0) {
        glob->n_nodes = n_nodes; /* charsets made on the way do no harm */
        return r;
    }
    glob->node[end].kind = AAJ_NODE_ACCEPT;
    glob->node[end].out = tag;
    glob->start[glob->n_starts++] = start;
    return 0;
}

int aaj_glob_compile(struct aaj_str pattern, unsigned flags, struct aaj_glob **ret_glob, const char **ret_why)
{
    struct aaj_glob *glob;
    int r = aaj_glob_new(&glob);

    if (r < 0)
        return r;
    r = aaj_glob_add(glob, pattern, flags, 0, ret_why);
    if (r < 0) {
        aaj_glob_free(glob);
        return r;
    }
    *ret_glob = glob;
    return 0;
}

/* The one byte of a charset, or -1. */
static int only_byte(const struct aaj_charset *set)
{
    int byte = -1;

    for (int i = 0; i < 4; i++) {
        if (!set->bit[i])
            continue;
        if (byte >= 0 || (set->bit[i] & (set->bit[i] - 1)))
            return -1;
        byte = i * 64 + __builtin_ctzll(set->bit[i]);
    }
    return byte;
}

bool aaj_glob_is_literal(struct aaj_str pattern, unsigned flags, struct aaj_arena *arena, struct aaj_str *ret_name)
{
    struct aaj_glob *glob;
    char *name = aaj_arena_alloc(arena, pattern.n + 1);
    size_t n = 0;
    bool literal = name != NULL;

    if (!literal || aaj_glob_compile(pattern, flags, &glob, NULL) < 0)
        return false;
    for (uint32_t i = glob->start[0]; literal && glob->node[i].kind != AAJ_NODE_ACCEPT; i = glob->node[i].out) {
        int byte = -1;

        if (glob->node[i].kind == AAJ_NODE_JUMP)
            continue;
        if (glob->node[i].kind == AAJ_NODE_SET)
            byte = only_byte(&glob->charset[glob->node[i].set]);
        literal = byte >= 0;
        if (literal)
            name[n++] = (char)byte;
    }
    aaj_glob_free(glob);
    if (literal && ret_name)
        *ret_name = (struct aaj_str){ name, n };
    return literal;
}

bool aaj_glob_is_wild(const struct aaj_glob *glob)
{
    return glob->wild;
}

bool aaj_glob_accepts(const struct aaj_glob *glob, uint32_t state)
{
    return state < glob->n_states && glob->state[state].accepts;
}

size_t aaj_glob_tags(const struct aaj_glob *glob, uint32_t state, uint32_t *tags, size_t cap)
{
    size_t n = 0;

    if (!aaj_glob_accepts(glob, state))
        return 0;
    for (uint32_t i = 0; i < glob->state[state].n; i++) {
        const struct aaj_node *node = &glob->node[glob->pool[glob->state[state].first + i]];

        if (node->kind != AAJ_NODE_ACCEPT)
            continue;
        if (n < cap)
            tags[n] = node->out;
        n++;
    }
    return n;
}

int aaj_glob_walk(struct aaj_glob *glob, uint32_t state, struct aaj_str bytes, uint32_t *ret_state)
{
    int r = aaj_glob_prepare(glob);

    for (size_t i = 0; r == 0 && i < bytes.n && state != AAJ_GLOB_DEAD; i++)
        r = aaj_glob_step(glob, state, (uint8_t)bytes.p[i], &state);
    if (r == 0)
        *ret_state = state;
    return r;
}

int aaj_glob_match(struct aaj_glob *glob, struct aaj_str name)
{
    uint32_t state;
    int r = aaj_glob_walk(glob, AAJ_GLOB_START, name, &state);

    return r ? r : aaj_glob_accepts(glob, state);
}
