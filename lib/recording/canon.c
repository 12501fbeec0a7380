/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The canonical view: accesses in the order of their bytes, counts summed over sources. */
#include <errno.h>
#include <stdlib.h>

#include "base/fetch.h"
#include "base/sort.h"
#include "recording/impl.h"

uint32_t *recording_ranks(const struct aaj_recording *rec)
{
    size_t n = rec->strings.n;
    struct aaj_sortable *sorted = reallocarray(NULL, n + 1, sizeof(*sorted));
    uint32_t *rank = reallocarray(NULL, n + 1, sizeof(*rank));

    for (uint32_t id = 0; sorted && id < n; id++)
        sorted[id] = (struct aaj_sortable){ .str = aaj_recording_str(rec, id), .id = id };
    if (!sorted || !rank || aaj_sort_strings(sorted, n) < 0) {
        free(sorted);
        free(rank);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        rank[sorted[i].id] = (uint32_t)i;
    free(sorted);
    return rank;
}

/* Counts of one day: of several channels, boots and hosts the same event may be in more than one, or its host may be
 * unknown in one and known in the other. */
struct day_sum {
    uint32_t count[KINDS];
};

static void max_into(struct day_sum *to, const struct day_sum *from)
{
    for (size_t i = 0; i < KINDS; i++)
        if (from->count[i] > to->count[i])
            to->count[i] = from->count[i];
}

static void add_into(struct day_sum *to, const struct day_sum *from)
{
    for (size_t i = 0; i < KINDS; i++)
        to->count[i] = saturate((uint64_t)to->count[i] + from->count[i]);
}

static int by_source(const void *a, const void *b, void *data)
{
    const struct aaj_recording *rec = data;
    const struct source_key *x = &rec->source[((const struct evidence *)a)->source].key;
    const struct source_key *y = &rec->source[((const struct evidence *)b)->source].key;

    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    if (x->host != y->host)
        return x->host < y->host ? -1 : 1;
    if (x->boot != y->boot)
        return x->boot < y->boot ? -1 : 1;
    return (x->channel > y->channel) - (x->channel < y->channel);
}

struct summing {
    struct day_sum boot, host_known, host_unknown, day_known, day_unknown, total;
};

/* Boots of a host add up, channels of a boot do not; what does not say its boot may be any of them. */
static void end_boot(struct summing *s, bool known)
{
    if (known)
        add_into(&s->host_known, &s->boot);
    else
        max_into(&s->host_unknown, &s->boot);
    s->boot = (struct day_sum){ 0 };
}

static void end_host(struct summing *s, bool known)
{
    max_into(&s->host_known, &s->host_unknown);
    if (known)
        add_into(&s->day_known, &s->host_known);
    else
        max_into(&s->day_unknown, &s->host_known);
    s->host_known = s->host_unknown = (struct day_sum){ 0 };
}

static void end_day(struct summing *s)
{
    max_into(&s->day_known, &s->day_unknown);
    add_into(&s->total, &s->day_known);
    s->day_known = s->day_unknown = (struct day_sum){ 0 };
}

static void sum_sources(const struct aaj_recording *rec, struct evidence_list *list, struct day_sum *ret_total)
{
    struct summing s = { 0 };

    if (list->n > 1)
        qsort_r(list->item, list->n, sizeof(*list->item), by_source, (void *)(uintptr_t)rec);
    for (size_t i = 0; i < list->n; i++) {
        const struct source_key *k = &rec->source[list->item[i].source].key, *next = NULL;
        struct day_sum one;

        memcpy(one.count, list->item[i].count, sizeof(one.count));
        max_into(&s.boot, &one);
        if (i + 1 < list->n)
            next = &rec->source[list->item[i + 1].source].key;
        if (!next || next->boot != k->boot || next->host != k->host || next->day != k->day)
            end_boot(&s, k->boot != 0);
        if (!next || next->host != k->host || next->day != k->day)
            end_host(&s, k->host != 0);
        if (!next || next->day != k->day)
            end_day(&s);
    }
    *ret_total = s.total;
}

static void fill_evidence(const struct aaj_recording *rec, struct evidence_list *list, struct aaj_access *a)
{
    struct day_sum total;

    a->fsuid_min = a->fsuid_max = AAJ_UID_NONE;
    for (size_t i = 0; i < list->n; i++) {
        const struct evidence *ev = &list->item[i];

        a->first_ms = earlier(a->first_ms, ev->first_ms);
        if (ev->last_ms > a->last_ms)
            a->last_ms = ev->last_ms;
        if (ev->fsuid_min < a->fsuid_min)
            a->fsuid_min = ev->fsuid_min;
        if (ev->fsuid_max != AAJ_UID_NONE && (a->fsuid_max == AAJ_UID_NONE || ev->fsuid_max > a->fsuid_max))
            a->fsuid_max = ev->fsuid_max;
    }
    sum_sources(rec, list, &total);
    a->allowed = total.count[0];
    a->denied = total.count[1];
    a->audited = total.count[2];
    a->owner_yes = total.count[3];
    a->owner_no = total.count[4];
    a->owner_created = total.count[5];
    a->owner_root = total.count[6];
}

static int fill(struct aaj_recording *rec, uint32_t entry, struct aaj_access *a)
{
    struct access_key key = recording_access_key(rec, entry);
    int r = recording_evidence(rec, entry, &rec->have);

    if (r < 0)
        return r;
    memcpy(a, &key, sizeof(key));
    fill_evidence(rec, &rec->have, a);
    a->entry = entry;
    return 0;
}

/* ---- the order of accesses: by the bytes of their keys, word by word ---- */

struct sorting {
    const struct aaj_recording *rec;
    const uint32_t *rank;
};

/* Words from @from to @to. */
static int compare_words(const uint32_t *x, const uint32_t *y, unsigned from, unsigned to, const uint32_t *rank)
{
    for (unsigned w = from; w < to; w++) {
        bool string = w != WORD_CLASS && w != WORD_REQUESTED && w != WORD_DENIED;
        uint32_t a = string ? rank[x[w]] : x[w], b = string ? rank[y[w]] : y[w];

        if (a != b)
            return a < b ? -1 : 1;
    }
    return 0;
}

static int by_pattern(const void *a, const void *b, void *data)
{
    const struct sorting *s = data;

    return compare_words(tuples_at(&s->rec->pattern, *(const uint32_t *)a),
                         tuples_at(&s->rec->pattern, *(const uint32_t *)b), WORD_LABEL, WORD_ARG, s->rank);
}

/* Entries whose labels, classes, operations and first arguments are the same */
static int by_rest(const void *a, const void *b, void *data)
{
    const struct sorting *s = data;
    struct access_key p = recording_access_key(s->rec, (uint32_t)((const struct aaj_keyed *)a)->value);
    struct access_key q = recording_access_key(s->rec, (uint32_t)((const struct aaj_keyed *)b)->value);

    return compare_words(p.word, q.word, WORD_ARG + 1, KEY_WORDS, s->rank);
}

static int sort_entries(struct aaj_keyed *entry, size_t n, struct sorting *s)
{
    int r = aaj_sort_keyed(entry, n);

    for (size_t i = 0, j; r == 0 && i < n; i = j) {
        for (j = i + 1; j < n && entry[j].key == entry[i].key; j++)
            ;
        if (j - i > 1)
            qsort_r(entry + i, j - i, sizeof(*entry), by_rest, s);
    }
    return r;
}

/* Ranks of patterns by label, class and operation alone; those that are the same there have the same. */
static uint32_t *pattern_places(struct sorting *s)
{
    size_t n = s->rec->pattern.n;
    uint32_t *order = calloc(n + 1, sizeof(*order)), *place = calloc(n + 1, sizeof(*place));

    if (!order || !place) {
        free(order);
        free(place);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, n, sizeof(*order), by_pattern, s);
    for (size_t i = 1; i < n; i++)
        place[order[i]] = place[order[i - 1]] + (by_pattern(&order[i - 1], &order[i], s) != 0);
    free(order);
    return place;
}

static uint32_t first_argument(const struct aaj_recording *rec, uint32_t object)
{
    return object & OBJECT_TUPLE ? tuples_at(&rec->object, object & ~OBJECT_TUPLE)[0] : object;
}

uint32_t *recording_order(const struct aaj_recording *rec, const uint32_t *rank)
{
    struct sorting s = { rec, rank };
    size_t n = rec->n_entries;
    uint32_t *order = reallocarray(NULL, n + 1, sizeof(*order)), *places = pattern_places(&s);
    struct aaj_keyed *sorted = reallocarray(NULL, n + 1, sizeof(*sorted));

    for (size_t i = 0; places && sorted && i < n; i++) {
        struct entry_key k = rec->entry[i].key;

        sorted[i] = (struct aaj_keyed){ (uint64_t)places[k.pattern] << 32 | rank[first_argument(rec, k.object)], i };
    }
    if (order && places && sorted && sort_entries(sorted, n, &s) == 0) {
        for (size_t i = 0; i < n; i++)
            order[i] = (uint32_t)sorted[i].value;
    } else {
        free(order);
        order = NULL;
    }
    free(places);
    free(sorted);
    return order;
}

/* Entries lie in the order of their arrival: so many ahead they are fetched from memory. */
enum { AHEAD = 8 };

static int make_view(struct aaj_recording *rec)
{
    uint32_t *rank = recording_ranks(rec), *order = rank ? recording_order(rec, rank) : NULL;
    struct aaj_access *view = calloc(rec->n_entries + 1, sizeof(*view));
    int r = order && view ? 0 : -ENOMEM;

    _Static_assert(offsetof(struct aaj_access, info) == WORD_INFO * sizeof(uint32_t), "the key comes first");
    for (size_t i = 0; r == 0 && i < rec->n_entries; i++) {
        if (i + AHEAD < rec->n_entries)
            aaj_fetch(&rec->entry[order[i + AHEAD]]);
        r = fill(rec, order[i], &view[i]);
    }
    free(rank);
    free(order);
    if (r < 0) {
        free(view);
        return r;
    }
    rec->view = view;
    rec->n_view = rec->n_entries;
    return 0;
}

int aaj_recording_accesses(struct aaj_recording *rec, const struct aaj_access **ret_access, size_t *ret_n)
{
    int r = rec->view ? 0 : make_view(rec);

    if (r < 0)
        return r;
    *ret_access = rec->view;
    *ret_n = rec->n_view;
    return 0;
}

struct aaj_str aaj_label_top(struct aaj_str label)
{
    struct aaj_str rest = label;
    size_t head = 0, at;

    if (label.n && label.p[0] == ':') { /* ":NS:LABEL" or ":NS://LABEL" */
        head = 1 + aaj_str_find(aaj_str_skip(label, 1), ':') + 1;
        if (head >= label.n)
            return label;
        rest = aaj_str_skip(label, head);
        if (aaj_str_starts(rest, AAJ_STR("//"))) {
            head += 2;
            rest = aaj_str_skip(rest, 2);
        }
    }
    at = aaj_str_search(rest, AAJ_STR("//"));
    return aaj_str_head(label, head + at);
}

bool aaj_label_under(struct aaj_str label, struct aaj_str above)
{
    return aaj_str_starts(label, above) &&
           (label.n == above.n || aaj_str_starts(aaj_str_skip(label, above.n), AAJ_STR("//")));
}

static int by_label(const void *a, const void *b)
{
    return aaj_str_cmp(((const struct aaj_label_count *)a)->label, ((const struct aaj_label_count *)b)->label);
}

int aaj_recording_labels(const struct aaj_recording *rec, struct aaj_label_count **ret_label, size_t *ret_n)
{
    size_t *count = calloc(rec->strings.n, sizeof(*count)), n = 0, merged = 0;
    struct aaj_label_count *label;

    for (size_t i = 0; count && i < rec->n_entries; i++)
        n += count[tuples_at(&rec->pattern, rec->entry[i].key.pattern)[WORD_LABEL]]++ == 0;
    label = count ? calloc(n + 1, sizeof(*label)) : NULL;
    if (!label) {
        free(count);
        return -ENOMEM;
    }
    n = 0;
    for (uint32_t id = 0; id < rec->strings.n; id++)
        if (count[id])
            label[n++] = (struct aaj_label_count){ aaj_label_top(aaj_recording_str(rec, id)), count[id] };
    free(count);
    qsort(label, n, sizeof(*label), by_label);
    for (size_t i = 0; i < n; i++) {
        if (merged > 0 && aaj_str_eq(label[merged - 1].label, label[i].label))
            label[merged - 1].accesses += label[i].accesses;
        else
            label[merged++] = label[i];
    }
    *ret_label = label;
    *ret_n = merged;
    return 0;
}

struct aaj_fsview *aaj_recording_files(struct aaj_recording *rec)
{
    return rec->files;
}
