/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a profile is for. The machine that builds is seldom the machine that confines: parser version,
 * kernel features, ABI and abstractions folder come from here and nowhere else.
 *
 * A target is a folder of aajail's targets/, with a file `target` of `key value` lines:
 *
 *     parser          absolute path of apparmor_parser
 *     parser-version  3.0.8, 2.13.0+ (that or a newer one), or `running`: what that parser says
 *     abi             abi/3.0            (absent: none)
 *     features        what the kernel's features are: a file, relative to the target's folder, or absolute;
 *                     also a folder such as /sys/kernel/security/apparmor/features
 *     base            the policy folder, with abstractions/ and tunables/
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"

/* What the target's parser can read, beyond the language of AppArmor 2.13. */
enum aaj_parser_feature {
    AAJ_PARSER_ABI = 1u << 0,        /* abi <abi/3.0>, */
    AAJ_PARSER_INCLUDE_IF = 1u << 1, /* include if exists */
    AAJ_PARSER_NET_ADDR = 1u << 2,   /* network ip= port= peer=() */
    AAJ_PARSER_NET_PERMS = 1u << 3,  /* network (send, receive) inet, */
    AAJ_PARSER_USERNS = 1u << 4,
    AAJ_PARSER_MQUEUE = 1u << 5,
    AAJ_PARSER_IO_URING = 1u << 6,
    AAJ_PARSER_PRIORITY = 1u << 7,
};

/* What the target's kernel mediates. */
enum aaj_mediation {
    AAJ_MEDIATES_FILE = 1u << 0,
    AAJ_MEDIATES_NETWORK = 1u << 1,
    AAJ_MEDIATES_UNIX = 1u << 2,
    AAJ_MEDIATES_DBUS = 1u << 3,
    AAJ_MEDIATES_SIGNAL = 1u << 4,
    AAJ_MEDIATES_PTRACE = 1u << 5,
    AAJ_MEDIATES_MOUNT = 1u << 6,
    AAJ_MEDIATES_USERNS = 1u << 7,
    AAJ_MEDIATES_MQUEUE = 1u << 8,
    AAJ_MEDIATES_IO_URING = 1u << 9,
    AAJ_MEDIATES_NET_ADDR = 1u << 10,
    AAJ_MEDIATES_CAPABILITY = 1u << 11,
};

struct aaj_target {
    const char *name;                           /* "debian12" */
    const char *parser;                         /* absolute path of apparmor_parser */
    unsigned parser_version;                    /* 30008 for 3.0.8 */
    bool parser_newer;                          /* a newer one will do as well */
    unsigned parser_features;                   /* enum aaj_parser_feature */
    const char *abi;                            /* "abi/3.0", for the abi line; NULL = none */
    const char *features_file;                  /* absolute: what -M is given */
    unsigned mediates;                          /* read from the features file */
    const char *base;                           /* the policy folder with abstractions/ and tunables/: -b */
    const char *template_dir, *abstraction_dir; /* aajail's own; -I */
};

/* NULL name: debian12. @datadir: where aajail's templates, abstractions and targets are (the source tree
 * in tests). -ENOENT names the targets there are. */
int aaj_target_open(const char *name, const char *datadir, struct aaj_diags *diags,
                    struct aaj_target **ret_target);
struct aaj_target *aaj_target_free(struct aaj_target *target);

/* The names for enum aaj_mediation, one bit: "dbus". NULL for a bit that means nothing. */
const char *aaj_mediation_name(unsigned bit);

/* "AppArmor parser version 3.0.8" → 30008; 0 when there is no version in it. */
unsigned aaj_parser_version(struct aaj_str text);
/* What the parser at @path says of itself. */
int aaj_target_ask_parser(const char *path, struct aaj_diags *diags, unsigned *ret_version);
/* Warns when the parser that is installed here is not of the target's release (3.0, 4.1): what it writes is sound
 * policy, but not what that machine's own parser would write, nor is it the same language. 0 or -errno of asking. */
int aaj_target_check_parser(const struct aaj_target *target, struct aaj_diags *diags);
