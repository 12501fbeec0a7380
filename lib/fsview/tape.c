/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A walk kept: in the order of the walk, each path as what it shares with the one before and the rest. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fsview/view.h"

enum { FIRST = 1 << 16 };
#define TAPE_MAX ((size_t)64 << 20) /* some two million files; whoever has more walks again */

struct entry {
    uint32_t uid, gid;
    uint16_t same, more, target, mode; /* lengths: of what is shared, of the rest, of the target; both texts follow */
    char type;
};

static int reserve(struct aaj_tape *t, size_t more)
{
    size_t cap = t->cap ? t->cap : FIRST;
    char *p;

    while (cap < t->n + more)
        cap *= 2;
    if (cap == t->cap)
        return 0;
    p = cap <= TAPE_MAX ? realloc(t->bytes, cap) : NULL;
    if (!p)
        return -ENOMEM;
    t->bytes = p;
    t->cap = cap;
    return 0;
}

static void put(struct aaj_tape *t, const void *p, size_t n)
{
    if (n)
        memcpy(t->bytes + t->n, p, n);
    t->n += n;
}

int aaj_tape_add(struct aaj_tape *t, const struct aaj_fact *fact)
{
    struct entry e = { .uid = fact->uid, .gid = fact->gid, .mode = fact->mode, .type = fact->type };
    size_t same = 0;

    if (fact->path.n > sizeof(t->last) || fact->target.n > UINT16_MAX)
        return -ENAMETOOLONG;
    while (same < t->n_last && same < fact->path.n && t->last[same] == fact->path.p[same])
        same++;
    e.same = (uint16_t)same;
    e.more = (uint16_t)(fact->path.n - same);
    e.target = (uint16_t)fact->target.n;
    if (reserve(t, sizeof(e) + e.more + e.target) < 0)
        return -ENOMEM;
    put(t, &e, sizeof(e));
    put(t, fact->path.p + same, e.more);
    put(t, fact->target.p, e.target);
    memcpy(t->last + same, fact->path.p + same, e.more);
    t->n_last = fact->path.n;
    return 0;
}

int aaj_tape_play(const struct aaj_tape *t, int (*fn)(void *data, const struct aaj_fact *fact), void *data)
{
    char path[sizeof(t->last)], skip[sizeof(t->last)];
    size_t n_skip = 0;
    int r = 0;

    for (size_t at = 0; r == 0 && at < t->n;) {
        struct aaj_fact fact = { 0 };
        struct entry e;

        memcpy(&e, t->bytes + at, sizeof(e));
        at += sizeof(e);
        memcpy(path + e.same, t->bytes + at, e.more);
        fact = (struct aaj_fact){ .path = { path, (size_t)e.same + e.more },
                                  .type = e.type,
                                  .mode = e.mode,
                                  .uid = e.uid,
                                  .gid = e.gid,
                                  .target = { t->bytes + at + e.more, e.target },
                                  .bits = aaj_fact_mode_bits(e.mode, e.type) };
        at += (size_t)e.more + e.target;
        if (aaj_view_is_below(fact.path, (struct aaj_str){ skip, n_skip }))
            continue;
        r = fn(data, &fact);
        if (r == AAJ_FSVIEW_SKIP) {
            memcpy(skip, path, fact.path.n);
            n_skip = fact.path.n;
            r = 0;
        }
    }
    return r;
}

void aaj_tape_clear(struct aaj_tape *t)
{
    free(t->bytes);
    *t = (struct aaj_tape){ 0 };
}
