/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "target/target.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/grow.h"
#include "base/run.h"
#include "target/features.h"

enum { TARGET_FILE_MAX = 64 * 1024, NAME_MAX_BYTES = 64 };

struct box {
    struct aaj_target target; /* first: what callers hold */
    struct aaj_arena arena;
};

/* Since which version the parser reads what (its release notes; 4.0 has what Ubuntu's 4.0 alphas brought). */
static const struct {
    unsigned since, feature;
} since[] = {
    { 30000, AAJ_PARSER_ABI | AAJ_PARSER_INCLUDE_IF },
    { 40000, AAJ_PARSER_NET_ADDR | AAJ_PARSER_NET_PERMS | AAJ_PARSER_USERNS | AAJ_PARSER_MQUEUE |
                 AAJ_PARSER_IO_URING },
    { 40100, AAJ_PARSER_PRIORITY },
};

unsigned aaj_parser_version(struct aaj_str text)
{
    unsigned part[3] = { 0 }, n = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            continue;
        while (n < 3 && i < text.n && text.p[i] >= '0' && text.p[i] <= '9') {
            while (i < text.n && text.p[i] >= '0' && text.p[i] <= '9' && part[n] < 1000)
                part[n] = part[n] * 10 + (unsigned)(text.p[i++] - '0');
            n++;
            if (i < text.n && text.p[i] == '.')
                i++;
            else
                break;
        }
        break;
    }
    return n < 2 || part[1] > 99 || part[2] > 99 ? 0 : part[0] * 10000 + part[1] * 100 + part[2];
}

int aaj_target_ask_parser(const char *path, struct aaj_diags *diags, unsigned *ret_version)
{
    const char *const argv[] = { path, "--version", NULL };
    struct aaj_run run = { .argv = argv, .timeout_ms = 10000, .max_output = 64 * 1024 };
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_run_result result = { 0 };
    unsigned version = 0;
    int r = aaj_run(&run, &arena, &result);

    if (r == 0)
        version = aaj_parser_version(result.out);
    aaj_arena_clear(&arena);
    if (version == 0) {
        aaj_diag_add(diags, AAJ_ERROR, "target-parser", (struct aaj_loc){ .file = aaj_str_c(path) },
                     (struct aaj_str){ 0 }, "cannot ask the parser for its version: %s",
                     r < 0 ? strerror(-r) : "it printed none");
        return r < 0 ? r : -EINVAL;
    }
    *ret_version = version;
    return 0;
}

int aaj_target_check_parser(const struct aaj_target *t, struct aaj_diags *diags)
{
    unsigned here, wanted = t->parser_version;
    int r = aaj_target_ask_parser(t->parser, diags, &here);

    if (r < 0 || here / 100 == wanted / 100 || (t->parser_newer && here > wanted))
        return r;
    aaj_diag_add(diags, AAJ_WARNING, "target-version", (struct aaj_loc){ .file = aaj_str_c(t->parser) },
                 (struct aaj_str){ 0 },
                 "this is apparmor_parser %u.%u.%u, and %s has %u.%u.%u: what is proved here is not what that machine "
                 "would compile from the text; build it where its parser is (a container of that release will do), or "
                 "load the compiled policy itself", here / 10000, here / 100 % 100, here % 100, t->name,
                 wanted / 10000, wanted / 100 % 100, wanted % 100);
    return 0;
}

static struct aaj_str trim(struct aaj_str s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = aaj_str_skip(s, 1);
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' || s.p[s.n - 1] == '\r'))
        s.n--;
    return s;
}

static int set_version(struct aaj_target *t, struct aaj_str value)
{
    if (aaj_str_eq(value, AAJ_STR("running")))
        return 0; /* asked when the whole file was read */
    t->parser_newer = value.p[value.n - 1] == '+';
    t->parser_version = aaj_parser_version(value);
    return t->parser_version ? 0 : -EINVAL;
}

static int set_key(struct box *box, const char *dir, struct aaj_str key, struct aaj_str value)
{
    struct aaj_target *t = &box->target;
    struct aaj_str copy = aaj_arena_dup(&box->arena, value);

    if (!copy.p)
        return -ENOMEM;
    if (value.n == 0 || memchr(value.p, '\0', value.n))
        return -EINVAL;
    if (aaj_str_eq(key, AAJ_STR("parser")) && value.p[0] == '/')
        t->parser = copy.p;
    else if (aaj_str_eq(key, AAJ_STR("parser-version")))
        return set_version(t, value);
    else if (aaj_str_eq(key, AAJ_STR("abi")))
        t->abi = copy.p;
    else if (aaj_str_eq(key, AAJ_STR("base")) && value.p[0] == '/')
        t->base = copy.p;
    else if (aaj_str_eq(key, AAJ_STR("features")))
        t->features_file = value.p[0] == '/' ? copy.p : aaj_arena_printf(&box->arena, "%s/%s", dir, copy.p).p;
    else
        return -EINVAL;
    return 0;
}

static int read_lines(struct box *box, const char *dir, struct aaj_str file, struct aaj_str text,
                      struct aaj_diags *diags)
{
    struct aaj_loc loc = { .file = file };

    while (text.n) {
        struct aaj_str whole = aaj_str_head(text, aaj_str_find(text, '\n')), line = trim(whole), key;
        int r;

        text = aaj_str_skip(text, whole.n + 1);
        loc.line++;
        if (line.n == 0 || line.p[0] == '#')
            continue;
        key = aaj_str_head(line, strcspn(line.p, " \t\n"));
        r = set_key(box, dir, key, trim(aaj_str_skip(line, key.n)));
        if (r == -EINVAL)
            aaj_diag_add(diags, AAJ_ERROR, "target-syntax", loc, whole,
                         "expected parser, parser-version, abi, features or base, and its value");
        if (r < 0)
            return r;
    }
    return 0;
}

/* Says which targets there are, in byte order. */
static int no_such_target(const char *name, const char *targets, struct aaj_diags *diags)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_str list = { "", 0 };
    struct dirent **entry = NULL;
    int n = scandir(targets, &entry, NULL, alphasort);

    for (int i = 0; i < n; i++) {
        if (entry[i]->d_name[0] != '.' && list.p)
            list = aaj_arena_printf(&arena, "%.*s%s%s", AAJ_STR_ARG(list), list.n ? ", " : "",
                                    aaj_escape(&arena, aaj_str_c(entry[i]->d_name)));
        free(entry[i]);
    }
    free(entry);
    aaj_diag_add(diags, AAJ_ERROR, "target-unknown", (struct aaj_loc){ 0 }, (struct aaj_str){ 0 },
                 "there is no target '%s'; there is %s", aaj_escape(&arena, aaj_str_c(name)),
                 list.p && list.n ? list.p : "none at all");
    aaj_arena_clear(&arena);
    return -ENOENT;
}

static int complete(struct box *box, struct aaj_str file, const char *datadir, struct aaj_diags *diags)
{
    struct aaj_target *t = &box->target;
    int r;

    if (!t->parser || !t->features_file || !t->base)
        return aaj_error(diags, (struct aaj_loc){ .file = file }, "a target needs parser, features and base");
    if (t->parser_version == 0) {
        r = aaj_target_ask_parser(t->parser, diags, &t->parser_version);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < AAJ_ARRAY_SIZE(since); i++)
        if (t->parser_version >= since[i].since)
            t->parser_features |= since[i].feature;
    t->template_dir = aaj_arena_printf(&box->arena, "%s/templates", datadir).p;
    t->abstraction_dir = aaj_arena_printf(&box->arena, "%s/abstractions", datadir).p;
    if (!t->template_dir || !t->abstraction_dir)
        return -ENOMEM;
    return aaj_features_read(t->features_file, diags, &t->mediates);
}

static int open_in(struct box *box, const char *name, const char *datadir, struct aaj_diags *diags)
{
    struct aaj_str targets = aaj_arena_printf(&box->arena, "%s/targets", datadir);
    struct aaj_str dir = aaj_arena_printf(&box->arena, "%s/targets/%s", datadir, name);
    struct aaj_str path = aaj_arena_printf(&box->arena, "%s/targets/%s/target", datadir, name), text;
    int r;

    if (!targets.p || !dir.p || !path.p)
        return -ENOMEM;
    if (strchr(name, '/') || name[0] == '.' || strlen(name) > NAME_MAX_BYTES)
        return no_such_target(name, targets.p, diags);
    r = aaj_file_read(path.p, TARGET_FILE_MAX, &box->arena, &text);
    if (r == -ENOENT || r == -ENOTDIR)
        return no_such_target(name, targets.p, diags);
    if (r < 0) {
        aaj_error(diags, (struct aaj_loc){ .file = path }, "cannot read the target: %s", strerror(-r));
        return r;
    }
    box->target.name = aaj_arena_dup(&box->arena, aaj_str_c(name)).p;
    r = box->target.name ? read_lines(box, dir.p, path, text, diags) : -ENOMEM;
    return r < 0 ? r : complete(box, path, datadir, diags);
}

int aaj_target_open(const char *name, const char *datadir, struct aaj_diags *diags,
                    struct aaj_target **ret_target)
{
    struct box *box = calloc(1, sizeof(*box));
    char real[PATH_MAX];
    int r;

    if (!box)
        return -ENOMEM;
    /* The parser is not run from here, so what it is given must be absolute. */
    r = open_in(box, name ? name : "debian12", realpath(datadir, real) ? real : datadir, diags);
    if (r < 0) {
        aaj_target_free(&box->target);
        return r;
    }
    *ret_target = &box->target;
    return 0;
}

struct aaj_target *aaj_target_free(struct aaj_target *target)
{
    struct box *box = (struct box *)target;

    if (box) {
        aaj_arena_clear(&box->arena);
        free(box);
    }
    return NULL;
}
