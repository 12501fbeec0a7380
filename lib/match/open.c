/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening policy: plain or zstd frames, then profiles by name and with their parents. */
#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/file.h"
#include "match/internal.h"

/* 5.x parsers write this before each zstd frame when the kernel's features have policy/compressed_load. */
#define FRAME_MARK AAJ_STR("\x01\x03\0\0\0\0\0\0")

static int inflate_frame(struct aaj_match *m, struct aaj_str in, size_t *ret_used, struct aaj_str *ret_out)
{
    size_t used = ZSTD_findFrameCompressedSize(in.p, in.n), n;
    unsigned long long size = ZSTD_getFrameContentSize(in.p, in.n);
    char *out;

    if (ZSTD_isError(used) || size == ZSTD_CONTENTSIZE_ERROR)
        return -EINVAL;
    if (size == ZSTD_CONTENTSIZE_UNKNOWN)
        size = AAJ_FILE_MAX / 4;
    if (size > AAJ_FILE_MAX || m->arena.total + size > (size_t)2 * AAJ_FILE_MAX)
        return -E2BIG;
    out = aaj_arena_alloc(&m->arena, size + 1);
    if (!out)
        return -ENOMEM;
    n = ZSTD_decompress(out, size, in.p, used);
    if (ZSTD_isError(n))
        return -EINVAL;
    *ret_used = used;
    *ret_out = (struct aaj_str){ out, n };
    return 0;
}

static int read_all(struct aaj_match *m, struct aaj_str bytes, const char **ret_why)
{
    struct aaj_str plain;
    size_t used;
    int r;

    if (!aaj_str_starts(bytes, FRAME_MARK))
        return aaj_match_read_stream(m, bytes, ret_why);
    while (bytes.n) {
        *ret_why = "compressed policy is damaged";
        if (!aaj_str_starts(bytes, FRAME_MARK))
            return -EINVAL;
        bytes = aaj_str_skip(bytes, FRAME_MARK.n);
        r = inflate_frame(m, bytes, &used, &plain);
        if (r < 0)
            return r;
        r = aaj_match_read_stream(m, plain, ret_why);
        if (r < 0)
            return r;
        bytes = aaj_str_skip(bytes, used);
    }
    return 0;
}

static int intern_name(struct aaj_match *m, const struct aaj_match_profile *p, uint32_t *ret_id)
{
    struct aaj_str key = aaj_arena_printf(&m->arena, "%.*s:%.*s", AAJ_STR_ARG(p->ns), AAJ_STR_ARG(p->name));

    return key.p ? aaj_intern_add(&m->names, key, ret_id) : -ENOMEM;
}

static const struct aaj_match_profile *lookup(const struct aaj_match *m, struct aaj_str ns,
                                              struct aaj_str name)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str key = aaj_arena_printf(&arena, "%.*s:%.*s", AAJ_STR_ARG(ns), AAJ_STR_ARG(name));
    uint32_t id;
    int r = key.p ? aaj_intern_find(&m->names, key, &id) : -ENOMEM;

    aaj_arena_clear(&arena);
    return r < 0 ? NULL : m->by_name[id];
}

static int index_names(struct aaj_match *m, const char **ret_why)
{
    m->by_name = calloc(m->n + 1, sizeof(*m->by_name));
    if (!m->by_name)
        return -ENOMEM;
    for (size_t i = 0; i < m->n; i++) {
        uint32_t id;
        int r = intern_name(m, m->profile[i], &id);

        if (r < 0)
            return r;
        if (m->by_name[id]) {
            *ret_why = "two profiles have the same name";
            return -EINVAL;
        }
        m->by_name[id] = m->profile[i];
    }
    return 0;
}

static void find_parents(struct aaj_match *m)
{
    for (size_t i = 0; i < m->n; i++) {
        struct aaj_match_profile *p = (struct aaj_match_profile *)(uintptr_t)m->profile[i];
        size_t at = p->name.n;

        while (at > 2 && !(p->name.p[at - 1] == '/' && p->name.p[at - 2] == '/'))
            at--;
        /* "parent//child"; the child may itself begin with a slash: "a///bin/b" */
        if (at > 3 && p->name.p[at - 3] == '/')
            at--;
        if (at > 2)
            p->parent = lookup(m, p->ns, aaj_str_head(p->name, at - 2));
    }
}

bool aaj_match_is_policy(struct aaj_str bytes)
{
    return aaj_str_starts(bytes, FRAME_MARK) || aaj_str_starts(bytes, AAJ_STR("\x04\x08\0version\0"));
}

static int refuse(struct aaj_str file, int r, const char *why, struct aaj_diags *diags)
{
    struct aaj_loc loc = { .file = file };

    if (r == -ENOMEM)
        return r;
    aaj_diag_add(diags, AAJ_ERROR, "policy-binary", loc, (struct aaj_str){ 0 },
                 "not sound compiled policy: %s", r == -E2BIG ? "it is too large" : why);
    return r;
}

int aaj_match_open(struct aaj_str blob, struct aaj_str file, struct aaj_diags *diags,
                   struct aaj_match **ret_match)
{
    struct aaj_match *m = calloc(1, sizeof(*m));
    const char *why = "there is no profile in it";
    struct aaj_str copy;
    int r;

    if (!m)
        return -ENOMEM;
    r = blob.n > AAJ_FILE_MAX ? -E2BIG : aaj_intern_init(&m->names);
    if (r == 0) {
        copy = aaj_arena_dup(&m->arena, blob);
        r = copy.p ? read_all(m, copy, &why) : -ENOMEM;
    }
    if (r == 0)
        r = m->n ? index_names(m, &why) : -EINVAL;
    if (r < 0) {
        aaj_match_free(m);
        return refuse(file, r, why, diags);
    }
    find_parents(m);
    *ret_match = m;
    return 0;
}

static void free_db(const struct aaj_match_db *db)
{
    if (db && db->owned)
        aaj_dfa_free(db->dfa);
}

struct aaj_match *aaj_match_free(struct aaj_match *m)
{
    if (!m)
        return NULL;
    for (size_t i = 0; i < m->n; i++) {
        free_db(m->profile[i]->xmatch);
        free_db(m->profile[i]->policy);
        free_db(m->profile[i]->file);
    }
    free(m->profile);
    free(m->by_name);
    aaj_intern_clear(&m->names);
    aaj_arena_clear(&m->arena);
    free(m);
    return NULL;
}

size_t aaj_match_count(const struct aaj_match *match)
{
    return match->n;
}

const struct aaj_match_profile *aaj_match_profile(const struct aaj_match *match, size_t i)
{
    return match->profile[i];
}

const struct aaj_match_profile *aaj_match_find(const struct aaj_match *match, struct aaj_str name)
{
    struct aaj_str ns = { "", 0 };

    if (name.n && name.p[0] == ':') {
        struct aaj_str rest = aaj_str_skip(name, 1);

        ns = aaj_str_head(rest, aaj_str_find(rest, ':'));
        name = aaj_str_skip(rest, ns.n + 1);
        if (aaj_str_starts(name, AAJ_STR("//")))
            name = aaj_str_skip(name, 2);
    }
    return lookup(match, ns, name);
}
