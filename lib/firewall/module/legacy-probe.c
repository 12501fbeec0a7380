/* SPDX-License-Identifier: GPL-2.0-only */
/* What this kernel's legacy tables know, as it lists it below /proc/net. */
#include <limits.h>

#include "firewall/module/legacy.h"

enum { FOR_ALL = 1, FOR_REPLIES = 2, FOR_TCP = 4, FOR_UDP = 8, FOR_ANY_LOG = 16, FOR_LOG = 32, FOR_NFLOG = 64 };

static const struct {
    unsigned needed;
    bool target;
    const char *name, *module;
} parts[] = {
    { FOR_ALL, false, "owner", "xt_owner" },
    { FOR_REPLIES, false, "conntrack", "xt_conntrack" },
    { FOR_ALL, false, "comment", "xt_comment" },
    { FOR_ANY_LOG, false, "limit", "xt_limit" },
    { FOR_TCP, false, "tcp", "xt_tcpudp" },
    { FOR_UDP, false, "udp", "xt_tcpudp" },
    { FOR_ALL, true, "REJECT", "ipt_REJECT and ip6t_REJECT" },
    { FOR_LOG, true, "LOG", "xt_LOG" },
    { FOR_NFLOG, true, "NFLOG", "xt_NFLOG" },
};

static unsigned needs(const struct aaj_firewall_rule *r)
{
    bool ports = r->port_lo != 0 || r->port_hi != UINT16_MAX;

    if (r->verdict == AAJ_FIREWALL_LOG)
        return FOR_ANY_LOG | (r->group < 0 ? FOR_LOG : FOR_NFLOG);
    if (r->reply)
        return FOR_REPLIES;
    return !ports ? 0 : r->proto == IPPROTO_TCP ? FOR_TCP : FOR_UDP;
}

/* Modules are loaded when a rule asks for them, so what is listed now is all that there is. */
static bool listed(const struct aaj_firewall_session *s, unsigned side, bool target, const char *name)
{
    char path[PATH_MAX], line[64];
    bool found = false;
    FILE *in;

    snprintf(path, sizeof(path), "%s/net/%s_tables_%s", s->ctx->proc, side ? "ip6" : "ip",
             target ? "targets" : "matches");
    in = fopen(path, "re");
    if (!in)
        return true; /* not known */
    while (!found && fgets(line, sizeof(line), in)) {
        line[strcspn(line, "\n")] = '\0';
        found = strcmp(line, name) == 0;
    }
    fclose(in);
    return found;
}

void legacy_probe_report(const struct aaj_firewall_session *s, unsigned side, const struct aaj_firewall_change *change,
                         size_t n, struct aaj_diags *diags)
{
    unsigned needed = FOR_ALL;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; change[i].plan && k < change[i].plan->n_rules; k++)
            needed |= needs(&change[i].plan->rule[k]);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if ((parts[i].needed & needed) && !listed(s, side, parts[i].target, parts[i].name))
            aaj_error(
                diags, (struct aaj_loc){ 0 },
                "this kernel does not know the %s '%s' (%s): load that module, install the package with the "
                "kernel's modules, or use --backend nft",
                parts[i].target ? "target" : "match", parts[i].name, parts[i].module);
}
