/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory that is soon needed, fetched meanwhile. GCC (12) takes a function that does nothing but __builtin_prefetch() for
 * one without effect, and leaves out its calls unless it was inlined before it found that; so there is an asm, which
 * costs nothing and is an effect.
 */
#pragma once

static inline void aaj_fetch(const void *p)
{
    __builtin_prefetch(p);
    __asm__ volatile("");
}

/* The same for what will be written. */
static inline void aaj_fetch_to_write(const void *p)
{
    __builtin_prefetch(p, 1);
    __asm__ volatile("");
}
