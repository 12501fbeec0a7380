/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail init: a manifest to begin with, from a unit, a running process, an executable or a log. */
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "manifest/manifest.h"
#include "init.h"
#include "reader.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "log", 'l', "FILE", "begin with the slave of this log; - is standard input" },
    { "profile", 'p', "LABEL", "which profile of the log; MASTER//POOL is a pool" },
    { "uid", 'u', "UID", "the one that acts as this user" },
    { "all", 'a', NULL, "a manifest for each slave and pool of the log, in the folder --output" },
    { "output", 'o', "FILE", "write it there and not to standard output; never over a file that exists" },
    { "force", 'f', NULL, "with --output: replace a file that exists" },
    OPT_END,
};

struct args {
    struct paths logs;
    const char *label, *uid, *output;
    bool force, all;
};

static int fail(struct init_found *f, const char *why, struct aaj_str what)
{
    aaj_error(&f->diags, (struct aaj_loc){ 0 }, "%s: %s", aaj_escape(&f->arena, what), why);
    return EXIT_INPUT;
}

static struct aaj_str copy(struct init_found *f, const char *text)
{
    return aaj_arena_dup(&f->arena, aaj_str_c(text));
}

/* ---- sources ---- */

static int from_executable(struct init_found *f, const char *path)
{
    char real[PATH_MAX];

    if (!realpath(path, real))
        return fail(f, "there is no such executable here", aaj_str_c(path));
    f->exe = copy(f, real);
    f->source = copy(f, path);
    return EXIT_DONE;
}

/* "0::/system.slice/gapapp.service" → gapapp.service (cgroups(7)) */
static struct aaj_str unit_of(struct aaj_str cgroup)
{
    struct aaj_str line = aaj_str_head(cgroup, aaj_str_find(cgroup, '\n'));
    size_t at = line.n;

    if (!aaj_str_ends(line, AAJ_STR(".service")))
        return (struct aaj_str){ 0 };
    while (at && line.p[at - 1] != '/')
        at--;
    return aaj_str_skip(line, at);
}

static int from_pid(struct init_found *f, const char *pid)
{
    char path[64], exe[PATH_MAX], dir[PATH_MAX];
    struct aaj_str cgroup;
    struct stat st;
    struct passwd *pw;
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/%.20s/exe", pid);
    n = readlink(path, exe, sizeof(exe) - 1);
    if (n < 0)
        return fail(f, errno == EACCES ? "only root and its own user may look at this process"
                                       : "there is no such process", aaj_str_c(pid));
    exe[n] = '\0';
    f->exe = copy(f, exe);
    snprintf(path, sizeof(path), "/proc/%.20s", pid);
    if (stat(path, &st) == 0 && (pw = getpwuid(st.st_uid)))
        f->user = copy(f, pw->pw_name);
    snprintf(path, sizeof(path), "/proc/%.20s/cgroup", pid);
    if (aaj_file_read(path, 1 << 16, &f->arena, &cgroup) == 0)
        f->unit = unit_of(cgroup);
    snprintf(path, sizeof(path), "/proc/%.20s/cwd", pid);
    n = readlink(path, dir, sizeof(dir) - 1);
    if (n > 1)
        f->dir = aaj_arena_dup(&f->arena, (struct aaj_str){ dir, (size_t)n });
    f->source = aaj_arena_printf(&f->arena, "process %s", pid);
    return EXIT_DONE;
}

/* Folders that systemd makes and gives to the unit's user (systemd.exec(5)): names below @base, some with a link's behind
 * a colon. What %-specifiers stand for is systemd's to know. */
static void take_folders(struct init_found *f, const char *base, struct aaj_str names)
{
    while (names.n) {
        struct aaj_str one = aaj_str_head(names, aaj_str_find(names, ' ')), path;

        names = aaj_str_skip(names, one.n + 1);
        one = aaj_str_head(one, aaj_str_find(one, ':'));
        if (one.n == 0 || aaj_str_find(one, '%') < one.n)
            continue;
        path = init_quoted(f, aaj_arena_printf(&f->arena, "%s/%.*s", base, AAJ_STR_ARG(one)));
        f->roots = aaj_arena_printf(&f->arena, "%.*s%s%.*s", AAJ_STR_ARG(f->roots), f->roots.n ? ", " : "", AAJ_STR_ARG(path));
    }
}

/* The first word, which may stand in quotes. */
static struct aaj_str first_word(struct aaj_str value)
{
    if (value.n && (value.p[0] == '"' || value.p[0] == '\''))
        return aaj_str_head(aaj_str_skip(value, 1), aaj_str_find(aaj_str_skip(value, 1), value.p[0]));
    return aaj_str_head(value, aaj_str_find(value, ' '));
}

static void take_setting(struct init_found *f, struct aaj_str line)
{
    static const struct {
        const char *key, *base;
    } folders[] = { { "StateDirectory", "/var/lib" }, { "CacheDirectory", "/var/cache" }, { "LogsDirectory", "/var/log" },
                    { "RuntimeDirectory", "/run" } };
    size_t eq = aaj_str_find(line, '=');
    struct aaj_str key = aaj_str_head(line, eq), value = aaj_str_skip(line, eq + 1);

    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
        if (aaj_str_eq(key, aaj_str_c(folders[i].key)))
            take_folders(f, folders[i].base, value);
    if (aaj_str_eq(key, AAJ_STR("WorkingDirectory")) && value.n && value.p[0] == '-')
        value = aaj_str_skip(value, 1); /* it may be missing */
    if (aaj_str_eq(key, AAJ_STR("User")))
        f->user = first_word(value);
    else if (aaj_str_eq(key, AAJ_STR("WorkingDirectory")) && value.n && value.p[0] == '/')
        f->dir = value;
    else if (aaj_str_eq(key, AAJ_STR("ExecStart")) && value.n && f->exe.n == 0) {
        while (value.n && strchr("@-:+!", value.p[0])) /* systemd.service(5), prefixes */
            value = aaj_str_skip(value, 1);
        f->exe = first_word(value);
    }
}

/* A line that ends in a backslash goes on. */
static struct aaj_str joined_lines(struct init_found *f, struct aaj_str text)
{
    struct aaj_str out = aaj_arena_dup(&f->arena, text);
    char *p = (char *)(uintptr_t)out.p;

    for (size_t i = 0; p && i + 1 < out.n; i++)
        if (p[i] == '\\' && p[i + 1] == '\n')
            p[i] = p[i + 1] = ' ';
    return out;
}

static int read_unit(struct init_found *f, struct aaj_str text)
{
    char real[PATH_MAX];

    text = joined_lines(f, text);
    while (text.n) {
        struct aaj_str line = aaj_str_head(text, aaj_str_find(text, '\n'));

        text = aaj_str_skip(text, line.n + 1);
        if (line.n && line.p[0] != '#' && line.p[0] != ';')
            take_setting(f, line);
    }
    if (f->exe.n == 0)
        return fail(f, "the unit has no ExecStart=", f->unit);
    f->exe = aaj_arena_dup(&f->arena, f->exe);
    if (realpath(f->exe.p, real))
        f->exe = copy(f, real);
    return EXIT_DONE;
}

static int from_unit(struct init_found *f, const char *unit)
{
    static const char *const dir[] = { "", "/etc/systemd/system/", "/run/systemd/system/", "/usr/local/lib/systemd/system/",
                                       "/usr/lib/systemd/system/", "/lib/systemd/system/" };
    const char *slash = strrchr(unit, '/');
    struct aaj_str text;

    f->unit = copy(f, slash ? slash + 1 : unit);
    f->source = copy(f, unit);
    for (size_t i = slash ? 0 : 1; i < (slash ? 1 : sizeof(dir) / sizeof(*dir)); i++)
        if (aaj_file_read(aaj_arena_printf(&f->arena, "%s%s", dir[i], unit).p, 1 << 20, &f->arena, &text) == 0)
            return read_unit(f, text);
    return fail(f, "there is no such unit file", aaj_str_c(unit));
}

/* Would it be read, once the executable is filled in? */
static int check(struct init_found *f)
{
    struct aaj_str exe = f->exe;
    struct aaj_manifest *m = NULL;
    char *text;
    int r;

    f->exe = exe.n ? exe : AAJ_STR("/some/executable");
    text = init_manifest(f);
    f->exe = exe;
    r = text ? aaj_manifest_parse(aaj_str_c(text), AAJ_STR("manifest"), &f->diags, &m) : -ENOMEM;
    aaj_manifest_free(m);
    free(text);
    return r;
}

static int deliver(struct init_found *f, const char *output, bool force)
{
    char *text = init_manifest(f);
    int status = EXIT_DONE, r;

    if (!text)
        return EXIT_REFUSED;
    if (check(f) < 0) {
        status = EXIT_INPUT; /* a name that no manifest takes; the finding says which */
    } else if (!output) {
        fputs(text, stdout);
    } else if (!force && access(output, F_OK) == 0) {
        status = fail(f, "is there already; --force replaces it", aaj_str_c(output));
    } else if ((r = aaj_file_write(output, aaj_str_c(text), 0644)) < 0) {
        aaj_error(&f->diags, (struct aaj_loc){ .file = aaj_str_c(output) }, "cannot be written: %s", strerror(-r));
        status = EXIT_REFUSED;
    }
    if (status == EXIT_DONE && !f->exe.n && !f->pool.n)
        aaj_diag_add(&f->diags, AAJ_NOTE, "fill-in",
                     (struct aaj_loc){ .file = output ? aaj_str_c(output) : AAJ_STR("") }, AAJ_STR(""),
                     "fill in 'slave': a log does not tell the executable of a profile that is not called after it");
    free(text);
    return status;
}

/* A manifest for each slave of the log, in the folder @dir. */
static int deliver_all(struct init_found *f, const struct init_log *log, const char *dir, bool force)
{
    int status = EXIT_DONE;

    if (mkdir(dir, 0755) < 0 && errno != EEXIST) {
        fail(f, strerror(errno), aaj_str_c(dir));
        return EXIT_REFUSED;
    }
    for (size_t i = 0; i < log->n; i++) {
        struct aaj_str path;
        int one;

        init_take_service(f, &log->service[i]);
        path = aaj_arena_printf(&f->arena, "%s/%.*s.yaml", dir, AAJ_STR_ARG(init_jail_name(f)));
        one = path.p ? deliver(f, path.p, force) : EXIT_REFUSED;
        if (one == EXIT_DONE)
            printf("%s\n", aaj_escape(&f->arena, path));
        status = one > status ? one : status;
    }
    return status;
}

static int from_log(struct init_found *f, const struct args *a)
{
    const struct init_service *service;
    struct init_log log;
    int status = init_log_read(f, &a->logs, &log);

    if (status == EXIT_DONE && a->all) {
        status = deliver_all(f, &log, a->output, a->force);
    } else if (status == EXIT_DONE) {
        status = init_log_choose(f, &log, a->label, a->uid, &service);
        if (status == EXIT_DONE) {
            init_take_service(f, service);
            status = deliver(f, a->output, a->force);
        }
    }
    init_log_clear(&log);
    return status;
}

static int from_name(struct init_found *f, const struct args *a, const char *what)
{
    size_t n = strlen(what);
    int status;

    if (n > 8 && strcmp(what + n - 8, ".service") == 0)
        status = from_unit(f, what);
    else if (n && strspn(what, "0123456789") == n)
        status = from_pid(f, what);
    else
        status = from_executable(f, what);
    return status == EXIT_DONE ? deliver(f, a->output, a->force) : status;
}

static int take_options(struct opts *o, struct args *a)
{
    const char *name;

    while ((name = opts_next(o))) {
        if (opt_is(name, "log") && paths_add(&a->logs, o->value) < 0)
            return EXIT_REFUSED;
        a->label = opt_is(name, "profile") ? o->value : a->label;
        a->uid = opt_is(name, "uid") ? o->value : a->uid;
        a->output = opt_is(name, "output") ? o->value : a->output;
        a->force |= opt_is(name, "force");
        a->all |= opt_is(name, "all");
    }
    return o->done ? o->status : EXIT_DONE;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct opts o = OPTS_INIT(verb, argc, argv);
    struct init_found f = { .uid = AAJ_UID_NONE };
    struct args a = { 0 };
    int status = take_options(&o, &a);

    if (o.done || status != EXIT_DONE)
        ;
    else if (o.n_operands + (a.logs.n > 0) != 1)
        status = usage_error(verb, "name one of a unit, a process, an executable, or a log with --log");
    else if (!a.logs.n && (a.all || a.label || a.uid))
        status = usage_error(verb, "--all, --profile and --uid are for --log");
    else if (a.all && (!a.output || a.label || a.uid))
        status =
            usage_error(verb, "--all writes a manifest for each slave into the folder --output, and for no one alone");
    else
        status = a.logs.n ? from_log(&f, &a) : from_name(&f, &a, o.operand[0]);
    show_diags(&f.diags);
    aaj_arena_clear(&f.arena);
    paths_clear(&a.logs);
    return status;
}

const struct verb verb_init = {
    .name = "init",
    .args = "UNIT.service|PID|EXECUTABLE",
    .summary = "Write a manifest to begin with",
    .details = "  aajail init gapapp.service -o gapapp.yaml\n"
               "  aajail init /usr/sbin/php-fpm8.2\n"
               "  aajail init --log audit.log --all -o manifests",
    .opts = opts,
    .run = run,
};
