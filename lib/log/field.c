/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log/field.h"

#include "log/scan.h"

struct aaj_field aaj_log_field(struct aaj_str payload, struct aaj_str key)
{
    size_t at = key.p[0] != ' ' && !aaj_str_starts(payload, key) ? payload.n : aaj_str_search(payload, key);
    const char *p, *end = payload.p + payload.n, *stop;
    bool quoted;

    if (at >= payload.n)
        return (struct aaj_field){ .value = { "", 0 } };
    p = payload.p + at + key.n;
    quoted = p < end && *p == '"';
    p += quoted;
    stop = quoted ? aaj_scan_byte(p, end, '"') : aaj_scan_blank(p, end);
    return (struct aaj_field){ .value = { p, (size_t)(stop - p) }, .quoted = quoted };
}

struct aaj_str aaj_log_text(struct aaj_field field, char *buf)
{
    struct aaj_str v = field.value;

    if (field.quoted)
        return v;
    if (v.n % 2)
        return (struct aaj_str){ "", 0 };
    for (size_t i = 0; i < v.n; i += 2) {
        int hi = aaj_hex_digit(v.p[i]), lo = aaj_hex_digit(v.p[i + 1]);

        if (hi < 0 || lo < 0)
            return (struct aaj_str){ "", 0 };
        buf[i / 2] = (char)(hi << 4 | lo);
    }
    return (struct aaj_str){ v.n ? buf : "", v.n / 2 };
}

bool aaj_log_hex(struct aaj_str text, uint64_t *ret_value)
{
    uint64_t v = 0;

    if (text.n == 0 || text.n > 16)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        int digit = aaj_hex_digit(text.p[i]);

        if (digit < 0)
            return false;
        v = v << 4 | (uint64_t)digit;
    }
    *ret_value = v;
    return true;
}
