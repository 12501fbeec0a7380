/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files in /etc/apparmor.d that say a profile's mode for the next boot. */
#pragma once

#include "profile_cmd.h"

struct mode_file {
    const char *path;           /* of the file, links resolved */
    struct aaj_str text, edited; /* the same where nothing is to be changed */
    unsigned mode;              /* permissions */
    const char *forced;         /* the link in force-complain/ that 'enforce' takes away; NULL: none */
};

/*
 * The files that define the profiles of @in, with the mode put in; @in's own file where it is profile text.
 * Warns of a profile that no file defines and of links in disable/. An exit status.
 */
int mode_files_find(struct profile_cmd *cmd, const struct profile_input *in, bool complain,
                    struct mode_file **ret_file, size_t *ret_n);

/* What would be changed: a unified diff without context, as patch(1) reads it. */
void mode_files_diff(struct profile_cmd *cmd, const struct mode_file *file, size_t n);

/* All or none. An exit status. */
int mode_files_write(struct profile_cmd *cmd, const struct mode_file *file, size_t n);
/* The texts as they were; links that are gone stay gone. */
void mode_files_restore(struct profile_cmd *cmd, const struct mode_file *file, size_t n);
