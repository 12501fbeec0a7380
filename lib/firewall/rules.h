/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Building a plan's canonical rule list: replies, destinations in order, log, refusal. */
#pragma once

#include "firewall/plan.h"

int aaj_firewall_rules_add_replies(struct aaj_firewall_plan *plan);
int aaj_firewall_rules_add_dest(struct aaj_firewall_plan *plan, const struct aaj_dest *dest);

/* Those of the name servers in @conf (resolv.conf(5)), which @h stands for; a note each. */
int aaj_firewall_add_servers(struct aaj_firewall_plan *plan, const struct aaj_firewall_host *h, const char *conf,
                             struct aaj_diags *diags);

/* Sorts destinations, drops those that another covers, adds the refusal (once). @group: where the log goes to. */
int aaj_firewall_rules_finish(struct aaj_firewall_plan *plan, bool log, int32_t group);

/* One more, before the list is made canonical. */
int aaj_firewall_rules_add(struct aaj_firewall_plan *plan, const struct aaj_firewall_rule *rule);

/* After more destinations: sorts and drops again. */
void aaj_firewall_rules_canonical(struct aaj_firewall_plan *plan);

/* The one order of rules: 0 for rules that are the same. */
int aaj_firewall_rule_cmp(const struct aaj_firewall_rule *a, const struct aaj_firewall_rule *b);
void aaj_firewall_rules_sort(struct aaj_firewall_rule *rule, size_t n);

/* The rules that say something about those families, in the plan's order and with no others named; @ret holds
 * n_rules. Returns how many. */
size_t aaj_firewall_rules_of(const struct aaj_firewall_plan *plan, unsigned families,
                             struct aaj_firewall_rule *ret);

/* Whether the first @bits of both are the same. */
bool aaj_firewall_prefix_covers(const struct in6_addr *net, unsigned bits, const struct in6_addr *addr);
