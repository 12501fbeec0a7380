/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One rule as the ceiling needs it: which names, which letters. Less than the language (lib/policy reads
 * that): conditions that narrow a rule are not looked at, so that what is read is never less than what the
 * rule grants.
 */
#include <errno.h>

#include "ceiling/ceiling_private.h"

static const char spaces[] = " \t\n";

struct reader {
    struct aaj_str rest;
    const char **ret_why;
};

static int refuse(struct reader *r, const char *why)
{
    *r->ret_why = why;
    return -EINVAL;
}

static void skip_spaces(struct reader *r)
{
    while (r->rest.n && strchr(spaces, r->rest.p[0]) && r->rest.p[0])
        r->rest = aaj_str_skip(r->rest, 1);
}

/* The next word, up to a space or "," ";" or one of "()="; empty at the end. */
static struct aaj_str word(struct reader *r)
{
    size_t n = 0;
    struct aaj_str w;

    skip_spaces(r);
    while (n < r->rest.n && r->rest.p[n] && !strchr(" \t\n,()=", r->rest.p[n]))
        n++;
    w = aaj_str_head(r->rest, n);
    r->rest = aaj_str_skip(r->rest, n);
    return w;
}

/* A path: quoted, or up to a space; braces and brackets may hold spaces no more than the language allows. */
static int path(struct reader *r, struct aaj_str *ret_path)
{
    size_t n = 0;
    bool quoted;

    skip_spaces(r);
    quoted = r->rest.n && r->rest.p[0] == '"';
    if (quoted)
        r->rest = aaj_str_skip(r->rest, 1);
    while (n < r->rest.n && (quoted ? r->rest.p[n] != '"' : !strchr(spaces, r->rest.p[n]))) {
        if (r->rest.p[n] == '\\')
            n++;
        n++;
    }
    if (n > r->rest.n || (quoted && n == r->rest.n))
        return refuse(r, "the path does not end");
    *ret_path = aaj_str_head(r->rest, n);
    r->rest = aaj_str_skip(r->rest, n + quoted);
    if (!ret_path->n || ret_path->p[0] != '/')
        return refuse(r, "expected a path that begins with \"/\" after variables are filled in");
    return 0;
}

static int letters(struct reader *r, struct aaj_str mask, uint32_t *ret_mask)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < mask.n; i++)
        switch (mask.p[i]) {
        case 'r': bits |= AAJ_MAY_READ; break;
        case 'w': bits |= AAJ_CEILING_WRITE; break;
        case 'a': bits |= AAJ_MAY_APPEND; break;
        case 'k': bits |= AAJ_MAY_LOCK; break;
        case 'l': bits |= AAJ_MAY_LINK; break;
        case 'm': bits |= AAJ_MAY_MMAP; break;
        case 'x': bits |= AAJ_MAY_EXEC; break;
        case 'i':
        case 'p':
        case 'P':
        case 'c':
        case 'C':
        case 'u':
        case 'U': break; /* which transition: x says the rest */
        default: return refuse(r, "expected letters of \"rwaklmx\" after the path");
        }
    if (!bits)
        return refuse(r, "expected letters of \"rwaklmx\" after the path");
    *ret_mask = bits;
    return 0;
}

static int file_rule(struct reader *r, struct aaj_ceiling_rule *rule)
{
    int err = path(r, &rule->glob);

    rule->class = AAJ_CLASS_FILE;
    return err < 0 ? err : letters(r, word(r), &rule->mask);
}

/* "(read, trace)" or "read trace" into the bits of @class; none at all means every one. */
static int access_words(struct reader *r, enum aaj_class class, uint32_t *ret_mask)
{
    uint32_t mask = 0;

    for (;;) {
        struct aaj_str w = word(r);
        unsigned bit = 0;

        while (!w.n && r->rest.n && strchr("(),", r->rest.p[0])) {
            r->rest = aaj_str_skip(r->rest, 1);
            w = word(r);
        }
        if (!w.n || (r->rest.n && r->rest.p[0] == '='))
            break; /* the end, or a condition, which only narrows */
        while (aaj_class_info[class].mask_word[bit] &&
               !aaj_str_eq(w, aaj_str_c(aaj_class_info[class].mask_word[bit])))
            bit++;
        if (!aaj_class_info[class].mask_word[bit])
            return refuse(r, "unknown access word");
        mask |= 1u << bit;
    }
    *ret_mask = mask ? mask : UINT32_MAX;
    return 0;
}

static const struct {
    const char *word;
    enum aaj_class class;
} class_word[] = {
    { "ptrace", AAJ_CLASS_PTRACE },     { "signal", AAJ_CLASS_SIGNAL },
    { "dbus", AAJ_CLASS_DBUS },         { "mount", AAJ_CLASS_MOUNT },
    { "remount", AAJ_CLASS_MOUNT },     { "umount", AAJ_CLASS_MOUNT },
    { "unmount", AAJ_CLASS_MOUNT },     { "pivot_root", AAJ_CLASS_MOUNT },
    { "userns", AAJ_CLASS_USERNS },     { "change_profile", AAJ_CLASS_CHANGE_PROFILE },
    { "io_uring", AAJ_CLASS_IO_URING }, { "mqueue", AAJ_CLASS_MQUEUE },
    { "unix", AAJ_CLASS_UNIX },         { "capability", AAJ_CLASS_CAPABILITY },
    { "network", AAJ_CLASS_NET },
};

static int class_rule(struct reader *r, struct aaj_str name, enum aaj_class class,
                      struct aaj_ceiling_rule *rule)
{
    rule->class = class;
    rule->mask = UINT32_MAX;
    switch (class) {
    case AAJ_CLASS_CAPABILITY:
        rule->arg[0] = word(r);
        return 0;
    case AAJ_CLASS_NET:
        rule->arg[0] = word(r);
        rule->arg[1] = word(r);
        return 0;
    case AAJ_CLASS_MOUNT:
        rule->arg[0] = aaj_str_eq(name, AAJ_STR("unmount")) ? AAJ_STR("umount") : name;
        return 0;
    case AAJ_CLASS_PTRACE:
    case AAJ_CLASS_SIGNAL: return access_words(r, class, &rule->mask);
    default: return 0;
    }
}

static bool is_prefix(struct aaj_str w)
{
    static const struct aaj_str prefix[] = { AAJ_STR_INIT("owner"), AAJ_STR_INIT("audit"),
                                             AAJ_STR_INIT("allow"), AAJ_STR_INIT("file") };

    for (size_t i = 0; i < sizeof(prefix) / sizeof(prefix[0]); i++)
        if (aaj_str_eq(w, prefix[i]))
            return true;
    return false;
}

/* A rule that begins with a word: a class, or letters before the path. */
static int word_rule(struct reader *r, struct aaj_str first, struct aaj_ceiling_rule *rule)
{
    if (aaj_str_eq(first, AAJ_STR("deny")))
        return refuse(
            r,
            "\"deny\" stands first in a rule of `rules`, and nowhere else: `never` says what may not be granted, without it");
    for (size_t i = 0; i < sizeof(class_word) / sizeof(class_word[0]); i++)
        if (aaj_str_eq(first, aaj_str_c(class_word[i].word)))
            return class_rule(r, first, class_word[i].class, rule);
    if (!first.n || letters(r, first, &rule->mask) < 0)
        return refuse(r, "expected a rule, like \"/etc/shadow r,\" or \"capability sys_admin,\"");
    rule->class = AAJ_CLASS_FILE;
    return path(r, &rule->glob);
}

int aaj_ceiling_read_rule(struct aaj_str text, struct aaj_ceiling_rule *ret_rule, const char **ret_why)
{
    struct reader r = { text, ret_why };
    struct aaj_ceiling_rule rule = { 0 };
    struct aaj_str first = { 0 };
    int err;

    do {
        skip_spaces(&r);
        if (r.rest.n && (r.rest.p[0] == '/' || r.rest.p[0] == '"'))
            break;
        first = word(&r);
    } while (is_prefix(first));
    err = is_prefix(first) || !first.n ? file_rule(&r, &rule) : word_rule(&r, first, &rule);
    if (err < 0)
        return err;
    *ret_why = NULL;
    *ret_rule = rule;
    return 0;
}

struct aaj_str aaj_ceiling_escape(struct aaj_arena *arena, struct aaj_str path, const char *tail)
{
    size_t n = strlen(tail), len = 0;
    char *p = aaj_arena_alloc(arena, path.n * 2 + n + 1);

    if (!p)
        return (struct aaj_str){ NULL, 0 };
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] && strchr("\\*?[]{}^,\"", path.p[i]))
            p[len++] = '\\';
        p[len++] = path.p[i];
    }
    memcpy(p + len, tail, n + 1);
    return (struct aaj_str){ p, len + n };
}
