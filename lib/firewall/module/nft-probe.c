/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this kernel's nftables can do. It may answer and still lack the inet family, connection tracking or
 * the reject expression. A transaction that ends by deleting what it made is checked in full and changes
 * nothing.
 */
#include <errno.h>

#include "firewall/module/nft.h"

static const struct {
    const char *rule, *lacks; /* NULL rule: the table and its chain alone */
    bool log;                 /* needed only where refusals are logged */
} features[] = {
    { NULL, "nf_tables with the inet family (nf_tables, CONFIG_NF_TABLES_INET)", false },
    { "meta skuid vmap { 4294967294 : accept }", "sets (nf_tables, CONFIG_NF_TABLES)", false },
    { "ct state established,related ct direction reply", "connection tracking (nft_ct, nf_conntrack)",
      false },
    { "reject with icmpx port-unreachable", "reject (nft_reject_inet)", false },
    { "meta l4proto tcp reject with tcp reset", "TCP resets (nf_reject_ipv4, nf_reject_ipv6)", false },
    { "limit rate 6/minute burst 10 packets", "limit (nft_limit)", true },
    { "log prefix \"x\"", "log (nft_log)", true },
};

static bool works(struct aaj_firewall_session *s, const char *rule)
{
    char text[512];

    snprintf(text, sizeof(text),
             "add table inet aajail-probe\n"
             "add chain inet aajail-probe o { type filter hook output priority filter; policy accept; }\n"
             "%s%s%sdelete table inet aajail-probe\n",
             rule ? "add rule inet aajail-probe o " : "", rule ? rule : "", rule ? "\n" : "");
    return nft_run(s, text, 0) == 0;
}

bool nft_probe_all(struct aaj_firewall_session *s)
{
    return works(s, "meta skuid 4294967294 ct state established ct direction reply reject with tcp reset");
}

void nft_probe_report(struct aaj_firewall_session *s, struct aaj_diags *diags)
{
    for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        if (works(s, features[i].rule))
            continue;
        aaj_error(diags, (struct aaj_loc){ 0 },
                  "this kernel has no %s: load that module, install the package with the kernel's modules%s, "
                  "or use "
                  "--backend legacy",
                  features[i].lacks, features[i].log ? ", leave out 'log' in the manifest" : "");
        if (i == 0) /* without a table nothing else can be tried */
            return;
    }
}
