/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is to be loaded: artefacts, verified; the manifests among them; the chains. */
#include <errno.h>
#include <sys/stat.h>

#include "base/escape.h"
#include "jail/internal.h"

bool jail_name_ok(struct aaj_str name)
{
    return name.n > 0 && name.n <= 200 && name.p[0] != '.' && !memchr(name.p, '/', name.n) &&
           !memchr(name.p, '\0', name.n);
}

static struct aaj_str bytes_of(const struct aaj_artefacts *a, struct aaj_arena *arena, const char *fmt_before,
                               const char *fmt_after)
{
    struct aaj_str name = aaj_arena_printf(arena, "%s%.*s%s", fmt_before, AAJ_STR_ARG(a->jail), fmt_after);
    const struct aaj_artefact *f = name.p ? aaj_artefacts_find(a, name) : NULL;

    return f ? f->bytes : (struct aaj_str){ 0 };
}

/* The manifests of the pools among the artefacts. */
static int read_pools(const char *dir, struct aaj_arena *arena, struct aaj_diags *diags, struct jail_load *load)
{
    const struct aaj_artefacts *a = &load->artefacts;
    int r = 0;

    load->pool = aaj_arena_new_array(arena, a->n_files, struct aaj_manifest *);
    if (!load->pool)
        return -ENOMEM;
    for (size_t i = 0; i < a->n_files && r == 0; i++) {
        struct aaj_str name = a->file[i].name;
        struct aaj_manifest *m;

        if (!aaj_str_ends(name, AAJ_STR(".yaml")) || aaj_str_eq(aaj_str_head(name, name.n - 5), a->jail))
            continue;
        r = aaj_manifest_parse(a->file[i].bytes, aaj_str_c(dir), diags, &m);
        if (r == 0)
            load->pool[load->n_pools++] = m;
        if (r == 0 && !(m->hat.text.n && aaj_str_eq(m->master.text, a->jail)))
            r = aaj_error(diags, m->jail.loc, "'%.*s' is not a pool of '%.*s', among whose artefacts it is",
                          AAJ_STR_ARG(m->jail.text), AAJ_STR_ARG(a->jail));
    }
    return r;
}

static void tell_unfenced(const struct aaj_manifest *m, struct aaj_diags *diags)
{
    aaj_diag_add(diags, AAJ_WARNING, "jail-user", m->jail.loc, (struct aaj_str){ 0 },
                 "the manifest names no user, so the %s network is not fenced", m->hat.text.n ? "pool's" : "slave's");
}

/* A pool without a manifest: nobody who names its user was asked for. */
static void tell_pools(const struct jail_load *load, struct aaj_diags *diags)
{
    const struct aaj_artefacts *a = &load->artefacts;
    struct aaj_arena arena = AAJ_ARENA_INIT;

    for (size_t i = 0; i < a->n_unfenced; i++)
        aaj_diag_add(diags, AAJ_WARNING, "jail-pool", load->manifest->jail.loc, AAJ_STR(""),
                     "the pool %s, which ran as uid %u, has no manifest, so its network is not fenced; 'aajail build' shows what to write",
                     aaj_escape(&arena, a->unfenced[i].profile), a->unfenced[i].uid);
    aaj_arena_clear(&arena);
}

/* A master whose pools are all fenced needs no chain of its own. */
static int look_up(struct jail_load *load, struct aaj_diags *diags)
{
    int r = 0;

    for (size_t i = 0; i < load->n_pools + 1 && r == 0; i++) {
        const struct aaj_manifest *m = i ? load->pool[i - 1] : load->manifest;

        if (m->user.text.n)
            r = jail_chains_look_up(m, diags, &load->chains);
        else if (i || (load->n_pools == 0 && load->artefacts.n_unfenced == 0))
            tell_unfenced(m, diags);
    }
    if (r == 0)
        tell_pools(load, diags);
    return r;
}

void jail_load_clear(struct jail_load *load)
{
    aaj_manifest_free(load->manifest);
    for (size_t i = 0; i < load->n_pools; i++)
        aaj_manifest_free(load->pool[i]);
    jail_chains_clear(&load->chains);
    *load = (struct jail_load){ 0 };
}

/* The hashes lie beside what they are of: they say that a build is whole, and not whose it is. */
static int check_folder(const char *dir, struct aaj_diags *diags)
{
    struct stat st;

    if (stat(dir, &st) < 0 || !(st.st_mode & S_IWOTH))
        return 0; /* what is not there is told where it is read */
    return aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(dir) },
                     "everybody may write here, so what lies here may be anybody's: build into a folder of your own");
}

int jail_load_read(const char *dir, enum jail_numbers numbers, struct aaj_arena *arena, struct aaj_diags *diags,
                   struct jail_load *ret)
{
    const struct aaj_loc here = { .file = aaj_str_c(dir) };
    struct jail_load load = { 0 };
    struct aaj_str yaml;
    int r = numbers == JAIL_LOOK_UP ? check_folder(dir, diags) : 0;

    if (r == 0)
        r = aaj_artefacts_read(dir, arena, diags, &load.artefacts);
    if (r == -ENOENT)
        aaj_error(diags, here, "there are no proved artefacts here; 'aajail build' makes them");
    if (r < 0)
        return r;
    load.policy = bytes_of(&load.artefacts, arena, "", ".policy");
    load.text = bytes_of(&load.artefacts, arena, "aajail.", "");
    yaml = bytes_of(&load.artefacts, arena, "", ".yaml");
    if (!jail_name_ok(load.artefacts.jail) || !load.policy.n || !load.text.n || !yaml.n)
        return aaj_error(diags, here, "the artefacts are not complete: policy, profile and manifest are needed");
    r = aaj_manifest_parse(yaml, aaj_str_c(dir), diags, &load.manifest);
    if (r == 0 && !aaj_str_eq(load.manifest->jail.text, load.artefacts.jail))
        r = aaj_error(diags, here, "the manifest among the artefacts is another jail's");
    if (r == 0)
        r = read_pools(dir, arena, diags, &load);
    if (r == 0)
        r = numbers == JAIL_SAVED ? jail_chains_read(dir, arena, diags, &load.chains) : look_up(&load, diags);
    if (r < 0) {
        jail_load_clear(&load);
        return r;
    }
    *ret = load;
    return 0;
}

int jail_load_current(const struct aaj_jail_ctx *ctx, struct aaj_str name, struct aaj_arena *arena,
                      struct aaj_diags *diags, struct jail_load *ret, bool *ret_there)
{
    const char *dir = jail_path(ctx, name, "current", arena);

    *ret_there = jail_exists(dir);
    return *ret_there ? jail_load_read(dir, JAIL_SAVED, arena, diags, ret) : dir ? 0 : -ENOMEM;
}

int jail_save(const char *dir, const struct jail_load *load, bool undo, struct aaj_diags *diags)
{
    int r = jail_make_dirs(dir, 0700);

    /* The list of artefacts is written last and makes the folder valid. */
    if (r == 0)
        r = jail_mark(dir, undo);
    if (r == 0)
        r = jail_chains_write(dir, &load->chains);
    if (r < 0)
        aaj_error(diags, (struct aaj_loc){ .file = aaj_str_c(dir) }, "cannot keep the jail's state: %s", strerror(-r));
    return r < 0 ? r : aaj_artefacts_write(dir, &load->artefacts, diags);
}
