/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"

/* Serial lines in the order in which the host side lays them out: CMD's output, its errors, and what this
 * program has to say. See lib/lab/machine.c. */
enum { LINE_OUT, LINE_ERR, LINE_CONTROL, LINES };
static int line[LINES] = { -1, -1, -1 };

static void power_off(void)
{
    drain_audit();
    for (int i = 0; i < LINES; i++)
        if (line[i] >= 0)
            tcdrain(line[i]);
    sync();
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
}

/* One line on the control channel; a newline inside would end it early. */
__attribute__((format(printf, 2, 0))) static void tell(const char *kind, const char *fmt, va_list ap)
{
    char text[PATH_MAX + 512];
    int n = snprintf(text, sizeof(text), "%s ", kind);

    n += vsnprintf(text + n, sizeof(text) - (size_t)n - 1, fmt, ap);
    if (n > (int)sizeof(text) - 2)
        n = (int)sizeof(text) - 2;
    for (int i = 0; i < n; i++)
        if (text[i] == '\n')
            text[i] = ' ';
    text[n++] = '\n';
    (void)!write(line[LINE_CONTROL] >= 0 ? line[LINE_CONTROL] : 2, text, (size_t)n);
}

void die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    tell("die", fmt, ap);
    va_end(ap);
    power_off();
    abort();
}

void warn_host(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    tell("warn", fmt, ap);
    va_end(ap);
}

void tell_host(const char *kind, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    tell(kind, fmt, ap);
    va_end(ap);
}

static int open_line(int n)
{
    char path[32];
    struct termios t;
    int fd;

    snprintf(path, sizeof(path), "/dev/ttyS%d", n);
    fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        die("cannot open %s: %s", path, strerror(errno));
    if (tcgetattr(fd, &t) == 0) { /* bytes as they are */
        cfmakeraw(&t);
        tcsetattr(fd, TCSANOW, &t);
    }
    return fd;
}

static void open_lines(void)
{
    /* The control line first, so that a failure with the others can be told. */
    for (int i = LINES - 1; i >= 0; i--)
        line[i] = open_line(i);
}

int main(int argc, char **argv)
{
    const char *name = strrchr(argv[0], '/');
    char priv[PATH_MAX - 8], file[PATH_MAX];
    struct conf conf;

    name = name ? name + 1 : argv[0];
    if (strcmp(name, "modprobe") == 0)
        return modprobe_main(argc, argv);
    if (getpid() != 1) {
        fprintf(stderr, "lab-init: this is the first process of 'aajail lab' and does nothing elsewhere\n");
        return 125;
    }
    snprintf(priv, sizeof(priv), "%.*s", (int)(name - argv[0] - 1), argv[0]);
    snprintf(file, sizeof(file), "%s/conf", priv);
    umask(022);
    if (mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=755") < 0 && errno != EBUSY)
        die("cannot mount /dev: %s", strerror(errno));
    open_lines();
    conf_read(file, &conf);
    root_build(priv, &conf);
    if (mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=755") < 0 && errno != EBUSY)
        die("cannot mount /dev: %s", strerror(errno));
    root_populate(&conf);
    tell_host("exit", "%d", run_command(&conf, line[LINE_OUT], line[LINE_ERR]));
    power_off();
}
