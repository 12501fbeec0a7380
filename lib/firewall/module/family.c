/* SPDX-License-Identifier: GPL-2.0-only */
#include "firewall/module/family.h"

#define FAMILY(id, lib, is_v6, proc)                                                   \
    static const void *id##_first_rule(const char *chain, struct xtc_handle *h)                     \
    {                                                                                              \
        return lib##_first_rule(chain, h);                                                         \
    }                                                                                              \
    static const void *id##_next_rule(const void *rule, struct xtc_handle *h)                       \
    {                                                                                              \
        return lib##_next_rule(rule, h);                                                           \
    }                                                                                              \
    static const char *id##_target(const void *rule, struct xtc_handle *h)                          \
    {                                                                                              \
        return lib##_get_target(rule, h);                                                          \
    }                                                                                              \
    static int id##_append(const char *chain, const void *entry, struct xtc_handle *h)              \
    {                                                                                              \
        return lib##_append_entry(chain, entry, h);                                                \
    }                                                                                              \
    static int id##_insert(const char *chain, const void *entry, unsigned at, struct xtc_handle *h) \
    {                                                                                              \
        return lib##_insert_entry(chain, entry, at, h);                                            \
    }                                                                                              \
    const struct family id = {                                                                     \
        .v6 = is_v6,                                                                               \
        .tables = proc,                                                                            \
        .init = lib##_init,                                                                        \
        .free = lib##_free,                                                                        \
        .first_chain = lib##_first_chain,                                                          \
        .next_chain = lib##_next_chain,                                                            \
        .first_rule = id##_first_rule,                                                             \
        .next_rule = id##_next_rule,                                                               \
        .target = id##_target,                                                                     \
        .is_chain = lib##_is_chain,                                                                \
        .create = lib##_create_chain,                                                              \
        .flush = lib##_flush_entries,                                                              \
        .remove = lib##_delete_chain,                                                              \
        .append = id##_append,                                                                     \
        .insert = id##_insert,                                                                     \
        .remove_rule = lib##_delete_num_entry,                                                     \
        .commit = lib##_commit,                                                                    \
        .strerror = lib##_strerror,                                                                \
    };

FAMILY(family_v4, iptc, false, "net/ip_tables_names")
FAMILY(family_v6, ip6tc, true, "net/ip6_tables_names")
