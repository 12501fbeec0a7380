/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aajail explain PROFILE RULE|EVENT: which events made a rule and by which inference; which rules allow an event,
 * or which one is missing.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/json.h"
#include "check/replay.h"
#include "compile/open.h"
#include "glob/glob.h"
#include "learn/suspect.h"
#include "policy/merge.h"
#include "policy/parse.h"
#include "policy/print.h"
#include "policy_reader.h"
#include "profile_cmd.h"
#include "reader.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "log", 'l', "FILE", "what was observed: a log; repeatable; - is standard input" },
    { "recording", 'r', "FILE", "what was observed: a recording; repeatable" },
    { "profile", 'p', "LABEL", "the log's name for the profile, where it is another" },
    { "manifest", 'm', "FILE", "the manifest that the profile was built from" },
    { "root", 0, "DIR", "the tree that the slave runs in" },
    { "files", 0, "FILE", "the same as a list made with find" },
    { "target", 'T', "TARGET", "what PROFILE is for (debian12)" },
    OPT_JSON,
    OPT_END,
};

enum { SHOWN = 20 };

struct explain {
    const struct verb *verb;
    struct paths logs, recordings;
    const char *label, *manifest_path, *root, *files, *target_name, *profile;
    bool json;

    struct aaj_diags diags;
    struct aaj_arena arena;
    struct aaj_target *target;
    struct aaj_rules rules; /* of the profile */
    struct aaj_manifest *manifest;
    struct aaj_recording *recording;
    json_object *out;
};

static int take_option(struct explain *x, const char *name, const char *value)
{
    const struct {
        const char *name, **into;
    } texts[] = {
        { "profile", &x->label }, { "manifest", &x->manifest_path }, { "root", &x->root },
        { "files", &x->files },   { "target", &x->target_name },
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (opt_is(name, texts[i].name))
            *texts[i].into = value;
    if (opt_is(name, "json"))
        x->json = true;
    if (opt_is(name, "log") || opt_is(name, "recording"))
        return paths_add(opt_is(name, "log") ? &x->logs : &x->recordings, value) < 0 ? EXIT_REFUSED : EXIT_DONE;
    return EXIT_DONE;
}

static int bad(struct explain *x, const char *what)
{
    aaj_error(&x->diags, (struct aaj_loc){ .file = aaj_str_c(x->profile) }, "%s", what);
    return EXIT_INPUT;
}

/* ---- what the profile is ---- */

static int open_profile(struct explain *x)
{
    const char *base[2];
    struct aaj_policy_options options = { .flags = AAJ_POLICY_INCLUDES, .base = base, .n_bases = 1 };

    if (aaj_target_open(x->target_name, aajail_datadir(), &x->diags, &x->target) < 0)
        return EXIT_INPUT;
    base[0] = x->target->base;
    if (policy_read_rules(x->profile, &options, &x->rules, &x->diags) < 0)
        return EXIT_INPUT;
    return x->rules.n_profiles ? EXIT_DONE : bad(x, "there is no profile in it");
}

/* Without a manifest: the profile's own name and attachment. */
static int open_manifest(struct explain *x)
{
    const struct aaj_listed_profile *p = &x->rules.profile[0];
    struct aaj_str exe = { 0 }, text;
    int r;

    if (x->manifest_path) {
        r = aaj_file_read(x->manifest_path, AAJ_FILE_MAX, &x->arena, &text);
        if (r < 0)
            return bad(x, "cannot read the manifest");
        r = aaj_manifest_parse(text, aaj_str_c(x->manifest_path), &x->diags, &x->manifest);
        return r < 0 ? EXIT_INPUT : EXIT_DONE;
    }
    aaj_glob_is_literal(p->attachment, AAJ_GLOB_PATH, &x->arena, &exe);
    if (aaj_manifest_default(exe.n ? exe : AAJ_STR("/unknown"), AAJ_STR(""), &x->manifest) < 0)
        return EXIT_REFUSED;
    x->manifest->jail.text = p->name;
    return EXIT_DONE;
}

/* ---- a rule ---- */

static void print_access(struct explain *x, const struct aaj_access *a, json_object *list)
{
    const struct aaj_class_info *info = &aaj_class_info[a->class];
    struct aaj_str text = aaj_recording_str(x->recording, a->op);
    uint64_t events = a->allowed + a->denied + a->audited;
    struct aaj_str argv[AAJ_COMMANDS_KEPT];
    size_t n = aaj_recording_commands(x->recording, a, argv);

    for (unsigned i = 0; i < AAJ_ARGS; i++)
        if (info->arg[i] && aaj_recording_str(x->recording, a->arg[i]).n)
            text = aaj_arena_printf(&x->arena, "%.*s %s=%s", AAJ_STR_ARG(text), info->arg[i],
                                    aaj_escape(&x->arena, aaj_recording_str(x->recording, a->arg[i])));
    if (x->json) {
        json_object *o = json_object_new_object();

        json_object_object_add(o, "access", aaj_json_bytes(text));
        json_object_object_add(o, "label", aaj_json_bytes(aaj_recording_str(x->recording, a->label)));
        json_object_object_add(o, "events", json_object_new_uint64(events));
        json_object_object_add(o, "sample", aaj_json_bytes(aaj_recording_sample(x->recording, a)));
        for (size_t i = 0; i < n; i++)
            argv[i] = aaj_command_text(&x->arena, argv[i]);
        if (n)
            json_object_object_add(o, "commands", aaj_json_list(argv, n));
        json_object_array_add(list, o);
        return;
    }
    printf("  %6" PRIu64 " × %.*s\n", events, AAJ_STR_ARG(text));
    for (size_t i = 0; i < n; i++)
        printf("             as: %s\n", aaj_escape(&x->arena, aaj_command_text(&x->arena, argv[i])));
}

static void show_rule(struct explain *x, const struct aaj_learned_rule *rule)
{
    struct aaj_str text = rule->item->kind == AAJ_ITEM_RULE ? aaj_rule_text(&x->arena, &rule->item->rule) : rule->from;
    json_object *list = json_object_new_array(), *by = json_object_new_array();
    const struct aaj_access *access;
    size_t n;

    if (!x->json)
        printf("%s: %s\n", aaj_escape(&x->arena, rule->profile), aaj_escape(&x->arena, text));
    for (unsigned i = 0; i < AAJ_INFER_COUNT; i++)
        if (rule->inferences & (1u << i)) {
            json_object_array_add(by, json_object_new_string(aaj_infer_info[i].name));
            if (!x->json)
                printf("  %s: %s\n", aaj_infer_info[i].name, aaj_infer_info[i].means);
        }
    if (aaj_recording_accesses(x->recording, &access, &n) == 0)
        for (size_t i = 0; i < rule->n_access && (x->json || i < SHOWN); i++)
            print_access(x, &access[rule->access[i]], list);
    if (!x->json && rule->n_access > SHOWN)
        printf("  … and %zu more\n", rule->n_access - SHOWN);
    json_object_object_add(x->out, "rule", aaj_json_bytes(text));
    json_object_object_add(x->out, "inferences", by);
    json_object_object_add(x->out, "evidence", list);
}

static int learn(struct explain *x, struct aaj_learned **ret_learned)
{
    struct aaj_learn_input in = { .manifest = x->manifest, .recording = x->recording, .target = x->target,
                                  .label = aaj_str_c(x->label) };
    struct aaj_str name = x->manifest->template.text.n ? x->manifest->template.text : AAJ_STR("minimal");
    struct aaj_str path = aaj_arena_printf(&x->arena, "%s/%.*s", x->target->template_dir, AAJ_STR_ARG(name));
    int status = open_files(x->root, x->files, &in.files, &x->diags);
    int r = -EINVAL;

    if (status == EXIT_DONE && path.p && aaj_str_find(name, '/') == name.n)
        r = aaj_file_read(path.p, AAJ_FILE_MAX, &x->arena, &in.template_text);
    in.template_name = path;
    if (r == 0)
        r = aaj_ceiling_open(aajail_datadir(), &x->diags, &in.ceiling);
    if (r == 0)
        r = aaj_ceiling_apply(in.ceiling, x->manifest, &x->diags);
    if (r == 0)
        r = aaj_learn_run(&in, &x->diags, ret_learned);
    aaj_ceiling_free(in.ceiling);
    aaj_fsview_free(in.files);
    return r < 0 ? EXIT_INPUT : EXIT_DONE;
}

/* What was learned and the asked rule speaks of, in the profile of @rule. */
static void show_granted(struct explain *x, const struct aaj_learned *learned, const struct aaj_listed_rule *rule,
                         const struct aaj_rule *asked, json_object *list)
{
    const struct aaj_listed_rule as_asked = { .item = rule->item, .pattern = rule->pattern, .prefix = rule->prefix };
    const struct aaj_access *access;
    struct aaj_glob *glob = NULL;
    size_t n, shown = 0;

    if (aaj_recording_accesses(x->recording, &access, &n) < 0 ||
        (asked->kind == AAJ_RULE_FILE && aaj_glob_compile(asked->file.path.value, AAJ_GLOB_PATH, &glob, NULL) < 0))
        return;
    for (size_t i = 0; i < learned->n_granted; i++) {
        const struct aaj_access *a = &access[learned->granted[i].access];
        bool file = a->class == AAJ_CLASS_FILE || a->class == AAJ_CLASS_EXEC;

        if (!aaj_str_eq(learned->granted[i].profile, rule->profile) || file != (glob != NULL) ||
            (file ? aaj_glob_match(glob, aaj_recording_str(x->recording, a->arg[AAJ_FILE_NAME])) <= 0
                  : !aaj_rules_speaks_of(&as_asked, x->recording, a)))
            continue;
        if (x->json || shown++ < SHOWN)
            print_access(x, a, list);
    }
    if (!x->json && shown > SHOWN)
        printf("  … and %zu more\n", shown - SHOWN);
    aaj_glob_free(glob);
}

/* A rule of the template, of the manifest or of an include that grants what was asked about. */
static bool explain_listed(struct explain *x, const struct aaj_learned *learned, const struct aaj_rule *asked)
{
    json_object *rules = json_object_new_array();
    bool found = false;

    for (size_t i = 0; i < x->rules.n_rules; i++) {
        const struct aaj_listed_rule *rule = &x->rules.rule[i];
        struct aaj_rule filled = rule->item->rule;
        json_object *o, *list;

        filled.prefix = rule->prefix;
        if (filled.kind == AAJ_RULE_FILE && rule->pattern.n)
            filled.file.path.value = rule->pattern;
        if (aaj_rule_covers(&filled, asked) <= 0)
            continue;
        found = true;
        o = json_object_new_object();
        list = json_object_new_array();
        json_object_object_add(o, "profile", aaj_json_bytes(rule->profile));
        json_object_object_add(o, "rule", aaj_json_bytes(rule->text));
        json_object_object_add(o, "file", aaj_json_bytes(rule->loc.file));
        json_object_object_add(o, "line", json_object_new_int64(rule->loc.line));
        if (!x->json)
            printf("%s: %s\n  %s:%u grants it\n", aaj_escape(&x->arena, rule->profile), aaj_escape(&x->arena, rule->text),
                   aaj_escape(&x->arena, rule->loc.file), rule->loc.line);
        show_granted(x, learned, rule, asked, list);
        json_object_object_add(o, "evidence", list);
        json_object_array_add(rules, o);
    }
    json_object_object_add(x->out, "granted_by", rules);
    return found;
}

/* Is it a rule of the learner's, spelled in whatever way? */
static int explain_rule(struct explain *x, const char *text)
{
    struct aaj_learned *learned = NULL;
    struct aaj_item *item = NULL;
    bool found = false;
    int status = EXIT_DONE;

    if (aaj_policy_parse_rule(&x->arena, aaj_str_c(text), (struct aaj_loc){ .file = AAJ_STR("RULE") }, &x->diags, &item) < 0)
        return EXIT_INPUT;
    if (!x->logs.n && !x->recordings.n)
        return usage_error(x->verb, "say what was observed with --log or --recording");
    status = read_logs(&x->logs, NULL, x->recording, &x->diags);
    if (status == EXIT_DONE)
        status = read_recordings(&x->recordings, x->recording, &x->diags);
    if (status == EXIT_DONE)
        status = learn(x, &learned);
    for (size_t i = 0; status == EXIT_DONE && i < learned->n_rules; i++)
        if (learned->rule[i].item->kind == AAJ_ITEM_RULE && item->kind == AAJ_ITEM_RULE &&
            aaj_rule_eq(&learned->rule[i].item->rule, &item->rule)) {
            show_rule(x, &learned->rule[i]);
            found = true;
        }
    if (status == EXIT_DONE && !found && item->kind == AAJ_ITEM_RULE)
        found = explain_listed(x, learned, &item->rule);
    if (status == EXIT_DONE && !found) {
        aaj_diag_add(&x->diags, AAJ_WARNING, NULL, (struct aaj_loc){ 0 }, (struct aaj_str){ 0 },
                     "nothing that was observed leads to this rule, and the profile does not grant it");
        status = EXIT_FINDING;
    }
    aaj_learned_free(learned);
    return status;
}

/* ---- an event ---- */

/* A file rule that matches the path. */
static void look_at_rule(struct explain *x, const struct aaj_listed_rule *rule, struct aaj_str path, json_object *list)
{
    struct aaj_glob *glob;
    int match;

    if (rule->item->rule.kind != AAJ_RULE_FILE || !rule->pattern.n ||
        aaj_glob_compile(rule->pattern, AAJ_GLOB_PATH, &glob, NULL) < 0)
        return;
    match = aaj_glob_match(glob, path);
    aaj_glob_free(glob);
    if (match <= 0)
        return;
    json_object_array_add(list, aaj_json_bytes(rule->text));
    if (!x->json)
        printf("  %s:%u: %s\n", aaj_escape(&x->arena, rule->loc.file), rule->loc.line, aaj_escape(&x->arena, rule->text));
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
        return bad(x, "the text given as EVENT is no record of an access");
    return EXIT_DONE;
}

/* The result speaks of the policy's profiles, so *match has to live as long. */
static int judge(struct explain *x, struct aaj_match **match, struct aaj_replay_result *result)
{
    struct aaj_compile compile = { .target = x->target };
    struct aaj_replay_input in = { .recording = x->recording };
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

static int show_event(struct explain *x, const struct aaj_replay_result *result)
{
    json_object *list = json_object_new_array();
    const struct aaj_access *access;
    bool denied = !aaj_replay_clean(result);
    size_t n;

    json_object_object_add(x->out, "allowed", json_object_new_boolean(!denied));
    if (!x->json)
        printf("%s\n", denied ? "would be denied" : result->accesses[AAJ_REPLAY_ALLOWED] ? "allowed by"
                                                                                          : "needs no rule");
    for (size_t i = 0; i < result->n_groups; i++) {
        const struct aaj_replay_group *g = &result->group[i];

        json_object_object_add(x->out, "missing", aaj_json_bytes(g->rule));
        json_object_object_add(x->out, "why", aaj_json_bytes(g->why));
        if (!x->json)
            printf("  in %s: %s%s%s\n", aaj_escape(&x->arena, g->profile), aaj_escape(&x->arena, g->why),
                   g->rule.n ? "; missing: " : "", g->rule.n ? aaj_escape(&x->arena, g->rule) : "");
    }
    if (!denied && aaj_recording_accesses(x->recording, &access, &n) == 0 &&
        (access->class == AAJ_CLASS_FILE || access->class == AAJ_CLASS_EXEC))
        for (size_t i = 0; i < x->rules.n_rules; i++)
            look_at_rule(x, &x->rules.rule[i], aaj_recording_str(x->recording, access->arg[AAJ_FILE_NAME]), list);
    json_object_object_add(x->out, "rules", list);
    if (aaj_recording_accesses(x->recording, &access, &n) == 0 && n)
        show_suspicion(x, access);
    return denied ? EXIT_FINDING : EXIT_DONE;
}

static int explain_event(struct explain *x, const char *line)
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

static int explain(struct explain *x, const char *what)
{
    int status = open_profile(x);

    if (status == EXIT_DONE)
        status = open_manifest(x);
    if (status == EXIT_DONE && aaj_recording_new(&x->recording) < 0)
        status = EXIT_REFUSED;
    if (status != EXIT_DONE)
        return status;
    x->out = json_object_new_object();
    status = strstr(what, "operation=") || strstr(what, "apparmor=") ? explain_event(x, what) : explain_rule(x, what);
    if (x->json && status <= EXIT_FINDING)
        puts(json_object_to_json_string_ext(x->out, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(x->out);
    return status;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct opts o = OPTS_INIT(verb, argc, argv);
    struct explain x = { .verb = verb };
    const char *name;
    int status = EXIT_DONE;

    while ((name = opts_next(&o)))
        if (status == EXIT_DONE)
            status = take_option(&x, name, o.value);
    if (o.done)
        status = o.status;
    else if (status == EXIT_DONE && o.n_operands != 2)
        status = usage_error(verb, "name a profile, and a rule or an event in quotes");
    else if (status == EXIT_DONE) {
        x.profile = o.operand[0];
        status = explain(&x, o.operand[1]);
    }
    show_diags(&x.diags);
    aaj_recording_free(x.recording);
    aaj_manifest_free(x.manifest);
    aaj_rules_clear(&x.rules);
    aaj_target_free(x.target);
    aaj_arena_clear(&x.arena);
    paths_clear(&x.logs);
    paths_clear(&x.recordings);
    return status;
}

const struct verb verb_explain = {
    .name = "explain",
    .args = "PROFILE RULE|EVENT",
    .summary = "Say which events made a rule, or which rule an event needs",
    .details = "  aajail explain build/gapapp/aajail.gapapp 'owner /srv/gap/db/*.json rw,' --log audit.log\n"
               "  aajail explain build/gapapp/aajail.gapapp \"$(grep DENIED audit.log | tail -1)\"",
    .opts = opts,
    .run = run,
};
