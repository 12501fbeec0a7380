/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Code that the slave writes and then reads as its own: a cache of compiled templates, Python's .pyc, and the shell.php
 * of whoever uploaded one while the log was written. By the log these are alike, so all of it is set apart (suspect.c),
 * and the rules say that it is code.
 */
#include <errno.h>
#include <stdlib.h>

#include "learn/emit.h"

/* An open for both is a log's or a database's; code is opened to be read. */
static bool only_reads(const struct aaj_access *a)
{
    uint32_t perms = aaj_rule_perms(a->denied_mask ? a->denied_mask : a->requested);

    return (perms & AAJ_MAY_READ) && !(perms & (AAJ_MAY_WRITE | AAJ_MAY_APPEND));
}

static bool is_read_apart(const struct aaj_learner *l, const struct aaj_node *n)
{
    for (uint32_t g = n->grant; g; g = l->grant[g].next)
        for (uint32_t e = l->grant[g].ev; e; e = l->ev[e].next)
            if (only_reads(&l->access[l->ev[e].access]))
                return true;
    return false;
}

static int compare(const void *a, const void *b)
{
    return aaj_str_cmp(*(const struct aaj_str *)a, *(const struct aaj_str *)b);
}

int aaj_written_prepare(struct aaj_learner *l)
{
    for (uint32_t i = 1; i < l->n_nodes; i++) {
        const struct aaj_node *n = &l->node[i];

        if (!(n->flags & AAJ_NODE_READ) || !(n->flags & (AAJ_NODE_MADE | AAJ_NODE_WROTE)) ||
            !aaj_is_code_extension(aaj_name_last_extension(n->name)) || !is_read_apart(l, n))
            continue;
        if (AAJ_GROW(l->written, l->n_written, l->cap_written) < 0)
            return -ENOMEM;
        l->written[l->n_written] = aaj_node_path(l, &l->scratch, i);
        if (!l->written[l->n_written++].p)
            return -ENOMEM;
    }
    if (l->n_written)
        qsort(l->written, l->n_written, sizeof(*l->written), compare);
    return 0;
}

static bool is_written(const struct aaj_learner *l, const struct aaj_access *a)
{
    struct aaj_str path;

    if (l->n_written == 0 || a->class != AAJ_CLASS_FILE)
        return false;
    path = aaj_arg(l, a, AAJ_FILE_NAME);
    return bsearch(&path, l->written, l->n_written, sizeof(*l->written), compare);
}

bool aaj_written_is_loaded(const struct aaj_learner *l, const struct aaj_access *a)
{
    return is_written(l, a) && only_reads(a);
}

struct aaj_str aaj_written_means(const struct aaj_learner *l, uint32_t ev, uint32_t perms)
{
    for (uint32_t e = perms & AAJ_MAY_WRITE ? ev : 0; e && l->n_written; e = l->ev[e].next)
        if (is_written(l, &l->access[l->ev[e].access]))
            return AAJ_STR("# code that the slave writes and loads");
    return AAJ_STR("");
}
