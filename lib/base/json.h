/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes in JSON, the same in every output and in recordings: JSON strings are Unicode, and names from the system
 * are any bytes but NUL. A name that is UTF-8 without NUL is a string; any other is {"hex": "C328"}, which loses
 * nothing and cannot be taken for another name. Code points that would control or reorder a terminal's text
 * (aaj_escape_harmful()) are written as \uXXXX, since JSON is looked at, too.
 */
#pragma once

#include <json.h>
#include <stdint.h>

#include "base/str.h"

/* A new reference; NULL when out of memory. */
json_object *aaj_json_bytes(struct aaj_str s);
json_object *aaj_json_list(const struct aaj_str *s, size_t n);

/* Members of an object. Without memory the member is missing. */
void aaj_json_add(json_object *object, const char *key, struct aaj_str value);
void aaj_json_add_number(json_object *object, const char *key, uint64_t value);
