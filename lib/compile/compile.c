/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compile/compile.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/grow.h"
#include "base/run.h"
#include "compile/messages.h"

/* The 3.0 parser needs about 100 MB for the largest profiles of Debian; a text made to explode gets no more
 * than this. */
#define MEMORY_MAX ((size_t)4 * 1024 * 1024 * 1024)

struct args {
    const char **item;
    size_t n, cap;
    bool failed;
};

static void push(struct args *a, const char *item)
{
    if (AAJ_GROW(a->item, a->n, a->cap) < 0)
        a->failed = true;
    else
        a->item[a->n++] = item;
}

static void push_include(struct args *a, const char *dir)
{
    if (dir && access(dir, F_OK) == 0) {
        push(a, "-I");
        push(a, dir);
    }
}

static int make_args(const struct aaj_compile *c, bool names, struct args *a)
{
    const struct aaj_target *t = c->target;

    push(a, t->parser);
    push(a, "--config-file=/dev/null");
    push(a, "-K"); /* no cache */
    if (names) {
        push(a, "-N");
    } else {
        push(a, "-Q"); /* do not load */
        push(a, "-S"); /* to standard output */
    }
    push(a, "-M");
    push(a, t->features_file);
    push(a, "-b");
    push(a, t->base);
    for (size_t i = 0; i < c->n_include; i++)
        push_include(a, c->include[i]);
    push_include(a, t->template_dir);
    push_include(a, t->abstraction_dir);
    push(a, NULL);
    return a->failed ? -ENOMEM : 0;
}

static int cannot_run(const struct aaj_compile *c, int r, struct aaj_diags *diags)
{
    struct aaj_loc loc = { .file = c->file };

    if (r == -ETIMEDOUT)
        aaj_diag_add(
            diags, AAJ_ERROR, "compile-timeout", loc, (struct aaj_str){ 0 },
            "apparmor_parser did not end within %u s; several interior ** in a profile make it explode",
            (c->timeout_ms ? c->timeout_ms : 60000) / 1000);
    else if (r == -EFBIG)
        aaj_diag_add(diags, AAJ_ERROR, "compile-size", loc, (struct aaj_str){ 0 },
                     "the compiled policy is larger than %d MB", AAJ_FILE_MAX / 1024 / 1024);
    else
        aaj_diag_add(diags, AAJ_ERROR, "compile-run", loc, (struct aaj_str){ 0 }, "cannot run %s: %s",
                     c->target->parser, strerror(-r));
    return r == -EFBIG ? -E2BIG : r;
}

static int judge(const struct aaj_compile *c, const struct aaj_run_result *result, struct aaj_str text,
                 struct aaj_diags *diags)
{
    size_t errors = aaj_compile_messages(result->err, c->file, text, diags);

    if (WIFEXITED(result->status) && WEXITSTATUS(result->status) == 0)
        return 0;
    if (WIFSIGNALED(result->status)) {
        aaj_diag_add(diags, AAJ_ERROR, "compile-crash", (struct aaj_loc){ .file = c->file },
                     (struct aaj_str){ 0 }, "apparmor_parser was killed by signal %d (%s)",
                     WTERMSIG(result->status), strsignal(WTERMSIG(result->status)));
        return WTERMSIG(result->status) == SIGABRT ? -E2BIG : -EINVAL; /* abort: no memory for a C++ new */
    }
    if (errors == 0)
        aaj_diag_add(diags, AAJ_ERROR, "compile-refused", (struct aaj_loc){ .file = c->file },
                     (struct aaj_str){ 0 }, "apparmor_parser refused it without saying why (status %d)",
                     WEXITSTATUS(result->status));
    return -EINVAL;
}

static int run_parser(const struct aaj_compile *c, bool names, struct aaj_str text, struct aaj_arena *arena,
                      struct aaj_diags *diags, struct aaj_str *ret_out)
{
    struct args args = { 0 };
    struct aaj_run run = { .input = text, .timeout_ms = c->timeout_ms, .max_memory = MEMORY_MAX };
    struct aaj_run_result result;
    int r = make_args(c, names, &args);

    run.argv = args.item;
    if (r == 0) {
        r = aaj_run(&run, arena, &result);
        if (r < 0)
            r = cannot_run(c, r, diags);
        else
            r = judge(c, &result, text, diags);
    }
    free(args.item);
    if (r == 0)
        *ret_out = result.out;
    return r;
}

int aaj_compile(const struct aaj_compile *compile, struct aaj_str text, struct aaj_arena *arena,
                struct aaj_diags *diags, struct aaj_str *ret_blob)
{
    return run_parser(compile, false, text, arena, diags, ret_blob);
}

int aaj_compile_names(const struct aaj_compile *compile, struct aaj_str text, struct aaj_arena *arena,
                      struct aaj_diags *diags, struct aaj_str **ret_name, size_t *ret_n)
{
    struct aaj_str out, *name;
    size_t n = 0;
    int r = run_parser(compile, true, text, arena, diags, &out);

    if (r < 0)
        return r;
    for (size_t i = 0; i < out.n; i++)
        n += out.p[i] == '\n';
    name = aaj_arena_new_array(arena, n + 1, struct aaj_str);
    if (!name)
        return -ENOMEM;
    for (n = 0; out.n;) {
        name[n] = aaj_str_head(out, aaj_str_find(out, '\n'));
        out = aaj_str_skip(out, name[n].n + 1);
        n += name[n].n > 0;
    }
    *ret_name = name;
    *ret_n = n;
    return 0;
}
