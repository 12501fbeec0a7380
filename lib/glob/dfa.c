/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The deterministic automaton, made state by state as it is walked. */
#include "glob/glob_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

enum {
    MAX_STATES = 1 << 20,
    MAX_POOL = 1 << 25, /* 128 MiB of node numbers */
    NO_STATE = UINT32_MAX,
};

void aaj_glob_forget(struct aaj_glob *glob)
{
    free(glob->state);
    free(glob->pool);
    free(glob->slot);
    free(glob->edge_key);
    free(glob->edge_to);
    free(glob->mark);
    free(glob->stack);
    free(glob->next);
    glob->state = NULL;
    glob->pool = glob->slot = glob->edge_to = glob->mark = glob->stack = glob->next = NULL;
    glob->edge_key = NULL;
    glob->n_states = glob->cap_states = glob->n_pool = glob->cap_pool = 0;
    glob->slots = glob->edges = glob->edge_slots = 0;
    glob->generation = 0;
    glob->prepared = false;
}

/* Bytes that no charset tells apart are one class. */
static void make_classes(struct aaj_glob *glob)
{
    glob->n_classes = 1;
    memset(glob->classes, 0, sizeof(glob->classes));
    for (size_t s = 0; s < glob->n_charsets && glob->n_classes < 256; s++) {
        int split[256]; /* by old class: the class of its bytes that are in the set */
        bool out[256] = { false };

        memset(split, -1, sizeof(split));
        for (unsigned c = 0; c < 256; c++)
            if (!aaj_charset_has(&glob->charset[s], (uint8_t)c))
                out[glob->classes[c]] = true;
        for (unsigned c = 0; c < 256; c++) {
            unsigned old = glob->classes[c];

            if (!out[old] || !aaj_charset_has(&glob->charset[s], (uint8_t)c))
                continue;
            if (split[old] < 0)
                split[old] = (int)glob->n_classes++;
            glob->classes[c] = (uint8_t)split[old];
        }
    }
    for (unsigned c = 256; c-- > 0;)
        glob->member[glob->classes[c]] = (uint8_t)c;
}

/* Adds @node and what it reaches for nothing to next[0 … *n - 1]. */
static void close_over(struct aaj_glob *glob, uint32_t node, size_t *n)
{
    size_t depth = 0;

    glob->stack[depth++] = node;
    while (depth) {
        uint32_t i = glob->stack[--depth];
        const struct aaj_node *p = &glob->node[i];

        if (glob->mark[i] == glob->generation)
            continue;
        glob->mark[i] = glob->generation;
        if (p->kind == AAJ_NODE_SET || p->kind == AAJ_NODE_ACCEPT)
            glob->next[(*n)++] = i;
        if (p->kind == AAJ_NODE_JUMP || p->kind == AAJ_NODE_SPLIT)
            glob->stack[depth++] = p->out;
        if (p->kind == AAJ_NODE_SPLIT)
            glob->stack[depth++] = p->alt;
    }
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static uint32_t hash_nodes(const uint32_t *node, size_t n)
{
    uint64_t h = 0x9e3779b97f4a7c15u + n;

    for (size_t i = 0; i < n; i++) {
        h = (h ^ node[i]) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    return (uint32_t)h;
}

static int grow_slots(struct aaj_glob *glob)
{
    size_t slots = glob->slots ? glob->slots * 2 : 64;
    uint32_t *slot;

    if (glob->n_states * 2 < glob->slots)
        return 0;
    slot = calloc(slots, sizeof(*slot));
    if (!slot)
        return -ENOMEM;
    for (uint32_t s = 0; s < glob->n_states; s++) {
        size_t i = glob->state[s].hash & (slots - 1);

        while (slot[i])
            i = (i + 1) & (slots - 1);
        slot[i] = s + 1;
    }
    free(glob->slot);
    glob->slot = slot;
    glob->slots = slots;
    return 0;
}

static int grow_pool(struct aaj_glob *glob, size_t n)
{
    size_t cap = glob->cap_pool ? glob->cap_pool : 256;
    uint32_t *pool;

    if (glob->n_pool + n > MAX_POOL || glob->n_states >= MAX_STATES)
        return -E2BIG;
    while (cap < glob->n_pool + n)
        cap *= 2;
    if (cap == glob->cap_pool)
        return 0;
    pool = reallocarray(glob->pool, cap, sizeof(*pool));
    if (!pool)
        return -ENOMEM;
    glob->pool = pool;
    glob->cap_pool = cap;
    return 0;
}

/* The state made of next[0 … n - 1], found or made. */
static int intern_state(struct aaj_glob *glob, size_t n, uint32_t *ret_state)
{
    uint32_t hash;
    size_t i;
    int r;

    if (n > 1)
        qsort(glob->next, n, sizeof(*glob->next), compare_u32);
    hash = hash_nodes(glob->next, n);
    r = grow_slots(glob);
    if (r < 0)
        return r;
    for (i = hash & (glob->slots - 1); glob->slot[i]; i = (i + 1) & (glob->slots - 1)) {
        const struct aaj_glob_state *s = &glob->state[glob->slot[i] - 1];

        if (s->hash == hash && s->n == n &&
            (n == 0 || memcmp(&glob->pool[s->first], glob->next, n * sizeof(*glob->next)) == 0)) {
            *ret_state = glob->slot[i] - 1;
            return 0;
        }
    }
    r = grow_pool(glob, n);
    if (r < 0)
        return r;
    if (AAJ_GROW(glob->state, glob->n_states, glob->cap_states) < 0)
        return -ENOMEM;
    glob->state[glob->n_states] =
        (struct aaj_glob_state){ .first = (uint32_t)glob->n_pool, .n = (uint32_t)n, .hash = hash };
    for (size_t k = 0; k < n; k++) {
        glob->pool[glob->n_pool++] = glob->next[k];
        glob->state[glob->n_states].accepts |= glob->node[glob->next[k]].kind == AAJ_NODE_ACCEPT;
    }
    glob->slot[i] = (uint32_t)glob->n_states + 1;
    *ret_state = (uint32_t)glob->n_states++;
    return 0;
}

/* Dead state and start state. */
static int make_first_states(struct aaj_glob *glob)
{
    uint32_t state;
    size_t n = 0;
    int r = intern_state(glob, 0, &state);

    if (r < 0)
        return r;
    glob->generation++;
    for (size_t i = 0; i < glob->n_starts; i++)
        close_over(glob, glob->start[i], &n);
    return intern_state(glob, n, &state);
}

int aaj_glob_prepare(struct aaj_glob *glob)
{
    size_t n = glob->n_nodes + 1;
    int r;

    if (glob->prepared)
        return 0;
    if (glob->n_starts == 0)
        return -EINVAL;
    make_classes(glob);
    glob->mark = calloc(n, sizeof(*glob->mark));
    glob->stack = calloc(n * 2, sizeof(*glob->stack));
    glob->next = calloc(n, sizeof(*glob->next));
    r = glob->mark && glob->stack && glob->next ? make_first_states(glob) : -ENOMEM;
    if (r < 0) {
        aaj_glob_forget(glob);
        return r;
    }
    glob->prepared = true;
    return 0;
}

static size_t edge_slot(const struct aaj_glob *glob, uint64_t key)
{
    uint64_t h = key * 0x9e3779b97f4a7c15u;
    size_t i = (size_t)(h >> 20) & (glob->edge_slots - 1);

    while (glob->edge_key[i] && glob->edge_key[i] != key)
        i = (i + 1) & (glob->edge_slots - 1);
    return i;
}

static int grow_edges(struct aaj_glob *glob)
{
    struct aaj_glob old = *glob;

    if (glob->edges * 2 < glob->edge_slots)
        return 0;
    glob->edge_slots = old.edge_slots ? old.edge_slots * 2 : 256;
    glob->edge_key = calloc(glob->edge_slots, sizeof(*glob->edge_key));
    glob->edge_to = calloc(glob->edge_slots, sizeof(*glob->edge_to));
    if (!glob->edge_key || !glob->edge_to) {
        free(glob->edge_key);
        free(glob->edge_to);
        glob->edge_key = old.edge_key;
        glob->edge_to = old.edge_to;
        glob->edge_slots = old.edge_slots;
        return -ENOMEM;
    }
    for (size_t i = 0; i < old.edge_slots; i++)
        if (old.edge_key[i]) {
            size_t k = edge_slot(glob, old.edge_key[i]);

            glob->edge_key[k] = old.edge_key[i];
            glob->edge_to[k] = old.edge_to[i];
        }
    free(old.edge_key);
    free(old.edge_to);
    return 0;
}

static int make_step(struct aaj_glob *glob, uint32_t state, uint8_t byte, uint32_t *ret_state)
{
    const struct aaj_glob_state s = glob->state[state];
    size_t n = 0;

    if (++glob->generation == 0) { /* the marks have seen this number before */
        memset(glob->mark, 0, glob->n_nodes * sizeof(*glob->mark));
        glob->generation = 1;
    }
    for (uint32_t i = 0; i < s.n; i++) {
        const struct aaj_node *p = &glob->node[glob->pool[s.first + i]];

        if (p->kind == AAJ_NODE_SET && aaj_charset_has(&glob->charset[p->set], byte))
            close_over(glob, p->out, &n);
    }
    return intern_state(glob, n, ret_state);
}

int aaj_glob_step(struct aaj_glob *glob, uint32_t state, uint8_t byte, uint32_t *ret_state)
{
    uint64_t key;
    uint32_t to;
    size_t i;
    int r;

    if (state == AAJ_GLOB_DEAD) {
        *ret_state = AAJ_GLOB_DEAD;
        return 0;
    }
    r = glob->prepared ? 0 : aaj_glob_prepare(glob);
    if (r == 0)
        r = grow_edges(glob);
    if (r < 0)
        return r;
    key = ((uint64_t)state << 8 | glob->classes[byte]) + 1;
    i = edge_slot(glob, key);
    if (!glob->edge_key[i]) {
        r = make_step(glob, state, byte, &to);
        if (r < 0)
            return r;
        glob->edge_key[i] = key;
        glob->edge_to[i] = to;
        glob->edges++;
    }
    *ret_state = glob->edge_to[i];
    return 0;
}
