/* SPDX-License-Identifier: GPL-2.0-only */
#include "firewall/module/legacy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firewall/module/lock.h"

bool legacy_is_dispatch(const char *name)
{
    char again[AAJ_FIREWALL_NAME_MAX + 8];
    unsigned lo, hi;

    if (strcmp(name, DISPATCH_ROOT) == 0)
        return true;
    if (sscanf(name, "aajail:%u-%u", &lo, &hi) != 2)
        return false;
    snprintf(again, sizeof(again), "aajail:%u-%u", lo, hi);
    return strcmp(again, name) == 0;
}

bool legacy_has_table(const struct aaj_firewall_ctx *ctx, unsigned side)
{
    char path[256], line[64];
    bool found = false;
    FILE *in;

    snprintf(path, sizeof(path), "%s/%s", ctx->proc, legacy_side(side)->tables);
    in = fopen(path, "re");
    if (!in && errno != ENOENT)
        return true; /* not known: libiptc will say */
    while (in && fgets(line, sizeof(line), in))
        found |= strcmp(line, "filter\n") == 0;
    if (in) {
        found |= ferror(in) != 0; /* as above */
        fclose(in);
    }
    return found;
}

static bool has_ipv6(const struct aaj_firewall_ctx *ctx)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/net/if_inet6", ctx->proc);
    return access(path, F_OK) == 0 || errno != ENOENT;
}

/* iptables loads the base module itself before it asks; the kernel loads only what hangs on it. */
static void load_module(const struct aaj_firewall_ctx *ctx, const char *module)
{
    char path[256], modprobe[256] = "/sbin/modprobe";
    char *const env[] = { NULL };
    FILE *in;
    pid_t pid;

    snprintf(path, sizeof(path), "%s/sys/kernel/modprobe", ctx->proc);
    in = fopen(path, "re");
    if (in) {
        if (fgets(modprobe, sizeof(modprobe), in))
            modprobe[strcspn(modprobe, "\n")] = '\0';
        fclose(in);
    }
    if (modprobe[0] != '/')
        return;
    pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (null >= 0)
            for (int fd = 0; fd < 3; fd++)
                dup2(null, fd);
        execle(modprobe, modprobe, "-q", module, (char *)NULL, env);
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

struct xtc_handle *legacy_init(const struct aaj_firewall_session *s, unsigned side)
{
    const struct family *f = legacy_side(side);
    struct xtc_handle *h = f->init("filter");

    if (!h && (errno == ENOPROTOOPT || errno == ENOENT)) {
        load_module(s->ctx, f->v6 ? "ip6_tables" : "ip_tables");
        load_module(s->ctx, f->v6 ? "ip6table_filter" : "iptable_filter");
        h = f->init("filter");
    }
    return h;
}

/* Both families are opened before either is written. */
static int open_sides(struct aaj_firewall_session *s, struct aaj_diags *diags)
{
    for (unsigned side = 0; side < 2; side++) {
        struct xtc_handle *h = s->families[side] ? legacy_init(s, side) : NULL;
        int e = errno;

        if (!h && s->families[side]) {
            aaj_error(diags, (struct aaj_loc){ 0 }, "the kernel refuses the legacy filter table for %s: %s",
                      side ? "IPv6" : "IPv4", legacy_side(side)->strerror(e));
            return e ? -e : -EIO;
        }
        if (h)
            legacy_side(side)->free(h);
    }
    return 0;
}

static void legacy_end(struct aaj_firewall_session *s)
{
    if (!s)
        return;
    if (s->lock >= 0)
        close(s->lock);
    free(s);
}

static int legacy_begin(const struct aaj_firewall_ctx *ctx, bool write, struct aaj_diags *diags,
                        struct aaj_firewall_session **ret_session)
{
    struct aaj_firewall_session *s = calloc(1, sizeof(*s));
    int r = 0;

    if (!s)
        return -ENOMEM;
    s->ctx = ctx;
    s->lock = -1;
    s->families[0] = AAJ_FIREWALL_V4;
    s->families[1] = has_ipv6(ctx) ? AAJ_FIREWALL_V6 : 0;
    if (write) {
        r = s->lock = lock_take(ctx, diags);
        if (r >= 0)
            r = open_sides(s, diags);
    }
    if (r < 0) {
        legacy_end(s);
        return r;
    }
    *ret_session = s;
    return 0;
}

static int legacy_holds(const struct aaj_firewall_ctx *ctx, const uint32_t *uid, size_t n, uint32_t *ret_uid,
                        bool *ret_holds)
{
    *ret_holds = false;
    for (unsigned side = 0; side < 2 && !*ret_holds; side++) {
        const struct family *f = legacy_side(side);
        bool table = legacy_has_table(ctx, side);
        struct xtc_handle *h = table ? f->init("filter") : NULL;

        if (table && !h)
            return errno ? -errno : -EIO;
        for (const char *name = h ? f->first_chain(h) : NULL; name && !*ret_holds; name = f->next_chain(h))
            *ret_holds = chain_is_of(name, uid, n, ret_uid);
        if (h)
            f->free(h);
    }
    return 0;
}

static unsigned legacy_families(const struct aaj_firewall_session *s, unsigned side)
{
    return s->families[side];
}

const struct aaj_firewall_backend backend_legacy = {
    .name = "legacy",
    .n_sides = 2,
    .holds = legacy_holds,
    .begin = legacy_begin,
    .families = legacy_families,
    .read = legacy_read,
    .commit = legacy_commit,
    .end = legacy_end,
};
