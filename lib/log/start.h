/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a log begins: several are read in the order of these, whatever order they were named in. */
#pragma once

#include "log/record.h"

struct aaj_log_start {
    int64_t ms; /* of its first record; 0: none was seen yet */
    uint64_t serial;
    struct aaj_str bytes; /* its first ones, where nothing else tells the order */
};

static inline void aaj_log_start_note(struct aaj_log_start *start, const struct aaj_log_head *head)
{
    if (!start->ms) {
        start->ms = head->time_ms;
        start->serial = head->serial;
    }
}

static inline int aaj_log_start_cmp(const struct aaj_log_start *a, const struct aaj_log_start *b)
{
    if (a->ms != b->ms)
        return a->ms < b->ms ? -1 : 1;
    if (a->serial != b->serial)
        return a->serial < b->serial ? -1 : 1;
    return aaj_str_cmp(a->bytes, b->bytes);
}
