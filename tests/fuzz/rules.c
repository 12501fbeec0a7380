/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listed rules as a process writes them that hostile policy may have taken over: refused, or written as they were read. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "check/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct aaj_str write_out(const struct aaj_rules *rules, char **buf)
{
    size_t n;
    FILE *out = open_memstream(buf, &n);

    if (aaj_rules_write(rules, out) < 0)
        abort();
    fclose(out);
    return (struct aaj_str){ *buf, n };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct aaj_rules first = { 0 }, second = { 0 };
    char *one = NULL, *two = NULL;
    struct aaj_str text;
    int r = aaj_rules_read((struct aaj_str){ (const char *)data, size }, &first);

    if (r < 0)
        return r == -ENOMEM || r == -EPROTO || r == -E2BIG ? 0 : (abort(), 0);
    text = write_out(&first, &one);
    if (aaj_rules_read(text, &second) < 0 || !aaj_str_eq(text, write_out(&second, &two)))
        abort();
    aaj_rules_clear(&first);
    aaj_rules_clear(&second);
    free(one);
    free(two);
    return 0;
}
