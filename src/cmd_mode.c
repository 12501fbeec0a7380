/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail enforce, aajail complain: the mode of profiles, in the kernel and in their files. */
#include "base/escape.h"
#include "mode_file.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "target", 't', "TARGET", "what profile text is compiled for (debian12); 'running': this kernel" },
    { "runtime", 'r', NULL, "in the kernel alone: a boot, or loading the file, goes back to what the file says" },
    OPT_DRY_RUN,
    OPT_JSON,
    OPT_END,
};

#define MISSING "name a loaded profile or a file of profiles"

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

/* The files before the kernel: whatever comes between, a boot is what was asked for. */
static int change(struct profile_cmd *cmd, struct profile_input *in, const struct mode_file *file, size_t n,
                  enum aaj_profile_mode mode)
{
    int status = mode_files_write(cmd, file, n);

    if (status != EXIT_DONE)
        return status;
    if (aaj_kernel_replace(&cmd->kernel, in->blob, &cmd->diags) < 0) {
        mode_files_restore(cmd, file, n);
        return EXIT_REFUSED;
    }
    status = verify(cmd, in, mode);
    if (status != EXIT_DONE)
        return status;
    return profile_cmd_outside(cmd, in, mode == AAJ_ENFORCE ? AAJ_ERROR : AAJ_WARNING) && mode == AAJ_ENFORCE
               ? EXIT_FINDING
               : EXIT_DONE;
}

static int set_mode(struct profile_cmd *cmd, struct profile_input *in, enum aaj_profile_mode mode)
{
    struct mode_file *file = NULL;
    size_t changed = 0, n = 0;
    int status = cmd->runtime ? EXIT_DONE : mode_files_find(cmd, in, mode == AAJ_COMPLAIN, &file, &n);

    if (status != EXIT_DONE)
        return status;
    if (aaj_blob_set_mode(in->piece, in->n, mode, &cmd->arena, &in->blob, &changed) < 0)
        return EXIT_REFUSED;
    if (!cmd->dry_run)
        return change(cmd, in, file, n, mode);
    for (size_t i = 0; i < in->n; i++)
        profile_cmd_tell(cmd, "would set", in->piece[i].name, mode_name(mode));
    mode_files_diff(cmd, file, n);
    return EXIT_DONE;
}

static int enforce(struct profile_cmd *cmd, struct profile_input *in)
{
    return set_mode(cmd, in, AAJ_ENFORCE);
}

static int complain(struct profile_cmd *cmd, struct profile_input *in)
{
    return set_mode(cmd, in, AAJ_COMPLAIN);
}

static int run_enforce(const struct verb *verb, int argc, char **argv)
{
    static const struct profile_verb how = { .names = true, .missing = MISSING, .each = enforce };

    return profile_cmd_run(verb, argc, argv, &how);
}

static int run_complain(const struct verb *verb, int argc, char **argv)
{
    static const struct profile_verb how = { .names = true, .missing = MISSING, .each = complain };

    return profile_cmd_run(verb, argc, argv, &how);
}

const struct verb verb_enforce = {
    .name = "enforce",
    .args = "PROFILE…",
    .summary = "Put profiles into enforce mode, in the kernel and in their files",
    .details = "  aajail enforce gapapp\n\n"
               "PROFILE is a loaded profile's name, or a file of profile text or compiled policy. Its children\n"
               "go with it. Of a loaded profile the file in /etc/apparmor.d that defines it is changed too, so\n"
               "that a boot keeps the mode. Exit status 1 names the tasks that are still outside: started\n"
               "before the profile was loaded, or left in a learning profile.",
    .opts = opts,
    .run = run_enforce,
};

const struct verb verb_complain = {
    .name = "complain",
    .args = "PROFILE…",
    .summary = "Put profiles into complain mode, in the kernel and in their files: log, but allow",
    .details = "  aajail complain gapapp\n\n"
               "PROFILE is a loaded profile's name, or a file of profile text or compiled policy. Its children\n"
               "go with it. Of a loaded profile the file in /etc/apparmor.d that defines it is changed too, so\n"
               "that a boot keeps the mode. Plain deny rules still deny.",
    .opts = opts,
    .run = run_complain,
};
