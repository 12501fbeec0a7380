/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drafts into the template's tree: in one order, each once, beside the mark; children behind. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ceiling/ceiling_private.h"
#include "learn/emit.h"
#include "policy/parse.h"
#include "policy/print.h"
#include "policy/quote.h"

static const char mark[] = "aajail: learned rules";

/* ---- is it in the template or an include already? ---- */

static const struct aaj_cond *find_cond(const struct aaj_conds *conds, struct aaj_str name)
{
    for (uint32_t i = 0; i < conds->n; i++)
        if (aaj_str_eq(conds->item[i].key.value, name))
            return &conds->item[i];
    return NULL;
}

/* Are the conditions @wide all met by whatever meets @narrow? */
static bool conds_hold(const struct aaj_conds *wide, const struct aaj_conds *narrow)
{
    for (uint32_t i = 0; i < wide->n; i++) {
        const struct aaj_cond *n = find_cond(narrow, wide->item[i].key.value);

        if (!n)
            return false;
        for (uint32_t j = 0; j < n->values.n; j++) {
            bool found = false;

            for (uint32_t k = 0; k < wide->item[i].values.n; k++)
                found |= aaj_str_eq(wide->item[i].values.item[k].value, n->values.item[j].value);
            if (!found)
                return false;
        }
    }
    return true;
}

static bool args_hold(const struct aaj_access_rule *wide, const struct aaj_access_rule *narrow)
{
    for (unsigned i = 0; i < 2; i++)
        if (aaj_text_set(wide->arg[i]) && !aaj_str_eq(wide->arg[i].value, narrow->arg[i].value))
            return false;
    return true;
}

static bool is_access_rule(enum aaj_rule_kind kind)
{
    return kind >= AAJ_RULE_NETWORK && kind <= AAJ_RULE_IO_URING && kind != AAJ_RULE_CHANGE_PROFILE &&
           kind != AAJ_RULE_RLIMIT;
}

/* Takes away from @rule what @have grants; true when nothing is left. */
static bool subtract(struct aaj_rule *rule, const struct aaj_rule *have)
{
    if (rule->kind != have->kind || have->prefix.mode == AAJ_MODE_DENY)
        return false;
    if (rule->kind == AAJ_RULE_CAPABILITY) {
        for (uint32_t i = 0; i < have->capability.n; i++)
            if (aaj_str_eq(have->capability.item[i].value, rule->capability.item[0].value))
                return true;
        return have->capability.n == 0;
    }
    if (!is_access_rule(rule->kind) || !args_hold(&have->access, &rule->access) ||
        !conds_hold(&have->access.conds, &rule->access.conds) || !conds_hold(&have->access.peer, &rule->access.peer))
        return false;
    if (have->access.perms == 0 || rule->access.perms == have->access.perms)
        return true;
    if (rule->access.perms == 0)
        return false;
    rule->access.perms &= ~have->access.perms;
    return rule->access.perms == 0;
}

struct search {
    struct aaj_rule *rule;
    bool found;
};

static int look(void *ctx, struct aaj_item *item)
{
    struct search *s = ctx;

    if (item->kind == AAJ_ITEM_RULE && subtract(s->rule, &item->rule))
        s->found = true;
    return s->found;
}

static bool is_there(struct aaj_learner *l, const struct aaj_draft *d)
{
    struct aaj_item *profile = d->dom == 0 ? l->main : aaj_first_profile(l->child);
    struct search s = { .rule = &d->item->rule };

    if (d->item->kind != AAJ_ITEM_RULE || d->item->rule.kind == AAJ_RULE_FILE || d->item->rule.kind == AAJ_RULE_LINK)
        return false;
    aaj_block_walk(&profile->profile.body, true, look, &s);
    return s.found;
}

/* ---- signals to one peer become one rule ---- */

static bool same_peer(const struct aaj_rule *a, const struct aaj_rule *b)
{
    const struct aaj_cond *x = find_cond(&a->access.conds, AAJ_STR("peer"));
    const struct aaj_cond *y = find_cond(&b->access.conds, AAJ_STR("peer"));

    if (!x || !y)
        return x == y;
    return aaj_str_eq(x->values.item[0].value, y->values.item[0].value);
}

static int join_values(struct aaj_learner *l, struct aaj_cond *to, const struct aaj_cond *from)
{
    struct aaj_text *all = aaj_arena_new_array(l->arena, to->values.n + from->values.n, struct aaj_text);

    if (!all)
        return -ENOMEM;
    memcpy(all, to->values.item, to->values.n * sizeof(*all));
    memcpy(all + to->values.n, from->values.item, from->values.n * sizeof(*all));
    to->values.item = all;
    to->values.n += from->values.n;
    to->list = true;
    return 0;
}

static void join_evidence(struct aaj_learner *l, struct aaj_draft *to, const struct aaj_draft *from)
{
    uint32_t e = to->ev;

    to->events += from->events;
    to->inferences |= from->inferences;
    while (e && l->ev[e].next)
        e = l->ev[e].next;
    if (e)
        l->ev[e].next = from->ev;
    else
        to->ev = from->ev;
}

static bool is_signal(const struct aaj_draft *d)
{
    return d->item && d->item->kind == AAJ_ITEM_RULE && d->item->rule.kind == AAJ_RULE_SIGNAL;
}

static int join_signals(struct aaj_learner *l)
{
    for (size_t i = 0; i < l->n_drafts; i++) {
        struct aaj_draft *d = &l->draft[i];

        for (size_t j = i + 1; is_signal(d) && j < l->n_drafts; j++) {
            struct aaj_draft *o = &l->draft[j];
            struct aaj_cond *set, *more;

            if (!is_signal(o) || o->dom != d->dom ||
                o->item->rule.access.perms != d->item->rule.access.perms || !same_peer(&d->item->rule, &o->item->rule))
                continue;
            set = (struct aaj_cond *)(uintptr_t)find_cond(&d->item->rule.access.conds, AAJ_STR("set"));
            more = (struct aaj_cond *)(uintptr_t)find_cond(&o->item->rule.access.conds, AAJ_STR("set"));
            if (join_values(l, set, more) < 0)
                return -ENOMEM;
            join_evidence(l, d, o);
            o->item = NULL;
        }
    }
    return 0;
}

/* ---- order ---- */

static int rank(enum aaj_rule_kind kind)
{
    static const enum aaj_rule_kind order[] = {
        AAJ_RULE_CAPABILITY, AAJ_RULE_NETWORK, AAJ_RULE_UNIX, AAJ_RULE_SIGNAL, AAJ_RULE_PTRACE, AAJ_RULE_DBUS,
        AAJ_RULE_MQUEUE, AAJ_RULE_IO_URING, AAJ_RULE_USERNS, AAJ_RULE_MOUNT, AAJ_RULE_REMOUNT, AAJ_RULE_UMOUNT,
        AAJ_RULE_PIVOT_ROOT, AAJ_RULE_RLIMIT, AAJ_RULE_CHANGE_PROFILE, AAJ_RULE_LINK, AAJ_RULE_FILE,
    };

    for (unsigned i = 0; i < AAJ_ARRAY_SIZE(order); i++)
        if (order[i] == kind)
            return (int)i;
    return AAJ_ARRAY_SIZE(order);
}

struct sorted {
    struct aaj_draft draft;
    int rank;
    struct aaj_str text;
};

static int by_place(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;

    if (x->draft.dom != y->draft.dom)
        return x->draft.dom < y->draft.dom ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank - y->rank;
    if (x->rank == rank(AAJ_RULE_FILE)) {
        int r = aaj_str_cmp(x->draft.item->rule.file.path.value, y->draft.item->rule.file.path.value);

        if (r)
            return r;
        /* owner rules together, or those for everybody could not be joined across them */
        r = (int)x->draft.item->rule.prefix.owner - (int)y->draft.item->rule.prefix.owner;
        if (r)
            return r;
    }
    return aaj_str_cmp(x->text, y->text);
}

/* ---- writing ---- */

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static int record_rule(struct aaj_learner *l, const struct aaj_draft *d)
{
    struct aaj_learned *out = l->out;
    size_t n = 0, kept = 0;
    uint32_t *list;

    if (AAJ_GROW(out->rule, out->n_rules, l->cap_rules) < 0)
        return -ENOMEM;
    for (uint32_t e = d->ev; e; e = l->ev[e].next)
        n++;
    list = aaj_arena_new_array(l->arena, n + 1, uint32_t);
    if (!list)
        return -ENOMEM;
    n = 0;
    for (uint32_t e = d->ev; e; e = l->ev[e].next)
        list[n++] = l->ev[e].access;
    qsort(list, n, sizeof(*list), by_number);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || list[kept - 1] != list[i])
            list[kept++] = list[i];
    out->rule[out->n_rules] = (struct aaj_learned_rule){ .item = d->item, .profile = l->dom[d->dom].full,
                                                         .inferences = d->inferences, .access = list,
                                                         .n_access = kept, .events = d->events, .from = d->from };
    d->item->user = (uint32_t)++out->n_rules;
    return 0;
}

static void comment(struct aaj_learner *l, const struct aaj_draft *d)
{
    struct aaj_str text = { "#", 1 }, means = d->item->comment;

    for (unsigned i = 1; text.p && i < AAJ_INFER_COUNT; i++)
        if (d->inferences & (1u << i))
            text = aaj_arena_printf(l->arena, "%.*s %s", AAJ_STR_ARG(text), aaj_infer_info[i].name);
    if (text.p)
        d->item->comment = aaj_arena_printf(l->arena, "%.*s%s %llu events%s%.*s", AAJ_STR_ARG(text), text.n > 1 ? "," : "",
                                            (unsigned long long)d->events, means.n ? ": " : "",
                                            AAJ_STR_ARG(aaj_str_skip(means, means.n ? 2 : 0)));
}

static bool is_mark(const struct aaj_item *item)
{
    return item->kind == AAJ_ITEM_COMMENT && aaj_str_search(item->comment, aaj_str_c(mark)) < item->comment.n;
}

static struct aaj_item *find_mark(struct aaj_item *profile)
{
    for (struct aaj_item *i = profile->profile.body.first; i; i = i->next)
        if (is_mark(i))
            return i;
    return profile->profile.body.last;
}

/* A glob for all executables that share a child: "{/usr/bin/a,/usr/bin/b}". */
static int attachment_of(struct aaj_learner *l, uint32_t dom, struct aaj_text *ret_text)
{
    struct aaj_str all = { "", 0 };
    size_t n = 0;

    for (size_t i = 0; i < l->n_doms && !l->hat; i++) { /* a pool's children are entered by name */
        struct aaj_str one;

        if (l->dom[i].same != dom || l->dom[i].exe.n == 0)
            continue;
        one = aaj_glob_escape(l->arena, l->dom[i].exe);
        all = aaj_arena_printf(l->arena, "%.*s%s%.*s", AAJ_STR_ARG(all), n ? "," : "", AAJ_STR_ARG(one));
        if (!one.p || !all.p)
            return -ENOMEM;
        n++;
    }
    *ret_text = (struct aaj_text){ { 0 }, { 0 } };
    if (n > 1)
        all = aaj_arena_printf(l->arena, "{%.*s}", AAJ_STR_ARG(all));
    return n ? aaj_text_from_value(l->arena, all, AAJ_TEXT_PATH, ret_text) : 0;
}

static struct aaj_item *new_child(struct aaj_learner *l, uint32_t dom)
{
    bool hat = l->dom[dom].kind == AAJ_DOM_HAT;
    struct aaj_item *profile, *include;
    struct aaj_text name, attachment;

    if (aaj_text_literal(l->arena, l->dom[dom].name, AAJ_TEXT_COND, &name) < 0 ||
        attachment_of(l, dom, &attachment) < 0)
        return NULL;
    profile = aaj_item_profile(l->arena, hat ? AAJ_PROFILE_CARET : AAJ_PROFILE_PROFILE, name, attachment);
    include = aaj_item_include(l->arena, AAJ_STR("abstractions/base"), true, false);
    if (!profile || !include)
        return NULL;
    profile->blank_before = 1;
    aaj_block_append(l->template, l->outer, profile);
    aaj_block_append(l->template, profile, include);
    return profile;
}

static bool is_plain_file(const struct sorted *s)
{
    return s->draft.item->kind == AAJ_ITEM_RULE && s->draft.item->rule.kind == AAJ_RULE_FILE &&
           s->draft.item->rule.file.exec == AAJ_EXEC_NONE && s->draft.item->rule.prefix.mode == AAJ_MODE_UNSAID &&
           !s->draft.item->rule.prefix.audit;
}

/* The same said twice becomes one rule; permissions on one name are put together. */
static size_t join_equal(struct aaj_learner *l, struct sorted *s, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        struct sorted *last = kept ? &s[kept - 1] : NULL;
        bool file = last && last->draft.dom == s[i].draft.dom && is_plain_file(last) && is_plain_file(&s[i]) &&
                    last->draft.item->rule.prefix.owner == s[i].draft.item->rule.prefix.owner &&
                    aaj_str_eq(last->draft.item->rule.file.path.value, s[i].draft.item->rule.file.path.value);

        if (last && (file || (last->draft.dom == s[i].draft.dom && last->rank == s[i].rank &&
                              aaj_str_eq(last->text, s[i].text)))) {
            if (file)
                last->draft.item->rule.file.perms |= s[i].draft.item->rule.file.perms;
            join_evidence(l, &last->draft, &s[i].draft);
        } else {
            s[kept++] = s[i];
        }
    }
    return kept;
}

static int write_rules(struct aaj_learner *l, struct sorted *s, size_t n)
{
    struct aaj_item *profile = l->main, *after = find_mark(l->main);
    uint32_t dom = 0;
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        if (s[i].draft.dom != dom) {
            dom = s[i].draft.dom;
            profile = new_child(l, dom);
            if (!profile)
                return -ENOMEM;
            after = profile->profile.body.last;
        }
        if (l->in->comments)
            comment(l, &s[i].draft);
        aaj_block_insert(l->template, profile, after, s[i].draft.item);
        after = s[i].draft.item;
        r = record_rule(l, &s[i].draft);
    }
    return r;
}

/* ---- the head of the file ---- */

static int set_variable(struct aaj_learner *l, struct aaj_item *after, const struct aaj_manifest_variable *v)
{
    struct aaj_text *value = aaj_arena_new(l->arena, struct aaj_text);
    struct aaj_item *item;
    int r = value ? aaj_text_from_value(l->arena, aaj_arena_dup(l->arena, v->value.text), AAJ_TEXT_COND, value) : -ENOMEM;

    if (r < 0)
        return r;
    for (item = l->template->top.first; item; item = item->next)
        if (item->kind == AAJ_ITEM_VARIABLE && aaj_str_eq(item->variable.name.value, v->name.text))
            aaj_item_remove(item);
    item = aaj_item_variable(l->arena, aaj_arena_dup(l->arena, v->name.text), AAJ_ASSIGN_SET, value, 1);
    if (!item)
        return -ENOMEM;
    aaj_block_insert(l->template, NULL, after, item);
    return 0;
}

/* The template's own comments are about the template. */
static int write_head(struct aaj_learner *l)
{
    const struct aaj_manifest *m = l->in->manifest;
    struct aaj_str about = aaj_arena_printf(l->arena, "# %.*s: learned by aajail", AAJ_STR_ARG(l->out->name));
    struct aaj_item *item, *next, *head = aaj_item_comment(l->arena, about);

    for (item = l->template->top.first; item && item->kind == AAJ_ITEM_COMMENT; item = next) {
        next = item->next;
        aaj_item_remove(item);
    }
    if (!about.p || !head)
        return -ENOMEM;
    aaj_block_insert(l->template, NULL, NULL, head);
    if (l->in->target->abi && (l->in->target->parser_features & AAJ_PARSER_ABI)) {
        struct aaj_item *abi = aaj_item_abi(l->arena, aaj_arena_dup(l->arena, aaj_str_c(l->in->target->abi)));

        if (!abi)
            return -ENOMEM;
        aaj_block_insert(l->template, NULL, head, abi);
    }
    /* A pool's stand in its rules, expanded: another pool may call something else so. */
    for (size_t i = 0; i < m->n_variables && !l->hat; i++) {
        int r = set_variable(l, l->outer->prev, &m->variable[i]);

        if (r < 0)
            return r;
    }
    return 0;
}

static int name_profile(struct aaj_learner *l)
{
    const struct aaj_manifest *m = l->in->manifest;
    struct aaj_profile *p = &l->outer->profile;
    int r = aaj_text_literal(l->arena, l->top, AAJ_TEXT_COND, &p->name);

    p->keyword = AAJ_PROFILE_PROFILE;
    p->attachment = (struct aaj_text){ { 0 }, { 0 } };
    if (r == 0 && m->attach == AAJ_ATTACH_PATH && m->slave.text.n)
        r = aaj_text_literal(l->arena, m->slave.text, AAJ_TEXT_PATH, &p->attachment);
    l->outer->state = AAJ_STATE_CHANGED;
    if (r == 0 && l->hat) {
        r = aaj_text_literal(l->arena, m->hat.text, AAJ_TEXT_COND, &l->main->profile.name);
        l->main->state = AAJ_STATE_CHANGED;
    }
    return r;
}

enum { MANIFEST_INCLUDES = 32 };

/* Only files that the target has, found as its parser finds them: below its own folders, by a name that stays there. */
static int check_include(struct aaj_learner *l, const struct aaj_item *item, struct aaj_loc loc)
{
    const struct aaj_include *include = &item->include;
    struct aaj_str path = include->path.value;
    const char *dir[] = { l->in->target->base, l->in->target->abstraction_dir };

    if (!include->magic)
        return aaj_error(l->diags, loc, "an include in a manifest is written <…>: only the target's own folders are read");
    if (path.n == 0 || path.p[0] == '/' || aaj_str_starts(path, AAJ_STR("../")) || aaj_str_ends(path, AAJ_STR("/..")) ||
        aaj_str_search(path, AAJ_STR("/../")) < path.n)
        return aaj_error(l->diags, loc, "an include stays below the target's folders: no '/' in front and no '..'");
    for (size_t i = 0; i < AAJ_ARRAY_SIZE(dir); i++) {
        struct aaj_str file = aaj_arena_printf(&l->scratch, "%s/%.*s", dir[i] ? dir[i] : "", AAJ_STR_ARG(path));

        if (!file.p)
            return -ENOMEM;
        if (dir[i] && access(file.p, R_OK) == 0)
            return 0;
    }
    if (include->if_exists)
        return 0;
    return aaj_error(l->diags, loc, "the target %s has no %.*s in %s", l->in->target->name, AAJ_STR_ARG(path),
                     l->in->target->base);
}

static int add_manifest_rule(struct aaj_learner *l, const struct aaj_scalar *rule, size_t *includes)
{
    struct aaj_draft d = { .inferences = 1u << AAJ_INFER_MANIFEST,
                           .key = l->hat ? aaj_ceiling_expand(l->in->manifest, rule->text, l->arena)
                                         : aaj_arena_dup(l->arena, rule->text) };
    int r = aaj_policy_parse_rule(l->arena, d.key, rule->loc, l->diags, &d.item);

    if (r < 0)
        return r;
    if (d.item->kind == AAJ_ITEM_INCLUDE) {
        r = check_include(l, d.item, rule->loc);
        if (r == 0 && ++*includes > MANIFEST_INCLUDES)
            r = aaj_error(l->diags, rule->loc, "more than %d includes", MANIFEST_INCLUDES);
        d.key = d.from = d.item->include.path.value;
    } else if (d.item->kind != AAJ_ITEM_RULE) {
        r = aaj_error(l->diags, rule->loc, "expected a rule or an include");
    }
    return r < 0 ? r : aaj_draft_add(l, &d);
}

static int add_manifest_rules(struct aaj_learner *l)
{
    const struct aaj_manifest *m = l->in->manifest;
    size_t includes = 0;
    int error = 0;

    for (size_t i = 0; i < m->rules.n; i++) { /* all of them, so that one run shows every mistake */
        int r = add_manifest_rule(l, &m->rules.item[i], &includes);

        if (r == -ENOMEM)
            return r;
        error = r < 0 ? r : error;
    }
    return error;
}

/* A destination that the chain lets through is of no use without the socket: manifest, chain and profile agree. */
static int add_manifest_sockets(struct aaj_learner *l)
{
    static const struct {
        const char *family, *type;
        uint8_t af, proto;
    } socket[] = {
        { "inet", "stream", AF_INET, IPPROTO_TCP },
        { "inet", "dgram", AF_INET, IPPROTO_UDP },
        { "inet6", "stream", AF_INET6, IPPROTO_TCP },
        { "inet6", "dgram", AF_INET6, IPPROTO_UDP },
    };
    const struct aaj_manifest *m = l->in->manifest;

    for (size_t s = 0; s < AAJ_ARRAY_SIZE(socket); s++) {
        struct aaj_draft d = { .inferences = 1u << AAJ_INFER_MANIFEST, .key = AAJ_STR("network") };
        bool wanted = false;

        for (size_t i = 0; i < m->n_dests; i++)
            wanted |= (m->dest[i].family == AF_UNSPEC || m->dest[i].family == socket[s].af) &&
                      (m->dest[i].proto == 0 || m->dest[i].proto == socket[s].proto);
        if (!wanted)
            continue;
        d.item = aaj_rule_access(l->arena, AAJ_RULE_NETWORK, 0);
        if (d.item) {
            d.item->rule.access.arg[0] = aaj_text_word(socket[s].family);
            d.item->rule.access.arg[1] = aaj_text_word(socket[s].type);
        }
        if (aaj_draft_add(l, &d) < 0)
            return -ENOMEM;
    }
    return 0;
}

int aaj_assemble(struct aaj_learner *l)
{
    struct sorted *s;
    size_t n = 0;
    int r = add_manifest_rules(l);

    if (r == 0)
        r = add_manifest_sockets(l);
    if (r == 0)
        r = join_signals(l);
    if (r == 0)
        r = write_head(l);
    if (r == 0)
        r = name_profile(l);
    if (r == 0)
        r = aaj_pool_write(l);
    s = calloc(l->n_drafts + 1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    for (size_t i = 0; r == 0 && i < l->n_drafts; i++) {
        if (!l->draft[i].item || is_there(l, &l->draft[i]))
            continue;
        s[n].draft = l->draft[i];
        if (l->draft[i].item->kind == AAJ_ITEM_RULE) {
            s[n].rank = rank(l->draft[i].item->rule.kind);
            s[n].text = aaj_rule_text(&l->scratch, &l->draft[i].item->rule);
        } else {
            s[n].rank = -1; /* an include */
            s[n].text = l->draft[i].key;
        }
        r = s[n++].text.p ? 0 : -ENOMEM;
    }
    qsort(s, n, sizeof(*s), by_place);
    if (r == 0)
        r = write_rules(l, s, join_equal(l, s, n));
    free(s);
    if (r < 0)
        return r;
    for (size_t i = 0; i < l->out->n_granted; i++) {
        struct aaj_learned_access *g = &l->out->granted[i];

        g->profile = l->dom[g->dom].full;
        if (g->exec && g->into_dom != AAJ_NO)
            g->into = l->dom[l->dom[g->into_dom].same].full;
    }
    for (size_t i = 0; i < l->n_doms; i++)
        l->out->stats.profiles += l->dom[i].same == i;
    l->out->stats.rules = l->out->n_rules;
    l->out->stats.refused = l->out->n_refused;
    l->out->stats.granted = l->out->n_granted;
    l->out->name = l->dom[0].full;
    l->out->policy = l->template;
    l->template = NULL;
    return 0;
}
