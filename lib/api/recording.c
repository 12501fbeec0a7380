/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>

#include "api/api.h"
#include "recording/intake.h"

int aajail_recording_new(aajail *ctx, aajail_recording **ret_recording)
{
    aajail_recording *recording = calloc(1, sizeof(*recording));
    int r;

    if (!recording)
        return -ENOMEM;
    recording->ctx = ctx;
    r = aaj_recording_new(&recording->rec);
    if (r < 0)
        free(recording);
    else
        *ret_recording = recording;
    return r;
}

aajail_recording *aajail_recording_free(aajail_recording *recording)
{
    if (!recording)
        return NULL;
    aaj_recording_free(recording->rec);
    free(recording);
    return NULL;
}

int aajail_recording_add_log(aajail_recording *recording, int fd, const char *name)
{
    const struct aaj_intake_input input = { .fd = fd, .name = aaj_str_c(name) };
    const struct aaj_intake_options options = { 0 };

    return aaj_intake(recording->rec, &input, 1, &options, &recording->ctx->diags);
}

int aajail_recording_add(aajail_recording *recording, const void *text, size_t n, const char *name)
{
    return aaj_recording_read(recording->rec, aaj_api_bytes(text, n), aaj_str_c(name), &recording->ctx->diags);
}

int aajail_recording_text(aajail_recording *recording, char **ret_text, size_t *ret_n)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    int r;

    if (!out)
        return -ENOMEM;
    r = aaj_recording_write(recording->rec, out);
    if (fclose(out) != 0 && r == 0)
        r = -ENOMEM;
    if (r < 0) {
        free(text);
        return r;
    }
    *ret_text = text;
    *ret_n = n;
    return 0;
}

int aajail_recording_account(aajail_recording *recording, struct aajail_account *ret_account)
{
    struct aaj_account a = aaj_recording_account(recording->rec);
    const struct aaj_access *access;
    size_t n;
    int r = aaj_recording_accesses(recording->rec, &access, &n);

    if (r < 0)
        return r;
    *ret_account = (struct aajail_account){
        .lines = a.lines,
        .used = a.used,
        .irrelevant = a.irrelevant,
        .reported = a.reported,
        .lost = a.lost,
        .incomplete = a.incomplete,
        .accesses = n,
    };
    return 0;
}
