/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail surface PROFILE: which existing files it opens. */
#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/json.h"
#include "check/surface.h"
#include "compile/open.h"
#include "policy_reader.h"
#include "profile_cmd.h"
#include "reader.h"
#include "report/surface.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "root", 0, "DIR", "ask about the files below DIR" },
    { "files", 0, "FILE", "ask about the files of a list made with find" },
    { "recording", 'r', "FILE", "what was learned, to be told apart; repeatable" },
    { "log", 'l', "FILE", "the same from a log; repeatable" },
    { "manifest", 'm', "FILE", "the jail's manifest: what it lifts and never grants" },
    { "uid", 'u', "UID", "the slave's uid: owner rules count for its files alone" },
    { "all", 'a', NULL, "list every file that is named, not the first few" },
    { "target", 'T', "TARGET", "what PROFILE is compiled for (debian12)" },
    { "include", 'I', "DIR", "another folder for include <…>; repeatable" },
    OPT_JSON,
    OPT_END,
};

enum { INCLUDE_MAX = 16, SHOWN = 20 };

struct surface {
    const struct verb *verb;
    struct paths logs, recordings;
    const char *root, *files, *manifest, *target_name, *include[INCLUDE_MAX];
    size_t n_include;
    uint32_t uid;
    bool all, json;

    struct aaj_diags diags;
    struct aaj_arena arena;
    struct aaj_target *target;
    struct aaj_match *match;
    struct aaj_fsview *view;
    struct aaj_recording *recording;
    struct aaj_ceiling *ceiling;
    bool text; /* not compiled policy: the rules are known */
    struct aaj_rules rules;
};

static const char *const kinds[AAJ_SURFACE_KINDS] = { "read", "write", "exec" };

static void show_counts(struct surface *s, const struct aaj_surface *r)
{
    const struct aaj_surface_count *c = &r->count;

    printf("%zu files looked at%s\n\n%-8s %8s %15s %20s %20s\n", r->walked,
           s->uid == AAJ_UID_NONE ? "; owner rules are taken to be about all of them (say --uid)" : "", "", "opened",
           s->recording ? "beyond learned" : "", "outside /usr …", "not world-readable");
    for (int k = 0; k < AAJ_SURFACE_KINDS; k++) {
        printf("%-8s %8zu ", kinds[k], c->files[k]);
        if (s->recording)
            printf("%15zu", c->beyond[k]);
        else
            printf("%15s", "");
        printf(" %20zu %20zu\n", c->outside[k], c->hidden[k]);
    }
}

static void show_dirs(const struct aaj_surface *r)
{
    printf("\n%8s %8s %8s\n", "read", "write", "exec");
    for (size_t i = 0; i < r->n_dirs; i++) {
        printf("%8zu %8zu %8zu  ", r->dir[i].files[0], r->dir[i].files[1], r->dir[i].files[2]);
        aaj_escape_terminal(stdout, r->dir[i].path);
        putchar('\n');
    }
}

static void show_sources(struct surface *s, const struct aaj_surface *r)
{
    if (!r->n_sources)
        return;
    printf("\n%8s %8s %8s  opened by\n", "read", "write", "exec");
    for (size_t i = 0; i < r->n_sources; i++) {
        const struct aaj_surface_source *o = &r->source[i];

        if (o->files[0] + o->files[1] + o->files[2] == 0)
            continue;
        printf("%8zu %8zu %8zu  %s\n", o->files[0], o->files[1], o->files[2], aaj_surface_source_name(o, &s->arena));
    }
}

static void show_concerns(struct surface *s, const struct aaj_surface *r)
{
    static const char *const heading[AAJ_CONCERNS] = {
        "secrets", "executables that change uid, gid or capabilities",
        "opened for reading, not readable by everybody, and never seen read",
        "opened for writing outside /usr, /proc, /sys, /dev, and never seen written",
    };
    size_t i = 0;

    for (int concern = 0; concern < AAJ_CONCERNS; concern++) {
        size_t from = i, shown = 0;

        while (i < r->n_files && (int)r->file[i].concern == concern)
            i++;
        if (i == from)
            continue;
        printf("\n%s: %zu\n", heading[concern], i - from);
        for (size_t k = from; k < i && (s->all || shown < SHOWN); k++, shown++) {
            printf("  ");
            aaj_escape_terminal(stdout, r->file[k].path);
            if (r->file[k].item)
                printf("  (%.*s)", AAJ_STR_ARG(r->file[k].item->id));
            putchar('\n');
        }
        if (shown < i - from)
            printf("  … and %zu more (--all)\n", i - from - shown);
    }
}

static void show_json(struct surface *s, const struct aaj_surface *r)
{
    json_object *o = aaj_report_surface_json(r, &s->arena), *dirs = json_object_new_array();

    for (size_t i = 0; i < r->n_dirs; i++) {
        json_object *d = json_object_new_object();

        for (int k = 0; k < AAJ_SURFACE_KINDS; k++)
            json_object_object_add(d, kinds[k], json_object_new_uint64(r->dir[i].files[k]));
        json_object_object_add(d, "path", aaj_json_bytes(r->dir[i].path));
        json_object_array_add(dirs, d);
    }
    json_object_object_add(o, "directories", dirs);
    puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(o);
}

static int open_ceiling(struct surface *s)
{
    struct aaj_manifest *manifest;
    struct aaj_str text;
    int r = aaj_ceiling_open(aajail_datadir(), &s->diags, &s->ceiling);

    if (r < 0)
        return EXIT_REFUSED;
    if (!s->manifest)
        return EXIT_DONE;
    if (read_manifest_file(s->manifest, &s->arena, &s->diags, &text, &manifest) != EXIT_DONE)
        return EXIT_INPUT;
    r = aaj_ceiling_apply(s->ceiling, manifest, &s->diags);
    aaj_manifest_free(manifest);
    return r < 0 ? EXIT_INPUT : EXIT_DONE;
}

/* The text with its includes, to say which rule it was. Compiled policy has none. */
static int open_text(struct surface *s, const char *path)
{
    const char *base[INCLUDE_MAX + 3];
    struct aaj_policy_options options = { .flags = AAJ_POLICY_CHECK, .base = base };
    struct aaj_str bytes;

    if (aaj_file_read(path, AAJ_FILE_MAX, &s->arena, &bytes) < 0 || aaj_match_is_policy(bytes))
        return EXIT_DONE;
    for (size_t i = 0; i < s->n_include; i++)
        base[options.n_bases++] = s->include[i];
    base[options.n_bases++] = s->target->base;
    if (s->target->template_dir)
        base[options.n_bases++] = s->target->template_dir;
    if (s->target->abstraction_dir)
        base[options.n_bases++] = s->target->abstraction_dir;
    /* It compiled, so that what this reader says more is not said here. */
    if (policy_read_rules(path, &options, &s->rules, NULL) < 0)
        return EXIT_REFUSED;
    s->text = true;
    return EXIT_DONE;
}

static int open_inputs(struct surface *s, const char *path)
{
    struct aaj_compile compile = { .include = s->include, .n_include = s->n_include };
    int status = EXIT_DONE;

    if (aaj_target_open(s->target_name, aajail_datadir(), &s->diags, &s->target) < 0)
        return EXIT_INPUT;
    compile.target = s->target;
    if (aaj_compile_open(&compile, path, &s->arena, &s->diags, &s->match, NULL) < 0)
        return EXIT_INPUT;
    status = open_text(s, path);
    if (status == EXIT_DONE && (s->logs.n || s->recordings.n)) {
        if (aaj_recording_new(&s->recording) < 0)
            return EXIT_REFUSED;
        if (s->logs.n)
            status = read_logs(&s->logs, NULL, s->recording, &s->diags);
        if (status == EXIT_DONE && s->recordings.n)
            status = read_recordings(&s->recordings, s->recording, &s->diags);
    }
    if (status == EXIT_DONE)
        status = open_ceiling(s);
    return status == EXIT_DONE ? open_files(s->root, s->files, &s->view, &s->diags) : status;
}

static int surface(struct surface *s, const char *path)
{
    struct aaj_surface_input in = { 0 };
    struct aaj_surface result = { 0 };
    int status = open_inputs(s, path);

    if (status != EXIT_DONE)
        return status;
    in = (struct aaj_surface_input){ .match = s->match, .files = s->view, .recording = s->recording, .ceiling = s->ceiling,
                                     .rules = s->text ? &s->rules : NULL, .uid = &s->uid,
                                     .n_uids = s->uid != AAJ_UID_NONE };
    if (aaj_surface_run(&in, &result) < 0) {
        aaj_error(&s->diags, (struct aaj_loc){ 0 }, "out of memory");
        status = EXIT_REFUSED;
    } else if (s->json) {
        show_json(s, &result);
    } else {
        show_counts(s, &result);
        show_dirs(&result);
        show_sources(s, &result);
        show_concerns(s, &result);
    }
    for (size_t i = 0; i < result.n_files && status == EXIT_DONE; i++)
        if (result.file[i].concern == AAJ_CONCERN_SECRET || result.file[i].concern == AAJ_CONCERN_SETUID)
            status = EXIT_FINDING;
    aaj_surface_clear(&result);
    return status;
}

static int set_uid(struct surface *s, const char *value)
{
    char *end;
    unsigned long uid = strtoul(value, &end, 10);

    if (*value < '0' || *value > '9' || *end || uid >= UINT32_MAX)
        return usage_error(s->verb, "'%s' is no uid", value);
    s->uid = (uint32_t)uid;
    return -1;
}

static int parse(struct surface *s, struct opts *o)
{
    const char *name;
    int status = -1;

    while ((name = opts_next(o))) { /* to the end, also after an error: the table is freed there */
        if (opt_is(name, "log") || opt_is(name, "recording")) {
            if (paths_add(opt_is(name, "log") ? &s->logs : &s->recordings, o->value) < 0)
                status = EXIT_REFUSED;
        } else if (opt_is(name, "root")) {
            s->root = o->value;
        } else if (opt_is(name, "files")) {
            s->files = o->value;
        } else if (opt_is(name, "manifest")) {
            s->manifest = o->value;
        } else if (opt_is(name, "uid")) {
            status = status < 0 ? set_uid(s, o->value) : status;
        } else if (opt_is(name, "all")) {
            s->all = true;
        } else if (opt_is(name, "json")) {
            s->json = true;
        } else if (opt_is(name, "target")) {
            s->target_name = o->value;
        } else if (opt_is(name, "include")) {
            if (s->n_include < INCLUDE_MAX)
                s->include[s->n_include++] = o->value;
            else
                status = usage_error(s->verb, "more than %d include folders", INCLUDE_MAX);
        }
    }
    if (status < 0 && o->done)
        return o->status;
    if (status < 0 && o->n_operands != 1)
        return usage_error(s->verb, "name one profile");
    return status;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct surface s = { .verb = verb, .uid = AAJ_UID_NONE };
    struct opts o = OPTS_INIT(verb, argc, argv);
    int status = parse(&s, &o);

    if (status < 0)
        status = surface(&s, o.operand[0]);
    show_diags(&s.diags);
    aaj_ceiling_free(s.ceiling);
    aaj_recording_free(s.recording);
    aaj_fsview_free(s.view);
    aaj_rules_clear(&s.rules);
    aaj_match_free(s.match);
    aaj_target_free(s.target);
    aaj_arena_clear(&s.arena);
    paths_clear(&s.logs);
    paths_clear(&s.recordings);
    return status;
}

const struct verb verb_surface = {
    .name = "surface",
    .args = "PROFILE [--root DIR|--files FILE] [--recording FILE]",
    .summary = "Say which existing files a profile opens",
    .details = "  aajail surface gapapp.profile --recording gapapp.rec --uid 2003\n"
               "  aajail surface gapapp.profile --files files.tsv.zst --json\n\n"
               "Exit status 1 when it opens a secret or a setuid executable.",
    .opts = opts,
    .run = run,
};
