/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan as JSON: printed for programs, kept for the journal and for the next boot. */
#include <arpa/inet.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/json.h"
#include "firewall/rules.h"
#include "firewall/text.h"

static const char *const verdicts[] = {
    [AAJ_FIREWALL_ALLOW] = "allow",   [AAJ_FIREWALL_LOG] = "log",         [AAJ_FIREWALL_RESET] = "reset",
    [AAJ_FIREWALL_REJECT] = "reject", [AAJ_FIREWALL_FOREIGN] = "foreign",
};
static const char *const families[] = { "none", "ipv4", "ipv6", "both" };

static const struct {
    uint8_t number;
    const char *name;
} protos[] = { { 0, "any" }, { IPPROTO_TCP, "tcp" }, { IPPROTO_UDP, "udp" }, { IPPROTO_ICMP, "icmp" } };

static struct json_object *rule_to_json(const struct aaj_firewall_rule *r)
{
    struct json_object *o = json_object_new_object();
    char addr[INET6_ADDRSTRLEN + 4];

    if (!o)
        return NULL;
    aaj_json_add(o, "verdict", aaj_str_c(verdicts[r->verdict]));
    aaj_json_add(o, "families", aaj_str_c(families[r->families & 3]));
    if (r->reply)
        json_object_object_add(o, "reply", json_object_new_boolean(1));
    for (size_t i = 0; i < sizeof(protos) / sizeof(protos[0]); i++)
        if (protos[i].number == r->proto && r->proto)
            aaj_json_add(o, "proto", aaj_str_c(protos[i].name));
    if (r->prefix) {
        aaj_firewall_addr_text(r, addr);
        aaj_json_add(o, "to", aaj_str_c(addr));
    }
    if (r->port_lo != 0 || r->port_hi != UINT16_MAX) {
        json_object_object_add(o, "port_lo", json_object_new_int(r->port_lo));
        json_object_object_add(o, "port_hi", json_object_new_int(r->port_hi));
    }
    if (r->verdict == AAJ_FIREWALL_LOG && r->group >= 0)
        json_object_object_add(o, "group", json_object_new_int(r->group));
    if (r->verdict == AAJ_FIREWALL_FOREIGN)
        aaj_json_add(o, "text", r->text);
    return o;
}

struct json_object *aaj_firewall_plan_to_json(const struct aaj_firewall_plan *plan)
{
    struct json_object *o = json_object_new_object(), *rules = json_object_new_array(),
                       *hosts = json_object_new_array();

    if (!o || !rules || !hosts) {
        json_object_put(o);
        json_object_put(rules);
        json_object_put(hosts);
        return NULL;
    }
    aaj_json_add(o, "jail", plan->jail);
    aaj_json_add(o, "user", plan->user);
    if (plan->has_uid)
        json_object_object_add(o, "uid", json_object_new_int64(plan->uid));
    for (size_t i = 0; i < plan->n_rules; i++)
        json_object_array_add(rules, rule_to_json(&plan->rule[i]));
    for (size_t i = 0; i < plan->n_hosts; i++)
        json_object_array_add(hosts, aaj_json_bytes(plan->host[i].dest.source.text));
    json_object_object_add(o, "rules", rules);
    json_object_object_add(o, "unresolved", hosts);
    return o;
}

static const char *get_str(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;

    if (!json_object_object_get_ex(o, key, &v) || !json_object_is_type(v, json_type_string))
        return NULL;
    return json_object_get_string(v);
}

static int get_num(struct json_object *o, const char *key, int64_t lo, int64_t hi, int64_t *ret)
{
    struct json_object *v = NULL;
    int64_t n;

    if (!json_object_object_get_ex(o, key, &v))
        return -ENOENT;
    n = json_object_get_int64(v);
    if (!json_object_is_type(v, json_type_int) || n < lo || n > hi)
        return -EINVAL;
    *ret = n;
    return 0;
}

static int find_name(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n && name; i++)
        if (strcmp(list[i], name) == 0)
            return (int)i;
    return -EINVAL;
}

static int dest_from_json(struct json_object *o, struct aaj_dest *d)
{
    const char *to = get_str(o, "to"), *proto = get_str(o, "proto"), *slash;
    int family = find_name(families, 4, get_str(o, "families")), r = proto ? -EINVAL : 0;
    char addr[INET6_ADDRSTRLEN + 4] = "", *end = addr;
    unsigned long prefix, bits;
    int64_t lo = 0, hi = UINT16_MAX;

    for (size_t i = 0; i < sizeof(protos) / sizeof(protos[0]) && r < 0; i++)
        if (strcmp(protos[i].name, proto) == 0) {
            d->proto = protos[i].number;
            r = 0;
        }
    if (r < 0 || family < 1)
        return -EINVAL;
    d->family = family == AAJ_FIREWALL_V4 ? AF_INET : family == AAJ_FIREWALL_V6 ? AF_INET6 : AF_UNSPEC;
    if (get_num(o, "port_lo", 0, UINT16_MAX, &lo) == -EINVAL ||
        get_num(o, "port_hi", lo, UINT16_MAX, &hi) == -EINVAL)
        return -EINVAL;
    d->port_lo = (uint16_t)lo;
    d->port_hi = (uint16_t)hi;
    if (!to)
        return 0;
    slash = strchrnul(to, '/');
    if ((size_t)(slash - to) >= sizeof(addr) || d->family == AF_UNSPEC)
        return -EINVAL;
    memcpy(addr, to, (size_t)(slash - to));
    bits = d->family == AF_INET ? 32 : 128;
    prefix = *slash ? strtoul(slash + 1, &end, 10) : bits;
    if (inet_pton(d->family, addr, &d->addr) != 1 || prefix > bits || (*slash && (slash[1] < '0' || slash[1] > '9' || *end)))
        return -EINVAL;
    d->prefix = (uint8_t)prefix;
    return 0;
}

/* The refusal at the end is not read but made: no saved file can leave it out. */
static int rules_from_json(struct json_object *list, struct aaj_firewall_plan *plan, bool *ret_log,
                           int32_t *ret_group)
{
    int r = 0;

    for (size_t i = 0; i < json_object_array_length(list) && r == 0; i++) {
        struct json_object *o = json_object_array_get_idx(list, i), *reply = NULL;
        int verdict = find_name(verdicts, 4, get_str(o, "verdict"));
        struct aaj_dest d = { .kind = AAJ_DEST_ADDRESS };

        if (verdict < 0)
            return -EINVAL;
        if (verdict == AAJ_FIREWALL_LOG) {
            int64_t group = -1;

            if (get_num(o, "group", 0, UINT16_MAX, &group) == -EINVAL)
                return -EINVAL;
            *ret_log = true;
            *ret_group = (int32_t)group;
        }
        if (verdict != AAJ_FIREWALL_ALLOW)
            continue;
        if (json_object_object_get_ex(o, "reply", &reply) && json_object_get_boolean(reply)) {
            r = aaj_firewall_rules_add_replies(plan);
            continue;
        }
        r = dest_from_json(o, &d);
        if (r == 0)
            r = aaj_firewall_rules_add_dest(plan, &d);
    }
    return r;
}

int aaj_firewall_plan_from_json(struct json_object *json, struct aaj_firewall_plan **ret_plan)
{
    struct aaj_firewall_plan *plan = calloc(1, sizeof(*plan));
    const char *jail = get_str(json, "jail"), *user = get_str(json, "user");
    struct json_object *rules = NULL;
    int32_t group = -1;
    bool log = false;
    int64_t uid;
    int r = -EINVAL;

    if (!plan)
        return -ENOMEM;
    if (jail && user && json_object_object_get_ex(json, "rules", &rules) &&
        json_object_is_type(rules, json_type_array) && get_num(json, "uid", 1, UINT32_MAX - 1, &uid) == 0) {
        plan->jail = aaj_arena_dup(&plan->arena, aaj_str_c(jail));
        plan->user = aaj_arena_dup(&plan->arena, aaj_str_c(user));
        plan->uid = (uint32_t)uid;
        plan->has_uid = true;
        r = plan->jail.p && plan->user.p ? rules_from_json(rules, plan, &log, &group) : -ENOMEM;
    }
    if (r == 0)
        r = aaj_firewall_rules_finish(plan, log, group);
    if (r < 0) {
        aaj_firewall_plan_free(plan);
        return r;
    }
    *ret_plan = plan;
    return 0;
}
