/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail enforce, aajail complain: the mode of profiles in the kernel. */
#include <string.h>

#include "base/escape.h"
#include "profile_cmd.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "target", 't', "TARGET", "what profile text is compiled for (debian12); 'running': this kernel" },
    OPT_DRY_RUN,
    OPT_JSON,
    OPT_END,
};

/* The kernel's word on what it does now. */
static int verify(struct profile_cmd *cmd, const struct profile_input *in, enum aaj_profile_mode mode)
{
    struct aaj_loaded *loaded;
    int status = EXIT_DONE;
    size_t n;

    if (aaj_kernel_list(&cmd->kernel, &cmd->arena, &cmd->diags, &loaded, &n) < 0)
        return EXIT_REFUSED;
    for (size_t i = 0; i < in->n; i++) {
        const struct aaj_loaded *l = aaj_loaded_find(loaded, n, in->piece[i].name);
        struct aaj_str now = l ? l->mode : (struct aaj_str){ 0 };
        bool ok =
            aaj_str_eq(now, mode_name(mode)) || (mode == AAJ_ENFORCE && aaj_str_eq(now, AAJ_STR("kill")));

        if (ok) {
            profile_cmd_tell(cmd, "now", in->piece[i].name, now);
            continue;
        }
        aaj_error(&cmd->diags, (struct aaj_loc){ 0 }, "%s is %s: another program changed it meanwhile",
                  aaj_escape(&cmd->arena, in->piece[i].name), l ? "in another mode" : "not loaded");
        status = EXIT_REFUSED;
    }
    return status;
}

static int set_mode(struct profile_cmd *cmd, struct profile_input *in, enum aaj_profile_mode mode)
{
    size_t changed = 0;
    int status;

    if (aaj_blob_set_mode(in->piece, in->n, mode, &cmd->arena, &in->blob, &changed) < 0)
        return EXIT_REFUSED;
    if (cmd->dry_run) {
        for (size_t i = 0; i < in->n; i++)
            profile_cmd_tell(cmd, "would set", in->piece[i].name, mode_name(mode));
        return EXIT_DONE;
    }
    if (aaj_kernel_replace(&cmd->kernel, in->blob, &cmd->diags) < 0)
        return EXIT_REFUSED;
    status = verify(cmd, in, mode);
    if (status != EXIT_DONE)
        return status;
    return profile_cmd_outside(cmd, in, mode == AAJ_ENFORCE ? AAJ_ERROR : AAJ_WARNING) && mode == AAJ_ENFORCE
               ? EXIT_FINDING
               : EXIT_DONE;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    enum aaj_profile_mode mode = strcmp(verb->name, "enforce") == 0 ? AAJ_ENFORCE : AAJ_COMPLAIN;
    struct profile_cmd cmd = { .verb = verb };
    struct opts o = OPTS_INIT(verb, argc, argv);
    struct profile_input *in;
    const char *name;
    int status;

    while ((name = opts_next(&o)))
        if (opt_is(name, "target"))
            cmd.target = o.value;
        else if (opt_is(name, "json"))
            cmd.json = true;
        else
            cmd.dry_run = true;
    if (o.done)
        return o.status;
    if (o.n_operands == 0)
        return usage_error(verb, "name a loaded profile or a file of profiles");
    status = profile_cmd_open(&cmd);
    in = aaj_arena_new_array(&cmd.arena, (size_t)o.n_operands, struct profile_input);
    for (int i = 0; in && i < o.n_operands && status == EXIT_DONE; i++)
        status = profile_input_open(&cmd, o.operand[i], true, &in[i]);
    for (int i = 0; in && i < o.n_operands && status <= EXIT_FINDING; i++) {
        int s = set_mode(&cmd, &in[i], mode);

        status = s > status ? s : status;
    }
    return profile_cmd_end(&cmd, in ? status : EXIT_REFUSED);
}

const struct verb verb_enforce = {
    .name = "enforce",
    .args = "PROFILE…",
    .summary = "Put profiles into enforce mode in the kernel",
    .details = "  aajail enforce gapapp\n\n"
               "PROFILE is a loaded profile's name, or a file of profile text or compiled policy. Its "
               "children go with\n"
               "it. Exit status 1 names the tasks that are still outside: started before the profile was "
               "loaded, or\n"
               "left in a learning profile.",
    .opts = opts,
    .run = run,
};

const struct verb verb_complain = {
    .name = "complain",
    .args = "PROFILE…",
    .summary = "Put profiles into complain mode in the kernel: log, but allow",
    .details = "  aajail complain gapapp\n\n"
               "PROFILE is a loaded profile's name, or a file of profile text or compiled policy. Its "
               "children go with\n"
               "it. Plain deny rules still deny.",
    .opts = opts,
    .run = run,
};
