/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Folders of the state, and the one lock. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jail/internal.h"

const char *jail_path(const struct aaj_jail_ctx *ctx, struct aaj_str name, const char *what, struct aaj_arena *arena)
{
    return aaj_arena_printf(arena, "%s/%.*s/%s", ctx->state_dir, AAJ_STR_ARG(name), what).p;
}

const char *jail_text_path(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena)
{
    return aaj_arena_printf(arena, "%s/aajail.%.*s", ctx->apparmor_d, AAJ_STR_ARG(name)).p;
}

bool jail_exists(const char *path)
{
    struct stat st;

    return path && lstat(path, &st) == 0;
}

int jail_make_dirs(const char *path, mode_t mode)
{
    char *copy = strdup(path);
    int r = 0;

    if (!copy)
        return -ENOMEM;
    for (char *p = copy + 1;; p++) {
        char c = *p;

        if (c != '/' && c != '\0')
            continue;
        *p = '\0';
        if (mkdir(copy, mode) < 0 && errno != EEXIST)
            r = -errno;
        *p = c;
        if (c == '\0' || r < 0)
            break;
    }
    free(copy);
    return r;
}

int jail_remove_dir(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    int r = 0;

    if (!dir)
        return errno == ENOENT ? 0 : -errno;
    /* The list first: without it the folder is nothing that may be loaded, however much of it is left. */
    if (unlinkat(dirfd(dir), AAJ_ARTEFACTS, 0) < 0 && errno != ENOENT)
        r = -errno;
    while (r == 0 && (e = readdir(dir)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && unlinkat(dirfd(dir), e->d_name, 0) < 0)
            r = -errno;
    closedir(dir);
    return r < 0 ? r : rmdir(path) < 0 ? -errno : 0;
}

int aaj_jail_lock(const struct aaj_jail_ctx *ctx, struct aaj_diags *diags)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    const char *path = aaj_arena_printf(&arena, "%s/lock", ctx->run_dir).p;
    int r = path ? jail_make_dirs(ctx->run_dir, 0700) : -ENOMEM, fd = -1;

    if (r == 0) {
        fd = open(path, O_CREAT | O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
        r = fd < 0 ? -errno : 0;
    }
    while (r == 0 && flock(fd, LOCK_EX) < 0)
        r = errno == EINTR ? 0 : -errno;
    if (r < 0) {
        aaj_error(diags, (struct aaj_loc){ 0 }, "cannot take the lock in %s: %s%s", ctx->run_dir, strerror(-r),
                  r == -EACCES || r == -EPERM ? "; root is needed" : "");
        if (fd >= 0)
            close(fd);
    }
    aaj_arena_clear(&arena);
    return r < 0 ? r : fd;
}

static int cmp_names(const void *a, const void *b)
{
    return aaj_str_cmp(*(const struct aaj_str *)a, *(const struct aaj_str *)b);
}

int aaj_jail_list(const struct aaj_jail_ctx *ctx, struct aaj_arena *arena, struct aaj_str **ret_name, size_t *ret_n)
{
    DIR *dir = opendir(ctx->state_dir);
    struct aaj_str *name = NULL;
    size_t n = 0, cap = 0;
    struct dirent *e;
    int r = 0;

    if (!dir && errno != ENOENT)
        return -errno;
    while (dir && r == 0 && (e = readdir(dir))) {
        if (!jail_name_ok(aaj_str_c(e->d_name)))
            continue;
        if (n == cap) {
            struct aaj_str *more = aaj_arena_new_array(arena, cap ? cap * 2 : 16, struct aaj_str);

            if (more && n)
                memcpy(more, name, n * sizeof(*more));
            r = more ? 0 : -ENOMEM;
            name = more;
            cap = cap ? cap * 2 : 16;
        }
        if (r == 0)
            r = (name[n++] = aaj_arena_dup(arena, aaj_str_c(e->d_name))).p ? 0 : -ENOMEM;
    }
    if (dir)
        closedir(dir);
    if (r < 0)
        return r;
    if (n)
        qsort(name, n, sizeof(*name), cmp_names);
    *ret_name = name;
    *ret_n = n;
    return 0;
}

bool aaj_jail_is_up(const struct aaj_jail_ctx *ctx, struct aaj_str name)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    bool up = jail_name_ok(name) && jail_exists(jail_path(ctx, name, "current", &arena));

    aaj_arena_clear(&arena);
    return up;
}

int aaj_jail_master(const struct aaj_jail_ctx *ctx, struct aaj_str pool, struct aaj_arena *arena, struct aaj_str *ret_master)
{
    static const char *const state[] = { "current", "previous" };
    struct aaj_str *name = NULL;
    size_t n = 0;
    int r = jail_name_ok(pool) ? aaj_jail_list(ctx, arena, &name, &n) : 0;

    *ret_master = (struct aaj_str){ 0 };
    for (size_t s = 0; s < sizeof(state) / sizeof(state[0]); s++)
        for (size_t i = 0; i < n && ret_master->n == 0; i++) {
            struct aaj_str manifest = aaj_arena_printf(arena, "%s/%.*s.yaml", state[s], AAJ_STR_ARG(pool));

            if (!manifest.p)
                return -ENOMEM;
            if (!aaj_str_eq(name[i], pool) && jail_exists(jail_path(ctx, name[i], manifest.p, arena)))
                *ret_master = name[i];
        }
    return r;
}
