/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words that the guest's init reads: NUL-terminated, each a key and its values (src/guest/guest.h).
 * CMD goes through untouched; no shell and no kernel command line quotes it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "lab/sandbox.h"

enum { TELL_BEFORE_MAX_S = 10 };

static void word(FILE *f, const char *w)
{
    fwrite(w, 1, strlen(w) + 1, f);
}

static void pair(FILE *f, const char *key, const char *v)
{
    word(f, key);
    word(f, v);
}

/* @path is real; where it was asked for through a symlink in a folder that the guest cannot search, the
 * guest finds it under both names. */
static void ro(FILE *f, const struct aaj_sandbox *s, size_t i, const char *path)
{
    char host[PATH_MAX], *real = realpath(path, NULL);

    snprintf(host, sizeof(host), "%s/ro/%zu", s->priv, i);
    pair(f, "ro", s->protect ? host : path);
    word(f, real ? real : path);
    if (real && strcmp(real, path) != 0) {
        pair(f, "ro", s->protect ? host : path);
        word(f, path);
    }
    free(real);
}

/* Late, but so that what is told still comes before the end: a quarter of it before, at least a second. */
static unsigned tell_after(unsigned timeout_s)
{
    unsigned before = timeout_s / 4 ?: 1;

    return timeout_s - (before < TELL_BEFORE_MAX_S ? before : TELL_BEFORE_MAX_S);
}

int aaj_sandbox_write_conf(const struct aaj_sandbox *s, int dirfd)
{
    const struct aaj_lab *lab = s->lab;
    char share[96], tell[32], *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    int fd, r;

    if (!f)
        return -errno;
    snprintf(share, sizeof(share), "%s/share", s->priv);
    pair(f, "modules", lab->modules);
    if (lab->share)
        pair(f, "share", s->protect ? share : lab->share);
    for (size_t i = 0; lab->ro && lab->ro[i]; i++)
        ro(f, s, i, lab->ro[i]);
    pair(f, "cwd", lab->cwd ? lab->cwd : "/");
    snprintf(tell, sizeof(tell), "%lld", (long long)(time(NULL) + tell_after(lab->timeout_s)));
    pair(f, "tell", tell);
    word(f, "arg");
    for (size_t i = 0; lab->argv[i]; i++)
        word(f, lab->argv[i]);
    if (fclose(f) != 0) {
        free(text);
        return -ENOMEM;
    }
    fd = openat(dirfd, "conf", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    r = fd < 0 ? -errno : aaj_file_write_fd(fd, (struct aaj_str){ text, n });
    if (fd >= 0)
        close(fd);
    free(text);
    return r;
}
