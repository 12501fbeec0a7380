/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "match/dfa.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* Header and table layout: Linux security/apparmor/include/match.h. All numbers are big endian. */
enum {
    MAGIC = 0x1b5e783d,
    HEADER_MIN = 16,
    TABLE_HEADER = 12,
    FLAG_DIFF = 1, /* header flags */
    FLAG_OOB = 2,
    TABLES = 9, /* ids 1 to 8 */
    ID_ACCEPT = 1,
    ID_BASE = 2,
    ID_CHECK = 3,
    ID_DEFAULT = 4,
    ID_CLASS = 5,
    ID_ACCEPT2 = 7,
    ID_NEXT = 8,
};
#define BASE_INDEX 0x00ffffffu
#define BASE_DIFF 0x80000000u
#define BASE_OOB 0x20000000u
#define BASE_INVALID 0x1f000000u

struct trans {
    uint32_t check, next;
};

struct aaj_dfa {
    uint32_t n_states, n_trans;
    uint32_t *base, *def, *accept, *accept2;
    struct trans *trans; /* together: one cache line holds both */
    uint8_t class[256];
    unsigned n_classes;
};

struct table {
    const uint8_t *data;
    uint32_t n, size; /* elements, bytes of one */
};

static uint32_t be32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return be32toh(v);
}

static uint16_t be16(const uint8_t *p)
{
    uint16_t v;

    memcpy(&v, p, sizeof(v));
    return be16toh(v);
}

static uint32_t element(const struct table *t, size_t i)
{
    return t->size == 4 ? be32(t->data + i * 4) : t->size == 2 ? be16(t->data + i * 2) : t->data[i];
}

static const char *read_tables(const uint8_t *p, size_t n, struct table *table)
{
    while (n > 0) {
        struct table t;
        size_t bytes;
        unsigned id;

        if (n < TABLE_HEADER)
            return "a table is cut off";
        id = be16(p);
        t = (struct table){ p + TABLE_HEADER, be32(p + 8), be16(p + 2) };
        if (id == 0 || id >= TABLES || id == 6)
            return "a table of an unknown kind";
        if (table[id].data)
            return "a table occurs twice";
        if ((t.size != 1 && t.size != 2 && t.size != 4) || t.n == 0)
            return "a table of an impossible shape";
        bytes = (size_t)t.n * t.size;
        if (bytes > n - TABLE_HEADER)
            return "a table is cut off";
        table[id] = t;
        bytes = (TABLE_HEADER + bytes + 7) & ~(size_t)7;
        if (bytes > n)
            return "a table is cut off";
        p += bytes;
        n -= bytes;
    }
    return NULL;
}

static const char *check_shapes(const struct table *t)
{
    uint32_t states = t[ID_BASE].n;

    if (!t[ID_ACCEPT].data || !t[ID_BASE].data || !t[ID_CHECK].data || !t[ID_DEFAULT].data ||
        !t[ID_NEXT].data)
        return "a table is missing";
    if (states < 2 || t[ID_ACCEPT].n != states || t[ID_DEFAULT].n != states ||
        (t[ID_ACCEPT2].data && t[ID_ACCEPT2].n != states))
        return "the tables of states differ in length";
    if (t[ID_NEXT].n != t[ID_CHECK].n)
        return "the tables of transitions differ in length";
    if (t[ID_CLASS].data && (t[ID_CLASS].n != 256 || t[ID_CLASS].size != 1))
        return "the table of classes is not 256 bytes";
    if (t[ID_ACCEPT].size != 4 || t[ID_BASE].size != 4 || (t[ID_ACCEPT2].data && t[ID_ACCEPT2].size != 4) ||
        t[ID_CHECK].size == 1 || t[ID_DEFAULT].size == 1 || t[ID_NEXT].size == 1)
        return "a table's elements have the wrong size";
    return NULL;
}

static int copy_tables(struct aaj_dfa *dfa, const struct table *t)
{
    uint32_t n = dfa->n_states = t[ID_BASE].n, m = dfa->n_trans = t[ID_NEXT].n;

    dfa->base = calloc(n, sizeof(*dfa->base));
    dfa->def = calloc(n, sizeof(*dfa->def));
    dfa->accept = calloc(n, sizeof(*dfa->accept));
    dfa->accept2 = calloc(n, sizeof(*dfa->accept2));
    dfa->trans = calloc(m, sizeof(*dfa->trans));
    if (!dfa->base || !dfa->def || !dfa->accept || !dfa->accept2 || !dfa->trans)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        dfa->base[i] = element(&t[ID_BASE], i);
        dfa->def[i] = element(&t[ID_DEFAULT], i);
        dfa->accept[i] = element(&t[ID_ACCEPT], i);
        if (t[ID_ACCEPT2].data)
            dfa->accept2[i] = element(&t[ID_ACCEPT2], i);
    }
    for (uint32_t i = 0; i < m; i++)
        dfa->trans[i] = (struct trans){ element(&t[ID_CHECK], i), element(&t[ID_NEXT], i) };
    for (unsigned i = 0; i < 256; i++) {
        dfa->class[i] = t[ID_CLASS].data ? t[ID_CLASS].data[i] : (uint8_t)i;
        if (dfa->class[i] >= dfa->n_classes)
            dfa->n_classes = dfa->class[i] + 1u;
    }
    return 0;
}

/* A chain of diff-encoded states must end; @seen holds the number of the walk that came by. */
static const char *check_chains(const struct aaj_dfa *dfa, uint32_t *seen)
{
    for (uint32_t i = 0; i < dfa->n_states; i++)
        for (uint32_t j = i; dfa->base[j] & BASE_DIFF; j = dfa->def[j]) {
            if (seen[j] == i + 1)
                return "a chain of states never ends";
            if (seen[j])
                break; /* an earlier walk got out of it */
            seen[j] = i + 1;
        }
    return NULL;
}

static const char *check_bounds(const struct aaj_dfa *dfa, unsigned flags)
{
    for (uint32_t i = 0; i < dfa->n_states; i++) {
        uint32_t base = dfa->base[i];

        if (dfa->def[i] >= dfa->n_states || (base & BASE_INDEX) + 255 >= dfa->n_trans)
            return "a state leads outside the tables";
        if ((base & BASE_INVALID) || ((base & BASE_DIFF) && !(flags & FLAG_DIFF)) ||
            ((base & BASE_OOB) && (!(flags & FLAG_OOB) || (base & BASE_INDEX) == 0)))
            return "a state has flags that mean nothing";
    }
    for (uint32_t i = 0; i < dfa->n_trans; i++)
        if (dfa->trans[i].check >= dfa->n_states || dfa->trans[i].next >= dfa->n_states)
            return "a transition leads outside the tables";
    return NULL;
}

static int verify(const struct aaj_dfa *dfa, unsigned flags, const char **ret_why)
{
    const char *why = check_bounds(dfa, flags);

    if (!why) {
        uint32_t *seen = calloc(dfa->n_states, sizeof(*seen));

        if (!seen)
            return -ENOMEM;
        why = check_chains(dfa, seen);
        free(seen);
    }
    if (!why)
        return 0;
    *ret_why = why;
    return -EINVAL;
}

static int bad(const char *why, const char **ret_why)
{
    *ret_why = why;
    return -EINVAL;
}

int aaj_dfa_open(struct aaj_str blob, const char **ret_why, struct aaj_dfa **ret_dfa)
{
    const uint8_t *p = (const uint8_t *)blob.p;
    struct table table[TABLES] = { 0 };
    struct aaj_dfa *dfa;
    const char *why;
    uint32_t header;
    int r;

    if (blob.n < HEADER_MIN || be32(p) != MAGIC)
        return bad("an automaton has no header", ret_why);
    header = be32(p + 4);
    if (header < HEADER_MIN || header > blob.n || (be16(p + 12) & ~(FLAG_DIFF | FLAG_OOB)))
        return bad("an automaton's header is not understood", ret_why);
    why = read_tables(p + header, blob.n - header, table);
    if (!why)
        why = check_shapes(table);
    if (why)
        return bad(why, ret_why);
    dfa = calloc(1, sizeof(*dfa));
    if (!dfa)
        return -ENOMEM;
    r = copy_tables(dfa, table);
    if (r == 0)
        r = verify(dfa, be16(p + 12), ret_why);
    if (r < 0) {
        aaj_dfa_free(dfa);
        return r;
    }
    *ret_dfa = dfa;
    return 0;
}

struct aaj_dfa *aaj_dfa_free(struct aaj_dfa *dfa)
{
    if (dfa) {
        free(dfa->base);
        free(dfa->def);
        free(dfa->accept);
        free(dfa->accept2);
        free(dfa->trans);
        free(dfa);
    }
    return NULL;
}

static inline uint32_t follow(const struct aaj_dfa *dfa, uint32_t state, int64_t class)
{
    for (;;) {
        uint32_t base = dfa->base[state];
        const struct trans *t = &dfa->trans[(int64_t)(base & BASE_INDEX) + class];

        if (t->check == state)
            return t->next;
        state = dfa->def[state];
        if (!(base & BASE_DIFF))
            return state;
    }
}

uint32_t aaj_dfa_step(const struct aaj_dfa *dfa, uint32_t state, uint8_t byte)
{
    return state == AAJ_DFA_TRAP ? AAJ_DFA_TRAP : follow(dfa, state, dfa->class[byte]);
}

uint32_t aaj_dfa_walk(const struct aaj_dfa *dfa, uint32_t state, struct aaj_str bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.p;

    for (size_t i = 0; i < bytes.n && state != AAJ_DFA_TRAP; i++)
        state = follow(dfa, state, dfa->class[p[i]]);
    return state;
}

uint32_t aaj_dfa_out_of_band(const struct aaj_dfa *dfa, uint32_t state)
{
    /* Every state the chain of defaults passes would have to have room below its base, too. */
    if (state == AAJ_DFA_TRAP || !(dfa->base[state] & BASE_OOB))
        return AAJ_DFA_TRAP;
    for (;;) {
        uint32_t base = dfa->base[state], index = base & BASE_INDEX;

        if (index > 0 && dfa->trans[index - 1].check == state)
            return dfa->trans[index - 1].next;
        state = dfa->def[state];
        if (!(base & BASE_DIFF))
            return state;
    }
}

uint32_t aaj_dfa_states(const struct aaj_dfa *dfa)
{
    return dfa->n_states;
}

const uint8_t *aaj_dfa_classes(const struct aaj_dfa *dfa, unsigned *ret_n)
{
    *ret_n = dfa->n_classes;
    return dfa->class;
}

uint32_t aaj_dfa_accept(const struct aaj_dfa *dfa, uint32_t state)
{
    return dfa->accept[state];
}

uint32_t aaj_dfa_accept2(const struct aaj_dfa *dfa, uint32_t state)
{
    return dfa->accept2[state];
}
