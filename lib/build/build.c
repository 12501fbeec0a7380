/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "build/internal.h"

#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/file.h"
#include "firewall/text.h"
#include "policy/print.h"

enum { TEMPLATE_MAX = 1 << 20 };

/* What the target's kernel could mediate but does not; it is listed, never called denied. */
static const unsigned all_mediation = AAJ_MEDIATES_NETWORK | AAJ_MEDIATES_UNIX | AAJ_MEDIATES_DBUS |
                                      AAJ_MEDIATES_SIGNAL | AAJ_MEDIATES_PTRACE | AAJ_MEDIATES_MOUNT |
                                      AAJ_MEDIATES_USERNS | AAJ_MEDIATES_MQUEUE | AAJ_MEDIATES_IO_URING |
                                      AAJ_MEDIATES_NET_ADDR;

static struct aaj_str template_name(const struct aaj_manifest *m)
{
    return m->template.text.n ? m->template.text : AAJ_STR("minimal");
}

/* The manifest's template by its plain name; a name with a slash would leave the folder. */
static int read_template(const struct aaj_build_input *in, struct aaj_arena *arena, struct aaj_diags *diags,
                         struct aaj_str *ret_path, struct aaj_str *ret_text)
{
    struct aaj_str name = template_name(in->manifest), path;
    int r;

    if (aaj_str_find(name, '/') < name.n || name.p[0] == '.')
        return aaj_error(diags, in->manifest->template.loc, "a template is named without a folder: 'http-slave'");
    path = aaj_arena_printf(arena, "%s/%.*s", in->target->template_dir, AAJ_STR_ARG(name));
    if (!path.p)
        return -ENOMEM;
    r = aaj_file_read(path.p, TEMPLATE_MAX, arena, ret_text);
    if (r == -ENOENT)
        return aaj_error(diags, in->manifest->template.loc, "there is no template '%.*s' in %s", AAJ_STR_ARG(name),
                         in->target->template_dir);
    if (r < 0)
        return aaj_error(diags, (struct aaj_loc){ .file = path }, "cannot read the template: %s", strerror(-r));
    *ret_path = path;
    return 0;
}

static int open_ceiling(const struct aaj_build_input *in, struct aaj_diags *diags, struct aaj_ceiling **ret_ceiling)
{
    struct aaj_ceiling *ceiling = NULL;
    int r = aaj_ceiling_open(in->datadir, diags, &ceiling);

    for (size_t i = 0; i < in->n_others && r == 0; i++)
        for (size_t j = 0; j < in->other[i]->roots.n && r == 0; j++)
            r = aaj_ceiling_add_root(ceiling, in->other[i]->jail.text, in->other[i]->roots.item[j].text);
    if (r == 0)
        r = aaj_ceiling_apply(ceiling, in->manifest, diags);
    if (r < 0)
        aaj_ceiling_free(ceiling);
    else
        *ret_ceiling = ceiling;
    return r;
}

int aaj_build_print(struct aaj_arena *arena, int (*print)(FILE *out, const void *what), const void *what,
                    struct aaj_str *ret_text)
{
    char *bytes = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&bytes, &n);
    int r;

    if (!out)
        return -ENOMEM;
    r = print(out, what);
    if (fclose(out) != 0 && r == 0)
        r = -ENOMEM;
    if (r == 0) {
        *ret_text = aaj_arena_dup(arena, (struct aaj_str){ bytes, n });
        r = ret_text->p ? 0 : -ENOMEM;
    }
    free(bytes);
    return r;
}

static int print_profile(FILE *out, const void *policy)
{
    return aaj_policy_print(out, policy);
}

static int print_v4(FILE *out, const void *plan)
{
    return aaj_firewall_print(out, plan, AAJ_FIREWALL_IPTABLES);
}

static int print_v6(FILE *out, const void *plan)
{
    return aaj_firewall_print(out, plan, AAJ_FIREWALL_IP6TABLES);
}

static int print_nft(FILE *out, const void *plan)
{
    return aaj_firewall_print(out, plan, AAJ_FIREWALL_NFT);
}

/* A profile attaches to the name that the kernel resolves; with another it confines nobody, and nothing else would
 * tell. */
static void check_slave(const struct aaj_build_input *in, struct aaj_arena *arena, struct aaj_diags *diags)
{
    const struct aaj_scalar *slave = &in->manifest->slave;
    struct aaj_str real;
    struct aaj_fact fact;

    if (!in->files || !slave->text.n || in->manifest->attach != AAJ_ATTACH_PATH)
        return;
    if (aaj_fsview_canonical(in->files, slave->text, arena, &real) == 0 && !aaj_str_eq(real, slave->text))
        aaj_diag_add(diags, AAJ_WARNING, "slave-link", slave->loc, AAJ_STR(""),
                     "this is a link, and the profile attaches to nothing: the kernel goes by what it means, %s",
                     aaj_escape(arena, real));
    else if (in->files_named && aaj_fsview_get(in->files, slave->text, &fact) == 0)
        aaj_diag_add(
            diags, AAJ_WARNING, "slave-missing", slave->loc, AAJ_STR(""),
            "there is no such file as %s in the tree or list that was given, and the profile attaches to nothing there",
                     aaj_escape(arena, slave->text));
}

int aaj_build_learn(const struct aaj_build_input *in, struct aaj_built *b, struct aaj_diags *diags)
{
    struct aaj_learn_input input = {
        .manifest = in->manifest,
        .recording = in->recording,
        .target = in->target,
        .files = in->files,
        .ceiling = b->ceiling,
        .label = in->label,
        .name = b->merge_into ? b->merge_into->profile.name.value : in->manifest->jail.text,
        .known_policy = b->merge_into ? b->merged : NULL,
        .known = b->merge_into,
        .off = in->infer_off,
        .grant_denied = in->grant_denied,
        .comments = in->comments,
        .pool = in->pool,
        .n_pools = in->n_pools,
    };
    int r = read_template(in, &b->arena, diags, &input.template_name, &input.template_text);

    if (!b->merge_into)
        check_slave(in, &b->arena, diags);
    if (r == 0 && b->merge_into)
        r = aaj_build_merge_manifest(in, b, &input.manifest);
    if (r == 0)
        r = aaj_learn_run(&input, diags, &b->learned);
    if (r == 0)
        r = aaj_build_print(&b->arena, print_profile, b->learned->policy, &b->profile);
    return r;
}

/* Without a user there is nobody to fence: a profile alone is built then. */
int aaj_build_plan(const struct aaj_build_input *in, struct aaj_built *b, struct aaj_diags *diags)
{
    int r;

    if (!in->manifest->user.text.n)
        return 0;
    r = aaj_firewall_plan_make(in->manifest, diags, &b->plan);
    if (r == 0)
        r = aaj_build_print(&b->arena, print_v4, b->plan, &b->firewall_v4);
    if (r == 0)
        r = aaj_build_print(&b->arena, print_v6, b->plan, &b->firewall_v6);
    if (r == 0)
        r = aaj_build_print(&b->arena, print_nft, b->plan, &b->firewall_nft);
    if (r == -ENAMETOOLONG)
        return aaj_error(diags, in->manifest->user.loc,
                         "the chain of user '%.*s' would have too long a name (28 characters with 'aajail-')",
                         AAJ_STR_ARG(in->manifest->user.text));
    return r;
}

/* A merged profile keeps its name and place. */
static struct aaj_str own_file(const struct aaj_build_input *in, struct aaj_arena *arena)
{
    const char *slash = in->merge_name.n ? memrchr(in->merge_name.p, '/', in->merge_name.n) : NULL;

    if (slash)
        return aaj_arena_dup(arena, aaj_str_skip(in->merge_name, (size_t)(slash + 1 - in->merge_name.p)));
    return in->merge_name.n ? aaj_arena_dup(arena, in->merge_name)
                            : aaj_arena_printf(arena, "aajail.%.*s", AAJ_STR_ARG(in->manifest->jail.text));
}

int aaj_build_start(const struct aaj_build_input *in, struct aaj_diags *diags, struct aaj_built **ret_built)
{
    struct aaj_built *b = calloc(1, sizeof(*b));
    int r;

    if (!b)
        return -ENOMEM;
    b->unmediated = all_mediation & ~in->target->mediates;
    b->own_file = own_file(in, &b->arena);
    r = b->own_file.p ? open_ceiling(in, diags, &b->ceiling) : -ENOMEM;
    if (r < 0)
        aaj_built_free(b);
    else
        *ret_built = b;
    return r;
}

int aaj_build_run(const struct aaj_build_input *input, struct aaj_diags *diags, struct aaj_built **ret_built)
{
    struct aaj_built *b;
    int r = aaj_build_start(input, diags, &b);

    if (r < 0)
        return r;
    if (input->merge.p)
        r = aaj_build_open_merge(input, b, diags);
    if (r == 0)
        r = aaj_build_learn(input, b, diags);
    if (r == 0)
        r = aaj_build_prove(input, b, diags);
    if (r == 0 && input->merge.p)
        r = aaj_build_merge(input, b, diags);
    if (r == 0 && input->surface && input->files && aaj_fsview_is_complete(input->files))
        r = aaj_build_surface(input, b);
    if (r == 0)
        r = aaj_build_plan(input, b, diags);
    if (r < 0) {
        aaj_build_explain_size(input, b, diags);
        aaj_built_free(b);
    } else {
        *ret_built = b;
    }
    return r;
}

struct aaj_built *aaj_built_free(struct aaj_built *built)
{
    if (!built)
        return NULL;
    aaj_surface_clear(&built->surface);
    aaj_rules_clear(&built->surface_rules);
    aaj_policy_free(built->surface_policy);
    aaj_proof_clear(&built->proof);
    free(built->name);
    aaj_policy_free(built->merged);
    aaj_learned_free(built->learned);
    aaj_ceiling_free(built->ceiling);
    aaj_firewall_plan_free(built->plan);
    aaj_arena_clear(&built->arena);
    free(built);
    return NULL;
}
