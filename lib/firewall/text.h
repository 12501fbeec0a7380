/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan as text, for people and for those who load rules their own way. */
#pragma once

#include <stdio.h>

#include "firewall/plan.h"

enum aaj_firewall_form {
    AAJ_FIREWALL_TEXT,      /* for reading */
    AAJ_FIREWALL_IPTABLES,  /* iptables-restore --noflush */
    AAJ_FIREWALL_IP6TABLES, /* ip6tables-restore --noflush */
    AAJ_FIREWALL_NFT,       /* nft -f */
    AAJ_FIREWALL_JSON,
};

/* While the plan's uid is not known the user's name stands in its place. -ENAMETOOLONG: that name is too
 * long for a chain. */
int aaj_firewall_print(FILE *out, const struct aaj_firewall_plan *plan, enum aaj_firewall_form form);

/* "text", "iptables", "ip6tables", "nft", "json"; -1 for others. */
int aaj_firewall_form_find(const char *name);

/* Address of a rule: "10.0.5.0/24", "127.0.0.1"; "any" for none. @ret_text: INET6_ADDRSTRLEN + 4. */
void aaj_firewall_addr_text(const struct aaj_firewall_rule *rule, char *ret_text);

/* Parts of the nft form that the nftables backend uses too: one rule's expression, without newline.
 * @counters: with `counter`. */
void aaj_firewall_print_nft_rule(FILE *out, const struct aaj_firewall_plan *plan, const char *chain,
                                 const struct aaj_firewall_rule *rule, bool counters);

/* The plan as a JSON object and back: the journal, the saved state for the next boot. Numbers only. */
struct json_object;
struct json_object *aaj_firewall_plan_to_json(const struct aaj_firewall_plan *plan);
int aaj_firewall_plan_from_json(struct json_object *json, struct aaj_firewall_plan **ret_plan);
