/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The name servers of this machine, as resolv.conf(5) names them: what "resolver" means where rules are applied. */
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

#include "base/escape.h"
#include "base/file.h"
#include "firewall/rules.h"

enum { CONF_MAX = 64 * 1024, SERVERS_MAX = 64 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* "nameserver ADDRESS[%ZONE]"; what comes behind the address is nobody's. Comments begin a line. */
static bool take_line(struct aaj_str line, struct aaj_dest *d)
{
    static const struct aaj_str word = AAJ_STR_INIT("nameserver");
    char addr[INET6_ADDRSTRLEN];
    size_t n = 0;

    if (!aaj_str_starts(line, word) || line.n == word.n || !is_blank(line.p[word.n]))
        return false;
    line = aaj_str_skip(line, word.n);
    while (line.n && is_blank(line.p[0]))
        line = aaj_str_skip(line, 1);
    while (n < line.n && !is_blank(line.p[n]) && line.p[n] != '%' && n < sizeof(addr) - 1)
        n++;
    memcpy(addr, line.p, n);
    addr[n] = '\0';
    memset(&d->addr, 0, sizeof(d->addr));
    d->family = inet_pton(AF_INET, addr, &d->addr) == 1 ? AF_INET : inet_pton(AF_INET6, addr, &d->addr) == 1 ? AF_INET6 : 0;
    d->prefix = d->family == AF_INET ? 32 : 128;
    return d->family != 0;
}

static int add_server(struct aaj_firewall_plan *plan, const struct aaj_firewall_host *h, const struct aaj_dest *d,
                      const char *conf, struct aaj_diags *diags)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    char addr[INET6_ADDRSTRLEN];

    inet_ntop(d->family, &d->addr, addr, sizeof(addr));
    aaj_diag_add(diags, AAJ_NOTE, "firewall-resolver", h->dest.source.loc, h->dest.source.text,
                 "'resolver' is %s now, says %s; the rule stays with this address until it is applied again", addr,
                 aaj_escape(&arena, aaj_str_c(conf)));
    aaj_arena_clear(&arena);
    return aaj_firewall_rules_add_dest(plan, d);
}

int aaj_firewall_add_servers(struct aaj_firewall_plan *plan, const struct aaj_firewall_host *h, const char *conf,
                             struct aaj_diags *diags)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_dest d = { .kind = AAJ_DEST_ADDRESS, .port_lo = AAJ_DEST_DOMAIN, .port_hi = AAJ_DEST_DOMAIN };
    struct aaj_str text = { 0 };
    unsigned n = 0;
    int r = aaj_file_read(conf, CONF_MAX, &arena, &text);

    if (r < 0 && r != -ENOENT) {
        aaj_diag_add(diags, AAJ_ERROR, "firewall-resolver", h->dest.source.loc, h->dest.source.text,
                     "cannot read %s, which names the resolvers: %s; write 'resolver ADDRESS'",
                     aaj_escape(&arena, aaj_str_c(conf)), strerror(-r));
        aaj_arena_clear(&arena);
        return r;
    }
    for (r = 0; text.n && r == 0 && n < SERVERS_MAX;) {
        size_t end = aaj_str_find(text, '\n');

        if (take_line(aaj_str_head(text, end), &d)) {
            r = add_server(plan, h, &d, conf, diags);
            n++;
        }
        text = aaj_str_skip(text, end + 1);
    }
    /* Without a name server there is the one on this machine, resolv.conf(5). */
    if (n == 0 && r == 0) {
        d.family = AF_INET;
        d.prefix = 32;
        inet_pton(AF_INET, "127.0.0.1", &d.addr);
        r = add_server(plan, h, &d, conf, diags);
    }
    aaj_arena_clear(&arena);
    return r;
}
