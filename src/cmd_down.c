/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail down, undo, prune: out of kernel and firewall together, and back. */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>
#include <unistd.h>

#include "jail_cmd.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "force", 'f', NULL, "even if tasks of the jail are left unconfined for good" },
    OPT_DRY_RUN,
    OPT_JSON,
    OPT_END,
};

typedef int (*change_fn)(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                         struct aaj_diags *diags, struct aaj_jail_result *ret_result);

struct args {
    struct aaj_jail_ctx ctx;
    struct jail_names names;
    bool json;
};

/* A pool's profile is inside its master's, so it is not changed without the other pools; that is to be said. */
static int refuse_pool(const struct args *a, struct aaj_str name, struct aaj_arena *arena, struct aaj_diags *diags)
{
    struct aaj_str master = { 0 };
    int r = aaj_jail_is_up(&a->ctx, name) ? 0 : aaj_jail_master(&a->ctx, name, arena, &master);

    if (r < 0 || master.n == 0)
        return r;
    aaj_error(diags, (struct aaj_loc){ 0 },
              "'%.*s' is a pool of '%.*s' and goes with it and its other pools: name '%.*s'. To take one pool out, build the "
              "master without its manifest",
              AAJ_STR_ARG(name), AAJ_STR_ARG(master), AAJ_STR_ARG(master));
    return -ENOENT;
}

static int change_one(const struct args *a, change_fn change, struct aaj_str name, const char *done,
                      struct json_object *json)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_jail_result result = { .jail = name };
    bool up = aaj_jail_is_up(&a->ctx, name);
    int r = refuse_pool(a, name, &arena, &diags);

    if (r == 0)
        r = change(&a->ctx, name, &arena, &diags, &result);
    if (r == 0 || r == -EBUSY || json)
        jail_report(&result, done, r < 0 ? "refused" : a->ctx.dry_run ? "would change" : up ? "up" : "not up", json);
    show_diags(&diags);
    aaj_arena_clear(&arena);
    /* Up again, but not when somebody is outside. */
    if (r == 0 && change == aaj_jail_undo && aaj_jail_is_up(&a->ctx, name) && (result.n_tasks || result.clash || result.unseen))
        return EXIT_FINDING;
    return r == 0 ? EXIT_DONE : r == -ENOENT ? EXIT_INPUT : EXIT_REFUSED;
}

static int change_all(const struct args *a, change_fn change, const char *done)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct json_object *json = a->json ? json_object_new_array() : NULL;
    int lock = a->ctx.dry_run ? 0 : aaj_jail_lock(&a->ctx, &diags), status = lock < 0 ? EXIT_REFUSED : EXIT_DONE;

    show_diags(&diags);
    for (size_t i = 0; i < a->names.n && lock >= 0; i++) {
        int one = change_one(a, change, a->names.name[i], done, json);

        status = one > status ? one : status;
    }
    if (json)
        jail_print_json(json);
    json_object_put(json);
    if (lock > 0)
        close(lock);
    return status;
}

static int take_args(const struct verb *verb, struct opts *o, struct args *a)
{
    const char *name;

    jail_ctx_init(&a->ctx);
    while ((name = opts_next(o))) {
        a->ctx.force |= opt_is(name, "force");
        a->ctx.dry_run |= opt_is(name, "dry-run");
        a->json |= opt_is(name, "json");
    }
    (void)verb;
    return o->done ? o->status : EXIT_DONE;
}

static int run_named(const struct verb *verb, int argc, char **argv, change_fn change, const char *done)
{
    struct args a = { 0 };
    struct opts o = OPTS_INIT(verb, argc, argv);
    int status = take_args(verb, &o, &a);

    if (o.done)
        return status;
    if (o.n_operands == 0)
        return usage_error(verb, "name a jail");
    for (int i = 0; i < o.n_operands && status == EXIT_DONE; i++)
        status = jail_names_add(&a.names, aaj_str_c(o.operand[i])) < 0 ? EXIT_REFUSED : EXIT_DONE;
    if (status == EXIT_DONE)
        status = change_all(&a, change, done);
    jail_names_clear(&a.names);
    return status;
}

static int run_down(const struct verb *verb, int argc, char **argv)
{
    return run_named(verb, argc, argv, aaj_jail_down, "down");
}

static int run_undo(const struct verb *verb, int argc, char **argv)
{
    return run_named(verb, argc, argv, aaj_jail_undo, "as it was before");
}

/* By its own name, or by a pool's whose master it is. */
static bool is_named(const struct args *a, const struct jail_names *named, struct aaj_str jail, struct aaj_arena *arena)
{
    for (size_t i = 0; i < named->n; i++) {
        struct aaj_str master = { 0 };

        if (aaj_str_eq(named->name[i], jail))
            return true;
        /* In doubt it stays. */
        if (aaj_jail_master(&a->ctx, named->name[i], arena, &master) < 0 || aaj_str_eq(master, jail))
            return true;
    }
    return false;
}

/* Jails that are up and that no role names. */
static int find_unnamed(struct args *a)
{
    struct jail_names named = { 0 };
    struct aaj_str *known = NULL;
    size_t n = 0, roles = 0;
    int status = jail_names_all_roles(&named, &roles);

    if (status == EXIT_DONE && roles == 0) {
        fputs("aajail prune: there are no roles in /etc/aajail/roles, so nothing says what is needed\n", stderr);
        status = EXIT_INPUT;
    }
    if (status == EXIT_DONE && aaj_jail_list(&a->ctx, &a->names.arena, &known, &n) < 0)
        status = EXIT_REFUSED;
    for (size_t i = 0; i < n && status == EXIT_DONE; i++)
        if (aaj_jail_is_up(&a->ctx, known[i]) && !is_named(a, &named, known[i], &a->names.arena) &&
            jail_names_add(&a->names, known[i]) < 0)
            status = EXIT_REFUSED;
    jail_names_clear(&named);
    return status;
}

static int run_prune(const struct verb *verb, int argc, char **argv)
{
    struct args a = { 0 };
    struct opts o = OPTS_INIT(verb, argc, argv);
    int status = take_args(verb, &o, &a);

    if (o.done)
        return status;
    if (o.n_operands)
        return usage_error(verb, "takes no jails: the roles say what stays");
    status = find_unnamed(&a);
    if (status == EXIT_DONE)
        status = change_all(&a, aaj_jail_down, "down");
    jail_names_clear(&a.names);
    return status;
}

const struct verb verb_down = {
    .name = "down",
    .args = "JAIL…",
    .summary = "Take profile and chain of a jail out of force",
    .details = "  aajail down gapapp\n\nRefused while a task of the jail runs: it would be unconfined for good.",
    .opts = opts,
    .run = run_down,
};

const struct verb verb_undo = {
    .name = "undo",
    .args = "JAIL…",
    .summary = "Go back to what was in force before the last up or down",
    .details = "  aajail undo gapapp",
    .opts = opts,
    .run = run_undo,
};

const struct verb verb_prune = {
    .name = "prune",
    .args = "",
    .summary = "Take down what no role names any more",
    .details = "  aajail prune --dry-run",
    .opts = opts,
    .run = run_prune,
};
