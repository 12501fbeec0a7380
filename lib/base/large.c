/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/large.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static bool is_large(size_t bytes)
{
    return bytes >= AAJ_LARGE;
}

static size_t whole_pages(size_t bytes)
{
    return (bytes + AAJ_HUGE - 1) & ~((size_t)AAJ_HUGE - 1);
}

/* Addresses for @bytes from where a huge page begins; @prot as mmap(2). */
static void *map_aligned(size_t bytes, int prot)
{
    char *base = mmap(NULL, bytes + AAJ_HUGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    size_t before = -(uintptr_t)base & (AAJ_HUGE - 1);

    if (base == MAP_FAILED)
        return NULL;
    if (before)
        munmap(base, before);
    munmap(base + before + bytes, AAJ_HUGE - before);
    return base + before;
}

void *aaj_large_map(size_t bytes, size_t *ret_mapped)
{
    size_t mapped = whole_pages(bytes);
    void *p = bytes < SIZE_MAX / 2 ? map_aligned(mapped, PROT_READ | PROT_WRITE) : NULL;

    if (!p)
        return NULL;
    (void)madvise(p, mapped, MADV_HUGEPAGE); /* a kernel without them does as well, only slower */
    *ret_mapped = mapped;
    return p;
}

/* Longer where it is, else elsewhere, again where a huge page begins: so that the kernel moves a table's entry for each
 * huge page, and does not break them up. */
static void *remap(void *p, size_t old, size_t bytes)
{
    void *to = mremap(p, old, bytes, 0);

    if (to != MAP_FAILED)
        return to;
    to = map_aligned(bytes, PROT_NONE);
    if (!to)
        return NULL;
    if (mremap(p, old, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED) {
        munmap(to, bytes);
        return NULL;
    }
    return to;
}

static void *to_mapping(void *array, size_t old, size_t bytes)
{
    size_t mapped;
    void *p = aaj_large_map(bytes, &mapped);

    if (!p)
        return NULL;
    if (old)
        memcpy(p, array, old);
    free(array);
    return p;
}

void *aaj_large_grow(void *array, size_t old, size_t bytes)
{
    char *p;

    if (bytes >= SIZE_MAX / 2)
        return NULL;
    if (is_large(old))
        return remap(array, whole_pages(old), whole_pages(bytes));
    if (is_large(bytes))
        return to_mapping(array, old, bytes);
    p = realloc(array, bytes);
    if (p)
        memset(p + old, 0, bytes - old);
    return p;
}

void aaj_large_free(void *array, size_t bytes)
{
    if (is_large(bytes))
        munmap(array, whole_pages(bytes));
    else
        free(array);
}
