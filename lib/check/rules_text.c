/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Listed rules as text and back: one JSON array a line, profiles before their rules. What is read may come from a
 * process that hostile policy has taken over, so that it is held to the same bounds as policy.
 *     [has_abi]
 *     [name, attachment, has_abi, has_additions, file, line, column]
 *     [profile's number, include, pattern or null, audit, mode, owner, file, line, column, rule]
 */
#include <errno.h>
#include <json.h>

#include "base/grow.h"
#include "check/rules.h"
#include "policy/parse.h"

enum { HEAD_FIELDS = 1, PROFILE_FIELDS = 7, RULE_FIELDS = 10, DEPTH = 3 };

/* ---- writing ---- */

static json_object *text_json(struct aaj_str s)
{
    return s.p ? json_object_new_string_len(s.p, (int)(s.n < INT32_MAX ? s.n : INT32_MAX)) : NULL;
}

static void add_place(json_object *row, struct aaj_loc loc)
{
    json_object_array_add(row, text_json(loc.file));
    json_object_array_add(row, json_object_new_int64(loc.line));
    json_object_array_add(row, json_object_new_int64(loc.column));
}

static json_object *profile_json(const struct aaj_listed_profile *p)
{
    json_object *row = json_object_new_array_ext(PROFILE_FIELDS);

    json_object_array_add(row, text_json(p->name));
    json_object_array_add(row, text_json(p->attachment));
    json_object_array_add(row, json_object_new_boolean(p->has_abi));
    json_object_array_add(row, json_object_new_boolean(p->has_additions));
    add_place(row, p->loc);
    return row;
}

static json_object *rule_json(const struct aaj_rules *rules, const struct aaj_listed_rule *r)
{
    const struct aaj_listed_profile *p = aaj_rules_profile(rules, r->profile);
    json_object *row = json_object_new_array_ext(RULE_FIELDS);

    json_object_array_add(row, json_object_new_int64(p - rules->profile));
    json_object_array_add(row, text_json(r->include));
    json_object_array_add(row, text_json(r->pattern));
    json_object_array_add(row, json_object_new_boolean(r->prefix.audit));
    json_object_array_add(row, json_object_new_int(r->prefix.mode));
    json_object_array_add(row, json_object_new_int(r->prefix.owner));
    add_place(row, r->loc);
    json_object_array_add(row, text_json(r->text));
    return row;
}

static void write_row(FILE *out, json_object *row)
{
    fprintf(out, "%s\n", json_object_to_json_string_ext(row, JSON_C_TO_STRING_PLAIN));
    json_object_put(row);
}

int aaj_rules_write(const struct aaj_rules *rules, FILE *out)
{
    json_object *head = json_object_new_array_ext(HEAD_FIELDS);

    json_object_array_add(head, json_object_new_boolean(rules->has_abi));
    write_row(out, head);
    for (size_t i = 0; i < rules->n_profiles; i++)
        write_row(out, profile_json(&rules->profile[i]));
    for (size_t i = 0; i < rules->n_rules; i++)
        write_row(out, rule_json(rules, &rules->rule[i]));
    return ferror(out) ? -EIO : 0;
}

/* ---- reading ---- */

/* Copied; .p is NULL for null and for no text. */
static struct aaj_str get_text(struct aaj_arena *arena, json_object *row, size_t i)
{
    json_object *o = json_object_array_get_idx(row, i);

    if (!json_object_is_type(o, json_type_string))
        return (struct aaj_str){ 0 };
    return aaj_arena_dup(arena, (struct aaj_str){ json_object_get_string(o), (size_t)json_object_get_string_len(o) });
}

static bool get_bool(json_object *row, size_t i)
{
    return json_object_get_boolean(json_object_array_get_idx(row, i));
}

/* Beyond @max: @max + 1. */
static uint32_t get_number(json_object *row, size_t i, uint32_t max)
{
    int64_t n = json_object_get_int64(json_object_array_get_idx(row, i));

    return n < 0 || n > max ? max + 1 : (uint32_t)n;
}

/* Three fields from @i on; file.p is NULL where they are no place. */
static struct aaj_loc get_place(struct aaj_arena *arena, json_object *row, size_t i)
{
    return (struct aaj_loc){ .file = get_text(arena, row, i), .line = get_number(row, i + 1, INT32_MAX),
                             .column = get_number(row, i + 2, INT32_MAX) };
}

static int read_profile(struct aaj_rules *rules, json_object *row)
{
    struct aaj_listed_profile p = { .name = get_text(&rules->arena, row, 0),
                                    .attachment = get_text(&rules->arena, row, 1),
                                    .has_abi = get_bool(row, 2), .has_additions = get_bool(row, 3),
                                    .loc = get_place(&rules->arena, row, 4) };

    if (!p.name.p || !p.attachment.p || !p.loc.file.p)
        return -EPROTO;
    if (AAJ_GROW(rules->profile, rules->n_profiles, rules->cap_profiles) < 0 || aaj_glob_new(&p.files) < 0)
        return -ENOMEM;
    rules->profile[rules->n_profiles++] = p;
    return 0;
}

static int read_item(struct aaj_rules *rules, struct aaj_listed_rule *r)
{
    struct aaj_item *item;
    int err = aaj_policy_parse_rule(&rules->arena, r->text, (struct aaj_loc){ 0 }, NULL, &item);

    if (err == 0 && item->kind != AAJ_ITEM_RULE)
        return -EPROTO;
    r->item = err == 0 ? item : NULL;
    return err == -EINVAL ? -EPROTO : err;
}

static int read_rule(struct aaj_rules *rules, json_object *row)
{
    struct aaj_arena *arena = &rules->arena;
    uint32_t profile = get_number(row, 0, AAJ_POLICY_MAX_TOTAL), mode = get_number(row, 4, AAJ_MODE_PROMPT),
             owner = get_number(row, 5, AAJ_OWNER_OTHER);
    struct aaj_listed_rule r = { .include = get_text(arena, row, 1), .pattern = get_text(arena, row, 2),
                                 .loc = get_place(arena, row, 6), .text = get_text(arena, row, 9) };
    int err;

    if (profile >= rules->n_profiles || mode > AAJ_MODE_PROMPT || owner > AAJ_OWNER_OTHER || !r.text.p || !r.loc.file.p)
        return -EPROTO;
    err = read_item(rules, &r);
    if (err < 0)
        return err;
    r.profile = rules->profile[profile].name;
    r.prefix = r.item->rule.prefix;
    r.prefix.audit = get_bool(row, 3);
    r.prefix.mode = mode;
    r.prefix.owner = owner;
    if (AAJ_GROW(rules->rule, rules->n_rules, rules->cap_rules) < 0)
        return -ENOMEM;
    if (r.pattern.n) {
        if (r.item->rule.kind != AAJ_RULE_FILE && r.item->rule.kind != AAJ_RULE_LINK)
            return -EPROTO;
        err = aaj_glob_add(rules->profile[profile].files, r.pattern, AAJ_GLOB_PATH, (uint32_t)rules->n_rules, NULL);
        if (err < 0)
            return err == -ENOMEM ? err : -EPROTO;
    }
    rules->rule[rules->n_rules++] = r;
    return 0;
}

static int read_row(struct aaj_rules *rules, json_object *row)
{
    if (!json_object_is_type(row, json_type_array))
        return -EPROTO;
    switch (json_object_array_length(row)) {
    case HEAD_FIELDS:
        rules->has_abi = get_bool(row, 0);
        return 0;
    case PROFILE_FIELDS: return read_profile(rules, row);
    case RULE_FIELDS: return read_rule(rules, row);
    default: return -EPROTO;
    }
}

int aaj_rules_read(struct aaj_str text, struct aaj_rules *ret_rules)
{
    json_tokener *tok = json_tokener_new_ex(DEPTH);
    struct aaj_rules rules = { 0 };
    int r = tok ? 0 : -ENOMEM;

    while (text.n && r == 0) {
        size_t len = aaj_str_find(text, '\n');
        json_object *row;

        json_tokener_reset(tok);
        row = len <= INT32_MAX ? json_tokener_parse_ex(tok, text.p, (int)len) : NULL;
        r = row ? read_row(&rules, row) : -EPROTO;
        json_object_put(row);
        text = aaj_str_skip(text, len + 1);
    }
    json_tokener_free(tok);
    if (r == 0)
        *ret_rules = rules;
    else
        aaj_rules_clear(&rules);
    return r;
}
