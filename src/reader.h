/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What others wrote, read by a child without power (sandbox.h): the command opens, the child parses, and what comes
 * back is canonical text that the parent reads again with the same bounded readers.
 *
 * All return an exit status: EXIT_DONE, EXIT_INPUT with findings, or EXIT_REFUSED when this machine would not let us.
 */
#pragma once

#include "fsview/fsview.h"
#include "manifest/manifest.h"
#include "recording/intake.h"

/* Paths from repeated options; "-" is standard input. */
struct paths {
    const char **item;
    size_t n, cap;
};
int paths_add(struct paths *paths, const char *path); /* 0 or -ENOMEM */
void paths_clear(struct paths *paths);

/* Logs of any form into @rec. @options may be NULL. */
int read_logs(const struct paths *logs, const struct aaj_intake_options *options, struct aaj_recording *rec,
              struct aaj_diags *diags);

/* Recordings, merged into @rec. */
int read_recordings(const struct paths *recordings, struct aaj_recording *rec, struct aaj_diags *diags);

/* A list of files as find prints it (fsview/fsview.h), plain or .zst. */
int read_file_list(const char *path, struct aaj_fsview *view, struct aaj_diags *diags);

/* What --root, --files and neither mean: a tree, a list, this machine. */
int open_files(const char *root, const char *list, struct aaj_fsview **ret_view, struct aaj_diags *diags);

/* A manifest, which the one who runs the command wrote: read here, not by the child. Its text lives in @arena. */
int read_manifest_file(const char *path, struct aaj_arena *arena, struct aaj_diags *diags, struct aaj_str *ret_text,
                       struct aaj_manifest **ret_manifest);
