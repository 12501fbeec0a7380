/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From permissions to a verdict (aa_check_perms in Linux security/apparmor/lib.c), and walking the policy
 * automaton. */
#include "match/internal.h"

static const char *const why_text[AAJ_WHY_COUNT] = {
    [AAJ_WHY_RULE] = "no rule allows it",
    [AAJ_WHY_DENY_RULE] = "a deny rule forbids it",
    [AAJ_WHY_CLASS] = "not mediated",
    [AAJ_WHY_UNCONFINED] = "the profile is unconfined",
    [AAJ_WHY_NO_TARGET] = "the profile it would enter does not exist",
    [AAJ_WHY_CONFLICT] = "two profiles attach to it equally well",
    [AAJ_WHY_LINK_TARGET] = "no link rule allows this target",
    [AAJ_WHY_LINK_SUBSET] = "the new name would have rights that the target lacks",
    [AAJ_WHY_NO_HAT] = "there is no such hat",
    [AAJ_WHY_NOT_HAT] = "hats are entered from their parent or from another hat, and only hats",
    [AAJ_WHY_MOUNT_POINT] = "no rule has this mount point",
    [AAJ_WHY_MOUNT_SOURCE] = "no rule has this source",
    [AAJ_WHY_MOUNT_TYPE] = "no rule has this file system type",
    [AAJ_WHY_MOUNT_FLAGS] = "no rule has these flags",
    [AAJ_WHY_MOUNT_DATA] = "no rule has these options",
    [AAJ_WHY_PEER_UNCONFINED] = "an unconfined tracer is not asked about",
    [AAJ_WHY_CAPABILITY] = "capability sys_ptrace decides",
};

const char *aaj_why_text(enum aaj_why why)
{
    return (unsigned)why < AAJ_WHY_COUNT ? why_text[why] : "";
}

struct aaj_decision aaj_match_decide(const struct aaj_match_profile *p, const struct aaj_perms *perms,
                                     uint32_t request)
{
    struct aaj_decision d = { .request = request };

    d.missing = request & (~perms->allow | perms->deny);
    d.audit = p->audit_all ? request & ~d.missing : request & perms->audit & ~d.missing;
    d.quiet = d.missing & perms->quiet;
    d.verdict = d.missing ? AAJ_DENY : AAJ_ALLOW;
    /* Plain deny rules silence what they forbid; that is the one trace they leave. */
    if (d.missing && (d.missing & (perms->quiet | perms->deny)))
        d.why = AAJ_WHY_DENY_RULE;
    return d;
}

struct aaj_decision aaj_match_decide_not_mediated(enum aaj_why why, uint32_t request)
{
    return (struct aaj_decision){ .verdict = why == AAJ_WHY_CLASS ? AAJ_NOT_MEDIATED : AAJ_ALLOW,
                                  .why = why,
                                  .request = request };
}

struct aaj_decision aaj_match_decide_deny(enum aaj_why why, uint32_t request)
{
    return (struct aaj_decision){ .verdict = AAJ_DENY, .why = why, .request = request, .missing = request };
}

const struct aaj_dfa *aaj_match_policy_dfa(const struct aaj_match_profile *p)
{
    return p->policy ? p->policy->dfa : NULL;
}

uint32_t aaj_match_class_start(const struct aaj_match_profile *p, unsigned class)
{
    return p->policy ? aaj_dfa_step(p->policy->dfa, p->policy->start, (uint8_t) class) : AAJ_DFA_TRAP;
}

uint32_t aaj_match_walk(const struct aaj_match_profile *p, uint32_t state, struct aaj_str bytes)
{
    return p->policy ? aaj_dfa_walk(p->policy->dfa, state, bytes) : AAJ_DFA_TRAP;
}

uint32_t aaj_match_step(const struct aaj_match_profile *p, uint32_t state, uint8_t byte)
{
    return p->policy ? aaj_dfa_step(p->policy->dfa, state, byte) : AAJ_DFA_TRAP;
}

struct aaj_perms aaj_match_state_perms(const struct aaj_match_profile *p, uint32_t state)
{
    return p->policy ? aaj_match_db_perms(p->policy, state, p->abi) : (struct aaj_perms){ 0 };
}

/* The kernel writes ":ns:" before the name of a profile in another namespace (match_component). */
uint32_t aaj_match_label_walk(const struct aaj_match_profile *p, const struct aaj_dfa *dfa, uint32_t state,
                              struct aaj_str label)
{
    if (label.n && label.p[0] == ':') {
        struct aaj_str rest = aaj_str_skip(label, 1), ns = aaj_str_head(rest, aaj_str_find(rest, ':'));

        if (aaj_str_eq(ns, p->ns))
            label = aaj_str_skip(rest, ns.n + 1);
    }
    return aaj_dfa_walk(dfa, state, label);
}
