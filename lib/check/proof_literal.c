/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clause 3: a learned name was chosen by whoever wrote the log. Each rule for one name is compiled alone, and the
 * automaton that comes out must accept that name and, over all names there are, no other: every mutation at
 * once. Many rules share one run of apparmor_parser, each in a profile of its own.
 */
#include <errno.h>
#include <stdlib.h>

#include "check/proof_private.h"
#include "glob/glob.h"
#include "match/automaton.h"

enum {
    BATCH = 2000,
    FAILURES_MAX = 20, /* enough to see what is wrong; the rest is not looked for */
};

/* What a rule can say; getattr is granted on every path. */
static const uint32_t rule_perms = AAJ_PERM_EXEC | AAJ_PERM_WRITE | AAJ_PERM_READ | AAJ_PERM_APPEND | AAJ_PERM_LOCK |
                                   AAJ_PERM_MMAP | AAJ_PERM_LINK | AAJ_PERM_CHANGE_PROFILE | AAJ_PERM_ONEXEC;

static void literal_fails(struct aaj_proof *p, const struct aaj_proof_rule *rule, const char *what, struct aaj_str other)
{
    p->literal_failures++;
    aaj_proof_fail(p, AAJ_PROOF_LITERAL, rule->loc, "the rule `%s` for %s %s%s", aaj_proof_show(p, rule->text),
                   aaj_proof_show(p, rule->name), what, aaj_proof_show(p, other));
}

/* Is there a name but @rule's that the profile grants anything of? */
static int only_its_name(struct aaj_proof *p, const struct aaj_proof_rule *rule, const struct aaj_match_profile *profile)
{
    struct aaj_match_automaton m = { profile, rule_perms, AAJ_WHO_ANY };
    struct aaj_operand op[2] = { { .want = true }, { .want = false } };
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_glob *own = NULL;
    struct aaj_str other;
    const char *why;
    int r = aaj_glob_compile(rule->name, AAJ_GLOB_LITERAL, &own, &why);

    if (r == 0)
        r = aaj_glob_automaton(own, &op[1].a);
    if (r == 0) {
        aaj_match_file_automaton(&m, &op[0].a);
        r = aaj_product_find(op, 2, 0, &arena, &other);
    }
    if (r == 1) {
        literal_fails(p, rule, "matches another name, too: ", other);
        r = 0;
    }
    aaj_glob_free(own);
    aaj_arena_clear(&arena);
    return r;
}

static int prove_one(struct aaj_proof *p, const struct aaj_proof_rule *rule, const struct aaj_match_profile *profile)
{
    uint32_t own = aaj_match_file_perms(profile, rule->name, true).allow & rule_perms;

    if (!own)
        literal_fails(p, rule, "does not match it", (struct aaj_str){ 0 });
    if (profile->cap_allow)
        literal_fails(p, rule, "grants a capability, too", (struct aaj_str){ 0 });
    return only_its_name(p, rule, profile);
}

static struct aaj_str batch_text(struct aaj_proof *p, size_t from, size_t n, struct aaj_arena *arena)
{
    struct aaj_str copy = { 0 };
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        return copy;
    if (p->in->target->abi)
        fprintf(out, "abi <%s>,\n", p->in->target->abi);
    fputs("include <tunables/global>\n", out); /* rules say @{PROC} */
    for (size_t i = from; i < from + n; i++) {
        fprintf(out, "profile aaj-literal-%zu {\n", i);
        fwrite(p->in->rule[i].text.p, 1, p->in->rule[i].text.n, out);
        fprintf(out, "\n}\n");
    }
    if (fclose(out) == 0)
        copy = aaj_arena_dup(arena, (struct aaj_str){ text, len });
    free(text);
    return copy;
}

/* Rule i is in profile aaj-literal-i, and no other profile has come into being. */
static int judge_batch(struct aaj_proof *p, size_t from, size_t n, const struct aaj_match *match)
{
    int r = 0;

    for (size_t i = from; r == 0 && i < from + n && p->literal_failures < FAILURES_MAX; i++) {
        const struct aaj_match_profile *profile;
        char name[64];

        snprintf(name, sizeof(name), "aaj-literal-%zu", i);
        profile = aaj_match_find(match, aaj_str_c(name));
        if (profile)
            r = prove_one(p, &p->in->rule[i], profile);
        else
            literal_fails(p, &p->in->rule[i], "is no rule: its profile is gone", (struct aaj_str){ 0 });
    }
    return r;
}

/* 1: the batch does not compile, or defines other profiles than its own: look closer. */
static int prove_batch(struct aaj_proof *p, size_t from, size_t n)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str text = batch_text(p, from, n, &arena), blob;
    struct aaj_match *match = NULL;
    int r = text.p ? aaj_compile(&p->compile, text, &arena, NULL, &blob) : -ENOMEM;

    if (r == 0)
        r = aaj_match_open(blob, p->in->file, NULL, &match);
    if (r == -EINVAL || (r == 0 && aaj_match_count(match) != n))
        r = 1;
    else if (r == 0)
        r = judge_batch(p, from, n, match);
    aaj_match_free(match);
    aaj_arena_clear(&arena);
    return r;
}

/* A batch with a broken rule in it is halved until the rule is found; broken ones are few, so the stack of
 * halves stays short. */
static int prove_range(struct aaj_proof *p, size_t from, size_t n)
{
    struct {
        size_t from, n;
    } todo[64];
    size_t depth = 1;
    int r = 0;

    todo[0].from = from;
    todo[0].n = n;
    while (r == 0 && depth && p->literal_failures < FAILURES_MAX) {
        size_t at = todo[--depth].from, len = todo[depth].n, half = len / 2;

        r = prove_batch(p, at, len);
        if (r != 1)
            continue;
        r = 0;
        if (len == 1) {
            literal_fails(p, &p->in->rule[at], "is not one rule: alone it does not compile, or defines more",
                          (struct aaj_str){ 0 });
            continue;
        }
        todo[depth].from = at;
        todo[depth++].n = half;
        todo[depth].from = at + half;
        todo[depth++].n = len - half;
    }
    return r;
}

int aaj_proof_literal(struct aaj_proof *p)
{
    size_t n = p->in->n_rules;
    int r = 0;

    p->out->ok[AAJ_PROOF_LITERAL] = true;
    p->out->checked[AAJ_PROOF_LITERAL] = n;
    for (size_t from = 0; r == 0 && from < n && p->literal_failures < FAILURES_MAX; from += BATCH)
        r = prove_range(p, from, n - from < BATCH ? n - from : BATCH);
    return r;
}
