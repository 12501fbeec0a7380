/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clause 6: of two profiles that attach equally well the kernel takes neither, without a word, and the process
 * runs unconfined. So no other profile in the folder may attach to the slave's path at all.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "check/proof_private.h"
#include "check/rules.h"
#include "glob/glob.h"
#include "policy/parse.h"

static bool is_expected(const struct aaj_proof_input *in, struct aaj_str name)
{
    for (size_t i = 0; i < in->n_names; i++)
        if (aaj_str_eq(in->name[i], name))
            return true;
    return false;
}

static int look_at_profile(struct aaj_proof *p, const struct aaj_listed_profile *other)
{
    const struct aaj_proof_input *in = p->in;
    struct aaj_glob *glob;
    const char *why;
    int r;

    /* A child, or a profile that attaches to nothing by itself. A variable with several values makes "{…". */
    if (other->item->parent || !other->attachment.n || !strchr("/{", other->attachment.p[0]))
        return 0;
    p->out->checked[AAJ_PROOF_ATTACH]++;
    r = aaj_glob_compile(other->attachment, AAJ_GLOB_PATH, &glob, &why);
    if (r < 0)
        return r == -ENOMEM ? r : 0;
    r = aaj_glob_match(glob, in->attachment);
    aaj_glob_free(glob);
    if (r == 1)
        aaj_proof_fail(p, AAJ_PROOF_ATTACH, aaj_item_loc(other->item),
                       "profile %s attaches to %s, too: where two attach equally well the kernel uses neither; %s",
                       aaj_proof_show(p, other->name), aaj_proof_show(p, in->attachment),
                       is_expected(in, other->name) ? "it has the same name: replace that file, or merge into it"
                                                    : "remove or disable it first");
    return r < 0 ? r : 0;
}

/* A file that is wrong loads nothing; what could be read of it is looked at all the same. */
static int look_into(struct aaj_proof *p, const char *path)
{
    const char *base[] = { p->in->profiles, p->in->target->base };
    struct aaj_policy_options options = { .flags = AAJ_POLICY_CHECK, .base = base, .n_bases = 2 };
    struct aaj_policy *policy = NULL;
    struct aaj_rules rules;
    int r = aaj_policy_read(path, &options, NULL, &policy);

    if (!policy)
        return r == -ENOMEM ? r : 0;
    r = aaj_rules_list(policy, &rules);
    for (size_t i = 0; r == 0 && i < rules.n_profiles; i++)
        r = look_at_profile(p, &rules.profile[i]);
    aaj_rules_clear(&rules);
    aaj_policy_free(policy);
    return r;
}

/* As apparmor's own scripts pass over files: hidden ones, packages' leftovers, READMEs. */
static int is_profile_file(const struct dirent *e)
{
    static const char *const tail[] = { "~", ".dpkg-new", ".dpkg-old", ".dpkg-dist", ".dpkg-bak", ".rpmnew", ".rpmsave", ".orig", ".rej", ".pacnew" };
    size_t n = strlen(e->d_name);

    if (e->d_name[0] == '.' || strcmp(e->d_name, "README") == 0)
        return 0;
    for (size_t i = 0; i < sizeof(tail) / sizeof(tail[0]); i++)
        if (n > strlen(tail[i]) && strcmp(e->d_name + n - strlen(tail[i]), tail[i]) == 0)
            return 0;
    return e->d_type == DT_REG || e->d_type == DT_LNK || e->d_type == DT_UNKNOWN;
}

/* A link in disable/ counts, whatever it leads to (rc.apparmor.functions). */
static bool is_disabled(const struct aaj_proof_input *in, const char *name, struct aaj_arena *arena)
{
    struct aaj_str path = aaj_arena_printf(arena, "%s/disable/%s", in->profiles, name);
    struct stat st;

    return path.p && lstat(path.p, &st) == 0;
}

int aaj_proof_attach(struct aaj_proof *p)
{
    const struct aaj_proof_input *in = p->in;
    struct aaj_arena arena = AAJ_ARENA_INIT;
    struct dirent **entry = NULL;
    int n, r = 0;

    p->out->ok[AAJ_PROOF_ATTACH] = true;
    if (!in->attachment.n || !in->profiles)
        return 0;
    n = scandir(in->profiles, &entry, is_profile_file, alphasort);
    if (n < 0)
        return errno == ENOENT ? 0 : -errno;
    for (int i = 0; i < n; i++) {
        struct aaj_str path = aaj_arena_printf(&arena, "%s/%s", in->profiles, entry[i]->d_name);

        if (r == 0 && !path.p)
            r = -ENOMEM;
        if (r == 0 && !aaj_str_eq(in->own_file, aaj_str_c(entry[i]->d_name)) &&
            !is_disabled(in, entry[i]->d_name, &arena))
            r = look_into(p, path.p);
        free(entry[i]);
    }
    free(entry);
    aaj_arena_clear(&arena);
    return r;
}
