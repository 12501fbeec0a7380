/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arrays that may become very large. What costs most of them is fresh memory: a fault for each page of 4 KiB takes
 * 2.5 µs on a virtual machine, one for each 2 MiB a fifth of that for the same bytes. So from AAJ_LARGE on an array is
 * a mapping of its own that begins where a huge page does, and grows by moving pages, not bytes.
 *
 * (Advising a malloc'd array does not do: it splits the mapping, and realloc(3) of a split mapping copies it into new
 * pages that nobody advised.)
 */
#pragma once

#include <stddef.h>

#include "base/grow.h"

enum { AAJ_HUGE = 2 * 1024 * 1024, AAJ_LARGE = AAJ_HUGE };

/* @bytes of zeros that begin at a multiple of AAJ_HUGE; NULL without memory. *ret_mapped: what to munmap(2). */
void *aaj_large_map(size_t bytes, size_t *ret_mapped);

/*
 * realloc(3) for an array of @old bytes (0: @array is NULL): what is new is zero. NULL without memory, with the array
 * untouched. Only for what aaj_large_free() frees, with the same number of bytes.
 */
void *aaj_large_grow(void *array, size_t old, size_t bytes);
void aaj_large_free(void *array, size_t bytes);

/* As AAJ_GROW (base/grow.h): room for one more element. The array is freed by AAJ_LARGE_FREE(array, cap). */
#define AAJ_LARGE_GROW(array, n, cap) \
    AAJ_GROW_BY(array, n, cap, aaj_large_grow((array), (cap) * sizeof(*(array)), grow_cap_ * sizeof(*(array))))
#define AAJ_LARGE_FREE(array, cap) aaj_large_free((array), (size_t)(cap) * sizeof(*(array)))
