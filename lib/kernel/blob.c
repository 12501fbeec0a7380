/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/grow.h"
#include "kernel/blob.h"
#include "match/stream.h"

#define FORCE_COMPLAIN 0x800u

enum { PIECES_MAX = 65536 };

static bool is(const struct aaj_element *e, const char *name, enum aaj_element_type type)
{
    return e->type == type && aaj_str_eq(e->name, aaj_str_c(name));
}

/* struct `flags` { u32 flags, u32 mode, u32 audit } */
static bool take_flags(struct aaj_stream *s, struct aaj_piece *piece, const char *start)
{
    struct aaj_element e;

    if (!aaj_stream_take(s, AAJ_E_U32, &e) || !aaj_stream_take(s, AAJ_E_U32, &e))
        return false;
    piece->mode = (enum aaj_profile_mode)e.u;
    piece->mode_at = (size_t)(s->all.p + s->at - 4 - start);
    return aaj_stream_take(s, AAJ_E_U32, &e) && aaj_stream_take(s, AAJ_E_STRUCT_END, &e);
}

/* Zeros that put an automaton's header on a multiple of 8 in the stream. */
static struct aaj_str skip_padding(struct aaj_str automaton)
{
    while (automaton.n && automaton.p[0] == '\0')
        automaton = aaj_str_skip(automaton, 1);
    return automaton;
}

/* struct `profile`, opened already. */
static bool take_profile(struct aaj_stream *s, struct aaj_piece *piece, const char *start)
{
    struct aaj_element e;
    bool flags = false;

    if (!aaj_stream_take(s, AAJ_E_STRING, &e) || e.bytes.n == 0)
        return false;
    piece->name = e.bytes;
    /* Without an automaton a profile attaches to its name (find_attach in the kernel's domain.c). */
    if (e.bytes.p[0] == '/')
        piece->attach = e.bytes;
    while (aaj_stream_next(s, &e)) {
        if (e.type == AAJ_E_STRUCT_END)
            return flags;
        if (!flags && is(&e, "aadfa", AAJ_E_BLOB))
            piece->attach = skip_padding(e.bytes);
        if (is(&e, "flags", AAJ_E_STRUCT) && !flags)
            flags = take_flags(s, piece, start);
        else if ((e.type == AAJ_E_STRUCT || e.type == AAJ_E_LIST || e.type == AAJ_E_ARRAY) &&
                 !aaj_stream_skip(s, &e))
            return false;
    }
    return false;
}

static int take_piece(struct aaj_stream *s, struct aaj_arena *arena, struct aaj_piece *piece)
{
    const char *start = s->all.p + s->at;
    struct aaj_str ns = { 0 };
    struct aaj_element e;

    if (!aaj_stream_next(s, &e) || !is(&e, "version", AAJ_E_U32))
        return -EINVAL;
    *piece =
        (struct aaj_piece){ .version = (uint32_t)e.u, .version_at = (size_t)(s->all.p + s->at - 4 - start) };
    if (!aaj_stream_next(s, &e))
        return -EINVAL;
    if (is(&e, "namespace", AAJ_E_STRING)) {
        ns = e.bytes;
        if (!aaj_stream_next(s, &e))
            return -EINVAL;
    }
    if (!is(&e, "profile", AAJ_E_STRUCT) || !take_profile(s, piece, start))
        return -EINVAL;
    piece->bytes = (struct aaj_str){ start, (size_t)(s->all.p + s->at - start) };
    if (ns.n)
        piece->name = aaj_arena_printf(arena, ":%.*s://%.*s", AAJ_STR_ARG(ns), AAJ_STR_ARG(piece->name));
    return piece->name.p ? 0 : -ENOMEM;
}

int aaj_blob_split(struct aaj_str blob, struct aaj_arena *arena, const char **ret_why,
                   struct aaj_piece **ret_piece, size_t *ret_n)
{
    struct aaj_stream s = { .all = blob };
    struct aaj_piece *piece = NULL, *copy;
    size_t n = 0, cap = 0;
    int r = 0;

    while (r == 0 && s.at < blob.n) {
        if (n == PIECES_MAX)
            r = -EINVAL;
        else if (AAJ_GROW(piece, n, cap) < 0)
            r = -ENOMEM;
        else
            r = take_piece(&s, arena, &piece[n++]);
    }
    if (r == 0 && n == 0)
        r = -EINVAL;
    if (r == -EINVAL && !aaj_str_starts(blob, AAJ_STR("\x04\x08\0version\0")) && aaj_match_is_policy(blob))
        r = -ENOTSUP;
    copy = r == 0 ? aaj_arena_new_array(arena, n, struct aaj_piece) : NULL;
    if (copy)
        memcpy(copy, piece, n * sizeof(*piece));
    free(piece);
    if (r < 0 || !copy) {
        *ret_why =
            r == -ENOTSUP ? "compressed policy can be loaded but not changed" : "not sound compiled policy";
        return r < 0 ? r : -ENOMEM;
    }
    *ret_piece = copy;
    *ret_n = n;
    return 0;
}

enum aaj_profile_mode aaj_piece_mode(const struct aaj_piece *piece)
{
    return piece->version & FORCE_COMPLAIN ? AAJ_COMPLAIN : piece->mode;
}

static void put_u32(char *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (char)(v >> (8 * i));
}

int aaj_blob_set_mode(const struct aaj_piece *piece, size_t n, enum aaj_profile_mode mode,
                      struct aaj_arena *arena, struct aaj_str *ret_blob, size_t *ret_changed)
{
    size_t size = 0, at = 0, changed = 0;
    char *out;

    for (size_t i = 0; i < n; i++)
        size += piece[i].bytes.n;
    out = aaj_arena_alloc(arena, size + 1);
    if (!out)
        return -ENOMEM;
    for (size_t i = 0; i < n; at += piece[i++].bytes.n) {
        enum aaj_profile_mode now = aaj_piece_mode(&piece[i]);

        memcpy(out + at, piece[i].bytes.p, piece[i].bytes.n);
        if (now == mode || (mode == AAJ_ENFORCE && now == AAJ_KILL))
            continue;
        put_u32(out + at + piece[i].version_at, piece[i].version & ~FORCE_COMPLAIN);
        put_u32(out + at + piece[i].mode_at, (uint32_t)mode);
        changed++;
    }
    *ret_blob = (struct aaj_str){ out, size };
    *ret_changed = changed;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return aaj_str_cmp(((const struct aaj_piece *)a)->name, ((const struct aaj_piece *)b)->name);
}

/* Sorted, and in one mode where modes do not count. */
static int normal_form(struct aaj_str blob, bool modes, struct aaj_arena *arena, struct aaj_str *ret)
{
    struct aaj_piece *piece;
    const char *why;
    size_t n, at = 0, changed;
    char *out;
    int r = aaj_blob_split(blob, arena, &why, &piece, &n);

    if (r < 0)
        return r;
    if (n)
        qsort(piece, n, sizeof(*piece), by_name);
    if (!modes)
        return aaj_blob_set_mode(piece, n, AAJ_COMPLAIN, arena, ret, &changed);
    out = aaj_arena_alloc(arena, blob.n + 1);
    if (!out)
        return -ENOMEM;
    for (size_t i = 0; i < n; at += piece[i++].bytes.n)
        memcpy(out + at, piece[i].bytes.p, piece[i].bytes.n);
    *ret = (struct aaj_str){ out, at };
    return 0;
}

bool aaj_blob_same(struct aaj_str a, struct aaj_str b, bool modes, struct aaj_arena *arena)
{
    struct aaj_str x, y;

    if (normal_form(a, modes, arena, &x) < 0 || normal_form(b, modes, arena, &y) < 0)
        return aaj_str_eq(a, b);
    return aaj_str_eq(x, y);
}
