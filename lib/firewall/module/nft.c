/* SPDX-License-Identifier: GPL-2.0-only */
#include "firewall/module/nft.h"

#include <errno.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "firewall/module/chain.h"
#include "firewall/module/lock.h"

enum { ANSWER_MAX = 256 * 1024 * 1024, RETRIES = 5 };

/* Kernels without netfilter's netlink say so here, more plainly than libnftables does. */
static int have_netlink(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

static bool says(struct aaj_str text, const char *what)
{
    return aaj_str_search(text, aaj_str_c(what)) < text.n;
}

static int child(const char *text, unsigned flags, int out, int err)
{
    struct nft_ctx *nft;
    int r = 1;

    dup2(err, STDERR_FILENO);
    nft = nft_ctx_new(NFT_CTX_DEFAULT);
    if (nft && nft_ctx_buffer_output(nft) == 0 && nft_ctx_buffer_error(nft) == 0) {
        nft_ctx_output_set_flags(nft, flags);
        r = nft_run_cmd_from_buffer(nft, text) == 0 ? 0 : 1;
        if (aaj_file_write_fd(out, aaj_str_c(nft_ctx_get_output_buffer(nft))) < 0 ||
            aaj_file_write_fd(err, aaj_str_c(nft_ctx_get_error_buffer(nft))) < 0)
            r = 2;
    }
    return r;
}

static int read_back(int fd, struct aaj_arena *arena, struct aaj_str *ret)
{
    return lseek(fd, 0, SEEK_SET) < 0 ? -errno : aaj_file_read_fd(fd, ANSWER_MAX, arena, ret);
}

/*
 * One command, in a child: libnftables ends the whole program where netlink fails it (netlink_init_error and
 * netlink_abi_error in its netlink.c call exit), and a transaction that is not acknowledged did not happen.
 * 0, -EIO: it was refused, or -errno.
 */
int nft_run(struct aaj_firewall_session *s, const char *text, unsigned flags)
{
    int out = memfd_create("nft-out", MFD_CLOEXEC), err = memfd_create("nft-err", MFD_CLOEXEC), status = -1;
    pid_t pid = out < 0 || err < 0 ? -1 : fork();
    int r = pid < 0 ? -errno : 0;

    if (pid == 0)
        _exit(child(text, flags, out, err));
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && r == 0)
        r = errno == EINTR ? 0 : -errno;
    aaj_arena_clear(&s->arena);
    s->out = s->err = AAJ_STR("");
    if (r == 0)
        r = read_back(out, &s->arena, &s->out);
    if (r == 0)
        r = read_back(err, &s->arena, &s->err);
    if (r == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        r = -EIO;
    if (out >= 0)
        close(out);
    if (err >= 0)
        close(err);
    return r;
}

static int refused(struct aaj_firewall_session *s, int r, struct aaj_diags *diags, const char *doing)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str line = s->err.n ? s->err : aaj_str_c(r == -EIO ? "no reason given" : strerror(-r));

    aaj_error(diags, (struct aaj_loc){ 0 }, "nftables refuses to %s: %s", doing,
              aaj_escape(&arena, aaj_str_head(line, aaj_str_find(line, '\n'))));
    aaj_arena_clear(&arena);
    return says(s->err, "not permitted") ? -EPERM : says(s->err, "not supported") ? -EOPNOTSUPP : r;
}

static void nft_end(struct aaj_firewall_session *s)
{
    if (!s)
        return;
    aaj_arena_clear(&s->arena);
    if (s->lock >= 0)
        close(s->lock);
    free(s);
}

/* The table as JSON; NULL and 0 when there is none. */
static int list_table(struct aaj_firewall_session *s, struct aaj_diags *diags, struct json_object **ret_json)
{
    struct json_object *json;
    /* Without NUMERIC_PROTO libnftables opens /etc/protocols for every element of a set. */
    int r = nft_run(s, "list table inet aajail", NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_NUMERIC_PROTO);

    if (r < 0) {
        if (r != -EIO || !says(s->err, "No such file or directory"))
            return refused(s, r, diags, "list its tables");
        *ret_json = NULL;
        return 0;
    }
    json = json_tokener_parse(s->out.p);
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
    if (r < 0) {
        nft_end(s);
        return r;
    }
    *ret_session = s;
    return 0;
}

static struct json_object *member(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;

    return json_object_is_type(o, json_type_object) && json_object_object_get_ex(o, key, &v) ? v : NULL;
}

/* The names of chains are all that is asked for: no rule and no element is read. */
static int nft_holds(const struct aaj_firewall_ctx *ctx, const uint32_t *uid, size_t n, uint32_t *ret_uid,
                     bool *ret_holds)
{
    struct aaj_firewall_session *s = NULL;
    struct json_object *json = NULL, *list;
    int r = nft_begin(ctx, false, NULL, &s);

    if (r == 0)
        r = nft_run(s, "list chains inet", NFT_CTX_OUTPUT_JSON);
    if (r == -EIO)
        r = refused(s, r, NULL, "list its chains");
    if (r == 0 && !(json = json_tokener_parse(s->out.p)))
        r = -EBADMSG;
    list = member(json, "nftables");
    *ret_holds = false;
    for (size_t i = 0; json_object_is_type(list, json_type_array) && i < json_object_array_length(list);
         i++) {
        struct json_object *chain = member(json_object_array_get_idx(list, i), "chain");
        const char *table = json_object_get_string(member(chain, "table")),
                   *name = json_object_get_string(member(chain, "name"));

        if (table && name && strcmp(table, "aajail") == 0 && chain_is_of(name, uid, n, ret_uid)) {
            *ret_holds = true;
            break;
        }
    }
    json_object_put(json);
    nft_end(s);
    return r;
}

static bool nft_usable(const struct aaj_firewall_ctx *ctx)
{
    struct aaj_firewall_session *s = NULL;
    bool usable = nft_begin(ctx, false, NULL, &s) == 0 && nft_probe_all(s);

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

/* The answer may be lost after the transaction was taken, so the kernel itself is asked. */
static bool took_it(struct aaj_firewall_session *s, const struct aaj_firewall_change *change, size_t n)
{
    struct aaj_firewall_live live = { 0 };
    struct nft_state state = { 0 };
    char *text = NULL;
    bool took = read_state(s, NULL, &live, &state) == 0 &&
                nft_write_text(&live, &state, change, n, &text) == 0 && *text == '\0';

    free(text);
    nft_state_clear(&state);
    aaj_firewall_live_clear(&live);
    return took;
}

/* Reads, writes what differs, and asks again where somebody else was quicker. */
static int commit_once(struct aaj_firewall_session *s, const struct aaj_firewall_change *change, size_t n,
                       struct aaj_diags *diags, bool *ret_changed)
{
    struct aaj_firewall_live live = { 0 };
    struct nft_state state = { 0 };
    char *text = NULL;
    int r = read_state(s, diags, &live, &state);

    if (r == 0)
        r = nft_write_text(&live, &state, change, n, &text);
    nft_state_clear(&state);
    aaj_firewall_live_clear(&live);
    if (r == 0 && *text)
        r = nft_run(s, text, 0);
    if (r == 0)
        *ret_changed = *text != '\0';
    free(text);
    return r;
}

static int nft_commit(struct aaj_firewall_session *s, unsigned side, const struct aaj_firewall_change *change,
                      size_t n, struct aaj_diags *diags, bool *ret_changed)
{
    bool moved;
    int r;

    (void)side;
    for (unsigned i = 0; i < RETRIES; i++) {
        r = commit_once(s, change, n, diags, ret_changed);
        /* A chain or an element that was there when it was read is gone: nft(8) has no lock. */
        moved = r == -EIO && (says(s->err, "No such file or directory") || says(s->err, "File exists"));
        if (!moved)
            break;
    }
    if (r != -EIO)
        return r;
    if (s->err.n == 0 && took_it(s, change, n)) {
        *ret_changed = true;
        return 0;
    }
    r = refused(s, r, diags, "take the rules");
    if (r != -EPERM)
        nft_probe_report(s, diags);
    return r;
}

const struct aaj_firewall_backend backend_nft = {
    .name = "nft",
    .n_sides = 1,
    .holds = nft_holds,
    .begin = nft_begin,
    .usable = nft_usable,
    .families = nft_families,
    .read = nft_read,
    .commit = nft_commit,
    .end = nft_end,
};
