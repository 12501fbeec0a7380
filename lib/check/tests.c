/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The manifest's policy tests. A path is resolved first, so that a test of /usr/sbin/sendmail is a test of the
 * program it leads to; a pattern is decided over all the names it matches. An allow test is about the jail's
 * main profile, a deny test about every profile of the jail; the owner's half and the other must both agree.
 */
#include <errno.h>
#include <string.h>

#include "ceiling/ceiling_private.h"
#include "check/decide.h"
#include "check/proof_private.h"
#include "glob/glob.h"
#include "match/automaton.h"
#include "match/names.h"

struct test {
    struct aaj_proof *p;
    const struct aaj_scalar *source;
    bool allow;
    struct aaj_arena arena;
};

static void test_fails(struct test *t, const struct aaj_match_profile *profile, struct aaj_str name, uint32_t mask,
                       bool owner)
{
    aaj_proof_fail(t->p, AAJ_PROOF_TESTS, t->source->loc, "policy test fails: %s %s %s%s",
                   aaj_proof_show(t->p, profile->name), t->allow ? "is denied" : "is granted",
                   aaj_proof_show(t->p, name), owner ? " (as the file's owner)" : "");
    if (!t->allow && mask)
        aaj_proof_name_rule(t->p, profile->name, name, mask);
}

static uint32_t half(const struct aaj_match_profile *p, struct aaj_str name, bool owner, uint32_t perms)
{
    struct aaj_perms have = aaj_match_file_perms(p, name, owner);

    return have.allow & ~have.deny & perms;
}

/* `w` is one question here, though a rule's `w` stands for append, create and delete, too. */
static uint32_t test_perms(uint32_t mask)
{
    if (mask & AAJ_MAY_WRITE)
        mask &= ~(uint32_t)AAJ_CEILING_WRITE | AAJ_MAY_WRITE;
    return aaj_replay_file_perms(mask);
}

/* Each letter on its own: `deny: /x rw` means neither. */
static void test_name(struct test *t, const struct aaj_match_profile *profile, struct aaj_str name, uint32_t perms)
{
    for (int owner = 1; owner >= 0; owner--) {
        uint32_t have = half(profile, name, owner, perms);

        if (t->allow ? have != perms : have != 0) {
            test_fails(t, profile, name, aaj_ceiling_may(perms), owner);
            return;
        }
    }
}

/* A pattern: denied means that no name it matches is granted anything of it; allowed that every name is. */
static int test_pattern(struct test *t, const struct aaj_match_profile *profile, struct aaj_str pattern, uint32_t perms)
{
    struct aaj_glob *glob;
    const char *why = "it is no pattern";
    int r = aaj_glob_compile(pattern, AAJ_GLOB_PATH, &glob, &why);

    if (r == -EINVAL) {
        aaj_proof_fail(t->p, AAJ_PROOF_TESTS, t->source->loc, "policy test cannot be read: %s", why);
        return 0;
    }
    if (r < 0)
        return r;
    for (uint32_t bit = 1; r == 0 && bit; bit <<= 1)
        for (unsigned who = AAJ_WHO_OWNER; r == 0 && perms & bit && who <= AAJ_WHO_OTHER; who++) {
            struct aaj_match_automaton m = { profile, bit, who };
            struct aaj_operand op[2] = { { .want = true }, { .want = !t->allow } };
            struct aaj_str name;

            r = aaj_glob_automaton(glob, &op[0].a);
            if (r < 0)
                break;
            aaj_match_file_automaton(&m, &op[1].a);
            r = aaj_product_find(op, 2, 0, &t->arena, &name);
            if (r == 1)
                test_fails(t, profile, name, aaj_ceiling_may(bit), who == AAJ_WHO_OWNER);
        }
    aaj_glob_free(glob);
    return r < 0 ? r : 0;
}

static int test_file(struct test *t, const struct aaj_match_profile *profile, const struct aaj_ceiling_rule *rule,
                     uint32_t perms)
{
    struct aaj_str name;

    if (!aaj_glob_is_literal(rule->glob, AAJ_GLOB_PATH, &t->arena, &name))
        return test_pattern(t, profile, rule->glob, perms);
    if (t->p->in->files) {
        int r = aaj_fsview_canonical(t->p->in->files, name, &t->arena, &name);

        if (r == -ENOMEM)
            return r;
    }
    test_name(t, profile, name, perms);
    return 0;
}

static int test_class(struct test *t, const struct aaj_match_profile *profile, const struct aaj_ceiling_rule *rule)
{
    struct aaj_decision d;
    int a, b;

    if (rule->class == AAJ_CLASS_CAPABILITY && (a = aaj_name_capability(rule->arg[0])) >= 0) {
        d = aaj_match_capability(profile, (unsigned)a);
    } else if (rule->class == AAJ_CLASS_NET && (a = aaj_name_family(rule->arg[0])) >= 0) {
        b = rule->arg[1].n ? aaj_name_socket_type(rule->arg[1]) : aaj_name_socket_type(AAJ_STR("stream"));
        d = aaj_match_net(profile, (unsigned)a, b > 0 ? (unsigned)b : 1, 0, NULL, NULL, AAJ_PERM_CREATE);
    } else {
        aaj_proof_fail(t->p, AAJ_PROOF_TESTS, t->source->loc,
                       "policy test cannot be read; there are tests of files (/etc/passwd w), capabilities "
                       "(capability chown), networks (network inet stream) and destinations (tcp 127.0.0.1:25)");
        return 0;
    }
    if (t->allow ? d.verdict == AAJ_DENY : d.verdict == AAJ_ALLOW)
        test_fails(t, profile, t->source->text, 0, false);
    return 0;
}

/* "tcp 127.0.0.1:25": the firewall chain's business, which the manifest's network section decides alone. */
static void test_dest(struct test *t, const struct aaj_dest *d)
{
    const struct aaj_manifest *m = t->p->in->manifest;
    bool held = false;

    for (size_t i = 0; i < m->n_dests; i++)
        held = held || (t->allow ? aaj_dest_covers : aaj_dest_touches)(&m->dest[i], d);
    if (held != t->allow)
        aaj_proof_fail(t->p, AAJ_PROOF_TESTS, t->source->loc, "policy test fails: network.allow %s %s",
                       t->allow ? "does not open" : "opens", aaj_proof_show(t->p, t->source->text));
}

/* The jail's own profile comes before its children. */
static bool is_main(const struct aaj_proof *p, size_t i)
{
    return p->in->own ? aaj_str_eq(aaj_match_profile(p->out->match, i)->name, p->in->own[0]) : i == 0;
}

static int run_test(struct aaj_proof *p, const struct aaj_scalar *source, bool allow)
{
    struct test t = { .p = p, .source = source, .allow = allow };
    struct aaj_str text = aaj_ceiling_expand(p->in->manifest, source->text, &t.arena);
    const struct aaj_match *match = p->out->match;
    struct aaj_ceiling_rule rule = { 0 };
    struct aaj_dest dest;
    const char *why;
    int r = 0;

    p->out->checked[AAJ_PROOF_TESTS]++;
    if (!text.p) {
        r = -ENOMEM;
    } else if (aaj_dest_parse(text, &dest, &why) == 0) {
        test_dest(&t, &dest);
    } else if (aaj_ceiling_read_rule(text, &rule, &why) < 0) {
        aaj_proof_fail(p, AAJ_PROOF_TESTS, source->loc, "policy test cannot be read: %s", why);
    } else {
        for (size_t i = 0; r == 0 && i < aaj_match_count(match); i++)
            if (allow ? is_main(p, i) : aaj_proof_is_own(p, aaj_match_profile(match, i)))
                r = rule.class == AAJ_CLASS_FILE
                        ? test_file(&t, aaj_match_profile(match, i), &rule, test_perms(rule.mask))
                        : test_class(&t, aaj_match_profile(match, i), &rule);
    }
    aaj_arena_clear(&t.arena);
    return r;
}

int aaj_proof_tests(struct aaj_proof *p)
{
    const struct aaj_manifest *m = p->in->manifest;
    int r = 0;

    p->out->ok[AAJ_PROOF_TESTS] = true;
    if (!m)
        return 0;
    for (size_t i = 0; r == 0 && i < m->test_allow.n; i++)
        r = run_test(p, &m->test_allow.item[i], true);
    for (size_t i = 0; r == 0 && i < m->test_deny.n; i++)
        r = run_test(p, &m->test_deny.item[i], false);
    return r;
}
