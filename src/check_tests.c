/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aajail check --manifest: the manifest's policy tests. */
#include "base/escape.h"
#include "check_cmd.h"

static void show_json(struct check *c, size_t n, size_t before)
{
    json_object *failed = json_object_new_array();

    for (size_t i = before; i < c->diags.n; i++)
        if (c->diags.item[i].severity == AAJ_ERROR)
            json_object_array_add(failed, aaj_json_bytes(c->diags.item[i].message));
    json_object_object_add(c->out, "tests", json_object_new_uint64(n));
    json_object_object_add(c->out, "failed_tests", failed);
}

static void show_tests(struct check *c, const struct aaj_manifest *manifest, size_t n, size_t before)
{
    size_t bad = 0;

    for (size_t i = before; i < c->diags.n; i++) {
        const struct aaj_diag *d = &c->diags.item[i];

        if (d->severity != AAJ_ERROR)
            continue;
        bad++;
        check_tap(c, false, aaj_escape(&c->arena, d->message));
    }
    c->finding |= bad > 0;
    if (bad < n)
        check_tap(c, true, aaj_arena_printf(&c->arena, "%zu policy tests hold", n - bad).p);
    if (c->format == CHECK_JSON)
        show_json(c, n, before);
    else if (c->format == CHECK_TEXT)
        printf("%zu of %zu policy tests hold\n", n - bad, n);
    else if (check_in_results(c))
        check_results_tests(c, manifest, before);
}

int check_tests(struct check *c)
{
    struct aaj_manifest *manifest = NULL;
    struct aaj_fsview *files = NULL;
    struct aaj_str text;
    size_t n = 0, before;
    int status = read_manifest_file(c->manifest, &c->arena, &c->diags, &text, &manifest);

    if (status == EXIT_DONE)
        status = open_files(c->root, c->files, &files, &c->diags);
    before = c->diags.n;
    if (status == EXIT_DONE && aaj_proof_policy_tests(c->match, manifest, files, &c->diags, &n) < 0)
        status = EXIT_REFUSED;
    if (status == EXIT_DONE)
        show_tests(c, manifest, n, before);
    aaj_fsview_free(files);
    aaj_manifest_free(manifest);
    return status;
}
