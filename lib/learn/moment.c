/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers in names that tell when, or by whom, the name was made up. */
#include "learn/names.h"

static bool is_number(const struct aaj_shape *s, unsigned i, unsigned len)
{
    return i < s->n && s->piece[i].kind == AAJ_PIECE_NUMBER && s->piece[i].len == len;
}

/* 2024-01-31 */
static bool is_in_date(const struct aaj_shape *s, unsigned i)
{
    for (unsigned first = i >= 4 ? i - 4 : 0; first <= i; first++)
        if (is_number(s, first, 4) && is_number(s, first + 2, 2) && is_number(s, first + 4, 2) &&
            s->piece[first + 1].len == 1 && s->piece[first + 3].len == 1)
            return true;
    return false;
}

static unsigned two_digits(const char *p)
{
    return (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
}

/* 2024-01, and no day behind it: the name ends, or goes on without a number or with one of its own, "2024-01.7310". */
static bool is_in_month(struct aaj_str name, const struct aaj_shape *s, unsigned i)
{
    unsigned first = i >= 2 && is_number(s, i, 2) ? i - 2 : i;
    const char *year, *month;

    if (!is_number(s, first, 4) || !is_number(s, first + 2, 2) || s->piece[first + 1].len != 1)
        return false;
    if (first + 4 < s->n && s->piece[first + 4].kind == AAJ_PIECE_NUMBER && s->piece[first + 3].len == 1 &&
        name.p[s->piece[first + 3].off] == name.p[s->piece[first + 1].off])
        return false;
    year = name.p + s->piece[first].off;
    month = name.p + s->piece[first + 2].off;
    return (two_digits(year) == 19 || two_digits(year) == 20) && two_digits(month) >= 1 && two_digits(month) <= 12;
}

/* 20240131, and with a time of day behind it. */
static bool is_day(struct aaj_str number)
{
    const char *p = number.p;

    return (number.n == 8 || number.n == 12 || number.n == 14) && (two_digits(p) == 19 || two_digits(p) == 20) &&
           two_digits(p + 4) >= 1 && two_digits(p + 4) <= 12 && two_digits(p + 6) >= 1 && two_digits(p + 6) <= 31;
}

/* Seconds since 1970, or thousandths, millionths of them: until 2033 they begin with a 1. */
static bool is_since_1970(struct aaj_str number)
{
    return number.p[0] == '1' && (number.n == 10 || number.n == 13 || number.n == 16 || number.n == 19);
}

bool aaj_piece_is_moment(struct aaj_str name, const struct aaj_shape *s, unsigned i)
{
    struct aaj_str number = aaj_piece_text(name, &s->piece[i]);

    return is_in_date(s, i) || is_in_month(name, s, i) || is_day(number) || is_since_1970(number);
}

bool aaj_piece_is_labelled(struct aaj_str name, const struct aaj_shape *s, unsigned i)
{
    for (unsigned other = i < 2 ? i + 2 : i - 2; other <= i + 2; other += 4) {
        unsigned label = other < i ? i - 1 : i + 1;

        if (other < s->n && s->piece[other].kind == AAJ_PIECE_NUMBER && s->piece[other].len >= 4 &&
            s->piece[label].len == 1 && name.p[s->piece[label].off] >= 'A' && name.p[s->piece[label].off] <= 'Z')
            return true;
    }
    return false;
}
