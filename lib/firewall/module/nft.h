/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nftables backend: one table of its own, replaced in one transaction for both families.
 *
 *     chain output ── meta skuid vmap @jails ──► chain aajail-10004, aajail-10005, …
 *
 * The kernel is read as libnftables' JSON and written as its text.
 */
#pragma once

#include <json-c/json.h>

#include "firewall/module/module.h"

struct nft_ctx;

struct aaj_firewall_session {
    const struct aaj_firewall_ctx *ctx;
    int lock;
    struct aaj_arena arena; /* of the last answer */
    struct aaj_str out, err;
};

/* One command, its answer in @s. 0, -EIO: it was refused, or -errno. @flags: NFT_CTX_OUTPUT_…. */
int nft_run(struct aaj_firewall_session *s, const char *text, unsigned flags);

/* Whether this kernel takes every expression of a chain; changes nothing. */
bool nft_probe_all(struct aaj_firewall_session *s);

/* After a refusal: a finding that names the modules it lacks, if it lacks any. */
void nft_probe_report(struct aaj_firewall_session *s, struct aaj_diags *diags);

/* What the kernel holds beyond the chains: what a commit must mend. */
struct nft_state {
    bool table;
    bool output_ok; /* the base chain: hook, priority, policy, its one rule */
    bool output;    /* there is a chain of that name */
    bool map;
    uint32_t *mapped; /* uids whose map element is right */
    size_t n_mapped, cap_mapped;
    size_t n_elements; /* all elements of the map */
    char **set;        /* names of sets of ours */
    size_t n_sets, cap_sets;
};
void nft_state_clear(struct nft_state *state);

/* @json: what "list table inet aajail" printed; NULL: there is no such table. */
int nft_read_json(struct json_object *json, struct aaj_firewall_live *live, struct nft_state *state);

/* One rule of chain @chain, its expressions in @expr. Lookups in sets expand to a rule an element, which
 * is why rules are added to @c instead of returned. */
struct nft_sets {
    struct json_object *list; /* all objects of the table */
};
int nft_add_rule(struct json_object *rule, const char *chain, const struct nft_sets *sets, struct aaj_arena *arena,
                 struct aaj_firewall_chain *c, size_t *cap);

/* The transaction that makes the live table what the changes say; empty when it is that already.
 * *ret_text is malloc'd. */
int nft_write_text(const struct aaj_firewall_live *live, const struct nft_state *state,
                   const struct aaj_firewall_change *change, size_t n, char **ret_text);
