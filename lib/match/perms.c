/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a state grants, in every format (Linux security/apparmor/policy_compat.c). */
#include <errno.h>
#include <stdlib.h>

#include "match/internal.h"

/* The exec part of half an accept word. */
static uint32_t old_xindex(uint32_t mask)
{
    uint32_t index = (mask >> 10) & 0xf, x = 0;

    if (mask & 0x100)
        x |= AAJ_X_UNSAFE;
    if (mask & 0x200)
        x |= AAJ_X_INHERIT;
    if (mask & 0x80)
        x |= AAJ_X_UNCONFINED;
    if (index == 1)
        x |= AAJ_X_UNCONFINED;
    else if (index == 2)
        x |= AAJ_X_NAME;
    else if (index == 3)
        x |= AAJ_X_NAME | AAJ_X_CHILD;
    else if (index)
        x |= AAJ_X_TABLE | (index - 4);
    return x;
}

static uint32_t old_file(uint32_t half)
{
    uint32_t perms = half & 0xf;

    if (half & AAJ_PERM_READ)
        perms |= AAJ_PERM_GETATTR | AAJ_PERM_OPEN;
    if (half & AAJ_PERM_WRITE)
        perms |= AAJ_PERM_SETATTR | AAJ_PERM_CREATE | AAJ_PERM_DELETE | AAJ_PERM_CHMOD | AAJ_PERM_CHOWN |
                 AAJ_PERM_OPEN;
    if (half & 0x10)
        perms |= AAJ_PERM_LINK;
    if (half & 0x20)
        perms |= AAJ_PERM_LOCK; /* and LINK_SUBSET */
    if (half & 0x40)
        perms |= AAJ_PERM_MMAP;
    return perms;
}

static struct aaj_perms old_file_perms(const struct aaj_match_db *db, uint32_t state, bool owner)
{
    uint32_t a = aaj_dfa_accept(db->dfa, state), b = aaj_dfa_accept2(db->dfa, state);
    unsigned shift = owner ? 0 : 14;
    struct aaj_perms p = {
        .allow = old_file((a >> shift) & 0x7f) | AAJ_PERM_GETATTR,
        .audit = old_file((b >> shift) & 0x7f),
        .quiet = old_file((b >> (shift + 7)) & 0x7f),
        .xindex = old_xindex((a >> shift) & 0x3fff),
    };

    if (a & 0x80000000)
        p.allow |= AAJ_PERM_CHANGE_PROFILE;
    if (a & 0x40000000)
        p.allow |= AAJ_PERM_ONEXEC;
    return p;
}

static uint32_t map_other(uint32_t x)
{
    return (x & 0x3) << 8 | (x & 0x1c) << 18 | (x & 0x60) << 19;
}

static uint32_t map_xbits(uint32_t x)
{
    return (x & 0x1) << 7 | (x & 0x7e) << 9;
}

static struct aaj_perms old_perms(const struct aaj_match_db *db, uint32_t state, unsigned abi)
{
    uint32_t a = aaj_dfa_accept(db->dfa, state), b = aaj_dfa_accept2(db->dfa, state);
    struct aaj_perms p = {
        .allow = (a & 0x7f) | map_other((a >> 14) & 0x7f),
        .audit = (b & 0x7f) | map_other((b >> 14) & 0x7f),
        .quiet = ((b >> 7) & 0x7f) | map_other((b >> 21) & 0x7f),
    };

    if (abi > 8) {
        p.allow |= map_xbits((a >> 7) & 0x7f);
        p.quiet |= map_xbits((b >> 21) & 0x7f);
    } else {
        p.allow |= AAJ_PERM_LOCK;
    }
    return p;
}

struct aaj_perms aaj_match_db_perms(const struct aaj_match_db *db, uint32_t state, unsigned abi)
{
    if (db->perm)
        return db->perm[aaj_dfa_accept(db->dfa, state)];
    return state == AAJ_DFA_TRAP ? (struct aaj_perms){ 0 } : old_perms(db, state, abi);
}

/* Only with version 3 can a state have one entry for owner and others alike. */
static uint32_t file_index(const struct aaj_match_db *db, uint32_t state, bool owner)
{
    uint32_t index = aaj_dfa_accept(db->dfa, state);

    if (owner || (db->perms_version >= 3 && !(aaj_dfa_accept2(db->dfa, state) & 1)))
        return index;
    return index + 1;
}

struct aaj_perms aaj_match_db_file_perms(const struct aaj_match_db *db, uint32_t state, bool owner)
{
    if (db->perm)
        return db->perm[file_index(db, state, owner)];
    return old_file_perms(db, state, owner);
}

static bool xindex_sound(const struct aaj_match_db *db, uint32_t xindex)
{
    return !(xindex & AAJ_X_TABLE) || (xindex & AAJ_X_INDEX) < db->n_xtable;
}

static bool state_sound(const struct aaj_match_db *db, uint32_t state, bool file)
{
    if (db->perm && (aaj_dfa_accept(db->dfa, state) >= db->n_perm ||
                     (file && file_index(db, state, false) >= db->n_perm)))
        return false;
    return !file || (xindex_sound(db, aaj_match_db_file_perms(db, state, true).xindex) &&
                     xindex_sound(db, aaj_match_db_file_perms(db, state, false).xindex));
}

/* The states that @start leads to: seen[state] is set. */
static int reach(const struct aaj_dfa *dfa, uint32_t start, uint8_t *seen)
{
    uint32_t *todo = calloc(aaj_dfa_states(dfa), sizeof(*todo)), n = 1;
    uint8_t byte[256]; /* one a class */
    unsigned classes;
    const uint8_t *class = aaj_dfa_classes(dfa, &classes);

    if (!todo)
        return -ENOMEM;
    for (unsigned i = 0; i < 256; i++)
        byte[class[i]] = (uint8_t)i;
    todo[0] = start;
    seen[start] = 1;
    while (n) {
        uint32_t at = todo[--n];

        for (unsigned k = 0; k < classes; k++) {
            uint32_t to = aaj_dfa_step(dfa, at, byte[k]);

            if (!seen[to])
                todo[n++] = to;
            seen[to] = 1;
        }
    }
    free(todo);
    return 0;
}

/* File rules that are class 2 of the policy automaton answer only where that class leads: elsewhere, as apparmor 4
 * writes it, an entry need have no second one behind it. */
int aaj_match_db_sound(const struct aaj_match_db *db, bool file)
{
    uint32_t n = aaj_dfa_states(db->dfa);
    uint8_t *seen = NULL;
    int r = 1;

    if (file && !db->owned) {
        seen = calloc(n, 1);
        r = seen ? reach(db->dfa, db->file_start, seen) : -ENOMEM;
        if (r == 0)
            r = 1;
    }
    for (uint32_t s = 0; r == 1 && s < n; s++)
        if ((!seen || seen[s]) && !state_sound(db, s, file))
            r = 0;
    free(seen);
    return r;
}
