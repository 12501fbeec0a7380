/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the slave's things are called. Where one word names what it makes in several of its places, /run/deploy/site.lock,
 * /var/lib/deploy/site/ and /srv/git/site.git, there is a site, and tomorrow there will be another. Not its own name, which
 * is everywhere, nor words that tell what a file is for.
 */
#include <errno.h>
#include <stdlib.h>
#include <uthash.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "learn/private.h"

enum { DEPTH_MAX = 64, KIDS_MAX = 1024, WORDS_MAX = 1 << 15, PLACES = 3, MAKES = 2, ROOTS = 2, WORD_MIN = 2, ALIKE = 4, OWN_MAX = 1 << 13 };

struct word {
    struct aaj_str text;
    uint32_t place[PLACES], maker[MAKES]; /* folders where it stands, and where the slave makes something of that name */
    uint32_t root[ROOTS];                 /* its own folders, /run/deploy, that they are in */
    uint64_t rest[PLACES];                /* what follows it in a name, as a hash */
    unsigned places, makers, roots, rests;
    UT_hash_handle hh;
};

struct walk {
    struct aaj_learner *l;
    struct word *words;
    size_t n;
    struct name {
        struct aaj_str text;
        bool exact;
    } *own; /* what the slave itself and software that it uses is called */
    size_t n_own, cap_own;
};

struct aaj_str aaj_subject_word(struct aaj_str name)
{
    size_t n = 0;

    while (n < name.n && ((name.p[n] >= 'a' && name.p[n] <= 'z') || (name.p[n] >= 'A' && name.p[n] <= 'Z')))
        n++;
    if (n < WORD_MIN || (n < name.n && !strchr(".-_@~", name.p[n])))
        n = 0;
    return aaj_str_head(name, n);
}

static struct word *word_of(struct walk *w, struct aaj_str text)
{
    struct word *word;

    HASH_FIND(hh, w->words, text.p, text.n, word);
    if (word || w->n == WORDS_MAX || text.n == 0)
        return word;
    word = aaj_arena_new(&w->l->scratch, struct word);
    if (word) {
        word->text = text;
        HASH_ADD_KEYPTR(hh, w->words, word->text.p, word->text.n, word);
        w->n++;
    }
    return word;
}

static void note(uint32_t *list, unsigned *n, unsigned max, uint32_t what)
{
    if (*n < max && (*n == 0 || list[*n - 1] != what)) /* folder by folder, so that the same ones come together */
        list[(*n)++] = what;
}

/* Of what follows the word, how it begins and its extension: numbers and dates in it make no other. */
static uint64_t hash_of(struct aaj_str rest)
{
    struct aaj_str kind = aaj_name_last_extension(rest);

    return XXH3_64bits_withSeed(kind.p, kind.n, rest.n ? (unsigned char)rest.p[0] : 0);
}

static bool is_made(const struct aaj_learner *l, uint32_t node)
{
    bool made = l->node[node].flags & AAJ_NODE_MADE;

    for (uint32_t c = l->node[node].child; c && !made; c = l->node[c].next)
        made = l->node[c].name.n == 0 && (l->node[c].flags & AAJ_NODE_MADE);
    return made;
}

static void look_at(struct walk *w, uint32_t root, uint32_t folder, uint32_t node)
{
    struct aaj_str name = w->l->node[node].name, text = aaj_subject_word(name);
    struct word *word = word_of(w, text);
    uint64_t rest;
    unsigned i;

    if (!word)
        return;
    note(word->place, &word->places, PLACES, folder);
    note(word->root, &word->roots, ROOTS, root);
    if (is_made(w->l, node))
        note(word->maker, &word->makers, MAKES, folder);
    rest = hash_of(aaj_str_skip(name, text.n));
    for (i = 0; i < word->rests && word->rest[i] != rest; i++)
        ;
    if (i == word->rests && i < PLACES)
        word->rest[word->rests++] = rest;
}

static int exclude(struct walk *w, struct aaj_str path, bool exact)
{
    const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;

    if (w->n_own == OWN_MAX)
        return 0;
    if (AAJ_GROW(w->own, w->n_own, w->cap_own) < 0)
        return -ENOMEM;
    w->own[w->n_own++] = (struct name){ slash ? aaj_str_skip(path, (size_t)(slash - path.p) + 1) : path, exact };
    return 0;
}

/* "rabbit" is of rabbitmq, and "postgres" of postgresql. */
static bool is_own_name(const struct walk *w, struct aaj_str word)
{
    for (size_t i = 0; i < w->n_own; i++) {
        struct aaj_str own = w->own[i].text;

        if (aaj_str_eq(own, word) || (!w->own[i].exact && ((word.n >= ALIKE && aaj_str_starts(own, word)) ||
                                                           (own.n >= ALIKE && aaj_str_starts(word, own)))))
            return true;
    }
    return false;
}

/* @root: the slave's own folder that it is in; 0: in none. */
static int descend(struct walk *w, uint32_t node, struct aaj_str path, uint32_t root, unsigned depth)
{
    struct aaj_learner *l = w->l;
    size_t kids = 0;
    int r = 0;

    for (uint32_t c = l->node[node].child; c && kids <= KIDS_MAX; c = l->node[c].next)
        kids++;
    for (uint32_t c = l->node[node].child; r == 0 && c; c = l->node[c].next) {
        struct aaj_arena arena = AAJ_ARENA_INIT;
        struct aaj_str below;
        uint32_t in = root;

        if (root && kids <= KIDS_MAX && l->node[c].name.n)
            look_at(w, root, node, c);
        if (!l->node[c].child || depth == DEPTH_MAX)
            continue;
        below = aaj_arena_printf(&arena, "%.*s/%.*s", AAJ_STR_ARG(path), AAJ_STR_ARG(l->node[c].name));
        if (!below.p)
            return -ENOMEM;
        if (!root && aaj_area_of(l->in, below) == AAJ_AREA_OWN)
            in = c;
        if (in != root || aaj_str_starts(below, AAJ_STR("/usr/")))
            r = exclude(w, l->node[c].name, in == root);
        r = r < 0 ? r : descend(w, c, below, in, depth + 1);
        aaj_arena_clear(&arena);
    }
    return r;
}

/* What a file is for, whoever has it. */
static bool is_role(struct aaj_str word)
{
    static const char *const role[] = {
        "access", "app", "archive", "backup", "bin", "cache", "conf", "config", "core", "data", "db", "default", "error",
        "etc", "events", "http", "https", "index", "info", "init", "journal", "lib", "lock", "log", "logs", "mail", "main",
        "master", "meta", "metadata", "new", "node", "old", "pid", "queue", "root", "run", "server", "session", "sessions",
        "share", "socket", "spool", "src", "state", "stats", "status", "temp", "test", "tmp", "upload", "uploads", "user",
        "users", "var", "version", "worker",
    };

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(role); i++)
        if (aaj_str_eq(word, aaj_str_c(role[i])))
            return true;
    return false;
}

static int compare(const void *a, const void *b)
{
    return aaj_str_cmp(*(const struct aaj_str *)a, *(const struct aaj_str *)b);
}

int aaj_subjects_prepare(struct aaj_learner *l)
{
    struct walk w = { .l = l };
    struct word *word, *next;
    int r = descend(&w, 0, AAJ_STR(""), 0, 0);

    if (r == 0)
        r = exclude(&w, l->in->manifest->jail.text, false);
    for (size_t i = 0; r == 0 && i < l->n_doms; i++)
        r = exclude(&w, l->dom[i].exe, false);
    HASH_ITER(hh, w.words, word, next) {
        if (word->places < PLACES || word->makers < MAKES || word->roots < ROOTS ||
            word->rests < PLACES || is_role(word->text) || is_own_name(&w, word->text))
            continue;
        if (AAJ_GROW(l->subject, l->n_subjects, l->cap_subjects) < 0)
            r = -ENOMEM;
        else
            l->subject[l->n_subjects++] = word->text;
    }
    HASH_CLEAR(hh, w.words);
    free(w.own);
    if (l->n_subjects)
        qsort(l->subject, l->n_subjects, sizeof(*l->subject), compare);
    return r;
}

bool aaj_is_subject(const struct aaj_learner *l, struct aaj_str word)
{
    return word.n && l->n_subjects && bsearch(&word, l->subject, l->n_subjects, sizeof(word), compare);
}
