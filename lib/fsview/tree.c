/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions to a real tree, beneath a root and without following links: the names asked about were
 * chosen by whoever wrote the log. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/grow.h"
#include "fsview/view.h"

enum { SCRIPT_HEAD = 256 }; /* BINPRM_BUF_SIZE: what the kernel looks at for #! */

int aaj_tree_open(int root, struct aaj_str path, int flags)
{
    struct open_how how = { .flags = (uint64_t)(flags | O_NOFOLLOW | O_CLOEXEC),
                            .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
    char name[PATH_MAX];
    long fd;

    while (path.n && path.p[0] == '/')
        path = aaj_str_skip(path, 1);
    if (path.n >= sizeof(name))
        return -ENAMETOOLONG;
    if (memchr(path.p, '\0', path.n))
        return -ENOENT;
    memcpy(name, path.p, path.n);
    name[path.n] = '\0';
    do
        fd = syscall(SYS_openat2, root, path.n ? name : ".", &how, sizeof(how));
    while (fd < 0 && (errno == EAGAIN || errno == EINTR));
    return fd < 0 ? -errno : (int)fd;
}

static char type_letter(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG: return 'f';
    case S_IFDIR: return 'd';
    case S_IFLNK: return 'l';
    case S_IFCHR: return 'c';
    case S_IFBLK: return 'b';
    case S_IFIFO: return 'p';
    default: return 's';
    }
}

static void from_stat(const struct stat *st, struct aaj_fact *fact)
{
    fact->type = type_letter(st->st_mode);
    fact->mode = st->st_mode & 07777;
    fact->uid = st->st_uid;
    fact->gid = st->st_gid;
    fact->bits = aaj_fact_mode_bits(fact->mode, fact->type);
}

static int read_target(int fd, struct aaj_arena *arena, struct aaj_str *ret_target)
{
    char buf[PATH_MAX];
    ssize_t n = readlinkat(fd, "", buf, sizeof(buf));

    if (n < 0)
        return -ENODATA;
    *ret_target = aaj_arena_dup(arena, (struct aaj_str){ buf, (size_t)n });
    return ret_target->p ? 0 : -ENOMEM;
}

/* "#! /usr/bin/python3 -u" → "/usr/bin/python3", as load_script() in fs/binfmt_script.c cuts it. */
static struct aaj_str script_interp(struct aaj_str head)
{
    struct aaj_str line;
    size_t n = 0;

    if (!aaj_str_starts(head, AAJ_STR("#!")))
        return (struct aaj_str){ 0 };
    line = aaj_str_skip(head, 2);
    line = aaj_str_head(line, aaj_str_find(line, '\n'));
    while (line.n && (line.p[0] == ' ' || line.p[0] == '\t'))
        line = aaj_str_skip(line, 1);
    while (n < line.n && line.p[n] != ' ' && line.p[n] != '\t' && line.p[n] != '\0')
        n++;
    return line.n && line.p[0] == '/' ? aaj_str_head(line, n) : (struct aaj_str){ 0 };
}

/* What only an open file tells. A file that may not be read just has no such facts. */
static int read_file_facts(int root, int path_fd, struct aaj_str path, struct aaj_arena *arena,
                           struct aaj_fact *fact)
{
    char buf[SCRIPT_HEAD], proc[64];
    struct aaj_str interp;
    struct stat st;
    ssize_t n;
    int fd;

    snprintf(proc, sizeof(proc), "/proc/self/fd/%d", path_fd);
    n = getxattr(proc, "security.capability", NULL, 0);
    if (n >= 0)
        fact->bits |= AAJ_FACT_CAPS | AAJ_FACT_CAPS_KNOWN;
    else if (errno == ENODATA || errno == ENOTSUP)
        fact->bits |= AAJ_FACT_CAPS_KNOWN;
    fd = aaj_tree_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return 0;
    n = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? pread(fd, buf, sizeof(buf), 0) : -1;
    close(fd);
    if (n <= 0)
        return 0;
    interp = script_interp((struct aaj_str){ buf, (size_t)n });
    if (!interp.n)
        return 0;
    fact->interp = aaj_arena_dup(arena, interp);
    return fact->interp.p ? 0 : -ENOMEM;
}

int aaj_tree_get(int root, struct aaj_str path, struct aaj_arena *arena, struct aaj_fact *ret_fact)
{
    struct aaj_fact fact = { .path = path };
    int fd = aaj_tree_open(root, path, O_PATH), r = 0;
    struct stat st;

    if (fd == -ENOENT || fd == -ENOTDIR) {
        if (aaj_view_is_volatile(path))
            return -ENODATA;
        *ret_fact = fact;
        return 0;
    }
    if (fd < 0)
        return fd == -ENOMEM ? fd : -ENODATA;
    if (fstat(fd, &st) < 0) {
        close(fd);
        return -ENODATA;
    }
    from_stat(&st, &fact);
    if (fact.type == 'l')
        r = read_target(fd, arena, &fact.target);
    else if (fact.type == 'f' && fact.bits & AAJ_FACT_EXEC)
        r = read_file_facts(root, fd, path, arena, &fact);
    close(fd);
    if (r < 0)
        return r;
    *ret_fact = fact;
    return 1;
}

/* The walk keeps what is still to be done in one stack, the next on top. A directory stands there twice, as "d"
 * and as "d/": that sorts "d" < "d-x" < "d/x", the byte order of whole paths. */
struct walk {
    struct aaj_fact *item; /* path and target are malloc'd, in one block */
    size_t n, cap;
};

static int push(struct walk *w, struct aaj_str dir, const char *name, struct aaj_str target, bool slash,
                const struct aaj_fact *fact)
{
    size_t len = strlen(name), n = dir.n + len + slash;
    char *p = malloc(n + target.n + 1);

    if (!p || AAJ_GROW(w->item, w->n, w->cap) < 0) {
        free(p);
        return -ENOMEM;
    }
    memcpy(p, dir.p, dir.n);
    memcpy(p + dir.n, name, len);
    if (slash)
        p[n - 1] = '/';
    if (target.n)
        memcpy(p + n, target.p, target.n);
    w->item[w->n] = *fact;
    w->item[w->n].path = (struct aaj_str){ p, n };
    w->item[w->n++].target = (struct aaj_str){ p + n, target.n };
    return 0;
}

static int backwards(const void *a, const void *b)
{
    return aaj_str_cmp(((const struct aaj_fact *)b)->path, ((const struct aaj_fact *)a)->path);
}

static int push_entry(struct walk *w, int dir_fd, struct aaj_str dir, const char *name)
{
    struct aaj_fact fact = { 0 };
    struct aaj_str target = { 0 };
    char buf[PATH_MAX];
    struct stat st;
    int r;

    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
        return 0; /* gone meanwhile */
    from_stat(&st, &fact);
    if (fact.type == 'l') {
        ssize_t n = readlinkat(dir_fd, name, buf, sizeof(buf));

        target = (struct aaj_str){ buf, n > 0 ? (size_t)n : 0 };
    }
    r = push(w, dir, name, target, false, &fact);
    if (r == 0 && fact.type == 'd')
        r = push(w, dir, name, (struct aaj_str){ 0 }, true, &fact);
    return r;
}

/* @dir ends in "/". What may not be read is passed over, as find does. */
static int list_dir(struct walk *w, int root, struct aaj_str dir)
{
    int fd = aaj_tree_open(root, dir, O_RDONLY | O_DIRECTORY | O_NONBLOCK), r = 0;
    size_t before = w->n;
    struct dirent *e;
    DIR *d;

    if (fd < 0)
        return 0;
    d = fdopendir(fd);
    if (!d) {
        close(fd);
        return -ENOMEM;
    }
    while (r == 0 && (e = readdir(d)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            r = push_entry(w, dirfd(d), dir, e->d_name);
    closedir(d);
    if (w->n > before)
        qsort(w->item + before, w->n - before, sizeof(*w->item), backwards);
    return r;
}

/* Takes the directory's second entry off the stack: between the two stands little. */
static void skip_dir(struct walk *w, struct aaj_str dir)
{
    for (size_t i = w->n; i-- > 0;) {
        struct aaj_str path = w->item[i].path;

        if (path.n != dir.n + 1 || path.p[dir.n] != '/' || !aaj_str_starts(path, dir))
            continue;
        free((void *)(uintptr_t)path.p);
        memmove(&w->item[i], &w->item[i + 1], (w->n - i - 1) * sizeof(*w->item));
        w->n--;
        return;
    }
}

int aaj_tree_walk(int root, int (*fn)(void *, const struct aaj_fact *), void *data)
{
    struct aaj_fact top = { .path = AAJ_STR("/") };
    struct walk w = { 0 };
    struct stat st;
    int r = fstat(root, &st) < 0 ? -errno : 0;

    if (r == 0) {
        from_stat(&st, &top);
        r = fn(data, &top);
    }
    if (r == AAJ_FSVIEW_SKIP)
        return 0;
    if (r == 0)
        r = list_dir(&w, root, AAJ_STR("/"));
    while (r == 0 && w.n) {
        struct aaj_fact fact = w.item[--w.n];

        if (fact.path.p[fact.path.n - 1] != '/') {
            r = fn(data, &fact);
            if (r == AAJ_FSVIEW_SKIP) {
                skip_dir(&w, fact.path);
                r = 0;
            }
        } else if (!aaj_view_is_volatile((struct aaj_str){ fact.path.p, fact.path.n - 1 })) {
            r = list_dir(&w, root, fact.path);
        }
        free((void *)(uintptr_t)fact.path.p);
    }
    while (w.n)
        free((void *)(uintptr_t)w.item[--w.n].path.p);
    free(w.item);
    return r;
}
