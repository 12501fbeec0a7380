/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A rule as libnftables lists it (libnftables-json(5)) → a rule of a plan. Every expression must be one
 * that aajail writes and mean the same, else the rule is foreign. The order of matches does not matter.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

#include "base/escape.h"
#include "base/grow.h"
#include "firewall/module/nft.h"

struct decoded {
    struct aaj_firewall_rule rule;
    struct aaj_str jail;
    const char *set; /* the rule is a lookup in this set */
    bool state, direction, limit, verdict, log;
    const char *why; /* not NULL: foreign */
};

static struct json_object *get(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;

    return json_object_is_type(o, json_type_object) && json_object_object_get_ex(o, key, &v) ? v : NULL;
}

static const char *str(struct json_object *o)
{
    return json_object_is_type(o, json_type_string) ? json_object_get_string(o) : NULL;
}

static bool is(struct json_object *o, const char *text)
{
    const char *s = str(o);

    return s && strcmp(s, text) == 0;
}

static bool number(struct json_object *o, int64_t lo, int64_t hi, int64_t *ret)
{
    if (!json_object_is_type(o, json_type_int))
        return false;
    *ret = json_object_get_int64(o);
    return *ret >= lo && *ret <= hi;
}

static bool take_proto(struct json_object *o, struct aaj_firewall_rule *r)
{
    const char *s = str(o);
    int64_t n = -1;

    if (s)
        n = strcmp(s, "tcp") == 0                                          ? IPPROTO_TCP
            : strcmp(s, "udp") == 0                                        ? IPPROTO_UDP
            : strcmp(s, "icmp") == 0                                       ? IPPROTO_ICMP
            : strcmp(s, "ipv6-icmp") == 0 || strcmp(s, "icmpv6") == 0      ? IPPROTO_ICMPV6
                                                                           : -1;
    else if (!number(o, 0, 255, &n))
        return false;
    if (n != IPPROTO_TCP && n != IPPROTO_UDP && n != IPPROTO_ICMP && n != IPPROTO_ICMPV6)
        return false;
    r->proto = n == IPPROTO_ICMPV6 ? IPPROTO_ICMP : (uint8_t)n;
    return true;
}

static bool take_ports(struct json_object *o, struct aaj_firewall_rule *r)
{
    struct json_object *range = get(o, "range");
    int64_t lo, hi;

    if (range && json_object_is_type(range, json_type_array) && json_object_array_length(range) == 2) {
        if (!number(json_object_array_get_idx(range, 0), 0, UINT16_MAX, &lo) ||
            !number(json_object_array_get_idx(range, 1), lo, UINT16_MAX, &hi))
            return false;
    } else {
        if (!number(o, 0, UINT16_MAX, &lo))
            return false;
        hi = lo;
    }
    r->port_lo = (uint16_t)lo;
    r->port_hi = (uint16_t)hi;
    return true;
}

static bool take_addr(struct json_object *o, bool v6, struct aaj_firewall_rule *r)
{
    struct json_object *prefix = get(o, "prefix");
    const char *text = prefix ? str(get(prefix, "addr")) : str(o);
    int64_t bits = v6 ? 128 : 32;

    if (!text || (prefix && !number(get(prefix, "len"), 0, bits, &bits)))
        return false;
    memset(&r->addr, 0, sizeof(r->addr));
    r->families = v6 ? AAJ_FIREWALL_V6 : AAJ_FIREWALL_V4;
    r->prefix = (uint8_t)bits;
    return inet_pton(v6 ? AF_INET6 : AF_INET, text, &r->addr) == 1;
}

/* ["established","related"], as a list or as {"set": […]}. */
static bool two_states(struct json_object *o)
{
    struct json_object *list = get(o, "set") ? get(o, "set") : o;
    unsigned seen = 0;

    if (!json_object_is_type(list, json_type_array) || json_object_array_length(list) != 2)
        return false;
    for (size_t i = 0; i < 2; i++) {
        seen |= is(json_object_array_get_idx(list, i), "established") ? 1 : 0;
        seen |= is(json_object_array_get_idx(list, i), "related") ? 2 : 0;
    }
    return seen == 3;
}

static bool take_payload(struct json_object *payload, struct json_object *right, struct decoded *d)
{
    struct json_object *protocol = get(payload, "protocol"), *field = get(payload, "field");
    const char *name = str(protocol);

    if (!name || !str(field))
        return false;
    if (is(field, "daddr") && (is(protocol, "ip") || is(protocol, "ip6")))
        return take_addr(right, is(protocol, "ip6"), &d->rule);
    if (!is(field, "dport") || (strcmp(name, "tcp") != 0 && strcmp(name, "udp") != 0))
        return false;
    d->rule.proto = name[0] == 't' ? IPPROTO_TCP : IPPROTO_UDP;
    return take_ports(right, &d->rule);
}

/* ip daddr . meta l4proto . th dport @set */
static bool take_lookup(struct json_object *concat, struct json_object *right, struct decoded *d)
{
    struct json_object *addr, *proto, *port;
    const char *set = str(right);

    if (!json_object_is_type(concat, json_type_array) || json_object_array_length(concat) != 3 || !set || set[0] != '@')
        return false;
    addr = get(json_object_array_get_idx(concat, 0), "payload");
    proto = get(json_object_array_get_idx(concat, 1), "meta");
    port = get(json_object_array_get_idx(concat, 2), "payload");
    d->rule.families = is(get(addr, "protocol"), "ip6") ? AAJ_FIREWALL_V6 : AAJ_FIREWALL_V4;
    d->set = set + 1;
    return (is(get(addr, "protocol"), "ip") || is(get(addr, "protocol"), "ip6")) && is(get(addr, "field"), "daddr") &&
           is(get(proto, "key"), "l4proto") && is(get(port, "protocol"), "th") && is(get(port, "field"), "dport");
}

static bool take_match(struct json_object *m, struct decoded *d)
{
    struct json_object *left = get(m, "left"), *right = get(m, "right");
    struct json_object *ct = get(get(left, "ct"), "key"), *meta = get(get(left, "meta"), "key");

    if (!is(get(m, "op"), "==") && !is(get(m, "op"), "in"))
        return false;
    if (is(ct, "state"))
        return d->state = two_states(right);
    if (is(ct, "direction"))
        return d->direction = is(right, "reply");
    if (is(meta, "l4proto"))
        return take_proto(right, &d->rule);
    if (is(meta, "nfproto")) {
        d->rule.families = is(right, "ipv6") ? AAJ_FIREWALL_V6 : AAJ_FIREWALL_V4;
        return is(right, "ipv4") || is(right, "ipv6");
    }
    if (get(left, "payload"))
        return take_payload(get(left, "payload"), right, d);
    return get(left, "concat") && take_lookup(get(left, "concat"), right, d);
}

static bool take_reject(struct json_object *reject, struct decoded *d)
{
    d->verdict = true;
    if (is(get(reject, "type"), "tcp reset")) {
        d->rule.verdict = AAJ_FIREWALL_RESET;
        return true;
    }
    d->rule.verdict = AAJ_FIREWALL_REJECT;
    /* A bare reject in an inet table is icmpx port-unreachable (nft(8)). */
    return !reject || json_object_is_type(reject, json_type_null) ||
           (is(get(reject, "type"), "icmpx") && is(get(reject, "expr"), "port-unreachable"));
}

static bool take_log(struct json_object *log, const char *chain, struct decoded *d)
{
    const char *prefix = str(get(log, "prefix"));
    size_t n = strlen(chain);
    struct json_object *flags = get(log, "flags"), *group = get(log, "group");
    int64_t number_of = -1;

    if (json_object_is_type(flags, json_type_array) && json_object_array_length(flags) == 1)
        flags = json_object_array_get_idx(flags, 0);
    d->verdict = d->log = true;
    d->rule.verdict = AAJ_FIREWALL_LOG;
    if (!prefix || strncmp(prefix, chain, n) != 0 || strcmp(prefix + n, " ") != 0)
        return false;
    if (group ? !number(group, 0, UINT16_MAX, &number_of) || flags : !is(flags, "skuid"))
        return false;
    d->rule.group = (int32_t)number_of;
    return json_object_object_length(log) == 2; /* nothing else is said */
}

static bool take_limit(struct json_object *limit, struct decoded *d)
{
    int64_t n;

    d->limit = true;
    return number(get(limit, "rate"), 6, 6, &n) && number(get(limit, "burst"), 10, 10, &n) &&
           is(get(limit, "per"), "minute") && !get(limit, "inv");
}

static bool take_expr(const char *key, struct json_object *value, const char *chain, struct decoded *d)
{
    int64_t n;

    if (d->verdict) /* nothing of ours stands behind the verdict */
        return false;
    if (strcmp(key, "match") == 0)
        return take_match(value, d);
    if (strcmp(key, "counter") == 0) {
        if (number(get(value, "packets"), 0, INT64_MAX, &n))
            d->rule.packets = (uint64_t)n;
        if (number(get(value, "bytes"), 0, INT64_MAX, &n))
            d->rule.bytes = (uint64_t)n;
        return true;
    }
    if (strcmp(key, "limit") == 0)
        return take_limit(value, d);
    if (strcmp(key, "log") == 0)
        return take_log(value, chain, d);
    if (strcmp(key, "reject") == 0)
        return take_reject(value, d);
    d->verdict = true;
    d->rule.verdict = AAJ_FIREWALL_ALLOW;
    return strcmp(key, "return") == 0;
}

static void decode(struct json_object *rule, const char *chain, struct aaj_arena *arena, struct decoded *d)
{
    struct json_object *expr = get(rule, "expr");
    struct aaj_str comment = aaj_str_c(str(get(rule, "comment"))), prefix = AAJ_STR("aajail ");

    d->rule = (struct aaj_firewall_rule){ .families = AAJ_FIREWALL_BOTH, .port_hi = UINT16_MAX };
    for (size_t i = 0; json_object_is_type(expr, json_type_array) && i < json_object_array_length(expr); i++) {
        struct json_object *e = json_object_array_get_idx(expr, i);

        if (!json_object_is_type(e, json_type_object)) {
            d->why = "something that is no expression";
            break;
        }
        json_object_object_foreach(e, key, value) {
            if (!d->why && !take_expr(key, value, chain, d))
                d->why = key;
        }
    }
    d->rule.reply = d->state;
    if (d->state != d->direction || d->limit != d->log || !d->verdict)
        d->why = d->why ? d->why : "half of an expression";
    if (d->rule.verdict == AAJ_FIREWALL_REJECT && aaj_str_starts(comment, prefix))
        d->jail = aaj_arena_dup(arena, aaj_str_skip(comment, prefix.n));
}

static int push(struct aaj_firewall_chain *c, size_t *cap, const struct aaj_firewall_rule *rule)
{
    if (AAJ_GROW(c->rule, c->n_rules, *cap) < 0)
        return -ENOMEM;
    c->rule[c->n_rules++] = *rule;
    return 0;
}

static int push_foreign(struct aaj_firewall_chain *c, size_t *cap, const char *why, struct aaj_arena *arena)
{
    struct aaj_firewall_rule rule = { .verdict = AAJ_FIREWALL_FOREIGN, .families = AAJ_FIREWALL_BOTH };

    rule.text = aaj_arena_printf(arena, "a rule with '%s' that aajail does not write",
                                 aaj_escape(arena, aaj_str_c(why)));
    return rule.text.p ? push(c, cap, &rule) : -ENOMEM;
}

static struct json_object *find_set(const struct nft_sets *sets, const char *name)
{
    for (size_t i = 0; i < json_object_array_length(sets->list); i++) {
        struct json_object *set = get(json_object_array_get_idx(sets->list, i), "set");

        if (set && is(get(set, "name"), name))
            return set;
    }
    return NULL;
}

/* Each element is a rule; an element that is none makes the whole lookup foreign. */
static int push_set(const struct nft_sets *sets, const struct decoded *d, struct aaj_arena *arena,
                    struct aaj_firewall_chain *c, size_t *cap)
{
    struct json_object *set = find_set(sets, d->set), *elem = get(set, "elem");
    int r = 0;

    if (!set || d->rule.verdict != AAJ_FIREWALL_ALLOW || d->rule.reply)
        return push_foreign(c, cap, d->set, arena);
    for (size_t i = 0; elem && i < json_object_array_length(elem) && r == 0; i++) {
        struct json_object *concat = get(json_object_array_get_idx(elem, i), "concat");
        struct aaj_firewall_rule rule = d->rule;

        if (!json_object_is_type(concat, json_type_array) || json_object_array_length(concat) != 3 ||
            !take_addr(json_object_array_get_idx(concat, 0), rule.families == AAJ_FIREWALL_V6, &rule) ||
            !take_proto(json_object_array_get_idx(concat, 1), &rule) ||
            !take_ports(json_object_array_get_idx(concat, 2), &rule))
            r = push_foreign(c, cap, d->set, arena);
        else
            r = push(c, cap, &rule);
    }
    return r;
}

int nft_add_rule(struct json_object *rule, const char *chain, const struct nft_sets *sets, struct aaj_arena *arena,
                 struct aaj_firewall_chain *c, size_t *cap)
{
    struct decoded d = { 0 };

    decode(rule, chain, arena, &d);
    if (d.why)
        return push_foreign(c, cap, d.why, arena);
    if (d.jail.n)
        c->jail = d.jail;
    return d.set ? push_set(sets, &d, arena, c, cap) : push(c, cap, &d.rule);
}
