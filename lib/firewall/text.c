/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "firewall/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <sys/socket.h>

static const char *const forms[] = {
    [AAJ_FIREWALL_TEXT] = "text",           [AAJ_FIREWALL_IPTABLES] = "iptables",
    [AAJ_FIREWALL_IP6TABLES] = "ip6tables", [AAJ_FIREWALL_NFT] = "nft",
    [AAJ_FIREWALL_JSON] = "json",
};

int aaj_firewall_form_find(const char *name)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (strcmp(name, forms[i]) == 0)
            return (int)i;
    return -1;
}

static bool any_port(const struct aaj_firewall_rule *r)
{
    return r->port_lo == 0 && r->port_hi == UINT16_MAX;
}

static const char *proto_name(uint8_t proto)
{
    switch (proto) {
    case IPPROTO_TCP:
        return "tcp";
    case IPPROTO_UDP:
        return "udp";
    case IPPROTO_ICMP:
        return "icmp";
    default:
        return NULL;
    }
}

void aaj_firewall_addr_text(const struct aaj_firewall_rule *rule, char *ret_text)
{
    bool v6 = rule->families == AAJ_FIREWALL_V6;

    if (rule->prefix == 0) {
        strcpy(ret_text, "any");
        return;
    }
    inet_ntop(v6 ? AF_INET6 : AF_INET, &rule->addr, ret_text, INET6_ADDRSTRLEN);
    if (rule->prefix != (v6 ? 128 : 32))
        sprintf(ret_text + strlen(ret_text), "/%u", rule->prefix);
}

static void print_ports(FILE *out, const struct aaj_firewall_rule *r, char dash)
{
    fprintf(out, "%u", r->port_lo);
    if (r->port_hi != r->port_lo)
        fprintf(out, "%c%u", dash, r->port_hi);
}

static void print_rule(FILE *out, const struct aaj_firewall_rule *r)
{
    char addr[INET6_ADDRSTRLEN + 4];

    switch (r->verdict) {
    case AAJ_FIREWALL_FOREIGN:
        fprintf(out, "foreign: %.*s", AAJ_STR_ARG(r->text));
        return;
    case AAJ_FIREWALL_LOG:
        fputs("log what is refused below, 6 a minute", out);
        if (r->group >= 0)
            fprintf(out, ", to NFLOG group %d", r->group);
        return;
    case AAJ_FIREWALL_RESET:
        fputs("refuse tcp with a reset", out);
        return;
    case AAJ_FIREWALL_REJECT:
        fputs("refuse everything else", out);
        return;
    case AAJ_FIREWALL_ALLOW:
        break;
    }
    if (r->reply) {
        fputs("allow replies to connections that others opened", out);
        return;
    }
    aaj_firewall_addr_text(r, addr);
    fprintf(out, "allow %s to %s", r->proto ? proto_name(r->proto) : "anything", addr);
    if (r->prefix == 0 && r->families != AAJ_FIREWALL_BOTH)
        fputs(r->families == AAJ_FIREWALL_V4 ? " IPv4 address" : " IPv6 address", out);
    if (!any_port(r)) {
        fputs(" port ", out);
        print_ports(out, r, '-');
    }
}

struct aaj_str aaj_firewall_rule_text(struct aaj_arena *arena, const struct aaj_firewall_rule *rule)
{
    char buf[256] = "";
    FILE *out = fmemopen(buf, sizeof(buf), "w");

    if (!out)
        return (struct aaj_str){ 0 };
    print_rule(out, rule);
    fclose(out);
    buf[sizeof(buf) - 1] = '\0';
    return aaj_arena_dup(arena, aaj_str_c(buf));
}

static void print_text(FILE *out, const struct aaj_firewall_plan *plan, const char *chain)
{
    fprintf(out, "%s: what %s %.*s may send (jail %.*s)\n", chain, plan->has_uid ? "uid" : "user",
            AAJ_STR_ARG(plan->user), AAJ_STR_ARG(plan->jail));
    for (size_t i = 0; i < plan->n_rules; i++) {
        fputs("  ", out);
        print_rule(out, &plan->rule[i]);
        fputc('\n', out);
    }
    for (size_t i = 0; i < plan->n_hosts; i++)
        if (plan->host[i].dest.kind == AAJ_DEST_RESOLVER)
            fputs("  and, when applied: allow tcp and udp to the name servers in " AAJ_FIREWALL_RESOLV_CONF " port 53\n", out);
        else
            fprintf(out, "  and, once resolved: allow %.*s\n", AAJ_STR_ARG(plan->host[i].dest.source.text));
}

static void print_iptables_rule(FILE *out, const struct aaj_firewall_plan *plan, const char *chain,
                                const struct aaj_firewall_rule *r, bool v6)
{
    char addr[INET6_ADDRSTRLEN + 4];

    fprintf(out, "-A %s", chain);
    if (r->prefix) {
        aaj_firewall_addr_text(r, addr);
        fprintf(out, " -d %s", addr);
    }
    if (r->proto)
        fprintf(out, " -p %s", r->proto == IPPROTO_ICMP && v6 ? "ipv6-icmp" : proto_name(r->proto));
    if (r->reply)
        fputs(" -m conntrack --ctstate RELATED,ESTABLISHED --ctdir REPLY", out);
    if (!any_port(r)) {
        fprintf(out, " -m %s --dport ", proto_name(r->proto));
        print_ports(out, r, ':');
    }
    switch (r->verdict) {
    case AAJ_FIREWALL_ALLOW:
        fputs(" -j RETURN\n", out);
        break;
    case AAJ_FIREWALL_LOG:
        fputs(" -m limit --limit 6/min --limit-burst 10 -j ", out);
        if (r->group >= 0)
            fprintf(out, "NFLOG --nflog-group %d --nflog-prefix \"%s \"\n", r->group, chain);
        else
            fprintf(out, "LOG --log-prefix \"%s \" --log-uid\n", chain);
        break;
    case AAJ_FIREWALL_RESET:
        fputs(" -j REJECT --reject-with tcp-reset\n", out);
        break;
    case AAJ_FIREWALL_REJECT:
    case AAJ_FIREWALL_FOREIGN:
        fprintf(out, " -m comment --comment \"aajail %.*s\" -j REJECT --reject-with %s\n", AAJ_STR_ARG(plan->jail),
                v6 ? "icmp6-port-unreachable" : "icmp-port-unreachable");
        break;
    }
}

static void print_uid(FILE *out, const struct aaj_firewall_plan *plan)
{
    if (plan->has_uid)
        fprintf(out, "%u", plan->uid);
    else
        fprintf(out, "%.*s", AAJ_STR_ARG(plan->user));
}

static void print_hosts(FILE *out, const struct aaj_firewall_plan *plan)
{
    for (size_t i = 0; i < plan->n_hosts; i++)
        fprintf(out, "# not in here until it is resolved: %.*s\n", AAJ_STR_ARG(plan->host[i].dest.source.text));
}

static void print_iptables(FILE *out, const struct aaj_firewall_plan *plan, const char *chain, bool v6)
{
    const char *tool = v6 ? "ip6tables" : "iptables";

    fprintf(out, "# jail %.*s: %s-restore --noflush < FILE\n# To take it away: %s -D OUTPUT -m owner --uid-owner ",
            AAJ_STR_ARG(plan->jail), tool, tool);
    print_uid(out, plan);
    fprintf(out, " -j %s; %s -F %s; %s -X %s\n", chain, tool, chain, tool, chain);
    print_hosts(out, plan);
    fprintf(out, "*filter\n:%s - [0:0]\n", chain);
    for (size_t i = 0; i < plan->n_rules; i++)
        if (plan->rule[i].families & (v6 ? AAJ_FIREWALL_V6 : AAJ_FIREWALL_V4))
            print_iptables_rule(out, plan, chain, &plan->rule[i], v6);
    fputs("-I OUTPUT 1 -m owner --uid-owner ", out);
    print_uid(out, plan);
    fprintf(out, " -j %s\nCOMMIT\n", chain);
}

void aaj_firewall_print_nft_rule(FILE *out, const struct aaj_firewall_plan *plan, const char *chain,
                                 const struct aaj_firewall_rule *r, bool counters)
{
    const char *counter = counters ? "counter " : "";
    char addr[INET6_ADDRSTRLEN + 4];

    if (r->reply)
        fputs("ct state established,related ct direction reply ", out);
    if (r->prefix) {
        aaj_firewall_addr_text(r, addr);
        fprintf(out, "%s daddr %s ", r->families == AAJ_FIREWALL_V6 ? "ip6" : "ip", addr);
    } else if (r->families != AAJ_FIREWALL_BOTH) {
        fprintf(out, "meta nfproto %s ", r->families == AAJ_FIREWALL_V6 ? "ipv6" : "ipv4");
    }
    if (!any_port(r)) {
        fprintf(out, "%s dport ", proto_name(r->proto));
        print_ports(out, r, '-');
        fputc(' ', out);
    } else if (r->proto == IPPROTO_ICMP) {
        fputs(r->families == AAJ_FIREWALL_V4 ? "meta l4proto icmp " : "meta l4proto ipv6-icmp ", out);
    } else if (r->proto) {
        fprintf(out, "meta l4proto %s ", proto_name(r->proto));
    }
    switch (r->verdict) {
    case AAJ_FIREWALL_ALLOW:
        fprintf(out, "%sreturn", counter);
        break;
    case AAJ_FIREWALL_LOG:
        /* Messages of a group hold the uid without being asked for it. */
        fprintf(out, "limit rate 6/minute burst 10 packets log prefix \"%s \" ", chain);
        if (r->group >= 0)
            fprintf(out, "group %d", r->group);
        else
            fputs("flags skuid", out);
        break;
    case AAJ_FIREWALL_RESET:
        fprintf(out, "%sreject with tcp reset", counter);
        break;
    case AAJ_FIREWALL_REJECT:
    case AAJ_FIREWALL_FOREIGN:
        fprintf(out, "%sreject with icmpx port-unreachable comment \"aajail %.*s\"", counter,
                AAJ_STR_ARG(plan->jail));
        break;
    }
}

static void print_nft(FILE *out, const struct aaj_firewall_plan *plan, const char *chain)
{
    fprintf(out, "# jail %.*s: nft -f FILE\n# To take it away: nft 'delete element inet aajail jails { ",
            AAJ_STR_ARG(plan->jail));
    print_uid(out, plan);
    fprintf(out, " }; flush chain inet aajail %s; delete chain inet aajail %s'\n", chain, chain);
    print_hosts(out, plan);
    fprintf(out, "add table inet aajail\n"
                 "add map inet aajail jails { type uid : verdict; }\n"
                 "add chain inet aajail output { type filter hook output priority filter; policy accept; }\n"
                 "flush chain inet aajail output\n"
                 "add rule inet aajail output meta skuid vmap @jails\n"
                 "add chain inet aajail %s\n"
                 "flush chain inet aajail %s\n",
            chain, chain);
    for (size_t i = 0; i < plan->n_rules; i++) {
        fprintf(out, "add rule inet aajail %s ", chain);
        aaj_firewall_print_nft_rule(out, plan, chain, &plan->rule[i], true);
        fputc('\n', out);
    }
    fputs("add element inet aajail jails { ", out);
    print_uid(out, plan);
    fprintf(out, " : goto %s }\n", chain);
}

static int print_json(FILE *out, const struct aaj_firewall_plan *plan)
{
    struct json_object *json = aaj_firewall_plan_to_json(plan);

    if (!json)
        return -ENOMEM;
    fprintf(out, "%s\n", json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(json);
    return 0;
}

int aaj_firewall_print(FILE *out, const struct aaj_firewall_plan *plan, enum aaj_firewall_form form)
{
    char chain[AAJ_FIREWALL_NAME_MAX + 1];
    int r = aaj_firewall_chain_name(plan, chain);

    if (r < 0)
        return r;
    switch (form) {
    case AAJ_FIREWALL_TEXT:
        print_text(out, plan, chain);
        break;
    case AAJ_FIREWALL_IPTABLES:
    case AAJ_FIREWALL_IP6TABLES:
        print_iptables(out, plan, chain, form == AAJ_FIREWALL_IP6TABLES);
        break;
    case AAJ_FIREWALL_NFT:
        print_nft(out, plan, chain);
        break;
    case AAJ_FIREWALL_JSON:
        return print_json(out, plan);
    }
    return 0;
}
