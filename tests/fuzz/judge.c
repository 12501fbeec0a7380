/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "glob/glob.h"
#include "names.h"
#include "policy/parse.h"
#include "policy/print.h"

/* What the rules of @profile grant on @name, put together. */
static uint32_t allowed(const struct aaj_item *profile, struct aaj_str name)
{
    uint32_t perms = 0;

    for (const struct aaj_item *i = profile->profile.body.first; i; i = i->next) {
        struct aaj_glob *glob;

        if (i->kind != AAJ_ITEM_RULE || i->rule.kind != AAJ_RULE_FILE)
            continue;
        if (aaj_glob_compile(i->rule.file.path.value, AAJ_GLOB_PATH, &glob, NULL) < 0)
            abort();
        if (aaj_glob_match(glob, name) > 0)
            perms |= i->rule.file.perms;
        aaj_glob_free(glob);
    }
    return perms & AAJ_MAY_WRITE ? perms | AAJ_MAY_APPEND | AAJ_MAY_CREATE | AAJ_MAY_DELETE : perms;
}

static void check_granted(const struct aaj_item *profile, const struct aaj_learned *learned, struct aaj_recording *rec,
                          const struct aaj_access *access)
{
    for (size_t i = 0; i < learned->n_granted; i++) {
        const struct aaj_access *a = &access[learned->granted[i].access];
        struct aaj_str name = aaj_recording_str(rec, a->arg[AAJ_FILE_NAME]);
        uint32_t wanted = a->requested & ~(uint32_t)(AAJ_MAY_EXEC | AAJ_MAY_LINK);

        if (!aaj_str_starts(name, AAJ_STR("/proc/")) && (wanted & ~allowed(profile, name))) /* its variables are the target's */
            abort();
    }
}

static void check(struct aaj_recording *rec, struct aaj_policy *policy, const struct aaj_learned *learned)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    const struct aaj_access *access;
    struct aaj_item *i;
    struct aaj_str name;
    size_t n, k = 0;

    if (!policy->top.last || policy->top.last->kind != AAJ_ITEM_PROFILE || aaj_recording_accesses(rec, &access, &n) < 0)
        abort();
    for (i = policy->top.last->profile.body.first; i; i = i->next) {
        if (i->kind != AAJ_ITEM_RULE)
            continue;
        if (k >= learned->n_rules || !aaj_rule_eq(&i->rule, &learned->rule[k].item->rule))
            abort(); /* more rules than were learned, or others */
        if (learned->rule[k].n_access && aaj_glob_is_literal(i->rule.file.path.value, AAJ_GLOB_PATH, &arena, &name) &&
            !aaj_str_eq(name, aaj_recording_str(rec, access[learned->rule[k].access[0]].arg[AAJ_FILE_NAME])))
            abort();
        k++;
    }
    if (k != learned->n_rules)
        abort();
    check_granted(policy->top.last, learned, rec, access);
    aaj_arena_clear(&arena);
}

void fuzz_judge_text(const struct aaj_learned *learned, struct aaj_recording *rec)
{
    struct aaj_policy *again = NULL;
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    if (!f || aaj_policy_print(f, learned->policy) < 0 || fclose(f) != 0)
        abort();
    if (aaj_policy_parse((struct aaj_str){ text, n }, AAJ_STR("again"), NULL, NULL, &again) < 0)
        abort();
    check(rec, again, learned);
    aaj_policy_free(again);
    free(text);
}

void fuzz_judge_proof(struct aaj_build_input *in)
{
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_built *built = NULL;
    int r = aaj_build_run(in, &diags, &built);

    if (r < 0 && r != -ENOENT) { /* nothing was seen of the slave */
        aaj_diags_print(stderr, &diags, false);
        fprintf(stderr, "%s\n", strerror(-r));
        abort();
    }
    if (r == 0 && !(built->proof.ok[AAJ_PROOF_LEARNED] && built->proof.ok[AAJ_PROOF_LITERAL] && built->proof.ok[AAJ_PROOF_NAMES]))
        abort();
    aaj_built_free(built);
    aaj_diags_clear(&diags);
}
