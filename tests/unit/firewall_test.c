/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firewall/text.h"

static struct aaj_firewall_plan *make(const char *const *allow, bool replies, bool log)
{
    struct aaj_dest dest[16];
    struct aaj_manifest m = { .jail = { .text = AAJ_STR_INIT("app") },
                              .user = { .text = AAJ_STR_INIT("app") },
                              .network = true,
                              .replies = replies,
                              .log = log,
                              .log_group = -1,
                              .dest = dest };
    struct aaj_firewall_plan *plan = NULL;
    const char *why = NULL;

    for (; allow && *allow; allow++)
        if (aaj_dest_parse(aaj_str_c(*allow), &dest[m.n_dests++], &why) < 0)
            fail_msg("%s: %s", *allow, why);
    assert_int_equal(aaj_firewall_plan_make(&m, NULL, &plan), 0);
    return plan;
}

static char *print(const struct aaj_firewall_plan *plan, enum aaj_firewall_form form)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    assert_int_equal(aaj_firewall_print(out, plan, form), 0);
    fclose(out);
    return text;
}

static void test_order_and_cover_do_not_matter(void **state)
{
    const char *const one[] = { "tcp 10.0.0.0/8:80", "tcp 10.1.2.3:80", "udp [2001:db8::1]:53",
                                "tcp 10.0.0.0/8:81-90", "tcp 192.0.2.1:25", NULL };
    const char *const two[] = { "tcp 192.0.2.1:25", "tcp 10.0.0.0/8:80-90", "udp [2001:db8::1]:53", NULL };
    struct aaj_firewall_plan *a = make(one, true, false), *b = make(two, true, false);
    char *ta = print(a, AAJ_FIREWALL_IPTABLES), *tb = print(b, AAJ_FIREWALL_IPTABLES);

    assert_string_equal(ta, tb);
    assert_int_equal(a->n_rules, b->n_rules);
    assert_string_equal(ta, "# jail app: iptables-restore --noflush < FILE\n"
                            "# To take it away: iptables -D OUTPUT -m owner --uid-owner app -j aajail-app; "
                            "iptables -F aajail-app; iptables -X aajail-app\n"
                            "*filter\n"
                            ":aajail-app - [0:0]\n"
                            "-A aajail-app -m conntrack --ctstate RELATED,ESTABLISHED --ctdir REPLY -j RETURN\n"
                            "-A aajail-app -d 10.0.0.0/8 -p tcp -m tcp --dport 80:90 -j RETURN\n"
                            "-A aajail-app -d 192.0.2.1 -p tcp -m tcp --dport 25 -j RETURN\n"
                            "-A aajail-app -p tcp -j REJECT --reject-with tcp-reset\n"
                            "-A aajail-app -m comment --comment \"aajail app\" -j REJECT --reject-with "
                            "icmp-port-unreachable\n"
                            "-I OUTPUT 1 -m owner --uid-owner app -j aajail-app\n"
                            "COMMIT\n");
    free(ta);
    free(tb);
    aaj_firewall_plan_free(a);
    aaj_firewall_plan_free(b);
}

static enum aaj_firewall_verdict decide(const struct aaj_firewall_plan *plan, uint8_t proto, const char *addr,
                                        uint16_t port, bool reply)
{
    struct aaj_firewall_packet p = { .proto = proto, .port = port, .reply = reply };

    p.family = strchr(addr, ':') ? AF_INET6 : AF_INET;
    assert_int_equal(inet_pton(p.family, addr, &p.addr), 1);
    return aaj_firewall_decide(plan, &p);
}

static void test_decisions(void **state)
{
    const char *const allow[] = { "tcp 127.0.0.1:5432", "udp 10.0.5.0/25:1000-2000", "icmp 10.0.0.1", NULL };
    struct aaj_firewall_plan *p = make(allow, true, true);

    assert_int_equal(decide(p, IPPROTO_TCP, "127.0.0.1", 5432, false), AAJ_FIREWALL_ALLOW);
    assert_int_equal(decide(p, IPPROTO_TCP, "127.0.0.1", 25, false), AAJ_FIREWALL_RESET);
    assert_int_equal(decide(p, IPPROTO_TCP, "::1", 5432, false), AAJ_FIREWALL_RESET);
    assert_int_equal(decide(p, IPPROTO_TCP, "::1", 25, true), AAJ_FIREWALL_ALLOW);
    assert_int_equal(decide(p, IPPROTO_UDP, "10.0.5.127", 2000, false), AAJ_FIREWALL_ALLOW);
    assert_int_equal(decide(p, IPPROTO_UDP, "10.0.5.128", 2000, false), AAJ_FIREWALL_REJECT);
    assert_int_equal(decide(p, IPPROTO_UDP, "10.0.5.1", 999, false), AAJ_FIREWALL_REJECT);
    assert_int_equal(decide(p, IPPROTO_ICMP, "10.0.0.1", 0, false), AAJ_FIREWALL_ALLOW);
    assert_int_equal(decide(p, IPPROTO_ICMPV6, "fe80::1", 0, false), AAJ_FIREWALL_REJECT);
    assert_int_equal(decide(p, IPPROTO_SCTP, "127.0.0.1", 5432, false), AAJ_FIREWALL_REJECT);
    aaj_firewall_plan_free(p);
}

/* Whatever is sent, the meeting lets through just what both do; and the same, whichever is the old one. */
static void test_meet(void **state)
{
    static const char *const set[][8] = {
        { "tcp 10.0.0.0/8:80-90", "udp [2001:db8::1]:53", "tcp 192.0.2.1:25", "icmp 192.0.2.1", NULL },
        { "tcp 10.1.0.0/16:85-100", "udp [2001:db8::]/32", "resolver any", "tcp 192.0.2.1:26", NULL },
        { "tcp 10.1.2.3", "tcp [2001:db8::]/32:20-60", NULL },
        { "udp 10.0.0.0/8", "icmp [2001:db8::1]", "udp [::1]:53", NULL },
        { NULL },
    };
    static const char *const addr[] = { "10.1.2.3", "10.2.2.3", "192.0.2.1", "2001:db8::1", "2001:db8:1::7", "::1" };
    static const uint8_t proto[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP };
    static const uint16_t port[] = { 0, 25, 26, 53, 79, 80, 84, 85, 90, 91, 100, 101, 65535 };
    enum { N = sizeof(set) / sizeof(set[0]) };
    size_t both = 0;

    for (size_t i = 0; i < N * 2; i++)
        for (size_t k = 0; k < N * 2; k++) {
            struct aaj_firewall_plan *a = make(set[i / 2], i & 1, false), *b = make(set[k / 2], k & 1, true), *m = NULL;

            assert_int_equal(aaj_firewall_plan_meet(a, b, &m), 0);
            for (size_t x = 0; x < sizeof(addr) / sizeof(*addr); x++)
                for (size_t p = 0; p < sizeof(proto); p++)
                    for (size_t o = 0; o < sizeof(port) / sizeof(*port) * 2; o++) {
                        bool allowed = decide(a, proto[p], addr[x], port[o / 2], o & 1) == AAJ_FIREWALL_ALLOW &&
                                       decide(b, proto[p], addr[x], port[o / 2], o & 1) == AAJ_FIREWALL_ALLOW;

                        both += allowed;
                        assert_int_equal(decide(m, proto[p], addr[x], port[o / 2], o & 1) == AAJ_FIREWALL_ALLOW, allowed);
                    }
            aaj_firewall_plan_free(a);
            aaj_firewall_plan_free(b);
            aaj_firewall_plan_free(m);
        }
    assert_true(both > 1000);
}

/* "resolver" is nothing until it is applied, and then the name servers of the file, port 53 alone. */
static void test_resolver(void **state)
{
    static const char conf[] = "# nameserver 192.0.2.1\n; nameserver 192.0.2.2\nsearch example.org\n"
                               "nameserver 127.0.0.53\nnameserver\t2001:db8::53  trust-ad\r\n nameserver 192.0.2.3\n"
                               "nameserver fe80::1%eth0\nnameservers 192.0.2.4\nnameserver 192.0.2.555\nnameserver\n"
                               "nameserver 127.0.0.53\nnameserver 192.0.2.9";
    static const struct {
        const char *addr;
        uint8_t proto;
        uint16_t port;
        bool with, without;
    } row[] = {
        { "127.0.0.53", IPPROTO_UDP, 53, true, false },    { "127.0.0.53", IPPROTO_TCP, 53, true, false },
        { "2001:db8::53", IPPROTO_UDP, 53, true, false },  { "fe80::1", IPPROTO_UDP, 53, true, false },
        { "192.0.2.9", IPPROTO_UDP, 53, true, false },     { "192.0.2.1", IPPROTO_UDP, 53, false, false },
        { "192.0.2.2", IPPROTO_UDP, 53, false, false },    { "192.0.2.3", IPPROTO_UDP, 53, false, false },
        { "192.0.2.4", IPPROTO_UDP, 53, false, false },    { "127.0.0.53", IPPROTO_UDP, 54, false, false },
        { "127.0.0.53", IPPROTO_ICMP, 0, false, false },   { "127.0.0.1", IPPROTO_UDP, 53, false, true },
    };
    static const char *const allow[] = { "resolver", NULL };
    struct aaj_firewall_plan *with = make(allow, true, false), *without = make(allow, true, false),
                             *folder = make(allow, true, false);
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    char path[] = "/tmp/aajail-resolv-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, conf, sizeof(conf) - 1), sizeof(conf) - 1);
    close(fd);
    assert_int_equal(with->n_hosts, 1);
    assert_int_equal(decide(with, IPPROTO_UDP, "127.0.0.53", 53, false), AAJ_FIREWALL_REJECT);
    assert_int_equal(aaj_firewall_plan_resolve_hosts(with, path, &diags), 0);
    unlink(path);
    /* resolv.conf(5): none named, so the one on this machine. */
    assert_int_equal(aaj_firewall_plan_resolve_hosts(without, path, &diags), 0);
    assert_true(aaj_firewall_plan_resolve_hosts(folder, "/", &diags) < 0);
    assert_int_equal(folder->n_hosts, 1);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        if ((decide(with, row[i].proto, row[i].addr, row[i].port, false) == AAJ_FIREWALL_ALLOW) != row[i].with ||
            (decide(without, row[i].proto, row[i].addr, row[i].port, false) == AAJ_FIREWALL_ALLOW) != row[i].without)
            fail_msg("%s proto %u port %u", row[i].addr, row[i].proto, row[i].port);
    }
    assert_int_equal(with->n_hosts, 0);
    assert_int_equal(diags.errors, 1);
    aaj_firewall_plan_free(with);
    aaj_firewall_plan_free(without);
    aaj_firewall_plan_free(folder);
    aaj_diags_clear(&diags);
}

static void test_json_there_and_back(void **state)
{
    /* 256 is no other way to say everything. */
    static const char *const bad[] = {
        "\"families\":\"ipv4\",\"to\":\"10.0.0.0/33\"",  "\"families\":\"ipv4\",\"to\":\"10.0.0.0/256\"",
        "\"families\":\"ipv4\",\"to\":\"10.0.0.0/\"",    "\"families\":\"ipv4\",\"to\":\"10.0.0.0/-1\"",
        "\"families\":\"ipv4\",\"to\":\"10.0.0.0/8x\"",  "\"families\":\"ipv6\",\"to\":\"::/4294967296\"",
        "\"families\":\"both\",\"to\":\"10.0.0.0/8\"",   "\"families\":\"ipv4\",\"port_lo\":9,\"port_hi\":8",
        "\"families\":\"ipv4\",\"port_lo\":65536",         "\"families\":\"none\"",
    };
    const char *const allow[] = { "tcp 127.0.0.1:5432", "udp [2001:db8::]/32:1000-2000", "icmp 10.0.0.1",
                                  "resolver any", "resolver 192.0.2.53", NULL };
    struct aaj_firewall_plan *a = make(allow, true, true), *b = NULL;
    struct json_object *json;

    assert_int_equal(aaj_firewall_plan_set_uid(a, 10004, NULL), 0);
    for (size_t i = 0; i < a->n_rules; i++)
        if (a->rule[i].verdict == AAJ_FIREWALL_LOG)
            a->rule[i].group = 7;
    json = aaj_firewall_plan_to_json(a);
    assert_int_equal(aaj_firewall_plan_from_json(json, &b), 0);
    assert_int_equal(a->n_rules, b->n_rules);
    for (size_t i = 0; i < a->n_rules; i++)
        assert_true(aaj_firewall_rule_eq(&a->rule[i], &b->rule[i]));
    json_object_put(json);
    aaj_firewall_plan_free(a);
    aaj_firewall_plan_free(b);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[256];

        snprintf(text, sizeof(text), "{\"jail\":\"a\",\"user\":\"a\",\"uid\":7,\"rules\":[{\"verdict\":\"allow\",%s}]}", bad[i]);
        json = json_tokener_parse(text);
        assert_non_null(json);
        assert_int_equal(aaj_firewall_plan_from_json(json, &b), -EINVAL);
        json_object_put(json);
    }
}

static void test_refusals(void **state)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_manifest m = { .jail = { .text = AAJ_STR_INIT("a\"b") }, .user = { .text = AAJ_STR_INIT("app") } };
    struct aaj_firewall_plan *plan = NULL;
    char name[AAJ_FIREWALL_NAME_MAX + 1];

    assert_int_equal(aaj_firewall_plan_make(&m, &diags, &plan), -EINVAL);
    m.jail.text = AAJ_STR("app");
    m.user.text = AAJ_STR("a-user-name-of-22-char");
    assert_int_equal(aaj_firewall_plan_make(&m, &diags, &plan), 0);
    assert_int_equal(aaj_firewall_chain_name(plan, name), -ENAMETOOLONG);
    assert_int_equal(aaj_firewall_plan_set_uid(plan, 0, &diags), -EINVAL);
    assert_int_equal(aaj_firewall_plan_set_uid(plan, UINT32_MAX, &diags), -EINVAL);
    assert_int_equal(aaj_firewall_plan_set_uid(plan, 4294967294u, &diags), 0);
    assert_int_equal(aaj_firewall_chain_name(plan, name), 0);
    assert_string_equal(name, "aajail-4294967294");
    /* No network section: replies, and nothing else. */
    assert_int_equal(plan->n_rules, 3);
    assert_true(plan->rule[0].reply);
    assert_int_equal(diags.errors, 3);
    aaj_firewall_plan_free(plan);
    aaj_diags_clear(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_cover_do_not_matter), cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_resolver),                      cmocka_unit_test(test_json_there_and_back),
        cmocka_unit_test(test_refusals),                      cmocka_unit_test(test_meet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
