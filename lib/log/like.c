/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lines of a syslog begin alike:
 *
 *     2026-11-21T21:17:07.095000+00:00 web1 kernel: [   10.001000] audit: type=1400 audit(1795295827.095:1000):
 * apparmor=… Nov 21 21:17:07 web1 kernel: [   10.001000] audit: type=1400 audit(1795295827.095:1000): apparmor=…
 *                     ^^^ seconds           ^^^^^ stamp
 *
 * Where all up to "audit(" is as it was in an earlier line, but for the seconds, their fraction and the stamp, it means
 * what it meant there, and need not be taken apart again: host, type and channel are the same, and the time is that of
 * the audit id. Whatever differs in anything else is read from its start.
 */
#include "log/record.h"
#include "log/scan.h"

enum { STAMP_MAX = 40, SECONDS_MAX = 60 }; /* as in head.c and date.c */

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static bool same(const char *line, const char *text, size_t from, size_t to)
{
    return memcmp(line + from, text + from, to - from) == 0;
}

/* "07.095000", as long as that of @like. */
static bool seconds(const char *line, const struct aaj_log_like *like)
{
    size_t i = like->seconds + 2u;

    if (!is_digit(line[i - 2]) || !is_digit(line[i - 1]) ||
        (line[i - 2] - '0') * 10 + (line[i - 1] - '0') > SECONDS_MAX)
        return false;
    if (i < like->behind && line[i] != like->text[i])
        return false;
    for (i++; i < like->behind; i++)
        if (!is_digit(line[i]))
            return false;
    return true;
}

/* How much longer the stamp is than that of @like; -1: it is no stamp. */
static ptrdiff_t stamp(struct aaj_str line, const struct aaj_log_like *like)
{
    struct aaj_str text = aaj_str_head(aaj_str_skip(line, like->open), STAMP_MAX);
    size_t end = (size_t)(aaj_scan_byte(text.p, text.p + text.n, ']') - text.p);

    return end < text.n ? (ptrdiff_t)(like->open + end) : -1;
}

/* True where the line begins so: *ret_n bytes, up to and with "audit(". */
static bool begins(struct aaj_str line, const struct aaj_log_like *like, size_t *ret_n)
{
    size_t rest = like->n - like->close;
    ptrdiff_t close;

    if (line.n < like->n || !same(line.p, like->text, 0, like->seconds) || !seconds(line.p, like))
        return false;
    *ret_n = like->n;
    if (!like->open)
        return same(line.p, like->text, like->behind, like->n);
    if (!same(line.p, like->text, like->behind, like->open + 1u))
        return false;
    close = stamp(line, like);
    if (close < 0 || line.n - (size_t)close < rest || memcmp(line.p + close, like->text + like->close, rest) != 0)
        return false;
    *ret_n = (size_t)close + rest;
    return true;
}

static bool as_before(struct aaj_str line, const struct aaj_log_like *like, struct aaj_log_head *head)
{
    size_t n;

    if (!like->n || !begins(line, like, &n))
        return false;
    *head = (struct aaj_log_head){
        .line = line,
        .host = { line.p + like->host, like->host_n },
        .type_name = { line.p + n - like->n + like->type_name, like->type_name_n },
        .type = like->type,
        .channel = AAJ_CHANNEL_KERNEL,
    };
    return aaj_log_head_id(aaj_str_skip(line, n), head);
}

/* ---- remembering ---- */

/* Where "mm:ss" of "hh:mm:ss" has its seconds; 0: there is no such time. */
static uint8_t seconds_in(const char *date, size_t n)
{
    for (size_t i = 0; i + 8 <= n; i++)
        if (is_digit(date[i]) && date[i + 2] == ':' && is_digit(date[i + 3]) && date[i + 5] == ':' &&
            is_digit(date[i + 6]))
            return (uint8_t)(i + 6);
    return 0;
}

static size_t fraction_end(const char *date, size_t n, size_t at)
{
    if (at >= n || (date[at] != '.' && date[at] != ','))
        return at;
    for (at++; at < n && is_digit(date[at]);)
        at++;
    return at;
}

/* Remembers a line of the form that is shown above; of any other, nothing. */
static void remember(struct aaj_log_like *like, const struct aaj_log_head *head)
{
    static const struct aaj_str program = AAJ_STR_INIT(" kernel: ");
    struct aaj_str line = head->line, rest;
    size_t n = (size_t)(head->id.p - line.p), at;
    int64_t ms;
    bool typed;

    like->n = 0;
    at = n <= AAJ_LOG_LIKE_MAX ? aaj_log_date_parse(line, &ms) : 0;
    if (!at || !seconds_in(line.p, at) || line.p[at] != ' ' || head->host.p != line.p + at + 1)
        return;
    rest = aaj_str_skip(line, at + 1 + head->host.n);
    if (!aaj_str_starts(rest, program))
        return;
    like->seconds = seconds_in(line.p, at);
    like->behind = (uint8_t)fraction_end(line.p, at, like->seconds + 2u);
    at = (size_t)(rest.p - line.p) + program.n;
    like->open = line.p[at] == '[' ? (uint8_t)at : 0;
    at += aaj_str_find(aaj_str_skip(line, at), ']');
    if (like->open && (at >= n || at - like->open >= STAMP_MAX))
        return;
    like->close = like->open ? (uint8_t)at : 0;
    like->host = (uint8_t)(head->host.p - line.p);
    like->host_n = (uint8_t)head->host.n;
    typed = head->type_name.n && head->type_name.p < head->id.p; /* else it is said behind the id, each time */
    like->type_name = typed ? (uint8_t)(head->type_name.p - line.p) : 0;
    like->type_name_n = typed ? (uint8_t)head->type_name.n : 0;
    like->type = typed ? head->type : 0;
    memcpy(like->text, line.p, n);
    like->n = (uint8_t)n;
}

void aaj_log_head_parse_like(struct aaj_str line, struct aaj_log_like *like, struct aaj_log_head *head)
{
    if (as_before(line, like, head))
        return;
    aaj_log_head_parse(line, head);
    if (head->kind == AAJ_LINE_APPARMOR && head->channel == AAJ_CHANNEL_KERNEL && head->id.n)
        remember(like, head);
}
