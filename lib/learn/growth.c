/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "learn/growth.h"

#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "base/intern.h"
#include "learn/names.h"

enum { FEW = 10, QUIET_PART = 4 }; /* a quarter of the time, and of the kinds */

const char *const aaj_growth_name[] = { "unknown", "growing", "flat" };

/* When a kind of access was seen; 0: not said. */
struct kind {
    int64_t first_ms, last_ms;
};

struct kinds {
    struct aaj_intern keys;
    struct kind *item; /* by id */
    size_t n, cap;
    struct aaj_arena scratch;
    FILE *key;
    char *bytes;
    size_t n_bytes;
};

/* ---- kinds ---- */

/* A path with what is made up in its parts taken out. */
static int write_path(struct kinds *k, struct aaj_str path)
{
    while (path.n) {
        struct aaj_str part = aaj_str_head(path, aaj_str_find(path, '/'));
        struct aaj_shape shape;
        struct aaj_str key = part;

        path = aaj_str_skip(path, part.n + 1);
        aaj_shape_of(part, true, &shape);
        if (shape.n)
            key = aaj_shape_key(&k->scratch, part, &shape);
        if (!key.p)
            return -ENOMEM;
        fputc('/', k->key);
        fwrite(key.p, 1, key.n, k->key);
    }
    return 0;
}

/* Which arguments make another kind: not ports, and of limits not the value. */
static bool counts(enum aaj_class class, unsigned arg)
{
    if (class == AAJ_CLASS_NET || class == AAJ_CLASS_SOCKADDR)
        return arg != AAJ_NET_LPORT && arg != AAJ_NET_LADDR;
    return class != AAJ_CLASS_RLIMIT || arg != AAJ_RLIMIT_VALUE;
}

static int write_key(struct kinds *k, struct aaj_recording *rec, const struct aaj_access *a)
{
    int r = 0;

    rewind(k->key);
    fprintf(k->key, "%u %u %u", a->label, a->class, a->requested);
    for (unsigned i = 0; r == 0 && i < AAJ_ARGS; i++) {
        struct aaj_str s = aaj_recording_str(rec, a->arg[i]);

        fputc('\n', k->key);
        if (s.n && s.p[0] == '/')
            r = write_path(k, s);
        else if (counts((enum aaj_class)a->class, i))
            fwrite(s.p, 1, s.n, k->key);
    }
    if (fflush(k->key) != 0)
        r = -ENOMEM;
    aaj_arena_clear(&k->scratch);
    return r;
}

static int add(struct kinds *k, struct aaj_recording *rec, const struct aaj_access *a)
{
    struct kind *kind;
    uint32_t id;
    int r;

    if (aaj_str_eq(aaj_recording_str(rec, a->op), AAJ_STR("getattr")) && a->class == AAJ_CLASS_FILE)
        return 0; /* needs no rule */
    r = write_key(k, rec, a);
    if (r == 0)
        r = aaj_intern_add(&k->keys, (struct aaj_str){ k->bytes, (size_t)ftell(k->key) }, &id);
    if (r < 0)
        return r;
    while (k->n <= id) {
        if (AAJ_GROW(k->item, k->n, k->cap) < 0)
            return -ENOMEM;
        k->item[k->n++] = (struct kind){ 0 };
    }
    kind = &k->item[id];
    if (a->first_ms && (!kind->first_ms || a->first_ms < kind->first_ms))
        kind->first_ms = a->first_ms;
    if (a->last_ms > kind->last_ms)
        kind->last_ms = a->last_ms;
    return 0;
}

/* ---- slices ---- */

static void look_at_times(const struct kinds *k, struct aaj_growth *g)
{
    for (size_t i = 0; i < k->n; i++) {
        const struct kind *kind = &k->item[i];

        if (!kind->first_ms)
            continue;
        g->kinds++;
        if (!g->first_ms || kind->first_ms < g->first_ms)
            g->first_ms = kind->first_ms;
        if (kind->first_ms > g->last_new_ms)
            g->last_new_ms = kind->first_ms;
        if (kind->last_ms > g->last_ms)
            g->last_ms = kind->last_ms;
    }
}

static int64_t slice_of(int64_t span)
{
    static const int64_t length[] = { 1,   5,    15,   60,    300,   900,    3600,
                                      10800, 21600, 86400, 172800, 604800, 2592000 };

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(length); i++)
        if (span / (length[i] * 1000) < AAJ_GROWTH_SLICES)
            return length[i] * 1000;
    return span / AAJ_GROWTH_SLICES + 1;
}

static void count(const struct kinds *k, struct aaj_growth *g)
{
    int64_t span = g->last_ms - g->first_ms;

    g->slice_ms = slice_of(span);
    g->slices = (size_t)(span / g->slice_ms) + 1;
    for (size_t i = 0; i < k->n; i++) {
        if (!k->item[i].first_ms)
            continue;
        g->fresh[(k->item[i].first_ms - g->first_ms) / g->slice_ms]++;
        g->again += k->item[i].last_ms > g->last_new_ms;
    }
    if (g->kinds < FEW || g->slices < 2)
        g->verdict = AAJ_GROWTH_UNKNOWN;
    else if ((g->last_ms - g->last_new_ms) * QUIET_PART >= span && g->again * QUIET_PART >= g->kinds)
        g->verdict = AAJ_GROWTH_FLAT;
    else
        g->verdict = AAJ_GROWTH_GROWING;
}

int aaj_growth_of(struct aaj_recording *rec, struct aaj_growth *ret_growth)
{
    struct aaj_growth g = { 0 };
    struct kinds k = { 0 };
    const struct aaj_access *access;
    size_t n;
    int r = aaj_recording_accesses(rec, &access, &n);

    if (r == 0)
        r = aaj_intern_init(&k.keys);
    if (r < 0)
        return r;
    k.key = open_memstream(&k.bytes, &k.n_bytes);
    r = k.key ? 0 : -ENOMEM;
    for (size_t i = 0; r == 0 && i < n; i++)
        r = add(&k, rec, &access[i]);
    if (r == 0)
        look_at_times(&k, &g);
    if (r == 0 && g.kinds)
        count(&k, &g);
    if (k.key)
        fclose(k.key);
    free(k.bytes);
    free(k.item);
    aaj_intern_clear(&k.keys);
    aaj_arena_clear(&k.scratch);
    if (r == 0)
        *ret_growth = g;
    return r;
}

/* ---- words ---- */

struct aaj_str aaj_growth_span(char buf[static 64], int64_t ms)
{
    static const struct {
        const char *name;
        int64_t s;
    } unit[] = { { "d", 86400 }, { "h", 3600 }, { "min", 60 }, { "s", 1 } };
    int64_t s = ms / 1000;
    size_t i = 0;
    int n;

    while (i < AAJ_ARRAY_SIZE(unit) - 1 && s < unit[i].s)
        i++;
    n = snprintf(buf, 64, "%lld %s", (long long)(s / unit[i].s), unit[i].name);
    if (i + 1 < AAJ_ARRAY_SIZE(unit) && s % unit[i].s / unit[i + 1].s)
        n += snprintf(buf + n, (size_t)(64 - n), " %lld %s", (long long)(s % unit[i].s / unit[i + 1].s), unit[i + 1].name);
    return (struct aaj_str){ buf, (size_t)n };
}

void aaj_growth_print(FILE *out, const struct aaj_growth *g)
{
    size_t fresh = g->slices ? g->fresh[g->slices - 1] : 0;
    char a[64], b[64];

    if (g->slices == 0)
        return;
    fprintf(out, "new kinds of access in each %s:", aaj_growth_span(a, g->slice_ms).p);
    for (size_t i = 0; i < g->slices; i++)
        fprintf(out, " %zu", g->fresh[i]);
    fputc('\n', out);
    if (g->verdict == AAJ_GROWTH_UNKNOWN) {
        fprintf(out, "  too little to tell whether all was seen: learn longer, or another run with --add\n");
    } else if (g->verdict == AAJ_GROWTH_FLAT) {
        fprintf(out, "  flattened: nothing new in the last %s of %s, in which %zu of %zu were seen again: ready to build\n",
                aaj_growth_span(a, g->last_ms - g->last_new_ms).p, aaj_growth_span(b, g->last_ms - g->first_ms).p,
                g->again, g->kinds);
    } else if (fresh) {
        fprintf(out, "  still growing: %zu new in the last %s: learn longer, or another run with --add\n", fresh,
                aaj_growth_span(a, (g->last_ms - g->first_ms) % g->slice_ms + 999).p);
    } else {
        fprintf(out, "  still growing: the last new one came %s before the end of %s: learn longer, or another run with --add\n",
                aaj_growth_span(a, g->last_ms - g->last_new_ms).p, aaj_growth_span(b, g->last_ms - g->first_ms).p);
    }
}
