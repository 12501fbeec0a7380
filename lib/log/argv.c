/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log/argv.h"

#include <string.h>

#include "log/field.h"
#include "log/scan.h"

static const struct aaj_str more_mark = AAJ_STR_INIT("…"), blot = AAJ_STR_INIT("***");

/* ---- reading ---- */

/* A value: "text" or bytes in hex. False when it is neither, or hex of half a byte. A word ends at a NUL. */
static bool put_word(struct aaj_argv *argv, struct aaj_str value, bool quoted, bool whole)
{
    char *out = argv->word[argv->n];
    size_t n = 0, at = 0;

    if (!quoted && value.n % 2)
        return false;
    for (; at < value.n && n < AAJ_ARGV_WORD_MAX; n++) {
        int hi = quoted ? 0 : aaj_hex_digit(value.p[at]), lo = quoted ? 0 : aaj_hex_digit(value.p[at + 1]);

        if (hi < 0 || lo < 0)
            return false;
        out[n] = quoted ? value.p[at] : (char)(hi << 4 | lo);
        if (!out[n])
            break;
        at += quoted ? 1 : 2;
    }
    argv->len[argv->n] = (uint16_t)n;
    argv->cut[argv->n] = !whole || (at < value.n && n == AAJ_ARGV_WORD_MAX);
    argv->n++;
    return true;
}

/* "KEY=VALUE" off the front of @s; false at its end. */
static bool next(struct aaj_str *s, struct aaj_str *key, struct aaj_str *value, bool *quoted)
{
    const char *p = s->p, *end = s->p + s->n, *stop;

    while (p < end && aaj_is_blank(*p))
        p++;
    stop = aaj_scan_byte(p, end, '=');
    if (stop == end)
        return false;
    *key = (struct aaj_str){ p, (size_t)(stop - p) };
    p = stop + 1;
    *quoted = p < end && *p == '"';
    p += *quoted;
    stop = *quoted ? aaj_scan_byte(p, end, '"') : aaj_scan_blank(p, end);
    *value = (struct aaj_str){ p, (size_t)(stop - p) };
    stop += *quoted && stop < end;
    *s = (struct aaj_str){ stop, (size_t)(end - stop) };
    return true;
}

/* "a12", "a12[0]": which word, and of a piece the first; false for a1_len= and later pieces. */
static bool is_word(struct aaj_str key, uint64_t *ret_number, bool *ret_whole)
{
    size_t at = aaj_str_find(key, '[');

    *ret_whole = at == key.n;
    return key.n > 1 && key.p[0] == 'a' && aaj_log_number(aaj_str_head(aaj_str_skip(key, 1), at - 1), ret_number) &&
           (*ret_whole || aaj_str_eq(aaj_str_skip(key, at), AAJ_STR("[0]")));
}

static bool is_complete(const struct aaj_argv *argv)
{
    return argv->n && (argv->n == AAJ_ARGV_WORDS || argv->n == argv->argc);
}

bool aaj_argv_take(struct aaj_argv *argv, const struct aaj_log_head *head)
{
    struct aaj_str rest = head->payload, key, value;
    uint64_t number;
    bool quoted, whole;

    if (aaj_str_starts(rest, AAJ_STR("argc="))) {
        *argv = (struct aaj_argv){ .time_ms = head->time_ms, .serial = head->serial };
        if (!next(&rest, &key, &value, &quoted) || !aaj_log_number(value, &argv->argc))
            argv->argc = 0;
    } else if (argv->serial != head->serial || argv->time_ms != head->time_ms || is_complete(argv)) {
        return false;
    }
    while (argv->argc && !is_complete(argv) && next(&rest, &key, &value, &quoted))
        if (is_word(key, &number, &whole) && number == argv->n && !put_word(argv, value, quoted, whole))
            argv->argc = 0; /* not what a kernel writes */
    return argv->argc && is_complete(argv);
}

/* ---- blotting out ---- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Does @s end in a word that names a secret: "DB_PASSWORD", "--token", "api-key"? */
static bool names_secret(struct aaj_str s)
{
    static const struct aaj_str secrets[] = {
        AAJ_STR_INIT("pass"),   AAJ_STR_INIT("passwd"),     AAJ_STR_INIT("password"),    AAJ_STR_INIT("passphrase"),
        AAJ_STR_INIT("pwd"),    AAJ_STR_INIT("secret"),     AAJ_STR_INIT("token"),       AAJ_STR_INIT("key"),
        AAJ_STR_INIT("apikey"), AAJ_STR_INIT("credential"), AAJ_STR_INIT("credentials"), AAJ_STR_INIT("authorization"),
        AAJ_STR_INIT("cookie")
    };

    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        struct aaj_str want = secrets[i];
        size_t at = s.n - want.n, same = 0;

        if (s.n < want.n)
            continue;
        while (same < want.n && lower(s.p[at + same]) == want.p[same])
            same++;
        if (same == want.n)
            return true;
    }
    return false;
}

static bool ends_value(char c)
{
    return aaj_is_blank(c) || c == '"' || c == '\'' || c == ';' || c == '&' || c == '|';
}

/* The value behind the secret's name that ends at @i: "password=…", "token: '…'", "--password …". False where there is
 * none. */
static bool named_value(struct aaj_str word, size_t i, size_t *ret_start, size_t *ret_end)
{
    char c = word.p[i];
    size_t from = i, start = i + 1, end;

    if (c != '=' && c != ':' && c != ' ')
        return false;
    while (from > 0 && !ends_value(word.p[from - 1]))
        from--;
    if ((c == ' ' && word.p[from] != '-') || !names_secret(aaj_str_head(aaj_str_skip(word, from), i - from)))
        return false;
    while (start < word.n && (word.p[start] == ' ' || word.p[start] == '"' || word.p[start] == '\''))
        start++;
    for (end = start; end < word.n && !ends_value(word.p[end]);)
        end++;
    *ret_start = start;
    *ret_end = end;
    return start < end;
}

/* The password of "://user:password@" whose colon is at @i. */
static bool url_value(struct aaj_str word, size_t i, size_t *ret_start, size_t *ret_end)
{
    struct aaj_str rest = aaj_str_skip(word, i);
    size_t end = 3, colon;

    if (!aaj_str_starts(rest, AAJ_STR("://")))
        return false;
    while (end < rest.n && !ends_value(rest.p[end]) && rest.p[end] != '/')
        end++;
    rest = aaj_str_head(rest, end);
    end = aaj_str_find(rest, '@');
    colon = 3 + aaj_str_find(aaj_str_skip(rest, 3), ':');
    if (end == rest.n || colon >= end)
        return false;
    *ret_start = i + colon + 1;
    *ret_end = i + end;
    return true;
}

static size_t append(char *buf, size_t n, struct aaj_str s)
{
    if (s.n)
        memcpy(buf + n, s.p, s.n);
    return n + s.n;
}

/* One word, its secrets blotted out: no longer than AAJ_ARGV_WORD_MAX, since what does not fit is cut. */
static size_t put_clean(char *buf, size_t n, struct aaj_str word, bool *ret_cut)
{
    size_t done = 0, start, end, first = n;

    for (size_t i = 0; i < word.n; i++) {
        if (i < done || !(named_value(word, i, &start, &end) || url_value(word, i, &start, &end)))
            continue;
        if (n - first + (start - done) + blot.n > AAJ_ARGV_WORD_MAX) {
            *ret_cut = true;
            word.n = start;
            break;
        }
        n = append(buf, n, (struct aaj_str){ word.p + done, start - done });
        n = append(buf, n, blot);
        done = end;
    }
    word = aaj_str_skip(word, done);
    if (n - first + word.n > AAJ_ARGV_WORD_MAX) {
        *ret_cut = true;
        word = aaj_str_head(word, AAJ_ARGV_WORD_MAX - (n - first));
    }
    return append(buf, n, word);
}

/* Not in the middle of a character. */
static size_t whole_characters(const char *word, size_t n)
{
    size_t back = 0;

    while (back < 3 && back < n && ((unsigned char)word[n - 1 - back] & 0xc0) == 0x80)
        back++;
    if (back < n && (unsigned char)word[n - 1 - back] >= 0xc0)
        return n - 1 - back;
    return n;
}

struct aaj_str aaj_argv_text(const struct aaj_argv *argv, char *buf)
{
    bool next_is_secret = false;
    size_t n = 0;

    for (unsigned i = 0; i < argv->n; i++) {
        struct aaj_str word = { argv->word[i], argv->len[i] };
        bool cut = argv->cut[i];
        size_t first;

        if (i)
            buf[n++] = '\0';
        first = n;
        n = next_is_secret ? append(buf, n, blot) : put_clean(buf, n, word, &cut);
        if (cut && !next_is_secret)
            n = append(buf, first + whole_characters(buf + first, n - first), more_mark);
        next_is_secret = word.n > 1 && word.p[0] == '-' && names_secret(word);
    }
    if (argv->argc > argv->n) {
        buf[n++] = '\0';
        n = append(buf, n, more_mark);
    }
    return (struct aaj_str){ buf, n };
}
