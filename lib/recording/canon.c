/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The canonical view: accesses in the order of their bytes, counts summed over sources. */
#include <errno.h>
#include <stdlib.h>

#include "recording/impl.h"

struct ranked {
    struct aaj_str str;
    uint32_t id;
};

static int by_bytes(const void *a, const void *b)
{
    return aaj_str_cmp(((const struct ranked *)a)->str, ((const struct ranked *)b)->str);
}

uint32_t *recording_ranks(const struct aaj_recording *rec)
{
    size_t n = rec->strings.n;
    struct ranked *sorted = calloc(n, sizeof(*sorted));
    uint32_t *rank = calloc(n, sizeof(*rank));

    if (!sorted || !rank) {
        free(sorted);
        free(rank);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        sorted[i] = (struct ranked){ rec->strings.str[i], (uint32_t)i };
    qsort(sorted, n, sizeof(*sorted), by_bytes);
    for (size_t i = 0; i < n; i++)
        rank[sorted[i].id] = (uint32_t)i;
    free(sorted);
    return rank;
}

/* Counts of one day: of several channels, boots and hosts the same event may be in more than one, or its host may be
 * unknown in one and known in the other. */
struct day_sum {
    uint32_t count[7];
};

static void max_into(struct day_sum *to, const struct day_sum *from)
{
    for (size_t i = 0; i < 7; i++)
        if (from->count[i] > to->count[i])
            to->count[i] = from->count[i];
}

static void add_into(struct day_sum *to, const struct day_sum *from)
{
    for (size_t i = 0; i < 7; i++)
        to->count[i] = saturate((uint64_t)to->count[i] + from->count[i]);
}

static int by_source(const void *a, const void *b, void *data)
{
    const struct aaj_recording *rec = data;
    const struct source_key *x = &rec->source[(*(const struct evidence *const *)a)->source].key;
    const struct source_key *y = &rec->source[(*(const struct evidence *const *)b)->source].key;

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

static void sum_sources(const struct aaj_recording *rec, struct evidence **ev, size_t n, struct day_sum *ret_total)
{
    struct summing s = { 0 };

    qsort_r(ev, n, sizeof(*ev), by_source, (void *)(uintptr_t)rec);
    for (size_t i = 0; i < n; i++) {
        const struct source_key *k = &rec->source[ev[i]->source].key, *next = NULL;
        struct day_sum one = { { ev[i]->allowed, ev[i]->denied, ev[i]->audited, ev[i]->owner_yes, ev[i]->owner_no,
                                 ev[i]->owner_created, ev[i]->owner_root } };

        max_into(&s.boot, &one);
        if (i + 1 < n)
            next = &rec->source[ev[i + 1]->source].key;
        if (!next || next->boot != k->boot || next->host != k->host || next->day != k->day)
            end_boot(&s, k->boot != 0);
        if (!next || next->host != k->host || next->day != k->day)
            end_host(&s, k->host != 0);
        if (!next || next->day != k->day)
            end_day(&s);
    }
    *ret_total = s.total;
}

static int fill(const struct aaj_recording *rec, const struct entry *e, struct evidence ***scratch, size_t *cap,
                struct aaj_access *a)
{
    struct day_sum total;
    size_t n = 0;

    memcpy(a, &e->key, sizeof(e->key));
    a->fsuid_min = a->fsuid_max = AAJ_UID_NONE;
    for (uint32_t at = e->evidence; at != NO_EVIDENCE; at = rec->evidence[at].next) {
        struct evidence *ev = &rec->evidence[at];

        if (n == *cap) {
            size_t want = *cap ? *cap * 2 : 64;
            void *p = reallocarray(*scratch, want, sizeof(**scratch));

            if (!p)
                return -ENOMEM;
            *scratch = p;
            *cap = want;
        }
        (*scratch)[n++] = ev;
        a->first_ms = earlier(a->first_ms, ev->first_ms);
        if (ev->last_ms > a->last_ms)
            a->last_ms = ev->last_ms;
        if (ev->fsuid_min < a->fsuid_min)
            a->fsuid_min = ev->fsuid_min;
        if (ev->fsuid_max != AAJ_UID_NONE && (a->fsuid_max == AAJ_UID_NONE || ev->fsuid_max > a->fsuid_max))
            a->fsuid_max = ev->fsuid_max;
    }
    sum_sources(rec, *scratch, n, &total);
    a->allowed = total.count[0];
    a->denied = total.count[1];
    a->audited = total.count[2];
    a->owner_yes = total.count[3];
    a->owner_no = total.count[4];
    a->owner_created = total.count[5];
    a->owner_root = total.count[6];
    a->sample = (struct aaj_str){ e->sample ? e->sample : "", e->sample_n };
    a->sample_ms = e->sample_ms;
    a->sample_serial = e->sample_serial;
    return 0;
}

int recording_compare(const struct access_key *x, const struct access_key *y, const uint32_t *rank)
{
    for (unsigned w = 0; w < KEY_WORDS; w++) {
        bool string = w != WORD_CLASS && w != WORD_REQUESTED && w != WORD_DENIED;
        uint32_t a = string ? rank[x->word[w]] : x->word[w], b = string ? rank[y->word[w]] : y->word[w];

        if (a != b)
            return a < b ? -1 : 1;
    }
    return 0;
}

struct sorting {
    const struct entry *entry;
    const uint32_t *rank;
};

static int by_key(const void *a, const void *b, void *data)
{
    const struct sorting *s = data;

    return recording_compare(&s->entry[*(const uint32_t *)a].key, &s->entry[*(const uint32_t *)b].key, s->rank);
}

uint32_t *recording_order(const struct aaj_recording *rec, const uint32_t *rank)
{
    uint32_t *order = calloc(rec->n_entries + 1, sizeof(*order));
    struct sorting s = { rec->entry, rank };

    if (!order)
        return NULL;
    for (size_t i = 0; i < rec->n_entries; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, rec->n_entries, sizeof(*order), by_key, &s);
    return order;
}

static int make_view(struct aaj_recording *rec)
{
    uint32_t *rank = recording_ranks(rec), *order = rank ? recording_order(rec, rank) : NULL;
    struct aaj_access *view = calloc(rec->n_entries + 1, sizeof(*view));
    struct evidence **scratch = NULL;
    size_t cap = 0;
    int r = order && view ? 0 : -ENOMEM;

    _Static_assert(offsetof(struct aaj_access, info) == WORD_INFO * sizeof(uint32_t), "the key comes first");
    for (size_t i = 0; r == 0 && i < rec->n_entries; i++)
        r = fill(rec, &rec->entry[order[i]], &scratch, &cap, &view[i]);
    free(scratch);
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
        n += count[rec->entry[i].key.word[WORD_LABEL]]++ == 0;
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
