/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files and directories named after a language: locale/de/messages.mo, languages/fr_FR.json. Which is read depends on
 * who asks. One will do where the folder's name says what is in it, otherwise it takes two languages.
 */
#include <errno.h>

#include "learn/private.h"

enum { DEPTH_MAX = 64, LANGUAGES = 2, LANGUAGES_MAX = 512 };

static size_t count(struct aaj_str s, size_t from, const char *low, const char *high)
{
    size_t n = from;

    while (n < s.n && s.p[n] >= *low && s.p[n] <= *high)
        n++;
    return n - from;
}

/* Two letters are many things: the languages that programs are translated into most. */
static bool is_common(struct aaj_str s)
{
    static const char common[] = " ar bg bn ca cs da de el en es et eu fa fi fr gl he hi hr hu hy id is it ja ka ko lt lv "
                                 "mk ms nb nl nn pl pt ro ru sk sl sq sr sv ta th tr uk ur vi zh ";
    const char key[] = { ' ', s.p[0], s.p[1], ' ', '\0' };

    return s.n == 2 && strstr(common, key);
}

/* ISO 639, and behind it a country (DE), a script (Hant) or a region (419): "de", "pt_BR", "zh-Hant", "es-419". */
static bool is_language(struct aaj_str s, bool certain)
{
    size_t n = count(s, 0, "a", "z"), upper;

    if (n < 2 || n > 3)
        return false;
    if (n == s.n)
        return certain || is_common(s);
    if (s.p[n] != '_' && s.p[n] != '-')
        return false;
    n++;
    upper = count(s, n, "A", "Z");
    if (upper == 1 && count(s, n + 1, "a", "z") == 3)
        n += 4;
    else if (upper == 2)
        n += 2;
    else if (count(s, n, "0", "9") == 3)
        n += 3;
    else
        return false;
    return n == s.n || s.p[n] == '@' || s.p[n] == '.';
}

/* "locale", "langpack", "myapp-i18n": a word of it. */
static bool is_for_languages(struct aaj_str name)
{
    static const char *const word[] = { "lang", "locale", "i18n", "l10n", "translation", "nls" };

    for (size_t at = 0; at < name.n; at++) {
        struct aaj_str rest = aaj_str_skip(name, at);

        if (at && name.p[at - 1] != '-' && name.p[at - 1] != '_' && name.p[at - 1] != '.')
            continue;
        for (size_t i = 0; i < AAJ_ARRAY_SIZE(word); i++)
            if (aaj_str_starts(rest, aaj_str_c(word[i])))
                return true;
    }
    return false;
}

static bool is_only_read(const struct aaj_learner *l, uint32_t node, unsigned depth)
{
    uint32_t not = AAJ_NODE_MADE | AAJ_NODE_GONE | AAJ_NODE_WROTE | AAJ_NODE_EXEC;
    bool only = !(l->node[node].flags & not) && depth < DEPTH_MAX;

    for (uint32_t c = l->node[node].child; only && c; c = l->node[c].next)
        only = is_only_read(l, c, depth + 1);
    return only;
}

/* Behind the language: ".json" of a file, nothing of a directory. */
static struct aaj_str kind_of(const struct aaj_learner *l, uint32_t kid)
{
    struct aaj_str none = { "", 0 };

    return l->node[kid].child ? none : aaj_name_last_extension(l->node[kid].name);
}

static bool is_translated(const struct aaj_learner *l, uint32_t kid, bool certain)
{
    const struct aaj_node *n = &l->node[kid];
    struct aaj_str ext = kind_of(l, kid);

    return !(n->flags & AAJ_NODE_GLOB) && (n->child || ext.n) &&
           is_language(aaj_str_head(n->name, n->name.n - ext.n), certain) && is_only_read(l, kid, 0);
}

static bool is_like(const struct aaj_learner *l, uint32_t a, uint32_t b)
{
    return !l->node[a].child == !l->node[b].child && aaj_str_eq(kind_of(l, a), kind_of(l, b));
}

/* @same, in the order of the kids, become one pattern. */
static int join(struct aaj_learner *l, struct aaj_dir *dir, const uint32_t *same, size_t n)
{
    bool *take = aaj_arena_new_array(&l->scratch, dir->kids.n + 1, bool);
    struct aaj_str pattern = aaj_arena_printf(l->arena, "*%.*s", AAJ_STR_ARG(kind_of(l, same[0])));

    if (!take || !pattern.p)
        return -ENOMEM;
    for (size_t i = 0, at = 0; i < n; at++) {
        take[at] = dir->kids.id[at] == same[i];
        i += take[at];
    }
    return aaj_kids_replace(l, dir, take, pattern, AAJ_NODE_LONE, 1u << AAJ_INFER_LOCALE);
}

int aaj_group_locale(struct aaj_learner *l, struct aaj_dir *dir)
{
    bool certain = !(l->node[dir->node].flags & AAJ_NODE_GLOB) && is_for_languages(l->node[dir->node].name);
    uint32_t translated[LANGUAGES_MAX], same[LANGUAGES_MAX];
    size_t n = 0;
    int r = 0;

    if (dir->area == AAJ_AREA_SYSTEM && !certain)
        return 0;
    for (size_t i = 0; i < dir->kids.n; i++) {
        if (!is_translated(l, dir->kids.id[i], certain))
            continue;
        if (n == LANGUAGES_MAX)
            return 0; /* so many there are not */
        translated[n++] = dir->kids.id[i];
    }
    while (r == 0 && n) {
        size_t alike = 0, others = 0;
        uint32_t like = translated[0];

        for (size_t i = 0; i < n; i++) {
            if (is_like(l, translated[i], like))
                same[alike++] = translated[i];
            else
                translated[others++] = translated[i];
        }
        if (certain || alike >= LANGUAGES)
            r = join(l, dir, same, alike);
        n = others;
    }
    return r;
}
