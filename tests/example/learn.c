/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* learn EXE-MANIFEST LOG: an example against the installed library: a log and a manifest in, a profile out. */
#include <aajail.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int fail(aajail *ctx, const char *what, int r)
{
    struct aajail_message m;

    for (size_t i = 0; aajail_message(ctx, i, &m) == 0; i++)
        fprintf(stderr, "%s:%u:%u: %s\n", m.file, m.line, m.column, m.text);
    fprintf(stderr, "%s: %s\n", what, strerror(-r));
    aajail_free(ctx);
    return 1;
}

int main(int argc, char **argv)
{
    char manifest[65536];
    aajail_recording *rec;
    aajail_build *build;
    const void *profile;
    aajail *ctx;
    size_t n;
    FILE *f;
    int fd, r;

    if (argc != 3 || !(f = fopen(argv[1], "r")) || (fd = open(argv[2], O_RDONLY)) < 0) {
        fprintf(stderr, "usage: learn MANIFEST LOG\n");
        return 2;
    }
    n = fread(manifest, 1, sizeof(manifest), f);
    fclose(f);
    if (aajail_new(NULL, &ctx) < 0)
        return 1;
    r = aajail_recording_new(ctx, &rec);
    if (r == 0)
        r = aajail_recording_add_log(rec, fd, argv[2]);
    close(fd);
    if (r < 0)
        return fail(ctx, argv[2], r);
    r = aajail_build_new(ctx, manifest, n, argv[1], rec, NULL, &build);
    if (r < 0)
        return fail(ctx, argv[1], r);
    if (aajail_build_get(build, AAJAIL_PROFILE, &profile, &n) == 0)
        fwrite(profile, 1, n, stdout);
    aajail_build_free(build);
    aajail_recording_free(rec);
    aajail_free(ctx);
    return 0;
}
