/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The elements that compiled policy is made of (Linux security/apparmor/policy_unpack.c). Little endian. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum aaj_element_type {
    AAJ_E_U8,
    AAJ_E_U16,
    AAJ_E_U32,
    AAJ_E_U64,
    AAJ_E_NAME,
    AAJ_E_STRING,
    AAJ_E_BLOB,
    AAJ_E_STRUCT,
    AAJ_E_STRUCT_END,
    AAJ_E_LIST,
    AAJ_E_LIST_END,
    AAJ_E_ARRAY, /* u = number of elements */
    AAJ_E_ARRAY_END,
};

struct aaj_element {
    enum aaj_element_type type;
    struct aaj_str name; /* without its NUL; empty: unnamed */
    uint64_t u;
    struct aaj_str bytes; /* STRING without its last NUL; BLOB */
};

struct aaj_stream {
    struct aaj_str all;
    size_t at;
};

/* False at the end of the bytes, and for what is no element; the position does not move then. */
bool aaj_stream_next(struct aaj_stream *s, struct aaj_element *ret_element);
/* Passes over what belongs to @opened (a struct, list or array just taken); false when it is not closed. */
bool aaj_stream_skip(struct aaj_stream *s, const struct aaj_element *opened);
/* Takes the next element when it is of @type, whatever its name. */
bool aaj_stream_take(struct aaj_stream *s, enum aaj_element_type type, struct aaj_element *ret_element);
