/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the profile makes of an event: the rules that allow it, or the rule that is missing. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/json.h"
#include "check/replay.h"
#include "compile/open.h"
#include "explain.h"
#include "glob/glob.h"
#include "learn/suspect.h"

/* Permissions that an access asks for, as a rule has them. */
static uint32_t rule_perms(const struct aaj_access *a)
{
    uint32_t mask = a->denied_mask ? a->denied_mask : a->requested;

    if (a->class == AAJ_CLASS_EXEC)
        return AAJ_MAY_EXEC;
    return mask & (AAJ_MAY_CREATE | AAJ_MAY_DELETE) ? mask | AAJ_MAY_WRITE : mask;
}

/* Does the rule say something about it, as far as its text tells? */
static bool speaks_of(struct explain *x, const struct aaj_listed_rule *rule, const struct aaj_access *a)
{
    uint32_t perms = rule->item->rule.file.perms;
    struct aaj_glob *glob;
    int match;

    if (a->class != AAJ_CLASS_FILE && a->class != AAJ_CLASS_EXEC) {
        struct aaj_item item = *rule->item; /* what it denies it says as if it granted */
        struct aaj_listed_rule as = *rule;

        item.rule.prefix.mode = AAJ_MODE_UNSAID;
        as.item = &item;
        return aaj_rules_speaks_of(&as, x->recording, a);
    }
    if (rule->item->rule.kind == AAJ_RULE_ALL)
        return true;
    if (rule->item->rule.kind != AAJ_RULE_FILE && rule->item->rule.kind != AAJ_RULE_LINK)
        return false;
    if (perms & AAJ_MAY_WRITE)
        perms |= AAJ_MAY_APPEND;
    if (rule->item->rule.kind == AAJ_RULE_LINK)
        perms = AAJ_MAY_LINK;
    if (!(perms & rule_perms(a)) || (rule->prefix.owner == AAJ_OWNER_OWNER && a->owner_no && !a->owner_yes))
        return false;
    if (!rule->pattern.n || aaj_glob_compile(rule->pattern, AAJ_GLOB_PATH, &glob, NULL) < 0)
        return !rule->pattern.n && !aaj_text_set(rule->item->rule.file.path);
    match = aaj_glob_match(glob, aaj_recording_str(x->recording, a->arg[AAJ_FILE_NAME]));
    aaj_glob_free(glob);
    return match > 0;
}

/* The rules of @profile about the access: those that grant, or those that deny. */
static void show_rules(struct explain *x, struct aaj_str profile, const struct aaj_access *a, bool deny, json_object *list)
{
    for (size_t i = 0; i < x->rules.n_rules; i++) {
        const struct aaj_listed_rule *rule = &x->rules.rule[i];

        if (!aaj_str_eq(rule->profile, profile) || (rule->prefix.mode == AAJ_MODE_DENY) != deny || !speaks_of(x, rule, a))
            continue;
        json_object_array_add(list, aaj_json_bytes(rule->text));
        if (!x->json)
            printf("  %s%s:%u: %s\n", deny ? "stopped by " : "", aaj_escape(&x->arena, rule->loc.file), rule->loc.line,
                   aaj_escape(&x->arena, rule->text));
    }
}

static int read_event(struct explain *x, const char *line)
{
    struct aaj_intake_input input = { .fd = memfd_create("event", MFD_CLOEXEC), .name = AAJ_STR("EVENT") };
    struct aaj_intake_options options = { 0 };
    size_t n;
    const struct aaj_access *access;
    int r;

    if (input.fd < 0)
        return EXIT_REFUSED;
    r = aaj_file_write_fd(input.fd, aaj_arena_printf(&x->arena, "%s\n", line));
    if (r == 0 && lseek(input.fd, 0, SEEK_SET) < 0)
        r = -errno;
    if (r == 0)
        r = aaj_intake(x->recording, &input, 1, &options, &x->diags);
    close(input.fd);
    if (r < 0)
        return EXIT_REFUSED;
    if (aaj_recording_accesses(x->recording, &access, &n) < 0 || n == 0)
        return explain_bad(x, "the text given as EVENT is no record of an access");
    return EXIT_DONE;
}

/* The profile that an event is judged by. */
static void take_profile(void *ctx, size_t access, const struct aaj_match_profile *profile,
                         const struct aaj_replay_decision *decision)
{
    struct explain *x = ctx;

    if (profile)
        x->judge = aaj_arena_dup(&x->arena, profile->name);
    x->note = decision->note;
}

/* The result speaks of the policy's profiles, so *match has to live as long. */
static int judge(struct explain *x, struct aaj_match **match, struct aaj_replay_result *result)
{
    struct aaj_compile compile = { .target = x->target };
    struct aaj_replay_input in = { .recording = x->recording, .decided = take_profile, .ctx = x };
    struct aaj_replay_roots roots = { 0 };
    int r = aaj_compile_open(&compile, x->profile, &x->arena, &x->diags, match, NULL);

    if (r == 0 && aaj_match_count(*match) == 0)
        r = -EINVAL;
    if (r == 0) {
        in.match = *match;
        r = aaj_replay_roots(x->recording, *match, aaj_str_c(x->label), &x->diags, &roots);
    }
    in.root = roots.root;
    in.n_roots = roots.n;
    in.only = roots.only;
    if (r == 0)
        r = aaj_replay_run(&in, result);
    aaj_replay_roots_clear(&roots);
    return r < 0 ? EXIT_INPUT : EXIT_DONE;
}

/* A missing rule is no advice to grant it: what an attack looks like is said beside it. */
static void show_suspicion(struct explain *x, const struct aaj_access *access)
{
    struct aaj_learn_input in = { .manifest = x->manifest, .recording = x->recording };
    const struct aaj_ceiling_item *item;
    enum aaj_suspicion kind;
    struct aaj_str id;

    if (aaj_ceiling_open(aajail_datadir(), &x->diags, &in.ceiling) < 0 ||
        aaj_ceiling_apply(in.ceiling, x->manifest, &x->diags) < 0 ||
        open_files(x->root, x->files, &in.files, &x->diags) != EXIT_DONE) {
        aaj_ceiling_free(in.ceiling);
        return;
    }
    kind = aaj_suspect_access(&in, access, true, &x->arena, &id);
    item = id.n ? aaj_ceiling_find(in.ceiling, id) : NULL;
    if (kind != AAJ_SUSPECT_NONE) {
        json_object_object_add(x->out, "suspicious", json_object_new_string(aaj_suspicion_info[kind].name));
        if (item)
            json_object_object_add(x->out, "ceiling", aaj_json_bytes(id));
        if (!x->json)
            printf("  look twice: it %s%s%s%s%s\n    %s\n", aaj_suspicion_info[kind].what, item ? ", " : "",
                   item ? aaj_escape(&x->arena, item->id) : "", item ? ": " : "",
                   item ? aaj_escape(&x->arena, item->reason) : "", aaj_suspicion_info[kind].advice);
    }
    aaj_ceiling_free(in.ceiling);
    aaj_fsview_free(in.files);
}

static const char *verdict(const struct aaj_replay_result *result, bool denied)
{
    return denied ? "would be denied" : result->accesses[AAJ_REPLAY_ALLOWED] ? "allowed" : "needs no rule";
}

static int show_event(struct explain *x, const struct aaj_replay_result *result)
{
    json_object *list = json_object_new_array(), *deny = json_object_new_array();
    const struct aaj_access *access;
    bool denied = !aaj_replay_clean(result);
    size_t n = 0;

    if (aaj_recording_accesses(x->recording, &access, &n) < 0)
        n = 0;
    json_object_object_add(x->out, "allowed", json_object_new_boolean(!denied));
    json_object_object_add(x->out, "profile", aaj_json_bytes(x->judge));
    if (!x->json)
        printf("%s%s%s%s\n", verdict(result, denied), denied || !x->judge.n ? "" : " in ",
               denied ? "" : aaj_escape(&x->arena, x->judge), !denied && result->accesses[AAJ_REPLAY_ALLOWED] ? ", by" : "");
    if (!x->json && !denied && x->note)
        printf("  %s\n", x->note);
    if (denied && n && x->judge.n)
        show_rules(x, x->judge, access, true, deny);
    for (size_t i = 0; i < result->n_groups; i++) {
        const struct aaj_replay_group *g = &result->group[i];
        bool missing = g->rule.n && json_object_array_length(deny) == 0; /* no rule helps against one that denies */

        json_object_object_add(x->out, "missing", aaj_json_bytes(missing ? g->rule : AAJ_STR("")));
        json_object_object_add(x->out, "why", aaj_json_bytes(g->why));
        if (!x->json)
            printf("  in %s: %s%s%s\n", aaj_escape(&x->arena, g->profile), aaj_escape(&x->arena, g->why),
                   missing ? "; missing: " : "", missing ? aaj_escape(&x->arena, g->rule) : "");
    }
    if (!denied && n)
        show_rules(x, x->judge, access, false, list);
    json_object_object_add(x->out, "rules", list);
    json_object_object_add(x->out, "stopped_by", deny);
    if (n)
        show_suspicion(x, access);
    return denied ? EXIT_FINDING : EXIT_DONE;
}

int explain_event(struct explain *x, const char *line)
{
    struct aaj_replay_result result = { 0 };
    struct aaj_match *match = NULL;
    int status = read_event(x, line);

    if (status == EXIT_DONE)
        status = judge(x, &match, &result);
    if (status == EXIT_DONE)
        status = show_event(x, &result);
    aaj_replay_clear(&result);
    aaj_match_free(match);
    return status;
}
