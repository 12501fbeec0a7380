/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Searching short runs of bytes: a value of a record is 1 to 60 bytes long, where a call of memchr(3)
 * costs more than its search. Nothing behind @end is read.
 */
#pragma once

#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The first @c in [p, end), or @end. */
static inline const char *aaj_scan_byte(const char *p, const char *end, char c)
{
#ifdef __SSE2__
    const __m128i want = _mm_set1_epi8(c);

    for (; end - p >= 16; p += 16) {
        int hit = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i_u *)p), want));

        if (hit)
            return p + __builtin_ctz((unsigned)hit);
    }
#endif
    while (p < end && *p != c)
        p++;
    return p;
}

/* A blank separates tokens: space, tab, and auditd's 0x1d before its enriched fields; any control byte. */
static inline bool aaj_is_blank(char c)
{
    return (unsigned char)c <= ' ';
}

/* The first blank in [p, end), or @end. */
static inline const char *aaj_scan_blank(const char *p, const char *end)
{
#ifdef __SSE2__
    const __m128i space = _mm_set1_epi8(' ');

    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i_u *)p);
        int hit = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(v, space), v));

        if (hit)
            return p + __builtin_ctz((unsigned)hit);
    }
#endif
    while (p < end && !aaj_is_blank(*p))
        p++;
    return p;
}
