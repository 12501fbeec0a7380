/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The build's proof: a profile is written only when
 *   1. every access that was to be granted is allowed by the compiled policy;
 *   2. nothing under the ceiling is;
 *   3. each literal rule, compiled alone, matches its own name and no other name at all;
 *   4. the text defines the expected profiles and no others;
 *   5. it compiles for the target within the deadline;
 *   6. no other profile on disk attaches to the same path.
 * Policy tests of the manifest run with it.
 */
#pragma once

#include "ceiling/ceiling.h"
#include "fsview/fsview.h"
#include "manifest/manifest.h"
#include "match/match.h"
#include "recording/recording.h"
#include "target/target.h"

enum aaj_proof_clause {
    AAJ_PROOF_LEARNED,  /* 1 */
    AAJ_PROOF_CEILING,  /* 2 */
    AAJ_PROOF_LITERAL,  /* 3 */
    AAJ_PROOF_NAMES,    /* 4 */
    AAJ_PROOF_COMPILES, /* 5 */
    AAJ_PROOF_ATTACH,   /* 6 */
    AAJ_PROOF_TESTS,    /* the manifest's */
    AAJ_PROOF_CLAUSES,
};

/* An access that was to be granted, and the profile ("gapapp//dash") that has to allow it. */
struct aaj_proof_grant {
    uint32_t access; /* index into aaj_recording_accesses() */
    struct aaj_str profile;
    struct aaj_str into; /* EXEC: the profile it has to lead into; empty: any */
};

/* What a label of the log is called in the policy, where no grant says it: a master's, a pool's. */
struct aaj_proof_label {
    struct aaj_str from, to;
};

/* A rule that stands for one learned name: a file rule without wildcards. */
struct aaj_proof_rule {
    struct aaj_str text; /* with its comma: `owner "/srv/a b" rw,` */
    struct aaj_str name; /* the bytes that were learned, which it has to match */
    struct aaj_loc loc;  /* where it stands in the profile; line 0: nowhere yet */
};

struct aaj_proof_input {
    const struct aaj_target *target;
    struct aaj_str text, file;          /* the profile, and its name in findings */
    const char *const *include;         /* more folders for `include <…>`, as in compile/compile.h */
    size_t n_include;
    unsigned timeout_ms;                /* 0: 60 s */
    struct aaj_recording *recording;    /* NULL: clause 1 has nothing to prove */
    const struct aaj_proof_grant *grant;
    size_t n_grants;
    const struct aaj_proof_label *label;
    size_t n_labels;
    const struct aaj_proof_rule *rule;
    size_t n_rules;
    struct aaj_ceiling *ceiling;        /* with manifest, roots and tolerated abstractions applied; NULL: none */
    const struct aaj_manifest *manifest; /* NULL: no policy tests */
    struct aaj_fsview *files;           /* NULL: nothing is known */
    const struct aaj_str *name;         /* every profile expected, children and hats too */
    size_t n_names;
    const struct aaj_str *own;          /* those that ceiling and tests are about; NULL: all */
    size_t n_own;
    struct aaj_str compiled;            /* what the text compiles to, known already; empty: it is compiled */
    struct aaj_str attachment;          /* the slave's path; empty: clause 6 has nothing to prove */
    const char *profiles;               /* the folder of other profiles; NULL: not looked at */
    struct aaj_str own_file;            /* its file there ("aajail.gapapp"), which is no other */
};

struct aaj_proof_result {
    struct aaj_arena arena;
    struct aaj_str blob;     /* what was proved, byte for byte */
    struct aaj_match *match; /* the same, opened */
    bool ok[AAJ_PROOF_CLAUSES];
    size_t checked[AAJ_PROOF_CLAUSES]; /* accesses, items, rules, names, –, profiles, tests */
    size_t not_mediated;     /* granted accesses the target does not ask about */
};

/*
 * 0 with everything proved; 1 when a clause failed (which: ret->ok; findings name rule and event, id
 * "proof-learned", "proof-ceiling", …); -errno when it could not be carried out. *ret_result is filled in every
 * case and is to be freed with aaj_proof_clear().
 */
int aaj_proof_run(const struct aaj_proof_input *input, struct aaj_diags *diags,
                  struct aaj_proof_result *ret_result);

/* The manifest's policy tests alone: 0 when all hold, 1 with findings, -errno. *ret_n: how many there are. */
int aaj_proof_policy_tests(struct aaj_match *match, const struct aaj_manifest *manifest, struct aaj_fsview *files,
                           struct aaj_diags *diags, size_t *ret_n);
/* "rw": AAJ_MAY_* as letters, in @buf. */
const char *aaj_may_letters(uint32_t mask, char buf[12]);
void aaj_proof_clear(struct aaj_proof_result *result);
const char *aaj_proof_clause_name(enum aaj_proof_clause clause); /* "learned", "ceiling", … */
const char *aaj_proof_clause_text(enum aaj_proof_clause clause); /* "every learned access is allowed" */
