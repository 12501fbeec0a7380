/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail build: from manifests and logs to proved artefacts. What was asked, and which jails are built together. */
#include <json.h>
#include <stdlib.h>
#include <string.h>

#include "build_group.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "log", 'l', "FILE", "a log of any form, plain or compressed; may be repeated; '-' is standard input" },
    { "recording", 'r', "FILE", "what 'aajail learn' wrote; may be repeated; default: NAME.rec beside the manifest" },
    { "executable", 'e', "PATH", "no manifest: a jail for this executable" },
    { "user", 'u', "USER", "with --executable: the slave's user, for the firewall chain" },
    { "profile", 'p', "LABEL", "the profile's label in the log, where it is not the jail's name" },
    { "root", 0, "DIR", "the tree that the slave runs in, for setuid bits, links and neighbours" },
    { "files", 0, "FILE", "the same from find -printf '%y\\t%m\\t%U\\t%G\\t%p\\n', plain or .zst" },
    { "merge", 'm', "FILE", "put what was learned into this profile, in which all else stays as it is" },
    { "target", 't', "TARGET", "what the profile is for: debian12 (default), debian13, lab, running, …" },
    { "profiles", 0, "DIR", "other profiles of the slave's machine, none of which may attach to it" },
    { "output", 'o', "DIR", "where the artefacts go; default: build/NAME; '-' prints the profile alone" },
    { "no-surface", 0, NULL, "do not count the existing files that the profile opens" },
    { "denied", 0, "report|grant", "what was denied becomes no rule (report, the default), or one" },
    { "grant-destinations", 0, NULL, "whom the slave called becomes part of the manifest that is written" },
    { "no-infer", 0, "NAME", "switch an inference off: counter, temp, siblings, …; may be repeated" },
    { "comments", 'c', NULL, "each rule says which inference and how many events made it" },
    { "dry-run", 'n', NULL, "do and say everything, write nothing" },
    OPT_JSON,
    OPT_END,
};

static int take_infer(struct build_args *a, const char *value)
{
    for (unsigned i = 0; i < AAJ_INFER_COUNT; i++)
        if (strcmp(aaj_infer_info[i].name, value) == 0) {
            a->infer_off |= 1u << i;
            return EXIT_DONE;
        }
    fprintf(stderr, "aajail build: there is no inference '%s'; there are:\n", value);
    for (unsigned i = 0; i < AAJ_INFER_COUNT; i++)
        fprintf(stderr, "  %-12s %s\n", aaj_infer_info[i].name, aaj_infer_info[i].means);
    return EXIT_USAGE;
}

static int take_option(struct build_args *a, const char *name, const char *value)
{
    const struct {
        const char *name, **into;
    } texts[] = {
        { "executable", &a->executable }, { "user", &a->user },     { "profile", &a->label }, { "root", &a->root },
        { "files", &a->list },            { "target", &a->target }, { "output", &a->output },
        { "merge", &a->merge },            { "profiles", &a->profiles },
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (opt_is(name, texts[i].name)) {
            *texts[i].into = value;
            return EXIT_DONE;
        }
    if (opt_is(name, "log") || opt_is(name, "recording"))
        return paths_add(opt_is(name, "log") ? &a->logs : &a->recordings, value) < 0 ? EXIT_REFUSED : EXIT_DONE;
    if (opt_is(name, "no-infer"))
        return take_infer(a, value);
    if (opt_is(name, "comments"))
        a->comments = true;
    else if (opt_is(name, "no-surface"))
        a->no_surface = true;
    else if (opt_is(name, "grant-destinations"))
        a->grant_dests = true;
    else if (opt_is(name, "dry-run"))
        a->dry_run = true;
    else if (opt_is(name, "json"))
        a->json = true;
    else if (opt_is(name, "denied") && strcmp(value, "grant") == 0)
        a->grant_denied = true;
    else if (opt_is(name, "denied") && strcmp(value, "report") != 0)
        return usage_error(a->verb, "--denied is 'report' or 'grant'");
    return EXIT_DONE;
}

static int check_args(const struct build_args *a, int n_operands)
{
    if (a->executable && n_operands)
        return usage_error(a->verb, "give manifests or --executable, not both");
    if (!a->executable && !n_operands)
        return usage_error(a->verb, "name a manifest, or an executable with --executable");
    if (a->executable && !a->logs.n && !a->recordings.n)
        return usage_error(a->verb, "name what was observed with --log or --recording");
    if (a->user && !a->executable)
        return usage_error(a->verb, "--user belongs to --executable; a manifest names its own user");
    if (a->root && a->list)
        return usage_error(a->verb, "--root and --files are two answers to one question");
    if (n_operands > 1 && (a->label || a->output || a->merge))
        return usage_error(a->verb, "--profile, --merge and --output speak of one jail; name one manifest");
    return EXIT_DONE;
}

/* -- manifests --------------------------------------------------------------------------------------------- */

/* A JSON string is a YAML one too. */
static struct aaj_str quoted(struct aaj_arena *arena, struct aaj_str s)
{
    json_object *o = json_object_new_string_len(s.p, (int)s.n);
    struct aaj_str text = aaj_arena_dup(arena, aaj_str_c(json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE)));

    json_object_put(o);
    return text;
}

/* The manifest that --executable stands for. */
static int make_manifest(const struct build_args *a, struct build_shared *s)
{
    struct aaj_manifest *m;
    struct aaj_str text;

    if (aaj_manifest_default(aaj_str_c(a->executable), aaj_str_c(a->user), &m) < 0) {
        aaj_error(&s->diags, (struct aaj_loc){ 0 }, "--executable wants an absolute path, as the kernel resolves it");
        return EXIT_INPUT;
    }
    text = aaj_arena_printf(&s->arena, "# of aajail build --executable\njail: %s\nslave: %s\n",
                            quoted(&s->arena, m->jail.text).p, quoted(&s->arena, m->slave.text).p);
    if (text.p && m->user.text.n)
        text = aaj_arena_printf(&s->arena, "%suser: %s\n", text.p, quoted(&s->arena, m->user.text).p);
    if (text.p && manifests_add(&s->jails, m, text) == 0)
        return EXIT_DONE;
    aaj_manifest_free(m);
    return EXIT_REFUSED;
}

static int open_manifests(const struct build_args *a, char **operand, int n, struct build_shared *s)
{
    int status = EXIT_DONE;

    if (a->executable)
        return make_manifest(a, s);
    for (int i = 0; i < n; i++) /* all of them, so that one run shows every mistake */
        if (manifests_open(&s->jails, operand[i], &s->diags) != EXIT_DONE)
            status = EXIT_INPUT;
    return status == EXIT_DONE ? manifests_complete(&s->jails, &s->diags) : status;
}

/* -- all of them -------------------------------------------------------------------------------------------- */

static int build_all(const struct build_args *a, struct build_shared *s)
{
    size_t *group = calloc(s->jails.n + 1, sizeof(*group)), failures = 0;
    int status = group ? EXIT_DONE : EXIT_REFUSED;

    for (size_t i = 0; i < s->jails.n && group; i++) {
        size_t n = manifests_group(&s->jails, i, group);
        int one = n ? build_group_run(a, s, group, n) : EXIT_DONE;

        failures += one != EXIT_DONE && one != EXIT_LOST ? n : 0;
        status = one > status ? one : status;
        show_diags(&s->diags);
    }
    if (s->jails.n > 1)
        fprintf(stderr, "%zu jails built, %zu failures\n", s->jails.n - failures, failures);
    free(group);
    return status;
}

static int open_and_build(const struct build_args *a, char **operand, int n, struct build_shared *s)
{
    int status = open_manifests(a, operand, n, s);

    if (status == EXIT_DONE && aaj_target_open(a->target, aajail_datadir(), &s->diags, &s->target) < 0)
        status = EXIT_INPUT;
    if (status == EXIT_DONE && aaj_target_check_parser(s->target, &s->diags) < 0)
        status = EXIT_REFUSED;
    if (status == EXIT_DONE)
        status = open_files(a->root, a->list, &s->files, &s->diags);
    show_diags(&s->diags);
    return status == EXIT_DONE ? build_all(a, s) : status;
}

int build_jails(const struct build_args *a, char **operand, int n)
{
    struct build_shared s = { 0 };
    int status = open_and_build(a, operand, n, &s);

    show_diags(&s.diags);
    manifests_clear(&s.jails);
    aaj_arena_clear(&s.arena);
    aaj_fsview_free(s.files);
    aaj_target_free(s.target);
    return status;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct opts o = OPTS_INIT(verb, argc, argv);
    struct build_args a = { .verb = verb };
    const char *name;
    int status = EXIT_DONE;

    while ((name = opts_next(&o)))
        if (status == EXIT_DONE)
            status = take_option(&a, name, o.value);
    if (o.done)
        status = o.status;
    else if (status == EXIT_DONE)
        status = check_args(&a, o.n_operands);
    if (!o.done && status == EXIT_DONE)
        status = build_jails(&a, o.operand, o.n_operands);
    paths_clear(&a.logs);
    paths_clear(&a.recordings);
    return status;
}

const struct verb verb_build = {
    .name = "build",
    .args = "MANIFEST… | --executable PATH",
    .summary = "Make, prove and write the profile and the firewall chain",
    .details = "  aajail build shop.yaml                                      shop.rec → build/shop/\n"
               "  aajail build --executable /usr/sbin/shopd --log audit.log -o -",
    .opts = opts,
    .run = run,
};
