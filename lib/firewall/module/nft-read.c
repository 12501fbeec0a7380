/* SPDX-License-Identifier: GPL-2.0-only */
/* The table inet aajail as libnftables lists it → chains, and whether packets find them. */
#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "firewall/module/chain.h"
#include "firewall/module/nft.h"

void nft_state_clear(struct nft_state *state)
{
    for (size_t i = 0; i < state->n_sets; i++)
        free(state->set[i]);
    free(state->set);
    free(state->mapped);
    *state = (struct nft_state){ 0 };
}

static struct json_object *get(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;

    return json_object_is_type(o, json_type_object) && json_object_object_get_ex(o, key, &v) ? v : NULL;
}

static const char *name_of(struct json_object *o, const char *key)
{
    struct json_object *v = get(o, key);

    return json_object_is_type(v, json_type_string) ? json_object_get_string(v) : "";
}

static int add_chain(struct json_object *chain, struct aaj_firewall_live *live, struct nft_state *state)
{
    struct aaj_firewall_chain c = { 0 };
    const char *name = name_of(chain, "name");

    if (strcmp(name, "output") == 0) {
        struct json_object *prio = get(chain, "prio");

        state->output = true;
        state->output_ok = strcmp(name_of(chain, "type"), "filter") == 0 &&
                           strcmp(name_of(chain, "hook"), "output") == 0 && prio &&
                           json_object_get_int(prio) == 0 && strcmp(name_of(chain, "policy"), "accept") == 0;
        return 0;
    }
    if (!chain_uid(name, &c.uid, &c.old) || c.old)
        return 0;
    if (AAJ_GROW(live->chain, live->n_chains, live->cap_chains) < 0)
        return -ENOMEM;
    live->chain[live->n_chains++] = c;
    return 0;
}

/* [10004, {"goto": {"target": "aajail-10004"}}] */
static int add_elements(struct json_object *map, struct nft_state *state)
{
    struct json_object *elem = get(map, "elem");

    state->map = true;
    for (size_t i = 0; elem && i < json_object_array_length(elem); i++) {
        struct json_object *pair = json_object_array_get_idx(elem, i);
        const char *target;
        uint32_t uid;
        bool old;

        state->n_elements++;
        if (!json_object_is_type(pair, json_type_array) || json_object_array_length(pair) != 2)
            continue;
        target = name_of(get(json_object_array_get_idx(pair, 1), "goto"), "target");
        if (!chain_uid(target, &uid, &old) || old ||
            json_object_get_int64(json_object_array_get_idx(pair, 0)) != uid)
            continue;
        if (AAJ_GROW(state->mapped, state->n_mapped, state->cap_mapped) < 0)
            return -ENOMEM;
        state->mapped[state->n_mapped++] = uid;
    }
    return 0;
}

static int add_set(struct json_object *set, struct nft_state *state)
{
    char *name = strdup(name_of(set, "name"));

    if (!name || AAJ_GROW(state->set, state->n_sets, state->cap_sets) < 0) {
        free(name);
        return -ENOMEM;
    }
    state->set[state->n_sets++] = name;
    return 0;
}

static int cmp_chains(const void *pa, const void *pb)
{
    const struct aaj_firewall_chain *a = pa, *b = pb;

    return a->uid < b->uid ? -1 : a->uid > b->uid;
}

/* {"vmap": {"key": {"meta": {"key": "skuid"}}, "data": "@jails"}} and nothing else. */
static bool is_dispatch(struct json_object *rule)
{
    struct json_object *expr = get(rule, "expr"), *vmap;

    if (!json_object_is_type(expr, json_type_array) || json_object_array_length(expr) != 1)
        return false;
    vmap = get(json_object_array_get_idx(expr, 0), "vmap");
    return strcmp(name_of(vmap, "data"), "@jails") == 0 &&
           strcmp(name_of(get(get(vmap, "key"), "meta"), "key"), "skuid") == 0;
}

static int add_rules(struct json_object *list, struct aaj_firewall_live *live, struct nft_state *state)
{
    const struct nft_sets sets = { list };
    unsigned dispatch = 0, others = 0;
    size_t cap = 0;
    struct aaj_firewall_chain *last = NULL;
    int r = 0;

    /* libnftables lists a chain's rules together, so one capacity is enough. */
    for (size_t i = 0; i < json_object_array_length(list) && r == 0; i++) {
        struct json_object *rule = get(json_object_array_get_idx(list, i), "rule");
        const char *chain = name_of(rule, "chain");
        struct aaj_firewall_chain *c;
        uint32_t uid;
        bool old;

        if (rule && strcmp(chain, "output") == 0) {
            dispatch += is_dispatch(rule);
            others += !is_dispatch(rule);
        }
        if (!rule || !chain_uid(chain, &uid, &old) || old)
            continue;
        c = bsearch(&(struct aaj_firewall_chain){ .uid = uid }, live->chain, live->n_chains, sizeof(*c),
                    cmp_chains);
        if (c && c != last)
            cap = c->n_rules;
        last = c;
        r = c ? nft_add_rule(rule, chain, &sets, &live->arena, c, &cap) : -EBADMSG;
    }
    state->output_ok = state->output_ok && dispatch == 1 && others == 0;
    return r;
}

static int add_problem(struct aaj_firewall_live *live, const char *text)
{
    if (AAJ_GROW(live->problem, live->n_problems, live->cap_problems) < 0)
        return -ENOMEM;
    live->problem[live->n_problems++] = aaj_str_c(text);
    return 0;
}

static int cmp_uid(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static int check_way(struct aaj_firewall_live *live, struct nft_state *state)
{
    bool complete = state->n_mapped == live->n_chains && state->n_elements == state->n_mapped;
    int r = 0;

    if (state->n_mapped)
        qsort(state->mapped, state->n_mapped, sizeof(*state->mapped), cmp_uid);
    for (size_t i = 0; i < state->n_mapped && complete; i++)
        complete = state->mapped[i] == live->chain[i].uid;
    if (!state->output_ok)
        r = add_problem(live,
                        "the chain 'output' of table inet aajail was changed: it does not lead to the jails");
    if (r == 0 && !complete)
        r = add_problem(live,
                        "the map 'jails' of table inet aajail was changed: it does not lead to each jail");
    return r;
}

int nft_read_json(struct json_object *json, struct aaj_firewall_live *live, struct nft_state *state)
{
    struct json_object *list = get(json, "nftables");
    int r = 0;

    if (!json)
        return 0;
    if (!json_object_is_type(list, json_type_array))
        return -EBADMSG;
    state->table = true;
    for (size_t i = 0; i < json_object_array_length(list) && r == 0; i++) {
        struct json_object *o = json_object_array_get_idx(list, i);

        if (get(o, "chain"))
            r = add_chain(get(o, "chain"), live, state);
        else if (get(o, "map") && strcmp(name_of(get(o, "map"), "name"), "jails") == 0)
            r = add_elements(get(o, "map"), state);
        else if (get(o, "set"))
            r = add_set(get(o, "set"), state);
    }
    if (live->n_chains)
        qsort(live->chain, live->n_chains, sizeof(*live->chain), cmp_chains);
    if (r == 0)
        r = add_rules(list, live, state);
    return r < 0 ? r : check_way(live, state);
}
