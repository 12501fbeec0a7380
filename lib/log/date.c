/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dates that syslog daemons and journalctl write. */
#include "log/record.h"

struct cursor {
    const char *p, *end;
};

static bool take(struct cursor *c, char want)
{
    if (c->p >= c->end || *c->p != want)
        return false;
    c->p++;
    return true;
}

/* A number of @min to @max digits; a leading space stands for a digit where @pad. */
static bool number(struct cursor *c, unsigned min, unsigned max, bool pad, int64_t *ret)
{
    const char *p = c->p;
    int64_t v = 0;
    unsigned n = 0;

    if (pad && p < c->end && *p == ' ') {
        p++;
        n++;
    }
    for (; p < c->end && n < max && *p >= '0' && *p <= '9'; p++, n++)
        v = v * 10 + (*p - '0');
    if (n < min || p == c->p || (p[-1] < '0' || p[-1] > '9'))
        return false;
    c->p = p;
    *ret = v;
    return true;
}

int64_t aaj_log_days(int year, unsigned month, unsigned day)
{
    /* Years from March, so that the leap day is the last of a year. */
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + (int64_t)day - 1;

    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void aaj_log_date(int64_t days, int *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;

    *ret_day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
    *ret_month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
    *ret_year = (int)(yoe + era * 400 + (*ret_month <= 2));
}

static bool month_name(struct cursor *c, int64_t *ret_month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    if (c->end - c->p < 4 || c->p[3] != ' ')
        return false;
    for (unsigned m = 0; m < 12; m++)
        if (memcmp(names + m * 3, c->p, 3) == 0) {
            c->p += 4;
            *ret_month = m + 1;
            return true;
        }
    return false;
}

/* "Sat " before a date. */
static void skip_weekday(struct cursor *c)
{
    static const char names[] = "MonTueWedThuFriSatSun";

    if (c->end - c->p < 4 || c->p[3] != ' ')
        return;
    for (unsigned d = 0; d < 7; d++)
        if (memcmp(names + d * 3, c->p, 3) == 0) {
            c->p += 4;
            return;
        }
}

/* hh:mm:ss[.fraction] as milliseconds of the day. */
static bool clock_time(struct cursor *c, int64_t *ret_ms)
{
    int64_t h, m, s, frac = 0;

    if (!number(c, 2, 2, false, &h) || !take(c, ':') || !number(c, 2, 2, false, &m) || !take(c, ':') ||
        !number(c, 2, 2, false, &s) || h > 23 || m > 59 || s > 60)
        return false;
    if (c->p < c->end && (*c->p == '.' || *c->p == ',')) {
        int64_t scale = 100;

        for (c->p++; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++, scale /= 10)
            frac += (*c->p - '0') * scale;
    }
    *ret_ms = ((h * 60 + m) * 60 + s) * 1000 + frac;
    return true;
}

/* Z, ±hh:mm, ±hhmm, ±hh or " UTC" behind the time, as milliseconds east of UTC; nothing is UTC. */
static int64_t zone(struct cursor *c)
{
    int64_t h, m = 0, sign;
    struct cursor t = *c;

    if (take(c, 'Z'))
        return 0;
    if (c->end - c->p >= 4 && memcmp(c->p, " UTC", 4) == 0) {
        c->p += 4;
        return 0;
    }
    if (t.p >= t.end || (*t.p != '+' && *t.p != '-'))
        return 0;
    sign = *t.p++ == '-' ? -1 : 1;
    if (!number(&t, 2, 2, false, &h))
        return 0;
    take(&t, ':');
    (void)number(&t, 2, 2, false, &m);
    *c = t;
    return sign * (h * 60 + m) * 60000;
}

/* Seconds since the epoch with a fraction (journalctl -o short-unix). */
static size_t unix_time(struct aaj_str text, int64_t *ret_ms)
{
    struct cursor c = { text.p, text.p + text.n };
    int64_t s, frac = 0, scale = 100;

    if (!number(&c, 9, 11, false, &s) || !take(&c, '.'))
        return 0;
    for (; c.p < c.end && *c.p >= '0' && *c.p <= '9'; c.p++, scale /= 10)
        frac += (*c.p - '0') * scale;
    *ret_ms = s * 1000 + frac;
    return (size_t)(c.p - text.p);
}

/* Two digits, or 100 and more. */
static unsigned two(const char *p)
{
    unsigned a = (unsigned)(unsigned char)p[0] - '0', b = (unsigned)(unsigned char)p[1] - '0';

    return a < 10 && b < 10 ? a * 10 + b : 100;
}

/* ".955212" or ",955": thousandths, whatever else follows. */
static int64_t fraction(struct cursor *c)
{
    int64_t scale = 100, ms = 0;

    if (c->p >= c->end || (*c->p != '.' && *c->p != ','))
        return 0;
    for (c->p++; scale && c->p < c->end && (unsigned char)(*c->p - '0') < 10; c->p++, scale /= 10)
        ms += (*c->p - '0') * scale;
    while (c->p < c->end && (unsigned char)(*c->p - '0') < 10)
        c->p++;
    return ms;
}

/* "+00:00" and the like of rsyslog; else as zone(). */
static int64_t iso_zone(struct cursor *c)
{
    const char *p = c->p;
    unsigned h, m;

    if (c->end - p < 6 || (*p != '+' && *p != '-') || p[3] != ':')
        return zone(c);
    h = two(p + 1), m = two(p + 4);
    if (h > 99 || m > 99)
        return zone(c);
    c->p += 6;
    return (*p == '-' ? -1 : 1) * (int64_t)(h * 60 + m) * 60000;
}

/* "2026-11-21T21:47:06" of rsyslog and journalctl, which nearly every dated line begins with; else 0. */
static size_t iso_date(struct aaj_str text, int64_t *ret_ms)
{
    const char *p = text.p;
    struct cursor c = { p + 19, p + text.n };
    unsigned century, year, month, day, h, m, s;
    int64_t ms;

    if (text.n < 20 || p[4] != '-' || p[7] != '-' || (p[10] != 'T' && p[10] != ' ') || p[13] != ':' || p[16] != ':')
        return 0;
    century = two(p), year = two(p + 2), month = two(p + 5), day = two(p + 8);
    h = two(p + 11), m = two(p + 14), s = two(p + 17);
    if (century > 99 || year > 99 || century + year == 0 || month < 1 || month > 12 || day < 1 || day > 31 || h > 23 ||
        m > 59 || s > 60)
        return 0;
    ms = fraction(&c);
    ms += ((int64_t)h * 3600 + m * 60 + s) * 1000 - iso_zone(&c);
    *ret_ms = aaj_log_days((int)(century * 100 + year), month, day) * 86400000 + ms;
    return (size_t)(c.p - p);
}

size_t aaj_log_date_parse(struct aaj_str text, int64_t *ret_ms)
{
    struct cursor c = { text.p, text.p + text.n };
    int64_t year = 0, month, day, ms;
    size_t n = iso_date(text, ret_ms);

    if (n)
        return n;
    if (text.n > 10 && text.p[0] >= '0' && text.p[0] <= '9' && text.p[4] != '-')
        return unix_time(text, ret_ms);
    skip_weekday(&c);
    if (month_name(&c, &month)) {
        if (!number(&c, 1, 2, true, &day) || !take(&c, ' '))
            return 0;
    } else if (!number(&c, 4, 4, false, &year) || !take(&c, '-') || !number(&c, 2, 2, false, &month) ||
               !take(&c, '-') || !number(&c, 2, 2, false, &day) || (!take(&c, 'T') && !take(&c, ' '))) {
        return 0;
    }
    if (month < 1 || month > 12 || day < 1 || day > 31 || !clock_time(&c, &ms))
        return 0;
    ms -= zone(&c);
    *ret_ms = year ? aaj_log_days((int)year, (unsigned)month, (unsigned)day) * 86400000 + ms : 0;
    return (size_t)(c.p - text.p);
}
