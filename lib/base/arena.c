/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct aaj_arena_chunk {
    struct aaj_arena_chunk *next;
    size_t size;
    max_align_t data[];
};

enum { CHUNK_MIN = 16 * 1024, CHUNK_MAX = 1024 * 1024 };

void aaj_arena_clear(struct aaj_arena *arena)
{
    while (arena->chunks) {
        struct aaj_arena_chunk *next = arena->chunks->next;

        free(arena->chunks);
        arena->chunks = next;
    }
    arena->used = arena->total = 0;
}

/* Chunks double up to CHUNK_MAX, so a small document costs one page run and a large one few calls. */
static int add_chunk(struct aaj_arena *arena, size_t size)
{
    size_t want = arena->chunks ? arena->chunks->size * 2 : CHUNK_MIN;
    struct aaj_arena_chunk *chunk;

    if (want > CHUNK_MAX)
        want = CHUNK_MAX;
    if (want < size)
        want = size;
    if (want > SIZE_MAX - sizeof(*chunk))
        return -1;
    chunk = calloc(1, sizeof(*chunk) + want);
    if (!chunk)
        return -1;
    chunk->next = arena->chunks;
    chunk->size = want;
    arena->chunks = chunk;
    arena->used = 0;
    arena->total += want;
    return 0;
}

void *aaj_arena_alloc(struct aaj_arena *arena, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    char *p;

    if (size > SIZE_MAX - align)
        return NULL;
    size = (size + align - 1) & ~(align - 1);
    if (!arena->chunks || arena->chunks->size - arena->used < size)
        if (add_chunk(arena, size) < 0)
            return NULL;
    p = (char *)arena->chunks->data + arena->used;
    arena->used += size;
    return p;
}

void *aaj_arena_array(struct aaj_arena *arena, size_t n, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes))
        return NULL;
    return aaj_arena_alloc(arena, bytes);
}

struct aaj_str aaj_arena_dup(struct aaj_arena *arena, struct aaj_str s)
{
    char *p = s.n < SIZE_MAX ? aaj_arena_alloc(arena, s.n + 1) : NULL;

    if (!p)
        return (struct aaj_str){ NULL, 0 };
    if (s.n)
        memcpy(p, s.p, s.n);
    return (struct aaj_str){ p, s.n };
}

struct aaj_str aaj_arena_vprintf(struct aaj_arena *arena, const char *fmt, va_list ap)
{
    va_list again;
    char *p;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    p = n >= 0 ? aaj_arena_alloc(arena, (size_t)n + 1) : NULL;
    if (!p)
        return (struct aaj_str){ NULL, 0 };
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    return (struct aaj_str){ p, (size_t)n };
}

struct aaj_str aaj_arena_printf(struct aaj_arena *arena, const char *fmt, ...)
{
    struct aaj_str s;
    va_list ap;

    va_start(ap, fmt);
    s = aaj_arena_vprintf(arena, fmt, ap);
    va_end(ap);
    return s;
}
