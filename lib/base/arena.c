/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/grow.h"

struct aaj_arena_chunk {
    struct aaj_arena_chunk *next;
    size_t size;
    void *base;    /* of the mapping */
    size_t mapped; /* its bytes; 0: from the allocator */
    max_align_t data[];
};

enum { CHUNK_MIN = 16 * 1024, CHUNK_MAX = 8 * 1024 * 1024 };

void aaj_arena_clear(struct aaj_arena *arena)
{
    while (arena->chunks) {
        struct aaj_arena_chunk *next = arena->chunks->next;

        if (arena->chunks->mapped)
            munmap(arena->chunks->base, arena->chunks->mapped);
        else
            free(arena->chunks);
        arena->chunks = next;
    }
    arena->used = arena->total = 0;
}

/* Large chunks are mapped for themselves: zero already, and faulted in by huge pages where there are any. */
static struct aaj_arena_chunk *map_chunk(size_t bytes)
{
    size_t mapped = bytes + AAJ_HUGE; /* so that it can begin where a huge page does */
    char *base = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct aaj_arena_chunk *chunk;

    if (base == MAP_FAILED)
        return NULL;
    chunk = (struct aaj_arena_chunk *)(void *)(base + (-(uintptr_t)base & (AAJ_HUGE - 1)));
    aaj_advise_huge(chunk, bytes);
    chunk->base = base;
    chunk->mapped = mapped;
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
    chunk = want >= 2 * (size_t)AAJ_HUGE ? map_chunk(sizeof(*chunk) + want) : calloc(1, sizeof(*chunk) + want);
    if (!chunk)
        return -1;
    chunk->next = arena->chunks;
    chunk->size = want;
    arena->chunks = chunk;
    arena->used = 0;
    arena->total += want;
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
