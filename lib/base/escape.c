/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/escape.h"

enum { MESSAGE_COLUMNS = 200, ESCAPED_MAX = 4 };

size_t aaj_utf8_next(struct aaj_str s, uint32_t *ret_cp)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *p = (const unsigned char *)s.p;
    uint32_t cp;
    size_t n;

    if (s.n == 0)
        return 0;
    if (p[0] < 0x80)
        n = 1, cp = p[0];
    else if ((p[0] & 0xe0) == 0xc0)
        n = 2, cp = p[0] & 0x1f;
    else if ((p[0] & 0xf0) == 0xe0)
        n = 3, cp = p[0] & 0x0f;
    else if ((p[0] & 0xf8) == 0xf0)
        n = 4, cp = p[0] & 0x07;
    else
        return 0;
    if (n > s.n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        cp = cp << 6 | (p[i] & 0x3f);
    }
    if (cp < least[n] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
        return 0;
    *ret_cp = cp;
    return n;
}

bool aaj_utf8_valid(struct aaj_str s)
{
    uint32_t cp;
    size_t n;

    for (; s.n; s = aaj_str_skip(s, n)) {
        n = aaj_utf8_next(s, &cp);
        if (!n)
            return false;
    }
    return true;
}

/* C0 and C1 controls, and the code points that reorder or hide text (UAX #9, zero width, BOM, tags); what is no
 * character, and so cannot stand in XML. */
bool aaj_escape_harmful(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0xad || cp == 0x61c ||
           (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x2028 && cp <= 0x202e) ||
           (cp >= 0x2060 && cp <= 0x206f) || cp == 0xfeff || (cp >= 0xfff9 && cp <= 0xfffb) ||
           (cp >= 0xe0000 && cp <= 0xe0fff) || (cp & 0xfffe) == 0xfffe;
}

/* Escapes the code point or byte at the start of @s into @buf; returns the bytes used of @s. */
static size_t escape_one(struct aaj_str s, char buf[static 16], size_t *ret_len, size_t *ret_width)
{
    uint32_t cp = 0;
    size_t n = aaj_utf8_next(s, &cp);

    if (n && !aaj_escape_harmful(cp)) {
        memcpy(buf, s.p, n);
        *ret_len = n;
        *ret_width = 1;
        return n;
    }
    if (s.p[0] == '\n' || s.p[0] == '\t') {
        buf[0] = '\\';
        buf[1] = s.p[0] == '\n' ? 'n' : 't';
        *ret_len = *ret_width = 2;
        return 1;
    }
    snprintf(buf, 16, "\\x%02x", (unsigned char)s.p[0]);
    *ret_len = *ret_width = ESCAPED_MAX;
    return 1;
}

void aaj_escape_terminal(FILE *out, struct aaj_str s)
{
    char buf[16];
    size_t len, width;

    while (s.n) {
        s = aaj_str_skip(s, escape_one(s, buf, &len, &width));
        fwrite(buf, 1, len, out);
    }
}

void aaj_escape_html(FILE *out, struct aaj_str s)
{
    char buf[16];
    size_t len, width;

    while (s.n) {
        s = aaj_str_skip(s, escape_one(s, buf, &len, &width));
        if (len == 1 && strchr("&<>\"'", buf[0]))
            fprintf(out, "&#%d;", buf[0]);
        else
            fwrite(buf, 1, len, out);
    }
}

size_t aaj_escape_terminal_width(struct aaj_str s)
{
    size_t total = 0, len, width;
    char buf[16];

    while (s.n) {
        s = aaj_str_skip(s, escape_one(s, buf, &len, &width));
        total += width;
    }
    return total;
}

const char *aaj_escape(struct aaj_arena *arena, struct aaj_str s)
{
    size_t at = 0, columns = 0, len, width;
    char *out = aaj_arena_alloc(arena, MESSAGE_COLUMNS * 4 + 16);
    char buf[16];

    if (!out)
        return "";
    while (s.n) {
        size_t used = escape_one(s, buf, &len, &width);

        if (columns + width > MESSAGE_COLUMNS) {
            memcpy(out + at, "…", strlen("…"));
            break;
        }
        memcpy(out + at, buf, len);
        at += len;
        columns += width;
        s = aaj_str_skip(s, used);
    }
    return out;
}
