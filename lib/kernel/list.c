/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel holds, and giving it back. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/grow.h"
#include "kernel/blob.h"
#include "kernel/internal.h"

enum { TRIES = 8, PROFILE_DEPTH = 8 };

static const struct aaj_loc nowhere;

/* Lines "name (mode)"; a name may hold blanks and parentheses. */
static int parse_list(struct aaj_str text, struct aaj_arena *arena, struct aaj_diags *diags,
                      struct aaj_loaded **ret_loaded, size_t *ret_n)
{
    struct aaj_loaded *item;
    size_t lines = 1, n = 0;

    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n';
    item = aaj_arena_new_array(arena, lines, struct aaj_loaded);
    if (!item)
        return -ENOMEM;
    while (text.n) {
        struct aaj_str line = aaj_str_head(text, aaj_str_find(text, '\n'));
        const char *open = line.n && line.p[line.n - 1] == ')' ? memrchr(line.p, '(', line.n) : NULL;

        text = aaj_str_skip(text, line.n + 1);
        if (open && open - line.p >= 2 && open[-1] == ' ')
            item[n++] = (struct aaj_loaded){ aaj_str_head(line, (size_t)(open - 1 - line.p)),
                                             { open + 1, line.n - (size_t)(open + 2 - line.p) } };
        else if (line.n)
            aaj_diag_add(diags, AAJ_WARNING, "kernel-list", nowhere, AAJ_STR(""),
                         "a line of the kernel's list of profiles is not understood: %s",
                         aaj_escape(arena, line));
    }
    *ret_loaded = item;
    *ret_n = n;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return aaj_str_cmp(((const struct aaj_loaded *)a)->name, ((const struct aaj_loaded *)b)->name);
}

int aaj_kernel_list(const struct aaj_kernel *k, struct aaj_arena *arena, struct aaj_diags *diags,
                    struct aaj_loaded **ret_loaded, size_t *ret_n)
{
    char before[32], after[32], path[PATH_MAX];
    struct aaj_str text;
    int r;

    snprintf(path, sizeof(path), "%s/profiles", k->apparmorfs);
    for (int i = 0; i < TRIES; i++) {
        aaj_kernel_read_small(k->apparmorfs, "revision", before, sizeof(before));
        r = aaj_file_read(path, AAJ_FILE_MAX, arena, &text);
        if (r < 0) {
            aaj_error(diags, nowhere, "cannot read %s: %s%s", path, strerror(-r),
                      r == -EACCES || r == -EPERM ? "; run this as root" : "");
            return r;
        }
        aaj_kernel_read_small(k->apparmorfs, "revision", after, sizeof(after));
        if (strcmp(before, after) != 0)
            continue;
        r = parse_list(text, arena, diags, ret_loaded, ret_n);
        if (r == 0 && *ret_n)
            qsort(*ret_loaded, *ret_n, sizeof(**ret_loaded), by_name);
        return r;
    }
    aaj_error(diags, nowhere, "the kernel's policy changes faster than it can be listed");
    return -EAGAIN;
}

const struct aaj_loaded *aaj_loaded_find(const struct aaj_loaded *loaded, size_t n, struct aaj_str name)
{
    struct aaj_loaded key = { .name = name };

    return n ? bsearch(&key, loaded, n, sizeof(*loaded), by_name) : NULL;
}

struct fetch {
    struct aaj_str name;
    struct aaj_arena *arena;
    FILE *out;
    bool found; /* a profile of that name */
    int error;  /* why its policy cannot be had */
};

/* Children may have been loaded apart from their parent, and others with it: of each load unit the pieces
 * that are asked for. The newest unit of a name is the one its own folder points to. */
static int take_pieces(struct fetch *f, int dir, struct aaj_str name)
{
    int fd = openat(dir, "raw_data", O_RDONLY | O_CLOEXEC);
    struct aaj_piece *piece;
    struct aaj_str blob;
    const char *why;
    size_t n;
    int r;

    if (fd < 0)
        return errno == ENOENT ? -ENOTSUP : -errno;
    r = aaj_file_read_fd(fd, AAJ_FILE_MAX, f->arena, &blob);
    close(fd);
    if (r == 0)
        r = aaj_blob_split(blob, f->arena, &why, &piece, &n);
    for (size_t i = 0; r == 0 && i < n; i++)
        if (aaj_str_eq(piece[i].name, name))
            fwrite(piece[i].bytes.p, 1, piece[i].bytes.n, f->out);
    return r;
}

static int walk(struct fetch *f, int parent, const char *dirname, struct aaj_str above, int depth);

static int visit(struct fetch *f, int list, const char *entry, struct aaj_str above, int depth)
{
    int dir = openat(list, entry, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd, r = 0;
    struct aaj_str name = { 0 };

    if (dir < 0)
        return errno == ENOENT ? 0 : -errno; /* removed while we looked */
    fd = openat(dir, "name", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        r = aaj_file_read_fd(fd, 65536, f->arena, &name);
        close(fd);
        while (name.n && name.p[name.n - 1] == '\n')
            name.n--;
    }
    if (above.n && r == 0)
        name = aaj_arena_printf(f->arena, "%.*s//%.*s", AAJ_STR_ARG(above), AAJ_STR_ARG(name));
    if (r == 0 && aaj_label_bears(name, f->name)) {
        f->found = f->found || aaj_str_eq(name, f->name);
        r = take_pieces(f, dir, name);
    }
    if (r == 0 && (aaj_label_bears(name, f->name) || aaj_label_bears(f->name, name)))
        r = walk(f, dir, "profiles", name, depth + 1);
    close(dir);
    return r;
}

/* policy/profiles/X.N/{name,raw_data,profiles/…}: a child's name there is without its parent's. */
static int walk(struct fetch *f, int parent, const char *dirname, struct aaj_str above, int depth)
{
    int list = openat(parent, dirname, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
    DIR *d = list < 0 ? NULL : fdopendir(list);
    const struct dirent *e;

    if (!d) {
        if (list >= 0)
            close(list);
        return depth ? 0 : -ENOTSUP;
    }
    while (r == 0 && depth < PROFILE_DEPTH && (e = readdir(d)))
        if (e->d_name[0] != '.')
            r = visit(f, list, e->d_name, above, depth);
    closedir(d);
    return r;
}

int aaj_kernel_fetch(const struct aaj_kernel *k, struct aaj_str name, struct aaj_arena *arena,
                     struct aaj_diags *diags, struct aaj_str *ret_blob)
{
    struct fetch f = { .name = name, .arena = arena };
    char path[PATH_MAX], *text = NULL;
    size_t n = 0;
    int fd, r;

    snprintf(path, sizeof(path), "%s/policy", k->apparmorfs);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    f.out = open_memstream(&text, &n);
    r = !f.out ? -ENOMEM : fd < 0 ? -ENOTSUP : walk(&f, fd, "profiles", (struct aaj_str){ 0 }, 0);
    if (fd >= 0)
        close(fd);
    if (f.out && fclose(f.out) != 0)
        r = -ENOMEM;
    if (r == 0)
        r = !f.found ? -ENOENT : n == 0 ? -ENOTSUP : 0;
    if (r == 0) {
        *ret_blob = aaj_arena_dup(arena, (struct aaj_str){ text, n });
        r = ret_blob->p ? 0 : -ENOMEM;
    } else if (r != -ENOENT) {
        aaj_error(diags, nowhere, "the kernel does not give the policy of %s back (%s): name its file",
                  aaj_escape(arena, name), strerror(-r));
    }
    free(text);
    return r;
}
