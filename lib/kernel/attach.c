/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What loaded profiles attach to, and which of them are in each other's way. The kernel's own "attach" files do not
 * tell: for what older parsers compile they say "<unknown>". */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/grow.h"
#include "kernel/blob.h"
#include "kernel/kernel.h"

struct reading {
    const struct aaj_kernel *k;
    struct aaj_arena *arena;
    struct aaj_attachment *item;
    size_t n, cap;
    /* The load unit read last: profiles of one stand side by side. */
    char unit[256];
    struct aaj_piece *piece;
    size_t n_pieces;
};

static int read_unit(struct reading *r, const char *entry)
{
    char path[PATH_MAX], unit[sizeof(r->unit)];
    struct aaj_str blob;
    const char *why;
    ssize_t n;

    snprintf(path, sizeof(path), "%s/policy/profiles/%s/raw_data", r->k->apparmorfs, entry);
    n = readlink(path, unit, sizeof(unit) - 1);
    unit[n > 0 ? n : 0] = '\0';
    if (n > 0 && strcmp(unit, r->unit) == 0)
        return 0;
    r->n_pieces = 0;
    if (aaj_file_read(path, AAJ_FILE_MAX, r->arena, &blob) < 0 ||
        aaj_blob_split(blob, r->arena, &why, &r->piece, &r->n_pieces) < 0)
        return -ENOENT;
    memcpy(r->unit, unit, sizeof(unit));
    return 0;
}

static int add_entry(struct reading *r, const char *entry)
{
    char path[PATH_MAX];
    struct aaj_str name;

    snprintf(path, sizeof(path), "%s/policy/profiles/%s/name", r->k->apparmorfs, entry);
    if (aaj_file_read(path, 1 << 20, r->arena, &name) < 0 || read_unit(r, entry) < 0)
        return 0; /* gone meanwhile, or a kernel that does not give policy back */
    while (name.n && name.p[name.n - 1] == '\n')
        name.n--;
    for (size_t i = 0; i < r->n_pieces; i++) {
        if (!aaj_str_eq(r->piece[i].name, name) || r->piece[i].attach.n == 0)
            continue;
        if (AAJ_GROW(r->item, r->n, r->cap) < 0)
            return -ENOMEM;
        r->item[r->n++] = (struct aaj_attachment){ name, r->piece[i].attach };
        break;
    }
    return 0;
}

static int by_attachment(const void *a, const void *b)
{
    const struct aaj_attachment *x = a, *y = b;
    int r = aaj_str_cmp(x->attach, y->attach);

    return r ? r : aaj_str_cmp(x->profile, y->profile);
}

void aaj_attachments_sort(struct aaj_attachment *list, size_t n)
{
    if (n)
        qsort(list, n, sizeof(*list), by_attachment);
}

int aaj_kernel_attachments(const struct aaj_kernel *k, struct aaj_arena *arena, struct aaj_attachment **ret_list,
                           size_t *ret_n)
{
    struct reading reading = { .k = k, .arena = arena };
    struct aaj_attachment *copy;
    char path[PATH_MAX];
    const struct dirent *e;
    DIR *d;
    int r = 0;

    snprintf(path, sizeof(path), "%s/policy/profiles", k->apparmorfs);
    d = opendir(path);
    while (d && r == 0 && (e = readdir(d)))
        r = e->d_name[0] == '.' ? 0 : add_entry(&reading, e->d_name);
    if (d)
        closedir(d);
    copy = r == 0 ? aaj_arena_new_array(arena, reading.n + 1, struct aaj_attachment) : NULL;
    if (copy && reading.n)
        memcpy(copy, reading.item, reading.n * sizeof(*copy));
    free(reading.item);
    if (!copy)
        return -ENOMEM;
    aaj_attachments_sort(copy, reading.n);
    *ret_list = copy;
    *ret_n = reading.n;
    return 0;
}

const struct aaj_attachment *aaj_attachment_clash(const struct aaj_attachment *list, size_t n, struct aaj_str profile,
                                                  struct aaj_str path)
{
    const struct aaj_attachment *own = NULL;

    for (size_t i = 0; i < n; i++)
        if (aaj_str_eq(list[i].profile, profile))
            own = &list[i];
    for (size_t i = 0; i < n && own; i++)
        if (&list[i] != own && (aaj_str_eq(list[i].attach, own->attach) || aaj_str_eq(list[i].attach, path)))
            return &list[i];
    return NULL;
}
