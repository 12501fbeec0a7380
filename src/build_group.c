/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One jail, or a master with its pools: what was observed, built, and built again with the destinations it proposed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "build_group.h"

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
static int observe(const struct build_args *a, const struct aaj_manifest *m, const struct aaj_manifest *master,
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

static int read_profile(const char *path, struct build_shared *s, struct aaj_build_input *in)
{
    int r = aaj_file_read(path, AAJ_FILE_MAX, &s->arena, &in->merge);

    in->merge_name = aaj_str_c(path);
    if (r < 0)
        aaj_error(&s->diags, (struct aaj_loc){ .file = in->merge_name }, "cannot read the profile: %s", strerror(-r));
    return r < 0 ? EXIT_INPUT : EXIT_DONE;
}

static const char *profiles_below(const char *root, struct build_shared *s)
{
    struct aaj_str dir = aaj_arena_printf(&s->arena, "%s%s", root, s->target->base);

    return dir.p && access(dir.p, R_OK | X_OK) == 0 ? dir.p : NULL;
}

static int prepare(const struct build_args *a, struct build_shared *s, const struct build_group *g, size_t k)
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
    g->part[k] = (struct build_part){ .manifest = s->jails.text[g->member[k]], .other = other };
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

int build_group_again(struct build_shared *s, const struct build_group *g)
{
    return g->n == 1 ? aaj_build_run(g->in, &s->diags, g->built) : aaj_build_family(g->in, g->n, &s->diags, g->built);
}

int build_group_set_manifest(struct build_shared *s, const struct build_group *g, size_t k, struct aaj_str text)
{
    struct aaj_manifest **m = &s->jails.item[g->member[k]], *more = NULL;
    int r = aaj_manifest_parse(text, (*m)->file, &s->diags, &more);

    if (r < 0)
        return r;
    for (size_t i = 0; i < g->n; i++) /* the others of the group know it, too */
        for (size_t j = 0; j < g->in[i].n_others; j++)
            if (g->part[i].other[j] == *m)
                g->part[i].other[j] = more;
    aaj_manifest_free(*m);
    s->jails.text[g->member[k]] = g->part[k].manifest = text;
    g->in[k].manifest = *m = more;
    return 0;
}

/* Puts what is proposed into the manifest of one, which then says all of it. *ret_n: how many there were. */
static int add_destinations(struct build_shared *s, const struct build_group *g, size_t k, size_t *ret_n)
{
    const struct aaj_learned *l = g->built[k]->learned;
    struct aaj_str *dest = calloc(l->n_proposals + 1, sizeof(*dest)), text;
    size_t n = 0;
    int r;

    if (!dest)
        return -ENOMEM;
    for (size_t i = 0; i < l->n_proposals; i++)
        if (l->proposal[i].state == AAJ_PROPOSED)
            dest[n++] = l->proposal[i].dest;
    r = n ? aaj_manifest_add_dests(g->in[k].manifest, g->part[k].manifest, dest, n, &s->arena, &s->diags, &text) : 0;
    if (r == 0 && n)
        r = build_group_set_manifest(s, g, k, text);
    free(dest);
    *ret_n += n;
    return r;
}

/* Builds again with what is proposed. */
static int grant_destinations(struct build_shared *s, const struct build_group *g)
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
    return build_group_again(s, g);
}

int build_group_run(const struct build_args *a, struct build_shared *s, const size_t *member, size_t n)
{
    struct build_group g = { member, n, calloc(n, sizeof(*g.in)), calloc(n, sizeof(*g.built)), calloc(n, sizeof(*g.part)) };
    int status = g.in && g.built && g.part ? EXIT_DONE : EXIT_REFUSED, r;

    for (size_t k = 0; k < n && status == EXIT_DONE; k++)
        status = prepare(a, s, &g, k);
    if (status == EXIT_DONE && n > 1 && a->merge)
        status = usage_error(a->verb, "--merge puts one jail into a profile; a master and its pools are built anew");
    if (status == EXIT_DONE) {
        r = build_group_again(s, &g);
        if (r == 0 && a->grant_dests)
            r = grant_destinations(s, &g);
        if (r < 0 && !s->diags.errors)
            aaj_error(&s->diags, (struct aaj_loc){ .file = g.in[0].manifest->file }, "cannot build: %s", strerror(-r));
        status = build_status(r);
    }
    if (status == EXIT_DONE)
        status = (a->deliver ? a->deliver : build_deliver)(a, &g, s);
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
