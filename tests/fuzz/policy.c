/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes are policy or located findings. Printed without an edit they are the same bytes; printed
 * canonically they are read as the same policy, and printed again as the same text.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "policy/parse.h"
#include "policy/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct aaj_str print(const struct aaj_policy *policy, int (*how)(FILE *, const struct aaj_policy *), char **buf)
{
    size_t n;
    FILE *out = open_memstream(buf, &n);

    if (how(out, policy) < 0)
        abort();
    fclose(out);
    return (struct aaj_str){ *buf, n };
}

static void check(struct aaj_str text, unsigned flags)
{
    struct aaj_policy_options options = { .flags = flags & ~(unsigned)AAJ_POLICY_CHECK };
    struct aaj_policy *first = NULL, *second = NULL;
    struct aaj_str canonical, again;
    char *one = NULL, *two = NULL, *three = NULL;

    if (aaj_policy_parse(text, AAJ_STR("fuzz"), &options, NULL, &first) == 0) {
        if (!aaj_str_eq(print(first, aaj_policy_print_minimal, &one), text))
            abort();
        canonical = print(first, aaj_policy_print, &two);
        if (aaj_policy_parse(canonical, AAJ_STR("fuzz"), &options, NULL, &second) != 0 ||
            !aaj_block_eq(&first->top, &second->top))
            abort();
        again = print(second, aaj_policy_print, &three);
        if (!aaj_str_eq(canonical, again))
            abort();
    }
    aaj_policy_free(first);
    aaj_policy_free(second);
    free(one);
    free(two);
    free(three);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct aaj_str text = { (const char *)data, size };
    struct aaj_policy_options options = { .flags = AAJ_POLICY_CHECK };
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_policy *policy = NULL;
    int r = aaj_policy_parse(text, AAJ_STR("fuzz"), &options, &diags, &policy);

    if (r != -ENOMEM && r != -E2BIG && (r == 0) != (diags.errors == 0))
        abort();
    aaj_policy_free(policy);
    aaj_diags_clear(&diags);
    check(text, 0);
    check(text, AAJ_POLICY_FRAGMENT);
    return 0;
}
