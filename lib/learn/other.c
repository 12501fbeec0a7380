/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accesses that are no files: which are granted at all, and the rules of the simple ones. */
#include <errno.h>

#include "learn/other.h"
#include "policy/quote.h"

enum { WORD_MAX = 64 };

bool aaj_other_is_word(struct aaj_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+'))
            return false;
    }
    return s.n > 0 && s.n < WORD_MAX;
}

struct aaj_text aaj_other_word(struct aaj_learner *l, struct aaj_str s)
{
    return aaj_text_word(aaj_arena_dup(l->arena, s).p);
}

int aaj_other_draft(struct aaj_learner *l, uint32_t access, uint32_t dom, struct aaj_str key,
                    struct aaj_draft **ret_draft)
{
    const struct aaj_access *a = &l->access[access];
    uint32_t ev = aaj_ev_new(l, access);
    struct aaj_draft *d = NULL;
    int fresh = 0;

    if (!ev || !key.p)
        return -ENOMEM;
    /* accesses come sorted by label and class, so that equal keys are near the end */
    for (size_t i = l->n_drafts; i-- > 0 && l->n_drafts - i <= 512 && !d;)
        if (l->draft[i].dom == dom && aaj_str_eq(l->draft[i].key, key))
            d = &l->draft[i];
    if (!d) {
        if (AAJ_GROW(l->draft, l->n_drafts, l->cap_drafts) < 0)
            return -ENOMEM;
        d = &l->draft[l->n_drafts++];
        *d = (struct aaj_draft){ .dom = dom, .key = key, .inferences = 1u << AAJ_INFER_LITERAL };
        fresh = 1;
    }
    l->ev[ev].next = d->ev;
    d->ev = ev;
    d->events += a->allowed + a->denied + a->audited;
    *ret_draft = d;
    return fresh;
}

struct aaj_str aaj_other_key(struct aaj_learner *l, const char *kind, struct aaj_str a, struct aaj_str b,
                             struct aaj_str c)
{
    return aaj_arena_printf(&l->scratch, "%s\n%.*s\n%.*s\n%.*s", kind, AAJ_STR_ARG(a), AAJ_STR_ARG(b),
                            AAJ_STR_ARG(c));
}

static int done(struct aaj_learner *l, uint32_t access, uint32_t dom, int r)
{
    if (r == -EINVAL)
        return aaj_refuse(l, access, AAJ_REFUSED_NAME, AAJ_STR(""));
    return r < 0 ? r : aaj_grant_access(l, access, dom, AAJ_NO);
}

int aaj_other_made(struct aaj_draft *d, struct aaj_item *item)
{
    d->item = item;
    return item ? 0 : -ENOMEM;
}

int aaj_other_cond(struct aaj_learner *l, struct aaj_item *item, bool peer, const char *name,
                   struct aaj_str value, bool glob)
{
    struct aaj_text text;
    int r = glob ? aaj_text_from_value(l->arena, value, AAJ_TEXT_COND, &text)
                 : aaj_text_literal(l->arena, value, AAJ_TEXT_COND, &text);

    if (r < 0)
        return r;
    return peer ? aaj_rule_add_peer(l->arena, item, name, text)
                : aaj_rule_add_cond(l->arena, item, name, text);
}

int aaj_other_peer(struct aaj_learner *l, uint32_t access, uint32_t dom, struct aaj_str label,
                   struct aaj_str *ret_glob)
{
    int r = aaj_tree_peer(l, label, dom, ret_glob);

    if (r != -ENOENT)
        return r;
    return aaj_refuse(l, access, AAJ_REFUSED_UNDER, AAJ_STR("the peer")) < 0 ? -ENOMEM : 1;
}

static int capability(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    struct aaj_str name = aaj_arg(l, &l->access[i], AAJ_CAP_NAME);
    struct aaj_draft *d;
    int r;

    if (!aaj_other_is_word(name))
        return -EINVAL;
    r = aaj_other_draft(l, i, dom, aaj_other_key(l, "capability", name, AAJ_STR(""), AAJ_STR("")), &d);
    return r > 0 ? aaj_other_made(d, aaj_rule_capability(l->arena, aaj_arena_dup(l->arena, name).p)) : r;
}

/* ---- signals, ptrace, dbus ---- */

/* Without a peer or a permission a rule would be for everybody, or for everything. */
static bool says_enough(const struct aaj_learner *l, const struct aaj_access *a)
{
    return aaj_arg(l, a, AAJ_PEER_LABEL).n && aaj_other_mask(a);
}

static int signal_rule(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    const struct aaj_access *a = &l->access[i];
    struct aaj_str name = aaj_arg(l, a, AAJ_PEER_SIGNAL), peer, perms;
    struct aaj_draft *d;
    int r;

    if (!aaj_other_is_word(name) || !says_enough(l, a))
        return -EINVAL;
    r = aaj_other_peer(l, i, dom, aaj_arg(l, a, AAJ_PEER_LABEL), &peer);
    if (r)
        return r;
    perms = aaj_arena_printf(&l->scratch, "%u", aaj_other_mask(a));
    r = aaj_other_draft(l, i, dom, aaj_other_key(l, "signal", peer, perms, name), &d);
    if (r <= 0)
        return r;
    r = aaj_other_made(d, aaj_rule_access(l->arena, AAJ_RULE_SIGNAL, aaj_other_mask(a)));
    if (r == 0)
        r = aaj_rule_add_cond(l->arena, d->item, "set", aaj_other_word(l, name));
    return r == 0 ? aaj_other_cond(l, d->item, false, "peer", peer, true) : r;
}

static int ptrace_rule(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    const struct aaj_access *a = &l->access[i];
    struct aaj_str peer;
    struct aaj_draft *d;
    int r = says_enough(l, a) ? aaj_other_peer(l, i, dom, aaj_arg(l, a, AAJ_PEER_LABEL), &peer) : -EINVAL;

    if (r)
        return r;
    r = aaj_other_draft(l, i, dom, aaj_other_key(l, "ptrace", peer, AAJ_STR(""), AAJ_STR("")), &d);
    if (r > 0) {
        r = aaj_other_made(d, aaj_rule_access(l->arena, AAJ_RULE_PTRACE, 0));
        if (r == 0)
            r = aaj_other_cond(l, d->item, false, "peer", peer, true);
    }
    if (r == 0)
        d->item->rule.access.perms |= aaj_other_mask(a);
    return r;
}

/* Which conditions go with which permission (apparmor.d(5)): a name is for binding, what is sent goes to a
 * peer, and who eavesdrops hears the whole bus. */
enum { DBUS_TALK = 1 << 0 | 1 << 1, DBUS_BIND = 1 << 2 };

static bool dbus_says(uint32_t mask, unsigned arg)
{
    if (arg == AAJ_DBUS_BUS)
        return true;
    return arg == AAJ_DBUS_NAME ? mask & DBUS_BIND : mask & DBUS_TALK;
}

static int fill_dbus(struct aaj_learner *l, struct aaj_item *item, const struct aaj_access *a,
                     struct aaj_str peer)
{
    static const char *const name[] = { "bus", "path", "interface", "member", "name" };
    int r = 0;

    for (unsigned k = 0; r == 0 && k < AAJ_ARRAY_SIZE(name); k++)
        if (aaj_arg(l, a, k).n && dbus_says(aaj_other_mask(a), k))
            r = aaj_other_cond(l, item, false, name[k], aaj_arg(l, a, k), false);
    return r == 0 && peer.n ? aaj_other_cond(l, item, true, "label", peer, true) : r;
}

static int dbus_rule(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    const struct aaj_access *a = &l->access[i];
    struct aaj_str all = aaj_arena_printf(&l->scratch, "%u", aaj_other_mask(a)), peer = { 0 };
    struct aaj_draft *d;
    int r = 0;

    if (!aaj_other_mask(a))
        return -EINVAL;
    for (unsigned k = 0; all.p && k <= AAJ_DBUS_NAME; k++)
        if (dbus_says(aaj_other_mask(a), k))
            all =
                aaj_arena_printf(&l->scratch, "%.*s\n%.*s", AAJ_STR_ARG(all), AAJ_STR_ARG(aaj_arg(l, a, k)));
    if (aaj_arg(l, a, AAJ_DBUS_PEER_LABEL).n && aaj_other_mask(a) & DBUS_TALK)
        r = aaj_other_peer(l, i, dom, aaj_arg(l, a, AAJ_DBUS_PEER_LABEL), &peer);
    if (r)
        return r;
    r = aaj_other_draft(l, i, dom, aaj_other_key(l, "dbus", all, peer, AAJ_STR("")), &d);
    if (r <= 0)
        return r;
    r = aaj_other_made(d, aaj_rule_access(l->arena, AAJ_RULE_DBUS, aaj_other_mask(a)));
    return r == 0 ? fill_dbus(l, d->item, a, peer) : r;
}

/* ---- all of them ---- */

/* change_hat to a hat needs no rule; change_profile out of the jail is refused by the ceiling. */
static int change_profile(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    struct aaj_str to = aaj_arg(l, &l->access[i], AAJ_CHANGE_TARGET), peer;
    struct aaj_text none = { { 0 }, { 0 } }, text;
    struct aaj_draft *d;
    int r;

    if (to.n == 0)
        return -EINVAL;
    r = aaj_tree_peer(l, to, AAJ_NO, &peer);
    r = r < 0 ? -EINVAL
              : aaj_other_draft(l, i, dom, aaj_other_key(l, "change_profile", peer, AAJ_STR(""), AAJ_STR("")),
                                &d);
    if (r <= 0)
        return r;
    r = aaj_text_from_value(l->arena, peer, AAJ_TEXT_PATH, &text);
    return r < 0 ? r : aaj_other_made(d, aaj_rule_change_profile(l->arena, none, text));
}

static bool knows(const struct aaj_learner *l, unsigned mediates, unsigned feature)
{
    return (l->in->target->mediates & mediates) && (!feature || (l->in->target->parser_features & feature));
}

bool aaj_other_is_mediated(const struct aaj_learner *l, enum aaj_class class)
{
    switch (class) {
    case AAJ_CLASS_NET:
        return knows(l, AAJ_MEDIATES_NETWORK, 0);
    case AAJ_CLASS_UNIX:
        return knows(l, AAJ_MEDIATES_NETWORK | AAJ_MEDIATES_UNIX, 0);
    case AAJ_CLASS_SIGNAL:
        return knows(l, AAJ_MEDIATES_SIGNAL, 0);
    case AAJ_CLASS_PTRACE:
        return knows(l, AAJ_MEDIATES_PTRACE, 0);
    case AAJ_CLASS_DBUS:
        return knows(l, AAJ_MEDIATES_DBUS, 0);
    case AAJ_CLASS_USERNS:
        return knows(l, AAJ_MEDIATES_USERNS, AAJ_PARSER_USERNS);
    case AAJ_CLASS_MQUEUE:
        return knows(l, AAJ_MEDIATES_MQUEUE, AAJ_PARSER_MQUEUE);
    case AAJ_CLASS_IO_URING:
        return knows(l, AAJ_MEDIATES_IO_URING, AAJ_PARSER_IO_URING);
    case AAJ_CLASS_MOUNT:
        return knows(l, AAJ_MEDIATES_MOUNT, 0);
    case AAJ_CLASS_CAPABILITY:
        return knows(l, AAJ_MEDIATES_CAPABILITY, 0);
    default:
        return true;
    }
}

static int crosses(struct aaj_learner *l, const struct aaj_access *a, struct aaj_crossing *crossing)
{
    struct aaj_str arg[AAJ_ARGS];

    if (!l->in->ceiling)
        return 0;
    for (unsigned i = 0; i < AAJ_ARGS; i++)
        arg[i] = aaj_arg(l, a, i);
    return aaj_ceiling_crosses_access(l->in->ceiling, (enum aaj_class)a->class, arg, aaj_other_mask(a),
                                      l->log_top, l->in->files, &l->scratch, crossing);
}

int aaj_other_add(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    static aaj_rule_maker *const make[AAJ_CLASS_COUNT] = {
        [AAJ_CLASS_CAPABILITY] = capability,
        [AAJ_CLASS_NET] = aaj_other_network,
        [AAJ_CLASS_UNIX] = aaj_other_unix,
        [AAJ_CLASS_SIGNAL] = signal_rule,
        [AAJ_CLASS_PTRACE] = ptrace_rule,
        [AAJ_CLASS_DBUS] = dbus_rule,
        [AAJ_CLASS_CHANGE_PROFILE] = change_profile,
        [AAJ_CLASS_MOUNT] = aaj_other_mount,
        [AAJ_CLASS_RLIMIT] = aaj_other_rlimit,
        [AAJ_CLASS_USERNS] = aaj_other_userns,
        [AAJ_CLASS_MQUEUE] = aaj_other_mqueue,
        [AAJ_CLASS_IO_URING] = aaj_other_io_uring,
    };
    const struct aaj_access *a = &l->access[i];
    struct aaj_crossing crossing;
    size_t before = l->n_drafts;
    int r;

    if (a->class == AAJ_CLASS_SOCKADDR || a->class == AAJ_CLASS_CHANGE_HAT)
        return 0; /* for the firewall; a hat is made by what happens in it */
    if (!make[a->class])
        return aaj_refuse(l, i, AAJ_REFUSED_OTHER, aaj_str_c(aaj_class_info[a->class].name));
    if (!aaj_other_is_mediated(l, (enum aaj_class)a->class))
        return aaj_refuse(l, i, AAJ_REFUSED_UNMEDIATED, aaj_str_c(aaj_class_info[a->class].name));
    r = crosses(l, a, &crossing);
    if (r > 0)
        return aaj_refuse(l, i, AAJ_REFUSED_CEILING, crossing.item->id);
    if (r == 0)
        r = make[a->class](l, i, dom);
    if (r < 0)
        l->n_drafts = before; /* a rule that lacks a condition would be wider than what was seen */
    return r > 0 ? 0 : done(l, i, dom, r);
}
