/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check/surface.h"

#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/grow.h"
#include "check/opens.h"

struct walk {
    const struct aaj_surface_input *in;
    struct aaj_surface *out;
    struct aaj_opens *opens;
    struct aaj_intern learned; /* names … */
    uint32_t *learned_mask;    /* … and what was done to them, by id */
    size_t n_learned;
    uint32_t *source_of; /* by rule */
};

static const uint32_t write_mask = AAJ_MAY_WRITE | AAJ_MAY_APPEND | AAJ_MAY_CREATE | AAJ_MAY_DELETE;
static const uint32_t kind_mask[AAJ_SURFACE_KINDS] = {
    AAJ_MAY_READ, AAJ_MAY_WRITE | AAJ_MAY_APPEND | AAJ_MAY_CREATE | AAJ_MAY_DELETE, AAJ_MAY_EXEC
};

const char *aaj_concern_name(enum aaj_surface_concern concern)
{
    static const char *const name[AAJ_CONCERNS] = { "secret", "setuid", "hidden", "writable" };

    return name[concern];
}

const char *aaj_surface_source_name(const struct aaj_surface_source *source, struct aaj_arena *arena)
{
    const struct aaj_listed_rule *r = source->rule;
    struct aaj_str s = r->include.n ? aaj_arena_printf(arena, "include <%s>", aaj_escape(arena, r->include))
                                    : aaj_arena_printf(arena, "line %u: %s", r->loc.line, aaj_escape(arena, r->text));

    return s.p ? s.p : "";
}

static int learn(struct walk *w, struct aaj_str name, uint32_t mask)
{
    uint32_t id;
    int r = aaj_intern_add(&w->learned, name, &id);

    if (r < 0)
        return r;
    if (id >= w->n_learned) {
        size_t n = id * 2u + 64;
        uint32_t *more = reallocarray(w->learned_mask, n, sizeof(*more));

        if (!more)
            return -ENOMEM;
        memset(more + w->n_learned, 0, (n - w->n_learned) * sizeof(*more));
        w->learned_mask = more;
        w->n_learned = n;
    }
    w->learned_mask[id] |= mask;
    return 0;
}

/* What was only ever denied is no need, but perhaps an attack. */
static int learn_access(struct walk *w, const struct aaj_access *a)
{
    struct aaj_recording *rec = w->in->recording;
    bool file = a->class == AAJ_CLASS_FILE || a->class == AAJ_CLASS_EXEC;

    if (!file || aaj_str_eq(aaj_recording_str(rec, a->op), AAJ_STR("getattr")))
        return 0;
    return learn(w, aaj_recording_str(rec, a->arg[AAJ_FILE_NAME]), a->requested | a->denied_mask);
}

static int learn_all(struct walk *w)
{
    const struct aaj_access *access;
    size_t n;
    int r = w->in->recording ? aaj_recording_accesses(w->in->recording, &access, &n) : 0;

    if (r < 0 || !w->in->recording)
        return r;
    for (size_t i = 0; r == 0 && w->in->granted && i < w->in->n_granted; i++)
        if (w->in->granted[i] < n)
            r = learn_access(w, &access[w->in->granted[i]]);
    for (size_t i = 0; r == 0 && !w->in->granted && i < n; i++)
        if (access[i].allowed || access[i].audited)
            r = learn_access(w, &access[i]);
    return r;
}

static uint32_t seen(const struct walk *w, struct aaj_str path)
{
    uint32_t id;

    if (aaj_intern_find(&w->learned, path, &id) < 0 || id >= w->n_learned)
        return 0;
    return w->learned_mask[id];
}

/* What any profile of the jail grants on the file. */
static uint32_t opened(const struct walk *w, const struct aaj_fact *fact)
{
    uint32_t owner, other, perms, mask = 0;
    bool own = false;

    aaj_opens_ask(w->opens, fact->path, &owner, &other);
    for (size_t i = 0; i < w->in->n_uids; i++)
        own |= fact->uid == w->in->uid[i];
    perms = !w->in->n_uids ? owner | other : own ? owner : other;
    if (perms & AAJ_PERM_READ)
        mask |= AAJ_MAY_READ;
    if (perms & (AAJ_PERM_WRITE | AAJ_PERM_APPEND))
        mask |= AAJ_MAY_WRITE;
    if (perms & AAJ_PERM_EXEC)
        mask |= AAJ_MAY_EXEC;
    return mask;
}

static bool is_outside(struct aaj_str path)
{
    static const struct aaj_str inside[] = { AAJ_STR_INIT("/usr/"), AAJ_STR_INIT("/proc/"), AAJ_STR_INIT("/sys/"),
                                             AAJ_STR_INIT("/dev/") };

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(inside); i++)
        if (aaj_str_starts(path, inside[i]))
            return false;
    return true;
}

/* Paths come in byte order, so a folder's files come together but for what sorts between "/a" and "/a/": looking
 * at the last few is enough, and the rest is joined at the end. */
static int count_dir(struct walk *w, struct aaj_str path, uint32_t mask)
{
    struct aaj_surface *s = w->out;
    struct aaj_str dir = aaj_str_head(path, 1 + aaj_str_find(aaj_str_skip(path, 1), '/'));
    struct aaj_surface_dir *d;

    if (dir.n < path.n) {
        struct aaj_str rest = aaj_str_skip(path, dir.n + 1);
        size_t next = aaj_str_find(rest, '/');

        if (next < rest.n)
            dir.n += 1 + next;
    } else {
        dir = AAJ_STR("/");
    }
    d = s->n_dirs ? &s->dir[s->n_dirs - 1] : NULL;
    if (!d || !aaj_str_eq(d->path, dir)) {
        if (AAJ_GROW(s->dir, s->n_dirs, s->cap_dirs) < 0)
            return -ENOMEM;
        d = &s->dir[s->n_dirs++];
        *d = (struct aaj_surface_dir){ .path = aaj_arena_dup(&s->arena, dir) };
        if (!d->path.p)
            return -ENOMEM;
    }
    for (int k = 0; k < AAJ_SURFACE_KINDS; k++)
        d->files[k] += (mask & kind_mask[k]) != 0;
    return 0;
}

static int concern(struct walk *w, enum aaj_surface_concern kind, struct aaj_str path, uint32_t mask,
                   const struct aaj_ceiling_item *item)
{
    struct aaj_surface *s = w->out;
    struct aaj_surface_file file = { kind, aaj_arena_dup(&s->arena, path), mask, item };

    if (!file.path.p || AAJ_GROW(s->file, s->n_files, s->cap_files) < 0)
        return -ENOMEM;
    s->file[s->n_files++] = file;
    return 0;
}

static int look_for_concerns(struct walk *w, const struct aaj_fact *fact, uint32_t mask, uint32_t used)
{
    struct aaj_arena scratch = AAJ_ARENA_INIT;
    struct aaj_crossing crossing;
    int r = 0;

    if (w->in->ceiling) {
        r = aaj_ceiling_crosses_file(w->in->ceiling, fact->path, true, mask & (AAJ_MAY_READ | AAJ_MAY_WRITE), NULL,
                                     &scratch, &crossing);
        if (r == 1)
            r = concern(w, AAJ_CONCERN_SECRET, fact->path, mask & crossing.mask, crossing.item);
        aaj_arena_clear(&scratch);
    }
    if (r == 0 && mask & AAJ_MAY_EXEC && fact->bits & (AAJ_FACT_SETUID | AAJ_FACT_SETGID | AAJ_FACT_CAPS))
        r = concern(w, AAJ_CONCERN_SETUID, fact->path, AAJ_MAY_EXEC, NULL);
    if (r == 0 && mask & AAJ_MAY_READ && !(fact->bits & AAJ_FACT_WORLD_READ) && !(used & AAJ_MAY_READ))
        r = concern(w, AAJ_CONCERN_HIDDEN, fact->path, AAJ_MAY_READ, NULL);
    if (r == 0 && mask & AAJ_MAY_WRITE && !(used & write_mask) && is_outside(fact->path))
        r = concern(w, AAJ_CONCERN_WRITABLE, fact->path, AAJ_MAY_WRITE, NULL);
    return r;
}

enum { GRANTS_MAX = 64 };

/* Own rules are a source each; of an include all rules are one. */
static int list_sources(struct walk *w)
{
    const struct aaj_rules *rules = w->in->rules;
    struct aaj_surface *s = w->out;

    if (!rules)
        return 0;
    w->source_of = calloc(rules->n_rules + 1, sizeof(*w->source_of));
    s->source = calloc(rules->n_rules + 1, sizeof(*s->source));
    if (!w->source_of || !s->source)
        return -ENOMEM;
    for (size_t i = 0; i < rules->n_rules; i++) {
        const struct aaj_listed_rule *r = &rules->rule[i];
        size_t k = r->include.n ? 0 : s->n_sources;

        while (k < s->n_sources && !aaj_str_eq(s->source[k].rule->include, r->include))
            k++;
        if (k == s->n_sources)
            s->source[s->n_sources++].rule = r;
        w->source_of[i] = (uint32_t)k;
    }
    return 0;
}

static void count_sources(struct walk *w, struct aaj_str path, uint32_t mask, uint32_t used)
{
    const struct aaj_rules *rules = w->in->rules;
    uint32_t rule[GRANTS_MAX];

    for (int k = 0; k < AAJ_SURFACE_KINDS; k++) {
        /* One number a file and kind, so that a source counts it once. */
        size_t stamp = w->out->walked * AAJ_SURFACE_KINDS + (size_t)k;

        for (size_t i = 0; mask & kind_mask[k] && i < rules->n_profiles; i++) {
            size_t n = aaj_rules_grant(&rules->profile[i], rules, path, kind_mask[k], rule, GRANTS_MAX);

            for (size_t g = 0; g < n; g++) {
                struct aaj_surface_source *s = &w->out->source[w->source_of[rule[g]]];

                if (s->last == stamp)
                    continue;
                s->files[k]++;
                s->beyond[k] += !(used & kind_mask[k]);
                s->last = stamp;
            }
        }
    }
}

static int visit(void *ctx, const struct aaj_fact *fact)
{
    struct walk *w = ctx;
    struct aaj_surface_count *c = &w->out->count;
    bool outside = is_outside(fact->path), hidden = !(fact->bits & AAJ_FACT_WORLD_READ);
    uint32_t mask, used;
    int r;

    if (fact->type == 'd')
        return aaj_opens_below(w->opens, fact->path) ? 0 : AAJ_FSVIEW_SKIP;
    if (fact->type == 'l')
        return 0;
    w->out->walked++;
    mask = opened(w, fact);
    if (!mask)
        return 0;
    used = seen(w, fact->path);
    for (int k = 0; k < AAJ_SURFACE_KINDS; k++)
        if (mask & kind_mask[k]) {
            c->files[k]++;
            c->beyond[k] += !(used & kind_mask[k]);
            c->outside[k] += outside;
            c->outside_beyond[k] += outside && !(used & kind_mask[k]);
            c->hidden[k] += hidden;
        }
    if (w->in->rules)
        count_sources(w, fact->path, mask, used);
    r = count_dir(w, fact->path, mask);
    return r < 0 ? r : look_for_concerns(w, fact, mask, used);
}

static int by_dir(const void *a, const void *b)
{
    return aaj_str_cmp(((const struct aaj_surface_dir *)a)->path, ((const struct aaj_surface_dir *)b)->path);
}

static int by_concern(const void *a, const void *b)
{
    const struct aaj_surface_file *x = a, *y = b;

    return x->concern != y->concern ? (int)x->concern - (int)y->concern : aaj_str_cmp(x->path, y->path);
}

static void join_dirs(struct aaj_surface *s)
{
    size_t n = 0;

    if (!s->n_dirs)
        return;
    qsort(s->dir, s->n_dirs, sizeof(*s->dir), by_dir);
    for (size_t i = 1; i < s->n_dirs; i++)
        if (aaj_str_eq(s->dir[n].path, s->dir[i].path))
            for (int k = 0; k < AAJ_SURFACE_KINDS; k++)
                s->dir[n].files[k] += s->dir[i].files[k];
        else
            s->dir[++n] = s->dir[i];
    s->n_dirs = n + 1;
}

int aaj_surface_run(const struct aaj_surface_input *input, struct aaj_surface *ret_surface)
{
    struct walk w = { .in = input, .out = ret_surface };
    int r;

    *ret_surface = (struct aaj_surface){ 0 };
    r = aaj_intern_init(&w.learned);
    if (r == 0)
        r = aaj_opens_new(input->match, &w.opens);
    if (r == 0)
        r = learn_all(&w);
    if (r == 0)
        r = list_sources(&w);
    if (r == 0)
        r = aaj_fsview_walk(input->files, visit, &w);
    if (r == 0) {
        join_dirs(ret_surface);
        if (ret_surface->n_files)
            qsort(ret_surface->file, ret_surface->n_files, sizeof(*ret_surface->file), by_concern);
    }
    aaj_opens_free(w.opens);
    aaj_intern_clear(&w.learned);
    free(w.learned_mask);
    free(w.source_of);
    return r;
}

void aaj_surface_clear(struct aaj_surface *surface)
{
    free(surface->dir);
    free(surface->source);
    free(surface->file);
    aaj_arena_clear(&surface->arena);
    *surface = (struct aaj_surface){ 0 };
}
