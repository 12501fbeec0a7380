/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * First half of a glob's way through apparmor_parser: the glob becomes a regular expression, as text.
 * Going through text too keeps the corners: what `[*]` or `[a\-z]` means follows from the second
 * language, see nfa.c. Facts: convert_aaregex_to_pcre() in AppArmor's parser_regex.c.
 */
#include "glob/glob_private.h"

#include <errno.h>
#include <string.h>

enum { MAX_ALT_DEPTH = 50 };

struct convert {
    const char *p, *end;
    char *out;
    size_t n;
    bool escaped, in_class;
    unsigned depth, commas[MAX_ALT_DEPTH];
    const char *why;
};

static void put(struct convert *c, const char *text)
{
    size_t n = strlen(text);

    memcpy(c->out + c->n, text, n);
    c->n += n;
}

static void put_byte(struct convert *c, char byte)
{
    c->out[c->n++] = byte;
}

static void put_escaped(struct convert *c, char byte)
{
    put_byte(c, '\\');
    put_byte(c, byte);
}

static void convert_star(struct convert *c)
{
    if (c->n && c->out[c->n - 1] == '/') {
        const char *s = c->p;

        while (s < c->end && *s == '*')
            s++;
        if (s == c->end || *s == '/')
            put(c, "[^/\\x00]");
    }
    if (c->p + 1 < c->end && c->p[1] == '*') {
        put(c, "[^\\x00]*");
        c->p++;
    } else {
        put(c, "[^/\\x00]*");
    }
}

static void convert_open(struct convert *c)
{
    if (c->in_class) {
        put_byte(c, '{');
        return;
    }
    if (++c->depth >= MAX_ALT_DEPTH) {
        c->why = "alternations are nested too deeply (at most 49)";
        return;
    }
    c->commas[c->depth] = 0;
    put_byte(c, '(');
}

static void convert_close(struct convert *c)
{
    if (c->in_class) {
        put_byte(c, '}');
        return;
    }
    if (c->depth == 0) {
        c->why = "there is no '{' for this '}'";
        return;
    }
    if (c->commas[c->depth] == 0) {
        c->why = "an alternation needs a comma, as in '{a,b}' or '{a,}'";
        return;
    }
    c->depth--;
    put_byte(c, ')');
}

/* An escape that stands for a byte goes on to the second language; before anything else the backslash
 * is dropped. */
static void convert_other(struct convert *c)
{
    const char *pos = c->p;

    if (c->escaped && aaj_escape_sequence(&pos, c->end, "") >= 0) {
        put_byte(c, '\\');
        while (c->p < pos)
            put_byte(c, *c->p++);
        c->p--;
    } else {
        put_byte(c, *c->p);
    }
}

static void convert_escaped(struct convert *c)
{
    switch (*c->p) {
    case '\\':
    case '*':
    case '[':
    case ']':
    case '{':
    case '}':
        put_escaped(c, *c->p);
        break;
    case ',':
        if (c->in_class)
            put_escaped(c, ',');
        else
            put_byte(c, ',');
        break;
    case '^':
    case '$':
        if (c->in_class)
            put_byte(c, *c->p);
        else
            put_escaped(c, *c->p);
        break;
    case '.':
    case '+':
    case '|':
    case '(':
    case ')':
        put_byte(c, '\\');
        __attribute__((fallthrough));
    default:
        convert_other(c);
    }
}

static void convert_plain(struct convert *c)
{
    switch (*c->p) {
    case '*':
        convert_star(c);
        break;
    case '?':
        put(c, "[^/\\x00]");
        break;
    case '[':
        c->in_class = true;
        put_byte(c, '[');
        break;
    case ']':
        if (!c->in_class)
            c->why = "there is no '[' for this ']'";
        c->in_class = false;
        put_byte(c, ']');
        break;
    case '{':
        convert_open(c);
        break;
    case '}':
        convert_close(c);
        break;
    case ',':
        if (c->depth && !c->in_class) {
            c->commas[c->depth]++;
            put_byte(c, '|');
        } else {
            put_byte(c, ',');
        }
        break;
    case '^':
    case '$':
        if (!c->in_class)
            put_byte(c, '\\');
        put_byte(c, *c->p);
        break;
    case '.':
    case '+':
    case '|':
    case '(':
    case ')':
        put_escaped(c, *c->p);
        break;
    default:
        put_byte(c, *c->p);
    }
}

/* @out has room for 18 bytes a byte of @glob. */
int aaj_glob_to_regex(struct aaj_str glob, char *out, size_t *ret_n, const char **ret_why)
{
    struct convert c = { .p = glob.p, .end = glob.p + glob.n, .out = out };

    for (; c.p < c.end && !c.why; c.p++) {
        if (*c.p == '\\' && !c.escaped) {
            c.escaped = true;
            continue;
        }
        if (*c.p == '\0') {
            c.why = "a glob cannot hold a NUL";
        } else if (c.escaped) {
            convert_escaped(&c);
        } else {
            convert_plain(&c);
        }
        c.escaped = false;
    }
    if (!c.why && c.depth)
        c.why = "there is no '}' for a '{'";
    if (!c.why && c.in_class)
        c.why = "there is no ']' for a '['";
    if (!c.why && c.escaped)
        c.why = "there is nothing behind the last '\\'";
    if (c.why) {
        if (ret_why)
            *ret_why = c.why;
        return -EINVAL;
    }
    *ret_n = c.n;
    return 0;
}

/* Exactly two leading slashes stay (filter_slashes() in parser_regex.c). @out has room for in.n bytes. */
size_t aaj_glob_squeeze_slashes(struct aaj_str in, char *out)
{
    size_t i = 0, n = 0;

    if (in.n >= 2 && in.p[0] == '/' && in.p[1] == '/' && (in.n == 2 || in.p[2] != '/'))
        while (n < 2)
            out[n++] = in.p[i++];
    for (bool slash = false; i < in.n; i++) {
        if (in.p[i] == '/' && slash)
            continue;
        slash = in.p[i] == '/';
        out[n++] = in.p[i];
    }
    return n;
}
