/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a text comes to with its variables. */
#include "policy/vars_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

enum { MAX_TEXT = 1024 * 1024, MAX_VALUES = 65536, MAX_DEPTH = 32 };

/*
 * The first variable of @text: extract_variable() of the parser, where a backslash takes the meaning of an
 * @ or a }. false: none.
 */
static bool find_reference(struct aaj_str text, size_t *ret_start, size_t *ret_end)
{
    size_t start = text.n; /* none yet */
    bool escaped = false;

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\\') {
            escaped = !escaped;
            continue;
        }
        if (!escaped && text.p[i] == '@' && i + 1 < text.n && text.p[i + 1] == '{') {
            start = i++;
        } else if (!escaped && text.p[i] == '}' && start < text.n) {
            *ret_start = start;
            *ret_end = i + 1;
            return true;
        }
        escaped = false;
    }
    return false;
}

static bool valid_name(struct aaj_str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i] | 0x20;
        bool letter = c >= 'a' && c <= 'z';

        if (!letter && (i == 0 || !((name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '_')))
            return false;
    }
    return name.n > 0;
}

struct values {
    struct aaj_str *item;
    size_t n, cap;
    size_t bytes;
};

static int values_add(struct values *v, struct aaj_str s)
{
    v->bytes += s.n;
    if (v->n >= MAX_VALUES || v->bytes > MAX_TEXT)
        return -E2BIG;
    if (AAJ_GROW(v->item, v->n, v->cap) < 0)
        return -ENOMEM;
    v->item[v->n++] = s;
    return 0;
}

static int expand_into(struct aaj_vars *vars, struct aaj_arena *arena, struct aaj_str text, struct values *out,
                       struct aaj_str *missing, unsigned depth);

/* What stands before a variable, with each of its values. */
static int expand_reference(struct aaj_vars *vars, struct aaj_arena *arena, struct aaj_str before,
                            struct aaj_var *var, struct values *out, struct aaj_str *missing, unsigned depth)
{
    const struct aaj_str *value = var->own.p ? &var->own : var->value;
    size_t n = var->own.p ? 1 : var->n;
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        struct values inner = { 0 };

        r = expand_into(vars, arena, value[i], &inner, missing, depth + 1);
        for (size_t k = 0; r == 0 && k < inner.n; k++) {
            struct aaj_str joined;

            if (before.n + inner.item[k].n > MAX_TEXT) {
                r = -E2BIG;
                break;
            }
            joined = aaj_arena_printf(arena, "%.*s%.*s", AAJ_STR_ARG(before), AAJ_STR_ARG(inner.item[k]));
            r = joined.p ? values_add(out, joined) : -ENOMEM;
        }
        free(inner.item);
    }
    return r;
}

static int append_rest(struct aaj_vars *vars, struct aaj_arena *arena, const struct values *heads,
                       struct aaj_str after, struct values *out, struct aaj_str *missing, unsigned depth)
{
    struct values tails = { 0 };
    int r = expand_into(vars, arena, after, &tails, missing, depth + 1);

    for (size_t i = 0; r == 0 && i < heads->n; i++)
        for (size_t k = 0; r == 0 && k < tails.n; k++) {
            struct aaj_str joined = aaj_arena_printf(arena, "%.*s%.*s", AAJ_STR_ARG(heads->item[i]),
                                                     AAJ_STR_ARG(tails.item[k]));

            r = joined.p ? values_add(out, joined) : -ENOMEM;
        }
    free(tails.item);
    return r;
}

/* Every text that @text can stand for. */
static int expand_into(struct aaj_vars *vars, struct aaj_arena *arena, struct aaj_str text, struct values *out,
                       struct aaj_str *missing, unsigned depth)
{
    struct values heads = { 0 };
    struct aaj_str name;
    struct aaj_var *var;
    size_t start, end;
    int r;

    if (!find_reference(text, &start, &end))
        return values_add(out, text);
    if (depth > MAX_DEPTH)
        return -ELOOP;
    name = (struct aaj_str){ text.p + start + 2, end - start - 3 };
    *missing = name;
    var = valid_name(name) ? aaj_var_find(vars, name) : NULL;
    if (!var || (var->kind != AAJ_VAR_SET && !var->own.p))
        return valid_name(name) ? -ENOENT : -EINVAL;
    if (var->busy)
        return -ELOOP;
    var->busy = true;
    r = expand_reference(vars, arena, aaj_str_head(text, start), var, &heads, missing, depth);
    var->busy = false;
    if (r == 0)
        r = append_rest(vars, arena, &heads, aaj_str_skip(text, end), out, missing, depth);
    free(heads.item);
    return r;
}

static int compare_str(const void *a, const void *b)
{
    return aaj_str_cmp(*(const struct aaj_str *)a, *(const struct aaj_str *)b);
}

int aaj_vars_values(struct aaj_vars *vars, struct aaj_str name, struct aaj_arena *arena,
                    const struct aaj_str **ret_value, size_t *ret_n, struct aaj_str *ret_missing)
{
    struct aaj_str text = aaj_arena_printf(arena, "@{%.*s}", AAJ_STR_ARG(name)), *value;
    struct values values = { 0 };
    size_t n = 0;
    int r = text.p ? expand_into(vars, arena, text, &values, ret_missing, 0) : -ENOMEM;

    value = r == 0 ? aaj_arena_new_array(arena, values.n, struct aaj_str) : NULL;
    if (value) {
        qsort(values.item, values.n, sizeof(*values.item), compare_str);
        for (size_t i = 0; i < values.n; i++)
            if (i == 0 || !aaj_str_eq(values.item[i], values.item[i - 1]))
                value[n++] = values.item[i];
        *ret_value = value;
        *ret_n = n;
    }
    free(values.item);
    return r ? r : value ? 0 : -ENOMEM;
}

static struct aaj_str trim(struct aaj_str s, bool leading, bool trailing)
{
    while (leading && s.n && s.p[0] == '/')
        s = aaj_str_skip(s, 1);
    while (trailing && s.n && s.p[s.n - 1] == '/')
        s.n--;
    return s;
}

struct buffer {
    char *p;
    size_t n, cap;
};

static int put(struct buffer *b, struct aaj_str s)
{
    if (b->n + s.n > MAX_TEXT)
        return -E2BIG;
    if (b->n + s.n > b->cap) {
        size_t cap = (b->n + s.n) * 2;
        char *p = realloc(b->p, cap);

        if (!p)
            return -ENOMEM;
        b->p = p;
        b->cap = cap;
    }
    if (s.n)
        memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
    return 0;
}

static int put_values(struct buffer *b, const struct aaj_str *value, size_t n, bool leading, bool trailing)
{
    int r = n > 1 ? put(b, AAJ_STR("{")) : 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        if (i)
            r = put(b, AAJ_STR(","));
        if (r == 0)
            r = put(b, trim(value[i], leading, trailing));
    }
    return r == 0 && n > 1 ? put(b, AAJ_STR("}")) : r;
}

/* expand_by_alternation(): a slash on both sides of the seam becomes one. */
static int expand_text(struct aaj_vars *vars, struct aaj_arena *arena, struct aaj_str text, struct buffer *b,
                       struct aaj_str *ret_missing)
{
    size_t start, end, n;
    const struct aaj_str *value;
    int r = 0;

    while (r == 0 && find_reference(text, &start, &end)) {
        struct aaj_str name = { text.p + start + 2, end - start - 3 };
        bool leading, trailing = end < text.n && text.p[end] == '/';

        *ret_missing = name;
        if (!valid_name(name)) {
            if (aaj_str_find(name, ',') == name.n)
                return -EINVAL;
            break; /* @{a,b}: an alternation behind an @; what follows is not looked at any more */
        }
        r = put(b, aaj_str_head(text, start));
        leading = b->n && b->p[b->n - 1] == '/' && trim((struct aaj_str){ b->p, b->n }, true, false).n;
        if (r == 0)
            r = aaj_vars_values(vars, name, arena, &value, &n, ret_missing);
        if (r == 0)
            r = put_values(b, value, n, leading, trailing);
        text = aaj_str_skip(text, end);
    }
    return r ? r : put(b, text);
}

int aaj_vars_expand(struct aaj_vars *vars, struct aaj_arena *arena, struct aaj_str text, struct aaj_str *ret_text,
                    struct aaj_str *ret_missing)
{
    struct buffer b = { 0 };
    struct aaj_str copy;
    size_t start, end;
    int r;

    if (!find_reference(text, &start, &end)) {
        *ret_text = text;
        return 0;
    }
    r = expand_text(vars, arena, text, &b, ret_missing);
    if (r == 0) {
        copy = aaj_arena_dup(arena, (struct aaj_str){ b.p, b.n });
        if (copy.p)
            *ret_text = copy;
        else
            r = -ENOMEM;
    }
    free(b.p);
    return r;
}
