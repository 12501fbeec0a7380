/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nearest.h"

#include <string.h>

size_t word_distance(const char *a, const char *b)
{
    enum { LONGEST = 31 };
    size_t row[LONGEST + 1], n = strlen(b), corner, above;

    if (n > LONGEST || strlen(a) > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        corner = row[0]++;
        for (size_t j = 0; j < n; j++) {
            above = row[j + 1];
            row[j + 1] = corner + (a[i] != b[j]);
            if (above + 1 < row[j + 1])
                row[j + 1] = above + 1;
            if (row[j] + 1 < row[j + 1])
                row[j + 1] = row[j] + 1;
            corner = above;
        }
    }
    return row[n];
}
