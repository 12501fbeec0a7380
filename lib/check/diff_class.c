/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is matched by strings: signal, ptrace, mount, dbus, mqueue, userns, io_uring. */
#include <errno.h>

#include "base/grow.h"
#include "check/diff_private.h"
#include "check/pairs.h"
#include "match/classes.h"

static uint32_t rights(const struct aaj_match_profile *p, uint32_t state)
{
    struct aaj_perms perms = { 0 };

    if (p && state != AAJ_DFA_TRAP)
        perms = aaj_match_state_perms(p, state);
    return perms.allow & ~perms.deny;
}

static int tell_bits(struct differ *d, enum aaj_diff_direction direction, uint32_t bits, struct aaj_str example)
{
    struct aaj_arena *arena = &d->out->arena;
    struct aaj_str words = aaj_words_of_perms(d->words, bits, arena), what = words;

    if (d->prefix.n && words.p)
        what = aaj_arena_printf(arena, "%.*s%s%.*s", AAJ_STR_ARG(d->prefix), words.n ? " " : "", AAJ_STR_ARG(words));
    return what.p ? aaj_diff_tell(d, direction, d->class, what, example) : -ENOMEM;
}

static int visit(void *ctx, struct aaj_str name, uint32_t sa, uint32_t sb)
{
    struct differ *d = ctx;
    /* That the class is mediated at all stands as a right in its first state (parser_regex.c). */
    uint32_t marks = d->marks | (name.n || d->words == AAJ_WORDS_NET ? 0 : AAJ_PERM_READ);
    uint32_t a = (rights(d->a, sa) | d->had_a) & ~marks, b = (rights(d->b, sb) | d->had_b) & ~marks;
    struct aaj_str example;
    int r = 0;

    if (a == b || name.n < d->shortest)
        return 0;
    example = d->show(d, name);
    if (!example.p)
        return -ENOMEM;
    if (b & ~a)
        r = tell_bits(d, AAJ_DIFF_WIDER, b & ~a, example);
    if (r == 0 && a & ~b)
        r = tell_bits(d, AAJ_DIFF_NARROWER, a & ~b, example);
    return r;
}

int aaj_diff_walk(struct differ *d, uint32_t start_a, uint32_t start_b)
{
    return aaj_pairs_walk(start_a ? aaj_match_policy_dfa(d->a) : NULL, start_a,
                          start_b ? aaj_match_policy_dfa(d->b) : NULL, start_b,
                          d->words == AAJ_WORDS_NET ? AAJ_PAIRS_NUMBERS : AAJ_PAIRS_WORDS, visit, d);
}

/* -- how a walked name reads ------------------------------------------------------------------------------ */

/* "KEY=VALUE" of each part that is there; parts stand between NULs. */
static struct aaj_str show_keys(struct differ *d, struct aaj_str name, const char *const *key, size_t n)
{
    struct aaj_str out = AAJ_STR("");

    for (size_t i = 0; i < n && name.n && out.p; i++) {
        struct aaj_str part = aaj_str_head(name, aaj_str_find(name, '\0'));

        name = aaj_str_skip(name, part.n + 1);
        if (part.n)
            out = aaj_arena_printf(&d->out->arena, "%.*s%s%s%.*s", AAJ_STR_ARG(out), out.n ? " " : "", key[i], AAJ_STR_ARG(part));
    }
    return out;
}

static struct aaj_str show_dbus(struct differ *d, struct aaj_str name)
{
    static const char *const key[] = { "bus=", "name=", "peer=", "path=", "interface=", "member=" };

    return show_keys(d, name, key, AAJ_ARRAY_SIZE(key));
}

/* Mount point, source, type, then a byte a flag, its number + 1. */
static struct aaj_str show_mount(struct differ *d, struct aaj_str name)
{
    static const char *const key[] = { "", "source=", "fstype=" };
    struct aaj_str out = show_keys(d, name, key, AAJ_ARRAY_SIZE(key)), flags = name;
    unsigned long bits = 0;

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(key); i++)
        flags = aaj_str_skip(flags, aaj_str_find(flags, '\0') < flags.n ? aaj_str_find(flags, '\0') + 1 : flags.n);
    for (size_t i = 0; i < flags.n && flags.p[i] > 0 && flags.p[i] <= 32; i++)
        bits |= 1ul << (flags.p[i] - 1);
    return bits && out.p ? aaj_arena_printf(&d->out->arena, "%.*s flags=%#lx", AAJ_STR_ARG(out), bits) : out;
}

/* Parts stand between NULs. */
static struct aaj_str show_parts(struct differ *d, struct aaj_str name)
{
    struct aaj_str copy = aaj_arena_dup(&d->out->arena, name);
    char *p = (char *)(uintptr_t)copy.p;

    for (size_t i = 0; p && i < copy.n; i++)
        if (!p[i])
            p[i] = ' ';
    return copy;
}

static struct aaj_str show_signal(struct differ *d, struct aaj_str name)
{
    static const char *const signal[] = { "exists", "hup", "int", "quit", "ill", "trap", "abrt", "bus", "fpe",
                                          "kill", "usr1", "segv", "usr2", "pipe", "alrm", "term", "stkflt", "chld",
                                          "cont", "stop", "stp", "ttin", "ttou", "urg", "xcpu", "xfsz", "vtalrm",
                                          "prof", "winch", "io", "pwr", "sys" };
    unsigned number = name.n ? (uint8_t)name.p[0] : 0;

    return aaj_arena_printf(&d->out->arena, "%s peer=%.*s", number && number < AAJ_ARRAY_SIZE(signal) ? signal[number] : "signal",
                            AAJ_STR_ARG(aaj_str_skip(name, 1)));
}

static const struct kind {
    const char *name;
    unsigned number;
    enum aaj_perm_words words;
    struct aaj_str (*show)(struct differ *d, struct aaj_str name);
} kinds[] = {
    { "signal", AAJ_MATCH_SIGNAL, AAJ_WORDS_SIGNAL, show_signal },
    { "ptrace", AAJ_MATCH_LABEL, AAJ_WORDS_PTRACE, show_parts },
    { "mount", AAJ_MATCH_MOUNT, AAJ_WORDS_MOUNT, show_mount },
    { "dbus", AAJ_MATCH_DBUS, AAJ_WORDS_DBUS, show_dbus },
    { "mqueue", AAJ_MATCH_POSIX_MQUEUE, AAJ_WORDS_MQUEUE, show_parts },
    { "userns", AAJ_MATCH_NS, AAJ_WORDS_MQUEUE, show_parts },
    { "io_uring", AAJ_MATCH_IO_URING, AAJ_WORDS_IO_URING, show_parts },
};

static int compare(struct differ *d, const struct kind *k)
{
    uint32_t a = d->a ? aaj_match_class_start(d->a, k->number) : AAJ_DFA_TRAP;
    uint32_t b = d->b ? aaj_match_class_start(d->b, k->number) : AAJ_DFA_TRAP;
    bool labels = k->number == AAJ_MATCH_LABEL;

    if (labels) { /* labels, then whose question it is */
        a = a ? aaj_match_step(d->a, a, AAJ_MATCH_PTRACE) : AAJ_DFA_TRAP;
        b = b ? aaj_match_step(d->b, b, AAJ_MATCH_PTRACE) : AAJ_DFA_TRAP;
    }
    if (!a && !b)
        return 0;
    /* A class that only one of them mediates: without mediation everything is allowed. */
    if (d->a && d->b && !b && !labels)
        return aaj_diff_tell(d, AAJ_DIFF_WIDER, k->name, AAJ_STR("no longer mediated"), (struct aaj_str){ 0 });
    if (d->a && d->b && !a && !labels)
        return aaj_diff_tell(d, AAJ_DIFF_NARROWER, k->name, AAJ_STR("mediated now"), (struct aaj_str){ 0 });
    d->class = k->name;
    d->words = k->words;
    d->show = k->show;
    d->prefix = AAJ_STR("");
    /* More is to be matched; what stands everywhere in permissions of old form; a mount's data. */
    d->marks = AAJ_PERM_CONTINUE | AAJ_PERM_LOCK | (k->number == AAJ_MATCH_MOUNT ? AAJ_PERM_MOUNT_DATA : 0);
    d->had_a = d->had_b = 0;
    d->shortest = 0;
    return aaj_diff_walk(d, a, b);
}

int aaj_diff_classes(struct differ *d)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < AAJ_ARRAY_SIZE(kinds); i++)
        r = compare(d, &kinds[i]);
    return r;
}
