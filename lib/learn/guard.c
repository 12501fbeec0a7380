/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An upload folder must not become a place for shell.php: a pattern that may be written never matches a
 * name with an extension that the slave reads as code, nor a file that it executes or maps.
 */
#include <errno.h>
#include <stdlib.h>

#include "learn/private.h"
#include "policy/quote.h"

enum { CODE_MAX = 12, COMPILED = 3 };

static int add_extension(struct aaj_learner *l, struct aaj_str ext)
{
    for (size_t i = 0; i < l->n_code; i++)
        if (aaj_str_eq(l->code[i].ext, ext)) {
            l->code[i].files++;
            return 0;
        }
    if (AAJ_GROW(l->code, l->n_code, l->cap_code) < 0)
        return -ENOMEM;
    l->code[l->n_code++] = (struct aaj_code){ ext, 1 };
    return 0;
}

static int by_extension(const void *a, const void *b)
{
    return aaj_str_cmp(((const struct aaj_code *)a)->ext, ((const struct aaj_code *)b)->ext);
}

static int compare(const void *a, const void *b)
{
    return aaj_str_cmp(*(const struct aaj_str *)a, *(const struct aaj_str *)b);
}

static int add_program(struct aaj_learner *l, struct aaj_str path)
{
    if (AAJ_GROW(l->runs, l->n_runs, l->cap_runs) < 0)
        return -ENOMEM;
    l->runs[l->n_runs++] = path;
    return 0;
}

/* Code that the jail makes itself is its own to write only where the ceiling does not mind. */
static int is_own_code(struct aaj_learner *l, const struct aaj_node *n, struct aaj_str path)
{
    uint32_t both = AAJ_MAY_WRITE | AAJ_MAY_MMAP;
    struct aaj_crossing crossing;
    int r;

    if (!(n->flags & AAJ_NODE_MADE) || !l->in->ceiling)
        return n->flags & AAJ_NODE_MADE;
    r = aaj_ceiling_crosses_file(l->in->ceiling, path, true, both, l->in->files, &l->scratch, &crossing);
    return r < 0 ? r : !r;
}

/*
 * Code of the slave's own: in its folders, or where a package keeps an application, /usr/share/NAME; but not what a
 * language brings along.
 */
static bool is_of_application(const struct aaj_learner *l, struct aaj_str path)
{
    static const struct aaj_str package[] = { AAJ_STR_INIT("/usr/share/"), AAJ_STR_INIT("/usr/local/") };
    static const char *const language[] = { "lib", "perl", "perl5", "python3", "ruby", "rubygems-integration", "nodejs", "lua",
                                            "java", "javascript", "tcltk", "guile", "share" };

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(package); i++) {
        struct aaj_str rest = aaj_str_skip(path, package[i].n), name = aaj_str_head(rest, aaj_str_find(rest, '/'));
        bool own = aaj_str_starts(path, package[i]) && name.n < rest.n;

        for (size_t k = 0; own && k < AAJ_ARRAY_SIZE(language); k++)
            own = !aaj_str_eq(name, aaj_str_c(language[k]));
        if (own)
            return true;
    }
    return aaj_area_of(l->in, path) == AAJ_AREA_OWN;
}

/* Code that the slave wrote and read back: compiled templates, translations, a container of services. */
static int add_compiled(struct aaj_learner *l, uint32_t node)
{
    struct aaj_str path = aaj_node_path(l, &l->scratch, node);

    if (!path.p || AAJ_GROW(l->compiled, l->n_compiled, l->cap_compiled) < 0)
        return -ENOMEM;
    l->compiled[l->n_compiled++] = path;
    return 0;
}

static int collect(struct aaj_learner *l)
{
    for (uint32_t i = 1; i < l->n_nodes; i++) {
        const struct aaj_node *n = &l->node[i];
        struct aaj_str ext, path;
        int r = 0;

        if (!(n->flags & (AAJ_NODE_EXEC | AAJ_NODE_READ)))
            continue;
        ext = aaj_name_last_extension(n->name);
        if (!(n->flags & AAJ_NODE_EXEC) && (n->flags & AAJ_NODE_MADE)) {
            if (aaj_is_code_extension(ext) && add_compiled(l, i) < 0)
                return -ENOMEM;
            continue;
        }
        if (!aaj_is_code_extension(ext) && !(n->flags & AAJ_NODE_EXEC))
            continue;
        path = aaj_node_path(l, &l->scratch, i);
        if (!path.p)
            return -ENOMEM;
        if (n->flags & AAJ_NODE_EXEC) {
            r = is_own_code(l, n, path);
            r = r ? r : add_program(l, path);
        } else if (is_of_application(l, path)) {
            r = add_extension(l, ext);
        }
        if (r == -ENOMEM)
            return r;
    }
    return 0;
}

/* Who can leave these beside a PHP application's files tells the web server or PHP what else is a program. */
static int add_settings_of_php(struct aaj_learner *l)
{
    bool php = false;
    int r;

    for (size_t i = 0; i < l->n_code; i++)
        php |= aaj_str_starts(l->code[i].ext, AAJ_STR(".ph"));
    r = php ? add_extension(l, AAJ_STR(".htaccess")) : 0;
    return php && r == 0 ? add_extension(l, AAJ_STR(".ini")) : r;
}

int aaj_guard_prepare(struct aaj_learner *l)
{
    int r = aaj_glob_new(&l->code_glob);

    if (r == 0)
        r = collect(l);
    if (r == 0)
        r = add_settings_of_php(l);
    for (size_t i = 0; r == 0 && i < l->n_edges; i++) {
        r = add_program(l, l->edge[i].exe);
        r = r == -ENOMEM ? r : 0;
    }
    if (l->n_runs)
        qsort(l->runs, l->n_runs, sizeof(*l->runs), compare);
    if (l->n_compiled)
        qsort(l->compiled, l->n_compiled, sizeof(*l->compiled), compare);
    if (l->n_code)
        qsort(l->code, l->n_code, sizeof(*l->code), by_extension);
    for (size_t i = 0; r == 0 && i < l->n_code; i++) {
        struct aaj_str all = aaj_arena_printf(&l->scratch, "/**%.*s", AAJ_STR_ARG(l->code[i].ext));

        r = all.p ? aaj_glob_add(l->code_glob, all, AAJ_GLOB_PATH, 0, NULL) : -ENOMEM;
    }
    return r;
}

/* Variables are numbers here. */
static struct aaj_str without_variables(struct aaj_learner *l, struct aaj_str s)
{
    for (;;) {
        size_t at = aaj_str_search(s, AAJ_STR("@{"));
        size_t len = aaj_str_find(aaj_str_skip(s, at), '}');

        if (at == s.n)
            return s;
        s = aaj_arena_printf(&l->scratch, "%.*s[0-9]*%.*s", (int)at, s.p,
                             AAJ_STR_ARG(aaj_str_skip(s, at + len + 1)));
    }
}

static bool is_special(char c)
{
    return c == '*' || c == '?' || c == '[' || c == ']' || c == '{' || c == '}' || c == ',' || c == '\\' || c == '^';
}

static struct aaj_str head_of(struct aaj_str pattern)
{
    for (size_t i = 0; i < pattern.n; i++)
        if (is_special(pattern.p[i]))
            return aaj_str_head(pattern, i);
    return pattern;
}

/* The first of the sorted names that does not come before @head; what begins with it follows. */
static size_t first_from(const struct aaj_str *list, size_t n, struct aaj_str head)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (aaj_str_cmp(list[mid], head) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* The longest piece that stands for itself behind the head: what has it not, does not match. */
static struct aaj_str longest_piece(struct aaj_str pattern)
{
    struct aaj_str best = { "", 0 };
    unsigned depth = 0;
    size_t start = 0;

    for (size_t i = 0; i <= pattern.n; i++) {
        if (i < pattern.n && !is_special(pattern.p[i]))
            continue;
        if (depth == 0 && i - start > best.n)
            best = aaj_str_head(aaj_str_skip(pattern, start), i - start);
        if (i == pattern.n)
            break;
        depth += pattern.p[i] == '[' || pattern.p[i] == '{';
        depth -= depth && (pattern.p[i] == ']' || pattern.p[i] == '}');
        start = i + 1 + (pattern.p[i] == '\\'); /* what it escapes counts for nothing */
        i += pattern.p[i] == '\\';
    }
    return best;
}

static bool is_candidate(const struct aaj_learner *l, size_t i, struct aaj_str head)
{
    return i < l->n_runs && aaj_str_starts(l->runs[i], head);
}

/* Does it end in bytes that no extension of code ends in? */
static bool ends_otherwise(const struct aaj_learner *l, struct aaj_str pattern)
{
    size_t n = 0;

    while (n < pattern.n && !is_special(pattern.p[pattern.n - n - 1]))
        n++;
    for (size_t i = 0; i < l->n_code; i++) {
        size_t k = l->code[i].ext.n < n ? l->code[i].ext.n : n;

        if (memcmp(l->code[i].ext.p + l->code[i].ext.n - k, pattern.p + pattern.n - k, k) == 0)
            return false;
    }
    return true;
}

/* Only digits or hexadecimal ones vary, and the name begins and ends with one, but for its extension. */
static bool is_of_hashes(struct aaj_str dir, struct aaj_str name)
{
    static const struct aaj_str class[] = { AAJ_STR_INIT("[0-9]"), AAJ_STR_INIT("[0-9a-f]"), AAJ_STR_INIT("[0-9A-F]"),
                                            AAJ_STR_INIT("[0-9a-fA-F]") };
    const struct aaj_str part[] = { dir, name };
    struct aaj_str stem = aaj_str_head(name, name.n - aaj_name_last_extension(name).n);
    bool begins = false;

    for (size_t k = 0; k < AAJ_ARRAY_SIZE(class); k++)
        begins |= aaj_str_starts(name, class[k]);
    if (!begins || !aaj_str_ends(stem, AAJ_STR("]")))
        return false;
    for (size_t p = 0; p < AAJ_ARRAY_SIZE(part); p++)
        for (size_t i = 0; i < part[p].n; i++) {
            struct aaj_str rest = aaj_str_skip(part[p], i);
            bool known = !is_special(rest.p[0]) || (rest.p[0] == '*' && i && part[p].p[i - 1] == ']');

            for (size_t k = 0; !known && k < AAJ_ARRAY_SIZE(class); k++)
                if (aaj_str_starts(rest, class[k])) {
                    known = true;
                    i += class[k].n - 1;
                }
            if (!known)
                return false;
        }
    return true;
}

/*
 * A cache of compiled code: the slave wrote several such names there and read them back. Who wrote into the slave may
 * write there too; but shell.php is no hash, and an upload folder holds no code that the slave made.
 */
static bool is_compiled(const struct aaj_learner *l, struct aaj_str dir, struct aaj_str name, struct aaj_str head,
                        struct aaj_glob *glob)
{
    size_t n = 0;

    if (l->n_compiled < COMPILED || !is_of_hashes(dir, name))
        return false;
    for (size_t i = first_from(l->compiled, l->n_compiled, head);
         n < COMPILED && i < l->n_compiled && aaj_str_starts(l->compiled[i], head); i++)
        n += aaj_glob_match(glob, l->compiled[i]) > 0;
    return n == COMPILED;
}

int aaj_guard_hits(struct aaj_learner *l, struct aaj_str dir, struct aaj_str name)
{
    struct aaj_str all = aaj_arena_printf(&l->scratch, "%.*s/%.*s", AAJ_STR_ARG(dir), AAJ_STR_ARG(name));
    struct aaj_str head, piece;
    struct aaj_glob *glob;
    bool otherwise;
    size_t program;
    int r;

    if (!all.p)
        return -ENOMEM;
    all = without_variables(l, all);
    head = head_of(all);
    program = first_from(l->runs, l->n_runs, head);
    otherwise = ends_otherwise(l, all);
    if (otherwise && !is_candidate(l, program, head))
        return 0; /* the answer to nearly every question, without an automaton */
    r = aaj_glob_compile(all, AAJ_GLOB_PATH, &glob, NULL);
    if (r < 0)
        return r == -ENOMEM ? r : 1;
    r = otherwise || is_compiled(l, dir, name, head, glob) ? 0 : aaj_glob_intersect(glob, l->code_glob, NULL, NULL);
    piece = longest_piece(aaj_str_skip(all, head.n));
    for (; r == 0 && is_candidate(l, program, head); program++)
        if (aaj_str_search(l->runs[program], piece) < l->runs[program].n || piece.n == 0)
            r = aaj_glob_match(glob, l->runs[program]);
    aaj_glob_free(glob);
    return r < 0 && r != -ENOMEM ? 1 : r; /* too large to decide: it might */
}

bool aaj_guard_is_code(const struct aaj_learner *l, struct aaj_str name)
{
    for (size_t i = 0; i < l->n_code; i++)
        if (aaj_str_ends(name, l->code[i].ext))
            return true;
    return false;
}

size_t aaj_guard_code_files(const struct aaj_learner *l, struct aaj_str ext)
{
    for (size_t i = 0; i < l->n_code; i++)
        if (aaj_str_eq(l->code[i].ext, ext))
            return l->code[i].files;
    return 0;
}

size_t aaj_guard_longest(const struct aaj_learner *l)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n_code; i++)
        n = l->code[i].ext.n > n ? l->code[i].ext.n : n;
    return n;
}

static bool ends_some(const struct aaj_learner *l, struct aaj_str tail)
{
    for (size_t i = 0; i < l->n_code; i++)
        if (aaj_str_ends(l->code[i].ext, tail))
            return true;
    return false;
}

/* Does @tail, the last @k bytes of extension @i, appear for the first time there? */
static bool is_new_tail(const struct aaj_learner *l, size_t i, size_t k)
{
    for (size_t j = 0; j < i; j++)
        if (l->code[j].ext.n >= k && aaj_str_ends(l->code[j].ext, aaj_str_skip(l->code[i].ext, l->code[i].ext.n - k)))
            return false;
    return true;
}

/*
 * All names but those that end in one of the extensions: for each tail of an extension the names that go
 * on in front of it as no extension does. For ".php": *[^p/]  *[^h/]p  *[^p/]hp  *[^./]php
 */
struct aaj_str aaj_guard_star(struct aaj_learner *l, bool deep)
{
    const char *star = deep ? "**" : "*", *slash = deep ? "" : "/";
    struct aaj_str out = AAJ_STR("{");

    if (l->star[deep].n)
        return l->star[deep];
    if (l->n_code == 0 || l->n_code > CODE_MAX)
        return (struct aaj_str){ 0 };
    for (size_t i = 0; out.p && i < l->n_code; i++)
        for (size_t k = 0; out.p && k < l->code[i].ext.n; k++) {
            struct aaj_str tail = aaj_str_skip(l->code[i].ext, l->code[i].ext.n - k);
            char next[UINT8_MAX + 1];
            size_t n = 0;

            if (!is_new_tail(l, i, k))
                continue;
            for (unsigned c = 1; c <= UINT8_MAX; c++) {
                struct aaj_str longer = aaj_arena_printf(&l->scratch, "%c%.*s", (int)c, AAJ_STR_ARG(tail));

                if (longer.p && ends_some(l, longer))
                    next[n++] = (char)c;
            }
            out = aaj_arena_printf(&l->scratch, "%.*s%s%s[^%.*s%s]%.*s", AAJ_STR_ARG(out), out.n > 1 ? "," : "",
                                   star, (int)n, next, slash, AAJ_STR_ARG(tail));
        }
    l->star[deep] = out.p ? aaj_arena_printf(l->arena, "%.*s}", AAJ_STR_ARG(out)) : out;
    return l->star[deep];
}

struct aaj_str aaj_guard_means(struct aaj_learner *l, struct aaj_str pattern)
{
    struct aaj_str text = { "", 0 };
    bool has = false;

    for (unsigned i = 0; i < 2; i++)
        has |= l->star[i].n && aaj_str_search(pattern, l->star[i]) < pattern.n;
    for (size_t i = 0; has && text.p && i < l->n_code; i++)
        text = aaj_arena_printf(l->arena, "%.*s%s*%.*s", AAJ_STR_ARG(text),
                                i == 0                 ? "# any name but "
                                : i + 1 < l->n_code ? ", "
                                                       : " and ",
                                AAJ_STR_ARG(l->code[i].ext));
    return text;
}
