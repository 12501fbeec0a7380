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

#include "firewall/text.h"

static struct aaj_firewall_plan *make(const char *const *allow, bool replies, bool log)
{
    struct aaj_dest dest[16];
    struct aaj_manifest m = { .jail = { .text = AAJ_STR_INIT("app") },
                              .user = { .text = AAJ_STR_INIT("app") },
                              .network = true,
                              .replies = replies,
                              .log = log,
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

static void test_reaches(void **state)
{
    const char *const allow[] = { "tcp 10.0.0.0/8:80-90", NULL };
    struct aaj_firewall_plan *p = make(allow, true, false);
    const struct {
        const char *dest;
        bool reached;
    } row[] = {
        { "tcp 10.1.1.1:85", true },      { "tcp 10.0.0.0/8:90-95", true }, { "tcp 0.0.0.0/0:80", true },
        { "tcp 10.1.1.1:91", false },     { "udp 10.1.1.1:85", false },     { "tcp 11.0.0.1:85", false },
        { "tcp [2001:db8::1]:85", false }, { "tcp 127.0.0.1:25", false },
    };
    const char *why;

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct aaj_dest d;

        assert_int_equal(aaj_dest_parse(aaj_str_c(row[i].dest), &d, &why), 0);
        assert_int_equal(aaj_firewall_plan_reaches(p, &d), row[i].reached);
    }
    aaj_firewall_plan_free(p);
}

static void test_json_there_and_back(void **state)
{
    const char *const allow[] = { "tcp 127.0.0.1:5432", "udp [2001:db8::]/32:1000-2000", "icmp 10.0.0.1",
                                  "resolver", NULL };
    struct aaj_firewall_plan *a = make(allow, true, true), *b = NULL;
    struct json_object *json;

    assert_int_equal(aaj_firewall_plan_set_uid(a, 10004, NULL), 0);
    json = aaj_firewall_plan_to_json(a);
    assert_int_equal(aaj_firewall_plan_from_json(json, &b), 0);
    assert_int_equal(a->n_rules, b->n_rules);
    for (size_t i = 0; i < a->n_rules; i++)
        assert_true(aaj_firewall_rule_eq(&a->rule[i], &b->rule[i]));
    json_object_put(json);
    aaj_firewall_plan_free(a);
    aaj_firewall_plan_free(b);
    json = json_tokener_parse("{\"jail\":\"a\",\"user\":\"a\",\"uid\":7,\"rules\":[{\"verdict\":\"allow\","
                              "\"families\":\"ipv4\",\"to\":\"10.0.0.0/33\"}]}");
    assert_int_equal(aaj_firewall_plan_from_json(json, &b), -EINVAL);
    json_object_put(json);
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
        cmocka_unit_test(test_reaches),                       cmocka_unit_test(test_json_there_and_back),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
