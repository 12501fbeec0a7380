/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail fmt: policy in canonical form. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "policy/parse.h"
#include "policy/print.h"
#include "sandbox.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "in-place", 'i', NULL, "write the files instead of standard output" },
    { "check", 0, NULL, "write nothing; exit 1 when a file is not in canonical form, and name it" },
    OPT_JSON,
    OPT_END,
};

struct format {
    bool in_place, check, json;
    json_object *report;
};

/* In the child: text in, canonical text out. */
struct job {
    struct aaj_str text, name;
};

static int parse(const struct job *job, unsigned flags, struct aaj_diags *diags, struct aaj_policy **ret_policy)
{
    struct aaj_policy_options options = { .flags = flags };
    int r = aaj_policy_parse(job->text, job->name, &options, diags, ret_policy);

    if (r == -EINVAL)
        *ret_policy = aaj_policy_free(*ret_policy);
    return r;
}

static void move_findings(struct aaj_diags *to, const struct aaj_diags *from)
{
    for (size_t i = 0; i < from->n; i++) {
        const struct aaj_diag *d = &from->item[i];

        aaj_diag_add(to, d->severity, d->id, d->loc, d->source, "%.*s", AAJ_STR_ARG(d->message));
    }
}

/* A file of profiles, or else what stands inside of one, such as an abstraction; when it is neither, the
 * reading that fits better tells the errors. */
static int format_text(void *data, FILE *out, struct aaj_diags *diags)
{
    struct aaj_diags whole = AAJ_DIAGS_INIT, inside = AAJ_DIAGS_INIT;
    struct aaj_policy *policy = NULL;
    const struct job *job = data;
    int r = parse(job, 0, &whole, &policy);

    if (r == -EINVAL)
        r = parse(job, AAJ_POLICY_FRAGMENT, &inside, &policy);
    if (r == 0)
        r = aaj_policy_print(out, policy);
    else
        move_findings(diags, inside.errors && inside.errors < whole.errors ? &inside : &whole);
    aaj_policy_free(policy);
    aaj_diags_clear(&whole);
    aaj_diags_clear(&inside);
    return r;
}

static void add_report(struct format *f, const char *path, bool valid, bool changed)
{
    json_object *o = json_object_new_object();

    json_object_object_add(o, "file", json_object_new_string(path));
    json_object_object_add(o, "valid", json_object_new_boolean(valid));
    json_object_object_add(o, "changed", json_object_new_boolean(changed));
    json_object_array_add(f->report, o);
}

static int write_result(struct format *f, const char *path, struct aaj_str text, bool changed, struct aaj_diags *diags)
{
    struct stat st = { .st_mode = 0644 };
    int r;

    if (f->json)
        add_report(f, path, true, changed);
    if (f->check) {
        if (changed && !f->json)
            printf("%s\n", path);
        return changed ? EXIT_FINDING : EXIT_DONE;
    }
    if (!f->in_place) {
        if (!f->json)
            fwrite(text.p, 1, text.n, stdout);
        return EXIT_DONE;
    }
    if (!changed)
        return EXIT_DONE;
    (void)stat(path, &st); /* it was just read */
    r = aaj_file_write(path, text, st.st_mode & 07777);
    if (r < 0)
        aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(path) }, "cannot be written: %s", strerror(-r));
    return r < 0 ? EXIT_REFUSED : EXIT_DONE;
}

static int format_file(struct format *f, const char *path)
{
    struct sandbox_limits limits = { .result = 64 * 1024 * 1024, .memory = 2ul << 30, .seconds = 60 };
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_diags diags = AAJ_DIAGS_INIT;
    struct job job = { .name = aaj_str_c(strcmp(path, "-") == 0 ? "(standard input)" : path) };
    struct aaj_str text;
    int status = EXIT_INPUT, r;

    r = aaj_file_read(path, AAJ_POLICY_MAX_TEXT, &arena, &job.text);
    if (r < 0)
        aaj_error(&diags, (struct aaj_loc){ .file = job.name }, "cannot be read: %s", strerror(-r));
    else
        r = sandbox_run("formatter", format_text, &job, &limits, &arena, &text, &diags);
    if (r == 0)
        status = write_result(f, path, text, !aaj_str_eq(text, job.text), &diags);
    else if (f->json)
        add_report(f, path, false, false);
    show_diags(&diags);
    aaj_arena_clear(&arena);
    return status;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct opts o = OPTS_INIT(verb, argc, argv);
    struct format f = { 0 };
    const char *name;
    int status = EXIT_DONE;

    while ((name = opts_next(&o))) {
        if (opt_is(name, "in-place"))
            f.in_place = true;
        else if (opt_is(name, "check"))
            f.check = true;
        else
            f.json = true;
    }
    if (o.done)
        return o.status;
    if (o.n_operands < 1)
        return usage_error(verb, "name the files to format, or '-' for standard input");
    if (f.json && !f.check && !f.in_place)
        return usage_error(verb, "--json reports what --check or --in-place found");
    if (f.json)
        f.report = json_object_new_array();
    for (int i = 0; i < o.n_operands; i++) {
        int s = format_file(&f, o.operand[i]);

        status = s > status ? s : status;
    }
    if (f.json)
        puts(json_object_to_json_string_ext(f.report, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(f.report);
    return status;
}

const struct verb verb_fmt = {
    .name = "fmt",
    .args = "FILE…|-",
    .summary = "Print policy in canonical form",
    .details = "  aajail fmt --check /etc/apparmor.d/usr.sbin.slave\n"
               "  aajail fmt -i usr.sbin.slave\n\n"
               "Order, comments and includes stay as they are; indentation, spacing and the order of\n"
               "permissions are made uniform. Formatting what was formatted changes nothing.",
    .opts = opts,
    .run = run,
};
