/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accesses that are no files: one draft a rule, equal ones joined. */
#include <errno.h>
#include <stdlib.h>

#include "learn/private.h"
#include "policy/quote.h"

enum { WORD_MAX = 64 };

/* A word of the language and nothing else: what stands in a log may be anything. */
static bool is_word(struct aaj_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+'))
            return false;
    }
    return s.n > 0 && s.n < WORD_MAX;
}

static struct aaj_text word_of(struct aaj_learner *l, struct aaj_str s)
{
    return aaj_text_word(aaj_arena_dup(l->arena, s).p);
}

/* One rule for each (profile, key); 1 when it is new and *ret_draft has to be filled. */
static int draft_for(struct aaj_learner *l, uint32_t access, uint32_t dom, struct aaj_str key,
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

static uint32_t mask_of(const struct aaj_access *a)
{
    return (a->denied_mask ? a->denied_mask : a->requested) & ~AAJ_MASK_UNKNOWN;
}

static struct aaj_str key(struct aaj_learner *l, const char *kind, struct aaj_str a, struct aaj_str b, struct aaj_str c)
{
    return aaj_arena_printf(&l->scratch, "%s\n%.*s\n%.*s\n%.*s", kind, AAJ_STR_ARG(a), AAJ_STR_ARG(b), AAJ_STR_ARG(c));
}

static int done(struct aaj_learner *l, uint32_t access, uint32_t dom, int r)
{
    if (r == -EINVAL)
        return aaj_refuse(l, access, AAJ_REFUSED_NAME, AAJ_STR(""));
    return r < 0 ? r : aaj_grant_access(l, access, dom, AAJ_NO);
}

/* Does the new item exist? -ENOMEM, else 0. */
static int made(struct aaj_draft *d, struct aaj_item *item)
{
    d->item = item;
    return item ? 0 : -ENOMEM;
}

/* ---- capabilities and sockets ---- */

static int capability(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    struct aaj_str name = aaj_arg(l, &l->access[i], AAJ_CAP_NAME);
    struct aaj_draft *d;
    int r;

    if (!is_word(name))
        return -EINVAL;
    r = draft_for(l, i, dom, key(l, "capability", name, AAJ_STR(""), AAJ_STR("")), &d);
    return r > 0 ? made(d, aaj_rule_capability(l->arena, aaj_arena_dup(l->arena, name).p)) : r;
}

/* AppArmor's sockets know families and types; addresses are the firewall's. */
static int network(struct aaj_learner *l, uint32_t i, uint32_t dom, struct aaj_str family, struct aaj_str type)
{
    struct aaj_draft *d;
    int r;

    if (!is_word(family) || (type.n && !is_word(type)))
        return -EINVAL;
    r = draft_for(l, i, dom, key(l, "network", family, type, AAJ_STR("")), &d);
    if (r <= 0)
        return r;
    r = made(d, aaj_rule_access(l->arena, AAJ_RULE_NETWORK, 0));
    if (r == 0) {
        d->item->rule.access.arg[0] = word_of(l, family);
        if (type.n)
            d->item->rule.access.arg[1] = word_of(l, type);
    }
    return r;
}

/* Conditions about the peer go with these permissions only (apparmor.d(5), unix rules). */
static uint32_t peer_perms(void)
{
    static const char *const word[] = { "accept", "connect", "send", "receive" };
    uint32_t bits = 0;

    for (unsigned b = 0; aaj_class_info[AAJ_CLASS_UNIX].mask_word[b]; b++)
        for (unsigned w = 0; w < AAJ_ARRAY_SIZE(word); w++)
            if (strcmp(aaj_class_info[AAJ_CLASS_UNIX].mask_word[b], word[w]) == 0)
                bits |= 1u << b;
    return bits;
}

static int add_cond(struct aaj_learner *l, struct aaj_item *item, bool peer, const char *name, struct aaj_str value,
                    bool glob)
{
    struct aaj_text text;
    int r = glob ? aaj_text_from_value(l->arena, value, AAJ_TEXT_COND, &text)
                 : aaj_text_literal(l->arena, value, AAJ_TEXT_COND, &text);

    if (r < 0)
        return r;
    return peer ? aaj_rule_add_peer(l->arena, item, name, text) : aaj_rule_add_cond(l->arena, item, name, text);
}

static int unix_rule(struct aaj_learner *l, uint32_t i, uint32_t dom, uint32_t perms, struct aaj_str type,
                     struct aaj_str addr, struct aaj_str peer)
{
    struct aaj_draft *d;
    int r = draft_for(l, i, dom, key(l, peer.n ? "unix peer" : "unix", type, addr, peer), &d);

    if (r > 0) {
        r = made(d, aaj_rule_access(l->arena, AAJ_RULE_UNIX, 0));
        if (r == 0)
            r = aaj_rule_add_cond(l->arena, d->item, "type", word_of(l, type));
        if (r == 0 && addr.n)
            r = add_cond(l, d->item, false, "addr", addr, false);
        if (r == 0 && peer.n)
            r = add_cond(l, d->item, true, "label", peer, true);
    }
    if (r == 0)
        d->item->rule.access.perms |= perms;
    return r;
}

static int unix_socket(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    const struct aaj_access *a = &l->access[i];
    struct aaj_str type = aaj_arg(l, a, AAJ_UNIX_TYPE), addr = aaj_arg(l, a, AAJ_UNIX_ADDR), peer = { 0 };
    uint32_t perms = mask_of(a), with_peer;
    int r = 0;

    if (!(l->in->target->mediates & AAJ_MEDIATES_UNIX))
        return network(l, i, dom, AAJ_STR("unix"), type);
    if (!is_word(type) || aaj_str_eq(addr, AAJ_STR("none")))
        addr = AAJ_STR("");
    if (!is_word(type))
        return -EINVAL;
    if (aaj_arg(l, a, AAJ_UNIX_PEER_LABEL).n)
        r = aaj_tree_peer(l, aaj_arg(l, a, AAJ_UNIX_PEER_LABEL), dom, &peer);
    if (r == -ENOENT)
        return aaj_refuse(l, i, AAJ_REFUSED_UNDER, AAJ_STR("the peer")) < 0 ? -ENOMEM : 1;
    with_peer = peer.n ? perms & peer_perms() : 0;
    if (r == 0 && with_peer)
        r = unix_rule(l, i, dom, with_peer, type, AAJ_STR(""), peer);
    if (r == 0 && perms & ~with_peer)
        r = unix_rule(l, i, dom, perms & ~with_peer, type, addr, AAJ_STR(""));
    return r;
}

/* ---- signals, ptrace, dbus ---- */

static int signal_rule(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    const struct aaj_access *a = &l->access[i];
    struct aaj_str name = aaj_arg(l, a, AAJ_PEER_SIGNAL), peer, perms;
    struct aaj_draft *d;
    int r;

    if (!is_word(name))
        return -EINVAL;
    r = aaj_tree_peer(l, aaj_arg(l, a, AAJ_PEER_LABEL), dom, &peer);
    if (r == -ENOENT)
        return aaj_refuse(l, i, AAJ_REFUSED_UNDER, AAJ_STR("the peer")) < 0 ? -ENOMEM : 1;
    perms = aaj_arena_printf(&l->scratch, "%u", mask_of(a));
    r = r < 0 ? r : draft_for(l, i, dom, key(l, "signal", peer, perms, name), &d);
    if (r <= 0)
        return r;
    r = made(d, aaj_rule_access(l->arena, AAJ_RULE_SIGNAL, mask_of(a)));
    if (r == 0)
        r = aaj_rule_add_cond(l->arena, d->item, "set", word_of(l, name));
    return r == 0 && peer.n ? add_cond(l, d->item, false, "peer", peer, true) : r;
}

static int ptrace_rule(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    const struct aaj_access *a = &l->access[i];
    struct aaj_str peer;
    struct aaj_draft *d;
    int r = aaj_tree_peer(l, aaj_arg(l, a, AAJ_PEER_LABEL), dom, &peer);

    if (r == -ENOENT)
        return aaj_refuse(l, i, AAJ_REFUSED_UNDER, AAJ_STR("the peer")) < 0 ? -ENOMEM : 1;
    r = r < 0 ? r : draft_for(l, i, dom, key(l, "ptrace", peer, AAJ_STR(""), AAJ_STR("")), &d);
    if (r > 0) {
        r = made(d, aaj_rule_access(l->arena, AAJ_RULE_PTRACE, 0));
        if (r == 0 && peer.n)
            r = add_cond(l, d->item, false, "peer", peer, true);
    }
    if (r == 0)
        d->item->rule.access.perms |= mask_of(a);
    return r;
}

static int dbus_rule(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    static const char *const name[] = { "bus", "path", "interface", "member", "name" };
    const struct aaj_access *a = &l->access[i];
    struct aaj_str all = aaj_arena_printf(&l->scratch, "dbus %u", mask_of(a)), peer = { 0 };
    struct aaj_draft *d;
    int r = 0;

    for (unsigned k = 0; all.p && k < AAJ_ARRAY_SIZE(name); k++)
        all = aaj_arena_printf(&l->scratch, "%.*s\n%.*s", AAJ_STR_ARG(all), AAJ_STR_ARG(aaj_arg(l, a, k)));
    if (aaj_arg(l, a, AAJ_DBUS_PEER_LABEL).n)
        r = aaj_tree_peer(l, aaj_arg(l, a, AAJ_DBUS_PEER_LABEL), dom, &peer);
    if (r == -ENOENT)
        return aaj_refuse(l, i, AAJ_REFUSED_UNDER, AAJ_STR("the peer")) < 0 ? -ENOMEM : 1;
    if (r < 0)
        return r;
    r = draft_for(l, i, dom, key(l, "dbus", all, peer, AAJ_STR("")), &d);
    if (r <= 0)
        return r;
    r = made(d, aaj_rule_access(l->arena, AAJ_RULE_DBUS, mask_of(a)));
    /* a name is for binding; what is sent goes to a peer */
    for (unsigned k = 0; r == 0 && k < AAJ_ARRAY_SIZE(name); k++)
        if (aaj_arg(l, a, k).n && (k < AAJ_DBUS_NAME || (mask_of(a) & 4u)))
            r = add_cond(l, d->item, false, name[k], aaj_arg(l, a, k), false);
    return r == 0 && peer.n ? add_cond(l, d->item, true, "label", peer, true) : r;
}

/* ---- what only newer targets know ---- */

static int userns(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    struct aaj_draft *d;
    int r = draft_for(l, i, dom, key(l, "userns", AAJ_STR(""), AAJ_STR(""), AAJ_STR("")), &d);

    return r > 0 ? made(d, aaj_rule_access(l->arena, AAJ_RULE_USERNS, 1)) : r;
}

static int mqueue(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    const struct aaj_access *a = &l->access[i];
    struct aaj_str type = aaj_arg(l, a, AAJ_MQUEUE_TYPE), name = aaj_arg(l, a, AAJ_MQUEUE_NAME);
    struct aaj_draft *d;
    int r = draft_for(l, i, dom, key(l, "mqueue", type, name, AAJ_STR("")), &d);

    if (r > 0) {
        r = made(d, aaj_rule_access(l->arena, AAJ_RULE_MQUEUE, 0));
        if (r == 0 && type.n)
            r = aaj_rule_add_cond(l->arena, d->item, "type", word_of(l, type));
        if (r == 0 && name.n)
            r = aaj_text_literal(l->arena, name, AAJ_TEXT_COND, &d->item->rule.access.arg[0]);
    }
    if (r == 0)
        d->item->rule.access.perms |= mask_of(a);
    return r;
}

static int io_uring(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    struct aaj_str mask = aaj_arena_printf(&l->scratch, "%u", mask_of(&l->access[i]));
    struct aaj_draft *d;
    int r = draft_for(l, i, dom, key(l, "io_uring", mask, AAJ_STR(""), AAJ_STR("")), &d);

    return r > 0 ? made(d, aaj_rule_access(l->arena, AAJ_RULE_IO_URING, mask_of(&l->access[i]))) : r;
}

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
    r = r < 0 ? -EINVAL : draft_for(l, i, dom, key(l, "change_profile", peer, AAJ_STR(""), AAJ_STR("")), &d);
    if (r <= 0)
        return r;
    r = aaj_text_from_value(l->arena, peer, AAJ_TEXT_PATH, &text);
    return r < 0 ? r : made(d, aaj_rule_change_profile(l->arena, none, text));
}

static bool knows(const struct aaj_learner *l, unsigned mediates, unsigned feature)
{
    return (l->in->target->mediates & mediates) && (!feature || (l->in->target->parser_features & feature));
}

/* Is there anything in the target that such a rule would be for? */
static bool is_mediated(const struct aaj_learner *l, enum aaj_class class)
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
    return aaj_ceiling_crosses_access(l->in->ceiling, (enum aaj_class)a->class, arg, mask_of(a), l->label,
                                      l->in->files, &l->scratch, crossing);
}

int aaj_other_add(struct aaj_learner *l, uint32_t i, uint32_t dom)
{
    static int (*const make[AAJ_CLASS_COUNT])(struct aaj_learner *, uint32_t, uint32_t) = {
        [AAJ_CLASS_CAPABILITY] = capability, [AAJ_CLASS_UNIX] = unix_socket, [AAJ_CLASS_SIGNAL] = signal_rule,
        [AAJ_CLASS_PTRACE] = ptrace_rule,    [AAJ_CLASS_DBUS] = dbus_rule,   [AAJ_CLASS_USERNS] = userns,
        [AAJ_CLASS_MQUEUE] = mqueue,         [AAJ_CLASS_IO_URING] = io_uring, [AAJ_CLASS_CHANGE_PROFILE] = change_profile,
    };
    const struct aaj_access *a = &l->access[i];
    struct aaj_crossing crossing;
    int r;

    if (a->class == AAJ_CLASS_SOCKADDR || a->class == AAJ_CLASS_CHANGE_HAT)
        return 0; /* for the firewall; a hat is made by what happens in it */
    if (a->class != AAJ_CLASS_NET && !make[a->class])
        return aaj_refuse(l, i, AAJ_REFUSED_OTHER, aaj_str_c(aaj_class_info[a->class].name));
    if (!is_mediated(l, (enum aaj_class)a->class))
        return aaj_refuse(l, i, AAJ_REFUSED_UNMEDIATED, aaj_str_c(aaj_class_info[a->class].name));
    r = crosses(l, a, &crossing);
    if (r > 0)
        return aaj_refuse(l, i, AAJ_REFUSED_CEILING, crossing.item->id);
    if (r == 0)
        r = a->class == AAJ_CLASS_NET
                ? network(l, i, dom, aaj_arg(l, a, AAJ_NET_FAMILY), aaj_arg(l, a, AAJ_NET_TYPE))
                : make[a->class](l, i, dom);
    return r > 0 ? 0 : done(l, i, dom, r);
}

/* ---- sockets that executed programs keep ---- */

/* All domains that are reached from @from by exec, marked in @reached. */
static void reach(const struct aaj_learner *l, uint32_t from, bool *reached)
{
    bool more = true;

    memset(reached, 0, l->n_doms * sizeof(*reached));
    while (more) {
        more = false;
        for (size_t i = 0; i < l->n_edges; i++) {
            const struct aaj_edge *e = &l->edge[i];
            uint32_t at = l->dom[e->from].same, to = e->to == AAJ_NO ? AAJ_NO : l->dom[e->to].same;

            if (to == AAJ_NO || to == from || reached[to] || (at != from && !reached[at]))
                continue;
            reached[to] = more = true;
        }
    }
}

static int inherit(struct aaj_learner *l, uint32_t i, uint32_t from, bool *reached)
{
    const struct aaj_access *a = &l->access[i];
    int r = 0;

    reach(l, from, reached);
    for (uint32_t dom = 0; dom < l->n_doms && r >= 0; dom++) {
        if (!reached[dom])
            continue;
        r = a->class == AAJ_CLASS_UNIX
                ? unix_socket(l, i, dom)
                : network(l, i, dom, aaj_arg(l, a, AAJ_NET_FAMILY), aaj_arg(l, a, AAJ_NET_TYPE));
        if (r > 0)
            l->draft[l->n_drafts - 1].inferences |= 1u << AAJ_INFER_INHERIT;
    }
    return r == -EINVAL || r > 0 ? 0 : r;
}

/* Two accesses that make the same rule: the kernel's records differ in addresses. */
static bool same_socket(const struct aaj_access *a, const struct aaj_access *b)
{
    return a->label == b->label && a->class == b->class && a->arg[AAJ_NET_FAMILY] == b->arg[AAJ_NET_FAMILY] &&
           a->arg[AAJ_NET_TYPE] == b->arg[AAJ_NET_TYPE];
}

/*
 * A program that was executed keeps the sockets open that its parent had. While learning, the kernel writes the
 * inheritance down under the parent's label; in enforce mode it asks the new profile, and a refusal closes the
 * socket under the program (aa_inherit_files() in security/apparmor/domain.c): a CGI program would lose its output.
 */
int aaj_other_inherit(struct aaj_learner *l)
{
    bool *reached = calloc(l->n_doms ? l->n_doms : 1, sizeof(*reached));
    const struct aaj_access *last = NULL;
    int r = reached ? 0 : -ENOMEM;

    for (uint32_t i = 0; i < l->n_access && r == 0 && aaj_infers(l, AAJ_INFER_INHERIT); i++) {
        const struct aaj_access *a = &l->access[i];
        struct aaj_place at;

        if ((a->class != AAJ_CLASS_NET && a->class != AAJ_CLASS_UNIX) ||
            !aaj_str_eq(aaj_recording_str(l->in->recording, a->op), AAJ_STR("file_inherit")) ||
            (last && same_socket(last, a)) || (!a->allowed && !l->in->grant_denied) ||
            !is_mediated(l, (enum aaj_class)a->class))
            continue;
        last = a;
        at = aaj_tree_place(l, a->label);
        if (at.dom != AAJ_NO && aaj_str_starts(aaj_recording_str(l->in->recording, a->label), l->label))
            r = inherit(l, i, l->dom[at.dom].same, reached);
    }
    free(reached);
    return r;
}
