/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check/pairs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

enum { NAME_MAX_BYTES = 4096, PAIRS_MAX = 16 << 20 };

struct pair {
    uint32_t a, b, from; /* from: index of the pair before it */
    uint8_t byte;
    bool slash; /* paths: came by a "/", so that none may follow */
};

struct pairs {
    struct pair *pair; /* in order of discovery: a queue */
    size_t n, cap;
    uint32_t *slot; /* open addressing: index + 1 */
    size_t mask;
    uint8_t byte[256]; /* one a class of both, readable ones first */
    unsigned n_bytes;
};

static size_t hash(const struct pair *p)
{
    uint64_t h = (((uint64_t)p->a << 32 | p->b) ^ (uint64_t)p->slash << 63) * 0x9e3779b97f4a7c15u;

    return (size_t)(h ^ h >> 29);
}

static int rehash(struct pairs *p)
{
    size_t size = p->mask ? (p->mask + 1) * 2 : 4096;
    uint32_t *slot = calloc(size, sizeof(*slot));

    if (!slot)
        return -ENOMEM;
    free(p->slot);
    p->slot = slot;
    p->mask = size - 1;
    for (size_t i = 0; i < p->n; i++) {
        size_t at = hash(&p->pair[i]) & p->mask;

        while (slot[at])
            at = (at + 1) & p->mask;
        slot[at] = (uint32_t)i + 1;
    }
    return 0;
}

static int add(struct pairs *p, struct pair pair)
{
    size_t at;

    if (p->n * 2 >= p->mask && rehash(p) < 0)
        return -ENOMEM;
    for (at = hash(&pair) & p->mask; p->slot[at]; at = (at + 1) & p->mask)
        if (p->pair[p->slot[at] - 1].a == pair.a && p->pair[p->slot[at] - 1].b == pair.b &&
            p->pair[p->slot[at] - 1].slash == pair.slash)
            return 0;
    if (AAJ_GROW(p->pair, p->n, p->cap) < 0)
        return -ENOMEM;
    p->pair[p->n++] = pair;
    p->slot[at] = (uint32_t)p->n;
    return 0;
}

/* Bytes that both automata step alike on are tried once, by their most readable member. */
static void choose_bytes(struct pairs *p, const struct aaj_dfa *a, const struct aaj_dfa *b, enum aaj_pair_names names)
{
    static const char readable[] = "abcdefghijklmnopqrstuvwxyz0123456789/.-_ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const uint8_t *ca = NULL, *cb = NULL;
    uint8_t order[256], used[256] = { 0 };
    unsigned n, n_order = 0;

    if (a)
        ca = aaj_dfa_classes(a, &n);
    if (b)
        cb = aaj_dfa_classes(b, &n);
    for (unsigned i = 0; i < 3 && names == AAJ_PAIRS_NUMBERS; i++) {
        order[n_order++] = (uint8_t)i;
        used[i] = 1;
    }
    for (size_t i = 0; readable[i]; i++) {
        order[n_order++] = (uint8_t)readable[i];
        used[(uint8_t)readable[i]] = 1;
    }
    for (unsigned i = 0; i < 256; i++)
        if (!used[i])
            order[n_order++] = (uint8_t)i;
    for (unsigned i = 0; i < 256; i++) {
        bool known = false;

        for (unsigned k = 0; k < p->n_bytes && !known; k++)
            known = p->byte[k] != '/' && order[i] != '/' && (!ca || ca[p->byte[k]] == ca[order[i]]) &&
                    (!cb || cb[p->byte[k]] == cb[order[i]]);
        if (!known)
            p->byte[p->n_bytes++] = order[i];
    }
}

static struct aaj_str name_of(const struct pairs *p, size_t i, char *buf)
{
    size_t at = NAME_MAX_BYTES;

    for (; i && at; i = p->pair[i].from)
        buf[--at] = (char)p->pair[i].byte;
    return (struct aaj_str){ buf + at, NAME_MAX_BYTES - at };
}

int aaj_pairs_walk(const struct aaj_dfa *a, uint32_t start_a, const struct aaj_dfa *b, uint32_t start_b, enum aaj_pair_names names,
                   aaj_pair_visit visit, void *ctx)
{
    struct pairs p = { 0 };
    char buf[NAME_MAX_BYTES];
    int r = add(&p, (struct pair){ a ? start_a : AAJ_DFA_TRAP, b ? start_b : AAJ_DFA_TRAP, 0, 0, false });

    choose_bytes(&p, a, b, names);
    for (size_t i = 0; r == 0 && i < p.n; i++) {
        struct pair at = p.pair[i];

        if (p.n > PAIRS_MAX)
            r = -E2BIG;
        else if (at.a != AAJ_DFA_TRAP || at.b != AAJ_DFA_TRAP)
            r = visit(ctx, name_of(&p, i, buf), at.a, at.b);
        for (unsigned k = 0; r == 0 && k < p.n_bytes && (at.a || at.b); k++) {
            bool slash = names == AAJ_PAIRS_PATHS && p.byte[k] == '/';

            if (!slash || !at.slash)
                r = add(&p, (struct pair){ at.a ? aaj_dfa_step(a, at.a, p.byte[k]) : AAJ_DFA_TRAP,
                                           at.b ? aaj_dfa_step(b, at.b, p.byte[k]) : AAJ_DFA_TRAP, (uint32_t)i,
                                           p.byte[k], slash });
        }
    }
    free(p.pair);
    free(p.slot);
    return r;
}
