/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aajail explain PROFILE RULE|EVENT: which events made a rule and by which inference; which rules allow an event,
 * or which one is missing.
 */
#include "base/escape.h"
#include "base/file.h"
#include "explain.h"
#include "glob/glob.h"
#include "policy_reader.h"
#include "profile_cmd.h"
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

int explain_bad(struct explain *x, const char *what)
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
    return x->rules.n_profiles ? EXIT_DONE : explain_bad(x, "there is no profile in it");
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
            return explain_bad(x, "cannot read the manifest");
        r = aaj_manifest_parse(text, aaj_str_c(x->manifest_path), &x->diags, &x->manifest);
        return r < 0 ? EXIT_INPUT : EXIT_DONE;
    }
    aaj_glob_is_literal(p->attachment, AAJ_GLOB_PATH, &x->arena, &exe);
    if (aaj_manifest_default(exe.n ? exe : AAJ_STR("/unknown"), AAJ_STR(""), &x->manifest) < 0)
        return EXIT_REFUSED;
    x->manifest->jail.text = p->name;
    return EXIT_DONE;
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
    else if (status == EXIT_DONE && !o.operand[1][strspn(o.operand[1], " \t\n")])
        status = usage_error(verb, "the rule or event is empty: if a search should have found it, it found nothing");
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
