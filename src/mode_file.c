/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mode_file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/json.h"
#include "policy/mode.h"

#define FOLDER "/etc/apparmor.d"

/* What apparmor_parser leaves out when it is given a folder (apparmor.d(5)). */
static bool is_left_out(const char *name)
{
    static const char *const suffix[] = { ".dpkg-new", ".dpkg-old", ".dpkg-dist", ".dpkg-bak", ".dpkg-remove",
                                          ".pacsave",  ".pacnew",   ".rpmnew",    ".rpmsave",  ".orig",
                                          ".rej",      "~" };

    for (size_t i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++)
        if (aaj_str_ends(aaj_str_c(name), aaj_str_c(suffix[i])))
            return true;
    return name[0] == '.' || strcmp(name, "README") == 0 || strstr(name, ".aaj-");
}

/* "FOLDER/WHAT/FILE" when it is there. */
static const char *find_link(struct profile_cmd *cmd, const char *what, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct aaj_str link = aaj_arena_printf(&cmd->arena, FOLDER "/%s/%s", what, slash ? slash + 1 : path);
    struct stat st;

    return link.p && lstat(link.p, &st) == 0 ? link.p : NULL;
}

/* 1: the file defines the profile, and *@file says how it is edited. */
static int edit(struct profile_cmd *cmd, const char *path, struct aaj_str name, bool complain,
                struct aaj_diags *diags, struct mode_file *file)
{
    size_t found = 0;
    struct stat st;
    int r = 0;

    if (file->path == NULL) {
        char real[PATH_MAX];

        if (!realpath(path, real) || stat(real, &st) < 0 || !S_ISREG(st.st_mode))
            return 0;
        r = aaj_file_read(real, AAJ_FILE_MAX, &cmd->arena, &file->text);
        if (r < 0)
            return r == -ENOMEM ? r : 0;
        file->edited = file->text;
        file->mode = st.st_mode & 07777;
        file->path = aaj_arena_dup(&cmd->arena, aaj_str_c(real)).p;
        file->forced = complain ? NULL : find_link(cmd, "force-complain", path);
    }
    r = aaj_policy_set_mode(file->edited, aaj_str_c(path), name, complain, &cmd->arena, diags, &file->edited, &found);
    return r == -ENOMEM || !file->path ? -ENOMEM : r == 0 && found;
}

/* Edits for all of the names; how many of them the file defines. */
static int edit_all(struct profile_cmd *cmd, const char *path, const struct profile_input *in, bool complain,
                    bool *known, struct mode_file *file)
{
    int n = 0;

    *file = (struct mode_file){ 0 };
    for (size_t i = 0; i < in->n; i++) {
        /* Children go with their parent; a child that was named goes alone. */
        bool alone = in->n == 1 || piece_is_top(&in->piece[i]);
        int r = alone ? edit(cmd, path, in->piece[i].name, complain, NULL, file) : 0;

        if (r < 0)
            return r;
        known[i] |= r > 0 || !alone;
        n += r;
    }
    return n;
}

static void warn_of_disabled(struct profile_cmd *cmd, const char *path)
{
    const char *link = find_link(cmd, "disable", path);

    if (link)
        aaj_diag_add(&cmd->diags, AAJ_WARNING, "disabled", (struct aaj_loc){ .file = aaj_str_c(link) }, AAJ_STR(""),
                     "is there, so a boot does not load the profile; remove it if that is not wanted");
}

static int add_file(struct profile_cmd *cmd, const struct mode_file *file, struct mode_file **files, size_t *n)
{
    struct mode_file *more = aaj_arena_new_array(&cmd->arena, *n + 1, struct mode_file);

    if (!more)
        return -ENOMEM;
    if (*n)
        memcpy(more, *files, *n * sizeof(*more));
    more[(*n)++] = *file;
    *files = more;
    warn_of_disabled(cmd, file->path);
    return 0;
}

static int search_folder(struct profile_cmd *cmd, const struct profile_input *in, bool complain, bool *known,
                         struct mode_file **files, size_t *n)
{
    struct dirent **entry = NULL;
    int count = scandir(FOLDER, &entry, NULL, alphasort), r = 0;

    for (int i = 0; i < count; i++) {
        struct aaj_str path = aaj_arena_printf(&cmd->arena, FOLDER "/%s", entry[i]->d_name);
        struct mode_file file;

        if (r >= 0 && !is_left_out(entry[i]->d_name))
            r = path.p ? edit_all(cmd, path.p, in, complain, known, &file) : -ENOMEM;
        else
            r = r < 0 ? r : 0;
        if (r > 0)
            r = add_file(cmd, &file, files, n);
        free(entry[i]);
    }
    free(entry);
    return r < 0 ? r : 0;
}

int mode_files_find(struct profile_cmd *cmd, const struct profile_input *in, bool complain,
                    struct mode_file **ret_file, size_t *ret_n)
{
    bool *known = aaj_arena_new_array(&cmd->arena, in->n + 1, bool);
    struct mode_file *files = NULL, own;
    size_t n = 0;
    int r = known ? 0 : -ENOMEM;

    if (r == 0 && in->is_text) {
        r = edit_all(cmd, in->arg, in, complain, known, &own);
        if (r > 0)
            r = add_file(cmd, &own, &files, &n);
    } else if (r == 0 && !in->is_file) {
        r = search_folder(cmd, in, complain, known, &files, &n);
    }
    if (r < 0)
        return EXIT_REFUSED;
    for (size_t i = 0; i < in->n && !in->is_file; i++)
        if (!known[i])
            aaj_diag_add(&cmd->diags, AAJ_WARNING, "no-file", (struct aaj_loc){ 0 }, AAJ_STR(""),
                         "no file in " FOLDER " defines %s: the mode holds until it is loaded again",
                         aaj_escape(&cmd->arena, in->piece[i].name));
    *ret_file = files;
    *ret_n = n;
    return EXIT_DONE;
}

static struct aaj_str take_line(struct aaj_str *text)
{
    size_t n = aaj_str_find(*text, '\n');
    struct aaj_str line = aaj_str_head(*text, n < text->n ? n + 1 : n);

    *text = aaj_str_skip(*text, line.n);
    return line;
}

static void put_lines(FILE *out, char sign, struct aaj_str lines)
{
    while (lines.n) {
        struct aaj_str line = take_line(&lines);
        bool ended = line.p[line.n - 1] == '\n';

        putc(sign, out);
        aaj_escape_terminal(out, aaj_str_head(line, line.n - ended));
        fputs(ended ? "\n" : "\n\\ No newline at end of file\n", out);
    }
}

static size_t count_lines(struct aaj_str text)
{
    size_t n = text.n && text.p[text.n - 1] != '\n';

    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    return n;
}

/* An edit leaves lines where they are; where one was joined to the next, everything from there on is one piece. */
static void diff(FILE *out, const struct mode_file *file)
{
    struct aaj_str a = file->text, b = file->edited;
    bool same_count = count_lines(a) == count_lines(b);

    fprintf(out, "--- ");
    aaj_escape_terminal(out, aaj_str_c(file->path));
    fprintf(out, "\n+++ ");
    aaj_escape_terminal(out, aaj_str_c(file->path));
    putc('\n', out);
    for (size_t line = 1; a.n || b.n; line++) {
        struct aaj_str rest_a = a, rest_b = b, x = take_line(&a), y = take_line(&b);

        if (aaj_str_eq(x, y))
            continue;
        if (!same_count) {
            fprintf(out, "@@ -%zu,%zu +%zu,%zu @@\n", line, count_lines(rest_a), line, count_lines(rest_b));
            put_lines(out, '-', rest_a);
            put_lines(out, '+', rest_b);
            return;
        }
        fprintf(out, "@@ -%zu +%zu @@\n", line, line);
        put_lines(out, '-', x);
        put_lines(out, '+', y);
    }
}

static void tell_json(struct profile_cmd *cmd, const struct mode_file *file, const char *text, size_t n)
{
    json_object *o = json_object_new_object();

    json_object_object_add(o, "path", aaj_json_bytes(aaj_str_c(file->path)));
    json_object_object_add(o, "changed", json_object_new_boolean(!aaj_str_eq(file->text, file->edited)));
    json_object_object_add(o, "link_removed", file->forced ? aaj_json_bytes(aaj_str_c(file->forced)) : NULL);
    if (text)
        json_object_object_add(o, "diff", json_object_new_string_len(text, (int)n));
    json_object_array_add(cmd->out_files, o);
}

void mode_files_diff(struct profile_cmd *cmd, const struct mode_file *file, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        if (out && !aaj_str_eq(file[i].text, file[i].edited))
            diff(out, &file[i]);
        if (!out || fclose(out) != 0)
            continue;
        if (cmd->json)
            tell_json(cmd, &file[i], text, size);
        else
            fwrite(text, 1, size, stdout);
        if (!cmd->json && file[i].forced)
            printf("would remove %s\n", file[i].forced);
        free(text);
    }
}

static int write_one(struct profile_cmd *cmd, const struct mode_file *file, struct aaj_str text)
{
    struct aaj_loc here = { .file = aaj_str_c(file->path) };
    int r = aaj_str_eq(file->text, file->edited) ? 0 : aaj_file_write(file->path, text, file->mode);

    if (r < 0)
        aaj_error(&cmd->diags, here, "cannot write it: %s", strerror(-r));
    return r;
}

void mode_files_restore(struct profile_cmd *cmd, const struct mode_file *file, size_t n)
{
    for (size_t i = 0; i < n; i++)
        write_one(cmd, &file[i], file[i].text);
}

int mode_files_write(struct profile_cmd *cmd, const struct mode_file *file, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int r = write_one(cmd, &file[i], file[i].edited);

        if (r == 0 && file[i].forced && unlink(file[i].forced) < 0) {
            aaj_error(&cmd->diags, (struct aaj_loc){ .file = aaj_str_c(file[i].forced) }, "cannot remove it: %s",
                      strerror(errno));
            r = -errno;
            write_one(cmd, &file[i], file[i].text);
        }
        if (r < 0) {
            mode_files_restore(cmd, file, i);
            return EXIT_REFUSED;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (cmd->json)
            tell_json(cmd, &file[i], NULL, 0);
        else if (!aaj_str_eq(file[i].text, file[i].edited))
            printf("wrote %s\n", aaj_escape(&cmd->arena, aaj_str_c(file[i].path)));
        if (!cmd->json && file[i].forced)
            printf("removed %s\n", aaj_escape(&cmd->arena, aaj_str_c(file[i].forced)));
    }
    return EXIT_DONE;
}
