/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ceiling file from anywhere, and names and patterns put to it. */
#include <stddef.h>
#include <stdint.h>

#include "ceiling/ceiling.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct aaj_str text = { (const char *)data, size }, name = aaj_str_head(text, aaj_str_find(text, '\n'));
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_ceiling *ceiling;
    struct aaj_crossing crossing;

    if (size <= 65536 && aaj_ceiling_parse(text, AAJ_STR("ceiling"), &diags, &ceiling) == 0) {
        aaj_ceiling_add_root(ceiling, AAJ_STR("other"), name);
        aaj_ceiling_crosses_file(ceiling, name, true, AAJ_MAY_READ | AAJ_MAY_EXEC, NULL, &arena, &crossing);
        aaj_ceiling_crosses_file(ceiling, name, false, AAJ_MAY_WRITE, NULL, &arena, &crossing);
        aaj_ceiling_free(ceiling);
    }
    aaj_diags_clear(&diags);
    aaj_arena_clear(&arena);
    return 0;
}
