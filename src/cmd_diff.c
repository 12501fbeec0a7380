/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail diff OLD NEW: what an edit of policy allows newly, and no longer. */
#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/json.h"
#include "check/diff.h"
#include "compile/open.h"
#include "sandbox.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "widen-only", 'w', NULL, "say nothing of what is no longer allowed" },
    { "target", 'T', "TARGET", "what both are compiled for (debian12)" },
    { "include", 'I', "DIR", "another folder for include <…>; repeatable" },
    OPT_JSON,
    OPT_END,
};

enum { INCLUDE_MAX = 16 };

struct diff {
    const char *target_name, *include[INCLUDE_MAX];
    size_t n_include;
    bool widen_only, json;
    struct aaj_diags diags;
    struct aaj_arena arena;
    struct aaj_target *target;
    char **path;
    struct aaj_str policy[2];
    struct aaj_match *match[2]; /* the child's */
};

static const char *const sign[] = { "+", "~", "-" };
static const char *const direction[] = { "wider", "changed", "narrower" };

static void print_entry(struct diff *d, const struct aaj_diff_entry *e)
{
    printf("%s %s: %s%s%s", sign[e->direction], aaj_escape(&d->arena, e->profile), e->class, e->what.n ? " " : "",
           aaj_escape(&d->arena, e->what));
    for (size_t i = 0; i < e->n_examples; i++)
        printf("%s%s", i ? ", " : "  ", aaj_escape(&d->arena, e->example[i]));
    printf("%s\n", e->places > e->n_examples && e->n_examples ? ", …" : "");
}

static json_object *entry_json(const struct aaj_diff_entry *e)
{
    json_object *o = json_object_new_object(), *examples = json_object_new_array();

    json_object_object_add(o, "direction", json_object_new_string(direction[e->direction]));
    json_object_object_add(o, "profile", aaj_json_bytes(e->profile));
    json_object_object_add(o, "class", json_object_new_string(e->class));
    json_object_object_add(o, "what", aaj_json_bytes(e->what));
    for (size_t i = 0; i < e->n_examples; i++)
        json_object_array_add(examples, aaj_json_bytes(e->example[i]));
    json_object_object_add(o, "examples", examples);
    return o;
}

static void show(struct diff *d, const struct aaj_diff *diff)
{
    json_object *out = json_object_new_object(), *list = json_object_new_array();

    for (size_t i = 0; i < diff->n; i++) {
        if (d->widen_only && diff->entry[i].direction == AAJ_DIFF_NARROWER)
            continue;
        if (d->json)
            json_object_array_add(list, entry_json(&diff->entry[i]));
        else
            print_entry(d, &diff->entry[i]);
    }
    json_object_object_add(out, "wider", json_object_new_boolean(diff->wider));
    json_object_object_add(out, "differences", list);
    if (d->json)
        puts(json_object_to_json_string_ext(out, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(out);
}

/* In a child without power: compiled policy may be anybody's. */
static int compare(void *data)
{
    struct diff *d = data;
    struct aaj_diff diff = { 0 };
    int r = 0, status;

    for (int i = 0; r == 0 && i < 2; i++)
        r = aaj_match_open(d->policy[i], aaj_str_c(d->path[i]), &d->diags, &d->match[i]);
    if (r < 0) {
        show_diags(&d->diags);
        return EXIT_INPUT;
    }
    r = aaj_diff_run(d->match[0], d->match[1], &diff);
    if (r == 0)
        show(d, &diff);
    else
        aaj_error(&d->diags, (struct aaj_loc){ 0 }, "they cannot be compared: %s",
                  r == -E2BIG ? "the automata are too large" : strerror(-r));
    status = r < 0 ? EXIT_REFUSED : diff.wider ? EXIT_FINDING : EXIT_DONE;
    aaj_diff_clear(&diff);
    show_diags(&d->diags);
    return status;
}

static int open_both(struct diff *d)
{
    struct aaj_compile compile = { .include = d->include, .n_include = d->n_include };
    int r = aaj_target_open(d->target_name, aajail_datadir(), &d->diags, &d->target);

    compile.target = d->target;
    for (int i = 0; r == 0 && i < 2; i++)
        r = aaj_compile_file(&compile, d->path[i], &d->arena, &d->diags, &d->policy[i]);
    show_diags(&d->diags);
    return r < 0 ? EXIT_INPUT : EXIT_DONE;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct opts o = OPTS_INIT(verb, argc, argv);
    struct diff d = { 0 };
    const char *name;
    int status = -1;

    while ((name = opts_next(&o))) { /* to the end, also after an error: the table is freed there */
        if (opt_is(name, "widen-only"))
            d.widen_only = true;
        else if (opt_is(name, "json"))
            d.json = true;
        else if (opt_is(name, "target"))
            d.target_name = o.value;
        else if (d.n_include < INCLUDE_MAX)
            d.include[d.n_include++] = o.value;
        else
            status = usage_error(verb, "more than %d include folders", INCLUDE_MAX);
    }
    if (status < 0 && o.done)
        status = o.status;
    if (status < 0 && o.n_operands != 2)
        status = usage_error(verb, "name the old policy and the new one");
    if (status < 0) {
        d.path = o.operand;
        status = open_both(&d);
        if (status == EXIT_DONE)
            status = sandbox_rest(compare, &d);
    }
    aaj_target_free(d.target);
    aaj_arena_clear(&d.arena);
    return status;
}

const struct verb verb_diff = {
    .name = "diff",
    .args = "OLD NEW",
    .summary = "Say what an edit of policy allows newly, and no longer",
    .details = "  aajail diff /etc/apparmor.d/aajail.gapapp build/gapapp/gapapp.profile\n\n"
               "Compares by meaning, not by text: + newly allowed, ~ leads elsewhere, - no longer allowed. Exit\n"
               "status 1 when anything is newly allowed.",
    .opts = opts,
    .run = run,
};
