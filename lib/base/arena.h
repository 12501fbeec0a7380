/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One arena per document or batch: everything parsed from it is freed at once. (glibc's obstack would
 * do, but reports exhaustion through a process-wide handler that must not return; a library has to be
 * able to say -ENOMEM.) Memory is zeroed and aligned for any object.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/str.h"

struct aaj_arena {
    struct aaj_arena_chunk *chunks; /* newest first */
    size_t used;                    /* bytes taken from the newest chunk */
    size_t total;                   /* bytes held from the allocator */
};

#define AAJ_ARENA_INIT { 0 }

void aaj_arena_clear(struct aaj_arena *arena);

/* NULL when memory is exhausted; the arena stays usable. */
void *aaj_arena_alloc(struct aaj_arena *arena, size_t size) __attribute__((malloc));
/* Without alignment and without rounding, for many short runs of bytes. */
char *aaj_arena_pack(struct aaj_arena *arena, size_t size) __attribute__((malloc));
void *aaj_arena_array(struct aaj_arena *arena, size_t n, size_t size) __attribute__((malloc));

/* A copy with a NUL behind it, so that .p may be handed to C interfaces when the bytes hold none.
 * On exhaustion .p is NULL. */
struct aaj_str aaj_arena_dup(struct aaj_arena *arena, struct aaj_str s);
struct aaj_str aaj_arena_printf(struct aaj_arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
struct aaj_str aaj_arena_vprintf(struct aaj_arena *arena, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

#define aaj_arena_new(arena, type) ((type *)aaj_arena_alloc((arena), sizeof(type)))
#define aaj_arena_new_array(arena, n, type) ((type *)aaj_arena_array((arena), (n), sizeof(type)))
