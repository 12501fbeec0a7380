/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { AAJ_HUGE = 2 * 1024 * 1024 };

/* Large arrays are filled from start to end: a fault for each 2 MiB of them costs far less than one for each 4 KiB. */
static inline void aaj_advise_huge(void *p, size_t bytes)
{
    if (bytes >= 2 * (size_t)AAJ_HUGE) {
        uintptr_t from = ((uintptr_t)p + AAJ_HUGE - 1) & ~((uintptr_t)AAJ_HUGE - 1);
        uintptr_t to = ((uintptr_t)p + bytes) & ~((uintptr_t)AAJ_HUGE - 1);

        (void)madvise((void *)from, to - from, MADV_HUGEPAGE);
    }
}

/*
 * Makes room for one more element in a malloc'd array: doubles @cap when @n has reached it.
 * Returns 0, or -1 with the array untouched.
 *
 *     if (AAJ_GROW(x->item, x->n_items, x->cap_items) < 0)
 *         return -ENOMEM;
 *     x->item[x->n_items++] = item;
 */
#define AAJ_GROW(array, n, cap)                                                                    \
    ({                                                                                             \
        int grow_r_ = 0;                                                                           \
        if ((n) >= (cap)) {                                                                        \
            size_t grow_cap_ = (cap) ? (size_t)(cap) * 2 : 8;                                      \
            void *grow_p_ = reallocarray((array), grow_cap_, sizeof(*(array)));                    \
            if (grow_p_) {                                                                         \
                (array) = grow_p_;                                                                 \
                (cap) = grow_cap_;                                                                 \
                aaj_advise_huge(grow_p_, grow_cap_ * sizeof(*(array)));                            \
            } else {                                                                               \
                grow_r_ = -1;                                                                      \
            }                                                                                      \
        }                                                                                          \
        grow_r_;                                                                                   \
    })

#define AAJ_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
