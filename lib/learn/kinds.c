/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "learn/kinds.h"

#include <stdlib.h>

struct aaj_kind *aaj_kind_of(struct aaj_kinds *k, struct aaj_str ext, bool dirs)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->kind[i].dirs == dirs && aaj_str_eq(k->kind[i].ext, ext))
            return &k->kind[i];
    if (k->n == AAJ_KINDS_MAX)
        return NULL;
    k->kind[k->n] = (struct aaj_kind){ .ext = ext, .dirs = dirs, .last_kid = SIZE_MAX };
    return &k->kind[k->n++];
}

void aaj_kinds_free(struct aaj_kinds *k)
{
    for (size_t i = 0; k && i < k->n; i++)
        free(k->kind[i].deep.id);
    free(k);
}
