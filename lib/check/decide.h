/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a compiled profile would say to an access that was observed. */
#pragma once

#include "match/match.h"
#include "recording/recording.h"

enum aaj_replay_verdict {
    AAJ_REPLAY_ALLOWED,
    AAJ_REPLAY_DENIED,
    AAJ_REPLAY_NOT_MEDIATED, /* the target's kernel does not ask about this class */
    AAJ_REPLAY_IRRELEVANT,   /* no question to the policy: stat(), a destination */
    AAJ_REPLAY_UNDECIDED,    /* a record that says too little, or a class of the future */
};

struct aaj_replay_decision {
    enum aaj_replay_verdict verdict;
    enum aaj_why why;
    const char *note;      /* for IRRELEVANT and UNDECIDED: a sentence; NULL else */
    uint32_t missing;      /* bits of the access's mask that are refused */
    bool owner_only;       /* only the owner's half of the rules refuses (or only the other's: other_only) */
    bool other_only;
    struct aaj_transition transition; /* EXEC */
};

struct aaj_replay_subject {
    const struct aaj_match_profile *profile;
    const struct aaj_match_world *world;
    struct aaj_recording *recording;
    /* The label that a peer of the log has in the policy; NULL: as logged. */
    struct aaj_str (*peer)(void *ctx, struct aaj_str label);
    void *ctx;
};

struct aaj_replay_decision aaj_replay_decide(const struct aaj_replay_subject *subject,
                                             const struct aaj_access *access);

/* AAJ_MAY_* as AAJ_PERM_*. */
uint32_t aaj_replay_file_perms(uint32_t may);

/* Which hat a change_hat record asks for: @name, else what @target (older records: "P//HAT", "P//null-HAT") says; empty
 * where it is the way back. */
struct aaj_str aaj_replay_hat(struct aaj_str name, struct aaj_str target);
