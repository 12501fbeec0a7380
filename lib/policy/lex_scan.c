/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far the words of parser_lex.l reach. */
#include "policy/lexer.h"

#include <string.h>

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(char c)
{
    return is_alpha(c) || (c >= '0' && c <= '9');
}

static bool one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

/* A NUL is an ordinary byte for the lexer; no token may hold one, since it ends C strings behind it. */
static bool id_char(char c)
{
    return c && !one_of(c, " \t\r\n\"!,");
}

uint32_t aaj_scan_blanks(const char *p, const char *end)
{
    const char *q = p;

    while (q < end && (*q == ' ' || *q == '\t'))
        q++;
    return (uint32_t)(q - p);
}

/* ID of the lexer: a comma belongs to a word when a word goes on behind it. */
static uint32_t id_step(const char *p, const char *also, const char *not_in)
{
    if (*p == '\\' && one_of(p[1], also))
        return 2;
    if (*p == ',' && id_char(p[1]) && !one_of(p[1], not_in))
        return 2;
    return id_char(*p) && !one_of(*p, not_in) ? 1 : 0;
}

uint32_t aaj_scan_ids(const char *p, const char *end)
{
    const char *q = p;
    uint32_t n;

    while (q < end && (n = id_step(q, q == p ? " \t\"!,#" : " \t\"!,", "")))
        q += n;
    return (uint32_t)(q - p);
}

static bool noassign_first(char c)
{
    return c && !one_of(c, " \t\n\"!,=()+&:");
}

static bool noassign(char c)
{
    return c && !one_of(c, " \t\n\"!,=:)");
}

uint32_t aaj_scan_ids_noassign(const char *p, const char *end)
{
    const char *q = p;

    if (noassign_first(*q))
        q++;
    else if (*q == ':' && (noassign_first(q[1]) || q[1] == ':'))
        q += 2;
    else
        return 0;
    while (q < end) {
        if (noassign(*q))
            q++;
        else if (*q == ':' && (noassign(q[1]) || q[1] == ':'))
            q += 2;
        else if (*q == ',' && noassign(q[1]))
            q += 2;
        else
            break;
    }
    return (uint32_t)(q - p);
}

/* A quote behind a backslash closes only when no later one does: the longest match. */
uint32_t aaj_scan_quoted(const char *p, const char *end)
{
    const char *q = p, *last = NULL;

    if (*p != '"')
        return 0;
    for (q++; q < end && *q; q++) {
        if (*q != '"')
            continue;
        last = q;
        if (q[-1] != '\\' || q - 1 == p)
            break;
    }
    return last ? (uint32_t)(last + 1 - p) : 0;
}

uint32_t aaj_scan_name(const char *p, const char *end)
{
    const char *q = p;

    if (!is_alpha(*q))
        return 0;
    while (q < end && (is_alnum(*q) || *q == '_'))
        q++;
    return (uint32_t)(q - p);
}

uint32_t aaj_scan_variable(const char *p, const char *end)
{
    uint32_t n;

    if (p[1] == '{') {
        n = aaj_scan_name(p + 2, end);
        return n && p[2 + n] == '}' ? n + 3 : 0;
    }
    n = aaj_scan_name(p + 1, end);
    return n ? n + 1 : 0;
}

/* What may follow a variable for the two to be a path. */
static uint32_t post_variable(const char *p)
{
    if (*p == '\\' && one_of(p[1], " \t\"!,()"))
        return 2;
    if (*p == ',' && p[1] && !one_of(p[1], " \t\n\"!,=+?"))
        return 2;
    if (*p && !one_of(*p, " \t\n\"!,=+") && p[1] == '?')
        return 2;
    return *p && !one_of(*p, " \t\n\"!,=+?") ? 1 : 0;
}

/* LABEL: /…, @{NAME}…, :…, &…; the variable's own name may be cut short to find what follows it. */
uint32_t aaj_scan_label(const char *p, const char *end)
{
    const char *q = p;
    uint32_t n;

    if (*p == '/' || *p == '&') {
        q++;
    } else if (*p == ':') {
        if (p + 1 >= end || p[1] == '=' || !p[1])
            return 0;
        q += 2;
    } else if (*p == '@') {
        n = aaj_scan_variable(p, end);
        if (!n)
            return 0;
        q += n;
        n = post_variable(q);
        /* @NAME without braces: its last letter does for what follows. */
        if (!n && (p[1] == '{' || q - p <= 2))
            return 0;
        q += n;
    } else {
        return 0;
    }
    while (q < end && (n = id_step(q, " \t\"!,", "")))
        q += n;
    return (uint32_t)(q - p);
}

uint32_t aaj_scan_list_value(const char *p, const char *end)
{
    const char *q = p;

    while (q < end) {
        if (*q == '\\' && one_of(q[1], " \t\"!,()"))
            q += 2;
        else if (*q && !one_of(*q, " \t\n\"!,()"))
            q++;
        else
            break;
    }
    return (uint32_t)(q - p);
}

uint32_t aaj_scan_filename(const char *p, const char *end, bool *ret_magic)
{
    const char *q = p + 1;
    uint32_t n;

    *ret_magic = *p == '<';
    if (*p == '"')
        return aaj_scan_quoted(p, end);
    if (*p == '<') {
        if (*q == '"' && (n = aaj_scan_quoted(q, end)))
            return q[n] == '>' ? n + 2 : 0;
        while (q < end && *q && !one_of(*q, "\">\t\r\n"))
            q++;
        return *q == '>' && q > p + 1 ? (uint32_t)(q + 1 - p) : 0;
    }
    for (q = p; q < end && (n = id_step(q, " \t\"!,", "<>")); q += n)
        ;
    return (uint32_t)(q - p);
}

/* Nothing but permissions up to a blank or a comma. */
uint32_t aaj_scan_modes(const char *p, const char *end)
{
    const char *q = p;

    while (q < end && is_alpha(*q)) {
        char c = *q | 0x20;

        if (one_of(c, "rwlmx") || one_of(*q, "ak")) /* no capital A and K */
            q++;
        else if (one_of(c, "iupc") && (q[1] | 0x20) == 'x')
            q += 2;
        else if (one_of(c, "pc") && one_of(q[1] | 0x20, "iu") && (q[2] | 0x20) == 'x')
            q += 3;
        else
            return 0;
    }
    return q > p && one_of(*q, " \t\r\n\v\f,") ? (uint32_t)(q - p) : 0;
}
