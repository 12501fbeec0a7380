/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "init.h"
#include "log/label.h"

enum { SERVICES_MAX = 1024 };

/* As which users a service acts; of so many that the table is full, the rest says little. */
struct uses {
    struct {
        uint32_t uid;
        uint64_t events;
    } uid[16];
    size_t n;
    bool goes_back; /* it writes its own attr/current: a hat is left again, aa_change_hat(2) */
};

struct census {
    struct init_service *service;
    size_t n, cap;
    struct uses *uses; /* of each service */
    size_t n_uses, cap_uses;
};

/* The first step into a profile of its own that is no exec. */
static struct aaj_str pool_in(struct aaj_str label, size_t top, size_t *ret_end)
{
    struct aaj_step s;

    *ret_end = top;
    if (!aaj_label_step(label, top, &s) || s.kind == AAJ_STEP_EXEC || s.kind == AAJ_STEP_ODD || aaj_hat_is_uri(s.name))
        return AAJ_STR("");
    *ret_end = s.end;
    return s.name;
}

/* Accesses come sorted by label: it is near the end. */
static struct init_service *find(struct census *c, struct aaj_str label, struct aaj_str pool)
{
    for (size_t i = c->n; i-- > 0;)
        if (aaj_str_eq(c->service[i].label, label) && aaj_str_eq(c->service[i].pool, pool))
            return &c->service[i];
    if (AAJ_GROW(c->service, c->n, c->cap) < 0 || AAJ_GROW(c->uses, c->n_uses, c->cap_uses) < 0)
        return NULL;
    c->uses[c->n_uses++] = (struct uses){ .n = 0 };
    c->service[c->n] = (struct init_service){ .label = label, .pool = pool, .uid = AAJ_UID_NONE };
    return &c->service[c->n++];
}

static void count_uid(struct uses *u, const struct aaj_access *a, uint64_t events)
{
    size_t i;

    if (a->fsuid_max == AAJ_UID_NONE || a->fsuid_max == 0 || a->fsuid_min != a->fsuid_max)
        return;
    for (i = 0; i < u->n && u->uid[i].uid != a->fsuid_max; i++)
        ;
    if (i == AAJ_ARRAY_SIZE(u->uid))
        return;
    if (i == u->n) {
        u->uid[u->n].uid = a->fsuid_max;
        u->uid[u->n++].events = 0;
    }
    u->uid[i].events += events;
}

static uint32_t most_of(const struct uses *u)
{
    uint32_t uid = AAJ_UID_NONE;
    uint64_t most = 0;

    for (size_t i = 0; i < u->n; i++)
        if (u->uid[i].events > most || (u->uid[i].events == most && u->uid[i].uid < uid)) {
            most = u->uid[i].events;
            uid = u->uid[i].uid;
        }
    return uid;
}

static bool is_way_back(const struct aaj_recording *rec, const struct aaj_access *a)
{
    struct aaj_str name = aaj_recording_str(rec, a->arg[AAJ_FILE_NAME]);

    return a->class == AAJ_CLASS_FILE && aaj_str_starts(name, AAJ_STR("/proc/")) &&
           aaj_str_ends(name, AAJ_STR("/current"));
}

static int take(struct census *c, struct aaj_recording *rec, const struct aaj_access *a, struct aaj_arena *arena)
{
    struct aaj_str label = aaj_recording_str(rec, a->label), top = aaj_label_top(label), pool;
    uint64_t events = a->allowed + a->denied + a->audited;
    struct init_service *s;
    size_t end;

    if (top.n == 0 || aaj_str_eq(top, AAJ_STR("unconfined")))
        return 0;
    pool = pool_in(label, top.n, &end);
    if (c->n >= SERVICES_MAX) /* names of hats can be made up */
        pool = AAJ_STR("");
    s = find(c, top, pool);
    if (!s)
        return -ENOMEM;
    s->events += events;
    if (end == label.n) { /* itself, and not what it executed */
        count_uid(&c->uses[s - c->service], a, events);
        c->uses[s - c->service].goes_back |= is_way_back(rec, a);
        if (s->comm.n == 0)
            s->comm = aaj_recording_comm(rec, a, arena);
    }
    return 0;
}

static struct init_service *master_of(struct census *c, const struct init_service *pool)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->service[i].pool.n == 0 && aaj_str_eq(c->service[i].label, pool->label))
            return &c->service[i];
    return NULL;
}

/* The same program, which stays there as a user: that is a pool. A child profile, or a hat of mod_apparmor's, belongs
 * to its service. */
static bool is_pool(struct census *c, size_t i)
{
    const struct init_service *s = &c->service[i], *master = s->pool.n ? master_of(c, s) : NULL;

    return master && s->comm.n && aaj_str_eq(s->comm, master->comm) && s->uid != AAJ_UID_NONE && !c->uses[i].goes_back;
}

static int by_name(const void *a, const void *b)
{
    const struct init_service *x = a, *y = b;
    int r = aaj_str_cmp(x->label, y->label);

    return r ? r : aaj_str_cmp(x->pool, y->pool);
}

int init_services(struct aaj_recording *rec, struct aaj_arena *arena, struct init_service **ret_service, size_t *ret_n)
{
    const struct aaj_access *access;
    struct init_service *out = NULL;
    struct census c = { 0 };
    size_t n = 0, kept = 0;
    int r = aaj_recording_accesses(rec, &access, &n);

    for (size_t i = 0; r == 0 && i < n; i++)
        r = take(&c, rec, &access[i], arena);
    out = r == 0 ? aaj_arena_new_array(arena, c.n + 1, struct init_service) : NULL;
    for (size_t i = 0; out && i < c.n; i++)
        c.service[i].uid = most_of(&c.uses[i]);
    for (size_t i = 0; out && i < c.n; i++) {
        struct init_service *s = &c.service[i], *master = s->pool.n ? master_of(&c, s) : NULL;

        if (is_pool(&c, i)) {
            master->master = true;
            master->uid = AAJ_UID_NONE; /* for a moment it was its pools', before it became them */
        } else if (master)
            master->events += s->events;
    }
    for (size_t i = 0; out && i < c.n; i++)
        if (c.service[i].pool.n == 0 || is_pool(&c, i))
            out[kept++] = c.service[i];
    if (kept)
        qsort(out, kept, sizeof(*out), by_name);
    free(c.service);
    free(c.uses);
    if (!out)
        return r < 0 ? r : -ENOMEM;
    *ret_service = out;
    *ret_n = kept;
    return 0;
}
