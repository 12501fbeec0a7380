/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail load FILE…: profiles into the kernel; those of the same names are replaced. */
#include "profile_cmd.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "target", 't', "TARGET", "what profile text is compiled for (debian12); 'running': this kernel" },
    OPT_DRY_RUN,
    OPT_JSON,
    OPT_END,
};

static int load(struct profile_cmd *cmd, const struct profile_input *in)
{
    if (!cmd->dry_run && aaj_kernel_replace(&cmd->kernel, in->blob, &cmd->diags) < 0)
        return EXIT_REFUSED;
    for (size_t i = 0; i < in->n; i++) {
        bool there = aaj_loaded_find(cmd->loaded, cmd->n_loaded, in->piece[i].name) != NULL;
        const char *what = there ? "replaced" : "loaded";

        if (cmd->dry_run)
            what = there ? "would replace" : "would load";
        profile_cmd_tell(cmd, what, in->piece[i].name, mode_name(aaj_piece_mode(&in->piece[i])));
    }
    if (!cmd->dry_run)
        profile_cmd_outside(cmd, in, AAJ_WARNING);
    return EXIT_DONE;
}

static int run(const struct verb *verb, int argc, char **argv)
{
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
        return usage_error(verb, "name a file of profiles");
    status = profile_cmd_open(&cmd);
    in = aaj_arena_new_array(&cmd.arena, (size_t)o.n_operands, struct profile_input);
    /* All are read before the first is loaded. */
    for (int i = 0; in && i < o.n_operands && status == EXIT_DONE; i++)
        status = profile_input_open(&cmd, o.operand[i], false, &in[i]);
    for (int i = 0; in && i < o.n_operands && status == EXIT_DONE; i++)
        status = load(&cmd, &in[i]);
    return profile_cmd_end(&cmd, in ? status : EXIT_REFUSED);
}

const struct verb verb_load = {
    .name = "load",
    .args = "FILE…",
    .summary = "Load profiles into the kernel, replacing those of the same names",
    .details = "  aajail load build/gapapp/profile\n\n"
               "FILE holds profile text or compiled policy. Each file is loaded in one step. Tasks that run "
               "unconfined\n"
               "though a loaded profile attaches to their program are named: they were started before.",
    .opts = opts,
    .run = run,
};
