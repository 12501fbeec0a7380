/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail init: a manifest to begin with, from a unit, a running process, an executable or a log. */
#include <ctype.h>
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
#include "reader.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "log", 'l', "FILE", "begin with the slave of this log; - is standard input" },
    { "profile", 'p', "LABEL", "which profile of the log" },
    { "output", 'o', "FILE", "write it there and not to standard output; never over a file that exists" },
    { "force", 'f', NULL, "with --output: replace a file that exists" },
    OPT_END,
};

/* What could be found out; empty where it could not. */
struct found {
    struct aaj_arena arena;
    struct aaj_diags diags;
    struct aaj_str exe, user, unit, dir, name, source;
    struct aaj_str roots; /* "a, b", quoted: folders that systemd makes for the unit */
};

static int fail(struct found *f, const char *why, struct aaj_str what)
{
    aaj_error(&f->diags, (struct aaj_loc){ 0 }, "%s: %s", aaj_escape(&f->arena, what), why);
    return EXIT_INPUT;
}

static struct aaj_str copy(struct found *f, const char *text)
{
    return aaj_arena_dup(&f->arena, aaj_str_c(text));
}

/* ---- sources ---- */

static int from_executable(struct found *f, const char *path)
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

static int from_pid(struct found *f, const char *pid)
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

/* In quotes where YAML would read something else. */
static struct aaj_str quoted(struct found *f, struct aaj_str s);

/* Folders that systemd makes and gives to the unit's user (systemd.exec(5)): names below @base, some with a link's behind
 * a colon. What %-specifiers stand for is systemd's to know. */
static void take_folders(struct found *f, const char *base, struct aaj_str names)
{
    while (names.n) {
        struct aaj_str one = aaj_str_head(names, aaj_str_find(names, ' ')), path;

        names = aaj_str_skip(names, one.n + 1);
        one = aaj_str_head(one, aaj_str_find(one, ':'));
        if (one.n == 0 || aaj_str_find(one, '%') < one.n)
            continue;
        path = quoted(f, aaj_arena_printf(&f->arena, "%s/%.*s", base, AAJ_STR_ARG(one)));
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

static void take_setting(struct found *f, struct aaj_str line)
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
static struct aaj_str joined_lines(struct found *f, struct aaj_str text)
{
    struct aaj_str out = aaj_arena_dup(&f->arena, text);
    char *p = (char *)(uintptr_t)out.p;

    for (size_t i = 0; p && i + 1 < out.n; i++)
        if (p[i] == '\\' && p[i + 1] == '\n')
            p[i] = p[i + 1] = ' ';
    return out;
}

static int read_unit(struct found *f, struct aaj_str text)
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

static int from_unit(struct found *f, const char *unit)
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

static int from_log(struct found *f, const struct paths *logs, const char *wanted)
{
    struct aaj_recording *rec = NULL;
    struct aaj_label_count *label = NULL;
    size_t n = 0, at, profiles = 0;
    int status = aaj_recording_new(&rec) < 0 ? EXIT_REFUSED : read_logs(logs, NULL, rec, &f->diags);

    if (status == EXIT_DONE && aaj_recording_labels(rec, &label, &n) < 0)
        status = EXIT_REFUSED;
    for (size_t i = 0; status == EXIT_DONE && i < n; i++)
        profiles += !aaj_str_eq(label[i].label, AAJ_STR("unconfined"));
    for (at = 0; status == EXIT_DONE && at < n; at++)
        if (wanted ? aaj_str_eq(label[at].label, aaj_str_c(wanted))
                   : n == 1 || (profiles == 1 && !aaj_str_eq(label[at].label, AAJ_STR("unconfined"))))
            break;
    if (status == EXIT_DONE && at == n) {
        struct aaj_str all = { "", 0 };

        for (size_t i = 0; i < n; i++)
            all = aaj_arena_printf(&f->arena, "%.*s%s%s", AAJ_STR_ARG(all), i ? ", " : "",
                                   aaj_escape(&f->arena, label[i].label));
        status = fail(f, n ? "say with --profile which of these it is" : "no event of any profile is in it",
                      n ? all : aaj_str_c(logs->item[0]));
    }
    if (status == EXIT_DONE) {
        f->name = aaj_arena_dup(&f->arena, label[at].label);
        if (f->name.n && f->name.p[0] == '/')
            f->exe = f->name;
        f->source = copy(f, logs->item[0]);
    }
    free(label);
    aaj_recording_free(rec);
    return status;
}

/* ---- guesses ---- */

static const struct kind {
    const char *begins, *template;
    bool interpreter; /* shared by many programs: attach to a unit */
} kinds[] = {
    { "php-fpm", "php-fpm", false },  { "php", "cgi", true },          { "nginx", "nginx-proxy", false },
    { "python", "http-python", true }, { "pypy", "http-python", true }, { "node", "http-node", true },
    { "ruby", "http-ruby", true },    { "java", "http-java", true },   { "perl", "fastcgi", true },
    { "bash", "worker", true },       { "dash", "worker", true },      { "postgres", "database", false },
    { "mysqld", "database", false },  { "mariadbd", "database", false }, { "redis", "database", false },
    { "memcached", "database", false }, { "mongod", "database", false }, { "fcgiwrap", "cgi", false },
};

static const struct kind *kind_of(struct aaj_str exe)
{
    static const struct kind other = { "", "http-slave", false };
    size_t at = exe.n;

    while (at && exe.p[at - 1] != '/')
        at--;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (aaj_str_starts(aaj_str_skip(exe, at), aaj_str_c(kinds[i].begins)))
            return &kinds[i];
    return &other;
}

/* A folder of the system's is nobody's own. */
static bool is_own_folder(struct aaj_str dir)
{
    static const char *const own[] = { "/srv/", "/opt/", "/var/www/", "/var/lib/", "/home/", "/usr/local/lib/" };

    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
        if (aaj_str_starts(dir, aaj_str_c(own[i])) && dir.n > strlen(own[i]))
            return true;
    return false;
}

static struct aaj_str jail_name(struct found *f)
{
    struct aaj_str from = f->unit.n ? aaj_str_head(f->unit, f->unit.n - strlen(".service")) : f->name.n ? f->name : f->exe;
    struct aaj_str out;
    size_t at = from.n;

    while (at && from.p[at - 1] != '/')
        at--;
    out = aaj_arena_dup(&f->arena, aaj_str_skip(from, at));
    return aaj_arena_printf(&f->arena, "%.*s", (int)(out.n < 64 ? out.n : 64), out.p);
}

static struct aaj_str quoted(struct found *f, struct aaj_str s)
{
    bool plain = s.n > 0;
    struct aaj_str out = AAJ_STR("\"");

    for (size_t i = 0; i < s.n; i++)
        plain &= isalnum((unsigned char)s.p[i]) || (s.p[i] && strchr("/_.+@-", s.p[i]) && (i || s.p[i] != '-'));
    if (plain)
        return s;
    for (size_t i = 0; i < s.n; i++)
        out = s.p[i] == '"' || s.p[i] == '\\' || (unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] == 0x7f
                  ? aaj_arena_printf(&f->arena, "%.*s\\x%02x", AAJ_STR_ARG(out), (unsigned char)s.p[i])
                  : aaj_arena_printf(&f->arena, "%.*s%c", AAJ_STR_ARG(out), s.p[i]);
    return aaj_arena_printf(&f->arena, "%.*s\"", AAJ_STR_ARG(out));
}

static char *write_manifest(struct found *f)
{
    const struct kind *kind = kind_of(f->exe);
    struct aaj_str jail = quoted(f, jail_name(f)), exe = f->exe.n ? quoted(f, f->exe) : AAJ_STR("/path/of/the/executable");
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    if (!out)
        return NULL;
    fprintf(out, "# A manifest to begin with, from %s; aajail-manifest(5) explains each key.\n",
            aaj_escape(&f->arena, f->source));
    fprintf(out, "jail: %.*s\nslave: %.*s\n", AAJ_STR_ARG(jail), AAJ_STR_ARG(exe));
    if (kind->interpreter && f->unit.n)
        fprintf(out, "unit: %.*s # the profile goes to the unit: other programs share the interpreter\n",
                AAJ_STR_ARG(quoted(f, f->unit)));
    else if (kind->interpreter)
        fprintf(out, "# Other programs share this interpreter: name the unit, so that only it gets the profile.\n"
                     "# unit: NAME.service\n");
    if (f->dir.n && is_own_folder(f->dir))
        fprintf(out, "roots: [ %.*s%s%.*s ]\n", AAJ_STR_ARG(quoted(f, f->dir)), f->roots.n ? ", " : "", AAJ_STR_ARG(f->roots));
    else if (f->roots.n)
        fprintf(out, "roots: [ %.*s ]\n", AAJ_STR_ARG(f->roots));
    else
        fprintf(out, "# The slave's own folders, which no other jail may read:\n# roots: [ /srv/%.*s ]\n",
                AAJ_STR_ARG(jail_name(f)));
    if (f->user.n)
        fprintf(out, "user: %.*s\n", AAJ_STR_ARG(quoted(f, f->user)));
    else
        fprintf(out, "# user: NAME # whom the firewall chain is for\n");
    fprintf(out, "template: %s\n", kind->template);
    fprintf(out, "# Whom the slave may call besides answering its front end:\n"
                 "# network: { allow: [ \"tcp 127.0.0.1:5432\", resolver ] }\n"
                 "tests:\n  deny: [ \"/etc/shadow r\", \"/usr/sbin/sendmail x\", \"tcp 127.0.0.1:25\" ]\n");
    fclose(out);
    return text;
}

static int deliver(struct found *f, const char *output, bool force)
{
    struct aaj_manifest *m = NULL;
    char *text = write_manifest(f);
    int status = EXIT_DONE;

    if (!text)
        return EXIT_REFUSED;
    if (aaj_manifest_parse(aaj_str_c(text), AAJ_STR("manifest"), &f->diags, &m) < 0) {
        status = EXIT_INPUT; /* a name that no manifest takes; the finding says which */
    } else if (!output) {
        fputs(text, stdout);
    } else if (!force && access(output, F_OK) == 0) {
        status = fail(f, "is there already; --force replaces it", aaj_str_c(output));
    } else if (aaj_file_write(output, aaj_str_c(text), 0644) < 0) {
        fail(f, "cannot be written", aaj_str_c(output));
        status = EXIT_REFUSED;
    }
    aaj_manifest_free(m);
    free(text);
    return status;
}

static int find_out(struct found *f, const struct paths *logs, const char *label, const char *what)
{
    size_t n = what ? strlen(what) : 0;

    if (logs->n)
        return from_log(f, logs, label);
    if (n > 8 && strcmp(what + n - 8, ".service") == 0)
        return from_unit(f, what);
    if (n && strspn(what, "0123456789") == n)
        return from_pid(f, what);
    return from_executable(f, what);
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct opts o = OPTS_INIT(verb, argc, argv);
    struct paths logs = { 0 };
    struct found f = { 0 };
    const char *name, *label = NULL, *output = NULL;
    bool force = false;
    int status;

    while ((name = opts_next(&o))) {
        if (opt_is(name, "log") && paths_add(&logs, o.value) < 0)
            return EXIT_REFUSED;
        label = opt_is(name, "profile") ? o.value : label;
        output = opt_is(name, "output") ? o.value : output;
        force |= opt_is(name, "force");
    }
    if (o.done)
        status = o.status;
    else if (o.n_operands + (logs.n > 0) != 1)
        status = usage_error(verb, "name one of a unit, a process, an executable, or a log with --log");
    else
        status = find_out(&f, &logs, label, o.n_operands ? o.operand[0] : NULL);
    if (!o.done && status == EXIT_DONE)
        status = deliver(&f, output, force);
    show_diags(&f.diags);
    aaj_arena_clear(&f.arena);
    paths_clear(&logs);
    return status;
}

const struct verb verb_init = {
    .name = "init",
    .args = "UNIT.service|PID|EXECUTABLE",
    .summary = "Write a manifest to begin with",
    .details = "  aajail init gapapp.service -o gapapp.yaml\n"
               "  aajail init /usr/sbin/php-fpm8.2\n"
               "  aajail init --log audit.log",
    .opts = opts,
    .run = run,
};
