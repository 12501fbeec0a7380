/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what was found out to a manifest's text: guesses where they are safe, comments where a person has to decide. */
#include <ctype.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "init.h"
#include "manifest/manifest.h"

static const struct kind {
    const char *begins, *template;
    bool interpreter; /* shared by many programs: attach to a unit */
} kinds[] = {
    { "php-fpm", "php-fpm", false },   { "php", "cgi", true },
    { "nginx", "nginx-proxy", false }, { "python", "http-python", true },
    { "pypy", "http-python", true },   { "node", "http-node", true },
    { "ruby", "http-ruby", true },     { "java", "http-java", true },
    { "perl", "fastcgi", true },       { "bash", "worker", true },
    { "dash", "worker", true },        { "postgres", "database", false },
    { "mysqld", "database", false },   { "mariadbd", "database", false },
    { "redis", "database", false },    { "memcached", "database", false },
    { "mongod", "database", false },   { "fcgiwrap", "cgi", false },
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

struct aaj_str init_jail_name(struct init_found *f)
{
    struct aaj_str from = f->unit.n   ? aaj_str_head(f->unit, f->unit.n - strlen(".service"))
                          : f->pool.n ? f->pool
                          : f->name.n ? f->name
                                      : f->exe;
    struct aaj_str out;
    size_t at = from.n;

    while (at && from.p[at - 1] != '/')
        at--;
    out = aaj_arena_dup(&f->arena, aaj_str_skip(from, at));
    return aaj_arena_printf(&f->arena, "%.*s", (int)(out.n < 64 ? out.n : 64), out.p);
}

struct aaj_str init_quoted(struct init_found *f, struct aaj_str s)
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

/* ---- the text ---- */

static void print_slave(const struct init_found *f, FILE *out, struct aaj_arena *arena)
{
    if (f->pool.n)
        fprintf(out, "hat: %.*s # the pool's apparmor_hat\nmaster: %.*s\n", AAJ_STR_ARG(f->pool),
                AAJ_STR_ARG(f->master));
    else if (f->exe.n)
        fprintf(out, "slave: %.*s\n", AAJ_STR_ARG(f->exe));
    else
        fprintf(out,
                "slave: " AAJ_MANIFEST_FILL_IN " # the executable as the kernel resolves it, readlink -f; %s%s%s\n",
                f->comm.n ? "the log calls it '" : "the log does not say", aaj_escape(arena, f->comm),
                f->comm.n ? "'" : "");
}

static void print_user(const struct init_found *f, FILE *out)
{
    struct passwd *pw = f->uid != AAJ_UID_NONE ? getpwuid(f->uid) : NULL;

    if (f->user.n)
        fprintf(out, "user: %.*s\n", AAJ_STR_ARG(f->user));
    else if (f->is_master)
        fputs("# No user: each pool has a manifest of its own, with its user and so its chain.\n", out);
    else if (f->uid == AAJ_UID_NONE)
        fputs("# user: NAME # whom the firewall chain is for\n", out);
    else
        fprintf(out, "# user: %s # whom the firewall chain is for: uid %u in the log%s\n", pw ? pw->pw_name : "NAME",
                f->uid, pw ? ", which is this one here" : "");
}

static void print_roots(struct init_found *f, FILE *out)
{
    if (f->dir.n && is_own_folder(f->dir))
        fprintf(out, "roots: [ %.*s%s%.*s ]\n", AAJ_STR_ARG(init_quoted(f, f->dir)), f->roots.n ? ", " : "",
                AAJ_STR_ARG(f->roots));
    else if (f->roots.n)
        fprintf(out, "roots: [ %.*s ]\n", AAJ_STR_ARG(f->roots));
    else if (!f->is_master)
        fprintf(out, "# The slave's own folders, which no other jail may read:\n# roots: [ /srv/%.*s ]\n",
                AAJ_STR_ARG(init_jail_name(f)));
}

char *init_manifest(struct init_found *f)
{
    const struct kind *kind = kind_of(f->exe.n ? f->exe : f->comm);
    struct init_found q = *f; /* its words as YAML takes them */
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    if (!out)
        return NULL;
    q.exe = f->exe.n ? init_quoted(f, f->exe) : f->exe;
    q.user = f->user.n ? init_quoted(f, f->user) : f->user;
    q.pool = f->pool.n ? init_quoted(f, f->pool) : f->pool;
    q.master = init_quoted(f, f->master);
    fprintf(out, "# A manifest to begin with, from %s; aajail-manifest(5) explains each key.\n",
            aaj_escape(&f->arena, f->source));
    fprintf(out, "jail: %.*s\n", AAJ_STR_ARG(init_quoted(f, init_jail_name(f))));
    print_slave(&q, out, &f->arena);
    if (kind->interpreter && f->unit.n)
        fprintf(out, "unit: %.*s # the profile goes to the unit: other programs share the interpreter\n",
                AAJ_STR_ARG(init_quoted(f, f->unit)));
    else if (kind->interpreter)
        fprintf(out, "# Other programs share this interpreter: name the unit, so that only it gets the profile.\n"
                     "# unit: NAME.service\n");
    print_roots(f, out);
    print_user(&q, out);
    fprintf(out, "template: %s\n", f->pool.n ? "php-fpm-pool" : f->is_master ? "php-fpm-master" : kind->template);
    if (!f->is_master)
        fprintf(out, "# Whom the slave may call besides answering its front end:\n"
                     "# network: { allow: [ \"tcp 127.0.0.1:5432\", resolver ] }\n");
    fprintf(out, "tests:\n  deny: [ \"/etc/shadow r\", \"/usr/sbin/sendmail x\", \"tcp 127.0.0.1:25\" ]\n");
    fclose(out);
    return text;
}
