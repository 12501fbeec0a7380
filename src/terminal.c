/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is printed is UTF-8, with its controls escaped (base/escape.h). A terminal with another character set takes each
 * byte for itself, and there 0x80 to 0x9f are controls: 0x9b begins an escape sequence, and it is the second byte of a Û. A
 * slave that chooses names could so write to the administrator's terminal. There, and only there (files and pipes
 * are the same bytes everywhere), such bytes are shown as numbers.
 */
#include "terminal.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static const char ellipsis[] = "\xe2\x80\xa6";

static bool is_utf8_locale(void)
{
    locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    bool is = locale && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;

    if (locale)
        freelocale(locale);
    return is;
}

bool terminal_is_plain(int fd)
{
    return isatty(fd) && !is_utf8_locale();
}

/* Our own ellipsis in ASCII; a piece that ends within one shows its bytes. */
static ssize_t write_plain(void *cookie, const char *p, size_t n)
{
    struct aaj_str s = { p, n };
    char buf[4096];
    size_t at = 0;
    int r = 0;

    while (r == 0 && s.n) {
        size_t used = 1;

        if (aaj_str_starts(s, aaj_str_c(ellipsis))) {
            at += (size_t)snprintf(buf + at, 8, "...");
            used = strlen(ellipsis);
        } else if (*s.p & 0x80) {
            at += (size_t)snprintf(buf + at, 8, "\\x%02x", (unsigned char)*s.p);
        } else {
            buf[at++] = *s.p;
        }
        s = aaj_str_skip(s, used);
        if (s.n == 0 || at > sizeof(buf) - 8) {
            r = aaj_file_write_fd((int)(intptr_t)cookie, (struct aaj_str){ buf, at });
            at = 0;
        }
    }
    errno = -r;
    return r < 0 ? 0 : (ssize_t)n;
}

FILE *terminal_plain(int fd, int mode)
{
    FILE *f = fopencookie((void *)(intptr_t)fd, "w", (cookie_io_functions_t){ .write = write_plain });

    if (f)
        setvbuf(f, NULL, mode, BUFSIZ);
    return f;
}

int terminal_guard(void)
{
    FILE *out = terminal_is_plain(STDOUT_FILENO) ? terminal_plain(STDOUT_FILENO, _IOLBF) : stdout;
    FILE *err = terminal_is_plain(STDERR_FILENO) ? terminal_plain(STDERR_FILENO, _IONBF) : stderr;

    if (!out || !err)
        return -ENOMEM;
    stdout = out;
    stderr = err;
    return 0;
}
