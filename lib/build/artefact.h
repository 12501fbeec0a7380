/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a build leaves in its folder, and how the one who loads it knows that it is what was proved.
 *
 *     aajail.NAME       the profile, AppArmor text
 *     NAME.policy       the same compiled for the target: the bytes that were proved and are loaded
 *     firewall.v4 .v6   the chain for iptables-restore and ip6tables-restore
 *     firewall.nft      the chain for nft -f
 *     NAME.yaml         the manifest it was built from
 *     report.json       everything the build found out, for programs
 *     artefacts.json    names and SHA-256 of all of these; written last, removed first
 *
 * A folder without a valid artefacts.json holds nothing that may be loaded.
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"

#define AAJ_ARTEFACTS "artefacts.json"

struct aaj_artefact {
    struct aaj_str name; /* a plain file name */
    struct aaj_str bytes;
};

/* A profile among them for whose user there is no chain: a pool without a manifest of its own. */
struct aaj_artefact_unfenced {
    struct aaj_str profile;
    uint32_t uid; /* when it was learned */
};

struct aaj_artefacts {
    struct aaj_arena *arena;      /* not owned */
    struct aaj_str jail;          /* NAME */
    struct aaj_str user;          /* as in the manifest; empty when none was named */
    struct aaj_str target;        /* "debian12" */
    struct aaj_str *profile;      /* all names the policy holds, "NAME", "NAME//child", … */
    size_t n_profiles;
    struct aaj_artefact_unfenced *unfenced;
    size_t n_unfenced;
    struct aaj_artefact *file;
    size_t n_files;
};

/* Makes @dir if need be (its parent must exist or be makeable) and puts the files there. A reader sees the
 * old artefacts, none, or the new ones; other files in the folder stay. 0 or -errno with a finding. */
int aaj_artefacts_write(const char *dir, const struct aaj_artefacts *artefacts, struct aaj_diags *diags);

/* Reads and verifies. -ENOENT: no artefacts there; -EBADMSG with a finding: a file is missing or is not the
 * one that was proved; -EINVAL with a finding: not a list of artefacts. Bytes live in @arena. */
int aaj_artefacts_read(const char *dir, struct aaj_arena *arena, struct aaj_diags *diags,
                       struct aaj_artefacts *ret_artefacts);

/* NULL when there is none of that name. */
const struct aaj_artefact *aaj_artefacts_find(const struct aaj_artefacts *artefacts, struct aaj_str name);

/* 64 lower-case hex digits and a NUL. */
void aaj_sha256_hex(struct aaj_str bytes, char ret_hex[static 65]);
