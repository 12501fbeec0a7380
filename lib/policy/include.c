/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that policy includes: found, read once a block, bounded in number, size and nesting. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/grow.h"
#include "policy/parser.h"

/* Where an include was found: entries of a folder are opened the same way. */
struct found {
    int fd;
    size_t base; /* n_bases: by its path */
    struct aaj_str path, name; /* as it is opened; as findings name it */
};

static int open_at(const struct aaj_policy_options *o, size_t base, const char *path)
{
    return o->open ? o->open(o->open_ctx, o, base, path) : aaj_policy_open(o, base, path);
}

static struct aaj_str name_of(const struct aaj_policy_options *o, struct aaj_arena *arena, size_t base, const char *path)
{
    const char *folder = base < o->n_bases ? o->base[base] : "";
    bool slash = !*folder || aaj_str_ends(aaj_str_c(folder), AAJ_STR("/"));

    return aaj_arena_printf(arena, "%s%s%s", folder, slash ? "" : "/", path);
}

/* <…>: the first folder that has it. "…": a path like any other. */
static int find_include(const struct aaj_policy_options *o, struct aaj_arena *arena, const struct aaj_include *include,
                        struct found *ret_found)
{
    struct aaj_str path = aaj_arena_dup(arena, include->path.value);
    size_t base = include->magic ? 0 : o->n_bases;
    int fd = -ENOENT;

    if (!path.p)
        return -ENOMEM;
    if (!include->magic)
        fd = open_at(o, base, path.p);
    for (; fd == -ENOENT && base < o->n_bases; base++) {
        fd = open_at(o, base, path.p);
        if (fd != -ENOENT)
            break;
    }
    *ret_found = (struct found){ fd, base, path, name_of(o, arena, base, path.p) };
    return fd < 0 ? fd : 0;
}

static int include_error(struct aaj_parser *ps, const struct aaj_item *item, const char *what)
{
    return aaj_parser_error(ps, item->start, ps->tok.end, "%s", what);
}

/* Has this block had it already? Notes it. */
static int seen_before(struct aaj_reading *rd, struct aaj_str name)
{
    for (size_t i = rd->scope; i < rd->n_seen; i++)
        if (aaj_str_eq(rd->seen[i], name))
            return 1;
    if (AAJ_GROW(rd->seen, rd->n_seen, rd->cap_seen) < 0)
        return -ENOMEM;
    rd->seen[rd->n_seen++] = name;
    return 0;
}

/* Room doubles: full at each power of two. */
static int add_file(struct aaj_reading *rd, struct aaj_include *inc, struct aaj_policy *file)
{
    uint32_t n = inc->n_files;
    struct aaj_policy **more;

    if ((n & (n - 1)) == 0) {
        more = aaj_arena_new_array(rd->arena, n ? 2 * (size_t)n : 1, struct aaj_policy *);
        if (!more)
            return -ENOMEM;
        if (n)
            memcpy(more, inc->file, n * sizeof(*more));
        inc->file = more;
    }
    inc->file[inc->n_files++] = file;
    return 0;
}

/* Reads an open file where the include stands. */
static int read_included(struct aaj_parser *ps, struct aaj_item *item, int fd, struct aaj_str name, bool body)
{
    struct aaj_reading *rd = ps->rd;
    struct aaj_parser inner = { .rd = rd, .includes = ps->includes + 1, .depth = ps->depth + 1 };
    struct aaj_policy *file;
    int r;

    if (++rd->files > AAJ_POLICY_MAX_FILES || rd->total > AAJ_POLICY_MAX_TOTAL)
        return include_error(ps, item, "too much is included");
    file = aaj_arena_new(rd->arena, struct aaj_policy);
    if (!file)
        return -ENOMEM;
    file->arena = rd->arena;
    file->name = name;
    r = aaj_file_read_fd(fd, AAJ_POLICY_MAX_TEXT, rd->arena, &file->text);
    if (r < 0)
        return r == -ENOMEM ? r : aaj_parser_error(ps, item->start, ps->tok.end, "the included file cannot be read: %s",
                                                   strerror(-r));
    rd->total += file->text.n;
    file->top.close = (uint32_t)file->text.n;
    r = add_file(rd, &item->include, file);
    if (r < 0)
        return r;
    inner.policy = file;
    inner.around = aaj_parser_up(ps, item);
    aaj_lexer_init(&inner.lx, file->text);
    aaj_parser_advance(&inner);
    r = aaj_parser_items(&inner, NULL, &file->top, body);
    aaj_lexer_clear(&inner.lx);
    return r;
}

/* Files that package managers and editors leave (_aa_is_blacklisted() in libapparmor). */
static bool is_ignored(const char *name)
{
    static const char *const suffix[] = { ".dpkg-new", ".dpkg-old", ".dpkg-dist", ".dpkg-bak", ".dpkg-remove",
                                          ".pacsave",  ".pacnew",   ".rpmnew",    ".rpmsave",  ".orig",
                                          ".rej",      "~" };

    if (name[0] == '.' || strcmp(name, "README") == 0)
        return true;
    for (size_t i = 0; i < AAJ_ARRAY_SIZE(suffix); i++)
        if (aaj_str_ends(aaj_str_c(name), aaj_str_c(suffix[i])))
            return true;
    return false;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
    char **item;
    size_t n, cap;
};

static void clear_names(struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->item[i]);
    free(names->item);
}

/* What is in an open folder, sorted; nothing is looked up. Takes @fd. */
static int list_folder(int fd, struct names *names)
{
    DIR *dir = fdopendir(fd);
    struct dirent *entry;
    int r = 0;

    if (!dir) {
        close(fd);
        return -errno;
    }
    while (r == 0 && (entry = readdir(dir))) {
        if (is_ignored(entry->d_name))
            continue;
        if (names->n >= AAJ_POLICY_MAX_FILES)
            r = -E2BIG;
        else if (AAJ_GROW(names->item, names->n, names->cap) < 0 || !(names->item[names->n] = strdup(entry->d_name)))
            r = -ENOMEM;
        else
            names->n++;
    }
    closedir(dir);
    if (names->n)
        qsort(names->item, names->n, sizeof(*names->item), by_bytes);
    return r;
}

static bool is_folder(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

/* What is in a folder and cannot be included is not an error: a package manager may be at work there. */
static void left_out(struct aaj_parser *ps, const struct aaj_item *item, struct aaj_str name, int error)
{
    const char *why = error == -EXDEV    ? "it leads outside of the policy folders"
                      : error == -EINVAL ? "it is neither a file nor a folder"
                                         : strerror(-error);
    struct aaj_loc loc;
    struct aaj_str line = aaj_loc_line(ps->policy->text, item->start, &loc);

    ps->rd->incomplete = true;
    if (!(ps->rd->options->flags & AAJ_POLICY_CHECK))
        return;
    loc.file = ps->policy->name;
    loc.length = 0;
    aaj_diag_add(ps->rd->diags, AAJ_WARNING, "policy-include", loc, line, "'%s' is left out: %s",
                 aaj_escape(ps->rd->arena, name), why);
}

/* Regular files, or links to them that stay inside. */
static int include_entry(struct aaj_parser *ps, struct aaj_item *item, const struct found *folder, const char *entry,
                         bool body)
{
    const struct aaj_policy_options *o = ps->rd->options;
    struct aaj_arena *arena = ps->rd->arena;
    struct aaj_str path = aaj_arena_printf(arena, "%.*s/%s", AAJ_STR_ARG(folder->path), entry);
    struct aaj_str name = aaj_arena_printf(arena, "%.*s/%s", AAJ_STR_ARG(folder->name), entry);
    int fd = path.p && name.p ? open_at(o, folder->base, path.p) : -ENOMEM, r;

    if (fd == -ENOMEM)
        return fd;
    if (fd < 0) {
        left_out(ps, item, name, fd);
        return 0;
    }
    if (is_folder(fd)) {
        close(fd);
        return 0;
    }
    r = seen_before(ps->rd, name);
    if (r == 0)
        r = read_included(ps, item, fd, name, body);
    close(fd);
    return r > 0 ? 0 : r;
}

static int include_folder(struct aaj_parser *ps, struct aaj_item *item, const struct found *folder, bool body)
{
    struct names names = { 0 };
    int r = list_folder(folder->fd, &names);

    if (r < 0 && r != -ENOMEM)
        r = include_error(ps, item, "the folder cannot be read");
    for (size_t i = 0; r == 0 && i < names.n; i++)
        r = include_entry(ps, item, folder, names.item[i], body);
    clear_names(&names);
    return r;
}

static int not_opened(struct aaj_parser *ps, struct aaj_item *item, int error)
{
    bool check = ps->rd->options->flags & AAJ_POLICY_CHECK;

    if (item->include.if_exists && (error == -ENOENT || error == -ENOTDIR))
        return 0;
    ps->rd->incomplete = true;
    if (!check)
        return 0;
    if (error == -ENOENT)
        return include_error(ps, item, "there is no such file in the policy folders");
    if (error == -EXDEV)
        return include_error(ps, item, "this leads outside of the policy folders");
    if (error == -EINVAL)
        return include_error(ps, item, "this is neither a file nor a folder");
    return aaj_parser_error(ps, item->start, ps->tok.end, "cannot be opened: %s", strerror(-error));
}

int aaj_parser_include(struct aaj_parser *ps, struct aaj_item *item, bool body)
{
    struct aaj_str path = item->include.path.value;
    struct found found;
    int r;

    if (!path.p)
        return -ENOMEM;
    if (path.n == 0 || memchr(path.p, '\0', path.n) || path.n >= PATH_MAX)
        return include_error(ps, item, "this is no name of a file");
    if (ps->depth >= AAJ_POLICY_MAX_NESTING)
        return include_error(ps, item, "includes are nested too deeply");
    r = find_include(ps->rd->options, ps->rd->arena, &item->include, &found);
    if (r < 0)
        return r == -ENOMEM ? r : not_opened(ps, item, r);
    r = found.name.p ? seen_before(ps->rd, found.name) : -ENOMEM;
    if (r == 0 && is_folder(found.fd))
        return include_folder(ps, item, &found, body) == -ENOMEM ? -ENOMEM : 0;
    if (r == 0)
        r = read_included(ps, item, found.fd, found.name, body);
    close(found.fd);
    return r == -ENOMEM ? r : 0;
}
