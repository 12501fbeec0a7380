/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a rule comes from: the inferences and events that made it, or the template, manifest or include that holds it. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/json.h"
#include "explain.h"
#include "learn/learn.h"
#include "policy/merge.h"
#include "policy/parse.h"
#include "policy/print.h"

enum { SHOWN = 20 };

/* @where: the profile it was granted in, where that is not said already. */
static void print_access(struct explain *x, const struct aaj_access *a, struct aaj_str where, json_object *list)
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
    printf("  %6" PRIu64 " × %.*s%s%s\n", events, AAJ_STR_ARG(text), where.n ? "  in " : "", aaj_escape(&x->arena, where));
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
            print_access(x, &access[rule->access[i]], AAJ_STR(""), list);
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

/* A rule that grants what was asked about, once for each place in the text: what an include says stands in many profiles. */
struct holder {
    const struct aaj_listed_rule *rule; /* in the first of them */
    bool *in;                           /* for each rule of x->rules: is it this one? */
};

static bool same_place(const struct aaj_listed_rule *a, const struct aaj_listed_rule *b)
{
    return a->loc.line == b->loc.line && a->loc.column == b->loc.column && aaj_str_eq(a->loc.file, b->loc.file) &&
           aaj_str_eq(a->text, b->text);
}

static bool grants(const struct aaj_listed_rule *rule, const struct aaj_rule *asked)
{
    struct aaj_rule filled = rule->item->rule;

    filled.prefix = rule->prefix;
    if (filled.kind == AAJ_RULE_FILE && rule->pattern.n)
        filled.file.path.value = rule->pattern;
    return aaj_rule_covers(&filled, asked) > 0;
}

/* Which of the profiles that @h stands in the access was granted in. */
static const struct aaj_listed_rule *holder_for(const struct explain *x, const struct holder *h, struct aaj_str profile)
{
    for (size_t i = 0; i < x->rules.n_rules; i++)
        if (h->in[i] && aaj_str_eq(x->rules.rule[i].profile, profile))
            return &x->rules.rule[i];
    return NULL;
}

/* What was learned and the asked rule speaks of, in the profiles of @h. */
static void show_granted(struct explain *x, const struct aaj_learned *learned, const struct holder *h,
                         const struct aaj_rule *asked, json_object *list)
{
    const struct aaj_access *access;
    struct aaj_glob *glob = NULL;
    size_t n, shown = 0;

    if (aaj_recording_accesses(x->recording, &access, &n) < 0 ||
        (asked->kind == AAJ_RULE_FILE && aaj_glob_compile(asked->file.path.value, AAJ_GLOB_PATH, &glob, NULL) < 0))
        return;
    for (size_t i = 0; i < learned->n_granted; i++) {
        const struct aaj_access *a = &access[learned->granted[i].access];
        const struct aaj_listed_rule *rule = holder_for(x, h, learned->granted[i].profile);
        bool file = a->class == AAJ_CLASS_FILE || a->class == AAJ_CLASS_EXEC;

        if (!rule || file != (glob != NULL) ||
            (file ? aaj_glob_match(glob, aaj_recording_str(x->recording, a->arg[AAJ_FILE_NAME])) <= 0
                  : !aaj_rules_speaks_of(rule, x->recording, a)))
            continue;
        if (x->json || shown++ < SHOWN)
            print_access(x, a, learned->granted[i].profile, list);
    }
    if (!x->json && shown > SHOWN)
        printf("  … and %zu more\n", shown - SHOWN);
    aaj_glob_free(glob);
}

static void show_holder(struct explain *x, const struct aaj_learned *learned, const struct holder *h,
                        const struct aaj_rule *asked, json_object *rules)
{
    json_object *o = json_object_new_object(), *profiles = json_object_new_array(), *list = json_object_new_array();
    const char *sep = "";

    if (!x->json)
        printf("%s\n  %s:%u grants it, in ", aaj_escape(&x->arena, h->rule->text), aaj_escape(&x->arena, h->rule->loc.file),
               h->rule->loc.line);
    for (size_t i = 0; i < x->rules.n_rules; i++)
        if (h->in[i]) {
            json_object_array_add(profiles, aaj_json_bytes(x->rules.rule[i].profile));
            if (!x->json)
                printf("%s%s", sep, aaj_escape(&x->arena, x->rules.rule[i].profile));
            sep = ", ";
        }
    if (!x->json)
        putchar('\n');
    json_object_object_add(o, "rule", aaj_json_bytes(h->rule->text));
    json_object_object_add(o, "file", aaj_json_bytes(h->rule->loc.file));
    json_object_object_add(o, "line", json_object_new_int64(h->rule->loc.line));
    json_object_object_add(o, "profiles", profiles);
    show_granted(x, learned, h, asked, list);
    json_object_object_add(o, "evidence", list);
    json_object_array_add(rules, o);
}

/* A rule of the template, of the manifest or of an include that grants what was asked about. */
static bool explain_listed(struct explain *x, const struct aaj_learned *learned, const struct aaj_rule *asked)
{
    json_object *rules = json_object_new_array();
    bool *done = aaj_arena_new_array(&x->arena, x->rules.n_rules + 1, bool), found = false;

    for (size_t i = 0; done && i < x->rules.n_rules; i++) {
        struct holder h = { &x->rules.rule[i], NULL };

        if (done[i] || !grants(h.rule, asked))
            continue;
        h.in = aaj_arena_new_array(&x->arena, x->rules.n_rules, bool);
        if (!h.in)
            break;
        for (size_t k = i; k < x->rules.n_rules; k++)
            done[k] |= h.in[k] = same_place(h.rule, &x->rules.rule[k]);
        show_holder(x, learned, &h, asked, rules);
        found = true;
    }
    json_object_object_add(x->out, "granted_by", rules);
    return found;
}

/* Is it a rule of the learner's, spelled in whatever way? */
int explain_rule(struct explain *x, const char *text)
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
