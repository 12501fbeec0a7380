/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check/opens.h"

#include <errno.h>
#include <stdlib.h>

enum { DEPTH_MAX = 4096 }; /* PATH_MAX: what is longer has no name for the kernel */

struct walker {
    const struct aaj_match_profile *profile;
    const struct aaj_dfa *dfa; /* NULL: it grants nothing, or it is unconfined */
    uint32_t *state;           /* behind each byte of the last path; [0]: the start */
};

struct aaj_opens {
    struct walker *walker;
    size_t n;
    bool unconfined; /* one of them confines nothing */
    char last[DEPTH_MAX];
    size_t last_n;
};

int aaj_opens_new(const struct aaj_match *match, struct aaj_opens **ret_opens)
{
    struct aaj_opens *o = calloc(1, sizeof(*o));

    if (!o)
        return -ENOMEM;
    o->walker = calloc(aaj_match_count(match) + 1, sizeof(*o->walker));
    for (size_t i = 0; o->walker && i < aaj_match_count(match); i++) {
        struct walker *w = &o->walker[o->n++];

        w->profile = aaj_match_profile(match, i);
        w->state = malloc((DEPTH_MAX + 1) * sizeof(*w->state));
        if (!w->state) {
            aaj_opens_free(o);
            return -ENOMEM;
        }
        if (w->profile->mode == AAJ_UNCONFINED)
            o->unconfined = true;
        else
            w->dfa = aaj_match_file_dfa(w->profile, &w->state[0]);
    }
    if (!o->walker) {
        free(o);
        return -ENOMEM;
    }
    *ret_opens = o;
    return 0;
}

struct aaj_opens *aaj_opens_free(struct aaj_opens *o)
{
    if (!o)
        return NULL;
    for (size_t i = 0; i < o->n; i++)
        free(o->walker[i].state);
    free(o->walker);
    free(o);
    return NULL;
}

/* Brings every walker behind the last byte of @path. */
static void go(struct aaj_opens *o, struct aaj_str path)
{
    size_t same = 0, max = path.n < o->last_n ? path.n : o->last_n;

    while (same < max && path.p[same] == o->last[same])
        same++;
    memcpy(o->last + same, path.p + same, path.n - same);
    o->last_n = path.n;
    for (size_t i = 0; i < o->n; i++) {
        struct walker *w = &o->walker[i];

        for (size_t k = same; w->dfa && k < path.n; k++)
            w->state[k + 1] = aaj_dfa_step(w->dfa, w->state[k], (uint8_t)path.p[k]);
    }
}

void aaj_opens_ask(struct aaj_opens *o, struct aaj_str path, uint32_t *ret_owner, uint32_t *ret_other)
{
    *ret_owner = *ret_other = o->unconfined ? UINT32_MAX : 0;
    if (path.n >= DEPTH_MAX)
        return;
    go(o, path);
    for (size_t i = 0; i < o->n; i++) {
        const struct walker *w = &o->walker[i];
        struct aaj_perms perms;

        if (!w->dfa || w->state[path.n] == AAJ_DFA_TRAP)
            continue;
        perms = aaj_match_file_state(w->profile, w->state[path.n], true);
        *ret_owner |= perms.allow & ~perms.deny;
        perms = aaj_match_file_state(w->profile, w->state[path.n], false);
        *ret_other |= perms.allow & ~perms.deny;
    }
}

bool aaj_opens_below(struct aaj_opens *o, struct aaj_str dir)
{
    if (dir.n >= DEPTH_MAX || o->unconfined)
        return o->unconfined;
    go(o, dir);
    for (size_t i = 0; i < o->n; i++) {
        const struct walker *w = &o->walker[i];
        uint32_t at = w->dfa ? w->state[dir.n] : AAJ_DFA_TRAP;

        if (at && dir.n && dir.p[dir.n - 1] != '/')
            at = aaj_dfa_step(w->dfa, at, '/');
        if (at != AAJ_DFA_TRAP)
            return true;
    }
    return false;
}
