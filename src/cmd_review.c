/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aajail review MANIFEST: what only a person can decide about what was learned, asked, and written into the manifest. What
 * was answered is built before it is written: the answers are judged together, and what a newly allowed program did in its
 * turn is asked next.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "build_group.h"
#include "review.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "log", 'l', "FILE", "a log of any form, plain or compressed; may be repeated; not from standard input" },
    { "recording", 'r', "FILE", "what 'aajail learn' wrote; may be repeated; default: NAME.rec beside the manifest" },
    { "profile", 'p', "LABEL", "the profile's label in the log, where it is not the jail's name" },
    { "root", 0, "DIR", "the tree that the slave runs in, for setuid bits, links and neighbours" },
    { "files", 0, "FILE", "the same as a list made with find" },
    { "target", 't', "TARGET", "what the profile is for: debian12 (default), debian13, lab, running, …" },
    { "dry-run", 'n', NULL, "print the questions, ask nothing and write nothing" },
    OPT_JSON,
    OPT_END,
};

/* A review of what build_group_run() built. */
struct session {
    const struct build_args *args;
    struct build_group *group;
    struct build_shared *shared;
    struct review *review; /* by member */
    struct aaj_str *was;   /* the manifests' texts when it began */
    struct aaj_intern seen; /* questions of earlier rounds */
    size_t asked, answered, entries;
};

static int was_seen(struct session *s, size_t k, const struct review_question *q)
{
    struct aaj_str key = aaj_arena_printf(&s->shared->arena, "%zu %d %.*s%c%.*s", k, q->kind, AAJ_STR_ARG(q->detail), 0,
                                          AAJ_STR_ARG(q->what));
    uint32_t before = s->seen.n, id;

    if (!key.p || aaj_intern_add(&s->seen, key, &id) < 0)
        return -ENOMEM;
    return id < before;
}

/* The questions of this round: those that no earlier one asked. *ret_n: how many. */
static int find(struct session *s, size_t *ret_n)
{
    *ret_n = 0;
    for (size_t k = 0; k < s->group->n; k++) {
        struct review *r = &s->review[k];
        size_t n = 0;

        review_clear(r);
        r->in = &s->group->in[k];
        r->learned = s->group->built[k]->learned;
        r->text = s->group->part[k].manifest;
        if (review_find(r) < 0)
            return -ENOMEM;
        for (size_t i = 0; i < r->n; i++) {
            int seen = was_seen(s, k, &r->question[i]);

            if (seen < 0)
                return seen;
            if (!seen)
                r->question[n++] = r->question[i];
        }
        r->n = n;
        *ret_n += n;
    }
    return 0;
}

static int list_questions(struct session *s, bool json)
{
    json_object *all = json_object_new_array();
    size_t n = 0;

    for (size_t k = 0; k < s->group->n; k++) {
        json_object *list = review_json(&s->review[k]);

        for (size_t i = 0; i < json_object_array_length(list); i++)
            json_object_array_add(all, json_object_get(json_object_array_get_idx(list, i)));
        json_object_put(list);
        for (size_t i = 0; i < s->review[k].n && !json; i++) {
            const struct review_question *q = &s->review[k].question[i];

            printf("%s: %s%s%s%s  # %" PRIu64 " event%s; as it is: %s\n", review_info[q->kind].asks,
                   aaj_escape(&s->shared->arena, q->what), q->detail.n ? " (" : "",
                   aaj_escape(&s->shared->arena, q->detail), q->detail.n ? ")" : "", q->events, q->events == 1 ? "" : "s",
                   review_info[q->kind].now);
        }
        n += s->review[k].n;
    }
    if (json)
        puts(json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(all);
    return n ? EXIT_FINDING : EXIT_DONE;
}

/* The answers about one jail into its manifest's text. *ret_n: how many entries. */
static int enter(struct session *s, size_t k, struct aaj_str *text, size_t *ret_n)
{
    struct review *r = &s->review[k];
    struct aaj_str file = s->group->in[k].manifest->file;
    int err = 0;

    *ret_n = 0;
    for (size_t i = 0; i < r->n && err == 0; i++) {
        struct aaj_manifest_entry *entry;
        size_t n;

        err = review_entries(r, &r->question[i], &entry, &n);
        s->answered += r->question[i].answer >= 0;
        if (err == 0 && n)
            err = aaj_manifest_add(*text, file, entry, n, &s->shared->arena, &s->shared->diags, text);
        for (size_t e = 0; e < n && err == 0; e++) {
            struct aaj_str said = aaj_manifest_entry_text(&r->arena, &entry[e]);

            printf("  + %s\n", said.p ? aaj_escape(&r->arena, said) : "");
        }
        *ret_n += n;
    }
    return err;
}

/* The answers of a round into the manifests, and all built again. *ret_changed: there were any. */
static int settle(struct session *s, bool *ret_changed)
{
    struct build_group *g = s->group;
    int err = 0;

    *ret_changed = false;
    putchar('\n');
    for (size_t k = 0; k < g->n && err == 0; k++) {
        struct aaj_str text = g->part[k].manifest;
        size_t n;

        err = enter(s, k, &text, &n);
        if (err == 0 && n)
            err = build_group_set_manifest(s->shared, g, k, text);
        *ret_changed |= n > 0;
        s->entries += n;
    }
    if (err < 0 || !*ret_changed)
        return err;
    for (size_t k = 0; k < g->n; k++)
        g->built[k] = aaj_built_free(g->built[k]);
    return build_group_again(s->shared, g);
}

/* All rounds. False: nothing is to be written. */
static bool ask_all(struct session *s, size_t first, int *ret_err)
{
    enum review_end end = REVIEW_ANSWERED;
    size_t total = first, before = 0;
    bool changed = true;

    *ret_err = 0;
    while (total > before && end == REVIEW_ANSWERED && changed && *ret_err == 0) {
        for (size_t k = 0; k < s->group->n && end == REVIEW_ANSWERED; k++) {
            end = review_ask(&s->review[k], stdout, before, total);
            before += s->review[k].n;
        }
        if (end == REVIEW_ABORTED)
            return false;
        before = s->asked = total;
        *ret_err = settle(s, &changed);
        if (*ret_err == 0 && changed && end == REVIEW_ANSWERED) {
            *ret_err = find(s, &total);
            total += before;
        }
    }
    return *ret_err == 0 && s->entries > 0;
}

/* The file as it was when the review began, or it is somebody else's now. */
static int write_manifest(struct session *s, size_t k)
{
    struct aaj_str file = s->group->in[k].manifest->file, now;
    struct aaj_diags *diags = &s->shared->diags;
    struct aaj_loc here = { .file = file };
    char *path = realpath(file.p, NULL);
    struct stat st = { 0 };
    int r = path && stat(path, &st) == 0 ? 0 : -errno;

    if (r == 0)
        r = aaj_file_read(path, AAJ_FILE_MAX, &s->shared->arena, &now);
    if (r == 0 && !aaj_str_eq(now, s->was[k]))
        r = aaj_error(diags, here, "somebody has changed it meanwhile; nothing was written, review it again");
    else if (r == 0)
        r = aaj_file_write(path, s->group->part[k].manifest, st.st_mode & 0777);
    if (r < 0 && r != -EINVAL)
        aaj_error(diags, here, "cannot write it: %s", strerror(-r));
    if (r == 0)
        printf("wrote %s\n", aaj_escape(&s->shared->arena, file));
    free(path);
    return r;
}

static int conclude(struct session *s)
{
    const struct aaj_str file = s->group->in[0].manifest->file;
    int r = 0;

    if (!review_confirm(stdout, "It builds, and everything is proved. Write this?")) {
        puts("nothing was written");
        return EXIT_FINDING;
    }
    for (size_t k = 0; k < s->group->n && r == 0; k++)
        if (!aaj_str_eq(s->group->part[k].manifest, s->was[k]))
            r = write_manifest(s, k);
    if (r < 0)
        return EXIT_REFUSED;
    printf("%zu answered, %zu left as they are; next: aajail build %s\n", s->answered, s->asked - s->answered,
           aaj_escape(&s->shared->arena, file));
    return s->asked > s->answered ? EXIT_FINDING : EXIT_DONE;
}

static int hold(struct session *s)
{
    size_t total;
    int err = find(s, &total);

    if (err < 0)
        return EXIT_REFUSED;
    if (s->args->json || s->args->dry_run)
        return list_questions(s, s->args->json);
    if (total == 0) {
        puts("nothing is left to decide");
        return EXIT_DONE;
    }
    printf("%zu rules follow from the evidence; %zu question%s yours.\n",
           s->group->built[0]->learned->stats.rules, total, total == 1 ? " is" : "s are");
    if (ask_all(s, total, &err))
        return conclude(s);
    if (err < 0 && err != -EPERM && !s->shared->diags.errors)
        aaj_error(&s->shared->diags, (struct aaj_loc){ 0 }, "cannot build: %s", strerror(-err));
    puts(err < 0 ? "with these answers it does not build; nothing was written" : "nothing was decided, nothing was written");
    return err < 0 && err != -EPERM ? EXIT_INPUT : EXIT_FINDING;
}

static int review(const struct build_args *args, struct build_group *group, struct build_shared *shared)
{
    struct session s = { .args = args, .group = group, .shared = shared };
    int status = EXIT_REFUSED;

    s.review = calloc(group->n, sizeof(*s.review));
    s.was = calloc(group->n, sizeof(*s.was));
    if (s.review && s.was && aaj_intern_init(&s.seen) == 0) {
        for (size_t k = 0; k < group->n; k++)
            s.was[k] = group->part[k].manifest;
        status = hold(&s);
    }
    for (size_t k = 0; k < group->n && s.review; k++)
        review_clear(&s.review[k]);
    aaj_intern_clear(&s.seen);
    free(s.review);
    free(s.was);
    return status;
}

static bool take(struct build_args *a, const char *name, const char *value, int *status)
{
    if (opt_is(name, "log") || opt_is(name, "recording")) {
        if (strcmp(value, "-") == 0)
            *status = usage_error(a->verb, "standard input is where you answer; give --%s a file", name);
        else if (paths_add(opt_is(name, "log") ? &a->logs : &a->recordings, value) < 0)
            *status = EXIT_REFUSED;
    } else if (opt_is(name, "profile")) {
        a->label = value;
    } else if (opt_is(name, "root")) {
        a->root = value;
    } else if (opt_is(name, "files")) {
        a->list = value;
    } else if (opt_is(name, "target")) {
        a->target = value;
    } else if (opt_is(name, "dry-run")) {
        a->dry_run = true;
    } else {
        a->json = true;
    }
    return *status < 0;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct build_args a = { .verb = verb, .no_surface = true, .deliver = review };
    struct opts o = OPTS_INIT(verb, argc, argv);
    const char *name;
    int status = -1;

    while ((name = opts_next(&o)))
        take(&a, name, o.value, &status);
    if (o.done)
        status = o.status;
    else if (status < 0 && o.n_operands != 1)
        status = usage_error(verb, "name one manifest; 'aajail init' writes one to begin with");
    else if (status < 0 && a.root && a.list)
        status = usage_error(verb, "--root and --files are two answers to one question");
    if (status < 0)
        status = build_jails(&a, o.operand, o.n_operands);
    paths_clear(&a.logs);
    paths_clear(&a.recordings);
    return status;
}

const struct verb verb_review = {
    .name = "review",
    .args = "MANIFEST",
    .summary = "Ask what only a person can decide about what was learned, and note it in the manifest",
    .details = "  aajail review shop.yaml\n"
               "  aajail review shop.yaml --log /var/log/audit/audit.log --dry-run\n\n"
               "Programs that change their user, shells, destinations, what the ceiling forbids, what was denied: one\n"
               "question each. Everything else follows from the evidence. Nothing is written before the last 'yes'.",
    .opts = opts,
    .run = run,
};
