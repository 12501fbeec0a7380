/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that policy includes. They may come from anybody's text, so they are only opened beneath the
 * folders the caller named, regular files only, and their number, size and nesting are bounded.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/grow.h"
#include "policy/parser.h"

static int open_beneath(int dir, const char *path)
{
    struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    long fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));

    return fd < 0 ? -errno : (int)fd;
}

/* -ENOENT when the folder has no such file; -EXDEV when it leads outside. */
static int open_in_base(const char *base, const char *path)
{
    int dir = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

    if (dir < 0)
        return -errno;
    while (*path == '/')
        path++;
    fd = open_beneath(dir, *path ? path : ".");
    close(dir);
    return fd;
}

/* <…>: the first folder that has it. */
static int open_magic(const struct aaj_policy_options *o, const char *path, struct aaj_arena *arena,
                      struct aaj_str *ret_name)
{
    int r = -ENOENT;

    for (size_t i = 0; i < o->n_bases && r == -ENOENT; i++) {
        r = open_in_base(o->base[i], path);
        if (r >= 0)
            *ret_name = aaj_arena_printf(arena, "%s%s%s", o->base[i],
                                         aaj_str_ends(aaj_str_c(o->base[i]), AAJ_STR("/")) ? "" : "/", path);
    }
    return r;
}

/* "…": a path like any other, but it has to be inside of one of the folders. */
static int open_plain(const struct aaj_policy_options *o, const char *path, struct aaj_arena *arena,
                      struct aaj_str *ret_name)
{
    char *real = realpath(path, NULL), *base;
    int r = real ? -EXDEV : -errno;

    for (size_t i = 0; real && i < o->n_bases && r == -EXDEV; i++) {
        base = realpath(o->base[i], NULL);
        if (base && aaj_str_starts(aaj_str_c(real), aaj_str_c(base)) &&
            (real[strlen(base)] == '/' || real[strlen(base)] == '\0'))
            r = open_in_base(base, real + strlen(base));
        free(base);
    }
    free(real);
    if (r >= 0)
        *ret_name = aaj_arena_dup(arena, aaj_str_c(path));
    return r;
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

static int add_file(struct aaj_reading *rd, struct aaj_include *inc, struct aaj_policy *file)
{
    struct aaj_policy **more = aaj_arena_new_array(rd->arena, inc->n_files + 1, struct aaj_policy *);

    if (!more)
        return -ENOMEM;
    if (inc->n_files)
        memcpy(more, inc->file, inc->n_files * sizeof(*more));
    more[inc->n_files++] = file;
    inc->file = more;
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
        return r == -ENOMEM ? r : include_error(ps, item, "the included file cannot be read");
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

static int not_ignored(const struct dirent *entry)
{
    return !is_ignored(entry->d_name);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Regular files, or links to them that stay inside. */
static int include_entry(struct aaj_parser *ps, struct aaj_item *item, int dir, const char *entry,
                         struct aaj_str folder, bool body)
{
    struct aaj_str name = aaj_arena_printf(ps->rd->arena, "%.*s/%s", AAJ_STR_ARG(folder), entry);
    struct stat st;
    int fd = open_beneath(dir, entry), r = 0;

    if (!name.p)
        r = -ENOMEM;
    if (r == 0 && fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        r = seen_before(ps->rd, name);
        if (r == 0)
            r = read_included(ps, item, fd, name, body);
        else if (r > 0)
            r = 0;
    }
    if (fd >= 0)
        close(fd);
    return r;
}

static int include_folder(struct aaj_parser *ps, struct aaj_item *item, int fd, struct aaj_str name, bool body)
{
    struct dirent **entry = NULL;
    int n = scandirat(fd, ".", &entry, not_ignored, by_bytes), r = 0;

    if (n < 0)
        return include_error(ps, item, "the folder cannot be read");
    for (int i = 0; i < n; i++) {
        if (r == 0)
            r = include_entry(ps, item, fd, entry[i]->d_name, name, body);
        free(entry[i]);
    }
    free(entry);
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
    return aaj_parser_error(ps, item->start, ps->tok.end, "cannot be opened: %s", strerror(-error));
}

int aaj_parser_include(struct aaj_parser *ps, struct aaj_item *item, bool body)
{
    const struct aaj_policy_options *o = ps->rd->options;
    struct aaj_str path = aaj_arena_dup(ps->rd->arena, item->include.path.value), name = { 0 };
    struct stat st;
    int fd, r;

    if (!path.p)
        return -ENOMEM;
    if (path.n == 0 || memchr(path.p, '\0', path.n) || path.n >= PATH_MAX)
        return include_error(ps, item, "this is no name of a file");
    if (ps->depth >= AAJ_POLICY_MAX_NESTING)
        return include_error(ps, item, "includes are nested too deeply");
    fd = item->include.magic ? open_magic(o, path.p, ps->rd->arena, &name) : open_plain(o, path.p, ps->rd->arena, &name);
    if (fd < 0)
        return not_opened(ps, item, fd);
    r = name.p ? seen_before(ps->rd, name) : -ENOMEM;
    if (r == 0 && fstat(fd, &st) < 0)
        r = -errno;
    if (r == 0 && S_ISDIR(st.st_mode))
        r = include_folder(ps, item, fd, name, body);
    else if (r == 0 && S_ISREG(st.st_mode))
        r = read_included(ps, item, fd, name, body);
    close(fd);
    return r == -ENOMEM ? r : 0;
}
