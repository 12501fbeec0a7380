/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "learn/names.h"

#include "base/grow.h"

enum { NAME_BYTES = 255, MKSTEMP = 6, PYTHON = 8, HEX_MIN = 8, HASH_MIN = 16, BASE64_MIN = 10, EXTENSION_MAX = 12 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_alnum(char c)
{
    return is_digit(c) || is_lower(c) || is_upper(c);
}

struct word {
    unsigned digits, lower, upper; /* counts */
    unsigned hex_lower, hex_upper; /* letters a-f, A-F */
    unsigned changes;              /* between digits, small and capital letters */
};

/* A capital that begins a word, as in "ZendSem", is no change of letters. */
static int sort_of(const char *p, size_t i, size_t n)
{
    if (is_digit(p[i]))
        return 0;
    if (is_upper(p[i]) && !(i + 2 < n && is_lower(p[i + 1]) && is_lower(p[i + 2])))
        return 2;
    return 1;
}

static struct word look_at(const char *p, size_t n)
{
    struct word w = { 0 };

    for (size_t i = 0; i < n; i++) {
        w.digits += is_digit(p[i]);
        w.lower += is_lower(p[i]);
        w.upper += is_upper(p[i]);
        w.hex_lower += p[i] >= 'a' && p[i] <= 'f';
        w.hex_upper += p[i] >= 'A' && p[i] <= 'F';
        w.changes += i && sort_of(p, i, n) != sort_of(p, i - 1, n);
    }
    return w;
}

static bool is_hex(const struct word *w, size_t n)
{
    bool all = (w->upper == 0 && w->hex_lower + w->digits == n) || (w->lower == 0 && w->hex_upper + w->digits == n);

    return all && w->digits < n && (n >= HASH_MIN || (n >= HEX_MIN && w->digits));
}

/* A person writes few changes between letters and digits: "utf8", "php8", "Photo1". */
static bool is_random(const struct word *w, size_t n)
{
    if (n < MKSTEMP)
        return false;
    if (n >= HASH_MIN)
        return (w->digits && w->changes >= 3) || (w->changes >= 5);
    return w->changes >= (n >= 12 ? 4u : 3u);
}

/* Nothing but an extension follows at @at. */
static bool is_end(struct aaj_str name, size_t at)
{
    for (size_t i = at; i < name.n; i++)
        if (!is_lower(name.p[i]) && name.p[i] != '.')
            return false;
    return at == name.n || name.p[at] == '.';
}

/* Letters only, a capital within: "SBXsld", "jKufiR", but not "Upload". */
static bool is_mixed_case(const char *p, size_t n, const struct word *w)
{
    return w->lower && w->upper > (is_upper(p[0]) ? 1u : 0u) && w->lower + w->upper == n;
}

/* "5Nqxzm", but not "agent7". */
static bool has_digit_inside(const char *p, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++)
        if (is_digit(p[i]) && !is_digit(p[i + 1]))
            return true;
    return false;
}

/* Four consonants in a row: "qkdwzn", but not "backup". */
static bool is_unsayable(const char *p, size_t n)
{
    unsigned run = 0;

    for (size_t i = 0; i < n && run < 4; i++)
        run = is_digit(p[i]) || p[i] == '_' || strchr("aeiouyAEIOUY", p[i]) ? 0 : run + 1;
    return run == 4;
}

/*
 * Six letters or digits or more that mkstemp(3) and its like draw. What the slave leaves bears a person's name more
 * often than what it makes and takes away: there two changes will do in a long name, and one letter out of order in
 * one of mkstemp's length.
 */
static bool is_made_up(const char *p, size_t n, const struct word *w, enum aaj_maker maker)
{
    bool out_of_order = is_mixed_case(p, n, w) || has_digit_inside(p, n);

    if (!maker || n < MKSTEMP)
        return false;
    if (maker == AAJ_MADE_FOR_A_WHILE && !(w->upper && w->lower) && is_unsayable(p, n))
        return true;
    if (n > MKSTEMP)
        return maker == AAJ_MADE_FOR_A_WHILE && out_of_order && w->changes >= (w->digits ? 2 : 3);
    return w->changes >= 2 || (out_of_order && (w->changes || maker == AAJ_MADE_FOR_A_WHILE));
}

/* mkstemp(3): a prefix that a person wrote, then six letters or digits at the end. */
static bool has_mkstemp_tail(struct aaj_str name, size_t off, size_t n, enum aaj_maker maker)
{
    const char *p = name.p + off;
    struct word head, tail;

    if (n <= MKSTEMP || !is_end(name, off + n))
        return false;
    head = look_at(p, n - MKSTEMP);
    tail = look_at(p + n - MKSTEMP, MKSTEMP);
    return head.digits == 0 && head.changes == 0 && n - MKSTEMP <= 12 &&
           (tail.changes >= 2 || (tail.upper && tail.changes) ||
            (maker == AAJ_MADE_FOR_A_WHILE && is_made_up(p + n - MKSTEMP, MKSTEMP, &tail, maker)));
}

static bool push(struct aaj_shape *s, enum aaj_piece_kind kind, size_t off, size_t len)
{
    struct aaj_piece *last = s->n ? &s->piece[s->n - 1] : NULL;

    if (len == 0)
        return true;
    if (last && last->kind == AAJ_PIECE_TEXT && kind == AAJ_PIECE_TEXT) {
        last->len = (uint8_t)(last->len + len);
        return true;
    }
    if (s->n == AAJ_SHAPE_PIECES)
        return false;
    s->piece[s->n++] = (struct aaj_piece){ (uint8_t)kind, (uint8_t)off, (uint8_t)len };
    return true;
}

/* "cpu12" is text and a number; so is "12th". */
static bool push_mixed(struct aaj_shape *s, const char *p, size_t off, size_t n)
{
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i; j < n && is_digit(p[off + j]) == is_digit(p[off + i]); j++)
            ;
        if (!push(s, is_digit(p[off + i]) ? AAJ_PIECE_NUMBER : AAJ_PIECE_TEXT, off + i, j - i))
            return false;
    }
    return true;
}

/* What is as long as a UUID leaves nothing else to be made up: no need to guess. */
static bool has_long_random(const struct aaj_shape *s)
{
    for (unsigned i = 0; i < s->n; i++)
        if (s->piece[i].kind == AAJ_PIECE_RANDOM && s->piece[i].len >= 2 * HASH_MIN)
            return true;
    return false;
}

/* "NAME.XXXXXX": what mkstemp(3) puts behind a whole name, however that was made up. */
static bool is_mkstemp_ending(struct aaj_str name, size_t off, size_t n)
{
    return n == MKSTEMP && off + n == name.n && off && name.p[off - 1] == '.';
}

/* Letters and digits right behind a dash and a random part are of the same making: "1xUsKN-0000Co-0Q". */
static bool follows_random(const struct aaj_shape *s, struct aaj_str name, size_t off, size_t n, const struct word *w)
{
    const struct aaj_piece *dash = s->n >= 2 ? &s->piece[s->n - 1] : NULL;

    return dash && w->digits && w->digits < n && n <= MKSTEMP && dash->kind == AAJ_PIECE_TEXT && dash->len == 1 &&
           name.p[off - 1] == '-' && dash[-1].kind == AAJ_PIECE_RANDOM;
}

/* "M707546P759" in a maildir: capitals that tell what the number behind each is. */
static bool is_labelled(const char *p, size_t n, const struct word *w)
{
    if (w->lower || w->upper < 2 || w->digits < 3 * w->upper || !is_upper(p[0]) || is_upper(p[n - 1]))
        return false;
    for (size_t i = 0; i + 1 < n; i++)
        if (is_upper(p[i]) && is_upper(p[i + 1]))
            return false;
    return true;
}

static bool push_word(struct aaj_shape *s, struct aaj_str name, size_t off, size_t n, enum aaj_maker maker)
{
    const char *p = name.p;
    struct word w = look_at(p + off, n);

    if (has_long_random(s) && !(maker == AAJ_MADE_FOR_A_WHILE && is_mkstemp_ending(name, off, n)))
        maker = AAJ_MADE_ELSEWHERE;
    if (w.digits == n)
        return push(s, AAJ_PIECE_NUMBER, off, n);
    if (is_hex(&w, n))
        return push(s, AAJ_PIECE_HEX, off, n);
    if (is_labelled(p + off, n, &w))
        return push_mixed(s, p, off, n);
    if (maker && has_mkstemp_tail(name, off, n, maker))
        return push(s, AAJ_PIECE_TEXT, off, n - MKSTEMP) && push(s, AAJ_PIECE_RANDOM, off + n - MKSTEMP, MKSTEMP);
    if (is_random(&w, n) || follows_random(s, name, off, n, &w) ||
        is_made_up(p + off, n, &w, maker))
        return push(s, AAJ_PIECE_RANDOM, off, n);
    return push_mixed(s, p, off, n);
}

/* Python's tempfile: eight of a-z 0-9 _ behind "tmp" or whatever was asked for. Its length, or 0. */
static size_t python_tail(struct aaj_str name, size_t at, enum aaj_maker maker)
{
    size_t skip = aaj_str_starts(aaj_str_skip(name, at), AAJ_STR("tmp")) ? 3 : 0, n = 0;
    const char *p = name.p + at + skip;

    while (at + skip + n < name.n && (is_lower(p[n]) || is_digit(p[n]) || p[n] == '_'))
        n++;
    if (n != PYTHON || (at + skip + n < name.n && p[n] != '.'))
        return 0;
    if (skip || has_digit_inside(p, n) || (maker == AAJ_MADE_FOR_A_WHILE && is_unsayable(p, n)))
        return skip + n;
    return 0;
}

/*
 * Base64 for names, as secrets.token_urlsafe() writes it: a dash or an underscore seldom, all else in disorder. Its
 * length, or 0.
 */
static size_t base64_run(struct aaj_str name, size_t at)
{
    size_t n = 0, joints = 0, part = 0;
    struct word w;

    for (; at + n < name.n && (is_alnum(name.p[at + n]) || name.p[at + n] == '-' || name.p[at + n] == '_'); n++) {
        if (is_alnum(name.p[at + n]))
            continue;
        w = look_at(name.p + at + part, n - part);
        if (n - part >= 3 && w.changes == 0)
            return 0; /* a word */
        joints++;
        part = n + 1;
    }
    if (n < BASE64_MIN || joints == 0 || joints * 10 > n + 8)
        return 0;
    w = look_at(name.p + at, n);
    return w.digits && w.upper && w.lower && w.changes * 3 >= n ? n : 0;
}

/* 8-4-4-4-12 hexadecimal digits. */
static bool is_uuid(const char *p, size_t n)
{
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool hex;

        if (i >= n)
            return false;
        hex = is_digit(p[i]) || (p[i] >= 'a' && p[i] <= 'f') || (p[i] >= 'A' && p[i] <= 'F');
        if (dash ? p[i] != '-' : !hex)
            return false;
    }
    return n == 36 || !is_alnum(p[36]);
}

void aaj_shape_of(struct aaj_str name, enum aaj_maker maker, struct aaj_shape *ret_shape)
{
    const char *p = name.p;
    bool ok = name.n && name.n <= NAME_BYTES;
    size_t i = 0, j;

    ret_shape->n = 0;
    while (ok && i < name.n) {
        if (is_uuid(p + i, name.n - i) && (i == 0 || !is_alnum(p[i - 1]))) {
            ok = push(ret_shape, AAJ_PIECE_RANDOM, i, 36);
            i += 36;
        } else if (maker && (i == 0 || !is_alnum(p[i - 1])) && (j = base64_run(name, i))) {
            ok = push(ret_shape, AAJ_PIECE_RANDOM, i, j);
            i += j;
        } else if (maker && (i == 0 || !is_alnum(p[i - 1])) && (j = python_tail(name, i, maker))) {
            ok = push(ret_shape, AAJ_PIECE_TEXT, i, j - PYTHON) && push(ret_shape, AAJ_PIECE_RANDOM, i + j - PYTHON, PYTHON);
            i += j;
        } else if (is_alnum(p[i])) {
            for (j = i; j < name.n && is_alnum(p[j]); j++)
                ;
            ok = push_word(ret_shape, name, i, j - i, maker);
            i = j;
        } else {
            ok = push(ret_shape, AAJ_PIECE_TEXT, i, 1);
            i++;
        }
    }
    if (!ok)
        ret_shape->n = 0;
}

void aaj_shape_take_word(struct aaj_shape *s, size_t n)
{
    struct aaj_piece *first = s->piece;

    if (s->n == 0 || first->kind != AAJ_PIECE_TEXT || first->len < n || (first->len > n && s->n == AAJ_SHAPE_PIECES))
        return;
    if (first->len > n) {
        memmove(first + 1, first, s->n * sizeof(*first));
        first[1].off = (uint8_t)n;
        first[1].len = (uint8_t)(first[1].len - n);
        s->n++;
    }
    *first = (struct aaj_piece){ AAJ_PIECE_WORD, 0, (uint8_t)n };
}

struct aaj_str aaj_shape_key(struct aaj_arena *arena, struct aaj_str name, const struct aaj_shape *shape)
{
    char *key = aaj_arena_alloc(arena, name.n + 3 * AAJ_SHAPE_PIECES + 1);
    size_t n = 0;

    if (!key)
        return (struct aaj_str){ 0 };
    if (shape->n == 0) {
        memcpy(key, name.p, name.n);
        return (struct aaj_str){ key, name.n };
    }
    for (unsigned i = 0; i < shape->n; i++) {
        const struct aaj_piece *p = &shape->piece[i];

        if (p->kind == AAJ_PIECE_TEXT) {
            memcpy(key + n, name.p + p->off, p->len);
            n += p->len;
        } else { /* no name holds a NUL */
            key[n++] = '\0';
            key[n++] = (char)p->kind;
            key[n++] = p->kind == AAJ_PIECE_RANDOM ? (char)p->len : 0;
        }
    }
    return (struct aaj_str){ key, n };
}

static struct aaj_str repeat(struct aaj_arena *arena, const char *what, unsigned n)
{
    size_t len = strlen(what);
    char *p = aaj_arena_alloc(arena, len * n + 1);

    if (!p)
        return (struct aaj_str){ 0 };
    for (unsigned i = 0; i < n; i++)
        memcpy(p + i * len, what, len);
    return (struct aaj_str){ p, len * n };
}

struct aaj_str aaj_piece_pattern(struct aaj_arena *arena, enum aaj_piece_kind kind, const struct aaj_piece_range *range)
{
    bool fixed = range->min == range->max;

    switch (kind) {
    case AAJ_PIECE_NUMBER:
        if (fixed && range->zero && range->min >= 2 && range->min < HEX_MIN) /* padded: the width is meant */
            return repeat(arena, "[0-9]", range->min);
        /* 00000001 may be a counter in hexadecimal that did not get far: squid's files, PostgreSQL's segments */
        if (fixed && range->zero && range->min >= HEX_MIN)
            return aaj_str_c(range->full ? "[0-9a-fA-F]*" : "0[0-9a-fA-F]*");
        return aaj_str_c("[0-9]*");
    case AAJ_PIECE_HEX:
        return aaj_str_c(range->upper ? "[0-9A-F]*" : "[0-9a-f]*");
    case AAJ_PIECE_RANDOM:
        return fixed && range->min <= 12 ? repeat(arena, "?", range->min) : aaj_str_c("*");
    case AAJ_PIECE_WORD:
        return aaj_str_c("*");
    default:
        return (struct aaj_str){ 0 };
    }
}

static bool is_extension(struct aaj_str s)
{
    bool letter = false;

    for (size_t i = 1; i < s.n; i++) {
        letter |= is_lower(s.p[i]) || is_upper(s.p[i]);
        if (!is_alnum(s.p[i]) && s.p[i] != '_')
            return false;
    }
    return letter && s.n <= EXTENSION_MAX;
}

struct aaj_str aaj_name_last_extension(struct aaj_str name)
{
    const char *dot = name.n > 1 ? memrchr(name.p + 1, '.', name.n - 1) : NULL;
    struct aaj_str none = { name.p + name.n, 0 }, s;

    if (!dot)
        return none;
    s = aaj_str_skip(name, (size_t)(dot - name.p));
    return is_extension(s) ? s : none;
}

struct aaj_str aaj_name_extension(struct aaj_str name)
{
    struct aaj_str ext = { name.p + name.n, 0 }, rest = name;

    for (int i = 0; i < 3; i++) {
        struct aaj_str one = aaj_name_last_extension(rest);

        if (one.n == 0)
            break;
        rest = aaj_str_head(rest, rest.n - one.n);
        ext = (struct aaj_str){ one.p, ext.n + one.n };
    }
    return ext;
}

bool aaj_is_fixed_kind(struct aaj_str name)
{
    static const char *const fixed[] = { ".pid", ".sock", ".socket", ".lock", ".log" };

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(fixed); i++) {
        struct aaj_str kind = aaj_str_c(fixed[i]), rest = aaj_str_skip(name, aaj_str_search(name, kind) + kind.n);

        if (aaj_str_search(name, kind) < name.n && (rest.n == 0 || rest.p[0] == '.' || rest.p[0] == '-'))
            return true;
    }
    return false;
}
