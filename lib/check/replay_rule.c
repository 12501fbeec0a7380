/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rule that would allow what was refused. */
#include "check/replay.h"
#include "policy/print.h"
#include "policy/quote.h"

struct maker {
    struct aaj_arena *arena;
    struct aaj_str arg[AAJ_ARGS];
    uint32_t mask;
    bool owner;
};

static struct aaj_text literal(struct maker *m, struct aaj_str s, enum aaj_text_place place)
{
    struct aaj_text text = { 0 };

    if (!s.n || aaj_text_literal(m->arena, s, place, &text) < 0)
        text = (struct aaj_text){ 0 };
    return text;
}

static struct aaj_text word(struct maker *m, struct aaj_str s)
{
    return (struct aaj_text){ s, s };
}

static struct aaj_item *make_file(struct maker *m)
{
    struct aaj_text path = literal(m, m->arg[AAJ_FILE_NAME], AAJ_TEXT_PATH);
    uint32_t perms = m->mask & (AAJ_MAY_READ | AAJ_MAY_LOCK | AAJ_MAY_LINK | AAJ_MAY_MMAP | AAJ_MAY_EXEC);
    struct aaj_item *item;

    if (m->mask & (AAJ_MAY_WRITE | AAJ_MAY_CREATE | AAJ_MAY_DELETE))
        perms |= AAJ_MAY_WRITE;
    else
        perms |= m->mask & AAJ_MAY_APPEND;
    if (!path.value.p || !perms)
        return NULL;
    item = perms & AAJ_MAY_EXEC
               ? aaj_rule_exec(m->arena, path, perms, AAJ_EXEC_IX, false, (struct aaj_text){ 0 })
               : aaj_rule_file(m->arena, path, perms);
    if (item && m->owner)
        item->rule.prefix.owner = AAJ_OWNER_OWNER;
    return item;
}

/* key=value, or in peer=() when @peer; left out where the record does not say. */
static void add(struct maker *m, struct aaj_item *item, bool peer, const char *key, struct aaj_str value)
{
    struct aaj_text text = literal(m, value, AAJ_TEXT_COND);

    if (!item || !text.value.p)
        return;
    if (peer)
        aaj_rule_add_peer(m->arena, item, key, text);
    else
        aaj_rule_add_cond(m->arena, item, key, text);
}

static struct aaj_item *make_net(struct maker *m)
{
    struct aaj_item *item = aaj_rule_access(m->arena, AAJ_RULE_NETWORK, 0);

    if (item) {
        item->rule.access.arg[0] = word(m, m->arg[AAJ_NET_FAMILY]);
        item->rule.access.arg[1] = word(m, m->arg[AAJ_NET_TYPE]);
    }
    return item;
}

static struct aaj_item *make_unix(struct maker *m)
{
    /* The log's "open" and "delete" (of old kernels) are no words of the language. */
    const uint32_t said = (1u << 12) - 1;
    struct aaj_item *item = aaj_rule_access(m->arena, AAJ_RULE_UNIX, m->mask & said);

    add(m, item, false, "type", m->arg[AAJ_UNIX_TYPE]);
    add(m, item, false, "addr", m->arg[AAJ_UNIX_ADDR]);
    add(m, item, true, "label", m->arg[AAJ_UNIX_PEER_LABEL]);
    add(m, item, true, "addr", m->arg[AAJ_UNIX_PEER_ADDR]);
    return item;
}

static struct aaj_item *make_peer(struct maker *m, enum aaj_rule_kind kind)
{
    struct aaj_item *item = aaj_rule_access(m->arena, kind, m->mask);

    if (kind == AAJ_RULE_SIGNAL)
        add(m, item, false, "set", m->arg[AAJ_PEER_SIGNAL]);
    add(m, item, false, "peer", m->arg[AAJ_PEER_LABEL]);
    return item;
}

static struct aaj_item *make_dbus(struct maker *m)
{
    static const char *const key[] = { "bus", "path", "interface", "member" };
    struct aaj_item *item = aaj_rule_access(m->arena, AAJ_RULE_DBUS, m->mask);

    for (size_t i = 0; i < 4; i++)
        add(m, item, false, key[i], m->arg[i]);
    add(m, item, m->mask & 3, "name", m->arg[AAJ_DBUS_NAME]);
    add(m, item, true, "label", m->arg[AAJ_DBUS_PEER_LABEL]);
    return item;
}

/* NULL without a mount point: such a rule would be for all of them. */
static struct aaj_item *make_mount(struct maker *m, struct aaj_str op)
{
    struct aaj_text point = literal(m, m->arg[AAJ_MOUNT_NAME], AAJ_TEXT_PATH);
    struct aaj_item *item;

    if (!aaj_text_set(point))
        return NULL;
    if (aaj_str_starts(op, AAJ_STR("pivot"))) {
        item = aaj_rule_access(m->arena, AAJ_RULE_PIVOT_ROOT, 0);
        add(m, item, false, "oldroot", m->arg[AAJ_MOUNT_SOURCE]);
    } else if (aaj_str_eq(op, AAJ_STR("umount"))) {
        item = aaj_rule_access(m->arena, AAJ_RULE_UMOUNT, 0);
    } else {
        item = aaj_rule_access(m->arena, AAJ_RULE_MOUNT, 0);
        add(m, item, false, "fstype", m->arg[AAJ_MOUNT_FSTYPE]);
        if (!item || aaj_rule_add_words(m->arena, item, "options", m->arg[AAJ_MOUNT_FLAGS]) < 0)
            return NULL;
        item->rule.access.arg[0] = literal(m, m->arg[AAJ_MOUNT_SOURCE], AAJ_TEXT_COND);
        item->rule.access.arg[1] = point;
        return item;
    }
    if (item)
        item->rule.access.arg[0] = point;
    return item;
}

static struct aaj_item *make_mqueue(struct maker *m)
{
    struct aaj_item *item = aaj_rule_access(m->arena, AAJ_RULE_MQUEUE, m->mask);
    struct aaj_str type = m->arg[AAJ_MQUEUE_TYPE];

    if (aaj_str_ends(type, AAJ_STR("_mqueue"))) /* class="posix_mqueue" is type=posix */
        type.n -= strlen("_mqueue");
    add(m, item, false, "type", type);
    if (item)
        item->rule.access.arg[0] = literal(m, m->arg[AAJ_MQUEUE_NAME], AAJ_TEXT_COND);
    return item;
}

static struct aaj_item *make(struct maker *m, enum aaj_class class, struct aaj_str op)
{
    struct aaj_str target = m->arg[AAJ_CHANGE_NAME].n ? m->arg[AAJ_CHANGE_NAME] : m->arg[AAJ_CHANGE_TARGET];

    switch (class) {
    case AAJ_CLASS_FILE:
    case AAJ_CLASS_EXEC: return make_file(m);
    case AAJ_CLASS_NET: return make_net(m);
    case AAJ_CLASS_UNIX: return make_unix(m);
    case AAJ_CLASS_CAPABILITY: return aaj_rule_capability(m->arena, m->arg[AAJ_CAP_NAME].p);
    case AAJ_CLASS_SIGNAL: return make_peer(m, AAJ_RULE_SIGNAL);
    case AAJ_CLASS_PTRACE: return make_peer(m, AAJ_RULE_PTRACE);
    case AAJ_CLASS_DBUS: return make_dbus(m);
    case AAJ_CLASS_MOUNT: return make_mount(m, op);
    case AAJ_CLASS_CHANGE_PROFILE:
        return aaj_rule_change_profile(m->arena, (struct aaj_text){ 0 }, literal(m, target, AAJ_TEXT_NAME));
    case AAJ_CLASS_USERNS: return aaj_rule_access(m->arena, AAJ_RULE_USERNS, m->mask);
    case AAJ_CLASS_IO_URING: return aaj_rule_access(m->arena, AAJ_RULE_IO_URING, m->mask);
    case AAJ_CLASS_MQUEUE: return make_mqueue(m);
    default: return NULL;
    }
}

/* A hat that is missing, as it would be declared. */
static struct aaj_str make_hat(struct maker *m)
{
    struct aaj_text name = literal(m, aaj_replay_hat(m->arg[AAJ_CHANGE_NAME], m->arg[AAJ_CHANGE_TARGET]), AAJ_TEXT_NAME);

    return name.raw.n ? aaj_arena_printf(m->arena, "hat %.*s { }", AAJ_STR_ARG(name.raw)) : AAJ_STR("");
}

struct aaj_str aaj_replay_rule(struct aaj_recording *rec, const struct aaj_access *access, uint32_t mask, bool owner,
                               struct aaj_arena *arena)
{
    struct maker m = { .arena = arena, .mask = mask & ~AAJ_MASK_UNKNOWN, .owner = owner };
    struct aaj_item *item;

    for (size_t i = 0; i < AAJ_ARGS; i++) {
        m.arg[i] = aaj_arena_dup(arena, aaj_recording_str(rec, access->arg[i]));
        if (!m.arg[i].p)
            return m.arg[i];
    }
    if (access->class == AAJ_CLASS_CHANGE_HAT)
        return make_hat(&m);
    item = make(&m, (enum aaj_class)access->class, aaj_recording_str(rec, access->op));
    return item ? aaj_rule_text(arena, &item->rule) : AAJ_STR("");
}
