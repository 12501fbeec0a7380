/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is confined by what: /proc/PID/attr (proc(5)), one question a task, every answer allowed to be "gone".
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/grow.h"
#include "kernel/kernel.h"

struct tasks {
    const struct aaj_kernel *k;
    struct aaj_arena *arena;
    struct aaj_task *item;
    size_t n, cap;
};

static ssize_t read_at(int dir, const char *name, char *buf, size_t size)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return -1;
    n = read(fd, buf, size);
    close(fd);
    return n;
}

static struct aaj_str trim(struct aaj_str s)
{
    while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\0'))
        s.n--;
    return s;
}

/* "label (mode)"; the label itself may hold parentheses. */
static void split_label(struct aaj_str text, struct aaj_str *ret_label, struct aaj_str *ret_mode)
{
    const char *open = text.n && text.p[text.n - 1] == ')' ? memrchr(text.p, '(', text.n) : NULL;

    *ret_label = text;
    *ret_mode = (struct aaj_str){ 0 };
    if (!open || open - text.p < 2 || open[-1] != ' ')
        return;
    *ret_label = aaj_str_head(text, (size_t)(open - 1 - text.p));
    *ret_mode = (struct aaj_str){ open + 1, text.n - (size_t)(open + 2 - text.p) };
}

/* The file of the process's own LSM first: in the old one another module may speak (Linux 5.8). */
static ssize_t read_label(int dir, char *buf, size_t size)
{
    ssize_t n = read_at(dir, "attr/apparmor/current", buf, size);

    return n < 0 && errno == ENOENT ? read_at(dir, "attr/current", buf, size) : n;
}

/* The last component that ends in ".service" of the line of cgroup v2, or of systemd's own hierarchy. */
static struct aaj_str find_unit(struct aaj_str text)
{
    struct aaj_str unit = { 0 };

    while (text.n) {
        struct aaj_str line = aaj_str_head(text, aaj_str_find(text, '\n'));
        bool ours =
            aaj_str_starts(line, AAJ_STR("0::")) || aaj_str_search(line, AAJ_STR(":name=systemd:")) < line.n;

        while (ours && line.n) {
            size_t slash = aaj_str_find(line, '/');
            struct aaj_str part = aaj_str_head(line, slash);

            if (aaj_str_ends(part, AAJ_STR(".service")))
                unit = part;
            line = aaj_str_skip(line, slash + 1);
        }
        text = aaj_str_skip(text, aaj_str_find(text, '\n') + 1);
    }
    return unit;
}

/* What belongs to the process: program and unit. False when it is gone or a kernel thread. */
static bool describe(struct tasks *t, int dir, struct aaj_task *task)
{
    static const struct aaj_str gone = AAJ_STR_INIT(" (deleted)");
    char buf[PATH_MAX + 64];
    ssize_t n = readlinkat(dir, "exe", buf, sizeof(buf));

    if (n < 0 && errno != EACCES && errno != EPERM)
        return false;
    if (n > 0) {
        struct aaj_str exe = { buf, (size_t)n };

        if (aaj_str_ends(exe, gone)) {
            task->deleted = true;
            exe.n -= gone.n;
        }
        task->exe = aaj_arena_dup(t->arena, exe);
    }
    n = read_at(dir, "comm", buf, sizeof(buf));
    task->comm = aaj_arena_dup(t->arena, trim((struct aaj_str){ buf, n > 0 ? (size_t)n : 0 }));
    n = read_at(dir, "cgroup", buf, sizeof(buf));
    task->unit = aaj_arena_dup(t->arena, find_unit((struct aaj_str){ buf, n > 0 ? (size_t)n : 0 }));
    return true;
}

static int add(struct tasks *t, struct aaj_task *task, struct aaj_str text)
{
    struct aaj_str copy = aaj_arena_dup(t->arena, trim(text));

    if (!copy.p || AAJ_GROW(t->item, t->n, t->cap) < 0)
        return -ENOMEM;
    split_label(copy, &task->label, &task->mode);
    t->item[t->n++] = *task;
    return 0;
}

static pid_t number(const char *name)
{
    char *end;
    long v = strtol(name, &end, 10);

    return *end || end == name || v <= 0 || v > INT_MAX ? 0 : (pid_t)v;
}

/* Threads whose label is not the process's: change_hat() and change_profile() work on one thread. */
static int add_threads(struct tasks *t, int dir, const struct aaj_task *process, struct aaj_str text)
{
    int fd = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;
    char buf[8192], name[32];

    if (!d) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    while (r == 0 && (e = readdir(d))) {
        struct aaj_task task = *process;
        int thread;
        ssize_t n;

        task.tid = number(e->d_name);
        if (task.tid == 0 || task.tid == process->pid)
            continue;
        snprintf(name, sizeof(name), "%d", (int)task.tid);
        thread = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        n = thread < 0 ? -1 : read_label(thread, buf, sizeof(buf));
        if (thread >= 0)
            close(thread);
        if (n > 0 && !aaj_str_eq(trim((struct aaj_str){ buf, (size_t)n }), trim(text)))
            r = add(t, &task, (struct aaj_str){ buf, (size_t)n });
    }
    closedir(d);
    return r;
}

static int add_process(struct tasks *t, int proc, const char *name)
{
    struct aaj_task task = { .pid = number(name), .tid = number(name) };
    int dir = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
    struct aaj_str text;
    char buf[8192];
    ssize_t n;

    if (dir < 0)
        return 0;
    n = read_label(dir, buf, sizeof(buf));
    text = (struct aaj_str){ buf, n > 0 ? (size_t)n : 0 };
    if (n > 0 && describe(t, dir, &task)) {
        r = add(t, &task, text);
        if (r == 0)
            r = add_threads(t, dir, &task, text);
    }
    close(dir);
    return r;
}

static int by_pid(const void *a, const void *b)
{
    const struct aaj_task *x = a, *y = b;

    return x->pid != y->pid ? (x->pid > y->pid) - (x->pid < y->pid) : (x->tid > y->tid) - (x->tid < y->tid);
}

int aaj_kernel_tasks(const struct aaj_kernel *k, struct aaj_arena *arena, struct aaj_task **ret_task,
                     size_t *ret_n)
{
    struct tasks t = { .k = k, .arena = arena };
    DIR *d = opendir(k->proc);
    const struct dirent *e;
    struct aaj_task *copy;
    int r = 0;

    if (!d)
        return -errno;
    while (r == 0 && (e = readdir(d)))
        if (number(e->d_name))
            r = add_process(&t, dirfd(d), e->d_name);
    closedir(d);
    copy = r == 0 ? aaj_arena_new_array(arena, t.n + 1, struct aaj_task) : NULL;
    if (copy && t.n) {
        memcpy(copy, t.item, t.n * sizeof(*copy));
        qsort(copy, t.n, sizeof(*copy), by_pid);
    }
    free(t.item);
    if (r < 0 || !copy)
        return r < 0 ? r : -ENOMEM;
    *ret_task = copy;
    *ret_n = t.n;
    return 0;
}

/* The parts of a stack are joined by "//&". */
static struct aaj_str next_part(struct aaj_str *label)
{
    static const struct aaj_str join = AAJ_STR_INIT("//&");
    size_t at = aaj_str_search(*label, join);
    struct aaj_str part = aaj_str_head(*label, at);

    *label = aaj_str_skip(*label, at + join.n);
    return part;
}

bool aaj_label_bears(struct aaj_str label, struct aaj_str name)
{
    while (label.n) {
        struct aaj_str part = next_part(&label);

        if (aaj_str_eq(part, name) ||
            (aaj_str_starts(part, name) && aaj_str_starts(aaj_str_skip(part, name.n), AAJ_STR("//"))))
            return true;
    }
    return false;
}

bool aaj_label_is_null(struct aaj_str label)
{
    return aaj_str_search(label, AAJ_STR("//null-")) < label.n;
}
