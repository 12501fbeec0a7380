/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which label of a recording is the jail's. */
#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "learn/private.h"

enum { LISTED = 20 };

struct tops {
    struct aaj_str *item;
    size_t n, cap;
};

/* "P" of "P//null-/usr/bin/dash". */
static struct aaj_str top_of(struct aaj_str label)
{
    return aaj_str_head(label, aaj_str_search(label, AAJ_STR("//")));
}

/* Accesses come sorted by label, so that equal tops stand together. */
static int collect(struct aaj_recording *rec, struct tops *tops)
{
    const struct aaj_access *a;
    uint32_t last = UINT32_MAX;
    size_t n;
    int r = aaj_recording_accesses(rec, &a, &n);

    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++) {
        struct aaj_str top;
        size_t j;

        if (a[i].label == last)
            continue;
        last = a[i].label;
        top = top_of(aaj_recording_str(rec, a[i].label));
        if (top.n == 0 || aaj_str_eq(top, AAJ_STR("unconfined")))
            continue;
        for (j = tops->n; j > 0 && !aaj_str_eq(tops->item[j - 1], top); j--)
            ;
        if (j > 0)
            continue;
        if (AAJ_GROW(tops->item, tops->n, tops->cap) < 0)
            return -ENOMEM;
        tops->item[tops->n++] = top;
    }
    return 0;
}

static bool has(const struct tops *tops, struct aaj_str label)
{
    for (size_t i = 0; i < tops->n; i++)
        if (label.n && aaj_str_eq(tops->item[i], top_of(label)))
            return true;
    return false;
}

static int not_there(const struct tops *tops, struct aaj_str wanted, struct aaj_diags *diags)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_loc nowhere = { 0 };
    struct aaj_str list = { "", 0 };

    for (size_t i = 0; i < tops->n && i < LISTED; i++)
        list = aaj_arena_printf(&arena, "%.*s%s%s", AAJ_STR_ARG(list), i ? ", " : "",
                                aaj_escape(&arena, tops->item[i]));
    if (tops->n == 0)
        aaj_error(diags, nowhere, "no event of any profile is recorded: is this the log of the machine where the slave worked under a profile, in "
                  "complain mode? From audit rules instead of AppArmor learns 'aajail learn --syscalls'");
    else
        aaj_error(diags, nowhere, "the slave '%s' does not occur; recorded are: %s%s. Say which with --profile",
                  aaj_escape(&arena, wanted), list.p ? list.p : "", tops->n > LISTED ? ", …" : "");
    aaj_arena_clear(&arena);
    return -ENOENT;
}

int aaj_learn_label(struct aaj_recording *rec, const struct aaj_manifest *manifest, struct aaj_str wanted,
                    struct aaj_diags *diags, struct aaj_str *ret_label)
{
    struct aaj_str jail = manifest->hat.text.n ? manifest->master.text : manifest->jail.text;
    struct tops tops = { 0 };
    int r = collect(rec, &tops);

    if (r < 0)
        goto out;
    if (wanted.n && has(&tops, wanted))
        *ret_label = wanted;
    else if (wanted.n)
        r = not_there(&tops, wanted, diags);
    else if (has(&tops, jail))
        *ret_label = jail;
    else if (has(&tops, manifest->slave.text))
        *ret_label = manifest->slave.text;
    else if (tops.n == 1)
        *ret_label = tops.item[0];
    else
        r = not_there(&tops, jail, diags);
out:
    free(tops.item);
    return r;
}
