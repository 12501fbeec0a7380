/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report/groups.h"

#include <errno.h>
#include <stdlib.h>

static int by_reason(const void *a, const void *b, void *data)
{
    const struct aaj_refused *x = a, *y = b;
    int r = (x->why > y->why) - (x->why < y->why);

    if (!r)
        r = aaj_str_cmp(x->detail, y->detail);
    return r ? r : (x->access > y->access) - (x->access < y->access);
}

int aaj_refusal_groups(struct aaj_recording *rec, const struct aaj_learned *learned,
                       struct aaj_refusal_group **ret_group, size_t *ret_n)
{
    size_t n = learned->n_refused, groups = 0, n_access;
    struct aaj_refused *sorted = calloc(n + 1, sizeof(*sorted));
    struct aaj_refusal_group *group = calloc(n + 1, sizeof(*group));
    const struct aaj_access *access;
    int r = sorted && group ? aaj_recording_accesses(rec, &access, &n_access) : -ENOMEM;

    if (r < 0) {
        free(sorted);
        free(group);
        return r;
    }
    if (n)
        memcpy(sorted, learned->refused, n * sizeof(*sorted));
    qsort_r(sorted, n, sizeof(*sorted), by_reason, NULL);
    for (size_t i = 0; i < n; i++) {
        const struct aaj_access *a = &access[sorted[i].access];
        struct aaj_refusal_group *g = groups ? &group[groups - 1] : NULL;

        if (!g || g->why != sorted[i].why || !aaj_str_eq(g->detail, sorted[i].detail)) {
            g = &group[groups++];
            g->why = sorted[i].why;
            g->detail = sorted[i].detail;
            g->sample = aaj_recording_str(rec, a->arg[0]);
            g->class = aaj_class_info[a->class].name;
        }
        g->accesses++;
        g->events += a->allowed + a->denied + a->audited;
    }
    free(sorted);
    *ret_group = group;
    *ret_n = groups;
    return 0;
}

void aaj_count_inferences(const struct aaj_learned *learned, size_t ret_count[static AAJ_INFER_COUNT])
{
    memset(ret_count, 0, AAJ_INFER_COUNT * sizeof(*ret_count));
    for (size_t i = 0; i < learned->n_rules; i++)
        for (unsigned bit = 0; bit < AAJ_INFER_COUNT; bit++)
            ret_count[bit] += (learned->rule[i].inferences >> bit) & 1;
}
