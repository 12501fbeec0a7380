/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which labels of a log are which profiles of a policy. */
#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "check/replay.h"

enum { LISTED_MAX = 20 };

static bool is_top(const struct aaj_match_profile *p)
{
    return aaj_str_search(p->name, AAJ_STR("//")) == p->name.n;
}

static const struct aaj_match_profile *find_profile(const struct aaj_match *match, struct aaj_str label)
{
    const struct aaj_match_profile *found = aaj_match_find(match, label);
    struct aaj_match_world world = { &match, 1 };

    for (size_t i = 0; i < aaj_match_count(match) && !found; i++) {
        const struct aaj_match_profile *p = aaj_match_profile(match, i);

        if (is_top(p) && p->attachment.n && aaj_str_eq(p->attachment, label))
            found = p;
    }
    if (!found && label.n && label.p[0] == '/') /* a log under the path that it now attaches to */
        aaj_match_attach(&world, label, &found, NULL);
    return found;
}

static const struct aaj_match_profile *only_profile(const struct aaj_match *match)
{
    const struct aaj_match_profile *found = NULL;

    for (size_t i = 0; i < aaj_match_count(match); i++) {
        if (!is_top(aaj_match_profile(match, i)))
            continue;
        if (found)
            return NULL;
        found = aaj_match_profile(match, i);
    }
    return found;
}

static int refuse(struct aaj_str wanted, const struct aaj_label_count *label, size_t n, struct aaj_diags *diags)
{
    struct aaj_str list = AAJ_STR("");
    struct aaj_arena scratch = AAJ_ARENA_INIT;

    for (size_t i = 0; i < n && i < LISTED_MAX && list.p; i++)
        list = aaj_arena_printf(&scratch, "%s%s%s", list.p, i ? ", " : "", aaj_escape(&scratch, label[i].label));
    aaj_error(diags, (struct aaj_loc){ 0 },
              n ? "which label of the log is this profile? '%s' does not occur; say --profile LABEL, one of: %s%s"
                : "there is no event for '%s' in the log%s%s",
              aaj_escape(&scratch, wanted), list.p ? list.p : "", n > LISTED_MAX ? ", …" : "");
    aaj_arena_clear(&scratch);
    return -ENOENT;
}

/* Is there an event of @label, or of what is below it? */
static int occurs(struct aaj_recording *rec, struct aaj_str label)
{
    const struct aaj_access *access;
    size_t n;
    int r = aaj_recording_accesses(rec, &access, &n);

    for (size_t i = 0; r == 0 && i < n; i++)
        if (aaj_label_under(aaj_recording_str(rec, access[i].label), label))
            return 1;
    return r;
}

/* Where the log's top-level label is known a part of its chain is found from there. */
static int take_wanted(struct aaj_recording *rec, const struct aaj_match *match, struct aaj_str wanted,
                       struct aaj_replay_roots *roots)
{
    struct aaj_str top = aaj_label_top(wanted);
    const struct aaj_match_profile *p = find_profile(match, wanted), *above = find_profile(match, top);
    int r = occurs(rec, wanted);

    if (r > 0) {
        roots->only = wanted;
        roots->root[roots->n++] = p || !above ? (struct aaj_replay_root){ wanted, p ? p : aaj_match_profile(match, 0) }
                                              : (struct aaj_replay_root){ top, above };
    }
    return r < 0 ? r : 0;
}

static void take_all(const struct aaj_label_count *label, size_t n, const struct aaj_match *match,
                     struct aaj_replay_roots *roots)
{
    const struct aaj_match_profile *only = only_profile(match);
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        const struct aaj_match_profile *p = find_profile(match, label[i].label);

        if (p)
            roots->root[roots->n++] = (struct aaj_replay_root){ label[i].label, p };
        else
            roots->other[roots->n_others++] = label[i];
    }
    if (roots->n || !only)
        return;
    /* Who is unconfined is no profile. */
    for (size_t i = 0; i < roots->n_others; i++)
        kept += !aaj_str_eq(roots->other[i].label, AAJ_STR("unconfined"));
    for (size_t i = 0; kept == 1 && i < roots->n_others; i++)
        if (!aaj_str_eq(roots->other[i].label, AAJ_STR("unconfined"))) {
            roots->root[roots->n++] = (struct aaj_replay_root){ roots->other[i].label, only };
            roots->other[i] = roots->other[--roots->n_others];
            break;
        }
}

int aaj_replay_roots(struct aaj_recording *rec, const struct aaj_match *match, struct aaj_str wanted,
                     struct aaj_diags *diags, struct aaj_replay_roots *ret_roots)
{
    struct aaj_label_count *label;
    size_t n;
    int r = aaj_recording_labels(rec, &label, &n);

    if (r < 0)
        return r;
    *ret_roots = (struct aaj_replay_roots){ .root = calloc(n + 1, sizeof(*ret_roots->root)),
                                            .other = calloc(n + 1, sizeof(*ret_roots->other)) };
    if (!ret_roots->root || !ret_roots->other)
        r = -ENOMEM;
    else if (wanted.n)
        r = take_wanted(rec, match, wanted, ret_roots);
    else
        take_all(label, n, match, ret_roots);
    if (r == 0 && !ret_roots->n)
        r = refuse(wanted.n ? wanted : aaj_match_profile(match, 0)->name, label, n, diags);
    free(label);
    if (r < 0)
        aaj_replay_roots_clear(ret_roots);
    return r;
}

void aaj_replay_roots_clear(struct aaj_replay_roots *roots)
{
    free(roots->root);
    free(roots->other);
    *roots = (struct aaj_replay_roots){ 0 };
}
