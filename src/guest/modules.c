/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads kernel modules by name or alias with the help of modules.dep and modules.alias (modules.dep(5)).
 * The kernel of the lab brings its own modules, and the machine need not have kmod.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "guest.h"

/* Module names treat - and _ alike, and a file adds .ko (and a folder). */
static bool same_name(const char *file, size_t n, const char *name)
{
    const char *base = memrchr(file, '/', n);
    size_t i;

    base = base ? base + 1 : file;
    n -= (size_t)(base - file);
    if (n > 3 && memcmp(base + n - 3, ".ko", 3) == 0)
        n -= 3;
    for (i = 0; i < n && name[i]; i++) {
        char a = base[i] == '-' ? '_' : base[i], b = name[i] == '-' ? '_' : name[i];

        if (a != b)
            return false;
    }
    return i == n && !name[i];
}

static int insert(const char *dir, const char *file, size_t n)
{
    char path[PATH_MAX];
    int fd, r;

    if (snprintf(path, sizeof(path), "%s/%.*s", dir, (int)n, file) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    r = syscall(SYS_finit_module, fd, "", 0) < 0 ? -errno : 0;
    close(fd);
    return r == -EEXIST ? 0 : r;
}

/* "a.ko: c.ko b.ko": b, then c, then a. */
static int insert_line(const char *dir, char *line)
{
    char *colon = strchr(line, ':'), *word;
    int r;

    *colon++ = '\0';
    colon[strcspn(colon, "\n")] = '\0';
    while ((word = strrchr(colon, ' '))) {
        if (word[1]) {
            r = insert(dir, word + 1, strlen(word + 1));
            if (r < 0)
                return r;
        }
        *word = '\0';
    }
    return insert(dir, line, strlen(line));
}

static int load_by_name(const char *dir, const char *name)
{
    char path[PATH_MAX], *line = NULL;
    size_t cap = 0;
    int r = -ENOENT;
    FILE *f;

    snprintf(path, sizeof(path), "%s/modules.dep", dir);
    f = fopen(path, "re");
    if (!f)
        return -errno;
    while (r == -ENOENT && getline(&line, &cap, f) >= 0) {
        const char *colon = strchr(line, ':');

        if (colon && same_name(line, (size_t)(colon - line), name)) {
            r = insert_line(dir, line);
            break;
        }
    }
    free(line);
    fclose(f);
    return r;
}

/* "alias PATTERN MODULE": every module that claims the name. */
static int load_by_alias(const char *dir, const char *name)
{
    char path[PATH_MAX], *line = NULL;
    size_t cap = 0;
    int r = -ENOENT;
    FILE *f;

    snprintf(path, sizeof(path), "%s/modules.alias", dir);
    f = fopen(path, "re");
    if (!f)
        return -errno;
    while (getline(&line, &cap, f) >= 0) {
        char *save = NULL, *key = strtok_r(line, " \n", &save), *pattern = strtok_r(NULL, " \n", &save),
             *module = strtok_r(NULL, " \n", &save);

        if (module && strcmp(key, "alias") == 0 && fnmatch(pattern, name, 0) == 0) {
            int e = load_by_name(dir, module);

            r = r == 0 ? 0 : e;
        }
    }
    free(line);
    fclose(f);
    return r;
}

int module_load(const char *dir, const char *name)
{
    int r = load_by_name(dir, name);

    return r == -ENOENT ? load_by_alias(dir, name) : r;
}

/* modprobe [-a] [-q] [--] NAME…: what the kernel's own requests and simple scripts need. */
int modprobe_main(int argc, char **argv)
{
    bool quiet = false, all = false;
    struct utsname u;
    char dir[PATH_MAX];
    int bad = 0;

    uname(&u);
    snprintf(dir, sizeof(dir), "/lib/modules/%s", u.release);
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') {
            quiet = quiet || strcmp(argv[i], "-q") == 0 || strcmp(argv[i], "--quiet") == 0;
            all = all || strcmp(argv[i], "-a") == 0 || strcmp(argv[i], "--all") == 0;
            continue;
        }
        int r = module_load(dir, argv[i]);

        if (r < 0 && !quiet)
            fprintf(stderr, "modprobe: %s: %s\n", argv[i], r == -ENOENT ? "no such module" : strerror(-r));
        bad |= r < 0;
        if (!all) /* what follows the name are its parameters */
            break;
    }
    return bad;
}
