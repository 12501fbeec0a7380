/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/large.h"

struct aaj_arena_chunk {
    struct aaj_arena_chunk *next;
    size_t size;
    size_t mapped; /* bytes of its mapping; 0: from the allocator */
    max_align_t data[];
};

enum { CHUNK_MIN = 16 * 1024, CHUNK_MAX = 8 * 1024 * 1024 };

void aaj_arena_clear(struct aaj_arena *arena)
{
    while (arena->chunks) {
        struct aaj_arena_chunk *next = arena->chunks->next;

        if (arena->chunks->mapped)
            munmap(arena->chunks, arena->chunks->mapped);
        else
            free(arena->chunks);
        arena->chunks = next;
    }
    arena->used = arena->total = 0;
}

/* Large chunks are mapped for themselves (base/large.h), and hold what the mapping holds. */
static struct aaj_arena_chunk *map_chunk(size_t *bytes)
{
    size_t mapped;
    struct aaj_arena_chunk *chunk = aaj_large_map(*bytes, &mapped);

    if (!chunk)
        return NULL;
    chunk->mapped = mapped;
    *bytes = mapped;
    return chunk;
}

static struct aaj_arena_chunk *new_chunk(size_t want)
{
    size_t bytes = sizeof(struct aaj_arena_chunk) + want;
    struct aaj_arena_chunk *chunk = bytes >= AAJ_LARGE ? map_chunk(&bytes) : calloc(1, bytes);

    if (chunk)
        chunk->size = bytes - sizeof(*chunk);
    return chunk;
}

static size_t align_up(size_t n)
{
    const size_t align = _Alignof(max_align_t);

    return (n + align - 1) & ~(align - 1);
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
    if (want > SIZE_MAX / 2)
        return -1;
    want = align_up(want); /* so that .used, rounded up, is never past it */
    chunk = new_chunk(want);
    if (!chunk)
        return -1;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->used = 0;
    arena->total += chunk->size;
    return 0;
}

static void *take(struct aaj_arena *arena, size_t size)
{
    char *p;

    if (!arena->chunks || arena->chunks->size - arena->used < size)
        if (add_chunk(arena, size) < 0)
            return NULL;
    p = (char *)arena->chunks->data + arena->used;
    arena->used += size;
    return p;
}

void *aaj_arena_alloc(struct aaj_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    arena->used = align_up(arena->used);
    return take(arena, align_up(size));
}

char *aaj_arena_pack(struct aaj_arena *arena, size_t size)
{
    return take(arena, size);
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
