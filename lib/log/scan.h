/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Searching short runs of bytes: a value of a record is 1 to 60 bytes long, where a call of memchr(3)
 * costs more than its search. Nothing behind @end is read.
 */
#pragma once

#include <endian.h>
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

/* What eight digits say: bytes of 0 to 9, the first digit lowest. */
static inline uint64_t aaj_scan_value8(uint64_t v)
{
    v = v * 10 + (v >> 8); /* pairs, then fours, then all eight */
    return ((v & 0x000000ff000000ff) * (100 + (1000000ull << 32)) +
            (v >> 16 & 0x000000ff000000ff) * (1 + (10000ull << 32))) >>
           32;
}

/* The digits at @p, no more than @max (at least 8): behind them, and what they say. Most numbers have few, and are read
 * at once: one multiplication a digit, each waiting for the one before, costs more. */
static inline const char *aaj_scan_number(const char *p, const char *end, unsigned max, uint64_t *ret)
{
    const char *stop = (size_t)(end - p) > max ? p + max : end;
    uint64_t v, other;

    if (end - p >= 8) {
        memcpy(&v, p, 8);
        v = le64toh(v) ^ 0x3030303030303030;
        other = (v | (v + 0x7676767676767676)) & 0x8080808080808080; /* the lowest is right: carries go up */
        if (other & 0x80) {
            *ret = 0;
            return p;
        }
        if (other) {
            unsigned bits = (unsigned)__builtin_ctzll(other) & ~7u;

            *ret = aaj_scan_value8(v << (64 - bits));
            return p + bits / 8;
        }
    }
    for (v = 0; p < stop && (unsigned char)(*p - '0') < 10; p++)
        v = v * 10 + (uint64_t)(*p - '0');
    *ret = v;
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
