/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"

#include <limits.h>
#include <printbuf.h>
#include <stdlib.h>

#include "base/escape.h"

static json_object *hex(struct aaj_str s)
{
    static const char digit[] = "0123456789ABCDEF";
    json_object *object = json_object_new_object(), *value;
    char *text = malloc(s.n * 2 + 1);

    if (!object || !text) {
        json_object_put(object);
        free(text);
        return NULL;
    }
    for (size_t i = 0; i < s.n; i++) {
        text[2 * i] = digit[(unsigned char)s.p[i] >> 4];
        text[2 * i + 1] = digit[s.p[i] & 15];
    }
    value = json_object_new_string_len(text, (int)(s.n * 2));
    free(text);
    json_object_object_add(object, "hex", value);
    return object;
}

/* A code point as \uXXXX, or as two of them. */
static void put_code_point(struct printbuf *out, uint32_t cp)
{
    if (cp >= 0x10000) {
        sprintbuf(out, "\\u%04x", 0xd7c0 + (cp >> 10));
        cp = 0xdc00 | (cp & 0x3ff);
    }
    sprintbuf(out, "\\u%04x", cp);
}

/* json-c leaves all but C0 as it is; on a terminal U+009B begins an escape sequence, and others turn a line round. */
static int put_harmless(json_object *object, struct printbuf *out, int level, int flags)
{
    struct aaj_str s = { json_object_get_string(object), (size_t)json_object_get_string_len(object) };
    uint32_t cp;
    size_t n;

    printbuf_memappend(out, "\"", 1);
    for (; (n = aaj_utf8_next(s, &cp)); s = aaj_str_skip(s, n)) {
        if (cp == '"' || cp == '\\')
            sprintbuf(out, "\\%c", (char)cp);
        else if (aaj_escape_harmful(cp))
            put_code_point(out, cp);
        else
            printbuf_memappend(out, s.p, (int)n);
    }
    printbuf_memappend(out, "\"", 1);
    return 0;
}

static bool any_harmful(struct aaj_str s)
{
    uint32_t cp;
    size_t n;

    for (; (n = aaj_utf8_next(s, &cp)); s = aaj_str_skip(s, n))
        if (cp >= 0x7f && aaj_escape_harmful(cp))
            return true;
    return false;
}

json_object *aaj_json_bytes(struct aaj_str s)
{
    json_object *object;

    if (s.n == 0)
        return json_object_new_string("");
    if (s.n > INT_MAX / 2)
        s.n = INT_MAX / 2; /* json-c counts in int; no input of ours has such names */
    if (!aaj_utf8_valid(s) || memchr(s.p, '\0', s.n))
        return hex(s);
    object = json_object_new_string_len(s.p, (int)s.n);
    if (object && any_harmful(s))
        json_object_set_serializer(object, put_harmless, NULL, NULL);
    return object;
}

json_object *aaj_json_list(const struct aaj_str *s, size_t n)
{
    json_object *list = json_object_new_array();

    for (size_t i = 0; i < n; i++)
        json_object_array_add(list, aaj_json_bytes(s[i]));
    return list;
}

void aaj_json_add(json_object *object, const char *key, struct aaj_str value)
{
    json_object_object_add(object, key, aaj_json_bytes(value));
}

void aaj_json_add_number(json_object *object, const char *key, uint64_t value)
{
    json_object_object_add(object, key, json_object_new_uint64(value));
}
