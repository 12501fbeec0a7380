/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "glob NUL glob": each is an automaton or refused with a reason; it is its own subset; what is said of two is
 * shown by a name; a literal's spelling means that literal.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "glob/glob.h"
#include "policy/quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_pair(struct aaj_glob *a, struct aaj_glob *b, struct aaj_arena *arena)
{
    struct aaj_str name;
    int r = aaj_glob_subset(a, b, arena, &name);

    if (r == 0 && (aaj_glob_match(a, name) != 1 || aaj_glob_match(b, name) != 0))
        abort();
    r = aaj_glob_intersect(a, b, arena, &name);
    if (r == 1 && (aaj_glob_match(a, name) != 1 || aaj_glob_match(b, name) != 1))
        abort();
    r = aaj_glob_subset(a, a, arena, &name);
    if (r == 0)
        abort();
}

static void check_literal(struct aaj_str bytes, struct aaj_arena *arena)
{
    struct aaj_text text;
    struct aaj_glob *glob = NULL;

    if (aaj_text_literal(arena, bytes, AAJ_TEXT_COND, &text) < 0)
        return;
    if (!aaj_str_eq(aaj_token_value(arena, text.raw), text.value))
        abort();
    if (aaj_glob_compile(text.value, 0, &glob, NULL) < 0 || aaj_glob_match(glob, bytes) != 1)
        abort();
    aaj_glob_free(glob);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct aaj_str all = { (const char *)data, size < 200 ? size : 200 };
    struct aaj_str a = aaj_str_head(all, aaj_str_find(all, '\0')), b = aaj_str_skip(all, a.n + 1);
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_glob *ga = NULL, *gb = NULL;
    const char *why = NULL;

    if (aaj_glob_compile(a, AAJ_GLOB_PATH, &ga, &why) == -EINVAL && !why)
        abort();
    if (ga && aaj_glob_compile(b, 0, &gb, NULL) == 0)
        check_pair(ga, gb, &arena);
    check_literal(a, &arena);
    aaj_glob_free(ga);
    aaj_glob_free(gb);
    aaj_arena_clear(&arena);
    return 0;
}
