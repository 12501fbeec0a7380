/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that nobody would choose: what is learned of them is read back from the printed profile. Each rule is
 * there once, none has come from a name, a rule without wildcards means the name that was seen, and
 * the rules as they were read back allow all that was granted.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "glob/glob.h"
#include "learn/learn.h"
#include "policy/parse.h"
#include "policy/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char template[] = "profile t /t {\n  # aajail: learned rules\n}\n";

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct aaj_target target = { .name = "fuzz", .base = "/nonexistent", .mediates = UINT32_MAX };
    struct aaj_learn_input in = { .target = &target, .template_name = AAJ_STR("t") };
    struct aaj_manifest *manifest = NULL;
    struct aaj_learned *learned = NULL;
    struct aaj_policy *again = NULL;
    struct aaj_str rest = { (const char *)data, size };
    char *text = NULL;
    size_t n;
    FILE *f;

    if (aaj_manifest_default(AAJ_STR("/t"), AAJ_STR(""), &manifest) < 0 || aaj_recording_new(&in.recording) < 0)
        abort();
    for (unsigned i = 0; rest.n && i < 64; i++) { /* a name ends with 0xfe; the byte behind says what is done to it */
        static const char *const op[] = { "open", "mknod", "unlink", "rename_dest" };
        struct aaj_str name = aaj_str_head(rest, aaj_str_find(rest, '\xfe'));
        struct aaj_event e = { .mode = AAJ_MODE_ALLOWED, .class = AAJ_CLASS_FILE, .label = AAJ_STR("t"), .fsuid = 1, .ouid = 1 };

        rest = aaj_str_skip(rest, name.n + 1);
        e.op = aaj_str_c(op[rest.n ? (uint8_t)rest.p[0] % 4 : 0]);
        e.denied = e.requested = rest.n ? (uint8_t)rest.p[0] & 0xfe : AAJ_MAY_READ;
        e.arg[AAJ_FILE_NAME] = name;
        rest = aaj_str_skip(rest, 1);
        aaj_recording_add(in.recording, &e, AAJ_STR(""));
    }
    in.manifest = manifest;
    in.template_text = aaj_str_c(template);
    if (aaj_learn_run(&in, NULL, &learned) == 0) {
        f = open_memstream(&text, &n);
        aaj_policy_print(f, learned->policy);
        fclose(f);
        if (aaj_policy_parse((struct aaj_str){ text, n }, AAJ_STR("again"), NULL, NULL, &again) < 0)
            abort();
        check(in.recording, again, learned);
    }
    free(text);
    aaj_policy_free(again);
    aaj_learned_free(learned);
    aaj_recording_free(in.recording);
    aaj_manifest_free(manifest);
    return 0;
}
