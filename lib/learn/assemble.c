/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drafts into the template's tree: in one order, each once, beside the mark; children behind. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "learn/emit.h"
#include "policy/print.h"

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
static int by_place(const void *a, const void *b)
{
    const struct aaj_sorted *x = a, *y = b;

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
                                                         .n_access = kept, .events = d->events, .from = d->from, .plain = d->plain,
                                                         .exe = d->exe };
    d->item->user = (uint32_t)++out->n_rules;
    return 0;
}

static void comment(struct aaj_learner *l, const struct aaj_draft *d)
{
    struct aaj_str text = { "#", 1 }, means = d->item->comment, count = { "", 0 };

    for (unsigned i = 1; text.p && i < AAJ_INFER_COUNT; i++)
        if (d->inferences & (1u << i))
            text = aaj_arena_printf(l->arena, "%.*s %s", AAJ_STR_ARG(text), aaj_infer_info[i].name);
    if (d->events) /* what it maps of itself, and what the manifest says, was perhaps never seen */
        count = aaj_arena_printf(l->arena, "%s %" PRIu64 " event%s", text.n > 1 ? "," : "", d->events,
                                 d->events == 1 ? "" : "s");
    if (text.p && count.p)
        d->item->comment = aaj_arena_printf(l->arena, "%.*s%.*s%s%.*s", AAJ_STR_ARG(text), AAJ_STR_ARG(count),
                                            means.n ? ": " : "", AAJ_STR_ARG(aaj_str_skip(means, means.n ? 2 : 0)));
}

static bool is_mark(const struct aaj_item *item)
{
    return item->kind == AAJ_ITEM_COMMENT && aaj_str_search(item->comment, AAJ_STR(AAJ_LEARNED_MARK)) < item->comment.n;
}

static struct aaj_item *find_mark(struct aaj_item *profile)
{
    for (struct aaj_item *i = profile->profile.body.first; i; i = i->next)
        if (is_mark(i))
            return i;
    return profile->profile.body.last;
}
static int write_rules(struct aaj_learner *l, struct aaj_sorted *s, size_t n)
{
    struct aaj_item *profile = l->main, *after = find_mark(l->main);
    uint32_t dom = 0;
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        if (s[i].draft.dom != dom) {
            dom = s[i].draft.dom;
            profile = aaj_frame_child(l, dom);
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
static int sort_drafts(struct aaj_learner *l, struct aaj_sorted *s, size_t *ret_n)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n_drafts; i++) {
        const struct aaj_draft *d = &l->draft[i];

        if (!d->item || aaj_is_present(l, d))
            continue;
        s[n].draft = *d;
        if (d->item->kind == AAJ_ITEM_RULE) {
            s[n].rank = rank(d->item->rule.kind);
            s[n].text = aaj_rule_text(&l->scratch, &d->item->rule);
        } else {
            s[n].rank = -1; /* an include */
            s[n].text = d->key;
        }
        if (!s[n++].text.p)
            return -ENOMEM;
    }
    qsort(s, n, sizeof(*s), by_place);
    *ret_n = aaj_join_equal(l, s, n);
    return 0;
}

static int write_drafts(struct aaj_learner *l)
{
    struct aaj_sorted *s = calloc(l->n_drafts + 1, sizeof(*s));
    size_t n;
    int r = s ? sort_drafts(l, s, &n) : -ENOMEM;

    if (r == 0)
        r = write_rules(l, s, n);
    free(s);
    return r;
}

/* What learning found, in the words of what was written. */
static void publish(struct aaj_learner *l)
{
    struct aaj_learned *out = l->out;

    for (size_t i = 0; i < out->n_granted; i++) {
        struct aaj_learned_access *g = &out->granted[i];

        g->profile = l->dom[g->dom].full;
        if (g->exec && g->into_dom != AAJ_NO)
            g->into = l->dom[l->dom[g->into_dom].same].full;
    }
    for (size_t i = 0; i < l->n_doms; i++)
        out->stats.profiles += l->dom[i].same == i;
    out->stats.rules = out->n_rules;
    out->stats.refused = out->n_refused;
    out->stats.granted = out->n_granted;
    out->name = l->dom[0].full;
    out->policy = l->template;
    l->template = NULL;
}

int aaj_assemble(struct aaj_learner *l)
{
    int r = aaj_join_signals(l);

    if (r == 0)
        r = aaj_frame_head(l);
    if (r == 0)
        r = aaj_frame_name(l);
    if (r == 0)
        r = aaj_pool_write(l);
    if (r == 0)
        r = write_drafts(l);
    if (r == 0)
        publish(l);
    return r;
}
