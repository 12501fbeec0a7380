/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "match/stream.h"

enum { NESTING_MAX = 32 };

static bool number(struct aaj_str all, size_t *at, size_t bytes, uint64_t *ret_u)
{
    uint64_t u = 0;

    if (bytes > all.n - *at)
        return false;
    for (size_t i = 0; i < bytes; i++)
        u |= (uint64_t)(uint8_t)all.p[*at + i] << (8 * i);
    *at += bytes;
    *ret_u = u;
    return true;
}

static bool chunk(struct aaj_str all, size_t *at, size_t length_bytes, struct aaj_str *ret)
{
    uint64_t n;

    if (!number(all, at, length_bytes, &n) || n > all.n - *at)
        return false;
    *ret = (struct aaj_str){ all.p + *at, n };
    *at += n;
    return true;
}

/* A length that counts the NUL which must be there. */
static bool text(struct aaj_str all, size_t *at, struct aaj_str *ret)
{
    struct aaj_str s;

    if (!chunk(all, at, 2, &s) || s.n == 0 || s.p[s.n - 1] != '\0')
        return false;
    s.n--;
    *ret = s;
    return true;
}

static bool value(struct aaj_str all, size_t *at, struct aaj_element *e)
{
    switch (e->type) {
    case AAJ_E_U8:
    case AAJ_E_U16:
    case AAJ_E_U32:
    case AAJ_E_U64:
        return number(all, at, (size_t)1 << e->type, &e->u);
    case AAJ_E_ARRAY:
        return number(all, at, 2, &e->u);
    case AAJ_E_STRING:
        return text(all, at, &e->bytes);
    case AAJ_E_BLOB:
        return chunk(all, at, 4, &e->bytes);
    case AAJ_E_NAME:
        return false; /* a name of a name */
    default:
        return e->type <= AAJ_E_ARRAY_END;
    }
}

bool aaj_stream_next(struct aaj_stream *s, struct aaj_element *ret_element)
{
    struct aaj_element e = { 0 };
    size_t at = s->at;
    uint64_t type;

    if (!number(s->all, &at, 1, &type))
        return false;
    if (type == AAJ_E_NAME && (!text(s->all, &at, &e.name) || !number(s->all, &at, 1, &type)))
        return false;
    e.type = (enum aaj_element_type)type;
    if (!value(s->all, &at, &e))
        return false;
    s->at = at;
    *ret_element = e;
    return true;
}

static bool opens(enum aaj_element_type type)
{
    return type == AAJ_E_STRUCT || type == AAJ_E_LIST || type == AAJ_E_ARRAY;
}

bool aaj_stream_skip(struct aaj_stream *s, const struct aaj_element *opened)
{
    enum aaj_element_type open[NESTING_MAX];
    unsigned depth = 0;
    struct aaj_element e;

    if (!opens(opened->type))
        return true;
    open[depth++] = opened->type;
    while (depth) {
        if (!aaj_stream_next(s, &e))
            return false;
        if (opens(e.type)) {
            if (depth == NESTING_MAX)
                return false;
            open[depth++] = e.type;
        } else if (e.type == AAJ_E_STRUCT_END || e.type == AAJ_E_LIST_END || e.type == AAJ_E_ARRAY_END) {
            if (e.type != open[depth - 1] + 1)
                return false;
            depth--;
        }
    }
    return true;
}

bool aaj_stream_take(struct aaj_stream *s, enum aaj_element_type type, struct aaj_element *ret_element)
{
    struct aaj_stream ahead = *s;
    struct aaj_element e;

    if (!aaj_stream_next(&ahead, &e) || e.type != type)
        return false;
    *s = ahead;
    *ret_element = e;
    return true;
}
