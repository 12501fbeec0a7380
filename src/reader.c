/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/grow.h"
#include "log/source.h"
#include "sandbox.h"
#include "verb.h"

int paths_add(struct paths *paths, const char *path)
{
    if (AAJ_GROW(paths->item, paths->n, paths->cap) < 0)
        return -ENOMEM;
    paths->item[paths->n++] = path;
    return 0;
}

void paths_clear(struct paths *paths)
{
    free(paths->item);
    *paths = (struct paths){ 0 };
}

static int status_of(int r)
{
    if (r >= 0)
        return EXIT_DONE;
    return r == -ENOMEM || r == -EPROTO ? EXIT_REFUSED : EXIT_INPUT;
}

/* An error that no finding has told of yet. */
static int explain(int r, const char *path, struct aaj_diags *diags)
{
    if (r < 0 && !diags->errors)
        aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(path) }, "cannot read it: %s", strerror(-r));
    return status_of(r);
}

/* -- opening: the parent's part ---------------------------------------------------------------------- */

static void close_all(struct aaj_intake_input *input, size_t n)
{
    for (size_t i = 0; i < n; i++)
        close(input[i].fd);
    free(input);
}

static int open_all(const struct paths *paths, struct aaj_intake_input **ret_input, struct aaj_diags *diags)
{
    struct aaj_intake_input *input = calloc(paths->n + 1, sizeof(*input));

    if (!input)
        return -ENOMEM;
    for (size_t i = 0; i < paths->n; i++) {
        int r = aaj_log_open(paths->item[i], &input[i].fd);

        if (r < 0) {
            aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(paths->item[i]) }, "cannot read it: %s",
                      r == -EISDIR ? "it is a folder; name its files" : strerror(-r));
            close_all(input, i);
            return r;
        }
        input[i].name = aaj_str_c(strcmp(paths->item[i], "-") == 0 ? "standard input" : paths->item[i]);
    }
    *ret_input = input;
    return 0;
}

/* -- parsing: the child's part ------------------------------------------------------------------------ */

struct job {
    const struct aaj_intake_input *input;
    size_t n;
    const struct aaj_intake_options *options;
};

static int write_recording(int r, struct aaj_recording *rec, FILE *out)
{
    if (r == 0)
        r = aaj_recording_write(rec, out);
    aaj_recording_free(rec);
    return r;
}

static int parse_logs(void *data, FILE *out, struct aaj_diags *diags)
{
    const struct job *job = data;
    struct aaj_recording *rec;
    int r = aaj_recording_new(&rec);

    if (r < 0)
        return r;
    return write_recording(aaj_intake(rec, job->input, job->n, job->options, diags), rec, out);
}

static int parse_recordings(void *data, FILE *out, struct aaj_diags *diags)
{
    const struct job *job = data;
    struct aaj_recording *rec;
    int r = aaj_recording_new(&rec);

    if (r < 0)
        return r;
    for (size_t i = 0; i < job->n && r == 0; i++) {
        struct aaj_arena arena = AAJ_ARENA_INIT;
        struct aaj_str text;

        r = aaj_file_read_fd(job->input[i].fd, SIZE_MAX / 4, &arena, &text);
        if (r == 0)
            r = aaj_recording_read(rec, text, job->input[i].name, diags);
        aaj_arena_clear(&arena);
    }
    return write_recording(r, rec, out);
}

static int print_fact(void *data, const struct aaj_fact *f)
{
    fprintf(data, "%c\t%o\t%u\t%u\t%.*s", f->type, f->mode, f->uid, f->gid, AAJ_STR_ARG(f->path));
    if (f->type == 'l' && f->target.n)
        fprintf(data, "\t%.*s", AAJ_STR_ARG(f->target));
    fputc('\0', data); /* a name may hold a newline, and forge a line with it */
    return 0;
}

static int parse_list(void *data, FILE *out, struct aaj_diags *diags)
{
    const struct job *job = data;
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_fsview *view = NULL;
    struct aaj_str text;
    int r = aaj_file_read_fd(job->input[0].fd, SIZE_MAX / 4, &arena, &text);

    if (r == 0)
        r = aaj_fsview_new(&view);
    if (r == 0)
        r = aaj_fsview_add_list(view, text, job->input[0].name, diags);
    if (r == 0)
        r = aaj_fsview_walk(view, print_fact, out);
    aaj_fsview_free(view);
    aaj_arena_clear(&arena);
    return r;
}

/* -- both --------------------------------------------------------------------------------------------- */

/* Opens, lets the child parse, and gives its text to @take. */
static int read_with(sandbox_fn parse, const struct paths *paths, const struct aaj_intake_options *options,
                     int (*take)(void *into, struct aaj_str text, struct aaj_diags *diags), void *into,
                     struct aaj_diags *diags)
{
    static const struct sandbox_limits limits = { .result = SIZE_MAX / 4 };
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct job job = { .n = paths->n, .options = options };
    struct aaj_intake_input *input;
    struct aaj_str text;
    int r;

    if (!paths->n)
        return EXIT_DONE;
    r = open_all(paths, &input, diags);
    if (r < 0)
        return explain(r, paths->item[0], diags);
    job.input = input;
    r = sandbox_run(paths->item[0], parse, &job, &limits, &arena, &text, diags);
    if (r == 0)
        r = take(into, text, diags);
    close_all(input, paths->n);
    aaj_arena_clear(&arena);
    return explain(r, paths->item[0], diags);
}

static int take_recording(void *into, struct aaj_str text, struct aaj_diags *diags)
{
    return aaj_recording_read(into, text, AAJ_STR("the reading process"), diags);
}

static int take_list(void *into, struct aaj_str text, struct aaj_diags *diags)
{
    return aaj_fsview_add_list(into, text, AAJ_STR("the reading process"), diags);
}

int read_logs(const struct paths *logs, const struct aaj_intake_options *options, struct aaj_recording *rec,
              struct aaj_diags *diags)
{
    static const struct aaj_intake_options all = { 0 };

    return read_with(parse_logs, logs, options ? options : &all, take_recording, rec, diags);
}

int read_recordings(const struct paths *recordings, struct aaj_recording *rec, struct aaj_diags *diags)
{
    return read_with(parse_recordings, recordings, NULL, take_recording, rec, diags);
}

int read_file_list(const char *path, struct aaj_fsview *view, struct aaj_diags *diags)
{
    const struct paths one = { &path, 1, 1 };

    return read_with(parse_list, &one, NULL, take_list, view, diags);
}

int open_files(const char *root, const char *list, struct aaj_fsview **ret_view, struct aaj_diags *diags)
{
    struct aaj_fsview *view;
    int r = aaj_fsview_new(&view), status = EXIT_DONE;

    if (r < 0)
        return EXIT_REFUSED;
    if (list) {
        status = read_file_list(list, view, diags);
    } else {
        r = aaj_fsview_set_root(view, root ? root : "/");
        if (r < 0) {
            aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(root) }, "cannot use it as a root: %s", strerror(-r));
            status = EXIT_INPUT;
        }
    }
    if (status == EXIT_DONE)
        *ret_view = view;
    else
        aaj_fsview_free(view);
    return status;
}

int read_manifest_file(const char *path, struct aaj_arena *arena, struct aaj_diags *diags, struct aaj_str *ret_text,
                       struct aaj_manifest **ret_manifest)
{
    int r = aaj_file_read(path, AAJ_FILE_MAX, arena, ret_text);

    if (r < 0)
        aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(path) }, "cannot read the manifest: %s", strerror(-r));
    else
        r = aaj_manifest_parse(*ret_text, aaj_str_c(path), diags, ret_manifest);
    return r < 0 ? EXIT_INPUT : EXIT_DONE;
}
