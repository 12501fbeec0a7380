/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

int aaj_file_read_fd(int fd, size_t max, struct aaj_arena *arena, struct aaj_str *ret_text)
{
    size_t n = 0, cap = 64 * 1024;
    char *buf = malloc(cap);
    struct aaj_str text;
    ssize_t got;
    int r = 0;

    if (!buf)
        return -ENOMEM;
    for (;;) {
        if (n == cap) {
            char *bigger = realloc(buf, cap *= 2);

            if (!bigger) {
                r = -ENOMEM;
                break;
            }
            buf = bigger;
        }
        got = read(fd, buf + n, cap - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            r = got < 0 ? -errno : 0;
            break;
        }
        n += (size_t)got;
        if (n > max) {
            r = -EFBIG;
            break;
        }
    }
    if (r == 0) {
        text = aaj_arena_dup(arena, (struct aaj_str){ buf, n });
        if (text.p)
            *ret_text = text;
        else
            r = -ENOMEM;
    }
    free(buf);
    return r;
}

int aaj_file_read(const char *path, size_t max, struct aaj_arena *arena, struct aaj_str *ret_text)
{
    struct stat st;
    int fd, r;

    if (strcmp(path, "-") == 0)
        return aaj_file_read_fd(STDIN_FILENO, max, arena, ret_text);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        r = -errno;
    else if (S_ISDIR(st.st_mode))
        r = -EISDIR;
    else
        r = aaj_file_read_fd(fd, max, arena, ret_text);
    close(fd);
    return r;
}

int aaj_file_write_fd(int fd, struct aaj_str text)
{
    while (text.n) {
        ssize_t put = write(fd, text.p, text.n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -errno;
        text = aaj_str_skip(text, (size_t)put);
    }
    return 0;
}

static int write_straight(int dirfd, const char *path, struct aaj_str text)
{
    int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY), r;

    if (fd < 0)
        return -errno;
    r = aaj_file_write_fd(fd, text);
    if (close(fd) < 0 && r == 0)
        r = -errno;
    return r;
}

/* mkostemp() for a name relative to a folder: *ret_name is malloc'd, the file new and ours. */
static int make_temporary(int dirfd, const char *path, char **ret_name)
{
    uint64_t random;
    char *name;

    for (;;) {
        int fd;

        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
            return -errno;
        if (asprintf(&name, "%s.aaj-%016" PRIx64, path, random) < 0)
            return -ENOMEM;
        fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0) {
            *ret_name = name;
            return fd;
        }
        free(name);
        if (errno != EEXIST)
            return -errno;
    }
}

static int write_renamed(int dirfd, const char *path, struct aaj_str text, mode_t mode)
{
    char *tmp = NULL;
    int fd = make_temporary(dirfd, path, &tmp), r;

    if (fd < 0)
        return fd;
    r = aaj_file_write_fd(fd, text);
    if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
        r = -errno;
    if (close(fd) < 0 && r == 0)
        r = -errno;
    if (r == 0 && renameat(dirfd, tmp, dirfd, path) < 0)
        r = -errno;
    if (r < 0)
        unlinkat(dirfd, tmp, 0);
    free(tmp);
    return r;
}

int aaj_file_write_at(int dirfd, const char *name, struct aaj_str text, mode_t mode)
{
    struct stat st;

    if (fstatat(dirfd, name, &st, 0) == 0) {
        if (S_ISDIR(st.st_mode))
            return -EISDIR;
        if (!S_ISREG(st.st_mode))
            return write_straight(dirfd, name, text);
    }
    return write_renamed(dirfd, name, text, mode);
}

int aaj_file_write(const char *path, struct aaj_str text, mode_t mode)
{
    if (strcmp(path, "-") == 0)
        return aaj_file_write_fd(STDOUT_FILENO, text);
    return aaj_file_write_at(AT_FDCWD, path, text, mode);
}
