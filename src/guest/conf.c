/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"

static char *read_all(const char *file, size_t *ret_n)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    struct stat st;
    size_t n = 0;
    char *text;

    if (fd < 0 || fstat(fd, &st) < 0)
        die("cannot open %s: %s", file, strerror(errno));
    text = malloc((size_t)st.st_size + 1);
    if (!text)
        die("out of memory");
    while (n < (size_t)st.st_size) {
        ssize_t r = read(fd, text + n, (size_t)st.st_size - n);

        if (r <= 0)
            die("cannot read %s: %s", file, r < 0 ? strerror(errno) : "it is cut short");
        n += (size_t)r;
    }
    close(fd);
    text[n] = '\0';
    *ret_n = n;
    return text;
}

/* The words from @p to @end as an argument vector. */
static char **words(char *p, char *end)
{
    size_t n = 0;
    char **argv;

    for (char *q = p; q < end; q += strlen(q) + 1)
        n++;
    argv = calloc(n + 1, sizeof(*argv));
    if (!argv)
        die("out of memory");
    for (size_t i = 0; i < n; i++, p += strlen(p) + 1)
        argv[i] = p;
    return argv;
}

static char *value(char **p, char *end, const char *key)
{
    char *v = *p;

    if (v >= end)
        die("the lab's settings end after '%s'", key);
    *p += strlen(v) + 1;
    return v;
}

void conf_read(const char *file, struct conf *conf)
{
    size_t n = 0;
    char *p, *end;

    *conf = (struct conf){ .cwd = "/" };
    conf->text = p = read_all(file, &n);
    end = p + n;
    while (p < end && !conf->argv) {
        const char *key = value(&p, end, "");

        if (strcmp(key, "modules") == 0) {
            conf->modules = value(&p, end, key);
        } else if (strcmp(key, "share") == 0) {
            conf->share = value(&p, end, key);
        } else if (strcmp(key, "cwd") == 0) {
            conf->cwd = value(&p, end, key);
        } else if (strcmp(key, "tell") == 0) {
            conf->tell_at = (time_t)strtoll(value(&p, end, key), NULL, 10);
        } else if (strcmp(key, "ro") == 0 && conf->n_ro < sizeof(conf->ro) / sizeof(conf->ro[0])) {
            conf->ro[conf->n_ro].host = value(&p, end, key);
            conf->ro[conf->n_ro++].at = value(&p, end, key);
        } else if (strcmp(key, "arg") == 0) {
            conf->argv = words(p, end);
        } else {
            die("the lab's settings hold an unknown '%s'", key);
        }
    }
    if (!conf->modules || !conf->argv || !conf->argv[0])
        die("the lab's settings name no command");
}
