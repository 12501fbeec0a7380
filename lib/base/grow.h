/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdlib.h>

/* Doubles @cap when @n has reached it. @bigger: the array, made to hold grow_cap_ elements, or NULL. */
#define AAJ_GROW_BY(array, n, cap, bigger)                                                         \
    ({                                                                                             \
        int grow_r_ = 0;                                                                           \
        if ((n) >= (cap)) {                                                                        \
            size_t grow_cap_ = (cap) ? (size_t)(cap) * 2 : 8;                                      \
            void *grow_p_ = (bigger);                                                              \
            if (grow_p_) {                                                                         \
                (array) = grow_p_;                                                                 \
                (cap) = grow_cap_;                                                                 \
            } else {                                                                               \
                grow_r_ = -1;                                                                      \
            }                                                                                      \
        }                                                                                          \
        grow_r_;                                                                                   \
    })

/*
 * Makes room for one more element in a malloc'd array: doubles @cap when @n has reached it.
 * Returns 0, or -1 with the array untouched. (Of the few that may hold millions: base/large.h.)
 *
 *     if (AAJ_GROW(x->item, x->n_items, x->cap_items) < 0)
 *         return -ENOMEM;
 *     x->item[x->n_items++] = item;
 */
#define AAJ_GROW(array, n, cap) AAJ_GROW_BY(array, n, cap, reallocarray((array), grow_cap_, sizeof(*(array))))

#define AAJ_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
