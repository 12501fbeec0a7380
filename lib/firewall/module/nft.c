/* SPDX-License-Identifier: GPL-2.0-only */
#include "firewall/module/nft.h"

#include <errno.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/escape.h"
#include "firewall/module/lock.h"

struct aaj_firewall_session {
    const struct aaj_firewall_ctx *ctx;
    struct nft_ctx *nft;
    int lock;
};

/* libnftables ends the whole program where there is no netfilter netlink (netlink_init_error in its
 * netlink.c), so that is asked first. */
static int have_netlink(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

static bool says(const char *text, const char *what)
{
    return text && strstr(text, what);
}

static int refused(struct aaj_firewall_session *s, struct aaj_diags *diags, const char *doing)
{
    const char *text = nft_ctx_get_error_buffer(s->nft);
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str line = aaj_str_c(text && *text ? text : "no reason given");

    aaj_error(diags, (struct aaj_loc){ 0 }, "nftables refuses to %s: %s", doing,
              aaj_escape(&arena, aaj_str_head(line, aaj_str_find(line, '\n'))));
    aaj_arena_clear(&arena);
    return says(text, "not permitted") ? -EPERM : says(text, "not supported") ? -EOPNOTSUPP : -EIO;
}

static void nft_end(struct aaj_firewall_session *s)
{
    if (!s)
        return;
    if (s->nft)
        nft_ctx_free(s->nft);
    if (s->lock >= 0)
        close(s->lock);
    free(s);
}

/* The table as JSON; NULL and 0 when there is none. */
static int list_table(struct aaj_firewall_session *s, struct aaj_diags *diags, struct json_object **ret_json)
{
    struct json_object *json;

    nft_ctx_output_set_flags(s->nft, NFT_CTX_OUTPUT_JSON);
    if (nft_run_cmd_from_buffer(s->nft, "list table inet aajail") != 0) {
        if (!says(nft_ctx_get_error_buffer(s->nft), "No such file or directory"))
            return refused(s, diags, "list its tables");
        *ret_json = NULL;
        return 0;
    }
    json = json_tokener_parse(nft_ctx_get_output_buffer(s->nft));
    if (!json) {
        aaj_error(diags, (struct aaj_loc){ 0 }, "libnftables lists the table in a form that is no JSON");
        return -EBADMSG;
    }
    *ret_json = json;
    return 0;
}

static int nft_begin(const struct aaj_firewall_ctx *ctx, bool write, struct aaj_diags *diags,
                     struct aaj_firewall_session **ret_session)
{
    struct aaj_firewall_session *s = calloc(1, sizeof(*s));
    struct json_object *json = NULL;
    int r;

    if (!s)
        return -ENOMEM;
    s->ctx = ctx;
    s->lock = -1;
    r = have_netlink();
    if (r < 0)
        aaj_error(diags, (struct aaj_loc){ 0 }, "this kernel has no nftables: %s", strerror(-r));
    if (r == 0 && write)
        r = s->lock = lock_take(ctx, diags);
    s->nft = r >= 0 ? nft_ctx_new(NFT_CTX_DEFAULT) : NULL;
    if (r >= 0)
        r = s->nft && nft_ctx_buffer_output(s->nft) == 0 && nft_ctx_buffer_error(s->nft) == 0 ? 0 : -ENOMEM;
    if (r == 0)
        r = list_table(s, diags, &json);
    json_object_put(json);
    if (r < 0) {
        nft_end(s);
        return r;
    }
    *ret_session = s;
    return 0;
}

/*
 * A kernel may answer and still lack the inet family, the owner or connection tracking. One transaction that
 * ends by deleting what it made is checked in full and changes nothing.
 */
static bool nft_usable(const struct aaj_firewall_ctx *ctx)
{
    struct aaj_firewall_session *s = NULL;
    bool usable;

    if (nft_begin(ctx, false, NULL, &s) < 0)
        return false;
    nft_ctx_output_set_flags(s->nft, 0);
    usable = nft_run_cmd_from_buffer(
                 s->nft, "add table inet aajail-probe\n"
                         "add chain inet aajail-probe o { type filter hook output priority filter; policy accept; }\n"
                         "add rule inet aajail-probe o meta skuid 4294967294 ct state established ct direction reply "
                         "reject with tcp reset\n"
                         "delete table inet aajail-probe\n") == 0;
    nft_end(s);
    return usable;
}

static unsigned nft_families(const struct aaj_firewall_session *s, unsigned side)
{
    (void)s;
    (void)side;
    return AAJ_FIREWALL_BOTH;
}

static int read_state(struct aaj_firewall_session *s, struct aaj_diags *diags, struct aaj_firewall_live *live,
                      struct nft_state *state)
{
    struct json_object *json = NULL;
    int r = list_table(s, diags, &json);

    if (r == 0)
        r = nft_read_json(json, live, state);
    json_object_put(json);
    if (r < 0) {
        aaj_firewall_live_clear(live);
        nft_state_clear(state);
    }
    return r;
}

static int nft_read(struct aaj_firewall_session *s, unsigned side, struct aaj_diags *diags,
                    struct aaj_firewall_live *ret_live)
{
    struct aaj_firewall_live live = { 0 };
    struct nft_state state = { 0 };
    int r = read_state(s, diags, &live, &state);

    (void)side;
    if (r < 0)
        return r;
    nft_state_clear(&state);
    *ret_live = live;
    return 0;
}

static int nft_commit(struct aaj_firewall_session *s, unsigned side, const struct aaj_firewall_change *change,
                      size_t n, struct aaj_diags *diags, bool *ret_changed)
{
    struct aaj_firewall_live live = { 0 };
    struct nft_state state = { 0 };
    char *text = NULL;
    int r = read_state(s, diags, &live, &state);

    (void)side;
    if (r == 0)
        r = nft_write_text(&live, &state, change, n, &text);
    nft_ctx_output_set_flags(s->nft, 0);
    if (r == 0 && *text && nft_run_cmd_from_buffer(s->nft, text) != 0)
        r = refused(s, diags, "take the rules");
    if (r == 0)
        *ret_changed = *text != '\0';
    free(text);
    nft_state_clear(&state);
    aaj_firewall_live_clear(&live);
    return r;
}

const struct aaj_firewall_backend backend_nft = {
    .name = "nft",
    .n_sides = 1,
    .begin = nft_begin,
    .usable = nft_usable,
    .families = nft_families,
    .read = nft_read,
    .commit = nft_commit,
    .end = nft_end,
};
