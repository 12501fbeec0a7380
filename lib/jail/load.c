/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is to be loaded: artefacts, verified; the manifest among them; the chain in numbers. */
#include <errno.h>
#include <json-c/json.h>

#include "base/file.h"
#include "firewall/text.h"
#include "jail/internal.h"

#define NUMBERS "firewall.json"

bool jail_name_ok(struct aaj_str name)
{
    return name.n > 0 && name.n <= 200 && name.p[0] != '.' && !memchr(name.p, '/', name.n) &&
           !memchr(name.p, '\0', name.n);
}

static struct aaj_str bytes_of(const struct aaj_artefacts *a, struct aaj_arena *arena, const char *fmt_before,
                               const char *fmt_after)
{
    struct aaj_str name = aaj_arena_printf(arena, "%s%.*s%s", fmt_before, AAJ_STR_ARG(a->jail), fmt_after);
    const struct aaj_artefact *f = name.p ? aaj_artefacts_find(a, name) : NULL;

    return f ? f->bytes : (struct aaj_str){ 0 };
}

static int read_numbers(const char *dir, struct aaj_arena *arena, struct aaj_diags *diags,
                        struct aaj_firewall_plan **ret_plan)
{
    struct aaj_str path = aaj_arena_printf(arena, "%s/" NUMBERS, dir), text;
    struct json_object *json;
    int r = path.p ? aaj_file_read(path.p, AAJ_FILE_MAX, arena, &text) : -ENOMEM;

    if (r == -ENOENT)
        return 0; /* a jail without a chain */
    if (r < 0)
        return r;
    json = json_tokener_parse(text.p);
    r = json ? aaj_firewall_plan_from_json(json, ret_plan) : -EINVAL;
    json_object_put(json);
    if (r < 0)
        aaj_error(diags, (struct aaj_loc){ .file = path }, "not a saved chain; take the jail up from its build again");
    return r;
}

static int look_up(const struct aaj_manifest *m, struct aaj_diags *diags, struct aaj_firewall_plan **ret_plan)
{
    struct aaj_firewall_plan *plan = NULL;
    int r;

    if (m->user.text.n == 0) {
        aaj_diag_add(diags, AAJ_WARNING, "jail-user", m->jail.loc, (struct aaj_str){ 0 },
                     "the manifest names no user, so the slave's network is not fenced");
        return 0;
    }
    r = aaj_firewall_plan_make(m, diags, &plan);
    if (r == 0)
        r = aaj_firewall_plan_resolve_user(plan, diags);
    if (r == 0)
        r = aaj_firewall_plan_resolve_hosts(plan, diags);
    if (r < 0) {
        aaj_firewall_plan_free(plan);
        return r;
    }
    *ret_plan = plan;
    return 0;
}

void jail_load_clear(struct jail_load *load)
{
    aaj_manifest_free(load->manifest);
    aaj_firewall_plan_free(load->plan);
    *load = (struct jail_load){ 0 };
}

int jail_load_read(const char *dir, enum jail_numbers numbers, struct aaj_arena *arena, struct aaj_diags *diags,
                   struct jail_load *ret)
{
    const struct aaj_loc here = { .file = aaj_str_c(dir) };
    struct jail_load load = { 0 };
    struct aaj_str yaml;
    int r = aaj_artefacts_read(dir, arena, diags, &load.artefacts);

    if (r == -ENOENT)
        aaj_error(diags, here, "there are no proved artefacts here; 'aajail build' makes them");
    if (r < 0)
        return r;
    load.policy = bytes_of(&load.artefacts, arena, "", ".policy");
    load.text = bytes_of(&load.artefacts, arena, "aajail.", "");
    yaml = bytes_of(&load.artefacts, arena, "", ".yaml");
    if (!jail_name_ok(load.artefacts.jail) || !load.policy.n || !load.text.n || !yaml.n)
        return aaj_error(diags, here, "the artefacts are not complete: policy, profile and manifest are needed");
    r = aaj_manifest_parse(yaml, aaj_str_c(dir), diags, &load.manifest);
    if (r == 0 && !aaj_str_eq(load.manifest->jail.text, load.artefacts.jail))
        r = aaj_error(diags, here, "the manifest among the artefacts is another jail's");
    if (r == 0)
        r = numbers == JAIL_SAVED ? read_numbers(dir, arena, diags, &load.plan)
                                  : look_up(load.manifest, diags, &load.plan);
    if (r < 0) {
        jail_load_clear(&load);
        return r;
    }
    *ret = load;
    return 0;
}

int jail_load_current(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                      struct aaj_diags *diags, struct jail_load *ret, bool *ret_there)
{
    const char *dir = jail_path(ctx, name, "current", arena);

    *ret_there = jail_exists(dir);
    return *ret_there ? jail_load_read(dir, JAIL_SAVED, arena, diags, ret) : dir ? 0 : -ENOMEM;
}

int jail_save(const char *dir, const struct jail_load *load, bool undo, struct aaj_diags *diags)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str path = aaj_arena_printf(&arena, "%s/" NUMBERS, dir);
    struct json_object *json = NULL;
    int r = path.p ? jail_make_dirs(dir, 0700) : -ENOMEM;

    /* The list of artefacts is written last and makes the folder valid. */
    if (r == 0)
        r = jail_mark(dir, undo);
    if (r == 0 && load->plan) {
        json = aaj_firewall_plan_to_json(load->plan);
        r = json ? aaj_file_write(path.p, aaj_str_c(json_object_to_json_string(json)), 0600) : -ENOMEM;
        json_object_put(json);
    }
    if (r < 0)
        aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(dir) }, "cannot keep the jail's state: %s", strerror(-r));
    if (r == 0)
        r = aaj_artefacts_write(dir, &load->artefacts, diags);
    aaj_arena_clear(&arena);
    return r;
}
