/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compiled policy cut into its profiles, and their modes changed in place: the rest of the bytes stays what
 * was proved. */
#pragma once

#include "base/arena.h"
#include "match/match.h"

/* One profile of a blob. Its bytes do not depend on where in a blob they stand: an automaton's padding is
 * told by its length alone (Linux security/apparmor/policy_unpack.c, unpack_dfa). */
struct aaj_piece {
    struct aaj_str bytes;
    struct aaj_str name; /* "parent//child"; with a namespace ":ns://parent//child", as the kernel lists it */
    /* What it attaches to: the bytes of the automaton, the same for the same expression; a path, where its name
     * is one and there is no automaton; empty: nothing. */
    struct aaj_str attach;
    uint32_t version;    /* bit 11: complain whatever the mode says */
    enum aaj_profile_mode mode;
    size_t version_at, mode_at; /* offsets of the numbers in @bytes */
};

/* -EINVAL for what is no stream of profiles, -ENOTSUP for compressed policy. *ret_why says which. */
int aaj_blob_split(struct aaj_str blob, struct aaj_arena *arena, const char **ret_why,
                   struct aaj_piece **ret_piece, size_t *ret_n);

/* The same profiles, in any order: the kernel gives them back in its own. @modes: their modes too. */
bool aaj_blob_same(struct aaj_str a, struct aaj_str b, bool modes, struct aaj_arena *arena);

/* The mode that the kernel will give it. */
enum aaj_profile_mode aaj_piece_mode(const struct aaj_piece *piece);

/* The pieces as one blob with the mode set in each. Setting enforce leaves a profile in kill mode as it is:
 * it enforces already. *ret_changed: how many are different now. */
int aaj_blob_set_mode(const struct aaj_piece *piece, size_t n, enum aaj_profile_mode mode,
                      struct aaj_arena *arena, struct aaj_str *ret_blob, size_t *ret_changed);
