/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check/diff_private.h"

#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/grow.h"
#include "check/pairs.h"
#include "match/names.h"

int aaj_diff_tell(struct differ *d, enum aaj_diff_direction direction, const char *class, struct aaj_str what,
                  struct aaj_str example)
{
    struct aaj_diff *out = d->out;
    struct aaj_str key = aaj_arena_printf(&out->arena, "%d%.*s\t%s\t%.*s", direction, AAJ_STR_ARG(d->profile), class,
                                          AAJ_STR_ARG(what));
    uint32_t before = d->keys.n, id;
    struct aaj_diff_entry *e;
    int r = key.p ? aaj_intern_add(&d->keys, key, &id) : -ENOMEM;

    if (r < 0)
        return r;
    if (id >= before) {
        if (AAJ_GROW(out->entry, out->n, out->cap) < 0)
            return -ENOMEM;
        out->entry[out->n++] = (struct aaj_diff_entry){ direction, d->profile, class, aaj_arena_dup(&out->arena, what) };
    }
    e = &out->entry[id - 1];
    if (!e->what.p)
        return -ENOMEM;
    e->places++;
    if (example.p && e->n_examples < AAJ_DIFF_EXAMPLES) {
        e->example[e->n_examples] = aaj_arena_dup(&out->arena, example);
        if (!e->example[e->n_examples++].p)
            return -ENOMEM;
    }
    if (direction != AAJ_DIFF_NARROWER)
        out->wider = true;
    return 0;
}

/* -- files ---------------------------------------------------------------------------------------------- */

static const struct {
    uint32_t bit;
    char letter;
} letters[] = {
    { AAJ_PERM_MMAP, 'm' },   { AAJ_PERM_READ, 'r' }, { AAJ_PERM_WRITE, 'w' }, { AAJ_PERM_APPEND, 'a' },
    { AAJ_PERM_LINK, 'l' },   { AAJ_PERM_LOCK, 'k' }, { AAJ_PERM_EXEC, 'x' },
};

static struct aaj_str words(struct differ *d, uint32_t owner, uint32_t other)
{
    uint32_t bits = other ? other : owner;
    char text[AAJ_ARRAY_SIZE(letters) + 1];
    size_t n = 0;

    if (bits & AAJ_PERM_WRITE)
        bits &= ~(uint32_t)AAJ_PERM_APPEND;
    for (size_t i = 0; i < AAJ_ARRAY_SIZE(letters); i++)
        if (bits & letters[i].bit)
            text[n++] = letters[i].letter;
    text[n] = '\0';
    return aaj_arena_printf(&d->out->arena, "%s%s", !other ? "owner " : !owner ? "not owner " : "", text);
}

static const uint32_t file_bits = AAJ_PERM_MMAP | AAJ_PERM_READ | AAJ_PERM_WRITE | AAJ_PERM_APPEND | AAJ_PERM_LINK |
                                  AAJ_PERM_LOCK | AAJ_PERM_EXEC;

static struct aaj_perms perms_at(const struct aaj_match_profile *p, uint32_t state, bool owner)
{
    struct aaj_perms perms = p ? aaj_match_file_state(p, state, owner) : (struct aaj_perms){ 0 };

    perms.allow &= ~perms.deny;
    return perms;
}

static int tell_bits(struct differ *d, enum aaj_diff_direction direction, const uint32_t bits[2], struct aaj_str name)
{
    uint32_t both = bits[0] & bits[1], owner = bits[1] & ~both, other = bits[0] & ~both;
    int r = 0;

    if (both)
        r = aaj_diff_tell(d, direction, "file", words(d, both, both), name);
    if (r == 0 && owner)
        r = aaj_diff_tell(d, direction, "file", words(d, owner, 0), name);
    if (r == 0 && other)
        r = aaj_diff_tell(d, direction, "file", words(d, 0, other), name);
    return r;
}

static struct aaj_str transition(struct differ *d, const struct aaj_match_profile *p, uint32_t xindex)
{
    struct aaj_transition t;

    aaj_match_transition(p, xindex, &t);
    return aaj_arena_printf(&d->out->arena, "%s%s%s%.*s", t.rule, t.scrub || !*t.rule || t.rule[0] == 'i' ? "" : " unscrubbed",
                            t.target.n ? " -> " : "", AAJ_STR_ARG(t.target));
}

/* Both may execute it: into the same? */
static int compare_exec(struct differ *d, const struct aaj_perms *a, const struct aaj_perms *b, struct aaj_str name)
{
    struct aaj_str from, to, what;

    if (!(a->allow & b->allow & AAJ_PERM_EXEC))
        return 0;
    from = transition(d, d->a, a->xindex);
    to = transition(d, d->b, b->xindex);
    if (!from.p || !to.p || aaj_str_eq(from, to))
        return from.p && to.p ? 0 : -ENOMEM;
    what = aaj_arena_printf(&d->out->arena, "%s instead of %s", to.p, from.p);
    return what.p ? aaj_diff_tell(d, AAJ_DIFF_CHANGED, "exec", what, name) : -ENOMEM;
}

static int visit_file(void *ctx, struct aaj_str name, uint32_t sa, uint32_t sb)
{
    struct differ *d = ctx;
    uint32_t wider[2], narrower[2], change[2];
    struct aaj_perms a[2], b[2];
    bool link = memchr(name.p, '\0', name.n) != NULL;
    int r = 0;

    for (int owner = 0; owner < 2; owner++) {
        uint32_t bits = link ? (uint32_t)AAJ_PERM_LINK : file_bits;

        a[owner] = perms_at(d->a, sa, owner);
        b[owner] = perms_at(d->b, sb, owner);
        wider[owner] = b[owner].allow & ~a[owner].allow & bits;
        narrower[owner] = a[owner].allow & ~b[owner].allow & bits;
        change[owner] = (a[owner].allow ^ b[owner].allow) & (AAJ_PERM_CHANGE_PROFILE | AAJ_PERM_ONEXEC);
    }
    if (!name.n)
        return 0;
    if (link) {
        size_t at = aaj_str_find(name, '\0');

        name = aaj_arena_printf(&d->out->arena, "%.*s -> %.*s", (int)at, name.p, AAJ_STR_ARG(aaj_str_skip(name, at + 1)));
        if (!name.p)
            return -ENOMEM;
    }
    r = tell_bits(d, AAJ_DIFF_WIDER, wider, name);
    if (r == 0)
        r = tell_bits(d, AAJ_DIFF_NARROWER, narrower, name);
    if (r == 0 && !link)
        r = compare_exec(d, &a[0], &b[0], name);
    if (r == 0 && change[0])
        r = aaj_diff_tell(d, b[0].allow & change[0] ? AAJ_DIFF_WIDER : AAJ_DIFF_NARROWER, "change_profile", AAJ_STR("->"), name);
    return r;
}

static int compare_files(struct differ *d)
{
    uint32_t start_a = AAJ_DFA_TRAP, start_b = AAJ_DFA_TRAP;
    const struct aaj_dfa *a = d->a ? aaj_match_file_dfa(d->a, &start_a) : NULL;
    const struct aaj_dfa *b = d->b ? aaj_match_file_dfa(d->b, &start_b) : NULL;

    return aaj_pairs_walk(a, start_a, b, start_b, AAJ_PAIRS_PATHS, visit_file, d);
}

/* -- capabilities: numbers ------------------------------------------------------------------ */

static bool has_capability(const struct aaj_match_profile *p, unsigned i)
{
    return p && aaj_match_capability(p, i).verdict == AAJ_ALLOW;
}

static int compare_capabilities(struct differ *d)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < 64; i++) {
        const char *name = aaj_capability_name(i);
        bool a = has_capability(d->a, i), b = has_capability(d->b, i);

        if (name && a != b)
            r = aaj_diff_tell(d, b ? AAJ_DIFF_WIDER : AAJ_DIFF_NARROWER, "capability", aaj_str_c(name), (struct aaj_str){ 0 });
    }
    return r;
}

/* -- limits: the hard one a profile sets ------------------------------------------------------------------ */

static struct aaj_str limit_text(struct differ *d, bool set, uint64_t value)
{
    if (!set)
        return AAJ_STR("unlimited");
    return value == UINT64_MAX ? AAJ_STR("infinity") : aaj_arena_printf(&d->out->arena, "%llu", (unsigned long long)value);
}

static int compare_limits(struct differ *d)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && d->a && d->b && i < AAJ_RLIMITS; i++) {
        bool in_a = d->a->rlimits_set >> i & 1, in_b = d->b->rlimits_set >> i & 1;
        uint64_t a = in_a ? d->a->rlimit[i] : UINT64_MAX, b = in_b ? d->b->rlimit[i] : UINT64_MAX;
        struct aaj_str was = limit_text(d, in_a, a), is = limit_text(d, in_b, b), what;

        if (in_a == in_b && a == b)
            continue;
        what = aaj_arena_printf(&d->out->arena, "%s %.*s instead of %.*s", aaj_rlimit_name(i), AAJ_STR_ARG(is), AAJ_STR_ARG(was));
        r = what.p ? aaj_diff_tell(d, b > a || !in_b ? AAJ_DIFF_WIDER : AAJ_DIFF_NARROWER, "rlimit", what, (struct aaj_str){ 0 })
                   : -ENOMEM;
    }
    return r;
}

/* -- profiles -------------------------------------------------------------------------------------------- */

static int compare_head(struct differ *d)
{
    static const char *const mode[] = { "enforce", "complain", "kill", "unconfined", "prompt" };
    bool lax;
    struct aaj_str what;
    int r = 0;

    if (!d->a || !d->b)
        return aaj_diff_tell(d, d->b ? AAJ_DIFF_WIDER : AAJ_DIFF_NARROWER, "profile", d->b ? AAJ_STR("is new") : AAJ_STR("is gone"),
                    (struct aaj_str){ 0 });
    if (d->a->mode != d->b->mode) {
        lax = d->b->mode == AAJ_UNCONFINED || (d->b->mode == AAJ_COMPLAIN && d->a->mode != AAJ_UNCONFINED);
        what = aaj_arena_printf(&d->out->arena, "%s instead of %s", mode[d->b->mode], mode[d->a->mode]);
        r = what.p ? aaj_diff_tell(d, lax ? AAJ_DIFF_WIDER : AAJ_DIFF_NARROWER, "mode", what, (struct aaj_str){ 0 }) : -ENOMEM;
    }
    if (r == 0 && d->b->path_flags & ~d->a->path_flags)
        r = aaj_diff_tell(d, AAJ_DIFF_WIDER, "flags", AAJ_STR("more paths are reached (attach_disconnected and the like)"), (struct aaj_str){ 0 });
    if (r == 0 && !aaj_str_eq(d->a->attachment, d->b->attachment)) {
        what = aaj_arena_printf(&d->out->arena, "%.*s instead of %.*s", AAJ_STR_ARG(d->b->attachment),
                                AAJ_STR_ARG(d->a->attachment));
        r = what.p ? aaj_diff_tell(d, AAJ_DIFF_CHANGED, "attachment", what, (struct aaj_str){ 0 }) : -ENOMEM;
    }
    return r;
}

static int compare(struct differ *d, const struct aaj_match_profile *a, const struct aaj_match_profile *b)
{
    static int (*const part[])(struct differ *) = { compare_head,       compare_files,  compare_capabilities,
                                                    aaj_diff_networks,  compare_limits, aaj_diff_classes };
    int r = 0;

    d->a = a;
    d->b = b;
    d->profile = (b ? b : a)->name;
    for (size_t i = 0; r == 0 && i < AAJ_ARRAY_SIZE(part); i++)
        r = part[i](d);
    return r;
}

static int by_reading_order(const void *a, const void *b)
{
    const struct aaj_diff_entry *x = a, *y = b;
    int r = (int)x->direction - (int)y->direction;

    if (!r)
        r = aaj_str_cmp(x->profile, y->profile);
    if (!r)
        r = strcmp(x->class, y->class);
    return r ? r : aaj_str_cmp(x->what, y->what);
}

int aaj_diff_run(const struct aaj_match *before, const struct aaj_match *after, struct aaj_diff *ret_diff)
{
    struct differ d = { .out = ret_diff };
    int r;

    *ret_diff = (struct aaj_diff){ 0 };
    r = aaj_intern_init(&d.keys);
    for (size_t i = 0; r == 0 && i < aaj_match_count(after); i++) {
        const struct aaj_match_profile *b = aaj_match_profile(after, i);
        const struct aaj_match_profile *a = aaj_match_find(before, b->name);

        /* One profile that was renamed is still that profile. */
        if (!a && i == 0 && aaj_match_count(before) && !aaj_match_find(after, aaj_match_profile(before, 0)->name))
            a = aaj_match_profile(before, 0);
        r = compare(&d, a, b);
    }
    for (size_t i = 0; r == 0 && i < aaj_match_count(before); i++) {
        const struct aaj_match_profile *a = aaj_match_profile(before, i);
        bool renamed = i == 0 && aaj_match_count(after) && !aaj_match_find(before, aaj_match_profile(after, 0)->name);

        if (!aaj_match_find(after, a->name) && !renamed)
            r = compare(&d, a, NULL);
    }
    if (r == 0 && ret_diff->n)
        qsort(ret_diff->entry, ret_diff->n, sizeof(*ret_diff->entry), by_reading_order);
    aaj_intern_clear(&d.keys);
    return r;
}

void aaj_diff_clear(struct aaj_diff *diff)
{
    free(diff->entry);
    aaj_arena_clear(&diff->arena);
    *diff = (struct aaj_diff){ 0 };
}
