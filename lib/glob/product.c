/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Breadth first through the product of several automata; each answer comes with a name that shows it. */
#include "glob/glob_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

struct visit {
    uint32_t parent; /* index; its own for the first */
    uint8_t byte;    /* that led here */
};

struct walk {
    const struct aaj_operand *op;
    size_t n, limit;
    uint8_t byte[256]; /* one of each joint class, those that read best first */
    unsigned n_bytes;
    struct visit *seen;
    uint32_t *tuple; /* n states each */
    size_t n_seen, cap_seen, cap_tuple;
    uint32_t *slot;
    size_t slots;
    char *name;
    size_t cap_name;
};

/* The order in which bytes are tried, so that a name that shows something looks like one. */
static void byte_order(uint8_t order[255])
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_-./";
    bool taken[256] = { [0] = true };
    unsigned n = 0;

    for (const char *p = first; *p; p++) {
        taken[(uint8_t)*p] = true;
        order[n++] = (uint8_t)*p;
    }
    for (unsigned printable = 2; printable-- > 0;)
        for (unsigned c = 1; c < 256; c++)
            if (!taken[c] && (c > 0x20 && c < 0x7f) == (printable == 1)) {
                taken[c] = true;
                order[n++] = (uint8_t)c;
            }
}

static bool step_alike(const struct walk *w, uint8_t a, uint8_t b)
{
    for (size_t i = 0; i < w->n; i++)
        if (!w->op[i].a.classes || w->op[i].a.classes[a] != w->op[i].a.classes[b])
            return false;
    return true;
}

static void choose_bytes(struct walk *w)
{
    uint8_t order[255];

    byte_order(order);
    for (unsigned i = 0; i < sizeof(order); i++) {
        bool known = false;

        for (unsigned k = 0; !known && k < w->n_bytes; k++)
            known = step_alike(w, w->byte[k], order[i]);
        if (!known)
            w->byte[w->n_bytes++] = order[i];
    }
}

static size_t find_slot(const struct walk *w, const uint32_t *tuple)
{
    uint64_t h = 0;
    size_t i;

    for (size_t k = 0; k < w->n; k++) {
        h = (h ^ tuple[k]) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    for (i = h & (w->slots - 1); w->slot[i]; i = (i + 1) & (w->slots - 1))
        if (memcmp(&w->tuple[(w->slot[i] - 1) * w->n], tuple, w->n * sizeof(*tuple)) == 0)
            break;
    return i;
}

static int grow_walk(struct walk *w)
{
    uint32_t *tuple, *old = w->slot;

    if (w->n_seen >= w->limit)
        return -E2BIG;
    if (AAJ_GROW(w->seen, w->n_seen, w->cap_seen) < 0)
        return -ENOMEM;
    if (w->cap_tuple < w->cap_seen) {
        tuple = reallocarray(w->tuple, w->cap_seen, w->n * sizeof(*tuple));
        if (!tuple)
            return -ENOMEM;
        w->tuple = tuple;
        w->cap_tuple = w->cap_seen;
    }
    if (w->n_seen * 2 < w->slots)
        return 0;
    w->slot = calloc(w->slots ? w->slots * 2 : 256, sizeof(*w->slot));
    if (!w->slot) {
        w->slot = old;
        return -ENOMEM;
    }
    w->slots = w->slots ? w->slots * 2 : 256;
    for (size_t i = 0; i < w->n_seen; i++)
        w->slot[find_slot(w, &w->tuple[i * w->n])] = (uint32_t)i + 1;
    free(old);
    return 0;
}

/* 1 when it was new. */
static int add(struct walk *w, const uint32_t *tuple, uint32_t parent, uint8_t byte)
{
    size_t i;
    int r;

    if (w->slots) {
        i = find_slot(w, tuple);
        if (w->slot[i])
            return 0;
    }
    r = grow_walk(w);
    if (r < 0)
        return r;
    i = find_slot(w, tuple);
    memcpy(&w->tuple[w->n_seen * w->n], tuple, w->n * sizeof(*tuple));
    w->seen[w->n_seen] = (struct visit){ parent, byte };
    w->slot[i] = (uint32_t)++w->n_seen;
    return 1;
}

/* The bytes that led to @index. */
static int spell(struct walk *w, uint32_t index, struct aaj_str *ret_name)
{
    size_t n = 0;

    for (uint32_t i = index; w->seen[i].parent != i; i = w->seen[i].parent)
        n++;
    if (n + 1 > w->cap_name) {
        char *name = realloc(w->name, (n + 1) * 2);

        if (!name)
            return -ENOMEM;
        w->name = name;
        w->cap_name = (n + 1) * 2;
    }
    *ret_name = (struct aaj_str){ w->name, n };
    for (uint32_t i = index; n > 0; i = w->seen[i].parent)
        w->name[--n] = (char)w->seen[i].byte;
    return 0;
}

static bool as_wanted(const struct walk *w, const uint32_t *tuple)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->op[i].a.accept(w->op[i].a.ctx, tuple[i]) != w->op[i].want)
            return false;
    return true;
}

/* Nothing ahead can be as wanted. */
static bool hopeless(const struct walk *w, const uint32_t *tuple)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->op[i].want && tuple[i] == w->op[i].a.dead)
            return true;
    return false;
}

static int step_all(struct walk *w, uint32_t from)
{
    uint32_t tuple[AAJ_PRODUCT_MAX];
    int r = 0;

    for (unsigned k = 0; r >= 0 && k < w->n_bytes; k++) {
        for (size_t i = 0; r >= 0 && i < w->n; i++)
            r = w->op[i].a.step(w->op[i].a.ctx, w->tuple[from * w->n + i], w->byte[k], &tuple[i]);
        if (r >= 0 && !hopeless(w, tuple))
            r = add(w, tuple, from, w->byte[k]);
    }
    return r < 0 ? r : 0;
}

int aaj_product_walk(const struct aaj_operand *op, size_t n, size_t limit, aaj_product_visit visit, void *ctx)
{
    struct walk w = { .op = op, .n = n, .limit = limit ? limit : 1000000 };
    uint32_t tuple[AAJ_PRODUCT_MAX];
    struct aaj_str name;
    int r = 0;

    if (n == 0 || n > AAJ_PRODUCT_MAX)
        return -EINVAL;
    choose_bytes(&w);
    for (size_t i = 0; i < n; i++)
        tuple[i] = op[i].a.start;
    if (!hopeless(&w, tuple))
        r = add(&w, tuple, 0, 0);
    if (r > 0)
        r = 0;
    for (uint32_t i = 0; r == 0 && i < w.n_seen; i++) {
        memcpy(tuple, &w.tuple[i * n], n * sizeof(*tuple));
        if (as_wanted(&w, tuple)) {
            r = spell(&w, i, &name);
            if (r == 0)
                r = visit(ctx, name, tuple);
        }
        if (r == 0)
            r = step_all(&w, i);
    }
    free(w.seen);
    free(w.tuple);
    free(w.slot);
    free(w.name);
    return r;
}

struct keep {
    struct aaj_arena *arena;
    struct aaj_str name;
};

static int keep_name(void *ctx, struct aaj_str name, const uint32_t *state)
{
    struct keep *keep = ctx;

    if (keep->arena) {
        keep->name = aaj_arena_dup(keep->arena, name);
        if (!keep->name.p)
            return -ENOMEM;
    }
    return 1;
}

int aaj_product_find(const struct aaj_operand *op, size_t n, size_t limit, struct aaj_arena *arena,
                     struct aaj_str *ret_name)
{
    struct keep keep = { .arena = ret_name ? arena : NULL };
    int r = aaj_product_walk(op, n, limit, keep_name, &keep);

    if (r == 1 && ret_name)
        *ret_name = keep.name;
    return r;
}

static int glob_step(void *ctx, uint32_t state, uint8_t byte, uint32_t *ret_state)
{
    return aaj_glob_step(ctx, state, byte, ret_state);
}

static bool glob_accept(void *ctx, uint32_t state)
{
    return aaj_glob_accepts(ctx, state);
}

int aaj_glob_automaton(struct aaj_glob *glob, struct aaj_automaton *ret_automaton)
{
    int r = aaj_glob_prepare(glob);

    if (r < 0)
        return r;
    *ret_automaton = (struct aaj_automaton){
        .ctx = glob,
        .start = AAJ_GLOB_START,
        .dead = AAJ_GLOB_DEAD,
        .classes = glob->classes,
        .step = glob_step,
        .accept = glob_accept,
    };
    return 0;
}

static int find_in_both(struct aaj_glob *a, struct aaj_glob *b, bool want_b, struct aaj_arena *arena,
                        struct aaj_str *ret_witness)
{
    struct aaj_operand op[2] = { { .want = true }, { .want = want_b } };
    int r = aaj_glob_automaton(a, &op[0].a);

    if (r == 0)
        r = aaj_glob_automaton(b, &op[1].a);
    return r < 0 ? r : aaj_product_find(op, 2, 0, arena, ret_witness);
}

int aaj_glob_intersect(struct aaj_glob *a, struct aaj_glob *b, struct aaj_arena *arena,
                       struct aaj_str *ret_witness)
{
    return find_in_both(a, b, true, arena, ret_witness);
}

int aaj_glob_subset(struct aaj_glob *a, struct aaj_glob *b, struct aaj_arena *arena, struct aaj_str *ret_witness)
{
    int r = find_in_both(a, b, false, arena, ret_witness);

    return r < 0 ? r : !r;
}
