/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recording/emit.h"

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

/* Printable ASCII without quote and backslash: most names, eight bytes at a time. */
static size_t plain(struct aaj_str s)
{
    const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
    size_t i = 0;

    for (; i + 8 <= s.n; i += 8) {
        uint64_t v, quote, backslash, del;

        memcpy(&v, s.p + i, 8);
        quote = v ^ (ones * '"');
        backslash = v ^ (ones * '\\');
        del = v ^ (ones * 0x7f);
        if ((v | (v - ones * 0x20) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
             ((del - ones) & ~del)) &
            high)
            break;
    }
    while (i < s.n && s.p[i] >= 0x20 && s.p[i] != '"' && s.p[i] != '\\' && s.p[i] != 0x7f)
        i++;
    return i;
}

static void emit_string(struct emit *e, struct aaj_str s)
{
    static const char hex[] = "0123456789abcdef";
    size_t start = 0;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        emit_str(e, (struct aaj_str){ s.p + start, i - start });
        start = i + 1;
        emit_char(e, '\\');
        if (c == '"' || c == '\\') {
            emit_char(e, (char)c);
        } else {
            emit_lit(e, "u00");
            emit_char(e, hex[c >> 4]);
            emit_char(e, hex[c & 15]);
        }
    }
    emit_str(e, (struct aaj_str){ s.p + start, s.n - start });
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
    size_t n = plain(s);
    struct aaj_str rest = aaj_str_skip(s, n);

    if (rest.n && (!aaj_utf8_valid(rest) || aaj_str_find(rest, '\0') < rest.n)) {
        emit_hex(e, s);
        return;
    }
    emit_char(e, '"');
    emit_str(e, aaj_str_head(s, n));
    if (rest.n)
        emit_string(e, rest);
    emit_char(e, '"');
}
