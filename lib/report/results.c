/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report/results.h"

#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"

int aaj_results_add(struct aaj_results *results, const struct aaj_result *result)
{
    struct aaj_result copy = *result;
    struct aaj_str *text[] = { &copy.loc.file, &copy.source, &copy.suite, &copy.name, &copy.message };

    for (size_t i = 0; i < AAJ_ARRAY_SIZE(text); i++) {
        *text[i] = aaj_arena_dup(&results->arena, *text[i]);
        if (!text[i]->p)
            return -ENOMEM;
    }
    if (AAJ_GROW(results->item, results->n, results->cap) < 0)
        return -ENOMEM;
    results->item[results->n++] = copy;
    return 0;
}

static bool is_kind(const struct aaj_results *results, const char *id)
{
    for (const struct aaj_diag_kind *k = results->kinds; id && k && k->id; k++)
        if (strcmp(k->id, id) == 0)
            return true;
    return false;
}

struct aaj_str aaj_results_case(struct aaj_arena *arena, const char *id, struct aaj_loc loc)
{
    if (loc.line && loc.column)
        return aaj_arena_printf(arena, "%s at %u:%u", id, loc.line, loc.column);
    return loc.line ? aaj_arena_printf(arena, "%s at %u", id, loc.line) : aaj_str_c(id);
}

int aaj_results_add_diags(struct aaj_results *results, const struct aaj_diags *diags, size_t from,
                          struct aaj_str suite, struct aaj_str name)
{
    struct aaj_str last = { 0 };
    bool about = false; /* is there a finding that a note can belong to? */
    int r = 0;

    for (size_t i = from; r == 0 && i < diags->n; i++) {
        const struct aaj_diag *d = &diags->item[i];
        bool known = is_kind(results, d->id), related = about && d->severity == AAJ_NOTE;
        struct aaj_result result = { .outcome = known || d->severity < AAJ_ERROR ? AAJ_OUTCOME_FINDING
                                                                                 : AAJ_OUTCOME_BROKEN,
                                     .severity = known                      ? d->severity
                                                 : d->severity == AAJ_ERROR ? AAJ_ERROR
                                                                            : AAJ_NOTE,
                                     .id = known ? d->id : NULL,
                                     .related = related,
                                     .loc = d->loc,
                                     .source = d->source,
                                     .suite = suite,
                                     .name = name,
                                     .message = d->message };

        if (!name.n)
            result.name = related ? last : aaj_results_case(&results->arena, known ? d->id : "input", d->loc);
        last = result.name;
        about = known;
        r = aaj_results_add(results, &result);
    }
    return r;
}

void aaj_results_clear(struct aaj_results *results)
{
    free(results->item);
    aaj_arena_clear(&results->arena);
    results->item = NULL;
    results->n = results->cap = 0;
}
