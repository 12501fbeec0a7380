/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AppArmor's own cases, NAME.in with NAME.profile: what one event of a log is to become as a rule. First in
 * their spelling, byte for byte, which proves what was read; then from the learner, whose rules have to mean
 * the same.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/grow.h"
#include "learn/learn.h"
#include "policy/parse.h"
#include "policy/print.h"
#include "recording/intake.h"
#include "upstream.h"

enum { CASES = 142, TEXT_MAX = 1 << 20 };

/* AUDIT events, which upstream's test never compares: the rules in these files are nobody's. */
static const char *const never_compared[] = { "testcase36", "testcase_userns_02" };

/* Of 3.0.8's cases those that its own code does not reproduce (known failures and skipped cases of its test).
 */
static const char *const fails_upstream[] = { "testcase01", "testcase12", "testcase13", "testcase_dbus_09" };

static struct aaj_arena arena = AAJ_ARENA_INIT;
static struct aaj_diags diags = AAJ_DIAGS_INIT;

static bool is_in(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

static const char *peer(const char *path)
{
    const char *shared = getenv("AAJ_SHARED");

    return aaj_arena_printf(&arena, "%s/data/peer/%s", shared ? shared : "", path).p;
}

static struct aaj_str text_of(const char *path)
{
    struct aaj_str text = { 0 };

    if (aaj_file_read(path, TEXT_MAX, &arena, &text) < 0)
        return (struct aaj_str){ 0 };
    return text;
}

/* ---- in upstream's own words ---- */

struct wanted {
    enum upstream_version version;
    char *text;
};

static int on_event(void *data, const struct aaj_event *event, const struct aaj_log_head *head,
                    const struct aaj_log_record *record)
{
    struct aaj_log_record copy = *record;
    struct wanted *w = data;
    size_t n;
    FILE *out;

    free(w->text);
    out = open_memstream(&w->text, &n);
    upstream_profile(out, w->version, event, &copy);
    fclose(out);
    return 0;
}

static bool is_reproduced(enum upstream_version version, const char *name, struct aaj_str expected)
{
    const struct aaj_log_handler handler = { .event = on_event };
    struct aaj_str in = text_of(aaj_arena_printf(&arena, "%s/%s.in", peer("test_multi"), name).p);
    struct wanted w = { version, NULL };
    struct aaj_log_reader *reader;
    bool same;

    assert_int_equal(aaj_log_reader_new(&handler, &w, &reader), 0);
    assert_int_equal(aaj_log_reader_feed(reader, in.p, in.n), 0);
    assert_int_equal(aaj_log_reader_finish(reader), 0);
    aaj_log_reader_free(reader);
    same = w.text && aaj_str_eq(aaj_str_c(w.text), expected);
    if (!same)
        print_message("%s: expected\n%sgot\n%s", name, expected.p, w.text ? w.text : "no event\n");
    free(w.text);
    return same;
}

/* Calls @visit for each case that has a profile; returns how many. */
static unsigned each_case(void (*visit)(const char *name, struct aaj_str profile))
{
    struct dirent **entry;
    unsigned cases = 0;
    int n = scandir(peer("test_multi"), &entry, NULL, alphasort);

    if (n < 0) {
        print_message("AppArmor's test_multi is not here (AAJ_SHARED)\n");
        skip();
    }
    for (int i = 0; i < n; i++) {
        size_t len = strlen(entry[i]->d_name);

        if (len > 8 && strcmp(entry[i]->d_name + len - 8, ".profile") == 0) {
            struct aaj_str text =
                text_of(aaj_arena_printf(&arena, "%s/%s", peer("test_multi"), entry[i]->d_name).p);

            entry[i]->d_name[len - 8] = '\0';
            visit(entry[i]->d_name, text);
            cases++;
        }
        free(entry[i]);
    }
    free(entry);
    aaj_arena_clear(&arena);
    return cases;
}

static unsigned equal, compared;

static void compare_5(const char *name, struct aaj_str profile)
{
    if (is_in(never_compared, AAJ_ARRAY_SIZE(never_compared), name))
        return;
    compared++;
    equal += is_reproduced(UPSTREAM_5, name, profile);
}

static void test_words_of_5(void **state)
{
    equal = compared = 0;
    assert_int_equal(each_case(compare_5), CASES);
    assert_int_equal(compared, 140);
    assert_int_equal(equal, compared);
}

static void compare_3(const char *name, struct aaj_str profile)
{
    struct aaj_str older =
        text_of(aaj_arena_printf(&arena, "%s/%s.profile", peer("test_multi_3.0.8_profiles"), name).p);

    if (!older.p || is_in(fails_upstream, AAJ_ARRAY_SIZE(fails_upstream), name))
        return;
    assert_false(aaj_str_eq(older, profile));
    compared++;
    equal += is_reproduced(UPSTREAM_3, name, older);
}

static void test_words_of_3(void **state)
{
    equal = compared = 0;
    assert_int_equal(each_case(compare_3), CASES);
    assert_int_equal(compared, 18 - AAJ_ARRAY_SIZE(fails_upstream));
    assert_int_equal(equal, compared);
}

/* ---- from the learner ---- */

static struct aaj_target everything;

static struct aaj_recording *record(const char *name)
{
    const char *path = aaj_arena_printf(&arena, "%s/%s.in", peer("test_multi"), name).p;
    struct aaj_intake_input input = { .fd = open(path, O_RDONLY | O_CLOEXEC), .name = aaj_str_c(path) };
    struct aaj_intake_options options = { 0 };
    struct aaj_recording *rec;

    assert_true(input.fd >= 0);
    assert_int_equal(aaj_recording_new(&rec), 0);
    assert_int_equal(aaj_intake(rec, &input, 1, &options, &diags), 0);
    close(input.fd);
    return rec;
}

static struct aaj_learned *learn(struct aaj_recording *rec)
{
    static const char yaml[] = "{ jail: app, slave: /no/such/slave, exec: { '/**': inherit } }";
    struct aaj_learn_input in = {
        .recording = rec, .target = &everything, .off = UINT32_MAX, .grant_denied = true
    };
    const struct aaj_access *access;
    struct aaj_learned *learned = NULL;
    struct aaj_manifest *m;
    size_t n;

    in.template_name = AAJ_STR("nothing");
    in.template_text = AAJ_STR("profile nothing {\n}\n");
    assert_int_equal(aaj_manifest_parse(aaj_str_c(yaml), AAJ_STR("m.yaml"), &diags, &m), 0);
    assert_int_equal(aaj_recording_accesses(rec, &access, &n), 0);
    assert_true(n > 0);
    in.manifest = m;
    in.label = in.name = aaj_label_top(aaj_recording_str(rec, access[0].label));
    if (aaj_str_eq(in.label, AAJ_STR("unconfined"))) /* nobody's jail: the learner refuses that */
        assert_int_equal(aaj_learn_run(&in, &diags, &learned), -ENOENT);
    else
        assert_int_equal(aaj_learn_run(&in, &diags, &learned), 0);
    aaj_manifest_free(m);
    return learned;
}

static int by_value(const void *a, const void *b)
{
    return aaj_str_cmp(((const struct aaj_text *)a)->value, ((const struct aaj_text *)b)->value);
}

/* What the two say differently on purpose, or in another order. */
static void level(struct aaj_rule *rule, struct aaj_str label)
{
    struct aaj_conds *conds = &rule->access.conds;

    rule->prefix.owner = AAJ_OWNER_ANY; /* ours needs more evidence than one event, and not root's alone */
    if (rule->kind == AAJ_RULE_LINK) {  /* ours says what the link leads to */
        rule->kind = AAJ_RULE_FILE;
        rule->file.target = (struct aaj_text){ { 0 }, { 0 } };
        rule->file.keyword = false;
    }
    if (rule->kind == AAJ_RULE_UNIX && aaj_text_set(rule->access.arg[0]))
        return;
    if (rule->kind < AAJ_RULE_NETWORK || rule->kind > AAJ_RULE_PIVOT_ROOT)
        conds = rule->kind == AAJ_RULE_IO_URING ? conds : NULL;
    if (rule->kind == AAJ_RULE_UNIX) /* upstream leaves the peer's label out */
        for (uint32_t i = 0; i < rule->access.peer.n; i++)
            if (aaj_str_eq(rule->access.peer.item[i].key.value, AAJ_STR("label")))
                rule->access.peer.n = i;
    rule->access.peer.said = rule->access.peer.said && rule->access.peer.n;
    for (uint32_t i = 0; conds && i < conds->n; i++) {
        qsort(conds->item[i].values.item, conds->item[i].values.n, sizeof(struct aaj_text), by_value);
        if (aaj_str_eq(conds->item[i].values.item[0].value, AAJ_STR("@{profile_name}")))
            conds->item[i].values.item[0] = (struct aaj_text){ label, label };
    }
}

struct rules {
    struct aaj_rule rule[8];
    size_t n;
};

static int collect(void *ctx, struct aaj_item *item)
{
    struct rules *rules = ctx;

    if (item->kind == AAJ_ITEM_RULE) {
        assert_true(rules->n < AAJ_ARRAY_SIZE(rules->rule));
        rules->rule[rules->n++] = item->rule;
    }
    return 0;
}

/* Where ours is another rule, and why. */
static const struct {
    const char *name, *why;
} differs[] = {
    { "file_perm_network_lp1466812", "the peer's port was picked by its kernel" },
    { "file_perm_network_receive_lp1577051", "the peer's port was picked by its kernel" },
    { "file_perm_network_receive_lp1582374", "the peer's port was picked by its kernel" },
    { "testcase_network_04", "the peer's port was picked by its kernel" },
    { "testcase_network_05", "the peer's port was picked by its kernel" },
    { "testcase_network_12", "the slave's own port was picked by the kernel" },
    { "testcase_network_send_receive",
      "the slave's own port was picked by the kernel; and dash is executed" },
    { "testcase_encoded_profile", "stat() needs no rule" },
    { "testcase_unix_no_denied_issue541", "what was asked for counts where the record says no more" },
};

static bool is_known_to_differ(const char *name)
{
    for (size_t i = 0; i < AAJ_ARRAY_SIZE(differs); i++)
        if (strcmp(differs[i].name, name) == 0)
            return true;
    return false;
}

static bool same_rules(struct rules *ours, struct rules *theirs, struct aaj_str label)
{
    bool same = ours->n == theirs->n;

    for (size_t i = 0; same && i < ours->n; i++) {
        level(&ours->rule[i], label);
        level(&theirs->rule[i], label);
        same = aaj_rule_eq(&ours->rule[i], &theirs->rule[i]);
    }
    return same;
}

static unsigned different;

static void compare_rules(const char *name, struct aaj_str profile)
{
    struct aaj_recording *rec;
    struct aaj_learned *learned;
    struct aaj_policy *policy;
    struct rules ours = { 0 }, theirs = { 0 };
    bool same;

    if (is_in(never_compared, AAJ_ARRAY_SIZE(never_compared), name))
        return;
    rec = record(name);
    learned = learn(rec);
    assert_int_equal(aaj_policy_parse(profile, aaj_str_c(name), NULL, &diags, &policy), 0);
    aaj_policy_walk(policy, false, collect, &theirs);
    for (size_t i = 0; learned && i < learned->n_rules; i++)
        collect(&ours, learned->rule[i].item);
    same = same_rules(&ours, &theirs, learned ? learned->label : AAJ_STR(""));
    if (same == is_known_to_differ(name)) {
        print_message("%s: upstream's rule is\n%s", name, profile.p);
        for (size_t i = 0; i < ours.n; i++)
            print_message("ours: %s\n", aaj_rule_text(&arena, &ours.rule[i]).p);
        for (size_t i = 0; learned && i < learned->n_refused; i++)
            print_message("refused: %s\n", aaj_refusal_reason(learned->refused[i].why));
        fail_msg("%s: %s", name, same ? "is said to differ and does not" : "the learner's rule is another");
    }
    different += !same;
    compared++;
    aaj_policy_free(policy);
    aaj_learned_free(learned);
    aaj_recording_free(rec);
}

static void test_learned(void **state)
{
    compared = different = 0;
    assert_int_equal(each_case(compare_rules), CASES);
    assert_int_equal(compared, 140);
    assert_int_equal(different, AAJ_ARRAY_SIZE(differs));
}

static int setup(void **state)
{
    struct aaj_target *target;

    if (aaj_target_open(NULL, getenv("AAJ_SOURCE"), &diags, &target) < 0)
        return -1;
    *state = target;
    everything = *target;
    everything.parser_version = 50000;
    everything.parser_features = everything.mediates = UINT32_MAX;
    return 0;
}

static int teardown(void **state)
{
    aaj_target_free(*state);
    aaj_diags_clear(&diags);
    aaj_arena_clear(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_of_5),
        cmocka_unit_test(test_words_of_3),
        cmocka_unit_test(test_learned),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
