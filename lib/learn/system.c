/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts, limits, and what only newer targets know: user namespaces, message queues, io_uring. */
#include <errno.h>

#include "learn/other.h"
#include "policy/quote.h"

/* The language takes -20 to 19, and apparmor_parser compiles it to 20 more, whatever getrlimit(2) says of the
 * sign. */
enum { NICE_MIN = -20, NICE_MAX = 39 };

static const struct aaj_str nothing = AAJ_STR_INIT("");

/* ---- mounts (Linux security/apparmor/mount.c, audit_cb() and audit_mnt_flags()) ---- */

/* A device, a folder, or a word like "tmpfs" or "none". */
static int set_arg(struct aaj_learner *l, struct aaj_item *item, unsigned arg, struct aaj_str value)
{
    return value.n ? aaj_text_literal(l->arena, value, AAJ_TEXT_COND, &item->rule.access.arg[arg]) : 0;
}

static int fill_mount(struct aaj_learner *l, struct aaj_item *item, const struct aaj_access *a)
{
    struct aaj_str fstype = aaj_arg(l, a, AAJ_MOUNT_FSTYPE);
    int r = fstype.n ? aaj_other_cond(l, item, false, "fstype", fstype, false) : 0;

    if (r == 0)
        r = aaj_rule_add_words(l->arena, item, "options", aaj_arg(l, a, AAJ_MOUNT_FLAGS));
    if (r == 0)
        r = set_arg(l, item, 0, aaj_arg(l, a, AAJ_MOUNT_SOURCE));
    return r == 0 ? set_arg(l, item, 1, aaj_arg(l, a, AAJ_MOUNT_NAME)) : r;
}

/* name= is the new root, srcname= where the old one goes. */
static int fill_pivot_root(struct aaj_learner *l, struct aaj_item *item, const struct aaj_access *a)
{
    struct aaj_str old = aaj_arg(l, a, AAJ_MOUNT_SOURCE);
    int r = old.n ? aaj_other_cond(l, item, false, "oldroot", old, false) : 0;

    return r == 0 ? set_arg(l, item, 0, aaj_arg(l, a, AAJ_MOUNT_NAME)) : r;
}

int aaj_other_mount(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    const struct aaj_access *a = &l->access[i];
    struct aaj_str op = aaj_recording_str(l->in->recording, a->op), point = aaj_arg(l, a, AAJ_MOUNT_NAME);
    struct aaj_str how =
        aaj_arena_printf(&l->scratch, "%.*s\n%.*s", AAJ_STR_ARG(aaj_arg(l, a, AAJ_MOUNT_FSTYPE)),
                         AAJ_STR_ARG(aaj_arg(l, a, AAJ_MOUNT_FLAGS)));
    bool umount = aaj_str_eq(op, AAJ_STR("umount")), pivot = aaj_str_starts(op, AAJ_STR("pivot"));
    const char *kind = umount ? "umount" : pivot ? "pivot_root" : "mount";
    struct aaj_draft *d;
    struct aaj_item *item;
    int r;

    if (point.n == 0 || point.p[0] != '/')
        return -EINVAL; /* disconnected; an empty one would be a rule for every mount point */
    item = aaj_rule_access(l->arena,
                           umount  ? AAJ_RULE_UMOUNT
                           : pivot ? AAJ_RULE_PIVOT_ROOT
                                   : AAJ_RULE_MOUNT,
                           0);
    if (!item || !how.p)
        return -ENOMEM;
    r = umount ? set_arg(l, item, 0, point) : pivot ? fill_pivot_root(l, item, a) : fill_mount(l, item, a);
    if (r < 0)
        return r;
    r = aaj_other_draft(l, i, dom, aaj_other_key(l, kind, point, aaj_arg(l, a, AAJ_MOUNT_SOURCE), how), &d);
    return r > 0 ? aaj_other_made(d, item) : r;
}

/* ---- limits ---- */

/*
 * The kernel's number as the language says it (apparmor_parser's parser_yacc.y): nice is moved, rttime needs
 * its unit. The largest that was asked for counts.
 */
static int set_limit(struct aaj_learner *l, struct aaj_item *item, struct aaj_str name, uint64_t value)
{
    struct aaj_str text = AAJ_STR("infinity");

    if (aaj_str_eq(name, AAJ_STR("nice")))
        text = aaj_arena_printf(l->arena, "%d", (int)value + NICE_MIN);
    else if (value <= INT64_MAX)
        text = aaj_arena_printf(l->arena, "%llu", (unsigned long long)value);
    if (!text.p)
        return -ENOMEM;
    item->rule.rlimit.value = aaj_text_word(text.p);
    if (value <= INT64_MAX && aaj_str_eq(name, AAJ_STR("rttime")))
        item->rule.rlimit.unit = aaj_text_word("us");
    return 0;
}

static bool number_of(struct aaj_str s, uint64_t *ret)
{
    uint64_t v = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
            return false;
    }
    *ret = v;
    return s.n > 0;
}

/* Only a profile that sets a limit asks about it, so that the record says: more than it sets was wanted. */
int aaj_other_rlimit(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    const struct aaj_access *a = &l->access[i];
    struct aaj_str name = aaj_arg(l, a, AAJ_RLIMIT_NAME);
    uint64_t value, largest;
    struct aaj_draft *d;
    int r;

    if (!aaj_other_is_word(name) || !number_of(aaj_arg(l, a, AAJ_RLIMIT_VALUE), &value) ||
        (value > NICE_MAX && aaj_str_eq(name, AAJ_STR("nice"))))
        return -EINVAL;
    r = aaj_other_draft(l, i, dom, aaj_other_key(l, "rlimit", name, nothing, nothing), &d);
    if (r > 0)
        r = aaj_other_made(d, aaj_rule_rlimit(l->arena, aaj_arena_dup(l->arena, name).p, "0", NULL));
    if (r < 0)
        return r;
    largest = value;
    for (uint32_t e = d->ev; e; e = l->ev[e].next)
        if (number_of(aaj_arg(l, &l->access[l->ev[e].access], AAJ_RLIMIT_VALUE), &value) && value > largest)
            largest = value;
    return set_limit(l, d->item, name, largest);
}

/* ---- what only newer targets know ---- */

int aaj_other_userns(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    struct aaj_draft *d;
    int r = aaj_other_draft(l, i, dom, aaj_other_key(l, "userns", nothing, nothing, nothing), &d);

    return r > 0 ? aaj_other_made(d, aaj_rule_access(l->arena, AAJ_RULE_USERNS, 1)) : r;
}

/* class="posix_mqueue" is type=posix. */
int aaj_other_mqueue(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    const struct aaj_access *a = &l->access[i];
    struct aaj_str type = aaj_arg(l, a, AAJ_MQUEUE_TYPE), name = aaj_arg(l, a, AAJ_MQUEUE_NAME);
    struct aaj_draft *d;
    int r;

    if (aaj_str_ends(type, AAJ_STR("_mqueue")))
        type.n -= strlen("_mqueue");
    if ((type.n && !aaj_other_is_word(type)) || !aaj_other_mask(a))
        return -EINVAL;
    r = aaj_other_draft(l, i, dom, aaj_other_key(l, "mqueue", type, name, nothing), &d);
    if (r > 0) {
        r = aaj_other_made(d, aaj_rule_access(l->arena, AAJ_RULE_MQUEUE, 0));
        if (r == 0 && type.n)
            r = aaj_rule_add_cond(l->arena, d->item, "type", aaj_other_word(l, type));
        if (r == 0)
            r = set_arg(l, d->item, 0, name);
    }
    if (r == 0)
        d->item->rule.access.perms |= aaj_other_mask(a);
    return r;
}

int aaj_other_io_uring(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    const struct aaj_access *a = &l->access[i];
    struct aaj_str label = aaj_arg(l, a, AAJ_LABEL_TARGET), peer = nothing;
    struct aaj_draft *d;
    int r = !aaj_other_mask(a) ? -EINVAL : label.n ? aaj_other_peer(l, i, dom, label, &peer) : 0;

    if (r)
        return r;
    r = aaj_other_draft(l, i, dom, aaj_other_key(l, "io_uring", peer, nothing, nothing), &d);
    if (r > 0) {
        r = aaj_other_made(d, aaj_rule_access(l->arena, AAJ_RULE_IO_URING, 0));
        if (r == 0 && peer.n)
            r = aaj_other_cond(l, d->item, false, "label", peer, true);
    }
    if (r == 0)
        d->item->rule.access.perms |= aaj_other_mask(a);
    return r;
}
