/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The chains of a jail: its own; those of its pools where it is a master. One a uid, for the uid is all that a chain sees. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "base/file.h"
#include "firewall/text.h"
#include "jail/internal.h"

#define NUMBERS "firewall.json"

enum { CHAINS_MAX = 1 << 16 };

void jail_chains_clear(struct jail_chains *c)
{
    for (size_t i = 0; i < c->n; i++)
        aaj_firewall_plan_free(c->plan[i]);
    free(c->plan);
    *c = (struct jail_chains){ 0 };
}

const struct aaj_firewall_plan *jail_chains_find(const struct jail_chains *c, uint32_t uid)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->plan[i]->uid == uid)
            return c->plan[i];
    return NULL;
}

bool jail_chain_same(const struct aaj_firewall_plan *a, const struct aaj_firewall_plan *b)
{
    for (size_t i = 0; i < a->n_rules && a->n_rules == b->n_rules; i++)
        if (!aaj_firewall_rule_eq(&a->rule[i], &b->rule[i]))
            return false;
    return a->uid == b->uid && a->n_rules == b->n_rules;
}

bool jail_chains_same(const struct jail_chains *a, const struct jail_chains *b)
{
    for (size_t i = 0; i < a->n && a->n == b->n; i++)
        if (!jail_chain_same(a->plan[i], b->plan[i]))
            return false;
    return a->n == b->n;
}

int jail_tell_chains(const struct jail_load *load, struct aaj_arena *arena, struct aaj_jail_chain **ret_chain, size_t *ret_n)
{
    const struct jail_chains *c = &load->chains;
    struct aaj_jail_chain *chain = aaj_arena_new_array(arena, c->n + 1, struct aaj_jail_chain);

    if (!chain)
        return -ENOMEM;
    for (size_t i = 0; i < c->n; i++) {
        chain[i] = (struct aaj_jail_chain){ aaj_arena_dup(arena, c->plan[i]->jail), c->plan[i]->uid };
        if (!chain[i].jail.p)
            return -ENOMEM;
    }
    *ret_chain = chain;
    *ret_n = c->n;
    return 0;
}

/* Owned from then on, whatever is returned. Sorted by uid; of two that say the same for one uid the first stays, and two
 * that do not are refused: the uid cannot have both. */
static int add(struct jail_chains *c, struct aaj_firewall_plan *plan, struct aaj_loc loc, struct aaj_diags *diags)
{
    const struct aaj_firewall_plan *same = jail_chains_find(c, plan->uid);
    struct aaj_firewall_plan **more;
    size_t i = c->n;
    int r = 0;

    if (same && !jail_chain_same(same, plan))
        r = aaj_error(diags, loc,
                      "'%.*s' and '%.*s' have the same uid, %u, but not the same chain: give each a user of its own",
                      AAJ_STR_ARG(same->jail), AAJ_STR_ARG(plan->jail), plan->uid);
    more = same ? NULL : realloc(c->plan, (c->n + 1) * sizeof(*more));
    if (!more) {
        aaj_firewall_plan_free(plan);
        return same ? r : -ENOMEM;
    }
    c->plan = more;
    for (; i > 0 && more[i - 1]->uid > plan->uid; i--)
        more[i] = more[i - 1];
    more[i] = plan;
    c->n++;
    return 0;
}

int jail_chains_look_up(const struct aaj_manifest *m, struct aaj_diags *diags, struct jail_chains *c)
{
    struct aaj_firewall_plan *plan = NULL;
    int r = aaj_firewall_plan_make(m, diags, &plan);

    if (r == 0)
        r = aaj_firewall_plan_resolve_user(plan, diags);
    if (r == 0)
        r = aaj_firewall_plan_resolve_hosts(plan, AAJ_FIREWALL_RESOLV_CONF, diags);
    if (r == 0)
        return add(c, plan, m->user.loc, diags);
    aaj_firewall_plan_free(plan);
    return r;
}

static int from_json(struct json_object *list, struct aaj_loc loc, struct aaj_diags *diags, struct jail_chains *c)
{
    size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
    int r = n > 0 && n <= CHAINS_MAX ? 0 : -EINVAL;

    for (size_t i = 0; i < n && r == 0; i++) {
        struct aaj_firewall_plan *plan = NULL;

        r = aaj_firewall_plan_from_json(json_object_array_get_idx(list, i), &plan);
        if (r == 0)
            r = add(c, plan, loc, diags);
    }
    return r;
}

int jail_chains_read(const char *dir, struct aaj_arena *arena, struct aaj_diags *diags, struct jail_chains *ret)
{
    struct aaj_str path = aaj_arena_printf(arena, "%s/" NUMBERS, dir), text;
    const struct aaj_loc loc = { .file = path };
    struct jail_chains c = { 0 };
    struct json_object *json;
    int r = path.p ? aaj_file_read(path.p, AAJ_FILE_MAX, arena, &text) : -ENOMEM;

    if (r == -ENOENT)
        return 0; /* a jail without a chain */
    if (r < 0)
        return r;
    json = json_tokener_parse(text.p);
    r = from_json(json, loc, diags, &c);
    json_object_put(json);
    if (r < 0) {
        aaj_error(diags, loc, "not saved chains; take the jail up from its build again");
        jail_chains_clear(&c);
        return r;
    }
    *ret = c;
    return 0;
}

int jail_chains_write(const char *dir, const struct jail_chains *c)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str path = aaj_arena_printf(&arena, "%s/" NUMBERS, dir);
    struct json_object *list = c->n ? json_object_new_array() : NULL;
    int r = path.p && (list || !c->n) ? 0 : -ENOMEM;

    for (size_t i = 0; i < c->n && r == 0; i++) {
        struct json_object *one = aaj_firewall_plan_to_json(c->plan[i]);

        r = one && json_object_array_add(list, one) == 0 ? 0 : -ENOMEM;
    }
    if (r == 0 && list)
        r = aaj_file_write(path.p, aaj_str_c(json_object_to_json_string(list)), 0600);
    json_object_put(list);
    aaj_arena_clear(&arena);
    return r;
}

/* ---- in the kernel ---- */

int jail_chains_apply(const struct aaj_jail_ctx *ctx, const struct jail_chains *c, struct aaj_diags *diags,
                      struct aaj_jail_result *result)
{
    struct aaj_firewall_result fr = { 0 };
    struct aaj_firewall *fw = NULL;
    int r = c->n ? aaj_firewall_open(&ctx->firewall, diags, &fw) : 0;

    if (r == 0 && fw)
        r = aaj_firewall_apply(fw, (const struct aaj_firewall_plan *const *)c->plan, c->n, diags, &fr);
    aaj_firewall_close(fw);
    result->changed |= fr.changed;
    result->closed |= fr.closed;
    return r;
}

int jail_chains_meet(const struct jail_chains *from, const struct jail_chains *to, struct jail_chains *ret)
{
    struct jail_chains both = { .plan = calloc(to->n + 1, sizeof(struct aaj_firewall_plan *)) };
    int r = both.plan ? 0 : -ENOMEM;

    for (size_t i = 0; i < to->n && r == 0; i++) {
        const struct aaj_firewall_plan *old = jail_chains_find(from, to->plan[i]->uid);

        r = aaj_firewall_plan_meet(old ? old : to->plan[i], to->plan[i], &both.plan[i]);
        both.n += r == 0;
    }
    if (r < 0)
        jail_chains_clear(&both);
    else
        *ret = both;
    return r;
}

int jail_chains_remove_left(const struct aaj_jail_ctx *ctx, const struct jail_chains *from, const struct jail_chains *to,
                            struct aaj_diags *diags, struct aaj_jail_result *result)
{
    struct aaj_firewall_result fr = { 0 };
    struct aaj_firewall *fw = NULL;
    uint32_t *uid = malloc((from->n + 1) * sizeof(*uid));
    size_t n = 0;
    int r = uid ? 0 : -ENOMEM;

    for (size_t i = 0; i < from->n && uid; i++)
        if (!to || !jail_chains_find(to, from->plan[i]->uid))
            uid[n++] = from->plan[i]->uid;
    if (n)
        r = aaj_firewall_open(&ctx->firewall, diags, &fw);
    if (r == 0 && fw)
        r = aaj_firewall_remove(fw, uid, n, diags, &fr);
    aaj_firewall_close(fw);
    free(uid);
    result->changed |= fr.changed;
    return r;
}
