/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives each file named, or each file of a folder named, to a fuzz target: the corpus as an ordinary test. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replay(const char *path)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str text;
    struct dirent *e;
    unsigned n = 0;
    DIR *d;
    int r = aaj_file_read(path, 1 << 24, &arena, &text);

    if (r == -EISDIR && (d = opendir(path))) {
        while ((e = readdir(d)))
            if (e->d_name[0] != '.')
                n += replay(aaj_arena_printf(&arena, "%s/%s", path, e->d_name).p);
        closedir(d);
    } else if (r == 0) {
        LLVMFuzzerTestOneInput((const uint8_t *)text.p, text.n);
        n = 1;
    } else {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(1);
    }
    aaj_arena_clear(&arena);
    return n;
}

int main(int argc, char **argv)
{
    unsigned n = 0;

    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++)
        n += replay(argv[i]);
    printf("%u inputs\n", n);
    return n ? 0 : 1;
}
