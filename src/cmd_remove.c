/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail remove PROFILE…: out of the kernel, unless somebody would be set free by that. */
#include "base/escape.h"
#include "profile_cmd.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "force", 'f', NULL, "remove it though tasks bear it: they run on unconfined, for good" },
    { "target", 't', "TARGET", "what profile text is compiled for (debian12); 'running': this kernel" },
    OPT_DRY_RUN,
    OPT_JSON,
    OPT_END,
};

/* A child whose parent is removed too goes with it. */
static bool goes_alone(const struct profile_input *in, size_t i)
{
    for (size_t k = 0; k < in->n; k++)
        if (k != i && in->piece[k].name.n < in->piece[i].name.n &&
            aaj_label_bears(in->piece[i].name, in->piece[k].name))
            return false;
    return true;
}

static int remove_all(struct profile_cmd *cmd, const struct profile_input *in)
{
    int status = EXIT_DONE;
    size_t n = 0;

    for (size_t i = 0; i < in->n; i++) {
        const struct aaj_loaded *l = aaj_loaded_find(cmd->loaded, cmd->n_loaded, in->piece[i].name);

        if (!l)
            continue;
        n++;
        if (!cmd->dry_run && goes_alone(in, i) &&
            aaj_kernel_remove(&cmd->kernel, in->piece[i].name, &cmd->diags) < 0)
            status = EXIT_REFUSED;
        else
            profile_cmd_tell(cmd, cmd->dry_run ? "would remove" : "removed", in->piece[i].name, l->mode);
    }
    if (n == 0)
        aaj_diag_add(&cmd->diags, AAJ_WARNING, "not-loaded", (struct aaj_loc){ .file = aaj_str_c(in->arg) },
                     AAJ_STR(""), "none of its profiles is loaded");
    return status;
}

/* Somebody may have entered the profile between the look and the removal; he runs unconfined now. */
static int remove_one(struct profile_cmd *cmd, struct profile_input *in)
{
    size_t bearers = profile_cmd_bearers(cmd, in);
    int status;

    if (bearers && !cmd->force) {
        aaj_error(&cmd->diags, (struct aaj_loc){ 0 },
                  "%s is not removed: %zu task%s would run on unconfined; stop %s first, or use --force",
                  aaj_escape(&cmd->arena, aaj_str_c(in->arg)), bearers, bearers == 1 ? "" : "s",
                  bearers == 1 ? "it" : "them");
        return EXIT_REFUSED;
    }
    status = remove_all(cmd, in);
    if (cmd->dry_run || status != EXIT_DONE || cmd->force)
        return status;
    return profile_cmd_outside(cmd, in, AAJ_WARNING);
}

static int run(const struct verb *verb, int argc, char **argv)
{
    static const struct profile_verb how = { .names = true,
                                             .missing = "name a loaded profile or a file of profiles",
                                             .each = remove_one };

    return profile_cmd_run(verb, argc, argv, &how);
}

const struct verb verb_remove = {
    .name = "remove",
    .args = "PROFILE…",
    .summary = "Remove profiles from the kernel, unless a task bears one",
    .details = "  aajail remove gapapp\n\n"
               "PROFILE is a loaded profile's name, or a file of profile text or compiled policy. Its "
               "children go with\n"
               "it. A task that bears it would run on unconfined and not come back when it is loaded again: "
               "that is\n"
               "refused with 4 unless --force.",
    .opts = opts,
    .run = run,
};
