/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Evidence and the tallies it is kept in. Nearly all events of an access come from one source and add the
 * same to their evidence, so one tally, which is part of the entry, is all that most accesses have.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "base/large.h"
#include "recording/impl.h"

const char *const recording_kind_name[KINDS] = { "allowed", "denied",        "audited",   "owner",
                                                 "other",   "owner_created", "owner_root" };

static struct tally new_tally(uint32_t source, uint32_t kind)
{
    return (struct tally){ .source = source, .kind = (uint8_t)kind, .used = true,
                           .fsuid_min = AAJ_UID_NONE, .fsuid_max = AAJ_UID_NONE };
}

/* One more tally of an entry, behind its own; the others of the list follow the newest first. */
static int push(struct aaj_recording *rec, uint32_t entry, const struct tally *new, uint32_t *ret_place)
{
    struct entry *e = &rec->entry[entry];

    if (!e->tally.used) {
        e->tally = *new;
        e->tally.next = 0;
        *ret_place = 0;
        return 0;
    }
    if (rec->n_tallies >= UINT32_MAX - 1 || AAJ_LARGE_GROW(rec->tally, rec->n_tallies, rec->cap_tallies) < 0)
        return -ENOMEM;
    rec->tally[rec->n_tallies] = *new;
    rec->tally[rec->n_tallies].next = e->tally.next;
    *ret_place = e->tally.next = (uint32_t)++rec->n_tallies;
    return 0;
}

int recording_tally(struct aaj_recording *rec, uint32_t entry, uint32_t source, uint32_t kind,
                    uint32_t *ret_place)
{
    struct tally new, *t = &rec->entry[entry].tally;
    uint32_t place = 0;

    if (rec->entry[entry].tally.used)
        for (;;) {
            if (t->source == source && t->kind == kind) {
                *ret_place = place;
                return 0;
            }
            place = t->next;
            if (!place)
                break;
            t = &rec->tally[place - 1];
        }
    new = new_tally(source, kind);
    return push(rec, entry, &new, ret_place);
}

/* ---- from tallies to evidence ---- */

static void join_times(struct evidence *to, int64_t first_ms, int64_t last_ms, uint32_t fsuid_min,
                       uint32_t fsuid_max)
{
    to->first_ms = earlier(to->first_ms, first_ms);
    if (last_ms > to->last_ms)
        to->last_ms = last_ms;
    if (fsuid_min < to->fsuid_min)
        to->fsuid_min = fsuid_min;
    if (fsuid_max != AAJ_UID_NONE && (to->fsuid_max == AAJ_UID_NONE || fsuid_max > to->fsuid_max))
        to->fsuid_max = fsuid_max;
}

static void add_tally(struct evidence *to, const struct tally *t)
{
    for (unsigned k = 0; k < KINDS; k++)
        if (t->kind >> k & 1)
            to->count[k] = saturate((uint64_t)to->count[k] + t->count);
    join_times(to, t->first_ms, t->last_ms, t->fsuid_min, t->fsuid_max);
}

static int by_source(const void *a, const void *b)
{
    uint32_t x = ((const struct evidence *)a)->source, y = ((const struct evidence *)b)->source;

    return (x > y) - (x < y);
}

static void add_evidence(struct evidence *to, const struct evidence *from)
{
    for (unsigned k = 0; k < KINDS; k++)
        to->count[k] = saturate((uint64_t)to->count[k] + from->count[k]);
    join_times(to, from->first_ms, from->last_ms, from->fsuid_min, from->fsuid_max);
}

static void sum_by_source(struct evidence_list *list)
{
    size_t n = 0;

    qsort(list->item, list->n, sizeof(*list->item), by_source);
    for (size_t i = 0; i < list->n; i++)
        if (n && list->item[n - 1].source == list->item[i].source)
            add_evidence(&list->item[n - 1], &list->item[i]);
        else
            list->item[n++] = list->item[i];
    list->n = n;
}

int recording_evidence(const struct aaj_recording *rec, uint32_t entry, struct evidence_list *list)
{
    const struct tally *t = &rec->entry[entry].tally;

    list->n = 0;
    while (rec->entry[entry].tally.used) {
        if (AAJ_GROW(list->item, list->n, list->cap) < 0)
            return -ENOMEM;
        list->item[list->n] =
            (struct evidence){ .source = t->source, .fsuid_min = AAJ_UID_NONE, .fsuid_max = AAJ_UID_NONE };
        add_tally(&list->item[list->n++], t);
        if (!t->next)
            break;
        t = &rec->tally[t->next - 1];
    }
    if (list->n > 1)
        sum_by_source(list);
    return 0;
}

void recording_make_distinct(struct evidence_list *list)
{
    size_t n = 0;

    qsort(list->item, list->n, sizeof(*list->item), by_source);
    for (size_t i = 0; i < list->n; i++) {
        struct evidence *to = n ? &list->item[n - 1] : NULL, *from = &list->item[i];

        if (!to || to->source != from->source) {
            list->item[n++] = *from;
            continue;
        }
        for (unsigned k = 0; k < KINDS; k++)
            to->count[k] = from->count[k] > to->count[k] ? from->count[k] : to->count[k];
        join_times(to, from->first_ms, from->last_ms, from->fsuid_min, from->fsuid_max);
    }
    list->n = n;
}

/* ---- from evidence to tallies ---- */

static void widen(struct tally *t, const struct evidence *ev)
{
    struct evidence when = {
        .first_ms = t->first_ms, .last_ms = t->last_ms, .fsuid_min = t->fsuid_min, .fsuid_max = t->fsuid_max
    };

    join_times(&when, ev->first_ms, ev->last_ms, ev->fsuid_min, ev->fsuid_max);
    t->first_ms = when.first_ms;
    t->last_ms = when.last_ms;
    t->fsuid_min = when.fsuid_min;
    t->fsuid_max = when.fsuid_max;
}

/* Takes what all counts that are left have in common out of them. */
static uint32_t common(uint32_t *left, uint32_t *ret_count)
{
    uint32_t kind = 0, least = UINT32_MAX;

    for (unsigned k = 0; k < KINDS; k++)
        if (left[k]) {
            kind |= 1u << k;
            least = left[k] < least ? left[k] : least;
        }
    for (unsigned k = 0; k < KINDS; k++)
        left[k] -= left[k] ? least : 0;
    *ret_count = kind ? least : 0;
    return kind;
}

/* Counts as few tallies. Times and uids go with the first, which there is even without a count. @fresh: the
 * entry has none of this source. */
static int add_as_tallies(struct aaj_recording *rec, uint32_t entry, const struct evidence *ev, bool fresh)
{
    uint32_t left[KINDS], place, count, kind;
    bool first = true;

    memcpy(left, ev->count, sizeof(left));
    while ((kind = common(left, &count)) != 0 || first) {
        struct tally *t, new = new_tally(ev->source, kind);
        int r =
            fresh ? push(rec, entry, &new, &place) : recording_tally(rec, entry, ev->source, kind, &place);

        if (r < 0)
            return r;
        t = recording_tally_at(rec, entry, place);
        t->count = saturate((uint64_t)t->count + count);
        if (first)
            widen(t, ev);
        first = false;
    }
    return 0;
}

static bool is_within(const struct evidence *ev, const struct evidence *have)
{
    struct evidence both = *have;

    join_times(&both, ev->first_ms, ev->last_ms, ev->fsuid_min, ev->fsuid_max);
    return both.first_ms == have->first_ms && both.last_ms == have->last_ms &&
           both.fsuid_min == have->fsuid_min && both.fsuid_max == have->fsuid_max;
}

/* Leaves what the sum of @have lacks; false when that is nothing. */
static bool keep_greater(struct evidence *from, const struct evidence *have)
{
    uint32_t any = 0;

    for (unsigned k = 0; k < KINDS; k++) {
        from->count[k] = from->count[k] > have->count[k] ? from->count[k] - have->count[k] : 0;
        any |= from->count[k];
    }
    return any || !is_within(from, have);
}

int recording_join(struct aaj_recording *rec, uint32_t entry, struct evidence_list *from, bool disjoint)
{
    struct evidence_list *have = &rec->have;
    size_t h = 0;
    int r = recording_evidence(rec, entry, have);

    if (r == 0 && have->n && from->n > 1)
        qsort(from->item, from->n, sizeof(*from->item), by_source);
    for (size_t i = 0; r == 0 && i < from->n; i++) {
        struct evidence *ev = &from->item[i];
        bool known;

        while (h < have->n && have->item[h].source < ev->source)
            h++;
        known = h < have->n && have->item[h].source == ev->source;
        if (!known || disjoint || keep_greater(ev, &have->item[h]))
            r = add_as_tallies(rec, entry, ev, !known);
    }
    return r;
}
