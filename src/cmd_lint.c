/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail lint: what is wrong with policy, or could be better. */
#include <dirent.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/json.h"
#include "check/lint.h"
#include "policy_reader.h"
#include "reader.h"
#include "report/results.h"
#include "target/target.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "syntax-only", 0, NULL, "only what a parser refuses: exit 0 for valid policy, 3 for invalid" },
    { "base", 'b', "DIR", "where <…> includes are searched for; may be repeated, the first that has it wins" },
    { "target", 't', "TARGET", "what the policy is for; also says what its parser does not know" },
    { "jails", 0, "DIR", "manifests of this machine's jails: what opens another one's roots is found" },
    { "format", 0, "text|json|sarif|junit", "how findings are printed: SARIF 2.1.0, JUnit's XML" },
    OPT_JSON,
    OPT_END,
};

enum { MAX_BASES = 16, FINDINGS_MAX = 1000000 };

enum lint_format { LINT_TEXT, LINT_JSON, LINT_SARIF, LINT_JUNIT };

struct lint {
    const char *base[MAX_BASES];
    size_t n_bases;
    const char *target_name;
    struct aaj_target *target;
    bool syntax_only;
    enum lint_format format;
    struct aaj_results results;
    struct aaj_ceiling *ceiling;
    const char *jails; /* folder of manifests */
    struct aaj_manifest **manifest;
    size_t n_manifests, cap_manifests;
};

static json_object *diag_json(const struct aaj_diag *d)
{
    static const char *const severity[] = { "note", "warning", "error" };
    json_object *o = json_object_new_object();

    json_object_object_add(o, "severity", json_object_new_string(severity[d->severity]));
    if (d->id)
        json_object_object_add(o, "id", json_object_new_string(d->id));
    aaj_json_add(o, "file", d->loc.file);
    json_object_object_add(o, "line", json_object_new_int64(d->loc.line));
    json_object_object_add(o, "column", json_object_new_int64(d->loc.column));
    aaj_json_add(o, "message", d->message);
    return o;
}

static void print_json(const struct aaj_diags *diags)
{
    json_object *list = json_object_new_array();

    for (size_t i = 0; i < diags->n; i++)
        json_object_array_add(list, diag_json(&diags->item[i]));
    puts(json_object_to_json_string_ext(list, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(list);
}

static int report(struct lint *lint, struct aaj_diags *diags)
{
    int status = diags->errors ? EXIT_INPUT : diags->warnings ? EXIT_FINDING : EXIT_DONE, r = 0;

    switch (lint->format) {
    case LINT_TEXT: show_diags(diags); break;
    case LINT_JSON: print_json(diags); break;
    case LINT_SARIF: r = aaj_results_sarif(stdout, &lint->results); break;
    case LINT_JUNIT: r = aaj_results_junit(stdout, &lint->results); break;
    }
    aaj_diags_clear(diags);
    return r < 0 ? EXIT_REFUSED : status;
}

static bool is_own(const struct aaj_rules *rules, const struct aaj_manifest *m)
{
    for (size_t i = 0; i < rules->n_profiles; i++)
        if (aaj_str_eq(rules->profile[i].name, m->jail.text) || aaj_str_eq(rules->profile[i].attachment, m->slave.text))
            return true;
    return false;
}

/* Only for this file: what is added stays in the child that reads it. */
static int add_roots(const struct lint *lint, const struct aaj_rules *rules)
{
    int r = 0;

    for (size_t i = 0; i < lint->n_manifests; i++) {
        const struct aaj_manifest *m = lint->manifest[i];

        for (size_t k = 0; r == 0 && k < m->roots.n && !is_own(rules, m); k++)
            r = aaj_ceiling_add_root(lint->ceiling, m->jail.text, m->roots.item[k].text);
    }
    return r;
}

/* In the child. */
static int lint_text(const struct policy_job *job, FILE *out, struct aaj_diags *diags)
{
    const struct lint *lint = job->data;
    struct aaj_policy *policy = NULL;
    struct aaj_rules rules;
    int r = aaj_policy_parse(job->text, job->name, &job->options, diags, &policy);

    (void)out;
    if (r == 0 && !lint->syntax_only) {
        r = aaj_rules_list(policy, &rules);
        if (r == 0)
            r = add_roots(lint, &rules);
        if (r == 0)
            r = aaj_lint_run(&rules, lint->ceiling, diags);
        aaj_rules_clear(&rules);
    }
    aaj_policy_free(policy);
    return r;
}

/* -- other jails ------------------------------------------------------------------------------------------ */

static int is_manifest(const struct dirent *e)
{
    size_t n = strlen(e->d_name);

    return e->d_name[0] != '.' && n > 5 && strcmp(e->d_name + n - 5, ".yaml") == 0;
}

static int read_jails(struct lint *lint, struct aaj_arena *arena, struct aaj_diags *diags)
{
    struct dirent **entry = NULL;
    int n = scandir(lint->jails, &entry, is_manifest, alphasort), status = EXIT_DONE;

    if (n < 0) {
        aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(lint->jails) }, "cannot read the folder of jails: %s",
                  strerror(errno));
        return EXIT_INPUT;
    }
    for (int i = 0; i < n; i++) {
        struct aaj_str path = aaj_arena_printf(arena, "%s/%s", lint->jails, entry[i]->d_name), text;

        if (!path.p || AAJ_GROW(lint->manifest, lint->n_manifests, lint->cap_manifests) < 0)
            status = EXIT_REFUSED;
        else if (read_manifest_file(path.p, arena, diags, &text, &lint->manifest[lint->n_manifests]) == EXIT_DONE)
            lint->n_manifests++;
        else
            status = EXIT_INPUT;
        free(entry[i]);
    }
    free(entry);
    return status;
}

/* A file is a suite: a case for its being read, and one for each finding. */
static void add_results(struct lint *lint, const char *path, struct aaj_diags *diags, size_t before)
{
    struct aaj_result looked = { .suite = aaj_str_c(path), .name = AAJ_STR("input") };

    if (lint->format != LINT_SARIF && lint->format != LINT_JUNIT)
        return;
    if (aaj_results_add(&lint->results, &looked) < 0 ||
        aaj_results_add_diags(&lint->results, diags, before, looked.suite, (struct aaj_str){ 0 }) < 0)
        aaj_error(diags, (struct aaj_loc){ 0 }, "out of memory");
}

static void lint_file(struct lint *lint, const char *path, struct aaj_diags *diags)
{
    const struct aaj_policy_options options = {
        .flags = AAJ_POLICY_CHECK,
        .base = lint->base,
        .n_bases = lint->n_bases,
        .target = lint->target_name ? lint->target : NULL, /* not asked for: no word of its parser */
    };
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str nothing;
    size_t errors = diags->errors, before = diags->n;
    int r = policy_run(path, &options, lint_text, lint, &arena, &nothing, diags);

    if (r < 0 && diags->errors == errors)
        aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(path) }, "it could not be looked at: %s", strerror(-r));
    add_results(lint, path, diags, before);
    aaj_arena_clear(&arena);
}

static bool set_format(struct lint *lint, const char *word)
{
    static const char *const name[] = { "text", "json", "sarif", "junit" };

    for (unsigned i = 0; i < AAJ_ARRAY_SIZE(name); i++)
        if (strcmp(word, name[i]) == 0) {
            lint->format = i;
            return true;
        }
    return false;
}

static int set_options(const struct verb *verb, struct lint *lint, struct opts *o)
{
    const char *name;
    bool known = true;

    while ((name = opts_next(o))) {
        if (opt_is(name, "syntax-only"))
            lint->syntax_only = true;
        else if (opt_is(name, "json"))
            lint->format = LINT_JSON;
        else if (opt_is(name, "format"))
            known = set_format(lint, o->value);
        else if (opt_is(name, "target"))
            lint->target_name = o->value;
        else if (opt_is(name, "jails"))
            lint->jails = o->value;
        else if (lint->n_bases < MAX_BASES)
            lint->base[lint->n_bases++] = o->value;
        else
            return usage_error(verb, "at most %d folders", MAX_BASES);
    }
    if (o->done)
        return o->status;
    if (!known)
        return usage_error(verb, "--format is text, json, sarif or junit");
    if (o->n_operands < 1)
        return usage_error(verb, "name the files to look at");
    return -1;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct opts o = OPTS_INIT(verb, argc, argv);
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct lint lint = { .results = { .tool = "aajail", .version = AAJAIL_VERSION, .verb = "lint", .kinds = aaj_lint_kinds } };
    int status = set_options(verb, &lint, &o);

    if (status >= 0)
        return status;
    if (lint.format != LINT_TEXT)
        diags.limit = FINDINGS_MAX; /* a program reads them: all, and not the first thousand */
    if (lint.target_name || !lint.n_bases) {
        if (aaj_target_open(lint.target_name, aajail_datadir(), &diags, &lint.target) < 0) {
            show_diags(&diags);
            return EXIT_INPUT;
        }
        if (lint.n_bases < MAX_BASES)
            lint.base[lint.n_bases++] = lint.target->base;
    }
    if (!lint.syntax_only && aaj_ceiling_open(aajail_datadir(), &diags, &lint.ceiling) < 0) {
        show_diags(&diags);
        aaj_target_free(lint.target);
        return EXIT_REFUSED;
    }
    if (lint.jails)
        status = read_jails(&lint, &arena, &diags);
    for (int i = 0; i < o.n_operands && status <= EXIT_DONE; i++)
        lint_file(&lint, o.operand[i], &diags);
    status = report(&lint, &diags);
    for (size_t i = 0; i < lint.n_manifests; i++)
        aaj_manifest_free(lint.manifest[i]);
    free(lint.manifest);
    aaj_results_clear(&lint.results);
    aaj_arena_clear(&arena);
    aaj_ceiling_free(lint.ceiling);
    aaj_target_free(lint.target);
    return status;
}

const struct verb verb_lint = {
    .name = "lint",
    .args = "FILE…",
    .summary = "Look for errors in policy, and for what a reviewer would object to",
    .details = "  aajail lint /etc/apparmor.d/usr.sbin.slave\n"
               "  aajail lint --syntax-only --base /etc/apparmor.d usr.sbin.slave\n\n"
               "A comment `# aajail: allow ID` behind a rule, above it, or behind a profile's opening brace\n"
               "switches a finding off.",
    .opts = opts,
    .run = run,
};
