/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes are a manifest or a located finding; the same bytes are the same twice. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "manifest/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct aaj_str text = { (const char *)data, size };
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_manifest *m = NULL;
    struct aaj_dest dest;
    const char *why = NULL;
    int r = aaj_manifest_parse(text, AAJ_STR("fuzz"), &diags, &m);

    if ((r == 0) != (m != NULL) || (r < 0 && r != -ENOMEM && diags.errors == 0))
        abort();
    if (m && (!m->jail.text.n || (!m->slave.text.n && !m->hat.text.n)))
        abort();
    aaj_manifest_free(m);
    aaj_diags_clear(&diags);
    if (aaj_dest_parse(text, &dest, &why) < 0 && !why)
        abort();
    return 0;
}
