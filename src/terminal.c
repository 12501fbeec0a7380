/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names, lines and policy text are chosen by others; what is printed of them is escaped where it is printed
 * (base/escape.h), and files are as they are. But a recording, a formatted profile or JSON may be printed as well,
 * where letters that control a terminal are good text; so a last look at all that reaches a terminal is taken here,
 * where nobody can forget it.
 *
 * What is printed is UTF-8. A terminal with another character set takes each byte for itself, and there 0x80 to 0x9f
 * are controls: 0x9b begins an escape sequence, and it is the second byte of a Û. There each byte that is not ASCII is
 * shown as a number.
 */
#include "terminal.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "verb.h"

enum { HELD_MAX = 8, ESCAPED_MAX = 16, PIECE = 4096 };

struct terminal {
    int fd;
    bool plain;
    char held[HELD_MAX]; /* the beginning of a letter whose rest was not written yet */
    size_t n_held;
};

/* What we write for looks: bold, the colours of findings, and their end. */
static const char *const looks[] = { "\033[0m", "\033[1m", "\033[31m", "\033[35m", "\033[36m" };
enum { N_LOOKS = sizeof(looks) / sizeof(looks[0]) };

static const char ellipsis[] = "\xe2\x80\xa6";

static bool is_utf8_locale(void)
{
    locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    bool is = locale && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;

    if (locale)
        freelocale(locale);
    return is;
}

/* Is all of @s the beginning of @whole, and more to come? */
static bool begins(struct aaj_str s, const char *whole)
{
    return s.n < strlen(whole) && memcmp(s.p, whole, s.n) == 0;
}

/* Is all of @s the beginning of one letter of UTF-8, and more to come? */
static bool begins_letter(struct aaj_str s)
{
    unsigned char c = (unsigned char)*s.p;
    size_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    for (size_t i = 1; i < s.n; i++)
        if ((s.p[i] & 0xc0) != 0x80)
            return false;
    return s.n < n;
}

static bool is_unfinished(const struct terminal *t, struct aaj_str s)
{
    for (size_t i = 0; i < N_LOOKS; i++)
        if (begins(s, looks[i]))
            return true;
    return t->plain ? begins(s, ellipsis) : begins_letter(s);
}

/* What one letter of @s becomes, into @buf; returns the bytes used of @s. */
static size_t show_one(const struct terminal *t, struct aaj_str s, char buf[static ESCAPED_MAX], size_t *ret_len)
{
    size_t used = 1;
    uint32_t cp;

    for (size_t i = 0; i < N_LOOKS; i++)
        if (aaj_str_starts(s, aaj_str_c(looks[i]))) {
            *ret_len = (size_t)snprintf(buf, ESCAPED_MAX, "%s", looks[i]);
            return *ret_len;
        }
    if (t->plain && aaj_str_starts(s, aaj_str_c(ellipsis))) {
        *ret_len = (size_t)snprintf(buf, ESCAPED_MAX, "...");
        return strlen(ellipsis);
    }
    if (!t->plain && (used = aaj_utf8_next(s, &cp)) > 1 && !aaj_escape_harmful(cp)) {
        memcpy(buf, s.p, used);
        *ret_len = used;
        return used;
    }
    if (*s.p == '\n' || *s.p == '\t' || (*s.p >= ' ' && *s.p <= '~')) {
        *buf = *s.p;
        *ret_len = 1;
    } else {
        *ret_len = (size_t)snprintf(buf, ESCAPED_MAX, "\\x%02x", (unsigned char)*s.p);
    }
    return 1;
}

/* Shows @s but for an unfinished letter at its end, which is held. */
static int show(struct terminal *t, struct aaj_str s)
{
    char buf[PIECE];
    size_t at = 0, len;
    int r = 0;

    t->n_held = 0;
    while (r == 0 && s.n) {
        if (s.n < HELD_MAX && is_unfinished(t, s)) {
            memcpy(t->held, s.p, s.n);
            t->n_held = s.n;
            break;
        }
        s = aaj_str_skip(s, show_one(t, s, buf + at, &len));
        at += len;
        if (at > sizeof(buf) - ESCAPED_MAX) {
            r = aaj_file_write_fd(t->fd, (struct aaj_str){ buf, at });
            at = 0;
        }
    }
    return r < 0 ? r : aaj_file_write_fd(t->fd, (struct aaj_str){ buf, at });
}

static ssize_t write_shown(void *cookie, const char *p, size_t n)
{
    struct terminal *t = cookie;
    char piece[PIECE];
    int r = 0;

    for (size_t taken = 0; r == 0 && taken < n;) {
        size_t room = sizeof(piece) - t->n_held, part = n - taken < room ? n - taken : room, held = t->n_held;

        memcpy(piece, t->held, held);
        memcpy(piece + held, p + taken, part);
        taken += part;
        r = show(t, (struct aaj_str){ piece, held + part });
    }
    errno = -r;
    return r < 0 ? 0 : (ssize_t)n;
}

static FILE *open_on(struct terminal *t, int mode, cookie_close_function_t *close)
{
    FILE *f = fopencookie(t, "w", (cookie_io_functions_t){ .write = write_shown, .close = close });

    if (f)
        setvbuf(f, NULL, mode, BUFSIZ);
    return f;
}

static int close_terminal(void *cookie)
{
    free(cookie);
    return 0;
}

FILE *terminal_open(int fd, bool plain, int mode)
{
    struct terminal *t = calloc(1, sizeof(*t));
    FILE *f;

    if (!t)
        return NULL;
    *t = (struct terminal){ .fd = fd, .plain = plain };
    f = open_on(t, mode, close_terminal);
    if (!f)
        free(t);
    return f;
}

bool terminal_is_plain(int fd)
{
    return isatty(fd) && !is_utf8_locale();
}

int terminal_guard(void)
{
    /* of the process: they are not closed before it ends */
    static struct terminal of_out = { .fd = STDOUT_FILENO }, of_err = { .fd = STDERR_FILENO };
    FILE *out, *err;

    of_out.plain = terminal_is_plain(STDOUT_FILENO);
    of_err.plain = terminal_is_plain(STDERR_FILENO);
    out = isatty(STDOUT_FILENO) ? open_on(&of_out, _IOLBF, NULL) : stdout;
    err = isatty(STDERR_FILENO) ? open_on(&of_err, _IONBF, NULL) : stderr;
    if (!out || !err)
        return -ENOMEM;
    stdout = out;
    stderr = err;
    return 0;
}

int terminal_fd(FILE *f)
{
    return f == stdout ? STDOUT_FILENO : f == stderr ? STDERR_FILENO : fileno(f);
}

int output_write(const char *path, struct aaj_str text, mode_t mode)
{
    if (strcmp(path, "-") != 0)
        return aaj_file_write(path, text, mode);
    return fwrite(text.p, 1, text.n, stdout) == text.n && fflush(stdout) == 0 ? 0 : -errno;
}

struct aaj_str output_name(const char *path)
{
    return aaj_str_c(strcmp(path, "-") == 0 ? "standard output" : path);
}

int output_end(int status)
{
    if ((fflush(stdout) == 0 && !ferror(stdout)) || status >= EXIT_REFUSED)
        return status;
    fprintf(stderr, "aajail: cannot write standard output\n");
    return EXIT_REFUSED;
}
