/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* File and link rules (Linux security/apparmor/file.c). */
#include "match/internal.h"

const struct aaj_dfa *aaj_match_file_dfa(const struct aaj_match_profile *p, uint32_t *ret_start)
{
    *ret_start = p->file ? p->file->file_start : AAJ_DFA_TRAP;
    return p->file ? p->file->dfa : NULL;
}

struct aaj_perms aaj_match_file_state(const struct aaj_match_profile *p, uint32_t state, bool owner)
{
    return p->file ? aaj_match_db_file_perms(p->file, state, owner) : (struct aaj_perms){ 0 };
}

struct aaj_perms aaj_match_file_perms(const struct aaj_match_profile *p, struct aaj_str path, bool owner)
{
    if (!p->file)
        return (struct aaj_perms){ 0 };
    return aaj_match_db_file_perms(p->file, aaj_dfa_walk(p->file->dfa, p->file->file_start, path), owner);
}

struct aaj_decision aaj_match_file(const struct aaj_match_profile *p, struct aaj_str path, bool owner,
                                   uint32_t request)
{
    struct aaj_perms perms;

    if (p->mode == AAJ_UNCONFINED)
        return aaj_match_decide_not_mediated(AAJ_WHY_UNCONFINED, request);
    perms = aaj_match_file_perms(p, path, owner);
    return aaj_match_decide(p, &perms, request);
}

/* May the link's exec rule stand where the target's does? Only the environment may be scrubbed more. */
static bool exec_subset(uint32_t link, uint32_t target)
{
    return (link & ~AAJ_X_UNSAFE) == (target & ~AAJ_X_UNSAFE) &&
           (!(link & AAJ_X_UNSAFE) || (target & AAJ_X_UNSAFE));
}

struct aaj_decision aaj_match_link(const struct aaj_match_profile *p, struct aaj_str link,
                                   struct aaj_str target, bool owner)
{
    const struct aaj_match_db *db = p->file;
    struct aaj_perms lperms, pair, tperms;
    struct aaj_decision d;
    uint32_t state, extra;

    if (p->mode == AAJ_UNCONFINED)
        return aaj_match_decide_not_mediated(AAJ_WHY_UNCONFINED, AAJ_PERM_LINK);
    if (!db)
        return aaj_match_decide_deny(AAJ_WHY_RULE, AAJ_PERM_LINK);
    state = aaj_dfa_walk(db->dfa, db->file_start, link);
    lperms = aaj_match_db_file_perms(db, state, owner);
    d = aaj_match_decide(p, &lperms, AAJ_PERM_LINK);
    if (d.verdict == AAJ_DENY)
        return d;
    state = aaj_dfa_walk(db->dfa, aaj_dfa_step(db->dfa, state, 0), target);
    pair = aaj_match_db_file_perms(db, state, owner);
    d = aaj_match_decide(p, &pair, AAJ_PERM_LINK);
    if (d.verdict == AAJ_DENY) {
        if (d.why == AAJ_WHY_RULE)
            d.why = AAJ_WHY_LINK_TARGET;
        return d;
    }
    if (!(pair.allow & AAJ_PERM_LINK_SUBSET))
        return d;
    tperms = aaj_match_file_perms(p, target, owner);
    extra = lperms.allow & ~AAJ_PERM_LINK & ~tperms.allow;
    if (!extra && (lperms.allow & AAJ_PERM_EXEC) && !exec_subset(lperms.xindex, tperms.xindex))
        extra = AAJ_PERM_EXEC;
    if (extra) {
        d = aaj_match_decide_deny(AAJ_WHY_LINK_SUBSET, AAJ_PERM_LINK | extra);
        d.missing = extra;
    }
    return d;
}
