/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The clauses of the proof, each a file of its own. */
#pragma once

#include "check/proof.h"
#include "check/rules.h"
#include "compile/compile.h"

struct aaj_proof {
    const struct aaj_proof_input *in;
    struct aaj_compile compile;
    struct aaj_diags *diags;
    struct aaj_proof_result *out;
    size_t literal_failures;
    struct aaj_policy *policy; /* of the text, once somebody asks which rule it was */
    struct aaj_rules rules;
};

/* Each returns 0 (ok[] says how it went, findings are added) or -errno. */
int aaj_proof_learned(struct aaj_proof *proof);
int aaj_proof_ceiling(struct aaj_proof *proof);
int aaj_proof_literal(struct aaj_proof *proof);
int aaj_proof_attach(struct aaj_proof *proof);
int aaj_proof_tests(struct aaj_proof *proof);

/* A finding that makes @clause fail. */
void aaj_proof_fail(struct aaj_proof *proof, enum aaj_proof_clause clause, struct aaj_loc loc,
                    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Is @profile one of those that this proof is about? */
bool aaj_proof_is_own(const struct aaj_proof *proof, const struct aaj_match_profile *profile);
/* Adds a note that names the rule by which @profile grants any of @mask on @name, where it can be told. */
void aaj_proof_name_rule(struct aaj_proof *proof, struct aaj_str profile, struct aaj_str name, uint32_t mask);
/* @s for a message: harmless, in the arena of the findings. */
const char *aaj_proof_show(struct aaj_proof *proof, struct aaj_str s);
