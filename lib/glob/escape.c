/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Escape sequences of AppArmor text: \ooo \dnnn \xhh and the letters (apparmor_parser's lib.c). */
#include "glob/escape.h"

#include <stdint.h>
#include <string.h>

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

/* A digit that would make the number exceed a byte is not taken. */
static int number(const char **pos, const char *end, int base, int max_digits)
{
    const char *p = *pos;
    int value = 0, taken = 0;

    while (p < end && taken < max_digits && digit(*p) < base && value * base + digit(*p) <= 255) {
        value = value * base + digit(*p++);
        taken++;
    }
    *pos = p;
    return taken ? value : -1;
}

int aaj_escape_sequence(const char **pos, const char *end, const char *also)
{
    static const char letter[] = "\\\"aefnrt", byte[] = "\\\"\a\033\f\n\r\t";
    const char *p = *pos, *q;
    int value = -1;

    if (p >= end)
        return -1;
    if (*p >= '0' && *p <= '7') {
        value = number(&p, end, 8, 3);
    } else if (*p == 'd') {
        p++;
        value = number(&p, end, 10, 3);
    } else if (*p == 'x') {
        p++;
        value = number(&p, end, 16, 2);
    } else if (*p && (q = strchr(letter, *p))) {
        value = (uint8_t)byte[q - letter];
        p++;
    } else if (*p && strchr(also, *p)) {
        value = (uint8_t)*p++;
    }
    if (value >= 0)
        *pos = p;
    return value;
}
