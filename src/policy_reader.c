/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy_reader.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/file.h"

/* A request is the folder's number, one byte, and the path. */
static int ask_for_include(void *ctx, const struct aaj_policy_options *options, size_t base, const char *path)
{
    char request[1 + PATH_MAX];
    size_t n = strlen(path);

    (void)ctx;
    (void)options;
    if (n >= PATH_MAX || base > UCHAR_MAX)
        return -ENAMETOOLONG;
    request[0] = (char)base;
    memcpy(request + 1, path, n);
    return sandbox_ask((struct aaj_str){ request, n + 1 });
}

/* In the parent. */
static int open_include(void *ctx, struct aaj_str request)
{
    const struct aaj_policy_options *options = ctx;
    char path[PATH_MAX];

    if (request.n < 2 || request.n > PATH_MAX || memchr(request.p + 1, '\0', request.n - 1) ||
        (unsigned char)request.p[0] > options->n_bases)
        return -EINVAL;
    memcpy(path, request.p + 1, request.n - 1);
    path[request.n - 1] = '\0';
    return aaj_policy_open(options, (unsigned char)request.p[0], path);
}

struct work {
    struct policy_job job;
    policy_fn fn;
};

static int work(void *data, FILE *out, struct aaj_diags *diags)
{
    struct work *w = data;

    w->job.options.open = ask_for_include;
    return w->fn(&w->job, out, diags);
}

int policy_run(const char *path, const struct aaj_policy_options *options, policy_fn fn, void *data,
               struct aaj_arena *arena, struct aaj_str *ret_text, struct aaj_diags *diags)
{
    struct aaj_policy_options with = *options;
    const struct sandbox_limits limits = { .seconds = 600, .open = open_include, .open_ctx = &with };
    struct work w = { .job = { .options = with, .data = data }, .fn = fn };
    int r;

    w.job.name = aaj_str_c(strcmp(path, "-") == 0 ? "(standard input)" : path);
    r = aaj_file_read(path, AAJ_POLICY_MAX_TEXT, arena, &w.job.text);
    if (r < 0) {
        aaj_diag_add(diags, AAJ_ERROR, "policy-read", (struct aaj_loc){ .file = w.job.name }, (struct aaj_str){ 0 },
                     "cannot be read: %s", strerror(-r));
        return r;
    }
    return sandbox_run(path, work, &w, &limits, arena, ret_text, diags);
}

static int write_rules(const struct policy_job *job, FILE *out, struct aaj_diags *diags)
{
    struct aaj_policy *policy = NULL;
    struct aaj_rules rules = { 0 };
    int r = aaj_policy_parse(job->text, job->name, &job->options, job->data ? diags : NULL, &policy);

    if (r == -EINVAL && !job->data)
        r = 0;
    if (r == 0)
        r = aaj_rules_list(policy, &rules);
    if (r == 0)
        r = aaj_rules_write(&rules, out);
    aaj_rules_clear(&rules);
    aaj_policy_free(policy);
    return r;
}

int policy_read_rules(const char *path, const struct aaj_policy_options *options, struct aaj_rules *ret_rules,
                      struct aaj_diags *diags)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_diags unheard = AAJ_DIAGS_INIT;
    struct aaj_str text;
    int r = policy_run(path, options, write_rules, diags, &arena, &text, diags ? diags : &unheard);

    if (r == 0)
        r = aaj_rules_read(text, ret_rules);
    aaj_diags_clear(&unheard);
    aaj_arena_clear(&arena);
    return r;
}
