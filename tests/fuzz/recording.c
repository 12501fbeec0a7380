/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes are a recording or a located finding; what was read is written, and read and written again the same. */
#include <stdio.h>
#include <stdlib.h>

#include "recording/recording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_text(struct aaj_str text, struct aaj_recording **ret_rec)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_recording *rec;
    int r;

    if (aaj_recording_new(&rec) < 0)
        abort();
    r = aaj_recording_read(rec, text, AAJ_STR("fuzz"), &diags);
    if ((r < 0) != (diags.errors > 0))
        abort();
    aaj_diags_clear(&diags);
    *ret_rec = rec;
    return r;
}

static char *write_text(struct aaj_recording *rec, size_t *ret_n)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_n);

    if (!out || aaj_recording_write(rec, out) < 0 || fclose(out) != 0)
        abort();
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct aaj_recording *rec, *again;
    const struct aaj_access *access;
    size_t n, m, count;
    char *text, *same;
    int r = read_text((struct aaj_str){ (const char *)data, size }, &rec);

    if (aaj_recording_accesses(rec, &access, &count) < 0)
        abort();
    text = write_text(rec, &n);
    if (read_text((struct aaj_str){ text, n }, &again) < 0 || aaj_recording_merge(again, rec) < 0)
        abort();
    same = write_text(again, &m);
    if (r == 0 && (n != m || memcmp(text, same, n) != 0))
        abort();
    free(text);
    free(same);
    aaj_recording_free(rec);
    aaj_recording_free(again);
    return 0;
}
