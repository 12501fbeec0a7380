/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "jail_cmd.h"

#include <dirent.h>
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/grow.h"
#include "base/json.h"
#include "firewall_cmd.h"

#define ROLES "/etc/aajail/roles"

void jail_ctx_init(struct aaj_jail_ctx *ctx)
{
    *ctx = (struct aaj_jail_ctx){
        .kernel = AAJ_KERNEL_INIT,
        .state_dir = "/var/lib/aajail/jails",
        .run_dir = "/run/aajail",
        .apparmor_d = "/etc/apparmor.d",
    };
    firewall_ctx_init(&ctx->firewall);
}

int jail_names_add(struct jail_names *names, struct aaj_str name)
{
    for (size_t i = 0; i < names->n; i++)
        if (aaj_str_eq(names->name[i], name))
            return 0;
    name = aaj_arena_dup(&names->arena, name);
    if (!name.p || AAJ_GROW(names->name, names->n, names->cap) < 0)
        return -ENOMEM;
    names->name[names->n++] = name;
    return 0;
}

void jail_names_clear(struct jail_names *names)
{
    free(names->name);
    aaj_arena_clear(&names->arena);
    *names = (struct jail_names){ 0 };
}

static struct aaj_str trim(struct aaj_str s)
{
    s.n = aaj_str_find(s, '#');
    while (s.n && strchr(" \t\r", s.p[0]))
        s = aaj_str_skip(s, 1);
    while (s.n && strchr(" \t\r", s.p[s.n - 1]))
        s.n--;
    return s;
}

int jail_names_role(struct jail_names *names, const char *role)
{
    struct aaj_str path, text;
    int r = *role && !strchr(role, '/') && role[0] != '.' ? 0 : -EINVAL;

    path = aaj_arena_printf(&names->arena, ROLES "/%s", role);
    if (r == 0)
        r = path.p ? aaj_file_read(path.p, 1 << 20, &names->arena, &text) : -ENOMEM;
    if (r < 0) {
        fprintf(stderr, "aajail: role '%s': %s; roles are files in " ROLES ", a jail a line\n",
                aaj_escape(&names->arena, aaj_str_c(role)), strerror(-r));
        return EXIT_INPUT;
    }
    while (text.n && r == 0) {
        size_t end = aaj_str_find(text, '\n');
        struct aaj_str line = trim(aaj_str_head(text, end));

        if (line.n)
            r = jail_names_add(names, line);
        text = aaj_str_skip(text, end + 1);
    }
    return r < 0 ? EXIT_REFUSED : EXIT_DONE;
}

int jail_names_all_roles(struct jail_names *names, size_t *ret_roles)
{
    DIR *dir = opendir(ROLES);
    int status = EXIT_DONE;
    struct dirent *e;
    size_t n = 0;

    while (dir && status == EXIT_DONE && (e = readdir(dir)))
        if (e->d_name[0] != '.') {
            status = jail_names_role(names, e->d_name);
            n++;
        }
    if (dir)
        closedir(dir);
    *ret_roles = n;
    return status;
}

static struct json_object *chains_json(const struct aaj_jail_chain *chain, size_t n)
{
    struct json_object *list = json_object_new_array();

    for (size_t i = 0; i < n; i++) {
        struct json_object *o = json_object_new_object();

        aaj_json_add(o, "jail", chain[i].jail);
        json_object_object_add(o, "uid", json_object_new_int64(chain[i].uid));
        json_object_array_add(list, o);
    }
    return list;
}

static struct json_object *unfenced_json(const struct aaj_jail_result *r)
{
    struct json_object *list = json_object_new_array();

    for (size_t i = 0; i < r->n_unfenced; i++) {
        struct json_object *o = json_object_new_object();

        aaj_json_add(o, "profile", r->unfenced[i].profile);
        json_object_object_add(o, "uid", json_object_new_int64(r->unfenced[i].uid));
        json_object_array_add(list, o);
    }
    return list;
}

static bool has_pools(struct aaj_str jail, const struct aaj_jail_chain *chain, size_t n)
{
    return n > 1 || (n == 1 && !aaj_str_eq(chain[0].jail, jail));
}

static void report_json(const struct aaj_jail_result *r, struct json_object *json)
{
    struct json_object *o = json_object_new_object(), *tasks = json_object_new_array();

    aaj_json_add(o, "jail", r->jail);
    json_object_object_add(o, "changed", json_object_new_boolean(r->changed));
    json_object_object_add(o, "fenced", json_object_new_boolean(r->fenced));
    json_object_object_add(o, "closed", json_object_new_boolean(r->closed));
    json_object_object_add(o, "chains", chains_json(r->chain, r->n_chains));
    json_object_object_add(o, "not_fenced", unfenced_json(r));
    for (size_t i = 0; i < r->n_tasks; i++) {
        const struct aaj_task *t = &r->task[i].task;
        struct json_object *task = json_object_new_object();

        json_object_object_add(task, "pid", json_object_new_int(t->pid));
        aaj_json_add(task, "comm", t->comm);
        aaj_json_add(task, "label", t->label);
        aaj_json_add(task, "unit", t->unit);
        json_object_object_add(task, "why", json_object_new_string(r->task[i].why));
        json_object_array_add(tasks, task);
    }
    json_object_object_add(o, "outside", tasks);
    json_object_array_add(json, o);
}

void jail_report(const struct aaj_jail_result *r, const char *done, const char *nothing, struct json_object *json)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;

    if (json) {
        report_json(r, json);
        return;
    }
    printf("%s: %s\n", aaj_escape(&arena, r->jail), r->changed ? done : nothing);
    for (size_t i = 0; i < r->n_chains && has_pools(r->jail, r->chain, r->n_chains); i++)
        printf("  %s: uid %u fenced\n", aaj_escape(&arena, r->chain[i].jail), r->chain[i].uid);
    for (size_t i = 0; i < r->n_tasks; i++) {
        const struct aaj_task *t = &r->task[i].task;

        printf("  pid %d (%s) %s", (int)t->pid, aaj_escape(&arena, t->comm), r->task[i].why);
        if (t->unit.n)
            printf("; systemctl restart %s", aaj_escape(&arena, t->unit));
        else
            printf("; restart it");
        putchar('\n');
    }
    aaj_arena_clear(&arena);
}

void jail_print_json(struct json_object *json)
{
    puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static bool asked_for(char *const *name, int n_names, struct aaj_str jail)
{
    for (int i = 0; i < n_names; i++)
        if (aaj_str_eq(aaj_str_c(name[i]), jail))
            return true;
    return n_names == 0;
}

static void show_state(const struct aaj_jail_state *s, struct json_object *json, struct aaj_diags *diags)
{
    struct json_object *o, *list;
    struct aaj_arena arena = AAJ_ARENA_INIT;
    const char *jail = aaj_escape(&arena, s->jail);

    if (json) {
        o = json_object_new_object();
        list = json_object_new_array();
        json_object_object_add(o, "jail", json_object_new_string(jail));
        json_object_object_add(o, "up", json_object_new_boolean(s->up));
        json_object_object_add(o, "chains", chains_json(s->chain, s->n_chains));
        for (size_t i = 0; i < s->n_stale; i++) {
            struct json_object *stale = json_object_new_object();

            json_object_object_add(stale, "id", json_object_new_string(s->stale[i].id));
            json_object_object_add(stale, "text", json_object_new_string(s->stale[i].text.p));
            json_object_array_add(list, stale);
        }
        json_object_object_add(o, "stale", list);
        json_object_array_add(json, o);
    } else {
        printf("jail %s: %s", jail, s->up ? "up" : "not up");
        for (size_t i = 0; i < s->n_chains; i++)
            if (has_pools(s->jail, s->chain, s->n_chains))
                printf(", %s's uid %u fenced", aaj_escape(&arena, s->chain[i].jail), s->chain[i].uid);
            else
                printf(", uid %u fenced", s->chain[i].uid);
        puts(s->n_stale ? ", not as it was proved" : s->up ? ", as it was proved" : "");
    }
    for (size_t i = 0; i < s->n_stale; i++)
        aaj_diag_add(diags, AAJ_WARNING, s->stale[i].id, (struct aaj_loc){ 0 }, AAJ_STR(""), "jail '%s': %s", jail,
                     s->stale[i].text.p);
    aaj_arena_clear(&arena);
}

int jail_show_states(char *const *name, int n_names, struct json_object *json, struct aaj_diags *diags)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str *jail = NULL;
    struct aaj_jail_ctx ctx;
    size_t n = 0;
    int status = EXIT_DONE;

    jail_ctx_init(&ctx);
    /* Who may not read the state is told what the kernel says alone. */
    if (aaj_jail_list(&ctx, &arena, &jail, &n) < 0)
        n = 0;
    for (size_t i = 0; i < n; i++) {
        struct aaj_jail_state state;

        if (!asked_for(name, n_names, jail[i]))
            continue;
        if (aaj_jail_look(&ctx, jail[i], &arena, diags, &state) < 0)
            status = EXIT_FINDING;
        if (state.up || state.n_stale)
            show_state(&state, json, diags);
        status = state.n_stale ? EXIT_FINDING : status;
    }
    aaj_arena_clear(&arena);
    return status;
}
