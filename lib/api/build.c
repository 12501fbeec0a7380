/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>

#include "api/api.h"
#include "report/build_report.h"

int aajail_build_new(aajail *ctx, const void *manifest, size_t n, const char *name, aajail_recording *recording,
                     const char *label, aajail_build **ret_build)
{
    aajail_build *build = calloc(1, sizeof(*build));
    struct aaj_build_input in = {
        .recording = recording->rec,
        .files = ctx->files,
        .datadir = ctx->datadir,
        .label = aaj_str_c(label),
    };
    int r;

    if (!build)
        return -ENOMEM;
    r = aaj_api_target(ctx, &in.target);
    if (r == 0)
        r = aaj_manifest_parse(aaj_api_bytes(manifest, n), aaj_str_c(name), &ctx->diags, &build->manifest);
    in.manifest = build->manifest;
    if (r == 0)
        r = aaj_build_run(&in, &ctx->diags, &build->built);
    if (r == 0)
        r = aaj_report_build_json(&in, build->built, &build->built->arena, &build->report);
    if (r < 0)
        aajail_build_free(build);
    else
        *ret_build = build;
    return r;
}

aajail_build *aajail_build_free(aajail_build *build)
{
    if (!build)
        return NULL;
    aaj_built_free(build->built);
    aaj_manifest_free(build->manifest);
    free(build);
    return NULL;
}

int aajail_build_get(const aajail_build *build, enum aajail_artefact what, const void **ret_bytes, size_t *ret_n)
{
    const struct aaj_built *b = build->built;
    const struct aaj_str bytes = what == AAJAIL_PROFILE        ? b->profile
                                 : what == AAJAIL_POLICY       ? b->policy
                                 : what == AAJAIL_FIREWALL_V4  ? b->firewall_v4
                                 : what == AAJAIL_FIREWALL_V6  ? b->firewall_v6
                                 : what == AAJAIL_FIREWALL_NFT ? b->firewall_nft
                                 : what == AAJAIL_REPORT       ? build->report
                                                               : (struct aaj_str){ 0 };

    if (!bytes.p)
        return -ENOENT;
    *ret_bytes = bytes.p;
    *ret_n = bytes.n;
    return 0;
}
