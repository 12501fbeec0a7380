/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opening what policy includes. The name comes from anybody's text: it is opened beneath the folders that the caller
 * named and nowhere else, whatever links and races there are on the way, and only files and folders are.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "policy/parse.h"

static int open_beneath(int dir, const char *path)
{
    struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    long fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));

    return fd < 0 ? -errno : (int)fd;
}

/* No pipe to wait at, no device. */
static int only_file_or_folder(int fd)
{
    struct stat st;

    if (fd < 0 || (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))))
        return fd;
    close(fd);
    return -EINVAL;
}

static int open_in(const char *folder, const char *path)
{
    int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

    if (dir < 0)
        return -errno;
    while (*path == '/')
        path++;
    fd = open_beneath(dir, *path ? path : ".");
    close(dir);
    return only_file_or_folder(fd);
}

/* Behind @folder in @path: "" or "/…"; NULL: not in it. Both without links. */
static const char *path_in(const char *path, const char *folder)
{
    size_t n = strcmp(folder, "/") == 0 ? 0 : strlen(folder);

    return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0') ? path + n : NULL;
}

/* Which folder it lies in is looked up first; that it does is seen to when it is opened. */
static int open_by_path(const struct aaj_policy_options *o, const char *path)
{
    char *real = realpath(path, NULL);
    int fd = real ? -EXDEV : -errno;

    for (size_t i = 0; real && fd == -EXDEV && i < o->n_bases; i++) {
        char *folder = realpath(o->base[i], NULL);
        const char *rest = folder ? path_in(real, folder) : NULL;

        if (rest)
            fd = open_in(folder, rest);
        free(folder);
    }
    free(real);
    return fd;
}

int aaj_policy_open(const struct aaj_policy_options *options, size_t base, const char *path)
{
    return base < options->n_bases ? open_in(options->base[base], path) : open_by_path(options, path);
}
