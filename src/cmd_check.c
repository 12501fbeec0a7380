/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail check PROFILE: what the profile would do to what was observed, and the manifest's policy tests. */
#include <string.h>

#include "check_cmd.h"
#include "sandbox.h"
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
    { "format", 0, "text|json|tap|sarif|junit", "how results are printed: SARIF 2.1.0, JUnit's XML, TAP" },
    { "tap", 0, NULL, "the same as --format=tap" },
    OPT_JSON,
    OPT_END,
};

void check_tap(struct check *c, bool ok, const char *text)
{
    if (c->format == CHECK_TAP)
        printf("%sok %zu - %s\n", ok ? "" : "not ", ++c->tap_n, text);
}

/* Everything from outside, but for the manifest's tests. */
static int gather(struct check *c)
{
    int status = EXIT_DONE;

    if (aaj_target_open(c->target_name, aajail_datadir(), &c->diags, &c->target) < 0)
        return EXIT_INPUT;
    c->compile = (struct aaj_compile){ .target = c->target, .include = c->include, .n_include = c->n_include };
    if (aaj_compile_file(&c->compile, c->path, &c->arena, &c->diags, &c->policy) < 0)
        return EXIT_INPUT;
    if (check_in_results(c))
        check_results_open(c);
    if (c->coverage)
        status = check_open_coverage(c);
    if (status == EXIT_DONE && (c->logs.n || c->recordings.n))
        status = check_read_events(c);
    return status;
}

static int judge(struct check *c)
{
    int status = EXIT_DONE, r = aaj_match_open(c->policy, aaj_str_c(c->path), &c->diags, &c->match);

    if (r == 0 && aaj_match_count(c->match) == 0)
        r = aaj_error(&c->diags, (struct aaj_loc){ .file = aaj_str_c(c->path) }, "there is no profile in it");
    if (r < 0)
        return EXIT_INPUT;
    if (c->recording)
        status = check_replay(c);
    if (status == EXIT_DONE && c->coverage)
        check_show_coverage(c);
    if (status == EXIT_DONE && c->manifest)
        status = check_tests(c);
    return status;
}

/* Compiled policy may be anybody's: this is a child without power, but where policy tests have to look at this machine's
 * files. */
static int tell(void *data)
{
    struct check *c = data;
    int status = c->gathered;

    if (c->format == CHECK_TAP && status == EXIT_DONE)
        puts("TAP version 13");
    if (c->format == CHECK_JSON)
        c->out = json_object_new_object();
    if (status == EXIT_DONE)
        status = judge(c);
    if (c->format == CHECK_TAP && c->tap_n)
        printf("1..%zu\n", c->tap_n);
    if (c->format == CHECK_JSON && status == EXIT_DONE)
        puts(json_object_to_json_string_ext(c->out, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    if (status == EXIT_DONE && c->finding)
        status = EXIT_FINDING;
    if (check_in_results(c))
        status = check_results_print(c, status);
    show_diags(&c->diags);
    return c->lost && status < EXIT_LOST ? EXIT_LOST : status;
}

static bool set_format(struct check *c, const char *word)
{
    static const char *const name[] = { "text", "json", "tap", "sarif", "junit" };

    for (unsigned i = 0; i < sizeof(name) / sizeof(name[0]); i++)
        if (strcmp(word, name[i]) == 0) {
            c->format = i;
            return true;
        }
    return false;
}

static int parse(struct check *c, struct opts *o)
{
    int status = -1, formats = 0;
    const char *name;

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
        } else if (opt_is(name, "tap") || opt_is(name, "json") || opt_is(name, "format")) {
            const char *word = opt_is(name, "format") ? o->value : name;

            if (formats++ || !set_format(c, word))
                status = usage_error(c->verb, formats > 1 ? "one format, not two"
                                                          : "--format is text, json, tap, sarif or junit");
        } else if (opt_is(name, "include")) {
            if (c->n_include < CHECK_INCLUDE_MAX)
                c->include[c->n_include++] = o->value;
            else
                status = usage_error(c->verb, "more than %d include folders", CHECK_INCLUDE_MAX);
        }
    }
    if (o->done || status >= 0)
        return o->done ? o->status : status;
    if (o->n_operands != 1)
        return usage_error(c->verb, "name one profile");
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

    if (status < 0) {
        c.path = o.operand[0];
        c.gathered = gather(&c);
        status = c.manifest ? tell(&c) : sandbox_rest(tell, &c);
    }
    aaj_diags_clear(&c.diags); /* the child has shown them */
    json_object_put(c.out);
    aaj_recording_free(c.recording);
    aaj_coverage_clear(&c.cover);
    aaj_rules_clear(&c.rules);
    aaj_results_clear(&c.results);
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
