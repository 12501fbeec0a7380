/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many existing files the profile opens beyond what was learned, and what opened them. */
#include <errno.h>
#include <stdlib.h>

#include "build/internal.h"
#include "policy/parse.h"

enum { UIDS_MAX = 16 };

/* As whom it ran: whose files owner rules are about. More uids than that, or a record that does not say: everybody's. */
static size_t find_uids(const struct aaj_learned *l, const struct aaj_access *access, uint32_t uid[static UIDS_MAX])
{
    size_t n = 0, k;

    for (size_t i = 0; i < l->n_granted; i++) {
        const struct aaj_access *a = &access[l->granted[i].access];
        const uint32_t seen[] = { a->fsuid_min, a->fsuid_max };

        for (size_t j = 0; j < 2 && a->class == AAJ_CLASS_FILE; j++) {
            for (k = 0; k < n && uid[k] != seen[j]; k++)
                ;
            if (seen[j] == AAJ_UID_NONE || k == UIDS_MAX)
                return 0;
            if (k == n)
                uid[n++] = seen[j];
        }
    }
    return n;
}

static int list_rules(const struct aaj_build_input *in, struct aaj_built *b)
{
    const char *base[] = { in->target->base, in->target->template_dir, in->target->abstraction_dir };
    const struct aaj_policy_options options = { .flags = AAJ_POLICY_CHECK, .base = base, .n_bases = 3 };

    /* It compiled, so that what this reader says more is not said here. */
    aaj_policy_parse(b->profile, b->own_file, &options, NULL, &b->surface_policy);
    return b->surface_policy ? aaj_rules_list(b->surface_policy, &b->surface_rules) : 0;
}

int aaj_build_surface(const struct aaj_build_input *in, struct aaj_built *b)
{
    const struct aaj_learned *l = b->learned;
    struct aaj_surface_input input = { .match = b->proof.match, .files = in->files, .recording = in->recording,
                                       .ceiling = b->ceiling };
    uint32_t uid[UIDS_MAX], *granted = calloc(l->n_granted + 1, sizeof(*granted));
    const struct aaj_access *access;
    size_t n;
    int r = aaj_recording_accesses(in->recording, &access, &n);

    if (!granted)
        r = -ENOMEM;
    if (r == 0)
        r = list_rules(in, b);
    for (size_t i = 0; r == 0 && i < l->n_granted; i++)
        granted[i] = l->granted[i].access;
    if (r == 0) {
        input.granted = granted;
        input.n_granted = l->n_granted;
        input.uid = uid;
        input.n_uids = find_uids(l, access, uid);
        input.rules = b->surface_policy ? &b->surface_rules : NULL;
        r = aaj_surface_run(&input, &b->surface);
    }
    b->surfaced = r == 0;
    free(granted);
    return r;
}
