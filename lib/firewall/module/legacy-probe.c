/* SPDX-License-Identifier: GPL-2.0-only */
/* What this kernel's legacy tables know, as it lists it below /proc/net. */
#include <limits.h>

#include "firewall/module/legacy.h"

static const struct {
    bool target;
    const char *name, *module;
} parts[] = {
    { false, "owner", "xt_owner" },
    { false, "conntrack", "xt_conntrack" },
    { false, "comment", "xt_comment" },
    { false, "limit", "xt_limit" },
    { false, "tcp", "xt_tcpudp" },
    { false, "udp", "xt_tcpudp" },
    { true, "REJECT", "ipt_REJECT and ip6t_REJECT" },
    { true, "LOG", "xt_LOG" },
    { true, "NFLOG", "xt_NFLOG" },
};

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

void legacy_probe_report(const struct aaj_firewall_session *s, unsigned side, struct aaj_diags *diags)
{
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!listed(s, side, parts[i].target, parts[i].name))
            aaj_error(
                diags, (struct aaj_loc){ 0 },
                "this kernel does not know the %s '%s' (%s): load that module, install the package with the "
                "kernel's modules, or use --backend nft",
                parts[i].target ? "target" : "match", parts[i].name, parts[i].module);
}
