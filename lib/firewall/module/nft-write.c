/* SPDX-License-Identifier: GPL-2.0-only */
/* One transaction for nft: only what differs is written, so that counters of other jails go on. */
#include <errno.h>
#include <stdlib.h>

#include "firewall/module/nft.h"
#include "firewall/rules.h"
#include "firewall/text.h"

/* From so many destinations of a family on they go into a set: one lookup instead of a walk. */
enum { SET_MIN = 8 };

static bool has_set(const struct nft_state *state, const char *chain, const char *family)
{
    char name[AAJ_FIREWALL_NAME_MAX + 8];

    snprintf(name, sizeof(name), "%s-%s", chain, family);
    for (size_t i = 0; i < state->n_sets; i++)
        if (strcmp(state->set[i], name) == 0)
            return true;
    return false;
}

static bool fits_set(const struct aaj_firewall_rule *r, unsigned family)
{
    return r->verdict == AAJ_FIREWALL_ALLOW && !r->reply && r->families == family && r->prefix &&
           (r->proto == IPPROTO_TCP || r->proto == IPPROTO_UDP);
}

/*
 * Marks the rules that go into the family's set. The kernel refuses elements that overlap, so a rule that
 * overlaps a marked one stays a rule. Rules are sorted, the wider network first: @open are the marked ones
 * whose network holds the present address.
 */
static size_t mark_set(const struct aaj_firewall_plan *plan, unsigned family, bool *mark, size_t *open)
{
    size_t n = 0, depth = 0;

    for (size_t i = 0; i < plan->n_rules; i++) {
        const struct aaj_firewall_rule *r = &plan->rule[i];
        bool overlaps = false;

        mark[i] = false;
        if (!fits_set(r, family))
            continue;
        while (depth && (plan->rule[open[depth - 1]].proto != r->proto ||
                         !aaj_firewall_prefix_covers(&plan->rule[open[depth - 1]].addr,
                                                     plan->rule[open[depth - 1]].prefix, &r->addr)))
            depth--;
        for (size_t k = 0; k < depth && !overlaps; k++)
            overlaps = plan->rule[open[k]].port_lo <= r->port_hi && r->port_lo <= plan->rule[open[k]].port_hi;
        if (overlaps)
            continue;
        mark[i] = true;
        open[depth++] = i;
        n++;
    }
    return n;
}

static void print_set(FILE *out, const struct aaj_firewall_plan *plan, const char *chain, const char *family,
                      bool live, const bool *mark, const char *type)
{
    char addr[80];
    bool first = true;

    if (live)
        fprintf(out, "flush set inet aajail %s-%s\n", chain, family);
    else
        fprintf(out, "add set inet aajail %s-%s { type %s . inet_proto . inet_service; flags interval; }\n", chain,
                family, type);
    fprintf(out, "add element inet aajail %s-%s { ", chain, family);
    for (size_t i = 0; i < plan->n_rules; i++) {
        const struct aaj_firewall_rule *r = &plan->rule[i];

        if (!mark[i])
            continue;
        aaj_firewall_addr_text(r, addr);
        fprintf(out, "%s%s . %s . %u", first ? "" : ", ", addr, r->proto == IPPROTO_TCP ? "tcp" : "udp", r->port_lo);
        if (r->port_hi != r->port_lo)
            fprintf(out, "-%u", r->port_hi);
        first = false;
    }
    fputs(" }\n", out);
}

static void print_rules(FILE *out, const struct aaj_firewall_plan *plan, const char *chain, const bool *in_set,
                        const size_t *n_set)
{
    bool placed = false;

    for (size_t i = 0; i < plan->n_rules; i++) {
        const struct aaj_firewall_rule *r = &plan->rule[i];

        /* Lookups behind the replies and before everything that refuses. */
        if (!placed && !r->reply) {
            placed = true;
            if (n_set[0])
                fprintf(out, "add rule inet aajail %s ip daddr . meta l4proto . th dport @%s-v4 counter return\n",
                        chain, chain);
            if (n_set[1])
                fprintf(out, "add rule inet aajail %s ip6 daddr . meta l4proto . th dport @%s-v6 counter return\n",
                        chain, chain);
        }
        if (in_set[i])
            continue;
        fprintf(out, "add rule inet aajail %s ", chain);
        aaj_firewall_print_nft_rule(out, plan, chain, r, true);
        fputc('\n', out);
    }
}

static int print_set_of_rules(FILE *out, const struct aaj_firewall_plan *plan, const char *chain,
                              const struct nft_state *state)
{
    bool *mark = calloc(2 * plan->n_rules + 2, sizeof(*mark)), *mark6 = mark ? mark + plan->n_rules : NULL;
    size_t *open = calloc(plan->n_rules + 1, sizeof(*open)), n[2];
    bool live[2] = { has_set(state, chain, "v4"), has_set(state, chain, "v6") };

    if (!mark || !open) {
        free(mark);
        free(open);
        return -ENOMEM;
    }
    n[0] = mark_set(plan, AAJ_FIREWALL_V4, mark, open);
    n[1] = mark_set(plan, AAJ_FIREWALL_V6, mark6, open);
    for (unsigned k = 0; k < 2; k++)
        if (n[k] < SET_MIN) {
            memset(k ? mark6 : mark, 0, plan->n_rules * sizeof(*mark));
            n[k] = 0;
        }
    if (n[0])
        print_set(out, plan, chain, "v4", live[0], mark, "ipv4_addr");
    if (n[1])
        print_set(out, plan, chain, "v6", live[1], mark6, "ipv6_addr");
    for (size_t i = 0; i < plan->n_rules; i++)
        mark[i] |= mark6[i];
    print_rules(out, plan, chain, mark, n);
    for (unsigned k = 0; k < 2; k++)
        if (live[k] && !n[k])
            fprintf(out, "delete set inet aajail %s-v%u\n", chain, k ? 6 : 4);
    free(mark);
    free(open);
    return 0;
}

static void print_removal(FILE *out, const char *chain, const struct nft_state *state)
{
    fprintf(out, "flush chain inet aajail %s\ndelete chain inet aajail %s\n", chain, chain);
    for (unsigned k = 0; k < 2; k++)
        if (has_set(state, chain, k ? "v6" : "v4"))
            fprintf(out, "delete set inet aajail %s-v%u\n", chain, k ? 6 : 4);
}

static void print_frame(FILE *out, const struct aaj_firewall_live *live, const struct nft_state *state)
{
    fputs("add table inet aajail\nadd map inet aajail jails { type uid : verdict; }\n", out);
    if (state->output && !state->output_ok)
        fputs("flush chain inet aajail output\ndelete chain inet aajail output\n", out);
    if (!state->output_ok)
        fputs("add chain inet aajail output { type filter hook output priority filter; policy accept; }\n"
              "add rule inet aajail output meta skuid vmap @jails\n",
              out);
    if (live->n_problems) {
        fputs("flush map inet aajail jails\n", out);
        for (size_t i = 0; i < live->n_chains; i++)
            fprintf(out, "add element inet aajail jails { %u : goto aajail-%u }\n", live->chain[i].uid,
                    live->chain[i].uid);
    }
}

/* How many chains there are once the changes are made. */
static size_t final_chains(const struct aaj_firewall_live *live, const struct aaj_firewall_change *change, size_t n)
{
    size_t count = live->n_chains;

    for (size_t i = 0; i < n; i++) {
        bool there = aaj_firewall_live_find(live, change[i].uid) != NULL;

        count += change[i].plan && !there;
        count -= !change[i].plan && there;
    }
    return count;
}

static int print_change(FILE *out, const struct aaj_firewall_live *live, const struct nft_state *state,
                        const struct aaj_firewall_change *c)
{
    const struct aaj_firewall_chain *have = aaj_firewall_live_find(live, c->uid);
    char chain[AAJ_FIREWALL_NAME_MAX + 1];
    int r = 0;

    snprintf(chain, sizeof(chain), "aajail-%u", c->uid);
    if (!c->plan) {
        if (!have)
            return 0;
        fprintf(out, "delete element inet aajail jails { %u : goto %s }\n", c->uid, chain);
        print_removal(out, chain, state);
        return 0;
    }
    if (aaj_firewall_chain_is(have, c->plan, AAJ_FIREWALL_BOTH))
        return 0;
    fprintf(out, have ? "flush chain inet aajail %s\n" : "add chain inet aajail %s\n", chain);
    r = print_set_of_rules(out, c->plan, chain, state);
    if (!have)
        fprintf(out, "add element inet aajail jails { %u : goto %s }\n", c->uid, chain);
    return r;
}

int nft_write_text(const struct aaj_firewall_live *live, const struct nft_state *state,
                   const struct aaj_firewall_change *change, size_t n, char **ret_text)
{
    size_t remaining = final_chains(live, change, n), size = 0;
    char *text = NULL;
    FILE *out = open_memstream(&text, &size);
    int r = 0;

    if (!out)
        return -ENOMEM;
    if (remaining == 0) {
        if (state->table)
            fputs("delete table inet aajail\n", out);
    } else {
        if (!state->table || live->n_problems)
            print_frame(out, live, state);
        for (size_t i = 0; i < n && r == 0; i++)
            r = print_change(out, live, state, &change[i]);
    }
    if (ferror(out) && r == 0)
        r = -ENOMEM;
    if (fclose(out) != 0 && r == 0)
        r = -ENOMEM;
    if (r < 0) {
        free(text);
        return r;
    }
    *ret_text = text;
    return 0;
}
