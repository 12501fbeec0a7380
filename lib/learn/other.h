/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Accesses that are no files: one draft a rule, equal ones joined. other.c sorts them out and makes the small
 * ones, socket.c what networks and local sockets need, system.c mounts, limits and what only newer targets
 * know.
 *
 * A maker returns 0 when the access is granted, 1 when it was set aside with a reason, -EINVAL when no rule
 * can be written for it, -ENOMEM.
 */
#pragma once

#include "learn/private.h"

typedef int aaj_rule_maker(struct aaj_learner *l, uint32_t access, uint32_t dom);

aaj_rule_maker aaj_other_network, aaj_other_unix;
aaj_rule_maker aaj_other_mount, aaj_other_rlimit, aaj_other_userns, aaj_other_mqueue, aaj_other_io_uring;

/* A word of the language and nothing else: what stands in a log may be anything. */
bool aaj_other_is_word(struct aaj_str s);
struct aaj_text aaj_other_word(struct aaj_learner *l, struct aaj_str s);

/* What was asked for and refused, or would have been; without words that are not known. */
static inline uint32_t aaj_other_mask(const struct aaj_access *a)
{
    return (a->denied_mask ? a->denied_mask : a->requested) & ~AAJ_MASK_UNKNOWN;
}

/* What tells one rule of a profile from another. */
struct aaj_str aaj_other_key(struct aaj_learner *l, const char *kind, struct aaj_str a, struct aaj_str b,
                             struct aaj_str c);
/* One rule for each (profile, key); 1 when it is new and *ret_draft has to be filled, 0, -ENOMEM. */
int aaj_other_draft(struct aaj_learner *l, uint32_t access, uint32_t dom, struct aaj_str key,
                    struct aaj_draft **ret_draft);
/* Gives the new draft its item: -ENOMEM when there is none, else 0. */
int aaj_other_made(struct aaj_draft *draft, struct aaj_item *item);
/* key=VALUE, in peer=() when @peer; VALUE is a name, or with @glob the text of a glob. */
int aaj_other_cond(struct aaj_learner *l, struct aaj_item *item, bool peer, const char *name,
                   struct aaj_str value, bool glob);
/* The peer's label as a rule says it; 1 when the access was refused because the peer's program is. */
int aaj_other_peer(struct aaj_learner *l, uint32_t access, uint32_t dom, struct aaj_str label,
                   struct aaj_str *ret_glob);

/* Is there anything in the target that a rule of this class would be for? */
bool aaj_other_is_mediated(const struct aaj_learner *l, enum aaj_class class);
