/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A profile that is too large to be compiled: which folders its rules are about. */
#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "build/internal.h"

/* People's profiles have tens to hundreds of rules, and apparmor_parser takes its minute at some ten thousand. */
enum { LARGE = 3000, SHARE = 10 /* a folder is told of when it holds the tenth part */ };

struct rule_path {
    struct aaj_str path;
    uint32_t perms;
};

struct telling {
    struct aaj_arena arena;
    struct aaj_diags *diags;
    size_t enough;
};

static int by_path(const void *a, const void *b)
{
    return aaj_str_cmp(((const struct rule_path *)a)->path, ((const struct rule_path *)b)->path);
}

static size_t collect(const struct aaj_learned *l, struct rule_path *path)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n_rules; i++) {
        const struct aaj_item *item = l->rule[i].item;

        if (item->kind == AAJ_ITEM_RULE && item->rule.kind == AAJ_RULE_FILE && item->rule.file.exec == AAJ_EXEC_NONE &&
            !(l->rule[i].inferences & (1u << AAJ_INFER_MANIFEST)))
            path[n++] = (struct rule_path){ item->rule.file.path.value, item->rule.file.perms };
    }
    return n;
}

/* What may stand there for all of them is for people to say: it might be /etc. */
static void tell(struct telling *t, const struct rule_path *path, size_t n, struct aaj_str folder)
{
    uint32_t perms = 0;

    for (size_t i = 0; i < n; i++)
        perms |= path[i].perms;
    aaj_diag_add(t->diags, AAJ_NOTE, NULL, (struct aaj_loc){ 0 }, (struct aaj_str){ 0 }, "%zu of them are about names below %s%s", n,
                 aaj_escape(&t->arena, folder), perms & AAJ_MAY_WRITE ? ", some of which are written" : "");
}

/* The lowest folders that hold enough; all of @path begin with the @len bytes of one. True: something was told. */
static bool tell_below(struct telling *t, const struct rule_path *path, size_t n, size_t len)
{
    bool told = false;

    for (size_t i = 0, j; i < n; i = j) {
        struct aaj_str rest = aaj_str_skip(path[i].path, len);
        size_t step = aaj_str_find(rest, '/');
        struct aaj_str begin = aaj_str_head(path[i].path, len + step + 1);

        for (j = i + 1; j < n && aaj_str_starts(path[j].path, begin); j++)
            ;
        if (step < rest.n && j - i >= t->enough)
            told |= tell_below(t, path + i, j - i, begin.n);
    }
    if (!told && len > 1) {
        tell(t, path, n, aaj_str_head(path->path, len));
        told = true;
    }
    return told;
}

void aaj_build_explain_size(const struct aaj_build_input *in, const struct aaj_built *b, struct aaj_diags *diags)
{
    struct telling t = { .diags = diags };
    struct rule_path *path;
    size_t n;

    if (!b || !b->learned || b->learned->n_rules < LARGE)
        return;
    aaj_error(diags, (struct aaj_loc){ .file = in->manifest->file },
              "%zu rules were learned, more than can be compiled: names differ in a way that no inference knows. A rule in the "
              "manifest, \"/srv/app/cache/** rw,\" say, takes the place of all that it holds; or leave out the log that has these",
              b->learned->n_rules);
    path = calloc(b->learned->n_rules, sizeof(*path));
    n = path ? collect(b->learned, path) : 0;
    t.enough = n / SHARE + 1;
    if (n) {
        qsort(path, n, sizeof(*path), by_path);
        tell_below(&t, path, n, 1);
    }
    free(path);
    aaj_arena_clear(&t.arena);
}
