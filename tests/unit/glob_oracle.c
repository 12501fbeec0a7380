/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "glob_oracle.h"

#include <string.h>

enum { MAX_TOKENS = 64, MAX_NAME = 64 };

enum kind { BYTE, ONE, STAR, STARS, SET, OPEN, COMMA, CLOSE };

struct token {
    enum kind kind;
    char byte;
    bool one;      /* STAR, STARS: needs a character that is no slash */
    const char *p; /* SET: behind the bracket */
};

static int scan(const char *glob, struct token *t)
{
    int n = 0, depth = 0;

    for (const char *p = glob; *p; p++, n++) {
        t[n] = (struct token){ .kind = BYTE, .byte = *p };
        if (*p == '\\') {
            t[n].byte = *++p;
        } else if (*p == '?') {
            t[n].kind = ONE;
        } else if (*p == '*') {
            const char *q = p + strspn(p, "*");

            t[n].one = n > 0 && t[n - 1].kind == BYTE && t[n - 1].byte == '/' && (*q == '/' || !*q);
            t[n].kind = p[1] == '*' ? STARS : STAR;
            p += p[1] == '*';
        } else if (*p == '[') {
            t[n].kind = SET;
            t[n].p = p + 1;
            p = strchr(p, ']');
        } else if (*p == '{') {
            t[n].kind = OPEN;
            depth++;
        } else if (*p == '}') {
            t[n].kind = CLOSE;
            depth--;
        } else if (*p == ',' && depth) {
            t[n].kind = COMMA;
        }
    }
    return n;
}

static bool in_set(const char *p, char c)
{
    bool negate = *p == '^', found = false;

    for (p += negate; *p != ']'; p++) {
        if (p[1] == '-' && p[2] != ']') {
            found |= c >= p[0] && c <= p[2];
            p += 2;
        } else {
            found |= *p == c;
        }
    }
    return found != negate;
}

static bool flat_match(const struct token *t, int n, const char *s, int len)
{
    bool can[MAX_TOKENS * 2 + 1][MAX_NAME + 1] = { 0 };

    /* can[i][j]: the first i tokens match the first j bytes. */
    can[0][0] = true;
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= len; j++) {
            if (!can[i][j])
                continue;
            if (t[i].kind == STAR || t[i].kind == STARS) {
                int k = j;

                if (t[i].one && (k == len || s[k++] == '/'))
                    continue;
                can[i + 1][k] = true;
                while (k < len && (t[i].kind == STARS || s[k] != '/'))
                    can[i + 1][++k] = true;
            } else if (j < len && ((t[i].kind == BYTE && s[j] == t[i].byte) ||
                                   (t[i].kind == ONE && s[j] != '/') ||
                                   (t[i].kind == SET && in_set(t[i].p, s[j])))) {
                can[i + 1][j + 1] = true;
            }
        }
    return can[n][len];
}

/* Replaces the first group by each of its alternatives in turn. */
static bool expand(const struct token *t, int n, const char *s, int len)
{
    struct token flat[MAX_TOKENS];
    int open = 0, close, depth = 0;

    while (open < n && t[open].kind != OPEN)
        open++;
    if (open == n)
        return flat_match(t, n, s, len);
    for (close = open; close < n; close++) {
        depth += (t[close].kind == OPEN) - (t[close].kind == CLOSE);
        if (depth == 0)
            break;
    }
    for (int from = open + 1, i = from; i <= close; i++) {
        depth += (t[i].kind == OPEN) - (t[i].kind == CLOSE);
        if (i < close && !(t[i].kind == COMMA && depth == 0))
            continue;
        memcpy(flat, t, sizeof(*t) * (size_t)open);
        memcpy(flat + open, t + from, sizeof(*t) * (size_t)(i - from));
        memcpy(flat + open + i - from, t + close + 1, sizeof(*t) * (size_t)(n - close - 1));
        if (expand(flat, open + i - from + n - close - 1, s, len))
            return true;
        from = i + 1;
    }
    return false;
}

bool oracle_match(const char *glob, const char *name)
{
    struct token t[MAX_TOKENS];
    int n = scan(glob, t);

    return expand(t, n, name, (int)strlen(name));
}
