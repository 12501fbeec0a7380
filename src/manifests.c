/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "manifests.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/grow.h"
#include "reader.h"
#include "verbs.h"

static const struct aaj_str master_template = AAJ_STR_INIT("php-fpm-master");

int manifests_add(struct manifests *m, struct aaj_manifest *manifest, struct aaj_str text)
{
    size_t cap = m->cap;

    if (AAJ_GROW(m->item, m->n, cap) < 0 || AAJ_GROW(m->text, m->n, m->cap) < 0)
        return -ENOMEM;
    m->item[m->n] = manifest;
    m->text[m->n++] = text;
    return 0;
}

int manifests_open(struct manifests *m, const char *path, struct aaj_diags *diags)
{
    struct aaj_manifest *manifest;
    struct aaj_str text;
    int status = read_manifest_file(path, &m->arena, diags, &text, &manifest);

    if (status == EXIT_DONE && manifests_add(m, manifest, text) < 0) {
        aaj_manifest_free(manifest);
        status = EXIT_REFUSED;
    }
    return status;
}

void manifests_clear(struct manifests *m)
{
    for (size_t i = 0; i < m->n; i++)
        aaj_manifest_free(m->item[i]);
    free(m->item);
    free(m->text);
    aaj_arena_clear(&m->arena);
    *m = (struct manifests){ 0 };
}

static bool is_pool(const struct aaj_manifest *m)
{
    return m->hat.text.n > 0;
}

bool manifests_is_pool_of(const struct aaj_manifest *pool, const struct aaj_manifest *master)
{
    return is_pool(pool) && aaj_str_eq(pool->master.text, master->jail.text);
}

static size_t find_jail(const struct manifests *m, struct aaj_str jail)
{
    for (size_t i = 0; i < m->n; i++)
        if (aaj_str_eq(m->item[i]->jail.text, jail))
            return i;
    return SIZE_MAX;
}

/* ---- what was not named ---- */

/* DIR/, with its slash; empty for a plain name. */
static struct aaj_str folder_of(const struct aaj_manifest *m)
{
    struct aaj_str file = m->file;

    while (file.n && file.p[file.n - 1] != '/')
        file.n--;
    return file;
}

static int add_master(struct manifests *m, const struct aaj_manifest *pool, struct aaj_diags *diags)
{
    static const char *const suffix[] = { "yaml", "yml" };

    for (size_t i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
        struct aaj_str path = aaj_arena_printf(&m->arena, "%.*s%.*s.%s", AAJ_STR_ARG(folder_of(pool)),
                                               AAJ_STR_ARG(pool->master.text), suffix[i]);

        if (!path.p)
            return EXIT_REFUSED;
        if (access(path.p, F_OK) < 0)
            continue;
        aaj_diag_add(diags, AAJ_NOTE, NULL, pool->master.loc, (struct aaj_str){ 0 },
                     "'%.*s' is a pool of '%.*s': the master is built with all its pools", AAJ_STR_ARG(pool->jail.text),
                     AAJ_STR_ARG(pool->master.text));
        return manifests_open(m, path.p, diags);
    }
    aaj_error(diags, pool->master.loc,
              "the master's manifest is needed: %.*s.yaml beside this one, with 'template: %.*s' and the slave's path",
              AAJ_STR_ARG(pool->master.text), AAJ_STR_ARG(master_template));
    return EXIT_INPUT;
}

/* A file that does not speak of a master is not looked at: its mistakes are not this call's business. */
static int add_if_pool(struct manifests *m, const struct aaj_manifest *master, const char *path, struct aaj_diags *diags)
{
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct aaj_manifest *one = NULL;
    struct aaj_str text;
    int status = EXIT_DONE;

    if (aaj_file_read(path, AAJ_FILE_MAX, &arena, &text) == 0 && aaj_str_search(text, AAJ_STR("master")) < text.n)
        status = read_manifest_file(path, &m->arena, diags, &text, &one);
    if (one && manifests_is_pool_of(one, master) && find_jail(m, one->jail.text) == SIZE_MAX) {
        status = manifests_add(m, one, text) < 0 ? EXIT_REFUSED : EXIT_DONE;
        if (status == EXIT_DONE)
            aaj_diag_add(diags, AAJ_NOTE, NULL, one->hat.loc, (struct aaj_str){ 0 }, "pool '%.*s' is built with its master",
                         AAJ_STR_ARG(one->jail.text));
    } else {
        aaj_manifest_free(one);
    }
    aaj_arena_clear(&arena);
    return status;
}

static int is_manifest_name(const struct dirent *e)
{
    struct aaj_str name = aaj_str_c(e->d_name);

    return name.p[0] != '.' && (aaj_str_ends(name, AAJ_STR(".yaml")) || aaj_str_ends(name, AAJ_STR(".yml")));
}

static int add_pools(struct manifests *m, const struct aaj_manifest *master, struct aaj_diags *diags)
{
    struct aaj_str dir = aaj_arena_dup(&m->arena, folder_of(master));
    struct dirent **name = NULL;
    int n = dir.p ? scandir(dir.n ? dir.p : ".", &name, is_manifest_name, alphasort) : -1, status = EXIT_DONE;

    for (int i = 0; i < n; i++) {
        struct aaj_str path = aaj_arena_printf(&m->arena, "%s%s", dir.p, name[i]->d_name);

        if (status == EXIT_DONE && !aaj_str_eq(path, master->file))
            status = path.p ? add_if_pool(m, master, path.p, diags) : EXIT_REFUSED;
        free(name[i]);
    }
    free(name);
    return n < 0 ? EXIT_REFUSED : status;
}

static bool is_master(const struct manifests *m, const struct aaj_manifest *jail)
{
    for (size_t i = 0; i < m->n; i++)
        if (manifests_is_pool_of(m->item[i], jail))
            return true;
    return aaj_str_eq(jail->template.text, master_template);
}

int manifests_complete(struct manifests *m, struct aaj_diags *diags)
{
    int status = EXIT_DONE;

    for (size_t i = 0; i < m->n && status == EXIT_DONE; i++)
        if (is_pool(m->item[i]) && find_jail(m, m->item[i]->master.text) == SIZE_MAX)
            status = add_master(m, m->item[i], diags);
    for (size_t i = 0, n = m->n; i < n && status == EXIT_DONE; i++)
        if (!is_pool(m->item[i]) && is_master(m, m->item[i]))
            status = add_pools(m, m->item[i], diags);
    return status;
}

/* ---- who is built together ---- */

static int by_jail(const void *a, const void *b, void *ctx)
{
    const struct manifests *m = ctx;

    return aaj_str_cmp(m->item[*(const size_t *)a]->jail.text, m->item[*(const size_t *)b]->jail.text);
}

size_t manifests_group(const struct manifests *m, size_t i, size_t *ret)
{
    size_t n = 0;

    if (is_pool(m->item[i]))
        return 0;
    ret[n++] = i;
    for (size_t k = 0; k < m->n; k++)
        if (manifests_is_pool_of(m->item[k], m->item[i]))
            ret[n++] = k;
    qsort_r(ret + 1, n - 1, sizeof(*ret), by_jail, (void *)(uintptr_t)m);
    return n;
}
