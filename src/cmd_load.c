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

static int load(struct profile_cmd *cmd, struct profile_input *in)
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
    profile_cmd_clashes(cmd, in);
    if (!cmd->dry_run)
        profile_cmd_outside(cmd, in, AAJ_WARNING);
    return EXIT_DONE;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    static const struct profile_verb how = { .missing = "name a file of profiles", .each = load };

    return profile_cmd_run(verb, argc, argv, &how);
}

const struct verb verb_load = {
    .name = "load",
    .args = "FILE…",
    .summary = "Load profiles into the kernel, replacing those of the same names",
    .details = "  aajail load build/gapapp/profile\n\n"
               "FILE holds profile text or compiled policy. Each file is loaded in one step. Tasks that run\n"
               "unconfined though a loaded profile attaches to their program are named: they were started\n"
               "before. So are profiles that attach to the same program: then neither confines it.",
    .opts = opts,
    .run = run,
};
