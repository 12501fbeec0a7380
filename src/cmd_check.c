/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail check PROFILE: what the profile would do to what was observed, and the manifest's policy tests. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/json.h"
#include "check/coverage.h"
#include "check/proof.h"
#include "check/replay.h"
#include "compile/open.h"
#include "policy_reader.h"
#include "profile_cmd.h"
#include "reader.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "log", 'l', "FILE", "replay this log; repeatable; - is standard input" },
    { "recording", 'r', "FILE", "replay this recording; repeatable" },
    { "profile", 'p', "LABEL", "replay this label alone; the log's name for the first profile" },
    { "coverage", 'c', NULL, "also which rules no event used, and which rest on one" },
    { "manifest", 'm', "FILE", "run the policy tests of this manifest" },
    { "root", 0, "DIR", "resolve the tests' symlinks below DIR" },
    { "files", 0, "FILE", "resolve them in a list of files made with find" },
    { "target", 'T', "TARGET", "what PROFILE is compiled for (debian12)" },
    { "include", 'I', "DIR", "another folder for include <…>; repeatable" },
    { "tap", 0, NULL, "print results for a test harness (TAP)" },
    OPT_JSON,
    OPT_END,
};

enum { INCLUDE_MAX = 16 };

struct check {
    const struct verb *verb;
    struct paths logs, recordings;
    const char *label, *manifest, *root, *files, *target_name, *include[INCLUDE_MAX];
    size_t n_include;
    bool coverage, json, tap;

    struct aaj_diags diags;
    struct aaj_arena arena;
    struct aaj_target *target;
    struct aaj_compile compile;
    struct aaj_match *match;
    struct aaj_recording *recording;
    struct aaj_coverage cover;
    json_object *out;
    size_t tap_n;
    bool finding, lost;
};

static void tap_line(struct check *c, bool ok, const char *text)
{
    if (c->tap)
        printf("%sok %zu - %s\n", ok ? "" : "not ", ++c->tap_n, text);
}

/* -- the replay --------------------------------------------------------------------------------------- */

static const char *const kind_name[] = { "denied", "unreached", "undecided", "unconfined" };

static void print_group(struct check *c, const struct aaj_replay_group *g, struct aaj_str *heading)
{
    const char *profile = aaj_escape(&c->arena, g->profile);
    const struct aaj_access *access;
    size_t n;

    if (!aaj_str_eq(*heading, g->profile)) {
        printf("%s\n", profile);
        *heading = g->profile;
    }
    if (g->kind == AAJ_REPLAY_GROUP_DENIED && g->rule.n)
        printf("  %-50s ", aaj_escape(&c->arena, g->rule));
    else
        printf("  %s: %-40s ", kind_name[g->kind], aaj_escape(&c->arena, g->why));
    printf("# %" PRIu64 " event%s%s", g->events, g->events == 1 ? "" : "s",
           g->only_denied ? ", denied then already" : "");
    if (g->kind == AAJ_REPLAY_GROUP_DENIED && aaj_recording_accesses(c->recording, &access, &n) == 0)
        printf("; %s%s%s", aaj_escape(&c->arena, aaj_recording_str(c->recording, access[g->access].op)),
               g->rule.n ? "; " : "", g->rule.n ? aaj_escape(&c->arena, g->why) : "");
    putchar('\n');
}

static json_object *group_json(struct check *c, const struct aaj_replay_group *g)
{
    json_object *o = json_object_new_object();
    const struct aaj_access *access;
    size_t n;

    json_object_object_add(o, "kind", json_object_new_string(kind_name[g->kind]));
    json_object_object_add(o, "profile", aaj_json_bytes(g->profile));
    json_object_object_add(o, "class", json_object_new_string(aaj_class_info[g->class].name));
    if (g->rule.n)
        json_object_object_add(o, "rule", aaj_json_bytes(g->rule));
    json_object_object_add(o, "why", aaj_json_bytes(g->why));
    json_object_object_add(o, "accesses", json_object_new_uint64(g->accesses));
    json_object_object_add(o, "events", json_object_new_uint64(g->events));
    json_object_object_add(o, "only_denied", json_object_new_boolean(g->only_denied));
    if (aaj_recording_accesses(c->recording, &access, &n) == 0 && access[g->access].sample.n)
        json_object_object_add(o, "sample", aaj_json_bytes(access[g->access].sample));
    return o;
}

static void show_counts(struct check *c, const struct aaj_replay_result *r)
{
    size_t denied = r->accesses[AAJ_REPLAY_DENIED], total = r->unreached + r->unconfined;

    for (size_t i = 0; i <= AAJ_REPLAY_UNDECIDED; i++)
        total += r->accesses[i];
    printf("%s%zu of %zu distinct accesses would be denied; %zu allowed, %zu not mediated by %s, %zu need no rule, "
           "%zu undecided, %zu below a refused exec, %zu unconfined\n",
           r->n_groups ? "\n" : "", denied, total, r->accesses[AAJ_REPLAY_ALLOWED], r->accesses[AAJ_REPLAY_NOT_MEDIATED],
           c->target->name, r->accesses[AAJ_REPLAY_IRRELEVANT], r->accesses[AAJ_REPLAY_UNDECIDED], r->unreached,
           r->unconfined);
}

static void counts_json(struct check *c, const struct aaj_replay_result *r)
{
    static const char *const name[] = { "allowed", "denied", "not_mediated", "no_rule_needed", "undecided" };
    json_object *counts = json_object_new_object(), *groups = json_object_new_array();

    for (size_t i = 0; i <= AAJ_REPLAY_UNDECIDED; i++)
        json_object_object_add(counts, name[i], json_object_new_uint64(r->accesses[i]));
    json_object_object_add(counts, "unreached", json_object_new_uint64(r->unreached));
    json_object_object_add(counts, "unconfined", json_object_new_uint64(r->unconfined));
    json_object_object_add(c->out, "accesses", counts);
    for (size_t i = 0; i < r->n_groups; i++)
        json_object_array_add(groups, group_json(c, &r->group[i]));
    json_object_object_add(c->out, "groups", groups);
}

static void show_replay(struct check *c, const struct aaj_replay_result *r)
{
    struct aaj_str heading = { 0 };

    c->finding |= !aaj_replay_clean(r);
    if (c->json) {
        counts_json(c, r);
        return;
    }
    for (size_t i = 0; i < r->n_groups; i++) {
        const struct aaj_replay_group *g = &r->group[i];

        if (c->tap && g->kind != AAJ_REPLAY_GROUP_UNDECIDED)
            tap_line(c, false, aaj_arena_printf(&c->arena, "replay: %s %s %s", aaj_escape(&c->arena, g->profile),
                                                kind_name[g->kind], aaj_escape(&c->arena, g->rule.n ? g->rule : g->why)).p);
        else if (!c->tap)
            print_group(c, g, &heading);
    }
    if (!c->tap)
        show_counts(c, r);
    else if (aaj_replay_clean(r))
        tap_line(c, true, "replay: nothing would be denied");
}

static void decided(void *ctx, size_t i, const struct aaj_match_profile *profile,
                    const struct aaj_replay_decision *decision)
{
    struct check *c = ctx;
    const struct aaj_access *access;
    size_t n;

    if (c->coverage && decision->verdict == AAJ_REPLAY_ALLOWED &&
        aaj_recording_accesses(c->recording, &access, &n) == 0)
        aaj_coverage_add(&c->cover, c->recording, &access[i], profile->name);
}

static int read_events(struct check *c)
{
    int status = EXIT_DONE;

    if (aaj_recording_new(&c->recording) < 0)
        return EXIT_REFUSED;
    if (c->logs.n)
        status = read_logs(&c->logs, NULL, c->recording, &c->diags);
    if (status == EXIT_DONE && c->recordings.n)
        status = read_recordings(&c->recordings, c->recording, &c->diags);
    return status;
}

/* What the log holds of others: neither a finding nor passed over in silence. */
static void show_others(struct check *c, const struct aaj_replay_roots *roots)
{
    json_object *list = json_object_new_array();

    for (size_t i = 0; i < roots->n_others; i++) {
        json_object *o = json_object_new_object();

        json_object_object_add(o, "label", aaj_json_bytes(roots->other[i].label));
        json_object_object_add(o, "accesses", json_object_new_uint64(roots->other[i].accesses));
        json_object_array_add(list, o);
        if (!c->json && !c->tap)
            printf("%s%s (%zu)", i ? ", " : "not of this policy, so not replayed: ",
                   aaj_escape(&c->arena, roots->other[i].label), roots->other[i].accesses);
    }
    if (roots->n_others && !c->json && !c->tap)
        putchar('\n');
    if (c->json)
        json_object_object_add(c->out, "other_labels", list);
    else
        json_object_put(list);
}

static void note_loss(struct check *c)
{
    struct aaj_account account = aaj_recording_account(c->recording);

    c->lost = account.incomplete || account.lost;
    if (c->json)
        json_object_object_add(c->out, "complete", json_object_new_boolean(!c->lost));
    if (c->lost)
        aaj_diag_add(&c->diags, AAJ_WARNING, "check-lost", (struct aaj_loc){ 0 }, (struct aaj_str){ 0 },
                     "events were lost when this was recorded: what is missing could not be replayed");
}

static int replay(struct check *c)
{
    struct aaj_replay_input in = { .match = c->match, .decided = decided, .ctx = c };
    struct aaj_replay_result result = { 0 };
    struct aaj_replay_roots roots = { 0 };
    int status = read_events(c);

    if (status != EXIT_DONE)
        return status;
    in.recording = c->recording;
    if (aaj_replay_roots(c->recording, c->match, aaj_str_c(c->label), &c->diags, &roots) < 0)
        return EXIT_INPUT;
    in.root = roots.root;
    in.n_roots = roots.n;
    in.only = roots.only;
    if (aaj_replay_run(&in, &result) < 0) {
        status = EXIT_REFUSED;
    } else {
        show_replay(c, &result);
        show_others(c, &roots);
        note_loss(c);
    }
    aaj_replay_clear(&result);
    aaj_replay_roots_clear(&roots);
    return status;
}

/* -- coverage ----------------------------------------------------------------------------------------- */

static json_object *rule_json(const struct aaj_listed_rule *r, uint64_t events)
{
    json_object *o = json_object_new_object();

    json_object_object_add(o, "profile", aaj_json_bytes(r->profile));
    json_object_object_add(o, "rule", aaj_json_bytes(r->text));
    json_object_object_add(o, "file", aaj_json_bytes(r->loc.file));
    json_object_object_add(o, "line", json_object_new_int64(r->loc.line));
    json_object_object_add(o, "events", json_object_new_uint64(events));
    return o;
}

/* Of an include only how much of it was used: its rules are not the profile's to drop one by one. */
static void show_include(struct check *c, struct aaj_str profile, struct aaj_str include, json_object *list)
{
    size_t n = 0, used = 0;
    json_object *o;

    for (size_t i = 0; i < c->cover.rules.n_rules; i++) {
        const struct aaj_listed_rule *r = &c->cover.rules.rule[i];

        if (aaj_str_eq(r->profile, profile) && aaj_str_eq(r->include, include)) {
            n++;
            used += c->cover.accesses[i] > 0;
        }
    }
    if (!c->json) {
        printf("  %zu of %zu rules used: include <%s>\n", used, n, aaj_escape(&c->arena, include));
        return;
    }
    o = json_object_new_object();
    json_object_object_add(o, "profile", aaj_json_bytes(profile));
    json_object_object_add(o, "include", aaj_json_bytes(include));
    json_object_object_add(o, "rules", json_object_new_uint64(n));
    json_object_object_add(o, "used", json_object_new_uint64(used));
    json_object_array_add(list, o);
}

static bool first_of_include(const struct aaj_rules *rules, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (aaj_str_eq(rules->rule[k].include, rules->rule[i].include) &&
            aaj_str_eq(rules->rule[k].profile, rules->rule[i].profile))
            return false;
    return true;
}

static void show_coverage(struct check *c)
{
    json_object *rules = json_object_new_array(), *includes = json_object_new_array();
    size_t own = 0, unused = 0, single = 0;

    if (!c->json && !c->tap)
        printf("\ncoverage\n");
    for (size_t i = 0; i < c->cover.rules.n_rules && !c->tap; i++) {
        const struct aaj_listed_rule *r = &c->cover.rules.rule[i];

        if (r->include.n) {
            if (first_of_include(&c->cover.rules, i))
                show_include(c, r->profile, r->include, includes);
            continue;
        }
        own++;
        unused += c->cover.events[i] == 0;
        single += c->cover.events[i] == 1;
        if (c->cover.events[i] > 1 || r->prefix.mode == AAJ_MODE_DENY)
            continue;
        if (c->json)
            json_object_array_add(rules, rule_json(r, c->cover.events[i]));
        else
            printf("  %s line %u: %s\n", c->cover.events[i] ? "one event" : "unused   ", r->loc.line,
                   aaj_escape(&c->arena, r->text));
    }
    if (c->json) {
        json_object_object_add(c->out, "rules_seldom_used", rules);
        json_object_object_add(c->out, "includes", includes);
        return;
    }
    json_object_put(rules);
    json_object_put(includes);
    if (!c->tap)
        printf("%zu rules of its own: %zu unused, %zu rest on one event\n", own, unused, single);
}

static int open_coverage(struct check *c, const char *path)
{
    const char *base[INCLUDE_MAX + 3];
    struct aaj_policy_options options = { .flags = AAJ_POLICY_CHECK, .base = base };
    struct aaj_rules rules;

    for (size_t i = 0; i < c->n_include; i++)
        base[options.n_bases++] = c->include[i];
    base[options.n_bases++] = c->target->base;
    if (c->target->template_dir)
        base[options.n_bases++] = c->target->template_dir;
    if (c->target->abstraction_dir)
        base[options.n_bases++] = c->target->abstraction_dir;
    if (policy_read_rules(path, &options, &rules, &c->diags) < 0)
        return EXIT_INPUT;
    return aaj_coverage_init(&c->cover, &rules) < 0 ? EXIT_REFUSED : EXIT_DONE;
}

/* -- policy tests ------------------------------------------------------------------------------------- */

static void show_tests(struct check *c, size_t n, size_t before)
{
    json_object *failed = json_object_new_array();
    size_t bad = 0;

    for (size_t i = before; i < c->diags.n; i++) {
        const struct aaj_diag *d = &c->diags.item[i];

        if (d->severity != AAJ_ERROR)
            continue;
        bad++;
        tap_line(c, false, aaj_escape(&c->arena, d->message));
        json_object_array_add(failed, aaj_json_bytes(d->message));
    }
    c->finding |= bad > 0;
    if (bad < n)
        tap_line(c, true, aaj_arena_printf(&c->arena, "%zu policy tests hold", n - bad).p);
    if (c->json) {
        json_object_object_add(c->out, "tests", json_object_new_uint64(n));
        json_object_object_add(c->out, "failed_tests", failed);
        return;
    }
    json_object_put(failed);
    if (!c->tap)
        printf("%zu of %zu policy tests hold\n", n - bad, n);
}

static int policy_tests(struct check *c)
{
    struct aaj_manifest *manifest = NULL;
    struct aaj_fsview *files = NULL;
    struct aaj_str text;
    size_t n = 0, before;
    int status = read_manifest_file(c->manifest, &c->arena, &c->diags, &text, &manifest);

    if (status == EXIT_DONE)
        status = open_files(c->root, c->files, &files, &c->diags);
    before = c->diags.n;
    if (status == EXIT_DONE && aaj_proof_policy_tests(c->match, manifest, files, &c->diags, &n) < 0)
        status = EXIT_REFUSED;
    if (status == EXIT_DONE)
        show_tests(c, n, before);
    aaj_fsview_free(files);
    aaj_manifest_free(manifest);
    return status;
}

/* -- the command -------------------------------------------------------------------------------------- */

static int open_policy(struct check *c, const char *path)
{
    int r = aaj_target_open(c->target_name, aajail_datadir(), &c->diags, &c->target);

    if (r < 0)
        return EXIT_INPUT;
    c->compile = (struct aaj_compile){ .target = c->target, .include = c->include, .n_include = c->n_include };
    r = aaj_compile_open(&c->compile, path, &c->arena, &c->diags, &c->match, NULL);
    if (r == 0 && aaj_match_count(c->match) == 0)
        r = aaj_error(&c->diags, (struct aaj_loc){ .file = aaj_str_c(path) }, "there is no profile in it");
    return r < 0 ? EXIT_INPUT : EXIT_DONE;
}

static int check(struct check *c, const char *path)
{
    int status = open_policy(c, path), tests = EXIT_DONE;

    if (status != EXIT_DONE)
        return status;
    if (c->tap)
        puts("TAP version 13");
    if (c->json)
        c->out = json_object_new_object();
    if (c->coverage)
        status = open_coverage(c, path);
    if (status == EXIT_DONE && (c->logs.n || c->recordings.n))
        status = replay(c);
    if (status == EXIT_DONE && c->coverage)
        show_coverage(c);
    if (c->manifest && status == EXIT_DONE)
        tests = policy_tests(c);
    if (tests > status)
        status = tests;
    if (c->tap)
        printf("1..%zu\n", c->tap_n);
    if (c->json && status == EXIT_DONE)
        puts(json_object_to_json_string_ext(c->out, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    if (status == EXIT_DONE && c->finding)
        status = EXIT_FINDING;
    return c->lost && status < EXIT_LOST ? EXIT_LOST : status;
}

static int parse(struct check *c, struct opts *o)
{
    const char *name;
    int status = -1;

    while ((name = opts_next(o))) { /* to the end, also after an error: the table is freed there */
        if (opt_is(name, "log") || opt_is(name, "recording")) {
            if (paths_add(opt_is(name, "log") ? &c->logs : &c->recordings, o->value) < 0)
                status = EXIT_REFUSED;
        } else if (opt_is(name, "profile")) {
            c->label = o->value;
        } else if (opt_is(name, "manifest")) {
            c->manifest = o->value;
        } else if (opt_is(name, "root")) {
            c->root = o->value;
        } else if (opt_is(name, "files")) {
            c->files = o->value;
        } else if (opt_is(name, "target")) {
            c->target_name = o->value;
        } else if (opt_is(name, "coverage")) {
            c->coverage = true;
        } else if (opt_is(name, "tap")) {
            c->tap = true;
        } else if (opt_is(name, "json")) {
            c->json = true;
        } else if (opt_is(name, "include")) {
            if (c->n_include < INCLUDE_MAX)
                c->include[c->n_include++] = o->value;
            else
                status = usage_error(c->verb, "more than %d include folders", INCLUDE_MAX);
        }
    }
    if (o->done || status >= 0)
        return o->done ? o->status : status;
    if (o->n_operands != 1)
        return usage_error(c->verb, "name one profile");
    if (c->json && c->tap)
        return usage_error(c->verb, "--json or --tap, not both");
    if (c->coverage && !c->logs.n && !c->recordings.n)
        return usage_error(c->verb, "--coverage needs a --log or a --recording");
    if (!c->logs.n && !c->recordings.n && !c->manifest)
        return usage_error(c->verb, "name what to check it with: --log, --recording or --manifest");
    return -1;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct check c = { .verb = verb };
    struct opts o = OPTS_INIT(verb, argc, argv);
    int status = parse(&c, &o);

    if (status < 0)
        status = check(&c, o.operand[0]);
    show_diags(&c.diags);
    json_object_put(c.out);
    aaj_recording_free(c.recording);
    aaj_coverage_clear(&c.cover);
    aaj_match_free(c.match);
    aaj_target_free(c.target);
    aaj_arena_clear(&c.arena);
    paths_clear(&c.logs);
    paths_clear(&c.recordings);
    return status;
}

const struct verb verb_check = {
    .name = "check",
    .args = "PROFILE [--log FILE…|--recording FILE…] [--manifest FILE]",
    .summary = "Say which observed events a profile would deny",
    .details = "  aajail check gapapp.profile --log audit.log\n"
               "  aajail check gapapp.profile --recording gapapp.rec --manifest gapapp.yaml --json\n\n"
               "PROFILE is profile text or compiled policy. Each label of the log is judged by the profile of its name, or\n"
               "that attaches to it. Exit status 1 when something would be denied or a policy test fails, 5 when the\n"
               "log says that events were lost.",
    .opts = opts,
    .run = run,
};
