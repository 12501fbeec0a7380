/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings on their way from the reading child to the parent: one JSON array a line; how many in all is the last. */
#include <errno.h>
#include <json.h>

#include "sandbox_child.h"

enum { FIELDS = 8, COUNTS = 2, DEPTH = 4 };

static json_object *text_json(struct aaj_str s)
{
    return json_object_new_string_len(s.p ? s.p : "", (int)(s.n < INT32_MAX ? s.n : INT32_MAX));
}

static void write_row(FILE *out, json_object *row)
{
    fprintf(out, "%s\n", json_object_to_json_string_ext(row, JSON_C_TO_STRING_PLAIN));
    json_object_put(row);
}

void sandbox_write_diags(FILE *out, const struct aaj_diags *diags)
{
    json_object *counts = json_object_new_array_ext(COUNTS);

    for (size_t i = 0; i < diags->n; i++) {
        const struct aaj_diag *d = &diags->item[i];
        json_object *row = json_object_new_array_ext(FIELDS);

        json_object_array_add(row, json_object_new_int(d->severity));
        json_object_array_add(row, text_json(aaj_str_c(d->id ? d->id : "")));
        json_object_array_add(row, text_json(d->loc.file));
        json_object_array_add(row, json_object_new_int64(d->loc.line));
        json_object_array_add(row, json_object_new_int64(d->loc.column));
        json_object_array_add(row, json_object_new_int64(d->loc.length));
        json_object_array_add(row, text_json(d->message));
        json_object_array_add(row, text_json(d->source));
        write_row(out, row);
    }
    json_object_array_add(counts, json_object_new_int64((int64_t)diags->errors));
    json_object_array_add(counts, json_object_new_int64((int64_t)diags->warnings));
    write_row(out, counts);
}

static struct aaj_str get_text(json_object *row, size_t i)
{
    json_object *o = json_object_array_get_idx(row, i);

    return json_object_is_type(o, json_type_string)
               ? (struct aaj_str){ json_object_get_string(o), (size_t)json_object_get_string_len(o) }
               : AAJ_STR("");
}

static uint32_t get_number(json_object *row, size_t i)
{
    int64_t n = json_object_get_int64(json_object_array_get_idx(row, i));

    return n < 0 || n > UINT32_MAX ? 0 : (uint32_t)n;
}

static int add_row(json_object *row, struct aaj_diags *diags)
{
    struct aaj_loc loc;
    struct aaj_str id;
    uint32_t severity;

    if (!json_object_is_type(row, json_type_array) || json_object_array_length(row) != FIELDS)
        return -EPROTO;
    severity = get_number(row, 0);
    if (severity > AAJ_ERROR)
        return -EPROTO;
    loc = (struct aaj_loc){ get_text(row, 2), get_number(row, 3), get_number(row, 4), get_number(row, 5) };
    id = aaj_arena_dup(&diags->arena, get_text(row, 1));
    aaj_diag_add(diags, severity, id.n ? id.p : NULL, loc, get_text(row, 7), "%.*s",
                 AAJ_STR_ARG(get_text(row, 6)));
    return 0;
}

static int read_counts(json_object *row, size_t errors, size_t warnings, struct aaj_diags *diags)
{
    /* What the child's list did not take is counted here, too. */
    errors += get_number(row, 0);
    warnings += get_number(row, 1);
    if (errors < diags->errors || warnings < diags->warnings)
        return -EPROTO;
    diags->errors = errors;
    diags->warnings = warnings;
    return 0;
}

int sandbox_read_diags(struct aaj_str text, struct aaj_diags *diags)
{
    json_tokener *tok = json_tokener_new_ex(DEPTH);
    size_t errors = diags->errors, warnings = diags->warnings;
    int r = tok ? 0 : -ENOMEM;

    while (text.n && r == 0) {
        size_t len = aaj_str_find(text, '\n');
        json_object *row;

        json_tokener_reset(tok);
        row = len <= INT32_MAX ? json_tokener_parse_ex(tok, text.p, (int)len) : NULL;
        if (json_object_is_type(row, json_type_array) && json_object_array_length(row) == COUNTS)
            r = read_counts(row, errors, warnings, diags);
        else
            r = row ? add_row(row, diags) : -EPROTO;
        json_object_put(row);
        text = aaj_str_skip(text, len + 1);
    }
    json_tokener_free(tok);
    return r;
}
