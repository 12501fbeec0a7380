/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drafts that say one thing become one, and their evidence with them. */
#include <errno.h>
#include <stdlib.h>

#include "learn/emit.h"

/* To the front, so that each evidence is walked over once, however many drafts are joined into one. */
void aaj_draft_join(struct aaj_learner *l, struct aaj_draft *to, const struct aaj_draft *from)
{
    uint32_t last = from->ev;

    to->events += from->events;
    to->inferences |= from->inferences;
    to->by_owner &= from->by_owner;
    if (!last)
        return;
    while (l->ev[last].next)
        last = l->ev[last].next;
    l->ev[last].next = to->ev;
    to->ev = from->ev;
}

/* ---- signals to one peer ---- */

struct signal {
    struct aaj_draft *draft;
    struct aaj_cond *set;
    struct aaj_str peer;
};

/* Those that name their signals; a rule for all of them, or of another kind, is the manifest's and stays as it is. */
static bool take_signal(struct aaj_draft *d, struct signal *ret_signal)
{
    struct aaj_conds *conds;
    struct aaj_cond *peer;

    if (!d->item || d->item->kind != AAJ_ITEM_RULE || d->item->rule.kind != AAJ_RULE_SIGNAL ||
        d->item->rule.prefix.mode != AAJ_MODE_UNSAID || d->item->rule.prefix.audit || d->item->rule.prefix.has_priority)
        return false;
    conds = &d->item->rule.access.conds;
    peer = aaj_conds_find(conds, AAJ_STR("peer"));
    *ret_signal = (struct signal){ d, aaj_conds_find(conds, AAJ_STR("set")), peer ? peer->values.item[0].value : AAJ_STR("") };
    return ret_signal->set && conds->n == 1 + (peer != NULL) && d->item->rule.access.peer.n == 0;
}

static int compare(const struct signal *x, const struct signal *y)
{
    uint32_t a = x->draft->item->rule.access.perms, b = y->draft->item->rule.access.perms;

    if (x->draft->dom != y->draft->dom)
        return x->draft->dom < y->draft->dom ? -1 : 1;
    return a != b ? (a < b ? -1 : 1) : aaj_str_cmp(x->peer, y->peer);
}

static int by_peer(const void *a, const void *b)
{
    const struct signal *x = a, *y = b;
    int r = compare(x, y);

    return r ? r : (x->draft > y->draft) - (x->draft < y->draft);
}

static bool has_value(const struct aaj_cond *cond, struct aaj_str value)
{
    for (uint32_t i = 0; i < cond->values.n; i++)
        if (aaj_str_eq(cond->values.item[i].value, value))
            return true;
    return false;
}

static int join_values(struct aaj_learner *l, struct aaj_cond *to, const struct aaj_cond *from)
{
    struct aaj_text *all = aaj_arena_new_array(l->arena, to->values.n + from->values.n, struct aaj_text);

    if (!all)
        return -ENOMEM;
    memcpy(all, to->values.item, to->values.n * sizeof(*all));
    to->values.item = all;
    for (uint32_t i = 0; i < from->values.n; i++)
        if (!has_value(to, from->values.item[i].value))
            all[to->values.n++] = from->values.item[i];
    to->list = to->values.n > 1;
    return 0;
}

int aaj_join_signals(struct aaj_learner *l)
{
    struct signal *s = calloc(l->n_drafts + 1, sizeof(*s));
    size_t n = 0, first = 0;
    int r = s ? 0 : -ENOMEM;

    for (size_t i = 0; s && i < l->n_drafts; i++)
        n += take_signal(&l->draft[i], &s[n]);
    if (n)
        qsort(s, n, sizeof(*s), by_peer);
    for (size_t i = 1; r == 0 && i < n; i++) {
        if (compare(&s[first], &s[i]) != 0) {
            first = i;
            continue;
        }
        r = join_values(l, s[first].set, s[i].set);
        aaj_draft_join(l, s[first].draft, s[i].draft);
        s[i].draft->item = NULL;
    }
    free(s);
    return r;
}

/* ---- equals that stand beside each other ---- */

static bool is_plain_file(const struct aaj_sorted *s)
{
    return s->draft.item->kind == AAJ_ITEM_RULE && s->draft.item->rule.kind == AAJ_RULE_FILE &&
           s->draft.item->rule.file.exec == AAJ_EXEC_NONE && s->draft.item->rule.prefix.mode == AAJ_MODE_UNSAID &&
           !s->draft.item->rule.prefix.audit;
}

/* The same said twice becomes one rule; permissions on one name are put together. */
size_t aaj_join_equal(struct aaj_learner *l, struct aaj_sorted *s, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        struct aaj_sorted *last = kept ? &s[kept - 1] : NULL;
        bool file = last && last->draft.dom == s[i].draft.dom && is_plain_file(last) && is_plain_file(&s[i]) &&
                    last->draft.item->rule.prefix.owner == s[i].draft.item->rule.prefix.owner &&
                    aaj_str_eq(last->draft.item->rule.file.path.value, s[i].draft.item->rule.file.path.value);

        if (last && (file || (last->draft.dom == s[i].draft.dom && last->rank == s[i].rank &&
                              aaj_str_eq(last->text, s[i].text)))) {
            if (file)
                last->draft.item->rule.file.perms |= s[i].draft.item->rule.file.perms;
            aaj_draft_join(l, &last->draft, &s[i].draft);
        } else {
            s[kept++] = s[i];
        }
    }
    return kept;
}
