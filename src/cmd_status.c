/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail status [PROFILE…]: what is loaded, who is confined by it, and who should be and is not. */
#include <errno.h>

#include "base/escape.h"
#include "base/json.h"
#include "jail_cmd.h"
#include "profile_cmd.h"
#include "verbs.h"

static const struct opt opts[] = { OPT_JSON, OPT_END };

struct status {
    struct profile_cmd cmd;
    char **name; /* what was asked for; none: everything */
    int n_names;
    struct aaj_task *task;
    size_t n_tasks;
};

static bool wanted(const struct status *s, struct aaj_str profile)
{
    for (int i = 0; i < s->n_names; i++)
        if (aaj_label_bears(profile, aaj_str_c(s->name[i])))
            return true;
    return s->n_names == 0;
}

/* One of the parts of the task's label is this very profile. */
static bool is_in(const struct aaj_task *task, struct aaj_str profile)
{
    static const struct aaj_str join = AAJ_STR_INIT("//&");
    struct aaj_str label = task->label;

    while (label.n) {
        size_t at = aaj_str_search(label, join);

        if (aaj_str_eq(aaj_str_head(label, at), profile))
            return true;
        label = aaj_str_skip(label, at + join.n);
    }
    return false;
}

static void show_task(const struct aaj_task *task)
{
    printf("    %d", (int)task->pid);
    if (task->tid != task->pid)
        printf("/%d", (int)task->tid);
    printf(" ");
    aaj_escape_terminal(stdout, task->comm);
    if (task->exe.n) {
        printf(" ");
        aaj_escape_terminal(stdout, task->exe);
    }
    if (task->unit.n) {
        printf(" [");
        aaj_escape_terminal(stdout, task->unit);
        printf("]");
    }
    printf("\n");
}

static void show_profile(struct status *s, const struct aaj_loaded *l)
{
    json_object *tasks = s->cmd.json ? json_object_new_array() : NULL;

    if (!s->cmd.json) {
        aaj_escape_terminal(stdout, l->name);
        printf(" (");
        aaj_escape_terminal(stdout, l->mode);
        printf(")\n");
    }
    for (size_t i = 0; i < s->n_tasks; i++) {
        if (!is_in(&s->task[i], l->name))
            continue;
        if (tasks)
            json_object_array_add(tasks, json_object_new_int(s->task[i].tid));
        else
            show_task(&s->task[i]);
    }
    if (tasks) {
        json_object *o = json_object_new_object();

        json_object_object_add(o, "name", aaj_json_bytes(l->name));
        json_object_object_add(o, "mode", aaj_json_bytes(l->mode));
        json_object_object_add(o, "tasks", tasks);
        json_object_array_add(s->cmd.out_profiles, o);
    }
}

/* Those outside a loaded profile that is theirs. A kernel that does not give policy back is not asked twice.
 */
static int show_outside(struct status *s)
{
    int status = EXIT_DONE;

    for (size_t i = 0; i < s->cmd.n_loaded; i++) {
        struct aaj_piece top = { .name = s->cmd.loaded[i].name };
        struct profile_input in = { .arg = "policy" };
        const char *why;
        int r;

        if (!wanted(s, top.name) || !piece_is_top(&top) ||
            aaj_str_eq(s->cmd.loaded[i].mode, AAJ_STR("unconfined")))
            continue;
        r = aaj_kernel_fetch(&s->cmd.kernel, top.name, &s->cmd.arena, NULL, &in.blob);
        if (r == -ENOTSUP) {
            aaj_diag_add(&s->cmd.diags, AAJ_WARNING, "no-policy", (struct aaj_loc){ 0 }, AAJ_STR(""),
                         "this kernel does not give policy back, so who is outside is not known");
            return status;
        }
        if (r < 0 || aaj_blob_split(in.blob, &s->cmd.arena, &why, &in.piece, &in.n) < 0)
            continue;
        if (profile_cmd_outside(&s->cmd, &in, AAJ_WARNING) == EXIT_FINDING)
            status = EXIT_FINDING;
    }
    return status;
}

/* A pool is asked about where it is: in its master's profile. */
static void lead_to_masters(struct status *s)
{
    struct aaj_jail_ctx ctx;

    jail_ctx_init(&ctx);
    for (int i = 0; i < s->n_names; i++) {
        struct aaj_str name = aaj_str_c(s->name[i]), master;

        if (aaj_loaded_find(s->cmd.loaded, s->cmd.n_loaded, name) || aaj_jail_is_up(&ctx, name))
            continue;
        /* Who may not read the state goes on without. */
        if (aaj_jail_master(&ctx, name, &s->cmd.arena, &master) < 0 || master.n == 0)
            continue;
        aaj_diag_add(&s->cmd.diags, AAJ_NOTE, "pool", (struct aaj_loc){ 0 }, AAJ_STR(""), "'%s' is a pool of '%.*s'",
                     aaj_escape(&s->cmd.arena, name), AAJ_STR_ARG(master));
        s->name[i] = (char *)(uintptr_t)master.p; /* never written */
    }
}

static int show(struct status *s)
{
    int status = EXIT_DONE, r = aaj_kernel_tasks(&s->cmd.kernel, &s->cmd.arena, &s->task, &s->n_tasks);

    if (r < 0)
        return EXIT_REFUSED;
    lead_to_masters(s);
    for (int i = 0; i < s->n_names; i++)
        if (!aaj_loaded_find(s->cmd.loaded, s->cmd.n_loaded, aaj_str_c(s->name[i]))) {
            aaj_diag_add(&s->cmd.diags, AAJ_WARNING, "not-loaded", (struct aaj_loc){ 0 }, AAJ_STR(""),
                         "%s is not loaded", aaj_escape(&s->cmd.arena, aaj_str_c(s->name[i])));
            status = EXIT_FINDING;
        }
    for (size_t i = 0; i < s->cmd.n_loaded; i++)
        if (wanted(s, s->cmd.loaded[i].name))
            show_profile(s, &s->cmd.loaded[i]);
    r = show_outside(s);
    status = r > status ? r : status;
    r = s->n_names ? EXIT_DONE : profile_cmd_clashes(&s->cmd, NULL);
    status = r > status ? r : status;
    r = jail_show_states(s->name, s->n_names, s->cmd.out_jails, &s->cmd.diags);
    return r > status ? r : status;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct status s = { .cmd = { .verb = verb } };
    struct opts o = OPTS_INIT(verb, argc, argv);
    int status;

    while (opts_next(&o))
        s.cmd.json = true;
    if (o.done)
        return o.status;
    s.name = o.operand;
    s.n_names = o.n_operands;
    status = profile_cmd_look(&s.cmd);
    if (status == EXIT_DONE)
        status = show(&s);
    return profile_cmd_end(&s.cmd, status);
}

const struct verb verb_status = {
    .name = "status",
    .args = "[PROFILE…]",
    .summary = "Show the loaded profiles, their modes, and who is confined or should be",
    .details =
        "  aajail status gapapp\n\n"
        "Exit status 1: a task runs outside a loaded profile that attaches to its program, is left in a\n"
        "learning profile, a named profile is not loaded, two profiles attach to one program, or a jail is no\n"
        "longer as it was proved and taken up: another policy in the kernel, a changed chain or text, an\n"
        "attachment that matches nothing.",
    .opts = opts,
    .run = run,
};
