/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was built: reports, profile, policy and chain, as files with a manifest of their hashes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "build/artefact.h"
#include "build_group.h"
#include "report/build_report.h"

enum { PART_FILES = 6, WITHOUT_CHAIN = 2 };

/* What belongs to one jail of a group alone; of a pool in files that begin with its name. */
static size_t part_files(const struct build_group *g, size_t i, struct aaj_artefact *file)
{
    struct aaj_built *b = g->built[i];
    struct aaj_str jail = g->in[i].manifest->jail.text;
    const struct {
        const char *name;
        struct aaj_str bytes;
    } own[] = {
        { "report.json", g->part[i].report },
        { "report.html", g->part[i].page },
        { "firewall.v4", b->firewall_v4 },
        { "firewall.v6", b->firewall_v6 },
        { "firewall.nft", b->firewall_nft },
    };
    size_t n = 0;

    file[n++] = (struct aaj_artefact){ aaj_arena_printf(&b->arena, "%.*s.yaml", AAJ_STR_ARG(jail)), g->part[i].manifest };
    for (size_t k = 0; k < (b->plan ? PART_FILES - 1 : WITHOUT_CHAIN); k++, n++)
        file[n] = (struct aaj_artefact){ i ? aaj_arena_printf(&b->arena, "%.*s.%s", AAJ_STR_ARG(jail), own[k].name)
                                           : aaj_str_c(own[k].name),
                                         own[k].bytes };
    return n;
}

/* The master's: a pool that has a manifest has a chain. */
static int add_unfenced(struct aaj_built *b, struct aaj_artefacts *artefacts)
{
    const struct aaj_learned *l = b->learned;

    artefacts->unfenced = aaj_arena_new_array(&b->arena, l->n_unfenced + 1, struct aaj_artefact_unfenced);
    for (size_t i = 0; artefacts->unfenced && i < l->n_unfenced; i++)
        artefacts->unfenced[artefacts->n_unfenced++] =
            (struct aaj_artefact_unfenced){ l->unfenced[i].profile, l->unfenced[i].uid };
    return artefacts->unfenced ? 0 : -ENOMEM;
}

static int write_artefacts(const struct build_args *a, const struct build_group *g, struct aaj_diags *diags)
{
    struct aaj_built *b = g->built[0];
    const struct aaj_manifest *m = g->in[0].manifest;
    struct aaj_artefact *file = aaj_arena_new_array(&b->arena, 2 + g->n * PART_FILES, struct aaj_artefact);
    struct aaj_artefacts artefacts = { .arena = &b->arena,
                                       .jail = m->jail.text,
                                       .user = m->user.text,
                                       .target = aaj_str_c(g->in[0].target->name),
                                       .file = file };
    struct aaj_str dir = a->output ? aaj_str_c(a->output)
                                   : aaj_arena_printf(&b->arena, "build/%.*s", AAJ_STR_ARG(m->jail.text));
    size_t names = 0;

    if (!file || !dir.p)
        return EXIT_REFUSED;
    for (size_t i = 0; i < g->n; i++)
        names += g->built[i]->n_names;
    artefacts.profile = aaj_arena_new_array(&b->arena, names + 1, struct aaj_str);
    if (!artefacts.profile || add_unfenced(b, &artefacts) < 0)
        return EXIT_REFUSED;
    file[0] = (struct aaj_artefact){ b->own_file, b->profile };
    file[1] = (struct aaj_artefact){ aaj_arena_printf(&b->arena, "%.*s.policy", AAJ_STR_ARG(m->jail.text)), b->policy };
    artefacts.n_files = 2;
    for (size_t i = 0; i < g->n; i++) {
        memcpy(artefacts.profile + artefacts.n_profiles, g->built[i]->name, g->built[i]->n_names * sizeof(struct aaj_str));
        artefacts.n_profiles += g->built[i]->n_names;
        artefacts.n_files += part_files(g, i, file + artefacts.n_files);
    }
    for (size_t i = 0; i < artefacts.n_files; i++)
        if (!file[i].name.p)
            return EXIT_REFUSED;
    if (aaj_artefacts_write(dir.p, &artefacts, diags) < 0)
        return EXIT_REFUSED;
    fprintf(stderr, "  written to %s\n", dir.p);
    return EXIT_DONE;
}

int build_deliver(const struct build_args *a, struct build_group *g, struct build_shared *s)
{
    for (size_t i = 0; i < g->n; i++) {
        struct aaj_built *b = g->built[i];
        struct build_part *part = &g->part[i];

        if (aaj_report_build_text(stderr, &g->in[i], b) < 0 ||
            aaj_report_build_json(&g->in[i], b, &b->arena, &part->report) < 0 ||
            aaj_report_build_html(&g->in[i], b, &b->arena, &part->page) < 0)
            return EXIT_REFUSED;
        if (a->json)
            fwrite(part->report.p, 1, part->report.n, stdout);
    }
    if (a->output && strcmp(a->output, "-") == 0) {
        if (!a->json)
            fwrite(g->built[0]->profile.p, 1, g->built[0]->profile.n, stdout);
        return EXIT_DONE;
    }
    return a->dry_run ? EXIT_DONE : write_artefacts(a, g, &s->diags);
}
