/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/quote.h"

#include <errno.h>
#include <string.h>

#include "base/escape.h"
#include "glob/escape.h"

#define GLOB_SPECIAL "*?[]{}^,\\"

static bool is_special(char c)
{
    return c && strchr(GLOB_SPECIAL, c);
}

struct aaj_str aaj_glob_escape(struct aaj_arena *arena, struct aaj_str bytes)
{
    char *p = aaj_arena_alloc(arena, bytes.n * 4 + 1);
    size_t n = 0;

    if (!p)
        return (struct aaj_str){ 0 };
    for (size_t i = 0; i < bytes.n; i++) {
        char c = bytes.p[i];

        if (c == '\0') {
            memcpy(p + n, "\\000", 4);
            n += 4;
            continue;
        }
        /* '^' is only special in a set, and escaping does not help it there. */
        if (is_special(c) && c != '^')
            p[n++] = '\\';
        p[n++] = c;
    }
    return (struct aaj_str){ p, n };
}

/* Parts of a value that stand for themselves without quotes. */
static bool is_plain(char c, enum aaj_text_place place)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    if (c == '\0')
        return false;
    return strchr(place == AAJ_TEXT_COND ? "/_.@*?[]{}:+%~-" : "/_.@*?[]{}:+%~^-", c) != NULL;
}

static bool starts_plain(char c)
{
    return c == '/' || c == '@' || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
}

static bool needs_quotes(struct aaj_str v, enum aaj_text_place place)
{
    if (v.n == 0 || !starts_plain(v.p[0]))
        return true;
    for (size_t i = 0; i < v.n; i++) {
        bool more = i + 1 < v.n;

        if (is_plain(v.p[i], place))
            continue;
        if (v.p[i] == '\\' && more && is_special(v.p[i + 1]) && v.p[i + 1] != '\\' && v.p[i + 1] != ',') {
            i++;
            continue;
        }
        if (v.p[i] == ',' && place != AAJ_TEXT_COND && more && is_plain(v.p[i + 1], place))
            continue;
        return true;
    }
    return false;
}

struct spell {
    struct aaj_str rest;
    char *out;
    size_t n;
};

static void put_octal(struct spell *s, uint8_t byte)
{
    s->out[s->n++] = '\\';
    s->out[s->n++] = (char)('0' + (byte >> 6));
    s->out[s->n++] = (char)('0' + (byte >> 3 & 7));
    s->out[s->n++] = (char)('0' + (byte & 7));
    s->rest = aaj_str_skip(s->rest, 1);
}

/* A code point as it is where that is harmless, else its first byte as \ooo. */
static void put_code_point(struct spell *s)
{
    uint32_t cp = 0;
    size_t n = aaj_utf8_next(s->rest, &cp);

    if (n == 0 || aaj_escape_harmful(cp) || cp == '"') {
        put_octal(s, (uint8_t)s->rest.p[0]);
        return;
    }
    memcpy(s->out + s->n, s->rest.p, n);
    s->n += n;
    s->rest = aaj_str_skip(s->rest, n);
}

/* At a backslash of a value. */
static void put_escape(struct spell *s)
{
    struct aaj_str next = aaj_str_skip(s->rest, 1);
    const char *pos = next.p;

    if (next.n && next.p[0] == '\\') {
        put_octal(s, '\\'); /* of the two one is read back as both: see aaj_token_value() */
        s->rest = aaj_str_skip(s->rest, 1);
    } else if (next.n && is_special(next.p[0])) {
        s->out[s->n++] = '\\';
        s->out[s->n++] = next.p[0];
        s->rest = aaj_str_skip(s->rest, 2);
    } else if (next.n == 0 || aaj_escape_sequence(&pos, next.p + next.n, "") >= 0 ||
               ((uint8_t)next.p[0] > ' ' && (uint8_t)next.p[0] < 0x7f)) {
        s->out[s->n++] = '\\';
        s->rest = next;
    } else {
        s->rest = next; /* apparmor_parser drops a backslash that means nothing */
    }
}

int aaj_text_from_value(struct aaj_arena *arena, struct aaj_str value, enum aaj_text_place place,
                        struct aaj_text *ret_text)
{
    struct spell s = { .rest = value, .out = aaj_arena_alloc(arena, value.n * 4 + 3) };

    if (value.n && memchr(value.p, '\0', value.n))
        return -EINVAL;
    if (!s.out)
        return -ENOMEM;
    if (!needs_quotes(value, place)) {
        *ret_text = (struct aaj_text){ .raw = value, .value = value };
        return 0;
    }
    s.out[s.n++] = '"';
    while (s.rest.n) {
        if (s.rest.p[0] == '\\')
            put_escape(&s);
        else
            put_code_point(&s);
    }
    s.out[s.n++] = '"';
    *ret_text = (struct aaj_text){ .raw = { s.out, s.n }, .value = value };
    return 0;
}

int aaj_text_literal(struct aaj_arena *arena, struct aaj_str bytes, enum aaj_text_place place,
                     struct aaj_text *ret_text)
{
    struct aaj_str value;

    if (bytes.n == 0 || memchr(bytes.p, '\0', bytes.n) || (place == AAJ_TEXT_PATH && bytes.p[0] != '/'))
        return -EINVAL;
    value = aaj_glob_escape(arena, bytes);
    if (!value.p)
        return -ENOMEM;
    return aaj_text_from_value(arena, value, place, ret_text);
}

struct aaj_text aaj_text_word(const char *word)
{
    struct aaj_str s = aaj_str_c(word);

    return (struct aaj_text){ .raw = s, .value = s };
}

/* One escape sequence or byte of a token; returns how many bytes of it, appends to @out. */
static size_t unescape_one(struct aaj_str s, char *out, size_t *n)
{
    const char *pos = s.p + 1;
    int c = s.p[0] == '\\' ? aaj_escape_sequence(&pos, s.p + s.n, "") : -1;

    if (c < 0) {
        out[(*n)++] = s.p[0];
        return 1;
    }
    if (c == 0) { /* stays escaped: only unix addresses have NULs */
        memcpy(out + *n, s.p, (size_t)(pos - s.p));
        *n += (size_t)(pos - s.p);
        return (size_t)(pos - s.p);
    }
    if (is_special((char)c))
        out[(*n)++] = '\\';
    out[(*n)++] = (char)c;
    return (size_t)(pos - s.p);
}

/* processid() in parser_misc.c. */
struct aaj_str aaj_token_value(struct aaj_arena *arena, struct aaj_str raw)
{
    char *out;
    size_t n = 0;

    if (raw.n && raw.p[0] == '"') {
        raw = aaj_str_skip(raw, 1);
        if (raw.n && raw.p[raw.n - 1] == '"')
            raw.n--;
    }
    if (raw.n == 0)
        return (struct aaj_str){ "", 0 };
    if (!memchr(raw.p, '\\', raw.n))
        return raw;
    out = aaj_arena_alloc(arena, raw.n * 2 + 1);
    if (!out)
        return (struct aaj_str){ 0 };
    while (raw.n)
        raw = aaj_str_skip(raw, unescape_one(raw, out, &n));
    return (struct aaj_str){ out, n };
}
