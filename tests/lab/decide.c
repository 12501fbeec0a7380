/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decide TABLE: does each row's operation in a process confined by the row's label, and prints for each
 *
 *     ANSWER  LABEL-AFTER-EXEC  ERRNO
 *
 * with ANSWER allow, deny, untried or setup. Runs as root in the lab, with the table's profile loaded;
 * $HELPER is a static program that waits for the end of its standard input.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "decide.h"
#include "match/names.h"

struct process {
    pid_t pid;
    int in,
        out; /* it ends when @in is closed; it says its errno on @out, and nothing when it became another */
};

static void say(int fd, int error)
{
    if (write(fd, &error, sizeof(error)) != sizeof(error))
        _exit(3);
}

static int hear(int fd)
{
    int error;

    return read(fd, &error, sizeof(error)) == sizeof(error) ? error : UNTRIED;
}

/* A process under @label: a peer (@row NULL), which says 0 and waits, or one that does the row. */
static void child(const char *label, const struct row *row, int in, int out)
{
    const char *program = NULL;
    int r = row ? prepare(row) : 0;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (r == 0 && enter(label) != 0)
        r = SETUP;
    if (r == 0 && row) {
        const char *class = row->q->class.p;
        bool attach = is(class, "attach"), onexec = is(class, "change_profile") && row->arg[1][0];

        if (is(class, "exec") || attach || (is(class, "file") && is(row->arg[1], "x")))
            program = row->arg[0];
        else
            r = do_row(row);
        if (r == 0 && onexec)
            program = row->arg[1];
    }
    if (r == 0 && program) {
        dup2(in, 0);
        execl(program, program, (char *)NULL);
        r = errno;
    }
    say(out, r);
    if (read(in, &r, 1) < 0)
        _exit(2);
    _exit(0);
}

static int start(const char *label, const struct row *row, struct process *p)
{
    int in[2], out[2];

    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
        return SETUP;
    p->pid = fork();
    if (p->pid == 0) {
        close(in[1]);
        close(out[0]);
        child(label, row, in[0], out[1]);
    }
    close(in[0]);
    close(out[1]);
    p->in = in[1];
    p->out = out[0];
    return p->pid < 0 ? SETUP : 0;
}

static void finish(struct process *p)
{
    close(p->in);
    close(p->out);
    kill(p->pid, SIGKILL);
    while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static void label_of(pid_t pid, char *label, size_t n)
{
    char path[64];
    int fd;
    ssize_t got;

    snprintf(path, sizeof(path), "/proc/%d/attr/current", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    got = fd < 0 ? -1 : read(fd, label, n - 1);
    label[got > 0 ? got : 0] = '\0';
    label[strcspn(label, "\n")] = '\0';
    if (strstr(label, " ("))
        *strstr(label, " (") = '\0';
    if (fd >= 0)
        close(fd);
}

static int reach(const char *op, int signal, pid_t target)
{
    void *head;
    size_t n;

    if (is(op, "signal"))
        return syscall(SYS_kill, target, signal) < 0 ? errno : 0;
    if (strncmp(op, "read", 4) == 0)
        return syscall(SYS_get_robust_list, target, &head, &n) < 0 ? errno : 0;
    return ptrace(PTRACE_SEIZE, target, NULL, NULL) < 0 ? errno : 0;
}

/* One process under each label; the first does something to the second. */
static int between(const char *actor, const char *object, const char *op, int signal)
{
    struct process target, act = { 0 };
    int out[2], r;

    if (start(object, NULL, &target) < 0 || hear(target.out) != 0 || pipe2(out, O_CLOEXEC) < 0)
        return SETUP;
    act.pid = fork();
    if (act.pid == 0) {
        say(out[1], enter(actor) ? SETUP : reach(op, signal, target.pid));
        _exit(0);
    }
    close(out[1]);
    r = hear(out[0]);
    close(out[0]);
    waitpid(act.pid, NULL, 0);
    finish(&target);
    return r;
}

static int do_between(const struct row *row, bool ptrace_row)
{
    const char *peer = row->arg[ptrace_row ? 1 : 2], *op = ptrace_row ? row->arg[0] : "signal";
    bool passive = is(row->arg[0], "receive") || is(row->arg[0], "readby") || is(row->arg[0], "tracedby");
    int signal = ptrace_row ? 0 : aaj_name_signal(aaj_str_c(row->arg[1]));

    return passive ? between(peer, row->label, op, signal) : between(row->label, peer, op, signal);
}

static int do_alone(const struct row *row, char *label, size_t n)
{
    struct process p;
    int r;

    if (start(is(row->q->class.p, "attach") ? "unconfined" : row->label, row, &p) < 0)
        return SETUP;
    r = hear(p.out);
    if (r == UNTRIED) { /* it became another program */
        label_of(p.pid, label, n);
        r = 0;
    }
    finish(&p);
    return r;
}

static void answer(struct aaj_str line, struct aaj_arena *arena)
{
    struct aaj_str question = aaj_str_skip(line, aaj_str_find(line, '\t') + 1);
    char label[4096] = "-";
    struct aaj_query q;
    struct row row = { .q = &q };
    const char *why = NULL;
    int r;

    if (aaj_query_parse(question, arena, &q, &why) < 0) {
        printf("setup\t-\t%s\n", why);
        return;
    }
    row.label = aaj_arena_dup(arena, q.label).p;
    q.class = aaj_arena_dup(arena, q.class);
    for (size_t i = 0; i < AAJ_QUERY_ARGS; i++)
        row.arg[i] =
            i < q.n_args && !aaj_str_eq(q.arg[i], AAJ_STR("-")) ? aaj_arena_dup(arena, q.arg[i]).p : "";
    if (is(q.class.p, "signal") || is(q.class.p, "ptrace"))
        r = do_between(&row, is(q.class.p, "ptrace"));
    else
        r = do_alone(&row, label, sizeof(label));
    printf("%s\t%s\t%s\n",
           r == 0         ? "allow"
           : r == SETUP   ? "setup"
           : r == UNTRIED ? "untried"
                          : "deny",
           label, r > 0 ? strerrorname_np(r) : "-");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str text;

    signal(SIGPIPE, SIG_IGN);
    umask(0);
    if (argc != 2 || aaj_file_read(argv[1], AAJ_FILE_MAX, &arena, &text) < 0)
        return 2;
    while (text.n) {
        struct aaj_str line = aaj_str_head(text, aaj_str_find(text, '\n'));

        text = aaj_str_skip(text, line.n + 1);
        if (line.n && line.p[0] != '#')
            answer(line, &arena);
    }
    aaj_arena_clear(&arena);
    return 0;
}
