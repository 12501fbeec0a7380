/* SPDX-License-Identifier: GPL-2.0-only */
/* libip4tc and libip6tc under one set of names. */
#pragma once

#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>
#include <stdbool.h>

struct family {
    bool v6;
    const char *tables; /* below /proc: the legacy tables there are */
    struct xtc_handle *(*init)(const char *table);
    void (*free)(struct xtc_handle *h);
    const char *(*first_chain)(struct xtc_handle *h);
    const char *(*next_chain)(struct xtc_handle *h);
    const void *(*first_rule)(const char *chain, struct xtc_handle *h);
    const void *(*next_rule)(const void *rule, struct xtc_handle *h);
    const char *(*target)(const void *rule, struct xtc_handle *h);
    int (*is_chain)(const char *chain, struct xtc_handle *h);
    int (*create)(const char *chain, struct xtc_handle *h);
    int (*flush)(const char *chain, struct xtc_handle *h);
    int (*remove)(const char *chain, struct xtc_handle *h);
    int (*append)(const char *chain, const void *entry, struct xtc_handle *h);
    int (*insert)(const char *chain, const void *entry, unsigned at, struct xtc_handle *h);
    int (*remove_rule)(const char *chain, unsigned at, struct xtc_handle *h);
    int (*commit)(struct xtc_handle *h);
    const char *(*strerror)(int err);
};

extern const struct family family_v4, family_v6;

static inline struct xt_counters family_counters(const struct family *f, const void *rule)
{
    return f->v6 ? ((const struct ip6t_entry *)rule)->counters : ((const struct ipt_entry *)rule)->counters;
}
