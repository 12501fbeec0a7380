/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a policy opens of the files that exist: how many for reading, writing and executing, where, through which
 * rule or include, beyond what was learned, and which of them are nobody else's business.
 */
#pragma once

#include "ceiling/ceiling.h"
#include "check/rules.h"
#include "fsview/fsview.h"
#include "match/match.h"
#include "recording/recording.h"

enum aaj_surface_kind { AAJ_SURFACE_READ, AAJ_SURFACE_WRITE, AAJ_SURFACE_EXEC, AAJ_SURFACE_KINDS };

struct aaj_surface_input {
    const struct aaj_match *match; /* all its profiles: the jail with its children */
    struct aaj_fsview *files;
    struct aaj_recording *recording; /* what was learned: accesses that were let through; NULL: nothing is subtracted */
    const uint32_t *granted;         /* of those only these, indices into aaj_recording_accesses(); NULL: all */
    size_t n_granted;
    struct aaj_ceiling *ceiling;     /* tells secrets; NULL: none are */
    const struct aaj_rules *rules;   /* says which rule or include opened it; NULL: nobody */
    const uint32_t *uid;             /* the slave's, root among them where it begins as root; n_uids 0: unknown, owner */
    size_t n_uids;                   /* rules count for every file */
};

struct aaj_surface_count {
    size_t files[AAJ_SURFACE_KINDS];
    size_t beyond[AAJ_SURFACE_KINDS];  /* of files: nobody saw it used so */
    size_t outside[AAJ_SURFACE_KINDS]; /* of files: not below /usr, /proc, /sys, /dev */
    size_t outside_beyond[AAJ_SURFACE_KINDS]; /* of outside: nobody saw it used so */
    size_t hidden[AAJ_SURFACE_KINDS];  /* of files: not readable by everybody */
};

/* "/etc", "/usr/lib": the first two steps of a path. */
struct aaj_surface_dir {
    struct aaj_str path;
    size_t files[AAJ_SURFACE_KINDS];
};

/* A rule of the profiles' own, or an include with all its rules. */
struct aaj_surface_source {
    const struct aaj_listed_rule *rule; /* of an include: its first */
    size_t files[AAJ_SURFACE_KINDS];    /* that it opens, whether others do so, too, or not */
    size_t beyond[AAJ_SURFACE_KINDS];   /* of these: nobody saw it used so */
    size_t last;                        /* while counting: the file looked at last */
};

/* "include <abstractions/base>", "line 7: /etc/passwd r,": harmless text in @arena. */
const char *aaj_surface_source_name(const struct aaj_surface_source *source, struct aaj_arena *arena);

enum aaj_surface_concern {
    AAJ_CONCERN_SECRET,   /* the ceiling forbids it */
    AAJ_CONCERN_SETUID,   /* executes with other powers */
    AAJ_CONCERN_HIDDEN,   /* read, though not readable by everybody, and never seen read */
    AAJ_CONCERN_WRITABLE, /* written outside /usr, /proc, /sys, /dev, and never seen written */
    AAJ_CONCERNS,
};
const char *aaj_concern_name(enum aaj_surface_concern concern);

struct aaj_surface_file {
    enum aaj_surface_concern concern;
    struct aaj_str path;
    uint32_t mask;                       /* AAJ_MAY_*: what is opened */
    const struct aaj_ceiling_item *item; /* SECRET */
};

struct aaj_surface {
    struct aaj_arena arena;
    size_t walked; /* files looked at: no folders, no symlinks, and nothing in folders that no rule reaches into */
    struct aaj_surface_count count;
    struct aaj_surface_dir *dir; /* by path */
    size_t n_dirs, cap_dirs;
    struct aaj_surface_source *source; /* in the order of the text */
    size_t n_sources;
    struct aaj_surface_file *file; /* by concern and path */
    size_t n_files, cap_files;
};

int aaj_surface_run(const struct aaj_surface_input *input, struct aaj_surface *ret_surface);
void aaj_surface_clear(struct aaj_surface *surface);
