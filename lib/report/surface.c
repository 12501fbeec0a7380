/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The build's surface: how much of what exists the profile opens, and by what. */
#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/json.h"
#include "report/surface.h"

enum { SOURCES_SHOWN = 6, NAMES_SHOWN = 3 };

static const char *const kinds[AAJ_SURFACE_KINDS] = { "read", "write", "exec" };

static size_t beyond(const struct aaj_surface_source *s)
{
    return s->beyond[0] + s->beyond[1] + s->beyond[2];
}

static int widest_first(const void *a, const void *b)
{
    const struct aaj_surface_source *x = a, *y = b;
    size_t n = beyond(x), m = beyond(y);

    return n != m ? (n < m) - (n > m) : (x->rule > y->rule) - (x->rule < y->rule);
}

static int print_sources(FILE *out, const struct aaj_surface *surface)
{
    struct aaj_arena scratch = AAJ_ARENA_INIT;
    struct aaj_surface_source *source = calloc(surface->n_sources + 1, sizeof(*source));
    size_t shown = 0, left = 0;

    if (!source)
        return -ENOMEM;
    if (surface->n_sources) {
        memcpy(source, surface->source, surface->n_sources * sizeof(*source));
        qsort(source, surface->n_sources, sizeof(*source), widest_first);
    }
    for (size_t i = 0; i < surface->n_sources && beyond(&source[i]); i++) {
        const char *sep = "    ";

        if (shown++ >= SOURCES_SHOWN) {
            left++;
            continue;
        }
        for (int k = 0; k < AAJ_SURFACE_KINDS; k++)
            if (source[i].beyond[k]) {
                fprintf(out, "%s%zu %s", sep, source[i].beyond[k], kinds[k]);
                sep = ", ";
            }
        fprintf(out, " by %s\n", aaj_surface_source_name(&source[i], &scratch));
    }
    if (left)
        fprintf(out, "    and some by %zu more (aajail surface)\n", left);
    aaj_arena_clear(&scratch);
    free(source);
    return 0;
}

static void print_concerns(FILE *out, const struct aaj_surface *surface)
{
    static const char *const what[AAJ_CONCERNS] = {
        "secrets", "change uid, gid or capabilities when executed", "may be read, though not everybody may, and was never seen read",
        "may be written, and was never seen written"
    };
    size_t i = 0;

    for (int concern = 0; concern < AAJ_CONCERNS; concern++) {
        size_t from = i;

        while (i < surface->n_files && (int)surface->file[i].concern == concern)
            i++;
        if (i == from)
            continue;
        fprintf(out, "    %zu %s:", i - from, what[concern]);
        for (size_t k = from; k < i && k < from + NAMES_SHOWN; k++) {
            fputc(' ', out);
            aaj_escape_terminal(out, surface->file[k].path);
        }
        fputs(i - from > NAMES_SHOWN ? " …\n" : "\n", out);
    }
}

int aaj_report_surface_text(FILE *out, const struct aaj_build_input *in, const struct aaj_built *built)
{
    const struct aaj_surface_count *c = &built->surface.count;
    int r;

    if (!built->surfaced) {
        fputs(in->surface ? "  surface: not counted, since no files are known; name them with --root or --files\n" : "", out);
        return 0;
    }
    fputs("  surface: files that exist and are opened (of these beyond what was learned):", out);
    for (int k = 0; k < AAJ_SURFACE_KINDS; k++)
        fprintf(out, "%s %s %zu (%zu)", k ? "," : "", kinds[k], c->files[k], c->beyond[k]);
    fprintf(out, "\n    outside /usr, /proc, /sys, /dev: read %zu (%zu), write %zu (%zu)\n", c->outside[0], c->outside_beyond[0],
            c->outside[1], c->outside_beyond[1]);
    r = print_sources(out, &built->surface);
    print_concerns(out, &built->surface);
    return r;
}

static json_object *counts_json(const size_t *n)
{
    json_object *o = json_object_new_object();

    for (int k = 0; k < AAJ_SURFACE_KINDS; k++)
        json_object_object_add(o, kinds[k], json_object_new_uint64(n[k]));
    return o;
}

json_object *aaj_report_surface_json(const struct aaj_surface *surface, struct aaj_arena *arena)
{
    json_object *o = json_object_new_object(), *sources = json_object_new_array(), *files = json_object_new_array();
    const struct aaj_surface_count *c = &surface->count;

    json_object_object_add(o, "walked", json_object_new_uint64(surface->walked));
    json_object_object_add(o, "opened", counts_json(c->files));
    json_object_object_add(o, "beyond_learned", counts_json(c->beyond));
    json_object_object_add(o, "outside", counts_json(c->outside));
    json_object_object_add(o, "outside_beyond", counts_json(c->outside_beyond));
    json_object_object_add(o, "not_world_readable", counts_json(c->hidden));
    for (size_t i = 0; i < surface->n_sources; i++) {
        json_object *s = counts_json(surface->source[i].files);

        json_object_object_add(s, "beyond", counts_json(surface->source[i].beyond));
        json_object_object_add(s, "by", json_object_new_string(aaj_surface_source_name(&surface->source[i], arena)));
        json_object_array_add(sources, s);
    }
    json_object_object_add(o, "opened_by", sources);
    for (size_t i = 0; i < surface->n_files; i++) {
        const struct aaj_surface_file *f = &surface->file[i];
        json_object *s = json_object_new_object();

        json_object_object_add(s, "concern", json_object_new_string(aaj_concern_name(f->concern)));
        json_object_object_add(s, "path", aaj_json_bytes(f->path));
        if (f->item)
            json_object_object_add(s, "item", aaj_json_bytes(f->item->id));
        json_object_array_add(files, s);
    }
    json_object_object_add(o, "files", files);
    return o;
}
