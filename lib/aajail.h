/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libaajail: from audit logs to proved AppArmor profiles; see libaajail(3) and ARCHITECTURE.md.
 *
 * - Every function that can fail returns 0 or a negative errno; -EINVAL and -EPERM come with messages that
 *   aajail_message() lists. Outputs (ret_…) stay untouched on failure.
 * - Bytes are (pointer, length): logs hold NULs. What a getter returns belongs to its object and lives as
 *   long as it does. Freeing NULL is fine; the free functions return NULL.
 * - The library never prints, never exits, keeps no global state, and does not drop privileges: a program
 *   run by root that reads what others wrote should do so in a child, as the aajail command does.
 * - An object may be used by one thread at a time.
 */
#ifndef AAJAIL_H
#define AAJAIL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AAJAIL_API __attribute__((visibility("default")))

/* "0.1.0" */
AAJAIL_API const char *aajail_version(void);

/* -- context: target, folders, messages ----------------------------------------------------------- */

typedef struct aajail aajail;

/* @datadir: where templates, abstractions, targets and the ceiling are; NULL for the installed place. */
AAJAIL_API int aajail_new(const char *datadir, aajail **ret_ctx);
AAJAIL_API aajail *aajail_free(aajail *ctx);

/* "debian12" (the default), "debian13", …, "running". -ENOENT, with a message that lists the targets. */
AAJAIL_API int aajail_set_target(aajail *ctx, const char *name);

/* A list of files as printed by find -printf '%y\t%m\t%U\t%G\t%p\n' (with \t%l for links), plain or .zst; or
 * the tree below a folder. Without either nothing is known of files but what recordings say. */
AAJAIL_API int aajail_add_files(aajail *ctx, const void *list, size_t n, const char *name);
AAJAIL_API int aajail_set_root(aajail *ctx, const char *root);

enum aajail_severity { AAJAIL_NOTE, AAJAIL_WARNING, AAJAIL_ERROR };

struct aajail_message {
    enum aajail_severity severity;
    const char *file;      /* "" when it belongs to no place */
    uint32_t line, column; /* from 1; 0 = none */
    const char *text;      /* for people; harmless on a terminal */
};

/* The @i-th message since the last aajail_clear_messages(); -ENOENT past the last. */
AAJAIL_API int aajail_message(aajail *ctx, size_t i, struct aajail_message *ret_message);
AAJAIL_API void aajail_clear_messages(aajail *ctx);

/* -- recordings: what was observed ------------------------------------------------------------------ */

typedef struct aajail_recording aajail_recording;

AAJAIL_API int aajail_recording_new(aajail *ctx, aajail_recording **ret_recording);
AAJAIL_API aajail_recording *aajail_recording_free(aajail_recording *recording);

/* Reads a log of any known form, plain or compressed, from @fd to its end; @name names it in messages.
 * A bad line is counted and reported, never an error. */
AAJAIL_API int aajail_recording_add_log(aajail_recording *recording, int fd, const char *name);

/* Merges the text of a recording into this one. */
AAJAIL_API int aajail_recording_add(aajail_recording *recording, const void *text, size_t n, const char *name);

/* The canonical text, malloc'd: the caller frees it. */
AAJAIL_API int aajail_recording_text(aajail_recording *recording, char **ret_text, size_t *ret_n);

struct aajail_account {
    uint64_t lines, used, irrelevant, reported;
    uint64_t lost;  /* events known to be lost, a lower bound */
    int incomplete; /* loss was seen, even where no number is known */
    size_t accesses;
};
AAJAIL_API int aajail_recording_account(aajail_recording *recording, struct aajail_account *ret_account);

/* -- build: manifest and recording to proved artefacts ------------------------------------------------ */

typedef struct aajail_build aajail_build;

/* @manifest: the text of NAME.yaml, named @name in messages. @label: the profile's label in the recording;
 * NULL to find it. -EINVAL: the input is bad; -EPERM: something could not be proved. */
AAJAIL_API int aajail_build_new(aajail *ctx, const void *manifest, size_t n, const char *name,
                                aajail_recording *recording, const char *label, aajail_build **ret_build);
AAJAIL_API aajail_build *aajail_build_free(aajail_build *build);

enum aajail_artefact {
    AAJAIL_PROFILE,      /* AppArmor text */
    AAJAIL_POLICY,       /* the same compiled for the target: what was proved */
    AAJAIL_FIREWALL_V4,  /* iptables-restore --noflush; the user's name stays symbolic */
    AAJAIL_FIREWALL_V6,
    AAJAIL_FIREWALL_NFT, /* nft -f */
    AAJAIL_REPORT,       /* JSON */
};
/* -ENOENT: there is none; a manifest without a user has no chain. */
AAJAIL_API int aajail_build_get(const aajail_build *build, enum aajail_artefact what, const void **ret_bytes,
                                size_t *ret_n);

/* -- policy: what compiled policy allows -------------------------------------------------------------- */

typedef struct aajail_policy aajail_policy;

/* AppArmor text, compiled for the context's target, or the bytes that apparmor_parser wrote. */
AAJAIL_API int aajail_policy_new(aajail *ctx, const void *bytes, size_t n, const char *name,
                                 aajail_policy **ret_policy);
AAJAIL_API aajail_policy *aajail_policy_free(aajail_policy *policy);

enum aajail_answer { AAJAIL_DENY, AAJAIL_ALLOW, AAJAIL_NOT_MEDIATED };

/* One question as in aajail-query(1): LABEL\tCLASS\tARGS…, "shop\tfile\t/etc/passwd\tr\tother".
 * -EINVAL: not a question; -ENOENT: no such profile in the policy. */
AAJAIL_API int aajail_policy_query(const aajail_policy *policy, const char *question,
                                   enum aajail_answer *ret_answer);

#ifdef __cplusplus
}
#endif

#endif
