/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail build: from manifests and logs to proved artefacts. */
#include <errno.h>
#include <json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "build/artefact.h"
#include "build/build.h"
#include "manifests.h"
#include "reader.h"
#include "report/build_report.h"
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

struct args {
    const struct verb *verb;
    struct paths logs, recordings;
    const char *executable, *user, *label, *root, *list, *target, *output, *merge, *profiles;
    uint32_t infer_off;
    bool grant_denied, grant_dests, comments, no_surface, dry_run, json;
};

/* What all jails of one call share. */
struct shared {
    struct aaj_target *target;
    struct aaj_fsview *files;
    struct aaj_arena arena;
    struct manifests jails;
    struct aaj_diags diags;
};

static int take_infer(struct args *a, const char *value)
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

static int take_option(struct args *a, const char *name, const char *value)
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

static int check_args(const struct args *a, int n_operands)
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
static int make_manifest(const struct args *a, struct shared *s)
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

static int open_manifests(const struct args *a, char **operand, int n, struct shared *s)
{
    int status = EXIT_DONE;

    if (a->executable)
        return make_manifest(a, s);
    for (int i = 0; i < n; i++) /* all of them, so that one run shows every mistake */
        if (manifests_open(&s->jails, operand[i], &s->diags) != EXIT_DONE)
            status = EXIT_INPUT;
    return status == EXIT_DONE ? manifests_complete(&s->jails, &s->diags) : status;
}

/* -- one jail ---------------------------------------------------------------------------------------------- */

/* NAME.rec beside NAME.yaml, when nothing else was named and it is there. */
static int add_default_recording(const char *manifest, struct paths *recordings, char **ret_path)
{
    const char *dot = strrchr(manifest, '.');
    size_t n = dot && !strchr(dot, '/') ? (size_t)(dot - manifest) : strlen(manifest);

    if (asprintf(ret_path, "%.*s.rec", (int)n, manifest) < 0) {
        *ret_path = NULL;
        return -ENOMEM;
    }
    return access(*ret_path, R_OK) == 0 ? paths_add(recordings, *ret_path) : 0;
}

/* @master: whose recording holds the pool's events too; NULL for a jail of its own. */
static int observe(const struct args *a, const struct aaj_manifest *m, const struct aaj_manifest *master,
                   struct aaj_recording *rec, struct aaj_diags *diags)
{
    struct paths beside = { 0 };
    char *path = NULL, *masters = NULL;
    int status = EXIT_DONE;

    if (!a->logs.n && !a->recordings.n) {
        if (add_default_recording(m->file.p, &beside, &path) < 0 ||
            (!beside.n && master && add_default_recording(master->file.p, &beside, &masters) < 0))
            status = EXIT_REFUSED;
        else if (!beside.n) {
            aaj_error(diags, (struct aaj_loc){ .file = m->file },
                      "nothing was observed: there is no %s; name it with --recording, or logs with --log", path);
            status = EXIT_INPUT;
        }
    }
    if (status == EXIT_DONE)
        status = read_recordings(beside.n ? &beside : &a->recordings, rec, diags);
    if (status == EXIT_DONE)
        status = read_logs(&a->logs, NULL, rec, diags);
    paths_clear(&beside);
    free(path);
    free(masters);
    return status;
}

/* One jail of a group: what it is built from, what was built, and what its report says. */
struct part {
    struct aaj_str manifest, report, page;
    const struct aaj_manifest **other;
};

struct group {
    const size_t *member; /* into jails; the first gives the artefacts their name */
    size_t n;
    struct aaj_build_input *in;
    struct aaj_built **built;
    struct part *part;
};

enum { PART_FILES = 6, WITHOUT_CHAIN = 2 };

/* What belongs to one jail of a group alone; of a pool in files that begin with its name. */
static size_t part_files(const struct group *g, size_t i, struct aaj_artefact *file)
{
    struct aaj_built *b = g->built[i];
    struct aaj_str jail = g->in[i].manifest->jail.text;
    const struct {
        const char *name;
        struct aaj_str bytes;
    } own[] = {
        { "report.json", g->part[i].report },
        { "report.html", g->part[i].page },
        { "firewall.v4", b->firewall_v4 },
        { "firewall.v6", b->firewall_v6 },
        { "firewall.nft", b->firewall_nft },
    };
    size_t n = 0;

    file[n++] = (struct aaj_artefact){ aaj_arena_printf(&b->arena, "%.*s.yaml", AAJ_STR_ARG(jail)), g->part[i].manifest };
    for (size_t k = 0; k < (b->plan ? PART_FILES - 1 : WITHOUT_CHAIN); k++, n++)
        file[n] = (struct aaj_artefact){ i ? aaj_arena_printf(&b->arena, "%.*s.%s", AAJ_STR_ARG(jail), own[k].name)
                                           : aaj_str_c(own[k].name),
                                         own[k].bytes };
    return n;
}

static int write_artefacts(const struct args *a, const struct group *g, struct aaj_diags *diags)
{
    struct aaj_built *b = g->built[0];
    const struct aaj_manifest *m = g->in[0].manifest;
    struct aaj_artefact *file = aaj_arena_new_array(&b->arena, 2 + g->n * PART_FILES, struct aaj_artefact);
    struct aaj_artefacts artefacts = { .arena = &b->arena,
                                       .jail = m->jail.text,
                                       .user = m->user.text,
                                       .target = aaj_str_c(g->in[0].target->name),
                                       .file = file };
    struct aaj_str dir = a->output ? aaj_str_c(a->output)
                                   : aaj_arena_printf(&b->arena, "build/%.*s", AAJ_STR_ARG(m->jail.text));
    size_t names = 0;

    if (!file || !dir.p)
        return EXIT_REFUSED;
    for (size_t i = 0; i < g->n; i++)
        names += g->built[i]->n_names;
    artefacts.profile = aaj_arena_new_array(&b->arena, names + 1, struct aaj_str);
    if (!artefacts.profile)
        return EXIT_REFUSED;
    file[0] = (struct aaj_artefact){ b->own_file, b->profile };
    file[1] = (struct aaj_artefact){ aaj_arena_printf(&b->arena, "%.*s.policy", AAJ_STR_ARG(m->jail.text)), b->policy };
    artefacts.n_files = 2;
    for (size_t i = 0; i < g->n; i++) {
        memcpy(artefacts.profile + artefacts.n_profiles, g->built[i]->name, g->built[i]->n_names * sizeof(struct aaj_str));
        artefacts.n_profiles += g->built[i]->n_names;
        artefacts.n_files += part_files(g, i, file + artefacts.n_files);
    }
    for (size_t i = 0; i < artefacts.n_files; i++)
        if (!file[i].name.p)
            return EXIT_REFUSED;
    if (aaj_artefacts_write(dir.p, &artefacts, diags) < 0)
        return EXIT_REFUSED;
    fprintf(stderr, "  written to %s\n", dir.p);
    return EXIT_DONE;
}

static int deliver(const struct args *a, const struct group *g, struct aaj_diags *diags)
{
    for (size_t i = 0; i < g->n; i++) {
        struct aaj_built *b = g->built[i];
        struct part *part = &g->part[i];

        if (aaj_report_build_text(stderr, &g->in[i], b) < 0 ||
            aaj_report_build_json(&g->in[i], b, &b->arena, &part->report) < 0 ||
            aaj_report_build_html(&g->in[i], b, &b->arena, &part->page) < 0)
            return EXIT_REFUSED;
        if (a->json)
            fwrite(part->report.p, 1, part->report.n, stdout);
    }
    if (a->output && strcmp(a->output, "-") == 0) {
        if (!a->json)
            fwrite(g->built[0]->profile.p, 1, g->built[0]->profile.n, stdout);
        return EXIT_DONE;
    }
    return a->dry_run ? EXIT_DONE : write_artefacts(a, g, diags);
}

static int build_status(int r)
{
    switch (r) {
    case 0: return EXIT_DONE;
    case -EPERM: return EXIT_FINDING;
    case -EINVAL:
    case -ENOENT: return EXIT_INPUT;
    default: return EXIT_REFUSED;
    }
}

static int read_profile(const char *path, struct shared *s, struct aaj_build_input *in)
{
    int r = aaj_file_read(path, AAJ_FILE_MAX, &s->arena, &in->merge);

    in->merge_name = aaj_str_c(path);
    if (r < 0)
        aaj_error(&s->diags, (struct aaj_loc){ .file = in->merge_name }, "cannot read the profile: %s", strerror(-r));
    return r < 0 ? EXIT_INPUT : EXIT_DONE;
}

static const char *profiles_below(const char *root, struct shared *s)
{
    struct aaj_str dir = aaj_arena_printf(&s->arena, "%s%s", root, s->target->base);

    return dir.p && access(dir.p, R_OK | X_OK) == 0 ? dir.p : NULL;
}

static int prepare(const struct args *a, struct shared *s, const struct group *g, size_t k)
{
    struct aaj_build_input *in = &g->in[k];
    const struct aaj_manifest **other = calloc(s->jails.n, sizeof(*other));
    int status;

    *in = (struct aaj_build_input){
        .manifest = s->jails.item[g->member[k]],
        .files = s->files,
        .target = s->target,
        .datadir = aajail_datadir(),
        .label = aaj_str_c(a->label),
        .infer_off = a->infer_off,
        .grant_denied = a->grant_denied,
        .comments = a->comments,
        .profiles = a->profiles,
        .surface = !a->no_surface && g->n == 1, /* of a master with pools nobody knows yet whose need a file is */
        .files_named = a->root || a->list,
        .other = other,
    };
    g->part[k] = (struct part){ .manifest = s->jails.text[g->member[k]], .other = other };
    /* A tree brings its own profiles. Without a word about files the slave runs here, and so do the other profiles; what
     * is printed goes wherever. */
    if (!a->profiles && !a->root && !a->list && !(a->output && strcmp(a->output, "-") == 0))
        in->profiles = s->target->base;
    if (!a->profiles && a->root)
        in->profiles = profiles_below(a->root, s);
    if (!other || aaj_recording_new(&in->recording) < 0)
        return EXIT_REFUSED;
    for (size_t j = 0; j < s->jails.n; j++)
        if (j != g->member[k] && !manifests_is_pool_of(s->jails.item[j], in->manifest)) /* whose logs the master opens */
            other[in->n_others++] = s->jails.item[j];
    status = a->merge ? read_profile(a->merge, s, in) : EXIT_DONE;
    return status == EXIT_DONE ? observe(a, in->manifest, k ? g->in[0].manifest : NULL, in->recording, &s->diags) : status;
}

static int run_group(struct shared *s, const struct group *g)
{
    return g->n == 1 ? aaj_build_run(g->in, &s->diags, g->built) : aaj_build_family(g->in, g->n, &s->diags, g->built);
}

/* Puts what is proposed into the manifest of one, which then says all of it. *ret_n: how many there were. */
static int add_destinations(struct shared *s, const struct group *g, size_t k, size_t *ret_n)
{
    const struct aaj_learned *l = g->built[k]->learned;
    struct aaj_str *dest = calloc(l->n_proposals + 1, sizeof(*dest)), text;
    struct aaj_manifest **m = &s->jails.item[g->member[k]], *more = NULL;
    size_t n = 0;
    int r;

    if (!dest)
        return -ENOMEM;
    for (size_t i = 0; i < l->n_proposals; i++)
        if (l->proposal[i].state == AAJ_PROPOSED)
            dest[n++] = l->proposal[i].dest;
    r = n ? aaj_manifest_add_dests(*m, g->part[k].manifest, dest, n, &s->arena, &s->diags, &text) : 0;
    if (r == 0 && n)
        r = aaj_manifest_parse(text, (*m)->file, &s->diags, &more);
    free(dest);
    if (r < 0 || !n)
        return r;
    for (size_t i = 0; i < g->n; i++) /* the others of the group know it, too */
        for (size_t j = 0; j < g->in[i].n_others; j++)
            if (g->part[i].other[j] == *m)
                g->part[i].other[j] = more;
    aaj_manifest_free(*m);
    s->jails.text[g->member[k]] = g->part[k].manifest = text;
    g->in[k].manifest = *m = more;
    *ret_n += n;
    return 0;
}

/* Builds again with what is proposed. */
static int grant_destinations(struct shared *s, const struct group *g)
{
    size_t n = 0;
    int r = 0;

    for (size_t k = 0; k < g->n && r == 0; k++)
        r = add_destinations(s, g, k, &n);
    if (r < 0 || !n)
        return r;
    for (size_t k = 0; k < g->n; k++)
        g->built[k] = aaj_built_free(g->built[k]);
    fprintf(stderr, "  %zu destination%s added to the manifest that is written beside the profile; yours is as it was\n", n,
            n == 1 ? "" : "s");
    return run_group(s, g);
}

static int build_group(const struct args *a, struct shared *s, const size_t *member, size_t n)
{
    struct group g = { member, n, calloc(n, sizeof(*g.in)), calloc(n, sizeof(*g.built)), calloc(n, sizeof(*g.part)) };
    int status = g.in && g.built && g.part ? EXIT_DONE : EXIT_REFUSED, r;

    for (size_t k = 0; k < n && status == EXIT_DONE; k++)
        status = prepare(a, s, &g, k);
    if (status == EXIT_DONE && n > 1 && a->merge)
        status = usage_error(a->verb, "--merge puts one jail into a profile; a master and its pools are built anew");
    if (status == EXIT_DONE) {
        r = run_group(s, &g);
        if (r == 0 && a->grant_dests)
            r = grant_destinations(s, &g);
        if (r < 0 && !s->diags.errors)
            aaj_error(&s->diags, (struct aaj_loc){ .file = g.in[0].manifest->file }, "cannot build: %s", strerror(-r));
        status = build_status(r);
    }
    if (status == EXIT_DONE)
        status = deliver(a, &g, &s->diags);
    for (size_t k = 0; k < n && status == EXIT_DONE; k++)
        if (aaj_recording_account(g.in[k].recording).incomplete)
            status = EXIT_LOST;
    for (size_t k = 0; k < n && g.in && g.built && g.part; k++) {
        aaj_built_free(g.built[k]);
        aaj_recording_free(g.in[k].recording);
        free(g.part[k].other);
    }
    free(g.in);
    free(g.built);
    free(g.part);
    return status;
}

static int build_all(const struct args *a, struct shared *s)
{
    size_t *group = calloc(s->jails.n + 1, sizeof(*group)), failures = 0;
    int status = group ? EXIT_DONE : EXIT_REFUSED;

    for (size_t i = 0; i < s->jails.n && group; i++) {
        size_t n = manifests_group(&s->jails, i, group);
        int one = n ? build_group(a, s, group, n) : EXIT_DONE;

        failures += one != EXIT_DONE && one != EXIT_LOST ? n : 0;
        status = one > status ? one : status;
        show_diags(&s->diags);
    }
    if (s->jails.n > 1)
        fprintf(stderr, "%zu jails built, %zu failures\n", s->jails.n - failures, failures);
    free(group);
    return status;
}

static int open_and_build(const struct args *a, char **operand, int n, struct shared *s)
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

static int run(const struct verb *verb, int argc, char **argv)
{
    struct opts o = OPTS_INIT(verb, argc, argv);
    struct args a = { .verb = verb };
    struct shared s = { 0 };
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
        status = open_and_build(&a, o.operand, o.n_operands, &s);
    show_diags(&s.diags);
    manifests_clear(&s.jails);
    aaj_arena_clear(&s.arena);
    aaj_fsview_free(s.files);
    aaj_target_free(s.target);
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
