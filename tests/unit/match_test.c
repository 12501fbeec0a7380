/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The evaluator against questions whose answers a real kernel's rules decide. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "match/match.h"
#include "match/names.h"

struct fixture {
    struct aaj_arena arena;
    char dir[4000];
};

static int setup(void **state)
{
    static struct fixture f;
    const char *shared = getenv("AAJ_SHARED");

    f = (struct fixture){ 0 };
    if (shared)
        snprintf(f.dir, sizeof(f.dir), "%s/data/peer/policy_bins", shared);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    aaj_arena_clear(&f->arena);
    return 0;
}

static struct aaj_match *open_blob(struct fixture *f, const char *name)
{
    struct aaj_str path = aaj_arena_printf(&f->arena, "%s/%s", f->dir, name), blob;
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_match *m = NULL;

    assert_int_equal(aaj_file_read(path.p, AAJ_FILE_MAX, &f->arena, &blob), 0);
    assert_true(aaj_match_is_policy(blob));
    if (aaj_match_open(blob, path, &diags, &m) < 0)
        aaj_diags_print(stderr, &diags, false);
    aaj_diags_clear(&diags);
    assert_non_null(m);
    return m;
}

enum { ARGS = 8 };

/* "label|class|a|b": *n of them */
static size_t split(struct aaj_str row, struct aaj_str *arg)
{
    size_t n = 0;

    while (n < ARGS) {
        arg[n] = aaj_str_head(row, aaj_str_find(row, '|'));
        row = aaj_str_skip(row, arg[n].n);
        n++;
        if (row.n == 0)
            break;
        row = aaj_str_skip(row, 1);
    }
    return n;
}

static bool eq(struct aaj_str s, const char *c)
{
    return aaj_str_eq(s, aaj_str_c(c));
}

/* The exec part of a note: "ix safe now=(inherit)". */
static bool exec_agrees(const struct aaj_match_profile *p, struct aaj_str path, bool owner,
                        struct aaj_str note)
{
    struct aaj_transition t;
    struct aaj_decision d = aaj_match_exec(p, NULL, path, owner, &t);
    struct aaj_str rule = aaj_str_head(note, aaj_str_find(note, ' ')), now;
    bool unsafe = aaj_str_search(note, AAJ_STR(" unsafe")) < note.n;
    bool safe = aaj_str_search(note, AAJ_STR(" safe")) < note.n;

    if (rule.n < 2 || rule.p[rule.n - 1] != 'x')
        return true;
    if (!eq(rule, t.rule))
        return false;
    if ((safe && !t.scrub) || (unsafe && t.scrub))
        return false;
    now = aaj_str_skip(note, aaj_str_search(note, AAJ_STR("now=")) + 4);
    if (now.n == 0)
        return true;
    if (eq(now, "FAIL"))
        return d.verdict == AAJ_DENY && d.why == AAJ_WHY_NO_TARGET;
    if (eq(now, "(inherit)"))
        return t.kind == AAJ_T_INHERIT;
    if (eq(now, "(unconfined)"))
        return t.kind == AAJ_T_UNCONFINED;
    return t.kind == AAJ_T_PROFILE && aaj_str_eq(t.profile->name, now);
}

static struct aaj_decision ask_unix(const struct aaj_match_profile *p, const struct aaj_str *a, size_t n)
{
    const struct aaj_str none = AAJ_STR("none");
    bool peer = eq(a[2], "connect");

    return aaj_match_unix(p, (unsigned)atoi(a[3].p), 0, n > 4 ? a[4] : none, peer ? a[5] : none,
                          peer ? a[6] : (struct aaj_str){ "", 0 }, aaj_perms_of_words(AAJ_WORDS_NET, a[2]));
}

static struct aaj_decision ask(const struct aaj_match_profile *p, const struct aaj_str *a, size_t n,
                               struct aaj_str note, bool *ret_agrees)
{
    struct aaj_decision d = { .verdict = (enum aaj_verdict) - 1 };

    *ret_agrees = true;
    if (eq(a[1], "file") && eq(a[4], "x")) {
        struct aaj_transition t;

        d = aaj_match_exec(p, NULL, a[2], eq(a[3], "owner"), &t);
        *ret_agrees = exec_agrees(p, a[2], eq(a[3], "owner"), note);
    } else if (eq(a[1], "file")) {
        d = aaj_match_file(p, a[2], eq(a[3], "owner"), aaj_perms_of_letters(a[4]));
        if (aaj_str_starts(note, AAJ_STR("quiet=")))
            *ret_agrees = !d.quiet == eq(note, "quiet=-");
        if (aaj_str_starts(note, AAJ_STR("audit=")))
            *ret_agrees = d.audit == aaj_perms_of_letters(aaj_str_skip(note, 6));
    } else if (eq(a[1], "link")) {
        /* The subset bit is in the owner's half alone, so that is who these rows are about. */
        d = aaj_match_link(p, a[2], a[3], true);
        if (note.n)
            *ret_agrees = d.why == AAJ_WHY_LINK_SUBSET;
    } else if (eq(a[1], "cap")) {
        d = aaj_match_capability(p, (unsigned)aaj_name_capability(a[2]));
    } else if (eq(a[1], "net")) {
        d = aaj_match_net(p, (unsigned)aaj_name_family(a[2]), (unsigned)aaj_name_socket_type(a[3]), 0, NULL,
                          NULL, aaj_perms_of_words(AAJ_WORDS_NET, a[4]));
    } else if (eq(a[1], "unix")) {
        d = ask_unix(p, a, n);
    } else if (eq(a[1], "signal")) {
        d = aaj_match_signal(p, (unsigned)aaj_name_signal(a[3]), a[4],
                             aaj_perms_of_words(AAJ_WORDS_SIGNAL, a[2]));
    } else if (eq(a[1], "ptrace")) {
        d = aaj_match_ptrace(p, a[3], aaj_perms_of_words(AAJ_WORDS_PTRACE, a[2]));
    } else if (eq(a[1], "chprof")) {
        d = aaj_match_change_profile(p, a[2], (struct aaj_str){ "", 0 });
    }
    return d;
}

/* Rows that this blob answers otherwise; each must be in @except, whose end is NULL. */
static void check_blob(struct fixture *f, const char *name, const char *const *except)
{
    struct aaj_match *m = open_blob(f, name);
    struct aaj_str path = aaj_arena_printf(&f->arena, "%s/c1.cases", f->dir), text;
    unsigned rows = 0, wrong = 0, expected = 0;

    while (except[expected])
        expected++;
    assert_int_equal(aaj_file_read(path.p, AAJ_FILE_MAX, &f->arena, &text), 0);
    while (text.n) {
        struct aaj_str line = aaj_str_head(text, aaj_str_find(text, '\n')), head, note, row, a[ARGS];
        const struct aaj_match_profile *p;
        struct aaj_decision d;
        bool allow, agrees, named = false;

        text = aaj_str_skip(text, line.n + 1);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        head = aaj_str_head(line, aaj_str_find(line, '\t'));
        row = aaj_str_skip(line, head.n + 1);
        note = aaj_str_skip(head, aaj_str_find(head, ' ') + 1);
        allow = aaj_str_starts(head, AAJ_STR("ALLOW"));
        size_t n = split(row, a);
        p = aaj_match_find(m, a[0]);
        assert_non_null(p);
        d = ask(p, a, n, note, &agrees);
        rows++;
        if ((d.verdict != AAJ_DENY) == allow && agrees)
            continue;
        for (unsigned i = 0; i < expected; i++)
            named |= aaj_str_eq(row, aaj_str_c(except[i]));
        if (!named)
            print_message("%s: %.*s: verdict %d, why %d, agrees %d\n", name, AAJ_STR_ARG(line), d.verdict,
                          d.why, agrees);
        wrong += named;
        assert_true(named);
    }
    assert_int_equal(rows, 106);
    assert_int_equal(wrong, expected);
    aaj_match_free(m);
}

static void test_peer_questions(void **state)
{
    /* Debian's pinned features mediate no details of unix sockets: any stream socket is allowed. */
    static const char *const debian[] = { "c1|unix|bind|1|@other", "c1|unix|connect|1|none|@srv|evil",
                                          "c1|unix|connect|1|none|@bad|other", NULL };
    /* Interface 5 knows 32 capabilities, and no network, signal or ptrace. */
    static const char *const v5[] = {
        "c1|cap|39",
        "c1|net|2|2|create",
        "c1|net|16|3|create",
        "c1|signal|send|kill|other",
        "c1|signal|send|term|unconfined",
        "c1|ptrace|trace|other",
        "c1|ptrace|read|x",
        "c1|unix|bind|1|@other",
        "c1|unix|connect|1|none|@srv|evil",
        "c1|unix|connect|1|none|@bad|other",
        NULL,
    };
    static const char *const none[] = { NULL };
    struct fixture *f = *state;

    if (!f->dir[0] || access(f->dir, R_OK) != 0) {
        print_message("AAJ_SHARED/data/peer/policy_bins is not there\n");
        skip();
    }
    check_blob(f, "c1.parser502-abi4.0.bin", none);
    check_blob(f, "c1.parser502-abi5.0.bin", none);
    check_blob(f, "c1.parser502-abi5.0-interface.bin", none);
    check_blob(f, "c1.v7-accept.bin", none);
    check_blob(f, "c1.v7-accept-ec.bin", none);
    check_blob(f, "c1.v7-debian.bin", debian);
    check_blob(f, "c1.v5-nofeatures.bin", v5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_questions),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
