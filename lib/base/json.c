/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"

#include <limits.h>
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

json_object *aaj_json_bytes(struct aaj_str s)
{
    if (s.n == 0)
        return json_object_new_string("");
    if (s.n > INT_MAX / 2)
        s.n = INT_MAX / 2; /* json-c counts in int; no input of ours has such names */
    if (!aaj_utf8_valid(s) || memchr(s.p, '\0', s.n))
        return hex(s);
    return json_object_new_string_len(s.p, (int)s.n);
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
