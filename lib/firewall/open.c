/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loading the backends' module and choosing one of them. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

#include "firewall/transaction.h"

static int load(struct aaj_firewall *fw, struct aaj_diags *diags)
{
    const struct aaj_loc none = { 0 };
    aaj_firewall_backends_fn entry;
    unsigned abi = 0;

    fw->module = dlopen(fw->ctx->module, RTLD_NOW | RTLD_LOCAL);
    if (!fw->module) {
        aaj_error(diags, none,
                  "cannot load the firewall backends: %s; 'firewall plan' prints the rules as text",
                  dlerror());
        return -ENOSYS;
    }
    *(void **)&entry = dlsym(fw->module, AAJ_FIREWALL_ENTRY);
    fw->backends = entry ? entry(&abi) : NULL;
    if (!fw->backends || abi != AAJ_FIREWALL_ABI) {
        aaj_error(diags, none, "%s belongs to another version of aajail", fw->ctx->module);
        return -ENOSYS;
    }
    return 0;
}

const struct aaj_firewall_backend *aaj_firewall_find_backend(const struct aaj_firewall *fw, const char *name)
{
    for (const struct aaj_firewall_backend *const *b = fw->backends; *b; b++)
        if (strcmp((*b)->name, name) == 0)
            return *b;
    return NULL;
}

const struct aaj_firewall_backend *aaj_firewall_holder(const struct aaj_firewall *fw,
                                                       const struct aaj_firewall_backend *except,
                                                       const uint32_t *uid, size_t n, uint32_t *ret_uid)
{
    for (const struct aaj_firewall_backend *const *b = fw->backends; *b; b++) {
        bool found = false;

        if (*b != except && (*b)->holds(fw->ctx, uid, n, ret_uid, &found) == 0 && found)
            return *b;
    }
    return NULL;
}

static bool legacy_table(const struct aaj_firewall_ctx *ctx)
{
    char path[256], line[64];
    bool found = false;
    FILE *in;

    snprintf(path, sizeof(path), "%s/net/ip_tables_names", ctx->proc);
    in = fopen(path, "re");
    while (in && fgets(line, sizeof(line), in))
        found |= strcmp(line, "filter\n") == 0;
    if (in) {
        found |= ferror(in) != 0; /* not known: the backend will say */
        fclose(in);
    }
    return found;
}

static int choose(struct aaj_firewall *fw, struct aaj_diags *diags)
{
    const struct aaj_firewall_backend *legacy = aaj_firewall_find_backend(fw, "legacy"),
                                      *nft = aaj_firewall_find_backend(fw, "nft");
    const struct aaj_firewall_backend *holder = NULL;

    if (fw->ctx->backend != AAJ_FIREWALL_ANY)
        fw->backend = fw->ctx->backend == AAJ_FIREWALL_LEGACY ? legacy : nft;
    else if ((holder = aaj_firewall_holder(fw, NULL, NULL, 0, NULL)))
        fw->backend = holder;
    else
        fw->backend = nft && (!legacy || !legacy_table(fw->ctx)) && nft->usable(fw->ctx) ? nft : legacy;
    if (fw->backend)
        return 0;
    aaj_error(diags, (struct aaj_loc){ 0 }, "this build of aajail has no such firewall backend");
    return -ENOSYS;
}

int aaj_firewall_open(const struct aaj_firewall_ctx *ctx, struct aaj_diags *diags,
                      struct aaj_firewall **ret_fw)
{
    struct aaj_firewall *fw = calloc(1, sizeof(*fw));
    int r;

    if (!fw)
        return -ENOMEM;
    fw->ctx = ctx;
    r = load(fw, diags);
    if (r == 0)
        r = choose(fw, diags);
    if (r == 0)
        r = journal_find(fw);
    if (r < 0) {
        aaj_firewall_close(fw);
        return r;
    }
    *ret_fw = fw;
    return 0;
}

struct aaj_firewall *aaj_firewall_close(struct aaj_firewall *fw)
{
    if (fw) {
        if (fw->module)
            dlclose(fw->module);
        free(fw->journal);
        free(fw);
    }
    return NULL;
}

const char *aaj_firewall_backend_name(const struct aaj_firewall *fw)
{
    return fw->backend->name;
}

unsigned aaj_firewall_sides(const struct aaj_firewall *fw)
{
    return fw->backend->n_sides;
}
