/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "build/build.h"

/* Accesses that were not granted for the same reason: "setuid /usr/sbin/exim4, 3 accesses, 12 events". */
struct aaj_refusal_group {
    enum aaj_refusal why;
    struct aaj_str detail;
    struct aaj_str sample; /* name of the first access, as logged */
    const char *class;
    size_t accesses;
    uint64_t events;
};

/* In order of reason, then detail. The array is malloc'd. */
int aaj_refusal_groups(struct aaj_recording *rec, const struct aaj_learned *learned,
                       struct aaj_refusal_group **ret_group, size_t *ret_n);

/* How many rules each inference had a part in. */
void aaj_count_inferences(const struct aaj_learned *learned, size_t ret_count[static AAJ_INFER_COUNT]);
