/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/json.h"
#include "compile/compile.h"
#include "match/match.h"
#include "profile_cmd.h"

static const struct aaj_loc nowhere;

struct aaj_str mode_name(enum aaj_profile_mode mode)
{
    static const char *const names[] = { "enforce", "complain", "kill", "unconfined", "user" };

    return aaj_str_c(mode <= AAJ_PROMPT ? names[mode] : "unknown");
}

static int open_kernel(struct profile_cmd *cmd, bool change)
{
    cmd->kernel = (struct aaj_kernel)AAJ_KERNEL_INIT;
    if (cmd->json) {
        cmd->out_profiles = json_object_new_array();
        cmd->out_tasks = json_object_new_array();
        cmd->out_files = change ? json_object_new_array() : NULL;
        cmd->out_jails = change ? NULL : json_object_new_array();
    }
    if ((change ? aaj_kernel_check_change : aaj_kernel_check)(&cmd->kernel, &cmd->diags) < 0)
        return EXIT_REFUSED;
    return aaj_kernel_list(&cmd->kernel, &cmd->arena, &cmd->diags, &cmd->loaded, &cmd->n_loaded) < 0
               ? EXIT_REFUSED
               : EXIT_DONE;
}

int profile_cmd_open(struct profile_cmd *cmd)
{
    return open_kernel(cmd, true);
}

int profile_cmd_look(struct profile_cmd *cmd)
{
    return open_kernel(cmd, false);
}

int profile_cmd_end(struct profile_cmd *cmd, int status)
{
    if (cmd->json) {
        json_object *o = json_object_new_object();

        json_object_object_add(o, "profiles", cmd->out_profiles);
        json_object_object_add(o, "tasks", cmd->out_tasks);
        if (cmd->out_files)
            json_object_object_add(o, "files", cmd->out_files);
        if (cmd->out_jails)
            json_object_object_add(o, "jails", cmd->out_jails);
        json_object_object_add(o, "status", json_object_new_int(status));
        puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(o);
    }
    fflush(stdout);
    show_diags(&cmd->diags);
    aaj_arena_clear(&cmd->arena);
    return status;
}

void profile_cmd_tell(struct profile_cmd *cmd, const char *what, struct aaj_str name, struct aaj_str mode)
{
    if (cmd->json) {
        json_object *o = json_object_new_object();

        json_object_object_add(o, "name", aaj_json_bytes(name));
        json_object_object_add(o, "mode", aaj_json_bytes(mode));
        json_object_object_add(o, "action", json_object_new_string(what));
        json_object_array_add(cmd->out_profiles, o);
        return;
    }
    printf("%s ", what);
    aaj_escape_terminal(stdout, name);
    if (mode.n)
        printf(" (%.*s)", AAJ_STR_ARG(mode));
    putchar('\n');
}

static int compile_text(struct profile_cmd *cmd, struct profile_input *in, struct aaj_str text)
{
    struct aaj_target *target = NULL;
    struct aaj_compile c = { .file = aaj_str_c(in->arg) };
    int r = aaj_target_open(cmd->target, aajail_datadir(), &cmd->diags, &target);

    if (r == 0) {
        c.target = target;
        r = aaj_compile(&c, text, &cmd->arena, &cmd->diags, &in->blob);
    }
    aaj_target_free(target);
    return r;
}

static int from_file(struct profile_cmd *cmd, struct profile_input *in)
{
    struct aaj_loc loc = { .file = aaj_str_c(in->arg) };
    struct aaj_str text;
    int r = aaj_file_read(in->arg, AAJ_FILE_MAX, &cmd->arena, &text);

    if (r < 0) {
        aaj_error(&cmd->diags, loc, "cannot read it: %s", strerror(-r));
        return r;
    }
    if (aaj_match_is_policy(text)) {
        in->blob = text;
        return 0;
    }
    if (aaj_str_starts(text, AAJ_STR("\177ELF")))
        return aaj_error(&cmd->diags, loc, "this is a program; name its profile or the profile's file");
    in->is_text = true;
    return compile_text(cmd, in, text);
}

static int open_input(struct profile_cmd *cmd, const char *arg, bool names, struct profile_input *in)
{
    struct aaj_str name = aaj_str_c(arg);
    const char *why = "";
    int r;

    *in = (struct profile_input){ .arg = arg };
    if (names && aaj_loaded_find(cmd->loaded, cmd->n_loaded, name)) {
        r = aaj_kernel_fetch(&cmd->kernel, name, &cmd->arena, &cmd->diags, &in->blob);
        if (r < 0) {
            if (r == -ENOENT)
                aaj_error(&cmd->diags, nowhere, "%s was removed meanwhile", aaj_escape(&cmd->arena, name));
            return EXIT_REFUSED;
        }
    } else {
        in->is_file = true;
        r = from_file(cmd, in);
        if (r < 0 && names && r == -ENOENT && arg[0] != '.' && !strchr(arg, '/'))
            aaj_diag_add(&cmd->diags, AAJ_NOTE, NULL, nowhere, AAJ_STR(""),
                         "and no profile of that name is loaded; 'aajail status' lists those that are");
        if (r < 0)
            return EXIT_INPUT;
    }
    r = aaj_blob_split(in->blob, &cmd->arena, &why, &in->piece, &in->n);
    if (r < 0) {
        aaj_error(&cmd->diags, (struct aaj_loc){ .file = aaj_str_c(arg) }, "%s", why);
        return EXIT_INPUT;
    }
    return EXIT_DONE;
}

static void take_option(struct profile_cmd *cmd, const char *name, const char *value)
{
    if (opt_is(name, "target"))
        cmd->target = value;
    cmd->force |= opt_is(name, "force");
    cmd->runtime |= opt_is(name, "runtime");
    cmd->json |= opt_is(name, "json");
    cmd->dry_run |= opt_is(name, "dry-run");
}

int profile_cmd_run(const struct verb *verb, int argc, char **argv, const struct profile_verb *how)
{
    struct profile_cmd cmd = { .verb = verb };
    struct opts o = OPTS_INIT(verb, argc, argv);
    struct profile_input *in;
    const char *name;
    int status;

    while ((name = opts_next(&o)))
        take_option(&cmd, name, o.value);
    if (o.done)
        return o.status;
    if (o.n_operands == 0)
        return usage_error(verb, "%s", how->missing);
    status = profile_cmd_open(&cmd);
    in = aaj_arena_new_array(&cmd.arena, (size_t)o.n_operands, struct profile_input);
    for (int i = 0; in && i < o.n_operands && status == EXIT_DONE; i++)
        status = open_input(&cmd, o.operand[i], how->names, &in[i]);
    for (int i = 0; in && i < o.n_operands && status <= EXIT_FINDING; i++) {
        int s = how->each(&cmd, &in[i]);

        status = s > status ? s : status;
    }
    return profile_cmd_end(&cmd, in ? status : EXIT_REFUSED);
}

bool piece_is_top(const struct aaj_piece *piece)
{
    struct aaj_str name = piece->name;

    /* ":ns://name" is top, ":ns://name//child" is not */
    if (aaj_str_starts(name, AAJ_STR(":"))) {
        size_t at = aaj_str_search(name, AAJ_STR("://"));

        name = aaj_str_skip(name, at + 3);
    }
    return aaj_str_search(name, AAJ_STR("//")) == name.n;
}

void profile_cmd_task(struct profile_cmd *cmd, enum aaj_severity severity, const struct aaj_task *task,
                      const char *why)
{
    struct aaj_arena *a = &cmd->arena;
    bool unit = task->unit.n > 0;

    if (cmd->json) {
        json_object *o = json_object_new_object();

        json_object_object_add(o, "pid", json_object_new_int(task->pid));
        json_object_object_add(o, "tid", json_object_new_int(task->tid));
        json_object_object_add(o, "comm", aaj_json_bytes(task->comm));
        json_object_object_add(o, "exe", aaj_json_bytes(task->exe));
        json_object_object_add(o, "label", aaj_json_bytes(task->label));
        json_object_object_add(o, "unit", unit ? aaj_json_bytes(task->unit) : NULL);
        json_object_object_add(o, "why", json_object_new_string(why));
        json_object_array_add(cmd->out_tasks, o);
    }
    aaj_diag_add(&cmd->diags, severity, "outside", nowhere, AAJ_STR(""), "pid %d (%s) %s; %s%s",
                 (int)task->pid, aaj_escape(a, task->comm), why, unit ? "systemctl restart " : "restart it",
                 unit ? aaj_escape(a, task->unit) : "");
}

/* NULL, or why the task is outside the profile it belongs to. */
static const char *why_outside(const struct aaj_match *match, const struct profile_input *in,
                               const struct aaj_task *task)
{
    for (size_t i = 0; i < in->n; i++) {
        const struct aaj_match_profile *p;

        if (!piece_is_top(&in->piece[i]))
            continue;
        if (aaj_label_bears(task->label, in->piece[i].name) && aaj_label_is_null(task->label))
            return "is in a learning profile that a change of mode does not reach";
        p = aaj_match_find(match, in->piece[i].name);
        if (p && p->mode != AAJ_UNCONFINED && aaj_str_eq(task->label, AAJ_STR("unconfined")) && task->exe.n &&
            aaj_match_attaches(p, task->exe, NULL))
            return "runs unconfined: it was started before the profile was loaded";
    }
    return NULL;
}

int profile_cmd_outside(struct profile_cmd *cmd, const struct profile_input *in, enum aaj_severity severity)
{
    struct aaj_match *match = NULL;
    struct aaj_task *task = NULL;
    int status = EXIT_DONE;
    size_t n = 0;
    int r = aaj_kernel_tasks(&cmd->kernel, &cmd->arena, &task, &n);

    if (r == 0)
        r = aaj_match_open(in->blob, aaj_str_c(in->arg), &cmd->diags, &match);
    if (r < 0) {
        aaj_error(&cmd->diags, nowhere, "cannot tell who is outside: %s", strerror(-r));
        return EXIT_FINDING;
    }
    for (size_t i = 0; i < n; i++) {
        const char *why = why_outside(match, in, &task[i]);

        if (!why)
            continue;
        profile_cmd_task(cmd, severity, &task[i], why);
        status = EXIT_FINDING;
    }
    aaj_match_free(match);
    return status;
}

static bool has_profile(const struct profile_input *in, struct aaj_str name)
{
    for (size_t i = 0; in && i < in->n; i++)
        if (aaj_str_eq(in->piece[i].name, name))
            return true;
    return false;
}

/* What the kernel holds and what @in would bring. */
static int list_attachments(struct profile_cmd *cmd, const struct profile_input *in, struct aaj_attachment **ret_list,
                            size_t *ret_n)
{
    struct aaj_attachment *held = NULL, *list;
    size_t n_held = 0, n = 0;
    int r = aaj_kernel_attachments(&cmd->kernel, &cmd->arena, &held, &n_held);

    list = r == 0 ? aaj_arena_new_array(&cmd->arena, n_held + (in ? in->n : 0) + 1, struct aaj_attachment) : NULL;
    if (!list)
        return -ENOMEM;
    for (size_t i = 0; i < n_held; i++)
        if (!has_profile(in, held[i].profile))
            list[n++] = held[i];
    for (size_t i = 0; in && i < in->n; i++)
        if (piece_is_top(&in->piece[i]) && in->piece[i].attach.n)
            list[n++] = (struct aaj_attachment){ in->piece[i].name, in->piece[i].attach };
    aaj_attachments_sort(list, n);
    *ret_list = list;
    *ret_n = n;
    return 0;
}

int profile_cmd_clashes(struct profile_cmd *cmd, const struct profile_input *in)
{
    struct aaj_attachment *list = NULL;
    int status = EXIT_DONE;
    size_t n = 0;

    if (list_attachments(cmd, in, &list, &n) < 0)
        return EXIT_REFUSED;
    for (size_t i = 1; i < n; i++) {
        struct aaj_str a = list[i - 1].profile, b = list[i].profile;

        if (!aaj_str_eq(list[i - 1].attach, list[i].attach) || (in && !has_profile(in, a) && !has_profile(in, b)))
            continue;
        aaj_diag_add(&cmd->diags, AAJ_WARNING, "same-attachment", nowhere, AAJ_STR(""),
                     "%s and %s attach to the same program, and then the kernel confines it by neither: remove one",
                     aaj_escape(&cmd->arena, a), aaj_escape(&cmd->arena, b));
        status = EXIT_FINDING;
    }
    return status;
}

size_t profile_cmd_bearers(struct profile_cmd *cmd, const struct profile_input *in)
{
    struct aaj_task *task = NULL;
    size_t n = 0, bearers = 0;

    if (aaj_kernel_tasks(&cmd->kernel, &cmd->arena, &task, &n) < 0)
        return 1;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < in->n; k++)
            if (aaj_label_bears(task[i].label, in->piece[k].name)) {
                profile_cmd_task(cmd, AAJ_WARNING, &task[i],
                                 "bears the profile and would run unconfined for good without it");
                bearers++;
                break;
            }
    return bearers;
}
