/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aajail package: what a Debian source package needs to ship a profile that was built: files below DIR/debian, of which
 * debhelper and dh_apparmor(1) make the package. What is generated is written anew each time; what a maintainer edits
 * is written once.
 */
#include <errno.h>
#include <json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/grow.h"
#include "build/artefact.h"
#include "compile/compile.h"
#include "manifest/manifest.h"
#include "policy/parse.h"
#include "policy/print.h"
#include "reader.h"
#include "verbs.h"

static const struct opt opts[] = {
    { "output", 'o', "DIR", "the source package, which has or gets a folder debian; default: here" },
    { "package", 'p', "NAME", "the binary package; default: the jail's name" },
    { "force", 'f', NULL, "write anew also what a maintainer may have edited" },
    OPT_DRY_RUN,
    OPT_JSON,
    OPT_END,
};

struct shipped {
    struct aaj_str path, text; /* below DIR */
    bool generated;            /* always written anew */
    const char *done;          /* "written", "kept"; in a dry run "would be …" */
};

struct package {
    const struct verb *verb;
    const char *dir, *output, *wanted;
    bool force, dry_run, json;
    struct aaj_arena arena;
    struct aaj_diags diags;
    struct aaj_artefacts built;
    struct aaj_manifest *manifest;
    struct aaj_policy *policy;
    struct aaj_str name;    /* of the package */
    struct aaj_str profile; /* what the profile is called */
    struct aaj_str file;    /* "usr.sbin.gapd", below /etc/apparmor.d */
    struct shipped item[8];
    size_t n;
};

static int bad(struct package *p, const char *what)
{
    aaj_error(&p->diags, (struct aaj_loc){ .file = aaj_str_c(p->dir) }, "%s", what);
    return EXIT_INPUT;
}

/* ---- what was built ---- */

static int read_build(struct package *p)
{
    const struct aaj_artefact *yaml;
    int r = aaj_artefacts_read(p->dir, &p->arena, &p->diags, &p->built);

    if (r == -ENOENT)
        return bad(p, "holds no build; 'aajail build' makes one");
    if (r < 0)
        return EXIT_INPUT;
    yaml = aaj_artefacts_find(&p->built, aaj_arena_printf(&p->arena, "%.*s.yaml", AAJ_STR_ARG(p->built.jail)));
    if (!yaml || p->built.n_profiles == 0)
        return bad(p, "the build has no manifest or no profile");
    if (aaj_manifest_parse(yaml->bytes, yaml->name, &p->diags, &p->manifest) < 0)
        return EXIT_INPUT;
    if (p->manifest->hat.text.n)
        return bad(p, "a pool is a hat of its master's profile: package the master");
    p->profile = p->built.profile[0];
    return EXIT_DONE;
}

/* deb-control(5), Package: */
static bool is_package_name(struct aaj_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool alnum = (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9');

        if (!alnum && (i == 0 || !s.p[i] || !strchr("+-.", s.p[i])))
            return false;
    }
    return s.n >= 2;
}

/* A file of /etc/apparmor.d is called after what the profile attaches to, with dots; without that after the jail. */
static struct aaj_str file_name(struct package *p)
{
    struct aaj_str from = p->manifest->attach == AAJ_ATTACH_PATH ? p->manifest->slave.text : (struct aaj_str){ 0 };
    char *name;

    if (from.n < 2)
        return aaj_arena_dup(&p->arena, p->built.jail);
    name = aaj_arena_array(&p->arena, from.n, 1);
    if (!name)
        return (struct aaj_str){ 0 };
    for (size_t i = 1; i < from.n; i++) { /* anything that a shell, make or dh_install would take apart becomes '_' */
        bool plain = (from.p[i] >= 'a' && from.p[i] <= 'z') || (from.p[i] >= 'A' && from.p[i] <= 'Z') ||
                     (from.p[i] >= '0' && from.p[i] <= '9') || (from.p[i] && strchr("._+-@", from.p[i]));

        name[i - 1] = from.p[i] == '/' ? '.' : plain ? from.p[i] : '_';
    }
    return (struct aaj_str){ name, from.n - 1 };
}

static int name_all(struct package *p)
{
    char *lower = p->wanted ? NULL : strndup(p->built.jail.p, p->built.jail.n);

    for (char *c = lower; c && *c; c++)
        *c = *c == '_' || *c == '@' ? '-' : *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
    p->name = aaj_arena_dup(&p->arena, aaj_str_c(p->wanted ? p->wanted : lower));
    free(lower);
    p->file = file_name(p);
    if (!p->name.p || !p->file.p)
        return EXIT_REFUSED;
    if (!is_package_name(p->name))
        return usage_error(p->verb, "'%s' is no name of a Debian package (two or more of a-z 0-9 + - .); say --package NAME",
                           aaj_escape(&p->arena, p->name));
    return EXIT_DONE;
}

/* ---- the profile ---- */

static bool includes_local(struct aaj_item *profile, struct aaj_str path)
{
    for (struct aaj_item *i = profile->profile.body.first; i; i = i->next)
        if (i->kind == AAJ_ITEM_INCLUDE && aaj_str_eq(i->include.path.value, path))
            return true;
    return false;
}

/* What an administrator adds stands in /etc/apparmor.d/local, so that an upgrade never meets an edited conffile. */
static int add_local(struct package *p, const struct aaj_target *target)
{
    bool if_exists = target->parser_features & AAJ_PARSER_INCLUDE_IF;
    struct aaj_str path = aaj_arena_printf(&p->arena, "local/%.*s", AAJ_STR_ARG(p->file));
    struct aaj_item *profile = p->policy->top.first, *after = NULL, *include;

    while (profile && profile->kind != AAJ_ITEM_PROFILE)
        profile = profile->next;
    if (!profile || !path.p)
        return -EINVAL;
    if (includes_local(profile, path))
        return 0;
    for (struct aaj_item *i = profile->profile.body.first; i && i->kind != AAJ_ITEM_PROFILE; i = i->next)
        after = i;
    include = aaj_item_include(p->policy->arena, aaj_arena_dup(p->policy->arena, path), true, if_exists);
    if (!include)
        return -ENOMEM;
    include->include.hash = !if_exists;
    aaj_block_insert(p->policy, profile, after, include);
    return 0;
}

static int compiles(struct package *p, const struct aaj_target *target, struct aaj_str text)
{
    struct aaj_compile compile = { .target = target, .file = p->file };
    struct aaj_str *name;
    size_t n;

    if (aaj_compile_names(&compile, text, &p->arena, &p->diags, &name, &n) < 0)
        return EXIT_INPUT;
    if (n != p->built.n_profiles)
        return bad(p, "the profile does not hold the names that were proved");
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;

        while (k < n && !aaj_str_eq(name[i], p->built.profile[k]))
            k++;
        if (k == n)
            return bad(p, "the profile does not hold the names that were proved");
    }
    return EXIT_DONE;
}

static int make_profile(struct package *p, struct aaj_str *ret_text)
{
    struct aaj_target *target = NULL;
    char *bytes = NULL;
    size_t n = 0;
    FILE *out;
    int status = EXIT_DONE;

    if (aaj_target_open(p->built.target.p, aajail_datadir(), &p->diags, &target) < 0)
        return EXIT_INPUT;
    if (aaj_policy_parse(p->built.file[0].bytes, p->built.file[0].name, NULL, &p->diags, &p->policy) < 0)
        status = EXIT_INPUT;
    if (status == EXIT_DONE && add_local(p, target) < 0)
        status = bad(p, "the first file of the build is no profile");
    out = status == EXIT_DONE ? open_memstream(&bytes, &n) : NULL;
    if (out && aaj_policy_print_minimal(out, p->policy) < 0)
        status = EXIT_REFUSED;
    if (out && fclose(out) == 0 && status == EXIT_DONE) {
        *ret_text = aaj_arena_dup(&p->arena, (struct aaj_str){ bytes, n });
        /* only what the parser finds by itself: a plain local include is made by the package's postinst */
        status = !ret_text->p                                             ? EXIT_REFUSED
                 : target->parser_features & AAJ_PARSER_INCLUDE_IF ? compiles(p, target, *ret_text)
                                                                          : EXIT_DONE;
    }
    free(bytes);
    aaj_target_free(target);
    return status;
}

/* ---- the files ---- */

static void ship(struct package *p, bool generated, struct aaj_str path, struct aaj_str text)
{
    p->item[p->n++] = (struct shipped){ .path = path, .text = text, .generated = generated };
}

#define PRINTF(p, ...) aaj_arena_printf(&(p)->arena, __VA_ARGS__)

/* dh_apparmor's own snippets end in `|| true`: a profile that did not load would be seen by nobody. */
static struct aaj_str postinst(struct package *p)
{
    return PRINTF(p,
                  "# From aajail package. Put it into debian/%.*s.postinst behind #DEBHELPER#, which loads the profile\n"
                  "# and stays silent when it cannot.\n"
                  "if [ \"$1\" = configure ] && aa-enabled --quiet 2>/dev/null &&\n"
                  "    [ -r /sys/kernel/security/apparmor/profiles ] &&\n"
                  "    ! grep -qF '%.*s (' /sys/kernel/security/apparmor/profiles; then\n"
                  "    echo \"%.*s: its AppArmor profile is not loaded and does not confine it; see\" >&2\n"
                  "    echo \"    apparmor_parser -r /etc/apparmor.d/%.*s\" >&2\n"
                  "fi\n",
                  AAJ_STR_ARG(p->name), AAJ_STR_ARG(p->profile), AAJ_STR_ARG(p->name), AAJ_STR_ARG(p->file));
}

static struct aaj_str readme(struct package *p)
{
    bool unit = p->manifest->unit.text.n > 0;

    return PRINTF(p,
                  "How the AppArmor profile gets into the package %.*s\n\n"
                  "1. debian/control: dh-apparmor among Build-Depends; at the package: Suggests: apparmor\n"
                  "2. debian/rules: include debian/aajail.mk\n"
                  "   (with debhelper compat 13 or later; else call dh_apparmor as it does, behind dh_install)\n"
                  "3. debian/%.*s.install: the line%s of debian/aajail.install\n"
                  "4. debian/%.*s.postinst, behind #DEBHELPER#: debian/aajail.postinst\n\n"
                  "The profile is a conffile, /etc/apparmor.d/%.*s. Administrators add to\n"
                  "/etc/apparmor.d/local/%.*s, which dh_apparmor makes empty and removes at purge. A process that runs\n"
                  "already keeps running outside the profile until it is restarted: let dh_installsystemd restart it.\n"
                  "A profile can be merged with new findings: aajail build MANIFEST --merge debian/apparmor/%.*s ...\n"
                  "The firewall chain is the administrator's; no package should switch one on.\n",
                  AAJ_STR_ARG(p->name), AAJ_STR_ARG(p->name), unit ? "s" : "", AAJ_STR_ARG(p->name), AAJ_STR_ARG(p->file),
                  AAJ_STR_ARG(p->file), AAJ_STR_ARG(p->file));
}

static int make_files(struct package *p)
{
    struct aaj_str text, unit = p->manifest->unit.text, install;
    int status = make_profile(p, &text);

    if (status != EXIT_DONE)
        return status;
    ship(p, true, PRINTF(p, "debian/apparmor/%.*s", AAJ_STR_ARG(p->file)), text);
    install = PRINTF(p, "debian/apparmor/%.*s etc/apparmor.d\n", AAJ_STR_ARG(p->file));
    if (unit.n) {
        install = PRINTF(p, "%sdebian/apparmor/%.*s.d/apparmor.conf usr/lib/systemd/system/%.*s.d\n", install.p,
                         AAJ_STR_ARG(unit), AAJ_STR_ARG(unit));
        ship(p, true, PRINTF(p, "debian/apparmor/%.*s.d/apparmor.conf", AAJ_STR_ARG(unit)),
             PRINTF(p, "[Service]\n# '-': the service also starts where the kernel has no AppArmor\nAppArmorProfile=-%.*s\n",
                    AAJ_STR_ARG(p->profile)));
    }
    ship(p, true, AAJ_STR("debian/aajail.install"), install);
    ship(p, false, AAJ_STR("debian/aajail.mk"),
         PRINTF(p, "# From aajail package; in debian/rules: include debian/aajail.mk\n"
                   "execute_after_dh_install::\n\tdh_apparmor -p%.*s --profile-name=%.*s\n",
                AAJ_STR_ARG(p->name), AAJ_STR_ARG(p->file)));
    ship(p, false, AAJ_STR("debian/aajail.postinst"), postinst(p));
    ship(p, true, AAJ_STR("debian/README.aajail"), readme(p));
    for (size_t i = 0; i < p->n; i++)
        if (!p->item[i].path.p || !p->item[i].text.p)
            return EXIT_REFUSED;
    return EXIT_DONE;
}

/* ---- writing ---- */

/* The folders of @path below DIR. */
static int make_folders(const char *path)
{
    char copy[PATH_MAX];

    if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
        return -ENAMETOOLONG;
    for (char *c = copy + 1; *c; c++)
        if (*c == '/') {
            *c = '\0';
            if (mkdir(copy, 0755) < 0 && errno != EEXIST)
                return -errno;
            *c = '/';
        }
    return 0;
}

/* The machine's own policy is not a package's to write. */
static bool is_in_etc(const char *dir)
{
    char real[PATH_MAX];
    const char *path = realpath(dir, real) ? real : dir;

    return strcmp(path, "/etc") == 0 || strncmp(path, "/etc/", 5) == 0;
}

static int write_files(struct package *p)
{
    for (size_t i = 0; i < p->n; i++) {
        struct shipped *s = &p->item[i];
        struct aaj_str path = PRINTF(p, "%s/%.*s", p->output, AAJ_STR_ARG(s->path));
        struct stat st;
        bool kept;
        int r = 0;

        if (!path.p)
            return EXIT_REFUSED;
        kept = !s->generated && !p->force && lstat(path.p, &st) == 0;
        if (p->dry_run)
            s->done = kept ? "would be kept" : "would be written";
        else
            s->done = kept ? "kept" : "written";
        if (p->dry_run || kept)
            continue;
        r = make_folders(path.p);
        if (r == 0)
            r = aaj_file_write(path.p, s->text, 0644);
        if (r < 0) {
            aaj_error(&p->diags, (struct aaj_loc){ .file = path }, "cannot be written: %s", strerror(-r));
            return EXIT_REFUSED;
        }
    }
    return EXIT_DONE;
}

static void report(const struct package *p)
{
    json_object *o = json_object_new_object(), *list = json_object_new_object();

    for (size_t i = 0; i < p->n; i++) {
        json_object_object_add(list, p->item[i].path.p, json_object_new_string(p->item[i].done));
        if (!p->json)
            printf("%-8s %s\n", p->item[i].done, p->item[i].path.p);
    }
    json_object_object_add(o, "package", json_object_new_string(p->name.p));
    json_object_object_add(o, "profile", json_object_new_string_len(p->profile.p, (int)p->profile.n));
    json_object_object_add(o, "files", list);
    if (p->json)
        puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    else if (!p->dry_run)
        fputs("debian/README.aajail says what to put where\n", stderr);
    json_object_put(o);
}

static int package(struct package *p)
{
    int status;

    if (is_in_etc(p->output))
        return usage_error(p->verb, "a package is made in a source tree, never in /etc");
    status = read_build(p);
    if (status == EXIT_DONE)
        status = name_all(p);
    if (status == EXIT_DONE)
        status = make_files(p);
    if (status == EXIT_DONE)
        status = write_files(p);
    if (status == EXIT_DONE)
        report(p);
    return status;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct opts o = OPTS_INIT(verb, argc, argv);
    struct package p = { .verb = verb, .output = "." };
    const char *name;
    int status;

    while ((name = opts_next(&o))) {
        p.output = opt_is(name, "output") ? o.value : p.output;
        p.wanted = opt_is(name, "package") ? o.value : p.wanted;
        p.force |= opt_is(name, "force");
        p.dry_run |= opt_is(name, "dry-run");
        p.json |= opt_is(name, "json");
    }
    if (o.done)
        return o.status;
    if (o.n_operands != 1)
        return usage_error(verb, "name the folder that 'aajail build' wrote");
    p.dir = o.operand[0];
    status = package(&p);
    show_diags(&p.diags);
    aaj_policy_free(p.policy);
    aaj_manifest_free(p.manifest);
    aaj_arena_clear(&p.arena);
    return status;
}

const struct verb verb_package = {
    .name = "package",
    .args = "BUILD",
    .summary = "Write what a Debian package needs to ship a profile",
    .details = "  aajail package build/gapapp -o ~/src/gapapp",
    .opts = opts,
    .run = run,
};
