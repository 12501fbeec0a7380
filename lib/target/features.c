/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "target/features.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/grow.h"
#include "target/target.h"

enum { DEPTH_MAX = 8, PATH_MAX_BYTES = 256, FEATURES_MAX = 1024 * 1024 };

/* Where the kernel announces a kind of mediation (security/apparmor/apparmorfs.c; the parser asks for the
 * same names in its parser_main.c). The last component may be a word of a file's value. */
static const struct {
    const char *path;
    unsigned bit;
} announced[] = {
    { "file", AAJ_MEDIATES_FILE },
    { "caps", AAJ_MEDIATES_CAPABILITY },
    { "network/af_mask", AAJ_MEDIATES_NETWORK },
    { "network_v8", AAJ_MEDIATES_NETWORK },
    { "network_v9", AAJ_MEDIATES_NETWORK },
    { "network/af_unix", AAJ_MEDIATES_UNIX },
    { "network_v9/af_unix", AAJ_MEDIATES_UNIX },
    { "network_v8/af_inet", AAJ_MEDIATES_NET_ADDR },
    { "network_v9/af_inet", AAJ_MEDIATES_NET_ADDR },
    { "dbus", AAJ_MEDIATES_DBUS },
    { "signal", AAJ_MEDIATES_SIGNAL },
    { "ptrace", AAJ_MEDIATES_PTRACE },
    { "mount", AAJ_MEDIATES_MOUNT },
    { "namespaces/mask/userns_create", AAJ_MEDIATES_USERNS },
    { "ipc/posix_mqueue", AAJ_MEDIATES_MQUEUE },
    { "io_uring", AAJ_MEDIATES_IO_URING },
};

static const char *const mediation_names[] = {
    "file",     "network",           "unix",       "dbus", "signal", "ptrace", "mount", "userns", "mqueue",
    "io_uring", "network addresses", "capability",
};

const char *aaj_mediation_name(unsigned bit)
{
    for (size_t i = 0; i < AAJ_ARRAY_SIZE(mediation_names); i++)
        if (bit == 1u << i)
            return mediation_names[i];
    return NULL;
}

static unsigned bits_of(struct aaj_str path)
{
    unsigned bits = 0;

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(announced); i++)
        if (aaj_str_eq(path, aaj_str_c(announced[i].path)))
            bits |= announced[i].bit;
    return bits;
}

/* The path of folders and words that lead to where the reader is. */
struct trail {
    char path[PATH_MAX_BYTES];
    size_t n;
    size_t parent[DEPTH_MAX]; /* length before each open brace's name */
    size_t depth;
};

static int trail_word(struct trail *t, size_t base, struct aaj_str word, unsigned *mediates)
{
    size_t at = base;

    if (base + 1 + word.n > sizeof(t->path))
        return -EINVAL;
    if (at)
        t->path[at++] = '/';
    memcpy(t->path + at, word.p, word.n);
    t->n = at + word.n;
    *mediates |= bits_of((struct aaj_str){ t->path, t->n });
    return 0;
}

static int read_text(struct aaj_str text, unsigned *ret_mediates)
{
    struct trail t = { 0 };
    unsigned mediates = 0;
    size_t base = 0;

    for (size_t i = 0; i < text.n;) {
        char c = text.p[i];
        size_t n = 0;

        if (c == '{') {
            if (t.depth == DEPTH_MAX)
                return -EINVAL;
            t.parent[t.depth++] = base;
            base = t.n;
            i++;
        } else if (c == '}') {
            if (t.depth == 0)
                return -EINVAL;
            base = t.parent[--t.depth];
            i++;
        } else if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
            i++;
        } else {
            while (i + n < text.n && !strchr(" \t\r\n{}", text.p[i + n]))
                n++;
            if (n == 0 || trail_word(&t, base, (struct aaj_str){ text.p + i, n }, &mediates) < 0)
                return -EINVAL;
            i += n;
        }
    }
    if (t.depth || !mediates)
        return -EINVAL;
    *ret_mediates = mediates;
    return 0;
}

/* Does the file above the last component hold it as a word? */
static bool file_has_word(const char *path, struct aaj_arena *arena)
{
    const char *slash = strrchr(path, '/');
    struct aaj_str name = aaj_arena_dup(arena, (struct aaj_str){ path, (size_t)(slash - path) }), text;
    size_t word = strlen(slash + 1);

    if (!name.p || aaj_file_read(name.p, FEATURES_MAX, arena, &text) < 0)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        size_t n = strcspn(text.p + i, " \n");

        if (n == word && memcmp(text.p + i, slash + 1, n) == 0)
            return true;
        i += n;
    }
    return false;
}

static int read_folder(const char *dir, unsigned *ret_mediates)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    unsigned mediates = 0;

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(announced); i++) {
        struct aaj_str path = aaj_arena_printf(&arena, "%s/%s", dir, announced[i].path);

        if (!path.p) {
            aaj_arena_clear(&arena);
            return -ENOMEM;
        }
        if (access(path.p, F_OK) == 0 || file_has_word(path.p, &arena))
            mediates |= announced[i].bit;
    }
    aaj_arena_clear(&arena);
    if (!mediates)
        return -EINVAL;
    *ret_mediates = mediates;
    return 0;
}

int aaj_features_read(const char *path, struct aaj_diags *diags, unsigned *ret_mediates)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str text;
    struct stat st;
    int r;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        r = read_folder(path, ret_mediates);
    } else {
        r = aaj_file_read(path, FEATURES_MAX, &arena, &text);
        if (r == 0)
            r = read_text(text, ret_mediates);
        aaj_arena_clear(&arena);
    }
    if (r < 0)
        aaj_diag_add(diags, AAJ_ERROR, "target-features", (struct aaj_loc){ .file = aaj_str_c(path) },
                     (struct aaj_str){ 0 },
                     r == -EINVAL ? "these are not the features of an AppArmor kernel"
                                  : "cannot read the kernel's features: %s",
                     strerror(-r));
    return r;
}
