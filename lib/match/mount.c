/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount rules (Linux security/apparmor/mount.c). */
#include "match/internal.h"

static struct aaj_decision deny_part(const struct aaj_match_profile *p, const struct aaj_perms *perms,
                                     enum aaj_why why)
{
    struct aaj_decision d = aaj_match_decide(p, perms, AAJ_PERM_MOUNT);

    if (d.verdict == AAJ_DENY && d.why == AAJ_WHY_RULE)
        d.why = why;
    return d;
}

static struct aaj_decision match_mount(const struct aaj_match_profile *p, uint32_t state,
                                       const struct aaj_match_mount *m)
{
    struct aaj_perms perms = { 0 };

    state = aaj_match_step(p, aaj_match_walk(p, state, m->point), 0);
    if (!state)
        return deny_part(p, &perms, AAJ_WHY_MOUNT_POINT);
    state = aaj_match_step(p, aaj_match_walk(p, state, m->source), 0);
    if (!state)
        return deny_part(p, &perms, AAJ_WHY_MOUNT_SOURCE);
    state = aaj_match_step(p, aaj_match_walk(p, state, m->fstype), 0);
    if (!state)
        return deny_part(p, &perms, AAJ_WHY_MOUNT_TYPE);
    for (unsigned bit = 0; bit < 32; bit++)
        if (m->flags >> bit & 1)
            state = aaj_match_step(p, state, (uint8_t)(bit + 1));
    if (!state)
        return deny_part(p, &perms, AAJ_WHY_MOUNT_FLAGS);
    perms = aaj_match_state_perms(p, state);
    if ((perms.allow & AAJ_PERM_MOUNT) || !m->data.n || !(perms.allow & AAJ_PERM_MOUNT_DATA))
        return aaj_match_decide(p, &perms, AAJ_PERM_MOUNT);
    state = aaj_match_walk(p, aaj_match_step(p, state, 0), m->data);
    perms = aaj_match_state_perms(p, state);
    return deny_part(p, &perms, AAJ_WHY_MOUNT_DATA);
}

static bool settled(const struct aaj_match_profile *p, uint32_t request, uint32_t *ret_start,
                    struct aaj_decision *ret)
{
    *ret_start = aaj_match_class_start(p, AAJ_MATCH_MOUNT);
    if (p->mode == AAJ_UNCONFINED)
        *ret = aaj_match_decide_not_mediated(AAJ_WHY_UNCONFINED, request);
    else if (*ret_start == AAJ_DFA_TRAP)
        *ret = aaj_match_decide_not_mediated(AAJ_WHY_CLASS, request);
    else
        return false;
    return true;
}

struct aaj_decision aaj_match_mount(const struct aaj_match_profile *p, const struct aaj_match_mount *mount)
{
    struct aaj_decision d;
    uint32_t state;

    return settled(p, AAJ_PERM_MOUNT, &state, &d) ? d : match_mount(p, state, mount);
}

struct aaj_decision aaj_match_umount(const struct aaj_match_profile *p, struct aaj_str point)
{
    struct aaj_decision d;
    struct aaj_perms perms;
    uint32_t state;

    if (settled(p, AAJ_PERM_UMOUNT, &state, &d))
        return d;
    perms = aaj_match_state_perms(p, aaj_match_walk(p, state, point));
    return aaj_match_decide(p, &perms, AAJ_PERM_UMOUNT);
}

struct aaj_decision aaj_match_pivot_root(const struct aaj_match_profile *p, struct aaj_str new_root,
                                         struct aaj_str old_root, struct aaj_str *ret_target)
{
    struct aaj_decision d;
    struct aaj_perms perms;
    uint32_t state;

    if (ret_target)
        *ret_target = p->name; /* the kernel keeps the profile, whatever the rule names */
    if (settled(p, AAJ_PERM_PIVOT_ROOT, &state, &d))
        return d;
    state = aaj_match_step(p, aaj_match_walk(p, state, new_root), 0);
    perms = aaj_match_state_perms(p, aaj_match_walk(p, state, old_root));
    return aaj_match_decide(p, &perms, AAJ_PERM_PIVOT_ROOT);
}
