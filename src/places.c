/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the command finds its parts, and how it shows findings. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "terminal.h"
#include "verb.h"

/* The folder of the running program when that is the build's own src/; NULL for an installed command. */
static const char *build_dir(void)
{
    static char dir[PATH_MAX];
    char *slash;
    ssize_t n;

    if (dir[0])
        return dir[0] == '/' ? dir : NULL;
    n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
    slash = n > 0 ? memrchr(dir, '/', (size_t)n) : NULL;
    if (!slash || (size_t)n >= sizeof(dir) - 1) {
        strcpy(dir, "-");
        return NULL;
    }
    *slash = '\0';
    if (strcmp(dir, AAJAIL_BUILD_SRC) != 0) {
        strcpy(dir, "-");
        return NULL;
    }
    return dir;
}

const char *aajail_datadir(void)
{
    return build_dir() ? AAJAIL_SOURCE : AAJAIL_DATADIR;
}

const char *aajail_libexec(const char *name)
{
    static char path[PATH_MAX + 64];
    const char *dir = build_dir();

    snprintf(path, sizeof(path), "%s/%s", dir ? dir : AAJAIL_LIBEXECDIR, name);
    return path;
}

bool want_colour(FILE *out)
{
    const char *term = getenv("TERM");

    return isatty(terminal_fd(out)) && !getenv("NO_COLOR") && term && strcmp(term, "dumb") != 0;
}

void show_diags(struct aaj_diags *diags)
{
    aaj_diags_print(stderr, diags, want_colour(stderr));
    aaj_diags_clear(diags);
}
