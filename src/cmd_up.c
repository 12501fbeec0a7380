/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail up: proved artefacts into kernel and firewall together. */
#include <errno.h>
#include <glob.h>
#include <json-c/json.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "jail_cmd.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "role", 'r', "ROLE", "all jails of /etc/aajail/roles/ROLE; may be repeated" },
    { "boot", 0, NULL, "restore every jail from its saved numbers, as the boot unit does" },
    { "backend", 'b', "legacy|nft", "legacy is iptables; default: the one in use on this machine" },
    OPT_DRY_RUN,
    OPT_JSON,
    OPT_END,
};

struct args {
    const struct verb *verb;
    struct aaj_jail_ctx ctx;
    struct jail_names names, done;
    struct json_object *json; /* NULL: text */
    struct aaj_diags diags;
    bool boot, want_json;
};

static bool has_artefacts(const char *dir)
{
    char list[PATH_MAX + 32];

    snprintf(list, sizeof(list), "%s/" AAJ_ARTEFACTS, dir);
    return access(list, F_OK) == 0;
}

static void tell_master(struct args *a, const char *pool, const char *dir)
{
    const char *slash = strrchr(dir, '/');

    aaj_diag_add(&a->diags, AAJ_NOTE, "pool", (struct aaj_loc){ 0 }, AAJ_STR(""),
                 "'%s' is a pool of '%s', which goes up with all its pools", pool, slash ? slash + 1 : dir);
}

/* ./build/MASTER, where a build of the pool @name went. EXIT_INPUT when there are several. */
static int find_master_build(struct args *a, const char *name, char *ret_path)
{
    char pattern[PATH_MAX];
    glob_t found = { 0 };
    int status = EXIT_DONE;

    snprintf(pattern, sizeof(pattern), "build/*/%s.yaml", name);
    if (!strpbrk(name, "/*?[\\") && glob(pattern, 0, NULL, &found) == 0) {
        if (found.gl_pathc == 1 && (size_t)snprintf(ret_path, PATH_MAX, "%s", found.gl_pathv[0]) < PATH_MAX) {
            *strrchr(ret_path, '/') = '\0';
            tell_master(a, name, ret_path);
        } else {
            aaj_error(&a->diags, (struct aaj_loc){ 0 }, "'%s' is in several builds, of which %s is the first: name the folder",
                      name, found.gl_pathv[0]);
            status = EXIT_INPUT;
        }
    }
    globfree(&found);
    return status;
}

/* What is up already: @name, or the master of the pool. */
static int find_state(struct args *a, const char *name, struct aaj_arena *arena, char *ret_path)
{
    struct aaj_str master;

    snprintf(ret_path, PATH_MAX, "%s/%s/current", a->ctx.state_dir, name);
    if (strchr(name, '/') || access(ret_path, F_OK) == 0)
        return EXIT_DONE;
    if (aaj_jail_master(&a->ctx, aaj_str_c(name), arena, &master) < 0)
        return EXIT_REFUSED;
    if (master.n) {
        tell_master(a, name, master.p);
        snprintf(ret_path, PATH_MAX, "%s/%.*s/current", a->ctx.state_dir, AAJ_STR_ARG(master));
    }
    return EXIT_DONE;
}

/* The folder itself, else what 'build' wrote here, else what is up already. */
static int find_artefacts(struct args *a, const char *name, struct aaj_arena *arena, char *ret_path)
{
    int status = EXIT_DONE;

    snprintf(ret_path, PATH_MAX, "%s", name);
    if (!has_artefacts(ret_path))
        snprintf(ret_path, PATH_MAX, "build/%s", name);
    if (!has_artefacts(ret_path))
        status = find_master_build(a, name, ret_path);
    if (status == EXIT_DONE && !has_artefacts(ret_path))
        status = find_state(a, name, arena, ret_path);
    if (!has_artefacts(ret_path))
        snprintf(ret_path, PATH_MAX, "%s", name);
    return status;
}

/* Pools of one master lead to the same folder. */
static bool was_done(struct args *a, const char *path)
{
    size_t before = a->done.n;

    return jail_names_add(&a->done, aaj_str_c(path)) == 0 && a->done.n == before;
}

static int up_one(struct args *a, struct aaj_str name, struct aaj_arena *arena)
{
    struct aaj_jail_result result = { 0 };
    char path[PATH_MAX];
    int r, status = find_artefacts(a, name.p, arena, path);

    if (status != EXIT_DONE || was_done(a, path)) {
        show_diags(&a->diags);
        return status;
    }
    r = aaj_jail_up(&a->ctx, path, arena, &a->diags, &result);
    if (result.jail.n == 0)
        result.jail = name;
    if (r == 0 || r == -EBUSY || a->json)
        jail_report(&result, "up", r < 0 ? "refused" : a->ctx.dry_run ? "would go up" : "up already, nothing changed", a->json);
    show_diags(&a->diags);
    if (r == 0)
        return result.n_tasks || result.clash || result.unseen ? EXIT_FINDING : EXIT_DONE;
    return r == -EINVAL || r == -ENOENT || r == -EBADMSG ? EXIT_INPUT : EXIT_REFUSED;
}

static int restore(struct args *a, struct aaj_arena *arena)
{
    size_t n = 0;
    int r = aaj_jail_restore(&a->ctx, a->names.name, a->names.n, arena, &a->diags, &n);

    show_diags(&a->diags);
    if (a->json)
        json_object_array_add(a->json, json_object_new_int64((int64_t)n));
    else
        printf("%zu %s restored\n", n, n == 1 ? "jail" : "jails");
    return r == -EINVAL ? EXIT_INPUT : r < 0 ? EXIT_REFUSED : EXIT_DONE;
}

static int run_locked(struct args *a)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    int lock = a->ctx.dry_run ? -1 : aaj_jail_lock(&a->ctx, &a->diags), status = EXIT_DONE;

    a->json = a->want_json ? json_object_new_array() : NULL;
    if (lock < 0 && !a->ctx.dry_run) {
        show_diags(&a->diags);
        status = EXIT_REFUSED;
    } else if (a->boot) {
        status = restore(a, &arena);
    }
    for (size_t i = 0; i < a->names.n && !a->boot && (lock >= 0 || a->ctx.dry_run); i++) {
        int one = up_one(a, a->names.name[i], &arena);

        status = one > status ? one : status;
    }
    if (a->json)
        jail_print_json(a->json);
    json_object_put(a->json);
    if (lock >= 0)
        close(lock);
    aaj_arena_clear(&arena);
    return status;
}

static int take_option(struct args *a, const char *name, const char *value)
{
    if (opt_is(name, "role"))
        return jail_names_role(&a->names, value);
    if (opt_is(name, "backend")) {
        if (strcmp(value, "legacy") != 0 && strcmp(value, "nft") != 0)
            return usage_error(a->verb, "no backend '%s'; there are legacy and nft", value);
        a->ctx.firewall.backend = value[0] == 'l' ? AAJ_FIREWALL_LEGACY : AAJ_FIREWALL_NFT_TABLE;
    }
    a->boot |= opt_is(name, "boot");
    a->ctx.dry_run |= opt_is(name, "dry-run");
    a->want_json |= opt_is(name, "json");
    return EXIT_DONE;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct args a = { .verb = verb };
    struct opts o = OPTS_INIT(verb, argc, argv);
    int status = EXIT_DONE;
    const char *name;

    jail_ctx_init(&a.ctx);
    while ((name = opts_next(&o))) /* to the end: it frees what it made */
        if (status == EXIT_DONE)
            status = take_option(&a, name, o.value);
    if (status == EXIT_DONE && o.done)
        status = o.status;
    else if (status == EXIT_DONE) {
        for (int i = 0; i < o.n_operands && status == EXIT_DONE; i++)
            status = jail_names_add(&a.names, aaj_str_c(o.operand[i])) < 0 ? EXIT_REFUSED : EXIT_DONE;
        if (status == EXIT_DONE && a.names.n == 0 && !a.boot)
            status = usage_error(verb, "name a jail, a folder that 'aajail build' wrote, or a role");
        if (status == EXIT_DONE)
            status = run_locked(&a);
    }
    jail_names_clear(&a.names);
    jail_names_clear(&a.done);
    return status;
}

const struct verb verb_up = {
    .name = "up",
    .args = "JAIL|DIR…",
    .summary = "Put proved profiles and chains in force, together",
    .details = "  aajail build gapapp.yaml --log audit.log && aajail up build/gapapp\n\n"
               "JAIL is looked for in ./build and among those that are up; a pool goes up with its master.",
    .opts = opts,
    .run = run,
};
