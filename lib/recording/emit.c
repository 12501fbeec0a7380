/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recording/emit.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/escape.h"

void emit_number(struct emit *e, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    emit_str(e, (struct aaj_str){ digits + at, sizeof(digits) - at });
}

/* ASCII without NUL, which needs no look at its UTF-8: nearly all names and lines. */
static bool is_ascii(struct aaj_str s)
{
    size_t i = 0;
#ifdef __SSE2__
    for (; i + 16 <= s.n; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i_u *)(s.p + i));

        if (_mm_movemask_epi8(_mm_or_si128(v, _mm_cmpeq_epi8(v, _mm_setzero_si128()))))
            return false;
    }
#endif
    while (i < s.n && s.p[i] > 0)
        i++;
    return i == s.n;
}

static bool must_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
}

/* The first byte of [p, end) that JSON or a terminal would mind, or @end. */
static const char *plain_end(const char *p, const char *end)
{
#ifdef __SSE2__
    const __m128i last_control = _mm_set1_epi8(0x1f), quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'),
                  del = _mm_set1_epi8(0x7f);

    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i_u *)p), control = _mm_cmpeq_epi8(_mm_min_epu8(v, last_control), v);
        int hit = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(control, _mm_cmpeq_epi8(v, del)),
                                                 _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash))));

        if (hit)
            return p + __builtin_ctz((unsigned)hit);
    }
#endif
    while (p < end && !must_escape((unsigned char)*p))
        p++;
    return p;
}

static void emit_string(struct emit *e, struct aaj_str s)
{
    static const char hex[] = "0123456789abcdef";
    const char *p = s.p, *end = s.p + s.n;

    for (;;) {
        const char *stop = plain_end(p, end);
        unsigned char c;

        emit_str(e, (struct aaj_str){ p, (size_t)(stop - p) });
        if (stop == end)
            return;
        c = (unsigned char)*stop;
        emit_char(e, '\\');
        if (c == '"' || c == '\\') {
            emit_char(e, (char)c);
        } else {
            emit_lit(e, "u00");
            emit_char(e, hex[c >> 4]);
            emit_char(e, hex[c & 15]);
        }
        p = stop + 1;
    }
}

static void emit_hex(struct emit *e, struct aaj_str s)
{
    static const char hex[] = "0123456789ABCDEF";

    emit_lit(e, "{\"hex\":\"");
    for (size_t i = 0; i < s.n; i++) {
        emit_char(e, hex[(unsigned char)s.p[i] >> 4]);
        emit_char(e, hex[s.p[i] & 15]);
    }
    emit_lit(e, "\"}");
}

void emit_name(struct emit *e, struct aaj_str s)
{
    if (!is_ascii(s) && (!aaj_utf8_valid(s) || aaj_str_find(s, '\0') < s.n)) {
        emit_hex(e, s);
        return;
    }
    emit_char(e, '"');
    emit_string(e, s);
    emit_char(e, '"');
}
